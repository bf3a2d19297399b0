//! Summaries: where the last entry of each key of a sector is, at the sector's end. So a mount need not read the rest of it.
//!
//! Written when a sector is closed, in room that is kept for it where little of the store is live. A sector without one, or with a
//! torn or rotten one, is read whole, as the newest is in any case. What a summary points at is checked when it is read; where it
//! does not count, all of the partition is read anew, without summaries.

use super::flash::{CHUNK, FlashResult, Partition};
use super::scan::Walker;
use super::window::{Entry, View, Window};
use super::{NorFlash, Store, bisync};
use crate::bytes::Aligned;
use crate::checksum::Checksum;
use crate::error::Error;
use crate::format::{
    Head, Keys, Kind, SUMMARY_FOOTER, SUMMARY_ITEM, SummaryItem, pad, place_salt, summary_footer,
    summary_items, summary_len, summary_reaches, summary_size,
};
use crate::map::Slot;
use crate::options::Summaries;

/// Up to so many quarters of all sectors but two, room for summaries costs few erases.
const SPARSE: u32 = 1;

/// The bytes that a summary of so many keys takes, with padding.
fn summary_room<F: NorFlash>(keys: usize) -> u32 {
    summary_size(summary_len(keys), Partition::<F>::WRITE_SIZE)
}

/// Where in a sector a summary is, if the bytes at the sector's end are one's footer.
#[derive(Clone, Copy)]
pub(crate) struct Summary {
    begin: u32,
    /// Of the first item.
    from: u32,
    footer: [u8; SUMMARY_FOOTER as usize],
    /// Those of the map when it was written.
    pub(crate) keys: Keys,
}

/// What becomes of what a summary tells of.
pub(crate) enum Items<'a> {
    /// Nothing: it is only to prove what stands before it.
    Ignored,
    /// They win: nothing newer has been read.
    Newer,
    /// They win where the key is not known, and are counted among these: all that is newer has been read.
    Older(&'a mut Keys),
}

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// The bytes that the head's summary takes, should `new` more keys come to it.
    pub(crate) fn summary_room(&self, new: usize) -> u32 {
        summary_room::<F>(self.keys_in_head().wrapping_add(new))
    }

    /// The bytes to be left free in the head behind `need` more bytes of `new` keys. None, where room is dear: in a store that is
    /// rather full, or if the summary were long beside what it saves to read.
    pub(crate) fn summary_reserve(&self, need: u32, new: usize) -> u32 {
        let end = self.end.wrapping_add(need);
        // So it seldom takes a count of the head's keys.
        let most = summary_room::<F>(self.map.len().wrapping_add(new));
        let is_dear = self.is_partial() || !self.is_live_below(SPARSE);
        if end.wrapping_add(most) <= self.flash.sector_size || is_dear {
            return 0;
        }
        let room = self.summary_room(new);
        if self.is_short(room) && need.wrapping_add(room) <= self.payload() {
            room
        } else {
            0
        }
    }

    /// Whether a summary of so many bytes is worth its room, beside what it saves to read: up to 5/32 of a sector.
    fn is_short(&self, room: u32) -> bool {
        let payload = self.payload();
        room <= (payload / 8).wrapping_add(payload / 32)
    }

    /// How many keys have their last entry in the head: all that have one there.
    fn keys_in_head(&self) -> usize {
        let head = self.sectors.head();
        let slots = self.map.slots().iter();
        slots
            .filter(|slot| head == Some(self.sector_of(slot)))
            .count()
    }

    /// The sector that a slot's entry is in.
    fn sector_of(&self, slot: &Slot) -> usize {
        self.flash.split(self.map.packing.unpack(*slot).address).0
    }

    /// Closes the head, with a summary if there is room for one.
    #[inline(never)]
    pub(crate) async fn close_head(&mut self) -> FlashResult<F> {
        let size = self.flash.sector_size;
        let room = self.summary_room(0);
        let at = size.saturating_sub(room);
        let reaches = summary_reaches(size, Partition::<F>::WRITE_SIZE);
        let Some(head) = self.sectors.head() else {
            return Ok(());
        };
        let is_damaged = self.sectors.get(head).is_damaged();
        // A summary tells of all keys.
        let tells_all = !is_damaged && !self.is_partial();
        if self.end > at || !self.is_short(room) || !reaches || !tells_all {
            return Ok(());
        }
        let written = self.write_summary(head).await;
        if written.is_err() {
            self.fail_head();
        }
        self.end = size;
        written
    }

    async fn write_summary(&mut self, head: usize) -> FlashResult<F> {
        let size = self.flash.sector_size;
        let keys = self.keys_in_head();
        let len = summary_len(keys);
        let from = size.saturating_sub(len);
        self.end = size.saturating_sub(summary_room::<F>(keys));
        let mut run = self.new_run();
        for _ in self.end..from {
            self.push(&mut run, &[0]).await?;
        }
        self.checksum.reset();
        for index in 0..self.map.len() {
            let slot = self.map.slots().get(index).copied();
            let Some(slot) = slot.filter(|slot| self.sector_of(slot) == head) else {
                continue;
            };
            let place = self.map.packing.unpack(slot);
            let item = SummaryItem {
                hash: slot.hash,
                offset: self.flash.split(place.address).1,
                size: self.size_at(place).await?,
                tombstone: place.tombstone,
            };
            self.push(&mut run, &item.encode(Partition::<F>::WRITE_SIZE))
                .await?;
        }
        let footer = summary_footer(keys as u16, self.keys_of_map());
        self.push(&mut run, &footer).await?;
        let sequence = self.sectors.get(head).sequence;
        let check = self.checksum.value() ^ place_salt(sequence, from);
        self.push(&mut run, &check.to_le_bytes()).await?;
        self.flush(&mut run).await
    }

    fn keys_of_map(&self) -> Keys {
        let slots = self.map.slots().iter();
        slots.fold(Keys::default(), |keys, slot| {
            keys.with(slot.hash, slot.is_tombstone())
        })
    }

    /// What seems to be the summary of sector `index`.
    pub(crate) async fn find_summary(&mut self, index: usize) -> Option<Summary> {
        let size = self.flash.sector_size;
        let mut scratch = Aligned([0; CHUNK]);
        let len = pad(SUMMARY_FOOTER, Partition::<F>::READ_SIZE);
        let bytes = scratch.0.get_mut(..len as usize)?;
        let address = self
            .flash
            .base(index)
            .wrapping_add(size.saturating_sub(len));
        self.flash.read(address, bytes).await.ok()?;
        let footer = *bytes.last_chunk()?;
        let (items, keys) = summary_items(footer)?;
        let len = summary_len(items);
        let from = size.checked_sub(len)?;
        let begin = size.checked_sub(summary_size(len, Partition::<F>::WRITE_SIZE))?;
        (begin >= self.header_len()).then_some(Summary {
            begin,
            from,
            footer,
            keys,
        })
    }

    /// Reads the summary of sector `index`. False: it does not add up, and what was taken in means nothing.
    pub(crate) async fn read_summary(
        &mut self,
        index: usize,
        summary: Summary,
        mut items: Items<'_>,
    ) -> FlashResult<F, bool> {
        let end = self.flash.sector_size.saturating_sub(SUMMARY_FOOTER);
        self.checksum.reset();
        let mut view = View::new(summary.from, 0);
        let mut at = summary.from;
        while at < end {
            let mut window = Window::new(&mut self.flash, self.buffer, index, end).loaded(view);
            let bytes = window.at(at, SUMMARY_ITEM as usize).await;
            let bytes = bytes.first_chunk().copied();
            view = window.view;
            let Some(bytes) = bytes.filter(|_| view.holes == 0) else {
                return Ok(false);
            };
            at = at.wrapping_add(SUMMARY_ITEM);
            self.checksum.update(&bytes);
            let item = SummaryItem::decode(bytes, Partition::<F>::WRITE_SIZE);
            let inside = item.offset >= self.header_len()
                && item.offset.wrapping_add(item.size) <= summary.begin;
            if !inside {
                return Ok(false);
            }
            let is_known = self.map.place(item.hash).is_some();
            match &mut items {
                Items::Newer => self.settle(index, &entry(item)).await?,
                Items::Older(seen) if !is_known => {
                    self.set_winner(index, &entry(item))?;
                    **seen = seen.with(item.hash, item.tombstone);
                }
                Items::Older(_) | Items::Ignored => {}
            }
        }
        let (front, check) = summary.footer.split_at(12);
        self.checksum.update(front);
        let sequence = self.sectors.get(index).sequence;
        let expected = self.checksum.value() ^ place_salt(sequence, summary.from);
        Ok(check == expected.to_le_bytes())
    }

    /// To be called before anything is erased: checks, once, all that summaries told of. Should something of it not count, what it
    /// superseded is still there.
    #[inline(never)]
    pub(crate) async fn verify_winners(&mut self) -> FlashResult<F> {
        if self.sectors.summaries() == Summaries::Unused {
            return Ok(());
        }
        for index in 0..self.map.len() {
            let Some(slot) = self.map.slots().get(index).copied() else {
                break;
            };
            let place = self.map.packing.unpack(slot);
            if place.tombstone {
                continue;
            }
            match self.reader(usize::MAX).entry_at(place).await {
                Ok(Some(found)) if found.entry.hash == slot.hash => {}
                _ => {
                    self.sectors.set_summaries(Summaries::Doubted);
                    return Err(Error::Corrupt { key: slot.hash });
                }
            }
        }
        self.sectors.set_summaries(Summaries::Unused);
        Ok(())
    }

    /// A walk over the entries of sector `index`, up to its summary if it has one. Takes the buffer.
    pub(crate) async fn walk(&mut self, index: usize) -> Walker {
        let summary = self.find_summary(index).await;
        self.walk_to(index, summary).await
    }

    /// The same, with what [`find_summary`](Self::find_summary) says.
    pub(crate) async fn walk_to(&mut self, index: usize, summary: Option<Summary>) -> Walker {
        let (sequence, from) = (self.sectors.get(index).sequence, self.header_len());
        if let Some(summary) = summary
            && let Ok(true) = self.read_summary(index, summary, Items::Ignored).await
        {
            return Walker::before_summary(sequence, from, summary.begin);
        }
        Walker::new(sequence, from, self.flash.sector_size)
    }
}

/// The entry that an item tells of, as far as it is known.
fn entry(item: SummaryItem) -> Entry {
    let kind = if item.tombstone {
        Kind::Tombstone
    } else {
        Kind::Hashed
    };
    Entry {
        head: Head {
            kind,
            more: false,
            continues: false,
            hash: item.hash,
            name_len: 0,
            value_len: 0,
        },
        hash: item.hash,
        offset: item.offset,
        size: item.size,
    }
}
