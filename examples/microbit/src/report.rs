//! Where the settings of a boot are from, in words.

use cortex_m_semihosting::hprintln;
use kvs::{Outcome, Report};

pub fn print<O: AsRef<[Outcome]>>(report: &Report<O>) {
    let (mut loaded, mut defaults) = (0, 0);
    for (path, outcome) in report.iter() {
        match outcome {
            Outcome::Loaded => loaded += 1,
            Outcome::Default => defaults += 1,
            Outcome::Migrated(_) => hprintln!("  migrated: {path}"),
            Outcome::Rejected(why) => hprintln!("  {path}: {why}; the default is used"),
            other => hprintln!("  {path}: {other:?}"),
        }
    }
    hprintln!("  {loaded} as stored, {defaults} by default");
}
