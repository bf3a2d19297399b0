//! What a test on the host asks of a setting's type: to be read from made-up values, and written
//! again.

use core::fmt;
use std::vec;
use std::vec::Vec;

use super::probe::{self, FILLS, Goal, Probe, ProbeError, Script, Written};
use crate::settings::generated::{OldType, Storable};
use crate::settings::{Rejection, Spec, value};

/// The longest value that is looked at: a sector's.
const LONGEST: usize = 1 << 16;

/// The functions of a leaf's type that a [`Spec`] keeps for the host.
pub(crate) struct Wire<T> {
    read: fn(&mut Probe<'_>) -> Result<T, ProbeError>,
    decode: fn(&[u8]) -> Result<T, Rejection>,
    encode: fn(&T) -> Option<Vec<u8>>,
    comes_back: fn(&[u8]) -> bool,
}

impl<T> Clone for Wire<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Wire<T> {}

impl<T: Storable> Wire<T> {
    pub(crate) const fn of() -> Self {
        Self {
            read: probe::read::<T>,
            decode: value::decode,
            encode,
            comes_back: value::reads_back::<T>,
        }
    }
}

/// How an old type is read.
#[derive(Clone, Copy)]
pub(crate) struct Read {
    read: fn(&mut Probe<'_>) -> Result<(), ProbeError>,
    size: usize,
}

impl Read {
    pub(crate) const fn of<T: OldType>() -> Self {
        Self {
            read: |probe| probe::read::<T>(probe).map(drop),
            size: size_of::<T>(),
        }
    }
}

impl fmt::Debug for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Read")
    }
}

/// A type that can be read from made-up values.
pub(super) trait Readable {
    /// Reads a value that the script makes up, and writes it again. An old type is not written: its
    /// bytes are taken for what was read.
    fn read(&self, script: &Script<'_>) -> Result<(), ProbeError>;

    /// The size of a value in RAM.
    fn size(&self) -> usize;
}

/// A setting whose type is not known.
pub(crate) trait Leaf: Sync {
    /// Reads a value that is made up, and writes it again: the bytes.
    fn rewrite(&self, probe: &mut Probe<'_>) -> Result<Written, ProbeError>;

    /// The size of a value in RAM.
    fn size(&self) -> usize;

    /// The bytes of the default.
    fn default_bytes(&self) -> Option<Vec<u8>>;

    /// Whether the setting's rules let the default through.
    fn check_default(&self) -> Result<(), Rejection>;

    /// Whether a value of these bytes may be the setting's.
    fn check(&self, bytes: &[u8]) -> Result<(), Rejection>;
}

impl<T: 'static> Leaf for Spec<T> {
    fn rewrite(&self, probe: &mut Probe<'_>) -> Result<Written, ProbeError> {
        let Some(wire) = self.wire else {
            return Err(ProbeError::unencodable());
        };
        let value = (wire.read)(probe)?;
        let bytes = (wire.encode)(&value).ok_or_else(ProbeError::unencodable)?;
        let comes_back = (wire.comes_back)(&bytes);
        Ok(Written { bytes, comes_back })
    }

    fn size(&self) -> usize {
        size_of::<T>()
    }

    fn default_bytes(&self) -> Option<Vec<u8>> {
        match self.wire {
            Some(wire) => (wire.encode)(&(self.default)()),
            None => Some(Vec::new()),
        }
    }

    fn check_default(&self) -> Result<(), Rejection> {
        (self.check)(&(self.default)())
    }

    fn check(&self, bytes: &[u8]) -> Result<(), Rejection> {
        match self.wire {
            Some(wire) => (self.check)(&(wire.decode)(bytes)?),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for dyn Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Leaf")
    }
}

/// The bytes of a value, whether they are read back or not.
fn encode<T: Storable>(value: &T) -> Option<Vec<u8>> {
    let len = postcard::experimental::serialized_size(value).ok()?;
    let mut bytes = vec![0; len.min(LONGEST)];
    postcard::to_slice(value, &mut bytes).ok()?;
    Some(bytes)
}

impl Readable for &dyn Leaf {
    fn read(&self, script: &Script<'_>) -> Result<(), ProbeError> {
        let mut probe = Probe::new(script);
        let written = self.rewrite(&mut probe);
        probe.conclude(written.map(Some), script.goal)
    }

    fn size(&self) -> usize {
        Leaf::size(*self)
    }
}

impl Readable for Read {
    fn read(&self, script: &Script<'_>) -> Result<(), ProbeError> {
        let mut probe = Probe::new(script);
        let read = (self.read)(&mut probe);
        probe.conclude(read.map(|()| None), script.goal)
    }

    fn size(&self) -> usize {
        self.size
    }
}

/// What a text or a list of the type holds at most, by the path to it in the type's schema; `None`
/// where that can't be told.
pub(super) fn capacity(of: &dyn Readable, script: Script<'_>) -> Option<usize> {
    // A type that checks its values may take others than the first.
    let holds = |len: usize| {
        let goal = Goal::Length(len);
        [1, 0].into_iter().any(|step| {
            FILLS.into_iter().any(|fill| {
                let script = Script {
                    goal,
                    fill,
                    step,
                    ..script
                };
                of.read(&script).is_ok()
            })
        })
    };
    let most = of.size().min(LONGEST / 2);
    let mut low = [0, 1, 2, 3, 4, 8, 16, 32, 64]
        .into_iter()
        .find(|len| holds(*len))?;
    let mut high = most.checked_add(1)?;
    if holds(high) {
        return None;
    }
    while low.checked_add(1)? < high {
        let middle = low.midpoint(high);
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    // Nothing but the empty one: the type does not take what is made up.
    (low > 0).then_some(low)
}
