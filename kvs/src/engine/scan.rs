//! Going through a sector: which of its entries were committed.

use super::entry::Role;
use super::read::{Entry, Found};
use super::{Engine, Fault, NorFlash, ONLY_COPIES, bisync};

/// Nothing counts behind so many erased bytes that follow damage.
const GAP: u32 = 512;

/// What there is in a sector.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scanned {
    /// Where the last commit begins, and where it ends: addresses.
    pub(super) last_from: u32,
    pub(super) end: u32,
    /// Whether something stands behind the last commit that is no whole one.
    pub(super) is_torn: bool,
    /// How many entries were committed, the opening not among them.
    pub(super) entries: u32,
}

#[bisync]
impl<F: NorFlash> Engine<'_, F> {
    /// Takes the committed entries from `from` up to `to` into the index. Up to `proven`, all that
    /// is whole was committed; behind it, only what is a whole commit, or what a whole commit
    /// follows: nothing is ever appended behind a torn one, so that what is no whole commit there
    /// has rotted since.
    #[inline(never)]
    pub(super) async fn scan(&mut self, from: u32, to: u32, proven: u32) -> Result<Scanned, Fault> {
        let mut scanned = Scanned {
            last_from: from,
            end: from,
            is_torn: false,
            entries: 0,
        };
        let mut proven = proven;
        let mut at = from;
        // Where what is undecided begins, and whether it is a commit without a hole so far.
        let mut pending = None;
        let mut is_intact = false;
        // Where the last bytes end that are not erased.
        let mut quiet_from = from;
        while at < to {
            match self.probe(at).await {
                Found::Entry(entry) => {
                    let len = entry.header.entry_len(Self::WORD);
                    let behind = at.wrapping_add(len);
                    quiet_from = behind;
                    let begins = entry.role != Role::Continues;
                    if at >= proven {
                        if begins && pending.is_some() {
                            // What stands before it was committed, and has rotted.
                            self.damaged = self.damaged.saturating_add(1);
                            proven = at;
                        } else if begins && !entry.header.has_more() {
                            proven = behind;
                        } else {
                            if pending.is_none() {
                                (pending, is_intact) = (Some(at), begins);
                            }
                            if is_intact && !entry.header.has_more() {
                                proven = behind;
                            }
                        }
                        if let Some(undecided) = pending {
                            at = behind;
                            if proven > undecided {
                                at = undecided;
                                pending = None;
                            }
                            continue;
                        }
                    }
                    self.take(&entry, &mut scanned)?;
                    at = behind;
                }
                found => {
                    if found == Found::Damage {
                        quiet_from = at.wrapping_add(Self::WORD);
                    } else if at >= proven
                        && (pending.is_none() || at.wrapping_sub(quiet_from) >= GAP)
                    {
                        break;
                    }
                    if at >= proven {
                        is_intact = false;
                        pending = pending.or(Some(at));
                    }
                    at = at.wrapping_add(Self::WORD);
                }
            }
        }
        scanned.is_torn = pending.is_some();
        Ok(scanned)
    }

    /// Makes a committed entry its key's latest.
    fn take(&mut self, entry: &Entry, scanned: &mut Scanned) -> Result<(), Fault> {
        let behind = entry
            .address
            .wrapping_add(entry.header.entry_len(Self::WORD));
        if entry.role != Role::Continues {
            scanned.last_from = entry.address;
        }
        scanned.end = behind;
        if entry.header.is_opening() {
            return Ok(());
        }
        scanned.entries = scanned.entries.wrapping_add(1);
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
