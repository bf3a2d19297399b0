//! `kvs` as a firmware uses it: a struct, loaded and saved whole, of which the store writes what has changed. What is no
//! field of the struct is stored under hashed keys, as another part of the firmware would.

use std::marker::PhantomData;

use kvs::{Change, RawKey, Store as Kvs};

use super::kvs_raw::{maintain, open, why};
use crate::chip::Chip;
use crate::device::{Device, Plant, Struct};
use crate::model::{Declared, Layout, Model};
use crate::store::{Outcome, Store, Why};

/// Mounts it.
pub(super) fn mount<const W: usize, const E: usize>(
    chip: Chip<W, E>,
    layout: &Layout,
) -> Outcome<Box<dyn Store>> {
    if layout.declared == Declared::Nothing {
        return Err(Why::Cannot("a struct is fixed when compiled"));
    }
    let (store, ram) = open(chip, layout)?;
    Ok(match layout.declared {
        Declared::Plant => Box::new(Typed::<Plant, W, E>::new(store, ram)),
        _ => Box::new(Typed::<Device, W, E>::new(store, ram)),
    })
}

struct Typed<S, const W: usize, const E: usize> {
    store: Kvs<'static, Chip<W, E>>,
    ram: usize,
    settings: PhantomData<S>,
}

impl<S: Struct, const W: usize, const E: usize> Typed<S, W, E> {
    fn new(store: Kvs<'static, Chip<W, E>>, ram: usize) -> Self {
        let settings = PhantomData;
        Self {
            store,
            ram,
            settings,
        }
    }

    /// One setting alone, as `store.put(Device::KEYS.., ..)` does: for a struct that is more than a sector, and new.
    fn put(&mut self, settings: &S, key: usize) -> Outcome<()> {
        let mut bytes = [0; 160];
        let len = settings.encode(key, &mut bytes).map_err(Why::error)?;
        let hash = RawKey::Hash(S::TREE.hashes[key]);
        self.store.put_bytes(hash, &bytes[..len]).map_err(why)
    }

    fn beside(&mut self, key: usize) -> Outcome<Option<Vec<u8>>> {
        let mut value = vec![0; 128];
        let len = self.store.get_bytes(RawKey::Hash(key as u32), &mut value);
        Ok(len.map_err(why)?.map(|len| {
            value.truncate(len);
            value
        }))
    }
}

impl<S: Struct, const W: usize, const E: usize> Store for Typed<S, W, E> {
    fn save(&mut self, model: &Model, changed: &[usize]) -> Outcome<()> {
        if changed.iter().any(|&key| key < S::COUNT) {
            let settings = S::from_values(&model.values);
            match (self.store.save(&settings), changed) {
                (Err(kvs::Error::CommitTooLarge { .. }), &[key]) => self.put(&settings, key)?,
                (result, _) => result.map(|_| ()).map_err(why)?,
            }
        }
        let beside: Vec<_> = (changed.iter().filter(|&&key| key >= S::COUNT))
            .map(|&key| Change::put(RawKey::Hash(key as u32), &model.values[key]))
            .collect();
        self.store.commit(&beside).map_err(why)
    }

    /// One setting of the struct by its hash, as `store.get(Device::KEYS..)` finds it.
    fn get(&mut self, key: usize) -> Outcome<Option<Vec<u8>>> {
        if key >= S::COUNT {
            return self.beside(key);
        }
        let mut bytes = [0; 160];
        let hash = RawKey::Hash(S::TREE.hashes[key]);
        let Some(len) = self.store.get_bytes(hash, &mut bytes).map_err(why)? else {
            return Ok(None);
        };
        let mut settings = S::defaults();
        settings.decode(key, &bytes[..len]).map_err(Why::error)?;
        Ok(settings.value(key))
    }

    fn load(&mut self, count: usize) -> Outcome<Vec<Option<Vec<u8>>>> {
        let (settings, report) = self.store.load::<S>();
        let found = settings.values().into_iter().zip(report.iter());
        let mut values: Vec<_> = found
            .map(|(value, (_, outcome))| match outcome {
                kvs::Outcome::Rejected(_) => None,
                _ => Some(value),
            })
            .collect();
        for key in S::COUNT..count {
            values.push(self.beside(key)?);
        }
        Ok(values)
    }

    fn maintain(&mut self) -> Outcome<bool> {
        maintain(&mut self.store)
    }

    fn ram(&self) -> usize {
        self.ram
    }
}
