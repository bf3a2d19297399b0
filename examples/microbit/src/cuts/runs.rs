//! What a boot does: prepare, check, commit; and the counting.

use cortex_m::peripheral::SCB;
use cortex_m_semihosting::{hprint, hprintln};
use kvs_microbit::host;

use crate::campaign::{CAMPAIGN, Item, Mode};
use crate::clock::Clock;
use crate::keeper::Keeper;
use crate::state::{Fault, NAME, State};

/// Commits before the first cut, so that the pages have been filled a few times.
const PREPARED: u32 = 300;
/// Commits that are measured at a boot, and boots.
const MEASURED: usize = 100;
const MEASURED_BOOTS: u32 = 10;
/// Boots without an advance, after which there will be none; and advances, after which there is no doubt.
const STUCK: u32 = 60;
const ADVANCED: u32 = 150;

pub(crate) struct Setting {
    pub(crate) clock: Clock,
    pub(crate) mode: Mode,
    pub(crate) first: bool,
}

impl Setting {
    pub(crate) fn run(mut self, keeper: &mut impl Keeper) -> ! {
        let mounted = self.clock.instructions();
        let mut state = keeper.load();
        if self.first {
            prepare(keeper, &mut state);
        }
        if self.mode == Mode::Measure {
            self.measure(keeper, state, mounted)
        }
        check(&state);
        let ends = match self.mode {
            Mode::Progress => is_stuck() || advanced() >= ADVANCED,
            _ => !CAMPAIGN.cuts_left(),
        };
        if ends {
            finish(keeper);
        }
        if self.mode == Mode::Progress {
            // Not always the same: else it would fall at the same instruction of each boot.
            let most = CAMPAIGN.get(Item::Interval);
            self.clock.cut_after(most - CAMPAIGN.below(most / 8));
        }
        loop {
            state.advance();
            if keeper.commit(&state) {
                CAMPAIGN.set(Item::Acked, state.counter);
                CAMPAIGN.set(Item::Idle, 0);
                CAMPAIGN.add(Item::Saves, 1);
            } else {
                CAMPAIGN.add(Item::Refused, 1);
                SCB::sys_reset();
            }
        }
    }

    fn measure(&mut self, keeper: &mut impl Keeper, mut state: State, mounted: u32) -> ! {
        let loaded = self.clock.instructions();
        CAMPAIGN.update(Item::ShortestMount, u32::min, mounted);
        CAMPAIGN.update(Item::LongestMount, u32::max, mounted);
        CAMPAIGN.update(Item::LongestLoad, u32::max, loaded - mounted);
        let mut counts = [0; MEASURED];
        for count in &mut counts {
            state.advance();
            self.clock.restart();
            let committed = keeper.commit(&state);
            *count = self.clock.instructions();
            assert!(committed);
        }
        counts.sort_unstable();
        CAMPAIGN.set(Item::UsualSave, counts[MEASURED / 2]);
        CAMPAIGN.update(Item::LongestSave, u32::max, counts[MEASURED - 1]);
        if CAMPAIGN.get(Item::Boots) <= MEASURED_BOOTS {
            SCB::sys_reset();
        }
        let get = |item| CAMPAIGN.get(item);
        print(&[
            ("shortest_mount", get(Item::ShortestMount)),
            ("longest_mount", get(Item::LongestMount)),
            ("longest_load", get(Item::LongestLoad)),
            ("usual_commit", get(Item::UsualSave)),
            ("longest_commit", get(Item::LongestSave)),
        ])
    }
}

/// The first boot: as on a device that has been in use for a while.
fn prepare(keeper: &mut impl Keeper, state: &mut State) -> ! {
    state.name = NAME.try_into().unwrap_or_default();
    let mut kept = keeper.save(state);
    for _ in 0..PREPARED {
        state.advance();
        kept &= keeper.commit(state);
    }
    assert!(kept);
    CAMPAIGN.set(Item::Acked, state.counter);
    CAMPAIGN.set(Item::Base, state.counter);
    CAMPAIGN.set(Item::BaseErases, keeper.erases());
    SCB::sys_reset()
}

/// What is found must be what was acknowledged, or the commit that was under way; all of it.
fn check(found: &State) {
    let acked = CAMPAIGN.get(Item::Acked);
    let fault = match found.counter.wrapping_sub(acked) {
        0 | 1 => match found.verify() {
            Ok(()) => None,
            Err(Fault::Half) => Some(Item::Half),
            Err(Fault::Lost) => Some(Item::Lost),
        },
        _ if found.counter < acked => Some(Item::Lost),
        _ => Some(Item::Wrong),
    };
    if let Some(fault) = fault {
        CAMPAIGN.add(fault, 1);
    }
    if found.counter == acked {
        CAMPAIGN.add(Item::Idle, 1);
    } else {
        CAMPAIGN.set(Item::Idle, 0);
    }
    CAMPAIGN.set(Item::Acked, found.counter);
}

fn is_stuck() -> bool {
    CAMPAIGN.get(Item::Idle) > STUCK
}

/// How far the counter has come since the first cut.
fn advanced() -> u32 {
    let [now, base] = [Item::Acked, Item::Base].map(|item| CAMPAIGN.get(item));
    now.wrapping_sub(base)
}

fn finish(keeper: &impl Keeper) -> ! {
    let get = |item| CAMPAIGN.get(item);
    print(&[
        ("cuts", CAMPAIGN.cuts_done()),
        ("lost", get(Item::Lost)),
        ("wrong", get(Item::Wrong)),
        ("half", get(Item::Half)),
        ("refused", get(Item::Refused)),
        ("saves", get(Item::Saves)),
        ("advanced", advanced()),
        ("stuck", is_stuck().into()),
        ("torn_words", get(Item::TornWords)),
        ("torn_erases", get(Item::TornErases)),
        ("erases", keeper.erases() - get(Item::BaseErases)),
    ])
}

/// The last boot; the host makes sentences of it.
fn print(figures: &[(&str, u32)]) -> ! {
    for (name, figure) in figures {
        hprint!("{name}={figure} ");
    }
    hprintln!();
    host::exit(true)
}
