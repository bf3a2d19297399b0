//! embassy's clock, from the SysTick timer that every Cortex-M has: an interrupt each millisecond.
//!
//! A chip's HAL has a better one, which lets the chip sleep in between.

use core::cell::RefCell;
use core::task::Waker;

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::exception;
use critical_section::Mutex;
use embassy_time::TICK_HZ;
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;

struct Clock(Mutex<RefCell<State>>);

struct State {
    now: u64,
    queue: Queue,
}

embassy_time_driver::time_driver_impl!(static CLOCK: Clock = Clock::new());

impl Clock {
    const fn new() -> Self {
        Self(Mutex::new(RefCell::new(State {
            now: 0,
            queue: Queue::new(),
        })))
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        critical_section::with(|cs| act(&mut self.0.borrow_ref_mut(cs)))
    }
}

impl Driver for Clock {
    fn now(&self) -> u64 {
        self.with(|state| state.now)
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        self.with(|state| {
            if state.queue.schedule_wake(at, waker) {
                state.queue.next_expiration(state.now);
            }
        });
    }
}

#[exception]
fn SysTick() {
    CLOCK.with(|state| {
        state.now += 1;
        state.queue.next_expiration(state.now);
    });
}

pub fn start(mut systick: SYST, core_hz: u32) {
    systick.set_clock_source(SystClkSource::Core);
    systick.set_reload(core_hz / TICK_HZ as u32 - 1);
    systick.clear_current();
    systick.enable_interrupt();
    systick.enable_counter();
}
