//! Operations on a store and on a map, side by side.

use std::collections::BTreeMap;

use kvs::sim::SimFlash;
use kvs::{Change, Error, Options, RawKey, Resources, Store};

use crate::assert_commit_bounds;
use crate::input::Input;

/// Runs the operations that `bytes` stand for on a store and on a `BTreeMap`, and compares.
pub fn operations(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    match input.byte() % 6 {
        0 => run::<1, 256>(&mut input, 2),
        1 => run::<4, 256>(&mut input, 2),
        2 => run::<4, 512>(&mut input, 4),
        3 => run::<8, 256>(&mut input, 3),
        4 => run::<16, 512>(&mut input, 3),
        _ => run::<32, 1024>(&mut input, 5),
    }
}

type Ram = Resources<24, 5, 96>;
type Model = BTreeMap<u8, Vec<u8>>;

/// Runs them on a flash of so many sectors.
///
/// # Panics
///
/// When there is a difference.
pub fn run<const W: usize, const E: usize>(input: &mut Input<'_>, sectors: usize) {
    let mut flash = SimFlash::<W, E>::new(sectors);
    let end = (sectors * E) as u32;
    let mut model = Model::new();
    while !input.is_empty() {
        let mut ram = Ram::new();
        let mut store = Store::mount(
            &mut flash,
            0..end,
            &mut ram,
            Options {
                wear_spread: 5,
                ..Options::DEFAULT
            },
        )
        .unwrap();
        compare(&mut store, &model);
        while !input.is_empty() {
            match input.byte() % 8 {
                0 => break,
                1 => {
                    store.maintain().unwrap();
                }
                count => commit(&mut store, &mut model, input, count % 4 + 1),
            }
        }
        compare(&mut store, &model);
    }
}

fn name(key: u8) -> String {
    format!("name {key}")
}

fn commit<const W: usize, const E: usize>(
    store: &mut Store<'_, &mut SimFlash<W, E>>,
    model: &mut Model,
    input: &mut Input<'_>,
    count: u8,
) {
    let mut wanted = Vec::new();
    for _ in 0..count {
        let key = input.byte() % 16;
        let value = match input.byte() {
            0..=50 => None,
            len @ 51..=230 => Some(vec![input.byte(); usize::from(len % 40)]),
            len => Some(vec![len; usize::from(len - 200) * 4]),
        };
        wanted.push((key, name(key), value));
    }
    let changes: Vec<_> = wanted
        .iter()
        .map(|(key, name, value)| {
            let key = if key % 2 == 0 {
                RawKey::Hash(u32::from(*key))
            } else {
                RawKey::Name(name)
            };
            value
                .as_ref()
                .map_or(Change::delete(key), |value| Change::put(key, value))
        })
        .collect();
    let before = store.flash().stats().clone();
    let result = store.commit(&changes);
    let cost = store.flash().stats().since(&before);
    assert_commit_bounds(&cost, store.stats().sectors, E);
    match result {
        Ok(()) => {
            for (key, _, value) in wanted {
                match value {
                    Some(value) => model.insert(key, value),
                    None => model.remove(&key),
                };
            }
        }
        Err(Error::Full { .. } | Error::CommitTooLarge { .. } | Error::ValueTooLong { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

fn compare<const W: usize, const E: usize>(
    store: &mut Store<'_, &mut SimFlash<W, E>>,
    model: &Model,
) {
    assert_eq!(store.len(), model.len());
    for key in 0..16 {
        let name = name(key);
        let raw = if key % 2 == 0 {
            RawKey::Hash(u32::from(key))
        } else {
            RawKey::Name(&name)
        };
        let mut buffer = [0; 256];
        let found = store.get_bytes(raw, &mut buffer).unwrap();
        assert_eq!(
            found.map(|len| &buffer[..len]),
            model.get(&key).map(Vec::as_slice),
            "key {key}"
        );
    }
}
