//! Factory reset: what becomes of a setting depends on old keys, which may feed settings that stay.
//!
//! Settings that go are at their default afterwards, all others are what they were: a commit asks
//! here about each key of which the struct alone does not tell.

use super::migrate::Inside;
use super::{Driver, FlashResult, NorFlash, Store, bisync};
use crate::change::Value;
use crate::checksum::Checksum;
use crate::engine::{Engine, Job};
use crate::settings::Path;
use crate::settings::batches::Removal;

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// What becomes of key number `index`.
    #[inline(never)]
    pub(super) async fn removed(
        &mut self,
        removal: Removal,
        index: usize,
    ) -> FlashResult<F, Value<'static>> {
        let at = Engine::<Driver<'_, F>, C>::MADE_AT;
        let tree = removal.group.tree;
        if let Some(old) = tree.old_at(index) {
            return Ok(match self.goes(removal, old.hash, at).await? {
                true => Value::Delete,
                false => Value::Keep,
            });
        }
        let setting = Path::new(tree, index);
        let is_taken = removal.takes(index);
        if !is_taken && self.has(tree.hash(index), Inside::Commit).await? {
            return Ok(Value::Keep);
        }
        let len = if is_taken {
            if !self.finds_old(removal, setting, at).await? {
                return Ok(Value::Delete);
            }
            self.encode_default(setting, at)
        } else {
            let (by_rule, by_struct) = self.loses_old(removal, setting, at).await?;
            let made = match by_rule {
                true => self.make(setting, at).await,
                false if by_struct => match self.make_by_rules(setting, at).await {
                    Ok(None) => self.make_by_struct(setting, at).await,
                    _ => Ok(None),
                },
                false => Ok(None),
            };
            made.ok().flatten()
        };
        Ok(len.map_or(Value::Keep, Value::Encoded))
    }

    /// Whether a setting that stays loses an old value that one of its rules reads, or that the
    /// struct's own function does.
    async fn loses_old(
        &mut self,
        removal: Removal,
        setting: Path,
        at: usize,
    ) -> FlashResult<F, (bool, bool)> {
        let tree = setting.tree();
        let (mut by_rule, mut by_struct) = (false, false);
        for old in tree.old.iter().filter(|old| old.feeds(setting.leaf())) {
            let goes = match tree.hashes.iter().position(|hash| *hash == old.hash) {
                Some(owner) => removal.takes(owner) && self.has(old.hash, Inside::Commit).await?,
                None => self.goes(removal, old.hash, at).await?,
            };
            by_rule |= goes && !old.is_structs();
            by_struct |= goes && old.is_structs();
        }
        Ok((by_rule, by_struct))
    }

    /// Whether a setting that is removed would be made of something that stays; its default has to
    /// be stored in front of that.
    async fn finds_old(
        &mut self,
        removal: Removal,
        setting: Path,
        at: usize,
    ) -> FlashResult<F, bool> {
        let tree = setting.tree();
        let mut by_struct = false;
        for old in tree.old.iter().filter(|old| old.feeds(setting.leaf())) {
            let owner = tree.hashes.iter().position(|hash| *hash == old.hash);
            let stays = self.has(old.hash, Inside::Commit).await?
                && match owner {
                    Some(owner) => !removal.takes(owner),
                    None => !self.goes(removal, old.hash, at).await?,
                };
            if stays && !old.is_structs() {
                return Ok(true);
            }
            by_struct |= stays;
        }
        Ok(by_struct && !matches!(self.make_by_struct(setting, at).await, Ok(None)))
    }

    /// Whether an old key is removed: not where a setting that stays can't be made of it, and might
    /// be by another firmware.
    async fn goes(&mut self, removal: Removal, hash: u32, at: usize) -> FlashResult<F, bool> {
        if !removal.wants(hash) || !self.has(hash, Inside::Commit).await? {
            return Ok(false);
        }
        let tree = removal.group.tree;
        for leaf in removal.sharers(hash) {
            let is_own = self.has(tree.hash(leaf), Inside::Commit).await?;
            if !is_own && self.make(Path::new(tree, leaf), at).await.is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether there is a value under this hash.
    pub(super) async fn has(&mut self, hash: u32, inside: Inside) -> FlashResult<F, bool> {
        match self.is_there(hash, inside).await {
            Ok(is_there) => Ok(is_there),
            Err(fault) => Err(self.error(fault, &Job::new())),
        }
    }

    /// Encodes a setting's default into the buffer from `at` on.
    fn encode_default(&mut self, setting: Path, at: usize) -> Option<usize> {
        let mut len = None;
        let out = self.engine.buffer_mut().get_mut(at..).unwrap_or(&mut []);
        setting.tree().with_defaults?(&mut |defaults| {
            len = defaults.encode(setting.leaf(), out).ok();
        });
        len
    }
}
