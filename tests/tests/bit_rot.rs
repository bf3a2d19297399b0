//! Bit rot: every single bit of used partitions flipped in turn. Only the commit that was hit changes, to what was
//! there before or to nothing; the loss is counted; the store mounts and goes on.

use std::collections::BTreeMap;

use kvs::sim::{Rng, SimFlash};
use kvs::{Change, Error, Options, RawKey, Resources, Store};

type Ram = Resources<32, 8, 128>;

/// Per key: every value it has had (`None`: deleted or not there yet), and the commit that gave it the last one.
#[derive(Clone, Default)]
struct History {
    keys: BTreeMap<u32, (Vec<Value>, usize)>,
}

type Value = Option<Vec<u8>>;

impl History {
    fn now(&self, key: u32) -> Option<&Vec<u8>> {
        self.keys
            .get(&key)
            .and_then(|(values, _)| values.last()?.as_ref())
    }
}

fn mount<'a, const W: usize, const E: usize>(
    flash: &'a mut SimFlash<W, E>,
    ram: &'a mut Ram,
) -> Store<'a, &'a mut SimFlash<W, E>> {
    let end = flash.image().len() as u32;
    Store::mount(flash, 0..end, ram, Options::DEFAULT).expect("it mounts")
}

/// Random commits of one to three keys, up to `full` percent of the room live.
fn used<const W: usize, const E: usize>(
    sectors: usize,
    keys: u32,
    commits: usize,
    seed: u64,
) -> (SimFlash<W, E>, History) {
    let mut rng = Rng::new(seed);
    let mut flash = SimFlash::<W, E>::new(sectors);
    let mut history = History::default();
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram);
    for number in 0..commits {
        let mut changes = BTreeMap::new();
        for _ in 0..=rng.below(3) {
            let value = (rng.below(6) != 0).then(|| {
                (0..rng.below(24))
                    .map(|_| rng.next_u8())
                    .collect::<Vec<u8>>()
            });
            changes.insert(rng.below(keys as usize) as u32, value);
        }
        let list: Vec<_> = changes
            .iter()
            .map(|(key, value)| match value {
                Some(value) => Change::put(RawKey::Hash(*key), value),
                None => Change::delete(RawKey::Hash(*key)),
            })
            .collect();
        match store.commit(&list) {
            Ok(()) => {}
            Err(Error::Full { .. }) => continue,
            Err(error) => panic!("{error}"),
        }
        for (key, value) in changes {
            let entry = history.keys.entry(key).or_insert((vec![None], usize::MAX));
            if entry.0.last() != Some(&value) {
                entry.0.push(value);
                entry.1 = number;
            }
        }
    }
    (flash, history)
}

fn check<const W: usize, const E: usize>(image: &[u8], history: &History, what: &str) {
    let mut flash = SimFlash::<W, E>::from_image(image);
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram);
    let mut hit = Vec::new();
    for (key, (values, commit)) in &history.keys {
        let mut buffer = [0; 64];
        let found = store
            .get_bytes(RawKey::Hash(*key), &mut buffer)
            .expect(what);
        let found = found.map(|len| buffer[..len].to_vec());
        if found.as_ref() != history.now(*key) {
            assert!(
                values.contains(&found),
                "{what}: key {key} has {found:?}, never written"
            );
            hit.push(*commit);
        }
    }
    assert!(
        hit.iter().all(|commit| *commit == hit[0]),
        "{what}: several commits changed: {hit:?}"
    );
    assert!(
        hit.is_empty() || store.stats().corrupt != 0,
        "{what}: a silent loss"
    );
    for round in 0..12u8 {
        if let Err(error) = store.put_bytes(RawKey::Hash(u32::from(round) % 3), &[round; 5]) {
            panic!(
                "{what}: round {round}: {error}; {:?} {:#?}",
                store.stats(),
                store.sectors().collect::<Vec<_>>()
            );
        }
    }
    let mut store = mount(&mut flash, &mut ram);
    for key in 0..3u8 {
        let mut buffer = [0; 64];
        assert_eq!(
            store.get_bytes(RawKey::Hash(u32::from(key)), &mut buffer),
            Ok(Some(5)),
            "{what}"
        );
        assert_eq!(buffer[0], 9 + key, "{what}");
    }
}

fn every_bit<const W: usize, const E: usize>(
    sectors: usize,
    keys: u32,
    commits: usize,
    seed: u64,
) -> u64 {
    let (flash, history) = used::<W, E>(sectors, keys, commits, seed);
    let mut image = flash.image().to_vec();
    let mut flips = 0;
    for address in 0..image.len() {
        for bit in 0..8 {
            image[address] ^= 1 << bit;
            let what = format!(
                "W={W} {sectors}x{E} {keys} keys {commits} commits seed {seed}: bit {bit} of {address:#x}"
            );
            check::<W, E>(&image, &history, &what);
            image[address] ^= 1 << bit;
            flips += 1;
        }
    }
    flips
}

#[test]
fn a_single_bit_costs_at_most_the_commit_it_hit() {
    let mut flips = 0;
    for commits in [1, 5, 20, 21, 22, 23, 24, 25, 60, 61, 62, 63, 64, 65, 66, 67] {
        flips += every_bit::<4, 256>(2, 5, commits, 1);
        flips += every_bit::<4, 256>(3, 8, commits, 2);
        flips += every_bit::<8, 256>(4, 14, commits, 3);
    }
    println!("{flips} flips");
}
