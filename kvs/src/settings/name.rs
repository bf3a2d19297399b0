//! Versioned names: the text that a typed key is the hash of, `wifi.channel:u8` or `wifi.channel:u8@2`.
//!
//! Written while compiling, and on the host for the lock file; a firmware holds the hashes only.

use crate::hash::KeyHasher;

/// The text of a versioned name, and two hashes of it: the key, and one that tells which names are the same.
#[derive(Clone, Copy)]
pub struct KeyName {
    hash: KeyHasher,
    /// FNV-1a, 64 bits: two names with the same key and another identity are a collision.
    identity: u64,
    text: [u8; Self::CAPACITY],
    len: usize,
}

impl KeyName {
    /// The longest text that is kept; the hashes are of all of it.
    const CAPACITY: usize = 512;

    pub(crate) const EMPTY: Self = Self {
        hash: KeyHasher::new(),
        identity: 0xCBF2_9CE4_8422_2325,
        text: [0; Self::CAPACITY],
        len: 0,
    };

    pub(crate) const fn byte(&mut self, byte: u8) {
        self.hash = self.hash.byte(byte);
        self.identity = (self.identity ^ byte as u64).wrapping_mul(0x0100_0000_01B3);
        let (_, tail) = self.text.split_at_mut(self.len);
        if let [slot, ..] = tail {
            *slot = byte;
            self.len = self.len.saturating_add(1);
        }
    }

    pub(crate) const fn push(&mut self, text: &str) {
        let mut bytes = text.as_bytes();
        while let [first, rest @ ..] = bytes {
            self.byte(*first);
            bytes = rest;
        }
    }

    pub(crate) const fn number(&mut self, number: usize) {
        if number >= 10 {
            self.number(number / 10);
        }
        // A digit: no overflow.
        self.byte(b'0'.wrapping_add((number % 10) as u8));
    }

    /// The key: the hash that stands for the name in flash.
    #[must_use]
    pub const fn hash(&self) -> u32 {
        self.hash.finish()
    }

    /// The name, up to its first 512 bytes.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        match core::str::from_utf8(self.text.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "a name that is cut off",
        }
    }

    /// Whether both are the same text.
    #[must_use]
    pub const fn is(&self, other: &Self) -> bool {
        self.identity == other.identity && self.hash.finish() == other.hash.finish()
    }

    /// Fails the build with this text as the message.
    #[allow(clippy::panic, reason = "runs while compiling: this is the error")]
    pub(crate) const fn fail(&self) -> ! {
        panic!("{}", self.as_str())
    }
}

impl core::fmt::Debug for KeyName {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}
