//! The simulated flash as an object: made, set up, looked at. What reads, programs and erases do
//! is in `nor`, the power switch in `power`.

use core::fmt;
use core::time::Duration;
use std::io;
use std::path::Path;
use std::vec;
use std::vec::Vec;

use super::cut::Cut;
use super::faults::{Faults, Shape};
use super::medium::Medium;
use super::outage::Outages;
use super::stats::Stats;
use super::timing::Timing;

/// A NOR flash with words of `WRITE` bytes, sectors of `ERASE` bytes and reads of `READ` bytes.
///
/// See the [module](super) for what it checks, and [`presets`](super::presets) for the shapes of
/// real parts. Addresses are offsets in bytes from its start.
///
/// A clone is a copy in memory, even of a flash in a file: keep one to come back to a state. It has
/// the same faults. `clone_from` allocates nothing where the two are of one size.
///
/// ```
/// use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
/// use kvs::sim::{SimError, SimFlash};
///
/// let mut flash = SimFlash::<4, 256>::new(2); // 2 sectors of 256 bytes, words of 4
/// flash.write(8, &[1, 2, 3, 4])?;
/// let again = flash.write(8, &[1, 2, 3, 4]);
/// assert_eq!(again, Err(SimError::ProgrammedTwice { address: 8 }));
/// flash.erase(0, 256)?;
/// flash.write(8, &[5, 6, 7, 8])?;
/// # Ok::<(), SimError>(())
/// ```
pub struct SimFlash<const WRITE: usize, const ERASE: usize, const READ: usize = 1> {
    pub(super) medium: Medium,
    /// Words known to be programmed since their erase. One that holds other than `0xFF` is so
    /// without a mark; the marks are for those programmed with nothing but `0xFF`.
    pub(super) marks: Vec<bool>,
    pub(super) reprogram: bool,
    pub(super) strict_tears: bool,
    pub(super) unstable_tears: bool,
    pub(super) timing: Timing,
    pub(super) stats: Stats,
    pub(super) operations: u64,
    pub(super) cut: Option<Cut>,
    pub(super) powered: bool,
    pub(super) faults: Faults,
    pub(super) outages: Outages,
    /// After so many more reads, failed ones included, one panics: what runs is taken for endless.
    pub(super) reads_left: u64,
}

impl<const WRITE: usize, const ERASE: usize, const READ: usize> SimFlash<WRITE, ERASE, READ> {
    const SHAPE: () = {
        assert!(
            WRITE > 0 && ERASE > 0 && READ > 0,
            "a flash unit has at least one byte"
        );
        assert!(
            ERASE.is_multiple_of(WRITE) && ERASE.is_multiple_of(READ),
            "a sector is made of whole words"
        );
    };

    /// A flash of `sectors` sectors in memory, all erased, that takes no time.
    ///
    /// # Panics
    ///
    /// When it would be larger than 32-bit addresses reach.
    pub fn new(sectors: usize) -> Self {
        Self::with_medium(Medium::erased(sectors * ERASE))
    }

    /// A flash in memory that holds `image`. Words that are not all `0xFF` count as programmed.
    ///
    /// # Panics
    ///
    /// When the image does not consist of whole sectors.
    pub fn from_image(image: &[u8]) -> Self {
        Self::with_medium(Medium::from_bytes(image.to_vec()))
    }

    /// A flash whose contents live in a file, which is created, all erased, when it is missing or
    /// empty. Words that are not all `0xFF` count as programmed.
    ///
    /// Each word and each sector is written to the file before the call that programs or erases
    /// it goes on, in order. So a process killed at any time (`kill -9`) leaves what a device
    /// leaves that lost its power between two operations. Nothing is synced to the disk: this is
    /// about the process, not about the power of the host. The file is for one flash at a time.
    ///
    /// ```
    /// use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
    /// use kvs::sim::presets::Nrf52840;
    /// let path = std::env::temp_dir().join(format!("doc-{}.bin", std::process::id()));
    ///
    /// Nrf52840::open(&path, 8)?.write(0, b"kept")?;
    /// assert_eq!(Nrf52840::open(&path, 8)?.image()[..4], *b"kept");
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What opening, reading or creating the file gives; `InvalidData` when it has another length
    /// than the flash.
    ///
    /// # Panics
    ///
    /// When the flash would be larger than 32-bit addresses reach.
    pub fn open(path: impl AsRef<Path>, sectors: usize) -> io::Result<Self> {
        Ok(Self::with_medium(Medium::open(
            path.as_ref(),
            sectors * ERASE,
        )?))
    }

    fn with_medium(medium: Medium) -> Self {
        const { Self::SHAPE };
        let len = medium.bytes().len();
        assert!(
            len.is_multiple_of(ERASE),
            "an image of {len} bytes has no whole sectors of {ERASE} bytes"
        );
        assert!(
            u32::try_from(len).is_ok(),
            "{len} bytes are more than 32-bit addresses reach"
        );
        let shape = Shape {
            word: WRITE,
            sector: ERASE,
            capacity: len,
        };
        Self {
            medium,
            marks: vec![false; len / WRITE],
            reprogram: false,
            strict_tears: false,
            unstable_tears: false,
            timing: Timing::INSTANT,
            stats: Stats::new(len / ERASE),
            operations: 0,
            cut: None,
            powered: true,
            faults: Faults::none(shape),
            outages: Outages::default(),
            reads_left: u64::MAX,
        }
    }

    /// The same flash with the times of a real part.
    #[must_use]
    pub fn with_timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }

    /// Whether words may be programmed again without an erase, which clears further bits (`old &
    /// new`). Not at first: many parts can't, see the [module](super).
    pub fn allow_reprogram(&mut self, allowed: bool) {
        self.reprogram = allowed;
    }

    /// All bytes, as a programmer would read them out. Counts as no read, works without power.
    pub fn image(&self) -> &[u8] {
        self.medium.bytes()
    }

    /// All bytes, to plant bit flips or a damaged image. What is planted counts as loaded: from
    /// then on a word is programmed when it is not all `0xFF`.
    ///
    /// In a flash with a file the change is in memory only, until the bytes around it are
    /// programmed or erased.
    pub fn image_mut(&mut self) -> &mut [u8] {
        self.marks.fill(false);
        self.medium.bytes_mut()
    }

    /// How many sectors it has.
    pub fn sectors(&self) -> usize {
        self.medium.bytes().len() / ERASE
    }

    /// What was counted since the start or the last [`reset_stats`](Self::reset_stats).
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Sets all counters and the time to 0, but not [`operations`](Self::operations).
    pub fn reset_stats(&mut self) {
        self.stats = Stats::new(self.sectors());
    }

    /// The time that a real part would have taken for what was counted.
    pub fn elapsed(&self) -> Duration {
        self.stats.time
    }
}

impl<const WRITE: usize, const ERASE: usize, const READ: usize> fmt::Debug
    for SimFlash<WRITE, ERASE, READ>
{
    /// Says what it is; the contents would drown it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimFlash")
            .field("write", &WRITE)
            .field("erase", &ERASE)
            .field("sectors", &self.sectors())
            .field("operations", &self.operations)
            .field("powered", &self.powered)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};

    use super::super::SimError;
    use super::super::medium::tests::TempFile;
    use super::*;

    type Small = SimFlash<4, 64>;

    #[test]
    fn starts_erased_with_the_power_on() {
        let mut flash = Small::new(3);
        assert_eq!((flash.capacity(), flash.sectors()), (192, 3));
        assert_eq!(flash.image(), [0xFF; 192]);
        assert!(flash.is_powered());
        flash.read(0, &mut [0; 192]).unwrap();
        assert_eq!(flash.elapsed(), Duration::ZERO);
    }

    #[test]
    fn an_image_counts_as_programmed_where_it_is_not_erased() {
        let mut image = [0xFF; 64];
        image[5] = 0;
        let mut flash = Small::from_image(&image);
        flash.write(0, &[0; 4]).unwrap();
        assert_eq!(
            flash.write(4, &[0; 4]),
            Err(SimError::ProgrammedTwice { address: 4 })
        );
    }

    #[test]
    #[should_panic(expected = "an image of 65 bytes has no whole sectors of 64 bytes")]
    fn an_image_of_no_whole_sectors_is_refused() {
        Small::from_image(&[0; 65]);
    }

    #[test]
    fn planted_bytes_are_read_and_count_as_programmed() {
        let mut flash = Small::new(1);
        flash.image_mut()[9] ^= 0x10;
        let mut byte = [0];
        flash.read(9, &mut byte).unwrap();
        assert_eq!(byte, [0xEF]);
        assert_eq!(
            flash.write(8, &[0; 4]),
            Err(SimError::ProgrammedTwice { address: 8 })
        );
    }

    #[test]
    fn a_file_keeps_what_was_programmed_and_erased() {
        let path = TempFile::new("flash");
        let mut flash = Small::open(&path.0, 2).unwrap();
        flash.write(0, &[1; 8]).unwrap();
        flash.write(64, &[2; 4]).unwrap();
        flash.erase(0, 64).unwrap();
        flash.write(4, &[3; 4]).unwrap();
        // Still open: as if the process were killed now.
        let mut reopened = Small::open(&path.0, 2).unwrap();
        assert_eq!(reopened.image(), flash.image());
        assert_eq!(
            reopened.write(64, &[0; 4]),
            Err(SimError::ProgrammedTwice { address: 64 })
        );
        assert!(Small::open(&path.0, 3).is_err());
    }
}
