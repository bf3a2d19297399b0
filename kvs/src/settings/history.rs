//! From a schema to its keys, current and old: every name under which a value of the struct may be found in flash.
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
//! Runs while compiling; two different names with one hash don't compile.

use postcard_schema::schema::{DataModelType, NamedType};

use super::name::KeyName;
use super::schema::Schema;
use super::walk::Walk;

/// A key that is no setting's any more, in the order in which they are tried for each setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Old {
    pub(crate) hash: u32,
    /// The setting that it is migrated to, or [`STRUCT`](Self::STRUCT). Of a retired key, the last setting of the struct that
    /// lists it.
    pub(crate) leaf: u16,
    /// Which of the field's `migrate(..)` rules takes it, from 1 on; 0 for a value of the current type. Of a retired key, how
    /// many settings the struct has that lists it, 255 at most.
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

    pub(crate) const fn is_optional(&self) -> bool {
        self.flags & Self::OPTIONAL != 0
    }
}

/// A key of a settings struct with its name, current or old.
#[derive(Clone, Copy, Debug)]
pub struct KeyEntry {
    /// The versioned name.
    pub name: KeyName,
    /// The type of the values under it.
    pub ty: &'static NamedType,
    pub(crate) is_current: bool,
    /// Given in full, behind a `/`: the same wherever the struct is nested, so that it means nothing at the root.
    pub(crate) is_whole: bool,
    pub(crate) is_secret: bool,
    pub(crate) old: Old,
}

impl KeyEntry {
    pub(crate) const NONE: Self = Self {
        name: KeyName::EMPTY,
        ty: &NamedType {
            name: "",
            ty: &DataModelType::Unit,
        },
        is_current: false,
        is_whole: false,
        is_secret: false,
        old: Old::new(0, 0, 0),
    };

    /// Whether it is a setting's own key, not an old one.
    #[must_use]
    pub const fn is_current(&self) -> bool {
        self.is_current
    }

    /// Whether its values are not to be shown: those of a `secret` setting, and old ones that it is made of; retired ones that are
    /// marked so, or were in a `secret` struct. What the struct's own function takes, as soon as one of the settings is secret:
    /// what it makes of which is not known.
    #[must_use]
    pub const fn is_secret(&self) -> bool {
        self.is_secret
    }

    /// Whether it is an old key that nothing is migrated from.
    #[must_use]
    pub const fn is_retired(&self) -> bool {
        !self.is_current && self.old.is_retired()
    }

    /// Whether it is an old key of a setting whose values are taken as they are, without a `migrate(..)`.
    #[must_use]
    pub const fn is_alias(&self) -> bool {
        !self.is_current && self.old.rule == 0 && self.leaf().is_some()
    }

    /// The setting that it is of or is migrated to, unless it is retired or for the struct's own function.
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

    /// All keys that the struct knows, as a root; `N` is [`key_count`](Self::key_count). Those of one setting are
    /// together, its own first.
    ///
    /// # Panics
    ///
    /// While compiling: where two names have one hash, a migration reads what it writes, or a retired key is in use.
    #[must_use]
    pub const fn keys<const N: usize>(&self) -> [KeyEntry; N] {
        let mut out = [KeyEntry::NONE; N];
        self.fill_keys(0, &mut out);
        check(&out);
        out
    }

    /// The keys from number `from` on, as many as there is room for, and without the checks; returns how many there are
    /// in all.
    pub(crate) const fn fill_keys(&self, from: usize, out: &mut [KeyEntry]) -> usize {
        let mut walk = Walk {
            out,
            from,
            at: 0,
            leaf: 0,
            is_secret: false,
        };
        walk.root(self);
        walk.at
    }
}

impl Schema {
    /// The versioned names that old key number `number` of setting `leaf` stands for, as in
    /// [`Outcome::Migrated`](super::Outcome::Migrated): one, or as many as its rule reads.
    pub fn old_names(&self, leaf: usize, number: u8) -> impl Iterator<Item = KeyName> + '_ {
        let mut at = 0u8;
        (0..self.key_count())
            .map(|index| {
                let mut key = [KeyEntry::NONE];
                self.fill_keys(index, &mut key);
                let [key] = key;
                key
            })
            .filter(move |key| {
                if key.is_current || key.leaf() != Some(leaf) {
                    return false;
                }
                let is_it = at.saturating_add(1) == number;
                if !key.old.has_more() {
                    at = at.saturating_add(1);
                }
                is_it
            })
            .map(|key| key.name)
    }
}

/// The hashes of the current keys among `keys`, by setting.
///
/// # Panics
///
/// While compiling: if there are not as many as `N`.
#[must_use]
pub const fn current<const N: usize>(keys: &[KeyEntry]) -> [u32; N] {
    let mut out = [0; N];
    let mut slots: &mut [u32] = &mut out;
    let mut keys = keys;
    while let [key, rest @ ..] = keys {
        if key.is_current {
            let [slot, others @ ..] = slots else {
                return out;
            };
            *slot = key.name.hash();
            slots = others;
        }
        keys = rest;
    }
    out
}

/// The old keys among `keys`, in the order in which they are tried.
#[must_use]
pub const fn old<const N: usize>(keys: &[KeyEntry]) -> [Old; N] {
    let mut out = [Old::new(0, 0, 0); N];
    let mut slots: &mut [Old] = &mut out;
    let mut keys = keys;
    while let [key, rest @ ..] = keys {
        if !key.is_current {
            let [slot, others @ ..] = slots else {
                return out;
            };
            *slot = key.old;
            slot.hash = key.name.hash();
            slots = others;
        }
        keys = rest;
    }
    out
}

/// # Panics
///
/// Where two of `keys` are at odds, with both names in the message.
const fn check(keys: &[KeyEntry]) {
    let mut left = keys;
    while let [one, rest @ ..] = left {
        let mut others = rest;
        while let [other, tail @ ..] = others {
            if one.name.hash() == other.name.hash() {
                pair(one, other);
            }
            others = tail;
        }
        left = rest;
    }
}

/// Looks at two keys with one hash. Old ones may be named twice, and a current one may be migrated from as well.
const fn pair(one: &KeyEntry, other: &KeyEntry) {
    let mut message = KeyName::EMPTY;
    message.push("settings: ");
    let is_misplaced = one.is_whole || other.is_whole;
    if !one.name.is(&other.name) {
        message.push("the keys `");
        message.push(one.name.as_str());
        message.push("` and `");
        message.push(other.name.as_str());
        message.push("` have the same hash; set `rename` on one of them");
    } else if one.is_current && other.is_current {
        message.push("the key `");
        message.push(one.name.as_str());
        message.push("` is used twice");
    } else if is_misplaced {
        return;
    } else if one.is_current && other.is_retired() || one.is_retired() && other.is_current {
        message.push("the key `");
        message.push(one.name.as_str());
        message.push("` is retired, and a setting's still");
    } else if (one.is_current || other.is_current) && one.old.leaf == other.old.leaf {
        message.push("the migration of `");
        message.push(one.name.as_str());
        message.push("` reads the value that it writes; change `from`, `ty` or `rev`");
    } else {
        return;
    }
    message.fail();
}
