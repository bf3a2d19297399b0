//! The code for one setting: its default, its check, its codec.

use proc_macro2::{Ident, Literal, Span, TokenStream, TokenTree};
use quote::{format_ident, quote, quote_spanned};
use syn::{LitStr, Type};

use crate::ast::{Field, Struct, last_word, primitive};
use crate::bounds::{Bounds, assertion};
use crate::migrate;
use crate::tokens;

/// The names of a field's generated items.
pub(crate) struct Names {
    /// For these four, the fields whose type, default and rules are the same share one item.
    pub(crate) default: Ident,
    pub(crate) check: Ident,
    pub(crate) migrate: Ident,
    pub(crate) spec: Ident,
    /// A `Codec` for a leaf, which the fields of one type share; a `Nested` for nested fields.
    pub(crate) ops: Ident,
    pub(crate) at: Ident,
}

impl Names {
    /// Those of field number `number`, of which the first of its type, and the first with its
    /// default and rules as well, are these.
    pub(crate) fn new(number: usize, first_of_type: usize, first_alike: usize) -> Self {
        Self {
            default: format_ident!("__default_{first_alike}"),
            check: format_ident!("__check_{first_alike}"),
            migrate: format_ident!("__migrate_{first_alike}"),
            spec: format_ident!("__SPEC_{first_alike}"),
            ops: format_ident!("__OPS_{first_of_type}"),
            at: format_ident!("__AT_{number}"),
        }
    }
}

/// Whether values of the field can be turned down.
pub(crate) fn is_checked(field: &Field) -> bool {
    field.attrs.range.is_some() || field.attrs.validate.is_some()
}

pub(crate) fn items(model: &Struct, field: &Field) -> TokenStream {
    if field.first_alike != field.number {
        return TokenStream::new();
    }
    let krate = &model.krate;
    let ty = &field.ty;
    let Names {
        default: default_fn,
        check: check_fn,
        migrate: migrate_fn,
        spec,
        ..
    } = &field.names;
    let bounds = Bounds::new(model, field);
    let default = default(model, field, bounds.as_ref());
    let check = check(model, field, bounds.as_ref());
    let migrate = migrate::items(model, field);
    let in_range = bounds.map(|bounds| bounds.items(field));
    let ops = &field.names.ops;
    let rules = match (&check, &migrate) {
        (None, None) => quote!(plain(#default_fn)),
        (Some(_), None) => quote!(checked(#default_fn, #check_fn)),
        (None, Some(_)) => quote!(migrated(#default_fn, #krate::__private::accept, #migrate_fn)),
        (Some(_), Some(_)) => quote!(migrated(#default_fn, #check_fn, #migrate_fn)),
    };
    quote! {
        #default
        #check
        #migrate
        #in_range
        static #spec: #krate::Spec<#ty> = #ops.#rules;
    }
}

/// The constant through which a leaf's type is used.
pub(crate) fn codec(krate: &TokenStream, field: &Field) -> TokenStream {
    if field.first_of_type != field.number {
        return TokenStream::new();
    }
    let (ops, ty) = (&field.names.ops, &field.ty);
    // At the type: what is missing of it, or wrong with it, is told there, once.
    let at_type = tokens::located(tokens::ends(ty).0);
    let located_krate = tokens::all_at(at_type, krate.clone());
    let codec = quote_spanned!(at_type=> #located_krate::__private::codec::<#ty>());
    quote!(const #ops: &#krate::__private::Codec<#ty> = #codec;)
}

/// The function that makes a field's default.
pub(crate) fn default(model: &Struct, field: &Field, bounds: Option<&Bounds>) -> TokenStream {
    let krate = &model.krate;
    let ty = &field.ty;
    let name = &field.names.default;
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
        Some(given) => match Text::new(given) {
            Some(text) if primitive(ty).is_none() => {
                fits = Some(text.fits(krate, ty));
                text.value(krate)
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

/// A default that is a string literal, or one in `Some(..)`.
struct Text {
    some: Option<TokenStream>,
    literal: LitStr,
}

impl Text {
    fn new(given: &TokenStream) -> Option<Self> {
        let all: Vec<_> = tokens::bare(given).into_iter().collect();
        let (some, literal) = match all.as_slice() {
            [path @ .., TokenTree::Ident(some), TokenTree::Group(inner)] if some == "Some" => {
                (Some(quote!(#(#path)* #some)), inner.stream())
            }
            _ => (None, given.clone()),
        };
        let literal = syn::parse2(tokens::bare(&literal)).ok()?;
        Some(Self { some, literal })
    }

    /// The value of the field's type.
    fn value(&self, krate: &TokenStream) -> TokenStream {
        let Self { some, literal } = self;
        // At the literal: that it can't be a default is told there.
        let span = tokens::located(literal.span());
        let value = quote_spanned!(span=> #krate::__private::text::<_>(#literal));
        match some {
            Some(some) => quote!(#some(#value)),
            None => value,
        }
    }

    /// The check that the type has room for the text, as far as the type tells.
    fn fits(&self, krate: &TokenStream, ty: &Type) -> TokenStream {
        let literal = &self.literal;
        let len = Literal::usize_unsuffixed(literal.value().len());
        let room = quote!(#krate::__private::Probe::<#ty>::CAPACITY);
        let assertion = assertion(
            literal,
            &quote!(#krate::__private::has_room(#room, #len)),
            &quote!(#krate::__private::too_long(#room, #len).as_str()),
        );
        quote! {
            const _: () = {
                use #krate::__private::UnknownCapacity as _;
                #assertion
            };
        }
    }
}

/// The function that checks a value against `range` and `validate`, if there are any.
fn check(model: &Struct, field: &Field, bounds: Option<&Bounds>) -> Option<TokenStream> {
    let krate = &model.krate;
    let ty = &field.ty;
    let name = &field.names.check;
    let value = |span| Ident::new("__value", span);
    let range = field.attrs.range.as_ref().map(|given| {
        let range = match bounds {
            Some(bounds) => bounds.range(),
            None => tokens::without_self(given.clone(), &model.ident),
        };
        let span = tokens::located(tokens::ends(given).0);
        let value = value(span);
        quote_spanned!(span=> #krate::__private::in_range(#value, &(#range)))
    });
    let validate = field.attrs.validate.as_ref().map(|given| {
        let function = tokens::without_self(given.clone(), &model.ident);
        let span = tokens::located(tokens::ends(given).0);
        let value = value(span);
        let called = match tokens::is_closure(given) {
            true => quote_spanned!(span=> #krate::__private::validate_closure(#value, #function)),
            false => quote_spanned!(span=> #krate::__private::validate(#value, #function)),
        };
        // By a name, which is at the function: that it returns something else is told there.
        quote_spanned! {span=> {
            let __returned = #called;
            #krate::__private::verdict(__returned)
        }}
    });
    let body = match (range, validate) {
        (None, None) => return None,
        (Some(range), Some(validate)) => quote! {
            match #range {
                ::core::result::Result::Ok(()) => #validate,
                __outside => __outside,
            }
        },
        (Some(only), None) | (None, Some(only)) => only,
    };
    let value = value(Span::mixed_site());
    Some(quote! {
        fn #name(#value: &#ty) -> ::core::result::Result<(), #krate::Rejection> {
            #body
        }
    })
}
