//! What lives on when the power fails: the parameters of a run, what was acknowledged, and what was counted.

use core::sync::atomic::{AtomicU32, Ordering};

use kvs_microbit::host::Arguments;

/// One word of it.
#[derive(Clone, Copy)]
pub(crate) enum Item {
    /// [`BEGUN`] once the others mean something.
    Begun,
    Mode,
    /// Not 0: another store, which must fail.
    InPlace,
    /// The state of the random numbers.
    Random,
    /// Cuts to do.
    Cuts,
    /// The most instructions between two of them.
    Interval,
    /// This one included.
    Boots,
    /// The last counter that was acknowledged, or found after a cut.
    Acked,
    /// The counter and the erases at the first cut.
    Base,
    BaseErases,
    Lost,
    Wrong,
    Half,
    Refused,
    Saves,
    TornWords,
    TornErases,
    /// Boots since the counter last advanced.
    Idle,
    ShortestMount,
    LongestMount,
    LongestLoad,
    UsualSave,
    LongestSave,
    Last,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The power fails at arbitrary instructions.
    Instructions,
    /// It fails in the middle of flash operations.
    Operations,
    /// It fails too often: does the counter advance all the same?
    Progress,
    /// It does not fail; instructions are counted.
    Measure,
}

const MODES: [(&str, Mode); 4] = [
    ("instructions", Mode::Instructions),
    ("operations", Mode::Operations),
    ("progress", Mode::Progress),
    ("measure", Mode::Measure),
];

const BEGUN: u32 = 0x6B76_7321;

/// Atomics, because a static has to be shared; nothing here runs at the same time as anything else.
pub(crate) struct Campaign([AtomicU32; Item::Last as usize]);

// SAFETY: the start-up code leaves .uninit as it is, and every content of the memory is a valid `AtomicU32`.
#[allow(unsafe_code, reason = "memory that a reset leaves alone")]
#[unsafe(link_section = ".uninit.campaign")]
pub(crate) static CAMPAIGN: Campaign = Campaign([const { AtomicU32::new(0) }; Item::Last as usize]);

impl Campaign {
    /// True at the first boot; the parameters are on the command line then.
    pub(crate) fn begin(&self) -> bool {
        let first = self.get(Item::Begun) != BEGUN;
        if first {
            for word in &self.0 {
                word.store(0, Ordering::Relaxed);
            }
            let arguments = Arguments::get();
            let mode = MODES.iter().position(|(name, _)| arguments.has(name));
            self.set(Item::Mode, mode.unwrap_or(0) as u32);
            self.set(Item::InPlace, arguments.has("in-place").into());
            let number = |name, usual| arguments.number(name).unwrap_or(usual);
            // Of 0, xorshift makes 0.
            self.set(Item::Random, number("seed", 1).max(1));
            self.set(Item::Cuts, number("cuts", 500));
            self.set(Item::Interval, number("interval", 1_500_000).max(8));
            self.set(Item::ShortestMount, u32::MAX);
            self.set(Item::Begun, BEGUN);
        }
        self.add(Item::Boots, 1);
        first
    }

    pub(crate) fn get(&self, item: Item) -> u32 {
        self.0[item as usize].load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, item: Item, value: u32) {
        self.0[item as usize].store(value, Ordering::Relaxed);
    }

    pub(crate) fn add(&self, item: Item, count: u32) {
        self.set(item, self.get(item).wrapping_add(count));
    }

    pub(crate) fn mode(&self) -> Mode {
        MODES[self.get(Item::Mode) as usize].1
    }

    /// Replaces a word by what `pick` makes of it and of `value`.
    pub(crate) fn update(&self, item: Item, pick: fn(u32, u32) -> u32, value: u32) {
        self.set(item, pick(self.get(item), value));
    }

    /// The power has failed so often: at each boot, but for the first two, of which one prepares.
    pub(crate) fn cuts_done(&self) -> u32 {
        self.get(Item::Boots).saturating_sub(2)
    }

    pub(crate) fn cuts_left(&self) -> bool {
        self.cuts_done() < self.get(Item::Cuts)
    }

    /// A random number (xorshift, its result mixed).
    pub(crate) fn random(&self) -> u32 {
        let mut x = self.get(Item::Random);
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.set(Item::Random, x);
        x.wrapping_mul(0x9E37_79B1).rotate_right(16)
    }

    /// One that is less than `end`.
    pub(crate) fn below(&self, end: u32) -> u32 {
        ((u64::from(self.random()) * u64::from(end)) >> 32) as u32
    }
}
