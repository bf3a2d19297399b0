//! The way out when bit rot has left no dead sector.
//!
//! A sector that was dead comes back to life when an entry that superseded one of its own rots. If then the head has no
//! room to move that one to, nothing could be collected any more, ever. So the sector with the fewest live bytes is
//! read into the buffer, erased, and written anew with these alone. That is the one moment at which values are in RAM only:
//! a power cut or a failing program just then loses them, the one that the rot had brought back among them.

use super::flash::FlashResult;
use super::run::Run;
use super::unlisted::LiveCursor;
use super::{NorFlash, Store, bisync};
use crate::bytes::{copy, move_within};
use crate::checksum::Checksum;
use crate::events;
use crate::format::{Head, place_salt};

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Makes the sector with the fewest live bytes the head, with the rest of it free, and collects into it until there
    /// is a dead sector again. False: there is one, it was not lost to rot, or this would not bring it back.
    pub(crate) async fn rescue(&mut self) -> FlashResult<F, bool> {
        if !self.rewrite_in_place().await? {
            return Ok(false);
        }
        while self.dead() == 0 {
            if !self.collect_step().await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Makes the sector with the fewest live bytes the head, with the rest of it free.
    #[inline(never)]
    async fn rewrite_in_place(&mut self) -> FlashResult<F, bool> {
        self.recheck().await?;
        self.verify_winners().await?;
        let victim = self.sectors.victim(self.head_sequence(), None);
        let head = self.sectors.head().map(|head| self.sectors.get(head));
        // Where a collection is under way, or a failed sector is what is missing, nothing has been lost yet, and nothing
        // is to be risked.
        let collecting = head.is_none_or(|head| head.has_only_copies());
        // What can't be read may be copies of what would be erased; and there is no buffer to spare
        // while keys are looked for in flash.
        let knows_all = self.map.unread == 0 && !self.is_partial();
        let rot = self.dead() == 0 && knows_all && !collecting && self.sectors.failures() == 0;
        let (Some(victim), true) = (victim, rot) else {
            return Ok(false);
        };
        let live = self.sectors.get(victim).live();
        let end = self.header_len().wrapping_add(live);
        let free = self.payload().saturating_sub(live);
        if end as usize > self.stage_len() {
            return Ok(false);
        }
        let epoch_age = self.epoch_age;
        self.set_epoch(self.next_sequence);
        let helps = self.would_make(0, free, Some(victim)).await;
        self.epoch_age = epoch_age;
        if !helps? {
            return Ok(false);
        }
        let sequence = self.next_sequence;
        let mut at = self.header_len();
        let mut cursor = LiveCursor::default();
        while let Some((_, place)) = self.next_live(victim, &mut cursor).await? {
            let size = self.size_at(place).await?;
            let range = at as usize..at.wrapping_add(size) as usize;
            let Some(entry) = self.buffer.get_mut(range) else {
                return Ok(false);
            };
            self.flash.read(place.address, entry).await?;
            let (sector, offset) = self.flash.split(place.address);
            let was = place_salt(self.sectors.get(sector).sequence, offset);
            if !move_entry(entry, &mut self.checksum, was, place_salt(sequence, at)) {
                return Ok(false);
            }
            at = at.wrapping_add(size);
        }
        events::rescuing(victim);
        self.renew(victim, at).await?;
        let header_len = self.header_len();
        let moved = at.saturating_sub(header_len) as usize;
        move_within(self.buffer, header_len as usize, 0, moved);
        self.sectors.set_head(Some(victim));
        self.apply(&Run::whole(self.flash.base(victim), header_len, at))
            .await?;
        self.set_epoch(sequence);
        Ok(true)
    }
}

/// Makes an entry one that counts at another place, as a commit of its own. False, and nothing done: it does not count
/// where it was.
fn move_entry<C: Checksum>(entry: &mut [u8], checksum: &mut C, was: u32, is: u32) -> bool {
    let Some(head) = Head::decode(entry) else {
        return false;
    };
    let len = head.checked_len() as usize;
    let Some((checked, rest)) = entry.split_at_mut_checked(len) else {
        return false;
    };
    let mut sum = |bytes: &[u8]| {
        checksum.reset();
        checksum.update(bytes);
        checksum.value()
    };
    if rest.first_chunk() != Some(&(sum(checked) ^ was).to_le_bytes()) {
        return false;
    }
    let (bytes, len) = head.alone().encode();
    copy(checked, bytes.get(..len).unwrap_or(&[]));
    let check = (sum(checked) ^ is).to_le_bytes();
    copy(rest, &check);
    true
}
