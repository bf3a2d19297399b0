//! A boot: mount, and load all settings.

use crate::model::Model;
use crate::rig::Rig;
use crate::store::Outcome;

/// What a boot reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot {
    /// Calls.
    pub reads: u64,
    /// Bytes.
    pub bytes: u64,
    /// How long all of it takes, modelled, in nanoseconds.
    pub time: u128,
}

/// Boots from what is in flash; stores everything first where nothing is.
pub fn boot(rig: &Rig) -> Outcome<Boot> {
    if rig.flash.operations() == 0 {
        rig.provisioned()?;
    }
    let before = rig.flash.stats();
    rig.remount(Model::new(&rig.layout))?.load()?;
    let cost = rig.flash.stats().since(&before);
    Ok(Boot {
        reads: cost.reads,
        bytes: cost.read_bytes,
        time: cost.time.as_nanos(),
    })
}
