//! What only a person can know: said once, and kept in the file.

use heapless::String;
use kvs::Settings;
use kvs::lock::{Lock, Mode, Verdict, verify};
use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use super::modes::Scratch;
use super::{said_of, schema};

macro_rules! modes {
    ($($version:ident $item:item)*) => { $(
        mod $version {
            use super::*;
            #[derive(Default, Serialize, Deserialize, Schema)]
            #[allow(dead_code)]
            $item
        }
    )* };
}

modes! {
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
        Verdict::Written
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
