//! What the simulated flash refuses, and why.

use core::fmt;

use embedded_storage::nor_flash::{NorFlashError, NorFlashErrorKind};

/// Why a call to the simulated flash failed.
///
/// Addresses are offsets in bytes from the start of the flash. After every error but
/// [`PowerLost`](Self::PowerLost), [`Io`](Self::Io) and those of a [`Fault`](super::Fault) the flash
/// is as it was before the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SimError {
    /// Address or length is no multiple of the size that the flash reads, programs or erases.
    NotAligned {
        /// Where the call starts.
        address: u32,
        /// How many bytes it spans.
        len: usize,
        /// The size that both have to be a multiple of.
        unit: usize,
    },
    /// The call reaches past the end of the flash.
    OutOfBounds {
        /// Where the call starts.
        address: u32,
        /// How many bytes it spans.
        len: usize,
        /// How many bytes the flash has.
        capacity: usize,
    },
    /// An erase that ends before it starts.
    Reversed {
        /// Where the erase starts.
        from: u32,
        /// Where it should end.
        to: u32,
    },
    /// A word was to be programmed a second time without an erase in between. That is an error
    /// of the code under test.
    ProgrammedTwice {
        /// The first such word.
        address: u32,
    },
    /// The power is off: it was cut in this call or before it. See
    /// [`SimFlash::power_on`](super::SimFlash::power_on).
    PowerLost,
    /// A word failed to program, by a [`Fault`](super::Fault). The words before it are programmed.
    ProgramFailed {
        /// The word.
        address: u32,
    },
    /// A sector failed to erase, by a [`Fault`](super::Fault). The sectors before it are erased.
    EraseFailed {
        /// The start of the sector.
        address: u32,
    },
    /// A read met a word that can't be corrected, by a [`Fault`](super::Fault). It gave no bytes.
    Ecc {
        /// The first such byte.
        address: u32,
    },
    /// The part did not do it just now, by an [`Outage`](super::Outage). It may, if it is asked again.
    Busy {
        /// Where the call starts.
        address: u32,
    },
    /// The file behind the flash could not be written.
    Io(std::io::ErrorKind),
}

impl fmt::Display for SimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NotAligned { address, len, unit } => {
                write!(
                    f,
                    "{len} bytes at {address:#x}: not aligned to {unit} bytes"
                )
            }
            Self::OutOfBounds {
                address,
                len,
                capacity,
            } => {
                write!(
                    f,
                    "{len} bytes at {address:#x}: past the end of a flash of {capacity} bytes"
                )
            }
            Self::Reversed { from, to } => {
                write!(
                    f,
                    "erase from {from:#x} to {to:#x}: the end lies before the start"
                )
            }
            Self::ProgrammedTwice { address } => {
                write!(
                    f,
                    "the word at {address:#x} is programmed already and was not erased since"
                )
            }
            Self::PowerLost => f.write_str("the power is off"),
            Self::ProgramFailed { address } => {
                write!(f, "the word at {address:#x} failed to program")
            }
            Self::EraseFailed { address } => {
                write!(f, "the sector at {address:#x} failed to erase")
            }
            Self::Ecc { address } => {
                write!(f, "the byte at {address:#x} is past correction (ECC)")
            }
            Self::Busy { address } => {
                write!(f, "the flash was busy when it was asked for {address:#x}")
            }
            Self::Io(kind) => write!(f, "the file behind the flash: {kind}"),
        }
    }
}

impl core::error::Error for SimError {}

impl NorFlashError for SimError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::NotAligned { .. } => NorFlashErrorKind::NotAligned,
            Self::OutOfBounds { .. } | Self::Reversed { .. } => NorFlashErrorKind::OutOfBounds,
            Self::ProgrammedTwice { .. }
            | Self::PowerLost
            | Self::ProgramFailed { .. }
            | Self::EraseFailed { .. }
            | Self::Ecc { .. }
            | Self::Busy { .. }
            | Self::Io(_) => NorFlashErrorKind::Other,
        }
    }
}

impl From<std::io::Error> for SimError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error.kind())
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn messages_say_address_and_size() {
        let error = SimError::NotAligned {
            address: 0x1002,
            len: 6,
            unit: 4,
        };
        assert_eq!(
            error.to_string(),
            "6 bytes at 0x1002: not aligned to 4 bytes"
        );
        let error = SimError::OutOfBounds {
            address: 0x2000,
            len: 4,
            capacity: 8192,
        };
        assert_eq!(
            error.to_string(),
            "4 bytes at 0x2000: past the end of a flash of 8192 bytes"
        );
        let error = SimError::ProgrammedTwice { address: 0x10 };
        assert!(error.to_string().contains("0x10"));
    }

    #[test]
    fn kinds_are_those_of_embedded_storage() {
        let kind = SimError::Reversed { from: 8, to: 0 }.kind();
        assert_eq!(kind, NorFlashErrorKind::OutOfBounds);
        assert_eq!(SimError::PowerLost.kind(), NorFlashErrorKind::Other);
    }
}
