//! Flash that fails: programs, erases and reads that give errors, and programs that go wrong silently.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use kvs::sim::Rng;
use kvs::{Change, Error, RawKey, SectorState};
use kvs_tests::{Call, Chip, Device, TestStore, Verdict, everywhere, get};

type Model = BTreeMap<u32, Vec<u8>>;

fn assert_has<const W: usize, const E: usize>(store: &mut TestStore<W, E>, model: &Model) {
    for (key, value) in model {
        assert_eq!(
            get(store, RawKey::Hash(*key)).as_ref(),
            Some(value),
            "key {key}"
        );
    }
}

/// A store that has a few values, and the next put of which goes into the same sector.
fn filled<const W: usize, const E: usize>(device: &Device<W, E>) -> (TestStore<W, E>, Model) {
    let mut store = device.mount();
    let mut model = Model::new();
    for key in 0..3 {
        store.put_bytes(RawKey::Hash(key), &[key as u8; 3]).unwrap();
        model.insert(key, vec![key as u8; 3]);
    }
    (store, model)
}

/// From now on the next `count` programs are judged so.
fn fail_programs<const W: usize, const E: usize>(
    chip: &Chip<W, E>,
    count: usize,
    verdict: Verdict,
) {
    let left = RefCell::new(count);
    chip.judge(move |call| match call {
        Call::Program(..) if *left.borrow() > 0 => {
            *left.borrow_mut() -= 1;
            verdict
        }
        _ => Verdict::Do,
    });
}

#[test]
fn a_failed_program_is_made_good_in_another_sector() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        for verdict in [Verdict::Fail, Verdict::Spoil] {
            let device = device.copy();
            let (mut store, mut model) = filled(&device);
            let head = |store: &TestStore<W, E>| {
                let mut sectors = store.sectors();
                sectors.find(|sector| sector.state == SectorState::Head)
            };
            let before = head(&store);
            fail_programs(&device.chip, 1, verdict);
            let changes = [
                Change::put(RawKey::Hash(0), b"new"),
                Change::put(RawKey::Hash(9), b"9"),
            ];
            assert_eq!(store.commit(&changes), Ok(()), "{verdict:?}");
            model.insert(0, b"new".to_vec());
            model.insert(9, b"9".to_vec());
            assert_has(&mut store, &model);
            // An erase may mend it: it is not given up yet.
            assert_eq!(store.stats().retired_sectors, 0);
            assert_ne!(
                head(&store).map(|head| head.sequence),
                before.map(|head| head.sequence)
            );
            let mut again = device.mount();
            assert_has(&mut again, &model);
            assert_eq!(again.stats().retired_sectors, 0);
            // The store that knows of it goes on, and never touches that sector.
            for round in 0..40u8 {
                store.put_bytes(RawKey::Hash(1), &[round]).unwrap();
                model.insert(1, vec![round]);
            }
            assert_has(&mut store, &model);
            assert_has(&mut device.mount(), &model);
        }
    }
    everywhere!(on);
}

#[test]
fn when_every_program_fails_the_old_values_stay() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        for verdict in [Verdict::Fail, Verdict::Spoil] {
            let device = device.copy();
            let (mut store, model) = filled(&device);
            fail_programs(&device.chip, usize::MAX, verdict);
            let changes = [
                Change::put(RawKey::Hash(0), b"new"),
                Change::delete(RawKey::Hash(1)),
            ];
            match (verdict, store.commit(&changes)) {
                (Verdict::Fail, Err(Error::Flash(error))) if error == Chip::<W, E>::FAULT => {}
                (Verdict::Spoil, Err(Error::VerifyFailed { .. })) => {}
                (_, other) => panic!("{verdict:?}: {other:?}"),
            }
            for _ in 0..3 {
                assert!(store.commit(&changes).is_err());
                assert_has(&mut store, &model);
            }
            device.chip.repair();
            let mut store = device.mount();
            assert_has(&mut store, &model);
            store.commit(&changes).unwrap();
            let mut store = device.mount();
            assert_eq!(get(&mut store, RawKey::Hash(0)), Some(b"new".to_vec()));
            assert_eq!(get(&mut store, RawKey::Hash(1)), None);
        }
    }
    everywhere!(on);
}

#[test]
fn a_sector_that_can_not_be_erased_is_done_without() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        if device.sectors() < 3 {
            return;
        }
        for bad in 0..device.sectors() {
            let device = device.copy();
            let from = device.range.start + bad * device.sector;
            let sector = from..from + device.sector;
            device.chip.judge(move |call| match call {
                Call::Erase(at, _) if sector.contains(&at) => Verdict::Fail,
                _ => Verdict::Do,
            });
            let mut store = device.mount();
            for round in 0..300u16 {
                let key = RawKey::Hash(u32::from(round) % 3);
                store.put_bytes(key, &round.to_le_bytes()).unwrap();
                assert_eq!(get(&mut store, key), Some(round.to_le_bytes().to_vec()));
                if round % 50 == 49 {
                    store = device.mount();
                }
            }
        }
    }
    everywhere!(on);
}

/// One word can't be read (ECC). Its key is an error or gone; everything else goes on.
#[test]
fn a_word_that_can_not_be_read_costs_its_own_entry_only() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let (_, model) = filled(device);
        for key in 0..3 {
            let (at, size) = device.locate(RawKey::Hash(key));
            let word = device.range.start as usize + at + size - W;
            for mounted_before in [true, false] {
                let device = device.copy();
                let mut store = device.mount();
                device.chip.judge(move |call| match call {
                    Call::Read(at, len) if (at as usize..at as usize + len).contains(&word) => {
                        Verdict::Fail
                    }
                    _ => Verdict::Do,
                });
                if !mounted_before {
                    store = device.mount();
                }
                let expected = match store.get_bytes(RawKey::Hash(key), &mut [0; 8]) {
                    Err(Error::Flash(error)) => error == Chip::<W, E>::FAULT,
                    Ok(found) => found.is_none() && !mounted_before,
                    Err(_) => false,
                };
                assert!(expected);
                let mut others = model.clone();
                others.remove(&key);
                assert_has(&mut store, &others);
                // It is put anew, and many more after it.
                for round in 0..60u8 {
                    for key in 0..3 {
                        store
                            .put_bytes(RawKey::Hash(key), &[round, key as u8])
                            .unwrap();
                    }
                    for key in 0..3 {
                        assert_eq!(
                            get(&mut store, RawKey::Hash(key)),
                            Some(vec![round, key as u8])
                        );
                    }
                }
                assert_eq!(device.mount().len(), 3);
            }
        }
    }
    kvs_tests::each(on::<1, 256>, &[(0, 512, 3), (256, 768, 4)]);
    kvs_tests::each(on::<8, 512>, &[(512, 512, 4), (0, 2048, 3)]);
    kvs_tests::each(on::<32, 1024>, &[(0, 1024, 3)]);
}

/// Flash that fails now and then, at random: what was acknowledged is there, what was refused is as before.
#[test]
fn flash_that_fails_now_and_then_loses_nothing() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        for seed in 0..6 {
            println!("seed {seed}");
            let device = device.copy();
            let mut rng = Rng::new(seed);
            let mut model = Model::new();
            let faults = Rc::new(RefCell::new(Rng::new(seed ^ 0xF00D)));
            let mut acknowledged = 0;
            for _ in 0..12 {
                let mut store = device.mount();
                assert_has(&mut store, &model);
                let dice = faults.clone();
                device
                    .chip
                    .judge(move |call| match (call, dice.borrow_mut().below(40)) {
                        (Call::Program(..), 0) => Verdict::Spoil,
                        (Call::Program(..) | Call::Erase(..), 1) => Verdict::Fail,
                        _ => Verdict::Do,
                    });
                for _ in 0..30 {
                    let key = rng.below(5) as u32;
                    let value = vec![rng.next_u8(); rng.below(20)];
                    match store.put_bytes(RawKey::Hash(key), &value) {
                        Ok(()) => {
                            model.insert(key, value);
                            acknowledged += 1;
                        }
                        // The next mount may find the new value; this store must not.
                        Err(_) => {
                            let found = get(&mut store, RawKey::Hash(key));
                            assert_eq!(found.as_ref(), model.get(&key));
                            break;
                        }
                    }
                    assert_has(&mut store, &model);
                }
                device.chip.repair();
                // Settle what the refused put left: either value is fine, but it stays the same from here on.
                let mut store = device.mount();
                for key in 0..5 {
                    match get(&mut store, RawKey::Hash(key)) {
                        Some(value) => model.insert(key, value),
                        None => model.remove(&key),
                    };
                }
            }
            assert!(acknowledged > 30, "{acknowledged}");
        }
    }
    everywhere!(on);
}
