//! The figures of our struct in the README's table of benches: the same settings, values and saves as there, so that a
//! change of one of them shows in plain `cargo test`. The other stores are in `benches/`.

// Those of the benches, which plain `cargo test` does not build.
#[allow(dead_code, unreachable_pub)]
#[path = "../../../benches/src/device.rs"]
mod device;
#[allow(dead_code, unreachable_pub)]
#[path = "../../../benches/src/model.rs"]
mod model;

use std::time::Duration;

use insta::assert_snapshot;
use kvs::sim::{Stats, presets};
use kvs::{Options, RawKey, Resources, Settings, Store};

use device::{Device, Struct};
use model::{Layout, Model, Zipf};

type Flash = presets::Nrf52840;
type Ram = Resources<512, 32, 256>;
type Kvs<'a> = Store<'a, &'a mut Flash>;

const SAVES: u32 = 100_000;

fn mount<'a>(flash: &'a mut Flash, ram: &'a mut Ram) -> Kvs<'a> {
    let end = flash.image().len() as u32;
    Store::mount(flash, 0..end, ram, Options::DEFAULT).unwrap()
}

fn save(store: &mut Kvs<'_>, model: &Model) {
    store.save(&Device::from_values(&model.values)).unwrap();
}

/// Stores all settings: the struct, and what stands beside it.
fn provision(store: &mut Kvs<'_>, model: &Model) {
    save(store, model);
    for (key, value) in model.values.iter().enumerate().skip(Device::COUNT) {
        store.put_bytes(RawKey::Hash(key as u32), value).unwrap();
    }
}

fn cost(store: &mut Kvs<'_>, act: impl FnOnce(&mut Kvs<'_>)) -> Stats {
    let before = store.flash().stats().clone();
    act(store);
    store.flash().stats().since(&before)
}

/// What a run of saves takes, and the longest of them.
fn churn(
    store: &mut Kvs<'_>,
    model: &mut Model,
    mut pick: impl FnMut() -> usize,
) -> (String, Duration) {
    let mut longest = Duration::ZERO;
    let all = cost(store, |store| {
        for _ in 0..SAVES {
            model.change(pick());
            let before = store.flash().stats().time;
            save(store, model);
            longest = longest.max(store.flash().stats().time - before);
        }
    });
    let each = |count: u64| count as f64 / f64::from(SAVES);
    let figures = format!(
        "{:.2} programs, {:.1} bytes, {:.2} erases per 1,000",
        each(all.programs),
        each(all.program_bytes),
        each(1_000 * all.erases),
    );
    (figures, longest)
}

#[test]
fn saves_of_one_setting_and_gets_and_boots_behind_them() {
    let (mut flash, mut ram) = (presets::nrf52840(), Ram::new());
    let mut model = Model::new(&Layout::device());
    let mut store = mount(&mut flash, &mut ram);
    provision(&mut store, &model);
    let (figures, _) = churn(&mut store, &mut model, || 0);
    assert_snapshot!(figures, @"1.01 programs, 12.2 bytes, 2.98 erases per 1,000");

    let gets = cost(&mut store, |store| {
        for hash in Device::TREE.hashes {
            store.get_bytes(RawKey::Hash(*hash), &mut [0; 64]).unwrap();
        }
    });
    assert_snapshot!(format!("{} reads of {} settings", gets.reads, Device::COUNT), @"32 reads of 32 settings");

    let (mut reads, mut bytes) = (0, 0);
    for _ in 0..16 {
        flash.reset_stats();
        let mut store = mount(&mut flash, &mut ram);
        let (settings, _) = store.load::<Device>();
        assert_eq!(settings.values(), model.values);
        reads += store.flash().stats().reads;
        bytes += store.flash().stats().read_bytes;
        for _ in 0..21 {
            model.change(0);
            save(&mut store, &model);
        }
    }
    assert_snapshot!(format!("{} reads, {} bytes", reads / 16, bytes / 16), @"66 reads, 3749 bytes");
}

#[test]
fn saves_by_zipfs_law_half_full() {
    let (mut flash, mut ram) = (presets::nrf52840(), Ram::new());
    let mut model = Model::new(&Layout::device().filled(50, flash.image().len()));
    let mut store = mount(&mut flash, &mut ram);
    provision(&mut store, &model);
    let mut zipf = Zipf::new(Device::COUNT, 32);
    let (figures, longest) = churn(&mut store, &mut model, || zipf.draw());
    assert_snapshot!(figures, @"1.01 programs, 14.1 bytes, 3.44 erases per 1,000");
    assert_snapshot!(format!("{:.1} ms", longest.as_secs_f64() * 1_000.0), @"127.9 ms");
}

#[test]
fn saves_of_four_settings_and_of_none() {
    let (mut flash, mut ram) = (presets::nrf52840(), Ram::new());
    let mut model = Model::new(&Layout::device());
    let mut store = mount(&mut flash, &mut ram);
    provision(&mut store, &model);
    let mut changed = |keys: &[usize]| {
        keys.iter().for_each(|&key| model.change(key));
        let cost = cost(&mut store, |store| save(store, &model));
        format!("{} programs, {} bytes", cost.programs, cost.program_bytes)
    };
    assert_snapshot!(changed(&[0]), @"1 programs, 12 bytes");
    assert_snapshot!(changed(&[0, 8, 16, 24]), @"1 programs, 56 bytes");
    assert_snapshot!(changed(&[]), @"0 programs, 0 bytes");
}
