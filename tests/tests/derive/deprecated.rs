//! What is deprecated is told to those who use it, and the derive's code is none of them.

#![deny(warnings)]

use kvs::Settings;

use level::LOWEST;
#[allow(deprecated)]
use level::Level;

/// A deprecated struct: its own derive says nothing.
#[deprecated = "use `New`"]
#[derive(Settings)]
struct Old {
    #[setting(default = 4, range = 1..=9, validate = is_even, migrate(from = "was", ty = u8))]
    number: u16,
    #[deprecated]
    #[setting(alias = "first")]
    text: heapless::String<8>,
}

fn is_even(number: &u16) -> bool {
    number.is_multiple_of(2)
}

// Another derive's code does use what it is for.
#[allow(deprecated)]
mod level {
    use postcard_schema::Schema;
    use serde::{Deserialize, Serialize};

    /// A deprecated type of a leaf.
    #[deprecated]
    #[derive(Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize, Schema)]
    pub(super) struct Level(pub(super) u8);

    pub(super) const LOWEST: Level = Level(1);
}

/// A struct with deprecated fields, and no more.
#[derive(Settings)]
struct Fields {
    #[deprecated]
    #[setting(default = 3)]
    port: u16,
    kept: u8,
}

/// Its use of what is deprecated is the user's own, and is allowed where it stands.
#[allow(deprecated)]
#[derive(Settings)]
#[settings(retired("gone": Level), migrate(from("before": Level), with = take_over))]
struct Outer {
    #[setting(nested)]
    old: Old,
    #[setting(nested)]
    olds: [Old; 2],
    #[setting(default = Level(2), range = LOWEST.., validate = |_| true)]
    level: Level,
    #[setting(migrate(from = "x", ty = Level, with = level))]
    number: u8,
}

/// The same with the attribute at each field.
#[derive(Settings)]
struct Inner {
    #[expect(deprecated)]
    #[setting(nested)]
    old: Old,
}

#[allow(deprecated)]
fn level(level: Level) -> u8 {
    level.0
}

#[allow(deprecated)]
fn take_over(outer: &mut Outer, (level,): (Option<Level>,)) {
    outer.level = level.unwrap_or(LOWEST);
}

#[test]
fn works_as_others_do() {
    assert_eq!(Outer::COUNT, 8);
    assert_eq!(Inner::COUNT, 2);
    assert_eq!(OldKeys::clone(&Inner::KEYS.old).number.default_value(), 4);
    assert!(Outer::KEYS.level.default_value() > LOWEST);
    assert_eq!(Fields::KEYS.port.default_value(), 3);
}
