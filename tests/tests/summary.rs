//! Summaries at the end of closed sectors: without them, with torn ones, and with ones that lie, a mount finds the same.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use kvs::sim::{Rng, SimFlash, presets};
use kvs::{Change, Crc32c, Maintenance, Options, RawKey, Resources, Store};

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

/// A summary in an image.
struct Summary {
    sector: usize,
    /// Offsets in the sector: of the first item, and of the footer.
    items: usize,
    footer: usize,
}

fn word(image: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(image[at..at + 4].try_into().unwrap())
}

/// The summaries whose checksum is good, found as FORMAT.md says.
fn summaries(image: &[u8]) -> Vec<Summary> {
    let mut found = Vec::new();
    for sector in 0..image.len() / SECTOR {
        let bytes = &image[sector * SECTOR..][..SECTOR];
        let footer = SECTOR - 16;
        let half = |at: usize| u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap());
        let count = usize::from(half(footer));
        if half(footer) != !half(footer + 2) || footer < 32 + 8 * count {
            continue;
        }
        let items = footer - 8 * count;
        if check(bytes, items) == word(bytes, footer + 12) {
            found.push(Summary {
                sector,
                items,
                footer,
            });
        }
    }
    found
}

/// The checksum of the summary whose items begin at `items`.
fn check(sector: &[u8], items: usize) -> u32 {
    let salt = word(sector, 4).rotate_left(16) ^ items as u32;
    Crc32c::of(&sector[items..SECTOR - 4]) ^ salt
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

#[test]
fn all_closed_sectors_have_one() {
    let (flash, values) = used(0);
    let found = summaries(flash.image());
    // But for the newest, and perhaps one that was erased ahead.
    assert!(found.len() >= SECTORS - 2, "{}", found.len());
    assert_sound(flash.image(), &values, "as it was");
}

#[test]
fn missing_or_torn_ones() {
    for seed in 0..8 {
        let (flash, values) = used(seed);
        for summary in summaries(flash.image()) {
            let from = summary.sector * SECTOR + summary.items - 4;
            let to = (summary.sector + 1) * SECTOR;
            for cut in (from..=to).step_by(4) {
                let mut image = flash.image().to_vec();
                image[cut..to].fill(0xFF);
                assert_sound(&image, &values, "torn");
            }
        }
    }
}

#[test]
fn rotten_ones() {
    for seed in 0..2 {
        let (flash, values) = used(seed);
        for summary in summaries(flash.image()) {
            let base = summary.sector * SECTOR;
            for at in base + summary.items - 4..base + SECTOR {
                for bit in 0..8 {
                    let mut image = flash.image().to_vec();
                    image[at] ^= 1 << bit;
                    assert_sound(&image, &values, "rotten");
                }
            }
        }
    }
}

/// The checksum is good, and places and sizes are wrong.
#[test]
fn ones_that_lie() {
    let mut lies = 0;
    for seed in 0..4 {
        let (flash, values) = used(seed);
        for summary in summaries(flash.image()) {
            let base = summary.sector * SECTOR;
            for item in (summary.items..summary.footer).step_by(8) {
                let hash = word(&flash.image()[base..], item);
                let size = word(&flash.image()[base..], item + 4) >> 16;
                if size == 0 {
                    // A tombstone: nobody reads it.
                    continue;
                }
                for (offset, size) in (8..SECTOR as u32 / 4)
                    .map(|offset| (Some(offset), size))
                    .chain((1..64).map(|size| (None, size)))
                {
                    let mut image = flash.image().to_vec();
                    let sector = &mut image[base..][..SECTOR];
                    if let Some(offset) = offset {
                        let at = offset as usize * 4;
                        // An older value of the same key is no lie that could be told from the truth.
                        if word(sector, at) >> 8 == hash & 0xFF_FFFF {
                            continue;
                        }
                        sector[item + 4..item + 6].copy_from_slice(&(offset as u16).to_le_bytes());
                    }
                    sector[item + 6..item + 8].copy_from_slice(&(size as u16).to_le_bytes());
                    let check = check(sector, summary.items);
                    sector[SECTOR - 4..].copy_from_slice(&check.to_le_bytes());
                    assert_sound(&image, &values, "lying");
                    lies += 1;
                }
            }
        }
    }
    assert!(lies > 1000, "{lies}");
}

/// A value rots that a summary tells of. Nobody reads it for long, and sectors are erased: the value before it stays.
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
    assert!(short > 1000 && long > 1000, "{short} {long}");
}

/// Where commits must not collect, none is refused for the sake of a summary's room.
#[test]
fn no_commit_is_refused_that_fits_the_head() {
    let (mut flash, mut ram) = (Flash::new(SECTORS), Ram::new());
    let options = Options {
        collect_on_write: false,
        ..Options::DEFAULT
    };
    let end = (SECTORS * SECTOR) as u32;
    let mut store = Store::mount(&mut flash, 0..end, &mut ram, options).unwrap();
    // A value stays in each sector, so that at last one is dead.
    for key in 10..12 {
        store.put_bytes(RawKey::Hash(key), b"cold").unwrap();
        let sector = newest(&store).0;
        for count in 0u32.. {
            store
                .put_bytes(RawKey::Hash(0), &count.to_le_bytes())
                .unwrap();
            if newest(&store).0 != sector {
                break;
            }
        }
    }
    for count in 0u32.. {
        if let Err(error) = store.put_bytes(RawKey::Hash(0), &count.to_le_bytes()) {
            assert!(matches!(error, kvs::Error::Full { .. }), "{error}");
            break;
        }
    }
    let (_, free) = newest(&store);
    assert!(free < 16, "{free} bytes were free for one of 16");
}

/// The sector that is appended to, and the bytes free in it.
fn newest(store: &Store<'_, &mut Flash>) -> (usize, u32) {
    let head = store
        .sectors()
        .find(|sector| sector.state == kvs::SectorState::Head);
    head.map_or((SECTORS, 0), |head| (head.index, head.free))
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
    assert_snapshot!(format!("{} bytes, at most {most}", sum / boots), @"3403 bytes, at most 5008");
}

/// 1 MiB with 64 settings.
#[test]
fn a_boot_on_a_large_used_partition() {
    let (mut flash, mut ram) = (
        SimFlash::<1, 4096>::new(256),
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
    assert_snapshot!(format!("{read} of {END} bytes"), @"6748 of 1048576 bytes");
    assert!(read * 20 < u64::from(END));
}
