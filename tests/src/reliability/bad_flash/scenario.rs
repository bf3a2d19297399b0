//! What a store goes through: partitions of many shapes, and random steps.

use std::rc::Rc;

use kvs::Resources;
use kvs::sim::Rng;

/// The store's buffer is the smallest there is, so that commits take several program calls.
pub(super) type Ram = Resources<48, 8, 64>;

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Keys, and how long their new values are; `None` deletes.
    Commit(Vec<(u8, Option<u8>)>),
    /// So many calls of `maintain`.
    Maintain(u8),
    Remount,
}

/// The shape of a scenario.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) sectors: usize,
    /// Keys in use, and the longest value: what they take of the room decides how full it gets.
    pub(super) keys: u8,
    pub(super) longest: u8,
    /// The most keys in a commit.
    pub(super) group: usize,
}

/// A name for every other key: the rest are hashes.
pub(super) fn name(key: u8) -> Option<&'static str> {
    const NAMES: &str = "abcdefghijklmnopqrstuvwxyz";
    let index = usize::from(key / 2);
    (key % 2 == 1).then(|| &NAMES[index..=index])
}

/// The value that commit `number` gives a key: its like is never written again.
pub(super) fn value(number: u32, key: u8, len: u8) -> Rc<[u8]> {
    let mut rng = Rng::new(u64::from(number) << 8 | u64::from(key));
    let number = (number as u16).to_le_bytes();
    let random = core::iter::repeat_with(move || rng.next_u8());
    number.into_iter().chain(random).take(len.into()).collect()
}

/// The shortest value that says which commit wrote it.
pub(super) const SHORTEST: u8 = 2;

impl Shape {
    /// A share of the room in tenths, in small entries.
    pub(super) fn small<const W: usize, const E: usize>(sectors: usize, tenths: usize) -> Self {
        Self::of::<W, E>(sectors, tenths, 20)
    }

    /// The same in values that are longer than the store's buffer, some of them.
    pub(super) fn long<const W: usize, const E: usize>(sectors: usize, tenths: usize) -> Self {
        Self::of::<W, E>(sectors, tenths, 90)
    }

    fn of<const W: usize, const E: usize>(sectors: usize, tenths: usize, longest: u8) -> Self {
        // Behind a sector's header and opening, and before a mark.
        let payload = E - 2 * W.max(16) - 2 * 11usize.next_multiple_of(W);
        // Head, checksum, and a value of middle length.
        let entry = (10 + usize::from(SHORTEST + longest) / 2).next_multiple_of(W);
        let room = (sectors - 1) * (payload / entry);
        Self {
            sectors,
            keys: (room * tenths / 10).clamp(2, 40) as u8,
            longest,
            group: (payload / (10 + usize::from(longest)).next_multiple_of(W)).min(4),
        }
    }

    /// Whether some values are longer than the store's buffer.
    pub(super) fn is_long(self) -> bool {
        self.longest > 50
    }

    pub(super) fn len(self, rng: &mut Rng) -> u8 {
        SHORTEST + rng.below(usize::from(self.longest - SHORTEST) + 1) as u8
    }

    /// Random commits, calls of `maintain` and mounts.
    pub(super) fn steps(self, count: usize, seed: u64) -> Vec<Step> {
        let mut rng = Rng::new(seed);
        let mut step = |_| match rng.below(12) {
            0 | 1 => Step::Maintain(1 + rng.below(4) as u8),
            2 => Step::Remount,
            _ => {
                let mut changes: Vec<(u8, Option<u8>)> = Vec::new();
                for _ in 0..=rng.below(self.group) {
                    let key = rng.below(self.keys.into()) as u8;
                    if changes.iter().all(|(other, _)| *other != key) {
                        let len = self.len(&mut rng);
                        changes.push((key, (rng.below(6) != 0).then_some(len)));
                    }
                }
                Step::Commit(changes)
            }
        };
        (0..count).map(&mut step).collect()
    }
}
