//! What is wrong with a struct in itself: its defaults, and types whose bytes are not what their
//! schema says.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV4};
use core::num::{NonZeroI32, NonZeroU8};
use core::ops::RangeInclusive;
use core::time::Duration;

use heapless::{String, Vec};
use kvs::lock::{Why, faults, verify};
use kvs::{Settings, Stored};
use postcard_schema::Schema;
use postcard_schema::schema::{DataModelType, NamedType};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{said, schema};

/// What is said of a struct with one setting `x` of the type.
macro_rules! of {
    ($ty:ty) => {{
        let schema = schema! {
            #[derive(Settings)]
            struct T { x: $ty }
        };
        let texts: std::vec::Vec<_> = faults(schema).iter().map(ToString::to_string).collect();
        texts.join("\n\n")
    }};
}

/// Types with serde's attributes.
macro_rules! types {
    ($($item:item)*) => { $(
        #[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Schema)]
        #[allow(dead_code)]
        $item
    )* };
}

types! {
    enum SkippedVariant { #[serde(skip)] Zero, #[default] A, B }
    enum LastSkipped { #[default] A, B, #[serde(skip)] Z }
    struct SkippedField { a: u8, #[serde(skip)] b: u8, c: u8 }
    struct NotWritten { a: u8, #[serde(skip_serializing_if = "Option::is_none")] b: Option<u8>, c: u8 }
    struct NeverWritten { a: u8, #[serde(skip_serializing, default)] b: u8 }
    struct NeverRead { a: u8, #[serde(skip_deserializing)] b: u8 }
    #[serde(untagged)]
    enum Untagged { #[default] A, B(u8) }
    #[serde(tag = "kind")]
    enum Tagged { #[default] A, B { b: u8 } }
    #[serde(tag = "kind", content = "of")]
    enum Adjacent { #[default] A, B(u8) }
    struct Inner { a: u8 }
    struct Flat { x: u8, #[serde(flatten)] inner: Inner }
    struct With { #[serde(with = "as_text")] level: u8 }
    struct Into16 { level: Converted }
    #[serde(from = "u16", into = "u16")]
    struct Converted(u8);
    enum Deep { #[default] None, Some(Vec<Option<SkippedField>, 2>) }
    // These do no harm.
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    struct Renamed { #[serde(rename = "A")] a: u8, #[serde(default)] b: u8, #[serde(alias = "d")] c: u8 }
    #[serde(rename_all = "lowercase")]
    enum RenamedVariants { #[default] On, #[serde(rename = "away")] Off(u8), Both { a: u8, b: (u8, bool) } }
    #[serde(transparent)]
    struct Transparent { only: u32 }
    #[serde(transparent)]
    struct TransparentTuple(String<8>);
    #[serde(try_from = "u8", into = "u8")]
    struct Percent(u8);
    struct Generic<T>(T, Vec<T, 2>);
    struct Pair { a: u8, b: u16 }
    #[serde(transparent)]
    struct Outer { pair: Pair }
    #[serde(transparent)]
    struct Outermost { outer: Outer }
    enum Aliased { #[default] A, #[serde(alias = "d", alias = "e")] B, C(u8) }
    #[serde(from = "u8", into = "u8")]
    struct AtLeastFive(u8);
    #[serde(try_from = "String<12>", into = "String<12>")]
    struct Lowercase(String<12>);
    #[serde(try_from = "u16", into = "u16")]
    struct Port(u16);
    struct Network { ssid: String<32>, port: Lowercase }
}

impl From<u8> for AtLeastFive {
    fn from(number: u8) -> Self {
        Self(number.max(5))
    }
}

impl From<AtLeastFive> for u8 {
    fn from(number: AtLeastFive) -> Self {
        number.0
    }
}

impl TryFrom<String<12>> for Lowercase {
    type Error = &'static str;

    fn try_from(text: String<12>) -> Result<Self, &'static str> {
        match text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        {
            true => Ok(Self(text)),
            false => Err("not all is lowercase"),
        }
    }
}

impl From<Lowercase> for String<12> {
    fn from(text: Lowercase) -> Self {
        text.0
    }
}

impl TryFrom<u16> for Port {
    type Error = &'static str;

    fn try_from(number: u16) -> Result<Self, &'static str> {
        if number >= 1024 {
            Ok(Self(number))
        } else {
            Err("reserved")
        }
    }
}

impl From<Port> for u16 {
    fn from(port: Port) -> Self {
        port.0
    }
}

impl From<u16> for Converted {
    fn from(number: u16) -> Self {
        Self(number as u8)
    }
}

impl From<Converted> for u16 {
    fn from(converted: Converted) -> Self {
        converted.0.into()
    }
}

impl TryFrom<u8> for Percent {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, &'static str> {
        if number <= 100 {
            Ok(Self(number))
        } else {
            Err("more than all")
        }
    }
}

impl From<Percent> for u8 {
    fn from(percent: Percent) -> Self {
        percent.0
    }
}

mod as_text {
    use super::*;

    pub(super) fn serialize<S: Serializer>(level: &u8, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(level)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
        let text = String::<3>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A list by hand, with a schema that says so.
#[derive(Debug, Default, Clone, PartialEq)]
struct ByHand(u8);

impl Serialize for ByHand {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (self.0, self.0).serialize(to)
    }
}

impl<'de> Deserialize<'de> for ByHand {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (one, _) = <(u8, u8)>::deserialize(from)?;
        Ok(Self(one))
    }
}

impl Schema for ByHand {
    const SCHEMA: &'static NamedType = &NamedType {
        name: "ByHand",
        ty: &DataModelType::Tuple(&[u8::SCHEMA, u8::SCHEMA]),
    };
}

#[test]
fn types_whose_bytes_are_not_what_their_schema_says() {
    for (text, part) in [
        (
            of!(SkippedVariant),
            "serde reads 2 variants where the schema has 3",
        ),
        (
            of!(LastSkipped),
            "serde reads 2 variants where the schema has 3",
        ),
        (
            of!(Option<SkippedVariant>),
            "serde reads 2 variants where the schema has 3",
        ),
        (
            of!(SkippedField),
            "serde reads 2 fields where the schema has 3",
        ),
        (
            of!([SkippedField; 2]),
            "serde reads 2 fields where the schema has 3",
        ),
        (
            of!(NotWritten),
            "what serde reads from the bytes [00 00 00], it writes as [00 00]",
        ),
        (
            of!(NeverWritten),
            "what serde reads from the bytes [00 00], it writes as [00]",
        ),
        (of!(NeverRead), "serde reads 1 field where the schema has 2"),
        (
            of!(Untagged),
            "`#[serde(untagged)]`, `tag` and `flatten` can't be read back",
        ),
        (of!(Vec<Untagged, 2>), "can't be read back"),
        (of!(Tagged), "can't be read back"),
        (of!(Adjacent), "serde reads"),
        (of!(Flat), "a map (as for `#[serde(flatten)]`)"),
        (
            of!(With),
            "serde reads a text where the schema says u8 (in `level`)",
        ),
        (
            of!(Option<With>),
            "serde reads a text where the schema says u8 (in `level`)",
        ),
        (of!(Into16), "serde reads a `u16` where the schema says"),
        (of!(Deep), "serde reads 2 fields where the schema has 3"),
    ] {
        assert!(
            text.starts_with("The bytes of `x` are not what its schema says"),
            "{text}"
        );
        assert!(text.contains(part), "{text}");
        assert!(
            text.contains("derived, and without serde's attributes"),
            "{text}"
        );
    }
}

#[test]
fn types_that_are_as_their_schema_says() {
    for text in [
        of!(Renamed),
        of!(RenamedVariants),
        of!(Transparent),
        of!(TransparentTuple),
        of!(Option<Transparent>),
        of!(Outer),
        of!(Option<Outermost>),
        of!(Aliased),
        of!(Option<AtLeastFive>),
        of!(Network),
        of!(Percent),
        of!(Generic<Option<i16>>),
        of!(Option<NonZeroU8>),
        of!(Option<NonZeroI32>),
        of!(Vec<NonZeroU8, 4>),
        of!(Duration),
        of!(Option<RangeInclusive<u8>>),
        of!(Option<IpAddr>),
        of!(Option<Ipv4Addr>),
        of!(Option<Ipv6Addr>),
        of!(Option<SocketAddrV4>),
        of!(Option<Stored<core::net::SocketAddrV6>>),
        of!(Stored<heapless::LinearMap<u8, String<4>, 3>>),
        of!(Stored<heapless::index_map::FnvIndexMap<String<4>, i32, 4>>),
        of!(Stored<heapless::Deque<u16, 4>>),
        of!(Stored<heapless::BinaryHeap<u16, heapless::binary_heap::Max, 4>>),
        of!(Stored<[u8; 64]>),
        of!(Option<Result<u8, (i8, char)>>),
        of!(ByHand),
        of!((u8, i8, u16, i16, u32, f64)),
        of!((i64, u64, i128, u128, f32, ())),
    ] {
        assert_eq!(text, "");
    }
}

#[test]
fn capacities_are_read_from_the_type() {
    const LEN: usize = 6;
    type Name = String<{ LEN * 2 }>;
    #[derive(Default, Serialize, Deserialize, Schema)]
    struct Tag<const N: usize>(String<N>);
    // The derive of `Schema` takes no const parameter.
    #[derive(Debug, Default, Serialize, Deserialize, Schema)]
    struct Peer {
        name: Name,
        ports: [Vec<u16, 3>; 2],
    }
    let _ = Tag::<4>::default;
    let lock = kvs::lock::Lock::of(schema! {
        #[derive(Settings)]
        struct T {
            alias: Name,
            inside: Option<Peer>,
            map: Stored<heapless::LinearMap<u8, String<4>, 3>>,
            heap: Stored<heapless::BinaryHeap<u16, heapless::binary_heap::Max, 5>>,
            long: Vec<u8, 700>,
            many: Vec<(u8, u16), 300>,
            pair: (String<2>, String<3>),
            percents: Vec<Percent, 9>,
            host: Lowercase,
            network: Network,
            ports: Vec<Port, 6>,
            set: Stored<heapless::index_set::FnvIndexSet<Option<u8>, 8>>,
            keys: Stored<heapless::LinearMap<Vec<u8, 6>, u8, 4>>,
        }
    });
    let types: std::vec::Vec<_> = lock.settings.iter().map(|one| one.ty.as_str()).collect();
    assert_eq!(
        types,
        [
            "str<12>",
            "?struct Peer { name: str<12>, ports: [[u16]<3>; 2] }",
            "{u8: str<4>}<3>",
            "[u16]<5>",
            "[u8]<700>",
            "[(u8, u16)]<300>",
            "(str<2>, str<3>)",
            "[struct Percent(u8)]<9>",
            "struct Lowercase(str<12>)",
            "struct Network { ssid: str<32>, port: struct Lowercase(str<12>) }",
            "[struct Port(u16)]<6>",
            "[?u8]<8>",
            "{[u8]<6>: u8}<4>",
        ]
    );
}

/// A text that checks itself.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Schema)]
struct Hostname(String<8>);

impl TryFrom<&str> for Hostname {
    type Error = ();

    fn try_from(text: &str) -> Result<Self, ()> {
        match String::try_from(text) {
            Ok(text) if text.is_ascii() => Ok(Self(text)),
            _ => Err(()),
        }
    }
}

#[test]
fn defaults_that_their_own_rules_turn_down() {
    let wrong = schema! {
        #[derive(Settings)]
        struct T {
            #[setting(default = 3, validate = |x| x % 2 == 0)]
            even: u8,
            #[setting(default = "a host of a long name")]
            host: Hostname,
            #[setting(default = Duration::from_secs(9), range = ..Duration::from_secs(5))]
            wait: Duration,
            #[setting(default = "short")]
            fine: Hostname,
        }
    };
    insta::assert_snapshot!(said(wrong, wrong), @r#"
    The default of `even` is turned down by its own rules: the value is not valid. Each save of the struct would fail.
      Give another `default`, or correct `range` or `validate`.

    The default of `host` is `"a host of a long name"` as written, and becomes `""`.
      Give a text that the type takes.

    The default of `wait` is turned down by its own rules: the value is out of range. Each save of the struct would fail.
      Give another `default`, or correct `range` or `validate`.
    "#);
    let scratch = super::modes::Scratch::new("faults");
    let file = scratch.file();
    for mode in [
        kvs::lock::Mode::Check,
        kvs::lock::Mode::Update,
        kvs::lock::Mode::Accept,
    ] {
        let failure = verify(wrong, &file, mode).unwrap_err();
        assert!(matches!(failure.why, Why::Faulty(_)), "{failure}");
        assert!(
            failure
                .to_string()
                .starts_with("`T` can't be stored as it is:\n\n"),
            "{failure}"
        );
        assert!(!file.exists());
    }
}

#[test]
#[should_panic(expected = "The default of `even` is turned down by its own rules")]
fn the_check_alone() {
    #[derive(Settings)]
    struct T {
        #[setting(default = 3, validate = |x| x % 2 == 0)]
        even: u8,
    }
    kvs::assert_wire_matches_schema!(T);
}

/// What serde leaves out moves from one field or variant to another: the bytes are the same, and so
/// is the schema.
#[test]
fn what_is_skipped_moves() {
    mod v1 {
        use super::*;
        types! {
            pub(super) struct Three { a: u8, #[serde(skip)] b: u8, c: u8 }
            pub(super) enum Few { #[serde(skip)] Zero, #[default] A, B }
        }
    }
    mod v2 {
        use super::*;
        types! {
            pub(super) struct Three { a: u8, b: u8, #[serde(skip)] c: u8 }
            pub(super) enum Few { Zero, #[default] A, B }
        }
    }
    macro_rules! with {
        ($ty:ty) => {
            schema! {
                #[derive(Settings)]
                struct T { x: $ty }
            }
        };
    }
    // The firmware that would be misread never ships.
    for first in [with!(v1::Three), with!(v1::Few)] {
        assert_eq!(faults(first).len(), 1);
    }
    assert!(said(with!(v1::Three), with!(v2::Three)).contains("not what its schema says"));
    assert!(said(with!(v1::Few), with!(v2::Few)).contains("were not what its schema said"));
}
