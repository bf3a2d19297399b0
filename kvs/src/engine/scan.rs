//! Going through a sector: which of its entries were committed.

use super::entry::Role;
use super::read::{Entry, Found};
use super::{Device, Engine, Fault, Job, ONLY_COPIES};
use crate::checksum::Checksum;

/// Nothing counts behind so many erased bytes that follow damage.
const GAP: u32 = 512;

/// No address.
const NOWHERE: u32 = u32::MAX;

/// A range of a sector that is gone through. All are addresses.
pub(super) struct Scan {
    at: u32,
    to: u32,
    /// Up to here, all that is whole was committed.
    proven: u32,
    /// Where what is undecided begins.
    pending: u32,
    /// What is undecided is a commit without a hole so far.
    is_intact: bool,
    /// Where the last bytes end that are not erased.
    quiet_from: u32,
    /// Where the last commit begins, and where it ends.
    pub(super) last_from: u32,
    pub(super) end: u32,
    /// Whether there is an entry that was committed, beside the opening.
    pub(super) has_entries: bool,
}

impl Scan {
    /// A scan from `from` to `to`. Up to `proven`, all that is whole was committed; behind it, only
    /// what is a whole commit, or what a whole commit follows: nothing is ever appended behind a
    /// torn one, so that what is no whole commit there has rotted since.
    pub(super) const fn new(from: u32, to: u32, proven: u32) -> Self {
        Self {
            at: from,
            to,
            proven,
            pending: NOWHERE,
            is_intact: false,
            quiet_from: from,
            last_from: from,
            end: from,
            has_entries: false,
        }
    }

    /// Whether something stands behind the last commit that is no whole one.
    pub(super) fn is_torn(&self) -> bool {
        self.pending != NOWHERE
    }
}

impl<D: Device, C: Checksum> Engine<'_, D, C> {
    /// Takes the committed entries of the job's scan into the index.
    #[inline(never)]
    pub(super) fn scan(&mut self, job: &mut Job) -> Result<(), Fault> {
        let Job { scan, probe, .. } = job;
        while scan.at < scan.to {
            let at = scan.at;
            match self.probe(at, probe)? {
                Found::Entry(entry) => {
                    let behind = at.wrapping_add(entry.header.entry_len(Self::WORD));
                    scan.quiet_from = behind;
                    scan.at = behind;
                    if at < scan.proven {
                        self.take(&entry, scan)?;
                        continue;
                    }
                    let begins = entry.role != Role::Continues;
                    if begins && scan.pending != NOWHERE {
                        // What stands before it was committed, and has rotted.
                        self.damaged = self.damaged.saturating_add(1);
                        scan.proven = at;
                    } else {
                        if scan.pending == NOWHERE {
                            (scan.pending, scan.is_intact) = (at, begins);
                        }
                        if scan.is_intact && !entry.header.has_more() {
                            scan.proven = behind;
                        }
                    }
                    if scan.proven == behind && scan.pending == at {
                        // A commit of one entry.
                        scan.pending = NOWHERE;
                        self.take(&entry, scan)?;
                    } else if scan.pending != NOWHERE && scan.proven > scan.pending {
                        scan.at = scan.pending;
                        scan.pending = NOWHERE;
                    }
                }
                found => {
                    if found == Found::Damage {
                        scan.quiet_from = at.wrapping_add(Self::WORD);
                    } else if at >= scan.proven
                        && (scan.pending == NOWHERE || at.wrapping_sub(scan.quiet_from) >= GAP)
                    {
                        break;
                    }
                    if at >= scan.proven {
                        scan.is_intact = false;
                        scan.pending = scan.pending.min(at);
                    }
                    scan.at = at.wrapping_add(Self::WORD);
                }
            }
        }
        Ok(())
    }

    /// Makes a committed entry its key's latest.
    fn take(&mut self, entry: &Entry, scan: &mut Scan) -> Result<(), Fault> {
        if entry.role != Role::Continues {
            scan.last_from = entry.address;
        }
        scan.end = scan.at;
        if entry.header.is_opening() {
            return Ok(());
        }
        scan.has_entries = true;
        if entry.role != Role::Copy {
            self.set(ONLY_COPIES, false);
        }
        if self.index.insert_latest(Self::slot_of(entry)) {
            Ok(())
        } else {
            Err(Fault::TooManyKeys)
        }
    }
}
