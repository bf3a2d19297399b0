//! Typed keys: what `Thermostat::KEYS.wifi.ssid` is.

use core::fmt;
use core::ops::Range;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::report::{Rejected, Rejection};
use super::tree::{Path, Tree};
use super::value;
use crate::change::{Action, Change, RawKey};

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
    /// What a test on the host asks of the type.
    #[cfg(feature = "lock")]
    pub(crate) wire: Option<crate::lock::Wire<T>>,
}

impl<T> Spec<T> {
    /// For generated code: the rules of a setting of which nothing is asked.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(
        default: fn() -> T,
        check: fn(&T) -> Result<(), Rejection>,
        migrate: fn(usize, &Sources<'_>) -> Result<T, Rejection>,
    ) -> Self {
        Self {
            default,
            check,
            migrate,
            #[cfg(feature = "lock")]
            wire: None,
        }
    }
}

/// The bytes of the old values that a rule reads, `None` for those that are not stored.
pub type Sources<'a> = [Option<&'a [u8]>];

impl<T> Key<T> {
    /// For generated code: the key of a setting, that with this number from number `first` of
    /// `tree` on.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(
        tree: &'static Tree,
        first: usize,
        number: usize,
        spec: &'static Spec<T>,
    ) -> Self {
        let leaf = first.saturating_add(number);
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

    /// A value of the type from old ones, by one of the setting's rules; 0 is for a value of the
    /// same type.
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

impl<T: Serialize + DeserializeOwned + Sync> Key<T> {
    /// Setting this to `value`, as part of a [`commit`](crate::Store::commit).
    ///
    /// # Errors
    ///
    /// Where `value` breaks the setting's `range` or `validate`.
    ///
    /// ```
    /// # use kvs::{Options, Resources, Settings, Store, sim::presets};
    /// # #[derive(Settings)]
    /// # struct Lamp {
    /// #     #[setting(default = 80, range = 0..=100)]
    /// #     brightness: u8,
    /// #     #[setting(default = 2700)]
    /// #     kelvin: u16,
    /// # }
    /// # let mut resources = Resources::<8, 8, 64>::new();
    /// # let mut store = Store::mount(presets::nrf52840(), 0..8 * 4096, &mut resources, Options::DEFAULT)?;
    /// const LAMP: LampKeys = Lamp::KEYS;
    /// store.commit(&[LAMP.brightness.set(&30)?, LAMP.kelvin.set(&4000)?])?;
    /// assert!(LAMP.brightness.set(&101).is_err());
    /// # Ok::<(), kvs::Error<kvs::sim::SimError>>(())
    /// ```
    pub fn set<'a>(&self, value: &'a T) -> Result<Change<'a>, Rejected> {
        match self.check(value) {
            Ok(()) => Ok(Change(Action::Encode(self.path(), value))),
            Err(why) => Err(Rejected {
                setting: self.path(),
                why,
            }),
        }
    }

    /// Removing what is stored of this under its own key, as part of a
    /// [`commit`](crate::Store::commit). An older firmware's value counts again then;
    /// [`remove`](crate::Store::remove) takes that, too.
    #[must_use]
    pub fn unset<'a>(&self) -> Change<'a> {
        Change::delete(RawKey::Hash(self.hash()))
    }
}

/// A part of a settings struct, with its type: the [`Key`] of one setting (`Lamp::KEYS.brightness`),
/// the keys of a `nested` struct (`Thermostat::KEYS.wifi`), or all of them (`Lamp::KEYS`). For the
/// derive to implement.
pub trait Part: Copy {
    /// What the part is in the settings struct: the setting's type, the nested struct, or the
    /// settings struct itself.
    type Value: 'static;

    /// The settings that the part consists of.
    fn group(&self) -> Group;
}

impl<T> Part for Key<T> {
    type Value = T;

    fn group(&self) -> Group {
        Group::new(self.path.tree(), self.path.leaf(), 1)
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

/// A settings struct, or a `nested` one within it: what a factory reset resets. From
/// `KEYS.group()`.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    pub(crate) tree: &'static Tree,
    first: u16,
    count: u16,
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

    /// The numbers of the settings.
    pub(crate) fn settings(&self) -> Range<usize> {
        let first = usize::from(self.first);
        first..first.saturating_add(self.count.into())
    }
}
