//! From one version to the next: what is free, and what is said of the rest.

use heapless::{String, Vec};
use insta::assert_snapshot;
use kvs::Settings;
use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use super::{modules, said, schema};

modules! {
    v1 pub(super) enum Mode { #[default] Off, Heat, Cool(u8) }
    more pub(super) enum Mode { #[default] Off, Heat, Cool(u8), Dry { level: u8 } }
    renamed pub(super) enum Regime { #[default] None, Heat, Cool(u8) }
    swapped pub(super) enum Mode { #[default] Off, Cool(u8), Heat }
    fewer pub(super) enum Mode { #[default] Off, Heat }
    without pub(super) enum Mode { #[default] Off, Cool(u8) }
    between pub(super) enum Mode { #[default] Off, Auto, Heat, Cool(u8) }
    payload pub(super) enum Mode { #[default] Off, Heat(bool), Cool(u16) }
    slot pub(super) struct Slot { hour: u8, minute: u8, days: [bool; 7] }
    slot_renamed pub(super) struct Time { h: u8, minute: u8, days: [bool; 7] }
    slot_swapped pub(super) struct Slot { minute: u8, hour: u8, days: [bool; 7] }
    slot_shifted pub(super) struct Slot { minute: u8, second: u8, days: [bool; 7] }
}

#[test]
fn what_is_free() {
    let old = schema! {
        #[derive(Settings)]
        struct T {
            #[setting(default = 1, range = 0..=5)]
            level: u8,
            #[setting(default = "a")]
            name: String<8>,
            codes: Vec<u16, 4>,
            mode: v1::Mode,
            slots: Vec<slot::Slot, 2>,
            days: [v1::Mode; 2],
            wait: u32,
        }
    };
    let new = schema! {
        #[derive(Settings)]
        struct T {
            added: u8,
            /// Moved, and all else.
            #[setting(unit = "ms", keep)]
            wait: u32,
            #[setting(default = 2, range = 0..=9)]
            level: u8,
            #[setting(default = "b", alias = "title")]
            name: String<16>,
            codes: Vec<u16, 8>,
            mode: more::Mode,
            slots: Vec<slot::Slot, 3>,
            days: [v1::Mode; 2],
        }
    };
    assert_snapshot!(said(old, new), @"");
}

#[test]
fn a_unit() {
    let old = schema! {
        #[derive(Settings)]
        struct T {
            #[setting(unit = "ms")]
            wait: u32,
            #[setting(unit = "ms", rev = 3)]
            pause: u32,
        }
    };
    assert_snapshot!(said(old, schema! {
        #[derive(Settings)]
        struct T {
            #[setting(unit = "s")]
            wait: u32,
            #[setting(rev = 3)]
            pause: u32,
        }
    }), @r"
    The unit of `wait` was `ms` and is `s`: values in the field would be misread.
      If the values are other ones now, write `rev = 2` and `migrate(rev = 1, with = ..)`; else keep `unit`.

    The unit of `pause` was `ms` and is not given any more: values in the field would be misread.
      If the values are other ones now, write `rev = 4` and `migrate(rev = 3, with = ..)`; else keep `unit`.
    ");
    assert_snapshot!(said(old, schema! {
        #[derive(Settings)]
        struct T {
            #[setting(unit = "s", rev = 2, migrate(rev = 1, with = |ms: u32| ms / 1000))]
            wait: u32,
            #[setting(unit = "s", rev = 4, migrate(rev = 3, with = |ms: u32| ms / 1000))]
            pause: u32,
        }
    }), @"");
}

#[test]
fn a_revision() {
    let old = schema! {
        #[derive(Settings)]
        struct T { wait: u32 }
    };
    assert_snapshot!(said(old, schema! {
        #[derive(Settings)]
        struct T { #[setting(rev = 2)] wait: u32 }
    }), @r"
    `wait` was revision 1 and is 2, and nothing takes over the old value: it would be lost.
      Add `migrate(rev = 1, with = ..)` to the field.
    ");
}

#[test]
fn a_type() {
    let old = schema! {
        #[derive(Settings)]
        #[settings(prefix = "net")]
        struct T {
            port: u16,
            #[setting(rev = 2)]
            name: String<8>,
            mode: v1::Mode,
        }
    };
    assert_snapshot!(said(old, schema! {
        #[derive(Settings)]
        #[settings(prefix = "net")]
        struct T {
            port: u32,
            name: Option<u8>,
            mode: u8,
        }
    }), @"
    `net.port` was u16 and is u32, and nothing takes over the old value: it would be lost.
      Add `migrate(ty = u16)` to the field if the type has a `From<u16>`, else `migrate(ty = u16, with = ..)`.

    `net.name` was str<8> and is ?u8, and nothing takes over the old value: it would be lost.
      Add `migrate(rev = 2, ty = String<8>)` to the field if the type has a `From<String<8>>`, else `migrate(rev = 2, ty = String<8>, with = ..)`.

    `net.mode` was enum Mode { Off, Heat, Cool(u8) } and is u8, and nothing takes over the old value: it would be lost.
      Add `migrate(ty = Mode)` to the field if the type has a `From<Mode>`, else `migrate(ty = Mode, with = ..)`.
    ");
    assert_snapshot!(said(old, schema! {
        #[derive(Settings)]
        #[settings(prefix = "net")]
        struct T {
            #[setting(migrate(ty = u16))]
            port: u32,
            #[setting(migrate(rev = 2, ty = String<8>, with = |_| None))]
            name: Option<u8>,
            #[setting(migrate(ty = v1::Mode, with = |_| 0))]
            mode: u8,
        }
    }), @"");
}

#[test]
fn an_enum() {
    macro_rules! with {
        ($mode:ty) => {
            schema! {
                #[derive(Settings)]
                struct T { mode: $mode }
            }
        };
    }
    let old = with!(v1::Mode);
    assert_snapshot!(said(old, with!(swapped::Mode)), @r"
    The type of `mode` has changed: variant `Heat` moved from 1 to 2, variant `Cool` moved from 2 to 1. Values in the field would be misread or turned down.
      was: enum Mode { Off, Heat, Cool(u8) }
      is:  enum Mode { Off, Cool(u8), Heat }
      Let variants be added at the end only, and fields keep their order. Or keep the old type as `OldMode`, say,
      and write `rev = 2` and `migrate(rev = 1, ty = OldMode, with = ..)`.
    ");
    assert_snapshot!(said(old, with!(fewer::Mode)), @r"
    The type of `mode` has changed: variant `Cool` is gone. Values in the field would be misread or turned down.
      was: enum Mode { Off, Heat, Cool(u8) }
      is:  enum Mode { Off, Heat }
      Let variants be added at the end only, and fields keep their order. Or keep the old type as `OldMode`, say,
      and write `rev = 2` and `migrate(rev = 1, ty = OldMode, with = ..)`.
    ");
    assert_snapshot!(said(old, with!(without::Mode)), @r"
    The type of `mode` has changed: variant `Heat` is gone, variant `Cool` moved from 2 to 1. Values in the field would be misread or turned down.
      was: enum Mode { Off, Heat, Cool(u8) }
      is:  enum Mode { Off, Cool(u8) }
      Let variants be added at the end only, and fields keep their order. Or keep the old type as `OldMode`, say,
      and write `rev = 2` and `migrate(rev = 1, ty = OldMode, with = ..)`.
    ");
    assert_snapshot!(said(old, with!(between::Mode)), @r"
    The type of `mode` has changed: variant `Heat` moved from 1 to 2, variant `Cool` moved from 2 to 3. Values in the field would be misread or turned down.
      was: enum Mode { Off, Heat, Cool(u8) }
      is:  enum Mode { Off, Auto, Heat, Cool(u8) }
      Let variants be added at the end only, and fields keep their order. Or keep the old type as `OldMode`, say,
      and write `rev = 2` and `migrate(rev = 1, ty = OldMode, with = ..)`.
    ");
    assert_snapshot!(said(old, with!(payload::Mode)), @r"
    The type of `mode` has changed: nothing became 1 value (in `Heat`), u8 became u16 (in `Cool`). Values in the field would be misread or turned down.
      was: enum Mode { Off, Heat, Cool(u8) }
      is:  enum Mode { Off, Heat(bool), Cool(u16) }
      Let variants be added at the end only, and fields keep their order. Or keep the old type as `OldMode`, say,
      and write `rev = 2` and `migrate(rev = 1, ty = OldMode, with = ..)`.
    ");
    // Inside of others.
    let old = with!(Option<Vec<(u8, v1::Mode), 2>>);
    assert_snapshot!(said(old, with!(Option<Vec<(u8, fewer::Mode), 2>>)), @"
    The type of `mode` has changed: variant `Cool` is gone (in `1`). Values in the field would be misread or turned down.
      was: ?[(u8, enum Mode { Off, Heat, Cool(u8) })]<2>
      is:  ?[(u8, enum Mode { Off, Heat })]<2>
      Let variants be added at the end only, and fields keep their order. Or keep the old type as `Option<Vec<(u8, OldMode), 2>>`, say,
      and write `rev = 2` and `migrate(rev = 1, ty = Option<Vec<(u8, OldMode), 2>>, with = ..)`.
    ");
    let old = with!([v1::Mode; 3]);
    assert_snapshot!(said(old, with!([fewer::Mode; 3])), @r"
    The type of `mode` has changed: variant `Cool` is gone (in `[]`). Values in the field would be misread or turned down.
      was: [enum Mode { Off, Heat, Cool(u8) }; 3]
      is:  [enum Mode { Off, Heat }; 3]
      Let variants be added at the end only, and fields keep their order. Or keep the old type as `[OldMode; 3]`, say,
      and write `rev = 2` and `migrate(rev = 1, ty = [OldMode; 3], with = ..)`.
    ");
    let old = schema! {
        #[derive(Settings)]
        struct T { mode: v1::Mode }
    };
    assert_snapshot!(said(old, schema! {
        #[derive(Settings)]
        struct T { #[setting(rev = 2, migrate(rev = 1, ty = v1::Mode, with = |_| Default::default()))] mode: swapped::Mode }
    }), @"");
}

#[test]
fn fields_of_a_value() {
    macro_rules! with {
        ($slot:ty) => {
            schema! {
                #[derive(Settings)]
                struct T { slot: $slot }
            }
        };
    }
    let old = with!(slot::Slot);
    assert_snapshot!(said(old, with!(slot_renamed::Time)), @"
    `slot` has a new name in an old place: type `Slot` is `Time`, field `hour` is `h`. What is stored under the old name is read as the new one.
      was: struct Slot { hour: u8, minute: u8, days: [bool; 7] }
      is:  struct Time { h: u8, minute: u8, days: [bool; 7] }
      If it is the same by another name, `UPDATE_LOCK=accept cargo test` notes that in the file.
      If it means something else, keep the old type as `Slot`, say,
      and write `rev = 2` and `migrate(rev = 1, ty = Slot, with = ..)`.
    ");
    assert_snapshot!(said(old, with!((u8, u8, [bool; 7]))), @"
    `slot` has a new name in an old place: type `Slot` is `(u8, u8, [bool; 7])`, `hour`, `minute`, `days` are values without a name. What is stored under the old name is read as the new one.
      was: struct Slot { hour: u8, minute: u8, days: [bool; 7] }
      is:  (u8, u8, [bool; 7])
      If it is the same by another name, `UPDATE_LOCK=accept cargo test` notes that in the file.
      If it means something else, keep the old type as `Slot`, say,
      and write `rev = 2` and `migrate(rev = 1, ty = Slot, with = ..)`.
    ");
    assert_snapshot!(said(old, with!(slot_swapped::Slot)), @r"
    The type of `slot` has changed: field `hour` moved from place 1 to 2, field `minute` moved from place 2 to 1. Values in the field would be misread or turned down.
      was: struct Slot { hour: u8, minute: u8, days: [bool; 7] }
      is:  struct Slot { minute: u8, hour: u8, days: [bool; 7] }
      Let variants be added at the end only, and fields keep their order. Or keep the old type as `OldSlot`, say,
      and write `rev = 2` and `migrate(rev = 1, ty = OldSlot, with = ..)`.
    ");
    assert_snapshot!(said(old, with!(slot_shifted::Slot)), @"
    The type of `slot` has changed: field `hour` is gone, field `minute` moved from place 2 to 1. Values in the field would be misread or turned down.
      was: struct Slot { hour: u8, minute: u8, days: [bool; 7] }
      is:  struct Slot { minute: u8, second: u8, days: [bool; 7] }
      Let variants be added at the end only, and fields keep their order. Or keep the old type as `OldSlot`, say,
      and write `rev = 2` and `migrate(rev = 1, ty = OldSlot, with = ..)`.
    ");
    let old = with!(Option<slot::Slot>);
    assert_snapshot!(said(old, with!(Option<slot_swapped::Slot>)), @r"
    The type of `slot` has changed: field `hour` moved from place 1 to 2, field `minute` moved from place 2 to 1. Values in the field would be misread or turned down.
      was: ?struct Slot { hour: u8, minute: u8, days: [bool; 7] }
      is:  ?struct Slot { minute: u8, hour: u8, days: [bool; 7] }
      Let variants be added at the end only, and fields keep their order. Or keep the old type as `Option<OldSlot>`, say,
      and write `rev = 2` and `migrate(rev = 1, ty = Option<OldSlot>, with = ..)`.
    ");
}

#[test]
fn a_setting_that_is_gone() {
    let old = schema! {
        #[derive(Settings)]
        struct T { keep: u8, #[setting(rev = 3)] token: String<8> }
    };
    assert_snapshot!(said(old, schema! {
        #[derive(Settings)]
        struct T { keep: u8, other: u8 }
    }), @r#"
    `token` (str<8>) is gone, and nothing takes over its value.
      If it has a new name, write `alias = "token"` and `rev = 3` on the new field.
      If it has moved to another struct, write `migrate(from = "/token", rev = 3, ty = String<8>)` there.
      If it is not needed any more, write `#[settings(retired("token": String<8> @ 3))]` on the struct that it was in.
    "#);
    // One new setting might be it.
    assert_snapshot!(said(old, schema! {
        #[derive(Settings)]
        struct T { keep: u8, #[setting(rev = 3)] secret: String<8> }
    }), @r#"
    `token` (str<8>) is gone, and nothing takes over its value.
      If it has a new name, write `alias = "token"` and `rev = 3` on the new field (`secret`?).
      If it has moved to another struct, write `migrate(from = "/token", rev = 3, ty = String<8>)` there.
      If it is not needed any more, write `#[settings(retired("token": String<8> @ 3))]` on the struct that it was in.
    "#);
    for fine in [
        schema! {
            #[derive(Settings)]
            struct T { keep: u8, #[setting(rev = 3, alias = "token")] secret: String<8> }
        },
        schema! {
            #[derive(Settings)]
            struct T { keep: u8, #[setting(migrate(from = "token", rev = 3, ty = String<8>))] secret: String<8> }
        },
        schema! {
            #[derive(Settings)]
            #[settings(retired("token": String<8> @ 3))]
            struct T { keep: u8 }
        },
        schema! {
            #[derive(Settings)]
            #[settings(retired("token"))]
            struct T { keep: u8 }
        },
        schema! {
            #[derive(Settings)]
            #[settings(migrate(from("token": String<8> @ 3), with = take))]
            struct T { keep: u8 }
            fn take(_: &mut T, _: (Option<String<8>>,)) {}
        },
    ] {
        assert_eq!(said(old, fine), "");
    }
    // Retired, but another key than that.
    let wrong = schema! {
        #[derive(Settings)]
        #[settings(retired("token": String<8>))]
        struct T { keep: u8 }
    };
    assert!(said(old, wrong).starts_with("`token` (str<8>) is gone"));
}

#[derive(Settings)]
struct Wifi {
    ssid: String<32>,
    channel: u8,
}

#[derive(Settings)]
struct Slot {
    hour: u8,
    mode: v1::Mode,
}

#[test]
fn a_nested_struct() {
    let old = schema! {
        #[derive(Settings)]
        #[settings(prefix = "home")]
        struct T {
            on: bool,
            #[setting(nested)]
            wifi: Wifi,
            #[setting(nested)]
            slots: [Slot; 3],
        }
    };
    assert_snapshot!(said(old, schema! {
        #[derive(Settings)]
        #[settings(prefix = "home")]
        struct T {
            on: bool,
            #[setting(nested)]
            radio: Wifi,
            #[setting(nested)]
            slots: [Slot; 1],
        }
    }), @r#"
    `home.wifi` is gone with all that was in it (`ssid`, `channel`), and nothing takes over the values.
      If it has a new name, write `alias = "wifi"` on the new field.
      If it is not needed any more, write `#[settings(retired("wifi.ssid": String<32>, "wifi.channel": u8))]` on the struct that it was in.

    `home.slots.1` is gone with all that was in it (`hour`, `mode`), and nothing takes over the values.
      If it is not needed any more, write `#[settings(retired("slots.1.hour": u8, "slots.1.mode": Mode))]` on the struct that it was in.

    `home.slots.2` is gone with all that was in it (`hour`, `mode`), and nothing takes over the values.
      If it is not needed any more, write `#[settings(retired("slots.2.hour": u8, "slots.2.mode": Mode))]` on the struct that it was in.
    "#);
    let fine = schema! {
        #[derive(Settings)]
        #[settings(
            prefix = "home",
            retired("slots.1.hour": u8, "slots.1.mode": v1::Mode, "slots.2.hour", "slots.2.mode")
        )]
        struct T {
            on: bool,
            #[setting(nested, alias = "wifi")]
            radio: Wifi,
            #[setting(nested)]
            slots: [Slot; 1],
        }
    };
    assert_eq!(said(old, fine), "");
}

mod other {
    use super::*;

    #[derive(Settings)]
    pub(super) struct Slot {
        hour: u16,
        mode: fewer::Mode,
    }

    #[derive(Settings)]
    pub(super) struct Short {
        hour: u8,
    }

    #[derive(Settings)]
    #[settings(retired("mode"))]
    pub(super) struct Retired {
        #[setting(rename = "h", alias = "hour")]
        hour: u8,
    }
}

#[test]
fn items_with_the_same_problem() {
    macro_rules! with {
        ($slot:ty) => {
            schema! {
                #[derive(Settings)]
                struct T {
                    #[setting(nested)]
                    slots: [$slot; 3],
                }
            }
        };
    }
    assert_snapshot!(said(with!(Slot), with!(other::Slot)), @r"
    `slots.0.hour` was u8 and is u16, and nothing takes over the old value: it would be lost.
      The same goes for 2 more, up to `slots.2.hour`.
      Add `migrate(ty = u8)` to the field if the type has a `From<u8>`, else `migrate(ty = u8, with = ..)`.

    The type of `slots.0.mode` has changed: variant `Cool` is gone. Values in the field would be misread or turned down.
      was: enum Mode { Off, Heat, Cool(u8) }
      is:  enum Mode { Off, Heat }
      The same goes for 2 more, up to `slots.2.mode`.
      Let variants be added at the end only, and fields keep their order. Or keep the old type as `OldMode`, say,
      and write `rev = 2` and `migrate(rev = 1, ty = OldMode, with = ..)`.
    ");
    assert_snapshot!(said(with!(Slot), with!(other::Short)), @r#"
    `slots.0.mode` (enum Mode { Off, Heat, Cool(u8) }) is gone, and nothing takes over its value.
      The same goes for 2 more, up to `slots.2.mode`.
      If it has a new name, write `alias = "mode"` on the new field.
      If it has moved to another struct, write `migrate(from = "/slots.0.mode", ty = Mode)` there.
      If it is not needed any more, write `#[settings(retired("mode": Mode))]` on the struct that it was in.
    "#);
    assert_eq!(said(with!(Slot), with!(other::Retired)), "");
}

#[test]
fn an_old_value_read_as_another_type() {
    let old = schema! {
        #[derive(Settings)]
        struct T {
            mode: v1::Mode,
            slot: slot::Slot,
            third: v1::Mode,
            #[setting(unit = "ms")]
            wait: u32,
        }
    };
    assert_snapshot!(said(old, schema! {
        #[derive(Settings)]
        #[settings(migrate(from("third": fewer::Mode), with = take))]
        struct T {
            #[setting(alias = "mode")]
            regime: swapped::Mode,
            #[setting(migrate(from = "slot", ty = slot_swapped::Slot, with = |_| 0))]
            hour: u8,
            #[setting(unit = "s", alias = "wait")]
            delay: u32,
        }
        fn take(_: &mut T, _: (Option<fewer::Mode>,)) {}
    }), @r#"
    `regime` takes the values of `mode`, but as another type: variant `Heat` moved from 1 to 2, variant `Cool` moved from 2 to 1. They would be misread.
      was: enum Mode { Off, Heat, Cool(u8) }
      is:  enum Mode { Off, Cool(u8), Heat }
      In place of the alias, write `migrate(from = "mode", ty = .., with = ..)`, with the type as it was.

    `hour` takes the values of `slot`, but as another type: field `hour` moved from place 1 to 2, field `minute` moved from place 2 to 1. They would be misread.
      was: struct Slot { hour: u8, minute: u8, days: [bool; 7] }
      is:  struct Slot { minute: u8, hour: u8, days: [bool; 7] }
      Let the migration have the type as it was.

    `T` takes the values of `third`, but as another type: variant `Cool` is gone. They would be misread.
      was: enum Mode { Off, Heat, Cool(u8) }
      is:  enum Mode { Off, Heat }
      Let the migration have the type as it was.

    `delay` takes the values of `wait` as they are, and the unit was `ms` and is `s`: they would be misread.
      In place of the alias, write `migrate(from = "wait", ty = u32, with = ..)`.
    "#);
    assert_snapshot!(said(old, schema! {
        #[derive(Settings)]
        #[settings(migrate(from("third": v1::Mode), with = take))]
        struct T {
            #[setting(alias = "mode")]
            regime: more::Mode,
            #[setting(migrate(from = "slot", ty = slot::Slot, with = |_| 0))]
            hour: u8,
            #[setting(unit = "s", migrate(from = "wait", ty = u32, with = |ms| ms / 1000))]
            delay: u32,
        }
        fn take(_: &mut T, _: (Option<v1::Mode>,)) {}
    }), @"");
}

#[test]
fn all_problems_are_told() {
    let old = schema! {
        #[derive(Settings)]
        struct T { a: u8, #[setting(unit = "ms")] b: u8, c: u8 }
    };
    let new = schema! {
        #[derive(Settings)]
        struct T { a: u16, #[setting(unit = "s")] b: u8 }
    };
    let problems = kvs::lock::Lock::of(old).check(new);
    let paths: std::vec::Vec<_> = problems
        .iter()
        .map(|problem| problem.path.as_str())
        .collect();
    assert_eq!(paths, ["a", "b", "c"]);
}
