//! One rule at a time: which old value counts, and what becomes of those that do not fit.

use heapless::String;
use kvs::sim::SimFlash;
use kvs::{Error, Options, Outcome, RawKey, Rejection, Resources, Settings, Store};

type Ram = Resources<64, 3, 96>;
type TestStore<'a> = Store<'a, &'a mut SimFlash<4, 1024>>;

/// Runs `test` on a fresh store.
fn on_a_store(test: impl FnOnce(&mut TestStore<'_>)) {
    let mut flash = SimFlash::<4, 1024>::new(3);
    let mut ram = Ram::new();
    let mut store = Store::mount(&mut flash, 0..3 * 1024, &mut ram, Options::DEFAULT).unwrap();
    test(&mut store);
}

/// Stores `value` under a versioned name, as an older firmware would have.
fn plant(store: &mut TestStore<'_>, name: &str, value: impl serde::Serialize) {
    let mut buffer = [0; 64];
    let bytes = postcard::to_slice(&value, &mut buffer).unwrap();
    let key = RawKey::Hash(kvs::key_hash(name));
    store.put_bytes(key, bytes).unwrap();
}

fn has(store: &mut TestStore<'_>, name: &str) -> bool {
    let key = RawKey::Hash(kvs::key_hash(name));
    store.contains(key).unwrap()
}

fn outcomes<S: Settings>(store: &mut TestStore<'_>) -> Vec<Outcome> {
    let (_, report) = store.load::<S>();
    report.iter().map(|(_, outcome)| outcome).collect()
}

#[derive(Settings)]
struct Net {
    #[setting(default = "none", alias = "server", alias = "host")]
    broker: String<8>,
    #[setting(default = 1, range = 1..=100, migrate(from = "volts", ty = u32, try_with = fits))]
    level: u8,
    #[setting(default = 5, migrate(from("a", "b"), ty = (u8, u8), with = |(a, b)| a + b))]
    sum: u8,
}

fn fits(volts: u32) -> Result<u8, &'static str> {
    u8::try_from(volts / 10).map_err(|_| "too much")
}

#[test]
fn the_own_key_counts_before_aliases_and_those_in_their_order() {
    on_a_store(|store| {
        plant(store, "host:str", "third");
        assert_eq!(store.load::<Net>().0.broker, "third");
        plant(store, "server:str", "second");
        assert_eq!(store.load::<Net>().0.broker, "second");
        assert_eq!(outcomes::<Net>(store)[0], Outcome::Migrated(1));
        store
            .put(Net::KEYS.broker, &"first".try_into().unwrap())
            .unwrap();
        assert_eq!(store.load::<Net>().0.broker, "first");
        assert_eq!(outcomes::<Net>(store)[0], Outcome::Loaded);
        // Superseded, both of them.
        assert_eq!(store.confirm::<Net>(), Ok(2));
        assert!(!has(store, "host:str") && !has(store, "server:str"));
    });
}

#[test]
fn a_get_migrates_as_a_load_does() {
    on_a_store(|store| {
        let keys = Net::KEYS;
        plant(store, "volts:u32", 420u32);
        assert_eq!(store.get(keys.level), Ok(42));
        assert_eq!(store.get_stored(keys.level), Ok(None));
        assert_eq!(store.get(keys.broker).unwrap(), "none");
        plant(store, "volts:u32", 5000u32);
        let refused = store.get(keys.level);
        let why = Rejection::NotMigrated;
        let setting = keys.level.path();
        assert_eq!(refused, Err(Error::Rejected { setting, why }));
    });
}

#[test]
fn what_a_function_or_the_range_turns_down_stays_and_is_told() {
    for (volts, why) in [
        (5000u32, Rejection::NotMigrated),
        (1010, Rejection::OutOfRange),
    ] {
        on_a_store(|store| {
            plant(store, "volts:u32", volts);
            let (net, report) = store.load::<Net>();
            assert_eq!(net.level, 1, "the default");
            assert_eq!(
                report.rejected().map(|(_, why)| why).collect::<Vec<_>>(),
                [why]
            );
            assert!(!report.is_first_boot());
            // Nothing of it is lost by a confirmation.
            assert_eq!(store.confirm::<Net>(), Ok(0));
            assert!(has(store, "volts:u32"));
            // A save of what the user chose supersedes it.
            store.save(&Net { level: 7, ..net }).unwrap();
            assert_eq!(store.confirm::<Net>(), Ok(1));
            assert!(!has(store, "volts:u32"));
        });
    }
}

#[test]
fn a_merge_without_defaults_needs_all_of_its_sources() {
    on_a_store(|store| {
        plant(store, "a:u8", 3u8);
        assert_eq!(store.get(Net::KEYS.sum), Ok(5), "the default");
        assert_eq!(store.confirm::<Net>(), Ok(0), "the half is kept");
        plant(store, "b:u8", 4u8);
        assert_eq!(store.get(Net::KEYS.sum), Ok(7));
        assert_eq!(store.confirm::<Net>(), Ok(3));
        assert_eq!(store.get_stored(Net::KEYS.sum), Ok(Some(7)));
    });
}

#[test]
fn the_default_is_saved_over_a_migrated_value() {
    on_a_store(|store| {
        plant(store, "volts:u32", 420u32);
        let (mut net, _) = store.load::<Net>();
        assert_eq!(store.save(&net), Ok(0), "migrated, and not changed");
        net.level = 1;
        assert_eq!(
            store.save(&net),
            Ok(1),
            "back at the default, and not as migrated"
        );
        assert_eq!(store.get(Net::KEYS.level), Ok(1));
    });
}

#[test]
fn a_migrated_default_is_pinned_by_its_confirmation() {
    on_a_store(|store| {
        plant(store, "volts:u32", 10u32);
        assert_eq!(
            store.get(Net::KEYS.level),
            Ok(1),
            "as it happens, the default"
        );
        assert_eq!(store.confirm::<Net>(), Ok(2));
        assert_eq!(store.get_stored(Net::KEYS.level), Ok(Some(1)));
    });
}

#[test]
fn removing_and_resetting_take_old_values_along() {
    on_a_store(|store| {
        let all = |store: &mut TestStore<'_>| {
            plant(store, "volts:u32", 420u32);
            plant(store, "server:str", "old");
        };
        all(store);
        assert_eq!(store.remove(Net::KEYS.level), Ok(true));
        assert_eq!(store.remove(Net::KEYS.level), Ok(false));
        assert_eq!(store.get(Net::KEYS.level), Ok(1));
        assert_eq!(store.get(Net::KEYS.broker).unwrap(), "old");
        all(store);
        assert_eq!(store.reset(Net::KEYS.group()), Ok(2));
        assert!(store.load::<Net>().1.is_first_boot());
        assert!(store.is_empty());
    });
}

/// A variant that an old firmware does not know: a save of other settings leaves it to the firmware whose it is.
#[test]
fn a_save_after_a_rollback_leaves_what_it_could_not_read() {
    use super::versions::{Mode, Mode3, V1, V2};
    on_a_store(|store| {
        store.put(V2::KEYS.mode, &Mode3::Auto).unwrap();
        let (mut old, report) = store.load::<V1>();
        assert!(
            report
                .rejected()
                .any(|(path, _)| path == V1::KEYS.mode.path())
        );
        old.legacy = 7;
        assert_eq!(store.save(&old), Ok(1));
        assert!(matches!(store.get(V2::KEYS.mode), Ok(Mode3::Auto)));
        // What is chosen there counts; and so does the default, where it is put in place of what could be read.
        old.mode = Mode::On;
        assert_eq!(store.save(&old), Ok(1));
        old.mode = Mode::Off;
        assert_eq!(store.save(&old), Ok(1));
        assert!(matches!(store.get(V2::KEYS.mode), Ok(Mode3::Off)));
    });
}

/// A text that an older firmware had more room for: kept as it was, and told.
#[test]
fn a_text_that_no_longer_fits_is_rejected() {
    on_a_store(|store| {
        plant(store, "server:str", "far too long");
        let (net, report) = store.load::<Net>();
        assert_eq!(net.broker, "none");
        let rejected: Vec<_> = report.rejected().map(|(_, why)| why).collect();
        assert_eq!(rejected, [Rejection::Undecodable]);
        assert!(has(store, "server:str"));
    });
}

#[derive(Settings, Debug, PartialEq)]
#[settings(prefix = "ui", migrate(from("layout": (u8, u8), "/theme": u8 @ 2), with = Self::take))]
struct Screen {
    #[setting(default = 80)]
    width: u8,
    #[setting(default = 25, range = 1..=60)]
    height: u8,
    #[setting(default = false)]
    dark: bool,
}

impl Screen {
    fn take(&mut self, (layout, theme): (Option<(u8, u8)>, Option<u8>)) {
        if let Some((width, height)) = layout {
            (self.width, self.height) = (width, height);
        }
        self.dark = theme == Some(1);
    }
}

#[test]
fn a_structs_own_function_fills_what_nothing_else_does() {
    on_a_store(|store| {
        plant(store, "ui.layout:(u8*2)", (100u8, 50u8));
        plant(store, "theme:u8@2", 1u8);
        store.put(Screen::KEYS.width, &90).unwrap();
        let (screen, _) = store.load::<Screen>();
        let expected = Screen {
            width: 90,
            height: 50,
            dark: true,
        };
        assert_eq!(screen, expected);
        let found = outcomes::<Screen>(store);
        assert_eq!(
            found,
            [Outcome::Loaded, Outcome::Migrated(0), Outcome::Migrated(0)]
        );
        assert_eq!(store.save(&screen), Ok(0));
        assert_eq!(store.confirm::<Screen>(), Ok(4));
        assert_eq!(store.load::<Screen>().0, expected);
        assert_eq!(outcomes::<Screen>(store), [Outcome::Loaded; 3]);
    });
    // What it makes is checked as anything else, and what was turned down stays.
    on_a_store(|store| {
        plant(store, "ui.layout:(u8*2)", (100u8, 61u8));
        let (screen, report) = store.load::<Screen>();
        assert_eq!((screen.width, screen.height), (100, 25));
        let rejected: Vec<_> = report.rejected().map(|(_, why)| why).collect();
        assert_eq!(rejected, [Rejection::OutOfRange]);
        assert_eq!(store.confirm::<Screen>(), Ok(1));
        assert!(has(store, "ui.layout:(u8*2)"));
    });
    on_a_store(|store| {
        plant(store, "ui.layout:(u8*2)", (100u8, 50u8));
        assert_eq!(store.reset(Screen::KEYS.group()), Ok(1));
        assert!(store.load::<Screen>().1.is_first_boot());
    });
}

#[test]
fn a_get_gives_what_the_structs_own_function_makes() {
    on_a_store(|store| {
        plant(store, "ui.layout:(u8*2)", (100u8, 50u8));
        plant(store, "theme:u8@2", 1u8);
        let keys = Screen::KEYS;
        assert_eq!(store.get(keys.width), Ok(100));
        assert_eq!(
            (store.get(keys.height), store.get(keys.dark)),
            (Ok(50), Ok(true))
        );
        assert_eq!(store.get_stored(keys.width), Ok(None));
        store.put(keys.width, &90).unwrap();
        assert_eq!(
            (store.get(keys.width), store.get(keys.height)),
            (Ok(90), Ok(50))
        );
        // And turns down what a load turns down.
        plant(store, "ui.layout:(u8*2)", (100u8, 61u8));
        let (setting, why) = (keys.height.path(), Rejection::OutOfRange);
        assert_eq!(
            store.get(keys.height),
            Err(Error::Rejected { setting, why })
        );
        assert_eq!(
            store.load::<Screen>().1.rejected().next(),
            Some((setting, why))
        );
    });
}

/// Calibration from a packed value of long ago, beside what a user chose.
#[derive(Settings)]
#[settings(migrate(from("packed": (u8, u8)), with = Self::unpack), retired("token": u8))]
struct Scale {
    #[setting(default = 1)]
    unit: u8,
    #[setting(default = 0, keep)]
    zero: u8,
}

impl Scale {
    fn unpack(&mut self, (packed,): (Option<(u8, u8)>,)) {
        if let Some((unit, zero)) = packed {
            (self.unit, self.zero) = (unit, zero);
        }
    }
}

#[test]
fn a_reset_keeps_what_the_struct_has_made_of_a_kept_setting() {
    on_a_store(|store| {
        plant(store, "packed:(u8*2)", (5u8, 77u8));
        plant(store, "token:u8", 9u8);
        assert_eq!(store.get(Scale::KEYS.zero), Ok(77));
        // The packed value and the token go, the calibration is stored.
        assert_eq!(store.reset(Scale::KEYS.group()), Ok(3));
        assert!(!has(store, "packed:(u8*2)") && !has(store, "token:u8"));
        assert_eq!(
            (store.get(Scale::KEYS.unit), store.get(Scale::KEYS.zero)),
            (Ok(1), Ok(77))
        );
        assert_eq!(
            outcomes::<Scale>(store),
            [Outcome::Default, Outcome::Loaded]
        );
    });
}

/// In a store without room a confirmation changes nothing; what is migrated stays usable, and once there is room it goes
/// through.
#[test]
fn a_confirmation_without_room_is_refused_whole() {
    on_a_store(|store| {
        plant(store, "volts:u32", 420u32);
        plant(store, "host:str", "old");
        let mut number = 100;
        while store.put_bytes(RawKey::Hash(number), &[7; 90]).is_ok() {
            number += 1;
        }
        while store.put_bytes(RawKey::Hash(number), &[]).is_ok() {
            number += 1;
        }
        let before = store.len();
        assert!(matches!(store.confirm::<Net>(), Err(Error::Full { .. })));
        assert_eq!((store.len(), store.get(Net::KEYS.level)), (before, Ok(42)));
        assert_eq!(store.load::<Net>().1.migrated().count(), 2);
        store.delete(RawKey::Hash(100)).unwrap();
        assert_eq!(store.confirm::<Net>(), Ok(4));
        assert_eq!(store.get_stored(Net::KEYS.level), Ok(Some(42)));
    });
}

#[derive(Settings)]
struct Lamp {
    #[setting(default = 80)]
    brightness: u8,
    #[setting(default = 1, alias = "hue")]
    tint: u8,
}

#[test]
fn prune_removes_what_no_struct_of_the_firmware_knows() {
    on_a_store(|store| {
        for number in 0..20u32 {
            store.put_bytes(RawKey::Hash(number), &[1]).unwrap();
        }
        store.put_bytes("a name", b"stays").unwrap();
        store.put(Lamp::KEYS.brightness, &1).unwrap();
        plant(store, "hue:u8", 3u8);
        plant(store, "volts:u32", 420u32);
        store.put(Screen::KEYS.width, &90).unwrap();
        assert_eq!(store.prune(&[Lamp::TREE, Screen::TREE, Net::TREE]), Ok(20));
        assert_eq!(store.prune(&[Lamp::TREE, Screen::TREE, Net::TREE]), Ok(0));
        assert_eq!(store.len(), 5);
        assert_eq!(store.prune(&[Lamp::TREE]), Ok(2));
        assert_eq!(store.get(Lamp::KEYS.tint), Ok(3));
        assert!(has(store, "hue:u8") && store.contains("a name").unwrap());
    });
}

/// Old values as long as the buffer allows, several of them in it at a time.
#[test]
fn the_buffer_that_the_derive_asks_for_holds_all_that_a_rule_reads() {
    #[derive(Settings)]
    struct Long {
        #[setting(default = 0, migrate(from("a", "b", "c"), ty = (String<40>, String<33>, [u8; 31]), with = length))]
        total: u32,
    }
    fn length((a, b, c): (String<40>, String<33>, [u8; 31])) -> u32 {
        (a.len() * 10_000 + b.len() * 100 + c.len()) as u32
    }
    fn on<const W: usize>() {
        let mut flash = SimFlash::<W, 1024>::new(3);
        let mut ram = Resources::<8, 3, { Long::BUFFER }>::for_settings::<Long>();
        let mut store = Store::mount(&mut flash, 0..3 * 1024, &mut ram, Options::DEFAULT).unwrap();
        let text = "x".repeat(40);
        let mut buffer = [0; 64];
        for (name, bytes) in [
            (
                "a:str",
                postcard::to_slice(&text, &mut buffer).unwrap().to_vec(),
            ),
            (
                "b:str",
                postcard::to_slice(&text[..33], &mut buffer)
                    .unwrap()
                    .to_vec(),
            ),
            ("c:(u8*31)", vec![7; 31]),
        ] {
            store
                .put_bytes(RawKey::Hash(kvs::key_hash(name)), &bytes)
                .unwrap();
        }
        assert_eq!(store.get(Long::KEYS.total), Ok(403_331), "words of {W}");
        assert_eq!(store.confirm::<Long>(), Ok(4));
    }
    on::<1>();
    on::<4>();
    on::<8>();
    on::<32>();
}
