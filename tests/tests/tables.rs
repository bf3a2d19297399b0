//! Tables behind openings: by them, without them, by torn ones and by ones that lie, a mount finds the same.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use kvs::sim::{Rng, SimFlash, presets};
use kvs::{Change, Maintenance, Options, RawKey, Resources, Store};
use kvs_tests::craft::checksum;

const SECTOR: usize = 1024;
const SECTORS: usize = 4;
const KEYS: u32 = 12;

type Flash = SimFlash<4, SECTOR>;
type Ram = Resources<32, SECTORS, 128>;
type Values = BTreeMap<u32, Vec<u8>>;

fn mount<'a>(flash: &'a mut Flash, ram: &'a mut Ram) -> Store<'a, &'a mut Flash> {
    Store::mount(flash, 0..(SECTORS * SECTOR) as u32, ram, Options::DEFAULT).unwrap()
}

/// A partition that the log has gone round, and what is in it.
fn used(seed: u64) -> (Flash, Values) {
    let (mut flash, mut ram) = (Flash::new(SECTORS), Ram::new());
    let mut store = mount(&mut flash, &mut ram);
    let mut values = Values::new();
    let mut rng = Rng::new(seed);
    for _ in 0..500 {
        let key = rng.below(KEYS as usize) as u32;
        if rng.below(8) == 0 {
            store.delete(RawKey::Hash(key)).unwrap();
            values.remove(&key);
        } else {
            let value = vec![rng.next_u8(); rng.below(24)];
            store.put_bytes(RawKey::Hash(key), &value).unwrap();
            values.insert(key, value);
        }
    }
    (flash, values)
}

/// Each key asked for, as an application does.
fn read(store: &mut Store<'_, &mut Flash>) -> Values {
    let mut values = Values::new();
    for key in 0..KEYS {
        let mut value = [0; 24];
        if let Some(len) = store.get_bytes(RawKey::Hash(key), &mut value).unwrap() {
            values.insert(key, value[..len].to_vec());
        }
    }
    values
}

/// A table in an image.
#[derive(Debug)]
struct Table {
    sector: usize,
    /// The sequence of its sector.
    sequence: u32,
    /// Offsets in the sector: of the table's entry, and of its items.
    at: usize,
    items: std::ops::Range<usize>,
}

fn word(image: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(image[at..at + 4].try_into().unwrap())
}

/// Where a sector's opening is, and where the table behind it.
const OPENING: usize = 32;
const FIRST: usize = OPENING + 12;

/// The first table of each sector that has one, found as FORMAT.md says. The newest sector comes last.
fn tables(image: &[u8]) -> Vec<Table> {
    let mut found = Vec::new();
    for (sector, bytes) in image.chunks(SECTOR).enumerate() {
        if (bytes[OPENING], bytes[FIRST] & !0x40) == (0x84, 0x83) {
            let len = usize::from(u16::from_le_bytes([bytes[FIRST + 5], bytes[FIRST + 6]]));
            found.push(Table {
                sector,
                sequence: word(bytes, 4),
                at: FIRST,
                items: FIRST + 7..FIRST + 7 + len,
            });
        }
    }
    found.sort_by_key(|table| table.sequence);
    found
}

/// Mounts `image`, finds `values`, then changes and tidies up, and finds that again.
fn assert_sound(image: &[u8], values: &Values, what: &str) {
    let (mut flash, mut ram) = (Flash::from_image(image), Ram::new());
    let mut store = mount(&mut flash, &mut ram);
    assert_eq!(read(&mut store), *values, "{what}");
    let mut values = values.clone();
    for key in 0..KEYS / 2 {
        store.put_bytes(RawKey::Hash(key), &[key as u8]).unwrap();
        values.insert(key, vec![key as u8]);
    }
    while store.maintain().unwrap() != Maintenance::Idle {}
    assert_eq!(read(&mut store), values, "{what}, and a change");
    let mut store = mount(&mut flash, &mut ram);
    assert_eq!(read(&mut store), values, "{what}, a change and a mount");
}

/// Bytes read by a mount, and what it finds.
fn boot(image: &[u8]) -> (u64, Values) {
    let (mut flash, mut ram) = (Flash::from_image(image), Ram::new());
    let mut store = mount(&mut flash, &mut ram);
    let read_bytes = store.flash().stats().read_bytes;
    (read_bytes, read(&mut store))
}

#[test]
fn a_boot_by_a_table_reads_less_and_finds_the_same() {
    let mut shorter = 0;
    for seed in 0..64 {
        let (flash, values) = used(seed);
        let mut image = flash.image().to_vec();
        let found = tables(&image);
        assert!(!found.is_empty(), "seed {seed}");
        let by_table = boot(&image);
        for table in &found {
            // Its checksum.
            image[table.sector * SECTOR + table.items.end] ^= 1;
        }
        let by_all = boot(&image);
        assert_eq!(by_table.1, values, "seed {seed}");
        assert_eq!(by_all.1, values, "seed {seed}");
        shorter += u32::from(by_table.0 < by_all.0);
        assert_sound(flash.image(), &values, "as it was");
    }
    assert!(shorter > 40, "{shorter}");
}

/// The power was cut while the table was written: the sector is as one that was not opened.
#[test]
fn torn_ones() {
    let mut torn = 0;
    for seed in 0..32 {
        let (flash, _) = used(seed);
        let image = flash.image();
        let newest = image.chunks(SECTOR).map(|sector| match word(sector, 4) {
            u32::MAX => 0,
            _ if sector[OPENING] == 0xFF => 0,
            sequence => sequence,
        });
        let newest = newest.max().unwrap();
        let Some(table) = tables(image).pop().filter(|table| table.sequence == newest) else {
            continue;
        };
        let base = table.sector * SECTOR;
        let mut without = image.to_vec();
        without[base + OPENING..base + SECTOR].fill(0xFF);
        let (_, before) = boot(&without);
        for cut in (OPENING..table.items.end).step_by(4) {
            let mut image = image.to_vec();
            image[base + cut..base + SECTOR].fill(0xFF);
            assert_sound(&image, &before, "torn");
            torn += 1;
        }
    }
    assert!(torn > 300, "{torn}");
}

#[test]
fn rotten_ones() {
    for seed in 0..2 {
        let (flash, values) = used(seed);
        for table in tables(flash.image()) {
            let base = table.sector * SECTOR;
            for at in base + OPENING..base + table.items.end + 4 {
                for bit in 0..8 {
                    let mut image = flash.image().to_vec();
                    image[at] ^= 1 << bit;
                    assert_sound(&image, &values, "rotten");
                }
            }
        }
    }
}

/// The checksum is good, and places and lengths are wrong.
#[test]
fn ones_that_lie() {
    const TOMBSTONE: u32 = 1 << 31;
    let mut lies = 0;
    for seed in 0..4 {
        let (flash, values) = used(seed);
        let table = tables(flash.image()).pop().unwrap();
        let base = table.sector * SECTOR;
        for item in table.items.clone().step_by(8) {
            let hash = word(&flash.image()[base..], item);
            let place = word(&flash.image()[base..], item + 4);
            if place & TOMBSTONE != 0 {
                // Nobody reads it.
                continue;
            }
            let words = (SECTORS * SECTOR / 4) as u32;
            let lengths = (0..64).map(|len| place & 0x7_FFFF | len << 19);
            for lie in (0..words).map(|at| place & !0x7_FFFF | at).chain(lengths) {
                let at = (lie & 0x7_FFFF) as usize * 4;
                // An older value of the same key is no lie that could be told from the truth.
                if lie & 0x7_FFFF != place & 0x7_FFFF
                    && word(flash.image(), at) >> 8 == hash & 0xFF_FFFF
                {
                    continue;
                }
                let mut image = flash.image().to_vec();
                let sector = &mut image[base..][..SECTOR];
                sector[item + 4..item + 8].copy_from_slice(&lie.to_le_bytes());
                let body = &sector[table.at..table.items.end];
                let sum = checksum(body, 0, table.sequence, table.at as u32);
                sector[table.items.end..][..4].copy_from_slice(&sum.to_le_bytes());
                let what = format!("seed {seed}, key {hash}: {place:#x} became {lie:#x}");
                assert_sound(&image, &values, &what);
                lies += 1;
            }
        }
    }
    assert!(lies > 1000, "{lies}");
}

/// Too many keys for a quarter of a sector, or so much live that it would take the room of values: no table is written.
#[test]
fn there_is_none_where_it_is_not_worth_it() {
    for (keys, len) in [(40, 8), (12, 150)] {
        let (mut flash, mut ram) = (Flash::new(SECTORS), Resources::<64, SECTORS, 256>::new());
        let end = (SECTORS * SECTOR) as u32;
        let mut store = Store::mount(&mut flash, 0..end, &mut ram, Options::DEFAULT).unwrap();
        for round in 0..10 * keys {
            let key = RawKey::Hash(round % keys);
            store.put_bytes(key, &vec![round as u8; len]).unwrap();
            if round > 2 * keys {
                let found = tables(store.flash().image());
                let newest = store.sectors().map(|sector| sector.sequence).max();
                let is_new = |table: &Table| Some(table.sequence) == newest;
                assert!(!found.iter().any(is_new), "{keys} keys: {found:?}");
            }
        }
    }
}

/// A value rots that a table tells of. Nobody reads it for long, and sectors are erased: the value before it stays.
#[test]
fn a_rotten_value_does_not_take_the_one_before_it_along() {
    let mut older = 0;
    for seed in 0..20 {
        let (mut flash, values) = used(seed);
        let mut ram = Ram::new();
        let places: Vec<_> = {
            let mut store = mount(&mut flash, &mut ram);
            let mut keys = store.keys();
            let mut places = Vec::new();
            while let Some(key) = keys.next().unwrap() {
                places.push((key.hash, key.sector * SECTOR + key.offset as usize));
            }
            places
        };
        for (rotten, at) in places {
            let mut image = flash.image().to_vec();
            // Its checksum, or the value.
            image[at + 6] ^= 1;
            let (mut flash, mut ram) = (Flash::from_image(&image), Ram::new());
            let mut expected = read(&mut mount(&mut flash, &mut ram));
            older += u32::from(
                expected
                    .get(&rotten)
                    .is_some_and(|value| *value != values[&rotten]),
            );
            let mut store = mount(&mut flash, &mut ram);
            for round in 0..200 {
                let key = (rotten + 1 + round % 2) % KEYS;
                store
                    .put_bytes(RawKey::Hash(key), &round.to_le_bytes())
                    .unwrap();
                expected.insert(key, round.to_le_bytes().to_vec());
            }
            assert_eq!(read(&mut store), expected, "seed {seed}, {rotten}");
        }
    }
    assert!(older > 50, "{older}");
}

/// Keys come and go, and each few changes there is a boot: some that have to read all, and some that don't.
#[test]
fn boots_between_changes() {
    let (mut short, mut long) = (0, 0);
    for seed in 0..12 {
        let (mut flash, mut values) = used(seed);
        let mut rng = Rng::new(seed);
        for _ in 0..400 {
            flash.reset_stats();
            let mut ram = Ram::new();
            let mut store = mount(&mut flash, &mut ram);
            let is_short = store.flash().stats().read_bytes < (SECTORS * SECTOR / 2) as u64;
            short += u32::from(is_short);
            long += u32::from(!is_short);
            assert_eq!(read(&mut store), values, "seed {seed}");
            // Now and then hot keys for a while, so that the others are in old sectors.
            let keys = [2, KEYS as usize][rng.below(2)];
            for _ in 0..rng.below(30) {
                let key = rng.below(keys) as u32;
                match rng.below(12) {
                    0 => drop(store.maintain().unwrap()),
                    1 | 2 => {
                        store.delete(RawKey::Hash(key)).unwrap();
                        values.remove(&key);
                    }
                    _ => {
                        let value = vec![rng.next_u8(); rng.below(24)];
                        store.put_bytes(RawKey::Hash(key), &value).unwrap();
                        values.insert(key, value);
                    }
                }
            }
        }
    }
    assert!(short > 500 && long > 500, "{short} {long}");
}

/// What a cut program or rot has left where a mount does not look: nothing is written over it, and nothing is lost.
#[test]
fn what_stands_behind_a_gap() {
    let mut tried = 0;
    for seed in 0..16 {
        let (mut flash, values) = used(seed);
        let mut ram = Ram::new();
        let mut store = mount(&mut flash, &mut ram);
        while store.maintain().unwrap() != Maintenance::Idle {}
        let free: Vec<_> = store.sectors().map(|sector| sector.free).collect();
        for (sector, free) in free.into_iter().enumerate() {
            if free <= 512 {
                continue;
            }
            let end = (sector + 1) * SECTOR;
            let gap = end - free as usize + 512;
            for at in [gap, ((gap + end) / 2) & !3, end - 4] {
                let mut image = flash.image().to_vec();
                image[at] = 0x7F;
                assert_sound(&image, &values, "a stray word");
                tried += 1;
            }
        }
    }
    assert!(tried > 20, "{tried}");
}

/// Mount and load of 32 settings, over all states of the newest sector.
#[test]
fn a_boot_on_a_used_partition() {
    let (mut flash, mut ram) = (presets::nrf52840(), Resources::<64, 8, 256>::new());
    let (mut sum, mut most, boots) = (0, 0, 400);
    let mut rng = Rng::new(1);
    for boot in 0..10 + boots {
        flash.reset_stats();
        let mut store = Store::mount(&mut flash, 0..8 * 4096, &mut ram, Options::DEFAULT).unwrap();
        for key in 0..32 {
            let _ = store.get_bytes(RawKey::Hash(key), &mut [0; 8]);
        }
        let read = store.flash().stats().read_bytes;
        if boot >= 10 {
            sum += read;
            most = read.max(most);
        }
        // All of the log, and then a save a boot.
        for _ in 0..if boot < 10 { 500 } else { 1 } {
            let key = rng.below(32) as u32;
            store
                .commit(&[Change::put(RawKey::Hash(key), &[rng.next_u8(); 4])])
                .unwrap();
        }
    }
    assert_snapshot!(format!("{} bytes, at most {most}", sum / boots), @"3406 bytes, at most 4716");
}

/// 1 MiB with 64 settings.
#[test]
fn a_boot_on_a_large_used_partition() {
    let (mut flash, mut ram) = (
        SimFlash::<4, 4096>::new(256),
        Resources::<64, 256, 256>::new(),
    );
    let mut rng = Rng::new(1);
    const END: u32 = 256 * 4096;
    let mut store = Store::mount(&mut flash, 0..END, &mut ram, Options::DEFAULT).unwrap();
    for _ in 0..100_000 {
        let key = RawKey::Hash(rng.below(64) as u32);
        store.put_bytes(key, &[rng.next_u8(); 4]).unwrap();
    }
    flash.reset_stats();
    let mut store = Store::mount(&mut flash, 0..END, &mut ram, Options::DEFAULT).unwrap();
    for key in 0..64 {
        store.get_bytes(RawKey::Hash(key), &mut [0; 4]).unwrap();
    }
    let read = flash.stats().read_bytes;
    assert_snapshot!(format!("{read} of {END} bytes"), @"9200 of 1048576 bytes");
    assert!(read * 20 < u64::from(END));
}
