//! What most firmware does: all settings in one struct, encoded by postcard, under one key of `sequential-storage`'s map.
//! What is no field of the struct stands behind it.

use sequential_storage::cache::Cache;
use sequential_storage::cache::{CacheImpl, Uncached};
use sequential_storage::map::{MapConfig, MapStorage};

use super::block_on::block_on;
use super::kvs_raw::sectors;
use super::sequential_storage::why;
use crate::chip::Chip;
use crate::device::{Device, Plant, Struct};
use crate::model::{Declared, Layout, Model};
use crate::store::{Outcome, Store, Why};

/// Mounts it.
pub(super) fn mount<const W: usize, const E: usize>(
    chip: Chip<W, E>,
    layout: &Layout,
) -> Outcome<Box<dyn Store>> {
    let range = 0..(sectors(&chip) * E) as u32;
    let config = MapConfig::try_new(range).map_err(Why::error)?;
    // For the key and the item's head, and for the length that postcard puts before values that vary in it.
    let longest = layout.bytes() + 2 * layout.count() + 64;
    Ok(Box::new(Blob {
        map: MapStorage::new(chip, config, Cache::new_uncached()),
        layout: layout.clone(),
        buffer: vec![0; longest],
        encoded: vec![0; longest],
    }))
}

struct Blob<C: CacheImpl<u8>, const W: usize, const E: usize> {
    map: MapStorage<u8, Chip<W, E>, C>,
    layout: Layout,
    buffer: Vec<u8>,
    encoded: Vec<u8>,
}

type None = Cache<Uncached, Uncached, Uncached, u8>;

impl<const W: usize, const E: usize> Store for Blob<None, W, E> {
    fn save(&mut self, model: &Model, _: &[usize]) -> Outcome<()> {
        let mut len = match self.layout.declared {
            Declared::Device => encode::<Device>(model, &mut self.encoded)?,
            Declared::Plant => encode::<Plant>(model, &mut self.encoded)?,
            Declared::Nothing => 0,
        };
        for value in &model.values[self.layout.declared.count()..] {
            self.encoded[len..len + value.len()].copy_from_slice(value);
            len += value.len();
        }
        let encoded = &self.encoded[..len];
        let stored = self.map.store_item(&mut self.buffer, &0, &encoded);
        block_on(stored).map_err(why)
    }

    fn get(&mut self, key: usize) -> Outcome<Option<Vec<u8>>> {
        Ok(self.load(self.layout.count())?.swap_remove(key))
    }

    fn load(&mut self, count: usize) -> Outcome<Vec<Option<Vec<u8>>>> {
        let item = self.map.fetch_item::<&[u8]>(&mut self.buffer, &0);
        let Some(bytes) = block_on(item).map_err(why)? else {
            return Ok(vec![None; count]);
        };
        let (fields, mut rest) = match self.layout.declared {
            Declared::Device => decode::<Device>(bytes)?,
            Declared::Plant => decode::<Plant>(bytes)?,
            Declared::Nothing => (Vec::new(), bytes),
        };
        let mut values: Vec<_> = fields.into_iter().map(Some).collect();
        for size in &self.layout.sizes[values.len()..] {
            let (value, behind) = rest.split_at_checked(*size).ok_or(Why::Wrong)?;
            values.push(Some(value.to_vec()));
            rest = behind;
        }
        Ok(values)
    }

    fn ram(&self) -> usize {
        size_of_val(&self.map) - size_of::<Chip<W, E>>() + self.buffer.len() + self.encoded.len()
    }
}

fn encode<S: Struct>(model: &Model, out: &mut [u8]) -> Outcome<usize> {
    let encoded = postcard::to_slice(&S::from_values(&model.values), out);
    Ok(encoded.map_err(Why::error)?.len())
}

fn decode<S: Struct>(bytes: &[u8]) -> Outcome<(Vec<Vec<u8>>, &[u8])> {
    let (settings, rest) = postcard::take_from_bytes::<S>(bytes).map_err(Why::error)?;
    Ok((settings.values(), rest))
}
