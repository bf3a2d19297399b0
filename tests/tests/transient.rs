//! A part that fails for a while and then works: nothing is taken for gone because it could not be
//! read just then, and no sector is given up because of a call that would work now.

use std::collections::BTreeMap;

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use kvs::sim::{Outage, SimError, SimFlash, Tear, When};
use kvs::{Error, Geometry, Options, RawKey, Resources, Store};
use kvs_tests::{Chip, get};

const SECTOR: usize = 1024;

type Part = Chip<4, SECTOR>;
type Ram = Resources<64, 8, 128>;
type Model = BTreeMap<u32, Vec<u8>>;

fn mount<'a>(chip: &Part, ram: &'a mut Ram) -> Result<Store<'a, Part>, Error<SimError>> {
    let end = chip.flash().image().len() as u32;
    Store::mount(chip.clone(), 0..end, ram, Options::DEFAULT)
}

fn copy(chip: &Part) -> Part {
    Chip::new(chip.flash().clone())
}

fn put(store: &mut Store<'_, Part>, model: &mut Model, key: u32, value: &[u8]) {
    if store.put_bytes(RawKey::Hash(key), value).is_ok() {
        model.insert(key, value.to_vec());
    }
}

/// A part with so many sectors, all of them in use: cold values in each, and one that is put often.
fn used(sectors: usize) -> (Part, Model) {
    let chip = Chip::new(SimFlash::new(sectors));
    let mut model = Model::new();
    let mut ram = Ram::new();
    let mut store = mount(&chip, &mut ram).unwrap();
    for key in 0..40 {
        for round in 0..=key % 3 {
            put(&mut store, &mut model, key, &[key as u8, round as u8, 7]);
        }
        put(&mut store, &mut model, 99, &key.to_le_bytes());
    }
    for round in 0..u8::MAX {
        put(&mut store, &mut model, 98, &[round; 20]);
    }
    assert!(store.sectors().all(|sector| sector.sequence != 0));
    drop(store);
    (chip, model)
}

fn assert_has(chip: &Part, model: &Model, what: &str) {
    let mut ram = Ram::new();
    let mut store = mount(chip, &mut ram).unwrap();
    for (key, value) in model {
        let found = get(&mut store, RawKey::Hash(*key));
        assert_eq!(found.as_ref(), Some(value), "{what}: key {key}");
    }
}

#[test]
fn a_flash_that_can_not_be_read_is_not_an_empty_one() {
    let (chip, model) = used(4);
    let image = chip.image();
    chip.flash().outage(Outage::Reads, When::OneIn(1));
    let mut ram = Ram::new();
    let busy = mount(&chip, &mut ram).err();
    assert!(matches!(busy, Some(Error::Flash(SimError::Busy { .. }))));

    // Nor is it one in a store that is there already.
    let mut ram = Ram::new();
    let end = image.len() as u32;
    let mut store = Store::unmounted(chip.clone(), 0..end, &mut ram, Options::DEFAULT).unwrap();
    for _ in 0..3 {
        assert!(matches!(store.remount(), Err(Error::Flash(_))));
        assert!(matches!(
            store.get_bytes(RawKey::Hash(1), &mut [0; 8]),
            Err(Error::Flash(_))
        ));
        assert!(matches!(
            store.put_bytes(RawKey::Hash(1), &[1]),
            Err(Error::Flash(_))
        ));
    }
    assert_eq!(chip.image(), image, "nothing was written");
    chip.flash().end_outages();
    for (key, value) in &model {
        assert_eq!(get(&mut store, RawKey::Hash(*key)).as_ref(), Some(value));
    }
    store.put_bytes(RawKey::Hash(1), &[1]).unwrap();
    drop(store);
    assert_has(
        &chip,
        &model.into_iter().filter(|(key, _)| *key != 1).collect(),
        "after",
    );
}

/// Reads fail at each place of a mount, for one call up to many; the part works from then on.
/// Whatever is stored after that, nothing is lost.
#[test]
fn what_a_mount_could_not_read_is_not_erased() {
    for sectors in [2, 3, 4, 8] {
        let (chip, model) = used(sectors);
        let calls = {
            let chip = copy(&chip);
            let before = chip.flash().calls();
            mount(&chip, &mut Ram::new()).unwrap();
            let after = chip.flash().calls();
            after - before
        };
        let start = chip.flash().calls();
        for first in 0..calls {
            for count in [1, 2, 3, 4, 6, 8, 12, 20, 40, 100, 300] {
                let what = format!("{sectors} sectors, reads {first} to {}", first + count);
                let chip = copy(&chip);
                let mut model = model.clone();
                let first = start + first;
                chip.flash()
                    .outage(Outage::Reads, When::Calls { first, count });
                let mut ram = Ram::new();
                let mut left = 12;
                while let Ok(mut store) = mount(&chip, &mut ram) {
                    for round in 0..40u8 {
                        put(&mut store, &mut model, 7, &[round; 30]);
                    }
                    put(&mut store, &mut model, 3, &[left; 9]);
                    left -= 1;
                    if left < 9 {
                        break;
                    }
                }
                chip.flash().end_outages();
                assert_has(&chip, &model, &what);
            }
        }
    }
}

/// What is found unreadable under a mounted store, while it collects, is there later.
#[test]
fn reads_that_fail_at_random_lose_nothing() {
    for seed in 0..60 {
        let (chip, mut model) = used([2, 3, 4, 8][seed as usize % 4]);
        let what = format!("seed {seed}");
        chip.flash().fault_seed(seed);
        chip.flash().outage(Outage::Reads, When::OneIn(20));
        for _ in 0..6 {
            let mut ram = Ram::new();
            let Ok(mut store) = mount(&chip, &mut ram) else {
                continue;
            };
            for round in 0..60u8 {
                put(&mut store, &mut model, u32::from(round) % 5, &[round; 12]);
                let _ = store.maintain();
            }
            drop(store);
            chip.flash().pause_outages(true);
            assert_has(&chip, &model, &what);
            chip.flash().pause_outages(false);
        }
    }
}

/// One program in so many fails, over any uptime: the store goes on.
#[test]
fn programs_and_erases_that_fail_now_and_then_never_add_up() {
    for sectors in [2, 3, 4, 8] {
        for (outage, share) in [
            (Outage::Programs(Tear::Clean), 100),
            (Outage::Programs(Tear::WordBits), 50),
            (Outage::Programs(Tear::Complete), 50),
            (Outage::Erases(Tear::Clean), 3),
            (Outage::Erases(Tear::WordBits), 5),
        ] {
            let what = format!("{sectors} sectors, {outage:?}, one in {share}");
            let (chip, mut model) = used(sectors);
            chip.flash().fault_seed(1);
            chip.flash().outage(outage, When::OneIn(share));
            let ram = Box::leak(Box::new(Ram::new()));
            let mut store = mount(&chip, ram).unwrap();
            let mut refused = 0;
            for round in 0..6_000u32 {
                let value = round.to_le_bytes();
                match store.put_bytes(RawKey::Hash(round % 4), &value) {
                    Ok(()) => {
                        model.insert(round % 4, value.to_vec());
                    }
                    Err(Error::Flash(_)) => refused += 1,
                    Err(error) => panic!("{what}: round {round}: {error}"),
                }
            }
            assert!(refused < 300, "{what}: {refused} of 6,000 refused");
            chip.flash().end_outages();
            for round in 0..10u32 {
                store
                    .put_bytes(RawKey::Hash(50), &round.to_le_bytes())
                    .unwrap();
            }
            drop(store);
            for key in 0..4 {
                // A refused value may be found, too.
                model.remove(&key);
            }
            assert_has(&chip, &model, &what);
        }
    }
}

/// While all writes fail the error says why; as soon as they work, the same store takes them.
#[test]
fn a_store_that_refused_all_goes_on_when_the_part_works() {
    for sectors in [2, 3, 4, 8] {
        for outage in [Outage::Programs(Tear::Clean), Outage::Erases(Tear::Clean)] {
            let (chip, mut model) = used(sectors);
            let ram = Box::leak(Box::new(Ram::new()));
            let mut store = mount(&chip, ram).unwrap();
            chip.flash().outage(outage, When::OneIn(1));
            let mut refused = 0;
            for round in 0..2_000u32 {
                match store.put_bytes(RawKey::Hash(1), &round.to_le_bytes()) {
                    Ok(()) => {
                        model.insert(1, round.to_le_bytes().to_vec());
                    }
                    Err(Error::Flash(SimError::Busy { .. })) => refused += 1,
                    Err(error) => panic!("{sectors} sectors, {outage:?}: {error}"),
                }
            }
            assert!(refused > 1_000);
            assert!(store.stats().retired_sectors > 0);
            chip.flash().end_outages();
            for round in 0..200u32 {
                put(&mut store, &mut model, 2, &round.to_le_bytes());
                assert_eq!(model[&2], round.to_le_bytes());
            }
            store.remount().unwrap();
            assert_eq!(store.stats().retired_sectors, 0);
            drop(store);
            assert_has(&chip, &model, &format!("{sectors} sectors, {outage:?}"));
        }
    }
}

/// A part that erases to 00, and whose programs set bits.
struct ErasesToZero(SimFlash<4, SECTOR>);

impl ErrorType for ErasesToZero {
    type Error = SimError;
}

impl ReadNorFlash for ErasesToZero {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), SimError> {
        self.0.read(offset, bytes)?;
        bytes.iter_mut().for_each(|byte| *byte = !*byte);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl NorFlash for ErasesToZero {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), SimError> {
        self.0.erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), SimError> {
        let inverted: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
        self.0.write(offset, &inverted)
    }
}

/// It is told at the first write, before anything is erased; with something of others in it, at the
/// first erase.
#[test]
fn a_part_that_erases_to_zero_is_refused() {
    let refused = Error::Geometry(Geometry::ErasedValue);
    for others in [0, 64] {
        let mut flash = ErasesToZero(SimFlash::new(4));
        flash.0.image_mut()[..others].fill(0x5A);
        let mut ram = Ram::new();
        let end = 4 * SECTOR as u32;
        let mut store = Store::mount(&mut flash, 0..end, &mut ram, Options::DEFAULT).unwrap();
        assert!(store.is_empty());
        for _ in 0..3 {
            let error = store.put_bytes(RawKey::Hash(1), &[1]).unwrap_err();
            assert_eq!(error, refused);
            assert!(error.to_string().contains("reads 00"), "{error}");
        }
        assert_eq!(flash.0.stats().programs, 0);
        assert_eq!(flash.0.stats().erases, u64::from(others != 0));
    }
}
