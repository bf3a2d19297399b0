//! The bytes in flash, pinned. A change here is a change of the format: it needs a new version and a changelog entry.

use insta::assert_snapshot;
use kvs::sim::SimFlash;
use kvs::{Change, Options, RawKey, Resources, Store};

/// The programmed bytes, 16 a line, with their offset.
fn dump(image: &[u8]) -> String {
    image
        .chunks(16)
        .enumerate()
        .filter(|(_, line)| line.iter().any(|byte| *byte != 0xFF))
        .map(|(number, line)| {
            let bytes: Vec<_> = line.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{:03x}: {}\n", number * 16, bytes.join(" "))
        })
        .collect()
}

fn image<const W: usize, const E: usize>(commits: &[&[Change<'_>]]) -> String {
    let mut flash = SimFlash::<W, E>::new(2);
    let mut resources = Resources::<16, 2, 256>::new();
    let options = Options::DEFAULT;
    let mut store = Store::mount(&mut flash, 0..2 * E as u32, &mut resources, options).unwrap();
    for changes in commits {
        store.commit(changes).unwrap();
    }
    dump(flash.image())
}

fn short() -> Change<'static> {
    Change::put(RawKey::Hash(0x1122_3344), b"abc")
}

#[test]
fn short_entries_in_words_of_1_to_32_bytes() {
    assert_snapshot!(image::<1, 512>(&[&[short()]]), @r"
    000: 4b 56 10 48 01 00 00 00 01 00 00 00 00 21 64 b1
    010: 4b 56 10 48 01 00 00 00 01 00 00 00 00 21 64 b1
    020: 03 44 33 22 11 61 62 63 46 f7 fa f0 ff ff ff ff
    ");
    assert_snapshot!(image::<4, 512>(&[&[short()]]), @r"
    000: 4b 56 10 4a 01 00 00 00 01 00 00 00 61 fb f5 5c
    010: 4b 56 10 4a 01 00 00 00 01 00 00 00 61 fb f5 5c
    020: 03 44 33 22 11 61 62 63 46 f7 fa f0 ff ff ff ff
    ");
    assert_snapshot!(image::<8, 512>(&[&[short()]]), @r"
    000: 4b 56 10 4b 01 00 00 00 01 00 00 00 29 2d cb a8
    010: 4b 56 10 4b 01 00 00 00 01 00 00 00 29 2d cb a8
    020: 03 44 33 22 11 61 62 63 46 f7 fa f0 ff ff ff ff
    ");
    assert_snapshot!(image::<16, 512>(&[&[short()]]), @r"
    000: 4b 56 10 4c 01 00 00 00 01 00 00 00 33 e3 ab 6f
    010: 4b 56 10 4c 01 00 00 00 01 00 00 00 33 e3 ab 6f
    020: 03 44 33 22 11 61 62 63 46 f7 fa f0 ff ff ff ff
    ");
    assert_snapshot!(image::<32, 512>(&[&[short()]]), @r"
    000: 4b 56 10 4d 01 00 00 00 01 00 00 00 7b 35 95 9b
    020: 4b 56 10 4d 01 00 00 00 01 00 00 00 7b 35 95 9b
    040: 03 44 33 22 11 61 62 63 26 f7 fa f0 ff ff ff ff
    ");
}

#[test]
fn a_tombstone() {
    let delete = Change::delete(RawKey::Hash(0x1122_3344));
    assert_snapshot!(image::<4, 512>(&[&[short()], &[delete]]), @r"
    000: 4b 56 10 4a 01 00 00 00 01 00 00 00 61 fb f5 5c
    010: 4b 56 10 4a 01 00 00 00 01 00 00 00 61 fb f5 5c
    020: 03 44 33 22 11 61 62 63 46 f7 fa f0 80 44 33 22
    030: 11 3c 1c 66 3a ff ff ff ff ff ff ff ff ff ff ff
    ");
}

#[test]
fn a_long_entry() {
    let value: Vec<u8> = (0..32).collect();
    assert_snapshot!(image::<4, 512>(&[&[Change::put(RawKey::Hash(0x1122_3344), &value)]]), @r"
    000: 4b 56 10 4a 01 00 00 00 01 00 00 00 61 fb f5 5c
    010: 4b 56 10 4a 01 00 00 00 01 00 00 00 61 fb f5 5c
    020: 81 44 33 22 11 20 00 00 01 02 03 04 05 06 07 08
    030: 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14 15 16 17 18
    040: 19 1a 1b 1c 1d 1e 1f 67 a8 20 e4 ff ff ff ff ff
    ");
}

#[test]
fn a_named_entry() {
    assert_snapshot!(image::<4, 512>(&[&[Change::put("serial", b"A-1")]]), @r"
    000: 4b 56 10 4a 01 00 00 00 01 00 00 00 61 fb f5 5c
    010: 4b 56 10 4a 01 00 00 00 01 00 00 00 61 fb f5 5c
    020: 82 06 03 00 73 65 72 69 61 6c 41 2d 31 99 c8 2d
    030: 03 ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff
    ");
}

#[test]
fn a_group_of_three() {
    let changes = [
        short(),
        Change::put("serial", b"A-1"),
        Change::put(RawKey::Hash(7), b""),
    ];
    assert_snapshot!(image::<4, 512>(&[&changes]), @r"
    000: 4b 56 10 4a 01 00 00 00 01 00 00 00 61 fb f5 5c
    010: 4b 56 10 4a 01 00 00 00 01 00 00 00 61 fb f5 5c
    020: 43 44 33 22 11 61 62 63 74 3c fa ea e2 06 03 00
    030: 73 65 72 69 61 6c 41 2d 31 1f 87 5f 09 ff ff ff
    040: 20 07 00 00 00 e8 7b db 47 ff ff ff ff ff ff ff
    ");
}

#[test]
fn an_empty_value_is_not_a_tombstone() {
    assert_snapshot!(image::<4, 512>(&[&[Change::put(RawKey::Hash(7), b"")]]), @r"
    000: 4b 56 10 4a 01 00 00 00 01 00 00 00 61 fb f5 5c
    010: 4b 56 10 4a 01 00 00 00 01 00 00 00 61 fb f5 5c
    020: 00 07 00 00 00 df ce 73 5c ff ff ff ff ff ff ff
    ");
}

#[test]
fn the_hash_is_the_seeds() {
    // Sum of byte i times 65599^(i + 1), modulo 2^32.
    assert_eq!(kvs::key_hash(""), 0);
    assert_eq!(kvs::key_hash("a"), 97 * 65599);
    assert_eq!(
        kvs::key_hash("wifi.channel:u8"),
        b"wifi.channel:u8"
            .iter()
            .fold((0u32, 1u32), |(hash, power), byte| {
                let power = power.wrapping_mul(65599);
                (
                    hash.wrapping_add(power.wrapping_mul(u32::from(*byte))),
                    power,
                )
            })
            .0
    );
}

/// A checksum counts at its place only: the same bytes elsewhere are not an entry.
#[test]
fn an_entry_that_is_moved_is_not_believed() {
    let mut flash = SimFlash::<4, 512>::new(2);
    let mut resources = Resources::<16, 2, 256>::new();
    let mut store = Store::mount(&mut flash, 0..1024, &mut resources, Options::DEFAULT).unwrap();
    store.commit(&[short()]).unwrap();
    let mut image = flash.image().to_vec();
    let (header, entry) = (32, 12);
    image.copy_within(header..header + entry, header + 2 * entry);
    image[header..header + entry].fill(0);
    let mut flash = SimFlash::<4, 512>::from_image(&image);
    let store = Store::mount(&mut flash, 0..1024, &mut resources, Options::DEFAULT).unwrap();
    assert_eq!((store.len(), store.stats().corrupt), (0, 1));
}

/// Reads an image by FORMAT.md alone, and finds the values in it.
#[test]
fn a_reader_written_from_the_document_agrees() {
    let mut flash = SimFlash::<8, 512>::new(2);
    let mut resources = Resources::<16, 2, 256>::new();
    let mut store = Store::mount(&mut flash, 0..1024, &mut resources, Options::DEFAULT).unwrap();
    let long: Vec<u8> = (0..100).collect();
    store
        .commit(&[short(), Change::put("serial", b"A-1")])
        .unwrap();
    store
        .commit(&[Change::put(RawKey::Hash(9), &long)])
        .unwrap();
    store
        .commit(&[Change::delete(RawKey::Hash(0x1122_3344))])
        .unwrap();

    let sector = &flash.image()[..512];
    let word = |at: usize| u32::from_le_bytes(sector[at..at + 4].try_into().unwrap());
    assert_eq!(&sector[..2], b"KV");
    assert_eq!(crc32c(&sector[..12]), word(12));
    let sequence = word(4);
    let mut at = 32;
    let mut found = Vec::new();
    while sector[at] != 0xFF {
        let tag = sector[at];
        let (key, value) = match (tag >> 7, tag & 0x1F) {
            (0, len) => (word(at + 1), 5..5 + len as usize),
            (_, 0) => (word(at + 1), 5..5),
            (_, 1) => {
                let len = u16::from_le_bytes([sector[at + 5], sector[at + 6]]);
                (word(at + 1), 7..7 + len as usize)
            }
            (_, 2) => {
                let name = sector[at + 1] as usize;
                let len = u16::from_le_bytes([sector[at + 2], sector[at + 3]]);
                let text = std::str::from_utf8(&sector[at + 4..at + 4 + name]).unwrap();
                (kvs::key_hash(text), 4 + name..4 + name + len as usize)
            }
            kind => panic!("{kind:?}"),
        };
        let salt = sequence.rotate_left(16) ^ at as u32;
        assert_eq!(
            crc32c(&sector[at..at + value.end]) ^ salt,
            word(at + value.end)
        );
        found.push((tag & 0xE0, key, value.len()));
        at += (value.end + 4).next_multiple_of(8);
    }
    assert_eq!(
        found,
        [
            (0x40, 0x1122_3344, 3),
            (0xA0, kvs::key_hash("serial"), 3),
            (0x80, 9, 100),
            (0x80, 0x1122_3344, 0),
        ]
    );
}

/// CRC-32C, bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                crc >> 1 ^ 0x82F6_3B78
            } else {
                crc >> 1
            }
        })
    })
}
