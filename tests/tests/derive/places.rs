//! The derive wherever it may be written: without a prelude, under another name, documented, in functions and macros.

use super::*;

mod without_prelude {
    #![no_implicit_prelude]

    #[derive(::kvs::Settings)]
    pub(super) struct Plain {
        #[setting(default = "x", validate = |_| true)]
        text: ::heapless::String<4>,
        #[setting(default = 3, range = 1..=4)]
        number: u8,
        #[setting(nested)]
        inner: [Inner; 2],
        #[setting(skip)]
        _scratch: ::core::primitive::u32,
    }

    #[derive(::kvs::Settings)]
    pub(super) struct Inner {
        value: ::core::primitive::i32,
    }

    // What the generated code must not take for its own.
    #[allow(dead_code, non_camel_case_types)]
    mod kvs {}
    #[allow(dead_code)]
    struct Option;
    #[allow(dead_code)]
    struct Result;
}

#[test]
fn works_without_a_prelude() {
    assert_eq!(without_prelude::Plain::COUNT, 4);
}

mod under_another_name {
    // `expand.rs` has a test that nothing says `kvs` then.
    use kvs as renamed;
    use renamed::Settings;

    #[derive(Settings)]
    #[settings(crate = renamed)]
    struct Plain {
        #[setting(default = "abc")]
        text: heapless::String<4>,
        #[setting(default = 3, range = 1..=4)]
        number: u8,
        #[setting(nested)]
        inner: [Inner; 2],
    }

    #[derive(Settings)]
    #[settings(crate = renamed)]
    struct Inner {
        value: i32,
    }

    #[test]
    fn works_too() {
        let plain = Plain::defaults();
        assert_eq!((plain.text.as_str(), plain.number), ("abc", 3));
        let hash = Plain::KEYS.inner[1].value.hash();
        assert_eq!(hash, renamed::key_hash("inner.1.value:i32"));
    }
}

/// Documented as a whole, for the lint.
pub mod documented {
    #![deny(missing_docs, unreachable_pub, private_interfaces, unused)]

    use kvs::Settings;

    /// A public struct with a private type in it.
    #[derive(Settings)]
    pub struct Public {
        /// The volume.
        pub volume: u8,
        secret: Secret,
        /// More.
        #[setting(nested)]
        pub more: More,
    }

    /// Nested.
    #[derive(Settings)]
    pub struct More {
        /// Nested.
        pub value: u8,
    }

    #[derive(
        Clone, Copy, Default, serde::Serialize, serde::Deserialize, postcard_schema::Schema,
    )]
    struct Secret(u8);

    /// Reads what is private.
    pub fn secret(of: &Public) -> u8 {
        of.secret.0
    }
}

#[test]
fn public_keys_have_names() {
    let keys: documented::PublicKeys = documented::Public::KEYS;
    let _: kvs::Key<u8> = keys.volume;
    let _: documented::MoreKeys = keys.more;
    assert_eq!(documented::secret(&documented::Public::defaults()), 0);
}

#[test]
fn works_inside_a_function() {
    const LIMIT: u8 = 5;

    #[derive(Default, Serialize, Deserialize, Schema)]
    struct Local(u8);

    #[derive(Settings)]
    struct Inner {
        local: Local,
    }

    #[derive(Settings)]
    struct Outer {
        #[setting(nested)]
        inner: Inner,
        #[setting(default = LIMIT, range = ..=LIMIT)]
        limited: u8,
    }

    assert_eq!(Outer::COUNT, 2);
    assert_eq!(Outer::defaults().inner.local.0, 0);
    assert_eq!(Outer::defaults().limited, 5);
}

mod versions {
    //! Two versions of one struct in one program.

    pub(crate) mod v1 {
        #[derive(kvs::Settings)]
        #[settings(prefix = "app")]
        pub(crate) struct Config {
            pub(crate) period: u16,
            pub(crate) name: heapless::String<8>,
        }
    }

    pub(crate) mod v2 {
        #[derive(kvs::Settings)]
        #[settings(prefix = "app")]
        pub(crate) struct Config {
            pub(crate) period: u32,
            pub(crate) name: heapless::String<64>,
        }
    }
}

#[test]
fn versions_side_by_side() {
    use versions::{v1, v2};
    // Another type is another key; a longer string is not.
    assert_ne!(
        v1::Config::KEYS.period.hash(),
        v2::Config::KEYS.period.hash()
    );
    assert_eq!(v1::Config::KEYS.name.hash(), v2::Config::KEYS.name.hash());
    assert_ne!(
        v1::Config::KEYS.period.path(),
        kvs::Path::new(v2::Config::TREE, 0)
    );
}

/// Attributes and types that come out of a macro, in its invisible groups.
macro_rules! config {
    ($name:ident, $ty:ty, $default:expr, $low:expr, $item:ty) => {
        #[derive(Settings)]
        struct $name {
            #[setting(default = $default, range = $low..=10)]
            number: $ty,
            #[setting(nested)]
            items: $item,
        }
    };
}

config!(FromMacro, u8, 2 + 3, 1 + 1, [Slot; 2]);

#[test]
fn works_from_a_macro() {
    assert_eq!(FromMacro::COUNT, 5);
    assert_eq!(FromMacro::defaults().number, 5);
    assert_eq!(FromMacro::KEYS.number.check(&1), Err(Rejection::OutOfRange));
    assert_eq!(
        FromMacro::KEYS.items[1].hour.path().to_string(),
        "items.1.hour"
    );
}
