//! What stands in for the code when there are errors: enough that nothing else is reported for want of it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_quote};

use crate::ast::{Kind, Struct};
use crate::keys;
use crate::numbers::Numbers;

/// Never runs, and so doesn't do anything: it only has the right types.
pub(crate) fn expand(input: &DeriveInput, model: Option<&Struct>) -> TokenStream {
    let krate = model.map_or_else(|| quote!(::kvs), |model| model.krate.clone());
    let ident = &input.ident;
    let mut generics = input.generics.clone();
    if !generics.params.is_empty() {
        let bound = parse_quote!(Self: ::core::marker::Send + ::core::marker::Sync + 'static);
        generics.make_where_clause().predicates.push(bound);
    }
    let (params, arguments, bounds) = generics.split_for_impl();
    let mut definition = TokenStream::new();
    let mut items = TokenStream::new();
    let mut fields = TokenStream::new();
    let mut keys = quote!(());
    let mut value = quote!(());
    let mut counts = quote! {
        const __COUNT: ::core::primitive::usize = 0;
    };
    if let Some(model) = model {
        let numbers = Numbers::new(model);
        definition = keys::definition(model);
        counts = numbers.items();
        items = field_items(model, &numbers);
        fields = tree_fields(model);
        let name = keys::name(model);
        keys = quote!(#name);
        value = quote!(__KeyMaker.__at(Self::TREE, 0));
    }
    quote! {
        #definition
        const _: () = {
            static __TREE: #krate::Tree = #krate::Tree {
                name: "",
                prefix: "",
                fields: &[#fields],
                hashes: &[0; __COUNT],
                old: &[],
                with_defaults: ::core::option::Option::None,
            };
            static __SCHEMA: #krate::Schema = #krate::Schema {
                name: "",
                docs: "",
                prefix: "",
                fields: &[],
                retired: &[],
                sources: &[],
            };
            #counts
            #items
            #[automatically_derived]
            impl #params #krate::Leaves for #ident #arguments #bounds {
                fn encode(
                    &self,
                    _: ::core::primitive::usize,
                    _: &mut [::core::primitive::u8],
                ) -> ::core::result::Result<::core::primitive::usize, #krate::EncodeError> {
                    loop {}
                }
                fn decode(
                    &mut self,
                    _: ::core::primitive::usize,
                    _: &[::core::primitive::u8],
                ) -> ::core::result::Result<(), #krate::Rejection> {
                    loop {}
                }
                fn holds(
                    &self,
                    _: ::core::primitive::usize,
                    _: &[::core::primitive::u8],
                ) -> ::core::primitive::bool {
                    loop {}
                }
            }
            #[automatically_derived]
            impl #params #krate::Settings for #ident #arguments #bounds {
                type Keys = #keys;
                type Outcomes = [#krate::Outcome; __COUNT];
                type Flags = [::core::primitive::u8; 0];
                type Scratch = [::core::primitive::u8; 0];
                const TREE: &'static #krate::Tree = &__TREE;
                const SCHEMA: &'static #krate::Schema = &__SCHEMA;
                const KEYS: Self::Keys = #value;
                const KEY_INDEX: &'static #krate::__private::KeyIndex =
                    &#krate::__private::KeyIndex::empty(Self::SCHEMA);
                const NO_OUTCOMES: Self::Outcomes = [#krate::Outcome::Default; __COUNT];
                const NO_FLAGS: Self::Flags = [];
                const SCRATCH: Self::Scratch = [];
                fn defaults() -> Self {
                    loop {}
                }
                fn part(
                    &self,
                    _: ::core::primitive::usize,
                    _: ::core::any::TypeId,
                ) -> ::core::option::Option<&dyn ::core::any::Any> {
                    loop {}
                }
                fn part_mut(
                    &mut self,
                    _: ::core::primitive::usize,
                    _: ::core::any::TypeId,
                ) -> ::core::option::Option<&mut dyn ::core::any::Any> {
                    loop {}
                }
            }
        };
    }
}

/// As many settings as the struct has, so that numbers and counts hold; their names are numbers, which differ.
fn tree_fields(model: &Struct) -> TokenStream {
    let krate = &model.krate;
    let fields = model.stored().map(|field| {
        let name = field.number.to_string();
        let node = keys::node(krate, field, "");
        quote!(#krate::Field { name: #name, keep: false, node: #node },)
    });
    fields.collect()
}

/// The keys are real, for `Thermostat::KEYS.wifi.ssid` elsewhere; their specs aren't.
fn field_items(model: &Struct, numbers: &Numbers) -> TokenStream {
    let krate = &model.krate;
    let keys = keys::items(model, numbers);
    let fields = model.stored().map(|field| match field.kind() {
        Kind::Group | Kind::Array(..) => keys::nested(krate, field),
        Kind::Leaf | Kind::Skipped if field.first_alike != field.number => TokenStream::new(),
        Kind::Leaf | Kind::Skipped => {
            let ty = &field.ty;
            let spec = &field.names.spec;
            quote! {
                static #spec: #krate::Spec<#ty> = #krate::Spec::new(
                    || loop {},
                    #krate::__private::accept,
                    #krate::__private::no_rules,
                );
            }
        }
    });
    quote!(#(#fields)* #keys)
}
