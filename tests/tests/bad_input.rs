//! Partitions that hold anything but what a store left: they mount as empty or with what is whole, in bounded time, and
//! then take a value and keep it.

use std::collections::BTreeMap;

use kvs::sim::{Rng, SimError};
use kvs::{Error, key_hash};
use kvs_tests::craft::{Entry, Format, seal_header};
use kvs_tests::{Device, TestStore, everywhere, get};

/// Bytes read by one mount, in partitions: each byte once, damage once more, lying entries up to four times their
/// sector and the way back, the newest sector twice.
const MOUNT_READS: u64 = 16;

type Mounted<const W: usize, const E: usize> = Result<TestStore<W, E>, Error<SimError>>;

/// Mounts, and looks that this neither wrote nor read without end.
fn mount<const W: usize, const E: usize>(device: &Device<W, E>) -> Mounted<W, E> {
    let before = device.chip.stats();
    let result = device.try_mount::<64, 8, 128>();
    let cost = device.chip.stats().since(&before);
    assert_eq!((cost.programs, cost.erases), (0, 0), "mounting writes");
    let bytes = u64::from(device.range.end - device.range.start);
    assert!(
        cost.read_bytes <= MOUNT_READS * bytes,
        "reads {} of {bytes} bytes",
        cost.read_bytes
    );
    result
}

/// All keys can be read; a value can be put, and is there at the next mount, and so are the others.
fn go_on<const W: usize, const E: usize>(device: &Device<W, E>, mut store: TestStore<W, E>) {
    let read_all = |store: &mut TestStore<W, E>| {
        let mut found = Vec::new();
        let mut keys = store.keys();
        while let Some(key) = keys.next().expect("what was mounted can be read") {
            found.push((key.hash, key.name.map(str::to_string), key.value_len));
        }
        found
    };
    let mut expected = read_all(&mut store);
    let result = store.put_bytes("new key", b"new");
    let is_ours = |(hash, ..): &(u32, Option<String>, usize)| *hash == key_hash("new key");
    assert!(!expected.iter().any(is_ours), "no image of these holds it");
    match result {
        Ok(()) => {
            expected.push((key_hash("new key"), Some("new key".to_string()), 3));
            expected.sort();
        }
        // There may be all too much in it.
        Err(Error::Full { .. } | Error::Exhausted | Error::TooManyKeys { .. }) => {}
        Err(error) => panic!("{error}"),
    }
    for mut store in [store, mount(device).expect("it mounts again")] {
        assert_eq!(read_all(&mut store), expected);
        assert_eq!(get(&mut store, "new key").is_some(), result.is_ok());
    }
    device.assert_others_untouched();
}

/// Fills the partition with what `make` gives for each sector, which is no store of ours: it mounts as empty.
fn is_empty<const W: usize, const E: usize>(device: &Device<W, E>, make: impl Fn(u32) -> Vec<u8>) {
    let device = device.copy();
    for sector in 0..device.sectors() {
        let mut bytes = make(sector);
        bytes.resize(device.sector as usize, 0xFF);
        device.plant((sector * device.sector) as usize, &bytes);
    }
    let store = mount(&device).expect("it mounts");
    assert!(store.is_empty());
    assert_eq!(store.stats().live, 0);
    go_on(&device, store);
    assert_eq!(device.mount().len(), 1);
}

#[test]
fn one_byte_all_over() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        // Not 00: that is a part that erases to 00, and refused (transient.rs).
        for byte in [0xFF, 0x55, 0xAA, 0x81, 0x82, 0x1F] {
            is_empty(device, |_| vec![byte; device.sector as usize]);
        }
    }
    everywhere!(on);
}

#[test]
fn random_bytes() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        for seed in 0..8 {
            println!("seed {seed}");
            is_empty(device, |sector| {
                let mut rng = Rng::new(seed << 32 | u64::from(sector));
                (0..device.sector).map(|_| rng.next_u8()).collect()
            });
        }
    }
    everywhere!(on);
}

#[test]
fn other_stores() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        // Pages of ESP-IDF's NVS: state, sequence, version, CRC; a bitmap; entries of 32 bytes.
        is_empty(device, |sector| {
            let mut page = vec![0xFE, 0xFF, 0xFF, 0xFF, sector as u8, 0, 0, 0, 0xFE];
            page.resize(28, 0xFF);
            page.extend([0x12, 0x34, 0x56, 0x78, 0xAA, 0xFA, 0xFF]);
            page.resize(64, 0xFF);
            for entry in 0..4u8 {
                page.extend([1, 0x01, 1, 0xFF, 0xDE, 0xAD, 0xBE, entry]);
                page.extend(*b"wifi.channel\0\0\0\0");
                page.extend([entry, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
            }
            page
        });
        // Entries of pw_kvs: magic, checksum, alignment, key and value lengths, transaction, key, value.
        is_empty(device, |sector| {
            let mut entries = Vec::new();
            for number in 0..4u8 {
                entries.extend([0xD3, 0xC0, 0xAD, 0x0B, 0x11, 0x22, 0x33, 0x44, 0, 8, 4, 0]);
                entries.extend([number + sector as u8 * 4, 0, 0, 0]);
                entries.extend(*b"TestKey1\x1F\x30\xD0\xBA");
                entries.resize(entries.len().next_multiple_of(16), 0);
            }
            entries
        });
        // littlefs: a revision, and the superblock's tag and name.
        is_empty(device, |sector| {
            let mut block = vec![sector as u8 + 1, 0, 0, 0, 0xF0, 0x0F, 0xFF, 0xF7];
            block.extend(*b"littlefs");
            block.extend([0x2F, 0xE0, 0, 0x10, 0, 0, 2, 0, 0, 2, 0, 0]);
            block
        });
        // Something that only begins as ours does.
        is_empty(device, |_| b"KV\x10\x4AKVKVKVKVKVKV".repeat(4));
    }
    everywhere!(on);
}

type Values = BTreeMap<String, Vec<u8>>;

/// A store that has been in use: what it holds, and all values that there ever were.
fn used<const W: usize, const E: usize>(
    device: &Device<W, E>,
    seed: u64,
) -> (Values, Vec<Vec<u8>>) {
    let mut rng = Rng::new(seed);
    let mut store = device.mount();
    let (mut last, mut all) = (Values::new(), Vec::new());
    for _ in 0..120 {
        let name = format!("key{}", rng.below(4));
        let value = vec![rng.next_u8(); rng.below(device.share(7, 4))];
        store.put_bytes(name.as_str(), &value).unwrap();
        all.push(value.clone());
        last.insert(name, value);
    }
    (last, all)
}

fn assert_holds<const W: usize, const E: usize>(store: &mut TestStore<W, E>, expected: &Values) {
    for (name, value) in expected {
        assert_eq!(get(store, name.as_str()).as_ref(), Some(value), "{name}");
    }
}

/// Bits flipped, pieces erased, overwritten, moved about: no value comes out that was never put.
#[test]
fn images_of_ours_with_damage() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        for seed in 0..30u64 {
            println!("seed {seed}");
            let device = device.copy();
            let (last, all) = used(&device, seed);
            let mut rng = Rng::new(seed ^ 0xDA3A);
            let mut image = device.partition();
            for _ in 0..1 + rng.below(4) {
                let (from, to) = (rng.below(image.len()), rng.below(image.len()));
                let len = (1 + rng.below(100)).min(image.len() - from.max(to));
                match rng.below(4) {
                    0 => image[from] ^= 1 << rng.below(8),
                    1 => image[from..from + len].fill(0xFF),
                    2 => image[from..from + len].fill(rng.next_u8()),
                    _ => image.copy_within(from..from + len, to),
                }
            }
            device.plant(0, &image);
            let mut store = mount(&device).expect("it mounts");
            for name in last.keys() {
                let found = get(&mut store, name.as_str());
                assert!(found.is_none_or(|value| all.contains(&value)), "{name}");
            }
            go_on(&device, store);
        }
    }
    everywhere!(on);
}

/// One sector's bytes under another one's place: entries count only where they were written.
#[test]
fn sectors_of_ours_in_another_order() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let (expected, all) = used(device, 5);
        let image = device.partition();
        let size = device.sector as usize;
        // Where a sector lies says nothing: its header goes with it.
        let turned = device.copy();
        let mut bytes = image.clone();
        bytes.rotate_left(size);
        turned.plant(0, &bytes);
        let mut store = mount(&turned).expect("it mounts");
        assert_holds(&mut store, &expected);
        go_on(&turned, store);
        // All entries of one under the header of another: none of them counts.
        let header = 2 * 16.max(W);
        for sector in 1..device.sectors() as usize {
            let mixed = device.copy();
            mixed.plant(sector * size + header, &image[header..size]);
            let mut store = mount(&mixed).expect("it mounts");
            for name in expected.keys() {
                let found = get(&mut store, name.as_str());
                assert!(found.is_none_or(|value| all.contains(&value)), "{name}");
            }
            go_on(&mixed, store);
        }
    }
    everywhere!(on);
}

#[test]
fn crafted_sequences() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let format = Format::<W>::new(device.sector);
        let size = device.sector as usize;
        let (one, two) = (
            [Entry::Put(0, 1, b"one")],
            [Entry::Put(0, 1, b"two"), Entry::Put(0, 2, b"two")],
        );
        let tries = [
            0,
            1,
            2,
            0x7FFF_FFFF,
            0x8000_0000,
            0xEFFF_FFFF,
            0xF000_0000,
            0xFFFF_FFFE,
            u32::MAX,
        ];
        for first in tries {
            for second in tries {
                let device = device.copy();
                device.plant(0, &format.sector(first, 1, &one));
                device.plant(size, &format.sector(second, u32::MAX, &two));
                let mut store = mount(&device).expect("it mounts");
                let found = get(&mut store, kvs::RawKey::Hash(1));
                // 0 is no sequence, nor is what leaves no room to count on.
                let counts = |sequence| sequence != 0 && sequence < 0xF000_0000;
                match (counts(first), counts(second)) {
                    (false, false) => assert_eq!(found, None),
                    (true, false) => assert_eq!(found, Some(b"one".to_vec())),
                    (false, true) => assert_eq!(found, Some(b"two".to_vec())),
                    (true, true) if first > second => assert_eq!(found, Some(b"one".to_vec())),
                    (true, true) if first < second => assert_eq!(found, Some(b"two".to_vec())),
                    // Equal ones can't be, and either is as good; but it is one of them.
                    _ => assert!(found == Some(b"one".to_vec()) || found == Some(b"two".to_vec())),
                }
                if first.max(second) < 0xEFFF_0000 {
                    go_on(&device, store);
                }
            }
        }
    }
    everywhere!(on);
}

/// A header that is right in itself but of another layout: refused, whichever sector it is in; a bad one: not believed.
#[test]
fn crafted_headers() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        used(device, 9);
        let stride = 16.max(W);
        let format = Format::<W>::new(device.sector);
        for sector in 0..device.sectors() as usize {
            for byte in 0..16 {
                let with_header = |copy: &[u8]| {
                    let device = device.copy();
                    let base = sector * device.sector as usize;
                    for at in [base, base + stride] {
                        device.plant(at, copy);
                    }
                    device
                };
                let mut copy = format.header_copy(77, 3);
                copy[byte] ^= 0x10;
                let bad = with_header(&copy);
                let store = mount(&bad).expect("a bad header is none");
                go_on(&bad, store);

                seal_header(&mut copy);
                let device = with_header(&copy);
                let image = device.partition();
                match (byte, mount(&device)) {
                    (2 | 3, Err(Error::Incompatible { .. })) => {
                        assert_eq!(device.partition(), image)
                    }
                    (2 | 3, other) => panic!("byte {byte}: {:?}", other.err()),
                    // No magic, a sequence of its own, or another erase count.
                    (_, Ok(store)) => go_on(&device, store),
                    (_, Err(error)) => panic!("byte {byte}: {error}"),
                }
            }
        }
    }
    everywhere!(on);
}

/// One header copy is enough.
#[test]
fn half_a_header() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let (expected, _) = used(device, 9);
        for copy in [0, 16.max(W)] {
            let device = device.copy();
            for sector in 0..device.sectors() {
                device.plant((sector * device.sector) as usize + copy, &[0x24; 16]);
            }
            let mut store = mount(&device).expect("it mounts");
            assert_holds(&mut store, &expected);
            go_on(&device, store);
        }
    }
    everywhere!(on);
}
