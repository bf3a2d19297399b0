//! All pairs of five firmwares, up and down, with edits and confirmations between: what each of them would load is what
//! the oracle says, after every step.

use kvs::sim::{Rng, SimFlash};
use kvs::{Options, Resources, Store};

use super::oracle::{Firmware, Flash, Oracle, firmwares};

pub(crate) type Ram = Resources<64, 3, 128>;

pub(crate) fn mount<'a>(flash: &'a mut SimFlash<4, 1024>, ram: &'a mut Ram) -> Flash<'a> {
    let end = flash.image().len() as u32;
    Store::mount(flash, 0..end, ram, Options::DEFAULT).unwrap()
}

/// Loads with every firmware, and compares.
pub(crate) fn compare(
    store: &mut Flash<'_>,
    oracle: &Oracle,
    firmwares: &[Firmware],
) -> Result<(), String> {
    for (number, firmware) in firmwares.iter().enumerate() {
        let (found, expected) = ((firmware.load)(store), oracle.load(&firmware.version));
        if found != expected {
            let at = found.iter().zip(&expected).position(|(a, b)| a != b);
            return Err(format!(
                "v{} setting {at:?}: {found:?} instead of {expected:?} in {oracle:?}",
                number + 1
            ));
        }
    }
    Ok(())
}

/// Changes some settings, one in three or so, and saves.
fn edit(store: &mut Flash<'_>, oracle: &mut Oracle, firmware: &Firmware, rng: &mut Rng) {
    let now = oracle.load(&firmware.version);
    let values = firmware
        .version
        .edited(&now, |count| (rng.below(3) == 0).then(|| rng.below(count)));
    (firmware.save)(store, &values).unwrap();
    oracle.save(&firmware.version, &values);
}

/// The old firmware, an update, a way back, and the update again; confirmed or not, with edits or not.
#[test]
fn every_pair_of_firmwares_finds_what_it_should() {
    let firmwares = firmwares();
    let (mut pairs, mut loads) = (0, 0);
    for one in 0..5 {
        for other in 0..5 {
            pairs += 1;
            for plan in 0..16u64 {
                for seed in 0..6 {
                    let mut rng = Rng::new(seed);
                    let mut flash = SimFlash::<4, 1024>::new(3);
                    let mut ram = Ram::new();
                    let mut oracle = Oracle::default();
                    for (step, now) in [one, other, one, other].into_iter().enumerate() {
                        let mut store = mount(&mut flash, &mut ram);
                        let firmware = &firmwares[now];
                        // At first there is something to be found; then each plan edits or confirms at other steps.
                        if step == 0 || plan >> step & 1 != 0 {
                            edit(&mut store, &mut oracle, firmware, &mut rng);
                        }
                        if step == 1 && plan & 1 != 0 {
                            (firmware.confirm)(&mut store).unwrap();
                            oracle.confirm(&firmware.version);
                            assert_eq!((firmware.confirm)(&mut store), Ok(0), "once is enough");
                        }
                        let what = format!(
                            "v{} v{} plan {plan} seed {seed} step {step}",
                            one + 1,
                            other + 1
                        );
                        if let Err(wrong) = compare(&mut store, &oracle, &firmwares) {
                            panic!("{what}: {wrong}");
                        }
                        // And what a reboot finds is the same.
                        let mut store = mount(&mut flash, &mut ram);
                        if let Err(wrong) = compare(&mut store, &oracle, &firmwares) {
                            panic!("{what}, after a reboot: {wrong}");
                        }
                        loads += 10;
                    }
                }
            }
        }
    }
    println!("{pairs} pairs of firmwares, {loads} loads compared");
}

/// The whole way up and down, in random order, with all that a firmware can do.
#[test]
fn long_walks_through_the_firmwares() {
    let firmwares = firmwares();
    for seed in 0..60 {
        let mut rng = Rng::new(seed);
        let mut flash = SimFlash::<4, 1024>::new(3);
        let mut ram = Ram::new();
        let mut oracle = Oracle::default();
        for step in 0..60 {
            let mut store = mount(&mut flash, &mut ram);
            let firmware = &firmwares[rng.below(5)];
            match rng.below(12) {
                0 => {
                    (firmware.reset)(&mut store).unwrap();
                    oracle.reset(&firmware.version);
                }
                1 => {
                    (firmware.prune)(&mut store).unwrap();
                    oracle.prune(&firmware.version);
                }
                2 | 3 => {
                    (firmware.confirm)(&mut store).unwrap();
                    oracle.confirm(&firmware.version);
                }
                _ => edit(&mut store, &mut oracle, firmware, &mut rng),
            }
            if let Err(wrong) = compare(&mut store, &oracle, &firmwares) {
                panic!("seed {seed} step {step}: {wrong}");
            }
        }
    }
}
