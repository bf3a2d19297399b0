//! The lamp's firmware before: without async, in RTIC, and it counted seconds.
//!
//! A button's interrupt changes the settings and never waits for the flash; the idle task saves them.

#![no_std]
#![no_main]
#![deny(unsafe_code)]

use cortex_m_rt as _;

/// What RTIC wants to know of the chip; a chip's PAC says it otherwise.
mod device {
    pub const NVIC_PRIO_BITS: u8 = 3;
}

#[rtic::app(device = crate::device, peripherals = false)]
mod app {
    use cortex_m::asm::wfi;
    use cortex_m::peripheral::syst::SystClkSource;
    use cortex_m_semihosting::hprintln;
    use kvs::{Maintenance, Options, Resources, Settings, Store};
    use kvs_embassy::board;
    use kvs_embassy::flash::{self, Blocking};

    #[derive(Clone, Settings)]
    pub struct Lamp {
        #[setting(default = 1, range = 1..=5)]
        blink_s: u8,
    }

    type LampResources = Resources<8, { flash::SECTORS }, { Lamp::BUFFER }>;

    #[shared]
    struct Shared {
        lamp: Lamp,
        changed: bool,
    }

    #[local]
    struct Local {
        store: Store<'static, Blocking>,
    }

    #[init(local = [resources: LampResources = Resources::for_settings::<Lamp>()])]
    fn init(cx: init::Context) -> (Shared, Local) {
        let mut button = cx.core.SYST;
        button.set_clock_source(SystClkSource::Core);
        button.set_reload(board::CORE_HZ / 10 - 1);
        button.clear_current();
        button.enable_interrupt();
        button.enable_counter();

        let flash = Blocking(board::flash());
        let mounted = Store::mount(
            flash,
            flash::PARTITION,
            cx.local.resources,
            Options::DEFAULT,
        );
        let mut store = mounted.unwrap_or_else(|error| panic!("no settings: {error}"));
        let (lamp, _) = store.load::<Lamp>();
        let changed = false;
        (Shared { lamp, changed }, Local { store })
    }

    #[idle(local = [store], shared = [lamp, changed])]
    fn idle(cx: idle::Context) -> ! {
        let (mut lamp, mut changed) = (cx.shared.lamp, cx.shared.changed);
        let store = cx.local.store;
        loop {
            // Only the copy is made with the interrupt kept out. What changes during the save is saved after it.
            let news = (&mut lamp, &mut changed)
                .lock(|lamp, changed| core::mem::take(changed).then(|| lamp.clone()));
            if let Some(lamp) = news {
                match store.save(&lamp) {
                    Ok(_) => hprintln!("before: every {} s, stored", lamp.blink_s),
                    Err(error) => hprintln!("before: not stored: {}", error),
                }
                if lamp.blink_s == 3 {
                    board::exit(true);
                }
            } else if let Ok(Maintenance::Idle) | Err(_) = store.maintain() {
                wfi();
            }
        }
    }

    /// Somebody presses the button, ten times a second.
    #[task(binds = SysTick, shared = [lamp, changed])]
    fn button(cx: button::Context) {
        (cx.shared.lamp, cx.shared.changed).lock(|lamp, changed| {
            lamp.blink_s = lamp.blink_s % 5 + 1;
            *changed = true;
        });
    }
}
