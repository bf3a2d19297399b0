//! From a schema to its keys, current and old: every name under which a value of the struct may be
//! found in flash.
//!
//! ```text
//! setting    names, in the order they are looked up
//! wifi.ssid  wifi.ssid:str   its key
//!            wifi.name:str   alias = "name" at the field
//!            wifi.id:u32     migrate(from = "id", ty = u32, ..) at the field
//!            net.ssid:str    alias = "net" at `wifi`, and with it all of the above once more
//!            net.name:str
//!            net.id:u32
//! ```
//!
//! Runs while compiling; `index` then looks for names with one hash.

use postcard_schema::schema::{DataModelType, NamedType};

use super::name::{KeyName, NameWriter};
use super::schema::Schema;
use super::walk::Walk;

/// A key that is no setting's any more, in the order in which they are tried for each setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Old {
    pub(crate) hash: u32,
    /// The setting that it is migrated to, or [`STRUCT`](Self::STRUCT). Of a retired key, the last
    /// setting of the struct that lists it.
    pub(crate) leaf: u16,
    /// Which of the field's `migrate(..)` rules takes it, from 1 on; 0 for a value of the current
    /// type. Of a retired key, how many settings the struct has that lists it, 255 at most.
    pub(crate) rule: u8,
    pub(crate) flags: u8,
}

impl Old {
    /// In place of a setting: one of those that the struct's own function takes.
    pub(crate) const STRUCT: u16 = u16::MAX;

    /// The next one is of the same rule.
    pub(crate) const MORE: u8 = 1;
    /// The rule does without it.
    pub(crate) const OPTIONAL: u8 = 2;
    /// Nothing is migrated from it.
    const RETIRED: u8 = 4;
    /// Given in full, behind a `/`: the same wherever the struct is nested, so that it means
    /// nothing at the root.
    pub(crate) const WHOLE: u8 = 8;
    /// Taken as it is by a rule without a function.
    pub(crate) const PLAIN: u8 = 16;

    pub(crate) const fn new(leaf: u16, rule: u8, flags: u8) -> Self {
        Self {
            hash: 0,
            leaf,
            rule,
            flags,
        }
    }

    /// A retired key, listed by a struct of so many settings, the first of which is number `first`.
    pub(crate) const fn retired(first: u16, behind: u16) -> Self {
        let count = behind.saturating_sub(first);
        let count = if count > 255 { 255 } else { count as u8 };
        Self::new(behind.saturating_sub(1), count, Self::RETIRED)
    }

    pub(crate) const fn is_retired(&self) -> bool {
        self.flags & Self::RETIRED != 0
    }

    /// Whether the struct's own function takes it.
    pub(crate) const fn is_structs(&self) -> bool {
        self.leaf == Self::STRUCT && !self.is_retired()
    }

    /// Whether setting number `leaf` may be made of it.
    pub(crate) const fn feeds(&self, leaf: usize) -> bool {
        !self.is_retired() && (self.leaf as usize == leaf || self.leaf == Self::STRUCT)
    }

    pub(crate) const fn has_more(&self) -> bool {
        self.flags & Self::MORE != 0
    }

    pub(crate) const fn is_whole(&self) -> bool {
        self.flags & Self::WHOLE != 0
    }

    pub(crate) const fn is_optional(&self) -> bool {
        self.flags & Self::OPTIONAL != 0
    }
}

/// A key of a settings struct, current or old; [`Schema::key_name`] is its name.
#[derive(Clone, Copy, Debug)]
pub struct KeyEntry {
    /// The hash of its name ([`TextHash`](super::name::TextHash)).
    pub(super) name: u64,
    /// The length of its name in bytes.
    #[cfg(feature = "lock")]
    pub(crate) name_len: usize,
    /// The type of the values under it.
    pub ty: &'static NamedType,
    pub(crate) is_current: bool,
    pub(crate) is_secret: bool,
    pub(crate) old: Old,
    /// How a rule reads it.
    #[cfg(feature = "lock")]
    pub(crate) read: Option<crate::lock::Read>,
}

impl KeyEntry {
    pub(crate) const NONE: Self = Self {
        name: 0,
        #[cfg(feature = "lock")]
        name_len: 0,
        ty: &NamedType {
            name: "",
            ty: &DataModelType::Unit,
        },
        is_current: false,
        is_secret: false,
        old: Old::new(0, 0, 0),
        #[cfg(feature = "lock")]
        read: None,
    };

    /// The hash that stands for it in flash.
    #[must_use]
    pub const fn hash(&self) -> u32 {
        self.name as u32
    }

    /// Whether it is a setting's own key, not an old one.
    #[must_use]
    pub const fn is_current(&self) -> bool {
        self.is_current
    }

    /// Whether its values are not to be shown: those of a `secret` setting, and old ones that it is
    /// made of; retired ones that are marked so, or were in a `secret` struct. What the struct's
    /// own function takes, as soon as one of the settings is secret: what it makes of which is not
    /// known.
    #[must_use]
    pub const fn is_secret(&self) -> bool {
        self.is_secret
    }

    /// Whether it is an old key that nothing is migrated from.
    #[must_use]
    pub const fn is_retired(&self) -> bool {
        !self.is_current && self.old.is_retired()
    }

    /// Whether a `migrate(..)` without a function takes it.
    #[cfg(feature = "lock")]
    pub(crate) const fn is_plain(&self) -> bool {
        self.old.flags & Old::PLAIN != 0
    }

    /// Whether it is an old key of a setting whose values are taken as they are, without a
    /// `migrate(..)`.
    #[must_use]
    pub const fn is_alias(&self) -> bool {
        !self.is_current && self.old.rule == 0 && self.leaf().is_some()
    }

    /// The setting that it is of or is migrated to, unless it is retired or for the struct's own
    /// function.
    #[must_use]
    pub const fn leaf(&self) -> Option<usize> {
        match self.old.leaf {
            Old::STRUCT => None,
            _ if self.old.is_retired() => None,
            leaf => Some(leaf as usize),
        }
    }
}

impl Schema {
    /// How many keys the struct knows, as a root: its settings' and the old ones.
    #[must_use]
    pub const fn key_count(&self) -> usize {
        self.fill_keys(0, &mut [])
    }

    /// All keys that the struct knows, as a root; `N` is [`key_count`](Self::key_count). Those of
    /// one setting are together, its own first.
    #[must_use]
    pub const fn keys<const N: usize>(&self) -> [KeyEntry; N] {
        let mut out = [KeyEntry::NONE; N];
        self.fill_keys(0, &mut out);
        out
    }

    /// The versioned name of key number `index` of [`keys`](Self::keys), `wifi.channel:u8`.
    #[must_use]
    pub const fn key_name(&self, index: usize) -> KeyName<'_> {
        KeyName::new(self, index, self.key(index).hash())
    }

    /// Key number `index` of [`keys`](Self::keys).
    pub(crate) const fn key(&self, index: usize) -> KeyEntry {
        let mut key = [KeyEntry::NONE];
        self.fill_keys(index, &mut key);
        let [key] = key;
        key
    }

    /// The keys from number `from` on, as many as there is room for; returns how many there are in
    /// all.
    pub(crate) const fn fill_keys(&self, from: usize, out: &mut [KeyEntry]) -> usize {
        Walk::all(self, from, out, &mut NameWriter::new(&mut [], 0))
    }

    /// All keys, and the names of all, one behind the other, as far as there is room in `names`.
    #[cfg(feature = "lock")]
    pub(crate) fn fill_names(&self, out: &mut [KeyEntry], names: &mut [u8]) {
        Walk::all(self, 0, out, &mut NameWriter::new(names, 0));
    }

    /// The versioned names that old key number `number` of setting `leaf` stands for, as in
    /// [`Outcome::Migrated`](super::Outcome::Migrated): one, or as many as its rule reads.
    pub fn old_names(&self, leaf: usize, number: u8) -> impl Iterator<Item = KeyName<'_>> {
        let mut at = 0u8;
        (0..self.key_count()).filter_map(move |index| {
            let key = self.key(index);
            if key.is_current || key.leaf() != Some(leaf) {
                return None;
            }
            let is_it = at.saturating_add(1) == number;
            if !key.old.has_more() {
                at = at.saturating_add(1);
            }
            is_it.then_some(KeyName::new(self, index, key.hash()))
        })
    }
}

/// What a firmware has of a struct's keys.
pub struct Hashes<const COUNT: usize, const OLD: usize> {
    /// The current ones, by setting.
    pub current: [u32; COUNT],
    /// The old ones, in the order in which they are tried.
    pub old: [Old; OLD],
}
