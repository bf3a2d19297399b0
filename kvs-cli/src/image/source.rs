//! Where an image's bytes are: in a file that is read piece by piece, or in memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// The bytes of an image.
pub(crate) enum Source {
    /// Read where it is: a dump may be larger than memory.
    File {
        file: File,
        len: u64,
    },
    Memory(Vec<u8>),
}

impl Source {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::File { len, .. } => *len,
            Self::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// Fills `out` with the bytes from `at` on.
    pub(crate) fn read_at(&mut self, at: u64, out: &mut [u8]) -> io::Result<()> {
        match self {
            Self::File { file, .. } => {
                file.seek(SeekFrom::Start(at))?;
                file.read_exact(out)
            }
            Self::Memory(bytes) => {
                let from = usize::try_from(at).unwrap_or(usize::MAX);
                let range = from..from.saturating_add(out.len());
                let bytes = bytes.get(range).ok_or(io::ErrorKind::UnexpectedEof)?;
                out.copy_from_slice(bytes);
                Ok(())
            }
        }
    }

    /// All bytes in memory, so that they can be changed.
    pub(crate) fn load(&mut self) -> io::Result<&mut Vec<u8>> {
        if let Self::File { file, .. } = self {
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(0))?;
            file.read_to_end(&mut bytes)?;
            *self = Self::Memory(bytes);
        }
        match self {
            Self::Memory(bytes) => Ok(bytes),
            Self::File { .. } => Err(io::ErrorKind::Other.into()),
        }
    }
}
