//! Typed keys: what `Thermostat::KEYS.wifi.ssid` is.

use core::fmt;

use super::report::Rejection;
use super::tree::{Path, Tree};

/// The key of one setting, with its type, default and rules. A constant; made by the derive.
pub struct Key<T: 'static> {
    hash: u32,
    path: Path,
    spec: &'static Spec<T>,
}

/// What the struct says of a setting, as functions: the generated code's side of a [`Key`].
pub struct Spec<T: 'static> {
    /// Makes the default value.
    pub default: fn() -> T,
    /// Checks `range` and `validate`.
    pub check: fn(&T) -> Result<(), Rejection>,
}

impl<T> Key<T> {
    /// For generated code: the key of setting number `leaf` of `tree`.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(
        tree: &'static Tree,
        hashes: &'static [u32],
        leaf: usize,
        spec: &'static Spec<T>,
    ) -> Self {
        let hash = match hashes.split_at_checked(leaf) {
            Some((_, [hash, ..])) => *hash,
            _ => 0,
        };
        Self {
            hash,
            path: Path::new(tree, leaf),
            spec,
        }
    }

    /// The hash that stands for the key in flash: of `path:shape`, for instance `wifi.channel:u8`.
    #[must_use]
    pub const fn hash(&self) -> u32 {
        self.hash
    }

    /// The setting's path.
    #[must_use]
    pub const fn path(&self) -> Path {
        self.path
    }

    /// The setting's default value.
    #[must_use]
    pub fn default_value(&self) -> T {
        (self.spec.default)()
    }

    /// Checks `value` against the setting's `range` and `validate`.
    pub fn check(&self, value: &T) -> Result<(), Rejection> {
        (self.spec.check)(value)
    }
}

// Not derived: a key is `Copy` whatever its `T` is.
impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, {:#010x})", self.path, self.hash)
    }
}

/// A settings struct, or a `nested` one within it: what a factory reset resets. From `KEYS.group()`.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    pub(crate) tree: &'static Tree,
    pub(crate) hashes: &'static [u32],
    pub(crate) first: u16,
    pub(crate) count: u16,
}

impl Group {
    /// For generated code: the `count` settings from number `first` of `tree` on.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(
        tree: &'static Tree,
        hashes: &'static [u32],
        first: usize,
        count: usize,
    ) -> Self {
        assert!(
            first <= u16::MAX as usize && count <= u16::MAX as usize,
            "settings: more than 65535 settings"
        );
        Self {
            tree,
            hashes,
            first: first as u16,
            count: count as u16,
        }
    }
}
