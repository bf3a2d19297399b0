//! What a setting's default is made of.

use core::marker::PhantomData;

use heapless::LenType;

use crate::settings::name::{Message, Part};
use crate::settings::{Leaves, Settings, WithDefaults};

/// A type with a default value.
#[diagnostic::on_unimplemented(
    message = "the setting type `{Self}` has no default value",
    label = "no `Default`",
    note = "add `#[setting(default = ..)]` to the field, or implement `Default` for `{Self}` if it is your own type"
)]
pub trait DefaultValue: Sized {
    /// `Default::default`.
    fn default_value() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> DefaultValue for T {
    fn default_value() -> Self {
        T::default()
    }
}

/// The default of a field that is given none.
#[must_use]
pub fn default_value<T: DefaultValue>() -> T {
    T::default_value()
}

/// A type that a string literal can be the default of.
#[diagnostic::on_unimplemented(
    message = "a string literal cannot be the default of `{Self}`",
    label = "not made from a text",
    note = "write an expression of the setting's type; in an option, `Some(..)`",
    note = "a type of your own is made from a text if it has `TryFrom<&str>` and `Default`"
)]
pub trait FromText: Sized {
    /// Empty if the text does not fit. For a `String<N>`, [`has_room`] has checked that it does.
    fn from_text(text: &'static str) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: TryFrom<&'static str> + Default> FromText for T {
    fn from_text(text: &'static str) -> Self {
        T::try_from(text).unwrap_or_default()
    }
}

/// The default of a field that is given a string literal.
#[must_use]
pub fn text<T: FromText>(text: &'static str) -> T {
    T::from_text(text)
}

/// Asks a type for its capacity in bytes of text: `Probe::<T>::CAPACITY`.
///
/// That is the constant of the type's own `impl` where there is one, and of [`UnknownCapacity`] for
/// all others: so it is the type that tells, whatever it is called.
pub struct Probe<T>(PhantomData<T>);

impl<const N: usize, L: LenType> Probe<heapless::String<N, L>> {
    /// `N`.
    pub const CAPACITY: Option<usize> = Some(N);
}

impl<const N: usize, L: LenType> Probe<Option<heapless::String<N, L>>> {
    /// `N`.
    pub const CAPACITY: Option<usize> = Some(N);
}

/// The capacity of a type that does not tell.
pub trait UnknownCapacity {
    /// `None`.
    const CAPACITY: Option<usize> = None;
}

impl<T> UnknownCapacity for Probe<T> {}

/// Whether a text of `len` bytes fits, as far as is known.
#[must_use]
pub const fn has_room(capacity: Option<usize>, len: usize) -> bool {
    match capacity {
        Some(capacity) => len <= capacity,
        None => true,
    }
}

/// What the compiler says of a default of `len` bytes that does not fit.
#[must_use]
pub const fn too_long(capacity: Option<usize>, len: usize) -> Message {
    let capacity = match capacity {
        Some(capacity) => Part::Number(capacity),
        None => Part::Text(""),
    };
    Message::of(&[
        Part::Text("this default of "),
        Part::Number(len),
        Part::Text(" bytes is too long for a `String<"),
        capacity,
        Part::Text(">`"),
    ])
}

/// [`Tree::with_defaults`](crate::Tree::with_defaults) of a struct with so many old keys.
#[must_use]
pub const fn with_defaults<S: Settings>(old_keys: usize) -> Option<WithDefaults> {
    fn lend<S: Settings>(to: &mut dyn FnMut(&mut dyn Leaves)) {
        to(&mut S::defaults());
    }
    match old_keys {
        0 => None,
        _ => Some(lend::<S>),
    }
}
