//! What can be chosen when a store is mounted.

/// How a store behaves. The defaults are the safe ones.
///
/// ```
/// let options = kvs::Options {
///     read_only: true,
///     ..kvs::Options::default()
/// };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Options {
    /// Verify an entry's checksum each time it is read, not only when mounting.
    pub verify_on_read: bool,
    /// Check that flash is blank before each program, and read it back after: two reads a commit.
    pub verify_on_write: bool,
    /// Collect stale entries when a commit needs the room. Off: such a commit is
    /// [`Full`](crate::Error::Full), and collecting is left to
    /// [`maintain`](crate::Store::maintain).
    pub collect_on_write: bool,
    /// Never program or erase; commits are refused with [`ReadOnly`](crate::Error::ReadOnly).
    pub read_only: bool,
    /// How many more erases a sector may have than the coldest one with live entries, before those
    /// are moved so that it takes its share of the wear. Lower is more even, and moves more.
    pub wear_spread: u16,
    /// Bytes in a sector: a multiple of the flash's erase size, or 0 for the erase size itself.
    /// Part of the format.
    pub sector_size: u32,
}

impl Options {
    /// All checks on, collect when needed, spread 100.
    pub const DEFAULT: Self = Self {
        verify_on_read: true,
        verify_on_write: true,
        collect_on_write: true,
        read_only: false,
        wear_spread: 100,
        sector_size: 0,
    };
}

impl Default for Options {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Whether a mount went by summaries instead of reading all there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Summaries {
    Unused,
    Used,
    /// Something that one told of does not count: all is to be read.
    Doubted,
}

/// The options that are switches, as the store keeps them: a bit each; and [`Summaries`] in the same byte, because each
/// byte of a store counts.
#[derive(Clone, Copy)]
pub(crate) struct Switches(u8);

const VERIFY_ON_READ: u8 = 1;
const VERIFY_ON_WRITE: u8 = 2;
const COLLECT_ON_WRITE: u8 = 4;
const READ_ONLY: u8 = 8;
const SUMMARIES_USED: u8 = 16;
const SUMMARIES_DOUBTED: u8 = 32;

impl Switches {
    pub(crate) fn of(options: &Options) -> Self {
        let bit = |on: bool, bit: u8| if on { bit } else { 0 };
        Self(
            bit(options.verify_on_read, VERIFY_ON_READ)
                | bit(options.verify_on_write, VERIFY_ON_WRITE)
                | bit(options.collect_on_write, COLLECT_ON_WRITE)
                | bit(options.read_only, READ_ONLY),
        )
    }

    pub(crate) fn summaries(self) -> Summaries {
        match self.0 & (SUMMARIES_USED | SUMMARIES_DOUBTED) {
            0 => Summaries::Unused,
            SUMMARIES_USED => Summaries::Used,
            _ => Summaries::Doubted,
        }
    }

    pub(crate) fn set_summaries(&mut self, summaries: Summaries) {
        let bit = match summaries {
            Summaries::Unused => 0,
            Summaries::Used => SUMMARIES_USED,
            Summaries::Doubted => SUMMARIES_DOUBTED,
        };
        self.0 = self.0 & !(SUMMARIES_USED | SUMMARIES_DOUBTED) | bit;
    }

    pub(crate) fn verify_on_read(self) -> bool {
        self.0 & VERIFY_ON_READ != 0
    }

    pub(crate) fn verify_on_write(self) -> bool {
        self.0 & VERIFY_ON_WRITE != 0
    }

    pub(crate) fn collect_on_write(self) -> bool {
        self.0 & COLLECT_ON_WRITE != 0
    }

    pub(crate) fn read_only(self) -> bool {
        self.0 & READ_ONLY != 0
    }
}
