//! A device under trial: goes through steps on a flash with faults, and is held to its promises after each.

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

use kvs::sim::{Fault, SimError, SimFlash};
use kvs::{Change, Error, Options, RawKey, SectorState, Store};

use super::promise::{Breach, Broken, Found, Loss, Promises, Value};
use super::scenario::{Ram, Step, name, value};
use super::seen::Seen;
use crate::{Call, Chip, Verdict};

pub(super) type Tested<'a, const W: usize, const E: usize> = Store<'a, Chip<W, E>>;

/// No step takes more calls of the flash; who does is going round in circles.
const MANY_CALLS: u64 = 5_000;

/// A state to begin trials from: right before a mount.
#[derive(Clone)]
pub(super) struct Start<const W: usize, const E: usize> {
    pub(super) step: usize,
    pub(super) flash: SimFlash<W, E>,
    pub(super) promises: Promises,
}

/// A fault that comes before a step, to stay.
pub(super) type Planted = (usize, Range<u32>, Fault);

/// What the calls of the flash are held to.
#[derive(Default)]
struct Watch {
    calls: Cell<u64>,
    /// A bit for each sector that is left alone until nothing else can be done.
    retired: Cell<u64>,
    rescues: Cell<u64>,
}

pub(super) struct Trial<const W: usize, const E: usize> {
    pub(super) chip: Chip<W, E>,
    pub(super) promises: Promises,
    pub(super) loss: Loss,
    /// What is unreadable may be readable another time.
    pub(super) heals: bool,
    /// There is more than one fault.
    pub(super) several: bool,
    keys: u8,
    pub(super) seen: Seen,
    watch: Rc<Watch>,
    /// The operations there were when a copy was last checked.
    checked: u64,
}

fn raw(key: u8) -> RawKey<'static> {
    name(key).map_or(RawKey::Hash(key.into()), RawKey::Name)
}

fn read<const W: usize, const E: usize>(store: &mut Tested<'_, W, E>, keys: u8) -> Vec<Found> {
    let get = |key| {
        let mut buffer = [0; 128];
        let len = store.get_bytes(raw(key), &mut buffer)?;
        Ok(len.map(|len| buffer[..len].to_vec()))
    };
    (0..keys).map(get).collect()
}

fn mount<'a, const W: usize, const E: usize>(
    chip: &Chip<W, E>,
    ram: &'a mut Ram,
) -> Result<Tested<'a, W, E>, Broken> {
    let end = chip.flash().image().len() as u32;
    let options = Options {
        wear_spread: 4,
        ..Options::DEFAULT
    };
    Store::mount(chip.clone(), 0..end, ram, options).map_err(|error| {
        let breach = match error {
            Error::Flash(_) => Breach::Unmounted,
            _ => Breach::Stuck,
        };
        Broken::new(breach, format!("does not mount: {error}"))
    })
}

impl<const W: usize, const E: usize> Trial<W, E> {
    /// Begins with what was promised of this flash; `see` is shown each call of it.
    pub(super) fn new(
        flash: SimFlash<W, E>,
        promises: Promises,
        mut see: impl FnMut(Call) + 'static,
    ) -> Self {
        let (chip, watch) = (Chip::new(flash), Rc::new(Watch::default()));
        let watched = watch.clone();
        chip.judge(move |call| {
            watched.calls.set(watched.calls.get() + 1);
            assert!(watched.calls.get() < MANY_CALLS, "a step without end");
            if let Call::Program(at, len) = call
                && (at as usize).is_multiple_of(E)
                && len > 2 * W.max(16)
            {
                // More than a header.
                watched.rescues.set(watched.rescues.get() + 1);
            }
            see(call);
            Verdict::Do
        });
        Self {
            chip,
            keys: promises.keys(),
            promises,
            loss: Loss::Nothing,
            heals: false,
            several: false,
            seen: Seen::default(),
            watch,
            checked: u64::MAX,
        }
    }

    /// Mounts, and takes what is found there for what holds.
    pub(super) fn mount<'a>(&mut self, ram: &'a mut Ram) -> Result<Tested<'a, W, E>, Broken> {
        self.watch.calls.set(0);
        self.watch.retired.set(0);
        let mut store = mount(&self.chip, ram)?;
        let found = self.look(&mut store, true)?;
        self.promises.settle(&found, self.heals);
        Ok(store)
    }

    /// Goes through `steps`, of which the first is number `from`, with a mount before. `start` is shown each state
    /// right before a mount, `done` each right after a step.
    pub(super) fn run(
        &mut self,
        (from, steps): (usize, &[Step]),
        planted: Option<&Planted>,
        mut start: impl FnMut(usize, &Self),
        mut done: impl FnMut(&Self),
    ) -> Result<(), Broken> {
        let mut steps = steps.iter().zip(from..).peekable();
        while let Some((_, next)) = steps.peek() {
            start(*next, self);
            let mut ram = Ram::new();
            let mut store = self.mount(&mut ram)?;
            for (step, number) in steps.by_ref() {
                if let Some((at, range, fault)) = planted
                    && *at == number
                {
                    self.chip.flash().fault_at(range.clone(), *fault);
                }
                let remount = self.step(&mut store, step)?;
                self.check(&mut store)?;
                self.check_copy()?;
                done(self);
                if remount {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Does a step; whether a mount is to follow.
    fn step(&mut self, store: &mut Tested<'_, W, E>, step: &Step) -> Result<bool, Broken> {
        match step {
            Step::Remount => return Ok(true),
            Step::Maintain(calls) => {
                for _ in 0..*calls {
                    self.watch.calls.set(0);
                    if let Err(error) = store.maintain() {
                        expected(error)?;
                    }
                }
            }
            Step::Commit(changes) => {
                let _ = self.commit(store, changes)?;
            }
        }
        // So that never many refused commits are undecided.
        Ok(self.promises.undecided() > 5)
    }

    /// Commits, and tells how that went.
    pub(super) fn commit(
        &mut self,
        store: &mut Tested<'_, W, E>,
        changes: &[(u8, Option<u8>)],
    ) -> Result<Result<(), Error<SimError>>, Broken> {
        self.watch.calls.set(0);
        let number = self.promises.next();
        let change =
            |(key, len): &(u8, Option<u8>)| (*key, len.map(|len| value(number, *key, len)));
        let changes: Vec<(u8, Value)> = changes.iter().map(change).collect();
        let list: Vec<_> = changes
            .iter()
            .map(|(key, value)| match value {
                Some(value) => Change::put(raw(*key), value),
                None => Change::delete(raw(*key)),
            })
            .collect();
        let result = store.commit(&list);
        drop(list);
        self.seen.most_calls = self.seen.most_calls.max(self.watch.calls.get());
        match result {
            Ok(()) => {
                self.promises.acknowledge(changes);
                self.seen.acknowledged += 1;
            }
            // Then nothing was programmed for it.
            Err(Error::Full { .. }) => self.seen.full += 1,
            Err(error) => {
                expected(error)?;
                self.promises.refuse(changes);
                self.seen.refused += 1;
            }
        }
        Ok(result)
    }

    /// The store has what it acknowledged. What it has retired is not counted as room.
    pub(super) fn check(&mut self, store: &mut Tested<'_, W, E>) -> Result<(), Broken> {
        if self.watch.rescues.get() != 0 {
            self.seen.rescues += self.watch.rescues.take();
            // Should that have failed, something is lost, and known to be.
            self.loss = Loss::Any;
        }
        // Of several faults at once, a store that is left without a spare sector mounts itself anew.
        self.look(store, self.several)?;
        let stats = store.stats();
        let sectors = store.sectors();
        let retired = sectors.filter(|sector| sector.state == SectorState::Retired);
        let retired = retired.fold(0, |bits, sector| bits | 1 << sector.index);
        let before = self.watch.retired.replace(retired);
        self.seen.retired += u64::from((retired & !before).count_ones());
        // An opening takes some of it, and a commit leaves room for a mark.
        let payload = stats.capacity / stats.sectors as u32 - 2 * 11u32.next_multiple_of(W as u32);
        let usable = (stats.sectors - stats.retired_sectors) as u32;
        let room = (payload * usable.saturating_sub(1)).saturating_sub(stats.live);
        if stats.retired_sectors != retired.count_ones() as usize {
            return Err(Broken::new(
                Breach::Stuck,
                "a sector is retired and not counted",
            ));
        }
        if stats.available != room {
            let what = format!("{} bytes instead of {room} are available", stats.available);
            return Err(Broken::new(Breach::Stuck, what));
        }
        Ok(())
    }

    /// A store that is mounted just now, with the faults that there are, has what was acknowledged.
    pub(super) fn check_copy(&mut self) -> Result<(), Broken> {
        let copy = self.chip.flash().clone();
        if core::mem::replace(&mut self.checked, copy.operations()) == copy.operations() {
            return Ok(());
        }
        let chip = Chip::new(copy);
        let mut ram = Ram::new();
        let mut store = mount(&chip, &mut ram)?;
        self.look(&mut store, true)?;
        Ok(())
    }

    /// Compares what a store gives, just mounted or not, with what was promised.
    fn look(&mut self, store: &mut Tested<'_, W, E>, mounted: bool) -> Result<Vec<Found>, Broken> {
        let found = read(store, self.keys);
        let is_unreadable = |found: &Found| matches!(found, Err(Error::Flash(_)));
        if self.several && found.iter().all(is_unreadable) {
            return Err(Broken::new(Breach::Unmounted, "no header can be read"));
        }
        let noticed = store.stats().corrupt != 0;
        let missing = self.promises.check(&found, self.loss, (mounted, noticed))?;
        self.seen.missing += missing;
        if mounted && self.loss == Loss::Nothing {
            match self.promises.check_whole(&found) {
                Err(_) if self.several => self.seen.halves += 1,
                result => result?,
            }
        }
        Ok(found)
    }

    /// The flash is sound again: all is still there, and each value can be replaced.
    pub(super) fn recover(&mut self) -> Result<(), Broken> {
        self.chip.flash().clear_faults();
        let mut ram = Ram::new();
        let mut store = self.mount(&mut ram)?;
        for (key, len) in self.promises.stored() {
            if let Err(error) = self.commit(&mut store, &[(key, Some(len))])? {
                if self.seen.missing != 0 {
                    self.seen.crowded += 1;
                    break;
                }
                let mut sectors = store.sectors();
                let spare = [SectorState::Dead, SectorState::Ready];
                if self.several && !sectors.any(|sector| spare.contains(&sector.state)) {
                    self.seen.jammed += 1;
                    break;
                }
                drop(sectors);
                let what = format!("sound again, and {error:?}: {:?}", store.stats());
                return Err(Broken::new(Breach::Stuck, what));
            }
        }
        self.check(&mut store)?;
        self.check_copy()
    }
}

/// Only what the flash says, or a lack of room, is a reason to fail.
fn expected(error: Error<SimError>) -> Result<(), Broken> {
    match error {
        Error::Flash(_) | Error::NotBlank { .. } | Error::VerifyFailed { .. } => Ok(()),
        Error::Full { .. } => Ok(()),
        _ => Err(Broken::new(Breach::Stuck, format!("{error:?}"))),
    }
}
