//! What only a person can know: said once, and kept in the file.

use heapless::String;
use kvs::Settings;
use kvs::lock::{Lock, Mode, Verdict, verify};
use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use super::modes::Scratch;
use super::{modules, said_of, schema};

modules! {
    v1 pub(super) enum Mode { #[default] Off, Heat, Cool }
    v2 pub(super) enum Mode { #[default] Off, Heat, Dry }
    v3 pub(super) enum Mode { #[default] Off, Heat, Dehumidify }
}

fn first() -> &'static kvs::Schema {
    schema! {
        #[derive(Settings)]
        struct T {
            #[setting(range = 0..=100)]
            level: u8,
            mode: v1::Mode,
            name: String<32>,
        }
    }
}

fn second() -> &'static kvs::Schema {
    schema! {
        #[derive(Settings)]
        struct T {
            #[setting(range = 0..=50)]
            level: u8,
            mode: v2::Mode,
            name: String<16>,
        }
    }
}

#[test]
fn what_is_accepted_is_noted_and_not_said_again() {
    let lock = Lock::of(first());
    assert_eq!(lock.check(second()).len(), 3);
    assert!(lock.update(second()).is_err());
    let lock = lock.accept(second()).expect("all can be accepted");
    let accepted = lock.settings.iter().map(|one| one.accepted.clone());
    let accepted: Vec<_> = accepted.collect();
    assert_eq!(
        accepted,
        [
            ["the range 0..=100 is 0..=50"],
            ["variant `Cool` is `Dry`"],
            ["text of up to 32 is of up to 16"],
        ]
    );
    assert_eq!(said_of(&lock, second()), "");
    assert_eq!(lock.update(second()).as_ref(), Ok(&lock));
    assert_eq!(lock.to_string().parse().as_ref(), Ok(&lock));
    // Back again is another change.
    assert_eq!(lock.check(first()).len(), 1);
}

#[test]
fn it_goes_with_the_key() {
    let lock = Lock::of(first()).accept(second()).expect("accepted");
    // The key is an old one now, and what is read under it has yet another name.
    let third = schema! {
        #[derive(Settings)]
        struct T {
            #[setting(range = 0..=50)]
            level: u8,
            #[setting(alias = "mode")]
            program: v3::Mode,
            name: String<16>,
        }
    };
    insta::assert_snapshot!(said_of(&lock, third), @r#"
    `program` takes the values of `mode`, with a new name in an old place: variant `Dry` is `Dehumidify`. What is stored under the old name is read as the new one.
      was: enum Mode { Off, Heat, Dry }
      is:  enum Mode { Off, Heat, Dehumidify }
      If it is the same by another name, `UPDATE_LOCK=accept cargo test` notes that in the file.
      If it means something else, write, in place of the alias, `migrate(from = "mode", ty = .., with = ..)`, with the type as it was.
    "#);
    let lock = lock.accept(third).expect("accepted");
    let old = lock.old_key("mode:enum").expect("is kept");
    assert_eq!(
        old.accepted,
        ["variant `Cool` is `Dry`", "variant `Dry` is `Dehumidify`"]
    );
    assert_eq!(said_of(&lock, third), "");
    let lock = lock.update(third).expect("nothing to say");
    assert_eq!(lock.to_string().parse().as_ref(), Ok(&lock));
    // What is read under the old key becomes another thing once more.
    let fourth = schema! {
        #[derive(Settings)]
        struct T {
            #[setting(range = 0..=50)]
            level: u8,
            #[setting(alias = "mode")]
            program: v1::Mode,
            name: String<16>,
        }
    };
    assert_eq!(lock.check(fourth).len(), 2);
}

#[test]
fn nothing_else_can_be_accepted() {
    let wrong = schema! {
        #[derive(Settings)]
        struct T {
            #[setting(range = 0..=50)]
            level: u8,
            mode: v2::Mode,
            name: u32,
        }
    };
    let problems = Lock::of(first()).accept(wrong).unwrap_err();
    let [problem] = problems.as_slice() else {
        panic!("{problems:?}");
    };
    assert_eq!(problem.path, "name");
    assert!(problem.accept.is_empty());
}

#[test]
fn by_the_mode() {
    let scratch = Scratch::new("accepted");
    let file = scratch.file();
    verify(first(), &file, Mode::Update).expect("written");
    let failure = verify(second(), &file, Mode::Update).unwrap_err();
    assert!(
        failure.to_string().contains("UPDATE_LOCK=accept"),
        "{failure}"
    );
    assert_eq!(
        verify(second(), &file, Mode::Accept).expect("written"),
        Verdict::Accepted(vec![
            "`level`: accepted that the range 0..=100 is 0..=50".into(),
            "`mode`: accepted that variant `Cool` is `Dry`".into(),
            "`name`: accepted that text of up to 32 is of up to 16".into(),
        ])
    );
    assert_eq!(
        verify(second(), &file, Mode::Exact).expect("fine"),
        Verdict::Same
    );
    assert_eq!(
        verify(second(), &file, Mode::Accept).expect("fine"),
        Verdict::Same
    );
}

#[test]
fn ranges_are_compared_as_numbers() {
    const MOST: u16 = 500;
    macro_rules! range {
        ($ty:ty, $range:expr) => {
            schema! {
                #[derive(Settings)]
                struct T { #[setting(default = 7 as $ty, range = $range)] x: $ty }
            }
        };
    }
    let says = |old, new| Lock::of(old).check(new).len();
    // The same, and wider.
    assert_eq!(says(range!(u16, 0..=500), range!(u16, ..=MOST)), 0);
    assert_eq!(says(range!(u16, ..=MOST), range!(u16, 0..501)), 0);
    assert_eq!(says(range!(u16, 0..0x1F4), range!(u16, 0..=MOST)), 0);
    assert_eq!(says(range!(u8, 1..), range!(u8, ..)), 0);
    assert_eq!(says(range!(i64, -5..=10), range!(i64, -6..)), 0);
    assert_eq!(says(range!(f32, 0.0..8.0), range!(f32, 0.0..=8.0)), 0);
    // Narrower, also where the text tells nothing.
    assert_eq!(says(range!(u16, ..=MOST), range!(u16, ..=MOST - 1)), 1);
    assert_eq!(says(range!(u16, 0..=500), range!(u16, 0..500)), 1);
    assert_eq!(says(range!(u8, ..), range!(u8, 1..)), 1);
    assert_eq!(says(range!(i64, -6..=10), range!(i64, -5..)), 1);
    assert_eq!(says(range!(f32, 0.0..=8.0), range!(f32, 0.0..8.0)), 1);
    assert_eq!(says(range!(f64, ..), range!(f64, 0.0..)), 1);
    let lock = Lock::of(range!(u16, 3..=MOST));
    assert_eq!(
        lock.setting("x").map(|one| one.range.as_str()),
        Some("3..=500")
    );
}

#[test]
fn constants_in_ranges_of_floating_point_numbers() {
    const MOST: f32 = 100.0;
    const LESS: f32 = 50.0;
    const LEAST: f64 = -0.5;
    macro_rules! range {
        ($ty:ty, $range:expr) => {
            schema! {
                #[derive(Settings)]
                struct T { #[setting(default = 1.0, range = $range)] x: $ty }
            }
        };
    }
    let text = |schema| Lock::of(schema).settings[0].range.clone();
    assert_eq!(text(range!(f32, 0.0..=MOST)), "0.0..=100.0");
    assert_eq!(text(range!(f32, -MOST..)), "-100.0..");
    assert_eq!(text(range!(f64, LEAST..=2.5)), "-0.5..=2.5");
    let says = |old, new| Lock::of(old).check(new).len();
    assert_eq!(says(range!(f32, 0.0..=MOST), range!(f32, 0.0..=LESS)), 1);
    assert_eq!(says(range!(f32, 0.0..=LESS), range!(f32, 0.0..=MOST)), 0);
    assert_eq!(says(range!(f64, LEAST..), range!(f64, -1.0..)), 0);
    assert_eq!(says(range!(f64, LEAST..), range!(f64, 0.0..)), 1);
}

/// A rule without a function takes the value as it is, as an alias does.
#[test]
fn rules_without_a_function() {
    let old = schema! {
        #[derive(Settings)]
        struct T { #[setting(unit = "s")] x: u32, #[setting(range = 0..=200)] y: u8 }
    };
    let new = schema! {
        #[derive(Settings)]
        struct T {
            #[setting(unit = "ms", migrate(from = "x", ty = u32))]
            wait: u32,
            #[setting(range = 0..=100, migrate(ty = u8))]
            y: u16,
        }
    };
    insta::assert_snapshot!(said_of(&Lock::of(old), new), @"
    `wait` takes the values of `x` as they are, and the unit was `s` and is `ms`: they would be misread.
      Give the rule a function: `migrate(.., with = ..)`.

    The range of `y` was 0..=200 and is 0..=100. A value in the field that is outside now is turned down on each boot.
      Give the rule a function: `migrate(.., with = ..)`, with a function that brings the value into the range (`|old| old.clamp(..)`).
      Or, if no device has a value outside, `UPDATE_LOCK=accept cargo test` notes that in the file.
    ");
    let new = schema! {
        #[derive(Settings)]
        struct T {
            #[setting(unit = "ms", migrate(from = "x", ty = u32, with = |s| s * 1000))]
            wait: u32,
            #[setting(range = 0..=200, migrate(ty = u8))]
            y: u16,
        }
    };
    assert_eq!(said_of(&Lock::of(old), new), "");
}

/// What an old key's values were is known for ever.
#[test]
fn old_keys_keep_their_unit_and_range() {
    let first = schema! {
        #[derive(Settings)]
        struct T { #[setting(unit = "s", range = 0..=200)] x: u8, rest: u8 }
    };
    let second = schema! {
        #[derive(Settings)]
        #[settings(retired("x": u8))]
        struct T { rest: u8 }
    };
    let third = schema! {
        #[derive(Settings)]
        struct T { rest: u8, #[setting(unit = "ms", range = 0..=100, alias = "x")] wait: u8 }
    };
    let lock = Lock::of(first).update(second).expect("retired");
    assert_eq!(lock.to_string().parse().as_ref(), Ok(&lock));
    insta::assert_snapshot!(said_of(&lock, third), @r#"
    `wait` takes the values of `x` as they are, and the unit was `s` and is `ms`: they would be misread.
      In place of the alias, write `migrate(from = "x", ty = u8, with = ..)`.

    The range of `wait` was 0..=200 and is 0..=100. A value in the field that is outside now is turned down on each boot.
      In place of the alias, write `migrate(from = "x", ty = u8, with = ..)`, with a function that brings the value into the range (`|old| old.clamp(..)`).
      Or, if no device has a value outside, `UPDATE_LOCK=accept cargo test` notes that in the file.
    "#);
}

/// A key may be a setting's, and be read by another as well.
#[test]
fn a_key_that_is_read_twice() {
    let first = schema! {
        #[derive(Settings)]
        struct T { name: String<32> }
    };
    let second = schema! {
        #[derive(Settings)]
        struct T {
            name: String<32>,
            #[setting(migrate(from = "name", ty = String<16>))]
            copy: String<16>,
        }
    };
    let lock = Lock::of(first).accept(second).expect("accepted");
    assert_eq!(said_of(&lock, second), "");
}

#[test]
fn names_that_come_and_go() {
    macro_rules! of {
        ($ty:ident $item:item) => {{
            modules! { version $item }
            schema! {
                #[derive(Settings)]
                struct T { x: version::$ty }
            }
        }};
    }
    let said = |old, new| {
        let problems = Lock::of(old).check(new);
        let accepts = problems.iter().flat_map(|problem| problem.accept.clone());
        accepts.collect::<Vec<_>>().join(", ")
    };
    let named = of!(S pub(super) struct S { min: u8, max: u8 });
    let unnamed = of!(S pub(super) struct S(u8, u8););
    assert_eq!(
        said(named, unnamed),
        "`min`, `max` are values without a name"
    );
    assert_eq!(
        said(unnamed, named),
        "values without a name are `min`, `max`"
    );
    let named = of!(S pub(super) enum S { #[default] A, B { min: u8, max: u8 } });
    let unnamed = of!(S pub(super) enum S { #[default] A, B(u8, u8) });
    assert_eq!(
        said(named, unnamed),
        "`min`, `max` are values without a name (in `B`)"
    );
}

/// A rule that names an item in full would give that item's value to all.
#[test]
fn advice_for_the_items_of_an_array() {
    #[derive(Settings)]
    struct Old {
        name: String<8>,
    }
    #[derive(Settings)]
    struct New {
        name: String<4>,
    }
    #[derive(Settings)]
    struct Right {
        #[setting(rev = 2, migrate(rev = 1, ty = String<8>, try_with = |name| name.get(..4)?.try_into().ok()))]
        name: String<4>,
    }
    let old = schema! {
        #[derive(Settings)]
        struct T { #[setting(nested)] z: [Old; 3] }
    };
    let new = schema! {
        #[derive(Settings)]
        struct T { #[setting(nested, alias = "z")] zones: [New; 3] }
    };
    insta::assert_snapshot!(said_of(&Lock::of(old), new), @"
    `zones.0.name` takes the values of `z.0.name`, and holds less: text of up to 8 is of up to 4. A longer value in the field is turned down on each boot.
      was: str<8>
      is:  str<4>
      Let the array keep its alias, and write on the field `rev = 2` and `migrate(rev = 1, ty = String<8>, try_with = ..)`, with a function that shortens the value or declines it.
      Or, if no device has a longer one, `UPDATE_LOCK=accept cargo test` notes that in the file.

    `zones.1.name` takes the values of `z.1.name`, and holds less: text of up to 8 is of up to 4. A longer value in the field is turned down on each boot.
      was: str<8>
      is:  str<4>
      Let the array keep its alias, and write on the field `rev = 2` and `migrate(rev = 1, ty = String<8>, try_with = ..)`, with a function that shortens the value or declines it.
      Or, if no device has a longer one, `UPDATE_LOCK=accept cargo test` notes that in the file.

    `zones.2.name` takes the values of `z.2.name`, and holds less: text of up to 8 is of up to 4. A longer value in the field is turned down on each boot.
      was: str<8>
      is:  str<4>
      Let the array keep its alias, and write on the field `rev = 2` and `migrate(rev = 1, ty = String<8>, try_with = ..)`, with a function that shortens the value or declines it.
      Or, if no device has a longer one, `UPDATE_LOCK=accept cargo test` notes that in the file.
    ");
    let right = schema! {
        #[derive(Settings)]
        struct T { #[setting(nested, alias = "z")] zones: [Right; 3] }
    };
    assert_eq!(said_of(&Lock::of(old), right), "");
}
