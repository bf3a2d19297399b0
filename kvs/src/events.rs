//! What the store tells a log, a line for each event. The only room that knows of `log` and `defmt`; without these features,
//! nothing of it is in the code.
#![cfg_attr(
    not(any(feature = "log", feature = "defmt")),
    allow(unused_variables, reason = "nobody listens")
)]

use crate::settings::{Path, Rejection};

/// A mount, or a look at all of the partition after a dropped call.
pub(crate) fn mounted(keys: usize, sectors: usize, damaged: u16) {
    #[cfg(feature = "log")]
    log::info!("kvs: mounted, {keys} keys in {sectors} sectors, {damaged} damaged places");
    #[cfg(feature = "defmt")]
    defmt::info!(
        "kvs: mounted, {=usize} keys in {=usize} sectors, {=u16} damaged places",
        keys,
        sectors,
        damaged
    );
}

/// A mount found a collection that was cut.
pub(crate) fn cut_collection(sector: usize, goes_on: bool) {
    #[cfg(feature = "log")]
    log::info!(
        "kvs: a collection into sector {sector} was cut, and {}",
        if goes_on { "goes on" } else { "begins anew" }
    );
    #[cfg(feature = "defmt")]
    defmt::info!(
        "kvs: a collection into sector {=usize} was cut, and goes on: {=bool}",
        sector,
        goes_on
    );
}

/// A write was dropped, and the partition is read anew.
pub(crate) fn dropped_write() {
    #[cfg(feature = "log")]
    log::info!("kvs: a write was dropped, the partition is read anew");
    #[cfg(feature = "defmt")]
    defmt::info!("kvs: a write was dropped, the partition is read anew");
}

/// Room is being made.
pub(crate) fn collecting(live: u32) {
    #[cfg(feature = "log")]
    log::debug!("kvs: collecting, {live} bytes are live");
    #[cfg(feature = "defmt")]
    defmt::debug!("kvs: collecting, {=u32} bytes are live", live);
}

/// A collection that could not go on has been undone.
pub(crate) fn undone(sector: usize) {
    #[cfg(feature = "log")]
    log::info!("kvs: the collection into sector {sector} is undone");
    #[cfg(feature = "defmt")]
    defmt::info!("kvs: the collection into sector {=usize} is undone", sector);
}

/// A sector is rewritten in place, because rot has left no other.
pub(crate) fn rescuing(sector: usize) {
    #[cfg(feature = "log")]
    log::warn!("kvs: sector {sector} is rewritten in place, there is no spare one");
    #[cfg(feature = "defmt")]
    defmt::warn!(
        "kvs: sector {=usize} is rewritten in place, there is no spare one",
        sector
    );
}

/// A program or an erase has failed in a sector.
pub(crate) fn failed(sector: usize) {
    #[cfg(feature = "log")]
    log::warn!("kvs: sector {sector} has failed");
    #[cfg(feature = "defmt")]
    defmt::warn!("kvs: sector {=usize} has failed", sector);
}

/// An entry fails its checksum.
pub(crate) fn corrupt(key: u32) {
    #[cfg(feature = "log")]
    log::warn!("kvs: the entry of key {key:#010x} is corrupt");
    #[cfg(feature = "defmt")]
    defmt::warn!("kvs: the entry of key {=u32:#010x} is corrupt", key);
}

/// A setting has its value from an old key.
pub(crate) fn migrated(setting: Path, rule: u8) {
    #[cfg(feature = "log")]
    log::info!("kvs: {setting} is migrated, by rule {rule}");
    #[cfg(feature = "defmt")]
    defmt::info!("kvs: {} is migrated, by rule {=u8}", setting, rule);
}

/// What is stored of a setting was turned down.
pub(crate) fn rejected(setting: Path, why: Rejection) {
    #[cfg(feature = "log")]
    log::warn!("kvs: {setting} has its default: {why}");
    #[cfg(feature = "defmt")]
    defmt::warn!("kvs: {} has its default: {}", setting, why);
}

/// An update was confirmed.
pub(crate) fn confirmed(changed: usize) {
    #[cfg(feature = "log")]
    log::info!("kvs: confirmed, {changed} keys written or removed");
    #[cfg(feature = "defmt")]
    defmt::info!("kvs: confirmed, {=usize} keys written or removed", changed);
}
