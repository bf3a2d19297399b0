//! The compile-time check that no two settings of a tree share a key hash.
//!
//! Runs in const evaluation only; its message names both settings.

use super::tree::{Field, Node, Tree};

/// # Panics
///
/// Where two of `hashes` are equal, with both paths in the message.
pub(crate) const fn check(tree: &Tree, hashes: &[u32]) {
    let mut first = 0usize;
    let mut left = hashes;
    while let [hash, rest @ ..] = left {
        let mut second = first.saturating_add(1);
        let mut others = rest;
        while let [other, tail @ ..] = others {
            if *hash == *other {
                let mut message = Message::new();
                message.text("settings: the keys of `");
                message.path(tree, first);
                message.text("` and `");
                message.path(tree, second);
                message.text("` have the same hash; set `rename` on one of them");
                message.fail();
            }
            second = second.saturating_add(1);
            others = tail;
        }
        first = first.saturating_add(1);
        left = rest;
    }
}

/// A text built while compiling.
struct Message {
    bytes: [u8; 512],
    len: usize,
}

impl Message {
    const fn new() -> Self {
        Self {
            bytes: [0; 512],
            len: 0,
        }
    }

    const fn byte(&mut self, byte: u8) {
        let (_, tail) = self.bytes.split_at_mut(self.len);
        if let [slot, ..] = tail {
            *slot = byte;
            self.len = self.len.saturating_add(1);
        }
    }

    const fn text(&mut self, text: &str) {
        let mut bytes = text.as_bytes();
        while let [first, rest @ ..] = bytes {
            self.byte(*first);
            bytes = rest;
        }
    }

    const fn number(&mut self, number: usize) {
        if number >= 10 {
            self.number(number / 10);
        }
        self.byte(b'0'.wrapping_add((number % 10) as u8));
    }

    /// The path of setting number `leaf`, as [`Path`](super::Path) prints it.
    const fn path(&mut self, tree: &Tree, leaf: usize) {
        if !tree.prefix.is_empty() {
            self.text(tree.prefix);
            self.byte(b'.');
        }
        self.below(tree.fields, leaf);
    }

    const fn below(&mut self, fields: &[Field], leaf: usize) {
        let Some((number, below)) = super::tree::locate(fields, leaf) else {
            return;
        };
        if let [field, ..] = fields.split_at(number).1 {
            self.text(field.name);
            match field.node {
                Node::Leaf(_) => {}
                Node::Group(inner) => {
                    self.byte(b'.');
                    self.below(inner, below);
                }
                Node::Array(inner, _) => {
                    let (index, below) = super::tree::split(inner, below);
                    self.byte(b'.');
                    self.number(index);
                    self.byte(b'.');
                    self.below(inner, below);
                }
            }
        }
    }

    #[allow(clippy::panic, reason = "runs while compiling: this is the error")]
    const fn fail(&self) -> ! {
        panic!("{}", self.as_str())
    }

    const fn as_str(&self) -> &str {
        match core::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "settings: two keys have the same hash",
        }
    }
}
