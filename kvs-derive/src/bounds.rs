//! `range` and `default` of a primitive type, compared while compiling.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};

use crate::ast::{Field, Struct, primitive};
use crate::tokens::{self, Range};

/// The bounds, and perhaps the default, as constants.
pub(crate) struct Bounds {
    range: Range,
    low: Option<Ident>,
    high: Option<Ident>,
    pub(crate) default: Option<Ident>,
    constants: TokenStream,
}

impl Bounds {
    /// `None` where the type or the expressions don't allow it; and where they are literals of whole
    /// numbers, and the default is seen to be within the bounds: that compiles sooner.
    pub(crate) fn new(model: &Struct, field: &Field) -> Option<Self> {
        let ty = &field.ty;
        let zero = zero(&primitive(ty)?);
        let range = Range::parse(field.attrs.range.as_ref()?)?;
        if is_within(&range, field.default().unwrap_or(&zero)) {
            return None;
        }
        let mut constants = TokenStream::new();
        let mut constant = |prefix: &str, value: &TokenStream| {
            let name = format_ident!("__{prefix}_{}", field.number);
            let value = tokens::without_self(value.clone(), &model.ident);
            // `(-5)..=5` was not superfluous as it was written.
            constants.extend(quote!(#[allow(unused_parens)] const #name: #ty = #value;));
            name
        };
        let known = |bound: &TokenStream| bound.is_empty() || tokens::is_constant(bound);
        if !known(&range.low) || !known(&range.high) {
            return None;
        }
        let low = (!range.low.is_empty()).then(|| constant("LOW", &range.low));
        let high = (!range.high.is_empty()).then(|| constant("HIGH", &range.high));
        let default = match field.default() {
            Some(given) => tokens::is_constant(given).then_some(given),
            None => Some(&zero),
        };
        let default = default.map(|default| constant("DEFAULT", default));
        Some(Self {
            range,
            low,
            high,
            default,
            constants,
        })
    }

    /// The range, of named constants.
    pub(crate) fn range(&self) -> TokenStream {
        let (low, high) = (&self.low, &self.high);
        let dots = &self.range.dots;
        quote!(#low #dots #high)
    }

    /// The constants, and the check that the default is within the bounds.
    pub(crate) fn items(&self, field: &Field) -> TokenStream {
        let constants = &self.constants;
        let (Some(default), Some(written)) = (&self.default, &field.attrs.range) else {
            return constants.clone();
        };
        let low = self.low.as_ref().map(|low| quote!(#low <= #default &&));
        let high = self.high.as_ref().map(|high| {
            if self.range.inclusive {
                quote!(#default <= #high &&)
            } else {
                quote!(#default < #high &&)
            }
        });
        let range = tokens::compact(written);
        let (at, message) = match field.default() {
            Some(given) => {
                let given_text = tokens::compact(given);
                (
                    given,
                    format!("default {given_text} is outside `range` {range}"),
                )
            }
            None => {
                let zero = primitive(&field.ty).map(|name| tokens::compact(&zero(&name)));
                let zero = zero.unwrap_or_default();
                let text = format!("default {zero} is outside `range` {range}; set `default = ..`");
                (written, text)
            }
        };
        let assertion = assertion(at, &quote!(#low #high true), &message.into_token_stream());
        quote!(#constants #assertion)
    }
}

/// Whether a default and the bounds are literals of whole numbers, and it is within them.
fn is_within(range: &Range, default: &TokenStream) -> bool {
    let bound = |tokens: &TokenStream, none| match tokens.is_empty() {
        true => Some(none),
        false => whole_number(tokens),
    };
    let (low, high) = (bound(&range.low, i128::MIN), bound(&range.high, i128::MAX));
    let (Some(low), Some(high), Some(default)) = (low, high, whole_number(default)) else {
        return false;
    };
    let is_below = match range.inclusive || range.high.is_empty() {
        true => default <= high,
        false => default < high,
    };
    low <= default && is_below
}

/// The value of a literal without a suffix, perhaps with a `-`.
fn whole_number(tokens: &TokenStream) -> Option<i128> {
    let tokens: Vec<_> = tokens::bare(tokens).into_iter().collect();
    let (sign, literal) = match tokens.as_slice() {
        [TokenTree::Punct(minus), literal] if minus.as_char() == '-' => (-1, literal),
        [literal] => (1, literal),
        _ => return None,
    };
    let literal: syn::LitInt = syn::parse2(literal.to_token_stream()).ok()?;
    let number: i128 = literal.base10_parse().ok()?;
    literal.suffix().is_empty().then(|| sign * number)
}

/// The `Default` of a primitive type.
fn zero(primitive: &str) -> TokenStream {
    match primitive {
        "f32" | "f64" => quote!(0.0),
        "char" => quote!('\0'),
        "bool" => quote!(false),
        _ => quote!(0),
    }
}

/// A check while compiling, which points at the tokens `at` when it fails.
pub(crate) fn assertion(
    at: impl ToTokens,
    condition: &TokenStream,
    message: &TokenStream,
) -> TokenStream {
    let (first, last) = tokens::ends(at);
    let arguments = quote!(#condition, "{}", #message);
    let mut arguments = Group::new(Delimiter::Parenthesis, arguments);
    arguments.set_span(tokens::located(last));
    let arguments = TokenTree::Group(arguments);
    let assert = quote_spanned!(tokens::located(first)=> ::core::assert!);
    quote!(const _: () = #assert #arguments;)
}
