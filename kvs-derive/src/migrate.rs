//! The code for old values: what `migrate(..)` makes of them, and the keys that they are under.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;

use crate::ast::{Field, Struct};
use crate::history::{Migration, OldName};
use crate::tokens;

/// The function that tries a setting's rules, if there are any.
pub(crate) fn items(model: &Struct, field: &Field) -> Option<TokenStream> {
    let krate = &model.krate;
    let ty = &field.ty;
    let name = &field.names.migrate;
    let rules = &field.attrs.migrations;
    if rules.is_empty() {
        return None;
    }
    let sources = Ident::new("__sources", Span::mixed_site());
    let arms = rules.iter().enumerate().map(|(number, rule)| {
        let number = Literal::usize_unsuffixed(number + 1);
        let body = rule_body(model, field, rule, &sources);
        quote!(#number => { #body })
    });
    Some(quote! {
        fn #name(
            __rule: ::core::primitive::usize,
            #sources: &#krate::Sources<'_>,
        ) -> ::core::result::Result<#ty, #krate::Rejection> {
            match __rule {
                #(#arms)*
                _ => #krate::__private::no_rules(__rule, #sources),
            }
        }
    })
}

fn rule_body(model: &Struct, field: &Field, rule: &Migration, sources: &Ident) -> TokenStream {
    let krate = &model.krate;
    let ty = &field.ty;
    let types = types(model, field, rule);
    let old = Ident::new("__old", Span::mixed_site());
    let default = Ident::new("__default", Span::mixed_site());
    let read = |(index, ty): (usize, &TokenStream)| {
        let span = tokens::located(tokens::ends(ty).0);
        let index = Literal::usize_unsuffixed(index);
        if rule.default.is_some() {
            quote_spanned! {span=>
                match (const { #krate::__private::old_codec::<#ty>() }).read_any(#sources, #index)? {
                    ::core::option::Option::Some(__value) => __value,
                    ::core::option::Option::None => #default.#index,
                }
            }
        } else {
            quote_spanned!(span=> (const { #krate::__private::old_codec::<#ty>() }).read(#sources, #index)?)
        }
    };
    let values = types.iter().enumerate().map(read);
    let (old_type, values) = if types.len() == 1 {
        (quote!(#(#types)*), quote!(#(#values)*))
    } else {
        (quote!((#(#types,)*)), quote!((#(#values,)*)))
    };
    let defaults = rule.default.as_ref().map(|given| {
        let given = tokens::without_self(given.clone(), &model.ident);
        // So that another type is told at the value.
        let span = tokens::located(tokens::ends(&given).0);
        let old_type = quote_spanned!(span=> (#(#types,)*));
        quote_spanned!(span=> let #default: #old_type = #given;)
    });
    let made = if let Some(with) = &rule.with {
        let with = tokens::without_self(with.clone(), &model.ident);
        let span = tokens::located(tokens::ends(&with).0);
        let convert = Ident::new("__convert", Span::mixed_site());
        // So that a function of another type is told as one, at its name.
        let typed = quote_spanned!(span=> let #convert: fn(#old_type) -> #ty = #with;);
        quote! {
            #typed
            ::core::result::Result::Ok(#convert(#old))
        }
    } else if let Some(try_with) = &rule.try_with {
        let try_with = tokens::without_self(try_with.clone(), &model.ident);
        let span = tokens::located(tokens::ends(&try_with).0);
        let attempt = Ident::new("__attempt", span);
        quote_spanned! {span=>
            let #attempt: fn(#old_type) -> _ = #try_with;
            #krate::__private::attempt::<#ty, _>(#attempt(#old))
        }
    } else {
        let first = types
            .first()
            .map_or_else(Span::call_site, |ty| tokens::ends(ty).0);
        let convert = quote_spanned!(tokens::located(first)=> #krate::__private::convert::<#old_type, #ty>(#old));
        quote!(::core::result::Result::Ok(#convert))
    };
    quote! {
        #defaults
        let #old = #values;
        #made
    }
}

/// The old types; the field's own where none is given.
fn types(model: &Struct, field: &Field, rule: &Migration) -> Vec<TokenStream> {
    if rule.types.is_empty() {
        let ty = &field.ty;
        return vec![quote!(#ty)];
    }
    let ident = &model.ident;
    rule.types
        .iter()
        .map(|ty| tokens::without_self(quote!(#ty), ident))
        .collect()
}

/// A setting's rules, for its schema.
pub(crate) fn rules(model: &Struct, field: &Field) -> TokenStream {
    let krate = &model.krate;
    let rules = field.attrs.migrations.iter().map(|rule| {
        let rev = rule
            .rev
            .as_ref()
            .map_or_else(|| quote!(1), |rev| quote!(#rev));
        let types = types(model, field, rule);
        let names = rule.from.iter().map(syn::LitStr::value);
        let names = names.chain(core::iter::repeat(String::new()));
        let sources = types.iter().zip(names).map(|(ty, name)| {
            let span = tokens::located(tokens::ends(ty).0);
            quote_spanned!(span=> #krate::__private::old_codec::<#ty>().source(#name, #rev))
        });
        let has_default = rule.default.is_some();
        let is_plain = rule.with.is_none() && rule.try_with.is_none();
        quote!(#krate::Rule::new(&[#(#sources),*], #has_default, #is_plain))
    });
    quote!(&[#(#rules),*])
}

/// The sources of the struct's own `migrate`, for its schema.
pub(crate) fn sources(model: &Struct) -> TokenStream {
    let krate = &model.krate;
    let Some(takeover) = &model.attrs.migrate else {
        return quote!(&[]);
    };
    let sources = takeover.from.iter().map(|old| {
        let OldName { name, rev, .. } = old;
        let source = match old.secret {
            true => quote!(secret_source),
            false => quote!(source),
        };
        let ty = old_type(model, old);
        let rev = rev.as_ref().map_or_else(|| quote!(1), |rev| quote!(#rev));
        let span = tokens::located(tokens::ends(&ty).0);
        quote_spanned!(span=> #krate::__private::old_codec::<#ty>().#source(#name, #rev))
    });
    quote!(&[#(#sources),*])
}

/// The method for the struct's own `migrate`.
pub(crate) fn takeover(model: &Struct) -> TokenStream {
    let krate = &model.krate;
    let Some(takeover) = &model.attrs.migrate else {
        return TokenStream::new();
    };
    let types: Vec<_> = takeover
        .from
        .iter()
        .map(|old| old_type(model, old))
        .collect();
    // The parameter of the generated function.
    let sources = Ident::new("__sources", Span::call_site());
    let values = types.iter().enumerate().map(|(index, ty)| {
        let index = Literal::usize_unsuffixed(index);
        let span = tokens::located(tokens::ends(ty).0);
        quote_spanned!(span=> (const { #krate::__private::old_codec::<#ty>() }).read_any(#sources, #index)?)
    });
    let with = tokens::without_self(takeover.with.clone(), &model.ident);
    let span = tokens::located(tokens::ends(&with).0);
    let function = Ident::new("__function", Span::mixed_site());
    let typed = quote_spanned! {span=>
        let #function: fn(&mut Self, (#(::core::option::Option<#types>,)*)) = #with;
    };
    quote! {
        fn migrate_all(
            &mut self,
            __sources: &#krate::Sources<'_>,
        ) -> ::core::result::Result<(), #krate::Rejection> {
            let __old = (#(#values,)*);
            #typed
            #function(self, __old);
            ::core::result::Result::Ok(())
        }
    }
}

fn old_type(model: &Struct, old: &OldName) -> TokenStream {
    let ty: Option<&Type> = old.ty.as_ref();
    tokens::without_self(quote!(#ty), &model.ident)
}

/// What `retired(..)` lists, for the schema.
pub(crate) fn retired(model: &Struct) -> TokenStream {
    let krate = &model.krate;
    let retired = model.attrs.retired.iter().map(|old| {
        let OldName {
            name, rev, secret, ..
        } = old;
        let rev = rev.as_ref().map_or_else(|| quote!(1), |rev| quote!(#rev));
        let ty = match &old.ty {
            Some(_) => {
                let ty = old_type(model, old);
                let span = tokens::located(tokens::ends(&ty).0);
                let source =
                    quote_spanned!(span=> #krate::__private::old_codec::<#ty>().source("", 1));
                quote!(::core::option::Option::Some(#source.ty))
            }
            None => quote!(::core::option::Option::None),
        };
        quote!(#krate::Retired { name: #name, ty: #ty, rev: #rev, secret: #secret })
    });
    quote!(&[#(#retired),*])
}
