//! What a load could not read is not what it has put in its place: a save leaves it alone.

use kvs::sim::{Outage, SimFlash, When};
use kvs::{Error, Options, Outcome, RawKey, Rejection, Resources, Settings, Store};
use kvs_tests::Chip;

type Part = Chip<4, 1024>;

#[derive(Settings, Debug, PartialEq, Clone)]
struct Device {
    #[setting(default = 0)]
    boots: u32,
    #[setting(default = 7)]
    volume: u8,
    #[setting(default = "")]
    name: heapless::String<16>,
}

/// The same, with a field that has been renamed, one of another type, and one that the struct's own
/// function makes.
#[derive(Settings, Debug, PartialEq, Clone)]
#[settings(migrate(from("name": heapless::String<16>), with = Self::take_name))]
struct Newer {
    #[setting(default = 0)]
    boots: u32,
    #[setting(default = 7, alias = "volume")]
    loudness: u8,
    #[setting(default = 0, migrate(from = "volume", ty = u8, with = percent))]
    percent: u16,
    #[setting(default = "")]
    title: heapless::String<20>,
}

fn percent(volume: u8) -> u16 {
    u16::from(volume) * 10
}

impl Newer {
    fn take_name(&mut self, (name,): (Option<heapless::String<16>>,)) {
        if let Some(name) = name {
            let _ = self.title.push_str(&name);
        }
    }
}

fn mount<'a, const KEYS: usize, const BUFFER: usize>(
    chip: &Part,
    ram: &'a mut Resources<KEYS, 8, BUFFER>,
) -> Store<'a, Part> {
    Store::mount(chip.clone(), 0..4096, ram, Options::DEFAULT).unwrap()
}

fn saved() -> (Part, Device) {
    let chip = Part::new(SimFlash::new(4));
    let mut ram = Resources::<16, 8, 64>::new();
    let mut store = mount(&chip, &mut ram);
    let device = Device {
        boots: 1,
        volume: 9,
        name: "attic".try_into().unwrap(),
    };
    assert_eq!(store.save(&device).unwrap(), 3);
    drop(store);
    (chip, device)
}

/// Runs something whose first `count` calls of the flash fail where they are reads.
fn failing<R>(chip: &Part, count: u64, run: impl FnOnce() -> R) -> R {
    let first = chip.flash().calls();
    chip.flash()
        .outage(Outage::Reads, When::Calls { first, count });
    let result = run();
    chip.flash().end_outages();
    result
}

fn loaded<S: Settings>(chip: &Part) -> S {
    let mut ram = Resources::<16, 8, 64>::new();
    mount(chip, &mut ram).load().0
}

/// The reads of a load fail, all of them or some; the save behind it, of another field, works.
#[test]
fn a_save_leaves_alone_what_the_load_could_not_read() {
    for slots_are_few in [false, true] {
        for count in 1..40 {
            let (chip, device) = saved();
            let (mut few, mut enough) =
                (Resources::<2, 8, 64>::new(), Resources::<16, 8, 64>::new());
            let mut store = if slots_are_few {
                mount(&chip, &mut few)
            } else {
                mount(&chip, &mut enough)
            };
            let (mut found, report) = failing(&chip, count, || store.load::<Device>());
            let unread: Vec<_> = report.rejected().collect();
            let is_unread = |name: &str| {
                unread.iter().any(|(path, why)| {
                    assert_eq!(*why, Rejection::Unreadable);
                    path.to_string() == name
                })
            };
            assert!(!report.is_first_boot());
            found.boots += 1;
            if let Err(error) = store.save(&found) {
                // Where it can't be told what is meant, that is said, and a load settles it.
                assert!(slots_are_few, "{error}");
                assert!(error.to_string().contains("could not be read"), "{error}");
                let boots = found.boots;
                found = store.load::<Device>().0;
                found.boots = if is_unread("boots") {
                    found.boots
                } else {
                    boots
                };
                store.save(&found).unwrap();
            }
            let mut expected = device.clone();
            expected.boots = if is_unread("boots") { 1 } else { 2 };
            drop(store);
            assert_eq!(loaded::<Device>(&chip), expected, "{count} reads");
        }
    }
}

/// The same where what could not be read is of an older firmware: it is migrated the next time.
#[test]
fn a_save_leaves_alone_what_could_not_be_migrated_just_then() {
    for count in 1..60 {
        let (chip, _) = saved();
        let expected = Newer {
            boots: 2,
            ..loaded::<Newer>(&chip)
        };
        assert_eq!((expected.loudness, expected.percent), (9, 90));
        assert_eq!(expected.title, "attic");
        let mut ram = Resources::<16, 8, 64>::new();
        let mut store = mount(&chip, &mut ram);
        let (mut found, report) = failing(&chip, count, || store.load::<Newer>());
        found.boots = 2;
        if store.save(&found).is_err() {
            found = store.load::<Newer>().0;
            found.boots = 2;
            store.save(&found).unwrap();
        }
        drop(store);
        assert_eq!(
            loaded::<Newer>(&chip),
            expected,
            "{count} reads: {report:?}"
        );
    }
}

/// A default that is meant is stored, although what it replaces can't be read just then.
#[test]
fn a_default_that_is_meant_is_stored() {
    for count in 1..40 {
        let (chip, device) = saved();
        let mut ram = Resources::<16, 8, 64>::new();
        let mut store = mount(&chip, &mut ram);
        let (mut found, _) = store.load::<Device>();
        assert_eq!(found, device);
        found.volume = 7;
        found.boots = 2;
        let result = failing(&chip, count, || store.save(&found));
        if result.is_err() {
            store.save(&found).unwrap();
        }
        drop(store);
        assert_eq!(loaded::<Device>(&chip), found, "{count} reads");
    }
    // And what an older firmware has stored, which the load has migrated.
    for count in 1..60 {
        let (chip, _) = saved();
        let mut ram = Resources::<16, 8, 64>::new();
        let mut store = mount(&chip, &mut ram);
        let (mut found, _) = store.load::<Newer>();
        found.loudness = 7;
        found.title.clear();
        let result = failing(&chip, count, || store.save(&found));
        if result.is_err() {
            store.save(&found).unwrap();
        }
        drop(store);
        assert_eq!(loaded::<Newer>(&chip), found, "{count} reads");
    }
}

#[derive(Settings)]
struct Long {
    #[setting(default = 0)]
    boots: u32,
    #[setting(default = "")]
    url: heapless::String<120>,
}

#[derive(Settings)]
struct Short {
    #[setting(default = 0)]
    boots: u32,
    #[setting(default = "")]
    url: heapless::String<32>,
}

/// A newer firmware's value is longer than the older one's buffer, or than its field: the older one
/// goes on, and leaves it.
#[test]
fn a_value_that_is_too_long_here_is_there_for_the_firmware_that_it_is_of() {
    for len in [33, 53, 100, 120] {
        let chip = Part::new(SimFlash::new(4));
        let url: heapless::String<120> = core::iter::repeat_n('x', len).collect();
        let mut ram = Resources::<8, 8, 192>::new();
        let mut store = mount(&chip, &mut ram);
        let boots = 1;
        store
            .save(&Long {
                boots,
                url: url.clone(),
            })
            .unwrap();
        drop(store);
        for boot in 2..200 {
            let mut ram = Resources::<8, 8, 64>::new();
            let mut store = mount(&chip, &mut ram);
            let (mut found, report) = store.load::<Short>();
            let (_, why) = report.rejected().next().unwrap();
            assert!(matches!(why, Rejection::TooLong | Rejection::Undecodable));
            assert_eq!((found.boots, found.url.as_str()), (boot - 1, ""));
            found.boots = boot;
            assert_eq!(store.save(&found).unwrap(), 1);
        }
        let mut ram = Resources::<8, 8, 192>::new();
        let mut store = mount(&chip, &mut ram);
        let (found, _) = store.load::<Long>();
        assert_eq!((found.boots, found.url), (199, url));
        drop(store);
        // What it sets itself is stored.
        let mut ram = Resources::<8, 8, 64>::new();
        let mut store = mount(&chip, &mut ram);
        let url = "short".try_into().unwrap();
        store.save(&Short { boots: 1, url }).unwrap();
        assert_eq!(store.load::<Short>().0.url, "short");
    }
}

/// An entry that has rotted is left alone while its setting is at the default, and replaced by any
/// other value.
#[test]
fn a_rotten_value_is_left_alone_until_its_setting_is_changed() {
    let (chip, _) = saved();
    let at = {
        let mut ram = Resources::<16, 8, 64>::new();
        let mut store = mount(&chip, &mut ram);
        let hash = Device::TREE.hash(1);
        let mut keys = store.keys();
        let mut at = None;
        while let Some(key) = keys.next().unwrap() {
            if key.hash == hash {
                at = Some(key.sector * 1024 + key.offset as usize);
            }
        }
        at.unwrap()
    };
    let mut ram = Resources::<16, 8, 64>::new();
    let mut store = mount(&chip, &mut ram);
    // Without a commit since the mount, it could be the last one, and have been cut.
    store.put_bytes(RawKey::Hash(1), b"").unwrap();
    chip.flash().image_mut()[at + 6] ^= 1;
    let (mut device, report) = store.load::<Device>();
    let corrupt = Outcome::Rejected(Rejection::Corrupt);
    assert_eq!(report.iter().nth(1).unwrap().1, corrupt);
    device.boots = 2;
    assert_eq!(store.save(&device).unwrap(), 1);
    assert!(
        store
            .get_bytes(RawKey::Hash(Device::TREE.hash(1)), &mut [0; 8])
            .is_err()
    );
    device.volume = 3;
    assert_eq!(store.save(&device).unwrap(), 1);
    assert_eq!(store.load::<Device>().0, device);
}

#[derive(Settings)]
struct Before {
    #[setting(default = 0)]
    old: u8,
}

#[derive(Settings)]
struct After {
    #[setting(default = 0, alias = "old")]
    a: u8,
    #[setting(default = 0)]
    b: u8,
    #[setting(default = 0)]
    c: u8,
}

/// An old value beside it makes no difference to what the load could not read.
#[test]
fn a_save_leaves_alone_what_is_stored_beside_an_old_value() {
    let chip = Part::new(SimFlash::new(4));
    let mut ram = Resources::<16, 8, 64>::new();
    let mut store = mount(&chip, &mut ram);
    store.put(Before::KEYS.old, &5).unwrap();
    store.put(After::KEYS.b, &7).unwrap();
    chip.flash().outage(Outage::Reads, When::OneIn(1));
    let (mut found, _) = store.load::<After>();
    chip.flash().end_outages();
    found.c = 1;
    assert_eq!(store.save(&found).unwrap(), 1);
    let (found, _) = store.load::<After>();
    assert_eq!((found.a, found.b, found.c), (5, 7, 1));
}

#[derive(Settings)]
struct Six {
    #[setting(default = 0)]
    a: u8,
    #[setting(default = 0)]
    b: u8,
    #[setting(default = 0)]
    c: u8,
    #[setting(default = 0)]
    d: u8,
    #[setting(default = 0)]
    e: u8,
    #[setting(default = 0)]
    f: u8,
}

fn put_six(store: &mut Store<'_, Part>) {
    let keys = Six::KEYS;
    let keys = [keys.a, keys.b, keys.c, keys.d, keys.e, keys.f];
    for (key, value) in keys.into_iter().zip(1..) {
        store.put(key, &value).unwrap();
    }
}

/// In a store of few slots a default that is meant is stored, or refused, after a load that failed in part.
#[test]
fn a_default_that_is_meant_is_never_dropped_silently() {
    for count in 1..30 {
        let chip = Part::new(SimFlash::new(4));
        let mut ram = Resources::<4, 8, 64>::new();
        let mut store = mount(&chip, &mut ram);
        put_six(&mut store);
        let (mut found, report) = failing(&chip, count, || store.load::<Six>());
        let f = report.iter().nth(5).unwrap().1;
        found.f = 0;
        let saved = store.save(&found);
        let now = store.get(Six::KEYS.f).unwrap();
        let is_kept = f == Outcome::Rejected(Rejection::Unreadable) && now == 6;
        assert!(
            saved.is_err() || now == 0 || is_kept,
            "{count}: {saved:?}, {now}"
        );
    }
}

/// A refused commit leaves nothing behind that hides a value.
#[test]
fn a_refused_reset_changes_nothing() {
    #[derive(Settings, Debug, PartialEq)]
    struct Renamed {
        #[setting(default = 0, alias = "a")]
        aa: u8,
        #[setting(default = 0, alias = "b")]
        bb: u8,
        #[setting(default = 0, alias = "c")]
        cc: u8,
        #[setting(default = 0, alias = "d")]
        dd: u8,
        #[setting(default = 0)]
        e: u8,
        #[setting(default = 0)]
        f: u8,
    }
    let chip = Part::new(SimFlash::new(4));
    let mut ram = Resources::<4, 8, 64>::new();
    let mut store = mount(&chip, &mut ram);
    put_six(&mut store);
    let image = chip.image();
    let before = store.load::<Renamed>().0;
    let error = store.reset(Renamed::KEYS.group()).unwrap_err();
    assert_eq!(error, Error::TooManyKeys { capacity: 4 });
    assert_eq!(store.load::<Renamed>().0, before);
    assert_eq!((before.aa, before.dd), (1, 4));
    assert_eq!(chip.image(), image);
}

#[derive(Settings)]
struct Two {
    #[setting(default = 0)]
    a: u8,
    #[setting(default = 0)]
    b: u8,
}

#[derive(Settings)]
struct TwoRenamed {
    #[setting(default = 0, alias = "a")]
    x: u8,
    #[setting(default = 0, alias = "b")]
    y: u8,
}

/// As many slots as settings, all of them stored and renamed: the update is saved and confirmed.
#[test]
fn a_rename_in_a_full_map_does_not_stop_saving() {
    let chip = Part::new(SimFlash::new(4));
    let mut ram = Resources::<2, 8, 64>::new();
    let mut store = mount(&chip, &mut ram);
    store.save(&Two { a: 1, b: 2 }).unwrap();
    drop(store);
    let mut ram = Resources::<2, 8, 64>::new();
    let mut store = mount(&chip, &mut ram);
    let (mut found, _) = store.load::<TwoRenamed>();
    assert_eq!((found.x, found.y), (1, 2));
    found.x = 3;
    assert_eq!(store.save(&found).unwrap(), 1);
    store.confirm::<TwoRenamed>().unwrap();
    drop(store);
    let mut ram = Resources::<2, 8, 64>::new();
    let mut store = mount(&chip, &mut ram);
    let (found, _) = store.load::<TwoRenamed>();
    assert_eq!((found.x, found.y, store.len()), (3, 2, 2));
}
