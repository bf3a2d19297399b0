//! What things cost, counted in flash operations and bytes. A change of a figure shows as a change of a snapshot.

use insta::assert_snapshot;
use kvs::sim::{SimFlash, Stats, presets};
use kvs::{Change, Error, Maintenance, Options, RawKey, Resources, SectorState, Store};

type Flash<const W: usize, const E: usize> = SimFlash<W, E>;

fn words(stats: &Stats) -> String {
    format!(
        "{} program calls of {} bytes, {} reads of {} bytes, {} erases",
        stats.programs, stats.program_bytes, stats.reads, stats.read_bytes, stats.erases
    )
}

fn mount<'a, const W: usize, const E: usize>(
    flash: &'a mut Flash<W, E>,
    resources: &'a mut Resources<64, 32, 256>,
) -> Store<'a, &'a mut Flash<W, E>> {
    let end = flash.image().len() as u32;
    Store::mount(flash, 0..end, resources, Options::DEFAULT).unwrap()
}

/// What `act` costs on a store that holds 32 settings of 4 bytes.
fn cost<const W: usize, const E: usize>(
    mut flash: Flash<W, E>,
    act: impl FnOnce(&mut Store<'_, &mut Flash<W, E>>),
) -> String {
    let mut resources = Resources::new();
    let mut store = mount(&mut flash, &mut resources);
    for key in 0..32 {
        store.put_bytes(RawKey::Hash(key), &[key as u8; 4]).unwrap();
    }
    let before = store.flash().stats().clone();
    act(&mut store);
    words(&store.flash().stats().since(&before))
}

fn save_one<const W: usize, const E: usize>(flash: Flash<W, E>) -> String {
    cost(flash, |store| {
        store.put_bytes(RawKey::Hash(7), b"abc").unwrap();
    })
}

#[test]
fn saving_one_small_setting_is_one_program_call() {
    assert_snapshot!(save_one(Flash::<4, 4096>::new(8)), @"1 program calls of 12 bytes, 2 reads of 24 bytes, 0 erases");
    assert_snapshot!(save_one(Flash::<8, 2048>::new(8)), @"1 program calls of 16 bytes, 3 reads of 40 bytes, 0 erases");
    assert_snapshot!(save_one(Flash::<16, 8192>::new(4)), @"1 program calls of 16 bytes, 3 reads of 40 bytes, 0 erases");
    assert_snapshot!(save_one(presets::stm32h7_like()), @"1 program calls of 32 bytes, 3 reads of 72 bytes, 0 erases");
}

#[test]
fn saving_four_small_settings_at_once_is_one_program_call() {
    let act = |store: &mut Store<'_, &mut presets::W25q>| {
        let changes = [1, 2, 3, 4].map(|key| Change::put(RawKey::Hash(key), b"new"));
        store.commit(&changes).unwrap();
    };
    assert_snapshot!(cost(presets::w25q(), act), @"1 program calls of 48 bytes, 2 reads of 96 bytes, 0 erases");
}

#[test]
fn saving_what_is_stored_already_programs_nothing() {
    let act = |store: &mut Store<'_, &mut presets::Nrf52840>| {
        for key in 0..32 {
            store.put_bytes(RawKey::Hash(key), &[key as u8; 4]).unwrap();
        }
        assert!(!store.delete(RawKey::Hash(99)).unwrap());
    };
    assert_snapshot!(cost(presets::nrf52840(), act), @"0 program calls of 0 bytes, 64 reads of 704 bytes, 0 erases");
}

#[test]
fn reading_a_setting_is_one_flash_read() {
    let read = |len: usize| {
        cost(presets::nrf52840(), |store| {
            store.put_bytes(RawKey::Hash(1), &vec![1; len]).unwrap();
            let before = store.flash().stats().clone();
            let mut buffer = [0; 512];
            store.get_bytes(RawKey::Hash(1), &mut buffer).unwrap();
            let read = store.flash().stats().since(&before);
            println!("{len}: {}", words(&read));
            assert_eq!(read.reads, if len < 240 { 1 } else { 2 });
        })
    };
    assert_snapshot!(read(4), @"0 program calls of 0 bytes, 3 reads of 38 bytes, 0 erases");
    assert_snapshot!(read(200), @"1 program calls of 212 bytes, 6 reads of 636 bytes, 0 erases");
}

/// The saves of a device's life, counted: one u32 of a fixed 4 bytes among 32 settings.
fn a_hundred_thousand_saves(saves: u32) -> String {
    let mut flash = presets::nrf52840();
    let mut resources = Resources::new();
    let mut store = mount(&mut flash, &mut resources);
    for key in 0..32 {
        store.put_bytes(RawKey::Hash(key), &[0; 4]).unwrap();
    }
    let before = store.flash().stats().clone();
    for value in 1..=saves {
        store
            .put_bytes(RawKey::Hash(7), &value.to_le_bytes())
            .unwrap();
    }
    let stats = store.flash().stats().since(&before);
    assert_eq!(store.stats().collections, 0);
    format!(
        "{:.2} bytes a save, {:.2} erases per 1,000 saves, sectors erased {:?} times",
        stats.program_bytes as f64 / f64::from(saves),
        1000. * stats.erases as f64 / f64::from(saves),
        stats.sector_erases,
    )
}

#[test]
fn a_hundred_thousand_saves_of_one_counter() {
    assert_snapshot!(a_hundred_thousand_saves(100_000), @"16.41 bytes a save, 4.02 erases per 1,000 saves, sectors erased [0, 58, 58, 58, 57, 57, 57, 57] times");
}

#[test]
fn mounting_reads_the_head_and_the_summaries_of_the_others() {
    let mut flash = presets::nrf52840();
    let mut resources = Resources::new();
    let mut store = mount(&mut flash, &mut resources);
    // Groups, deletes and long values, over all sectors.
    for round in 0..2_000u32 {
        let (a, b) = (round.to_le_bytes(), [round as u8; 60]);
        store
            .commit(&[
                Change::put(RawKey::Hash(round % 20), &a),
                Change::put("a name", &b),
                Change::delete(RawKey::Hash((round + 1) % 20)),
            ])
            .unwrap();
    }
    flash.reset_stats();
    let _ = mount(&mut flash, &mut resources);
    let headers = 8 * 16;
    assert!(flash.stats().read_bytes <= 8 * 4096 + headers);
    assert_snapshot!(words(flash.stats()), @"0 program calls of 0 bytes, 14 reads of 1424 bytes, 0 erases");
}

/// Every sector but the spare one has live entries, and the spare one is erased ahead.
#[test]
fn mounting_a_full_partition_reads_every_byte_once_and_looks_for_summaries() {
    let mut flash = Flash::<4, 1024>::new(4);
    let mut resources = Resources::new();
    let mut store = mount(&mut flash, &mut resources);
    let mut key = 0;
    while store.put_bytes(RawKey::Hash(key), &[1; 60]).is_ok() {
        key += 1;
    }
    while store.maintain().unwrap() != Maintenance::Idle {}
    let states: Vec<_> = store.sectors().map(|sector| sector.state).collect();
    assert_eq!(
        states
            .iter()
            .filter(|state| **state == SectorState::Ready)
            .count(),
        1
    );
    flash.reset_stats();
    let _ = mount(&mut flash, &mut resources);
    // Once for those that tell of all keys, once for each sector alone.
    let (headers, footers) = (4 * 16, 2 * 4 * 16);
    assert!(flash.stats().read_bytes <= 4 * 1024 + headers + footers);
}

#[test]
fn mounting_writes_nothing() {
    let mut flash = presets::nrf52840();
    let mut resources = Resources::new();
    let _ = mount(&mut flash, &mut resources);
    assert_eq!((flash.stats().programs, flash.stats().erases), (0, 0));
}

#[test]
fn after_maintenance_a_commit_erases_nothing() {
    let mut flash = presets::nrf52840();
    let mut resources = Resources::new();
    let mut store = mount(&mut flash, &mut resources);
    let mut most = (0, 0);
    for round in 0..5_000u32 {
        let before = store.flash().stats().clone();
        let value = round.to_le_bytes().repeat(20);
        store.put_bytes(RawKey::Hash(round % 40), &value).unwrap();
        let commit = store.flash().stats().since(&before);
        if round > 0 {
            assert_eq!(commit.erases, 0, "in round {round}");
        }
        loop {
            let before = store.flash().stats().clone();
            let step = store.maintain().unwrap();
            let cost = store.flash().stats().since(&before);
            match step {
                Maintenance::Idle => break,
                Maintenance::Erased => assert_eq!(cost.erases, 1),
                _ => assert_eq!((cost.erases, cost.programs), (0, 1)),
            }
            most = most.max((cost.erases, cost.programs));
        }
    }
    assert_eq!(most, (1, 1), "erases and programs of the longest step");
}

#[test]
fn ram_is_8_bytes_a_key_and_12_a_sector() {
    assert_eq!(size_of::<Resources<0, 0, 64>>(), 64);
    assert_eq!(size_of::<Resources<100, 0, 64>>(), 64 + 100 * 8);
    assert_eq!(size_of::<Resources<100, 16, 64>>(), 64 + 100 * 8 + 16 * 12);
}

#[test]
fn a_full_store_is_not_worn_by_trying() {
    let mut flash = Flash::<4, 1024>::new(4);
    let mut resources = Resources::new();
    let mut store = mount(&mut flash, &mut resources);
    let mut key = 0;
    while store.put_bytes(RawKey::Hash(key), &[1; 100]).is_ok() {
        key += 1;
    }
    let before = store.flash().stats().clone();
    for _ in 0..100 {
        let result = store.put_bytes(RawKey::Hash(999), &[1; 100]);
        assert!(matches!(result, Err(Error::Full { .. })));
    }
    let cost = store.flash().stats().since(&before);
    assert_eq!((cost.programs, cost.erases), (0, 0));
}
