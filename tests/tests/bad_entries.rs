//! Entries that lie: about lengths, names, kinds and commits, with checksums that are right; and sectors full of them.

use kvs::sim::SimError;
use kvs::{Change, Error, RawKey, key_hash};
use kvs_tests::craft::{CONTINUES, Entry, Format, MORE};
use kvs_tests::{Device, TestStore, everywhere, get};

/// As in `bad_input.rs`.
const MOUNT_READS: u64 = 16;

/// Lays `entries` into the first sector, behind its opening, and mounts.
fn lay<const W: usize, const E: usize>(
    device: &Device<W, E>,
    entries: &[Entry<'_>],
) -> Result<TestStore<W, E>, Error<SimError>> {
    device.plant(0, &first_sector(device, entries));
    let before = device.chip.stats();
    let result = device.try_mount::<64, 8, 128>();
    let read = device.chip.stats().since(&before).read_bytes;
    let bytes = u64::from(device.range.end - device.range.start);
    assert!(read <= MOUNT_READS * bytes, "reads {read} of {bytes} bytes");
    result
}

/// The first sector that is opened, with `entries` in it.
fn first_sector<const W: usize, const E: usize>(
    device: &Device<W, E>,
    entries: &[Entry<'_>],
) -> Vec<u8> {
    let format = Format::<W>::new(device.sector);
    format.sector(1, 1, &[&[format.first_opening()], entries].concat())
}

/// Puts a value, and finds it and the `others` after a remount.
fn go_on<const W: usize, const E: usize>(
    device: &Device<W, E>,
    mut store: TestStore<W, E>,
    others: usize,
) {
    assert_eq!(store.len(), others);
    store.put_bytes("new key", b"new").unwrap();
    let mut store = device.mount();
    assert_eq!(get(&mut store, "new key"), Some(b"new".to_vec()));
    assert_eq!(store.len(), others + 1);
    device.assert_others_untouched();
}

const GOOD: Entry<'_> = Entry::Put(0, 7, b"good");

#[test]
fn what_is_written_down_here_is_the_format() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let long = vec![0x33; device.share(3, 4)];
        let entries = [
            Entry::Put(0, 1, b""),
            Entry::Put(0, 2, &[2; 62]),
            Entry::Put(0, 3, &[3; 63]),
            Entry::Named(0, "four", &[4; 17]),
            Entry::Named(0, "name", &long),
            Entry::Put(MORE, 4, b"gone"),
            Entry::Put(MORE | CONTINUES, 5, b"5"),
            Entry::Named(CONTINUES, "six", b"6"),
            Entry::Delete(0, 4),
        ];
        // Read as we write it.
        let by_hand = device.copy();
        let mut store = lay(&by_hand, &entries).unwrap();
        assert_eq!(get(&mut store, RawKey::Hash(1)), Some(vec![]));
        assert_eq!(get(&mut store, RawKey::Hash(2)), Some(vec![2; 62]));
        assert_eq!(get(&mut store, RawKey::Hash(3)), Some(vec![3; 63]));
        assert_eq!(get(&mut store, "four"), Some(vec![4; 17]));
        assert_eq!(get(&mut store, "name"), Some(long.clone()));
        assert_eq!(get(&mut store, RawKey::Hash(4)), None);
        assert_eq!(get(&mut store, RawKey::Hash(5)), Some(b"5".to_vec()));
        assert_eq!(get(&mut store, "six"), Some(b"6".to_vec()));
        assert_eq!(store.stats().corrupt, 0);
        go_on(&by_hand, store, 7);
        // Written as we read it, byte for byte.
        let mut store = device.mount();
        store.put_bytes(RawKey::Hash(1), b"").unwrap();
        store.put_bytes(RawKey::Hash(2), &[2; 62]).unwrap();
        store.put_bytes(RawKey::Hash(3), &[3; 63]).unwrap();
        store.put_bytes("four", &[4; 17]).unwrap();
        store.put_bytes("name", &long).unwrap();
        let three = [
            Change::put(RawKey::Hash(4), b"gone"),
            Change::put(RawKey::Hash(5), b"5"),
            Change::put("six", b"6"),
        ];
        store.commit(&three).unwrap();
        store.delete(RawKey::Hash(4)).unwrap();
        let bytes = first_sector(device, &entries);
        assert_eq!(device.partition()[..bytes.len()], bytes);
    }
    kvs_tests::each(on::<1, 256>, &[(0, 768, 2), (256, 1024, 3)]);
    kvs_tests::each(on::<8, 1024>, &[(1024, 1024, 3)]);
    kvs_tests::each(on::<32, 1024>, &[(0, 1024, 2)]);
}

/// A length that reaches past the sector, a kind that is none, an entry that is not all there.
#[test]
fn entries_that_lie_are_not_believed() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let lies: [&[u8]; 14] = [
            &[0x3E, 9, 0, 0, 0, 1, 2, 3],
            &[0x9E, 9, 0, 0, 0, 1, 2, 3],
            &[0x81, 9, 0, 0, 0, 0xFF, 0xFF],
            &[0x81, 9, 0, 0, 0, 0x00, 0x80, 1],
            &[0x81, 9, 0, 0, 0, 80, 0, 1],
            &[0x82, 9, 0, 0, 0, 0xFF, 0xFF, 3, b'a', b'b', b'c'],
            &[0x83, 0, 0, 0, 0, 0xFF, 0xFF, 5],
            &[0x3F, 9, 0, 0, 0],
            &[0x7F, 9, 0, 0, 0],
            &[0x86, 9, 0, 0, 0, 0, 0],
            &[0x9F, 9, 0, 0, 0],
            &[0xDF, 9, 0, 0, 0],
            &[0xFE, 9, 0, 0, 0],
            &[0x00],
        ];
        for lie in lies {
            for entries in [
                vec![Entry::Sealed(0, lie)],
                vec![GOOD, Entry::Sealed(0, lie)],
                vec![Entry::Sealed(0, lie), GOOD],
                vec![
                    GOOD,
                    Entry::Sealed(0, lie),
                    Entry::Put(0, 8, b"too"),
                    Entry::Raw(lie),
                ],
            ] {
                let device = device.copy();
                let mut store = lay(&device, &entries).unwrap();
                // What is whole is there, before the lie and behind it.
                let whole = entries
                    .iter()
                    .filter(|entry| matches!(entry, Entry::Put(..)))
                    .count();
                assert_eq!(store.len(), whole, "{entries:x?}");
                if whole != 0 {
                    assert_eq!(get(&mut store, RawKey::Hash(7)), Some(b"good".to_vec()));
                }
                assert!(store.stats().corrupt >= 1);
                go_on(&device, store, whole);
            }
        }
    }
    everywhere!(on);
}

/// Names that are no text: the key can't be listed, and nothing else suffers.
#[test]
fn a_name_that_is_no_text() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let no_text = [0x88 + 4, 9, 0, 0, 0, 2, 0xC3, 0x28, 5];
        let mut store = lay(device, &[GOOD, Entry::Sealed(0, &no_text)]).unwrap();
        let mut listed = Vec::new();
        let mut keys = store.keys();
        for _ in 0..3 {
            match keys.next() {
                Ok(Some(key)) => listed.push(key.hash),
                Ok(None) => break,
                Err(error) => assert!(matches!(error, Error::Corrupt { .. })),
            }
        }
        assert_eq!(listed, [7]);
        go_on(device, store, 2);
    }
    everywhere!(on);
}

/// Names that are longer than what there is of them, and a named value without a name: no name finds them, and nothing else
/// suffers.
#[test]
fn names_that_lie() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let [a, b, c, d] = key_hash("abc").to_le_bytes();
        let lies: [&[u8]; 4] = [
            &[0x88, a, b, c, d],
            &[0x88 + 1, a, b, c, d, 3],
            &[0x88 + 3, a, b, c, d, 255, b'a', b'b'],
            &[0x82, a, b, c, d, 3, 0, 200, b'a', b'b'],
        ];
        for lie in lies {
            let device = device.copy();
            let mut store = lay(&device, &[GOOD, Entry::Sealed(0, lie)]).unwrap();
            assert_eq!(get(&mut store, "abc"), None);
            assert_eq!(get(&mut store, RawKey::Hash(7)), Some(b"good".to_vec()));
            let mut keys = store.keys();
            loop {
                match keys.next() {
                    Ok(Some(key)) => assert_eq!(key.hash, 7),
                    Ok(None) => break,
                    Err(error) => assert!(matches!(error, Error::Corrupt { .. })),
                }
            }
            go_on(&device, store, 2);
        }
    }
    everywhere!(on);
}

/// Commits without an end are void, commits without a beginning too; whole ones count.
#[test]
fn unfinished_commits() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let (begin, middle, end) = (
            Entry::Put(MORE, 1, b"1"),
            Entry::Put(MORE | CONTINUES, 2, b"2"),
            Entry::Put(CONTINUES, 3, b"3"),
        );
        let tries: [(&[Entry<'_>], usize); 6] = [
            (&[begin, middle, end], 3),
            (&[begin, end], 2),
            (&[GOOD, begin], 1),
            (&[GOOD, begin, middle], 1),
            (&[GOOD, end], 1),
            (&[GOOD, middle, middle, end], 1),
        ];
        for (entries, expected) in tries {
            let device = device.copy();
            let store = lay(&device, entries).unwrap();
            assert_eq!(store.len(), expected, "{entries:?}");
            go_on(&device, store, expected);
        }
    }
    everywhere!(on);
}

/// Each word begins an entry that claims to reach to the sector's end: it is not checked again for each of them.
#[test]
fn sectors_full_of_long_heads() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let payload = (device.sector - Format::<W>::new(device.sector).first()) as usize;
        for head in [
            [0x81, 1, 0, 0, 0],
            [0x82, 1, 0, 0, 0],
            [0x83, 0, 0, 0, 0],
            [0xC1, 1, 0, 0, 0],
            [0xC2, 1, 0, 0, 0],
        ] {
            let device = device.copy();
            let step = 8.max(W);
            for sector in 0..device.sectors() {
                let mut bytes = Vec::new();
                while bytes.len() + step <= payload {
                    let left = payload - bytes.len();
                    let claim = (left.saturating_sub(20).max(40)) as u16;
                    let from = bytes.len();
                    bytes.extend(head);
                    bytes.extend(claim.to_le_bytes());
                    bytes.resize(from + step, 0x01);
                }
                let sealed =
                    Format::<W>::new(device.sector).sector(sector + 1, 1, &[Entry::Raw(&bytes)]);
                device.plant((sector * device.sector) as usize, &sealed);
            }
            let before = device.chip.stats();
            let store = device.try_mount::<64, 8, 64>().unwrap();
            let read = device.chip.stats().since(&before).read_bytes;
            let bytes = u64::from(device.range.end - device.range.start);
            assert!(read <= MOUNT_READS * bytes, "reads {read} of {bytes} bytes");
            go_on(&device, store, 0);
        }
    }
    everywhere!(on);
}

/// More keys than there are slots for are all there.
#[test]
fn more_keys_than_slots() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let count = device.payload() / Device::<W, E>::pad(9) as u32;
        let entries: Vec<_> = (0..count).map(|key| Entry::Put(0, key, b"")).collect();
        let store = lay(device, &entries).unwrap();
        assert_eq!(store.len() as u32, count);
        assert_eq!(store.stats().without_slot as u32, (count - 1) / 64 * 64);
        let mut store = device.try_mount::<512, 8, 64>().unwrap();
        assert_eq!(store.len() as u32, count);
        assert_eq!(get(&mut store, RawKey::Hash(count - 1)), Some(vec![]));
        assert!(!store.contains(RawKey::Hash(key_hash("new key"))).unwrap());
    }
    everywhere!(on);
}

/// Sectors that were opened, or look like it, and hold nothing that counts, beside a full one: they are opened again in the
/// order of their sequences, so that what is committed is found again.
#[test]
fn sectors_in_which_nothing_counts() {
    type Small = Device<32, 512>;
    let device = Small::new((0, 512, 4));
    let format = Format::<32>::new(512);
    let full = [
        Entry::Mark,
        Entry::Put(0, 1, b"1"),
        Entry::Put(0, 2, b"2"),
        Entry::Put(0, 3, &[3; 180]),
        Entry::Put(0, 4, b"4"),
        Entry::Put(0, 5, &[5; 50]),
        Entry::Put(0, 6, b"6"),
        Entry::Delete(MORE, 7),
    ];
    let nothing = [Entry::Delete(CONTINUES, 8), Entry::Put(CONTINUES, 9, b"9")];
    device.plant(0, &format.sector(21, 226, &full));
    device.plant(512, &[0x24; 100]);
    device.plant(1024, &format.sector(88, 171, &[Entry::Raw(&[0xFF; 90])]));
    device.plant(1024 + 160, &[0x24]);
    device.plant(1536, &format.sector(99, 145, &nothing));
    let mut store = device.mount();
    let before = store.len();
    assert_eq!(before, 6);
    let changes = [
        Change::put(RawKey::Hash(10), b"first"),
        Change::put("a name of ours", b"second"),
    ];
    store.commit(&changes).unwrap();
    for mut store in [store, device.mount()] {
        assert_eq!(store.len(), before + 2);
        assert_eq!(get(&mut store, RawKey::Hash(10)), Some(b"first".to_vec()));
        assert_eq!(get(&mut store, "a name of ours"), Some(b"second".to_vec()));
    }
}
