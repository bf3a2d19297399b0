//! What the test files and the fuzz targets share: a flash that tests keep a hand on, partitions of many shapes, the
//! format's bytes written down a second time; and flash and operations made of a fuzzer's bytes.

mod bounds;
mod chip;
pub mod craft;
mod device;
pub mod hostile;
pub mod input;
pub mod model;
pub mod reliability;

pub use bounds::assert_commit_bounds;
pub use chip::{Call, Chip, Verdict};
pub use device::{Device, Shape, TestStore, each, get, idle, keys, sum};

/// Runs `$test`, a generic function over write and erase size that takes a `&Device`, on flashes of all kinds.
#[macro_export]
macro_rules! everywhere {
    ($test:ident) => {{
        $crate::each(
            $test::<1, 256>,
            &[(0, 256, 2), (256, 768, 3), (512, 4096, 8)],
        );
        $crate::each(
            $test::<4, 256>,
            &[(0, 256, 3), (768, 256, 8), (256, 768, 4), (0, 512, 2)],
        );
        $crate::each($test::<4, 4096>, &[(0, 4096, 2), (8192, 4096, 4)]);
        $crate::each(
            $test::<8, 512>,
            &[(0, 512, 2), (512, 512, 3), (1024, 2048, 4)],
        );
        $crate::each(
            $test::<16, 256>,
            &[(256, 256, 4), (0, 768, 2), (256, 1024, 8)],
        );
        $crate::each(
            $test::<32, 1024>,
            &[(0, 1024, 2), (3072, 1024, 3), (0, 4096, 4)],
        );
    }};
}
