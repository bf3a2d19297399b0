//! The settings of these tests, and the store that they are in.

use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use heapless::String;
use kvs::live::{Live, Next, Policy};
use kvs::sim::SimError;
use kvs::{Error, Options, Resources, Saver, Settings, Store};

#[derive(Clone, Debug, PartialEq, Settings)]
pub(crate) struct Device {
    #[setting(default = 210, range = 50..=350)]
    pub(crate) target: i16,
    #[setting(default = "living room")]
    pub(crate) name: String<32>,
    #[setting(nested)]
    pub(crate) wifi: Wifi,
    #[setting(nested)]
    pub(crate) zones: [Zone; 3],
    #[setting(default, keep)]
    pub(crate) boots: u32,
    #[setting(skip)]
    pub(crate) scratch: u32,
}

#[derive(Clone, Debug, PartialEq, Settings)]
pub(crate) struct Wifi {
    #[setting(default = "", validate = no_spaces)]
    pub(crate) ssid: String<32>,
    #[setting(default = 1, range = 1..=13)]
    pub(crate) channel: u8,
}

#[derive(Clone, Debug, PartialEq, Settings)]
pub(crate) struct Zone {
    #[setting(default = true)]
    pub(crate) on: bool,
    #[setting(default = 0)]
    pub(crate) offset: i8,
}

/// Of none of the others.
#[derive(Clone, Debug, PartialEq, Settings)]
#[settings(prefix = "lamp")]
pub(crate) struct Lamp {
    #[setting(default = 80)]
    pub(crate) brightness: u8,
}

fn no_spaces(text: &str) -> Result<(), &'static str> {
    match text.contains(' ') {
        true => Err("an SSID has no spaces here"),
        false => Ok(()),
    }
}

pub(crate) const KEYS: DeviceKeys = Device::KEYS;

pub(crate) type Shared = Live<CriticalSectionRawMutex, Device, 3>;
pub(crate) type Ram = Resources<{ Device::KEY_SLOTS }, 4, { Device::BUFFER }>;
pub(crate) type DeviceSaver<'a, F> = Saver<'a, CriticalSectionRawMutex, Device, F, 3>;

/// Times that are easy to reckon with.
pub(crate) const POLICY: Policy = Policy {
    quiet_ms: 1_000,
    latest_ms: 5_000,
    maintain: false,
    ..Policy::DEFAULT
};

pub(crate) fn text<const N: usize>(text: &str) -> String<N> {
    text.try_into().expect("it is short enough")
}

/// A saver on 4 sectors of 1 KiB.
pub(crate) fn saver<'a, F>(
    live: &'a Shared,
    flash: F,
    ram: &'a mut Ram,
) -> Result<DeviceSaver<'a, F>, Error<SimError>>
where
    F: embedded_storage::nor_flash::NorFlash<Error = SimError>,
{
    let store = Store::mount(flash, 0..4096, ram, Options::DEFAULT)?;
    Ok(Saver::new(live, store, POLICY))
}

/// Lets time pass until all is saved; returns when that is.
pub(crate) fn settle<F>(saver: &mut DeviceSaver<'_, F>, from: u64) -> Result<u64, Error<SimError>>
where
    F: embedded_storage::nor_flash::NorFlash<Error = SimError>,
{
    let mut now = from;
    loop {
        match saver.poll(now)? {
            Next::Now => {}
            Next::At(time) => now = time,
            Next::OnChange => return Ok(now),
        }
    }
}
