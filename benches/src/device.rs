//! The settings as a firmware declares them: the struct that the typed contenders store.
//!
//! [`Device`] has the 32 settings of most presets, a key for each element; [`Plant`] the 64 of the industrial profile.

use heapless::Vec;
use kvs::Settings;
use serde::{Deserialize, Serialize};

/// A struct that can be made of plain values and taken apart into them. None of it is inlined, so that it is not taken
/// for a store's own work.
pub trait Struct: Settings + Serialize + for<'de> Deserialize<'de> {
    /// From as many values as it has settings, in order.
    fn from_values(values: &[std::vec::Vec<u8>]) -> Self;
    /// Their values again.
    fn values(&self) -> std::vec::Vec<std::vec::Vec<u8>>;
    /// One of them.
    #[inline(never)]
    fn value(&self, key: usize) -> Option<std::vec::Vec<u8>> {
        let mut values = self.values();
        (key < values.len()).then(|| values.swap_remove(key))
    }
}

/// A setting of its own in an array of them.
#[derive(Clone, Copy, Settings, Serialize, Deserialize)]
pub struct Word {
    #[setting(default = 0)]
    value: u32,
}
/// As [`Word`].
#[derive(Clone, Copy, Settings, Serialize, Deserialize)]
pub struct Half {
    #[setting(default = 0)]
    value: u16,
}
/// As [`Word`].
#[derive(Clone, Copy, Settings, Serialize, Deserialize)]
pub struct Level {
    #[setting(default = 0)]
    value: u8,
}
/// As [`Word`].
#[derive(Clone, Copy, Settings, Serialize, Deserialize)]
pub struct Flag {
    #[setting(default = false)]
    value: bool,
}
/// As [`Word`]: an address, a serial number.
#[derive(Clone, Copy, Settings, Serialize, Deserialize)]
pub struct Address {
    #[setting(default = [0; 8])]
    value: [u8; 8],
}
/// As [`Word`]: a token, a short name.
#[derive(Clone, Copy, Settings, Serialize, Deserialize)]
pub struct Token {
    #[setting(default = [0; 16])]
    value: [u8; 16],
}
/// As [`Word`]: a secret, a name.
#[derive(Clone, Copy, Settings, Serialize, Deserialize)]
pub struct Secret {
    #[setting(default = [0; 32])]
    value: [u8; 32],
}

/// 32 settings of 1 to 32 bytes. The first is the counter that is saved most.
#[derive(Settings, Serialize, Deserialize)]
pub struct Device {
    #[setting(nested)]
    words: [Word; 8],
    #[setting(nested)]
    halves: [Half; 6],
    #[setting(nested)]
    levels: [Level; 4],
    #[setting(nested)]
    flags: [Flag; 4],
    #[setting(nested)]
    addresses: [Address; 4],
    #[setting(nested)]
    tokens: [Token; 3],
    #[setting(nested)]
    secrets: [Secret; 3],
}

impl Device {
    /// The bytes of each setting's value, in order.
    pub const SIZES: [(usize, usize); 7] =
        [(8, 4), (6, 2), (4, 1), (4, 1), (4, 8), (3, 16), (3, 32)];
    /// Which of them are flags, and so 0 or 1.
    pub const FLAGS: core::ops::Range<usize> = 18..22;
}

fn bytes<const N: usize>(value: &[u8]) -> [u8; N] {
    value.try_into().unwrap_or([0; N])
}

impl Struct for Device {
    #[inline(never)]
    fn from_values(values: &[std::vec::Vec<u8>]) -> Self {
        let of = |first: usize, index: usize| values[first + index].as_slice();
        Self {
            words: core::array::from_fn(|i| Word {
                value: u32::from_le_bytes(bytes(of(0, i))),
            }),
            halves: core::array::from_fn(|i| Half {
                value: u16::from_le_bytes(bytes(of(8, i))),
            }),
            levels: core::array::from_fn(|i| Level {
                value: of(14, i)[0],
            }),
            flags: core::array::from_fn(|i| Flag {
                value: of(18, i)[0] != 0,
            }),
            addresses: core::array::from_fn(|i| Address {
                value: bytes(of(22, i)),
            }),
            tokens: core::array::from_fn(|i| Token {
                value: bytes(of(26, i)),
            }),
            secrets: core::array::from_fn(|i| Secret {
                value: bytes(of(29, i)),
            }),
        }
    }

    #[inline(never)]
    fn values(&self) -> std::vec::Vec<std::vec::Vec<u8>> {
        let words = self
            .words
            .iter()
            .map(|word| word.value.to_le_bytes().to_vec());
        let halves = self
            .halves
            .iter()
            .map(|half| half.value.to_le_bytes().to_vec());
        let levels = self.levels.iter().map(|level| vec![level.value]);
        let flags = self.flags.iter().map(|flag| vec![u8::from(flag.value)]);
        let addresses = self.addresses.iter().map(|address| address.value.to_vec());
        let tokens = self.tokens.iter().map(|token| token.value.to_vec());
        let secrets = self.secrets.iter().map(|secret| secret.value.to_vec());
        let small = words.chain(halves).chain(levels).chain(flags);
        small
            .chain(addresses)
            .chain(tokens)
            .chain(secrets)
            .collect()
    }
}

/// As [`Word`], of any size.
#[derive(Clone, Settings, Serialize, Deserialize)]
pub struct Block {
    #[setting(default = Vec::new())]
    value: Vec<u8, 128>,
}

/// 64 settings of 16 to 128 bytes.
#[derive(Settings, Serialize, Deserialize)]
pub struct Plant {
    #[setting(nested)]
    a: [Block; 32],
    #[setting(nested)]
    b: [Block; 32],
}

impl Struct for Plant {
    #[inline(never)]
    fn from_values(values: &[std::vec::Vec<u8>]) -> Self {
        let block = |index: usize| Block {
            value: Vec::from_slice(&values[index]).unwrap_or_default(),
        };
        Self {
            a: core::array::from_fn(block),
            b: core::array::from_fn(|index| block(32 + index)),
        }
    }

    #[inline(never)]
    fn values(&self) -> std::vec::Vec<std::vec::Vec<u8>> {
        let all = self.a.iter().chain(&self.b);
        all.map(|block| block.value.to_vec()).collect()
    }
}
