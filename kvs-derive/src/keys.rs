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

/// `<Wifi as Nestable>`, at the type: that it is none is told there.
pub(crate) fn nestable(krate: &TokenStream, ty: &Type) -> TokenStream {
    quote_spanned!(tokens::located(tokens::ends(ty).0)=> <#ty as #krate::__private::Nestable>)
}

/// The struct itself, which users can name.
pub(crate) fn definition(model: &Struct) -> TokenStream {
    let Struct { vis, krate, .. } = model;
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
        #[doc = #doc]
        #[allow(dead_code, non_snake_case)]
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
    let name = name(model);
    let group = group_field(model);
    let steps = model.stored().map(|field| step(krate, field));
    let fields = model.stored().map(|field| {
        let ident = &field.ident;
        let key = key(field);
        quote!(#ident: #key)
    });
    quote! {
        #[automatically_derived]
        impl ::core::clone::Clone for #name {
            fn clone(&self) -> Self {
                *self
            }
        }
        #[automatically_derived]
        impl ::core::marker::Copy for #name {}

        impl #name {
            #[doc(hidden)]
            #[must_use]
            pub const fn __at(
                tree: &'static #krate::Tree,
                hashes: &'static [::core::primitive::u32],
                first: ::core::primitive::usize,
            ) -> Self {
                let at = first;
                #(#steps)*
                Self {
                    #(#fields,)*
                    #group: #krate::Group::new(tree, hashes, first, at.saturating_sub(first)),
                }
            }

            /// All of these settings, for a factory reset.
            #[allow(dead_code)]
            #[must_use]
            pub const fn group(&self) -> #krate::Group {
                self.#group
            }
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
            quote!(#nested::Keys)
        }
        Kind::Array(item, len) => {
            let nested = nestable(krate, item);
            quote!([#nested::Keys; #len])
        }
        Kind::Leaf | Kind::Skipped => quote!(#krate::Key<#ty>),
    }
}

fn key(field: &Field) -> Ident {
    format_ident!(
        "key_{}",
        field.number,
        span = proc_macro2::Span::mixed_site()
    )
}

/// Makes one field of the keys from `at` on, and moves `at` behind it.
fn step(krate: &TokenStream, field: &Field) -> TokenStream {
    let key = key(field);
    match field.kind() {
        Kind::Leaf | Kind::Skipped => {
            let spec = Names::new(field).spec;
            quote! {
                let #key = #krate::Key::new(tree, hashes, at, &#spec);
                let at = at.saturating_add(1);
            }
        }
        Kind::Group => {
            let nested = nestable(krate, &field.ty);
            quote! {
                let #key = <#nested::Keys>::__at(tree, hashes, at);
                let at = at.saturating_add(#nested::COUNT);
            }
        }
        Kind::Array(item, len) => {
            let nested = nestable(krate, item);
            quote! {
                let mut at = at;
                let mut #key = [<#nested::Keys>::__at(tree, hashes, at); #len];
                let mut rest: &mut [#nested::Keys] = &mut #key;
                while let [key, tail @ ..] = rest {
                    *key = <#nested::Keys>::__at(tree, hashes, at);
                    at = at.saturating_add(#nested::COUNT);
                    rest = tail;
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
