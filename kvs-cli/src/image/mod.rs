//! Flash images: read from files of several formats, laid out, mounted, written back.

mod container;
mod flash;
mod geometry;
mod mount;
mod output;
mod source;

pub(crate) use geometry::{Geometry, GeometryArgs, size};
pub(crate) use mount::{Key, OpenStore, StoreError, mount};
pub(crate) use output::{Format, OutputArgs, write_file};
pub(crate) use source::Source;

use std::path::{Path, PathBuf};

use crate::problem::{Problem, Result};

/// An image and how it is laid out.
pub(crate) struct Image {
    pub(crate) path: PathBuf,
    pub(crate) source: Source,
    pub(crate) geometry: Geometry,
    /// The file's format, to write it back in.
    pub(crate) format: Format,
    /// The address of its first byte, where the format has addresses.
    pub(crate) address: u64,
    /// The chip that a UF2 file is for.
    pub(crate) uf2_family: Option<u32>,
}

impl Image {
    /// Opens a file and finds out how it is laid out, as far as `args` don't say.
    pub(crate) fn open(path: &Path, args: &GeometryArgs) -> Result<Self> {
        let mut opened = container::open(path)?;
        let geometry = geometry::find(path, &mut opened.source, args)?;
        Ok(Self {
            path: path.to_owned(),
            source: opened.source,
            geometry,
            format: opened.format,
            address: opened.address,
            uf2_family: opened.uf2_family,
        })
    }

    /// An image of erased flash.
    pub(crate) fn erased(geometry: Geometry) -> Self {
        let len = usize::try_from(geometry.len()).unwrap_or(usize::MAX);
        Self {
            path: PathBuf::new(),
            source: Source::Memory(vec![0xFF; len]),
            geometry,
            format: Format::Bin,
            address: 0,
            uf2_family: None,
        }
    }

    /// The bytes of one sector.
    pub(crate) fn sector(&mut self, index: u32) -> Result<Vec<u8>, Problem> {
        let size = self.geometry.sector_size;
        let at = u64::from(index) * u64::from(size);
        self.bytes(at, size as usize)
    }

    /// Bytes of the partition.
    pub(crate) fn bytes(&mut self, at: u64, len: usize) -> Result<Vec<u8>, Problem> {
        let mut bytes = vec![0; len];
        let at = at + self.geometry.offset;
        self.source
            .read_at(at, &mut bytes)
            .map_err(|error| unreadable(&self.path, &error))?;
        Ok(bytes)
    }
}

pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::new(format!("{} cannot be read: {error}", path.display()))
}

pub(crate) fn unwritable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::new(format!("{} cannot be written: {error}", path.display()))
}
