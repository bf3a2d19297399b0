//! Writes the code for a struct that has passed all checks.
//!
//! All that the code binds or defines begins with `__`, since it stands in the user's scope: where that has a constant
//! `at`, `let at = ..` is no binding but a pattern of one value, whatever the span of `at`.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};

use crate::ast::{Field, Kind, Struct};
use crate::keys;
use crate::leaf::{self, Names};
use crate::migrate;
use crate::names;
use crate::numbers::Numbers;
use crate::tokens;

pub(crate) fn expand(model: &Struct) -> TokenStream {
    let definition = keys::definition(model);
    let numbers = Numbers::new(model);
    let keys = keys::items(model, &numbers);
    let tree = tree(model);
    let fields = model.fields.iter().map(|field| match field.kind() {
        Kind::Leaf => {
            let codec = leaf::codec(&model.krate, field);
            let items = leaf::items(model, field);
            quote!(#codec #items)
        }
        Kind::Skipped => leaf::default(model, field, None),
        Kind::Group | Kind::Array(..) => keys::nested(&model.krate, field),
    });
    let counts = numbers.items();
    let leaves = leaves(model, &numbers);
    let settings = settings(model, &numbers);
    let allow = &model.allow;
    quote! {
        #definition
        #allow
        const _: () = {
            #counts
            #tree
            #(#fields)*
            #keys
            #leaves
            #settings
        };
    }
}

/// The constants that describe the struct: in full for the compiler and the host, and what of it a firmware needs.
/// Statics, so that each has one address and lies in flash once.
fn tree(model: &Struct) -> TokenStream {
    let krate = &model.krate;
    let prefix = model.attrs.prefix.as_ref().map(syn::LitStr::value);
    let prefix = prefix.unwrap_or_default();
    let fields = model.stored().map(|field| {
        let name = &field.name;
        let keep = field.attrs.keep;
        let node = keys::node(krate, field, &range(field));
        quote!(#krate::Field { name: #name, keep: #keep, node: #node })
    });
    let ident = &model.ident;
    let (name, docs) = (ident.to_string(), &model.doc_text);
    let field_schemas = model.stored().map(|field| field_schema(model, field));
    let retired = migrate::retired(model);
    let sources = migrate::sources(model);
    let span = tokens::located(model.ident.span());
    let located_krate = tokens::all_at(span, krate.clone());
    // At the struct's name: what is wrong with the keys is told there.
    let table = quote_spanned!(span=> #located_krate::__private::KeyTable::of(&__SCHEMA));
    let hashes = quote_spanned!(span=> __KEYS.hashes);
    quote! {
        static __SCHEMA: #krate::Schema = #krate::Schema {
            name: #name,
            docs: #docs,
            prefix: #prefix,
            fields: &[#(#field_schemas),*],
            retired: #retired,
            sources: #sources,
        };
        // Evaluated whether it is used or not: two names with one hash don't compile.
        const __KEYS: #krate::__private::KeyTable<
            __COUNT,
            { __KEY_COUNT - __COUNT },
            __KEY_COUNT,
            { 2 * __KEY_COUNT },
        > = #table;
        static __HASHES: #krate::__private::Hashes<__COUNT, { __KEY_COUNT - __COUNT }> =
            #hashes;
        static __TREE: #krate::Tree = #krate::Tree {
            name: #name,
            prefix: #prefix,
            fields: &[#(#fields),*],
            hashes: &__HASHES.current,
            old: &__HASHES.old,
            with_defaults: #krate::__private::with_defaults::<#ident>(__KEY_COUNT - __COUNT),
        };
    }
}

fn range(field: &Field) -> String {
    let range = field.attrs.range.as_ref().map(tokens::compact);
    range.unwrap_or_default()
}

fn field_schema(model: &Struct, field: &Field) -> TokenStream {
    let (name, docs) = (&field.name, &field.doc_text);
    let krate = &model.krate;
    let (hash, power) = names::hash(name);
    let (keep, secret) = (field.attrs.keep, field.attrs.secret);
    let aliases = &field.attrs.aliases;
    let docs = quote!(#name, [#hash, #power], #docs, &[#(#aliases),*], [#keep, #secret]);
    match field.kind() {
        Kind::Leaf | Kind::Skipped => {
            let rev = field.attrs.rev.as_ref();
            let rev = rev.map_or_else(|| quote!(1), |rev| quote!(#rev));
            let unit = field.attrs.unit.as_ref().map(syn::LitStr::value);
            let unit = unit.unwrap_or_default();
            let default = field.default().map(tokens::compact).unwrap_or_default();
            let range = range(field);
            let rules = migrate::rules(model, field);
            let validate = field.attrs.validate.as_ref().map(tokens::compact);
            let validate = validate.unwrap_or_default();
            let rust = tokens::compact(&field.ty.to_token_stream());
            let texts = quote!([#unit, #default, #range, #validate, #rust]);
            let Names { ops, spec, .. } = &field.names;
            quote!(#ops.field(#docs, #rev, #rules, #texts, &#spec))
        }
        Kind::Group => {
            let schema = keys::of_nested(krate, &field.ty, "SCHEMA");
            quote!(#krate::FieldSchema::nested(#docs, #krate::SchemaNode::Group(#schema)))
        }
        Kind::Array(item, len) => {
            let schema = keys::of_nested(krate, item, "SCHEMA");
            quote!(#krate::FieldSchema::nested(#docs, #krate::SchemaNode::Array(#schema, #len)))
        }
    }
}

/// One arm of a `match leaf`: for leaves a number, for nested fields the numbers within.
fn arms<'a>(
    model: &'a Struct,
    numbers: &'a Numbers<'a>,
    arm: impl Fn(&Field) -> TokenStream + 'a,
) -> impl Iterator<Item = TokenStream> + 'a {
    model.stored().map(move |field| {
        let number = numbers.of(field);
        let body = arm(field);
        if body.is_empty() {
            return body;
        }
        let len = match field.kind() {
            Kind::Leaf | Kind::Skipped => return quote!(#number => #body,),
            Kind::Group => quote!(1),
            Kind::Array(_, len) => quote!(#len),
        };
        let ops = &field.names.ops;
        quote!(__leaf if #ops.has(__leaf, #number, #len) => #body,)
    })
}

fn leaves(model: &Struct, numbers: &Numbers) -> TokenStream {
    let Struct { ident, krate, .. } = model;
    let encode = arms(model, numbers, |field| {
        let name = &field.ident;
        let at = numbers.of(field);
        let (ops, check) = (&field.names.ops, &field.names.check);
        match field.kind() {
            Kind::Group => quote!(#ops.encode(&self.#name, __leaf, #at, __out)),
            Kind::Array(..) => quote!(#ops.encode_item(&self.#name, __leaf, #at, __out)),
            _ if leaf::is_checked(field) => quote!(#ops.check_encode(&self.#name, #check, __out)),
            _ => quote!(#ops.encode(&self.#name, __out)),
        }
    });
    let decode = arms(model, numbers, |field| {
        let name = &field.ident;
        let at = numbers.of(field);
        let (ops, check) = (&field.names.ops, &field.names.check);
        match field.kind() {
            Kind::Group => quote!(#ops.decode(&mut self.#name, __leaf, #at, __bytes)),
            Kind::Array(..) => quote!(#ops.decode_item(&mut self.#name, __leaf, #at, __bytes)),
            _ if leaf::is_checked(field) => {
                quote!(#ops.check_decode(&mut self.#name, #check, __bytes))
            }
            _ => quote!(#ops.decode(&mut self.#name, __bytes)),
        }
    });
    let holds = arms(model, numbers, |field| {
        let name = &field.ident;
        let at = numbers.of(field);
        let ops = &field.names.ops;
        match field.kind() {
            Kind::Group => quote!(#ops.holds_leaf(&self.#name, __leaf, #at, __bytes)),
            Kind::Array(..) => quote!(#ops.holds_item(&self.#name, __leaf, #at, __bytes)),
            _ => quote!(#ops.holds(&self.#name, __bytes)),
        }
    });
    let migrate = arms(model, numbers, |field| {
        let name = &field.ident;
        let at = numbers.of(field);
        let (ops, spec) = (&field.names.ops, &field.names.spec);
        match field.kind() {
            Kind::Group => quote!(#ops.migrate(&mut self.#name, __leaf, #at, __rule, __sources)),
            Kind::Array(..) => {
                quote!(#ops.migrate_item(&mut self.#name, __leaf, #at, __rule, __sources))
            }
            _ if field.attrs.migrations.is_empty() => TokenStream::new(),
            _ => quote!(#ops.migrate(&mut self.#name, &#spec, __rule, __sources)),
        }
    });
    let migrate: Vec<_> = migrate.filter(|arm| !arm.is_empty()).collect();
    let migrate = (!migrate.is_empty()).then(|| {
        quote! {
            fn migrate(
                &mut self,
                __leaf: ::core::primitive::usize,
                __rule: ::core::primitive::usize,
                __sources: &#krate::Sources<'_>,
            ) -> ::core::result::Result<(), #krate::Rejection> {
                match __leaf {
                    #(#migrate)*
                    _ => #krate::__private::no_rules(__rule, __sources),
                }
            }
        }
    });
    let migrate_all = migrate::takeover(model);
    quote! {
        #[automatically_derived]
        impl #krate::Leaves for #ident {
            fn encode(
                &self,
                __leaf: ::core::primitive::usize,
                __out: &mut [::core::primitive::u8],
            ) -> ::core::result::Result<::core::primitive::usize, #krate::EncodeError> {
                match __leaf {
                    #(#encode)*
                    _ => ::core::result::Result::Err(#krate::EncodeError::Unencodable),
                }
            }

            fn decode(
                &mut self,
                __leaf: ::core::primitive::usize,
                __bytes: &[::core::primitive::u8],
            ) -> ::core::result::Result<(), #krate::Rejection> {
                match __leaf {
                    #(#decode)*
                    _ => ::core::result::Result::Err(#krate::Rejection::Undecodable),
                }
            }

            fn holds(
                &self,
                __leaf: ::core::primitive::usize,
                __bytes: &[::core::primitive::u8],
            ) -> ::core::primitive::bool {
                match __leaf {
                    #(#holds)*
                    _ => false,
                }
            }

            #migrate
            #migrate_all
        }
    }
}

/// The functions that lend out a setting, or a nested struct, as a value of its own type.
fn parts(model: &Struct, numbers: &Numbers) -> TokenStream {
    let shared = part(model, numbers, "part", "part_of_item", &quote!(&));
    let to_change = part(
        model,
        numbers,
        "part_mut",
        "part_of_item_mut",
        &quote!(&mut),
    );
    quote!(#shared #to_change)
}

/// One of them: its name, the name of what does it for one in a nested array, and the kind of
/// reference.
fn part(
    model: &Struct,
    numbers: &Numbers,
    name: &str,
    name_of_item: &str,
    reference: &TokenStream,
) -> TokenStream {
    let krate = &model.krate;
    let (function, of_item) = (format_ident!("{name}"), format_ident!("{name_of_item}"));
    let arms = arms(model, numbers, |field| {
        let name = &field.ident;
        let (at, ops) = (numbers.of(field), &field.names.ops);
        match field.kind() {
            Kind::Group => quote!(#ops.#function(#reference self.#name, __leaf, #at, __ty)),
            Kind::Array(..) => quote!(#ops.#of_item(#reference self.#name, __leaf, #at, __ty)),
            _ => quote!(::core::option::Option::Some(#reference self.#name)),
        }
    });
    // Inlined, so that what nobody calls is not compiled.
    quote! {
        #[inline]
        fn #function(
            #reference self,
            __leaf: ::core::primitive::usize,
            __ty: ::core::any::TypeId,
        ) -> ::core::option::Option<#reference dyn ::core::any::Any> {
            if #krate::__private::is_whole::<Self>(__leaf, __ty) {
                return ::core::option::Option::Some(self);
            }
            match __leaf {
                #(#arms)*
                _ => ::core::option::Option::None,
            }
        }
    }
}

fn settings(model: &Struct, numbers: &Numbers) -> TokenStream {
    let Struct { ident, krate, .. } = model;
    let keys = keys::name_at_nested(model);
    let parts = parts(model, numbers);
    let defaults = model.fields.iter().map(|field| {
        let name = &field.ident;
        let (ops, default) = (&field.names.ops, &field.names.default);
        let value = match field.kind() {
            Kind::Leaf | Kind::Skipped => quote!(#default()),
            Kind::Group => quote!(#ops.defaults()),
            Kind::Array(..) => quote!(#ops.defaults_array()),
        };
        // At the field: so that errors about it are, too.
        quote_spanned!(tokens::located(name.span())=> #name: #value)
    });
    quote! {
        #[automatically_derived]
        impl #krate::Settings for #ident {
            type Keys = #keys;
            type Outcomes = [#krate::Outcome; __COUNT];
            type Flags = [::core::primitive::u8; __COUNT.div_ceil(8)];
            type Scratch = [::core::primitive::u8; __SCHEMA.max_value_len()];
            const TREE: &'static #krate::Tree = &__TREE;
            const SCHEMA: &'static #krate::Schema = &__SCHEMA;
            const KEYS: #keys = __KeyMaker.__at(&__TREE, 0);
            const KEY_INDEX: &'static #krate::__private::KeyIndex =
                &#krate::__private::KeyIndex::new(&__SCHEMA, &__KEYS);
            const NO_OUTCOMES: Self::Outcomes = [#krate::Outcome::Default; __COUNT];
            const NO_FLAGS: Self::Flags = [0; __COUNT.div_ceil(8)];
            const SCRATCH: Self::Scratch = [0; __SCHEMA.max_value_len()];

            fn defaults() -> Self {
                Self {
                    #(#defaults,)*
                }
            }

            #parts
        }
    }
}
