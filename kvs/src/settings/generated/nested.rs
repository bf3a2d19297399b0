//! How a settings struct is used where it is nested.

use core::any::{Any, TypeId};

use crate::change::EncodeError;
use crate::settings::Settings;
use crate::settings::key::Sources;
use crate::settings::report::Rejection;
use crate::settings::schema::Schema;
use crate::settings::tree::Field;

/// How a settings struct is used where it is nested. `first` is the number of its first setting in
/// the outer struct.
///
/// It does not lead to the struct's schema: the compiler goes through all that a constant leads to.
pub struct Nested<T> {
    count: usize,
    keys: usize,
    encode: fn(&T, usize, &mut [u8]) -> Result<usize, EncodeError>,
    decode: fn(&mut T, usize, &[u8]) -> Result<(), Rejection>,
    holds: fn(&T, usize, &[u8]) -> bool,
    migrate: fn(&mut T, usize, usize, &Sources<'_>) -> Result<(), Rejection>,
    defaults: fn() -> T,
    part: fn(&T, usize, TypeId) -> Option<&dyn Any>,
    part_mut: fn(&mut T, usize, TypeId) -> Option<&mut dyn Any>,
}

/// A type that can be nested: any settings struct. All that the code for a nested field asks of its
/// type.
///
/// Derived with [`Settings`], and not implemented for all `T: Settings`: the compiler says less then.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a settings struct",
    label = "cannot be nested",
    note = "`nested` takes a struct of yours that derives `Settings`, or an array of them; without `nested`, the field is stored as one value"
)]
pub trait Nestable: Sized + 'static {
    /// [`Settings::Keys`].
    type Keys: Copy + 'static;
    /// What makes them: so that the code for a nested field names no function of its type, and what
    /// is missing of the type is one error.
    type KeyMaker;
    /// The one value of it.
    const KEYS: Self::KeyMaker;
    /// [`Settings::SCHEMA`].
    const SCHEMA: &'static Schema;
    /// The fields of [`Settings::TREE`].
    const FIELDS: &'static [Field];
    /// How to use it.
    const NESTED: &'static Nested<Self>;
}

/// What [`Nestable::NESTED`] is of a struct with so many settings, and so many keys, current and
/// old.
#[must_use]
pub const fn nested<T: Settings>(count: usize, keys: usize) -> Nested<T> {
    Nested {
        count,
        keys,
        encode: T::encode,
        decode: T::decode,
        holds: T::holds,
        migrate: T::migrate,
        defaults: T::defaults,
        part: T::part,
        part_mut: T::part_mut,
    }
}

/// Whether the part of a `T` that begins with setting number `first` and is of type `ty` is all of it.
#[must_use]
#[inline]
pub fn is_whole<T: 'static>(first: usize, ty: TypeId) -> bool {
    first == 0 && ty == TypeId::of::<T>()
}

impl<T> Nested<T> {
    /// How many settings it has.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// How many keys it has, current and old, in one place.
    #[must_use]
    pub const fn keys(&self) -> usize {
        self.keys
    }

    /// The number of the first setting of struct number `item` in a row of them, the first of which
    /// is number `number` from `first` on.
    #[must_use]
    pub const fn first(&self, first: usize, number: usize, item: usize) -> usize {
        let number = number.saturating_add(item.saturating_mul(self.count));
        first.saturating_add(number)
    }

    /// Whether setting number `leaf` is in one of `len` such structs in a row.
    #[must_use]
    #[inline(always)]
    pub const fn has(&self, leaf: usize, first: usize, len: usize) -> bool {
        leaf >= first && leaf.wrapping_sub(first) < self.count.saturating_mul(len)
    }

    /// The struct in a row of them that `leaf` is in, and its number there.
    #[inline(always)]
    fn item(&self, leaf: usize, first: usize) -> (usize, usize) {
        let below = leaf.wrapping_sub(first);
        let item = below.checked_div(self.count).unwrap_or(usize::MAX);
        let leaf = below.checked_rem(self.count).unwrap_or(usize::MAX);
        (item, leaf)
    }

    /// [`Leaves::encode`](crate::Leaves::encode) of a nested struct.
    #[inline(always)]
    pub fn encode(
        &self,
        value: &T,
        leaf: usize,
        first: usize,
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        (self.encode)(value, leaf.wrapping_sub(first), out)
    }

    /// [`Leaves::encode`](crate::Leaves::encode) of one in a nested array.
    #[inline(always)]
    pub fn encode_item(
        &self,
        values: &[T],
        leaf: usize,
        first: usize,
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        let (item, leaf) = self.item(leaf, first);
        let value = values.get(item).ok_or(EncodeError::Unencodable)?;
        (self.encode)(value, leaf, out)
    }

    /// [`Leaves::decode`](crate::Leaves::decode) of a nested struct.
    #[inline(always)]
    pub fn decode(
        &self,
        value: &mut T,
        leaf: usize,
        first: usize,
        bytes: &[u8],
    ) -> Result<(), Rejection> {
        (self.decode)(value, leaf.wrapping_sub(first), bytes)
    }

    /// [`Leaves::decode`](crate::Leaves::decode) of one in a nested array.
    #[inline(always)]
    pub fn decode_item(
        &self,
        values: &mut [T],
        leaf: usize,
        first: usize,
        bytes: &[u8],
    ) -> Result<(), Rejection> {
        let (item, leaf) = self.item(leaf, first);
        let value = values.get_mut(item).ok_or(Rejection::Undecodable)?;
        (self.decode)(value, leaf, bytes)
    }

    /// [`Leaves::holds`](crate::Leaves::holds) of a nested struct.
    #[inline(always)]
    pub fn holds_leaf(&self, value: &T, leaf: usize, first: usize, bytes: &[u8]) -> bool {
        (self.holds)(value, leaf.wrapping_sub(first), bytes)
    }

    /// [`Leaves::holds`](crate::Leaves::holds) of one in a nested array.
    #[inline(always)]
    pub fn holds_item(&self, values: &[T], leaf: usize, first: usize, bytes: &[u8]) -> bool {
        let (item, leaf) = self.item(leaf, first);
        match values.get(item) {
            Some(value) => (self.holds)(value, leaf, bytes),
            None => false,
        }
    }

    /// [`Leaves::migrate`](crate::Leaves::migrate) of a nested struct.
    #[inline(always)]
    pub fn migrate(
        &self,
        value: &mut T,
        leaf: usize,
        first: usize,
        rule: usize,
        sources: &Sources<'_>,
    ) -> Result<(), Rejection> {
        (self.migrate)(value, leaf.wrapping_sub(first), rule, sources)
    }

    /// [`Leaves::migrate`](crate::Leaves::migrate) of one in a nested array.
    #[inline(always)]
    pub fn migrate_item(
        &self,
        values: &mut [T],
        leaf: usize,
        first: usize,
        rule: usize,
        sources: &Sources<'_>,
    ) -> Result<(), Rejection> {
        let (item, leaf) = self.item(leaf, first);
        let value = values.get_mut(item).ok_or(Rejection::Undecodable)?;
        (self.migrate)(value, leaf, rule, sources)
    }

    /// A nested struct's defaults.
    #[inline(always)]
    pub fn defaults(&self) -> T {
        (self.defaults)()
    }

    /// A nested array's defaults.
    #[inline(always)]
    pub fn defaults_array<const N: usize>(&self) -> [T; N] {
        core::array::from_fn(|_| (self.defaults)())
    }

    /// [`Settings::part`] of a nested struct.
    #[inline(always)]
    pub fn part<'a>(
        &self,
        value: &'a T,
        leaf: usize,
        first: usize,
        ty: TypeId,
    ) -> Option<&'a dyn Any> {
        (self.part)(value, leaf.wrapping_sub(first), ty)
    }

    /// [`Settings::part`] of one in a nested array.
    #[inline(always)]
    pub fn part_of_item<'a>(
        &self,
        values: &'a [T],
        leaf: usize,
        first: usize,
        ty: TypeId,
    ) -> Option<&'a dyn Any> {
        let (item, leaf) = self.item(leaf, first);
        (self.part)(values.get(item)?, leaf, ty)
    }

    /// [`Settings::part_mut`] of a nested struct.
    #[inline(always)]
    pub fn part_mut<'a>(
        &self,
        value: &'a mut T,
        leaf: usize,
        first: usize,
        ty: TypeId,
    ) -> Option<&'a mut dyn Any> {
        (self.part_mut)(value, leaf.wrapping_sub(first), ty)
    }

    /// [`Settings::part_mut`] of one in a nested array.
    #[inline(always)]
    pub fn part_of_item_mut<'a>(
        &self,
        values: &'a mut [T],
        leaf: usize,
        first: usize,
        ty: TypeId,
    ) -> Option<&'a mut dyn Any> {
        let (item, leaf) = self.item(leaf, first);
        (self.part_mut)(values.get_mut(item)?, leaf, ty)
    }
}
