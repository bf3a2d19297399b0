//! Bit rot: each bit of used partitions flipped in turn, random bursts, and bits that flip under a mounted store.

use kvs::sim::SimFlash;
use kvs::{Options, RawKey, Resources, Store};
use kvs_tests::reliability::{Effort, Row, bit_rot};

/// Shows a row; the number it begins with.
fn tried(row: &Row) -> u64 {
    println!("{}: {}\n    {}", row.failure, row.tried, row.found);
    let number = row.tried.split(' ').next().unwrap_or("");
    number.replace(',', "").parse().unwrap()
}

#[test]
fn a_sample_of_single_bits() {
    assert!(tried(&bit_rot::single_bits(Effort::Sample)) >= 100_000);
}

#[test]
fn a_sample_of_bursts() {
    assert!(tried(&bit_rot::bursts(Effort::Sample)) >= 10_000);
}

#[test]
fn a_sample_of_bits_under_a_mounted_store() {
    assert!(tried(&bit_rot::mounted_bits(Effort::Sample)) >= 100_000);
}

type Small = SimFlash<4, 256>;
type Ram = Resources<8, 2, 128>;

fn mount<'a>(flash: &'a mut Small, ram: &'a mut Ram) -> Store<'a, &'a mut Small> {
    Store::mount(flash, 0..512, ram, Options::DEFAULT).unwrap()
}

/// In a store that is full to the last byte, rot brings a replaced value back in the sector that was dead: then there is
/// no dead sector, and no room to make one. It is made nevertheless.
#[test]
fn a_full_store_takes_updates_after_its_dead_sector_was_lost_to_rot() {
    let mut flash = Small::new(2);
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram);
    for key in 0..6 {
        store
            .put_bytes(RawKey::Hash(key), &[key as u8; 21])
            .unwrap();
    }
    // Moves the other five into the second sector.
    store.put_bytes(RawKey::Hash(5), &[55; 21]).unwrap();
    assert!(store.stats().available < 32);

    // The first of them, behind an opening of 12 bytes.
    flash.image_mut()[256 + 32 + 12 + 7] ^= 1;
    let mut store = mount(&mut flash, &mut ram);
    assert_eq!((store.stats().corrupt, store.stats().live), (1, 6 * 32));
    for key in 0..6 {
        store.put_bytes(RawKey::Hash(key), &[99; 21]).unwrap();
    }
    assert!(store.delete(RawKey::Hash(3)).unwrap());
    let store = mount(&mut flash, &mut ram);
    assert_eq!((store.len(), store.stats().corrupt), (5, 0));
}

/// The two copies of a header stand side by side: two bits are enough to lose both, and the sector. That is counted.
#[test]
fn a_sector_that_is_lost_with_its_header_is_counted() {
    let mut flash = Small::new(2);
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram);
    store.put_bytes(RawKey::Hash(1), b"one").unwrap();
    assert_eq!(store.stats().corrupt, 0);

    flash.image_mut()[15] ^= 0x80;
    flash.image_mut()[16] ^= 0x01;
    let mut store = mount(&mut flash, &mut ram);
    assert_eq!((store.len(), store.stats().corrupt), (0, 1));
    store.put_bytes(RawKey::Hash(1), b"two").unwrap();
    let store = mount(&mut flash, &mut ram);
    assert_eq!((store.len(), store.stats().corrupt), (1, 0));
}
