//! Undoing: a collection that was cut, and can't go on, is begun anew, and its copies do not count.

use super::entry::Role;
use super::index::{FAILED, RETIRED};
use super::mount::Except;
use super::read::Found;
use super::{Device, Engine, Fault, Job, NONE, ONLY_COPIES};
use crate::checksum::Checksum;
use crate::events;

/// A look at the copies that are undone.
pub(super) struct Undo {
    /// The address of the next one; 0 if there are none to be looked at.
    at: u32,
    /// The copy whose original is looked for: its hash and its checksum, and whether it is a tombstone.
    copy: Option<(u32, u32, bool)>,
    /// An original has rotted: the copies are all there is.
    pub(super) is_refused: bool,
}

impl Undo {
    pub(super) const NONE: Self = Self {
        at: 0,
        copy: None,
        is_refused: false,
    };
}

impl<D: Device, C: Checksum> Engine<'_, D, C> {
    /// Has the collection begun anew, if all of the active sector is copies.
    pub(super) fn undo(&mut self, job: &mut Job) -> Fault {
        // Once: what has been undone twice would be so the next time.
        if self.is(ONLY_COPIES) && self.active != NONE && !job.is_undone {
            events::undone(self.active);
            job.is_undone = true;
            // The sector that failed is erased, and may do.
            job.failed = None;
            self.index.flag(self.active, 0, FAILED | RETIRED);
            job.undo.at = self.flash.base(self.active).wrapping_add(Self::FIRST);
            self.remount(Except::Sector(self.active), job)
        } else {
            Fault::Full
        }
    }

    /// Must be called before the copies are erased: their originals may have rotted since.
    pub(super) fn check_originals(&mut self, job: &mut Job) -> Result<(), Fault> {
        while job.undo.at != 0 || job.undo.copy.is_some() {
            if let Some((hash, checksum, is_tombstone)) = job.undo.copy {
                let original = self.locate(hash, job)?;
                let is_there = match original.is_none() {
                    // In the oldest sector, it has been forgotten.
                    true => is_tombstone,
                    false => {
                        self.entry_of(hash, original, job)? && self.checksum.value() == checksum
                    }
                };
                job.undo.copy = None;
                if !is_there {
                    job.undo = Undo {
                        is_refused: true,
                        ..Undo::NONE
                    };
                    return Err(self.remount(Except::Nothing, job));
                }
                continue;
            }
            let at = job.undo.at;
            let mut len = Self::WORD;
            if self.probe(at, &mut job.probe)? == Found::Entry {
                let header = &job.probe.header;
                len = header.entry_len(Self::WORD);
                if job.probe.role == Role::Copy && !header.is_of_sector() {
                    let (hash, is_tombstone) = (header.hash, header.is_tombstone());
                    job.undo.copy = Some((hash, self.checksum.value(), is_tombstone));
                }
            }
            let is_inside = self.flash.offset(at).wrapping_add(len) < self.flash.sector_size();
            job.undo.at = if is_inside { at.wrapping_add(len) } else { 0 };
        }
        Ok(())
    }
}
