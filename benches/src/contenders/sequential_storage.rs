//! `sequential-storage`'s map: an item a setting, with and without a cache.

use sequential_storage::Error;
use sequential_storage::cache::key_pointers::{ArrayKeyPointers, HeapKeyPointers};
use sequential_storage::cache::page_pointers::{ArrayPagePointers, HeapPagePointers};
use sequential_storage::cache::page_states::{ArrayPageStates, HeapPageStates};
use sequential_storage::cache::{Cache, CacheImpl, Uncached};
use sequential_storage::map::{MapConfig, MapStorage};

use super::block_on::block_on;
use super::kvs_raw::sectors;
use crate::chip::Chip;
use crate::model::{Layout, Model};
use crate::store::{Outcome, Store, Why};

/// Bytes of the buffer for items.
const BUFFER: usize = 256;

/// Mounts it without a cache.
pub(super) fn mount_uncached<const W: usize, const E: usize>(
    chip: Chip<W, E>,
    _: &Layout,
) -> Outcome<Box<dyn Store>> {
    mount(chip, Cache::new_uncached(), 0)
}

/// Mounts it with room for all keys in its cache.
pub(super) fn mount_cached<const W: usize, const E: usize>(
    chip: Chip<W, E>,
    layout: &Layout,
) -> Outcome<Box<dyn Store>> {
    let (keys, pages) = (layout.count(), sectors(&chip));
    let cache = Cache::new(
        HeapPageStates::new(pages),
        HeapPagePointers::new(pages),
        HeapKeyPointers::new(keys),
    );
    // As much as the ones in arrays, which a firmware has.
    let page = size_of::<ArrayPageStates<1>>() + size_of::<ArrayPagePointers<1>>();
    mount(
        chip,
        cache,
        pages * page + keys * size_of::<ArrayKeyPointers<u16, 1>>(),
    )
}

fn mount<C: CacheImpl<u16> + 'static, const W: usize, const E: usize>(
    chip: Chip<W, E>,
    cache: C,
    cached: usize,
) -> Outcome<Box<dyn Store>> {
    let range = 0..(sectors(&chip) * E) as u32;
    let config = MapConfig::try_new(range).map_err(Why::error)?;
    Ok(Box::new(Map {
        map: MapStorage::new(chip, config, cache),
        buffer: [0; BUFFER],
        cached,
    }))
}

type None = Cache<Uncached, Uncached, Uncached, u16>;

struct Map<C: CacheImpl<u16>, const W: usize, const E: usize> {
    map: MapStorage<u16, Chip<W, E>, C>,
    buffer: [u8; BUFFER],
    cached: usize,
}

impl<C: CacheImpl<u16>, const W: usize, const E: usize> Store for Map<C, W, E> {
    fn save(&mut self, model: &Model, changed: &[usize]) -> Outcome<()> {
        changed.iter().try_for_each(|&key| {
            let value = model.values[key].as_slice();
            let key = key as u16;
            let stored = self.map.store_item(&mut self.buffer, &key, &value);
            block_on(stored).map_err(why)
        })
    }

    fn get(&mut self, key: usize) -> Outcome<Option<Vec<u8>>> {
        let key = key as u16;
        let item = self.map.fetch_item::<&[u8]>(&mut self.buffer, &key);
        Ok(block_on(item).map_err(why)?.map(<[u8]>::to_vec))
    }

    /// In one pass over all items, of which the last of a key counts.
    fn load(&mut self, count: usize) -> Outcome<Vec<Option<Vec<u8>>>> {
        let mut values = vec![None; count];
        block_on(async {
            let mut items = self.map.fetch_all_items(&mut self.buffer).await?;
            while let Some((key, value)) = items.next::<&[u8]>(&mut self.buffer).await? {
                if let Some(slot) = values.get_mut(usize::from(key)) {
                    *slot = Some(value.to_vec());
                }
            }
            Ok(())
        })
        .map_err(why)?;
        Ok(values)
    }

    fn ram(&self) -> usize {
        let map = size_of::<MapStorage<u16, Chip<W, E>, None>>() - size_of::<Chip<W, E>>();
        map + self.cached + BUFFER
    }
}

/// The reason behind an error.
pub(super) fn why<E: std::fmt::Debug>(error: Error<E>) -> Why {
    match error {
        Error::FullStorage => Why::Full,
        Error::ItemTooBig => Why::Cannot("larger than a sector"),
        error => Why::error(error),
    }
}
