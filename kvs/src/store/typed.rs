//! Settings in a store: load, save, typed get and put, factory reset.
//!
//! Drives the generated code against the engine; nothing here is generic over a settings struct but
//! the thin outer layer.

use core::ops::Range;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::flash::FlashResult;
use super::{NorFlash, Store, bisync};
use crate::change::RawKey;
use crate::checksum::Checksum;
use crate::error::Error;
use crate::events;
use crate::map::{Place, Slot};
use crate::sectors::State;
use crate::settings::batches::{Removal, Save};
use crate::settings::value;
use crate::settings::{
    Base, CodeDefaults, Factory, Group, Key, Leaves, Outcome, Path, Rejected, Rejection, Report,
    Settings, Tree,
};

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Loads a settings struct: each setting from flash, else from what an older firmware stored of
    /// it (`alias`, `migrate`), else its default. Never writes, and never fails as a whole; the
    /// report tells for each setting where its value is from.
    ///
    /// Costs one flash read for each setting that is stored, none for the others.
    pub async fn load<S: Settings>(&mut self) -> (S, Report<S::Outcomes>) {
        self.load_above(&CodeDefaults).await
    }

    /// The same where the factory has given some of the settings: each from flash, else from what an
    /// older firmware stored of it, else what the factory has given, else its default. The report
    /// says which.
    ///
    /// Save what this has loaded with [`save_over`](Self::save_over).
    pub async fn load_over<S: Settings + Clone>(
        &mut self,
        factory: &Factory<S>,
    ) -> (S, Report<S::Outcomes>) {
        self.load_above(factory).await
    }

    pub(crate) async fn load_above<S: Settings>(
        &mut self,
        base: &impl Base<S>,
    ) -> (S, Report<S::Outcomes>) {
        let (settings, report) = self.read_above(base).await;
        self.note_unread(S::TREE, report.outcomes.as_ref());
        for (leaf, outcome) in report.outcomes.as_ref().iter().enumerate() {
            let setting = Path::new(S::TREE, leaf);
            match *outcome {
                Outcome::Migrated(rule) => events::migrated(setting, rule),
                Outcome::Rejected(why) => events::rejected(setting, why),
                Outcome::Loaded | Outcome::Default | Outcome::Factory => {}
            }
        }
        (settings, report)
    }

    /// A load that tells nobody.
    pub(crate) async fn read_above<S: Settings>(
        &mut self,
        base: &impl Base<S>,
    ) -> (S, Report<S::Outcomes>) {
        loop {
            let mut settings = base.settings();
            let mut outcomes = S::NO_OUTCOMES;
            if let Err(error) = self.resume().await {
                let why = Outcome::Rejected(Rejection::of(&error));
                outcomes.as_mut().fill(why);
            } else {
                self.load_leaves(&mut settings, S::TREE, outcomes.as_mut())
                    .await;
                if !S::SCHEMA.sources.is_empty() {
                    let mut made = base.settings();
                    self.make_all(&mut made, &mut settings, S::TREE, outcomes.as_mut())
                        .await;
                }
                if self.is_stale() {
                    continue;
                }
                for (leaf, outcome) in outcomes.as_mut().iter_mut().enumerate() {
                    if *outcome == Outcome::Default && base.is_given(leaf) {
                        *outcome = Outcome::Factory;
                    }
                }
            }
            let report = Report {
                tree: S::TREE,
                outcomes,
            };
            return (settings, report);
        }
    }

    async fn load_leaves(
        &mut self,
        settings: &mut dyn Leaves,
        tree: &'static Tree,
        outcomes: &mut [Outcome],
    ) {
        for (leaf, (hash, outcome)) in tree.hashes.iter().zip(outcomes).enumerate() {
            if let Err(refused) = self.check_owner(Path::new(tree, leaf)) {
                *outcome = Outcome::Rejected(refused.why);
                continue;
            }
            *outcome = match self.stored(*hash).await {
                Ok(Some(bytes)) => match settings.decode(leaf, bytes) {
                    Ok(()) => Outcome::Loaded,
                    Err(why) => Outcome::Rejected(why),
                },
                Ok(None) => {
                    self.migrate(tree.old_of(leaf), &mut |rule, old| {
                        old.read(|sources| match sources {
                            [Some(bytes)] if rule == 0 => settings.decode(leaf, bytes),
                            _ => settings.migrate(leaf, usize::from(rule), sources),
                        })
                    })
                    .await
                }
                Err(error) => Outcome::Rejected(Rejection::of(&error)),
            };
        }
    }

    /// Saves what has changed, as one atomic commit; returns how many settings that were. A setting
    /// costs nothing where its stored bytes are the same, or where nothing is stored and it is what
    /// a load would make it: its default, or what is migrated. What a load turned down, or could
    /// not read, stays in flash for as long as its setting is left at the default: it may be
    /// another firmware's, or be read the next time.
    ///
    /// Costs one flash read for each setting that is stored, and one program call where what
    /// changed fits the store's buffer. Each value is decoded once it is encoded, to see that it
    /// comes back as it is: the stack has one more of it meanwhile, of the largest setting's type.
    ///
    /// # Errors
    ///
    /// [`Rejected`](Error::Rejected) where a value breaks its setting's rules or does
    /// [not come back](Rejection::NotReadBack), or another struct has the same
    /// [key](Rejection::SharedKey); and those of [`commit`](Store::commit). `Rejected` as [`Unreadable`](Rejection::Unreadable) where the
    /// last load failed, in a store of too few slots, say, and it can't be told whether this
    /// setting's default is meant: load again, or [`put`](Self::put) it. Nothing was written then,
    /// not even a part.
    ///
    /// ```
    /// # use kvs::{Options, Resources, Settings, Store, sim::presets};
    /// #[derive(Settings)]
    /// struct Lamp {
    ///     #[setting(default = 80, range = 0..=100)]
    ///     brightness: u8,
    /// }
    ///
    /// let mut resources = Resources::<8, 8, 64>::for_settings::<Lamp>();
    /// # let flash = presets::nrf52840();
    /// let mut store = Store::mount(flash, 0..8 * 4096, &mut resources, Options::DEFAULT)?;
    /// let (mut lamp, report) = store.load::<Lamp>();
    /// assert!(report.is_first_boot() && lamp.brightness == 80);
    ///
    /// lamp.brightness = 40;
    /// assert_eq!(store.save(&lamp)?, 1);
    /// assert_eq!(store.save(&lamp)?, 0);
    ///
    /// lamp.brightness = 101;
    /// let error = store.save(&lamp).unwrap_err();
    /// assert_eq!(error.to_string(), "brightness: the value is out of range (allowed: 0..=100)");
    /// # Ok::<(), kvs::Error<kvs::sim::SimError>>(())
    /// ```
    pub async fn save<S: Settings>(&mut self, settings: &S) -> FlashResult<F, usize> {
        self.save_above(settings, &CodeDefaults).await
    }

    /// Saves what has changed, of settings that [`load_over`](Self::load_over) has loaded: as
    /// [`save`](Self::save), but that what the factory has given need not be stored.
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save).
    pub async fn save_over<S: Settings + Clone>(
        &mut self,
        settings: &S,
        factory: &Factory<S>,
    ) -> FlashResult<F, usize> {
        self.save_above(settings, factory).await
    }

    async fn save_above<S: Settings>(
        &mut self,
        settings: &S,
        base: &impl Base<S>,
    ) -> FlashResult<F, usize> {
        self.resume().await?;
        let mut outcomes = S::NO_OUTCOMES;
        let mut unsaved = base.settings();
        if self.has_old(S::TREE) {
            let (loaded, report) = self.read_above(base).await;
            unsaved = loaded;
            outcomes = report.outcomes;
            if self.has_unread() {
                let read = (
                    &base.settings() as &dyn Leaves,
                    &mut unsaved as &mut dyn Leaves,
                );
                self.leave_unread(settings, read, S::TREE, outcomes.as_mut())?;
            }
        }
        self.commit_batch(&mut Save {
            settings,
            unsaved: &mut unsaved,
            tree: S::TREE,
            outcomes: outcomes.as_ref(),
        })
        .await
    }

    /// Notes which settings a load could not read, at the slots of their keys: a save is to leave
    /// them alone. An old key is noted where all that it feeds could not be read. What can't be
    /// noted so makes a save of a default doubtful.
    fn note_unread(&mut self, tree: &'static Tree, outcomes: &[Outcome]) {
        let is_unread = |outcome: &Outcome| *outcome == Outcome::Rejected(Rejection::Unreadable);
        let any_unread = outcomes.iter().any(is_unread);
        if !any_unread && !self.has_unread() {
            return;
        }
        self.sectors.set(State::LoadFailed, false);
        for (hash, outcome) in tree.hashes.iter().zip(outcomes) {
            self.map.set_unread(*hash, is_unread(outcome));
        }
        let old_keys = tree.old.iter().map(|old| old.hash);
        for hash in old_keys.filter(|hash| !tree.hashes.contains(hash)) {
            let feeds = |leaf| {
                let mut same = tree.old.iter().filter(|old| old.hash == hash);
                same.any(|old| old.feeds(leaf))
            };
            let is_left = |(leaf, outcome): (usize, &Outcome)| {
                !feeds(leaf) || *outcome == Outcome::Loaded || is_unread(outcome)
            };
            let is_left = any_unread && outcomes.iter().enumerate().all(is_left);
            self.map.set_unread(hash, is_left);
        }
        for (leaf, _) in outcomes.iter().enumerate().filter(|(_, it)| is_unread(it)) {
            let mut sources = tree.old.iter().filter(|old| old.feeds(leaf));
            let is_noted =
                self.is_unread(tree.hash(leaf)) || sources.any(|old| self.is_unread(old.hash));
            if !is_noted || self.is_partial() {
                self.sectors.set(State::LoadFailed, true);
            }
        }
    }

    /// Whether the last load could not read something.
    fn has_unread(&self) -> bool {
        self.sectors.is(State::LoadFailed) || self.map.slots().iter().any(Slot::is_unread)
    }

    /// What the last load could not read, its own value or an old one, has the default where nobody
    /// has changed it: makes it so in `unsaved`, which has been read just now. An error where it is
    /// not known whether a default is meant.
    fn leave_unread(
        &mut self,
        settings: &dyn Leaves,
        (defaults, unsaved): (&dyn Leaves, &mut dyn Leaves),
        tree: &'static Tree,
        outcomes: &mut [Outcome],
    ) -> FlashResult<F> {
        for (leaf, outcome) in outcomes.iter_mut().enumerate() {
            let mut sources = tree.old.iter().filter(|old| old.feeds(leaf));
            let is_left = match self.is_stored(tree.hash(leaf)) {
                true => self.is_unread(tree.hash(leaf)),
                false => sources.any(|old| self.is_unread(old.hash)),
            };
            let is_base = matches!(*outcome, Outcome::Default | Outcome::Factory);
            let is_doubtful = !is_base && self.sectors.is(State::LoadFailed);
            if !is_left && !is_doubtful {
                continue;
            }
            let Ok(len) = defaults.encode(leaf, self.buffer) else {
                continue;
            };
            let bytes = self.buffer.get(..len).unwrap_or(&[]);
            if is_left {
                // What has just been encoded decodes.
                let _ = unsaved.decode(leaf, bytes);
                *outcome = Outcome::Default;
            } else if settings.holds(leaf, bytes) && !unsaved.holds(leaf, bytes) {
                return Err(Error::Rejected {
                    setting: Path::new(tree, leaf),
                    why: Rejection::Unreadable,
                });
            }
        }
        Ok(())
    }

    /// The value of one setting: what is stored, else what is migrated, else its default; what a
    /// [`load`](Self::load) gives. One flash read, or as many as its `migrate` rule has sources.
    /// Where it is the struct's own `migrate` that makes it, that is called for this one, and its
    /// sources are read.
    ///
    /// # Errors
    ///
    /// [`Rejected`](Error::Rejected) where what is stored does not decode or breaks the setting's
    /// rules; [`Corrupt`](Error::Corrupt), [`BufferTooSmall`](Error::BufferTooSmall),
    /// [`Flash`](Error::Flash).
    pub async fn get<T: DeserializeOwned + Send>(&mut self, key: Key<T>) -> FlashResult<F, T> {
        loop {
            if let Some(value) = self.get_stored(key).await? {
                return Ok(value);
            }
            let old = self.get_old(&key).await;
            if self.is_stale() {
                continue;
            }
            return match old {
                Ok(value) => Ok(value.unwrap_or_else(|| key.default_value())),
                Err(why) => Err(Error::Rejected {
                    setting: key.path(),
                    why,
                }),
            };
        }
    }

    /// The value of one setting if it is stored under its own key, without old ones and its
    /// default.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn get_stored<T: DeserializeOwned + Send>(
        &mut self,
        key: Key<T>,
    ) -> FlashResult<F, Option<T>> {
        self.check_owner(key.path())?;
        let place = self.find_stored(key.hash()).await;
        let Some(place) = place.map_err(|error| error.about(Some(key.path())))? else {
            return Ok(None);
        };
        let bytes = self.buffer.get(place).unwrap_or(&[]);
        let value = value::decode(bytes).and_then(|value| key.check(&value).map(|()| value));
        value.map(Some).map_err(|why| Error::Rejected {
            setting: key.path(),
            why,
        })
    }

    /// Stores one setting, a default too: it no longer follows a later firmware's default then. Like
    /// [`save`](Self::save), it decodes the value once, on the stack.
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save).
    pub async fn put<T: Serialize + DeserializeOwned + Sync>(
        &mut self,
        key: Key<T>,
        value: &T,
    ) -> FlashResult<F> {
        let change = key.set(value)?;
        self.commit(&[change]).await
    }

    /// Removes what is stored of one setting, old values too, so that it has its default; returns
    /// whether anything was.
    ///
    /// Other settings stay what they are, as with a [`reset`](Self::reset), and at its cost.
    ///
    /// # Errors
    ///
    /// Those of [`commit`](Store::commit).
    pub async fn remove<T>(&mut self, key: Key<T>) -> FlashResult<F, bool> {
        let path = key.path();
        let mut one = Removal {
            group: Group::new(path.tree(), path.leaf(), 1),
            keep: false,
        };
        self.commit_batch(&mut one)
            .await
            .map(|removed| removed != 0)
    }

    /// Factory reset: removes what is stored of a settings struct (`Thermostat::KEYS.group()`) or
    /// of a nested one (`Thermostat::KEYS.wifi.group()`), old values and retired ones too, as one
    /// atomic commit, but for settings marked `keep`; returns how many keys that changed. Load the
    /// struct anew afterwards.
    ///
    /// After it each setting that is not kept is its default, and all others are what they were.
    /// Where one old value feeds settings of both kinds, it is removed, and the same commit stores
    /// what is made of it under the own keys of those that stay. An old value that such a setting
    /// turns down is left where it is, for a firmware that can read it; as is what is another
    /// setting's own value. In front of these the default is stored.
    ///
    /// Each removed key takes 9 bytes and padding, and what is stored its entry, all of them in one
    /// sector, and a key slot each. Only for old values that feed both kinds are values read and
    /// made, once for each setting that they feed, and the commit is more than one program call
    /// then.
    ///
    /// # Errors
    ///
    /// Those of [`commit`](Store::commit). Nothing was changed then.
    pub async fn reset(&mut self, group: Group) -> FlashResult<F, usize> {
        self.commit_batch(&mut Removal { group, keep: true }).await
    }

    /// An error where the struct that the store was given first has a setting with the same key.
    #[inline(always)]
    pub(crate) fn check_owner(&mut self, setting: Path) -> Result<(), Rejected> {
        match self.first {
            Some(first) if core::ptr::eq(first, setting.tree()) => Ok(()),
            _ => self.check_another(setting),
        }
    }

    /// The same, of a setting of another struct than the first.
    #[inline(never)]
    fn check_another(&mut self, setting: Path) -> Result<(), Rejected> {
        let tree = setting.tree();
        match self.first {
            Some(first) if !first.hashes.contains(&setting.hash()) => {}
            Some(first) if !tree.is_version_of(first) => {
                let why = Rejection::SharedKey(first.name);
                return Err(Rejected { setting, why });
            }
            first => {
                if let Some(first) = first {
                    events::another_version(setting, first, tree);
                }
                self.first = Some(tree);
            }
        }
        Ok(())
    }

    /// Where in the store's buffer the stored bytes of a hashed key are.
    async fn find_stored(&mut self, hash: u32) -> FlashResult<F, Option<Range<usize>>> {
        loop {
            self.resume().await?;
            let place = self.stored_within(hash, self.buffer.len()).await;
            if !self.is_stale() {
                return place;
            }
        }
    }

    /// The stored bytes of a hashed key, in the store's buffer.
    pub(crate) async fn stored(&mut self, hash: u32) -> FlashResult<F, Option<&[u8]>> {
        let place = self.stored_within(hash, self.buffer.len()).await?;
        Ok(place.map(|place| self.buffer.get(place).unwrap_or(&[])))
    }

    /// Where in the store's buffer the stored bytes of a hashed key are; of the buffer, only the
    /// first `free` bytes are used.
    pub(crate) async fn stored_within(
        &mut self,
        hash: u32,
        free: usize,
    ) -> FlashResult<F, Option<Range<usize>>> {
        match self.live_place(hash).await? {
            Some(place) => self.stored_at(hash, place, free).await.map(Some),
            None => Ok(None),
        }
    }

    /// The same, of a value whose entry is at `place`.
    pub(crate) async fn stored_at(
        &mut self,
        hash: u32,
        place: Place,
        free: usize,
    ) -> FlashResult<F, Range<usize>> {
        let key = RawKey::Hash(hash);
        let found = self.reader(free).entry_of(&key, place).await;
        if let Err(Error::Corrupt { .. }) = found {
            self.doubt_summaries();
        }
        let found = found?;
        if !found.is_held(free) {
            let (needed, available) = (found.entry.size as usize, free);
            return Err(Error::BufferTooSmall { needed, available });
        }
        // The lookup left the entry at the front of the buffer.
        let start = found.entry.head.len() as usize;
        Ok(start..start.wrapping_add(found.value_len()))
    }
}
