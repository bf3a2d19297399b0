//! Housekeeping in idle time: one bounded step a call, an end, and commits that erase nothing after it.

use kvs::Maintenance;
use kvs::sim::Rng;
use kvs_tests::{Device, TestStore, everywhere, get, idle};

fn name(key: usize) -> String {
    format!("key{key}")
}

/// Puts a value of one of `keys` keys, of up to 8 bytes.
fn step<const W: usize, const E: usize>(
    store: &mut TestStore<W, E>,
    rng: &mut Rng,
    model: &mut [Option<Vec<u8>>],
) {
    let key = rng.below(model.len());
    let value = vec![rng.next_u8(); 1 + rng.below(8)];
    store
        .put_bytes(name(key).as_str(), &value)
        .unwrap_or_else(|error| panic!("{error}"));
    model[key] = Some(value);
}

/// As many keys as take `part` of `whole` of what can be live.
fn keys<const W: usize, const E: usize>(device: &Device<W, E>, part: u32, whole: u32) -> usize {
    let room = (device.sectors() - 1) * device.payload() / whole * part;
    (room as usize / Device::<W, E>::pad(10 + 5 + 8)).clamp(2, 150)
}

fn assert_has<const W: usize, const E: usize>(
    store: &mut TestStore<W, E>,
    model: &[Option<Vec<u8>>],
) {
    for (key, value) in model.iter().enumerate() {
        assert_eq!(get(store, name(key).as_str()), *value, "key {key}");
    }
}

/// The most program calls of a summary here.
const SUMMARY: u64 = 3;

#[test]
fn a_call_erases_one_sector_or_moves_one_entry() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        let mut rng = Rng::new(3);
        let mut model = vec![None; keys(device, 1, 3)];
        let mut seen = [0; 3];
        for round in 0..400 {
            step(&mut store, &mut rng, &mut model);
            if round % 3 != 0 {
                continue;
            }
            let before = device.chip.stats();
            let done = store.maintain().unwrap();
            let cost = device.chip.stats().since(&before);
            let sectors = cost.erases as usize / (device.sector as usize / E);
            match done {
                Maintenance::Idle => assert_eq!((sectors, cost.programs), (0, 0)),
                // The header's program goes with it.
                Maintenance::Erased => assert_eq!((sectors, cost.programs), (1, 1)),
                // A sector that is full is closed with a summary of up to some entries, through the buffer.
                Maintenance::Moved => {
                    assert!(sectors == 0 && (1..=SUMMARY + 1).contains(&cost.programs));
                }
                other => panic!("{other:?}"),
            }
            seen[done as usize] += 1;
            assert_has(&mut store, &model);
        }
        assert!(seen[0] != 0 && seen[2] != 0, "{seen:?}");
        assert_has(&mut device.mount(), &model);
    }
    everywhere!(on);
}

#[test]
fn it_moves_entries_when_that_is_worth_it() {
    let device = Device::<4, 256>::new((0, 256, 8));
    let mut store = device.mount();
    // One live entry a sector, among stale ones.
    for key in 0..7 {
        store.put_bytes(name(key).as_str(), &[1]).unwrap();
        for round in 0..13 {
            store.put_bytes("hot", &[round, key as u8]).unwrap();
        }
    }
    let mut moved = 0;
    while let done @ (Maintenance::Moved | Maintenance::Erased) = store.maintain().unwrap() {
        moved += u32::from(done == Maintenance::Moved);
    }
    assert!(moved != 0);
    for key in 0..7 {
        assert_eq!(get(&mut store, name(key).as_str()), Some(vec![1]));
    }
}

/// At every level of filling: it ends, in a number of steps that the partition bounds; then a commit erases nothing.
#[test]
fn it_becomes_idle_and_commits_after_it_erase_nothing() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        for part in 1..4 {
            let device = device.copy();
            let mut store = device.mount();
            let mut rng = Rng::new(u64::from(part));
            let mut model = vec![None; keys(&device, part, 4)];
            let bound = device.sectors() as usize
                * (2 + device.payload() as usize / Device::<W, E>::pad(9));
            for round in 0..300 {
                let steps = idle(&mut store);
                assert!(steps <= bound, "{steps} steps");
                let before = device.chip.stats().erases;
                step(&mut store, &mut rng, &mut model);
                assert_eq!(
                    device.chip.stats().erases,
                    before,
                    "round {round} at {part} quarters"
                );
                if round % 50 == 49 {
                    store = device.mount();
                    assert_has(&mut store, &model);
                }
            }
        }
    }
    everywhere!(on);
}

/// Idle is idle: it is not woken by a remount, nor does it erase what is erased already.
#[test]
fn there_is_nothing_to_do_in_an_idle_store_even_after_a_remount() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        let mut model = vec![None; keys(device, 1, 4)];
        let mut rng = Rng::new(5);
        for _ in 0..300 {
            step(&mut store, &mut rng, &mut model);
        }
        idle(&mut store);
        let image = device.partition();
        for _ in 0..3 {
            assert_eq!(store.maintain(), Ok(Maintenance::Idle));
            let mut store = device.mount();
            assert_eq!(store.maintain(), Ok(Maintenance::Idle));
        }
        assert_eq!(device.partition(), image);
    }
    everywhere!(on);
}
