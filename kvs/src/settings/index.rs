//! The keys of settings structs in the order of their hashes: to find, while compiling, those with
//! one hash.
//!
//! Sorted once, so that thousands of settings compile in no time.

use super::history::KeyEntry;
use super::name::{Message, Part};
use super::schema::Schema;

/// A key: its hash in the upper half, its number among the struct's keys in the lower.
type Entry = u64;

const fn hash(entry: Entry) -> u32 {
    (entry >> 32) as u32
}

const fn number(entry: Entry) -> usize {
    entry as u32 as usize
}

/// The keys of one settings struct, sorted by hash. `Thermostat::KEY_INDEX`.
#[derive(Clone, Copy, Debug)]
pub struct KeyIndex {
    schema: &'static Schema,
    keys: &'static [KeyEntry],
    sorted: &'static [Entry],
}

impl KeyIndex {
    /// The index of `keys`, which are all of the schema's, and `sorted` what [`sorted`] makes of
    /// them.
    ///
    /// # Panics
    ///
    /// While compiling: where two names have one hash, a migration reads what it writes, or a
    /// retired key is in use.
    #[must_use]
    pub const fn new(
        schema: &'static Schema,
        keys: &'static [KeyEntry],
        sorted: &'static [u64],
    ) -> Self {
        let index = Self {
            schema,
            keys,
            sorted,
        };
        index.check();
        index
    }

    const fn key(&self, entry: Entry) -> &'static KeyEntry {
        match self.keys.split_at(number(entry)) {
            (_, [key, ..]) => key,
            _ => &KeyEntry::NONE,
        }
    }

    const fn check(&self) {
        let mut left = self.sorted;
        while let [one, rest @ ..] = left {
            let mut others = rest;
            while let [other, tail @ ..] = others
                && hash(*one) == hash(*other)
            {
                self.pair(*one, *other);
                others = tail;
            }
            left = rest;
        }
    }

    /// Looks at two keys with one hash. Old ones may be named twice, and a current one may be
    /// migrated from as well.
    const fn pair(&self, first: Entry, second: Entry) {
        let (one, other) = (self.key(first), self.key(second));
        let name = Part::Name(self.schema, number(first));
        if !one.is(other) {
            Message::fail(&[
                Part::Text("the keys `"),
                name,
                Part::Text("` and `"),
                Part::Name(self.schema, number(second)),
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

    /// Fails the build where a key of this struct is one of `other`, too.
    pub(super) const fn check_against(&self, other: &Self) {
        let (mut ours, mut theirs) = (self.sorted, other.sorted);
        while let ([one, our_rest @ ..], [another, their_rest @ ..]) = (ours, theirs) {
            if hash(*one) < hash(*another) {
                ours = our_rest;
            } else if hash(*one) > hash(*another) {
                theirs = their_rest;
            } else {
                self.clash(*one, other, *another);
            }
        }
    }

    /// Fails the build with the names of two keys that have one hash, and of the structs that they
    /// are of.
    const fn clash(&self, ours: Entry, other: &Self, theirs: Entry) -> ! {
        let (our_key, their_key) = (self.key(ours), other.key(theirs));
        let (our_name, their_name) = (
            Part::Name(self.schema, number(ours)),
            Part::Name(other.schema, number(theirs)),
        );
        let (us, them) = (Part::Text(self.schema.name), Part::Text(other.schema.name));
        if !our_key.is(their_key) {
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
        self.distinct().saturating_add(margin)
    }

    /// How many different keys there are.
    const fn distinct(&self) -> usize {
        let mut count = 0usize;
        let mut left = self.sorted;
        while let [one, rest @ ..] = left {
            let is_last = match rest {
                [next, ..] => hash(*one) != hash(*next),
                [] => true,
            };
            if is_last {
                count = count.saturating_add(1);
            }
            left = rest;
        }
        count
    }
}

/// The numbers of `keys` by hash: short runs by insertion, then merged, without a function call.
#[must_use]
#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "runs while compiling: what is out of range would be an error there"
)]
pub const fn sorted<const N: usize>(keys: &[KeyEntry]) -> [u64; N] {
    const SHORT: usize = 16;
    let mut from = [0; N];
    let mut at = 0;
    while at < N {
        let entry = (keys[at].hash as u64) << 32 | at as u64;
        // Inserts it into a run of sorted ones.
        let first = at - at % SHORT;
        let mut slot = at;
        while slot > first && from[slot - 1] > entry {
            from[slot] = from[slot - 1];
            slot -= 1;
        }
        from[slot] = entry;
        at += 1;
    }
    let mut to = [0; N];
    let mut run = SHORT;
    while run < N {
        // Merges each two runs of this length.
        let mut first = 0;
        while first < N {
            let middle = if first + run < N { first + run } else { N };
            let end = if middle + run < N { middle + run } else { N };
            let (mut left, mut right) = (first, middle);
            let mut at = first;
            while at < end {
                if left < middle && (right == end || from[left] < from[right]) {
                    to[at] = from[left];
                    left += 1;
                } else {
                    to[at] = from[right];
                    right += 1;
                }
                at += 1;
            }
            first = end;
        }
        from = to;
        run *= 2;
    }
    from
}
