//! Flash drivers with DMA (nRF QSPI, ESP32) want addresses, lengths and memory at multiples of 4, or panic.

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use kvs::sim::{Rng, SimError, SimFlash};
use kvs::{Change, Options, RawKey, Resources, Store};

/// A flash that is as particular as such a driver.
struct Particular(SimFlash<4, 512, 4>);

fn check(offset: u32, bytes: &[u8]) {
    let memory = bytes.as_ptr() as usize;
    assert!(offset.is_multiple_of(4) && bytes.len().is_multiple_of(4));
    assert!(
        memory.is_multiple_of(4),
        "{} bytes at {memory:#x}",
        bytes.len()
    );
}

impl ErrorType for Particular {
    type Error = SimError;
}

impl ReadNorFlash for Particular {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), SimError> {
        check(offset, bytes);
        self.0.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl NorFlash for Particular {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 512;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), SimError> {
        self.0.erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), SimError> {
        check(offset, bytes);
        self.0.write(offset, bytes)
    }
}

/// Commits, reads and mounts, with values of all lengths.
fn work<const BUFFER: usize>(seed: u64) {
    let mut flash = Particular(SimFlash::new(4));
    let mut rng = Rng::new(seed);
    for _ in 0..40 {
        let mut ram = Resources::<32, 4, BUFFER>::new();
        let mut store = Store::mount(&mut flash, 0..2048, &mut ram, Options::DEFAULT).unwrap();
        for _ in 0..20 {
            let (len, odd) = (rng.below(120), rng.below(4));
            let bytes: Vec<u8> = (0..len + odd).map(|_| rng.next_u8()).collect();
            let name = "a name of a key that is rather long"[..1 + rng.below(34)].to_owned();
            // The caller's memory may be anywhere.
            let (short, long) = (&bytes[odd..odd + len.min(30)], &bytes[odd..]);
            let key = RawKey::Hash(rng.below(6) as u32);
            let result = match rng.below(5) {
                0 => store.commit(&[Change::put(key, long), Change::delete(name.as_str())]),
                1 => store.put_bytes(name.as_str(), short),
                2 => store.delete(name.as_str()).map(|_| ()),
                3 => store.maintain().map(|_| ()),
                _ => store.put_bytes(key, short),
            };
            assert!(
                result.is_ok() || matches!(result, Err(kvs::Error::Full { .. })),
                "seed {seed}: {result:?}"
            );
            let mut out = [0; 200];
            store.get_bytes(key, &mut out[odd..]).unwrap();
            store
                .get_bytes_at(name.as_str(), odd, &mut out[odd..])
                .unwrap();
        }
        let mut keys = store.keys();
        while keys.next().unwrap().is_some() {}
    }
}

#[test]
fn the_driver_gets_aligned_memory_only() {
    for seed in 0..20 {
        work::<64>(seed);
        work::<100>(seed);
        work::<512>(seed);
    }
}
