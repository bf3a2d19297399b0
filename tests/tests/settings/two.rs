//! Two settings structs in one store.

use heapless::String;
use kvs::sim::presets;
use kvs::{Error, Options, Outcome, Rejection, Settings, Store};

use super::{Flash, Ram, mount};

#[derive(Settings, Debug, PartialEq)]
struct Display {
    #[setting(default = "display")]
    name: String<16>,
    #[setting(default = 80)]
    level: u8,
}

/// Written by somebody who did not think of a prefix.
#[derive(Settings, Debug, PartialEq)]
struct Net {
    #[setting(default = 1883)]
    port: u16,
    #[setting(default = "net")]
    name: String<16>,
}

const SHARED: Rejection = Rejection::SharedKey("Display");

fn name(text: &str) -> String<16> {
    text.try_into().unwrap()
}

/// A store whose first struct is `Display`, with a name of its own in flash.
fn with_a_display<'a>(flash: &'a mut Flash, ram: &'a mut Ram) -> Store<'a, &'a mut Flash> {
    let mut store = mount(flash, ram);
    store.put(Display::KEYS.name, &name("hall")).unwrap();
    store
}

/// Asserts that nothing but the display's name was ever stored.
fn assert_untouched(store: &mut Store<'_, &mut Flash>) {
    assert_eq!(store.get(Display::KEYS.name).unwrap(), "hall");
    assert_eq!(store.len(), 1);
}

#[test]
fn a_load_of_a_second_struct_gives_shared_settings_their_default() {
    let (mut flash, mut ram) = (presets::nrf52840(), Ram::new());
    let mut store = with_a_display(&mut flash, &mut ram);
    let (net, report) = store.load::<Net>();
    assert_eq!((net.port, net.name.as_str()), (1883, "net"));
    let outcomes: Vec<_> = report.iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(outcomes, [Outcome::Default, Outcome::Rejected(SHARED)]);
    // And the first one is what it was, however often the second is loaded.
    let (display, report) = store.load::<Display>();
    assert_eq!(display.name, "hall");
    assert!(report.rejected().next().is_none());
}

#[test]
fn nothing_of_a_second_struct_takes_the_place_of_a_shared_value() {
    let (mut flash, mut ram) = (presets::nrf52840(), Ram::new());
    let mut store = with_a_display(&mut flash, &mut ram);
    let refused = Error::Rejected {
        setting: Net::KEYS.name.path(),
        why: SHARED,
    };
    let (mut net, _) = store.load::<Net>();
    net.port = 8883;
    // Its default would be put in the place of the display's name.
    assert_eq!(store.save(&net), Err(refused));
    net.name = name("lan");
    assert_eq!(store.save(&net), Err(refused));
    assert_eq!(store.get(Net::KEYS.name), Err(refused));
    assert_eq!(store.get_stored(Net::KEYS.name), Err(refused));
    assert_eq!(store.put(Net::KEYS.name, &net.name), Err(refused));
    let both = [
        Net::KEYS.port.set(&net.port).unwrap(),
        Net::KEYS.name.set(&net.name).unwrap(),
    ];
    assert_eq!(store.commit(&both), Err(refused));
    assert_eq!(store.remove(Net::KEYS.name), Err(refused));
    assert_eq!(store.reset(Net::KEYS.group()), Err(refused));
    assert_untouched(&mut store);
    // What they don't share is no matter.
    store.put(Net::KEYS.port, &8883).unwrap();
    assert_eq!(store.get(Net::KEYS.port), Ok(8883));
}

#[test]
fn a_confirmation_of_a_second_struct_leaves_a_shared_value() {
    #[derive(Settings)]
    struct Radio {
        #[setting(default = 0, alias = "chan")]
        channel: u8,
        #[setting(default = "", alias = "title")]
        name: String<16>,
    }
    let (mut flash, mut ram) = (presets::nrf52840(), Ram::new());
    let mut store = with_a_display(&mut flash, &mut ram);
    for key in ["chan:u8", "title:str"] {
        // A channel of 2, and a title of two bytes.
        let value: &[u8] = if key == "chan:u8" { &[2] } else { b"\x02ab" };
        store
            .put_bytes(kvs::RawKey::Hash(kvs::key_hash(key)), value)
            .unwrap();
    }
    // The old title stays for whoever can use it, and the channel is stored in place of the old one.
    assert_eq!(store.confirm::<Radio>(), Ok(2));
    assert_eq!(store.get_stored(Radio::KEYS.channel), Ok(Some(2)));
    assert_eq!(store.get(Display::KEYS.name).unwrap(), "hall");
    assert_eq!(store.len(), 3);
}

#[test]
fn the_refusal_says_what_to_do() {
    let (mut flash, mut ram) = (presets::nrf52840(), Ram::new());
    let mut store = with_a_display(&mut flash, &mut ram);
    assert_eq!(
        store.get(Net::KEYS.name).unwrap_err().to_string(),
        "name: the struct `Display` in the same store has this key too; give one of the two a `prefix`, and have \
         `Resources::for_settings::<(A, B)>()` check them while compiling"
    );
}

/// Names with one hash: -300 of the one would load as 599.
#[test]
fn keys_of_one_hash_are_not_read_as_each_other() {
    #[derive(Settings)]
    struct Servo {
        #[setting(default = 0)]
        position_hysteresis_off: i16,
    }
    #[derive(Settings)]
    struct Climate {
        #[setting(default = 7)]
        zone_fan_out: u16,
    }
    assert_eq!(Servo::TREE.hashes, Climate::TREE.hashes);
    let (mut flash, mut ram) = (presets::nrf52840(), Ram::new());
    let mut store = mount(&mut flash, &mut ram);
    let servo = Servo {
        position_hysteresis_off: -300,
    };
    assert_eq!(store.save(&servo), Ok(1));
    let (climate, report) = store.load::<Climate>();
    assert_eq!(climate.zone_fan_out, 7);
    let why = Rejection::SharedKey("Servo");
    assert_eq!(
        report.rejected().map(|(_, why)| why).collect::<Vec<_>>(),
        [why]
    );
    assert!(store.save(&climate).is_err());
    assert_eq!(store.load::<Servo>().0.position_hysteresis_off, -300);
}

#[test]
fn structs_with_a_prefix_live_in_one_store() {
    #[derive(Settings, Debug, PartialEq)]
    #[settings(prefix = "net")]
    struct Prefixed {
        #[setting(default = 1883)]
        port: u16,
        #[setting(default = "net")]
        name: String<16>,
    }
    const fn resources<S: kvs::SettingsSet>() -> Ram {
        Ram::for_settings::<S>()
    }
    let (mut flash, mut ram) = (
        presets::nrf52840(),
        resources::<(Display, Prefixed, super::Wifi)>(),
    );
    let mut store = with_a_display(&mut flash, &mut ram);
    let (mut net, report) = store.load::<Prefixed>();
    assert!(report.is_first_boot());
    net.name = name("lan");
    assert_eq!(store.save(&net), Ok(1));
    assert_eq!(store.load::<Prefixed>().0, net);
    assert_eq!(store.load::<Display>().0.name, "hall");
}

/// A test of an update has both versions in one program, and the store can't tell that from two structs but by this.
#[test]
fn versions_of_one_struct_are_not_two_structs() {
    mod v2 {
        use super::{Settings, String};
        #[derive(Settings)]
        pub(super) struct Display {
            #[setting(default = "screen")]
            pub(super) name: String<16>,
        }
    }
    #[derive(Settings)]
    struct Screen {
        #[setting(default = "screen")]
        name: String<16>,
        #[setting(default = 0, migrate(from = "level", ty = u8))]
        brightness: u16,
    }
    let (mut flash, mut ram) = (presets::nrf52840(), Ram::new());
    let mut store = with_a_display(&mut flash, &mut ram);
    // By its name.
    assert_eq!(store.load::<v2::Display>().0.name, "hall");
    assert_eq!(store.load::<Display>().0.name, "hall");
    store.put(Display::KEYS.level, &30).unwrap();
    // By what it migrates.
    let (screen, _) = store.load::<Screen>();
    assert_eq!((screen.name.as_str(), screen.brightness), ("hall", 30));
    // And back.
    assert_eq!(store.load::<Display>().0.level, 30);
}

#[test]
fn a_mount_is_a_new_beginning() {
    let (mut flash, mut ram) = (presets::nrf52840(), Ram::new());
    let mut store = with_a_display(&mut flash, &mut ram);
    store.remount().unwrap();
    assert_eq!(store.get(Net::KEYS.name).unwrap(), "hall");
    assert!(store.get(Display::KEYS.name).is_err());
    let mut store = Store::mount(&mut flash, 0..8 * 4096, &mut ram, Options::DEFAULT).unwrap();
    assert_eq!(store.get(Display::KEYS.name).unwrap(), "hall");
}
