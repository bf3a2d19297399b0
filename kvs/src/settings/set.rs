//! The settings structs of one store, taken together.

use super::Settings;
use super::index::KeyIndex;

/// The settings structs that one store is for: a struct that derives [`Settings`], or a tuple of up
/// to 8 of them. See [`Resources::for_settings`](crate::Resources::for_settings), which checks them
/// against each other.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a settings struct, nor a tuple of up to 8 of them",
    note = "derive it: `#[derive(Settings)]`, on a struct with named fields"
)]
pub trait SettingsSet: sealed::Sealed {
    /// The key slots that a device with these structs needs: the sum of their
    /// [`Settings::KEY_SLOTS`].
    const TOTAL_KEY_SLOTS: usize;
    /// The buffer that every value of these structs fits in: the largest [`Settings::BUFFER`].
    const LARGEST_BUFFER: usize;
    /// Does not compile where two of the structs have a key in common, or two keys of one hash.
    #[doc(hidden)]
    const IS_CHECKED: ();
}

mod sealed {
    pub trait Sealed {}
}

impl<S: Settings> sealed::Sealed for S {}

impl<S: Settings> SettingsSet for S {
    const TOTAL_KEY_SLOTS: usize = S::KEY_SLOTS;
    const LARGEST_BUFFER: usize = S::BUFFER;
    const IS_CHECKED: () = ();
}

macro_rules! tuple {
    ($($member:ident)+) => {
        impl<$($member: Settings),+> sealed::Sealed for ($($member,)+) {}

        #[diagnostic::do_not_recommend]
        impl<$($member: Settings),+> SettingsSet for ($($member,)+) {
            const TOTAL_KEY_SLOTS: usize = sum(&[$($member::KEY_SLOTS),+]);
            const LARGEST_BUFFER: usize = largest(&[$($member::BUFFER),+]);
            const IS_CHECKED: () = check(&[$($member::KEY_INDEX),+]);
        }
    };
}

tuple!(A);
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D E);
tuple!(A B C D E F);
tuple!(A B C D E F G);
tuple!(A B C D E F G H);

const fn sum(of: &[usize]) -> usize {
    let mut sum = 0usize;
    let mut left = of;
    while let [first, rest @ ..] = left {
        sum = sum.saturating_add(*first);
        left = rest;
    }
    sum
}

const fn largest(of: &[usize]) -> usize {
    let mut largest = 0;
    let mut left = of;
    while let [first, rest @ ..] = left {
        if *first > largest {
            largest = *first;
        }
        left = rest;
    }
    largest
}

/// Fails the build where two of the structs have a key in common.
const fn check(structs: &[&KeyIndex]) {
    let mut left = structs;
    while let [one, rest @ ..] = left {
        let mut others = rest;
        while let [other, tail @ ..] = others {
            one.check_against(other);
            others = tail;
        }
        left = rest;
    }
}
