//! Settings under cuts: saves of a struct, typed commits, factory resets, maintenance.

use heapless::String;
use kvs::sim::{Positions, Rng, SimError, SimFlash, every_cut};
use kvs::{Error, Options, Resources, Settings, Store};

use super::{Effort, Job, Run};

#[derive(Settings, Clone, Debug, PartialEq)]
struct Device {
    #[setting(default = 210, range = 50..=350)]
    target: i16,
    #[setting(default = "living room")]
    name: String<24>,
    #[setting(nested)]
    wifi: Wifi,
    #[setting(default, keep)]
    boots: u32,
}

#[derive(Settings, Clone, Debug, PartialEq)]
struct Wifi {
    #[setting(default = 1, range = 1..=13)]
    channel: u8,
    #[setting(default)]
    bands: [u16; 4],
}

#[derive(Clone, Debug)]
enum Step {
    Save(Device),
    /// Two settings in one typed commit, a third unset.
    Commit(i16, u8),
    Reset,
    ResetWifi,
    Maintain,
}

fn steps(count: usize, seed: u64) -> Vec<Step> {
    let mut rng = Rng::new(seed);
    let mut device = Device::defaults();
    let mut step = |_| match rng.below(10) {
        0 => Step::Reset,
        1 => Step::ResetWifi,
        2 => Step::Maintain,
        3 => Step::Commit(50 + rng.below(300) as i16, 1 + rng.below(13) as u8),
        _ => {
            device.boots += 1;
            if rng.below(2) == 0 {
                device.target = 50 + rng.below(300) as i16;
            }
            if rng.below(3) == 0 {
                device.name = "x".repeat(rng.below(25)).as_str().try_into().unwrap();
            }
            if rng.below(3) == 0 {
                device.wifi.channel = 1 + rng.below(13) as u8;
                device.wifi.bands = [rng.next_u64() as u16; 4];
            }
            Step::Save(device.clone())
        }
    };
    (0..count).map(&mut step).collect()
}

fn after(device: &Device, step: &Step) -> Device {
    let defaults = Device::defaults();
    match step {
        Step::Save(saved) => saved.clone(),
        Step::Commit(target, channel) => Device {
            target: *target,
            name: defaults.name,
            wifi: Wifi {
                channel: *channel,
                ..device.wifi.clone()
            },
            ..device.clone()
        },
        Step::Reset => Device {
            boots: device.boots,
            ..defaults
        },
        Step::ResetWifi => Device {
            wifi: defaults.wifi,
            ..device.clone()
        },
        Step::Maintain => device.clone(),
    }
}

fn act<const W: usize, const E: usize>(
    flash: &mut SimFlash<W, E>,
    step: &Step,
    device: &mut Device,
) -> Result<(), Error<SimError>> {
    let end = flash.image().len() as u32;
    let mut ram = Resources::<12, 4, 96>::new();
    let mut store = Store::mount(flash, 0..end, &mut ram, Options::DEFAULT)?;
    let keys = Device::KEYS;
    match step {
        Step::Save(device) => store.save(device).map(|_| ())?,
        Step::Commit(target, channel) => store.commit(&[
            keys.target.set(target)?,
            keys.wifi.channel.set(channel)?,
            keys.name.unset(),
        ])?,
        Step::Reset => store.reset(keys.group()).map(|_| ())?,
        Step::ResetWifi => store.reset(keys.wifi.group()).map(|_| ())?,
        Step::Maintain => match store.maintain() {
            // A word that was torn and looks erased: its sector is closed now.
            Err(Error::Flash(SimError::ProgrammedTwice { .. })) => store.maintain().map(|_| ())?,
            result => result.map(|_| ())?,
        },
    }
    *device = after(device, step);
    Ok(())
}

fn check<const W: usize, const E: usize>(
    flash: &mut SimFlash<W, E>,
    device: &mut Device,
    in_flight: Option<&Step>,
) -> Result<(), std::string::String> {
    let end = flash.image().len() as u32;
    let mut ram = Resources::<12, 4, 96>::new();
    let mut store = Store::mount(flash, 0..end, &mut ram, Options::DEFAULT)
        .map_err(|error| error.to_string())?;
    let (found, report) = store.load::<Device>();
    if report.rejected().next().is_some() {
        return Err(format!("wrong: {report:?}"));
    }
    let new = in_flight.map_or_else(|| device.clone(), |step| after(device, step));
    if found != *device && found != new {
        return Err(format!("half: {found:?}, before {device:?}, after {new:?}"));
    }
    *device = found;
    Ok(())
}

pub(super) fn scenario<const W: usize, const E: usize>(
    sectors: usize,
    count: usize,
    seed: u64,
) -> Run {
    let steps = steps(count, seed);
    every_cut(
        &SimFlash::<W, E>::new(sectors),
        &steps,
        Device::defaults(),
        act::<W, E>,
        check::<W, E>,
    )
    .cut_again(&[Positions::Sample(1), Positions::Sample(1)])
    .try_run()
}

pub(super) fn jobs(effort: Effort) -> Vec<Job> {
    let (count, seeds) = match effort {
        Effort::Sample => (8, 0..1),
        Effort::Every => (80, 0..3),
    };
    let mut jobs: Vec<Job> = Vec::new();
    for seed in seeds {
        for sectors in [2, 3, 4] {
            jobs.push(Box::new(move || scenario::<1, 256>(sectors, count, seed)));
            jobs.push(Box::new(move || scenario::<4, 256>(sectors, count, seed)));
            jobs.push(Box::new(move || scenario::<8, 256>(sectors, count, seed)));
            jobs.push(Box::new(move || scenario::<16, 512>(sectors, count, seed)));
            jobs.push(Box::new(move || scenario::<32, 1024>(sectors, count, seed)));
        }
    }
    jobs
}
