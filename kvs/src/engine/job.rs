//! Jobs: how far a call has come that has to wait for the flash.

use super::append::Append;
use super::commit::Plan;
use super::gc::{Collection, Step};
use super::mount::Mount;
use super::read::Probe;
use super::rescue::Rescue;
use super::scan::Scan;
use super::undo::Undo;
use super::unlisted::Search;

/// What a call keeps between two flash operations: in its caller's memory, or in its future.
///
/// Each call has a new one, and is made again with it for as long as it ends with
/// [`Pending`](super::Fault::Pending).
pub(crate) struct Job {
    pub(super) mount: Mount,
    pub(super) probe: Probe,
    pub(super) scan: Scan,
    pub(super) append: Append,
    pub(super) plan: Plan,
    pub(super) collection: Collection,
    /// What is being done to make room.
    pub(super) step: Option<Step>,
    pub(super) search: Search,
    /// The key that was looked up last.
    pub(super) hash: u32,
    /// The address of the entry that was found; 0 if none was.
    pub(super) found: u32,
    /// The length of a value that was [wanted](super::Fault::Wanted), and is in the buffer.
    pub(crate) made: Option<u16>,
    /// Its call writes.
    pub(super) is_writing: bool,
    /// What could not be read by the last mount, and how often it was done again.
    pub(super) unread: u16,
    pub(super) unread_mounts: u8,
    pub(super) same_mounts: u8,
    /// What could not be read has been read again.
    pub(super) has_reread: bool,
    /// What is known of how the flash reads where it is erased.
    pub(super) erased_value: ErasedValue,
    /// A sector has been opened.
    pub(super) has_opened: bool,
    /// Of how many tombstones it was asked whether they hide something.
    pub(super) tombstones: u8,
    /// How many entries were moved so that wear is levelled.
    pub(super) leveled: u8,
    /// A collection was undone.
    pub(super) is_undone: bool,
    pub(super) undo: Undo,
    pub(super) rescue: Rescue,
    /// What a sector failed of.
    pub(super) failed: Option<super::Fault>,
    /// How often an entry was read that does not check.
    pub(super) tries: u8,
    /// How many bytes or slots of a longer run have been seen to.
    pub(super) done: u32,
}

/// Whether the flash reads 00 where it is erased: asked where no sector has a header yet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ErasedValue {
    Unknown,
    /// There are sectors that do not read 00, whatever they hold.
    Unproven,
    Proven,
}

impl Job {
    pub(crate) fn new() -> Self {
        Self {
            mount: Mount::START,
            probe: Probe::START,
            scan: Scan::new(0, 0, 0),
            append: Append::IDLE,
            plan: Plan::START,
            collection: Collection::No,
            step: None,
            search: Search::START,
            hash: 0,
            found: 0,
            made: None,
            is_writing: false,
            unread: 0,
            unread_mounts: 0,
            same_mounts: 0,
            has_reread: false,
            erased_value: ErasedValue::Unknown,
            has_opened: false,
            tombstones: 0,
            leveled: 0,
            is_undone: false,
            undo: Undo::NONE,
            rescue: Rescue::default(),
            failed: None,
            tries: 0,
            done: 0,
        }
    }

    /// A job of a call that looks something up for another one, which writes.
    pub(crate) fn inside(is_writing: bool) -> Self {
        Self {
            is_writing,
            ..Self::new()
        }
    }

    /// Whether an entry was found.
    pub(crate) fn is_found(&self) -> bool {
        self.found != 0
    }

    /// The key that was looked up last.
    pub(super) fn key(&self) -> u32 {
        self.hash
    }

    /// The change that was looked at last.
    pub(crate) fn change(&self) -> usize {
        self.plan.change()
    }

    /// Of the entry that was found: the length of its value.
    pub(crate) fn value_len(&self) -> u32 {
        self.probe.header.value_len()
    }

    /// Of the entry that was found: whether its value begins with a name.
    pub(crate) fn is_named(&self) -> bool {
        self.probe.header.is_named()
    }

    /// Begins anew, but for a mount that is to be made first.
    pub(super) fn restart(&mut self) {
        let fresh = Self::new();
        let mount = core::mem::replace(&mut self.mount, Mount::START);
        let undo = core::mem::replace(&mut self.undo, Undo::NONE);
        let rescue = core::mem::take(&mut self.rescue);
        *self = Self {
            mount,
            is_writing: self.is_writing,
            is_undone: self.is_undone,
            undo,
            rescue,
            unread: self.unread,
            unread_mounts: self.unread_mounts,
            same_mounts: self.same_mounts,
            has_reread: self.has_reread,
            failed: self.failed,
            ..fresh
        };
    }
}
