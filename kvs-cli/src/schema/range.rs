//! `range` as it is written in the source. Only numbers are understood: what a constant's name stands for, the lock file does
//! not say.

use crate::value::Value;

/// What a range allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bounds {
    from: Option<Number>,
    to: Option<Number>,
    includes_end: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Number {
    Whole(i128),
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
    fn compare(self, other: Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => Some(one.cmp(&other)),
            _ => self.real().partial_cmp(&other.real()),
        }
    }
}

impl Bounds {
    /// `None` where it is no range of numbers.
    pub(crate) fn parse(text: &str) -> Option<Self> {
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

    /// Whether a value is in it; what is no number is.
    pub(crate) fn contains(&self, value: &Value) -> bool {
        let number = match value {
            Value::Int(number) => Number::Whole(*number),
            Value::Uint(number) => match i128::try_from(*number) {
                Ok(number) => Number::Whole(number),
                Err(_) => Number::Real(*number as f64),
            },
            Value::F32(number) => Number::Real(f64::from(*number)),
            Value::F64(number) => Number::Real(*number),
            _ => return true,
        };
        let from = self
            .from
            .is_none_or(|from| from.compare(number).is_some_and(std::cmp::Ordering::is_le));
        let to = self.to.is_none_or(|to| {
            let order = number.compare(to);
            order.is_some_and(|order| order.is_lt() || self.includes_end && order.is_eq())
        });
        from && to
    }
}

/// `-40`, `294_150`, `0x10`, `0.5`, `13u8`.
fn number(text: &str) -> Option<Number> {
    let text: String = text
        .chars()
        .filter(|char| !matches!(char, '_' | ' '))
        .collect();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.as_str()),
    };
    if let Some(digits) = digits.strip_prefix("0x") {
        let number = i128::from_str_radix(digits, 16).ok()?;
        return Some(Number::Whole(sign * number));
    }
    let end = digits.find(['u', 'i', 'f']).unwrap_or(digits.len());
    let (digits, suffix) = digits.split_at(end);
    let is_suffix = suffix.is_empty() || suffix.get(1..)?.bytes().all(|byte| byte.is_ascii_digit());
    let starts = digits.starts_with(|char: char| char.is_ascii_digit());
    if !is_suffix || !starts {
        return None;
    }
    match digits.parse::<i128>() {
        Ok(number) => Some(Number::Whole(sign * number)),
        Err(_) => {
            let number: f64 = digits.parse().ok()?;
            Some(Number::Real(sign as f64 * number))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Bounds;
    use crate::value::Value;

    fn has(range: &str, value: Value) -> Option<bool> {
        Some(Bounds::parse(range)?.contains(&value))
    }

    #[test]
    fn ranges_of_numbers_are_understood() {
        assert_eq!(has("50..=350", Value::Int(350)), Some(true));
        assert_eq!(has("50..350", Value::Int(350)), Some(false));
        assert_eq!(has("278_150..=308_150", Value::Int(278_149)), Some(false));
        assert_eq!(has("-40 ..", Value::Int(-40)), Some(true));
        assert_eq!(has("..= -1i8", Value::Int(0)), Some(false));
        assert_eq!(has("0x10..=0xFF", Value::Int(16)), Some(true));
        assert_eq!(has("0.5..=2.0", Value::F32(0.5)), Some(true));
        assert_eq!(has("0.5..=2.0", Value::F64(f64::NAN)), Some(false));
        assert_eq!(has("0.5..=2.0", Value::F64(2.1)), Some(false));
        assert_eq!(has("1e-3..=1.0", Value::F64(0.0)), Some(false));
    }

    #[test]
    fn names_of_constants_are_not() {
        assert_eq!(Bounds::parse("MIN..=MAX"), None);
        assert_eq!(Bounds::parse("0..=u8::MAX"), None);
        assert_eq!(Bounds::parse("(0..=5)"), None);
    }
}
