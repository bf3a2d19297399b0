//! How the settings of a struct are numbered, and how many there are.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};

use crate::ast::{Field, Kind, Struct};

/// The number of the first setting of each field, in declaration order: literals up to the first
/// nested field, and constants behind it.
pub(crate) struct Numbers<'a> {
    model: &'a Struct,
    /// How many settings stand before the first nested field.
    literal: usize,
}

impl<'a> Numbers<'a> {
    pub(crate) fn new(model: &'a Struct) -> Self {
        let is_leaf = |field: &&Field| matches!(field.kind(), Kind::Leaf);
        let literal = model.stored().take_while(is_leaf).count();
        Self { model, literal }
    }

    /// The number of a field's first setting: a pattern, and an expression.
    pub(crate) fn of(&self, field: &Field) -> TokenStream {
        match field.position {
            position if position <= self.literal => literal(position),
            _ => field.names.at.to_token_stream(),
        }
    }

    /// The constants: of fields, and `__COUNT` and `__KEY_COUNT`, how many settings there are, and
    /// how many keys, current and old. The compiler takes a while to count a large schema.
    pub(crate) fn items(&self) -> TokenStream {
        let mut next = literal(0);
        let mut keys = self.own_keys();
        let mut items = TokenStream::new();
        for field in self.model.stored() {
            let number = self.of(field);
            let (at, ops) = (&field.names.at, &field.names.ops);
            if field.position > self.literal {
                items.extend(quote!(const #at: ::core::primitive::usize = #next;));
            }
            let names = literal(1 + field.attrs.aliases.len());
            next = match field.kind() {
                Kind::Leaf | Kind::Skipped if field.position < self.literal => {
                    literal(field.position + 1)
                }
                Kind::Leaf | Kind::Skipped => quote!(#number + 1),
                Kind::Group => {
                    keys.extend(quote!(+ #names * #ops.keys()));
                    quote!(#number + #ops.count())
                }
                Kind::Array(_, len) => {
                    keys.extend(quote!(+ #names * #ops.keys() * (#len)));
                    quote!(#number + #ops.count() * (#len))
                }
            };
        }
        quote! {
            #items
            const __COUNT: ::core::primitive::usize = #next;
            const __KEY_COUNT: ::core::primitive::usize = #keys;
        }
    }

    /// How many keys the struct has without those of nested ones.
    fn own_keys(&self) -> TokenStream {
        let leaves = self
            .model
            .stored()
            .filter(|field| matches!(field.kind(), Kind::Leaf));
        let of_leaves = leaves.map(|field| {
            let rules = field.attrs.migrations.iter();
            let sources = rules.map(|rule| rule.types.len().max(1));
            1 + field.attrs.aliases.len() + sources.sum::<usize>()
        });
        let attrs = &self.model.attrs;
        let retired = attrs.retired.iter().filter(|old| old.ty.is_some());
        let sources = attrs.migrate.iter().flat_map(|takeover| &takeover.from);
        literal(of_leaves.sum::<usize>() + retired.count() + sources.count())
    }
}

fn literal(number: usize) -> TokenStream {
    Literal::usize_unsuffixed(number).into_token_stream()
}
