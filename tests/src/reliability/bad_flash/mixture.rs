//! Several faults at once, of all kinds, at random.

use kvs::sim::{Fault, Rng, SimFlash, Tear};

use super::promise::{Breach, Broken, Promises};
use super::scenario::Shape;
use super::trial::Trial;
use super::{Effort, Tally};

fn tear(rng: &mut Rng) -> Tear {
    Tear::ALL[rng.below(Tear::ALL.len())]
}

/// Any fault but those that strike what has been found good and acknowledged.
fn fault(rng: &mut Rng) -> Fault {
    match rng.below(6) {
        0 => Fault::ProgramFails(tear(rng)),
        1 => Fault::EraseFails(tear(rng)),
        2 => Fault::StuckAtOne,
        3 => Fault::StuckAtZero,
        4 => Fault::ReadFails,
        _ => Fault::ReadFailsForever,
    }
}

/// Faults at some words from the beginning, and at some operations.
fn mixture<const W: usize, const E: usize>(
    seed: u64,
    tally: &mut Tally,
) -> (Trial<W, E>, Result<(), Broken>) {
    let mut rng = Rng::new(seed);
    let sectors = [2, 3, 4, 8][rng.below(4)];
    let tenths = 2 + rng.below(8);
    let shape = match rng.below(3) {
        0 => Shape::long::<W, E>(sectors, tenths),
        _ => Shape::small::<W, E>(sectors, tenths),
    };
    let steps = shape.steps(60, rng.next_u64());
    let mut flash = SimFlash::<W, E>::new(sectors);
    flash.fault_seed(rng.next_u64());
    flash.strict_tears(rng.below(2) == 0);
    let words = sectors * E / W;
    for _ in 0..rng.below(4) {
        let fault = fault(&mut rng);
        let word = (rng.below(words) * W) as u32;
        flash.fault_at(word..word + W as u32, fault);
        tally.count(fault);
    }
    for _ in 0..=rng.below(6) {
        let fault = fault(&mut rng);
        flash.fault_after(rng.below(4 * words) as u64, fault);
        tally.count(fault);
    }
    let mut trial = Trial::new(flash, Promises::new(shape.keys), |_| ());
    trial.heals = true;
    trial.several = true;
    let result = trial.run((0, &steps), None, |_, _| (), |_| ());
    let result = match result.and_then(|()| trial.recover()) {
        // With several faults, no header may be readable at all, and that is told.
        Err(broken) if broken.breach == Breach::Unmounted => {
            trial.seen.jammed += 1;
            Ok(())
        }
        result => result,
    };
    trial.seen.spilled += u64::from(trial.seen.missing != 0);
    (trial, result)
}

pub(super) fn on<const W: usize, const E: usize>(effort: Effort, tally: &mut Tally) {
    let seeds = match effort {
        Effort::Sample => 0..40,
        Effort::Every => 0..2_000,
    };
    for seed in seeds {
        let name = || format!("W={W} E={E}, mixture of seed {seed}");
        tally.mixtures += 1;
        tally.mixture(name, |tally| mixture::<W, E>(seed, tally));
    }
}
