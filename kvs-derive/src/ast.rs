//! The struct as the other steps see it.

use std::collections::HashMap;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, Data, DeriveInput, Expr, Fields, Lit, Meta, Type, Visibility};

use crate::attr::{OnField, OnStruct};
use crate::errors::Errors;
use crate::leaf::Names;
use crate::names;
use crate::tokens;

pub(crate) struct Struct {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) attrs: OnStruct,
    pub(crate) doc_text: String,
    /// The path of the `kvs` crate.
    pub(crate) krate: TokenStream,
    /// `#[allow(deprecated)]` for the generated items, or nothing.
    pub(crate) allow: TokenStream,
    pub(crate) fields: Vec<Field>,
}

pub(crate) struct Field {
    /// Its number among all fields, which generated names end in.
    pub(crate) number: usize,
    /// Its number among the stored fields.
    pub(crate) position: usize,
    /// The number of the first setting of the same type: what is generated for a type is generated
    /// once, so that thousands of settings compile soon.
    pub(crate) first_of_type: usize,
    /// The number of the first setting of the same type that has the same default and rules.
    pub(crate) first_alike: usize,
    pub(crate) names: Names,
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) docs: TokenStream,
    pub(crate) doc_text: String,
    pub(crate) ty: Type,
    /// The name in the key.
    pub(crate) name: String,
    pub(crate) attrs: OnField,
}

/// What becomes of a field.
pub(crate) enum Kind<'a> {
    Leaf,
    Group,
    /// A nested array: its items' type, and how many there are.
    Array(&'a Type, &'a Expr),
    Skipped,
}

impl Struct {
    /// `None` for what is no struct with named fields, or has generics.
    pub(crate) fn new(input: &DeriveInput, errors: &mut Errors) -> Option<Self> {
        let attrs = OnStruct::new(&input.attrs, errors);
        let fields = named_fields(input, errors);
        let generics = generics(input, errors);
        if generics {
            return None;
        }
        let krate = match &attrs.krate {
            Some(given) => given.clone(),
            None => quote!(::kvs),
        };
        let case = attrs.rename_all.as_ref().map(syn::LitStr::value);
        let case = case.unwrap_or_default();
        let fields = fields?
            .iter()
            .enumerate()
            .filter_map(|(number, field)| Field::new(number, field, &input.ident, &case, errors));
        let mut fields: Vec<_> = fields.collect();
        find_alike(&mut fields);
        let stored = |field: &&mut Field| !matches!(field.kind(), Kind::Skipped);
        for (position, field) in fields.iter_mut().filter(stored).enumerate() {
            field.position = position;
        }
        Some(Self {
            ident: input.ident.clone(),
            vis: input.vis.clone(),
            attrs,
            doc_text: doc_text(&input.attrs),
            krate,
            allow: allow_deprecated(input),
            fields,
        })
    }

    /// The fields that are settings.
    pub(crate) fn stored(&self) -> impl Iterator<Item = &Field> {
        self.fields
            .iter()
            .filter(|field| !matches!(field.kind(), Kind::Skipped))
    }
}

fn find_alike(fields: &mut [Field]) {
    let (mut types, mut rules) = (HashMap::new(), HashMap::new());
    for field in fields {
        let ty = tokens::compact(&field.ty.to_token_stream());
        let texts = [
            field.default(),
            field.attrs.range.as_ref(),
            field.attrs.validate.as_ref(),
        ];
        let texts = texts.map(|given| given.map(tokens::compact).unwrap_or_default());
        // What another macro's `$crate` stands for depends on the macro.
        if !matches!(field.kind(), Kind::Leaf) || ty.contains('$') {
            continue;
        }
        field.first_of_type = *types.entry(ty.clone()).or_insert(field.number);
        let has_history = !field.attrs.migrations.is_empty();
        if !has_history && !texts.iter().any(|text| text.contains('$')) {
            field.first_alike = *rules.entry((ty, texts)).or_insert(field.number);
        }
        field.names = Names::new(field.number, field.first_of_type, field.first_alike);
    }
}

/// The code that is generated uses the struct and its fields, and is not what their deprecation is meant for. As in
/// serde's derive, it hears nothing of it where the struct or a field is deprecated, or allowed to use what is; but it
/// does elsewhere, for the sake of the user's expressions in it.
fn allow_deprecated(input: &DeriveInput) -> TokenStream {
    let fields = match &input.data {
        Data::Struct(data) => data.fields.iter().collect(),
        _ => Vec::new(),
    };
    let attributes = fields.iter().flat_map(|field| &field.attrs);
    let mut attributes = input.attrs.iter().chain(attributes);
    match attributes.any(concerns_deprecation) {
        true => quote!(#[allow(deprecated)]),
        false => TokenStream::new(),
    }
}

/// Whether it is `#[deprecated]`, or `#[allow(deprecated)]`, or `#[expect(deprecated)]`.
fn concerns_deprecation(attribute: &Attribute) -> bool {
    let is_deprecated = |token| matches!(token, TokenTree::Ident(word) if word == "deprecated");
    match &attribute.meta {
        Meta::List(list) if list.path.is_ident("allow") || list.path.is_ident("expect") => {
            list.tokens.clone().into_iter().any(is_deprecated)
        }
        meta => meta.path().is_ident("deprecated"),
    }
}

fn named_fields<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Option<&'a Fields> {
    if let Data::Struct(data) = &input.data
        && let Fields::Named(_) = &data.fields
        && !data.fields.is_empty()
    {
        return Some(&data.fields);
    }
    let text = "`Settings` needs a struct with named fields";
    errors.at(&input.ident, text);
    None
}

/// Whether there are any.
fn generics(input: &DeriveInput, errors: &mut Errors) -> bool {
    for param in &input.generics.params {
        match param {
            syn::GenericParam::Lifetime(lifetime) => {
                errors.at(lifetime, "settings own their data; remove the lifetime");
            }
            param => {
                let text = "a settings struct can't be generic: its key table is a constant of one concrete type";
                errors.at(param, text);
            }
        }
    }
    !input.generics.params.is_empty()
}

impl Field {
    fn new(
        number: usize,
        field: &syn::Field,
        owner: &Ident,
        case: &str,
        errors: &mut Errors,
    ) -> Option<Self> {
        let ident = field.ident.clone()?;
        let attrs = OnField::new(&field.attrs, errors);
        let docs = field.attrs.iter().filter(|a| a.path().is_ident("doc"));
        let name = match &attrs.rename {
            Some(given) => given.value(),
            None => names::respell(ident.to_string().trim_start_matches("r#"), case),
        };
        // Types move to where `Self` is another type.
        let ty = tokens::with_parentheses_in(field.ty.to_token_stream());
        let ty = tokens::without_self(ty, owner);
        Some(Self {
            number,
            position: 0,
            first_of_type: number,
            first_alike: number,
            names: Names::new(number, number, number),
            vis: field.vis.clone(),
            docs: quote!(#(#docs)*),
            doc_text: doc_text(&field.attrs),
            ty: syn::parse2(ty).unwrap_or_else(|_| field.ty.clone()),
            name,
            attrs,
            ident,
        })
    }

    /// The expression behind `default =`.
    pub(crate) fn default(&self) -> Option<&TokenStream> {
        self.attrs.default.as_ref()?.as_ref()
    }

    pub(crate) fn kind(&self) -> Kind<'_> {
        if self.attrs.skip {
            return Kind::Skipped;
        }
        if !self.attrs.nested || self.not_nestable().is_some() {
            return Kind::Leaf;
        }
        match plain(&self.ty) {
            Type::Array(array) => Kind::Array(&array.elem, &array.len),
            _ => Kind::Group,
        }
    }

    /// The type of a nested field that can be no settings struct, since it has generics.
    pub(crate) fn not_nestable(&self) -> Option<&Type> {
        let ty = match plain(&self.ty) {
            Type::Array(array) => plain(&array.elem),
            ty => ty,
        };
        let generic = !last_word(ty)?.arguments.is_empty();
        (self.attrs.nested && generic).then_some(ty)
    }
}

/// The text of doc comments, without the space that each line begins with.
fn doc_text(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("doc")
            && let Expr::Lit(literal) = &pair.value
            && let Lit::Str(text) = &literal.lit
        {
            let text = text.value();
            lines.push(
                text.strip_prefix(' ')
                    .unwrap_or(&text)
                    .trim_end()
                    .to_owned(),
            );
        }
    }
    lines.join("\n").trim().to_owned()
}

/// The type without parentheses and the groups that macros put around it.
pub(crate) fn plain(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => plain(&group.elem),
        Type::Paren(paren) => plain(&paren.elem),
        ty => ty,
    }
}

/// The last word of a type that is a path: `u16`, `String`.
pub(crate) fn last_word(ty: &Type) -> Option<&syn::PathSegment> {
    match plain(ty) {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// Whether `ty` is a `String<..>` or an `Option<..>`, say, as far as its spelling tells.
pub(crate) fn is_generic(ty: &Type, name: &str) -> bool {
    last_word(ty).is_some_and(|word| word.ident == name && !word.arguments.is_empty())
}

/// The name of the primitive type that `ty` is, as far as its spelling tells.
pub(crate) fn primitive(ty: &Type) -> Option<String> {
    const PRIMITIVES: [&str; 16] = [
        "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
        "f32", "f64", "char", "bool",
    ];
    let Type::Path(path) = plain(ty) else {
        return None;
    };
    let name = path.path.get_ident()?.to_string();
    PRIMITIVES.contains(&name.as_str()).then_some(name)
}
