//! Keys, what they have had, and what a store has for them.

use embedded_storage::nor_flash::NorFlash;
use kvs::sim::SimError;
use kvs::{Error, RawKey, Store, key_hash};

/// `None`: not there.
pub(super) type Value = Option<Vec<u8>>;
pub(super) type Found = Result<Value, Error<SimError>>;

/// A key and what it has had, the last is what it has. What a commit would have given it that
/// lost its power is `cut`.
#[derive(Clone)]
pub(super) struct Key {
    name: Option<String>,
    pub(super) hash: u32,
    pub(super) values: Vec<Value>,
    pub(super) cut: Option<Value>,
}

impl Key {
    /// Number `number`. Even ones are hashed, odd ones have names.
    pub(super) fn new(number: usize) -> Self {
        let name = (number % 2 == 1).then(|| format!("key {number}"));
        let hash = name.as_ref().map_or(number as u32, |name| key_hash(name));
        Self {
            name,
            hash,
            values: vec![None],
            cut: None,
        }
    }

    pub(super) fn raw(&self) -> RawKey<'_> {
        match &self.name {
            Some(name) => RawKey::Name(name),
            None => RawKey::Hash(self.hash),
        }
    }

    pub(super) fn now(&self) -> &Value {
        self.values.last().unwrap_or(&None)
    }

    /// Whether it was ever written.
    pub(super) fn has_had(&self, value: &Value) -> bool {
        self.values.contains(value) || self.cut.as_ref() == Some(value)
    }
}

/// What a store has for `key`.
pub(super) fn get<F: NorFlash<Error = SimError>>(store: &mut Store<'_, F>, key: &Key) -> Found {
    let mut buffer = [0; 128];
    let len = store.get_bytes(key.raw(), &mut buffer)?;
    Ok(len.map(|len| buffer[..len].to_vec()))
}

/// Makes a dozen commits, of values as long as those that are there: so they fit, however full the store is. Where one
/// fails, it gives the key, too.
pub(super) fn put<F: NorFlash<Error = SimError>>(
    store: &mut Store<'_, F>,
    keys: &[Key],
    now: &mut [Value],
) -> Result<(), (usize, Error<SimError>)> {
    let there: Vec<_> = (0..keys.len()).filter(|key| now[*key].is_some()).collect();
    for round in 0..12 {
        let index = there
            .get(round % there.len().clamp(1, 3))
            .map_or(0, |key| *key);
        let len = now[index].as_ref().map_or(3, Vec::len);
        let value = vec![round as u8 ^ 0xA5; len];
        store
            .put_bytes(keys[index].raw(), &value)
            .map_err(|error| (index, error))?;
        now[index] = Some(value);
        if round == 7 {
            store.maintain().map_err(|error| (index, error))?;
        }
    }
    Ok(())
}
