//! The power is cut at every operation of what a saver does: each commit is there whole or not at
//! all.

use kvs::live::{Next, Policy, Wear};
use kvs::sim::{SimError, SimFlash, every_cut};
use kvs::{Error, Options, Saver, Settings, Store};

use crate::device::{Device, KEYS, POLICY, Ram, Shared, Wifi, text};

type Flash = SimFlash<4, 256>;

/// What the tasks of a device do between two cuts.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// Two settings that belong together, by a number.
    Edit(i16),
    /// The owner asks for it.
    Flush(u8),
    Reset,
    /// Nothing is changed: there is time for maintenance.
    Idle,
}

impl Step {
    fn apply(&self, device: &mut Device) {
        match self {
            Self::Edit(number) => {
                device.target = 100 + number;
                device.boots = *number as u32;
            }
            Self::Flush(number) => {
                device.wifi = Wifi {
                    ssid: text(["attic", "cellar", "garden"][usize::from(*number % 3)]),
                    channel: 1 + number % 13,
                };
            }
            Self::Reset => {
                *device = Device {
                    boots: device.boots,
                    ..Device::defaults()
                };
            }
            Self::Idle => {}
        }
    }
}

fn act(flash: &mut Flash, step: &Step) -> Result<(), Error<SimError>> {
    let (live, mut ram) = (Shared::new(), Ram::for_settings::<Device>());
    let store = Store::mount(flash, 0..1024, &mut ram, Options::DEFAULT)?;
    let policy = Policy {
        maintain: *step == Step::Idle,
        wear: Wear::UNLIMITED,
        ..POLICY
    };
    let mut saver = Saver::new(&live, store, policy);
    saver.load();
    match step {
        Step::Edit(_) => {
            live.edit(|device| step.apply(device))?;
            // It may be in flash already, where the power was cut behind the commit.
            if saver.poll(0)? != Next::OnChange {
                assert_eq!(saver.poll(1_000)?, Next::Now);
            }
        }
        Step::Flush(_) => {
            live.edit(|device| step.apply(device))?;
            saver.flush()?;
        }
        Step::Reset => {
            saver.reset(KEYS.group())?;
        }
        Step::Idle => while saver.poll(0)? == Next::Now {},
    }
    assert!(live.is_saved());
    Ok(())
}

fn load(flash: &mut Flash) -> Result<Device, Error<SimError>> {
    let (live, mut ram) = (Shared::new(), Ram::for_settings::<Device>());
    let store = Store::mount(flash, 0..1024, &mut ram, Options::DEFAULT)?;
    let mut saver = Saver::new(&live, store, POLICY);
    let report = saver.load();
    assert_eq!(report.rejected().count(), 0);
    Ok(live.snapshot())
}

#[test]
fn each_commit_is_old_or_new() {
    let mut steps = Vec::new();
    for number in 0..12 {
        steps.push(Step::Edit(i16::from(number)));
        steps.push(Step::Flush(number));
        if number % 3 == 2 {
            steps.push(Step::Idle);
        }
        if number % 5 == 4 {
            steps.push(Step::Reset);
        }
    }
    let tally = every_cut(
        &Flash::new(4),
        &steps,
        Device::defaults(),
        |flash, step, saved| {
            act(flash, step)?;
            step.apply(saved);
            Ok::<_, Error<SimError>>(())
        },
        |flash, saved, in_flight| {
            let found = load(flash).map_err(|error| error.to_string())?;
            let mut new = saved.clone();
            if let Some(step) = in_flight {
                step.apply(&mut new);
            }
            if found != *saved && found != new {
                return Err(format!("{found:?} instead of {saved:?} or {new:?}"));
            }
            *saved = found;
            Ok(())
        },
    )
    .run();
    println!("{tally}");
    assert!(tally.cuts > 1_000, "{tally}");
}
