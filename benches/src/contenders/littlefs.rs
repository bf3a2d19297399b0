//! `littlefs2`: a file a setting. Its C code is compiled, and asks for what it wants through callbacks, in which nothing may
//! panic.

use littlefs2::consts::{U1, U128};
use littlefs2::driver::Storage;
use littlefs2::fs::{Allocation, Filesystem};
use littlefs2::io::{Error, Result as IoResult};
use littlefs2::path::PathBuf;

use super::kvs_raw::sectors;
use super::name;
use crate::chip::Chip;
use crate::model::Model;
use crate::store::{Outcome, Store, Why};

/// Bytes of its caches, and of the largest file that lives in its directory.
const CACHE: usize = 128;
/// Rewrites of a block before another takes its place.
const CYCLES: isize = 500;

/// Mounts it.
pub(super) fn mount<const W: usize, const E: usize>(
    chip: Chip<W, E>,
    first: bool,
) -> Outcome<Box<dyn Store>> {
    match sectors(&chip) {
        2 => on::<W, E, 2>(chip, first),
        4 => on::<W, E, 4>(chip, first),
        8 => on::<W, E, 8>(chip, first),
        16 => on::<W, E, 16>(chip, first),
        32 => on::<W, E, 32>(chip, first),
        64 => on::<W, E, 64>(chip, first),
        128 => on::<W, E, 128>(chip, first),
        256 => on::<W, E, 256>(chip, first),
        _ => Err(Why::Cannot("block count is fixed when compiled")),
    }
}

fn on<const W: usize, const E: usize, const N: usize>(
    chip: Chip<W, E>,
    first: bool,
) -> Outcome<Box<dyn Store>> {
    let disk = Box::leak(Box::new(Disk::<W, E, N>(chip)));
    if first {
        Filesystem::format(disk).map_err(why)?;
    }
    let allocation = Box::leak(Box::new(Allocation::new()));
    let files = Filesystem::mount(allocation, disk).map_err(why)?;
    Ok(Box::new(Littlefs { files }))
}

struct Disk<const W: usize, const E: usize, const N: usize>(Chip<W, E>);

impl<const W: usize, const E: usize, const N: usize> Storage for Disk<W, E, N> {
    const READ_SIZE: usize = W;
    const WRITE_SIZE: usize = W;
    const BLOCK_SIZE: usize = E;
    const BLOCK_COUNT: usize = N;
    const BLOCK_CYCLES: isize = CYCLES;
    type CACHE_SIZE = U128;
    type LOOKAHEAD_SIZE = U1;

    fn read(&mut self, offset: usize, bytes: &mut [u8]) -> IoResult<usize> {
        if !self.0.may_read() {
            return Err(Error::IO);
        }
        let read = self.0.read_at(offset as u32, bytes);
        read.map(|()| bytes.len()).map_err(|_| Error::IO)
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) -> IoResult<usize> {
        let written = self.0.write_at(offset as u32, bytes);
        written.map(|()| bytes.len()).map_err(|_| Error::IO)
    }

    fn erase(&mut self, offset: usize, len: usize) -> IoResult<usize> {
        let erased = self.0.erase_at(offset as u32, (offset + len) as u32);
        erased.map(|()| len).map_err(|_| Error::IO)
    }
}

struct Littlefs<const W: usize, const E: usize, const N: usize> {
    files: Filesystem<'static, Disk<W, E, N>>,
}

fn path(key: usize) -> PathBuf {
    PathBuf::try_from(name(key).as_str()).unwrap_or_default()
}

impl<const W: usize, const E: usize, const N: usize> Store for Littlefs<W, E, N> {
    fn save(&mut self, model: &Model, changed: &[usize]) -> Outcome<()> {
        changed.iter().try_for_each(|&key| {
            let written = self.files.write(&path(key), &model.values[key]);
            written.map_err(why)
        })
    }

    fn get(&mut self, key: usize) -> Outcome<Option<Vec<u8>>> {
        match self.files.read::<128>(&path(key)) {
            Ok(value) => Ok(Some(value.to_vec())),
            Err(Error::NO_SUCH_ENTRY) => Ok(None),
            Err(error) => Err(why(error)),
        }
    }

    fn ram(&self) -> usize {
        // An open file has a cache of its own.
        size_of::<Allocation<Disk<W, E, N>>>() + size_of_val(&self.files) + CACHE
    }
}

fn why(error: Error) -> Why {
    match error {
        Error::NO_SPACE => Why::Full,
        Error::IO => Why::Failed("I/O".into()),
        Error::CORRUPTION => Why::Failed("corruption".into()),
        error => Why::error(error),
    }
}
