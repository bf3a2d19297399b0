//! Files that nobody made: whatever is in them, they are read or refused, and what is said of them fits together.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write;
use std::path::Path;

use kvs::sim::{Rng, SimFlash};
use kvs::{Options, RawKey, Resources, Store};
use tempfile::TempDir;

use super::{GeometryArgs, Image, OutputArgs};
use crate::contents::{Contents, Damaged};

const SECTOR: usize = 256;

/// A partition that was in use.
fn partition(rng: &mut Rng) -> Vec<u8> {
    let sectors = 2 + rng.below(5);
    let mut flash = SimFlash::<4, SECTOR>::new(sectors);
    let mut resources = Box::new(Resources::<32, 8, 256>::new());
    let range = 0..(sectors * SECTOR) as u32;
    let mut store = Store::mount(&mut flash, range, &mut resources, Options::DEFAULT).unwrap();
    for _ in 0..rng.below(120) {
        let value: Vec<u8> = (0..rng.below(30)).map(|_| rng.next_u8()).collect();
        let key = RawKey::Hash(rng.below(6) as u32);
        // A full store takes no more.
        let _ = store.put_bytes(key, &value);
    }
    flash.image().to_vec()
}

/// Bytes of several kinds, one behind the other, and then some of them changed.
fn file(rng: &mut Rng) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..rng.below(6) {
        match rng.below(6) {
            0 => out.extend((0..rng.below(700)).map(|_| rng.next_u8())),
            1 => out.resize(out.len() + rng.below(4 * SECTOR), 0xFF),
            2 => out.resize(out.len() + rng.below(4) * SECTOR, 0),
            3 => {
                let header = partition(rng);
                let header = header.get(..16).unwrap_or_default();
                (0..rng.below(40)).for_each(|_| out.extend(header));
            }
            _ => out.extend(partition(rng)),
        }
    }
    if !out.is_empty() {
        for _ in 0..rng.below(4) {
            let at = rng.below(out.len());
            let bytes = out.get_mut(at..).unwrap_or_default();
            if let Some(byte) = bytes.first_mut() {
                *byte = rng.next_u8();
            }
        }
        let len = match rng.below(3) {
            0 => rng.below(out.len()),
            _ => out.len(),
        };
        out.truncate(len);
    }
    out
}

fn arguments(rng: &mut Rng, len: usize) -> GeometryArgs {
    if rng.below(2) == 0 {
        return GeometryArgs::default();
    }
    let number = |rng: &mut Rng, few: &[u64]| match rng.below(4) {
        0 => Some(few.get(rng.below(few.len())).copied().unwrap_or(0)),
        1 if rng.below(4) == 0 => Some(rng.next_u64() >> rng.below(64)),
        _ => None,
    };
    let len = len as u64;
    GeometryArgs {
        sector_size: number(rng, &[SECTOR as u64, 512, 100, 0]),
        write_size: number(rng, &[4, 8, 3]),
        offset: number(rng, &[0, SECTOR as u64, 16, len, len / 2]),
        length: number(rng, &[2 * SECTOR as u64, len, len / 2, 0]),
    }
}

/// Reads all of a file, as `inspect` and `check` do; and what is found lies within it.
fn read(path: &Path, arguments: &GeometryArgs) -> Result<(), crate::problem::Problems> {
    let mut image = Image::open(path, arguments)?;
    let geometry = image.geometry;
    assert!(geometry.offset + geometry.len() <= image.source.len());
    assert!(geometry.sectors >= 2);
    let contents = Contents::read(&mut image)?;
    assert_eq!(contents.sectors.len(), geometry.sectors as usize);
    let size = geometry.sector_size;
    for entry in &contents.entries {
        assert!(entry.offset + entry.size <= size);
    }
    let damaged = contents.sectors.iter().flat_map(|sector| &sector.damaged);
    for Damaged {
        offset, size: len, ..
    } in damaged
    {
        assert!(offset + len <= size);
    }
    crate::missing::signs(&contents);
    Ok(())
}

#[test]
fn any_file_is_read_or_refused() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("dump.bin");
    let (mut good, mut refused) = (0, 0);
    for seed in 0..2500 {
        let rng = &mut Rng::new(seed);
        let bytes = file(rng);
        fs::write(&path, &bytes).unwrap();
        let arguments = arguments(rng, bytes.len());
        let result = std::panic::catch_unwind(|| read(&path, &arguments));
        match result {
            Ok(Ok(())) => good += 1,
            Ok(Err(problems)) => {
                assert!(!problems.0.is_empty(), "seed {seed}");
                refused += 1;
            }
            Err(_) => panic!("seed {seed}, {arguments:?}"),
        }
    }
    assert!(good > 300 && refused > 300, "{good} and {refused}");
}

/// Text and blocks that nearly are Intel HEX and UF2.
#[test]
fn any_hex_and_uf2_is_read_or_refused() {
    let directory = TempDir::new().unwrap();
    for seed in 0..400 {
        let rng = &mut Rng::new(seed);
        let name = ["unit.hex", "unit.uf2"][rng.below(2)];
        let path = directory.path().join(name);
        let files = OutputArgs {
            format: None,
            address: Some(0x8000),
            uf2_family: Some(1),
        };
        files.write(&path, &partition(rng)).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        for _ in 0..rng.below(3) {
            let at = rng.below(bytes.len());
            if let Some(byte) = bytes.get_mut(at) {
                *byte = rng.next_u8();
            }
        }
        bytes.truncate(bytes.len() - rng.below(2) * rng.below(bytes.len()));
        let mut file = fs::File::create(&path).unwrap();
        file.write_all(&bytes).unwrap();
        let result = std::panic::catch_unwind(|| read(&path, &GeometryArgs::default()));
        assert!(result.is_ok(), "seed {seed}");
    }
}

/// A file made of headers alone is not looked at header by header, each with each.
#[test]
fn a_file_of_headers_is_answered_soon() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("dump.bin");
    let header = partition(&mut Rng::new(1));
    let header = header.get(..16).unwrap_or_default();
    fs::write(&path, header.repeat(1 << 20)).unwrap();
    let begin = std::time::Instant::now();
    assert!(read(&path, &GeometryArgs::default()).is_err());
    assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
}
