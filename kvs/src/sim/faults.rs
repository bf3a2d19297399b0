//! The faults that a flash has: where they are, which come next, and what they do to the bits.

use core::ops::Range;
use std::vec::Vec;

use super::error::SimError;
use super::fault::Fault;
use super::medium::ERASED;
use super::rng::Rng;
use super::tear::Tear;

/// The sizes that the bookkeeping needs, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) word: usize,
    pub(super) sector: usize,
    pub(super) capacity: usize,
}

/// Operations of one kind, each behind the other.
pub(super) struct Call {
    pub(super) kind: Kind,
    /// The first byte.
    pub(super) start: usize,
    /// How many operations lie before it.
    pub(super) done: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Program,
    Erase,
}

impl Fault {
    /// What an operation of this kind leaves, if the fault makes it fail.
    fn tear(self, kind: Kind) -> Option<Tear> {
        match (self, kind) {
            (Self::ProgramFails(tear), Kind::Program) | (Self::EraseFails(tear), Kind::Erase) => {
                Some(tear)
            }
            _ => None,
        }
    }

    /// Whether it can be planned for an operation of this kind.
    fn strikes(self, kind: Kind) -> bool {
        match self {
            Self::ProgramFails(_) | Self::StuckAtOne => kind == Kind::Program,
            Self::EraseFails(_) | Self::StuckAtZero => kind == Kind::Erase,
            Self::ReadFails | Self::ReadFailsForever | Self::Unstable => true,
        }
    }

    /// Whether it is there before the operation that it strikes, or only after it.
    fn comes_first(self) -> bool {
        matches!(self, Self::StuckAtOne | Self::StuckAtZero)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Faults {
    shape: Shape,
    /// Faults that last, with the bytes they are at: whole words within one sector.
    lasting: Vec<(Range<usize>, Fault)>,
    planned: Vec<(u64, Fault)>,
    /// Which bits are unstable. Empty until the first of them, as most flashes have none.
    unstable: Vec<u8>,
    /// How many of 16 reads of an unstable bit give 1.
    ones: u8,
    rng: Rng,
}

impl Faults {
    pub(super) fn none(shape: Shape) -> Self {
        Self {
            shape,
            lasting: Vec::new(),
            planned: Vec::new(),
            unstable: Vec::new(),
            ones: 8,
            rng: Rng::new(0),
        }
    }

    /// As `clone_from`, which a derive does not give, keeps what is allocated.
    pub(super) fn copy_from(&mut self, source: &Self) {
        self.shape = source.shape;
        self.lasting.clone_from(&source.lasting);
        self.planned.clone_from(&source.planned);
        self.unstable.clone_from(&source.unstable);
        self.ones = source.ones;
        self.rng.clone_from(&source.rng);
    }

    pub(super) fn set_ones(&mut self, ones: u8) {
        self.ones = ones;
    }

    pub(super) fn seed(&mut self, seed: u64) {
        self.rng = Rng::new(seed);
    }

    /// The bytes of an operation.
    fn unit(&self, kind: Kind) -> usize {
        match kind {
            Kind::Read => 1,
            Kind::Program => self.shape.word,
            Kind::Erase => self.shape.sector,
        }
    }

    pub(super) fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    pub(super) fn draw(&mut self) -> u64 {
        self.rng.next_u64()
    }

    pub(super) fn clear(&mut self) {
        self.lasting.clear();
        self.planned.clear();
        self.unstable.clear();
    }

    pub(super) fn plan(&mut self, operation: u64, fault: Fault) {
        self.planned.push((operation, fault));
    }

    pub(super) fn plant(&mut self, words: Range<usize>, fault: Fault) {
        let bytes = words.start * self.shape.word..words.end * self.shape.word;
        if fault == Fault::Unstable {
            for word in bytes.step_by(self.shape.word) {
                let mut mask = std::vec![0xFF; self.shape.word];
                self.rng.thin(&mut mask);
                self.unsettle(word, &mask);
            }
            return;
        }
        for sector in bytes.start / self.shape.sector..bytes.end.div_ceil(self.shape.sector) {
            let (start, end) = (sector * self.shape.sector, (sector + 1) * self.shape.sector);
            let part = bytes.start.max(start)..bytes.end.min(end);
            self.lasting.push((part, fault));
        }
    }

    /// Makes the bits of `mask`, which is for the bytes from `start` on, read differently each time.
    fn unsettle(&mut self, start: usize, mask: &[u8]) {
        self.unstable.resize(self.shape.capacity, 0);
        for (unstable, mask) in self.unstable[start..].iter_mut().zip(mask) {
            *unstable |= mask;
        }
    }

    /// Leaves some of the bits of `mask` in between after a tear, which `rng` is the rest of.
    pub(super) fn torn(&mut self, start: usize, mask: &mut [u8], mut rng: Rng) {
        rng.thin(mask);
        self.unsettle(start, mask);
        // So that another seed of the tear gives other reads too.
        self.rng = Rng::new(self.rng.next_u64() ^ rng.next_u64());
    }

    /// The first of the next `count` operations that fails, and what it leaves.
    pub(super) fn failure(&self, call: &Call, count: usize) -> Option<(usize, Tear)> {
        let unit = self.unit(call.kind);
        let end = call.start + count * unit;
        let lasting = self.lasting.iter().filter_map(|(range, fault)| {
            let tear = fault.tear(call.kind)?;
            let hit = range.start < end && call.start < range.end;
            hit.then(|| (range.start.saturating_sub(call.start) / unit, tear))
        });
        let planned = self.planned.iter().filter_map(|(operation, fault)| {
            let ahead = operation.saturating_sub(call.done);
            (ahead < count as u64).then_some((ahead as usize, fault.tear(call.kind)?))
        });
        lasting.chain(planned).min_by_key(|(index, _)| *index)
    }

    /// The planned faults of the `count` operations under way: first those that are there before them,
    /// then the others, failures included.
    pub(super) fn strike(&mut self, first: bool, call: &Call, count: usize) {
        let unit = self.unit(call.kind);
        let mut next = 0;
        while let Some(&(operation, fault)) = self.planned.get(next) {
            let ahead = operation.saturating_sub(call.done);
            let due = ahead < count as u64 && fault.strikes(call.kind);
            if !due || fault.comes_first() != first {
                next += 1;
                continue;
            }
            self.planned.remove(next);
            if fault.tear(call.kind).is_none() {
                let start = (call.start + ahead as usize * unit) / self.shape.word;
                self.plant(start..start + unit / self.shape.word, fault);
            }
        }
    }

    /// Some bits that a program of the words from `start` on should have cleared are as in `before`.
    pub(super) fn stick_at_one(&mut self, start: usize, before: &[u8], cells: &mut [u8]) {
        let word = self.shape.word;
        for index in self.stuck_words(Fault::StuckAtOne, start, cells.len()) {
            let bytes = index * word..(index + 1) * word;
            let pairs = before[bytes.clone()].iter().zip(&cells[bytes.clone()]);
            let mut mask: Vec<u8> = pairs.map(|(before, cell)| before & !cell).collect();
            self.rng.thin(&mut mask);
            for (cell, mask) in cells[bytes].iter_mut().zip(mask) {
                *cell |= mask;
            }
        }
    }

    /// Some bits of an erased sector are not.
    pub(super) fn stick_at_zero(&mut self, start: usize, cells: &mut [u8]) {
        let word = self.shape.word;
        for index in self.stuck_words(Fault::StuckAtZero, start, cells.len()) {
            let mut mask = std::vec![ERASED; word];
            self.rng.thin(&mut mask);
            for (cell, mask) in cells[index * word..].iter_mut().zip(mask) {
                *cell &= !mask;
            }
        }
    }

    /// Which words, counted from `start`, have the fault.
    fn stuck_words(&self, fault: Fault, start: usize, len: usize) -> Vec<usize> {
        let word = self.shape.word;
        let stuck = |index: &usize| {
            let at = start + index * word;
            let mut lasting = self.lasting.iter();
            lasting.any(|(range, other)| *other == fault && range.contains(&at))
        };
        if self.lasting.is_empty() {
            return Vec::new();
        }
        (0..len / word).filter(stuck).collect()
    }

    /// Bits that a program clears are stable, whatever they were.
    pub(super) fn programmed(&mut self, start: usize, data: &[u8]) {
        if !self.unstable.is_empty() {
            for (unstable, byte) in self.unstable[start..].iter_mut().zip(data) {
                *unstable &= byte;
            }
        }
    }

    /// An erase that went through mends what an erase can mend.
    pub(super) fn erased(&mut self, bytes: Range<usize>) {
        self.lasting
            .retain(|(range, fault)| *fault != Fault::ReadFails || !bytes.contains(&range.start));
        if !self.unstable.is_empty() {
            self.unstable[bytes].fill(0);
        }
    }

    /// What a read sees of `bytes`, which are those from `start` on.
    pub(super) fn read(&mut self, start: usize, bytes: &mut [u8]) {
        if !self.unstable.is_empty() {
            for (byte, unstable) in bytes.iter_mut().zip(&self.unstable[start..]) {
                if *unstable != 0 {
                    *byte = *byte & !unstable | self.rng.ones(self.ones) & unstable;
                }
            }
        }
    }

    /// Refuses a read that meets an unreadable word.
    pub(super) fn check_read(&self, start: usize, len: usize) -> Result<(), SimError> {
        let unreadable = |fault| matches!(fault, Fault::ReadFails | Fault::ReadFailsForever);
        let hits = self.lasting.iter().filter(|(range, fault)| {
            unreadable(*fault) && range.start < start + len && start < range.end
        });
        match hits.map(|(range, _)| range.start.max(start)).min() {
            Some(address) => Err(SimError::Ecc {
                address: address as u32,
            }),
            None => Ok(()),
        }
    }
}
