//! The cases: each does something to a [`Rig`] and says what that cost.

mod boot;
mod callgrind;
mod curves;
mod cuts;
mod fields;
mod get;
pub mod instructions;
mod latency;
mod wear;

pub use boot::{Boot, boot, boots};
pub use curves::{Curves, Line, curves};
pub use cuts::{CUTS, Cuts, cuts};
pub use fields::{Fields, fields};
pub use get::{Get, get};
pub use instructions::Instructions;
pub use latency::{Latency, maintained};
pub use wear::{Churn, SAVES, Wear, churn};

use crate::contenders::Kind;
use crate::preset::{NRF52840, Part};
use crate::rig::Rig;
use crate::store::{Outcome, Why};

/// Percent of the partition that the values of all settings take, in the cases that are about fullness.
pub const FILLS: [usize; 4] = [10, 50, 70, 80];

/// All that was counted of a contender on a part.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Storing all settings on an erased part.
    pub provision: Outcome<Cost>,
    /// Mount and load right after that.
    pub boot_fresh: Outcome<Boot>,
    /// Mount and load when the counter has been saved 100,000 times.
    pub boot_used: Outcome<Boot>,
    /// 100,000 saves of the counter.
    pub counter: Outcome<Wear>,
    /// 100,000 saves by Zipf's law, at each of [`FILLS`].
    pub zipf: [Outcome<Wear>; FILLS.len()],
    /// Saves of the struct.
    pub fields: Outcome<Fields>,
    /// Gets of the settings, on average, when the counter has been saved 100,000 times.
    pub get: Outcome<Get>,
    /// How full it is in the three below, in percent: 50, or less where it can't do that.
    pub fill: usize,
    /// Single saves of a run.
    pub latency: Outcome<Latency>,
    /// The same where all work ahead is done between saves.
    pub maintained: Outcome<Latency>,
    /// Power cuts.
    pub cuts: Outcome<Cuts>,
    /// Bytes of RAM.
    pub ram: Outcome<usize>,
    /// CPU instructions: of the README's part only.
    pub instructions: Instructions,
}

/// Program calls and the bytes of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Calls.
    pub programs: u64,
    /// Bytes.
    pub bytes: u64,
}

impl From<kvs::sim::Stats> for Cost {
    fn from(stats: kvs::sim::Stats) -> Self {
        Self {
            programs: stats.programs,
            bytes: stats.program_bytes,
        }
    }
}

/// Runs every case for a contender on a part.
pub fn all(kind: Kind, part: &Part) -> Figures {
    let plain = Rig::new(kind, part, (part.layout)());
    let filled = |fill| Rig::new(kind, part, (part.layout)().filled(fill, part.capacity()));
    let provision = plain.format().and_then(|mut session| {
        let ((), stats) = session.cost(|session| session.provision())?;
        Ok((Cost::from(stats), session.ram()))
    });
    let boot_fresh = boot(&plain);
    let fields = fields(&Rig::new(kind, part, (part.layout)()));
    let plain = Rig::new(kind, part, (part.layout)());
    let counter = churn(&plain, Churn::counter(SAVES));
    // What a run that failed has left behind says nothing.
    let used = |counter: &Outcome<_>| counter.as_ref().map(|_| ()).map_err(Why::clone);
    let get = used(&counter).and_then(|()| get(&plain));
    let boot_used = used(&counter).and_then(|()| boots(&plain));
    let zipf = FILLS.map(|fill| churn(&filled(fill), Churn::zipf(SAVES)));
    let (fill, run) = match (&zipf[1], &zipf[0]) {
        (Err(_), Ok(wear)) => (FILLS[0], Ok(wear)),
        (Err(_), Err(_)) => (0, counter.as_ref()),
        (Ok(wear), _) => (FILLS[1], Ok(wear)),
    };
    let instructions = if part.name == NRF52840.name && instructions::can_count() {
        instructions::instructions(kind)
    } else {
        Instructions::NONE
    };
    let latency = run.map(Latency::of).map_err(Why::clone);
    Figures {
        ram: provision.as_ref().map(|(_, ram)| *ram).map_err(Why::clone),
        provision: provision.map(|(cost, _)| cost),
        boot_fresh,
        boot_used,
        fields,
        get,
        fill,
        latency,
        maintained: maintained(&filled(fill)),
        cuts: cuts(&filled(fill), kind),
        counter,
        zipf,
        instructions,
    }
}
