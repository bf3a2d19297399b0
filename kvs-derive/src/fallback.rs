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
        let bound = parse_quote!(Self: 'static);
        generics.make_where_clause().predicates.push(bound);
    }
    let (params, arguments, bounds) = generics.split_for_impl();
    let (definition, items, keys, value) = match model {
        Some(model) => {
            let name = keys::name(model);
            (
                keys::definition(model),
                keys(model),
                quote!(#name),
                quote!(#name::__at(Self::TREE, &[], 0)),
            )
        }
        None => (
            TokenStream::new(),
            TokenStream::new(),
            quote!(()),
            quote!(()),
        ),
    };
    quote! {
        #definition
        const _: () = {
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
                fn is_default(
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
                type Outcomes = [#krate::Outcome; 0];
                const TREE: &'static #krate::Tree = &#krate::Tree { prefix: "", fields: &[] };
                const HASHES: &'static [::core::primitive::u32] = &[];
                const KEYS: Self::Keys = #value;
                const NO_OUTCOMES: Self::Outcomes = [];
                fn defaults() -> Self {
                    loop {}
                }
            }
        };
    }
}

/// The keys are real, for `Thermostat::KEYS.wifi.ssid` elsewhere; their specs aren't.
fn keys(model: &Struct) -> TokenStream {
    let krate = &model.krate;
    let items = keys::items(model);
    let specs = model
        .stored()
        .filter(|field| matches!(field.kind(), Kind::Leaf));
    let specs = specs.map(|field| {
        let ty = &field.ty;
        let spec = Names::new(field).spec;
        quote! {
            static #spec: #krate::Spec<#ty> = #krate::Spec {
                default: || loop {},
                check: #krate::__private::accept,
            };
        }
    });
    quote!(#(#specs)* #items)
}
