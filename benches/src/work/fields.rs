//! Saving the struct when some of its fields have changed.

use super::Cost;
use crate::rig::Rig;
use crate::store::Outcome;

/// What saves of the struct program.
#[derive(Clone, Debug)]
pub struct Fields {
    /// With the first field changed.
    pub one: Outcome<Cost>,
    /// With four fields changed, a quarter of the struct apart.
    pub four: Outcome<Cost>,
    /// With all of them changed.
    pub all: Outcome<Cost>,
    /// With none changed, and all of them handed to the store.
    pub none: Outcome<Cost>,
}

/// Saves it on a part that holds all settings and has room to spare. The store is told which fields have changed, where
/// it does not find that out itself.
pub fn fields(rig: &Rig) -> Outcome<Fields> {
    let mut session = rig.provisioned()?;
    let all = session.model.hot();
    let four: Vec<_> = all.iter().copied().step_by(all.len() / 4).collect();
    let mut changed = |keys: &[usize]| {
        let cost = session.cost(|session| session.change(keys));
        cost.map(|((), stats)| Cost::from(stats))
    };
    let (one, four, every) = (changed(&all[..1]), changed(&four), changed(&all));
    let none = session.cost(|session| session.save(&all));
    Ok(Fields {
        one,
        four,
        all: every,
        none: none.map(|((), stats)| Cost::from(stats)),
    })
}
