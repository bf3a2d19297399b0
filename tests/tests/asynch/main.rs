//! The tests of the blocking API, once more: on the async one, from the same files.
//!
//! What they call `kvs` is here a crate whose store is the async one, polled; what they call `kvs_tests` is this crate.
//! Left out is what the API does not matter to, and takes long to build.

#![allow(dead_code, reason = "not all of the library has a test here")]

extern crate kvs_polled as kvs;
extern crate self as kvs_tests;

#[path = "../../src/bounds.rs"]
mod bounds;
#[path = "../../src/chip.rs"]
mod chip;
#[path = "../../src/craft.rs"]
pub mod craft;
#[path = "../../src/device.rs"]
mod device;
#[path = "../../src/hostile.rs"]
pub mod hostile;
#[path = "../../src/input.rs"]
pub mod input;
#[path = "../../src/model.rs"]
pub mod model;
#[path = "../../src/reliability/mod.rs"]
pub mod reliability;

pub use bounds::assert_commit_bounds;
pub use chip::{Call, Chip, Verdict};
pub use device::{Device, Shape, TestStore, each, get, idle, keys, sum};

/// All but `geometry`: which flash is refused.
#[path = "."]
mod api {
    #[path = "../api/commit.rs"]
    mod commit;
    #[path = "../api/faults.rs"]
    mod faults;
    #[path = "../api/full.rs"]
    mod full;
    #[path = "../api/maintain.rs"]
    mod maintain;
    #[path = "../api/messages.rs"]
    mod messages;
    #[path = "../api/names.rs"]
    mod names;
    #[path = "../api/options.rs"]
    mod options;
    #[path = "../api/partitions.rs"]
    mod partitions;
    #[path = "../api/slots.rs"]
    mod slots;
    #[path = "../api/values.rs"]
    mod values;
    #[path = "../api/wear.rs"]
    mod wear;
}

#[path = "../budgets.rs"]
mod budgets;

/// All but `misdecode`: which types are told apart.
#[path = "."]
mod migration {
    #[path = "../migration/chain.rs"]
    mod chain;
    #[path = "../migration/cuts.rs"]
    mod cuts;
    #[path = "../migration/edges.rs"]
    mod edges;
    #[path = "../migration/oracle.rs"]
    mod oracle;
    #[path = "../migration/versions.rs"]
    mod versions;
}

#[path = "../seed/main.rs"]
mod seed;
#[path = "../settings/main.rs"]
mod settings;

mod samples;

/// As that of the library, on two of its flashes: each is a build of the whole store.
#[macro_export]
macro_rules! everywhere {
    ($test:ident) => {{
        $crate::each(
            $test::<4, 256>,
            &[(0, 256, 3), (768, 256, 8), (256, 768, 4), (0, 512, 2)],
        );
        $crate::each($test::<32, 1024>, &[(0, 1024, 2), (3072, 1024, 3)]);
    }};
}

#[test]
#[should_panic(expected = "nothing will wake it")]
fn what_nobody_wakes_is_not_polled_forever() {
    kvs_polled::to_the_end(std::future::pending::<()>());
}
