//! Getting one setting.

use crate::model::Model;
use crate::rig::{Rig, Session};
use crate::store::{Outcome, Why};

/// What a get reads, on average.
#[derive(Clone, Copy, Debug)]
pub struct Get {
    /// Calls.
    pub reads: f64,
    /// Bytes.
    pub bytes: f64,
}

/// Mounts, loads everything as a firmware does, gets each setting of the struct once, so that what has a cache has filled
/// it, and then once more.
pub fn get(rig: &Rig) -> Outcome<Get> {
    let mut session = rig.remount(Model::new(&rig.layout))?;
    session.load()?;
    let keys = session.model.hot();
    let count = keys.len() as f64;
    let get_all = |session: &mut Session<'_>| {
        keys.iter()
            .try_for_each(|&key| session.get(key)?.map(|_| ()).ok_or(Why::Lost))
    };
    get_all(&mut session)?;
    let ((), cost) = session.cost(get_all)?;
    Ok(Get {
        reads: cost.reads as f64 / count,
        bytes: cost.read_bytes as f64 / count,
    })
}
