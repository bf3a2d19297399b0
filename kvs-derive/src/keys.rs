//! The struct of typed keys: what `Thermostat::KEYS` is.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Type;

use crate::ast::{Field, Kind, Struct};
use crate::leaf::Names;
use crate::tokens;

pub(crate) fn name(model: &Struct) -> Ident {
    format_ident!("{}Keys", model.ident)
}

/// The name, at the first nested type. What asks for the nested types again is there, and so repeats the one error if
/// they are none, which the compiler leaves out.
pub(crate) fn name_at_nested(model: &Struct) -> Ident {
    let nested = model.stored().find_map(|field| match field.kind() {
        Kind::Group => Some(&field.ty),
        Kind::Array(item, _) => Some(item),
        Kind::Leaf | Kind::Skipped => None,
    });
    let mut name = name(model);
    if let Some(ty) = nested {
        name.set_span(tokens::ends(ty).0);
    }
    name
}

/// `<Wifi as Nestable>`, at the type: that it is none is told there.
pub(crate) fn nestable(krate: &TokenStream, ty: &Type) -> TokenStream {
    quote_spanned!(tokens::ends(ty).0=> <#ty as #krate::__private::Nestable>)
}

/// The constant through which a nested field is used.
pub(crate) fn nested(model: &Struct, field: &Field) -> TokenStream {
    let krate = &model.krate;
    let ops = Names::new(field).ops;
    let ty = match field.kind() {
        Kind::Array(item, _) => item,
        _ => &field.ty,
    };
    let nestable = nestable(krate, ty);
    quote!(const #ops: #krate::__private::Nested<#ty> = #nestable::NESTED;)
}

/// The struct itself, which users can name.
pub(crate) fn definition(model: &Struct) -> TokenStream {
    let Struct {
        vis, krate, allow, ..
    } = model;
    let name = name(model);
    let group = group_field(model);
    let fields = model.stored().map(|field| {
        let Field { ident, vis, .. } = field;
        let ty = key_type(krate, field);
        let docs = if field.docs.is_empty() {
            let text = format!(" The key of `{}`.", field.name);
            quote!(#[doc = #text])
        } else {
            field.docs.clone()
        };
        quote!(#docs #vis #ident: #ty,)
    });
    let doc = format!(
        " The keys of the settings in [`{0}`]: `{0}::KEYS`.",
        model.ident
    );
    quote! {
        // Keys that nobody uses are no mistake, and their names are the user's.
        #[doc = #doc]
        #[allow(dead_code, non_snake_case)]
        #allow
        #vis struct #name {
            #(#fields)*
            #group: #krate::Group,
        }
    }
}

/// What makes the keys. Goes where the specs are in scope.
pub(crate) fn items(model: &Struct) -> TokenStream {
    let Struct {
        ident, vis, krate, ..
    } = model;
    let group = group_field(model);
    let name = name_at_nested(model);
    let this = Ident::new("Self", name.span());
    let steps = model.stored().map(|field| step(krate, field));
    let fields = model.stored().map(|field| {
        let key = key(field);
        let mut ident = field.ident.clone();
        ident.set_span(key.span());
        quote!(#ident: #key)
    });
    quote! {
        #[automatically_derived]
        impl ::core::clone::Clone for #name {
            fn clone(&self) -> #this {
                *self
            }
        }
        #[automatically_derived]
        impl ::core::marker::Copy for #name {}

        impl #name {
            #[doc(hidden)]
            #[must_use]
            pub const fn __at(
                __tree: &'static #krate::Tree,
                __first: ::core::primitive::usize,
            ) -> #this {
                let __at = __first;
                #(#steps)*
                #this {
                    #(#fields,)*
                    #group: #krate::Group::new(__tree, __first, __at.saturating_sub(__first)),
                }
            }

            /// The keys of the same struct elsewhere.
            #[doc(hidden)]
            #[must_use]
            pub const fn __moved(
                self,
                __tree: &'static #krate::Tree,
                __first: ::core::primitive::usize,
            ) -> #this {
                Self::__at(__tree, __first)
            }

            /// All of these settings, for a factory reset.
            #[allow(dead_code)]
            #[must_use]
            pub const fn group(&self) -> #krate::Group {
                self.#group
            }
        }

        #[automatically_derived]
        impl #krate::__private::Nestable for #ident {
            type Keys = #name;
            const KEYS: #name = <Self as #krate::Settings>::KEYS;
            const NESTED: #krate::__private::Nested<Self> = #krate::__private::nested::<Self>();
        }

        impl #ident {
            /// The typed keys of the settings, with this struct as the root.
            #[allow(dead_code)]
            #vis const KEYS: #name = <Self as #krate::Settings>::KEYS;
        }
    }
}

fn key_type(krate: &TokenStream, field: &Field) -> TokenStream {
    let ty = &field.ty;
    match field.kind() {
        Kind::Group => {
            let nested = nestable(krate, ty);
            quote_spanned!(tokens::ends(ty).0=> #nested::Keys)
        }
        Kind::Array(item, len) => {
            let nested = nestable(krate, item);
            let keys = quote_spanned!(tokens::ends(item).0=> #nested::Keys);
            quote!([#keys; #len])
        }
        Kind::Leaf | Kind::Skipped => quote!(#krate::Key<#ty>),
    }
}

fn key(field: &Field) -> Ident {
    let ty = match field.kind() {
        Kind::Array(item, _) => item,
        _ => &field.ty,
    };
    format_ident!("__key_{}", field.number, span = tokens::ends(ty).0)
}

/// Makes one field of the keys from `__at` on, and moves `__at` behind it.
///
/// Nested keys by a method of `KEYS`, not a function of the type: an unknown type then is an error only once.
fn step(krate: &TokenStream, field: &Field) -> TokenStream {
    let key = key(field);
    let Names { spec, ops, .. } = Names::new(field);
    match field.kind() {
        Kind::Leaf | Kind::Skipped => {
            quote! {
                let #key = #krate::Key::new(__tree, __at, &#spec);
                let __at = __at.saturating_add(1);
            }
        }
        Kind::Group => {
            let nested = nestable(krate, &field.ty);
            quote! {
                let #key = #nested::KEYS.__moved(__tree, __at);
                let __at = __at.saturating_add(#ops.count());
            }
        }
        Kind::Array(item, len) => {
            let nested = nestable(krate, item);
            quote! {
                let mut __at = __at;
                let mut #key = [#nested::KEYS; #len];
                let mut __rest: &mut [_] = &mut #key;
                while let [__key, __tail @ ..] = __rest {
                    *__key = __key.__moved(__tree, __at);
                    __at = __at.saturating_add(#ops.count());
                    __rest = __tail;
                }
            }
        }
    }
}

/// The name of the field behind `group()`: one that no setting has.
fn group_field(model: &Struct) -> Ident {
    let mut name = "__group".to_owned();
    while model.fields.iter().any(|field| field.ident == name) {
        name.insert(0, '_');
    }
    format_ident!("{name}")
}
