//! After an update: what was migrated is stored, and what no firmware needs any more is removed.

use super::flash::FlashResult;
use super::{NorFlash, Store, bisync};
use crate::change::{Batch, Change, Changes, RawKey};
use crate::checksum::Checksum;
use crate::error::Error;
use crate::events;
use crate::settings::batches::{Confirmation, Part};
use crate::settings::{CodeDefaults, Settings, Tree};

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Makes an update permanent: stores what a [`load`](Self::load) migrates, and removes the old
    /// keys that this supersedes, and retired ones. Call it once the new firmware is known to work
    /// (after `mark_booted`, say); until then nothing of the old firmware's is touched, and it
    /// finds its own values after a rollback. After it, the old firmware finds its defaults, but
    /// for settings that have not changed.
    ///
    /// All of it is one atomic commit. Where there is no room for that, in a sector, in the store
    /// or in its key slots, it is several: first what was migrated is stored, then old keys are
    /// removed. Where a new value does not fit beside the old ones, old keys that nothing is made
    /// of any more go first, and one commit stores the value and removes those of its own that feed
    /// nothing else which is not stored yet. After a power cut or an error in between a load gives
    /// the same, and a further call does the rest. An old value that could not be migrated stays.
    /// Returns how many keys were written and removed; none of a confirmed struct.
    ///
    /// What is changed in RAM and not saved is not stored by this. Costs the reads of a load.
    ///
    /// # Errors
    ///
    /// Those of [`commit`](Store::commit); [`Full`](Error::Full) where not even one value fits in
    /// place of its old ones.
    pub async fn confirm<S: Settings>(&mut self) -> FlashResult<F, usize> {
        self.resume().await?;
        let mut has_old = false;
        for old in S::TREE.old {
            has_old |= self.live_place(old.hash).await?.is_some();
        }
        if !has_old {
            return Ok(0);
        }
        let (settings, mut report) = self.read_above::<S>(&CodeDefaults).await;
        let mut confirmation = Confirmation {
            settings: &settings,
            tree: S::TREE,
            outcomes: report.outcomes.as_mut(),
            new: 0..S::COUNT,
            removes: true,
        };
        let changed = match self.commit_batch(&mut confirmation).await {
            Err(error) if is_for_less(&error) => self.confirm_in_steps(&mut confirmation).await?,
            changed => changed?,
        };
        events::confirmed(changed);
        Ok(changed)
    }

    /// Removes all hashed keys but those that `trees` know, current or old: what firmwares have
    /// left behind that this one has never heard of. Raw keys that are stored by name stay. Returns
    /// how many were removed.
    ///
    /// To be given the trees of *all* settings structs of the firmware, and to be called when there
    /// is no way back to a firmware whose settings these are. Removes in atomic commits of as many
    /// as fit a sector.
    ///
    /// ```
    /// # use kvs::{Options, RawKey, Resources, Settings, Store, sim::presets};
    /// # #[derive(Settings)]
    /// # struct Lamp {
    /// #     #[setting(default = 80)]
    /// #     brightness: u8,
    /// # }
    /// # #[derive(Settings)]
    /// # #[settings(prefix = "net")]
    /// # struct Net {
    /// #     #[setting(default = 1883)]
    /// #     port: u16,
    /// # }
    /// # let mut resources = Resources::<8, 8, 64>::new();
    /// # let mut store = Store::mount(presets::nrf52840(), 0..8 * 4096, &mut resources, Options::DEFAULT)?;
    /// # store.put_bytes(RawKey::Hash(1), b"of a firmware long gone")?;
    /// # store.put(Net::KEYS.port, &1)?;
    /// assert_eq!(store.prune(&[Lamp::TREE, Net::TREE])?, 1);
    /// # assert_eq!(store.get(Net::KEYS.port)?, 1);
    /// # Ok::<(), kvs::Error<kvs::sim::SimError>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`commit`](Store::commit), and [`Flash`](Error::Flash) where a key could not be
    /// read.
    pub async fn prune(&mut self, trees: &[&'static Tree]) -> FlashResult<F, usize> {
        let knows = |hash: u32| {
            trees.iter().any(|tree| {
                tree.hashes.contains(&hash) || tree.old.iter().any(|old| old.hash == hash)
            })
        };
        let mut removed = 0usize;
        loop {
            let mut batch = [Change::delete(RawKey::Hash(0)); PRUNED_AT_ONCE];
            let mut count = 0usize;
            let mut keys = self.keys();
            while let Some(slot) = batch.get_mut(count) {
                let key = match keys.next().await {
                    Ok(Some(key)) => key,
                    Ok(None) => break,
                    // Whose it is can't be told.
                    Err(Error::Corrupt { .. }) => continue,
                    Err(error) => return Err(error),
                };
                if key.name.is_none() && !knows(key.hash) {
                    *slot = Change::delete(RawKey::Hash(key.hash));
                    count = count.wrapping_add(1);
                }
            }
            let batch = batch.get(..count).unwrap_or(&[]);
            if batch.is_empty() {
                return Ok(removed);
            }
            self.commit_parts(&mut Changes(batch)).await?;
            removed = removed.wrapping_add(count);
        }
    }

    /// A confirmation for which there is no room at once. Each step leaves what a load gives
    /// unchanged.
    #[inline(never)]
    async fn confirm_in_steps(&mut self, all: &mut Confirmation<'_>) -> FlashResult<F, usize> {
        let count = all.tree.hashes.len();
        let mut changed = 0usize;
        loop {
            let (mut from, mut len) = (0usize, count);
            let (mut stored, mut refused) = (0usize, None);
            while from < count {
                let end = from.wrapping_add(len).min(count);
                (all.new, all.removes) = (from..end, false);
                let mut result = self.commit_batch(all).await;
                if len == 1 && result.as_ref().is_err_and(is_for_less) {
                    // It does not fit beside its old values: in their place, when what else can go
                    // is gone.
                    changed = changed.wrapping_add(self.remove_done(all).await?);
                    (all.new, all.removes) = (from..end, true);
                    result = self.commit_batch(all).await;
                }
                match result {
                    Ok(more) => {
                        all.is_made();
                        stored = stored.wrapping_add(more);
                    }
                    Err(error) if len > 1 && is_for_less(&error) => {
                        len = len.div_ceil(2);
                        continue;
                    }
                    // Perhaps when others are stored that are made of the same old value.
                    Err(error) if is_for_less(&error) => refused = Some(error),
                    Err(error) => return Err(error),
                }
                from = end;
            }
            let removed = self.remove_done(all).await?;
            changed = changed.wrapping_add(stored).wrapping_add(removed);
            match refused {
                None => return Ok(changed),
                Some(error) if stored == 0 => return Err(error),
                Some(_) => {}
            }
        }
    }

    /// Removes the old keys of which nothing is left to be made.
    async fn remove_done(&mut self, all: &mut Confirmation<'_>) -> FlashResult<F, usize> {
        (all.new, all.removes) = (0..0, true);
        self.commit_parts(all).await
    }

    /// Commits `batch` as a whole if there is room for it, else in parts from its beginning on.
    async fn commit_parts(&mut self, batch: &mut dyn Batch) -> FlashResult<F, usize> {
        let mut changed = 0usize;
        let mut from = 0usize;
        let mut len = batch.len();
        while from < batch.len() {
            match self.commit_batch(&mut Part { batch, from, len }).await {
                Ok(count) => {
                    changed = changed.wrapping_add(count);
                    from = from.wrapping_add(len);
                }
                Err(error) if len > 1 && is_for_less(&error) => len = len.div_ceil(2),
                Err(error) => return Err(error),
            }
        }
        Ok(changed)
    }
}

/// Whether a commit of fewer changes may have room where this was the answer.
fn is_for_less<E>(error: &Error<E>) -> bool {
    matches!(
        error,
        Error::CommitTooLarge { .. } | Error::Full { .. } | Error::TooManyKeys { .. }
    )
}

/// How many keys are looked for before they are pruned.
const PRUNED_AT_ONCE: usize = 16;
