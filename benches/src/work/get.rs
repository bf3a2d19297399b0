//! Getting one setting.

use crate::model::Model;
use crate::rig::Rig;
use crate::store::{Outcome, Why};

/// What a get reads, on average.
#[derive(Clone, Copy, Debug)]
pub struct Get {
    /// Calls.
    pub reads: f64,
    /// Bytes.
    pub bytes: f64,
}

/// Mounts, loads everything as a firmware does, and then gets each setting of the struct once.
pub fn get(rig: &Rig) -> Outcome<Get> {
    let mut session = rig.remount(Model::new(&rig.layout))?;
    session.load()?;
    let keys = session.model.hot();
    let count = keys.len() as f64;
    let ((), cost) = session.cost(|session| {
        keys.iter()
            .try_for_each(|&key| session.get(key)?.map(|_| ()).ok_or(Why::Lost))
    })?;
    Ok(Get {
        reads: cost.reads as f64 / count,
        bytes: cost.read_bytes as f64 / count,
    })
}
