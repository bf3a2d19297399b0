//! All of the blocking API, within reach of the linker: for `no-panic`, which looks for panics in the image.
//!
//! What is passed in and what comes out goes through `black_box`, so that nothing is known while compiling.
#![no_std]
#![no_main]

mod settings;

use core::hint::black_box;

use app::{Flash, PARTITION};
use kvs::{Change, Error, KeyHasher, Options, RawKey, Resources, Settings, Store, key_hash};
use settings::{Device, Network};

type Kvs<'a> = Store<'a, Flash>;

const BUFFER: usize = Device::BUFFER;

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut ram = Resources::<32, 8, BUFFER>::for_settings::<Device>();
    let options = black_box(Options::DEFAULT);
    let range = black_box(0..PARTITION);
    if let Ok(mut store) = Store::mount(Flash, range, &mut ram, options) {
        loop {
            whole(&mut store);
            single(&mut store);
            updates(&mut store);
            raw(&mut store);
            several(&mut store);
            seen(&mut store);
            if black_box(false) {
                black_box(store.unmount());
                break;
            }
        }
    }
    #[cfg(feature = "with-panic")]
    black_box([1, 2, 3][black_box(1)]);
    loop {}
}

/// A settings struct at a time.
#[inline(never)]
fn whole(store: &mut Kvs<'_>) {
    let (device, report) = store.load::<Device>();
    black_box(report.is_first_boot());
    black_box(report.migrated().count());
    black_box(report.rejected().count());
    for (path, outcome) in report.iter() {
        black_box((path.leaf(), path.range(), path.is_kept(), outcome));
    }
    black_box(store.save(black_box(&device)).is_ok());
    let (network, _) = store.load::<Network>();
    black_box(store.save(black_box(&network)).is_ok());
    black_box(store.reset(Device::KEYS.group()).is_ok());
    black_box(store.reset(Device::KEYS.network.group()).is_ok());
}

/// A setting at a time, of each kind of type.
#[inline(never)]
fn single(store: &mut Kvs<'_>) {
    macro_rules! each {
        ($($key:expr),* $(,)?) => {$(
            let key = $key;
            if let Ok(value) = black_box(store.get(key)) {
                black_box(store.put(key, &value).is_ok());
            }
            black_box(store.get_stored(key).is_ok());
            black_box(store.remove(key).is_ok());
        )*};
    }
    const KEYS: settings::DeviceKeys = Device::KEYS;
    each![
        KEYS.enabled,
        KEYS.period,
        KEYS.offset,
        KEYS.counter,
        KEYS.total,
        KEYS.gain,
        KEYS.letter,
        KEYS.level,
        KEYS.token,
        KEYS.points,
        KEYS.schedule,
        KEYS.pair,
        KEYS.maximum,
        KEYS.mode,
        KEYS.network.ssid,
        KEYS.network.channel,
    ];
}

/// What a firmware update needs.
#[inline(never)]
fn updates(store: &mut Kvs<'_>) {
    black_box(store.confirm::<Device>().is_ok());
    black_box(
        store
            .prune(black_box(&[Device::TREE, Network::TREE]))
            .is_ok(),
    );
}

/// Names and bytes.
#[inline(never)]
fn raw(store: &mut Kvs<'_>) {
    let name = black_box("name");
    let mut bytes = [0; 80];
    let len = black_box(80);
    let Some(bytes) = bytes.get_mut(..len) else {
        return;
    };
    for key in [RawKey::Name(name), RawKey::Hash(black_box(1))] {
        black_box(store.put_bytes(key, bytes).is_ok());
        black_box(store.get_bytes(key, bytes).is_ok());
        black_box(store.get_bytes_at(key, black_box(3), bytes).is_ok());
        black_box(store.value_len(key).is_ok());
        black_box(store.contains(key).is_ok());
        black_box(store.max_value_len(key));
        black_box(store.delete(key).is_ok());
        black_box(key.hash());
    }
    black_box(key_hash(name));
    black_box(
        KeyHasher::new()
            .text(name)
            .byte(black_box(1))
            .number(black_box(2))
            .finish(),
    );
    black_box(kvs::Crc32c::of(bytes));
}

/// Several changes at once.
#[inline(never)]
fn several(store: &mut Kvs<'_>) {
    let (counter, level) = black_box((1, 2));
    let changes = (|| {
        Ok::<_, Error<core::convert::Infallible>>([
            Device::KEYS.counter.set(&counter)?,
            Device::KEYS.level.set(&level)?,
            Device::KEYS.period.unset(),
            Change::put(black_box("name"), black_box(b"value")),
            Change::delete(black_box("other")),
        ])
    })();
    if let Ok(changes) = changes {
        let some = changes.get(..black_box(5)).unwrap_or_default();
        black_box(store.commit(some).is_ok());
    }
}

/// Housekeeping, and what there is to see.
#[inline(never)]
fn seen(store: &mut Kvs<'_>) {
    black_box(store.maintain().is_ok());
    let stats = black_box(store.stats());
    black_box(stats.expected_commits_left(black_box(1), black_box(1)));
    black_box((store.len(), store.is_empty(), store.capacity()));
    black_box(store.options());
    black_box(store.flash());
    for sector in store.sectors() {
        black_box(sector);
    }
    let mut keys = store.keys();
    loop {
        match keys.next() {
            Ok(Some(key)) => black_box((key.hash, key.name.is_some(), key.value_len)),
            Ok(None) => break,
            Err(_) => continue,
        };
    }
}
