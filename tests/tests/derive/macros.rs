//! Structs that `macro_rules` make: what they pass on keeps its meaning.

use kvs::Settings;

#[derive(Settings)]
struct Inner {
    level: u8,
}

macro_rules! structs {
    ($sum:expr, $pair:expr, $range:expr) => {
        #[derive(Settings)]
        struct Made {
            #[setting(default = $sum * 2)]
            product: i8,
            #[setting(default = -$sum)]
            negative: i8,
            #[setting(default = $pair * 3, range = 0..=$pair * 3)]
            bounded: u8,
            #[setting(default = 1, range = $range)]
            ranged: u8,
            #[setting(validate = |value: &u8| *value < $pair * 3)]
            checked: u8,
            #[setting(nested)]
            inners: [Inner; $pair * 2],
            // The same text as in `product`, but for the parentheses.
            #[setting(default = 1 + 2 * 2)]
            other: i8,
            list: heapless::Vec<u8, { $pair * 2 }>,
            array: [u8; $pair * 2],
        }
    };
}

structs!(1 + 2, 1 + 1, 1..=3);

#[test]
fn an_expression_that_a_macro_passes_on_stays_one() {
    let made = Made::defaults();
    assert_eq!(made.product, 6);
    assert_eq!(made.negative, -3);
    assert_eq!(made.bounded, 6);
    assert_eq!(made.other, 5);
    assert!(Made::KEYS.bounded.check(&6).is_ok());
    assert!(Made::KEYS.bounded.check(&7).is_err());
    assert!(Made::KEYS.ranged.check(&4).is_err());
    assert!(Made::KEYS.checked.check(&5).is_ok());
    assert!(Made::KEYS.checked.check(&6).is_err());
    assert_eq!(made.inners.len(), 4);
    assert_eq!(Made::KEYS.inners.len(), 4);
    assert_eq!(Made::COUNT, 12);
    assert_eq!(made.list.capacity(), 4);
    assert_eq!(made.array.len(), 4);
    assert_eq!(Inner::defaults().level, 0);
}

mod renamed {
    pub(crate) use kvs as store;
}

macro_rules! named_by_a_macro {
    () => {
        #[derive(kvs::Settings)]
        #[settings(crate = $crate::macros::renamed::store)]
        struct Named {
            level: u8,
        }
    };
}

named_by_a_macro!();

#[test]
fn the_crate_may_be_named_by_a_macro() {
    assert_eq!(Named::COUNT, 1);
    assert_eq!(Named::defaults().level, 0);
}
