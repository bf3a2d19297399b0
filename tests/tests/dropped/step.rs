//! What is done to a store: every operation that awaits.

use std::fmt::Write;

use embedded_storage_async::nor_flash::NorFlash;
use heapless::String;
use kvs::asynch::Store;
use kvs::sim::SimError;
use kvs::{Change, Error, RawKey, Settings, key_hash};

/// The settings, among raw keys.
#[derive(Settings, Clone, Debug, PartialEq)]
#[settings(retired("legacy": u8))]
pub(crate) struct Lamp {
    #[setting(default = 80)]
    level: u8,
    #[setting(default = "lamp", alias = "title")]
    name: String<12>,
    #[setting(default = 5000, migrate(ty = u16, with = u32::from))]
    period: u32,
    #[setting(default, keep)]
    boots: u32,
}

/// Raw keys, by turns hashes and names.
pub(crate) const RAW: usize = 8;
const NAMES: [&str; RAW / 2] = ["b", "name", "wifi.ssid", "a longer name"];
/// What an older firmware has left: its keys.
const OLD: [&str; 3] = ["title:str", "period:u16", "legacy:u8"];
/// All keys: raw ones, the settings', old ones.
pub(crate) const KEYS: usize = RAW + Lamp::COUNT + OLD.len();

/// Old keys, and the settings that are made of them.
pub(crate) const MADE_OF: [(usize, usize); 2] = {
    let (first, old) = (RAW, RAW + Lamp::COUNT);
    [(old, first + 1), (old + 1, first + 2)]
};

pub(crate) fn key(number: usize) -> RawKey<'static> {
    match number {
        raw if raw < RAW && raw % 2 == 0 => RawKey::Hash(raw as u32),
        raw if raw < RAW => RawKey::Name(NAMES[raw / 2]),
        leaf if leaf < RAW + Lamp::COUNT => RawKey::Hash(Lamp::TREE.hash(leaf - RAW)),
        old => RawKey::Hash(key_hash(OLD[old - RAW - Lamp::COUNT])),
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// Of any keys by number; `None` deletes.
    Commit(Vec<(usize, Option<Vec<u8>>)>),
    Delete(usize),
    /// What is loaded, changed by this number, is saved.
    Save(u8),
    Put(u8),
    Remove,
    Reset,
    Confirm,
    Prune,
    Maintain,
    GetBytes(usize),
    Get,
    Load,
    Keys,
    /// Anew, in the same RAM. Not done by [`run`](Self::run).
    Mount,
}

impl Step {
    /// The old keys, with values of an older firmware.
    pub(crate) fn plant() -> Self {
        let values = [&[5, b't', b'i', b't', b'l', b'e'][..], &[100], &[1]];
        let first = RAW + Lamp::COUNT;
        let old = values.iter().enumerate();
        Self::Commit(
            old.map(|(index, value)| (first + index, Some(value.to_vec())))
                .collect(),
        )
    }

    pub(crate) fn put(key: usize, value: Vec<u8>) -> Self {
        Self::Commit(vec![(key, Some(value))])
    }

    /// Does it; returns what it found.
    pub(crate) async fn run<F: NorFlash<Error = SimError>>(
        &self,
        store: &mut Store<'_, F>,
    ) -> Result<std::string::String, Error<SimError>> {
        let keys = Lamp::KEYS;
        let mut found = std::string::String::new();
        match self {
            Self::Commit(changes) => {
                let changes: Vec<_> = changes
                    .iter()
                    .map(|(number, value)| match value {
                        Some(value) => Change::put(key(*number), value),
                        None => Change::delete(key(*number)),
                    })
                    .collect();
                store.commit(&changes).await?;
            }
            Self::Delete(number) => return Ok(store.delete(key(*number)).await?.to_string()),
            Self::Save(number) => {
                let (mut lamp, _) = store.load::<Lamp>().await;
                lamp.level = *number;
                lamp.boots += 1;
                if number % 3 == 0 {
                    lamp.name = "x"
                        .repeat(usize::from(number % 13))
                        .as_str()
                        .try_into()
                        .expect("short");
                }
                if number % 2 == 0 {
                    lamp.period = u32::from(*number) * 1000;
                }
                return Ok(store.save(&lamp).await?.to_string());
            }
            Self::Put(number) => store.put(keys.period, &u32::from(*number)).await?,
            Self::Remove => return Ok(store.remove(keys.name).await?.to_string()),
            Self::Reset => return Ok(store.reset(keys.group()).await?.to_string()),
            Self::Confirm => return Ok(store.confirm::<Lamp>().await?.to_string()),
            Self::Prune => return Ok(store.prune(&[Lamp::TREE]).await?.to_string()),
            Self::Maintain => match store.maintain().await {
                // A word that was torn and looks erased: its sector is closed now.
                Err(Error::Flash(SimError::ProgrammedTwice { .. })) => {
                    store.maintain().await?;
                }
                result => {
                    result?;
                }
            },
            Self::GetBytes(number) => {
                let mut bytes = [0; 256];
                let len = store.get_bytes(key(*number), &mut bytes).await?;
                let _ = write!(found, "{:?}", len.map(|len| &bytes[..len]));
            }
            Self::Get => {
                let _ = write!(
                    found,
                    "{} {}",
                    store.get(keys.name).await?,
                    store.get(keys.period).await?
                );
            }
            Self::Load => {
                let (lamp, report) = store.load::<Lamp>().await;
                let outcomes: Vec<_> = report.iter().map(|(_, outcome)| outcome).collect();
                let _ = write!(found, "{lamp:?} {outcomes:?}");
            }
            Self::Keys => {
                let mut keys = store.keys();
                while let Some(key) = keys.next().await? {
                    let _ = write!(found, "{:?} {} {}, ", key.name, key.hash, key.value_len);
                }
            }
            Self::Mount => unreachable!("there is no store meanwhile"),
        }
        Ok(found)
    }
}
