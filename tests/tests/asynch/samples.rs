//! Power cuts, bit rot and random operations: samples, on one flash.

use kvs::sim::Rng;

use crate::input::Input;
use crate::model;
use crate::reliability::{bit_rot, power_cuts};

#[test]
fn power_cuts() {
    let sum = power_cuts::run_on_one_flash();
    println!("{sum}");
    assert!(sum.cuts >= 10_000);
}

#[test]
fn bit_rot() {
    let tried = bit_rot::single_bits_on_one_flash();
    println!("{tried} bits flipped");
    assert!(tried >= 10_000);
}

#[test]
fn random_operations_against_a_model() {
    for seed in 0..1000 {
        let mut rng = Rng::new(seed);
        let bytes: Vec<u8> = (0..rng.below(800)).map(|_| rng.next_u8()).collect();
        println!("seed {seed}");
        model::run::<4, 256>(&mut Input::new(&bytes), 3);
    }
}
