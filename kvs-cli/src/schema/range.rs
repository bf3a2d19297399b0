//! What a setting's `range` says of a value.

use kvs::lock::{Bounds, Number};

use crate::value::Value;

/// Whether a value is in a range; what is no number is.
pub(crate) fn contains(bounds: &Bounds, value: &Value) -> bool {
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
    bounds.contains(number)
}

#[cfg(test)]
mod tests {
    use super::{Bounds, contains};
    use crate::value::Value;

    fn has(range: &str, value: Value) -> Option<bool> {
        Some(contains(&Bounds::parse(range)?, &value))
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
