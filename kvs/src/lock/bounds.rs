//! A `range` as numbers: what it allows, and whether it allows less than another one did.

use core::cmp::Ordering;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use postcard_schema::schema::owned::OwnedDataModelType as Ty;
use serde::Serialize;

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

/// The numbers of a type, each by its place among them: an integer's is the integer itself.
struct Numbers {
    is_whole: bool,
    /// The places of the least and the greatest.
    ends: (i128, i128),
    encode: fn(i128) -> Option<Vec<u8>>,
    /// The place of an encoded number.
    place: fn(&[u8]) -> Option<i128>,
    /// A number as it is written in a range; nothing for what ends no range.
    text: fn(i128) -> String,
}

impl Numbers {
    /// Those of an integer type of at most 64 bits, or of a floating-point type, newtypes around it
    /// included.
    fn of(ty: &Type) -> Option<Self> {
        macro_rules! whole {
            ($ty:ty) => {
                Self {
                    is_whole: true,
                    ends: (<$ty>::MIN.into(), <$ty>::MAX.into()),
                    encode: |place| encoded(&<$ty>::try_from(place).ok()?),
                    place: |bytes| postcard::from_bytes::<$ty>(bytes).ok().map(i128::from),
                    text: |place| place.to_string(),
                }
            };
        }
        macro_rules! real {
            ($ty:ty) => {
                Self {
                    is_whole: false,
                    ends: (place_of(f64::NEG_INFINITY), place_of(f64::INFINITY)),
                    encode: |place| encoded(&(real_at(place) as $ty)),
                    place: |bytes| {
                        let number = postcard::from_bytes::<$ty>(bytes).ok()?;
                        Some(place_of(f64::from(number)))
                    },
                    // Without the sign of a zero.
                    text: |place| match real_at(place) as $ty + 0.0 {
                        number if number.is_infinite() => String::new(),
                        number => format!("{number:?}"),
                    },
                }
            };
        }
        let mut ty = &ty.schema().ty;
        while let Ty::NewtypeStruct(inner) = ty {
            ty = &inner.ty;
        }
        Some(match ty {
            Ty::U8 => whole!(u8),
            Ty::I8 => whole!(i8),
            Ty::U16 => whole!(u16),
            Ty::I16 => whole!(i16),
            Ty::U32 => whole!(u32),
            Ty::I32 => whole!(i32),
            Ty::U64 => whole!(u64),
            Ty::I64 => whole!(i64),
            Ty::F32 => real!(f32),
            Ty::F64 => real!(f64),
            _ => return None,
        })
    }

    /// Whether a setting may be this number, as far as its `range` says.
    fn is_allowed(&self, leaf: &dyn Leaf, place: i128) -> Option<bool> {
        match leaf.check(&(self.encode)(place)?) {
            Err(Rejection::OutOfRange) => Some(false),
            // Another check than that of the range may turn it down.
            Ok(()) | Err(Rejection::Invalid(_)) => Some(true),
            Err(_) => None,
        }
    }

    /// The last number that is allowed on the way from `from`, which is, to `to`.
    fn last_allowed(&self, leaf: &dyn Leaf, from: i128, to: i128) -> Option<i128> {
        if self.is_allowed(leaf, to)? {
            return Some(to);
        }
        let (mut inside, mut outside) = (from, to);
        while inside.abs_diff(outside) > 1 {
            let middle = inside.midpoint(outside);
            match self.is_allowed(leaf, middle)? {
                true => inside = middle,
                false => outside = middle,
            }
        }
        Some(inside)
    }
}

fn encoded<T: Serialize>(number: &T) -> Option<Vec<u8>> {
    let mut buffer = [0; 10];
    Some(postcard::to_slice(number, &mut buffer).ok()?.to_vec())
}

/// The place of a floating-point number among all of them, in their order.
fn place_of(number: f64) -> i128 {
    let bits = i128::from(number.to_bits().cast_signed());
    if number.is_sign_negative() {
        i128::from(i64::MIN).saturating_sub(bits)
    } else {
        bits
    }
}

fn real_at(place: i128) -> f64 {
    let bits = if place < 0 {
        i128::from(i64::MIN).saturating_sub(place)
    } else {
        place
    };
    f64::from_bits(i64::try_from(bits).unwrap_or_default().cast_unsigned())
}

/// The text of a range: with numbers in place of the names of constants, where the setting's own
/// check tells them.
pub(super) fn text(leaf: &dyn Leaf, ty: &Type, written: &str) -> String {
    let known = || {
        if written.is_empty() || Bounds::parse(written).is_some() {
            return None;
        }
        let numbers = Numbers::of(ty)?;
        let default = (numbers.place)(&leaf.default_bytes()?)?;
        if !numbers.is_allowed(leaf, default)? {
            return None;
        }
        let (least, most) = numbers.ends;
        let low = (numbers.text)(numbers.last_allowed(leaf, default, least)?);
        let high = (numbers.text)(numbers.last_allowed(leaf, default, most)?);
        let dots = if high.is_empty() { ".." } else { "..=" };
        Some(format!("{low}{dots}{high}"))
    };
    known().unwrap_or_else(|| written.into())
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
    let whole = |ty| Numbers::of(ty).filter(|numbers| numbers.is_whole);
    if let (Some(before), Some(numbers)) = (whole(old), whole(ty)) {
        let bounds = if was.is_empty() { ".." } else { was };
        let ends = Bounds::parse(bounds).and_then(|bounds| bounds.ends(before.ends));
        let Some((low, high)) = ends else {
            return Narrower::Perhaps;
        };
        // Nothing was allowed.
        if low > high {
            return Narrower::No;
        }
        let is_allowed = |place| numbers.is_allowed(leaf, place);
        return match (is_allowed(low), is_allowed(high)) {
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
