//! What the flash was asked to do: calls, bytes, erases, time.

use core::time::Duration;
use std::vec;
use std::vec::Vec;

use super::timing::Timing;

/// Counters of a [`SimFlash`](super::SimFlash), since its start or the last reset.
///
/// Refused calls count nothing. An operation that a power cut tore counts in full, as it wears
/// the flash; one that the cut came before counts nothing.
///
/// ```
/// use embedded_storage::nor_flash::NorFlash;
/// let mut flash = kvs::sim::presets::nrf52840();
/// let before = flash.stats().clone();
/// flash.write(0, &[0; 12])?;
/// let cost = flash.stats().since(&before);
/// assert_eq!((cost.programs, cost.program_bytes, cost.erases), (1, 12, 0));
/// # Ok::<(), kvs::sim::SimError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Read calls.
    pub reads: u64,
    /// Bytes read.
    pub read_bytes: u64,
    /// Program calls.
    pub programs: u64,
    /// Bytes programmed.
    pub program_bytes: u64,
    /// Program pages touched, summed over the calls: how many page programs a part with such
    /// pages needs. 0 for parts without ([`Timing::page_bytes`]).
    pub pages: u64,
    /// Sectors erased.
    pub erases: u64,
    /// Erases of each sector.
    pub sector_erases: Vec<u32>,
    /// The time that a real part would have taken.
    pub time: Duration,
}

impl Stats {
    pub(super) fn new(sectors: usize) -> Self {
        Self {
            sector_erases: vec![0; sectors],
            ..Self::default()
        }
    }

    /// What was counted after `before` was taken: the difference of the two.
    ///
    /// A counter that was reset in between gives 0.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        // A snapshot of another flash may have fewer sectors: those missing count as 0.
        let earlier = before.sector_erases.iter().chain(core::iter::repeat(&0));
        Self {
            reads: self.reads.saturating_sub(before.reads),
            read_bytes: self.read_bytes.saturating_sub(before.read_bytes),
            programs: self.programs.saturating_sub(before.programs),
            program_bytes: self.program_bytes.saturating_sub(before.program_bytes),
            pages: self.pages.saturating_sub(before.pages),
            erases: self.erases.saturating_sub(before.erases),
            sector_erases: self
                .sector_erases
                .iter()
                .zip(earlier)
                .map(|(now, before)| now.saturating_sub(*before))
                .collect(),
            time: self.time.saturating_sub(before.time),
        }
    }

    /// As `clone_from`, which a derive does not give, keeps what is allocated.
    pub(super) fn copy_from(&mut self, source: &Self) {
        let mut sector_erases = core::mem::take(&mut self.sector_erases);
        sector_erases.clone_from(&source.sector_erases);
        *self = Self {
            sector_erases,
            ..*source
        };
    }

    pub(super) fn count_read(&mut self, timing: &Timing, bytes: usize) {
        self.reads += 1;
        self.read_bytes += bytes as u64;
        self.time += timing.read(bytes);
    }

    pub(super) fn count_program(
        &mut self,
        timing: &Timing,
        address: u32,
        bytes: usize,
        word: usize,
    ) {
        let pages = timing.pages(address, bytes);
        self.programs += 1;
        self.program_bytes += bytes as u64;
        self.pages += pages;
        self.time += timing.program((bytes / word) as u64, pages);
    }

    pub(super) fn count_erase(&mut self, timing: &Timing, sector: usize) {
        self.erases += 1;
        self.sector_erases[sector] += 1;
        self.time += timing.erase();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_gives_the_difference() {
        let timing = Timing {
            erase_ns: 5,
            page_bytes: 256,
            ..Timing::INSTANT
        };
        let mut stats = Stats::new(3);
        stats.count_erase(&timing, 1);
        let before = stats.clone();
        stats.count_erase(&timing, 1);
        stats.count_erase(&timing, 2);
        stats.count_program(&timing, 250, 12, 4);
        stats.count_read(&timing, 8);
        let expected = Stats {
            reads: 1,
            read_bytes: 8,
            programs: 1,
            program_bytes: 12,
            pages: 2,
            erases: 2,
            sector_erases: vec![0, 1, 1],
            time: Duration::from_nanos(10),
        };
        assert_eq!(stats.since(&before), expected);
    }

    #[test]
    fn since_a_reset_is_zero_and_not_negative() {
        let timing = Timing::INSTANT;
        let mut before = Stats::new(2);
        before.count_erase(&timing, 0);
        assert_eq!(Stats::new(2).since(&before), Stats::new(2));
    }
}
