//! A place for somebody who waits for changes of some settings, or for an answer of the saver.

use core::ops::Range;
use core::task::Waker;

use crate::settings::Group;

/// What is waited for: changes of some settings, or an answer of the saver where they are none.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waiting {
    first: u16,
    count: u16,
}

impl Waiting {
    pub(super) const ANSWER: Self = Self { first: 0, count: 0 };

    pub(super) fn changes_of(group: Group) -> Self {
        let leaves = group.settings();
        // `Live` has no more than 32,767 settings.
        Self {
            first: leaves.start as u16 & !FLAG,
            count: leaves.len() as u16 & !FLAG,
        }
    }

    /// The numbers of the settings.
    pub(super) fn settings(self) -> Range<usize> {
        let first = usize::from(self.first);
        first..first.wrapping_add(self.count.into())
    }
}

/// The topmost bit of a number of settings, which no struct has so many of.
const FLAG: u16 = 0x8000;

/// A place. The flags are in the numbers, as RAM is counted: 12 bytes on a 32-bit part.
pub(super) struct Waiter {
    pub(super) waker: Option<Waker>,
    first_and_news: u16,
    count_and_taken: u16,
}

#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Waiter>() == 12);

impl Waiter {
    pub(super) const FREE: Self = Self {
        waker: None,
        first_and_news: 0,
        count_and_taken: 0,
    };

    pub(super) const fn new(waiting: Waiting) -> Self {
        Self {
            waker: None,
            first_and_news: waiting.first,
            count_and_taken: waiting.count | FLAG,
        }
    }

    pub(super) const fn is_taken(&self) -> bool {
        self.count_and_taken & FLAG != 0
    }

    pub(super) fn leaves(&self) -> Range<usize> {
        let first = self.first_and_news & !FLAG;
        let count = self.count_and_taken & !FLAG;
        Waiting { first, count }.settings()
    }

    pub(super) fn waits_for_answer(&self) -> bool {
        self.count_and_taken == FLAG
    }

    pub(super) const fn has_news(&self) -> bool {
        self.first_and_news & FLAG != 0
    }

    pub(super) const fn set_news(&mut self, news: bool) {
        self.first_and_news &= !FLAG;
        if news {
            self.first_and_news |= FLAG;
        }
    }
}
