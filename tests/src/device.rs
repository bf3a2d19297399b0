//! A partition in the middle of a flash, and short words for what tests do with it.

use std::fmt::Debug;
use std::ops::Range;

use embedded_storage::nor_flash::NorFlash;
use kvs::sim::{SimError, SimFlash};
use kvs::{Checksum, Error, Maintenance, Options, RawKey, Resources, Store};

use crate::Chip;

/// Where a partition starts in its flash, the bytes of its sectors, and how many it has.
pub type Shape = (u32, u32, u32);

/// A store on a shared chip.
pub type TestStore<const W: usize, const E: usize, const R: usize = 1> =
    Store<'static, Chip<W, E, R>>;

/// What stands outside of the partition.
const OTHERS: u8 = 0x5A;

/// A flash with a partition.
#[derive(Clone, Debug)]
pub struct Device<const W: usize, const E: usize, const R: usize = 1> {
    /// The flash.
    pub chip: Chip<W, E, R>,
    /// Where the partition is.
    pub range: Range<u32>,
    /// What it is mounted with.
    pub options: Options,
    /// Bytes of a sector.
    pub sector: u32,
}

impl<const W: usize, const E: usize, const R: usize> Device<W, E, R> {
    /// An erased partition, and something of others before and behind it.
    pub fn new((start, sector, sectors): Shape) -> Self {
        let end = start + sector * sectors;
        let mut image = vec![OTHERS; end as usize + E];
        image[start as usize..end as usize].fill(0xFF);
        Self {
            chip: Chip::new(SimFlash::from_image(&image)),
            range: start..end,
            // Where the sector is the flash's own, the default finds that out.
            options: Options {
                sector_size: if sector as usize == E { 0 } else { sector },
                ..Options::DEFAULT
            },
            sector,
        }
    }

    /// The same, with other options.
    pub fn with(&self, change: impl FnOnce(&mut Options)) -> Self {
        let mut device = self.clone();
        change(&mut device.options);
        device
    }

    /// Another chip with the same contents, powered.
    pub fn copy(&self) -> Self {
        Self {
            chip: Chip::new(SimFlash::from_image(self.chip.flash().image())),
            ..self.clone()
        }
    }

    /// Mounts with this many key slots, sectors and buffer bytes.
    pub fn try_mount<const KEYS: usize, const SECTORS: usize, const BUFFER: usize>(
        &self,
    ) -> Result<TestStore<W, E, R>, Error<SimError>> {
        // Leaked, so that a test may hold stores and look at the chip as it likes; a test process is short.
        let resources = Box::leak(Box::new(Resources::<KEYS, SECTORS, BUFFER>::new()));
        Store::mount(
            self.chip.clone(),
            self.range.clone(),
            resources,
            self.options,
        )
    }

    /// Mounts with plenty of everything.
    pub fn mount(&self) -> TestStore<W, E, R> {
        match self.try_mount::<256, 64, 256>() {
            Ok(store) => store,
            Err(error) => panic!("does not mount: {error}"),
        }
    }

    /// Sectors of the partition.
    pub fn sectors(&self) -> u32 {
        (self.range.end - self.range.start) / self.sector
    }

    /// Bytes for entries in a sector: behind its header and its opening, and in front of a mark.
    pub fn payload(&self) -> u32 {
        self.sector - 2 * 16.max(W as u32) - 2 * Self::pad(11) as u32
    }

    /// `len` and its padding.
    pub fn pad(len: usize) -> usize {
        len.next_multiple_of(W)
    }

    /// The longest value such that `count` entries of it, under names of `name` bytes, fit into a sector.
    pub fn share(&self, count: usize, name: usize) -> usize {
        (self.payload() as usize / count / W * W) - name - 12
    }

    /// The partition's bytes.
    pub fn partition(&self) -> Vec<u8> {
        let (from, to) = (self.range.start as usize, self.range.end as usize);
        self.chip.flash().image()[from..to].to_vec()
    }

    /// Replaces what is in the partition from its byte `at` on.
    pub fn plant(&self, at: usize, bytes: &[u8]) {
        let from = self.range.start as usize + at;
        self.chip.flash().image_mut()[from..from + bytes.len()].copy_from_slice(bytes);
    }

    /// Flips bits in a byte of the partition.
    pub fn flip(&self, at: usize, mask: u8) {
        self.chip.flash().image_mut()[self.range.start as usize + at] ^= mask;
    }

    /// Where in the partition the entry of `key` begins, and its size with padding.
    pub fn locate<'k>(&self, key: impl Into<RawKey<'k>>) -> (usize, usize) {
        let hash = key.into().hash();
        let mut store = self.mount();
        let mut keys = store.keys();
        while let Some(info) = keys.next().expect("readable") {
            if info.hash == hash {
                let at = info.sector * self.sector as usize + info.offset as usize;
                return (at, info.size as usize);
            }
        }
        panic!("no key {hash:#010x}");
    }

    /// What is not the partition's is as it was.
    pub fn assert_others_untouched(&self) {
        let flash = self.chip.flash();
        let (before, rest) = flash.image().split_at(self.range.start as usize);
        let (_, behind) = rest.split_at((self.range.end - self.range.start) as usize);
        assert!(
            before.iter().chain(behind).all(|byte| *byte == OTHERS),
            "wrote outside of its range"
        );
    }
}

/// Runs `test` on a fresh device of each shape.
pub fn each<const W: usize, const E: usize>(test: fn(&Device<W, E>), shapes: &[Shape]) {
    for shape in shapes {
        // Shown where the test fails.
        println!("words of {W}, erases of {E}, (start, sector size, sectors): {shape:?}");
        let device = Device::new(*shape);
        test(&device);
        device.assert_others_untouched();
    }
}

/// The value of `key`.
pub fn get<'k, F: NorFlash, C: Checksum>(
    store: &mut Store<'_, F, C>,
    key: impl Into<RawKey<'k>>,
) -> Option<Vec<u8>> {
    let mut buffer = vec![0; 0x1_0000];
    match store.get_bytes(key, &mut buffer) {
        Ok(len) => len.map(|len| buffer[..len].to_vec()),
        Err(error) => panic!("get: {error}"),
    }
}

/// All names, sorted; of hashed keys the hash.
pub fn keys<F: NorFlash, C: Checksum>(store: &mut Store<'_, F, C>) -> Vec<String> {
    let mut found = Vec::new();
    let mut keys = store.keys();
    while let Some(key) = keys.next().unwrap_or_else(|error| panic!("keys: {error}")) {
        found.push(
            key.name
                .map_or_else(|| format!("{:#010x}", key.hash), str::to_string),
        );
    }
    found.sort();
    found
}

/// Maintains until there is nothing left to do; returns how many steps that took.
pub fn idle<F: NorFlash<Error: Debug>, C: Checksum>(store: &mut Store<'_, F, C>) -> usize {
    for step in 0..100_000 {
        match store.maintain() {
            Ok(Maintenance::Idle) => return step,
            Ok(_) => {}
            Err(error) => panic!("maintain: {error}"),
        }
    }
    panic!("maintain never becomes idle");
}

/// The sum of a stats' parts is the whole.
pub fn sum(stats: &kvs::Stats) -> u32 {
    stats.live + stats.stale + stats.free
}
