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
