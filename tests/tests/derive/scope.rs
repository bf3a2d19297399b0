//! The generated code means the same whatever is in scope where the struct is.
//!
//! In a pattern, the name of a constant, a static or a unit struct is not a binding but that item. So a module has
//! items of all names that the generated code could bind or call, and a struct with every attribute.

use heapless::String;
use kvs::{EncodeError, Leaves, Rejection, Settings};

use crowded::Device;

#[allow(
    dead_code,
    non_camel_case_types,
    non_upper_case_globals,
    unused_imports,
    unused_macros
)]
mod crowded {
    // What the code could bind: as constants, a static, structs, and variants that are imported.
    const at: ::core::primitive::usize = 7;
    static leaf: ::core::primitive::u8 = 1;
    struct out;
    struct bytes();
    struct Many(::core::primitive::u8);
    enum Words {
        rule,
        sources(::core::primitive::u8),
    }
    use Words::{rule, sources};
    macro_rules! constants {
        ($($name:ident)*) => { $(const $name: &::core::primitive::str = "constant";)* };
    }
    constants! {
        value tree first old outside key rest tail to default convert attempt function index found
        range text codec nested fields schema count offset accept verdict in_range no_rules group
        keys item number len name node encode decode holds migrate check spec ops
        __SCHEMA __COUNT __NAME_COUNT __NAMES __HASHES __OLD __TREE
        __OPS_0 __SPEC_0 __AT_0 __LOW_0 __HIGH_0 __DEFAULT_0
    }

    // What the code could call or mention.
    macro_rules! assert {
        ($($any:tt)*) => {
            ::core::compile_error!("not the user's `assert`")
        };
    }
    macro_rules! panic {
        ($($any:tt)*) => {
            ::core::compile_error!("not the user's `panic`")
        };
    }
    struct Option;
    struct Result;
    struct Ok;
    struct Err;
    struct Some;
    struct None;
    struct Clone;
    struct Copy;
    struct Default;
    struct Send;
    struct Sync;
    struct From;
    struct Settings;
    struct Leaves;
    struct Key;
    struct Path;
    struct u8;
    struct u32;
    struct usize;
    struct bool;
    struct str;
    mod core {}
    mod kvs {}
    mod std {}
    fn __default_0() {}
    fn __check_0() {}
    fn __migrate_0() {}

    #[derive(::kvs::Settings)]
    pub(super) struct Inner {
        #[setting(default = 3)]
        pub(super) a: ::core::primitive::u8,
        #[setting(migrate(from = "c", ty = i8, with = Self::half))]
        pub(super) b: u16,
    }

    impl Inner {
        fn half(wide: i8) -> u16 {
            wide.unsigned_abs().into()
        }
    }

    const LIMITS: ::core::ops::RangeInclusive<u16> = 1..=9;

    fn odd(number_: &u16) -> ::core::result::Result<(), &'static ::core::primitive::str> {
        match *number_ % 2 {
            1 => ::core::result::Result::Ok(()),
            _ => ::core::result::Result::Err("even"),
        }
    }

    fn double(small: i8) -> u64 {
        u64::from(small.unsigned_abs()) * 2
    }

    fn positive(any: i16) -> ::core::option::Option<u64> {
        u64::try_from(any).ok()
    }

    fn sum((a, b): (u16, u16)) -> u64 {
        u64::from(a).saturating_add(u64::from(b))
    }

    fn take_over(
        device: &mut Device,
        (level, _): (
            ::core::option::Option<u16>,
            ::core::option::Option<::heapless::String<4>>,
        ),
    ) {
        device.level = level.unwrap_or(5);
    }

    /// A device with every attribute.
    #[derive(::kvs::Settings)]
    #[settings(
        prefix = "net",
        rename_all = "kebab-case",
        retired("gone", "older": i16 @ 2 secret),
        migrate(from("deep": u16, "text": ::heapless::String<4> @ 2 secret), with = take_over)
    )]
    pub(super) struct Device {
        #[setting(default = 5, range = 1..=9, validate = odd, unit = "ms", keep)]
        pub(super) level: u16,
        #[setting(default = 5, range = LIMITS, validate = |seen| *seen != 8)]
        pub(super) other: u16,
        #[setting(range = ..50)]
        pub(super) below: i16,
        #[setting(default = "ab", secret, alias = "title")]
        pub(super) label: ::heapless::String<4>,
        #[setting(rename = "renamed", validate = odd, default = 1)]
        pub(super) odd_name: u16,
        #[setting(nested, keep)]
        pub(super) one: Inner,
        #[setting(nested, alias = "each")]
        pub(super) row: [Inner; 2],
        #[setting(skip, default = 17)]
        pub(super) scratch: i64,
        #[setting(
            rev = 2,
            migrate(from = "by", ty = i8, with = double),
            migrate(from = "may", ty = i16, try_with = positive),
            migrate(from("a", "b"), ty = (u16, u16), with = sum),
            migrate(from("c", "d"), ty = (u16, u16), default = (1, 2), with = sum),
            migrate(from = "/net.wide", ty = u16),
            migrate(rev = 1)
        )]
        pub(super) total: u64,
    }
}

/// The number of `total`: behind five settings, and three times the two of an `Inner`.
const TOTAL: usize = 11;

#[test]
fn defaults_and_paths() {
    let device = Device::defaults();
    assert_eq!(
        (device.level, device.other, device.below, device.odd_name),
        (5, 5, 0, 1)
    );
    assert_eq!(device.label, "ab");
    assert_eq!((device.one.a, device.row[1].b), (3, 0));
    assert_eq!((device.scratch, device.total), (17, 0));
    let paths: std::vec::Vec<_> = Device::TREE.paths().map(|path| path.to_string()).collect();
    assert_eq!(
        paths,
        [
            "net.level",
            "net.other",
            "net.below",
            "net.label",
            "net.renamed",
            "net.one.a",
            "net.one.b",
            "net.row.0.a",
            "net.row.0.b",
            "net.row.1.a",
            "net.row.1.b",
            "net.total",
        ]
    );
    let keys = Device::KEYS;
    assert_eq!(keys.row[1].b.path().to_string(), "net.row.1.b");
    assert_eq!(keys.total.hash(), kvs::key_hash("net.total:u64@2"));
}

#[test]
fn bytes_and_checks() {
    let mut device = Device::defaults();
    assert_eq!(device.decode(0, &[7]), Ok(()));
    assert_eq!(device.decode(0, &[11]), Err(Rejection::OutOfRange));
    assert_eq!(device.decode(0, &[6]), Err(Rejection::Invalid("even")));
    assert_eq!(device.decode(2, &[100]), Err(Rejection::OutOfRange));
    assert_eq!(device.decode(9, &[4]), Ok(()));
    assert_eq!((device.level, device.row[1].a), (7, 4));
    assert!(device.holds(9, &[4]) && !device.holds(7, &[4]));
    device.other = 8;
    let mut room = [0; 8];
    let no = Rejection::Invalid("the value is not valid");
    assert_eq!(device.encode(1, &mut room), Err(EncodeError::Rejected(no)));
    assert_eq!(device.encode(9, &mut room), Ok(1));
}

#[test]
fn old_values() {
    let mut device = Device::defaults();
    let rules: [(&[Option<&[u8]>], u64); 6] = [
        (&[Some(&[4])], 8),
        (&[Some(&[6])], 3),
        (&[Some(&[1]), Some(&[2])], 3),
        (&[Some(&[7]), None], 9),
        (&[Some(&[6])], 6),
        (&[Some(&[6])], 6),
    ];
    for (number, (sources, made)) in rules.into_iter().enumerate() {
        assert_eq!(device.migrate(TOTAL, number + 1, sources), Ok(()));
        assert_eq!(device.total, made, "rule {}", number + 1);
    }
    let negative = device.migrate(TOTAL, 2, &[Some(&[1])]);
    assert_eq!(negative, Err(Rejection::NotMigrated));
    assert_eq!(device.migrate(10, 1, &[Some(&[3])]), Ok(()));
    assert_eq!(device.row[1].b, 3);
    assert_eq!(device.migrate_all(&[Some(&[9]), None]), Ok(()));
    assert_eq!(
        (device.level, device.label),
        (9, String::try_from("ab").unwrap_or_default())
    );
}
