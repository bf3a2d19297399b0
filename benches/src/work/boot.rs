//! A boot: mount, and load all settings.

use crate::model::Model;
use crate::rig::Rig;
use crate::store::{Outcome, Why};

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

/// Boots whose mean is taken, and saves between two of them: so that it is not of one state of the newest sector, but all over one.
const BOOTS: u64 = 16;
const SAVES_BETWEEN: usize = 21;

/// Boots from what is in flash, again and again, with saves of the first setting in between.
pub fn boots(rig: &Rig) -> Outcome<Boot> {
    let mut sum = Boot {
        reads: 0,
        bytes: 0,
        time: 0,
    };
    for _ in 0..BOOTS {
        let before = rig.flash.stats();
        let mut session = rig.remount(Model::new(&rig.layout))?;
        let values = session.load()?;
        let cost = rig.flash.stats().since(&before);
        sum.reads += cost.reads;
        sum.bytes += cost.read_bytes;
        sum.time += cost.time.as_nanos();
        session.model.values = values.into_iter().collect::<Option<_>>().ok_or(Why::Lost)?;
        for _ in 0..SAVES_BETWEEN {
            session.change(&[0])?;
        }
    }
    Ok(Boot {
        reads: sum.reads / BOOTS,
        bytes: sum.bytes / BOOTS,
        time: sum.time / u128::from(BOOTS),
    })
}
