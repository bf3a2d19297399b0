//! The async API's futures can be sent between threads where the flash can: to an executor with several of them.
//!
//! Compiling this is the test. Of generic code it can't be asked: whether a flash's futures are `Send`, its trait does not
//! say, so only the futures over a certain flash are.

use kvs::asynch::{Keys, Store};
use kvs::sim::{SimError, SimFlash, presets};
use kvs::{Change, Crc32c, Error, Key, Options, Resources, Settings};

#[derive(Settings)]
#[settings(retired("legacy": u8))]
struct Lamp {
    #[setting(default = 80)]
    brightness: u8,
    #[setting(default = "lamp", alias = "title")]
    name: heapless::String<16>,
    #[setting(default = 5000, migrate(ty = u16, with = u32::from))]
    period: u32,
}

fn is_send<T: Send>(_: &T) {}

#[test]
fn the_futures_of_a_sendable_flash_are_send() {
    let mut ram = Resources::<{ Lamp::KEY_SLOTS }, 8, 64>::for_settings::<Lamp>();
    let range = 0..8 * 4096;
    is_send(&Store::mount(
        presets::nrf52840(),
        range.clone(),
        &mut ram,
        Options::DEFAULT,
    ));
    let mount = Store::mount_with(
        presets::nrf52840(),
        range,
        &mut ram,
        Options::DEFAULT,
        Crc32c::new(),
    );
    is_send(&mount);
    let mut store = kvs_polled::to_the_end(mount).unwrap();
    is_send(&store);

    is_send(&store.load::<Lamp>());
    is_send(&store.save(&Lamp::defaults()));
    is_send(&store.confirm::<Lamp>());
    is_send(&store.prune(&[Lamp::TREE]));
    is_send(&store.reset(Lamp::KEYS.group()));
    const NAME: Key<heapless::String<16>> = Lamp::KEYS.name;
    is_send(&store.get(NAME));
    is_send(&store.get_stored(NAME));
    is_send(&store.put(NAME, &heapless::String::new()));
    is_send(&store.remove(NAME));

    is_send(&store.get_bytes("a", &mut []));
    is_send(&store.get_bytes_at("a", 1, &mut []));
    is_send(&store.value_len("a"));
    is_send(&store.contains("a"));
    is_send(&store.put_bytes("a", b"value"));
    is_send(&store.delete("a"));
    let brightness = Lamp::KEYS.brightness.set(&7).unwrap();
    is_send(&store.commit(&[brightness, Change::put("a", b"value"), Change::delete("b")]));
    is_send(&store.maintain());
    let mut keys: Keys<'_, '_, _, _> = store.keys();
    is_send(&keys.next());
}

/// A task that owns its store, as it is spawned.
async fn task(flash: SimFlash<4, 4096>) -> Result<u32, Error<SimError>> {
    let mut ram = Resources::<{ Lamp::KEY_SLOTS }, 8, 64>::for_settings::<Lamp>();
    let mut store = Store::mount(flash, 0..4 * 4096, &mut ram, Options::DEFAULT).await?;
    let (mut lamp, _) = store.load::<Lamp>().await;
    lamp.period += 1;
    store.save(&lamp).await?;
    while store.maintain().await? != kvs::Maintenance::Idle {}
    store.get(Lamp::KEYS.period).await
}

#[test]
fn a_task_with_a_store_runs_in_another_thread() {
    let task = task(SimFlash::new(4));
    let thread = std::thread::spawn(|| kvs_polled::to_the_end(task));
    assert_eq!(thread.join().unwrap(), Ok(5001));
}
