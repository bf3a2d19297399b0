//! The newest sector, of which a mount has to tell what it is: a collection may have been cut in it
//! (invariant 3).

use super::entries::{CopyCheck, HashRange};
use super::flash::{CHUNK, FlashResult, Partition};
use super::scan::Tail;
use super::window::Window;
use super::{NorFlash, Store, bisync};
use crate::bytes::Aligned;
use crate::checksum::Checksum;
use crate::format::{GAP, Head};
use crate::sectors::Sector;

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Whether `newest`, all others having been read, was being filled by a collection when power
    /// failed (invariant 3): no other sector is without winners, and each of its entries is a copy
    /// of one.
    #[inline(never)]
    ///
    /// Of a partition that is read in parts, this tells of the keys that are of `part`; `copies` is
    /// of the parts before. With the last part, it is known of all.
    pub(crate) async fn newest(
        &mut self,
        newest: usize,
        part: &HashRange,
        copies: &mut CopyCheck,
    ) -> FlashResult<F, Newest> {
        let is_dead = |(index, sector): (usize, &Sector)| index != newest && sector.live() == 0;
        let is_usual = self.sectors.iter().any(is_dead);
        if is_usual && part.is_all() {
            return Ok(Newest::Usual);
        }
        let size = self.flash.sector_size;
        let base = self.flash.base(newest);
        let mut walker = self.walk(newest).await;
        let mut window = Window::new(&mut self.flash, self.buffer, newest, size);
        let mut entries = false;
        while let Some(entry) = walker.next(&mut window, &mut self.checksum).await {
            entries = true;
            if !part.has(entry.hash) {
                continue;
            }
            let is_copy = match self.map.place(entry.hash) {
                None => entry.is_tombstone(),
                Some(original) if original.tombstone || entry.is_tombstone() => {
                    original.tombstone && entry.is_tombstone()
                }
                Some(original) => {
                    let here = base.wrapping_add(entry.offset);
                    // What can't be read is not known to be a copy.
                    original.size.is_none_or(|size| size == entry.size)
                        && same_entry(window.flash, (here, original.address), entry.size)
                            .await
                            .unwrap_or(false)
                }
            };
            copies.only &= is_copy;
        }
        if window.view.holes != 0 {
            // What can't be read is not known to be a copy, nor to be nothing.
            copies.only = false;
            return Ok(Newest::Usual);
        }
        let tail = walker.tail;
        copies.longest = self.longest_live().await?.max(copies.longest);
        if is_usual {
            return Ok(Newest::Usual);
        }
        if !entries && tail == Tail::Open(self.header_len()) {
            return Ok(Newest::Empty);
        }
        // Behind an unfinished group nothing can be appended: it would count then.
        let has_groups = walker.groups;
        let tail = match tail {
            Tail::Open(end) => Tail::Open(end),
            // Nor in front of nothing: entries begin where the header ends.
            Tail::Torn(end) if entries && !has_groups => {
                // As far behind as a torn copy may reach: what is appended must not become its
                // missing end.
                let end = end.wrapping_add(copies.longest);
                if copies.longest < GAP && end < size {
                    Tail::Torn(end)
                } else {
                    Tail::Closed
                }
            }
            _ => Tail::Closed,
        };
        Ok(if copies.only {
            Newest::Copies(tail)
        } else {
            Newest::Filled(tail)
        })
    }

    /// The size of the longest live entry.
    async fn longest_live(&mut self) -> FlashResult<F, u32> {
        let mut longest = 0;
        for index in 0..self.map.len() {
            if let Some(slot) = self.map.slots().get(index).copied() {
                let place = self.map.packing.unpack(slot);
                longest = self.size_at(place).await?.max(longest);
            }
        }
        Ok(longest)
    }
}

/// What the newest sector is, where that has to be told.
pub(crate) enum Newest {
    /// To be read like any other.
    Usual,
    /// Erased ahead of time.
    Empty,
    /// It was filled by a collection, as no other sector is without winners; but one of its entries
    /// is a copy of what is not the last of its key: a commit that failed was found behind the
    /// original. A collection goes on there; it can't be undone.
    Filled(Tail),
    /// What a collection left that was cut. Where its tail is open, or torn with room behind, it
    /// goes on there, so that power that fails often does not keep it from ever ending; else it is
    /// undone when there is something to write.
    Copies(Tail),
}

/// Whether two whole entries of `size` bytes hold the same key and value.
#[bisync]
pub(crate) async fn same_entry<F: NorFlash>(
    flash: &mut Partition<F>,
    (a, b): (u32, u32),
    size: u32,
) -> FlashResult<F, bool> {
    let (mut one, mut other) = (Aligned([0; CHUNK]), Aligned([0; CHUNK]));
    let (mut done, mut len) = (0u32, size);
    while done < len {
        let count = (size.saturating_sub(done) as usize).min(CHUNK);
        let (Some(one), Some(other)) = (one.0.get_mut(..count), other.0.get_mut(..count)) else {
            break;
        };
        flash.read(a.wrapping_add(done), one).await?;
        flash.read(b.wrapping_add(done), other).await?;
        if done == 0 {
            let (Some(first), Some(second)) = (Head::decode(one), Head::decode(other)) else {
                return Ok(false);
            };
            if first.alone() != second.alone() {
                return Ok(false);
            }
            // The tag says which group an entry was committed in, the checksum where it stands:
            // both may differ.
            len = first.checked_len();
            if let ([tag, ..], [same, ..]) = (&mut *one, &*other) {
                *tag = *same;
            }
        }
        let count = (len.saturating_sub(done) as usize).min(count);
        if one.get(..count) != other.get(..count) {
            return Ok(false);
        }
        done = done.saturating_add(CHUNK as u32);
    }
    Ok(true)
}
