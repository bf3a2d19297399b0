//! Typed keys: what `Thermostat::KEYS.wifi.ssid` is.

use core::fmt;

use serde::de::DeserializeOwned;

use super::report::Rejection;
use super::tree::{Path, Tree};
use super::value;

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
    /// Makes a value of old ones, by this one of the `migrate(..)` rules, from 1 on.
    pub migrate: fn(usize, &Sources<'_>) -> Result<T, Rejection>,
}

/// The bytes of the old values that a rule reads, `None` for those that are not stored.
pub type Sources<'a> = [Option<&'a [u8]>];

impl<T> Key<T> {
    /// For generated code: the key of setting number `leaf` of `tree`.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(tree: &'static Tree, leaf: usize, spec: &'static Spec<T>) -> Self {
        Self {
            hash: tree.hash(leaf),
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

    /// A value of the type from old ones, by one of the setting's rules; 0 is for a value of the same type.
    pub(crate) fn migrate(&self, rule: u8, sources: &Sources<'_>) -> Result<T, Rejection>
    where
        T: DeserializeOwned,
    {
        let value = match (rule, sources) {
            (0, [Some(bytes)]) => value::decode(bytes),
            _ => (self.spec.migrate)(usize::from(rule), sources),
        }?;
        self.check(&value).map(|()| value)
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
    pub(crate) first: u16,
    pub(crate) count: u16,
}

impl Group {
    /// For generated code: the `count` settings from number `first` of `tree` on.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(tree: &'static Tree, first: usize, count: usize) -> Self {
        assert!(
            first <= u16::MAX as usize && count <= u16::MAX as usize,
            "settings: more than 65535 settings"
        );
        Self {
            tree,
            first: first as u16,
            count: count as u16,
        }
    }
}
