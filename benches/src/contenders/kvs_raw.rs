//! `kvs` with names of 6 bytes for keys; what the typed contender shares with it.

use std::fmt::Debug;

use kvs::{Change, Error, Maintenance, Options, Resources, Store as Kvs};

use super::name;
use crate::chip::Chip;
use crate::model::{Layout, Model};
use crate::store::{Outcome, Store, Why};

/// Bytes of the store's buffer.
pub(super) const BUFFER: usize = 256;

/// Mounts it.
pub(super) fn mount<const W: usize, const E: usize>(
    chip: Chip<W, E>,
    layout: &Layout,
) -> Outcome<Box<dyn Store>> {
    let (store, ram) = open(chip, layout)?;
    Ok(Box::new(Raw { store, ram }))
}

struct Raw<const W: usize, const E: usize> {
    store: Kvs<'static, Chip<W, E>>,
    ram: usize,
}

impl<const W: usize, const E: usize> Store for Raw<W, E> {
    fn save(&mut self, model: &Model, changed: &[usize]) -> Outcome<()> {
        let names: Vec<_> = changed.iter().map(|&key| name(key)).collect();
        let changes: Vec<_> = (names.iter().zip(changed))
            .map(|(name, &key)| Change::put(name.as_str(), &model.values[key]))
            .collect();
        self.store.commit(&changes).map_err(why)
    }

    fn get(&mut self, key: usize) -> Outcome<Option<Vec<u8>>> {
        let mut value = vec![0; 128];
        let len = self.store.get_bytes(name(key).as_str(), &mut value);
        Ok(len.map_err(why)?.map(|len| {
            value.truncate(len);
            value
        }))
    }

    fn maintain(&mut self) -> Outcome<bool> {
        maintain(&mut self.store)
    }

    fn ram(&self) -> usize {
        self.ram
    }
}

/// The store, and its RAM for as many keys and sectors as there are.
pub(super) fn open<const W: usize, const E: usize>(
    chip: Chip<W, E>,
    layout: &Layout,
) -> Outcome<(Kvs<'static, Chip<W, E>>, usize)> {
    let sectors = sectors(&chip);
    let range = 0..(sectors * E) as u32;
    // Leaked, so that nothing borrows: a bench is short. In three sizes, for there are many mounts.
    let store = match (layout.count(), sectors) {
        (..=64, ..=32) => Kvs::mount(chip, range, leak::<64, 32>(), Options::DEFAULT),
        (..=512, ..=32) => Kvs::mount(chip, range, leak::<512, 32>(), Options::DEFAULT),
        _ => Kvs::mount(chip, range, leak::<2048, 256>(), Options::DEFAULT),
    };
    let tables = 8 * layout.count() + 12 * sectors + BUFFER;
    Ok((store.map_err(why)?, size_of::<Kvs<'static, ()>>() + tables))
}

fn leak<const KEYS: usize, const SECTORS: usize>() -> &'static mut Resources<KEYS, SECTORS, BUFFER>
{
    Box::leak(Box::new(Resources::new()))
}

/// How many sectors a flash has.
pub(super) fn sectors<const W: usize, const E: usize>(chip: &Chip<W, E>) -> usize {
    embedded_storage::nor_flash::ReadNorFlash::capacity(chip) / E
}

/// One step of the work ahead.
pub(super) fn maintain<const W: usize, const E: usize>(
    store: &mut Kvs<'static, Chip<W, E>>,
) -> Outcome<bool> {
    Ok(store.maintain().map_err(why)? != Maintenance::Idle)
}

/// The reason behind an error.
pub(super) fn why<E: Debug>(error: Error<E>) -> Why {
    match error {
        Error::Full { .. } => Why::Full,
        Error::CommitTooLarge { .. } => Why::Cannot("more than a sector"),
        error => Why::error(error),
    }
}
