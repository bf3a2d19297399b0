//! Partitions of Pigweed's `pw_kvs`, read only: what a product in C++ has stored, for its firmware in Rust.
//!
//! ```text
//! | magic u32 | checksum u32 | alignment u8 | key len u8 | value len u16 | transaction u32 | key | value | padding |
//! ```
//!
//! Little endian. An entry is padded with zeros to (alignment + 1) * 16 bytes. The checksum is CRC-16/CCITT over all of it,
//! with the checksum's own bytes as zeros. A value length of `FFFF` is a tombstone. Of each key the highest transaction counts.

use std::collections::BTreeMap;

/// What is stored.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PwKvs {
    /// What entries begin with: each product has its own.
    pub(crate) magic: u32,
    pub(crate) values: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(crate) deleted: Vec<Vec<u8>>,
    /// Whole entries, stale ones too.
    pub(crate) entries: usize,
    /// Entries with the right magic whose checksum is wrong: torn or rotten.
    pub(crate) damaged: usize,
}

struct Entry<'a> {
    magic: u32,
    transaction: u32,
    key: &'a [u8],
    /// `None`: the key is deleted.
    value: Option<&'a [u8]>,
    size: usize,
}

const HEADER: usize = 16;
const MAX_KEY: usize = 63;
const TOMBSTONE: usize = 0xFFFF;
/// Entries begin at multiples of this, whatever their alignment.
const STEP: usize = 16;

/// Reads a partition. Without a `magic`, that of most whole entries is taken.
pub(crate) fn read(image: &[u8], magic: Option<u32>) -> PwKvs {
    let mut entries = Vec::new();
    let mut at = 0;
    while let Some(rest) = image.get(at..).filter(|rest| !rest.is_empty()) {
        match entry(rest) {
            Some(entry) => {
                at += entry.size;
                entries.push(entry);
            }
            // A bad entry: the next may be anywhere, as the original looks for it.
            None => at += STEP,
        }
    }
    let magic = magic.or_else(|| most(&entries)).unwrap_or(0);
    let mut out = PwKvs {
        magic,
        ..PwKvs::default()
    };
    let mut newest: BTreeMap<&[u8], &Entry<'_>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.magic == magic) {
        out.entries += 1;
        // Of equal transactions, copies of a collection that was cut, any is as good.
        let is_newer = |old: &&Entry<'_>| entry.transaction > old.transaction;
        if newest.get(entry.key).is_none_or(is_newer) {
            newest.insert(entry.key, entry);
        }
    }
    let starts = image
        .chunks(STEP)
        .filter(|chunk| word(chunk, 0) == Some(magic));
    out.damaged = starts.count().saturating_sub(out.entries);
    for (key, entry) in newest {
        match entry.value {
            Some(value) => {
                out.values.insert(key.to_vec(), value.to_vec());
            }
            None => out.deleted.push(key.to_vec()),
        }
    }
    out
}

fn most(entries: &[Entry<'_>]) -> Option<u32> {
    let mut votes = BTreeMap::new();
    for entry in entries {
        *votes.entry(entry.magic).or_insert(0) += 1;
    }
    let most = votes.iter().max_by_key(|(_, votes)| **votes);
    most.map(|(magic, _)| *magic)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

/// The whole entry at the front of `bytes`.
fn entry(bytes: &[u8]) -> Option<Entry<'_>> {
    let magic = word(bytes, 0)?;
    let stored = word(bytes, 4)?;
    let [units, key_len, low, high] = *bytes.get(8..)?.first_chunk()?;
    let transaction = word(bytes, 12)?;
    let key_len = usize::from(key_len);
    let value_len = usize::from(u16::from_le_bytes([low, high]));
    let stored_len = if value_len == TOMBSTONE { 0 } else { value_len };
    let is_key = (1..=MAX_KEY).contains(&key_len);
    if magic == u32::MAX || !is_key || stored >> 16 != 0 {
        return None;
    }
    let alignment = (usize::from(units) + 1) * STEP;
    let size = (HEADER + key_len + stored_len).next_multiple_of(alignment);
    let whole = bytes.get(..size)?;
    if u32::from(crc16(whole)) != stored {
        return None;
    }
    let (key, rest) = whole.get(HEADER..)?.split_at_checked(key_len)?;
    let value = rest.get(..stored_len)?;
    Some(Entry {
        magic,
        transaction,
        key,
        value: (value_len != TOMBSTONE).then_some(value),
        size,
    })
}

/// CRC-16/CCITT-FALSE over an entry, its checksum taken as zeros.
fn crc16(entry: &[u8]) -> u16 {
    let mut crc = 0xFFFFu16;
    for (index, byte) in entry.iter().enumerate() {
        let byte = if (4..8).contains(&index) { 0 } else { *byte };
        crc ^= u16::from(byte) << 8;
        for _ in 0..8 {
            crc = (crc << 1) ^ if crc & 0x8000 == 0 { 0 } else { 0x1021 };
        }
    }
    crc
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    use kvs::sim::Rng;

    use super::{PwKvs, crc16, read};
    use crate::value::from_hex;

    const IMAGES: [&str; 5] = [
        "kvs_4x4k_a16_simple",
        "kvs_4x4k_a16_after_gc",
        "kvs_4x4k_a16_torn_tail",
        "kvs_4x4k_a16_midgc_stuck",
        "kvs_4x8k_a32_after_gc",
    ];

    fn image(name: &str) -> (Vec<u8>, serde_json::Value) {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pw_kvs");
        let bytes = fs::read(directory.join(format!("{name}.bin"))).unwrap();
        let text = fs::read(directory.join(format!("{name}.json"))).unwrap();
        (bytes, serde_json::from_slice(&text).unwrap())
    }

    #[test]
    fn real_partitions_are_read_as_pigweed_reads_them() {
        for name in IMAGES {
            let (bytes, expected) = image(name);
            let live: BTreeMap<Vec<u8>, Vec<u8>> = expected["live"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(key, value)| {
                    (
                        key.clone().into_bytes(),
                        from_hex(value.as_str().unwrap()).unwrap(),
                    )
                })
                .collect();
            let found = read(&bytes, None);
            assert_eq!(found.magic, 0x0BAD_C0D3, "{name}");
            assert_eq!(found.values, live, "{name}");
            let deleted = expected["deleted_keys"].as_array().unwrap();
            for key in &found.deleted {
                let text = std::str::from_utf8(key).unwrap();
                assert!(deleted.iter().any(|it| it == text), "{name}: {text}");
            }
        }
    }

    #[test]
    fn a_torn_entry_is_counted() {
        let (bytes, _) = image("kvs_4x4k_a16_torn_tail");
        assert_eq!(read(&bytes, None).damaged, 1);
        let (bytes, _) = image("kvs_4x4k_a16_simple");
        assert_eq!(read(&bytes, None).damaged, 0);
    }

    #[test]
    fn another_magic_finds_nothing() {
        let (bytes, _) = image("kvs_4x4k_a16_simple");
        let found = read(&bytes, Some(1));
        assert_eq!((found.entries, found.values.len()), (0, 0));
    }

    #[test]
    fn any_bytes_will_do() {
        let mut rng = Rng::new(3);
        let (bytes, _) = image("kvs_4x4k_a16_after_gc");
        for _ in 0..200 {
            let mut bytes = bytes.clone();
            for _ in 0..rng.below(40) {
                let at = rng.below(bytes.len());
                bytes[at] = rng.next_u8();
            }
            bytes.truncate(rng.below(bytes.len()));
            read(&bytes, None);
        }
        assert_eq!(read(&[], None), PwKvs::default());
        assert_eq!(crc16(b"1234\0\0\0\0"), crc16(b"12345678"));
    }
}
