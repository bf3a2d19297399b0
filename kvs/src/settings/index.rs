//! The keys of settings structs, found by their hashes: to tell, while compiling, those with one
//! hash.
//!
//! A table with open addressing, so that thousands of settings compile in no time.

// While compiling, a function call takes as long as dozens of steps: so there are few here, not
// even of checked arithmetic.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "numbers below a length; what is out of range would be an error while compiling"
)]

use super::history::{Hashes, KeyEntry, Old};
use super::name::{Message, NameWriter, Part};
use super::schema::Schema;

/// All that is computed of a struct's keys, once: `ALL` of them, of which `COUNT` are settings'
/// own and `OLD` are not.
///
/// Arrays of numbers: the compiler looks at each field of a constant.
pub struct KeyTable<const COUNT: usize, const OLD: usize, const ALL: usize, const SLOTS: usize> {
    /// What a firmware has of it.
    pub hashes: Hashes<COUNT, OLD>,
    /// The hash of each key.
    all: [u32; ALL],
    /// Where the keys are, by hash: each slot holds a key's number and one, or 0 if it is free. Keys
    /// with the same hash are in one run of slots in use.
    slots: [u32; SLOTS],
    /// How many different hashes there are.
    distinct: usize,
}

impl<const COUNT: usize, const OLD: usize, const ALL: usize, const SLOTS: usize>
    KeyTable<COUNT, OLD, ALL, SLOTS>
{
    /// The table of a struct's keys; `SLOTS` is more than `ALL`.
    ///
    /// # Panics
    ///
    /// While compiling: where two names have one hash, a migration reads what it writes, or a
    /// retired key is in use.
    #[must_use]
    pub const fn of(schema: &Schema) -> Self {
        if COUNT > Old::STRUCT as usize {
            Message::fail(&[
                Part::Text("`"),
                Part::Text(schema.name),
                Part::Text("` has more than 65535 settings"),
            ])
        }
        let mut keys = [KeyEntry::NONE; ALL];
        // Fewer where the derive has found a mistake in a nested struct.
        let found = schema.fill_keys(0, &mut keys);
        let mut table = Self {
            hashes: Hashes {
                current: [0; COUNT],
                old: [Old::new(0, 0, 0); OLD],
            },
            all: [0; ALL],
            slots: [0; SLOTS],
            distinct: 0,
        };
        let (mut current, mut old) = (0, 0);
        let mut number = 0;
        while number < found {
            let key = &keys[number];
            let hash = key.name as u32;
            let mut slot = hash as usize % SLOTS;
            let mut is_first = true;
            while table.slots[slot] != 0 {
                let other = table.slots[slot] as usize - 1;
                if table.all[other] == hash {
                    is_first = false;
                    pair(schema, &keys, other, number);
                }
                slot = if slot + 1 < SLOTS { slot + 1 } else { 0 };
            }
            table.all[number] = hash;
            number += 1;
            table.slots[slot] = number as u32;
            if is_first {
                table.distinct += 1;
            }
            if key.is_current {
                table.hashes.current[current] = hash;
                current += 1;
            } else {
                table.hashes.old[old] = key.old;
                table.hashes.old[old].hash = hash;
                old += 1;
            }
        }
        table
    }
}

/// Looks at two keys with one hash. Old ones may be named twice, and a current one may be migrated
/// from as well.
const fn pair(schema: &Schema, keys: &[KeyEntry], first: usize, second: usize) {
    let (one, other) = (&keys[first], &keys[second]);
    let name = Part::Name(schema, first);
    if !(one.name == other.name && is_same_name((schema, first), (schema, second))) {
        Message::fail(&[
            Part::Text("the keys `"),
            name,
            Part::Text("` and `"),
            Part::Name(schema, second),
            Part::Text("` have the same hash; set `rename` on one of them"),
        ])
    }
    let is_used_twice = one.is_current && other.is_current;
    let is_misplaced = one.old.is_whole() || other.old.is_whole();
    if is_used_twice {
        Message::fail(&[Part::Text("the key `"), name, Part::Text("` is used twice")])
    }
    if is_misplaced {
        return;
    }
    if one.is_current && other.is_retired() || one.is_retired() && other.is_current {
        Message::fail(&[
            Part::Text("the key `"),
            name,
            Part::Text("` is retired, and a setting's still"),
        ])
    }
    if (one.is_current || other.is_current) && one.old.leaf == other.old.leaf {
        Message::fail(&[
            Part::Text("the migration of `"),
            name,
            Part::Text("` reads the value that it writes; change `from`, `ty` or `rev`"),
        ])
    }
}

/// Whether two keys have the same name, letter by letter: a hash of 64 bits can be the same for two
/// names that somebody has looked for.
const fn is_same_name(one: (&Schema, usize), other: (&Schema, usize)) -> bool {
    let mut skip = 0;
    loop {
        let (mut ours, mut theirs) = ([0; 64], [0; 64]);
        let our_len = NameWriter::window_of(one, &mut ours, skip);
        let their_len = NameWriter::window_of(other, &mut theirs, skip);
        let mut at = 0;
        while at < ours.len() {
            if ours[at] != theirs[at] {
                return false;
            }
            at += 1;
        }
        skip += ours.len();
        if our_len <= skip || their_len <= skip {
            return our_len == their_len;
        }
    }
}

/// The keys of one settings struct, found by hash. `Thermostat::KEY_INDEX`.
#[derive(Clone, Copy, Debug)]
pub struct KeyIndex {
    schema: &'static Schema,
    all: &'static [u32],
    slots: &'static [u32],
    distinct: usize,
}

impl KeyIndex {
    /// For a struct of which nothing is known.
    pub const fn empty(schema: &'static Schema) -> Self {
        Self {
            schema,
            all: &[],
            slots: &[],
            distinct: 0,
        }
    }

    /// The index of the schema's keys.
    #[must_use]
    pub const fn new<const COUNT: usize, const OLD: usize, const ALL: usize, const SLOTS: usize>(
        schema: &'static Schema,
        table: &'static KeyTable<COUNT, OLD, ALL, SLOTS>,
    ) -> Self {
        Self {
            schema,
            all: &table.all,
            slots: &table.slots,
            distinct: table.distinct,
        }
    }

    /// Fails the build where a key of this struct is one of `other`, too.
    pub(super) const fn check_against(&self, other: &Self) {
        let mut number = 0;
        while number < self.all.len() {
            if let Some(theirs) = other.find(self.all[number]) {
                self.clash(number, other, theirs);
            }
            number += 1;
        }
    }

    /// The number of the first key with this hash.
    const fn find(&self, hash: u32) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let mut slot = hash as usize % self.slots.len();
        while let Some(number) = self.slots[slot].checked_sub(1) {
            if self.all[number as usize] == hash {
                return Some(number as usize);
            }
            slot = (slot + 1) % self.slots.len();
        }
        None
    }

    /// Fails the build with the names of two keys that have one hash, and of the structs that they
    /// are of.
    const fn clash(&self, ours: usize, other: &Self, theirs: usize) -> ! {
        let (our_key, their_key) = (self.schema.key(ours), other.schema.key(theirs));
        let (our_name, their_name) = (
            Part::Name(self.schema, ours),
            Part::Name(other.schema, theirs),
        );
        let (us, them) = (Part::Text(self.schema.name), Part::Text(other.schema.name));
        if !is_same_name((self.schema, ours), (other.schema, theirs)) {
            Message::fail(&[
                Part::Text("the keys `"),
                our_name,
                Part::Text("` of `"),
                us,
                Part::Text("` and `"),
                their_name,
                Part::Text("` of `"),
                them,
                Part::Text(
                    "` have the same hash, and in one store each would be read as the other; set `rename` on one of them, or give one of the structs a `prefix`",
                ),
            ])
        }
        let (owner, taker, taken) = match (our_key.is_current, their_key.is_current) {
            (true, true) => Message::fail(&[
                Part::Text("the key `"),
                our_name,
                Part::Text("` is a setting's of `"),
                us,
                Part::Text("` and of `"),
                them,
                Part::Text(
                    "`, which in one store would share its value; give one of the structs a `prefix`, or set `rename` on the field",
                ),
            ]),
            (false, false) => Message::fail(&[
                Part::Text("the old key `"),
                our_name,
                Part::Text("` is one of `"),
                us,
                Part::Text("` and of `"),
                them,
                Part::Text(
                    "`, and whichever is confirmed first would remove it; let only one of the structs migrate from it or retire it",
                ),
            ]),
            (true, false) => (us, them, their_key),
            (false, true) => (them, us, our_key),
        };
        Message::fail(&[
            Part::Text("the key `"),
            our_name,
            Part::Text("` is a setting's of `"),
            owner,
            Part::Text("`, and `"),
            taker,
            Part::Text(if taken.is_retired() {
                "` retires it, so that `confirm` would remove it; give one of the structs a `prefix`, or drop it from `retired`"
            } else {
                "` migrates from it, so that `confirm` would remove it; give one of the structs a `prefix`, or keep both settings in one struct"
            }),
        ])
    }

    /// The key slots for these keys, and for those that a newer firmware adds to `count` settings.
    pub(crate) const fn slots(&self, count: usize) -> usize {
        let margin = if count / 4 > 4 { count / 4 } else { 4 };
        self.distinct.saturating_add(margin)
    }
}
