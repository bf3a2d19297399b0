//! What a commit is asked to do.

use super::Fault;

/// The changes of one commit. Each is asked for several times, and answers the same.
pub(crate) trait Batch {
    fn len(&self) -> usize;

    /// The hash of a change's key.
    fn hash(&self, number: usize) -> u32;

    /// What becomes of the key. Puts the value, if it has one, to the front of `out`;
    /// [`Fault::BufferTooSmall`] if it does not fit, and [`Fault::Refused`] if it can't be had, for
    /// a reason that the batch knows.
    fn value(&self, number: usize, out: &mut [u8]) -> Result<Value, Fault>;

    /// Whether this value need not be stored where the key is not: a default.
    fn is_implied(&self, _number: usize, _value: &[u8]) -> bool {
        false
    }

    /// Whether what is stored, or why it can't be read, stays in spite of an implied value: it is what
    /// a load turned down, and put a default in place of.
    fn keeps(&mut self, _number: usize, _stored: Result<&[u8], Fault>) -> Result<bool, Fault> {
        Ok(false)
    }

    /// The change makes a difference: a fault if it must not be made.
    fn accept(&mut self, _number: usize) -> Result<(), Fault> {
        Ok(())
    }

    /// The value, where it is in the caller's memory: its name, if it has one, and its bytes. So that
    /// it may be longer than the buffer.
    fn bytes(&self, _number: usize) -> Option<(Option<&str>, &[u8])> {
        None
    }

    /// Whether no key occurs twice.
    fn is_unique(&self) -> bool {
        false
    }
}

/// What a change makes of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// It stays as it is.
    Keep,
    Delete,
    /// A value with a name goes.
    DeleteNamed,
    /// A value of so many bytes.
    Put(u16),
    /// A value with a name: so many bytes in all.
    PutNamed(u16),
}

/// No changes: of what the engine appends by itself.
pub(super) struct Nothing;

impl Batch for Nothing {
    fn len(&self) -> usize {
        0
    }

    fn hash(&self, _: usize) -> u32 {
        0
    }

    fn value(&self, _: usize, _: &mut [u8]) -> Result<Value, Fault> {
        Ok(Value::Keep)
    }
}
