//! What has been promised of each key, and whether what is found keeps to it.

use std::rc::Rc;

use kvs::Error;
use kvs::sim::SimError;

pub(super) type Value = Option<Rc<[u8]>>;
pub(super) type Found = Result<Option<Vec<u8>>, Error<SimError>>;

/// How a promise is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breach {
    /// An acknowledged value is not there, or an older one is.
    Lost,
    /// A value that was never written.
    Wrong,
    /// A part of a commit that was refused.
    Half,
    /// Something that the flash has lost, without an error and without being counted.
    Silent,
    /// A store that does not do what it should.
    Stuck,
    /// A mount that the flash refused.
    Unmounted,
}

#[derive(Debug)]
pub(super) struct Broken {
    pub(super) breach: Breach,
    pub(super) what: String,
}

impl Broken {
    pub(super) fn new(breach: Breach, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { breach, what }
    }
}

/// What the flash itself may lose, of what was good when it was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    Nothing,
    /// A word: what one commit stored.
    OneCommit,
    /// More.
    Any,
}

#[derive(Clone)]
struct Key {
    /// Every value it was given, with the commit that did.
    history: Vec<(u32, Value)>,
    /// What the store has to give: of this commit, or nothing since the beginning.
    now: Value,
    commit: u32,
    /// The flash has lost it, and that was noticed: until it is put again, any of its values may be found.
    lost: bool,
}

#[derive(Clone)]
pub(super) struct Promises {
    keys: Vec<Key>,
    /// Commits that were refused by failing flash. The next mount may find them.
    refused: Vec<(u32, Vec<(u8, Value)>)>,
    /// How many of them came since the last mount.
    undecided: usize,
    last: u32,
    /// Which commits the bad word may be of, once it has shown.
    suspects: Option<Vec<u32>>,
}

impl Promises {
    pub(super) fn new(keys: u8) -> Self {
        let nothing = Key {
            history: Vec::new(),
            now: None,
            commit: 0,
            lost: false,
        };
        Self {
            keys: vec![nothing; keys.into()],
            refused: Vec::new(),
            undecided: 0,
            last: 0,
            suspects: None,
        }
    }

    pub(super) fn keys(&self) -> u8 {
        self.keys.len() as u8
    }

    /// The number of the next commit.
    pub(super) fn next(&mut self) -> u32 {
        self.last += 1;
        self.last
    }

    /// The keys that have a value, and how long it is.
    pub(super) fn stored(&self) -> Vec<(u8, u8)> {
        let keys = self.keys.iter().zip(0..);
        keys.filter_map(|(promise, key)| Some((key, promise.now.as_ref()?.len() as u8)))
            .collect()
    }

    pub(super) fn acknowledge(&mut self, changes: Vec<(u8, Value)>) {
        for (key, value) in changes {
            let key = &mut self.keys[usize::from(key)];
            if value.is_none() && key.now.is_none() {
                // Nothing was written for it.
                continue;
            }
            key.history.push((self.last, value.clone()));
            key.lost &= value.is_none();
            key.now = value;
            key.commit = self.last;
        }
    }

    pub(super) fn refuse(&mut self, changes: Vec<(u8, Value)>) {
        for (key, value) in &changes {
            let key = &mut self.keys[usize::from(*key)];
            key.history.push((self.last, value.clone()));
        }
        self.refused.push((self.last, changes));
        self.undecided += 1;
    }

    /// How many commits were refused since the last mount, which the next may find.
    pub(super) fn undecided(&self) -> usize {
        self.undecided
    }

    /// The refused commit, newer than the acknowledged one, that gives a key what was found.
    fn refused(&self, key: usize, found: Option<&[u8]>) -> Option<u32> {
        let newer = self.refused.iter().rev();
        let mut newer = newer.filter(|(number, _)| *number > self.keys[key].commit);
        newer.find_map(|(number, changes)| {
            let gives = |(other, value): &(u8, Value)| {
                usize::from(*other) == key && value.as_deref() == found
            };
            changes.iter().any(gives).then_some(*number)
        })
    }

    /// Compares with what a store gives, just `mounted` or not; `noticed` is whether it counts something as damaged.
    /// Returns how many values can't be had by the fault of the flash.
    pub(super) fn check(
        &mut self,
        found: &[Found],
        loss: Loss,
        (mounted, noticed): (bool, bool),
    ) -> Result<u64, Broken> {
        let mut missing = 0;
        for (index, found) in found.iter().enumerate() {
            let key = &self.keys[index];
            let value = found.as_ref().map(|value| value.as_deref());
            if value == Ok(key.now.as_deref()) {
                continue;
            }
            if mounted && value.is_ok_and(|value| self.refused(index, value).is_some()) {
                continue;
            }
            let broken = |breach| {
                let now = (key.commit, &key.now);
                let what = format!("key {index}: {found:02x?} instead of {now:02x?}");
                Err(Broken { breach, what })
            };
            let was = |(_, was): &&(u32, Value)| value.is_err() || value == Ok(was.as_deref());
            let mut hit: Vec<_> = key.history.iter().filter(was).map(|(n, _)| *n).collect();
            if hit.is_empty() && value != Ok(None) {
                return broken(Breach::Wrong);
            }
            if loss == Loss::Nothing {
                return broken(Breach::Lost);
            }
            missing += 1;
            if !key.lost {
                // What was unreadable may come back without a word; what is lost may not go so.
                if value.is_err() || noticed {
                    hit.push(key.commit);
                }
                if let (Loss::OneCommit, Some(suspects)) = (loss, &self.suspects) {
                    hit.retain(|number| suspects.contains(number));
                }
                if hit.is_empty() {
                    return broken(if noticed {
                        Breach::Lost
                    } else {
                        Breach::Silent
                    });
                }
                self.suspects = Some(hit);
                self.keys[index].lost = true;
            }
        }
        Ok(missing)
    }

    /// Whether the refused commits are all there whole, or not at all.
    pub(super) fn check_whole(&self, found: &[Found]) -> Result<(), Broken> {
        let has = |subset: u32, bit: usize| subset.checked_shr(bit as u32).unwrap_or(0) & 1 == 1;
        let fits = |subset: u32| {
            let keys = self.keys.iter().zip(found).enumerate();
            keys.into_iter().all(|(index, (key, found))| {
                let refused = self.refused.iter().enumerate().rev();
                let mut there =
                    refused.filter(|(bit, (number, _))| has(subset, *bit) && *number > key.commit);
                let value = there.find_map(|(_, (_, changes))| {
                    let mut changes = changes.iter();
                    changes.find(|(key, _)| usize::from(*key) == index)
                });
                let value = value.map_or(&key.now, |(_, value)| value);
                matches!(found, Ok(found) if found.as_deref() == value.as_deref())
            })
        };
        // Where many are kept in mind, not all combinations are worth their time.
        let subsets = 1 << self.refused.len().min(10);
        if (0..subsets).any(fits) {
            return Ok(());
        }
        let numbers: Vec<_> = self.refused.iter().map(|(number, _)| number).collect();
        let what = format!("a part of the refused commits {numbers:?}: {found:02x?}");
        Err(Broken::new(Breach::Half, what))
    }

    /// What a mount has found holds from now on. Refused commits that it has not found are gone, unless what was
    /// unreadable may come back: then they are kept in mind.
    pub(super) fn settle(&mut self, found: &[Found], keep: bool) {
        for (index, found) in found.iter().enumerate() {
            let Ok(found) = found else { continue };
            if self.keys[index].now.as_deref() != found.as_deref() {
                let refused = self.refused(index, found.as_deref());
                let key = &mut self.keys[index];
                key.commit = refused.unwrap_or(key.commit);
                key.now = found.as_deref().map(Rc::from);
            }
        }
        self.undecided = 0;
        if !keep {
            self.refused.clear();
        }
    }
}
