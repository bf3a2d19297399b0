//! Flash images: read from files of several formats, laid out, mounted, written back.

mod container;
mod find;
mod flash;
mod geometry;
mod headers;
mod mount;
mod output;
mod source;
mod span;
#[cfg(test)]
mod tests;

pub(crate) use geometry::{Geometry, GeometryArgs, size};
pub(crate) use mount::{Key, OpenStore, StoreError, mount};
pub(crate) use output::{Format, OutputArgs};
pub(crate) use source::Source;

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::file::{MOST, Target, too_large, unreadable};
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
    /// Why it may not be all of one partition, or more than one.
    pub(crate) doubts: Vec<String>,
}

impl Image {
    /// Opens a file to look at it, and finds out how it is laid out, as far as `args` don't say.
    pub(crate) fn open(path: &Path, args: &GeometryArgs) -> Result<Self> {
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        Self::of(path, file, args)
    }

    /// Opens the file that is going to be written, to change it in memory. What the partition is may not be a guess, then.
    pub(crate) fn open_to_change(
        path: &Path,
        target: Option<&Target>,
        args: &GeometryArgs,
    ) -> Result<Self> {
        let file = target.and_then(Target::existing);
        let file = file.unwrap_or_else(|| File::open(path));
        let image = Self::of(path, file.map_err(|error| unreadable(path, &error))?, args)?;
        image.demand_certain("--offset and --length say so")?;
        if image.source.len() > MOST {
            return Err(too_large(path).into());
        }
        Ok(image)
    }

    fn of(path: &Path, file: File, args: &GeometryArgs) -> Result<Self> {
        let mut opened = container::read(path, file)?;
        let found = find::find(path, &mut opened.source, args)?;
        Ok(Self {
            path: path.to_owned(),
            source: opened.source,
            geometry: found.geometry,
            format: opened.format,
            address: opened.address,
            uf2_family: opened.uf2_family,
            doubts: found.doubts,
        })
    }

    /// For what is good enough to be read, but not to be written, nor to be a model for others.
    pub(crate) fn demand_certain(&self, help: &str) -> Result<(), Problem> {
        let path = self.path.display();
        let problem = match self.doubts.first() {
            Some(doubt) => Problem::new(format!("{path}: {doubt}")),
            None if self.geometry.is_part => Problem::new(format!(
                "{path} holds something else, too: where does the partition begin and end?"
            )),
            None => return Ok(()),
        };
        Err(problem.help(format!("{help}; it seems to have {}", self.geometry)))
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
            doubts: Vec::new(),
        }
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
