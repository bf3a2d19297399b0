//! The key hash: the 65599 polynomial of Pigweed's `pw_kvs`, fed piece by piece.
//!
//! Pure arithmetic. Knows nothing of flash, entries or settings.

pub(crate) const COEFFICIENT: u32 = 65599;

/// Hashes a key's bytes, in pieces of any size.
///
/// ```
/// use kvs::KeyHasher;
/// const KEY: u32 = KeyHasher::new().text("wifi").text(".ssid").finish();
/// assert_eq!(KEY, kvs::key_hash("wifi.ssid"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct KeyHasher {
    hash: u32,
    coefficient: u32,
}

impl KeyHasher {
    /// The hash of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            hash: 0,
            coefficient: COEFFICIENT,
        }
    }

    /// Goes on with one byte.
    #[must_use]
    pub const fn byte(self, byte: u8) -> Self {
        Self {
            hash: self
                .hash
                .wrapping_add(self.coefficient.wrapping_mul(byte as u32)),
            coefficient: self.coefficient.wrapping_mul(COEFFICIENT),
        }
    }

    /// Goes on with the bytes of `text`.
    #[must_use]
    pub const fn text(mut self, text: &str) -> Self {
        let mut bytes = text.as_bytes();
        while let [first, rest @ ..] = bytes {
            self = self.byte(*first);
            bytes = rest;
        }
        self
    }

    /// Goes on with `number` in decimal digits.
    #[must_use]
    pub const fn number(self, number: usize) -> Self {
        let before = if number >= 10 {
            self.number(number / 10)
        } else {
            self
        };
        // A digit: no overflow.
        before.byte(b'0'.wrapping_add((number % 10) as u8))
    }

    /// The hash of all bytes so far.
    #[must_use]
    pub const fn finish(self) -> u32 {
        self.hash
    }
}

impl Default for KeyHasher {
    fn default() -> Self {
        Self::new()
    }
}

/// The hash that stands for `key` in flash and in RAM: the sum of byte *i* times 65599^(*i* + 1), modulo 2^32.
///
/// ```
/// assert_eq!(kvs::key_hash("a"), 97 * 65599);
/// ```
#[must_use]
pub const fn key_hash(key: &str) -> u32 {
    KeyHasher::new().text(key).finish()
}
