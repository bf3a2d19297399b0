//! What is promised of a partition in which bytes have changed, and the counting of what became of it.

use std::fmt::Display;

use kvs::sim::{SimError, SimFlash};
use kvs::{Error, Options, Resources, Store};

use super::super::grouped;
use super::keys::{Found, Value, get, put};
use super::layout::Layout;
use super::partition::Partition;

/// What was tried, and what came of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) partitions: u64,
    /// Damaged images.
    pub(super) tried: u64,
    /// Those in which a key has another value than before, and the most commits that such keys were of.
    pub(super) changed: u64,
    pub(super) commits: usize,
    /// Those keys: with the value before, with an older one, with none.
    pub(super) previous: u64,
    pub(super) older: u64,
    pub(super) gone: u64,
    /// Images in which a commit that a power cut had left unfinished is whole.
    pub(super) finished: u64,
    /// Images in which a sector was lost, both copies of its header being hit.
    pub(super) sectors: u64,
    /// Images with changes of which nothing can tell: what was lost reads as erased.
    pub(super) erased: u64,
    /// Images that were written on, and those of them that took a store with a buffer of a sector.
    pub(super) written: u64,
    pub(super) buffers: u64,
}

impl Tally {
    pub(super) fn add(&mut self, other: &Self) {
        self.partitions += other.partitions;
        self.tried += other.tried;
        self.changed += other.changed;
        self.commits = self.commits.max(other.commits);
        self.previous += other.previous;
        self.older += other.older;
        self.gone += other.gone;
        self.finished += other.finished;
        self.sectors += other.sectors;
        self.erased += other.erased;
        self.written += other.written;
        self.buffers += other.buffers;
    }

    /// Whether they could be written on, in words.
    pub(super) fn writable(&self) -> String {
        let written = grouped(self.written);
        match self.buffers {
            0 => format!("{written} of {written} written on"),
            some => format!(
                "{written} of {written} written on, {some} of them only with a buffer of a sector"
            ),
        }
    }
}

/// The buffer of a common store, and one that any sector fits in.
const COMMON: usize = 128;
const SECTOR: usize = 1024;

/// A partition to be damaged, again and again.
pub(super) struct Patient<'p, const W: usize, const E: usize> {
    pub(super) partition: &'p Partition<W, E>,
    pub(super) layout: Layout,
    /// The flash that is damaged, and a copy of it.
    flash: SimFlash<W, E>,
    copy: SimFlash<W, E>,
    pub(super) tally: Tally,
}

impl<'p, const W: usize, const E: usize> Patient<'p, W, E> {
    pub(super) fn new(partition: &'p Partition<W, E>) -> Self {
        let mut patient = Self {
            partition,
            layout: partition.layout(),
            flash: partition.flash.clone(),
            copy: partition.flash.clone(),
            tally: Tally {
                partitions: 1,
                ..Tally::default()
            },
        };
        patient.assert_healthy();
        patient
    }

    /// Undamaged, it has what was acknowledged, and that is what the reader of the layout finds, too.
    fn assert_healthy(&mut self) {
        let expected = self.expected();
        let (found, _) = self.found(&"healthy");
        for ((key, found), expected) in self.partition.keys.iter().zip(found).zip(expected) {
            assert_eq!(found.as_ref(), Ok(&expected), "{}", self.partition.name);
            assert_eq!(key.now(), &expected, "{}", self.partition.name);
        }
    }

    /// What each key should have: what its newest entry says of those that are left.
    fn expected(&self) -> Vec<Value> {
        let left = self.layout.left(self.flash.image());
        let newest = |hash: u32| left.iter().find(|entry| entry.hash == hash);
        let keys = self.partition.keys.iter();
        keys.map(|key| newest(key.hash)?.value.clone()).collect()
    }

    /// What each key has, and how much damage was counted.
    fn found(&mut self, what: &dyn Display) -> (Vec<Found>, u32) {
        let mut ram = Resources::<64, 4, 64>::new();
        let end = self.flash.image().len() as u32;
        let mut store = Store::mount(&mut self.flash, 0..end, &mut ram, Options::DEFAULT)
            .unwrap_or_else(|error| panic!("{}: {what}: {error}", self.partition.name));
        let keys = self.partition.keys.iter();
        let found = keys.map(|key| get(&mut store, key)).collect();
        (found, store.stats().corrupt)
    }

    /// Changes bytes, holds the store to what is promised, and counts. No more than `most` commits may change.
    pub(super) fn damage(
        &mut self,
        what: &dyn Display,
        most: usize,
        write_on: bool,
        change: impl FnOnce(&mut [u8]),
    ) {
        self.flash.clone_from(&self.partition.flash);
        change(self.flash.image_mut());
        self.tally.tried += 1;
        let (partition, keys) = (self.partition, &self.partition.keys);
        let name = format_args!("{}: {what}", partition.name);

        let (found, corrupt) = self.found(what);
        let found = found.into_iter().zip(keys).map(|(found, key)| match found {
            Ok(value) if key.has_had(&value) => value,
            // Just mounted, it is the older values that are found, not what fails its checksum.
            other => panic!("{name}: key {:#x} has {other:?}, never written", key.hash),
        });
        let found: Vec<_> = found.collect();
        let expected = self.expected();
        // The bits that a torn commit lacks can be the ones that flip.
        let finished: Vec<_> = expected
            .iter()
            .zip(keys)
            .map(|(value, key)| key.cut.clone().unwrap_or_else(|| value.clone()))
            .collect();
        if found != expected && found == finished {
            self.tally.finished += 1;
        } else {
            for ((found, expected), key) in found.iter().zip(&expected).zip(keys) {
                // Where a summary tells of the sector, what it leaves out need not be whole: a deleted key stays deleted.
                assert!(
                    found == expected || found == key.now(),
                    "{name}: key {:#x} has {found:?}, and its newest whole entry says {expected:?}",
                    key.hash
                );
            }
            self.count(&name, most, corrupt, &found);
        }
        if write_on {
            self.tally.written += 1;
            self.write_on(&name, found);
        }
    }

    /// Counts what has changed, and asserts that it was reported.
    fn count(&mut self, name: &dyn Display, most: usize, corrupt: u32, found: &[Value]) {
        let damaged = self.flash.image();
        self.tally.sectors += u64::from(!self.layout.sectors_lost(damaged).is_empty());
        let mut commits = Vec::new();
        for (key, found) in self.partition.keys.iter().zip(found) {
            if found == key.now() {
                continue;
            }
            commits.extend(self.layout.newest(key.hash).map(|entry| entry.commit));
            let before = key.values.iter().rev().nth(1);
            match found {
                None => self.tally.gone += 1,
                value if Some(value) == before => self.tally.previous += 1,
                _ => self.tally.older += 1,
            }
        }
        if commits.is_empty() {
            return;
        }
        commits.sort_unstable();
        commits.dedup();
        assert!(
            commits.len() <= most,
            "{name}: commits changed: {commits:?}"
        );
        self.tally.changed += 1;
        self.tally.commits = self.tally.commits.max(commits.len());
        if corrupt == 0 {
            assert!(
                self.layout.reads_as_erased(damaged),
                "{name}: a silent loss"
            );
            self.tally.erased += 1;
        }
    }

    /// The store takes a dozen more commits, and they are found, and all else.
    fn write_on(&mut self, name: &dyn Display, mut now: Vec<Value>) {
        self.copy.clone_from(&self.flash);
        let before = now.clone();
        if let Err(Error::Full { .. }) = self.put::<COMMON>(&mut now) {
            // What bit rot has left may not fit the buffer that it would have to be moved through.
            self.flash.clone_from(&self.copy);
            self.tally.buffers += 1;
            now = before;
            if let Err(error) = self.put::<SECTOR>(&mut now) {
                panic!("{name}: not writable: {error}");
            }
        }
        let (found, _) = self.found(name);
        for ((key, found), now) in self.partition.keys.iter().zip(&found).zip(&now) {
            assert_eq!(
                found.as_ref(),
                Ok(now),
                "{name}: key {:#x}, written on",
                key.hash
            );
        }
    }

    fn put<const BUFFER: usize>(&mut self, now: &mut [Value]) -> Result<(), Error<SimError>> {
        let mut ram = Resources::<64, 4, BUFFER>::new();
        let end = self.flash.image().len() as u32;
        let mut store = Store::mount(&mut self.flash, 0..end, &mut ram, Options::DEFAULT)?;
        put(&mut store, &self.partition.keys, now).map_err(|(_, error)| error)
    }
}
