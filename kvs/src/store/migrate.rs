//! Old keys in a store: from what an older firmware stored to what a setting is now.
//!
//! Reads the sources of a rule into the buffer and hands their bytes to the generated code; what it
//! makes of them is in RAM only.

use core::ops::Range;

use super::typed::why;
use super::{Driver, NorFlash, Store, bisync};
use crate::bytes::move_within;
use crate::change::EncodeError;
use crate::checksum::Checksum;
use crate::engine::{Engine, Fault, Job};
use crate::settings::{Key, Leaves, Old, Outcome, Path, Rejection, Sources, Tree};

/// The most old values that one rule takes.
pub(crate) const MAX_SOURCES: usize = 8;

/// The old values that a rule reads, in the buffer.
pub(crate) struct OldValues<'b> {
    places: [Option<Range<usize>>; MAX_SOURCES],
    count: usize,
    buffer: &'b mut [u8],
}

impl OldValues<'_> {
    /// Calls `take` with them.
    pub(crate) fn read<R>(&self, take: impl FnOnce(&Sources<'_>) -> R) -> R {
        let mut values = [None; MAX_SOURCES];
        for (value, place) in values.iter_mut().zip(&self.places) {
            *value = place.clone().and_then(|place| self.buffer.get(place));
        }
        take(values.get(..self.count).unwrap_or(&[]))
    }

    /// Has `make` make setting number `leaf` of them, and encodes it into the buffer from `at` on,
    /// where they are not needed any more; returns its length.
    fn encode(
        &mut self,
        (tree, leaf): (&Tree, usize),
        at: usize,
        make: &dyn Fn(&mut dyn Leaves, &Sources<'_>) -> Result<(), Rejection>,
    ) -> Result<usize, Rejection> {
        let mut made = Err(Rejection::NotMigrated);
        if let Some(with_defaults) = tree.with_defaults {
            with_defaults(&mut |settings| {
                made = self.read(|sources| make(settings, sources)).and_then(|()| {
                    let out = self.buffer.get_mut(at..).unwrap_or(&mut []);
                    settings.encode(leaf, out).map_err(refused)
                });
            });
        }
        made
    }
}

/// What a look at old values is a part of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inside {
    Nothing,
    /// A commit, which goes on after it.
    Commit,
}

impl Inside {
    /// What is made at this place in the buffer is for a commit, if that is not the front.
    fn of(at: usize) -> Self {
        match at {
            0 => Self::Nothing,
            _ => Self::Commit,
        }
    }

    fn job(self) -> Job {
        Job::inside(self == Self::Commit)
    }
}

/// Takes the old values of a rule, or turns them down.
pub(crate) type Take<'a> = dyn FnMut(u8, &mut OldValues<'_>) -> Result<(), Rejection> + Send + 'a;

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Tries the old keys of one setting in turn, until `take` takes the values of one of its
    /// rules. What the setting is without: [`Outcome::Default`], or why the last of those that
    /// there were was turned down.
    pub(crate) async fn migrate(
        &mut self,
        old: &[Old],
        inside: Inside,
        take: &mut Take<'_>,
    ) -> Outcome {
        let mut outcome = Outcome::Default;
        let mut number = 0u8;
        let mut rest = old;
        while !rest.is_empty() {
            let more = rest.iter().take_while(|old| old.has_more()).count();
            let end = more.wrapping_add(1).min(rest.len());
            let (sources, others) = rest.split_at_checked(end).unwrap_or_default();
            rest = others;
            number = number.wrapping_add(1);
            match self.try_rule(sources, inside, take).await {
                Ok(true) => return Outcome::Migrated(number),
                Ok(false) => {}
                // Whether this rule would take it is not known, and the next is of something older.
                Err(Rejection::Unreadable) => return Outcome::Rejected(Rejection::Unreadable),
                Err(why) => outcome = Outcome::Rejected(why),
            }
        }
        outcome
    }

    /// Hands the values of `sources`, which are those of one rule, to `take`. False: there are
    /// none.
    pub(crate) async fn try_rule(
        &mut self,
        sources: &[Old],
        inside: Inside,
        take: &mut Take<'_>,
    ) -> Result<bool, Rejection> {
        let Some(first) = sources.first() else {
            return Ok(false);
        };
        let mut stored = 0usize;
        for source in sources {
            let is_there = self.is_there(source.hash, inside).await.map_err(why)?;
            stored = stored.wrapping_add(usize::from(is_there));
        }
        if stored == 0 || stored < sources.len() && !first.is_optional() {
            return Ok(false);
        }
        let mut places: [Option<Range<usize>>; MAX_SOURCES] = [const { None }; MAX_SOURCES];
        // Each but the last is put to the end of the buffer, where the next one's entry is not read
        // to.
        let end = self.engine.buffer().len();
        let mut free = end;
        let mut read = Ok(());
        for (source, place) in sources.iter().zip(&mut places) {
            let mut job = inside.job();
            match self.stored(source.hash, &mut job).await {
                Ok(None) => continue,
                Ok(Some(_)) => {}
                Err(fault) => {
                    read = Err(why(fault));
                    break;
                }
            }
            let mut value = self.held(0, &job);
            if source.has_more() {
                let word = F::WRITE_SIZE;
                let start = free.saturating_sub(value.len()) & !word.saturating_sub(1);
                let buffer = self.engine.buffer_mut();
                move_within(buffer, value.start, start, value.len());
                value = start..start.wrapping_add(value.len());
                free = start;
                self.engine.reserve(end.saturating_sub(free));
            }
            *place = Some(value);
        }
        self.engine.reserve(0);
        read?;
        let mut values = OldValues {
            places,
            count: sources.len(),
            buffer: self.engine.buffer_mut(),
        };
        take(first.rule, &mut values).map(|()| true)
    }

    /// Whether there is a value under this hash.
    pub(super) async fn is_there(&mut self, hash: u32, inside: Inside) -> Result<bool, Fault> {
        let mut job = inside.job();
        let mut contains = |engine: &mut Engine<'_, Driver<'_, F>, C>, job: &mut Job| {
            engine.contains(hash, job).map(usize::from)
        };
        Ok(self.run(&mut job, &mut contains).await? != 0)
    }

    /// Whether a value under this hash has a slot.
    pub(crate) fn is_stored(&self, hash: u32) -> bool {
        self.engine.is_listed(hash)
    }

    /// Whether a load would find something to migrate: an old value of a setting that has none of
    /// its own.
    pub(crate) fn has_old(&self, tree: &Tree) -> bool {
        self.engine.is_partial() && !tree.old.is_empty()
            || tree.old.iter().any(|old| {
                let needed = match old.leaf {
                    _ if old.is_retired() => false,
                    Old::STRUCT => true,
                    leaf => !self.is_stored(tree.hash(usize::from(leaf))),
                };
                needed && self.is_stored(old.hash)
            })
    }

    /// The value of one setting from its old keys, or by the struct's own function.
    pub(crate) async fn get_old<T>(&mut self, key: &Key<T>) -> Result<Option<T>, Rejection>
    where
        T: serde::de::DeserializeOwned + Send,
    {
        let path = key.path();
        let mut value = None;
        let outcome = self
            .migrate(
                path.tree().old_of(path.leaf()),
                Inside::Nothing,
                &mut |rule, old| {
                    value = Some(old.read(|sources| key.migrate(rule, sources))?);
                    Ok(())
                },
            )
            .await;
        match outcome {
            Outcome::Rejected(why) => Err(why),
            Outcome::Default => match self.make_by_struct(path, 0).await? {
                Some(len) => key.migrate(0, &[self.engine.buffer().get(..len)]).map(Some),
                None => Ok(None),
            },
            _ => Ok(value),
        }
    }

    /// What a load makes of the old values of a setting that is not stored itself, in the buffer
    /// from `at` on: its length. `None`: it is the default.
    pub(crate) async fn make(
        &mut self,
        setting: Path,
        at: usize,
    ) -> Result<Option<usize>, Rejection> {
        match self.make_by_rules(setting, at).await {
            Ok(None) => self.make_by_struct(setting, at).await,
            made => made,
        }
    }

    /// What the setting's own rules make of it, likewise.
    pub(crate) async fn make_by_rules(
        &mut self,
        setting: Path,
        at: usize,
    ) -> Result<Option<usize>, Rejection> {
        let (tree, leaf) = (setting.tree(), setting.leaf());
        let mut len = None;
        let outcome = self
            .migrate(tree.old_of(leaf), Inside::of(at), &mut |rule, old| {
                let made = old.encode((tree, leaf), at, &|settings, sources| match sources {
                    [Some(bytes)] if rule == 0 => settings.decode(leaf, bytes),
                    _ => settings.migrate(leaf, rule.into(), sources),
                });
                len = Some(made?);
                Ok(())
            })
            .await;
        match outcome {
            Outcome::Rejected(why) => Err(why),
            _ => Ok(len),
        }
    }

    /// What the struct's own function makes of it, likewise; it may leave it at the default.
    #[inline(never)]
    pub(crate) async fn make_by_struct(
        &mut self,
        setting: Path,
        at: usize,
    ) -> Result<Option<usize>, Rejection> {
        let (tree, leaf) = (setting.tree(), setting.leaf());
        let mut len = None;
        self.try_rule(tree.old_of_struct(), Inside::of(at), &mut |_, old| {
            let made = old.encode((tree, leaf), at, &|settings, sources| {
                settings.migrate_all(sources)
            })?;
            let end = at.wrapping_add(made);
            let bytes = old.buffer.get(at..end).unwrap_or(&[]);
            let mut is_default = false;
            if let Some(with_defaults) = tree.with_defaults {
                with_defaults(&mut |defaults| is_default = defaults.holds(leaf, bytes));
            }
            len = (!is_default).then_some(made);
            Ok(())
        })
        .await
        .map(|_| len)
    }

    /// Lets the struct's own function make settings of old values, into `made`, and takes those
    /// into `settings` that nothing else has set.
    pub(crate) async fn make_all(
        &mut self,
        made: &mut dyn Leaves,
        settings: &mut dyn Leaves,
        tree: &'static Tree,
        outcomes: &mut [Outcome],
    ) {
        let result = self
            .try_rule(tree.old_of_struct(), Inside::Nothing, &mut |_, old| {
                old.read(|sources| made.migrate_all(sources))
            })
            .await;
        for (leaf, outcome) in outcomes.iter_mut().enumerate() {
            match result {
                _ if *outcome != Outcome::Default => {}
                Ok(false) => {}
                Ok(true) => *outcome = take_over(made, settings, leaf, self.engine.buffer_mut()),
                Err(why) => *outcome = Outcome::Rejected(why),
            }
        }
    }
}

fn refused(error: EncodeError) -> Rejection {
    match error {
        EncodeError::Rejected(why) => why,
        EncodeError::TooLong(_) => Rejection::TooLong,
        EncodeError::Unencodable => Rejection::NotMigrated,
    }
}

/// Takes one setting over from `made`, where that is not the default which `settings` has.
fn take_over(
    made: &dyn Leaves,
    settings: &mut dyn Leaves,
    leaf: usize,
    buffer: &mut [u8],
) -> Outcome {
    let result = match made.encode(leaf, buffer) {
        Ok(len) => {
            let bytes = buffer.get(..len).unwrap_or(&[]);
            if settings.holds(leaf, bytes) {
                return Outcome::Default;
            }
            settings.decode(leaf, bytes)
        }
        Err(error) => Err(refused(error)),
    };
    match result {
        Ok(()) => Outcome::Migrated(0),
        Err(why) => Outcome::Rejected(why),
    }
}
