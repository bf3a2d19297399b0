//! Reading a sector's log: from entries to committed ones.
//!
//! Decides what is torn and what has rotted (invariant 4). Knows one sector; no map, no keys' winners.

use super::flash::Partition;
use super::window::{Entry, Probe, Window};
use super::{NorFlash, bisync};
use crate::checksum::Checksum;
use crate::format::{GAP, Head, MAX_HEAD};

/// What stands behind the last commit of a sector.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tail {
    /// Erased flash from this offset on.
    Open(u32),
    /// Something torn or unreadable, and erased flash from this offset on.
    Torn(u32),
    /// Something torn or unreadable up to the sector's end, or no room.
    Closed,
}

/// Walks over a sector's committed entries, in order.
///
/// What does not read as a whole entry is either a torn tail or bit rot, and only what follows tells: nothing is ever
/// appended behind a torn entry or an unfinished group, so something whole behind it proves that it was committed.
/// Until then it is undecided; once proven, its whole entries are replayed.
#[derive(Clone)]
pub(crate) struct Walker {
    sequence: u32,
    at: u32,
    end: u32,
    /// Where what is undecided begins.
    undecided: Option<u32>,
    /// The undecided part is a group without a hole so far.
    intact: bool,
    /// The part being replayed.
    replay: Option<(u32, u32)>,
    /// Bytes that may still be spent on checking long entries that turn out bad: four times the sector, where a sector
    /// crafted of lying lengths would take the square of it.
    patience: u32,
    /// A whole entry was met that is of a group.
    pub(crate) groups: bool,
    /// A summary stands behind what is walked over: all of it was committed, and the sector is closed.
    before_summary: bool,
    /// Commits that were damaged or never finished.
    pub(crate) damaged: u16,
    /// What is behind the tail was not read to the end.
    pub(crate) stopped_early: bool,
    /// Known at the end.
    pub(crate) tail: Tail,
}

#[bisync]
impl Walker {
    /// Over the offsets `from..to` of a sector.
    pub(crate) fn new(sequence: u32, from: u32, to: u32) -> Self {
        Self {
            sequence,
            at: from,
            end: to,
            undecided: None,
            intact: false,
            replay: None,
            patience: to.saturating_mul(4),
            groups: false,
            before_summary: false,
            damaged: 0,
            stopped_early: false,
            tail: Tail::Closed,
        }
    }

    /// Over the offsets `from..to` of a sector, at which its summary begins.
    pub(crate) fn before_summary(sequence: u32, from: u32, to: u32) -> Self {
        Self {
            before_summary: true,
            ..Self::new(sequence, from, to)
        }
    }

    pub(crate) async fn next<F: NorFlash, C: Checksum>(
        &mut self,
        window: &mut Window<'_, F>,
        checksum: &mut C,
    ) -> Option<Entry> {
        loop {
            if let Some((from, to)) = self.replay {
                if from >= to {
                    self.replay = None;
                } else if let Probe::Whole(entry) = self.probe(window, checksum, from).await {
                    self.replay = Some((entry.end(), to));
                    return Some(entry);
                } else {
                    // A group that was whole a moment ago: its bits don't hold still.
                    let fresh = core::mem::take(&mut self.intact);
                    self.damaged = self.damaged.saturating_add(u16::from(fresh));
                    self.replay = Some((from.wrapping_add(Partition::<F>::WRITE_SIZE), to));
                }
                continue;
            }
            if self.at >= self.end {
                let from = self.undecided.take()?;
                // An undecided rest that runs up to the end of the sector is a torn tail.
                self.damaged = self.damaged.saturating_add(1);
                if !self.before_summary {
                    return None;
                }
                self.intact = false;
                self.replay = Some((from, self.end));
                continue;
            }
            let at = self.at;
            match self.probe(window, checksum, at).await {
                Probe::Whole(entry) => {
                    if let Some(whole) = self.step(entry) {
                        return Some(whole);
                    }
                }
                Probe::Blank => match window.programmed_from(at, self.gap_from(at)).await {
                    Some(next) if next > at => {
                        self.hole(at);
                        self.at = next;
                    }
                    Some(_) => self.skip_word::<F>(at),
                    None => {
                        self.stopped_early = self.gap_from(at) < self.end;
                        if !self.before_summary {
                            let is_torn = self.undecided.is_some();
                            self.tail = if is_torn {
                                Tail::Torn(at)
                            } else {
                                Tail::Open(at)
                            };
                        }
                        self.at = self.end;
                    }
                },
                Probe::Bad => self.skip_word::<F>(at),
            }
        }
    }

    /// Takes in a whole entry; returns it if it is committed by itself.
    fn step(&mut self, entry: Entry) -> Option<Entry> {
        self.groups |= entry.head.more || entry.head.continues;
        if !entry.head.continues {
            // The start of a commit: what stands before it was committed too.
            if let Some(from) = self.undecided.take() {
                self.damaged = self.damaged.saturating_add(1);
                self.intact = false;
                self.replay = Some((from, entry.offset));
                return None;
            }
            self.at = entry.end();
            if !entry.head.more {
                return Some(entry);
            }
            self.undecided = Some(entry.offset);
            self.intact = true;
            return None;
        }
        self.at = entry.end();
        if self.undecided.is_none() {
            // It continues a commit whose front is gone.
            self.hole(entry.offset);
        }
        if self.intact && !entry.head.more {
            self.replay = self.undecided.take().map(|from| (from, entry.end()));
        }
        None
    }

    /// Up to where it has to be erased from `at` on, so that nothing counts behind.
    fn gap_from(&self, at: u32) -> u32 {
        at.saturating_add(GAP).min(self.end)
    }

    fn hole(&mut self, at: u32) {
        self.undecided.get_or_insert(at);
        self.intact = false;
    }

    fn skip_word<F: NorFlash>(&mut self, at: u32) {
        self.hole(at);
        self.at = at.wrapping_add(Partition::<F>::WRITE_SIZE);
    }

    /// Probes at `at`. Each long entry that turns out bad costs patience.
    async fn probe<F: NorFlash, C: Checksum>(
        &mut self,
        window: &mut Window<'_, F>,
        checksum: &mut C,
        at: u32,
    ) -> Probe {
        window.pin = self.undecided.filter(|_| self.intact);
        let long = self.patience.max(CHEAP);
        let probe = window.probe(checksum, self.sequence, at, false, long).await;
        if matches!(probe, Probe::Bad) {
            let claimed =
                Head::decode(window.at(at, MAX_HEAD).await).map_or(0, |head| head.entry_len());
            // One that claims more than there is was not read.
            let was_read = claimed <= long && at.wrapping_add(claimed) <= window.sector_size();
            if claimed > CHEAP && was_read {
                self.patience = self.patience.saturating_sub(claimed);
            }
        }
        probe
    }
}

/// An entry of up to this many bytes is checked wherever it might be, whatever patience is left.
const CHEAP: u32 = 64;
