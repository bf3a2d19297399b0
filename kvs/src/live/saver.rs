//! The saver: it owns the store, brings what is stored into a [`Live`], and stores what was changed
//! there.

use embassy_sync::blocking_mutex::raw::RawMutex;

use super::store::Store;
use super::{NorFlash, bisync};
use crate::checksum::{Checksum, Crc32c};
use crate::error::Error;
use crate::live::{Live, Next, Policy, SaveError, Schedule, Work};
use crate::settings::{Base, CodeDefaults, Factory, Group, Report, Settings};
use crate::stats::Maintenance;

#[bisync]
/// Stores what is changed in a [`Live`]: when the [`Policy`] says so, at once when it is asked to, a
/// commit for all that was changed until then.
///
/// A save writes what was changed, and reads nothing of what was not: one program call where that
/// fits the store's buffer. What is changed while it is under way is saved after it. Where a save
/// fails, or the power does, or its future is dropped, each commit is there whole or not at all, and
/// what was changed stays to be saved.
///
/// ```
/// use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
/// use kvs::live::{Live, Next, Policy};
/// use kvs::{Options, Resources, Saver, Settings, Store, sim::presets};
///
/// #[derive(Clone, Settings)]
/// struct Lamp {
///     #[setting(default = 80, range = 0..=100)]
///     brightness: u8,
/// }
///
/// static LAMP: Live<CriticalSectionRawMutex, Lamp, 4> = Live::new();
///
/// # let flash = presets::nrf52840();
/// let mut resources = Resources::<8, 8, 64>::for_settings::<Lamp>();
/// let store = Store::mount(flash, 0..8 * 4096, &mut resources, Options::DEFAULT)?;
/// let mut saver = Saver::new(&LAMP, store, Policy::DEFAULT);
/// let report = saver.load();
/// assert!(report.is_first_boot());
///
/// // The main loop. Nobody changes anything for a while: sectors are erased ahead.
/// let mut now = 0; // milliseconds
/// while saver.poll(now)? != Next::OnChange {}
///
/// // Somebody, perhaps an interrupt, turns a knob.
/// LAMP.set(Lamp::KEYS.brightness, &40)?;
/// assert_eq!(saver.poll(now)?, Next::At(1_000));
/// now = 900;
/// LAMP.set(Lamp::KEYS.brightness, &41)?;
/// assert_eq!(saver.poll(now)?, Next::At(1_900));
/// now = 1_900;
/// saver.poll(now)?;
/// assert!(LAMP.is_saved());
/// assert_eq!(saver.store().get(Lamp::KEYS.brightness)?, 41);
/// # Ok::<(), kvs::Error<kvs::sim::SimError>>(())
/// ```
pub struct Saver<
    'a,
    M: RawMutex,
    S: Settings,
    F,
    const WAITERS: usize,
    C = Crc32c,
    B = CodeDefaults,
> {
    live: &'a Live<M, S, WAITERS>,
    store: Store<'a, F, C>,
    schedule: Schedule,
    /// What stands under what is stored.
    base: B,
    /// Whether the store has nothing to maintain.
    is_maintained: bool,
}

#[bisync]
impl<'a, M: RawMutex, S: Settings + Clone, F: NorFlash, const WAITERS: usize, C: Checksum>
    Saver<'a, M, S, F, WAITERS, C>
{
    /// The saver of these settings, in this store. Reads and writes nothing yet.
    pub const fn new(
        live: &'a Live<M, S, WAITERS>,
        store: Store<'a, F, C>,
        policy: Policy,
    ) -> Self {
        Self {
            live,
            store,
            schedule: Schedule::new(policy),
            base: CodeDefaults,
            is_maintained: false,
        }
    }

    /// The saver of settings some of which the [`Factory`] has given: what is not stored is what the
    /// factory has given, also after a reset. The saver holds a copy of these settings.
    pub fn over(
        live: &'a Live<M, S, WAITERS>,
        store: Store<'a, F, C>,
        policy: Policy,
        factory: Factory<S>,
    ) -> Saver<'a, M, S, F, WAITERS, C, Factory<S>> {
        Saver {
            live,
            store,
            schedule: Schedule::new(policy),
            base: factory,
            is_maintained: false,
        }
    }
}

#[bisync]
impl<
    'a,
    M: RawMutex,
    S: Settings + Clone,
    F: NorFlash,
    const WAITERS: usize,
    C: Checksum,
    B: Base<S>,
> Saver<'a, M, S, F, WAITERS, C, B>
{
    /// Loads the settings, and tells who waits for those that are others than before. What was
    /// changed before, and is not stored, stays as it was changed. See
    /// [`Store::load`](crate::Store::load).
    pub async fn load(&mut self) -> Report<S::Outcomes> {
        let (settings, report) = self.store.load_above(&self.base).await;
        let taken = self.live.loaded(&settings);
        debug_assert!(taken.is_ok(), "no closure of `with` is under way");
        report
    }

    /// Does what is to be done at `now`, in milliseconds of any clock that never goes back: saves
    /// what was changed, if it is time to; resets what a [`Live::reset`] asks for; or makes one step of
    /// maintenance. Returns when there is something to do again. Call it as often as you like:
    /// it costs nothing while there is nothing to do.
    ///
    /// Costs in flash what a save does, and the erases and moves that make room for it; a step of
    /// maintenance is one erase, or the move of one entry.
    ///
    /// # Errors
    ///
    /// Those of [`Store::save`](crate::Store::save) and [`Store::maintain`](crate::Store::maintain).
    /// What was to be saved stays to be saved, and is tried again later: to go on, call this again.
    pub async fn poll(&mut self, now: u64) -> Result<Next, Error<F::Error>> {
        let work = self.live.work();
        let next = self.schedule.next(now, work);
        if next == Next::Now {
            self.serve(now, work).await?;
            return Ok(Next::Now);
        }
        if self.is_maintained || !self.schedule.policy.maintain {
            return Ok(next);
        }
        match self.store.maintain().await {
            Ok(Maintenance::Idle) => {
                self.is_maintained = true;
                Ok(next)
            }
            Ok(_) => Ok(Next::Now),
            Err(error) => {
                // Not again until something has been written.
                self.is_maintained = true;
                Err(error)
            }
        }
    }

    /// Saves at once what was changed, whatever the policy says of time and wear: before a reset, or
    /// before the power is taken away. Returns how many settings that were.
    ///
    /// # Errors
    ///
    /// Those of [`Store::save`](crate::Store::save). What was to be saved stays to be saved.
    pub async fn flush(&mut self) -> Result<usize, Error<F::Error>> {
        let (settings, flags) = self.live.to_save();
        self.is_maintained = false;
        let base = &self.base;
        let saved = self.store.save_edited(&settings, base, &flags).await?;
        self.live.saved(&settings, &flags);
        Ok(saved)
    }

    /// Factory reset of these settings, as [`Store::reset`](crate::Store::reset) does it; then they
    /// are loaded anew. What was changed of them and not saved is forgotten, but for settings marked
    /// `keep`. Returns how many keys that changed in flash.
    ///
    /// # Errors
    ///
    /// Those of [`Store::reset`](crate::Store::reset). Nothing was changed then.
    pub async fn reset(&mut self, group: Group) -> Result<usize, Error<F::Error>> {
        self.is_maintained = false;
        let removed = self.store.reset_edited(&self.base, group).await?;
        self.live.forget(group);
        self.load().await;
        Ok(removed)
    }

    /// The store, for what else there is to do with it: [`confirm`](crate::Store::confirm), raw keys,
    /// [`stats`](crate::Store::stats). What is put there of these settings is not seen in the
    /// [`Live`] before the next [`load`](Self::load).
    pub const fn store(&mut self) -> &mut Store<'a, F, C> {
        &mut self.store
    }

    /// The settings.
    pub const fn live(&self) -> &'a Live<M, S, WAITERS> {
        self.live
    }

    /// When to save, from now on.
    pub const fn set_policy(&mut self, policy: Policy) {
        self.schedule.policy = policy;
    }

    /// When to save.
    pub const fn policy(&self) -> &Policy {
        &self.schedule.policy
    }

    /// Resets and saves what there is to, and answers those who have asked for it.
    async fn serve(&mut self, now: u64, work: Work) -> Result<(), Error<F::Error>> {
        match self.reset_and_flush(work).await {
            Ok(keys) => {
                let endurance = self.schedule.policy.wear.endurance;
                let (kilobytes, entry) = self.store.endurance_left(endurance);
                let bytes = entry.saturating_mul(keys as u32);
                self.schedule.saved(now, kilobytes, bytes);
                self.live.answer(work, None);
                Ok(())
            }
            Err(error) => {
                self.failed(now, work, SaveError::of(&error));
                Err(error)
            }
        }
    }

    async fn reset_and_flush(&mut self, work: Work) -> Result<usize, Error<F::Error>> {
        let removed = match self.live.to_reset(work) {
            Some(group) => self.reset(group).await?,
            None => 0,
        };
        let saved = self.flush().await?;
        Ok(removed.saturating_add(saved))
    }

    /// Notes that `work` could not be done, and answers those who have asked for it.
    pub(super) fn failed(&mut self, now: u64, work: Work, why: SaveError) {
        self.schedule.failed(now);
        self.live.answer(work, Some(why));
    }
}
