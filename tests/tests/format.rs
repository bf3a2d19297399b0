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

/// What two sectors hold after these commits.
fn image<const W: usize, const E: usize>(commits: &[&[Change<'_>]]) -> Vec<u8> {
    let mut flash = SimFlash::<W, E>::new(2);
    let mut resources = Resources::<16, 2, 256>::new();
    let options = Options::DEFAULT;
    let mut store = Store::mount(&mut flash, 0..2 * E as u32, &mut resources, options).unwrap();
    for changes in commits {
        store.commit(changes).unwrap();
    }
    flash.image().to_vec()
}

/// The entries of the first sector, behind its opening, with words of 4 bytes.
fn entries(commits: &[&[Change<'_>]]) -> String {
    let image = image::<4, 512>(commits);
    let all = dump(&image);
    let front = "000: 4b 56 10 4a 01 00 00 00 01 00 00 00 61 fb f5 5c\n\
                 010: 4b 56 10 4a 01 00 00 00 01 00 00 00 61 fb f5 5c\n";
    all.strip_prefix(front).expect("a header").to_string()
}

const KEY: RawKey<'_> = RawKey::Hash(0x1122_3344);

fn short() -> Change<'static> {
    Change::put(KEY, b"abc")
}

#[test]
fn headers_openings_and_short_entries_in_words_of_1_to_32_bytes() {
    assert_snapshot!(dump(&image::<1, 512>(&[&[short()]])), @r"
    000: 4b 56 10 48 01 00 00 00 01 00 00 00 00 21 64 b1
    010: 4b 56 10 48 01 00 00 00 01 00 00 00 00 21 64 b1
    020: 84 00 02 00 00 00 00 30 7e 93 9b 03 44 33 22 11
    030: 61 62 63 4d f7 fa f0 ff ff ff ff ff ff ff ff ff
    ");
    assert_snapshot!(dump(&image::<4, 512>(&[&[short()]])), @r"
    000: 4b 56 10 4a 01 00 00 00 01 00 00 00 61 fb f5 5c
    010: 4b 56 10 4a 01 00 00 00 01 00 00 00 61 fb f5 5c
    020: 84 80 00 00 00 00 00 be 16 b9 f7 ff 03 44 33 22
    030: 11 61 62 63 4a f7 fa f0 ff ff ff ff ff ff ff ff
    ");
    assert_snapshot!(dump(&image::<8, 512>(&[&[short()]])), @r"
    000: 4b 56 10 4b 01 00 00 00 01 00 00 00 29 2d cb a8
    010: 4b 56 10 4b 01 00 00 00 01 00 00 00 29 2d cb a8
    020: 84 40 00 00 00 00 00 83 fa b5 e5 ff ff ff ff ff
    030: 03 44 33 22 11 61 62 63 56 f7 fa f0 ff ff ff ff
    ");
    assert_snapshot!(dump(&image::<16, 512>(&[&[short()]])), @r"
    000: 4b 56 10 4c 01 00 00 00 01 00 00 00 33 e3 ab 6f
    010: 4b 56 10 4c 01 00 00 00 01 00 00 00 33 e3 ab 6f
    020: 84 20 00 00 00 00 00 e5 b7 45 6e ff ff ff ff ff
    030: 03 44 33 22 11 61 62 63 56 f7 fa f0 ff ff ff ff
    ");
    assert_snapshot!(dump(&image::<32, 512>(&[&[short()]])), @r"
    000: 4b 56 10 4d 01 00 00 00 01 00 00 00 7b 35 95 9b
    020: 4b 56 10 4d 01 00 00 00 01 00 00 00 7b 35 95 9b
    040: 84 10 00 00 00 00 00 36 91 bd 2b ff ff ff ff ff
    060: 03 44 33 22 11 61 62 63 06 f7 fa f0 ff ff ff ff
    ");
}

#[test]
fn a_tombstone() {
    assert_snapshot!(entries(&[&[short()], &[Change::delete(KEY)]]), @r"
    020: 84 80 00 00 00 00 00 be 16 b9 f7 ff 03 44 33 22
    030: 11 61 62 63 4a f7 fa f0 80 44 33 22 11 28 1c 66
    040: 3a ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff
    ");
}

#[test]
fn short_and_long_entries() {
    let value: Vec<u8> = (0..63).collect();
    assert_snapshot!(entries(&[&[Change::put(KEY, &value[..62])]]), @r"
    020: 84 80 00 00 00 00 00 be 16 b9 f7 ff 3e 44 33 22
    030: 11 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e
    040: 0f 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e
    050: 1f 20 21 22 23 24 25 26 27 28 29 2a 2b 2c 2d 2e
    060: 2f 30 31 32 33 34 35 36 37 38 39 3a 3b 3c 3d 41
    070: d5 11 37 ff ff ff ff ff ff ff ff ff ff ff ff ff
    ");
    assert_snapshot!(entries(&[&[Change::put(KEY, &value)]]), @r"
    020: 84 80 00 00 00 00 00 be 16 b9 f7 ff 81 44 33 22
    030: 11 3f 00 00 01 02 03 04 05 06 07 08 09 0a 0b 0c
    040: 0d 0e 0f 10 11 12 13 14 15 16 17 18 19 1a 1b 1c
    050: 1d 1e 1f 20 21 22 23 24 25 26 27 28 29 2a 2b 2c
    060: 2d 2e 2f 30 31 32 33 34 35 36 37 38 39 3a 3b 3c
    070: 3d 3e 19 a3 12 29 ff ff ff ff ff ff ff ff ff ff
    ");
}

#[test]
fn named_entries() {
    let value: Vec<u8> = (0..16).collect();
    assert_snapshot!(entries(&[&[Change::put("serial", &value[..15])]]), @r"
    020: 84 80 00 00 00 00 00 be 16 b9 f7 ff 9e f4 9d 18
    030: 87 06 73 65 72 69 61 6c 00 01 02 03 04 05 06 07
    040: 08 09 0a 0b 0c 0d 0e f5 45 8d d7 ff ff ff ff ff
    ");
    assert_snapshot!(entries(&[&[Change::put("serial", &value)]]), @r"
    020: 84 80 00 00 00 00 00 be 16 b9 f7 ff 82 f4 9d 18
    030: 87 17 00 06 73 65 72 69 61 6c 00 01 02 03 04 05
    040: 06 07 08 09 0a 0b 0c 0d 0e 0f 21 8d e2 8e ff ff
    ");
}

#[test]
fn an_empty_value_is_not_a_tombstone() {
    assert_snapshot!(entries(&[&[Change::put(RawKey::Hash(7), b"")]]), @r"
    020: 84 80 00 00 00 00 00 be 16 b9 f7 ff 00 07 00 00
    030: 00 d3 ce 73 5c ff ff ff ff ff ff ff ff ff ff ff
    ");
}

#[test]
fn a_commit_of_two() {
    let changes = [short(), Change::put("serial", b"A-1")];
    assert_snapshot!(entries(&[&changes]), @r"
    020: 84 80 00 00 00 00 00 be 16 b9 f7 ff 43 44 33 22
    030: 11 61 62 63 77 59 48 32 92 f4 9d 18 87 06 73 65
    040: 72 69 61 6c 41 2d 31 b1 dc db a4 ff ff ff ff ff
    ");
}

#[test]
fn a_commit_of_three() {
    let changes = [
        short(),
        Change::put("serial", b"A-1"),
        Change::put(RawKey::Hash(7), b""),
    ];
    assert_snapshot!(entries(&[&changes]), @r"
    020: 84 80 00 00 00 00 00 be 16 b9 f7 ff 43 44 33 22
    030: 11 61 62 63 77 59 48 32 d2 f4 9d 18 87 06 73 65
    040: 72 69 61 6c 41 2d 31 8c 72 69 66 ff 00 07 00 00
    050: 00 0a b7 44 c2 ff ff ff ff ff ff ff ff ff ff ff
    ");
}

/// Two keys, one of which is put again until its sector is full: the other one is copied, and as the sector is free only
/// for the sake of the commit, a mark stands in front of it.
fn collected() -> Vec<u8> {
    let values: Vec<_> = (0..17u8).map(|value| [value]).collect();
    let stays = [Change::put(RawKey::Hash(1), b"stays")];
    let puts = values.iter().map(|value| [Change::put(KEY, value)]);
    let puts: Vec<_> = [stays].into_iter().chain(puts).collect();
    let commits: Vec<_> = puts.iter().map(|change| &change[..]).collect();
    image::<4, 256>(&commits)
}

#[test]
fn an_opening_a_copy_and_a_mark() {
    assert_snapshot!(dump(&collected()[256..]), @"
    000: 4b 56 10 42 02 00 00 00 01 00 00 00 9f 8e c2 3f
    010: 4b 56 10 42 02 00 00 00 01 00 00 00 9f 8e c2 3f
    020: 84 3c 00 20 00 00 00 38 bc 9c ab ff 05 01 00 00
    030: 00 73 74 61 79 73 24 e6 5b af ff ff 85 00 00 00
    040: 00 00 00 bc 8d b1 83 ff 01 44 33 22 11 0f 81 13
    050: 30 ef ff ff 01 44 33 22 11 10 d6 e8 7d a1 ff ff
    ");
}

/// A key that was deleted and one that fills a sector: the next one has a table.
fn with_a_table() -> Vec<u8> {
    let mut flash = SimFlash::<4, 512>::new(4);
    let mut resources = Resources::<16, 4, 256>::new();
    let mut store = Store::mount(&mut flash, 0..2048, &mut resources, Options::DEFAULT).unwrap();
    store.put_bytes("serial", b"A-1").unwrap();
    store.delete("serial").unwrap();
    for value in 0..6u8 {
        store.put_bytes(KEY, &[value; 60]).unwrap();
    }
    flash.image().to_vec()
}

#[test]
fn an_opening_with_a_table() {
    assert_snapshot!(dump(&with_a_table()[512..592]), @"
    000: 4b 56 10 4a 02 00 00 00 01 00 00 00 08 7c b1 87
    010: 4b 56 10 4a 02 00 00 00 01 00 00 00 08 7c b1 87
    020: 84 6d 00 20 00 02 00 1a 8c e1 ad ff 83 09 01 00
    030: 00 10 00 44 33 22 11 5b 24 00 00 f4 9d 18 87 10
    040: 06 00 a0 cf 20 08 c2 ff 3c 44 33 22 11 05 05 05
    ");
}

/// The blocks of bytes in FORMAT.md are what is written.
#[test]
fn the_examples_of_the_document() {
    let two = [short(), Change::put("serial", b"A-1")];
    let written = [
        image::<4, 512>(&[&[short()], &[Change::delete(KEY)]]),
        image::<4, 512>(&[&two]),
        with_a_table(),
    ];
    let blocks = include_str!("../../FORMAT.md").split("```");
    let bytes = blocks.filter_map(|block| {
        let words = block.strip_prefix("text\n")?.split_whitespace();
        let bytes = words.map(|word| u8::from_str_radix(word, 16));
        bytes.collect::<Result<Vec<u8>, _>>().ok()
    });
    let mut count = 0;
    for example in bytes {
        let is_written = |image: &Vec<u8>| image.windows(example.len()).any(|part| part == example);
        assert!(written.iter().any(is_written), "{example:02x?}");
        count += 1;
    }
    assert_eq!(count, 4);
}

/// Something torn stands behind the end that an opening tells of.
#[test]
fn an_opening_behind_a_sector_with_a_torn_tail() {
    let mut image = image::<4, 512>(&[&[short()]]);
    image[56] = 0;
    image.resize(2048, 0xFF);
    let mut flash = SimFlash::<4, 512>::from_image(&image);
    let mut resources = Resources::<16, 4, 256>::new();
    let mut store = Store::mount(&mut flash, 0..2048, &mut resources, Options::DEFAULT).unwrap();
    store.put_bytes(RawKey::Hash(7), b"").unwrap();
    assert_snapshot!(dump(&flash.image()[512..592]), @"
    000: 4b 56 10 4a 02 00 00 00 02 00 00 00 31 f5 93 e5
    010: 4b 56 10 4a 02 00 00 00 02 00 00 00 31 f5 93 e5
    020: 84 0e 00 30 00 01 00 02 13 2e cf ff 83 09 01 00
    030: 00 08 00 44 33 22 11 0b 06 00 00 86 59 f5 d6 ff
    040: 03 44 33 22 11 61 62 63 51 3d 12 75 00 07 00 00
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
    let mut image = image::<4, 512>(&[&[short()]]);
    let (at, len) = (44, 12);
    image.copy_within(at..at + len, at + 2 * len);
    image[at..at + len].fill(0);
    let mut flash = SimFlash::<4, 512>::from_image(&image);
    let mut resources = Resources::<16, 2, 256>::new();
    let store = Store::mount(&mut flash, 0..1024, &mut resources, Options::DEFAULT).unwrap();
    assert_eq!((store.len(), store.stats().corrupt), (0, 1));
}

/// What FORMAT.md says of one entry.
#[derive(Debug, PartialEq)]
struct Read {
    /// Without the bit for more.
    tag: u8,
    role: &'static str,
    has_more: bool,
    key: u32,
    value: Vec<u8>,
}

/// The entries of a sector, read by FORMAT.md alone.
fn read(sector: &[u8], word_size: usize) -> Vec<Read> {
    let word = |at: usize| u32::from_le_bytes(sector[at..at + 4].try_into().unwrap());
    assert_eq!(&sector[..2], b"KV");
    assert_eq!(crc32c(&sector[..12]), word(12));
    let sequence = word(4);
    let mut at = 2 * word_size.max(16);
    let mut found = Vec::new();
    while sector.get(at).is_some_and(|tag| *tag != 0xFF) {
        let (tag, has_more) = (sector[at] & !0x40, sector[at] & 0x40 != 0);
        let long = usize::from(u16::from_le_bytes([sector[at + 5], sector[at + 6]]));
        let value = match tag {
            0..=62 => 5..5 + usize::from(tag),
            0x80 => 5..5,
            0x88..=0x9E => 5..5 + usize::from(tag - 0x88),
            0x81..=0x83 => 7..7 + long,
            // The number of keys in tables is no length.
            0x84 => 5..7,
            0x85 => 7..7,
            tag => panic!("{tag:#x}"),
        };
        let mut checked = sector[at..at + value.end].to_vec();
        checked[0] = tag;
        let salt = sequence.rotate_left(16) ^ at as u32 ^ if has_more { 0xC2B2_AE3D } else { 0 };
        let role = match crc32c(&checked) ^ salt ^ word(at + value.end) {
            0 => "first",
            0x9E37_79B9 => "continues",
            0x85EB_CA77 => "copy",
            other => panic!("{other:#x}"),
        };
        found.push(Read {
            tag,
            role,
            has_more,
            key: word(at + 1),
            value: sector[at..][value.clone()].to_vec(),
        });
        at += (value.end + 4).next_multiple_of(word_size);
    }
    found
}

/// Reads images by FORMAT.md alone, and finds the values in them.
#[test]
fn a_reader_written_from_the_document_agrees() {
    let long: Vec<u8> = (0..100).collect();
    let one = [short(), Change::put("serial", b"A-1")];
    let two = [Change::put(RawKey::Hash(9), &long)];
    let three = [Change::delete(KEY)];
    let image = image::<8, 512>(&[&one, &two, &three]);
    let entry = |tag, role, has_more, key, value: &[u8]| Read {
        tag,
        role,
        has_more,
        key,
        value: value.to_vec(),
    };
    assert_eq!(
        read(&image[..512], 8),
        [
            entry(0x84, "first", false, 64, &[0, 0]),
            entry(3, "first", true, 0x1122_3344, b"abc"),
            entry(
                0x88 + 10,
                "continues",
                false,
                kvs::key_hash("serial"),
                b"\x06serialA-1"
            ),
            entry(0x81, "first", false, 9, &long),
            entry(0x80, "first", false, 0x1122_3344, b""),
        ]
    );
    let image = collected();
    let first = read(&image[..256], 4);
    assert_eq!(first.len(), 1 + 1 + 15);
    let second = read(&image[256..], 4);
    let kinds: Vec<_> = second.iter().map(|entry| (entry.tag, entry.role)).collect();
    assert_eq!(
        kinds,
        [
            (0x84, "first"),
            (5, "copy"),
            (0x85, "first"),
            (1, "first"),
            (1, "first"),
        ]
    );
    // The first sector, of sequence 1, ended behind 60 words.
    assert_eq!(
        (second[0].key, &second[0].value),
        (1 << 21 | 60, &vec![0, 0])
    );
    // Two keys are in a table, each with its place in words, in nine bits for a partition of four
    // sectors of 128 words, and how many words it takes.
    let second = read(&with_a_table()[512..1024], 4);
    let (opening, table) = (&second[0], &second[1]);
    assert_eq!(opening.key, 1 << 21 | 0x6D);
    assert_eq!(opening.value, [2, 0]);
    assert_eq!((opening.role, opening.has_more), ("first", false));
    assert_eq!((table.role, table.has_more), ("first", false));
    let numbers = table.value.chunks(4);
    let numbers: Vec<_> = numbers
        .map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap()))
        .collect();
    // The second key is deleted, and what it had is in the same sector.
    let deleted = 1 << 31 | 1 << 29 | 3 << 9 | ((32 + 12 + 20) / 4);
    let serial = kvs::key_hash("serial");
    assert_eq!(
        numbers,
        [0x1122_3344, 18 << 9 | (0x6D - 18), serial, deleted]
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
