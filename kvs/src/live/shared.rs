//! [`Live`]: settings that tasks and interrupts share.

use core::cell::RefCell;
use core::ops::Range;
use core::task::Waker;

use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::RawMutex;

use super::error::WatchError;
use super::request::Request;
use super::state::State;
use super::waiter::Waiting;
use super::watch::Watch;
use crate::change::EncodeError;
use crate::settings::{Group, Part, Path, Rejected, Rejection, Settings, flags};

/// The settings of a running device, which tasks and interrupts share.
///
/// `M` is one of `embassy-sync`'s raw mutexes: `CriticalSectionRawMutex` where interrupts take part,
/// `ThreadModeRawMutex` or `NoopRawMutex` where they don't. `WAITERS` is how many may wait at a time:
/// each [`Watch`] takes a place, and each [`flush`](Self::flush) and [`reset`](Self::reset) while it
/// is awaited.
///
/// Until [`Saver::load`](crate::Saver::load) has brought what is stored, each setting has its
/// default; what is changed before then stays changed.
///
/// RAM: the settings, a bit for each, 24 bytes and 12 for each of the `WAITERS` on a 32-bit part.
/// The mutex is held while the settings are copied or one of them is compared, never while a closure
/// of yours changes them.
///
/// ```
/// use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
/// use kvs::Settings;
/// use kvs::live::Live;
///
/// #[derive(Clone, Settings)]
/// struct Lamp {
///     #[setting(default = 80, range = 0..=100)]
///     brightness: u8,
///     #[setting(default = 2700)]
///     kelvin: u16,
/// }
///
/// static LAMP: Live<CriticalSectionRawMutex, Lamp, 4> = Live::new();
///
/// assert_eq!(LAMP.with(|lamp| lamp.brightness), 80);
///
/// LAMP.edit(|lamp| {
///     lamp.brightness = 40;
///     lamp.kelvin = 4000;
/// })?;
/// LAMP.set(Lamp::KEYS.kelvin, &3000)?;
/// assert_eq!(LAMP.get(Lamp::KEYS.kelvin)?, 3000);
///
/// // All of an edit is taken, or none of it.
/// let error = LAMP
///     .edit(|lamp| {
///         lamp.kelvin = 6000;
///         lamp.brightness = 101;
///     })
///     .unwrap_err();
/// assert_eq!(error.to_string(), "brightness: the value is out of range (allowed: 0..=100)");
/// assert_eq!(LAMP.with(|lamp| lamp.kelvin), 3000);
/// # Ok::<(), kvs::Rejected>(())
/// ```
pub struct Live<M: RawMutex, S: Settings, const WAITERS: usize> {
    state: Mutex<M, RefCell<State<S, WAITERS>>>,
}

impl<M: RawMutex, S: Settings, const WAITERS: usize> Live<M, S, WAITERS> {
    const HAS_FEW_ENOUGH: () = assert!(
        S::COUNT <= i16::MAX as usize,
        "`Live` takes up to 32,767 settings"
    );

    /// Settings at their defaults, nothing of which is stored yet.
    #[must_use]
    pub const fn new() -> Self {
        let () = Self::HAS_FEW_ENOUGH;
        Self {
            state: Mutex::new(RefCell::new(State::new())),
        }
    }

    /// Calls `read` with the settings, and returns what it returns. They don't change meanwhile: the
    /// mutex is held, so `read` has to be short. It must not change them, either: that is
    /// [refused](Rejection::BeingRead).
    pub fn with<R>(&self, read: impl FnOnce(&S) -> R) -> R {
        self.begin();
        self.state.lock(|state| {
            let state = state.try_borrow();
            match state
                .as_ref()
                .ok()
                .and_then(|state| state.settings.as_ref())
            {
                Some(settings) => read(settings),
                None => {
                    debug_assert!(
                        false,
                        "settings are never changed by more than one at a time"
                    );
                    read(&S::defaults())
                }
            }
        })
    }

    /// A copy of all settings.
    pub fn snapshot(&self) -> S
    where
        S: Clone,
    {
        self.with(S::clone)
    }

    /// Changes settings: calls `edit` with a copy of them, checks it against each setting's `range`
    /// and `validate`, and takes all of it or nothing. Who waits for one of the settings that
    /// changed is told, and the saver will store them.
    ///
    /// `edit` may be called again, with the newest settings, where somebody else has changed them
    /// meanwhile. It takes no longer with the mutex held than copying the settings, and comparing
    /// one of them, take; a copy of the settings is on the stack, and the bytes of the longest of
    /// them.
    ///
    /// # Errors
    ///
    /// The first setting, in the order of the struct, whose rules turn its value down. Nothing was
    /// changed then.
    pub fn edit<R>(&self, edit: impl FnMut(&mut S) -> R) -> Result<R, Rejected>
    where
        S: Clone,
    {
        self.edit_some(0..S::COUNT, edit)
    }

    /// The value of one setting (`live.get(Thermostat::KEYS.wifi.channel)`), of a nested struct
    /// (`KEYS.wifi`) or of all.
    ///
    /// # Errors
    ///
    /// Where the key is [another struct's](Rejection::AnotherStruct).
    pub fn get<P: Part>(&self, part: P) -> Result<P::Value, Rejected>
    where
        P::Value: Clone,
    {
        self.check(part)?;
        self.part(part).ok_or_else(|| Self::not_ours(part))
    }

    /// Changes one setting, a nested struct or all, as [`edit`](Self::edit) does. Of other settings,
    /// none is looked at.
    ///
    /// # Errors
    ///
    /// Where `value` breaks a setting's rules, or the key is [another
    /// struct's](Rejection::AnotherStruct). Nothing was changed then.
    pub fn set<P: Part>(&self, part: P, value: &P::Value) -> Result<(), Rejected>
    where
        P::Value: Clone,
        S: Clone,
    {
        self.check(part)?;
        let leaves = part.group().settings();
        let first = leaves.start;
        self.edit_some(leaves, |settings| {
            let own = settings.part_mut(first, core::any::TypeId::of::<P::Value>());
            match own.and_then(|own| own.downcast_mut()) {
                Some(own) => {
                    *own = value.clone();
                    Ok(())
                }
                None => Err(Self::not_ours(part)),
            }
        })?
    }

    /// Counts up whenever something is changed, for code that polls: what has not changed since then
    /// needs no second look.
    pub fn version(&self) -> u32 {
        self.read_state(|state| state.version).unwrap_or_default()
    }

    /// Whether all that was changed is stored.
    pub fn is_saved(&self) -> bool {
        let is_empty = |state: &State<S, WAITERS>| flags::is_empty(state.unsaved.as_ref());
        self.read_state(is_empty).unwrap_or_default()
    }

    /// Waits for changes of one setting, of a nested struct or of all: see [`Watch`]. Changes from
    /// now on count.
    ///
    /// # Errors
    ///
    /// Where all places of those who wait are taken, or the key is [another
    /// struct's](Rejection::AnotherStruct).
    pub fn watch<P: Part>(&self, part: P) -> Result<Watch<'_, M, S, P, WAITERS>, WatchError>
    where
        P::Value: Clone,
    {
        self.check(part)?;
        let waiting = Waiting::changes_of(part.group());
        let place = self.change_state(|state| state.enter(waiting)).flatten();
        let place = place.ok_or(WatchError::TooManyWaiters { max: WAITERS })?;
        Ok(Watch::new(self, part, place))
    }

    /// Asks the saver to store all that was changed until now, without waiting for the time that its
    /// [`Policy`](super::Policy) sets, and waits until it has: it is in flash when this returns. It
    /// still waits for the wear budget, and after a save that failed for the next try.
    ///
    /// Comes to no end where no saver [runs](crate::asynch::Saver::run) or is
    /// [polled](crate::Saver::poll). May be dropped: the saver stores it all the same. Where all places of those who
    /// wait are taken, it is polled again and again.
    pub fn flush(&self) -> Request<'_, M, S, WAITERS> {
        Request::new(self, None)
    }

    /// Asks the saver for a factory reset of these settings: what
    /// [`Store::reset`](crate::Store::reset) does. They are at their defaults, or at what the
    /// factory has given them, when this returns.
    ///
    /// See [`flush`](Self::flush) for who does it and when.
    pub fn reset(&self, group: Group) -> Request<'_, M, S, WAITERS> {
        Request::new(self, Some(group))
    }

    /// An error where `part` is of another settings struct.
    fn check<P: Part>(&self, part: P) -> Result<(), Rejected> {
        if core::ptr::eq(part.group().tree, S::TREE) {
            Ok(())
        } else {
            Err(Self::not_ours(part))
        }
    }

    fn not_ours<P: Part>(part: P) -> Rejected {
        let group = part.group();
        Rejected {
            setting: Path::new(group.tree, group.settings().start),
            why: Rejection::AnotherStruct(S::TREE.name),
        }
    }

    /// The value of a part.
    pub(super) fn part<P: Part>(&self, part: P) -> Option<P::Value>
    where
        P::Value: Clone,
    {
        let first = part.group().settings().start;
        self.with(|settings| {
            let own = settings.part(first, core::any::TypeId::of::<P::Value>())?;
            own.downcast_ref().cloned()
        })
    }

    /// Changes settings, those of `leaves` alone.
    fn edit_some<R>(
        &self,
        leaves: Range<usize>,
        mut edit: impl FnMut(&mut S) -> R,
    ) -> Result<R, Rejected>
    where
        S: Clone,
    {
        loop {
            let (mut settings, version) = self.copy();
            let result = edit(&mut settings);
            let mut changed = S::NO_FLAGS;
            self.compare(&settings, leaves.clone(), changed.as_mut())?;
            if self.replace(settings, version, &changed, true)? {
                return Ok(result);
            }
        }
    }

    /// A copy of the settings, and its version.
    pub(crate) fn copy(&self) -> (S, u32)
    where
        S: Clone,
    {
        // In this order: a change in between makes the version too old, and is noticed.
        let version = self.version();
        (self.snapshot(), version)
    }

    /// Notes in `changed` which of these settings are others than those that are here.
    pub(crate) fn compare(
        &self,
        settings: &S,
        leaves: Range<usize>,
        changed: &mut [u8],
    ) -> Result<(), Rejected> {
        let mut scratch = S::SCRATCH;
        for leaf in leaves {
            let encoded = settings.encode(leaf, scratch.as_mut());
            let len = encoded.map_err(|error| rejected::<S>(leaf, error))?;
            let bytes = scratch.as_ref().get(..len).unwrap_or(&[]);
            if !self.with(|own| own.holds(leaf, bytes)) {
                flags::set(changed, leaf, true);
            }
        }
        Ok(())
    }

    /// Takes in new settings, unless they have been changed since `version`. Those of `changed` are
    /// others than before; whether that is still to be stored.
    pub(crate) fn replace(
        &self,
        settings: S,
        version: u32,
        changed: &S::Flags,
        is_unsaved: bool,
    ) -> Result<bool, Rejected> {
        let replaced = self.change_state(|state| {
            if state.version != version {
                return None;
            }
            if is_unsaved {
                flags::add(state.unsaved.as_mut(), changed.as_ref());
            }
            // What was there before is dropped outside of the mutex.
            Some(state.replace(settings, changed.as_ref()))
        });
        match replaced {
            Some(Some(_before)) => {}
            Some(None) => return Ok(false),
            None => {
                let leaf = flags::leaves(changed.as_ref()).next().unwrap_or_default();
                return Err(Rejected {
                    setting: Path::new(S::TREE, leaf),
                    why: Rejection::BeingRead,
                });
            }
        }
        self.wake();
        if is_unsaved && !flags::is_empty(changed.as_ref()) {
            self.wake_saver();
        }
        Ok(true)
    }

    /// Makes the defaults where that has not been done.
    fn begin(&self) {
        if self.read_state(|state| state.settings.is_none()) != Some(true) {
            return;
        }
        let defaults = S::defaults();
        self.change_state(|state| {
            if state.settings.is_none() {
                state.settings = Some(defaults);
                None
            } else {
                Some(defaults)
            }
        });
    }

    /// Wakes all that there is news for.
    pub(super) fn wake(&self) {
        while let Some(waker) = self.change_state(State::next_to_wake).flatten() {
            waker.wake();
        }
    }

    pub(super) fn wake_saver(&self) {
        let waker = self.change_state(|state| state.requests.saver.take());
        if let Some(waker) = waker.flatten() {
            waker.wake();
        }
    }

    /// `None` only while a closure of [`with`](Self::with) calls this.
    pub(super) fn change_state<R>(
        &self,
        change: impl FnOnce(&mut State<S, WAITERS>) -> R,
    ) -> Option<R> {
        self.state.lock(|state| {
            let state = state.try_borrow_mut();
            state.ok().map(|mut state| change(&mut state))
        })
    }

    pub(super) fn read_state<R>(&self, read: impl FnOnce(&State<S, WAITERS>) -> R) -> Option<R> {
        self.state.lock(|state| {
            let state = state.try_borrow();
            state.ok().map(|state| read(&state))
        })
    }

    /// Has the saver woken when something is changed or asked for.
    pub(crate) fn set_saver(&self, waker: Waker) {
        // The one before is dropped outside of the mutex.
        let _before = self.change_state(|state| state.requests.saver.replace(waker));
    }
}

impl<M: RawMutex, S: Settings, const WAITERS: usize> Default for Live<M, S, WAITERS> {
    fn default() -> Self {
        Self::new()
    }
}

/// That a setting can't be encoded.
fn rejected<S: Settings>(leaf: usize, error: EncodeError) -> Rejected {
    Rejected {
        setting: Path::new(S::TREE, leaf),
        why: match error {
            EncodeError::Rejected(why) => why,
            EncodeError::TooLong(_) => Rejection::TooLong,
            EncodeError::Unencodable => Rejection::NotReadBack,
        },
    }
}
