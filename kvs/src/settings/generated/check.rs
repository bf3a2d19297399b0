//! What `range` and `validate` are made of.

use core::borrow::Borrow;
use core::ops::RangeBounds;

use crate::settings::report::Rejection;

/// The check of a setting without `range` and `validate`.
pub fn accept<T>(_: &T) -> Result<(), Rejection> {
    Ok(())
}

/// What can be the `range` of a setting.
#[diagnostic::on_unimplemented(
    message = "`range` needs bounds of the setting's own type, which must have an order",
    label = "this is `{Self}`",
    note = "use `validate = function` for what is no range"
)]
pub trait RangeOf<T> {
    /// Whether `value` is in the range.
    fn has(&self, value: &T) -> bool;
}

#[diagnostic::do_not_recommend]
impl<T: PartialOrd, R: RangeBounds<T>> RangeOf<T> for R {
    fn has(&self, value: &T) -> bool {
        self.contains(value)
    }
}

/// The check of `range`.
pub fn in_range<T, R: RangeOf<T>>(value: &T, range: &R) -> Result<(), Rejection> {
    if range.has(value) {
        Ok(())
    } else {
        Err(Rejection::OutOfRange)
    }
}

/// What a `validate` function may return.
#[diagnostic::on_unimplemented(
    message = "`validate` needs a function that returns `bool` or `Result<(), &'static str>`",
    label = "returns `{Self}`"
)]
pub trait ValidateResult {
    /// As a check's result.
    fn verdict(self) -> Result<(), Rejection>;
}

impl ValidateResult for bool {
    fn verdict(self) -> Result<(), Rejection> {
        if self {
            Ok(())
        } else {
            Err(Rejection::Invalid("the value is not valid"))
        }
    }
}

impl ValidateResult for Result<(), &'static str> {
    fn verdict(self) -> Result<(), Rejection> {
        self.map_err(Rejection::Invalid)
    }
}

/// A type whose values a `validate` function can look at as `U`: the type itself, `str` for a text.
#[diagnostic::on_unimplemented(
    message = "`validate` needs a function that takes a reference to the setting's own type",
    label = "takes `&{U}`",
    note = "a closure can convert the value: `validate = |value| ..`"
)]
pub trait ValidatedAs<U: ?Sized> {
    /// `Borrow::borrow`.
    fn as_validated(&self) -> &U;
}

#[diagnostic::do_not_recommend]
impl<U: ?Sized, T: Borrow<U>> ValidatedAs<U> for T {
    fn as_validated(&self) -> &U {
        self.borrow()
    }
}

/// Calls a `validate` function, which tells what it takes.
pub fn validate<T, U, R>(value: &T, function: impl FnOnce(&U) -> R) -> R
where
    T: ValidatedAs<U>,
    U: ?Sized,
{
    function(value.as_validated())
}

/// Calls a `validate` closure, which has to be told.
pub fn validate_closure<T, R>(value: &T, closure: impl FnOnce(&T) -> R) -> R {
    closure(value)
}

/// The check of `validate`.
pub fn verdict(verdict: impl ValidateResult) -> Result<(), Rejection> {
    verdict.verdict()
}
