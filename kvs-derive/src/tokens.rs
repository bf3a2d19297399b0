//! Attribute values, which are kept as tokens: syn without its `full` feature parses no ranges and no closures.

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::ToTokens;

/// The first and the last span of some tokens: what a message about them points at.
pub(crate) fn ends(tokens: impl ToTokens) -> (Span, Span) {
    let mut spans = tokens.into_token_stream().into_iter();
    let first = spans.next();
    let last = spans.last().or_else(|| first.clone());
    let span = |token: Option<TokenTree>| token.map_or_else(Span::call_site, |t| t.span());
    (span(first), span(last))
}

/// Where errors in generated code point, without lints taking the code for the user's.
pub(crate) fn located(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// The tokens, for errors in generated code that point at `span` as a whole.
pub(crate) fn all_at(span: Span, tokens: TokenStream) -> TokenStream {
    let at = |mut token: TokenTree| {
        // What `$crate` stands for is known by its span.
        let is_macros = matches!(&token, TokenTree::Ident(word) if word == "$crate");
        token.set_span(match is_macros {
            true => token.span().located_at(span),
            false => span,
        });
        token
    };
    tokens.into_iter().map(at).collect()
}

/// Spells `Self` out, for use where `Self` is another type.
pub(crate) fn without_self(tokens: TokenStream, name: &Ident) -> TokenStream {
    let spelt = |token| match token {
        TokenTree::Ident(ident) if ident == "Self" => {
            TokenTree::Ident(Ident::new(&name.to_string(), ident.span()))
        }
        TokenTree::Group(group) => regrouped(
            &group,
            group.delimiter(),
            without_self(group.stream(), name),
        ),
        other => other,
    };
    tokens.into_iter().map(spelt).collect()
}

/// An expression with parentheses in place of the invisible groups that `macro_rules` put around
/// expressions they pass on: the compiler does not see such groups in the code of a derive, so that
/// `$e * 2` would be `1 + 2 * 2`.
pub(crate) fn with_parentheses(tokens: TokenStream) -> TokenStream {
    let tokens = bare(&tokens).into_iter().map(|token| match token {
        TokenTree::Group(group) => {
            let inner = with_parentheses(group.stream());
            let is_one = inner.clone().into_iter().nth(1).is_none();
            let delimiter = match group.delimiter() {
                Delimiter::None if !is_one => Delimiter::Parenthesis,
                other => other,
            };
            regrouped(&group, delimiter, inner)
        }
        other => other,
    });
    tokens.collect()
}

/// The same for the expressions in a type: lengths of arrays, and what stands in braces.
pub(crate) fn with_parentheses_in(ty: TokenStream) -> TokenStream {
    let mut is_expression = false;
    let tokens = ty.into_iter().map(|token| match token {
        TokenTree::Group(group) if is_expression || group.delimiter() == Delimiter::Brace => {
            let mut inner = with_parentheses(TokenTree::Group(group.clone()).into());
            if group.delimiter() == Delimiter::None && inner.clone().into_iter().nth(1).is_some() {
                inner = regrouped(&group, Delimiter::Parenthesis, inner).into();
            }
            inner
        }
        TokenTree::Group(group) => {
            let inner = with_parentheses_in(group.stream());
            regrouped(&group, group.delimiter(), inner).into()
        }
        other => {
            is_expression |= matches!(&other, TokenTree::Punct(punct) if punct.as_char() == ';');
            other.into()
        }
    });
    tokens.collect()
}

fn regrouped(group: &Group, delimiter: Delimiter, inner: TokenStream) -> TokenTree {
    let mut new = Group::new(delimiter, inner);
    new.set_span(group.span());
    TokenTree::Group(new)
}

/// The tokens as text, as short as it gets: `1..=13`.
pub(crate) fn compact(tokens: &TokenStream) -> String {
    let mut out = String::new();
    for token in tokens.clone() {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                out.push_str(open);
                out.push_str(&compact(&group.stream()));
                out.push_str(close);
            }
            TokenTree::Punct(punct) => out.push(punct.as_char()),
            word => {
                // `x as u8`
                if out.ends_with(|last: char| last.is_alphanumeric() || last == '_') {
                    out.push(' ');
                }
                out.push_str(&word.to_string());
            }
        }
    }
    out
}

/// A range as written: its bounds, either of which may be empty.
pub(crate) struct Range {
    pub(crate) low: TokenStream,
    pub(crate) dots: TokenStream,
    pub(crate) high: TokenStream,
    pub(crate) inclusive: bool,
}

impl Range {
    /// Takes `low..high` or `low..=high` apart. `None` for an expression that only makes a range.
    pub(crate) fn parse(tokens: &TokenStream) -> Option<Self> {
        let tokens: Vec<TokenTree> = bare(tokens).into_iter().collect();
        let is = |at: usize, wanted: char| match tokens.get(at) {
            Some(TokenTree::Punct(punct)) => punct.as_char() == wanted,
            _ => false,
        };
        let joint = |at: usize| match tokens.get(at) {
            Some(TokenTree::Punct(punct)) => Punct::spacing(punct) == Spacing::Joint,
            _ => false,
        };
        let dots = (0..tokens.len()).find(|at| is(*at, '.') && joint(*at) && is(at + 1, '.'))?;
        let inclusive = joint(dots + 1) && is(dots + 2, '=');
        let behind = dots + if inclusive { 3 } else { 2 };
        let part = |range: std::ops::Range<usize>| {
            let part = tokens.get(range).unwrap_or_default();
            part.iter().cloned().collect::<TokenStream>()
        };
        Some(Self {
            low: part(0..dots),
            dots: part(dots..behind),
            high: part(behind..tokens.len()),
            inclusive,
        })
    }
}

/// Whether an expression of a primitive type can stand in a constant: literals, paths and operators, no calls.
pub(crate) fn is_constant(tokens: &TokenStream) -> bool {
    let mut before = None;
    for token in bare(tokens) {
        let fine = match &token {
            TokenTree::Group(group) => {
                let call = matches!(&before, Some(TokenTree::Ident(_) | TokenTree::Group(_)))
                    || matches!(&before, Some(TokenTree::Punct(punct)) if matches!(punct.as_char(), '!' | '>' | '|'));
                match group.delimiter() {
                    Delimiter::Parenthesis => !call && is_constant(&group.stream()),
                    Delimiter::None => is_constant(&group.stream()),
                    _ => false,
                }
            }
            TokenTree::Punct(punct) => !matches!(punct.as_char(), ';' | '?' | '&' | '#'),
            TokenTree::Ident(_) | TokenTree::Literal(_) => true,
        };
        if !fine {
            return false;
        }
        before = Some(token);
    }
    before.is_some()
}

/// Whether an expression is a closure: `|x| ..` or `move |x| ..`.
pub(crate) fn is_closure(tokens: &TokenStream) -> bool {
    match bare(tokens).into_iter().next() {
        Some(TokenTree::Punct(punct)) => punct.as_char() == '|',
        Some(TokenTree::Ident(word)) => word == "move",
        _ => false,
    }
}

/// Whether an expression is a literal, or one with a `-`.
pub(crate) fn is_literal(tokens: &TokenStream) -> bool {
    let mut tokens = bare(tokens).into_iter().peekable();
    tokens.next_if(|token| matches!(token, TokenTree::Punct(minus) if minus.as_char() == '-'));
    let is_literal = match tokens.next() {
        Some(TokenTree::Literal(_)) => true,
        Some(TokenTree::Ident(word)) => word == "true" || word == "false",
        _ => false,
    };
    is_literal && tokens.next().is_none()
}

/// Without the invisible group that `macro_rules` put around an expression they pass on.
pub(crate) fn bare(tokens: &TokenStream) -> TokenStream {
    let mut all = tokens.clone().into_iter();
    match (all.next(), all.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::None => {
            bare(&group.stream())
        }
        _ => tokens.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Range, compact, is_constant};
    use proc_macro2::TokenStream;

    fn tokens(text: &str) -> TokenStream {
        text.parse().unwrap_or_default()
    }

    #[test]
    fn ranges_come_apart() {
        for (text, low, high, inclusive) in [
            ("1..=13", "1", "13", true),
            ("-5 .. LIMIT", "-5", "LIMIT", false),
            ("..=u16::MAX", "", "u16::MAX", true),
            ("0.5 ..", "0.5", "", false),
        ] {
            let range = Range::parse(&tokens(text));
            let range = range.map(|r| (compact(&r.low), compact(&r.high), r.inclusive));
            assert_eq!(range, Some((low.to_owned(), high.to_owned(), inclusive)));
        }
        assert!(Range::parse(&tokens("LIMITS")).is_none());
        assert!(Range::parse(&tokens("limits(1..5)")).is_none());
    }

    #[test]
    fn text_is_short() {
        assert_eq!(
            compact(&tokens("( A as u8 ) ..= f ( 1 , 2 )")),
            "(A as u8)..=f(1,2)"
        );
    }

    #[test]
    fn constants() {
        for text in [
            "1",
            "-1.5",
            "'x'",
            "u16::MAX",
            "60 * 60",
            "(1 + LIMIT) * 2",
            "A as u8",
        ] {
            assert!(is_constant(&tokens(text)), "{text}");
        }
        for text in [
            "",
            "f()",
            "f(1)",
            "x!(1)",
            "{ 1 }",
            "&X",
            "a?",
            "f::<u8>(1)",
            "a.b()",
        ] {
            assert!(!is_constant(&tokens(text)), "{text}");
        }
    }
}
