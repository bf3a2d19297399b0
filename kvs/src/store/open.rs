//! Opening sectors: erase, header, head. The only place that erases (invariant 2).

use super::flash::{FlashResult, Partition};
use super::{NorFlash, Store, bisync};
use crate::bytes::copy;
use crate::checksum::Checksum;
use crate::error::{Error, Geometry};
use crate::events;
use crate::format::{ERASED, Header, Layout, MAX_SEQUENCE, header_stride};
use crate::sectors::State;

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Makes the next dead sector the head, erasing it unless that was done ahead.
    pub(crate) async fn open_next(&mut self) -> FlashResult<F> {
        let Some(next) = self.sectors.next_to_open() else {
            return Err(self.full(0));
        };
        if !self.sectors.get(next).is_ready() {
            self.prepare(next).await?;
        }
        // Not before that: should the erase fail, the room in the head may be all there is.
        self.close_head().await?;
        if let Some(sector) = self.sectors.edit(next) {
            sector.set_ready(false);
            sector.set_only_copies(true);
        }
        self.sectors.set_head(Some(next));
        self.end = self.header_len();
        self.forget_tombstones();
        Ok(())
    }

    /// Erases a dead sector and gives it its new header: the proof that the erase was completed.
    pub(crate) async fn prepare(&mut self, index: usize) -> FlashResult<F> {
        self.recheck().await?;
        self.verify_winners().await?;
        self.check_erased_value().await?;
        self.check_dead(index).await?;
        let oldest = self.sectors.oldest();
        self.renew(index, self.header_len()).await?;
        if let Some(sector) = self.sectors.edit(index) {
            sector.set_ready(true);
        }
        if self.is_partial()
            && let Some(now) = self.sectors.oldest()
            && oldest != Some(now)
        {
            // Should that fail, the tables do not add up any more.
            self.sectors.set(State::Stale, true);
            self.uncount_tombstones(now).await?;
            self.sectors.set(State::Stale, false);
        }
        self.forget_tombstones();
        Ok(())
    }

    /// Erases a sector and programs, in one call, its new header and what the buffer has behind
    /// that, `len` bytes in all. The header's sequence is the next one.
    pub(crate) async fn renew(&mut self, index: usize, len: u32) -> FlashResult<F> {
        let sequence = self.next_sequence;
        if sequence >= MAX_SEQUENCE {
            return Err(Error::Exhausted);
        }
        self.next_sequence = sequence.wrapping_add(1);
        if self.epoch_age != 0 {
            self.epoch_age = self.epoch_age.saturating_add(1);
        }
        let erases = self.sectors.get(index).erases.wrapping_add(1);
        let header = Header {
            layout: Layout::new(self.flash.sector_size, Partition::<F>::WRITE_SIZE, C::ID),
            sequence,
            erases,
        };
        self.put_header(&header);
        let mut result = self.flash.erase(index).await;
        let erased = result.is_ok();
        if erased {
            let base = self.flash.base(index);
            let bytes = self.buffer.get(..len as usize).unwrap_or(&[]);
            let verify = self.sectors.switches.verify_on_write();
            result = self.flash.program(base, bytes, verify).await;
            if let Err(Error::NotBlank { .. }) = result
                && let Ok(true) = self.begins_with_zero(index).await
            {
                if let Some(sector) = self.sectors.edit(index) {
                    sector.sequence = 0;
                }
                return Err(Error::Geometry(Geometry::ErasedValue));
            }
        }
        if result.is_err() {
            events::failed(index);
            // Another sector may be the oldest now.
            let is_partial = self.is_partial();
            self.sectors.set(State::Stale, is_partial);
        }
        if let Some(sector) = self.sectors.edit(index) {
            sector.erases = erases;
            match result {
                Ok(()) => sector.renew(sequence),
                Err(_) if erased => {
                    // Nothing in it any more, not even a header.
                    sector.sequence = 0;
                    sector.set_half_erased();
                    sector.fail();
                }
                Err(_) => {
                    sector.set_half_erased();
                    sector.retire();
                }
            }
        }
        result
    }

    /// Puts both copies of a header at the front of the buffer.
    fn put_header(&mut self, header: &Header) {
        let stride = header_stride(Partition::<F>::WRITE_SIZE) as usize;
        let encoded = header.encode();
        let both = stride.wrapping_mul(2);
        let front = self.buffer.get_mut(..both).unwrap_or(&mut []);
        front.fill(ERASED);
        for target in front.chunks_mut(stride) {
            copy(target, &encoded);
        }
    }
}
