//! What can go wrong, in words for a person.

use core::fmt;

use crate::settings::{Path, Rejection};

/// What went wrong. `E` is the flash driver's error.
///
/// After any error the store stays usable, and every value that was there before can still be read.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error<E> {
    /// The flash driver failed.
    Flash(E),
    /// Flash that should have been erased is not. Nothing more is appended to its sector.
    NotBlank {
        /// Bytes from the start of the partition.
        address: u32,
    },
    /// Flash reads back differently from what was programmed. Nothing more is appended to its
    /// sector.
    VerifyFailed {
        /// Bytes from the start of the partition.
        address: u32,
    },
    /// The stored entry fails its checksum. Putting a new value mends it.
    Corrupt {
        /// The key's hash.
        key: u32,
    },
    /// Something could not be read, and reads differently each time. It may be readable when the
    /// call is made again.
    Unreadable {
        /// Bytes from the start of the partition: the sector that it is in.
        address: u32,
    },
    /// No room, even after collecting what is stale; or none without collecting, where that is not
    /// allowed ([`Options::collect_on_write`](crate::Options::collect_on_write)).
    Full {
        /// Bytes that the commit takes, heads and padding included, in one piece.
        needed: u32,
        /// Bytes that are not taken by live entries, the spare sector aside; perhaps in many
        /// pieces.
        available: u32,
    },
    /// A commit has to fit into one sector, because it is one run of bytes there.
    CommitTooLarge {
        /// Bytes that the commit takes, heads and padding included.
        needed: u32,
        /// Bytes in a sector behind its header.
        max: u32,
    },
    /// The value is longer than an entry can be.
    ValueTooLong {
        /// The value's bytes.
        len: usize,
        /// The longest value under this key.
        max: usize,
    },
    /// A name has at least one byte.
    KeyEmpty,
    /// The name is too long.
    KeyTooLong {
        /// The name's bytes.
        len: usize,
        /// The longest name: 63 bytes.
        max: usize,
    },
    /// A key by name has the same hash as another one, or as a setting. Nothing was written; choose
    /// another name for the raw key.
    NameCollision {
        /// The hash of both.
        key: u32,
        /// The setting, where the call is about one.
        setting: Option<Path>,
    },
    /// The commit changes more stored keys than the store's resources have slots. Nothing was
    /// written; commit fewer keys at a time.
    TooManyKeys {
        /// The key slots there are.
        capacity: usize,
    },
    /// The store was mounted read-only.
    ReadOnly,
    /// The buffer, yours or the store's, does not hold the value.
    BufferTooSmall {
        /// Bytes it takes.
        needed: usize,
        /// Bytes there are.
        available: usize,
    },
    /// The setting's own rules turn the value down. Nothing was written.
    Rejected {
        /// Which setting.
        setting: Path,
        /// Why.
        why: Rejection,
    },
    /// The value's `Serialize` failed, or postcard can't encode it.
    Unencodable,
    /// The range, sector size, write size or resources don't fit together.
    Geometry(Geometry),
    /// The partition was written in another format version, with another checksum or for another
    /// geometry. Nothing was touched. Erase the range to start anew.
    Incompatible {
        /// The format version found, and the one this code writes.
        version: (u8, u8),
        /// The [`Checksum::ID`](crate::Checksum::ID) found, and the one in use.
        checksum: (u8, u8),
        /// Powers of two of (sector size, write size): found, and in use.
        geometry: ((u8, u8), (u8, u8)),
    },
    /// The sector sequence numbers are used up; no real part lives that long. Erase the range to
    /// start anew.
    Exhausted,
}

/// How a partition, its flash and its resources fail to fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Geometry {
    /// The write size is not a power of two, or above 128, or below the read size, or the read size
    /// is above 64.
    WordSize,
    /// The sector size is not a multiple of the flash's erase size, or holds no entry.
    SectorSize,
    /// The range does not start and end at sector boundaries, or is not within the flash.
    Range,
    /// A partition has at least two sectors.
    TooFewSectors,
    /// The resources have fewer sector slots than the partition has sectors.
    TooManySectors {
        /// The partition's sectors.
        sectors: usize,
        /// The resources' sector slots.
        capacity: usize,
    },
    /// The resources' buffer is shorter than 64 bytes or two words.
    Buffer,
    /// The flash reads 00 where it is erased, and a store needs flash that erases to FF; or the
    /// partition was filled with 00, and has to be erased first. Nothing that was there was erased.
    ErasedValue,
}

impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WordSize => f.write_str(
                "the write size must be a power of two up to 128 and a multiple of the read size, the read size at most 64",
            ),
            Self::SectorSize => f.write_str(
                "the sector size must be a multiple of the flash's erase size and hold a header and an entry",
            ),
            Self::Range => {
                f.write_str("the range must lie within the flash, on sector boundaries")
            }
            Self::TooFewSectors => f.write_str("a partition has at least two sectors"),
            Self::TooManySectors { sectors, capacity } => write!(
                f,
                "the partition has {sectors} sectors, the resources have room for {capacity}"
            ),
            Self::Buffer => f.write_str("the buffer must hold 64 bytes and two words"),
            Self::ErasedValue => f.write_str(
                "the flash reads 00 where it should be erased: a store needs flash that erases to FF, and a partition full of 00 has to be erased first",
            ),
        }
    }
}

impl<E: fmt::Debug> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flash(error) => write!(f, "the flash failed: {error:?}"),
            Self::NotBlank { address } => {
                write!(f, "the flash at {address:#x} should be erased and is not")
            }
            Self::VerifyFailed { address } => write!(
                f,
                "the flash at {address:#x} reads back differently from what was programmed"
            ),
            Self::Corrupt { key } => {
                write!(f, "the entry of key {key:#010x} fails its checksum")
            }
            Self::Unreadable { address } => write!(
                f,
                "the flash in the sector at {address:#x} reads differently each time"
            ),
            Self::Full { needed, available } => write!(
                f,
                "the partition is full: {needed} bytes are needed in one piece, {available} are left in all"
            ),
            Self::CommitTooLarge { needed, max } => write!(
                f,
                "a commit of {needed} bytes does not fit a sector, which holds {max}"
            ),
            Self::ValueTooLong { len, max } => {
                write!(f, "a value of {len} bytes is too long: at most {max}")
            }
            Self::KeyEmpty => f.write_str("a key's name has at least one byte"),
            Self::KeyTooLong { len, max } => {
                write!(f, "a name of {len} bytes is too long: at most {max}")
            }
            Self::NameCollision { key, setting } => {
                match setting {
                    Some(setting) => write!(f, "{setting}: a raw key")?,
                    None => f.write_str("another name, or a setting,")?,
                }
                write!(
                    f,
                    " has the same hash {key:#010x}; choose another name for the raw key"
                )
            }
            Self::TooManyKeys { capacity } => {
                write!(
                    f,
                    "a commit changes at most as many stored keys as there are slots, {capacity}"
                )
            }
            Self::ReadOnly => f.write_str("the store is read-only"),
            Self::BufferTooSmall { needed, available } => {
                write!(f, "{needed} bytes are needed, the buffer has {available}")
            }
            Self::Rejected { setting, why } => {
                write!(f, "{setting}: {why}")?;
                match setting.range() {
                    range if *why == Rejection::OutOfRange && !range.is_empty() => {
                        write!(f, " (allowed: {range})")
                    }
                    _ => Ok(()),
                }
            }
            Self::Unencodable => f.write_str("the value can't be encoded"),
            Self::Geometry(geometry) => fmt::Display::fmt(geometry, f),
            Self::Incompatible {
                version,
                checksum,
                geometry,
            } => {
                f.write_str("the partition was written differently (found / in use):")?;
                write!(f, " version {} / {},", version.0, version.1)?;
                write!(f, " checksum {} / {},", checksum.0, checksum.1)?;
                let ((s0, w0), (s1, w1)) = geometry;
                write!(f, " sector size 2^{s0} / 2^{s1},")?;
                write!(f, " write size 2^{w0} / 2^{w1}")
            }
            Self::Exhausted => f.write_str("the sector sequence numbers are used up"),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for Error<E> {}

impl<E> Error<E> {
    /// The error where it is known which setting the call is about.
    pub(crate) fn about(self, setting: Option<Path>) -> Self {
        match self {
            Self::NameCollision { key, .. } => Self::NameCollision { key, setting },
            other => other,
        }
    }
}

impl core::error::Error for Geometry {}
