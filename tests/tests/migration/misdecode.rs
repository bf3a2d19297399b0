//! Types that postcard would take for one another: a setting whose type changes never gets a wrong value.

use std::fmt::Debug;

use kvs::sim::SimFlash;
use kvs::{Options, Outcome, Resources, Settings, Store};
use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize, Schema)]
enum Two {
    #[default]
    A,
    B,
}

#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize, Schema)]
struct Pair {
    a: u16,
    b: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize, Schema)]
struct Three {
    a: u16,
    b: u16,
    c: u8,
}

/// A type that a setting can have, in a struct of its own.
trait OfType: Settings {
    type Value: Serialize + Debug + PartialEq + Default;
    fn values() -> Vec<Self::Value>;
    fn with(value: Self::Value) -> Self;
    fn value(&self) -> &Self::Value;
}

macro_rules! types {
    ($($name:ident: $ty:ty = [$($value:expr),*];)*) => {
        $(
            #[derive(Settings)]
            struct $name {
                #[setting(default)]
                value: $ty,
            }

            impl OfType for $name {
                type Value = $ty;
                fn values() -> Vec<$ty> {
                    vec![$($value),*]
                }
                fn with(value: $ty) -> Self {
                    Self { value }
                }
                fn value(&self) -> &$ty {
                    &self.value
                }
            }
        )*

        /// Every type's value, stored by one firmware and loaded by each of the others.
        fn every_pair() -> (u32, u32) {
            let mut counts = (0, 0);
            $(from::<$name>(&mut counts);)*
            counts
        }

        fn from<A: OfType>(counts: &mut (u32, u32)) {
            $(pair::<A, $name>(counts);)*
        }
    };
}

types! {
    Bool: bool = [true];
    U8: u8 = [5, 200];
    I8: i8 = [-5, 100];
    U16: u16 = [5, 300, 0x8000];
    I16: i16 = [5, -1, -300];
    U32: u32 = [5, 0x0FFF_FFFF, 70_000];
    I32: i32 = [-1, 5, -70_000];
    U64: u64 = [5, u64::MAX];
    U128: u128 = [5, u128::MAX];
    F32: f32 = [0.1, 1e9];
    F64: f64 = [0.1, 1e99];
    Char: char = ['x', 'é'];
    Text: heapless::String<8> = ["ab".try_into().unwrap(), "\u{1}\u{2}".try_into().unwrap()];
    Bytes: heapless::Vec<u8, 8> = [heapless::Vec::from([3, 1, 2]), heapless::Vec::from([b'a', b'b'])];
    Words: heapless::Vec<u16, 8> = [heapless::Vec::from([1, 300])];
    Four: [u8; 4] = [[3, 1, 2, 9]];
    Quad: [u16; 4] = [[1, 2, 3, 300]];
    Triple: [u16; 3] = [[1, 2, 300]];
    Maybe: Option<u8> = [Some(0), Some(7)];
    Choice: Two = [Two::B];
    Record: Pair = [Pair { a: 1, b: 300 }];
    Longer: Three = [Three { a: 1, b: 172, c: 2 }];
    Tuple: (u8, i8) = [(5, -5)];
    Unit: () = [()];
}

/// Stores by `A`, loads by `B`; counts the pair if the types are told apart.
fn pair<A: OfType, B: OfType>(counts: &mut (u32, u32)) {
    for value in A::values() {
        let mut flash = SimFlash::<4, 512>::new(2);
        let mut ram = Resources::<4, 2, 64>::new();
        let mut store = Store::mount(&mut flash, 0..1024, &mut ram, Options::DEFAULT).unwrap();
        let what = format!("{value:?} as {}", std::any::type_name::<B>());
        store.save(&A::with(value)).unwrap();
        let (found, report) = store.load::<B>();
        let outcome = report.iter().next().unwrap().1;
        let same_shape = A::TREE.hash(0) == B::TREE.hash(0);
        let same_type = std::any::TypeId::of::<A>() == std::any::TypeId::of::<B>();
        assert_eq!(same_shape, same_type, "{what}");
        counts.0 += 1;
        if !same_type {
            counts.1 += 1;
            assert_eq!(outcome, Outcome::Default, "{what}");
            assert_eq!(*found.value(), B::Value::default(), "{what}");
        }
        // And the first firmware finds its own, unless the value was its default and is not stored.
        let back = store.load::<A>().0;
        assert!(A::values().contains(back.value()), "{what}");
    }
}

#[test]
fn no_type_is_taken_for_another() {
    let (tried, apart) = every_pair();
    println!("{tried} values read as each type, {apart} of them as another: none misread");
    assert!(tried > 700 && apart > 650, "{tried} {apart}");
}

/// Within one shape the order of fields and variants is what counts: the lock file looks after that, and `rev` tells them
/// apart.
#[test]
fn a_rev_keeps_two_meanings_of_one_shape_apart() {
    #[derive(Settings)]
    struct Old {
        #[setting(default = 60_000)]
        period: u32,
        #[setting(default)]
        pair: Pair,
    }
    #[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize, Schema)]
    struct Swapped {
        b: u16,
        a: u16,
    }
    #[derive(Settings)]
    struct New {
        #[setting(default = 60, rev = 2, migrate(rev = 1, with = |ms: u32| ms / 1000))]
        period: u32,
        #[setting(default, rev = 2, migrate(rev = 1, ty = Pair, with = |old| Swapped { b: old.b, a: old.a }))]
        pair: Swapped,
    }
    let mut flash = SimFlash::<4, 512>::new(2);
    let mut ram = Resources::<8, 2, 64>::new();
    let mut store = Store::mount(&mut flash, 0..1024, &mut ram, Options::DEFAULT).unwrap();
    let pair = Pair { a: 1, b: 2 };
    store.save(&Old { period: 5000, pair }).unwrap();
    let (new, _) = store.load::<New>();
    assert_eq!((new.period, new.pair), (5, Swapped { b: 2, a: 1 }));
    store.save(&New { period: 7, ..new }).unwrap();
    assert_eq!(store.load::<Old>().0.period, 5000);
}
