//! When a saver saves: what its user chooses, and the moment that comes of it.

use super::saving::Work;

/// A day in seconds.
const DAY_S: u32 = 24 * 60 * 60;

/// When a [`Saver`](crate::Saver) stores what was changed. Times are milliseconds.
///
/// ```
/// use kvs::live::Policy;
///
/// let policy = Policy {
///     quiet_ms: 5_000,
///     ..Policy::DEFAULT
/// };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Policy {
    /// Save when nothing has changed for this long: a knob that is turned costs one commit, not one
    /// for each step.
    pub quiet_ms: u32,
    /// Save this long after the first change, though there are always new ones.
    pub latest_ms: u32,
    /// After a save that failed, wait for this long, and twice as long each time that it fails
    /// again, up to 64 times.
    pub retry_ms: u32,
    /// Drop a call of the flash driver that takes longer than this; 0: wait for ever. For
    /// [`run`](crate::asynch::Saver::run) alone. It has to be longer than a mount and a usual commit
    /// take, and the driver must stand it: see
    /// [`asynch`](crate::asynch#dropping-a-future).
    pub timeout_ms: u32,
    /// How much wear saving may cause.
    pub wear: Wear,
    /// Call [`maintain`](crate::Store::maintain) while there is nothing to save, so that a save need
    /// not wait for an erase.
    pub maintain: bool,
}

impl Policy {
    /// After a second without changes, at the latest after ten; again after a second; no time limit;
    /// [`Wear::DEFAULT`]; with maintenance.
    pub const DEFAULT: Self = Self {
        quiet_ms: 1_000,
        latest_ms: 10_000,
        retry_ms: 1_000,
        timeout_ms: 0,
        wear: Wear::DEFAULT,
        maintain: true,
    };
}

impl Default for Policy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The wear that saving may cause: the flash is to last for `days` from now, whatever changes how
/// often.
///
/// Each commit is charged with its share of the bytes that the flash still takes
/// ([`Stats::expected_commits_left`](crate::Stats::expected_commits_left)). As long as no more is used than time has passed, commits go
/// through at once; `burst_days` may be used ahead of time. A setting that a bug changes a thousand
/// times a second is saved as often as this allows, and no value is lost but those in between.
///
/// With the defaults, on a part of eight pages of 4 KiB, that is a commit of 16 bytes each 15
/// seconds, for ever, and 5,600 of them in one go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Wear {
    /// The erases that a sector stands, from the part's data sheet.
    pub endurance: u32,
    /// How long the flash is to last.
    pub days: u16,
    /// What may be used in one go.
    pub burst_days: u16,
}

impl Wear {
    /// 10,000 erases in ten years, a day's worth in one go.
    pub const DEFAULT: Self = Self {
        endurance: 10_000,
        days: 3_650,
        burst_days: 1,
    };

    /// No limit.
    pub const UNLIMITED: Self = Self {
        endurance: u32::MAX,
        days: 0,
        burst_days: 0,
    };

    /// What a commit of `bytes` is charged with, in milliseconds: their share of the time that the
    /// flash has to last for, where it still takes so many `kilobytes`.
    fn charge(&self, kilobytes: u32, bytes: u32) -> u32 {
        let seconds = DAY_S.saturating_mul(self.days.into());
        let charge = seconds.checked_div(kilobytes).unwrap_or(seconds);
        // Seconds a kilobyte are about milliseconds a byte.
        charge.saturating_mul(bytes)
    }
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Next {
    /// There is more to do: call again.
    Now,
    /// There is something to do at this time.
    At(u64),
    /// There is nothing to do until something is changed or asked for.
    OnChange,
}

/// The moment of the next save.
#[derive(Clone, Copy)]
pub(crate) struct Schedule {
    pub(crate) policy: Policy,
    /// What there was to do when this was asked last.
    known: Option<Work>,
    first_change: u64,
    last_change: u64,
    /// Not before this, after a failure.
    retry: u64,
    failures: u32,
    /// What has been used of the flash: until then, at the rate that it may be.
    used: u64,
}

impl Schedule {
    pub(crate) const fn new(policy: Policy) -> Self {
        Self {
            policy,
            known: None,
            first_change: 0,
            last_change: 0,
            retry: 0,
            failures: 0,
            used: 0,
        }
    }

    /// When to save, there being `work` to do.
    pub(crate) fn next(&mut self, now: u64, work: Work) -> Next {
        let was_unsaved = self.known.is_some_and(|known| known.is_unsaved);
        if work.is_unsaved && !was_unsaved {
            self.first_change = now;
        }
        if self.known.is_none_or(|known| known.version != work.version) {
            self.last_change = now;
        }
        self.known = Some(work);
        if !work.is_unsaved && !work.is_asked {
            return Next::OnChange;
        }
        let quiet = self.last_change.saturating_add(self.policy.quiet_ms.into());
        let latest = self
            .first_change
            .saturating_add(self.policy.latest_ms.into());
        let wanted = if work.is_asked {
            now
        } else {
            quiet.min(latest)
        };
        let burst_s = u64::from(DAY_S).wrapping_mul(self.policy.wear.burst_days.into());
        let burst = burst_s.wrapping_mul(1000);
        let allowed = self.used.saturating_sub(burst);
        let due = wanted.max(self.retry).max(allowed);
        if due <= now { Next::Now } else { Next::At(due) }
    }

    /// What was to be saved at `now` is: so many `bytes`, where the flash still takes so many
    /// `kilobytes`.
    pub(crate) fn saved(&mut self, now: u64, kilobytes: u32, bytes: u32) {
        self.failures = 0;
        self.retry = 0;
        self.first_change = now;
        let charge = self.policy.wear.charge(kilobytes, bytes);
        self.used = self.used.max(now).saturating_add(charge.into());
    }

    /// The save at `now` failed.
    pub(crate) fn failed(&mut self, now: u64) {
        let wait = u64::from(self.policy.retry_ms) << self.failures.min(6);
        self.failures = self.failures.saturating_add(1);
        self.retry = now.saturating_add(wait);
    }
}
