//! Values and their bytes: postcard, strictly.
//!
//! Encodes into a buffer what decodes to the same again, decodes without leftovers, compares
//! without a second buffer. Knows no keys and no flash.

use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::report::Rejection;
use crate::change::EncodeError;

/// Encodes `value` into `out`; returns how many bytes that took.
///
/// All that is ever stored of a value comes from here. So bytes that would be read as another
/// value, or not at all, are an error now instead of on the next boot: serde's attributes (`skip`,
/// `untagged`, `tag`, `skip_serializing_if`, `with`) can make a type write other than what it
/// reads.
pub(crate) fn encode<T: Serialize + DeserializeOwned>(
    value: &T,
    out: &mut [u8],
) -> Result<usize, EncodeError> {
    match postcard::to_slice(value, out) {
        Ok(bytes) if reads_back::<T>(bytes) => Ok(bytes.len()),
        Ok(_) => Err(EncodeError::Rejected(Rejection::NotReadBack)),
        Err(postcard::Error::SerializeBufferFull) => {
            match postcard::experimental::serialized_size(value) {
                Ok(needed) => Err(EncodeError::TooLong(needed)),
                Err(_) => Err(EncodeError::Unencodable),
            }
        }
        Err(_) => Err(EncodeError::Unencodable),
    }
}

/// Decodes a `T` from exactly `bytes`.
///
/// Bytes left over are an error: without that, nearly half of all wrong types decode to a wrong
/// value.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Rejection> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        _ => Err(Rejection::Undecodable),
    }
}

/// Whether the `T` that is decoded from `bytes` encodes to the same.
pub(crate) fn reads_back<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> bool {
    decode::<T>(bytes).is_ok_and(|value| encodes_to(&value, bytes))
}

/// Whether `value` encodes to exactly `bytes`.
pub(crate) fn encodes_to<T: Serialize>(value: &T, bytes: &[u8]) -> bool {
    postcard::serialize_with_flavor(value, Compare { rest: bytes }) == Ok(true)
}

/// A postcard output that only compares.
struct Compare<'a> {
    rest: &'a [u8],
}

impl Flavor for Compare<'_> {
    /// Whether all was equal.
    type Output = bool;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        match self.rest {
            [first, rest @ ..] if *first == byte => {
                self.rest = rest;
                Ok(())
            }
            _ => Err(postcard::Error::SerializeBufferFull),
        }
    }

    fn finalize(self) -> postcard::Result<bool> {
        Ok(self.rest.is_empty())
    }
}
