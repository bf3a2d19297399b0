#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::vec::Vec;

use super::{Damage, Header, Piece, sectors};
use crate::sim::{Rng, SimFlash, Tear};
use crate::{Change, Maintenance, Options, RawKey, Resources, Store};

const SECTOR: usize = 256;
const SECTORS: usize = 4;
type Flash<const W: usize> = SimFlash<W, SECTOR>;

/// Each key's value by the pieces alone: the last committed entry in order of (sequence, offset).
fn by_pieces(image: &[u8], write_size: u32) -> BTreeMap<u32, Vec<u8>> {
    let mut found: Vec<_> = sectors(image, SECTOR as u32, write_size)
        .into_iter()
        .zip(image.chunks(SECTOR))
        .filter_map(|(sector, bytes)| Some((sector.header?.sequence, bytes, sector.pieces)))
        .collect();
    found.sort_by_key(|(sequence, ..)| *sequence);
    let mut out = BTreeMap::new();
    for (_, bytes, pieces) in found {
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

/// What a history came to that the pieces were compared with the store after.
#[derive(Debug, Default)]
struct Seen {
    cuts: usize,
    copies: usize,
    tables: usize,
    marks: usize,
    ends: usize,
    unclean: usize,
    uncommitted: usize,
}

impl Seen {
    fn count(&mut self, image: &[u8], write_size: u32) {
        for sector in sectors(image, SECTOR as u32, write_size) {
            for piece in sector.pieces {
                match piece {
                    Piece::Entry(entry) => {
                        self.copies += usize::from(entry.is_copy);
                        self.uncommitted += usize::from(!entry.committed);
                    }
                    Piece::Opening { before, .. } => {
                        self.ends += before.into_iter().count();
                        self.unclean += before.iter().filter(|end| end.is_unclean).count();
                    }
                    Piece::Table { .. } => self.tables += 1,
                    Piece::Mark { .. } => self.marks += 1,
                    _ => {}
                }
            }
        }
    }
}

/// Commits of several keys, deletes, maintenance and collections, with power cuts in between, after
/// each of which the pieces and the store agree on every value.
fn agrees<const W: usize>(seed: u64, seen: &mut Seen) {
    let mut rng = Rng::new(seed);
    let mut flash = Flash::<W>::new(SECTORS);
    let keys = 2 + rng.below(8);
    let longest = 1 + rng.below(60);
    for cut in 0..4 {
        let tear = Tear::ALL[rng.below(Tear::ALL.len())];
        flash.cut_after(1 + rng.below(300) as u64, tear, seed);
        let mut resources = Resources::<64, SECTORS, 128>::new();
        let range = 0..(SECTORS * SECTOR) as u32;
        let mut store = Store::mount(&mut flash, range, &mut resources, Options::DEFAULT).unwrap();
        for _ in 0..300 {
            let values: Vec<_> = (0..3)
                .map(|_| [rng.next_u8(); 60][..rng.below(longest)].to_vec())
                .collect();
            let changes: Vec<_> = values[..=rng.below(3)]
                .iter()
                .map(|value| {
                    let key = RawKey::Hash(rng.below(keys) as u32);
                    match rng.below(6) {
                        0 => Change::delete(key),
                        _ => Change::put(key, value),
                    }
                })
                .collect();
            let is_done = match rng.below(4) {
                0 => store.maintain().map(|_: Maintenance| ()),
                _ => store.commit(&changes),
            };
            if is_done.is_err() {
                break;
            }
        }
        flash.power_on();
        seen.cuts += 1;
        seen.count(flash.image(), W as u32);
        assert_eq!(
            by_pieces(flash.image(), W as u32),
            by_store(&mut flash),
            "seed {seed}, cut {cut}, words of {W}"
        );
    }
}

#[test]
fn the_pieces_say_what_the_store_says() {
    let mut seen = Seen::default();
    for seed in 0..500 {
        agrees::<1>(seed, &mut seen);
        agrees::<4>(seed, &mut seen);
        agrees::<8>(seed, &mut seen);
    }
    let Seen {
        cuts: _,
        copies,
        tables,
        marks,
        ends,
        unclean,
        uncommitted,
    } = seen;
    // All that there can be was there.
    for count in [copies, tables, marks, ends, unclean, uncommitted] {
        assert_ne!(count, 0, "{seen:?}");
    }
}

#[test]
fn any_bytes_are_cut_into_pieces_without_gaps() {
    let mut rng = Rng::new(1);
    let mut whole = Flash::<4>::new(SECTORS);
    let mut resources = Resources::<64, SECTORS, 128>::new();
    let range = 0..(SECTORS * SECTOR) as u32;
    let mut store = Store::mount(&mut whole, range, &mut resources, Options::DEFAULT).unwrap();
    for key in 0..30 {
        store
            .put_bytes(RawKey::Hash(key % 9), &[7; 30][..key as usize])
            .unwrap();
    }
    store.put_bytes("name", b"A-1").unwrap();
    let good = store.unmount().image().to_vec();
    for _ in 0..2000 {
        let mut bytes = good.clone();
        for _ in 0..rng.below(9) {
            let at = rng.below(bytes.len());
            bytes[at] = rng.next_u8();
        }
        // What is cut off is not all of the last sector.
        bytes.truncate(bytes.len() - rng.below(SECTOR));
        let found = sectors(&bytes, SECTOR as u32, 4);
        assert_eq!(found.len(), bytes.len().div_ceil(SECTOR));
        for (sector, bytes) in found.into_iter().zip(bytes.chunks(SECTOR)) {
            let mut at = 0;
            for piece in sector.pieces {
                assert_eq!(piece.offset(), at, "{piece:?}");
                at += piece.size();
            }
            assert_eq!(at, bytes.len() as u32);
        }
    }
}

#[test]
fn sizes_of_nothing_are_taken_too() {
    for (sector_size, write_size) in [(0, 0), (0, 4), (1, 1), (16, 0), (7, 3), (64, u32::MAX)] {
        let found = sectors(&[0x5A; 64], sector_size, write_size);
        assert!(found.iter().all(|sector| sector.header.is_none()));
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
    let first = |bytes: &[u8]| sectors(bytes, SECTOR as u32, 4).remove(0);
    let opening = Piece::Opening {
        offset: 32,
        size: 12,
        keys: 0,
        before: None,
    };
    bytes[52] ^= 1; // in "one"
    let found = first(&bytes);
    assert_eq!(found.good_copies, [true, true]);
    assert_eq!(found.pieces[1], opening);
    assert_eq!(
        found.pieces[2],
        Piece::Damaged {
            offset: 44,
            size: 16,
            why: Damage::Checksum {
                len: 14,
                hash: Some(crate::key_hash("a")),
            },
            is_tail: false
        }
    );
    bytes[0] = 0;
    assert_eq!(first(&bytes).good_copies, [false, true]);
    assert_eq!(Header::find(&bytes, 4).unwrap().erases, 1);
    bytes[16] = 0;
    assert_eq!(first(&bytes).header, None);
}

/// What is whole behind the end of a sector does not count: the opening of the next sector says
/// where that is.
#[test]
fn the_next_sector_says_where_one_ended() {
    let mut flash = Flash::<4>::new(SECTORS);
    let mut resources = Resources::<64, SECTORS, 128>::new();
    let range = 0..(SECTORS * SECTOR) as u32;
    let mut store = Store::mount(&mut flash, range, &mut resources, Options::DEFAULT).unwrap();
    for round in 0..30 {
        store.put_bytes(RawKey::Hash(round % 3), &[7]).unwrap();
        store.put_bytes(RawKey::Hash(round % 3), &[8]).unwrap();
    }
    let image = flash.image();
    let found = sectors(image, SECTOR as u32, 4);
    let end = found.iter().find_map(|sector| {
        let before = |piece: &Piece| match piece {
            Piece::Opening { before, .. } => *before,
            _ => None,
        };
        sector.pieces.iter().find_map(before)
    });
    let end = end.unwrap();
    let behind = |piece: &&Piece| piece.offset() >= end.offset;
    let pieces = &found[end.sector].pieces;
    assert!(!end.is_unclean);
    assert!(matches!(
        pieces.iter().find(behind),
        None | Some(Piece::Erased { .. })
    ));
    // Rot in front of it: the sector's last entry.
    let is_entry = |piece: &&Piece| matches!(piece, Piece::Entry(_));
    let last = pieces.iter().rev().find(is_entry).unwrap();
    let mut bytes = image.to_vec();
    bytes[end.sector * SECTOR + last.offset() as usize + 5] ^= 1;
    let is_rotten = |piece: &Piece| matches!(piece, Piece::Damaged { is_tail: false, .. });
    let found = sectors(&bytes, SECTOR as u32, 4);
    assert!(found[end.sector].pieces.iter().any(is_rotten));
}
