//! What the store tells a log, a line for each event. The only room that knows of `log` and `defmt`; without these features,
//! nothing of it is in the code.
#![cfg_attr(
    not(any(feature = "log", feature = "defmt")),
    allow(unused_variables, reason = "nobody listens")
)]

use crate::settings::{Path, Rejection, Tree};

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

/// There are more keys than slots.
pub(crate) fn too_few_slots(keys: u16, slots: usize) {
    #[cfg(feature = "log")]
    log::warn!("kvs: {keys} keys have none of the {slots} slots, and are looked for in flash");
    #[cfg(feature = "defmt")]
    defmt::warn!(
        "kvs: {=u16} keys have none of the {=usize} slots, and are looked for in flash",
        keys,
        slots
    );
}

/// Something could not be read, and is read again.
pub(crate) fn unread(sector: usize) {
    #[cfg(feature = "log")]
    log::warn!("kvs: something in sector {sector} could not be read, all is read anew");
    #[cfg(feature = "defmt")]
    defmt::warn!(
        "kvs: something in sector {=usize} could not be read, all is read anew",
        sector
    );
}

/// A mount found a collection that was cut.
pub(crate) fn cut_collection(sector: usize) {
    #[cfg(feature = "log")]
    log::info!("kvs: a collection into sector {sector} was cut, and goes on");
    #[cfg(feature = "defmt")]
    defmt::info!(
        "kvs: a collection into sector {=usize} was cut, and goes on",
        sector
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

/// A setting is in two structs, which are taken for versions of one.
pub(crate) fn another_version(setting: Path, first: &'static Tree, tree: &'static Tree) {
    #[cfg(feature = "log")]
    log::warn!(
        "kvs: {setting} is in `{}` and in `{}`, taken for two versions of one struct; if one firmware has both, one needs a `prefix`",
        first.name,
        tree.name
    );
    #[cfg(feature = "defmt")]
    defmt::warn!(
        "kvs: {} is in `{=str}` and in `{=str}`, taken for two versions of one struct; if one firmware has both, one needs a `prefix`",
        setting,
        first.name,
        tree.name
    );
}

/// An update was confirmed.
pub(crate) fn confirmed(changed: usize) {
    #[cfg(feature = "log")]
    log::info!("kvs: confirmed, {changed} keys written or removed");
    #[cfg(feature = "defmt")]
    defmt::info!("kvs: confirmed, {=usize} keys written or removed", changed);
}

/// What was changed could not be saved, and is tried again later.
#[cfg(all(feature = "live", feature = "async"))]
pub(crate) fn save_failed(error: &impl core::fmt::Display) {
    #[cfg(feature = "log")]
    log::error!("kvs: not saved, tried again later: {error}");
    #[cfg(feature = "defmt")]
    defmt::error!(
        "kvs: not saved, tried again later: {}",
        defmt::Display2Format(error)
    );
}

/// A save took longer than it may, and was dropped.
#[cfg(all(feature = "live", feature = "async"))]
pub(crate) fn save_dropped() {
    #[cfg(feature = "log")]
    log::error!("kvs: the flash took too long, the save was dropped and is tried again later");
    #[cfg(feature = "defmt")]
    defmt::error!("kvs: the flash took too long, the save was dropped and is tried again later");
}

#[cfg(all(test, feature = "log", feature = "sim", feature = "derive"))]
mod tests {
    use std::cell::RefCell;
    use std::string::{String, ToString};
    use std::vec::Vec;

    use crate as kvs;
    use crate::sim::SimFlash;
    use crate::{Options, RawKey, Resources, Settings, Store};

    std::thread_local! {
        static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    struct Lines;

    impl log::Log for Lines {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }

        fn log(&self, record: &log::Record<'_>) {
            LINES.with_borrow_mut(|lines| lines.push(record.args().to_string()));
        }

        fn flush(&self) {}
    }

    /// What was logged since the last time.
    fn lines() -> Vec<String> {
        LINES.take()
    }

    #[derive(Settings)]
    #[settings(crate = kvs)]
    struct Old {
        #[setting(default = 1)]
        seconds: u16,
    }

    #[derive(Settings)]
    #[settings(crate = kvs)]
    struct New {
        #[setting(default = 1000, migrate(from = "seconds", ty = u16, with = millis))]
        millis: u32,
        #[setting(default = 5, range = 0..=9)]
        level: u8,
    }

    fn millis(seconds: u16) -> u32 {
        u32::from(seconds).saturating_mul(1000)
    }

    type Flash = SimFlash<4, 256>;
    type Ram = Resources<16, 4, 64>;

    #[test]
    fn a_line_where_two_structs_are_taken_for_versions_of_one()
    -> Result<(), kvs::Error<kvs::sim::SimError>> {
        mod other {
            use crate as kvs;
            #[derive(crate::Settings)]
            #[settings(crate = kvs)]
            pub(super) struct Old {
                #[setting(default = 2)]
                pub(super) seconds: u16,
            }
        }
        let _ = log::set_logger(&Lines);
        log::set_max_level(log::LevelFilter::Trace);
        let (mut flash, mut ram) = (Flash::new(4), Ram::new());
        let mut store = Store::mount(&mut flash, 0..1024, &mut ram, Options::DEFAULT)?;
        lines();
        store.put(Old::KEYS.seconds, &7)?;
        store.put(New::KEYS.level, &7)?;
        assert!(lines().is_empty());
        assert_eq!(store.load::<other::Old>().0.seconds, 7);
        assert_eq!(
            lines(),
            [
                "kvs: seconds is in `Old` and in `Old`, taken for two versions of one struct; \
                 if one firmware has both, one needs a `prefix`"
            ]
        );
        Ok(())
    }

    #[test]
    fn a_line_for_each_mount_migration_collection_and_corrupt_entry()
    -> Result<(), kvs::Error<kvs::sim::SimError>> {
        // Fails where there is a logger already; then it is this one.
        let _ = log::set_logger(&Lines);
        log::set_max_level(log::LevelFilter::Trace);
        let (mut flash, mut ram) = (Flash::new(4), Ram::new());
        let mut store = Store::mount(&mut flash, 0..1024, &mut ram, Options::DEFAULT)?;
        assert_eq!(
            lines(),
            ["kvs: mounted, 0 keys in 4 sectors, 0 damaged places"]
        );

        store.put(Old::KEYS.seconds, &7)?;
        store.put_bytes(RawKey::Hash(New::KEYS.level.hash()), &[200])?;
        let _ = store.load::<New>();
        assert_eq!(
            lines(),
            [
                "kvs: millis is migrated, by rule 1",
                "kvs: level has its default: the value is out of range"
            ]
        );
        store.confirm::<New>()?;
        assert_eq!(lines(), ["kvs: confirmed, 2 keys written or removed"]);

        for round in 0..100u8 {
            store.put_bytes(RawKey::Hash(u32::from(round % 12)), &[round; 30])?;
        }
        let logged = lines();
        assert!(!logged.is_empty());
        assert!(
            logged
                .iter()
                .all(|line| line.starts_with("kvs: collecting, "))
        );

        let place = {
            let mut keys = store.keys();
            keys.next()?
                .map(|key| (key.hash, key.sector * 256 + key.offset as usize))
        };
        let (hash, at) = place.unwrap_or_default();
        if let Some(byte) = store.flash.flash.image_mut().get_mut(at + 6) {
            *byte ^= 1;
        }
        assert!(store.get_bytes(RawKey::Hash(hash), &mut [0; 64]).is_err());
        let expected = std::format!("kvs: the entry of key {hash:#010x} is corrupt");
        assert_eq!(lines(), [expected]);

        let mut store = Store::mount(&mut flash, 0..1024, &mut ram, Options::DEFAULT)?;
        assert!(store.maintain().is_ok());
        assert!(
            lines()
                .iter()
                .any(|line| line.ends_with("1 damaged places"))
        );
        Ok(())
    }
}
