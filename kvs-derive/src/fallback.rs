//! What stands in for the code when there are errors: enough that nothing else is reported for want of it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_quote};

use crate::ast::{Kind, Struct};
use crate::keys;
use crate::leaf::Names;

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
    if let Some(model) = model {
        definition = keys::definition(model);
        items = field_items(model);
        fields = tree_fields(model);
        let name = keys::name(model);
        keys = quote!(#name);
        value = quote!(#name::__at(Self::TREE, 0));
    }
    quote! {
        #definition
        const _: () = {
            static __TREE: #krate::Tree = #krate::Tree {
                name: "",
                prefix: "",
                fields: &[#fields],
                hashes: &[],
                old: &[],
                with_defaults: ::core::option::Option::None,
            };
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
                fn migrate(
                    &mut self,
                    _: ::core::primitive::usize,
                    _: ::core::primitive::usize,
                    _: &#krate::Sources<'_>,
                ) -> ::core::result::Result<(), #krate::Rejection> {
                    loop {}
                }
                fn migrate_all(
                    &mut self,
                    _: &#krate::Sources<'_>,
                ) -> ::core::result::Result<(), #krate::Rejection> {
                    loop {}
                }
            }
            #[automatically_derived]
            impl #params #krate::Settings for #ident #arguments #bounds {
                type Keys = #keys;
                type Outcomes = [#krate::Outcome; __TREE.count()];
                const TREE: &'static #krate::Tree = &__TREE;
                const SCHEMA: &'static #krate::Schema = &#krate::Schema {
                    name: "",
                    docs: "",
                    prefix: "",
                    fields: &[],
                    retired: &[],
                    sources: &[],
                };
                const KEYS: Self::Keys = #value;
                const KEY_INDEX: &'static #krate::__private::KeyIndex =
                    &#krate::__private::KeyIndex::new(Self::SCHEMA, &[], &[]);
                const NO_OUTCOMES: Self::Outcomes = [#krate::Outcome::Default; __TREE.count()];
                fn defaults() -> Self {
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
        let ops = Names::new(field).ops;
        let node = match field.kind() {
            Kind::Leaf | Kind::Skipped => quote!(#krate::Node::Leaf("")),
            Kind::Group => quote!(#krate::Node::Group(#ops.fields())),
            Kind::Array(_, len) => quote!(#krate::Node::Array(#ops.fields(), #len)),
        };
        quote!(#krate::Field { name: #name, keep: false, node: #node },)
    });
    fields.collect()
}

/// The keys are real, for `Thermostat::KEYS.wifi.ssid` elsewhere; their specs aren't.
fn field_items(model: &Struct) -> TokenStream {
    let krate = &model.krate;
    let keys = keys::items(model);
    let fields = model.stored().map(|field| match field.kind() {
        Kind::Group | Kind::Array(..) => keys::nested(model, field),
        Kind::Leaf | Kind::Skipped => {
            let ty = &field.ty;
            let spec = Names::new(field).spec;
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
