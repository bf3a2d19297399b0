//! Bits that flip while a store is mounted. It reads each value from flash, with its checksum: what has rotted says so.

use kvs::{Error, Options, Resources, Store};

use super::keys::{Value, get, put};
use super::layout::{Entry, Layout};
use super::partition::Partition;
use crate::Chip;

/// What was tried on mounted stores, and what came of it.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) read: u64,
    /// Flips after which a key could not be read, and said so.
    pub(super) refused: u64,
    /// Flips after which a key had what a scan of the partition finds.
    pub(super) older: u64,
    pub(super) written: u64,
    /// Flips after which a commit was not taken before the store was mounted again.
    pub(super) remounts: u64,
}

/// Flips bits, and reads all keys each time: only the one whose entry was hit can't be read.
pub(super) fn read<const W: usize, const E: usize>(partition: &Partition<W, E>, tally: &mut Tally) {
    let (layout, name) = (partition.layout(), &partition.name);
    let chip = Chip::new(partition.flash.clone());
    let end = chip.image().len();
    let mut ram = Resources::<64, 4, 64>::new();
    let mut store = Store::mount(chip.clone(), 0..end as u32, &mut ram, Options::DEFAULT).unwrap();
    let mut places = Vec::new();
    let mut cursor = store.keys();
    while let Some(key) = cursor.next().unwrap() {
        places.push((key.hash, key.sector * E + key.offset as usize));
    }
    let entry_of = |hash: u32| {
        let (_, address) = places.iter().find(|(of, _)| *of == hash)?;
        layout
            .entries
            .iter()
            .find(|entry| entry.address() == *address)
    };
    let entries: Vec<_> = partition
        .keys
        .iter()
        .map(|key| entry_of(key.hash))
        .collect();
    for bit in 0..end * 8 {
        let (at, mask) = (bit / 8, 1 << (bit % 8));
        let name = format_args!("{name}, mounted: bit {} of {at:#x}", bit % 8);
        chip.flash().image_mut()[at] ^= mask;
        let mut all = layout.entries.iter();
        let hit = all.find(|entry| entry.bytes().contains(&at));
        let mut read_anew = false;
        for (key, entry) in partition.keys.iter().zip(&entries) {
            let is_hit = entry.is_some_and(|entry| entry.bytes().contains(&at));
            let newest = entry.or_else(|| layout.newest(key.hash));
            let of_hit =
                newest.is_some_and(|entry| hit.is_some_and(|hit| hit.commit == entry.commit));
            let noticed = |store: &Store<'_, _>| store.stats().corrupt != 0;
            match get(&mut store, key) {
                Ok(value) if !is_hit && value == *key.now() => {}
                Err(Error::Corrupt { .. }) if is_hit => tally.refused += 1,
                // The mount had not read the entry, but gone by a table.
                Ok(value) if of_hit && key.has_had(&value) && noticed(&store) => {
                    tally.older += u64::from(is_hit);
                    read_anew = true;
                }
                other => panic!("{name}: key {:#x}: {other:?}", key.hash),
            }
        }
        tally.read += 1;
        chip.flash().image_mut()[at] ^= mask;
        if read_anew {
            drop(store);
            ram = Resources::new();
            store = Store::mount(chip.clone(), 0..end as u32, &mut ram, Options::DEFAULT).unwrap();
        }
    }
}

/// Flips bits, and makes a dozen commits each time; what was not hit is found when it is mounted again, and what was
/// acknowledged.
pub(super) fn write<const W: usize, const E: usize>(
    partition: &Partition<W, E>,
    every: usize,
    tally: &mut Tally,
) {
    let layout = partition.layout();
    for bit in (0..partition.flash.image().len() * 8).step_by(every) {
        let name = format!(
            "{}, mounted: bit {} of {:#x}",
            partition.name,
            bit % 8,
            bit / 8
        );
        write_after(partition, &layout, (bit, &name), tally);
        tally.written += 1;
    }
}

fn write_after<const W: usize, const E: usize>(
    partition: &Partition<W, E>,
    layout: &Layout,
    (bit, name): (usize, &str),
    tally: &mut Tally,
) {
    let keys = &partition.keys;
    let chip = Chip::new(partition.flash.clone());
    let end = chip.image().len() as u32;
    let mut ram = Resources::<64, 4, 1024>::new();
    let mut store = Store::mount(chip.clone(), 0..end, &mut ram, Options::DEFAULT).unwrap();
    chip.flash().image_mut()[bit / 8] ^= 1 << (bit % 8);
    let mut now: Vec<Value> = keys.iter().map(|key| key.now().clone()).collect();
    let done = put(&mut store, keys, &mut now);
    match done {
        Ok(()) => {}
        Err((_, Error::NotBlank { .. } | Error::Full { .. })) => tally.remounts += 1,
        Err((_, error)) => panic!("{name}: {error}"),
    }
    drop(store);

    // A commit that was hit, and that nothing was written behind since.
    let hit = layout
        .entries
        .iter()
        .find(|entry| entry.bytes().contains(&(bit / 8)));
    let is_hit = |hash: u32| {
        let of_commit = |entry: &&Entry| hit.is_some_and(|hit| hit.commit == entry.commit);
        layout
            .entries
            .iter()
            .filter(of_commit)
            .any(|entry| entry.hash == hash)
    };
    let mut store = Store::mount(chip.clone(), 0..end, &mut ram, Options::DEFAULT)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    for (index, (key, now)) in keys.iter().zip(&mut now).enumerate() {
        let found = get(&mut store, key).unwrap_or_else(|error| panic!("{name}: {error}"));
        let refused = matches!(&done, Err((put, _)) if *put == index);
        assert!(
            found == *now || refused || is_hit(key.hash) && key.has_had(&found),
            "{name}: key {:#x}: {found:?} and not {now:?}",
            key.hash
        );
        *now = found;
    }
    if let Err((_, error)) = put(&mut store, keys, &mut now) {
        panic!("{name}: mounted again, not writable: {error}");
    }
}
