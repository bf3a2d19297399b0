//! The stretches that are measured, in the order in which an application comes by them, and the report to the host.

use core::hint::black_box;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::flash::{ERASES, WORDS};
use crate::values::{Seen, seed};
use crate::{chip, clock, flash, host, stack};

/// Saves in the churn.
const CHURN: u32 = 400;

/// What the host reads, in the order in which it reads it. Not among the statics that are counted.
#[allow(unsafe_code, reason = "hardware, or what the emulator lends")]
// SAFETY: `cortex-m-rt` keeps the section in RAM; what is in it is written before it is read.
#[unsafe(link_section = ".uninit.report")]
static REPORT: [AtomicU32; Slot::Churn as usize + CHURN as usize] =
    [const { AtomicU32::new(0) }; _];

#[derive(Clone, Copy)]
enum Slot {
    Empty,
    Known,
    Load,
    Save,
    Get,
    Stack,
    Store,
    Buffer,
    Words,
    Erases,
    Saves,
    Right,
    Last,
    Churn,
}

fn set(slot: Slot, value: u32) {
    REPORT[slot as usize].store(value, Ordering::Relaxed);
}

/// Measures what `work` takes. Out of line, so that nothing of it moves out of the stretch.
#[inline(never)]
fn stretch<R>(slot: Slot, work: impl FnOnce() -> R) -> R {
    let start = clock::start();
    let result = work();
    set(slot, start.ticks());
    result
}

/// RAM in bytes.
pub struct Cost {
    /// The store and its tables.
    pub store: usize,
    /// The buffers that it needs beside.
    pub buffer: usize,
}

/// One run of the application.
pub struct Bench {
    right: bool,
}

impl Bench {
    pub fn begin() -> Self {
        clock::begin();
        stretch(Slot::Empty, || ());
        stretch(Slot::Known, clock::known);
        Self { right: true }
    }

    /// All settings have been stored: hands the partition to the host.
    pub fn seeded(&mut self, stored: bool) {
        self.right &= stored;
        let len = 8 * flash::PAGE as usize;
        host::write_file(b"seed.bin\0", chip::FLASH, len);
    }

    /// Mounting, and loading all settings.
    pub fn load<R>(&mut self, work: impl FnOnce() -> R) -> R {
        stretch(Slot::Load, work)
    }

    /// To be told what was loaded at first.
    pub fn loaded(&mut self, seen: &Seen<'_>) {
        self.right &= seen.is_right() && seen.counter == seed::COUNTER;
    }

    /// Saving the counter.
    pub fn save(&mut self, work: impl FnOnce(u32) -> bool) {
        let value = black_box(seed::COUNTER + 1);
        let stored = stretch(Slot::Save, || work(value));
        self.right &= stored;
    }

    /// Getting the counter.
    pub fn get(&mut self, work: impl FnOnce() -> Option<u32>) {
        let value = stretch(Slot::Get, work);
        self.right &= value == Some(seed::COUNTER + 1);
    }

    /// Saving the counter over and over, until it fails.
    pub fn churn(&mut self, mut work: impl FnMut(u32) -> bool) {
        let words = WORDS.get();
        let erases = ERASES.get();
        let mut saves = 0;
        while saves < CHURN {
            let value = black_box(seed::COUNTER + 2 + saves);
            let start = clock::start();
            let stored = work(value);
            let ticks = start.ticks();
            if !stored {
                break;
            }
            REPORT[Slot::Churn as usize + saves as usize].store(ticks, Ordering::Relaxed);
            saves += 1;
        }
        set(Slot::Saves, saves);
        set(Slot::Words, WORDS.get().wrapping_sub(words));
        set(Slot::Erases, ERASES.get().wrapping_sub(erases));
    }

    /// To be told what is loaded at last.
    pub fn end(&mut self, seen: &Seen<'_>, cost: Cost) -> ! {
        let saves = REPORT[Slot::Saves as usize].load(Ordering::Relaxed);
        self.right &= seen.is_right();
        set(Slot::Right, u32::from(self.right));
        set(
            Slot::Last,
            u32::from(seen.counter == seed::COUNTER + 1 + saves),
        );
        set(Slot::Store, cost.store as u32);
        set(Slot::Buffer, cost.buffer as u32);
        set(Slot::Stack, stack::deepest());
        host::write_file(
            b"report.bin\0",
            REPORT.as_ptr() as usize,
            size_of_val(&REPORT),
        );
        host::exit()
    }
}
