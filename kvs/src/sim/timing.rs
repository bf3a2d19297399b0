//! How long a real part would take.
//!
//! The time is computed from the calls, not measured: the same calls give the same time on every
//! machine, so a test can assert it.

use core::time::Duration;

/// The times of a part, in nanoseconds. All zero is a flash that takes no time.
///
/// The figures of the parts are typical ones at room temperature, where the data sheet has such,
/// and are good for comparing ways to store something. For a worst case take the data sheet's
/// maximum, which can be ten times as much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// For each read call: on SPI, the command and the address.
    pub read_call_ns: u64,
    /// For each byte read.
    pub read_byte_ns: u64,
    /// For each program call.
    pub program_call_ns: u64,
    /// For each word programmed (the word of the flash, `WRITE` bytes): programming it, or, for
    /// parts that program whole pages, getting it across the bus.
    pub program_word_ns: u64,
    /// The size of a program page in bytes; 0 for parts without program pages.
    pub page_bytes: usize,
    /// For each program page that a call touches, however little of it.
    pub program_page_ns: u64,
    /// For each sector erased.
    pub erase_ns: u64,
}

impl Timing {
    /// Takes no time.
    pub const INSTANT: Self = Self {
        read_call_ns: 0,
        read_byte_ns: 0,
        program_call_ns: 0,
        program_word_ns: 0,
        page_bytes: 0,
        program_page_ns: 0,
        erase_ns: 0,
    };

    /// How many program pages a call of `len` bytes at `address` touches; 0 for parts without.
    ///
    /// ```
    /// let w25q = kvs::sim::Timing::W25Q;
    /// assert_eq!(w25q.pages(0, 256), 1);
    /// assert_eq!(w25q.pages(250, 12), 2); // across the boundary at 256
    /// ```
    pub const fn pages(&self, address: u32, len: usize) -> u64 {
        if self.page_bytes == 0 || len == 0 {
            return 0;
        }
        let first = address as usize / self.page_bytes;
        let last = (address as usize + len - 1) / self.page_bytes;
        (last - first + 1) as u64
    }

    /// How long one read call takes.
    pub const fn read(&self, bytes: usize) -> Duration {
        Duration::from_nanos(self.read_call_ns + bytes as u64 * self.read_byte_ns)
    }

    /// How long one program call takes.
    pub const fn program(&self, words: u64, pages: u64) -> Duration {
        Duration::from_nanos(
            self.program_call_ns + words * self.program_word_ns + pages * self.program_page_ns,
        )
    }

    /// How long the erase of one sector takes.
    pub const fn erase(&self) -> Duration {
        Duration::from_nanos(self.erase_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: Timing = Timing {
        read_call_ns: 1000,
        read_byte_ns: 10,
        program_call_ns: 500,
        program_word_ns: 20,
        page_bytes: 256,
        program_page_ns: 7000,
        erase_ns: 1_000_000,
    };

    #[test]
    fn time_is_the_sum_of_call_bytes_and_pages() {
        assert_eq!(PART.read(100), Duration::from_nanos(1000 + 100 * 10));
        assert_eq!(
            PART.program(3, 2),
            Duration::from_nanos(500 + 3 * 20 + 2 * 7000)
        );
        assert_eq!(PART.erase(), Duration::from_millis(1));
        assert_eq!(Timing::default(), Timing::INSTANT);
        assert_eq!(Timing::INSTANT.program(9, 9), Duration::ZERO);
    }

    #[test]
    fn a_page_counts_however_little_of_it_is_programmed() {
        assert_eq!(PART.pages(0, 1), 1);
        assert_eq!(PART.pages(255, 1), 1);
        assert_eq!(PART.pages(255, 2), 2);
        assert_eq!(PART.pages(256, 512), 2);
        assert_eq!(PART.pages(1, 512), 3);
        assert_eq!(PART.pages(1, 0), 0);
        assert_eq!(Timing::INSTANT.pages(0, 4096), 0);
    }
}
