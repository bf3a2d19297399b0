//! The code for one setting: its default, its check, its codec.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{GenericArgument, PathArguments, Type};

use crate::ast::{Field, Struct, last_word, primitive};
use crate::bounds::{Bounds, assertion};
use crate::migrate;
use crate::tokens;

/// The names of a field's generated items.
pub(crate) struct Names {
    pub(crate) default: Ident,
    pub(crate) check: Ident,
    pub(crate) migrate: Ident,
    pub(crate) spec: Ident,
    /// A `Codec` for a leaf, a `Nested` for nested fields.
    pub(crate) ops: Ident,
    pub(crate) at: Ident,
}

impl Names {
    pub(crate) fn new(field: &Field) -> Self {
        let number = field.number;
        Self {
            default: format_ident!("__default_{number}"),
            check: format_ident!("__check_{number}"),
            migrate: format_ident!("__migrate_{number}"),
            spec: format_ident!("__SPEC_{number}"),
            ops: format_ident!("__OPS_{number}"),
            at: format_ident!("__AT_{number}"),
        }
    }
}

/// Whether values of the field can be turned down.
pub(crate) fn is_checked(field: &Field) -> bool {
    field.attrs.range.is_some() || field.attrs.validate.is_some()
}

pub(crate) fn items(model: &Struct, field: &Field) -> TokenStream {
    let krate = &model.krate;
    let ty = &field.ty;
    let Names {
        default: default_fn,
        check: check_fn,
        migrate: migrate_fn,
        spec,
        ops,
        ..
    } = Names::new(field);
    let bounds = Bounds::new(model, field);
    let default = default(model, field, bounds.as_ref());
    let check = check(model, field, bounds.as_ref());
    let migrate = migrate::items(model, field);
    let in_range = bounds.map(|bounds| bounds.items(field));
    // At the type: what is missing of it is told there, once.
    let codec =
        quote_spanned!(tokens::located(tokens::ends(ty).0)=> #krate::__private::codec::<#ty>());
    quote! {
        const #ops: #krate::__private::Codec<#ty> = #codec;
        #default
        #check
        #migrate
        #in_range
        static #spec: #krate::Spec<#ty> = #krate::Spec {
            default: #default_fn,
            check: #check_fn,
            migrate: #migrate_fn,
        };
    }
}

/// The function that makes a field's default.
pub(crate) fn default(model: &Struct, field: &Field, bounds: Option<&Bounds>) -> TokenStream {
    let krate = &model.krate;
    let ty = &field.ty;
    let name = Names::new(field).default;
    let given = field.default();
    let mut fits = None;
    let value = match given {
        _ if bounds.is_some_and(|bounds| bounds.default.is_some()) => {
            let default = format_ident!("__DEFAULT_{}", field.number);
            quote!(#default)
        }
        None => {
            quote_spanned!(tokens::located(tokens::ends(ty).0)=> #krate::__private::default_value::<#ty>())
        }
        Some(given) => match text(given) {
            Some(text) if primitive(ty).is_none() => {
                fits = capacity(ty).map(|capacity| fits_in(given, &text, &capacity));
                let span = tokens::located(tokens::ends(given).0);
                quote_spanned!(span=> #krate::__private::text::<#ty>(#given))
            }
            _ => tokens::without_self(given.clone(), &model.ident),
        },
    };
    // `Some(1)` is what was asked for.
    let wraps = last_word(ty).is_some_and(|word| word.ident == "Option" || word.ident == "Result");
    let allow = wraps.then(|| quote!(#[allow(clippy::unnecessary_wraps)]));
    quote! {
        #fits
        #allow
        fn #name() -> #ty {
            #value
        }
    }
}

/// The text of a string literal.
fn text(tokens: &TokenStream) -> Option<String> {
    let literal = syn::parse2::<syn::LitStr>(tokens::bare(tokens)).ok()?;
    Some(literal.value())
}

/// The `N` of a `String<N>`. In a type's arguments a constant's name is taken for a type's; by its capitals it isn't.
fn capacity(ty: &Type) -> Option<TokenStream> {
    let word = last_word(ty)?;
    let PathArguments::AngleBracketed(arguments) = &word.arguments else {
        return None;
    };
    if word.ident != "String" {
        return None;
    }
    match arguments.args.first()? {
        GenericArgument::Const(value) => Some(value.to_token_stream()),
        GenericArgument::Type(ty) => {
            let name = last_word(ty)?.ident.to_string();
            let constant = name.len() > 1 && !name.contains(|c: char| c.is_ascii_lowercase());
            constant.then(|| ty.to_token_stream())
        }
        _ => None,
    }
}

fn fits_in(given: &TokenStream, text: &str, capacity: &TokenStream) -> TokenStream {
    let len = Literal::usize_unsuffixed(text.len());
    let message = format!(
        "this default of {len} bytes is too long for a `String<{}>`",
        tokens::compact(capacity)
    );
    assertion(given, &quote!(#len <= #capacity), &message)
}

/// The function that checks a value against `range` and `validate`.
fn check(model: &Struct, field: &Field, bounds: Option<&Bounds>) -> TokenStream {
    let krate = &model.krate;
    let ty = &field.ty;
    let name = Names::new(field).check;
    let value = Ident::new("__value", Span::mixed_site());
    let range = field.attrs.range.as_ref().map(|given| {
        let range = match bounds {
            Some(bounds) => bounds.range(),
            None => tokens::without_self(given.clone(), &model.ident),
        };
        let span = tokens::located(tokens::ends(given).0);
        quote_spanned!(span=> #krate::__private::in_range(&(#range), #value))
    });
    let validate = field.attrs.validate.as_ref().map(|given| {
        let function = tokens::without_self(given.clone(), &model.ident);
        let span = tokens::located(tokens::ends(given).0);
        quote_spanned!(span=> #krate::__private::verdict((#function)(#value)))
    });
    let body = match (range, validate) {
        (None, None) => {
            return quote! {
                use #krate::__private::accept as #name;
            };
        }
        (Some(range), Some(validate)) => quote! {
            match #range {
                ::core::result::Result::Ok(()) => #validate,
                __outside => __outside,
            }
        },
        (Some(only), None) | (None, Some(only)) => only,
    };
    quote! {
        fn #name(#value: &#ty) -> ::core::result::Result<(), #krate::Rejection> {
            #body
        }
    }
}
