//! Over several versions: what a lock remembers of those long gone.

use heapless::String;
use insta::assert_snapshot;
use kvs::Settings;
use kvs::lock::{Fate, Lock};
use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use super::{locked, said_of, schema};

/// `name` renamed to `title`, `count` widened, `token` retired.
fn v1() -> &'static kvs::Schema {
    schema! {
        #[derive(Settings)]
        struct T { name: String<8>, count: u8, token: u32 }
    }
}

fn v2() -> &'static kvs::Schema {
    schema! {
        #[derive(Settings)]
        #[settings(retired("token": u32))]
        struct T {
            #[setting(alias = "name")]
            title: String<8>,
            #[setting(migrate(ty = u8))]
            count: u16,
        }
    }
}

#[test]
fn three_versions() {
    let v3 = schema! {
        #[derive(Settings)]
        #[settings(retired("token"))]
        struct T {
            #[setting(rename = "label", alias = "title", alias = "name")]
            title: String<8>,
            #[setting(migrate(ty = u8), migrate(ty = u16))]
            count: u32,
        }
    };
    let lock = locked(&[v1(), v2(), v3]);
    assert_snapshot!(lock, @r#"
    # What devices in the field may have stored by the settings of `T`, and of its earlier versions.
    # A test compares it with the struct. Commit it; after a change: UPDATE_LOCK=1 cargo test
    version = 1
    struct = "T"

    [[setting]]
    path = "label"
    key = "label:str"
    hash = "0x8dbfe015"
    type = "str<8>"
    old = [
        "title:str",
        "name:str",
    ]

    [[setting]]
    path = "count"
    key = "count:u32"
    hash = "0x74392b97"
    type = "u32"
    old = [
        "count:u8",
        "count:u16",
    ]

    [[old]]
    path = "count"
    key = "count:u16"
    hash = "0x9360b891"
    type = "u16"
    became = ["count"]
    range = ""
    validate = ""

    [[old]]
    path = "count"
    key = "count:u8"
    hash = "0xf0c7f14e"
    type = "u8"
    became = ["count"]
    range = ""
    validate = ""

    [[old]]
    path = "name"
    key = "name:str"
    hash = "0xecacaae2"
    type = "str<8>"
    became = ["label"]
    range = ""
    validate = ""

    [[old]]
    path = "title"
    key = "title:str"
    hash = "0x1772fbd1"
    type = "str<8>"
    became = ["label"]
    range = ""
    validate = ""

    [[old]]
    path = "token"
    key = "token:u32"
    hash = "0xbaac69cd"
    type = "u32"
    retired = true
    range = ""
    validate = ""
    "#);
    assert_eq!(
        lock.setting("count").expect("it").old,
        ["count:u8", "count:u16"]
    );
    // What is retired need not be listed for ever.
    let v4 = schema! {
        #[derive(Settings)]
        struct T {
            #[setting(rename = "label", alias = "title", alias = "name")]
            title: String<8>,
            #[setting(migrate(ty = u8), migrate(ty = u16))]
            count: u32,
        }
    };
    let lock = locked(&[v1(), v2(), v3, v4]);
    assert_eq!(lock.old_key("token:u32").expect("it").fate, Fate::Retired);
}

#[test]
fn a_migration_that_is_dropped() {
    let lock = locked(&[v1(), v2()]);
    assert_snapshot!(said_of(&lock, schema! {
        #[derive(Settings)]
        struct T { title: String<8>, count: u16 }
    }), @r#"
    `count:u8` is no longer migrated: a device that skips the versions between would lose its value.
      Keep what reads it: `migrate(ty = u8, ..)` on `count` (an `alias` is of the field's own type and `rev` only).
      Or, when no device has it any more, write `#[settings(retired("/count": u8))]` on `T`.

    `name:str` is no longer migrated: a device that skips the versions between would lose its value.
      Keep what reads it: `migrate(from = "name", ty = String<8>, ..)` on `title` (an `alias` is of the field's own type and `rev` only).
      Or, when no device has it any more, write `#[settings(retired("name": String<8>))]` on `T`.
    "#);
    let fine = schema! {
        #[derive(Settings)]
        #[settings(retired("name": String<8>, "/count": u8))]
        struct T { title: String<8>, count: u16 }
    };
    let lock = locked(&[v1(), v2(), fine]);
    assert_eq!(lock.old_key("name:str").expect("it").fate, Fate::Retired);
    assert_eq!(lock.old_key("count:u8").expect("it").fate, Fate::Retired);
    assert_eq!(said_of(&lock, fine), "");
}

#[test]
fn a_name_that_is_back() {
    let lock = locked(&[v1(), v2()]);
    assert_snapshot!(said_of(&lock, schema! {
        #[derive(Settings)]
        struct T {
            #[setting(alias = "name")]
            title: String<8>,
            #[setting(migrate(ty = u8))]
            count: u16,
            token: u32,
        }
    }), @r"
    `token:u32` is a setting's key again, after it was retired: devices may still have old values.
      Use another name, or write `rev = 2`.
    ");
    // Of another type, it is still a name that is used up.
    assert_snapshot!(said_of(&lock, schema! {
        #[derive(Settings)]
        struct T {
            #[setting(alias = "name")]
            title: String<8>,
            #[setting(migrate(ty = u8))]
            count: u16,
            token: bool,
        }
    }), @r"
    `token` is a setting again, after `token:u32` was retired: devices may still have old values.
      Use another name, or write `rev = 2`.
    ");
    // A name that became another one, and goes back.
    assert_snapshot!(said_of(&lock, schema! {
        #[derive(Settings)]
        struct T {
            #[setting(alias = "title")]
            name: String<8>,
            count: u8,
            #[setting(migrate(from = "/count", ty = u16, with = |_| 0))]
            count_2: u8,
        }
    }), @r"
    `count:u8` is a setting's key again, after it became `count`: devices may still have old values.
      Use another name, or write `rev = 2`.

    `name:str` is a setting's key again, after it became `title`: devices may still have old values.
      Use another name, or write `rev = 2`.
    ");
    let fine = schema! {
        #[derive(Settings)]
        struct T {
            #[setting(alias = "name")]
            title: String<8>,
            #[setting(migrate(ty = u8))]
            count: u16,
            #[setting(rev = 2)]
            token: u32,
        }
    };
    let lock = locked(&[v1(), v2(), fine]);
    assert_eq!(said_of(&lock, fine), "");
}

#[test]
fn a_retired_name_without_a_type() {
    let retired = schema! {
        #[derive(Settings)]
        #[settings(retired("token"))]
        struct T { count: u8 }
    };
    let lock = Lock::of(retired);
    assert_eq!(lock.old.len(), 1);
    assert_snapshot!(said_of(&lock, schema! {
        #[derive(Settings)]
        struct T { count: u8, #[setting(rev = 2)] token: u8 }
    }), @r"
    `token` is a setting again, after it was retired: devices may still have old values.
      Use another name.
    ");
    // With the type, once that is known.
    let lock = locked(&[
        schema! {
            #[derive(Settings)]
            struct T { count: u8, token: u8 }
        },
        retired,
    ]);
    let keys: Vec<_> = lock.old.iter().map(|old| old.key.as_deref()).collect();
    assert_eq!(keys, [Some("token:u8")]);
}

#[test]
fn a_collision_with_a_name_of_long_ago() {
    let v1 = schema! {
        #[derive(Settings)]
        struct T { mode_ramp_down: u8, speed: u16 }
    };
    let v2 = schema! {
        #[derive(Settings)]
        #[settings(retired("mode_ramp_down": u8))]
        struct T { speed: u16 }
    };
    let v3 = schema! {
        #[derive(Settings)]
        struct T { speed: u16, fan: bool }
    };
    let v4 = schema! {
        #[derive(Settings)]
        struct T { speed: u16, fan: bool, zone_sleep_out: u8 }
    };
    assert_eq!(
        kvs::key_hash("mode_ramp_down:u8"),
        kvs::key_hash("zone_sleep_out:u8")
    );
    assert_snapshot!(said_of(&locked(&[v1, v2, v3]), v4), @r"
    `zone_sleep_out:u8` has the same hash as the old key `mode_ramp_down:u8`, 0xfb8bdf16: a value of that would be read as one of this.
      Use another name; `rename` on the field will do.
    ");
    // From one version to the next as well.
    let gone = schema! {
        #[derive(Settings)]
        #[settings(retired("mode_ramp_down"))]
        struct T { speed: u16, zone_sleep_out: u8 }
    };
    assert!(said_of(&Lock::of(v1), gone).contains("has the same hash as the old key"));
}

#[test]
fn one_value_for_two_settings() {
    let v1 = schema! {
        #[derive(Settings)]
        struct T { both: (u8, u8), a: u8 }
    };
    let v2 = schema! {
        #[derive(Settings)]
        struct T {
            #[setting(migrate(from = "both", ty = (u8, u8), with = |(one, _)| one))]
            one: u8,
            #[setting(migrate(from = "both", ty = (u8, u8), with = |(_, other)| other))]
            other: u8,
            a: u8,
            // From a setting that stays.
            #[setting(migrate(from = "a", ty = u8, with = |a: u8| a.into()))]
            b: u16,
        }
    };
    let lock = locked(&[v1, v2]);
    let fate = &lock.old_key("both:(u8*2)").expect("it").fate;
    assert_eq!(*fate, Fate::Became(vec!["one".into(), "other".into()]));
    assert_eq!(lock.old_key("a:u8"), None);
}

#[test]
fn an_old_type_that_a_rule_forgets() {
    #[derive(Default, Serialize, Deserialize, Schema)]
    #[allow(dead_code)]
    enum Mode {
        #[default]
        Off,
        Heat,
    }
    mod later {
        use super::*;

        #[derive(Default, Serialize, Deserialize, Schema)]
        #[allow(dead_code)]
        pub(super) enum Mode {
            #[default]
            Heat,
            Off,
        }
    }
    let v1 = schema! {
        #[derive(Settings)]
        struct T { mode: Mode }
    };
    let v2 = schema! {
        #[derive(Settings)]
        struct T { #[setting(migrate(ty = Mode, with = |_| 0))] mode: u8 }
    };
    // The rule is still there, its type is not what it was.
    let v3 = schema! {
        #[derive(Settings)]
        struct T { #[setting(migrate(ty = later::Mode, with = |_| 0))] mode: u8 }
    };
    assert_snapshot!(said_of(&locked(&[v1, v2]), v3), @r"
    `mode` takes its own old values, but as another type: variant `Off` moved from 0 to 1, variant `Heat` moved from 1 to 0. They would be misread.
      was: enum Mode { Off, Heat }
      is:  enum Mode { Heat, Off }
      Let the migration have the type as it was.
    ");
}

/// A revision takes the old keys of an alias with it, as those are of the setting's type and revision.
#[test]
fn an_alias_of_another_revision() {
    let v1 = schema! {
        #[derive(Settings)]
        struct T { a: u8 }
    };
    let v2 = schema! {
        #[derive(Settings)]
        struct T { #[setting(alias = "a")] b: u8 }
    };
    let v3 = schema! {
        #[derive(Settings)]
        struct T { #[setting(alias = "a", rev = 2, migrate(rev = 1, with = |b| b))] b: u8 }
    };
    assert_snapshot!(said_of(&locked(&[v1, v2]), v3), @r#"
    `a:u8` is no longer migrated: a device that skips the versions between would lose its value.
      Keep what reads it: `migrate(from = "a", ty = u8, ..)` on `b` (an `alias` is of the field's own type and `rev` only).
      Or, when no device has it any more, write `#[settings(retired("a": u8))]` on `T`.
    "#);
}

/// The versioned names of the old keys that are not to be shown.
fn secret(lock: &Lock) -> Vec<&str> {
    let old = lock.old.iter().filter(|old| old.secret);
    old.map(|old| old.key.as_deref().unwrap_or(&old.path))
        .collect()
}

#[test]
fn an_old_key_of_a_secret_stays_secret() {
    let v1 = schema! {
        #[derive(Settings)]
        struct T {
            #[setting(secret)]
            pin: u16,
            #[setting(secret)]
            token: u32,
            plain: u8,
            net: u8,
        }
    };
    // A rename and another type, of which the new firmware need not know that they were secret; a retired one.
    let v2 = schema! {
        #[derive(Settings)]
        #[settings(retired("token": u32))]
        struct T {
            #[setting(alias = "pin")]
            code: u16,
            #[setting(secret, migrate(from("plain", "net"), ty = (u8, u8), with = |(a, _)| a))]
            both: u8,
        }
    };
    let lock = locked(&[v1, v2]);
    assert_eq!(
        secret(&lock),
        ["net:u8", "pin:u16", "plain:u8", "token:u32"]
    );
    // And so for ever, whether it is listed any more or not.
    let v3 = schema! {
        #[derive(Settings)]
        #[settings(retired("pin", "code": u16))]
        struct T {
            #[setting(secret, migrate(from("plain", "net"), ty = (u8, u8), with = |(a, _)| a))]
            both: u8,
        }
    };
    let lock = locked(&[v1, v2, v3]);
    assert_eq!(
        secret(&lock),
        ["net:u8", "pin:u16", "plain:u8", "token:u32"]
    );
    assert!(
        lock.to_string().contains("retired = true\nsecret = true"),
        "{lock}"
    );
}

/// A function of a whole struct.
fn take<T>(_: &mut T, _: (Option<u16>, Option<u8>)) {}

#[test]
fn the_source_says_that_old_keys_are_secret() {
    let lock = Lock::of(schema! {
        #[derive(Settings)]
        #[settings(
            retired("token": u32 secret, "seed": u64 @ 2 secret, "word" secret, "volume": u8),
            migrate(from("key": u16 secret, "size": u8), with = take)
        )]
        struct T {
            #[setting(nested, alias = "cloud", secret)]
            server: Server,
            #[setting(nested)]
            disk: Disk,
        }
        #[derive(Settings)]
        #[settings(retired("user": u8))]
        struct Server {
            #[setting(alias = "pass", migrate(from = "code", ty = u8))]
            password: u16,
        }
        #[derive(Settings)]
        #[settings(retired("speed": u8))]
        struct Disk {
            #[setting(alias = "room")]
            space: u16,
        }
    });
    let names = [
        "cloud.code:u8",
        "cloud.pass:u16",
        "cloud.password:u16",
        "cloud.user:u8",
        "key:u16",
        "seed:u64@2",
        "server.code:u8",
        "server.pass:u16",
        "server.user:u8",
        // What a function of the whole struct reads may become a secret, if there is one.
        "size:u8",
        "token:u32",
        "word",
    ];
    assert_eq!(secret(&lock), names);
    let lock = Lock::of(schema! {
        #[derive(Settings)]
        #[settings(migrate(from("key": u16 secret, "size": u8), with = take))]
        struct T {
            level: u16,
        }
    });
    assert_eq!(secret(&lock), ["key:u16"]);
}

/// Of 600 characters, and not of ASCII at places where a window of the name ends.
macro_rules! long_name {
    ($($words:tt)*) => {
        schema! {
            #[derive(Settings)]
            struct T {
                #[setting(rename = "åååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååå-x", $($words)*)]
                level: u8,
            }
        }
    };
}

#[test]
fn names_of_any_length() {
    let old = long_name!(default = 1);
    let lock = Lock::of(old);
    let key = &lock.settings[0].key;
    assert!(key.len() > 512 && key.ends_with("å-x:u8"), "{key}");
    assert_eq!(lock.settings[0].hash, kvs::key_hash(key));
    assert_eq!(old.key_name(0).to_string(), *key);
    assert_eq!(old.key_name(0).hash(), kvs::key_hash(key));
    assert_eq!(lock.to_string().parse().as_ref(), Ok(&lock));
    let said = said_of(&lock, long_name!(rev = 2));
    assert!(said.contains("was revision 1 and is 2"), "{said}");
    assert_eq!(
        said_of(&lock, long_name!(rev = 2, migrate(with = |old| old))),
        ""
    );
}

#[test]
fn another_prefix() {
    let first = schema! {
        #[derive(Settings)]
        #[settings(prefix = "p")]
        struct T { x: u8, #[setting(rev = 2)] name: String<8> }
    };
    let wrong = schema! {
        #[derive(Settings)]
        #[settings(prefix = "q")]
        struct T { x: u8, #[setting(rev = 2)] name: String<8> }
    };
    let lock = Lock::of(first);
    assert_snapshot!(said_of(&lock, wrong), @r#"
    `p` is gone with all that was in it (`x`, `name`), and nothing takes over the values.
      If only the `prefix` is another one, name the old values in full:
      `migrate(from = "/p.x", ty = u8)` on `x`
      `migrate(from = "/p.name", rev = 2, ty = String<8>)` on `name`
      If they are not needed any more, write `retired("/..": ..)` with these paths and types.
    "#);
    let right = schema! {
        #[derive(Settings)]
        struct T {
            #[setting(migrate(from = "/p.x", ty = u8))]
            x: u8,
            #[setting(rev = 2, migrate(from = "/p.name", rev = 2, ty = String<8>))]
            name: String<8>,
        }
    };
    assert_eq!(said_of(&lock, right), "");
}

#[test]
fn a_first_prefix() {
    let first = schema! {
        #[derive(Settings)]
        struct T { x: u8, #[setting(nested)] wifi: Wifi }
        #[derive(Settings)]
        struct Wifi { channel: u8 }
    };
    let wrong = schema! {
        #[derive(Settings)]
        #[settings(prefix = "q")]
        struct T { x: u8, #[setting(nested)] wifi: Wifi }
        #[derive(Settings)]
        struct Wifi { channel: u8 }
    };
    let lock = Lock::of(first);
    assert_snapshot!(said_of(&lock, wrong), @r#"
    `x` (u8) is gone, and nothing takes over its value.
      If only the `prefix` is another one, name the old values in full:
      `migrate(from = "/x", ty = u8)` on `x`
      If they are not needed any more, write `retired("/..": ..)` with these paths and types.

    `wifi` is gone with all that was in it (`channel`), and nothing takes over the values.
      If only the `prefix` is another one, name the old values in full:
      `migrate(from = "/wifi.channel", ty = u8)` on `wifi.channel`
      If they are not needed any more, write `retired("/..": ..)` with these paths and types.
    "#);
    let right = schema! {
        #[derive(Settings)]
        #[settings(prefix = "q")]
        struct T {
            #[setting(migrate(from = "/x", ty = u8))]
            x: u8,
            #[setting(nested)]
            wifi: Wifi,
        }
        #[derive(Settings)]
        struct Wifi {
            #[setting(migrate(from = "/wifi.channel", ty = u8))]
            channel: u8,
        }
    };
    assert_eq!(said_of(&lock, right), "");
}

#[test]
fn another_name_and_another_type_at_once() {
    let first = schema! {
        #[derive(Settings)]
        struct T { target: i16 }
    };
    let wrong = schema! {
        #[derive(Settings)]
        struct T {
            #[setting(alias = "target")]
            setpoint: i32,
        }
    };
    let lock = Lock::of(first);
    assert_snapshot!(said_of(&lock, wrong), @r#"
    `target` (i16) is gone, and nothing takes over its value.
      `setpoint` has `alias = "target"`, and an alias is of the field's own type and revision.
      Write `migrate(from = "target", ty = i16, ..)` in place of it.
    "#);
    let right = schema! {
        #[derive(Settings)]
        struct T {
            #[setting(migrate(from = "target", ty = i16))]
            setpoint: i32,
        }
    };
    assert_eq!(said_of(&lock, right), "");
}
