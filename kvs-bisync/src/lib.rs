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

/// Leaves async code as it is, but for the code in its docs: the examples are written for the blocking API.
#[proc_macro_attribute]
pub fn asynch(_: TokenStream, item: TokenStream) -> TokenStream {
    without_examples(item)
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

/// Leaves out the `#[doc]` lines from one code fence to the next.
fn without_examples(tokens: TokenStream) -> TokenStream {
    let mut out = Vec::new();
    let mut in_example = false;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let doc = match (&token, tokens.peek()) {
            (TokenTree::Punct(hash), Some(TokenTree::Group(attribute)))
                if hash.as_char() == '#' =>
            {
                Some(attribute.stream().to_string()).filter(|text| text.starts_with("doc"))
            }
            _ => None,
        };
        let Some(doc) = doc else {
            out.push(within(token, without_examples));
            continue;
        };
        let is_fence = doc.contains("```");
        let attribute = tokens.next();
        if !is_fence && !in_example {
            out.push(token);
            out.extend(attribute);
        }
        in_example ^= is_fence;
    }
    out.into_iter().collect()
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
