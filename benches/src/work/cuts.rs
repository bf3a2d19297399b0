//! Power cuts: the store is built anew from the flash after each, and asked for everything that it had acknowledged.

use kvs::sim::{Rng, Tear};

use crate::contenders::Kind;
use crate::model::{Model, Zipf};
use crate::rig::{Rig, Session};
use crate::store::{Outcome, Why};

/// How many.
pub const CUTS: u32 = 2_000;
/// The power goes within so many words and erases.
const WITHIN: usize = 1_500;
/// Saves before the first cut, so that sectors have been reclaimed.
const SAVES: u32 = 3_000;
/// Cuts after which a store that needs a million reads each time is let go.
const ENDLESS: u32 = 20;

/// After how many cuts what was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cuts {
    /// Cuts.
    pub cuts: u32,
    /// A value that was acknowledged is missing.
    pub lost: u32,
    /// A value is another than was acknowledged or under way.
    pub wrong: u32,
    /// Some settings of a save are new and some old, in a store that says they can't be.
    pub half: u32,
    /// It does not mount, or not load.
    pub mounts: u32,
    /// A later save is refused.
    pub refused: u32,
    /// It panics, or reads without end.
    pub panics: u32,
    bad: u32,
}

impl Cuts {
    /// How many there were that found anything.
    pub fn bad(&self) -> u32 {
        self.bad
    }

    fn is_bad(&self) -> bool {
        self.lost + self.wrong + self.half + self.mounts + self.refused + self.panics > 0
    }

    fn add(&mut self, other: Self) {
        self.bad += 1;
        self.lost += other.lost;
        self.wrong += other.wrong;
        self.half += other.half;
        self.mounts += other.mounts;
        self.refused += other.refused;
        self.panics += other.panics;
    }

    fn of(why: &Why) -> Self {
        match why {
            Why::Panicked(_) => Self {
                panics: 1,
                ..Self::default()
            },
            _ => Self {
                mounts: 1,
                ..Self::default()
            },
        }
    }
}

/// Cuts the power, again and again; goes on from what the cut has left, or from a sound flash where that was bad.
pub fn cuts(rig: &Rig, kind: Kind) -> Outcome<Cuts> {
    let mut session = rig.provisioned()?;
    let mut zipf = Zipf::new(32, 7);
    let mut sound = (rig.flash.keep(), session.model.clone());
    if (0..SAVES).all(|_| session.change(&[zipf.draw()]).is_ok()) {
        sound = (rig.flash.keep(), session.model.clone());
    }
    drop(session);
    // Where even those are too many, from the first save on.
    (sound.0)();
    let mut model = sound.1.clone();
    let mut rng = Rng::new(5);
    let mut total = Cuts::default();
    while total.cuts < CUTS && total.panics < ENDLESS {
        total.cuts += 1;
        let found = cut(rig, kind, &mut model, &mut rng, &mut zipf);
        if found.is_bad() {
            total.add(found);
            (sound.0)();
            model.clone_from(&sound.1);
        }
    }
    Ok(total)
}

/// One cut, and in one of four cases another while recovering.
fn cut(rig: &Rig, kind: Kind, model: &mut Model, rng: &mut Rng, zipf: &mut Zipf) -> Cuts {
    let mut session = match rig.remount(model.clone()) {
        Ok(session) => session,
        Err(why) => return Cuts::of(&why),
    };
    let tear = Tear::ALL[rng.below(5)];
    rig.flash
        .cut_in(rng.below(WITHIN) as u64, tear, rng.next_u64());
    let mut keys = Vec::new();
    while rig.flash.is_powered() {
        model.clone_from(&session.model);
        keys = vec![zipf.draw()];
        if kind.is_atomic() && rng.below(4) == 0 {
            keys.extend((0..3).map(|_| zipf.draw()));
            keys.sort_unstable();
            keys.dedup();
        }
        match session.change(&keys) {
            Err(Why::Panicked(_)) if rig.flash.is_powered() => {
                return Cuts {
                    panics: 1,
                    ..Cuts::default()
                };
            }
            Err(_) if rig.flash.is_powered() => {
                return Cuts {
                    refused: 1,
                    ..Cuts::default()
                };
            }
            _ => {}
        }
    }
    let wanted = session.model.clone();
    drop(session);
    rig.flash.power_on();
    if rng.below(4) == 0 {
        rig.flash.cut_in(
            rng.below(64) as u64,
            Tear::ALL[rng.below(5)],
            rng.next_u64(),
        );
        let _ = rig
            .remount(model.clone())
            .and_then(|mut session| session.load());
        rig.flash.power_on();
    }
    match rig.remount(model.clone()) {
        Ok(session) => look(session, model, &wanted, &keys),
        Err(why) => Cuts::of(&why),
    }
}

/// Looks at every setting; those under way may be as they were or as they were to be.
fn look(mut session: Session<'_>, model: &mut Model, wanted: &Model, keys: &[usize]) -> Cuts {
    let values = match session.load() {
        Ok(values) => values,
        Err(why) => return Cuts::of(&why),
    };
    let mut found = Cuts::default();
    let mut renewed = 0;
    for (key, value) in values.into_iter().enumerate() {
        match value {
            None => found.lost = 1,
            Some(value) if value == model.values[key] => {}
            Some(value) if keys.contains(&key) && value == wanted.values[key] => {
                renewed += 1;
                model.values[key] = value;
            }
            Some(_) => found.wrong = 1,
        }
    }
    if renewed != 0 && renewed != keys.len() && !found.is_bad() {
        found.half = 1;
    }
    found
}
