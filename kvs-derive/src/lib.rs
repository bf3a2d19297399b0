//! `#[derive(Settings)]` for the [`kvs`](https://docs.rs/kvs) crate, which exports it and says how to use it.
//!
//! A derive in four steps, a file each: `attr` reads the attributes, `ast` makes the model of the struct, `check`
//! looks at attributes and fields together, `expand` writes the code. Errors are gathered through all of them; on
//! the first one `fallback` stands in for `expand`, so that one mistake gives one error.

#![forbid(unsafe_code)]

mod ast;
mod attr;
mod bounds;
mod check;
mod errors;
mod expand;
mod fallback;
mod history;
mod items;
mod keys;
mod leaf;
mod migrate;
mod names;
mod numbers;
mod tokens;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct with named fields a settings struct: a key in flash and a default for each field.
///
/// On the struct, `#[settings(..)]`:
///
/// | | |
/// |---|---|
/// | `prefix = "net"` | goes before every key of the struct, where it is the root of its tree |
/// | `rename_all = "kebab-case"` | how field names become key names, in serde's words |
/// | `retired("name", "name": T, "name": T @ 2)` | old names that no field may have; `confirm` removes those with a type, which may have a revision; `"name": T secret` keeps masking it |
/// | `migrate(from("name": T, "name": U @ 2), with = f)` | old values for `f`, a function from `&mut Self` and `(Option<T>, Option<U>)`; on the outermost struct, after all else |
/// | `crate = path` | where the `kvs` crate is, if not at `::kvs` |
///
/// On a field, `#[setting(..)]`:
///
/// | | |
/// |---|---|
/// | `default = expr` | the value when nothing is stored; a string literal, alone or in `Some(..)`, becomes a `String<N>`, and has to fit. Otherwise `Default::default()` |
/// | `rename = "name"` | the name in the key |
/// | `alias = "name"` | an old name, of a `nested` field too; may be repeated |
/// | `migrate(..)` | where an old value is, and how to make one of today's type of it; may be repeated, and the first that is stored counts |
/// | `rev = 2` | another meaning of the same type, and so another key |
/// | `unit = "ms"` | what a number counts; for the schema only |
/// | `range = 1..=10` | the values allowed |
/// | `validate = f` | a function from `&T`, or from what it borrows as, such as `&str`, to `bool` or `Result<(), &'static str>` |
/// | `keep` | survives a factory reset; all of a `nested` struct |
/// | `secret` | tools on the host mask its value, and old ones that it is made of; all of a `nested` struct. Nothing is encrypted |
/// | `nested` | the field is a settings struct, or an array of them |
/// | `skip` | the field is not stored |
///
/// In `migrate(..)`:
///
/// | | |
/// |---|---|
/// | `from = "name"` | the old name, in the same struct; `"/name"` is a whole path; the field's own otherwise |
/// | `from("a", "b")` | several old values for one |
/// | `ty = T`, `ty = (T, U)` | the old type, or types; the field's own otherwise |
/// | `rev = 1` | the old revision; 1 otherwise |
/// | `with = f` | a function from the old type, or a tuple of them; `From` otherwise |
/// | `try_with = f` | the same, to a `Result` or an `Option` |
/// | `default = (..)` | in place of those of several values that are not stored; otherwise all must be |
///
/// A comma inside `<..>` in a value needs parentheses around the value.
#[proc_macro_derive(Settings, attributes(settings, setting))]
pub fn derive_settings(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    derive(&input).into()
}

fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = errors::Errors::default();
    let model = ast::Struct::new(input, &mut errors);
    if let Some(model) = &model {
        check::check(model, &mut errors);
    }
    match (errors.finish(), model) {
        (None, Some(model)) => expand::expand(&model),
        (error, model) => {
            let error = error.map(|error| error.to_compile_error());
            let stub = fallback::expand(input, model.as_ref());
            quote!(#error #stub)
        }
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    fn derived(attribute: syn::Attribute) -> String {
        let input = parse_quote! {
            #attribute
            struct Net {
                #[setting(default = "x", validate = f)]
                name: String<8>,
                #[setting(range = 0..=5)]
                level: u8,
                #[setting(nested)]
                inner: Inner,
                #[setting(nested)]
                inners: [Inner; 2],
                #[setting(skip)]
                scratch: u8,
            }
        };
        super::derive(&input).to_string()
    }

    #[test]
    fn says_nothing_of_kvs_when_it_has_another_name() {
        let text = derived(parse_quote!(#[settings(crate = renamed::path)]));
        assert!(text.contains("renamed :: path"), "{text}");
        assert!(!text.contains("kvs"), "{text}");
        // Nor where there are mistakes.
        let text = derived(parse_quote!(#[settings(crate = renamed::path, wrong)]));
        assert!(text.contains("compile_error"), "{text}");
        assert!(!text.contains("kvs"), "{text}");
    }
}
