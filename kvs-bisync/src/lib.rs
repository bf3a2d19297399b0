//! The attribute that gives `kvs` a blocking and an async API from one source text. For that crate alone.
//!
//! The store is written once, as `async` code, and compiled twice: in one module `bisync` is [`blocking`], which takes
//! each `async` and `.await` away again, in the other it is [`asynch`], which leaves them. Tokens only, so that no parser
//! is built for it.

use proc_macro::{Group, TokenStream, TokenTree};

/// Makes plain blocking code of async code: without `async` and `.await`.
#[proc_macro_attribute]
pub fn blocking(_: TokenStream, item: TokenStream) -> TokenStream {
    strip(item)
}

/// Leaves async code as it is, but for what is meant for the blocking code alone: the examples in its docs, and `#[inline]`.
#[proc_macro_attribute]
pub fn asynch(_: TokenStream, item: TokenStream) -> TokenStream {
    for_async(item)
}

fn strip(tokens: TokenStream) -> TokenStream {
    let mut out = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(word) if word.to_string() == "async" => {}
            TokenTree::Punct(dot)
                if dot.as_char() == '.' && tokens.peek().is_some_and(is_await) =>
            {
                tokens.next();
            }
            other => out.push(within(other, strip)),
        }
    }
    out.into_iter().collect()
}

fn is_await(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Ident(word) if word.to_string() == "await")
}

/// Leaves out the `#[doc]` lines from one code fence to the next; and `#[inline]`, which would keep the making of a future out
/// of its caller, and so move it about, instead of its code.
fn for_async(tokens: TokenStream) -> TokenStream {
    let mut out = Vec::new();
    let mut in_example = false;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let Some(attribute) = attribute(&token, tokens.peek()) else {
            out.push(within(token, for_async));
            continue;
        };
        let is_doc = attribute.starts_with("doc");
        let is_fence = is_doc && attribute.contains("```");
        let body = tokens.next();
        let left_out = is_fence || is_doc && in_example || attribute.starts_with("inline");
        if !left_out {
            out.push(token);
            out.extend(body);
        }
        in_example ^= is_fence;
    }
    out.into_iter().collect()
}

/// What stands between the brackets of an attribute.
fn attribute(token: &TokenTree, next: Option<&TokenTree>) -> Option<String> {
    match (token, next) {
        (TokenTree::Punct(hash), Some(TokenTree::Group(body))) if hash.as_char() == '#' => {
            Some(body.stream().to_string())
        }
        _ => None,
    }
}

/// Does `what` to the tokens between brackets, of any kind.
fn within(token: TokenTree, what: fn(TokenStream) -> TokenStream) -> TokenTree {
    let TokenTree::Group(group) = token else {
        return token;
    };
    let mut inner = Group::new(group.delimiter(), what(group.stream()));
    inner.set_span(group.span());
    TokenTree::Group(inner)
}
