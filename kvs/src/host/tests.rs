#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::vec::Vec;

use super::{Damage, Header, Piece, sector};
use crate::sim::{Rng, SimFlash, Tear};
use crate::{Change, Options, RawKey, Resources, Store};

const SECTOR: usize = 256;
const SECTORS: usize = 4;
type Flash<const W: usize> = SimFlash<W, SECTOR>;

/// Each key's value by the pieces alone: the last committed entry in order of (sequence, offset).
fn by_pieces(image: &[u8], write_size: u32) -> BTreeMap<u32, Vec<u8>> {
    let mut sectors: Vec<_> = image
        .chunks(SECTOR)
        .filter_map(|bytes| {
            let found = sector(bytes, write_size);
            Some((found.header?.sequence, bytes, found.pieces))
        })
        .collect();
    sectors.sort_by_key(|(sequence, ..)| *sequence);
    let mut out = BTreeMap::new();
    for (_, bytes, pieces) in sectors {
        for piece in pieces {
            let Piece::Entry(entry) = piece else { continue };
            match (entry.committed, entry.is_tombstone) {
                (true, false) => out.insert(entry.hash, bytes[entry.value].to_vec()),
                (true, true) => out.remove(&entry.hash),
                (false, _) => None,
            };
        }
    }
    out
}

fn by_store<const W: usize>(flash: &mut Flash<W>) -> BTreeMap<u32, Vec<u8>> {
    let mut resources = Resources::<64, SECTORS, 128>::new();
    let range = 0..(SECTORS * SECTOR) as u32;
    let mut store = Store::mount(flash, range, &mut resources, Options::DEFAULT).unwrap();
    let mut hashes = Vec::new();
    let mut keys = store.keys();
    while let Some(key) = keys.next().unwrap() {
        hashes.push(key.hash);
    }
    let value = |hash: u32| {
        let mut out = [0; 256];
        let len = store.get_bytes(RawKey::Hash(hash), &mut out).unwrap()?;
        Some((hash, out[..len].to_vec()))
    };
    hashes.into_iter().filter_map(value).collect()
}

/// Groups, deletes, collections, and a power cut: the pieces and the store agree on every value.
fn agrees<const W: usize>(seed: u64) {
    let mut rng = Rng::new(seed);
    let mut flash = Flash::<W>::new(SECTORS);
    flash.cut_after(
        20 + rng.below(400) as u64,
        Tear::ALL[rng.below(Tear::ALL.len())],
        seed,
    );
    {
        let mut resources = Resources::<64, SECTORS, 128>::new();
        let range = 0..(SECTORS * SECTOR) as u32;
        let mut store = Store::mount(&mut flash, range, &mut resources, Options::DEFAULT).unwrap();
        for _ in 0..300 {
            let values: Vec<_> = (0..3)
                .map(|_| [rng.next_u8(); 40][..rng.below(40)].to_vec())
                .collect();
            let changes: Vec<_> = values[..=rng.below(3)]
                .iter()
                .map(|value| {
                    let key = RawKey::Hash(rng.below(7) as u32);
                    match rng.below(6) {
                        0 => Change::delete(key),
                        _ => Change::put(key, value),
                    }
                })
                .collect();
            if store.commit(&changes).is_err() {
                break;
            }
        }
    }
    flash.power_on();
    let image = flash.image().to_vec();
    assert_eq!(
        by_pieces(&image, W as u32),
        by_store(&mut flash),
        "seed {seed}, words of {W}"
    );
}

#[test]
fn the_pieces_say_what_the_store_says() {
    for seed in 0..300 {
        agrees::<1>(seed);
        agrees::<4>(seed);
        agrees::<8>(seed);
    }
}

#[test]
fn any_bytes_are_cut_into_pieces_without_gaps() {
    let mut rng = Rng::new(1);
    let mut whole = Flash::<4>::new(SECTORS);
    let mut resources = Resources::<64, SECTORS, 128>::new();
    let range = 0..(SECTORS * SECTOR) as u32;
    let mut store = Store::mount(&mut whole, range, &mut resources, Options::DEFAULT).unwrap();
    for key in 0..9 {
        store
            .put_bytes(RawKey::Hash(key), &[7; 9][..key as usize])
            .unwrap();
    }
    let good = store.unmount().image()[..SECTOR].to_vec();
    for _ in 0..2000 {
        let mut bytes = good.clone();
        for _ in 0..rng.below(4) {
            bytes[rng.below(SECTOR)] = rng.next_u8();
        }
        let mut at = 0;
        for piece in sector(&bytes, 4).pieces {
            let (offset, size) = match &piece {
                Piece::Header => (0, 32),
                Piece::Entry(entry) => (entry.offset, entry.size),
                Piece::Damaged { offset, size, .. } => (*offset, *size),
                Piece::Erased { offset, size } | Piece::Summary { offset, size, .. } => {
                    (*offset, *size)
                }
            };
            assert_eq!(offset, at, "{piece:?}");
            at += size;
        }
        assert_eq!(at, SECTOR as u32);
    }
}

#[test]
fn damage_has_its_reason() {
    let mut flash = Flash::<4>::new(SECTORS);
    let mut resources = Resources::<64, SECTORS, 128>::new();
    let range = 0..(SECTORS * SECTOR) as u32;
    let mut store = Store::mount(&mut flash, range, &mut resources, Options::DEFAULT).unwrap();
    store.put_bytes("a", b"one").unwrap();
    store.put_bytes("a", b"two").unwrap();
    let mut bytes = flash.image()[..SECTOR].to_vec();
    bytes[38] ^= 1; // in "one"
    let found = sector(&bytes, 4);
    assert_eq!(found.good_copies, [true, true]);
    assert!(matches!(
        found.pieces[1],
        Piece::Damaged {
            offset: 32,
            size: 12,
            why: Damage::Checksum {
                len: 12,
                hash: None
            },
            is_tail: false
        }
    ));
    bytes[0] = 0;
    assert_eq!(sector(&bytes, 4).good_copies, [false, true]);
    assert_eq!(Header::find(&bytes, 4).unwrap().erases, 1);
    bytes[16] = 0;
    assert_eq!(sector(&bytes, 4).header, None);
}

#[test]
fn a_summary_is_a_piece_of_its_own_and_proves_what_is_before_it() {
    let mut flash = SimFlash::<4, 1024>::new(SECTORS);
    let mut resources = Resources::<64, SECTORS, 128>::new();
    let range = 0..(SECTORS * 1024) as u32;
    let mut store = Store::mount(&mut flash, range, &mut resources, Options::DEFAULT).unwrap();
    for round in 0..150 {
        let key = RawKey::Hash(u32::from(round % 3));
        store.put_bytes(key, &[round]).unwrap();
    }
    let mut bytes = flash.image()[..1024].to_vec();
    let pieces = sector(&bytes, 4).pieces;
    let summary = pieces.iter().find_map(|piece| match piece {
        Piece::Summary { offset, size, keys } => Some((offset + size, *keys)),
        _ => None,
    });
    assert_eq!(summary, Some((1024, 3)));
    // The last entry before it.
    let last = pieces.iter().rev().find_map(|piece| match piece {
        Piece::Entry(entry) => Some(entry.offset as usize),
        _ => None,
    });
    bytes[last.unwrap() + 5] ^= 1;
    let is_rotten = |piece: &Piece| matches!(piece, Piece::Damaged { is_tail: false, .. });
    assert!(sector(&bytes, 4).pieces.iter().any(is_rotten));
}
