//! A `range` as numbers: what it allows, and whether it allows less than another one did.

use core::cmp::Ordering;
use std::format;
use std::string::String;

use postcard_schema::schema::owned::OwnedDataModelType as Ty;

use super::ty::Type;
use super::wire::Leaf;
use crate::settings::Rejection;

/// What a range of numbers allows, by its text: `1..=13`, `-0.5..`.
///
/// ```
/// use kvs::lock::{Bounds, Number};
///
/// let bounds = Bounds::parse("1..=13").unwrap();
/// assert!(bounds.contains(Number::Whole(13)));
/// assert!(!bounds.contains(Number::Real(0.5)));
/// assert!(Bounds::parse("MIN..=MAX").is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    from: Option<Number>,
    to: Option<Number>,
    includes_end: bool,
}

/// A number of any type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// Of an integer type.
    Whole(i128),
    /// Of a floating-point type.
    Real(f64),
}

impl Number {
    fn real(self) -> f64 {
        match self {
            Self::Whole(number) => number as f64,
            Self::Real(number) => number,
        }
    }

    /// `None` where one of them is no number.
    fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => Some(one.cmp(&other)),
            _ => self.real().partial_cmp(&other.real()),
        }
    }
}

impl Bounds {
    /// `None` where it is no range of numbers: what a constant's name stands for is not known.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once("..")?;
        let (to, includes_end) = match to.strip_prefix('=') {
            Some(to) => (to, true),
            None => (to, false),
        };
        let end = |text: &str| match text.trim() {
            "" => Some(None),
            text => number(text).map(Some),
        };
        Some(Self {
            from: end(from)?,
            to: end(to)?,
            includes_end,
        })
    }

    /// Whether a number is in it.
    #[must_use]
    pub fn contains(&self, number: Number) -> bool {
        let from = self
            .from
            .is_none_or(|from| from.compare(number).is_some_and(Ordering::is_le));
        let to = self.to.is_none_or(|to| {
            let order = number.compare(to);
            order.is_some_and(|order| order.is_lt() || self.includes_end && order.is_eq())
        });
        from && to
    }

    /// The least and the greatest number of an integer type that are allowed.
    fn ends(self, (least, most): (i128, i128)) -> Option<(i128, i128)> {
        let from = match self.from {
            None => least,
            Some(Number::Whole(from)) => from.max(least),
            Some(Number::Real(_)) => return None,
        };
        let to = match self.to {
            None => most,
            Some(Number::Whole(to)) if self.includes_end => to.min(most),
            Some(Number::Whole(to)) => to.checked_sub(1)?.min(most),
            Some(Number::Real(_)) => return None,
        };
        Some((from, to))
    }
}

/// `-40`, `294_150`, `0x10`, `0.5`, `13u8`.
fn number(text: &str) -> Option<Number> {
    let text: String = text
        .chars()
        .filter(|char| !matches!(char, '_' | ' '))
        .collect();
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.as_str()),
    };
    let whole = |number: i128| match is_negative {
        true => number.checked_neg().map(Number::Whole),
        false => Some(Number::Whole(number)),
    };
    if let Some(digits) = digits.strip_prefix("0x") {
        let number = i128::from_str_radix(digits, 16).ok()?;
        return whole(number);
    }
    let end = digits.find(['u', 'i', 'f']).unwrap_or(digits.len());
    let (digits, suffix) = digits.split_at(end);
    let is_suffix = suffix.is_empty() || suffix.get(1..)?.bytes().all(|byte| byte.is_ascii_digit());
    let starts = digits.starts_with(|char: char| char.is_ascii_digit());
    if !is_suffix || !starts {
        return None;
    }
    match digits.parse::<i128>() {
        Ok(number) => whole(number),
        Err(_) => {
            let number: f64 = digits.parse().ok()?;
            Some(Number::Real(if is_negative { -number } else { number }))
        }
    }
}

/// The least and the greatest number of an integer type of at most 64 bits, newtypes around it
/// included.
fn limits(ty: &Type) -> Option<(i128, i128)> {
    let mut ty = &ty.schema().ty;
    while let Ty::NewtypeStruct(inner) = ty {
        ty = &inner.ty;
    }
    Some(match ty {
        Ty::U8 => (u8::MIN.into(), u8::MAX.into()),
        Ty::I8 => (i8::MIN.into(), i8::MAX.into()),
        Ty::U16 => (u16::MIN.into(), u16::MAX.into()),
        Ty::I16 => (i16::MIN.into(), i16::MAX.into()),
        Ty::U32 => (u32::MIN.into(), u32::MAX.into()),
        Ty::I32 => (i32::MIN.into(), i32::MAX.into()),
        Ty::U64 => (u64::MIN.into(), u64::MAX.into()),
        Ty::I64 => (i64::MIN.into(), i64::MAX.into()),
        _ => return None,
    })
}

/// The encoding of a number in an integer type.
fn encoded(ty: &Type, number: i128, buffer: &mut [u8; 20]) -> Option<usize> {
    let mut ty = &ty.schema().ty;
    while let Ty::NewtypeStruct(inner) = ty {
        ty = &inner.ty;
    }
    let bytes = match ty {
        Ty::U8 => postcard::to_slice(&u8::try_from(number).ok()?, buffer),
        Ty::I8 => postcard::to_slice(&i8::try_from(number).ok()?, buffer),
        Ty::I16 | Ty::I32 | Ty::I64 => postcard::to_slice(&i64::try_from(number).ok()?, buffer),
        _ => postcard::to_slice(&u64::try_from(number).ok()?, buffer),
    };
    bytes.ok().map(|bytes| bytes.len())
}

/// Whether a setting may be this number, as far as its `range` says.
fn is_allowed(leaf: &dyn Leaf, ty: &Type, number: i128) -> Option<bool> {
    let mut buffer = [0; 20];
    let len = encoded(ty, number, &mut buffer)?;
    let result = leaf.check(buffer.get(..len)?);
    match result {
        Err(Rejection::OutOfRange) => Some(false),
        // Another check than that of the range may turn it down.
        Ok(()) | Err(Rejection::Invalid(_)) => Some(true),
        Err(_) => None,
    }
}

/// The text of a range: with numbers in place of the names of constants, where the setting's own
/// check tells them.
pub(super) fn text(leaf: &dyn Leaf, ty: &Type, written: &str) -> String {
    let known = || {
        if written.is_empty() || Bounds::parse(written).is_some() {
            return None;
        }
        if let Some(text) = real_text(leaf, ty) {
            return Some(text);
        }
        let (least, most) = limits(ty)?;
        let within = default(leaf, ty)?;
        if !is_allowed(leaf, ty, within)? {
            return None;
        }
        let low = last_allowed(leaf, ty, within, least)?;
        let high = last_allowed(leaf, ty, within, most)?;
        Some(format!("{low}..={high}"))
    };
    known().unwrap_or_else(|| written.into())
}

/// The range of a floating-point type, by the same search among its numbers in their order.
fn real_text(leaf: &dyn Leaf, ty: &Type) -> Option<String> {
    let mut inner = &ty.schema().ty;
    while let Ty::NewtypeStruct(of) = inner {
        inner = &of.ty;
    }
    let bytes = leaf.default_bytes()?;
    match inner {
        Ty::F32 => {
            let from = order_of(f64::from(postcard::from_bytes::<f32>(&bytes).ok()?));
            let number = |order: i64| (number_of(order) as f32).to_le_bytes().to_vec();
            let end = |to: f32| last_real(leaf, from, order_of(f64::from(to)), number);
            let (low, high) = (end(f32::NEG_INFINITY)?, end(f32::INFINITY)?);
            let text = |order| format!("{:?}", number_of(order) as f32 + 0.0);
            Some(range_of(&text(low), &text(high)))
        }
        Ty::F64 => {
            let from = order_of(postcard::from_bytes::<f64>(&bytes).ok()?);
            let number = |order: i64| number_of(order).to_le_bytes().to_vec();
            let end = |to: f64| last_real(leaf, from, order_of(to), number);
            let (low, high) = (end(f64::NEG_INFINITY)?, end(f64::INFINITY)?);
            let text = |order| format!("{:?}", number_of(order) + 0.0);
            Some(range_of(&text(low), &text(high)))
        }
        _ => None,
    }
}

fn range_of(low: &str, high: &str) -> String {
    let low = if low == "-inf" { "" } else { low };
    match high {
        "inf" => format!("{low}.."),
        high => format!("{low}..={high}"),
    }
}

/// A number's place among all of its type.
fn order_of(number: f64) -> i64 {
    let bits = number.to_bits().cast_signed();
    if bits < 0 {
        i64::MIN.wrapping_sub(bits)
    } else {
        bits
    }
}

fn number_of(order: i64) -> f64 {
    let bits = if order < 0 {
        i64::MIN.wrapping_sub(order)
    } else {
        order
    };
    f64::from_bits(bits.cast_unsigned())
}

fn last_real(
    leaf: &dyn Leaf,
    from: i64,
    to: i64,
    bytes: impl Fn(i64) -> std::vec::Vec<u8>,
) -> Option<i64> {
    let is_allowed = |order: i64| match leaf.check(&bytes(order)) {
        Err(Rejection::OutOfRange) => Some(false),
        Ok(()) | Err(Rejection::Invalid(_)) => Some(true),
        Err(_) => None,
    };
    if !is_allowed(from)? {
        return None;
    }
    if is_allowed(to)? {
        return Some(to);
    }
    let (mut inside, mut outside) = (from, to);
    while inside.abs_diff(outside) > 1 {
        let middle = inside.midpoint(outside);
        match is_allowed(middle)? {
            true => inside = middle,
            false => outside = middle,
        }
    }
    Some(inside)
}

/// The last number that is allowed on the way from `from`, which is, to `to`.
fn last_allowed(leaf: &dyn Leaf, ty: &Type, from: i128, to: i128) -> Option<i128> {
    if is_allowed(leaf, ty, to)? {
        return Some(to);
    }
    let (mut inside, mut outside) = (from, to);
    while inside.abs_diff(outside) > 1 {
        let middle = inside.midpoint(outside);
        match is_allowed(leaf, ty, middle)? {
            true => inside = middle,
            false => outside = middle,
        }
    }
    Some(inside)
}

/// The default, if it is an integer.
fn default(leaf: &dyn Leaf, ty: &Type) -> Option<i128> {
    let bytes = leaf.default_bytes()?;
    let mut inner = &ty.schema().ty;
    while let Ty::NewtypeStruct(of) = inner {
        inner = &of.ty;
    }
    match inner {
        Ty::U8 => bytes.first().map(|byte| i128::from(*byte)),
        Ty::I8 => postcard::from_bytes::<i8>(&bytes).ok().map(i128::from),
        Ty::I16 | Ty::I32 | Ty::I64 => postcard::from_bytes::<i64>(&bytes).ok().map(i128::from),
        _ => postcard::from_bytes::<u64>(&bytes).ok().map(i128::from),
    }
}

/// Whether a setting turns down what the range `was`, of this text, allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Narrower {
    No,
    Yes,
    /// The ranges differ, and can't be compared.
    Perhaps,
}

pub(super) fn narrower(
    leaf: &dyn Leaf,
    (old, ty): (&Type, &Type),
    was: &str,
    is: &str,
) -> Narrower {
    if was == is && old == ty || is.is_empty() {
        return Narrower::No;
    }
    if let (Some(limits), Some(_)) = (limits(old), limits(ty)) {
        let bounds = if was.is_empty() { ".." } else { was };
        let ends = Bounds::parse(bounds).and_then(|bounds| bounds.ends(limits));
        let Some((low, high)) = ends else {
            return Narrower::Perhaps;
        };
        // Nothing was allowed.
        if low > high {
            return Narrower::No;
        }
        return match (is_allowed(leaf, ty, low), is_allowed(leaf, ty, high)) {
            (Some(true), Some(true)) => Narrower::No,
            (Some(_), Some(_)) => Narrower::Yes,
            _ => Narrower::Perhaps,
        };
    }
    let (Some(was), Some(is)) = (
        Bounds::parse(if was.is_empty() { ".." } else { was }),
        Bounds::parse(is),
    ) else {
        return Narrower::Perhaps;
    };
    if is_wider(was, is) {
        Narrower::No
    } else {
        Narrower::Yes
    }
}

/// Whether `is` allows all that `was` allows, both of floating-point numbers.
fn is_wider(was: Bounds, is: Bounds) -> bool {
    let from = match (was.from, is.from) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(was), Some(is)) => is.compare(was).is_some_and(Ordering::is_le),
    };
    let to = match (was.to, is.to) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(a), Some(b)) => match a.compare(b) {
            Some(Ordering::Less) => true,
            Some(Ordering::Equal) => is.includes_end || !was.includes_end,
            _ => false,
        },
    };
    from && to
}
