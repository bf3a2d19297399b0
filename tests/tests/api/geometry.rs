//! What `mount` refuses, and partitions that were written differently.

use std::time::Duration;

use kvs::sim::{SimError, SimFlash};
use kvs::{Checksum, Error, Geometry, Options, Resources, Store};
use kvs_tests::craft::{Entry, Format};
use kvs_tests::{Device, get};

/// CRC-32/MPEG-2, as some chips have it.
struct CrcUnit(u32);

impl Checksum for CrcUnit {
    const ID: u8 = 1;

    fn reset(&mut self) {
        self.0 = u32::MAX;
    }

    fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 ^= u32::from(*byte) << 24;
            for _ in 0..8 {
                self.0 = self.0 << 1 ^ if self.0 >> 31 == 1 { 0x04C1_1DB7 } else { 0 };
            }
        }
    }

    fn value(&self) -> u32 {
        self.0
    }
}

type Flash = SimFlash<4, 256>;

fn try_mount<const SECTORS: usize, const BUFFER: usize>(
    range: std::ops::Range<u32>,
    sector_size: u32,
) -> Result<usize, Error<SimError>> {
    let mut flash = Flash::new(16);
    let mut resources = Resources::<4, SECTORS, BUFFER>::new();
    let options = Options {
        sector_size,
        ..Options::DEFAULT
    };
    let result =
        Store::mount(&mut flash, range, &mut resources, options).map(|store| store.capacity());
    assert_eq!(
        flash.stats().reads != 0,
        result.is_ok(),
        "looked at before the flash is"
    );
    result
}

fn refused(geometry: Geometry) -> Result<usize, Error<SimError>> {
    Err(Error::Geometry(geometry))
}

#[test]
fn ranges_that_do_not_fit() {
    let fits = |range| try_mount::<16, 64>(range, 0);
    assert_eq!(fits(0..512), Ok(4));
    assert_eq!(fits(256..4096), Ok(4));
    for range in [
        0..500,
        4..516,
        128..640,
        0..4352,
        4096..4608,
        512..512,
        0..0,
        u32::MAX - 511..u32::MAX,
    ] {
        assert_eq!(fits(range.clone()), refused(Geometry::Range), "{range:?}");
    }
    #[allow(clippy::reversed_empty_ranges, reason = "that is what is tried")]
    let reversed = 1024..512;
    assert_eq!(fits(reversed), refused(Geometry::Range));
    assert_eq!(fits(0..256), refused(Geometry::TooFewSectors));
    // Whole sectors of the size that was chosen, not of the flash's.
    assert_eq!(try_mount::<16, 64>(0..1280, 512), refused(Geometry::Range));
    assert_eq!(
        try_mount::<16, 64>(0..512, 512),
        refused(Geometry::TooFewSectors)
    );
    assert_eq!(try_mount::<16, 64>(256..1280, 512), Ok(4));
}

#[test]
fn sector_sizes_that_do_not_fit() {
    for size in [1, 100, 255, 257, 300, 384] {
        assert_eq!(
            try_mount::<16, 64>(0..1024, size),
            refused(Geometry::SectorSize),
            "{size}"
        );
    }
    // A sector that holds a header and nothing else.
    let mut tiny = SimFlash::<16, 32>::new(4);
    let mut resources = Resources::<4, 4, 64>::new();
    let result = Store::mount(&mut tiny, 0..128, &mut resources, Options::DEFAULT);
    assert_eq!(result.err(), Some(Error::Geometry(Geometry::SectorSize)));
}

#[test]
fn resources_that_do_not_fit() {
    let error = Geometry::TooManySectors {
        sectors: 8,
        capacity: 7,
    };
    assert_eq!(try_mount::<7, 64>(0..2048, 0), refused(error));
    assert_eq!(try_mount::<8, 64>(0..2048, 0), Ok(4));
    assert_eq!(try_mount::<8, 63>(0..2048, 0), refused(Geometry::Buffer));
    // Two words, where those are more than 64 bytes.
    let mut wide = SimFlash::<64, 1024>::new(4);
    let mut short = Resources::<4, 4, 127>::new();
    let result = Store::mount(&mut wide, 0..4096, &mut short, Options::DEFAULT);
    assert_eq!(result.err(), Some(Error::Geometry(Geometry::Buffer)));
    let mut enough = Resources::<4, 4, 128>::new();
    let mut store = Store::mount(&mut wide, 0..4096, &mut enough, Options::DEFAULT).unwrap();
    store.put_bytes("a", &[1; 100]).unwrap();
    assert_eq!(get(&mut store, "a"), Some(vec![1; 100]));
}

#[test]
fn words_that_do_not_fit() {
    let mut resources = Resources::<4, 4, 512>::new();
    let mut odd = SimFlash::<3, 768>::new(4);
    let result = Store::mount(&mut odd, 0..3072, &mut resources, Options::DEFAULT);
    assert_eq!(result.err(), Some(Error::Geometry(Geometry::WordSize)));
    let mut reads_too_wide = SimFlash::<4, 256, 8>::new(4);
    let result = Store::mount(
        &mut reads_too_wide,
        0..1024,
        &mut resources,
        Options::DEFAULT,
    );
    assert_eq!(result.err(), Some(Error::Geometry(Geometry::WordSize)));
    let mut words_of_256 = SimFlash::<256, 1024>::new(4);
    let result = Store::mount(&mut words_of_256, 0..4096, &mut resources, Options::DEFAULT);
    assert_eq!(result.err(), Some(Error::Geometry(Geometry::WordSize)));
    let mut reads_of_128 = SimFlash::<128, 1024, 128>::new(4);
    let result = Store::mount(&mut reads_of_128, 0..4096, &mut resources, Options::DEFAULT);
    assert_eq!(result.err(), Some(Error::Geometry(Geometry::WordSize)));
}

#[test]
fn each_geometry_error_says_what_must_be() {
    let says = |geometry: Geometry| {
        (
            geometry.to_string(),
            Error::<SimError>::Geometry(geometry).to_string(),
        )
    };
    let expected: [(Geometry, &str); 6] = [
        (Geometry::WordSize, "write size must be a power of two"),
        (Geometry::SectorSize, "multiple of the flash's erase size"),
        (Geometry::Range, "within the flash, on sector boundaries"),
        (Geometry::TooFewSectors, "at least two sectors"),
        (
            Geometry::TooManySectors {
                sectors: 9,
                capacity: 8,
            },
            "9 sectors, the resources have room for 8",
        ),
        (Geometry::Buffer, "64 bytes and two words"),
    ];
    for (geometry, part) in expected {
        let (alone, within) = says(geometry);
        assert!(alone.contains(part), "{alone}");
        assert_eq!(alone, within);
    }
}

/// Nothing is read as something that it is not, and nothing is touched.
fn assert_incompatible<S>(
    device: &Device<4, 256>,
    result: Result<S, Error<SimError>>,
    error: Error<SimError>,
) {
    assert_eq!(result.err(), Some(error));
    assert_eq!(device.chip.stats().erases, 4, "those of the puts");
    assert_eq!(get(&mut device.mount(), "a"), Some(vec![1]));
}

#[test]
fn a_partition_of_another_geometry_or_checksum_is_refused() {
    let device = Device::<4, 256>::new((256, 256, 8));
    let mut store = device.mount();
    for round in 0..30 {
        store.put_bytes("a", &[round; 7]).unwrap();
    }
    store.put_bytes("a", &[1]).unwrap();
    let incompatible = |checksum, geometry| Error::Incompatible {
        version: (1, 1),
        checksum,
        geometry,
    };
    let wider = device
        .with(|options| options.sector_size = 512)
        .try_mount::<4, 8, 64>();
    assert_incompatible(&device, wider, incompatible((0, 0), ((8, 2), (9, 2))));

    let range = device.range.clone();
    let mut resources = Resources::<4, 8, 64>::new();
    let mut words_of_8 = SimFlash::<8, 256>::from_image(&device.chip.image());
    let result = Store::mount(
        &mut words_of_8,
        range.clone(),
        &mut resources,
        Options::DEFAULT,
    );
    assert_incompatible(&device, result, incompatible((0, 0), ((8, 2), (8, 3))));

    let unit = CrcUnit(0);
    let chip = device.chip.clone();
    let result = Store::mount_with(chip, range, &mut resources, Options::DEFAULT, unit);
    assert_incompatible(&device, result, incompatible((0, 1), ((8, 2), (8, 2))));
}

#[test]
fn a_checksum_of_ones_own() {
    let mut flash = Flash::new(4);
    let mut resources = Resources::<8, 4, 64>::new();
    for round in 0..100u8 {
        let unit = CrcUnit(0);
        let mut store =
            Store::mount_with(&mut flash, 0..1024, &mut resources, Options::DEFAULT, unit).unwrap();
        let last = (round != 0).then(|| vec![round - 1; 10]);
        assert_eq!(get(&mut store, "a"), last);
        store.put_bytes("a", &[round; 10]).unwrap();
        store.put_bytes("b", &[round; 50]).unwrap();
        assert_eq!(get(&mut store, "b"), Some(vec![round; 50]));
    }
    let result = Store::mount(&mut flash, 0..1024, &mut resources, Options::DEFAULT);
    assert!(matches!(
        result.err(),
        Some(Error::Incompatible {
            checksum: (1, 0),
            ..
        })
    ));
}

/// The sequence counts up to 0xF000_0000 and then says so: everything can still be read.
#[test]
fn when_the_sequence_is_used_up_it_says_so() {
    // In a thread of its own, so that a store that tries for ever fails the test.
    let (done, wait) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        use_up_the_sequence();
        done.send(()).unwrap();
    });
    wait.recv_timeout(Duration::from_secs(5)).expect("an end");
}

fn use_up_the_sequence() {
    let device = Device::<4, 256>::new((0, 256, 3));
    let entry = Entry::Named(0, "a", &[1]);
    device.plant(256, &Format::<4>::new(256).sector(0xEFFF_FFFE, 7, &[entry]));
    let mut store = device.mount();
    let mut puts = 0;
    let error = loop {
        match store.put_bytes("b", &[puts; 20]) {
            Ok(()) => puts += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error, Error::Exhausted);
    assert!(puts > 5, "{puts}");
    for mut store in [store, device.mount()] {
        assert_eq!(get(&mut store, "a"), Some(vec![1]));
        assert_eq!(get(&mut store, "b"), Some(vec![puts - 1; 20]));
    }
}

/// Words longer than any common part has them, in a buffer that holds two.
#[test]
fn words_of_64_and_128_bytes() {
    fn on<const W: usize>() {
        let mut flash = SimFlash::<W, 2048>::new(3);
        let mut resources = Resources::<16, 3, 256>::new();
        let mut store =
            Store::mount(&mut flash, 0..6144, &mut resources, Options::DEFAULT).unwrap();
        for round in 0..200u8 {
            store.put_bytes("key", &[round; 9]).unwrap();
            store
                .put_bytes(kvs::RawKey::Hash(round.into()), &[round])
                .ok();
        }
        let mut store =
            Store::mount(&mut flash, 0..6144, &mut resources, Options::DEFAULT).unwrap();
        let mut value = [0; 9];
        assert_eq!(store.get_bytes("key", &mut value), Ok(Some(9)));
        assert_eq!(value, [199; 9]);
    }
    on::<64>();
    on::<128>();
}
