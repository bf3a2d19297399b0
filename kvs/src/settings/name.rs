//! Versioned names: the text that a typed key is the hash of, `wifi.channel:u8` or
//! `wifi.channel:u8@2`.
//!
//! While compiling, names are hashed and compared, and their texts are written for messages only;
//! a firmware holds the hashes only.

// While compiling, a function call takes as long as hundreds of steps: so there are few here, not
// even of checked arithmetic.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "products fit the wider type, and sums are of lengths of texts in memory"
)]

use core::fmt;

use super::schema::Schema;
use super::walk::Walk;
use crate::hash::COEFFICIENT;

/// The hash of a text, in 64 bits: the lower half is the key that it is
/// ([`key_hash`](crate::key_hash)), and all of it tells which texts are the same. Those of two texts
/// make that of both in a row: so a name is not hashed byte by byte while compiling, since the
/// derive has hashed its parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextHash {
    /// A polynomial of the bytes.
    pub(super) hash: u64,
    /// 65599 to the power of the length.
    pub(super) power: u64,
    /// In bytes.
    pub(super) len: usize,
}

impl TextHash {
    pub(crate) const EMPTY: Self = Self {
        hash: 0,
        power: 1,
        len: 0,
    };

    /// The hash of `text`, where the derive has hashed it.
    pub(crate) const fn known(text: &str, [hash, power]: [u64; 2]) -> Self {
        Self {
            hash,
            power,
            len: text.len(),
        }
    }

    /// The hash of `text`.
    pub(crate) const fn of(text: &str) -> Self {
        let mut hash = Self::EMPTY;
        let mut bytes = text.as_bytes();
        while let [byte, rest @ ..] = bytes {
            hash.power = (hash.power as u128 * COEFFICIENT as u128) as u64;
            hash.hash = (hash.hash as u128 + hash.power as u128 * *byte as u128) as u64;
            hash.len += 1;
            bytes = rest;
        }
        hash
    }

    /// The hash of this text with `next` behind it.
    pub(crate) const fn then(&self, next: &Self) -> Self {
        Self {
            hash: (self.power as u128 * next.hash as u128 + self.hash as u128) as u64,
            power: (self.power as u128 * next.power as u128) as u64,
            len: self.len + next.len,
        }
    }

    /// Whether both are of the same text.
    pub(crate) const fn is(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

/// Writes names: hashes them, and keeps what of their text falls into a window.
pub(crate) struct NameWriter<'a> {
    /// Of the name that is being written.
    pub(crate) hash: TextHash,
    /// Where there is a window, the length of all names so far.
    pub(crate) len: usize,
    /// Of all names, one after the other, the bytes from number `skip` on.
    window: &'a mut [u8],
    skip: usize,
    pub(crate) has_window: bool,
}

impl<'a> NameWriter<'a> {
    pub(crate) const fn new(window: &'a mut [u8], skip: usize) -> Self {
        Self {
            hash: TextHash::EMPTY,
            len: 0,
            has_window: !window.is_empty(),
            window,
            skip,
        }
    }

    /// Writes what of the name of a schema's key falls into a window, and returns the length of all
    /// of it.
    pub(crate) const fn window_of(
        (schema, index): (&Schema, usize),
        window: &'a mut [u8],
        skip: usize,
    ) -> usize {
        let mut name = Self::new(window, skip);
        Walk::one(schema, index, &mut name);
        name.len
    }

    /// Goes on with a text that has been hashed already.
    pub(crate) const fn copy(&mut self, text: &str) {
        let at = self.len;
        self.len += text.len();
        if self.len <= self.skip {
            return;
        }
        let (mut bytes, at) = match at.checked_sub(self.skip) {
            Some(at) => (text.as_bytes(), at),
            None => (text.as_bytes().split_at(self.skip - at).1, 0),
        };
        let Some((_, mut free)) = self.window.split_at_mut_checked(at) else {
            return;
        };
        while let ([byte, rest @ ..], [slot, others @ ..]) = (bytes, free) {
            *slot = *byte;
            (bytes, free) = (rest, others);
        }
    }

    /// Goes on with `text`.
    pub(crate) const fn push(&mut self, text: &str) {
        self.push_hash(&TextHash::of(text));
        if self.has_window {
            self.copy(text);
        }
    }

    /// Goes on with a text of which this is the hash. Not where there is a window.
    pub(crate) const fn push_hash(&mut self, hash: &TextHash) {
        self.hash = self.hash.then(hash);
    }

    /// Goes on with `number` in decimal digits.
    pub(crate) const fn number(&mut self, number: usize) {
        if number >= 10 {
            self.number(number / 10);
        }
        self.push(digit(number));
    }

    /// The same, of a number that has been hashed already.
    pub(crate) const fn copy_number(&mut self, number: usize) {
        if number >= 10 {
            self.copy_number(number / 10);
        }
        self.copy(digit(number));
    }
}

/// The last decimal digit.
const fn digit(number: usize) -> &'static str {
    let (_, from) = "0123456789".split_at(number % 10);
    from.split_at(1).0
}

/// The name of one of the keys of a settings struct. It is written by [`Display`](fmt::Display),
/// which walks through the struct's schema for each 64 bytes: for logs and for the host.
#[derive(Clone, Copy)]
pub struct KeyName<'a> {
    schema: &'a Schema,
    index: usize,
    hash: u32,
}

impl<'a> KeyName<'a> {
    pub(crate) const fn new(schema: &'a Schema, index: usize, hash: u32) -> Self {
        Self {
            schema,
            index,
            hash,
        }
    }

    /// The key: the hash that stands for the name in flash.
    #[must_use]
    pub const fn hash(&self) -> u32 {
        self.hash
    }
}

impl fmt::Display for KeyName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut skip = 0usize;
        loop {
            let mut window = [0; 64];
            let len = NameWriter::window_of((self.schema, self.index), &mut window, skip);
            let rest = len.saturating_sub(skip);
            let text = window.get(..rest).unwrap_or(&window);
            // The next window begins with what is cut off.
            let text = whole_characters(text);
            f.write_str(text)?;
            if text.len() >= rest || text.is_empty() {
                return Ok(());
            }
            skip = skip.saturating_add(text.len());
        }
    }
}

impl fmt::Debug for KeyName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text up to a character that is cut at its end.
const fn whole_characters(bytes: &[u8]) -> &str {
    match core::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => match core::str::from_utf8(bytes.split_at(error.valid_up_to()).0) {
            Ok(text) => text,
            Err(_) => "",
        },
    }
}

/// The text of an error while compiling: what does not fit is cut off.
pub struct Message {
    text: [u8; Self::CAPACITY],
    len: usize,
}

impl Message {
    const CAPACITY: usize = 1024;

    /// These texts, one behind the other.
    pub(crate) const fn of(parts: &[Part<'_>]) -> Self {
        Self::behind("", parts)
    }

    const fn behind(first: &str, parts: &[Part<'_>]) -> Self {
        let mut text = [0; Self::CAPACITY];
        let mut writer = NameWriter::new(&mut text, 0);
        writer.copy(first);
        let mut parts = parts;
        while let [part, rest @ ..] = parts {
            match part {
                Part::Text(text) => writer.copy(text),
                Part::Number(number) => writer.copy_number(*number),
                Part::Name(schema, index) => Walk::one(schema, *index, &mut writer),
            }
            parts = rest;
        }
        let len = writer.len;
        Self { text, len }
    }

    /// The text.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        let text = match self.text.split_at_checked(self.len) {
            Some((text, _)) => text,
            None => &self.text,
        };
        whole_characters(text)
    }

    /// Fails the build with these texts.
    #[allow(clippy::panic, reason = "runs while compiling: this is the error")]
    pub(crate) const fn fail(parts: &[Part<'_>]) -> ! {
        let message = Self::behind("settings: ", parts);
        panic!("{}", message.as_str())
    }
}

/// A part of a [`Message`].
#[derive(Clone, Copy)]
pub(crate) enum Part<'a> {
    Text(&'a str),
    Number(usize),
    /// The name of this key of the struct.
    Name(&'a Schema, usize),
}
