//! Sectors that are dead, and words that are bad, from the beginning; and sectors that go bad one after the other.

use std::ops::Range;

use kvs::sim::{Fault, Rng, SimError, SimFlash, Tear};
use kvs::{Error, SectorState};

use super::promise::{Breach, Broken, Promises};
use super::scenario::{Ram, SHORTEST};
use super::trial::{Tested, Trial};
use super::{Effort, Tally};

/// So few keys that all of them fit into one sector with room to spare.
const KEYS: u8 = 4;

fn len(rng: &mut Rng) -> u8 {
    SHORTEST + rng.below(19) as u8
}

fn stuck<T>(what: impl Into<String>) -> Result<T, Broken> {
    Err(Broken::new(Breach::Stuck, what))
}

/// The bytes of a sector that hold entries: behind its header and its opening, and before a mark.
const fn payload<const W: usize, const E: usize>() -> usize {
    E - 2 * if W > 16 { W } else { 16 } - 2 * 11usize.next_multiple_of(W)
}

/// Stores one or two random values.
fn commit<const W: usize, const E: usize>(
    trial: &mut Trial<W, E>,
    store: &mut Tested<'_, W, E>,
    rng: &mut Rng,
) -> Result<Result<(), Error<SimError>>, Broken> {
    let first = rng.below(KEYS.into()) as u8;
    let mut changes = vec![(first, Some(len(rng)))];
    if rng.below(3) == 0 {
        changes.push(((first + 1) % KEYS, Some(len(rng))));
    }
    let result = trial.commit(store, &changes)?;
    trial.check(store)?;
    if rng.below(8) == 0 || result.is_err() {
        trial.check_copy()?;
    }
    Ok(result)
}

/// A sector is dead, or a word bad, from the beginning. The store goes on with the rest, mounted twice; a dead sector is
/// retired, each time anew, and never programmed.
fn bad_from_the_start<const W: usize, const E: usize>(
    sectors: usize,
    bad: Range<u32>,
    fault: Fault,
) -> (Trial<W, E>, Result<(), Broken>) {
    let mut flash = SimFlash::<W, E>::new(sectors);
    flash.fault_seed(bad.start.into());
    flash.fault_at(bad.clone(), fault);
    let mut trial = Trial::new(flash, Promises::new(KEYS), |_| ());
    trial.heals = fault == Fault::ReadFailsForever;
    let result = go_on(&mut trial, sectors, bad.start as usize / E, fault);
    let result = result.and_then(|()| trial.recover());
    (trial, result)
}

fn go_on<const W: usize, const E: usize>(
    trial: &mut Trial<W, E>,
    sectors: usize,
    bad: usize,
    fault: Fault,
) -> Result<(), Broken> {
    let dead = matches!(fault, Fault::EraseFails(_));
    let mut rng = Rng::new(7);
    for _ in 0..2 {
        let mut ram = Ram::new();
        let mut store = trial.mount(&mut ram)?;
        let stats = store.stats();
        let all = (payload::<W, E>() * (sectors - 1)) as u32;
        if stats.retired_sectors != 0 || stats.available + stats.live != all {
            return stuck(format!("does not begin anew: {stats:?}"));
        }
        // A commit takes some 24 bytes or more, so that all sectors are come by.
        for _ in 0..2 * sectors * payload::<W, E>() / 24 {
            if let Err(error) = commit(trial, &mut store, &mut rng)? {
                // Of three sectors, two have values; if the third takes an erase but not what is to be moved there, no
                // value can be moved any more.
                if sectors == 3 && !dead {
                    return Ok(());
                }
                return stuck(format!("{error:?}; {:?}", store.stats()));
            }
        }
        let state = store.sectors().nth(bad).map(|sector| sector.state);
        let counted = store.stats().retired_sectors;
        if dead && (state != Some(SectorState::Retired) || counted != 1) {
            return stuck(format!(
                "the dead sector is {state:?}, of {counted} retired"
            ));
        }
    }
    let image = trial.chip.image();
    let mut bytes = image[bad * E..(bad + 1) * E].iter();
    if dead && bytes.any(|byte| *byte != 0xFF) {
        return stuck("the dead sector was programmed");
    }
    Ok(())
}

/// Sectors go bad one after the other, until a commit is refused. What was acknowledged is read on, after mounts too.
fn dying<const W: usize, const E: usize>(
    sectors: usize,
    fault: Fault,
    seed: u64,
) -> (Trial<W, E>, Result<(), Broken>) {
    let mut flash = SimFlash::<W, E>::new(sectors);
    flash.fault_seed(seed);
    let mut trial = Trial::new(flash, Promises::new(KEYS), |_| ());
    let result = die(&mut trial, sectors, fault, seed);
    let result = result.and_then(|()| trial.recover());
    (trial, result)
}

fn die<const W: usize, const E: usize>(
    trial: &mut Trial<W, E>,
    sectors: usize,
    fault: Fault,
    seed: u64,
) -> Result<(), Broken> {
    let mut rng = Rng::new(seed);
    let mut good: Vec<usize> = (0..sectors).collect();
    let mut ram = Ram::new();
    let mut store = trial.mount(&mut ram)?;
    let mut sound_for = 0;
    let error = loop {
        if let Err(error) = commit(trial, &mut store, &mut rng)? {
            break error;
        }
        sound_for += 1;
        if sound_for > 2 * sectors * payload::<W, E>() / 24 {
            if good.is_empty() {
                return stuck("commits go to no good sector");
            }
            let next = good.swap_remove(rng.below(good.len())) * E;
            let range = next as u32..(next + E) as u32;
            trial.chip.flash().fault_at(range, fault);
            sound_for = 0;
        }
    };
    // The one that stores, and the spare one, if all values fit into one; where those that can't be programmed any more
    // hold values, they can be read, but not be made room.
    let least = match fault {
        Fault::EraseFails(_) => 1..=1,
        _ => 1..=2,
    };
    if !least.contains(&good.len()) || !fits(error, fault) {
        return stuck(format!("{error:?} with {} good sectors", good.len()));
    }
    for _ in 0..3 {
        for _ in 0..6 {
            if let Err(error) = commit(trial, &mut store, &mut rng)?
                && !matches!(error, Error::Full { .. })
                && !fits(error, fault)
            {
                return stuck(format!("then {error:?}"));
            }
        }
        drop(store);
        ram = Ram::new();
        store = trial.mount(&mut ram)?;
    }
    Ok(())
}

/// Whether it is this fault that an error tells of.
fn fits(error: Error<SimError>, fault: Fault) -> bool {
    match error {
        Error::Flash(SimError::EraseFailed { .. }) => matches!(fault, Fault::EraseFails(_)),
        Error::Flash(SimError::ProgramFailed { .. } | SimError::ProgrammedTwice { .. }) => {
            matches!(fault, Fault::ProgramFails(_))
        }
        Error::NotBlank { .. } => matches!(fault, Fault::ProgramFails(_) | Fault::EraseFails(_)),
        Error::VerifyFailed { .. } => fault == Fault::StuckAtOne,
        _ => false,
    }
}

pub(super) fn on<const W: usize, const E: usize>(effort: Effort, tally: &mut Tally) {
    let (tears, seeds, share) = match effort {
        Effort::Sample => (&Tear::ALL[..1], 0..1, 40),
        Effort::Every => (&Tear::ALL[..], 0..6, 1),
    };
    for sectors in [3, 4, 8] {
        for fault in tears.iter().map(|tear| Fault::EraseFails(*tear)) {
            for bad in 0..sectors {
                let bad = (bad * E) as u32..((bad + 1) * E) as u32;
                let name = || format!("W={W} E={E} x {sectors}: {fault:?} at {bad:x?}");
                let trial = || bad_from_the_start::<W, E>(sectors, bad.clone(), fault);
                tally.trial(fault, name, trial);
            }
        }
        // Every word of three sectors, and some of more.
        let every = share * (sectors - 2).pow(2);
        for fault in [
            Fault::StuckAtOne,
            Fault::StuckAtZero,
            Fault::ReadFailsForever,
        ] {
            for bad in (0..sectors * E / W).step_by(every) {
                let bad = (bad * W) as u32..((bad + 1) * W) as u32;
                let name = || format!("W={W} E={E} x {sectors}: {fault:?} at {bad:x?}");
                let trial = || bad_from_the_start::<W, E>(sectors, bad.clone(), fault);
                tally.trial(fault, name, trial);
            }
        }
    }
    let erases = tears.iter().map(|tear| Fault::EraseFails(*tear));
    let programs = tears.iter().map(|tear| Fault::ProgramFails(*tear));
    for fault in erases.chain(programs).chain([Fault::StuckAtOne]) {
        for sectors in [2, 3, 4, 8] {
            for seed in seeds.clone() {
                let name = || format!("W={W} E={E} x {sectors}, seed {seed}: dying of {fault:?}");
                tally.trial(fault, name, || dying::<W, E>(sectors, fault, seed));
            }
        }
    }
}
