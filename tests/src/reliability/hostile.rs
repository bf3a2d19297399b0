//! The fuzz targets' work over random inputs, in a time that every test run has. Longer: `cargo fuzz run image`.

use kvs::sim::Rng;

use super::{Effort, Row, grouped};
use crate::{hostile, model};

/// Calls `target` with `count` random inputs of up to `len` bytes; returns the most that it returned. A failure prints
/// the seed of its own.
fn each(count: u64, len: usize, target: fn(&[u8]) -> u64) -> u64 {
    let mut most = 0;
    for seed in 0..count {
        let mut rng = Rng::new(seed);
        let bytes: Vec<u8> = (0..rng.below(len)).map(|_| rng.next_u8()).collect();
        match std::panic::catch_unwind(|| target(&bytes)) {
            Ok(figure) => most = most.max(figure),
            Err(_) => panic!("seed {seed} fails"),
        }
    }
    most
}

fn count(effort: Effort, sample: u64) -> u64 {
    match effort {
        Effort::Sample => sample,
        Effort::Every => 20 * sample,
    }
}

/// Any content of the flash: it mounts or says why not, loads settings that keep to their rules, takes a commit.
///
/// # Panics
///
/// When it does not.
pub fn images(effort: Effort) -> Row {
    let images = count(effort, 20_000);
    let most = each(images, 600, hostile::image);
    let planted = count(effort, 10_000);
    each(planted, 300, |bytes| {
        hostile::settings(bytes);
        0
    });
    Row {
        failure: "any content of the flash",
        tried: format!(
            "{} images of random bytes and lying entries, {} of random values under the settings' keys",
            grouped(images),
            grouped(planted)
        ),
        found: format!(
            "0 panics, 0 endless loops, 0 settings out of range; a mount read at most {:.1} times the partition",
            most as f64 / 100.
        ),
    }
}

/// Any sequence of operations, against a map: nothing is different, no commit costs more than is documented.
///
/// # Panics
///
/// When something is.
pub fn operations(effort: Effort) -> Row {
    let sequences = count(effort, 4_000);
    each(sequences, 800, |bytes| {
        model::operations(bytes);
        0
    });
    Row {
        failure: "any sequence of commits, deletes, maintenance and remounts",
        tried: format!("{} sequences against a model", grouped(sequences)),
        found: "0 differences".into(),
    }
}
