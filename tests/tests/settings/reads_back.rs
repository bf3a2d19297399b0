//! Types whose serde attributes, or own impls, write what they don't read: such a value is never stored.

use core::fmt::Debug;

use kvs::sim::presets;
use kvs::{Error, Key, Outcome, RawKey, Rejection, Settings, Store, key_hash};
use postcard_schema::Schema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Flash, Ram, mount};

/// Has one setting of type `T`.
trait OfType: Settings {
    type Value: Serialize + DeserializeOwned + Clone + Debug + PartialEq + Send + Sync;
    const KEY: Key<Self::Value>;
    fn with(value: &Self::Value) -> Self;
    fn value(self) -> Self::Value;
}

macro_rules! settings {
    ($name:ident, $ty:ty, $default:expr) => {
        #[derive(Settings)]
        struct $name {
            #[setting(default = $default)]
            value: $ty,
        }

        impl OfType for $name {
            type Value = $ty;
            const KEY: Key<$ty> = Self::KEYS.value;
            fn with(value: &$ty) -> Self {
                Self {
                    value: value.clone(),
                }
            }
            fn value(self) -> $ty {
                self.value
            }
        }
    };
}

fn calls(flash: &Flash) -> (u64, u64) {
    (flash.stats().programs, flash.stats().erases)
}

/// Asserts that no call stores `value`, nor does it any harm to what is stored.
fn refused<S: OfType>(value: &S::Value) {
    let (mut flash, mut ram) = (presets::nrf52840(), Ram::new());
    let mut store = mount(&mut flash, &mut ram);
    store.put_bytes("other", b"kept").unwrap();
    let image = store.flash().image().to_vec();
    let error = Error::Rejected {
        setting: S::KEY.path(),
        why: Rejection::NotReadBack,
    };
    assert_eq!(store.put(S::KEY, value), Err(error), "put {value:?}");
    assert_eq!(store.save(&S::with(value)), Err(error), "save {value:?}");
    let both = |store: &mut Store<'_, &mut Flash>| {
        let other = kvs::Change::put("other", b"lost");
        store.commit(&[other, S::KEY.set(value)?])
    };
    assert_eq!(both(&mut store), Err(error), "commit {value:?}");
    assert!(store.flash().image() == image, "{value:?} was written");
    assert_eq!(
        store.load::<S>().1.iter().next().unwrap().1,
        Outcome::Default
    );
    // And without a read of what is there.
    let before = calls(store.flash());
    assert!(store.put(S::KEY, value).is_err());
    assert_eq!(calls(store.flash()), before);
}

/// Asserts that `value` is stored, and comes back as it is.
fn kept<S: OfType>(value: &S::Value) {
    let (mut flash, mut ram) = (presets::nrf52840(), Ram::new());
    let mut store = mount(&mut flash, &mut ram);
    store.put(S::KEY, value).unwrap();
    let (found, report) = store.load::<S>();
    assert_eq!(
        report.iter().next().unwrap().1,
        Outcome::Loaded,
        "{value:?}"
    );
    assert_eq!(found.value(), *value);
}

/// The variants behind the skipped one are numbered otherwise when they are read.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
enum Variants {
    A,
    #[serde(skip)]
    #[allow(dead_code, reason = "can't be stored")]
    B,
    C,
    D,
}

settings!(SkippedVariant, Variants, Variants::A);

#[test]
fn skip_of_a_variant() {
    kept::<SkippedVariant>(&Variants::A);
    // Would be read as `D`.
    refused::<SkippedVariant>(&Variants::C);
    // Would not be read at all.
    refused::<SkippedVariant>(&Variants::D);
    // Serde itself does not write it.
    let (mut flash, mut ram) = (presets::nrf52840(), Ram::new());
    let mut store = mount(&mut flash, &mut ram);
    let put = store.put(SkippedVariant::KEYS.value, &Variants::B);
    assert_eq!(put, Err(Error::Unencodable));
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
enum Writes {
    A(u8),
    #[serde(skip_serializing)]
    B,
    #[serde(skip_deserializing)]
    C,
    D,
}

settings!(HalfSkippedVariant, Writes, Writes::A(0));

#[test]
fn skip_of_a_variant_in_one_direction() {
    kept::<HalfSkippedVariant>(&Writes::A(3));
    refused::<HalfSkippedVariant>(&Writes::C);
    refused::<HalfSkippedVariant>(&Writes::D);
    let (mut flash, mut ram) = (presets::nrf52840(), Ram::new());
    let mut store = mount(&mut flash, &mut ram);
    let put = store.put(HalfSkippedVariant::KEYS.value, &Writes::B);
    assert_eq!(put, Err(Error::Unencodable));
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
struct If {
    #[serde(skip_serializing_if = "Option::is_none")]
    a: Option<u8>,
    b: u8,
}

settings!(SkippedIf, If, If { a: Some(1), b: 1 });

#[test]
fn skip_serializing_if() {
    kept::<SkippedIf>(&If { a: Some(3), b: 4 });
    // One byte, which is read as an option's tag.
    for b in [0, 1, 2, 200] {
        refused::<SkippedIf>(&If { a: None, b });
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
struct OneWay {
    #[serde(skip_serializing)]
    a: u8,
    b: u8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
struct OtherWay {
    #[serde(skip_deserializing)]
    a: u8,
    b: u8,
}

settings!(NotWritten, OneWay, OneWay { a: 0, b: 0 });
settings!(NotRead, OtherWay, OtherWay { a: 0, b: 0 });

#[test]
fn skip_of_a_field_in_one_direction() {
    refused::<NotWritten>(&OneWay { a: 1, b: 2 });
    refused::<NotRead>(&OtherWay { a: 1, b: 2 });
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
#[serde(untagged)]
enum Untagged {
    Number(u8),
    Flag { on: bool },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
#[serde(tag = "kind")]
enum Tagged {
    Number { value: u8 },
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
#[serde(tag = "kind", content = "value")]
enum Adjacent {
    Number(u8),
    Nothing,
}

settings!(WithoutTag, Untagged, Untagged::Number(0));
settings!(WithTag, Tagged, Tagged::Nothing);
settings!(WithContent, Adjacent, Adjacent::Nothing);

#[test]
fn tags_that_need_a_self_describing_format() {
    refused::<WithoutTag>(&Untagged::Number(1));
    refused::<WithoutTag>(&Untagged::Flag { on: true });
    refused::<WithTag>(&Tagged::Number { value: 1 });
    refused::<WithTag>(&Tagged::Nothing);
    refused::<WithContent>(&Adjacent::Number(1));
    refused::<WithContent>(&Adjacent::Nothing);
}

fn doubled<S: Serializer>(value: &u16, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(value * 2)
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
struct WrittenWith {
    #[serde(serialize_with = "doubled")]
    value: u16,
}

settings!(HalfAWith, WrittenWith, WrittenWith { value: 0 });

#[test]
fn with_in_one_direction() {
    // As luck will have it.
    kept::<HalfAWith>(&WrittenWith { value: 0 });
    refused::<HalfAWith>(&WrittenWith { value: 1 });
}

/// Reads no more than 10, but writes any number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Schema)]
struct Clamped(u8);

impl<'de> Deserialize<'de> for Clamped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u8::deserialize(deserializer).map(|value| Self(value.min(10)))
    }
}

settings!(ReadsLess, Clamped, Clamped(0));
settings!(Inside, Option<[Clamped; 2]>, None);

#[test]
fn an_impl_that_changes_what_it_reads() {
    kept::<ReadsLess>(&Clamped(10));
    refused::<ReadsLess>(&Clamped(11));
    kept::<Inside>(&None);
    refused::<Inside>(&Some([Clamped(1), Clamped(11)]));
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Harmless {
    #[serde(rename = "first", alias = "one", default)]
    a: u8,
    // Is not stored, and has its default when it is loaded.
    #[serde(skip)]
    not_stored: u8,
    b: f32,
    #[serde(with = "self::whole")]
    c: u16,
}

mod whole {
    use super::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &u16, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u16(value.swap_bytes())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u16, D::Error> {
        u16::deserialize(from).map(u16::swap_bytes)
    }
}

#[rustfmt::skip]
settings!(Allowed, Harmless, Harmless { a: 0, not_stored: 0, b: 0.0, c: 0 });
settings!(Float, f64, 0.0);

#[test]
fn what_writes_as_it_reads_is_stored() {
    for b in [0.0, -0.0, f32::MIN, f32::INFINITY] {
        kept::<Allowed>(&Harmless {
            a: 1,
            not_stored: 0,
            b,
            c: 0x0102,
        });
    }
    // A number that is not equal to itself has its bytes all the same.
    let (mut flash, mut ram) = (presets::nrf52840(), Ram::new());
    let mut store = mount(&mut flash, &mut ram);
    store.put(Float::KEYS.value, &f64::NAN).unwrap();
    assert!(store.get(Float::KEYS.value).unwrap().is_nan());
}

#[derive(Settings)]
struct ByRule {
    #[setting(default = Variants::A, migrate(from = "old", ty = u8, with = |_| Variants::C))]
    mode: Variants,
}

#[derive(Settings)]
#[settings(migrate(from("old": u8), with = Self::migrate))]
struct ByStruct {
    #[setting(default = Variants::A)]
    mode: Variants,
}

impl ByStruct {
    fn migrate(&mut self, (old,): (Option<u8>,)) {
        if old.is_some() {
            self.mode = Variants::C;
        }
    }
}

/// What a migration makes is stored by `confirm` only, which looks as well.
#[test]
fn a_migration_to_such_a_value_is_refused() {
    let (mut flash, mut ram) = (presets::nrf52840(), Ram::new());
    let mut store = mount(&mut flash, &mut ram);
    store
        .put_bytes(RawKey::Hash(key_hash("old:u8")), &[7])
        .unwrap();
    let image = store.flash().image().to_vec();
    let why = Rejection::NotReadBack;

    assert_eq!(store.load::<ByRule>().0.mode, Variants::C);
    let setting = ByRule::KEYS.mode.path();
    let refused = Err(Error::Rejected { setting, why });
    assert_eq!(store.confirm::<ByRule>(), refused);

    store.remount().unwrap();
    let (by_struct, report) = store.load::<ByStruct>();
    assert_eq!(by_struct.mode, Variants::A);
    let rejected: Vec<_> = report.rejected().map(|(_, why)| why).collect();
    assert_eq!(rejected, [why]);
    assert_eq!(store.confirm::<ByStruct>(), Ok(0));

    assert!(store.flash().image() == image);
}

#[test]
fn the_error_says_why() {
    let (mut flash, mut ram) = (presets::nrf52840(), Ram::new());
    let mut store = mount(&mut flash, &mut ram);
    let error = store.put(SkippedVariant::KEYS.value, &Variants::C);
    assert_eq!(
        error.unwrap_err().to_string(),
        "value: what the type's serde attributes write of this value is not what they read, so it would not come back"
    );
}
