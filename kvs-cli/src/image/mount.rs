//! The store on an image, whatever its word size: the same code that runs on a device.

use kvs::{Change, Error, Options, RawKey, Resources, SectorInfo, Stats, Store};

use super::Image;
use super::flash::{FlashError, ImageFlash};
use crate::problem::Problem;

/// Where the entry of a stored key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) sector: usize,
    pub(crate) offset: u32,
}

pub(crate) type StoreError = Error<FlashError>;

/// A mounted store, its word size forgotten.
pub(crate) trait OpenStore {
    /// The stored keys, in order of hash; in place of one whose entry is bad, the error.
    fn keys(&mut self) -> Vec<Result<Key, StoreError>>;
    fn commit(&mut self, changes: &[Change<'_>]) -> Result<(), StoreError>;
    fn max_value_len(&self, key: RawKey<'_>) -> usize;
    fn stats(&self) -> Stats;
    fn sectors(&self) -> Vec<SectorInfo>;
}

impl<const W: usize> OpenStore for Store<'_, ImageFlash<'_, W>> {
    fn keys(&mut self) -> Vec<Result<Key, StoreError>> {
        let mut out = Vec::new();
        let mut keys = Store::keys(self);
        loop {
            match keys.next() {
                Ok(None) => return out,
                Ok(Some(key)) => out.push(Ok(Key {
                    sector: key.sector,
                    offset: key.offset,
                })),
                Err(error) => out.push(Err(error)),
            }
        }
    }

    fn commit(&mut self, changes: &[Change<'_>]) -> Result<(), StoreError> {
        Store::commit(self, changes)
    }

    fn max_value_len(&self, key: RawKey<'_>) -> usize {
        Store::max_value_len(self, key)
    }

    fn stats(&self) -> Stats {
        Store::stats(self)
    }

    fn sectors(&self) -> Vec<SectorInfo> {
        Store::sectors(self).collect()
    }
}

/// What a usual partition takes; a buffer of a sector, so that also a store without a spare sector can be written.
type Small = Resources<4096, 512, 16_384>;
/// What the largest takes.
type Large = Resources<MOST_KEYS, 65_535, 131_072>;
const MOST_KEYS: usize = 65_535;

/// Mounts the store and hands it over. A read-only one is never written, so that its image need not be in memory.
pub(crate) fn mount(
    image: &mut Image,
    read_only: bool,
    mut run: impl FnMut(&mut dyn OpenStore),
) -> Result<(), Problem> {
    let run: &mut dyn FnMut(&mut dyn OpenStore) = &mut run;
    let result = match image.geometry.write_size {
        1 => with_words::<1>(image, read_only, run),
        2 => with_words::<2>(image, read_only, run),
        4 => with_words::<4>(image, read_only, run),
        8 => with_words::<8>(image, read_only, run),
        16 => with_words::<16>(image, read_only, run),
        32 => with_words::<32>(image, read_only, run),
        64 => with_words::<64>(image, read_only, run),
        128 => with_words::<128>(image, read_only, run),
        other => {
            return Err(
                Problem::new(format!("there is no flash with words of {other} bytes"))
                    .help("--write-size is one of 1, 2, 4, 8, 16, 32, 64 and 128"),
            );
        }
    };
    result.map_err(|error| explain(image, &error))
}

fn with_words<const W: usize>(
    image: &mut Image,
    read_only: bool,
    run: &mut dyn FnMut(&mut dyn OpenStore),
) -> Result<(), StoreError> {
    let geometry = image.geometry;
    let is_small = geometry.sectors <= 512 && geometry.sector_size <= 16_384;
    if is_small {
        let mut resources = Box::new(Small::new());
        match with_resources::<W, _, _, _>(image, read_only, &mut resources, run) {
            Err(Error::TooManyKeys { .. }) => {}
            result => return result,
        }
    }
    let mut resources = Box::new(Large::new());
    with_resources::<W, _, _, _>(image, read_only, &mut resources, run)
}

fn with_resources<const W: usize, const K: usize, const S: usize, const B: usize>(
    image: &mut Image,
    read_only: bool,
    resources: &mut Resources<K, S, B>,
    run: &mut dyn FnMut(&mut dyn OpenStore),
) -> Result<(), StoreError> {
    let geometry = image.geometry;
    let len = u32::try_from(geometry.len()).unwrap_or(u32::MAX);
    let flash = ImageFlash::<W> {
        source: &mut image.source,
        offset: geometry.offset,
        len,
    };
    let options = Options {
        read_only,
        sector_size: geometry.sector_size,
        ..Options::DEFAULT
    };
    let mut store = Store::mount(flash, 0..len, resources, options)?;
    if store.stats().without_slot != 0 && K < MOST_KEYS {
        // It would do, but slowly.
        return Err(Error::TooManyKeys { capacity: K });
    }
    run(&mut store);
    Ok(())
}

/// Why an image can't be mounted.
fn explain(image: &Image, error: &StoreError) -> Problem {
    let path = image.path.display();
    let geometry = &image.geometry;
    let problem = Problem::new(format!("{path}: {error}"));
    match error {
        Error::Incompatible { checksum, .. } if checksum.0 != checksum.1 => Problem::new(format!(
            "{path} was written with the checksum {} of a firmware's own",
            checksum.0
        ))
        .help("only partitions with the checksum 0, CRC-32C, can be read here"),
        Error::Incompatible { version, .. } if version.0 != version.1 => Problem::new(format!(
            "{path} is of flash format {}, and this program knows format {}",
            version.0, version.1
        ))
        .help("take the kvs-cli of the firmware's version of kvs"),
        Error::Incompatible { .. } | Error::Geometry(_) => problem.help(format!(
            "tried: {geometry}; --sector-size, --write-size, --offset and --length say otherwise"
        )),
        _ => problem,
    }
}
