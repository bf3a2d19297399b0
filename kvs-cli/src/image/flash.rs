//! An image as the flash of a device: what a store is mounted on. As strict as a real part, and with words as long as the
//! image's.

use std::io;

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

use super::Source;

/// A partition of an image, with words of `W` bytes. The size of a sector is the store's affair
/// ([`Options::sector_size`](kvs::Options::sector_size)), so it may be any multiple of a word.
pub(super) struct ImageFlash<'a, const W: usize> {
    pub(super) source: &'a mut Source,
    /// Where the partition begins.
    pub(super) offset: u64,
    /// Bytes in the partition.
    pub(super) len: u32,
}

/// Why an image could not be read or written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FlashError {
    Io(io::ErrorKind),
    /// A real part's checksum of this word would be spoilt.
    ProgrammedTwice {
        address: u32,
    },
    OutOfRange,
}

/// Error messages of a store end in this.
impl std::fmt::Debug for FlashError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(kind) => write!(f, "the image cannot be read: {kind}"),
            Self::ProgrammedTwice { address } => {
                write!(f, "the word at {address:#x} is programmed already")
            }
            Self::OutOfRange => f.write_str("the access is beyond the image or not aligned"),
        }
    }
}

impl NorFlashError for FlashError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::OutOfRange => NorFlashErrorKind::OutOfBounds,
            Self::Io(_) | Self::ProgrammedTwice { .. } => NorFlashErrorKind::Other,
        }
    }
}

impl<const W: usize> ImageFlash<'_, W> {
    /// The bytes of `from..from + len`, in memory.
    fn edit(&mut self, from: u32, len: usize) -> Result<&mut [u8], FlashError> {
        let start = self.offset + u64::from(from);
        let start = usize::try_from(start).map_err(|_| FlashError::OutOfRange)?;
        let end = start.checked_add(len).ok_or(FlashError::OutOfRange)?;
        let aligned = (from as usize).is_multiple_of(W) && len.is_multiple_of(W);
        let bytes = self
            .source
            .load()
            .map_err(|error| FlashError::Io(error.kind()))?;
        let bytes = bytes.get_mut(start..end).filter(|_| aligned);
        bytes.ok_or(FlashError::OutOfRange)
    }
}

impl<const W: usize> ErrorType for ImageFlash<'_, W> {
    type Error = FlashError;
}

impl<const W: usize> ReadNorFlash for ImageFlash<'_, W> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        let end = u64::from(offset) + bytes.len() as u64;
        if end > u64::from(self.len) {
            return Err(FlashError::OutOfRange);
        }
        self.source
            .read_at(self.offset + u64::from(offset), bytes)
            .map_err(|error| FlashError::Io(error.kind()))
    }

    fn capacity(&self) -> usize {
        self.len as usize
    }
}

impl<const W: usize> NorFlash for ImageFlash<'_, W> {
    const WRITE_SIZE: usize = W;
    const ERASE_SIZE: usize = W;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        if to > self.len || from > to {
            return Err(FlashError::OutOfRange);
        }
        self.edit(from, (to - from) as usize)?.fill(0xFF);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        if u64::from(offset) + bytes.len() as u64 > u64::from(self.len) {
            return Err(FlashError::OutOfRange);
        }
        let target = self.edit(offset, bytes.len())?;
        if let Some(at) = target.iter().position(|byte| *byte != 0xFF) {
            let address = (offset + at as u32) & !(W as u32 - 1);
            return Err(FlashError::ProgrammedTwice { address });
        }
        target.copy_from_slice(bytes);
        Ok(())
    }
}
