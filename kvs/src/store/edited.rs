//! What the saver of a [`Live`](crate::live::Live) asks of the store: to store the settings of which it
//! knows that they were changed, without a look at the others.

use super::flash::FlashResult;
use super::{NorFlash, Store, bisync};
use crate::checksum::Checksum;
use crate::settings::batches::{Edited, Removal};
use crate::settings::{Base, Group, Leaves, Settings};

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// The kilobytes of commits that the flash will take, if a sector stands `endurance` erases, and
    /// the bytes of an entry, on average. What [`Stats`](crate::Stats) tells in 64 bits, in 32: a
    /// division of 64 takes a kilobyte of code on a small part. Costs no flash read.
    pub(crate) fn endurance_left(&self, endurance: u32) -> (u32, u32) {
        let left = self.sectors.iter().fold(0u32, |sum, (_, sector)| {
            sum.saturating_add(endurance.saturating_sub(sector.erases))
        });
        let live = self.live_bytes();
        let sectors = self.sectors.len() as u32;
        let live_each = live.checked_div(sectors).unwrap_or(0);
        // What an erase makes room for.
        let room = self.payload().saturating_sub(live_each);
        let entry = live.checked_div(self.map.len() as u32).unwrap_or(0);
        ((left / 64).saturating_mul(room / 16), entry)
    }

    /// Saves the settings that have their flag set. Of the others nothing is read.
    pub(crate) async fn save_edited<S: Settings>(
        &mut self,
        settings: &S,
        base: &impl Base<S>,
        flags: &S::Flags,
    ) -> FlashResult<F, usize> {
        self.commit_edited(Some(settings), base, flags).await
    }

    /// Resets settings, all but those that a reset keeps.
    pub(crate) async fn reset_edited<S: Settings>(
        &mut self,
        base: &impl Base<S>,
        group: Group,
    ) -> FlashResult<F, usize> {
        if !S::TREE.old.is_empty() {
            return self.reset(group).await;
        }
        let flags = &Removal { group, keep: true }.flags::<S>();
        self.commit_edited(None, base, flags).await
    }

    async fn commit_edited<S: Settings>(
        &mut self,
        settings: Option<&dyn Leaves>,
        base: &impl Base<S>,
        flags: &S::Flags,
    ) -> FlashResult<F, usize> {
        self.resume().await?;
        let has_old = self.has_old(S::TREE);
        self.commit_batch(&mut Edited {
            settings,
            base: &mut base.settings(),
            tree: S::TREE,
            flags: flags.as_ref(),
            has_old,
        })
        .await
    }
}
