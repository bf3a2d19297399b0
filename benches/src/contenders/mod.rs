//! The contenders: a module for each store, which makes a [`Store`] of it.

mod blob;
mod block_on;
mod cfg_noodle;
mod ekv;
mod kvs_raw;
mod kvs_typed;
#[cfg(littlefs)]
mod littlefs;
mod sequential_storage;
mod tickv;

use crate::chip::Chip;
use crate::model::Layout;
use crate::store::{Outcome, Store};

/// Which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `kvs`, the whole struct handed to `save`.
    KvsTyped,
    /// `kvs`, names and bytes.
    KvsRaw,
    /// `sequential-storage`'s map, an item a setting, without a cache.
    SequentialStorage,
    /// The same with a cache of all keys.
    SequentialStorageCached,
    /// One item of `sequential-storage`'s map that holds all settings.
    Blob,
    /// `ekv`.
    Ekv,
    /// `tickv`.
    Tickv,
    /// `cfg-noodle`.
    CfgNoodle,
    /// `littlefs2`, a file a setting.
    Littlefs,
}

impl Kind {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 9] = [
        Self::KvsTyped,
        Self::KvsRaw,
        Self::SequentialStorage,
        Self::SequentialStorageCached,
        Self::Blob,
        Self::Ekv,
        Self::Tickv,
        Self::CfgNoodle,
        Self::Littlefs,
    ];

    /// What its rows are headed with.
    pub fn label(self) -> &'static str {
        match self {
            Self::KvsTyped => "**kvs**, struct",
            Self::KvsRaw => "**kvs**, raw keys",
            Self::SequentialStorage => "sequential-storage",
            Self::SequentialStorageCached => "sequential-storage, cached",
            Self::Blob => "one postcard blob",
            Self::Ekv => "ekv",
            Self::Tickv => "tickv",
            Self::CfgNoodle => "cfg-noodle",
            Self::Littlefs => "littlefs",
        }
    }

    /// Whether it is in this build: one of them needs more than Rust.
    pub fn is_built(self) -> bool {
        cfg!(littlefs) || self != Self::Littlefs
    }

    /// Whether several settings are saved all or none.
    pub fn is_atomic(self) -> bool {
        match self {
            Self::KvsTyped | Self::KvsRaw | Self::Blob | Self::Ekv | Self::CfgNoodle => true,
            Self::SequentialStorage
            | Self::SequentialStorageCached
            | Self::Tickv
            | Self::Littlefs => false,
        }
    }

    /// Whether it programs words that are programmed already, which parts with ECC can't.
    pub fn programs_twice(self) -> bool {
        matches!(self, Self::Tickv | Self::CfgNoodle)
    }

    /// Puts it on a flash; when that is `first` done, with whatever that needs.
    pub fn mount<const W: usize, const E: usize>(
        self,
        chip: Chip<W, E>,
        layout: &Layout,
        first: bool,
    ) -> Outcome<Box<dyn Store>> {
        match self {
            Self::KvsTyped => kvs_typed::mount(chip, layout),
            Self::KvsRaw => kvs_raw::mount(chip, layout),
            Self::SequentialStorage => sequential_storage::mount_uncached(chip, layout),
            Self::SequentialStorageCached => sequential_storage::mount_cached(chip, layout),
            Self::Blob => blob::mount(chip, layout),
            Self::Ekv => ekv::mount(chip, first),
            Self::Tickv => tickv::mount(chip),
            Self::CfgNoodle => cfg_noodle::mount(chip, layout),
            #[cfg(littlefs)]
            Self::Littlefs => littlefs::mount(chip, first),
            #[cfg(not(littlefs))]
            Self::Littlefs => Err(crate::store::Why::Cannot("not built in")),
        }
    }
}

/// A setting's name, for stores that have names.
fn name(key: usize) -> String {
    format!("s{key:05}")
}
