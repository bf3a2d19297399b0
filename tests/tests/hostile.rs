//! The fuzz targets' work over random inputs, in a time that every test run has. Longer: `cargo fuzz run image`.

use kvs::sim::Rng;
use kvs_tests::{hostile, model};

/// `count` random inputs of up to `len` bytes; a failure prints the seed of its own.
fn each(count: u64, len: usize, target: fn(&[u8])) {
    for seed in 0..count {
        let mut rng = Rng::new(seed);
        let bytes: Vec<u8> = (0..rng.below(len)).map(|_| rng.next_u8()).collect();
        if std::panic::catch_unwind(|| target(&bytes)).is_err() {
            panic!("seed {seed} fails");
        }
    }
}

#[test]
fn any_image() {
    each(20_000, 600, hostile::image);
}

#[test]
fn any_operations() {
    each(4_000, 800, model::operations);
}

#[test]
fn any_bytes_under_the_settings_keys() {
    each(10_000, 300, hostile::settings);
}
