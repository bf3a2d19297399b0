//! SysTick, which counts instructions here: with `-icount shift=6` one takes 64 ns of the emulator's time, and a tick 62.5.

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;

const MOST_TICKS: u32 = 0x00FF_FFFF;

pub(crate) struct Clock(SYST);

impl Clock {
    pub(crate) fn new(systick: SYST) -> Self {
        Self(systick)
    }

    /// Has the power fail after this many instructions.
    pub(crate) fn cut_after(&mut self, instructions: u32) {
        let ticks = u64::from(instructions) * 128 / 125;
        self.start(ticks.clamp(1, MOST_TICKS.into()) as u32, true);
    }

    /// Counts from 0 on.
    pub(crate) fn restart(&mut self) {
        self.start(MOST_TICKS, false);
    }

    /// Instructions since the last restart, up to 16 million.
    pub(crate) fn instructions(&self) -> u32 {
        let ticks = u64::from(MOST_TICKS - SYST::get_current());
        (ticks * 125 / 128) as u32
    }

    pub(crate) fn stop(&mut self) {
        self.0.disable_interrupt();
        self.0.disable_counter();
    }

    fn start(&mut self, ticks: u32, cut: bool) {
        self.stop();
        self.0.set_clock_source(SystClkSource::Core);
        self.0.set_reload(ticks);
        self.0.clear_current();
        if cut {
            self.0.enable_interrupt();
        }
        self.0.enable_counter();
    }
}
