//! The struct of typed keys: what `Thermostat::KEYS` is.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Type;

use crate::ast::{Field, Kind, Struct};
use crate::numbers::Numbers;
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

/// `<Wifi as Nestable>::NESTED` or another of its items, at the type: that it is none is told there,
/// once.
pub(crate) fn of_nested(krate: &TokenStream, ty: &Type, item: &str) -> TokenStream {
    let span = tokens::ends(ty).0;
    let item = Ident::new(item, span);
    quote_spanned!(span=> <#ty as #krate::__private::Nestable>::#item)
}

/// What a field holds, for the tree: of a leaf, what its `range` allows.
pub(crate) fn node(krate: &TokenStream, field: &Field, range: &str) -> TokenStream {
    let fields = || of_nested(krate, item(field), "FIELDS");
    match field.kind() {
        Kind::Leaf | Kind::Skipped => quote!(#krate::Node::Leaf(#range)),
        Kind::Group => {
            let fields = fields();
            quote!(#krate::Node::Group(#fields))
        }
        Kind::Array(_, len) => {
            let fields = fields();
            quote!(#krate::Node::Array(#fields, #len))
        }
    }
}

/// The constant through which a nested field is used.
pub(crate) fn nested(krate: &TokenStream, field: &Field) -> TokenStream {
    let (ops, ty) = (&field.names.ops, item(field));
    let nested = of_nested(krate, ty, "NESTED");
    quote!(const #ops: &#krate::__private::Nested<#ty> = #nested;)
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
pub(crate) fn items(model: &Struct, numbers: &Numbers) -> TokenStream {
    let Struct {
        ident, vis, krate, ..
    } = model;
    let group = group_field(model);
    let name = name_at_nested(model);
    let fields: Vec<_> = model.stored().collect();
    let nested = fields
        .iter()
        .map(|field| nested_keys(krate, field, numbers));
    let keys = fields.iter().map(|field| {
        let mut ident = field.ident.clone();
        ident.set_span(tokens::ends(item(field)).0);
        let key = key(krate, field, numbers);
        quote!(#ident: #key)
    });
    quote! {
        #[automatically_derived]
        impl ::core::clone::Clone for #name {
            fn clone(&self) -> #name {
                *self
            }
        }
        #[automatically_derived]
        impl ::core::marker::Copy for #name {}

        pub struct __KeyMaker;

        impl __KeyMaker {
            #[must_use]
            pub const fn __at(
                self,
                __tree: &'static #krate::Tree,
                __first: ::core::primitive::usize,
            ) -> #name {
                #(#nested)*
                #name {
                    #(#keys,)*
                    #group: #krate::Group::new(__tree, __first, __COUNT),
                }
            }

        }

        impl #name {
            /// All of these settings, for a factory reset.
            #[allow(dead_code)]
            #[must_use]
            pub const fn group(&self) -> #krate::Group {
                self.#group
            }
        }

        #[automatically_derived]
        impl #krate::Part for #name {
            type Value = #ident;

            fn group(&self) -> #krate::Group {
                self.#group
            }
        }

        #[automatically_derived]
        impl #krate::__private::Nestable for #ident {
            type Keys = #name;
            type KeyMaker = __KeyMaker;
            const KEYS: __KeyMaker = __KeyMaker;
            const SCHEMA: &'static #krate::Schema = &__SCHEMA;
            const FIELDS: &'static [#krate::Field] = __TREE.fields;
            const NESTED: &'static #krate::__private::Nested<Self> =
                &#krate::__private::nested::<Self>(__COUNT, __KEY_COUNT);
        }

        impl #ident {
            /// The typed keys of the settings, with this struct as the root.
            #[allow(dead_code)]
            #vis const KEYS: #name = __KeyMaker.__at(&__TREE, 0);
        }
    }
}

fn key_type(krate: &TokenStream, field: &Field) -> TokenStream {
    let ty = &field.ty;
    match field.kind() {
        Kind::Group => of_nested(krate, ty, "Keys"),
        Kind::Array(item, len) => {
            let keys = of_nested(krate, item, "Keys");
            quote!([#keys; #len])
        }
        Kind::Leaf | Kind::Skipped => quote!(#krate::Key<#ty>),
    }
}

/// The type that holds the settings of a nested field, and a leaf's own.
fn item(field: &Field) -> &Type {
    match field.kind() {
        Kind::Array(item, _) => item,
        _ => &field.ty,
    }
}

/// The keys of one field.
fn key(krate: &TokenStream, field: &Field, numbers: &Numbers) -> TokenStream {
    let spec = &field.names.spec;
    let number = numbers.of(field);
    match field.kind() {
        Kind::Leaf | Kind::Skipped => quote!(#krate::Key::new(__tree, __first, #number, &#spec)),
        Kind::Group | Kind::Array(..) => nested_name(field).into_token_stream(),
    }
}

fn nested_name(field: &Field) -> Ident {
    format_ident!(
        "__keys_{}",
        field.number,
        span = tokens::ends(item(field)).0
    )
}

/// Binds the keys of a nested field, so that no error about its type is told of the struct as well.
fn nested_keys(krate: &TokenStream, field: &Field, numbers: &Numbers) -> TokenStream {
    let kind = field.kind();
    if matches!(kind, Kind::Leaf | Kind::Skipped) {
        return TokenStream::new();
    }
    let (name, ops) = (nested_name(field), &field.names.ops);
    let keys = of_nested(krate, item(field), "KEYS");
    let number = numbers.of(field);
    match kind {
        Kind::Array(_, len) => quote! {
            let #name = #keys.__at(__tree, #ops.first(__first, #number, 0));
            let mut #name = [#name; #len];
            let mut __item = 0;
            let mut __rest: &mut [_] = &mut #name;
            while let [__key, __tail @ ..] = __rest {
                *__key = #keys.__at(__tree, #ops.first(__first, #number, __item));
                __item += 1;
                __rest = __tail;
            }
        },
        _ => quote!(let #name = #keys.__at(__tree, #ops.first(__first, #number, 0));),
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
