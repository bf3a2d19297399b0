//! What the derive says to each mistake: a file in `tests/ui` for each, with the compiler's words beside it.
//!
//! `TRYBUILD=overwrite cargo test -p kvs-tests --test ui` writes the words anew. They are those of Rust 1.95.

#[test]
fn mistakes() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}
