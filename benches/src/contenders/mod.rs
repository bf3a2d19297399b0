//! The contenders: a module for each store, which makes a [`Store`] of it.

#[cfg(feature = "peers")]
mod blob;
#[cfg(feature = "peers")]
mod block_on;
#[cfg(feature = "peers")]
mod cfg_noodle;
#[cfg(feature = "peers")]
mod ekv;
mod kvs_raw;
mod kvs_typed;
#[cfg(littlefs)]
mod littlefs;
#[cfg(feature = "peers")]
mod sequential_storage;
#[cfg(feature = "peers")]
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

    /// Whether it is `kvs`.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::KvsTyped | Self::KvsRaw)
    }

    /// Whether it can save one setting and leave the others where they are.
    pub fn stores_one_by_one(self) -> bool {
        !matches!(self, Self::Blob | Self::CfgNoodle)
    }

    /// Whether it is in this build: one of them needs more than Rust.
    pub fn is_built(self) -> bool {
        match self {
            Self::KvsTyped | Self::KvsRaw => true,
            Self::Littlefs => cfg!(littlefs),
            _ => cfg!(feature = "peers"),
        }
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

    #[cfg_attr(
        not(feature = "peers"),
        allow(unused_variables, reason = "ours need no format")
    )]
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
            #[cfg(feature = "peers")]
            Self::SequentialStorage => sequential_storage::mount_uncached(chip, layout),
            #[cfg(feature = "peers")]
            Self::SequentialStorageCached => sequential_storage::mount_cached(chip, layout),
            #[cfg(feature = "peers")]
            Self::Blob => blob::mount(chip, layout),
            #[cfg(feature = "peers")]
            Self::Ekv => ekv::mount(chip, first),
            #[cfg(feature = "peers")]
            Self::Tickv => tickv::mount(chip),
            #[cfg(feature = "peers")]
            Self::CfgNoodle => cfg_noodle::mount(chip, layout),
            #[cfg(littlefs)]
            Self::Littlefs => littlefs::mount(chip, first),
            #[cfg(not(all(littlefs, feature = "peers")))]
            _ => Err(crate::store::Why::Cannot(crate::store::NOT_COUNTED)),
        }
    }
}

/// A setting's name, for stores that have names. Not inlined, so that it is not taken for the store's own work.
#[inline(never)]
fn name(key: usize) -> String {
    format!("s{key:05}")
}
