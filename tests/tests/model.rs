//! Random operations against a `BTreeMap`. A failure is shrunk, and prints the operations that replay it.

use std::collections::BTreeMap;

use kvs::{Change, Error, RawKey};
use kvs_tests::{Device, Shape, TestStore, get, sum};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

const KEYS: u8 = 12;
const NAMES: [&str; 12] = [
    "a",
    "b",
    "c",
    "wifi.ssid",
    "e",
    "a name that is rather long for a key",
    "g",
    "h",
    "i",
    "j",
    "k",
    "l",
];

/// Every other key by its hash alone.
fn key(number: u8) -> RawKey<'static> {
    let name = NAMES[usize::from(number)];
    if number.is_multiple_of(2) {
        RawKey::Hash(kvs::key_hash(name))
    } else {
        RawKey::Name(name)
    }
}

/// A key, and the length and first byte of its new value; `None` deletes.
type Edit = (u8, Option<(usize, u8)>);

#[derive(Clone, Debug)]
enum Op {
    Put(u8, usize, u8),
    Delete(u8),
    Commit(Vec<Edit>),
    Maintain(u8),
    Remount,
    ReadAt(u8, usize, usize),
}

fn value(len: usize, first: u8) -> Vec<u8> {
    (0..len)
        .map(|index| first.wrapping_add(index as u8))
        .collect()
}

/// Mostly small values; some of up to `longest` bytes.
fn a_length(longest: usize) -> impl Strategy<Value = usize> {
    prop_oneof![8 => 0..20_usize, 3 => 20..70_usize, 1 => 0..=longest]
}

fn an_op(longest: usize) -> impl Strategy<Value = Op> {
    let edit = (
        0..KEYS,
        prop::option::weighted(0.8, (a_length(longest), any::<u8>())),
    );
    prop_oneof![
        10 => (0..KEYS, a_length(longest), any::<u8>()).prop_map(|(key, len, first)| Op::Put(key, len, first)),
        3 => (0..KEYS).prop_map(Op::Delete),
        4 => vec(edit, 0..5).prop_map(Op::Commit),
        2 => (1..4_u8).prop_map(Op::Maintain),
        1 => Just(Op::Remount),
        1 => (0..KEYS, 0..80_usize, 0..80_usize).prop_map(|(key, at, len)| Op::ReadAt(key, at, len)),
    ]
}

/// A store and what should be in it.
struct Bench<const W: usize, const E: usize, const R: usize> {
    device: Device<W, E, R>,
    store: TestStore<W, E, R>,
    model: BTreeMap<u8, Vec<u8>>,
}

impl<const W: usize, const E: usize, const R: usize> Bench<W, E, R> {
    fn new(shape: Shape) -> Self {
        // So that levelling has its part in it.
        let device = Device::new(shape).with(|options| options.wear_spread = 2);
        Self {
            store: Self::mount(&device),
            device,
            model: BTreeMap::new(),
        }
    }

    fn mount(device: &Device<W, E, R>) -> TestStore<W, E, R> {
        device.try_mount::<20, 8, 64>().expect("it mounts")
    }

    fn commit(&mut self, edits: &[Edit]) {
        let values: Vec<_> = edits
            .iter()
            .map(|(_, put)| put.map(|(len, first)| value(len, first)))
            .collect();
        let changes: Vec<_> = edits
            .iter()
            .zip(&values)
            .map(|((number, _), value)| match value {
                Some(value) => Change::put(key(*number), value),
                None => Change::delete(key(*number)),
            })
            .collect();
        let before = self.store.stats();
        match self.store.commit(&changes) {
            Ok(()) => {
                for ((number, _), value) in edits.iter().zip(values) {
                    match value {
                        Some(value) => self.model.insert(*number, value),
                        None => self.model.remove(number),
                    };
                }
            }
            Err(Error::Full { needed, available }) => {
                assert_eq!(available, self.store.stats().available);
                // Half of what can be live at most is always to be had, as long as an entry is small.
                let half = (self.device.sectors() - 1) * self.device.payload() / 2;
                assert!(
                    before.live + needed > half,
                    "not full at all: {needed} bytes, {before:?}"
                );
            }
            Err(Error::CommitTooLarge { needed, max }) => {
                assert_eq!(max, self.device.payload());
                assert!(needed > max && edits.len() > 1);
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn step(&mut self, op: &Op) {
        match op {
            Op::Put(number, len, first) => self.commit(&[(*number, Some((*len, *first)))]),
            Op::Delete(number) => match self.store.delete(key(*number)) {
                Ok(was_there) => assert_eq!(was_there, self.model.remove(number).is_some()),
                Err(Error::Full { .. }) => {}
                Err(error) => panic!("{error}"),
            },
            Op::Commit(edits) => self.commit(edits),
            Op::Maintain(steps) => {
                for _ in 0..*steps {
                    self.store.maintain().expect("maintain");
                }
            }
            Op::Remount => self.store = Self::mount(&self.device),
            Op::ReadAt(number, at, len) => {
                let mut out = vec![0xEE; *len];
                let found = self
                    .store
                    .get_bytes_at(key(*number), *at, &mut out)
                    .expect("readable");
                let expected = self.model.get(number).map(|value| {
                    let rest = value.get(*at..).unwrap_or(&[]);
                    &rest[..rest.len().min(*len)]
                });
                assert_eq!(found.map(|count| &out[..count]), expected);
                assert!(out[found.unwrap_or(0)..].iter().all(|byte| *byte == 0xEE));
            }
        }
        assert_eq!(self.store.len(), self.model.len());
        assert_eq!(sum(&self.store.stats()), self.store.stats().capacity);
    }

    /// All values, lengths, and keys.
    fn check(&mut self) {
        for number in 0..KEYS {
            let expected = self.model.get(&number);
            assert_eq!(
                self.store.value_len(key(number)),
                Ok(expected.map(Vec::len))
            );
            assert_eq!(
                get(&mut self.store, key(number)).as_ref(),
                expected,
                "key {number}"
            );
        }
        let mut expected: Vec<_> = self
            .model
            .iter()
            .map(|(number, value)| (key(*number).hash(), value.len()))
            .collect();
        expected.sort_unstable();
        let mut found = Vec::new();
        let mut keys = self.store.keys();
        while let Some(info) = keys.next().expect("readable") {
            found.push((info.hash, info.value_len));
        }
        assert_eq!(found, expected);
    }
}

/// A few hundred runs on one shape of flash. The seed is fixed: a failure comes again.
fn runs<const W: usize, const E: usize, const R: usize>(shape: Shape) {
    let config = Config {
        cases: 250,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let longest = Device::<W, E, R>::new(shape).mount().max_value_len(key(5));
    let result = runner.run(&vec(an_op(longest), 1..200), |ops| {
        let mut bench = Bench::<W, E, R>::new(shape);
        for (number, op) in ops.iter().enumerate() {
            bench.step(op);
            if number % 8 == 0 {
                bench.check();
            }
        }
        bench.check();
        bench.store = Bench::mount(&bench.device);
        bench.check();
        bench.device.assert_others_untouched();
        Ok(())
    });
    if let Err(TestError::Fail(why, ops)) = &result {
        panic!("words of {W}, erases of {E}, reads of {R}, {shape:?}: {why}\n{ops:#?}");
    }
    result.expect("a run");
}

#[test]
fn bytes() {
    runs::<1, 256, 1>((0, 256, 2));
    runs::<1, 256, 1>((256, 768, 3));
}

#[test]
fn words() {
    runs::<4, 256, 1>((0, 256, 3));
    runs::<4, 256, 4>((512, 256, 8));
    runs::<4, 1024, 4>((0, 1024, 2));
}

#[test]
fn double_words() {
    runs::<8, 512, 8>((512, 512, 2));
    runs::<8, 512, 1>((0, 512, 4));
}

#[test]
fn wide_words() {
    runs::<16, 256, 4>((0, 768, 3));
    runs::<32, 512, 1>((0, 512, 4));
    runs::<32, 1024, 32>((1024, 1024, 3));
}
