//! Every kind of change of a setting between two firmwares: what becomes of a stored value without a
//! rule, what the lock file's test says, and what to write. The guide has the table that comes of it.
//!
//! `UPDATE_DOCS=1 cargo test -p kvs-tests --test lock` writes the table anew.

use std::fmt::Debug;
use std::fs;
use std::path::Path;

use heapless::{String as Text, Vec as List};
use kvs::lock::Lock;
use kvs::sim::presets;
use kvs::{Options, Outcome, Resources, Schema as Struct, Settings, Store};
use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

/// What came of a change.
struct Row {
    title: &'static str,
    without: String,
    says: String,
    write: String,
}

/// Saves `old`, and loads `New`.
fn update<Old: Settings, New: Settings>(old: &Old) -> (New, Outcome) {
    let mut resources = Resources::<16, 4, 512>::new();
    let mut flash = presets::nrf52840();
    let mut store =
        Store::mount(&mut flash, 0..4 * 4096, &mut resources, Options::DEFAULT).unwrap();
    store.save(old).unwrap();
    let (new, report) = store.load::<New>();
    let outcome = report.iter().map(|(_, outcome)| outcome).next().unwrap();
    (new, outcome)
}

/// What became of a value, in words.
fn fate(stored: &dyn Debug, loaded: &dyn Debug, outcome: Outcome) -> String {
    let (stored, loaded) = (format!("{stored:?}"), format!("{loaded:?}"));
    match outcome {
        Outcome::Loaded if stored == loaded => format!("`{stored}` is kept"),
        Outcome::Loaded => format!("`{stored}` is read as `{loaded}`"),
        Outcome::Migrated(_) => format!("`{stored}` becomes `{loaded}`"),
        Outcome::Default => format!("`{stored}` is not looked for: the default, `{loaded}`"),
        Outcome::Rejected(why) => {
            format!("`{stored}` is turned down on each boot ({why}): the default, `{loaded}`")
        }
        other => panic!("what is {other:?}?"),
    }
}

/// The first lines of what the lock file's test says.
fn says(old: &'static Struct, new: &'static Struct) -> String {
    let problems = Lock::of(old).check(new);
    let texts = problems.iter().map(|problem| {
        let line = problem.what.lines().next().unwrap_or_default();
        line.to_owned()
    });
    match texts.collect::<Vec<_>>().join(" ") {
        text if text.is_empty() => "nothing".to_owned(),
        text => text,
    }
}

/// A field, as the guide shows it.
fn code(attributes: &str, field: &str) -> String {
    let text = match attributes {
        "" => field.to_owned(),
        attributes => format!("#[setting({attributes})] {field}"),
    };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text
        .replace(" < ", "<")
        .replace("< ", "<")
        .replace(" <", "<");
    let text = text
        .replace(" >", ">")
        .replace(" :: ", "::")
        .replace(" , ", ", ");
    let text = text.replace("Text<", "String<").replace("List<", "Vec<");
    format!("`{}`", text.replace('|', "\\|"))
}

macro_rules! change {
    (
        $title:literal
        old { $($old:item)* } [$($old_words:tt)*] $old_name:ident: $old_type:ty = $value:expr;
        new { $($new:item)* } [$($new_words:tt)*] $new_name:ident: $new_type:ty;
        $(write { $($rule:item)* } [$($rule_words:tt)*] $rule_name:ident: $rule_type:ty => $made:literal;)?
        $(say $say:literal;)?
        $(accept $accept:literal;)?
        $(free $free:literal;)?
    ) => {{
        #[allow(dead_code, unused_imports)]
        mod versions {
            use super::*;
            pub(super) mod old {
                use super::*;
                $(
                    #[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Schema)]
                    $old
                )*
                #[derive(Settings)]
                pub(crate) struct T { #[setting($($old_words)*)] pub(crate) $old_name: $old_type }
                pub(crate) fn value() -> T { T { $old_name: $value } }
            }
            pub(super) mod new {
                use super::*;
                $(
                    #[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Schema)]
                    $new
                )*
                #[derive(Settings)]
                pub(crate) struct T { #[setting($($new_words)*)] pub(crate) $new_name: $new_type }
            }
            $(pub(super) mod rule {
                use super::*;
                $(
                    #[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Schema)]
                    $rule
                )*
                #[derive(Settings)]
                pub(crate) struct T { #[setting($($rule_words)*)] pub(crate) $rule_name: $rule_type }
            })?
        }
        use versions::{new, old};
        let old = old::value();
        let (new, outcome) = update::<old::T, new::T>(&old);
        #[allow(unused_mut)]
        let mut row = Row {
            title: $title,
            without: fate(&old.$old_name, &new.$new_name, outcome),
            says: says(old::T::SCHEMA, new::T::SCHEMA),
            write: String::new(),
        };
        $(
            use versions::rule;
            let (new, _) = update::<old::T, rule::T>(&old);
            assert_eq!(format!("{:?}", new.$rule_name), $made, "{}", $title);
            assert_eq!(says(old::T::SCHEMA, rule::T::SCHEMA), "nothing", "{}", $title);
            row.write = code(
                stringify!($($rule_words)*),
                concat!(stringify!($rule_name), ": ", stringify!($rule_type)),
            );
        )?
        $(row.write = format!("{}: {}", $say, row.write);)?
        $(
            Lock::of(old::T::SCHEMA).accept(new::T::SCHEMA).expect($title);
            if !row.write.is_empty() {
                row.write += "; ";
            }
            row.write += concat!($accept, ": `UPDATE_LOCK=accept`");
        )?
        $(
            assert_eq!(row.says, "nothing", "{}", $title);
            row.write = $free.to_owned();
        )?
        assert!(!row.write.is_empty(), "{}", $title);
        row
    }};
}

fn of_the_setting() -> Vec<Row> {
    vec![
        change! { "another default"
            old {} [default = 1] x: u8 = 7;
            new {} [default = 2] x: u8;
            free "-";
        },
        change! { "another name"
            old {} [] x: u8 = 7;
            new {} [] level: u8;
            write {} [alias = "x"] level: u8 => "7";
        },
        change! { "a wider integer"
            old {} [] x: u8 = 7;
            new {} [] x: u16;
            write {} [migrate(ty = u8)] x: u16 => "7";
        },
        change! { "a narrower integer"
            old {} [] x: u16 = 700;
            new {} [] x: u8;
            write {} [migrate(ty = u16, with = |x| u8::try_from(x).unwrap_or(u8::MAX))] x: u8 => "255";
        },
        change! { "a number with a sign"
            old {} [] x: u16 = 30;
            new {} [] x: i16;
            write {} [migrate(ty = u16, try_with = i16::try_from)] x: i16 => "30";
        },
        change! { "another unit"
            old {} [unit = "s"] x: u32 = 5;
            new {} [unit = "ms"] x: u32;
            write {} [unit = "ms", rev = 2, migrate(with = |s| s * 1000)] x: u32 => "5000";
        },
        change! { "another unit, with an alias"
            old {} [unit = "s"] x: u32 = 5;
            new {} [unit = "ms", alias = "x"] wait: u32;
            write {} [unit = "ms", migrate(from = "x", with = |s| s * 1000)] wait: u32 => "5000";
        },
        change! { "another meaning of the same type: `rev`"
            old {} [] x: u8 = 200;
            new {} [rev = 2] x: u8;
            write {} [rev = 2, migrate(with = |x| x / 2)] x: u8 => "100";
        },
        change! { "a wider range"
            old {} [range = 0..=50] x: u8 = 50;
            new {} [range = 0..=100] x: u8;
            free "-";
        },
        change! { "a narrower range"
            old {} [range = 0..=100] x: u8 = 80;
            new {} [range = 0..=50] x: u8;
            write {} [range = 0..=50, rev = 2, migrate(with = |x| x.min(50))] x: u8 => "50";
            accept "if no device has another value";
        },
        change! { "a range where there was none"
            old {} [] x: i16 = -400;
            new {} [range = -40..=85] x: i16;
            write {} [range = -40..=85, rev = 2, migrate(with = |x| x.clamp(-40, 85))] x: i16 => "-40";
            accept "if no device has another value";
        },
        change! { "a narrower range of floating-point numbers"
            old {} [range = 0.0..=1.0] x: f32 = 0.75;
            new {} [range = 0.0..=0.5] x: f32;
            write {} [range = 0.0..=0.5, rev = 2, migrate(with = |x| x.min(0.5))] x: f32 => "0.5";
            accept "if no device has another value";
        },
        change! { "a `validate` where there was none"
            old {} [] x: u8 = 7;
            new {} [validate = |x| x % 2 == 0] x: u8;
            write {} [validate = |x| x % 2 == 0, rev = 2, migrate(with = |x| x / 2 * 2)] x: u8 => "6";
            accept "if no device has such a value";
        },
        change! { "an option"
            old {} [] x: u8 = 7;
            new {} [] x: Option<u8>;
            write {} [migrate(ty = u8)] x: Option<u8> => "Some(7)";
        },
        change! { "no option any more"
            old {} [] x: Option<u8> = Some(7);
            new {} [] x: u8;
            write {} [migrate(ty = Option<u8>, try_with = |x| x)] x: u8 => "7";
        },
    ]
}

fn of_what_it_holds() -> Vec<Row> {
    vec![
        change! { "a longer text"
            old {} [] x: Text<4> = "abcd".try_into().unwrap();
            new {} [] x: Text<8>;
            free "-";
        },
        change! { "a shorter text"
            old {} [] x: Text<32> = "a long name".try_into().unwrap();
            new {} [] x: Text<4>;
            write {} [rev = 2, migrate(ty = Text<32>, with = |x| x.get(..4).unwrap_or(&x).try_into().unwrap_or_default())] x: Text<4> => "\"a lo\"";
            accept "if no device has a longer one";
        },
        change! { "a shorter list"
            old {} [] x: List<u8, 8> = [1, 2, 3].into_iter().collect();
            new {} [] x: List<u8, 2>;
            write {} [rev = 2, migrate(ty = List<u8, 8>, with = |x| x.into_iter().take(2).collect())] x: List<u8, 2> => "[1, 2]";
            accept "if no device has a longer one";
        },
        change! { "a shorter text inside"
            old { pub(crate) struct Name(pub(crate) Option<Text<8>>); } [] x: Name = Name(Some("abcdef".try_into().unwrap()));
            new { pub(crate) struct Name(pub(crate) Option<Text<4>>); } [] x: Name;
            accept "if no device has a longer one";
        },
        change! { "a longer array"
            old {} [] x: [u8; 2] = [1, 2];
            new {} [] x: [u8; 3];
            write {} [migrate(ty = [u8; 2], with = |[a, b]| [a, b, 0])] x: [u8; 3] => "[1, 2, 0]";
        },
        change! { "a variant at the end"
            old { pub(crate) enum Mode { #[default] Off, Heat } } [] x: Mode = Mode::Heat;
            new { pub(crate) enum Mode { #[default] Off, Heat, Auto { until: u8 } } } [] x: Mode;
            free "-";
        },
        change! { "a variant with another name"
            old { pub(crate) enum Mode { #[default] Off, Heat, Cool } } [] x: Mode = Mode::Cool;
            new { pub(crate) enum Mode { #[default] Off, Heat, Dry } } [] x: Mode;
            write { pub(crate) enum Mode { #[default] Off, Heat, Dry } }
                [rev = 2, migrate(ty = old::Mode, with = |was| if was == old::Mode::Heat { Mode::Heat } else { Mode::Off })] x: Mode => "Off";
            accept "if it is the same by another name";
        },
        change! { "a variant in the middle"
            old { pub(crate) enum Mode { #[default] Off, Heat } } [] x: Mode = Mode::Heat;
            new { pub(crate) enum Mode { #[default] Off, Auto, Heat } } [] x: Mode;
            write { pub(crate) enum Mode { #[default] Off, Heat, Auto } } [] x: Mode => "Heat";
            say "put it at the end";
        },
        change! { "a variant that is gone"
            old { pub(crate) enum Mode { #[default] Off, Heat } } [] x: Mode = Mode::Heat;
            new { pub(crate) enum Mode { #[default] Off } } [] x: Mode;
            write { pub(crate) enum Mode { #[default] Off } }
                [rev = 2, migrate(ty = old::Mode, with = |_| Mode::Off)] x: Mode => "Off";
        },
        change! { "a variant's value of another type"
            old { pub(crate) enum Fan { #[default] Auto, Manual { duty: u16 } } } [] x: Fan = Fan::Manual { duty: 30 };
            new { pub(crate) enum Fan { #[default] Auto, Manual { duty: i16 } } } [] x: Fan;
            write { pub(crate) enum Fan { #[default] Auto, Manual { duty: i16 } } }
                [rev = 2, migrate(ty = old::Fan, with = |was| match was {
                    old::Fan::Auto => Fan::Auto,
                    old::Fan::Manual { duty } => Fan::Manual { duty: duty as i16 },
                })] x: Fan => "Manual { duty: 30 }";
        },
        change! { "fields in another order"
            old { pub(crate) struct Span { pub(crate) low: u8, pub(crate) high: u8 } } [] x: Span = Span { low: 1, high: 9 };
            new { pub(crate) struct Span { pub(crate) high: u8, pub(crate) low: u8 } } [] x: Span;
            write { pub(crate) struct Span { pub(crate) low: u8, pub(crate) high: u8 } } [] x: Span => "Span { low: 1, high: 9 }";
            say "let them keep their order";
        },
        change! { "fields with other names"
            old { pub(crate) struct Span { pub(crate) min: u8, pub(crate) max: u8 } } [] x: Span = Span { min: 1, max: 9 };
            new { pub(crate) struct Span { pub(crate) high: u8, pub(crate) low: u8 } } [] x: Span;
            write { pub(crate) struct Span { pub(crate) high: u8, pub(crate) low: u8 } }
                [rev = 2, migrate(ty = old::Span, with = |was| Span { high: was.max, low: was.min })] x: Span => "Span { high: 9, low: 1 }";
            accept "if they are the same by other names";
        },
        change! { "one more field"
            old { pub(crate) struct Span { pub(crate) low: u8, pub(crate) high: u8 } } [] x: Span = Span { low: 1, high: 9 };
            new { pub(crate) struct Span { pub(crate) low: u8, pub(crate) high: u8, pub(crate) step: u8 } } [] x: Span;
            write { pub(crate) struct Span { pub(crate) low: u8, pub(crate) high: u8, pub(crate) step: u8 } }
                [migrate(ty = old::Span, with = |was| Span { low: was.low, high: was.high, step: 1 })] x: Span => "Span { low: 1, high: 9, step: 1 }";
        },
        change! { "a newtype around it"
            old {} [] x: u32 = 5;
            new { pub(crate) struct Ms(pub(crate) u32); } [] x: Ms;
            free "-";
        },
        change! { "another newtype"
            old { pub(crate) struct Ms(pub(crate) u32); } [] x: Ms = Ms(5000);
            new { pub(crate) struct Sec(pub(crate) u32); } [] x: Sec;
            write { pub(crate) struct Sec(pub(crate) u32); }
                [rev = 2, migrate(ty = old::Ms, with = |was| Sec(was.0 / 1000))] x: Sec => "Sec(5)";
            accept "if it is the same by another name";
        },
        change! { "no newtype any more"
            old { pub(crate) struct Ms(pub(crate) u32); } [] x: Ms = Ms(5);
            new {} [] x: u32;
            accept "if it means the same";
        },
        change! { "an enum or struct of another name"
            old { pub(crate) enum Mode { #[default] Off, Heat } } [] x: Mode = Mode::Heat;
            new { pub(crate) enum Regime { #[default] Off, Heat } } [] x: Regime;
            accept "if it is the same by another name";
        },
        change! { "another name, and a variant with another name"
            old { pub(crate) enum Mode { #[default] Off, Heat, Cool } } [] x: Mode = Mode::Cool;
            new { pub(crate) enum Mode { #[default] Off, Heat, Dry } } [alias = "x"] mode: Mode;
            accept "if it is the same by another name";
        },
        change! { "another name, and a shorter text"
            old {} [] x: Text<8> = "abcdef".try_into().unwrap();
            new {} [alias = "x"] name: Text<4>;
            write {} [migrate(from = "x", ty = Text<8>, try_with = |x| x.get(..4)?.try_into().ok())] name: Text<4> => "\"abcd\"";
            accept "if no device has a longer one";
        },
    ]
}

fn table() -> String {
    let mut text = String::from(
        "| change | without a rule | the test says | what to write |\n|---|---|---|---|\n",
    );
    for row in of_the_setting().into_iter().chain(of_what_it_holds()) {
        let Row {
            title,
            without,
            says,
            write,
        } = row;
        text += &format!("| {title} | {without} | {says} | {write} |\n");
    }
    text
}

#[test]
fn the_guide_has_every_kind_of_change() {
    const BEGIN: &str =
        "<!-- What stands from here to `end` is written by tests/tests/lock/changes.rs. -->\n";
    const END: &str = "<!-- end -->";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/migration.md");
    let guide = fs::read_to_string(&path).unwrap();
    let (before, rest) = guide.split_once(BEGIN).expect("the guide has the table");
    let (has, after) = rest.split_once(END).expect("the table ends");
    let table = table();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(
        has, table,
        "UPDATE_DOCS=1 brings docs/migration.md up to date"
    );
}
