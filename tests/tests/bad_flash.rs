//! Flash that fails: see [`kvs_tests::reliability::bad_flash`].

use kvs::sim::{Fault, SimFlash, Tear};
use kvs::{Options, RawKey, Resources, Store};
use kvs_tests::reliability::{Effort, bad_flash};
use kvs_tests::{Chip, get};

#[test]
fn a_sample() {
    let tally = bad_flash::tally(Effort::Sample);
    println!("{tally:?}");
    assert!(tally.faults >= 4_000 && tally.kinds.len() == 15);
    assert!(tally.seen.acknowledged >= 100_000 && tally.seen.refused >= 500);
    // The faults do harm, and sectors are given up.
    assert!(tally.seen.missing >= 1_000 && tally.seen.retired >= 1_000);
}

type Ram<const BUFFER: usize> = Resources<16, 4, BUFFER>;

fn mount<'a, const W: usize, const E: usize, const BUFFER: usize>(
    chip: &Chip<W, E>,
    ram: &'a mut Ram<BUFFER>,
) -> Store<'a, Chip<W, E>> {
    let end = chip.image().len() as u32;
    Store::mount(chip.clone(), 0..end, ram, Options::DEFAULT).expect("it mounts")
}

/// A copy of a chip, with its faults.
fn copy<const W: usize, const E: usize>(chip: &Chip<W, E>) -> Chip<W, E> {
    let flash = chip.flash().clone();
    Chip::new(flash)
}

/// A sector that failed once and was erased ahead is older than the one that is erased next: it has to be opened before
/// that, or a mount would take what is stored in it for the older.
#[test]
fn sectors_erased_ahead_are_opened_in_their_order() {
    let chip = Chip::new(SimFlash::<4, 256>::new(3));
    let mut ram = Ram::<64>::new();
    let mut store = mount(&chip, &mut ram);
    let mut values = [0; 10];
    store.put_bytes(RawKey::Hash(0), &[0; 20]).unwrap();
    let now = chip.flash().operations();
    chip.flash()
        .fault_after(now, Fault::ProgramFails(Tear::Clean));
    assert!(store.maintain().is_err());
    store.maintain().unwrap();
    store.maintain().unwrap();
    for round in 1..100 {
        // At first all are in one sector, and the failed one is not needed.
        let keys = if round < 20 { 6 } else { values.len() };
        let key = usize::from(round) % keys;
        values[key] = round;
        store
            .put_bytes(RawKey::Hash(key as u32), &[round; 20])
            .unwrap();
        let (copy, mut ram) = (copy(&chip), Ram::<64>::new());
        let mut store = mount(&copy, &mut ram);
        for (key, value) in (0..).zip(values) {
            let found = get(&mut store, RawKey::Hash(key));
            let expected = (value != 0 || key == 0).then(|| vec![value; 20]);
            assert_eq!(found, expected, "key {key} in round {round}");
        }
    }
}

/// One word that can't be read costs its own commit only, wherever in a read it is.
#[test]
fn an_unreadable_word_hides_none_of_its_neighbours() {
    fn on<const W: usize, const E: usize, const BUFFER: usize>() {
        let chip = Chip::new(SimFlash::<W, E>::new(2));
        let mut ram = Ram::<BUFFER>::new();
        let mut store = mount(&chip, &mut ram);
        let lens = [3, 40, 0, 21, 90, 7];
        for (key, len) in (0..).zip(lens) {
            store.put_bytes(RawKey::Hash(key), &vec![7; len]).unwrap();
        }
        for word in (0..E as u32).step_by(W) {
            let chip = copy(&chip);
            chip.flash()
                .fault_at(word..word + W as u32, Fault::ReadFails);
            let mut ram = Ram::<BUFFER>::new();
            let mut store = mount(&chip, &mut ram);
            let there = |(key, len): &(u32, usize)| {
                get(&mut store, RawKey::Hash(*key)) == Some(vec![7; *len])
            };
            let there = (0..).zip(lens).filter(there).count();
            assert!(there >= lens.len() - 1, "W={W}: {there} at {word:#x}");
        }
    }
    on::<1, 512, 64>();
    on::<4, 512, 64>();
    on::<8, 512, 72>();
    on::<16, 512, 64>();
    on::<16, 512, 100>();
    on::<32, 768, 64>();
    on::<128, 2048, 256>();
}

/// A value that is longer than the buffer, the head of which can't be read any more, is put anew.
#[test]
fn a_long_value_that_can_not_be_read_is_replaced() {
    let chip = Chip::new(SimFlash::<1, 0x1_0000>::new(4));
    let mut ram = Ram::<64>::new();
    let mut store = mount(&chip, &mut ram);
    store.put_bytes(RawKey::Hash(1), &[1; 3000]).unwrap();
    // Behind the header and the opening.
    let word = 43..44;
    chip.flash().fault_at(word, Fault::ReadFails);
    assert!(store.get_bytes(RawKey::Hash(1), &mut [0; 3000]).is_err());
    store.put_bytes(RawKey::Hash(1), &[2; 3000]).unwrap();
    assert_eq!(get(&mut store, RawKey::Hash(1)), Some(vec![2; 3000]));
    for round in 0..200 {
        store.put_bytes(RawKey::Hash(2), &[round; 3000]).unwrap();
    }
    assert_eq!(get(&mut store, RawKey::Hash(1)), Some(vec![2; 3000]));
}

/// The old value of a deleted key can't be read while the store goes on; it does not come back when it can be again.
#[test]
fn what_can_not_be_read_does_not_outlive_its_tombstone() {
    let deleted = RawKey::Hash(100);
    let chip = Chip::new(SimFlash::<4, 256>::new(4));
    let mut ram = Ram::<64>::new();
    let mut store = mount(&chip, &mut ram);
    store.put_bytes(deleted, &[7; 20]).unwrap();
    // Cold values keep it company, so that its sector is not worth collecting.
    for key in 0..5 {
        store.put_bytes(RawKey::Hash(key), &[1; 20]).unwrap();
    }
    store.put_bytes(RawKey::Hash(9), &[1; 20]).unwrap();
    store.delete(deleted).unwrap();
    drop(store);

    // Right behind the two copies of the header.
    chip.flash().fault_at(32..36, Fault::ReadFails);
    let mut ram = Ram::<64>::new();
    let mut store = mount(&chip, &mut ram);
    let erases = |store: &Store<'_, Chip<4, 256>>| {
        let mut sectors = store.sectors();
        sectors.next().map(|sector| sector.erases)
    };
    let before = erases(&store);
    for round in 0..60 {
        store.put_bytes(RawKey::Hash(9), &[round; 20]).unwrap();
    }
    assert_eq!(erases(&store), before, "the old value's sector was spared");
    drop(store);

    chip.flash().clear_faults();
    let mut ram = Ram::<64>::new();
    let mut store = mount(&chip, &mut ram);
    assert_eq!(get(&mut store, deleted), None);
}

/// Tombstones that are kept in case something unreadable comes back take no slot from a key: a mount does not fail of them.
#[test]
fn a_word_that_can_not_be_read_leaves_the_slots_to_the_keys() {
    let chip = Chip::new(SimFlash::<4, 256>::new(4));
    let mut ram = Ram::<64>::new();
    let mut store = mount(&chip, &mut ram);
    let mut put = |key, value| store.put_bytes(RawKey::Hash(key), &[value; 20]).unwrap();
    // A sector of cold values, one of values that are deleted again, one of their tombstones.
    (0..14).for_each(|key| put(key, 1));
    (7..14).for_each(|key| assert!(store.delete(RawKey::Hash(key)).unwrap()));
    let mut put = |key, value| store.put_bytes(RawKey::Hash(key), &[value; 20]).unwrap();
    put(14, 1);
    // What was deleted is erased then, and its tombstones make slots for other keys.
    (0..40).for_each(|round| put(15, round));
    (16..22).for_each(|key| put(key, 1));
    let keys = [0..7, 14..22].map(Iterator::collect::<Vec<u32>>).concat();
    drop(store);
    for word in (0..4 * 256).step_by(4) {
        let chip = copy(&chip);
        chip.flash().fault_at(word..word + 4, Fault::ReadFails);
        let mut ram = Ram::<64>::new();
        let mut store = mount(&chip, &mut ram);
        let there = |key: &&u32| matches!(store.value_len(RawKey::Hash(**key)), Ok(Some(_)));
        let there = keys.iter().filter(there).count();
        assert!(there + 1 >= keys.len(), "{there} keys at {word:#x}");
    }
}
