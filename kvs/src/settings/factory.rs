//! What stands under the settings that are stored: the defaults in the code, or what the factory has
//! given the device.

use super::report::{Outcome, Report};
use super::{Settings, flags};

/// What a setting is where nothing is stored of it.
pub trait Base<S: Settings>: Send + Sync {
    /// The settings of a device on which nothing is stored.
    #[doc(hidden)]
    fn settings(&self) -> S;

    /// Whether setting number `leaf` has been given a value at the factory.
    #[doc(hidden)]
    fn is_given(&self, leaf: usize) -> bool;
}

/// The [`Base`] of a device without factory values: the defaults in the code.
#[derive(Clone, Copy, Debug, Default)]
pub struct CodeDefaults;

impl<S: Settings> Base<S> for CodeDefaults {
    fn settings(&self) -> S {
        S::defaults()
    }

    fn is_given(&self, _: usize) -> bool {
        false
    }
}

/// What the factory has given a device: calibration, a serial number, a customer's presets. It
/// stands between what the user has stored and the defaults in the code.
///
/// It is in a partition of its own, written on the production line ([`kvs build`] makes the image
/// from the same lock file), which the firmware mounts read-only, loads once, and needs no more. It
/// is migrated as a user's settings are, so that a factory partition of the first firmware serves all
/// later ones.
///
/// ```
/// # use kvs::{Factory, Options, Outcome, Resources, Settings, Store, sim::presets};
/// #[derive(Clone, Settings)]
/// struct Sensor {
///     #[setting(default = 1000)]
///     gain: u16,
///     #[setting(default = 0)]
///     offset: i16,
/// }
///
/// # let mut flash = presets::nrf52840();
/// # let mut line_resources = Resources::<8, 2, 64>::for_settings::<Sensor>();
/// # let mut line = Store::mount(&mut flash, 0x6000..0x8000, &mut line_resources, Options::DEFAULT)?;
/// # line.put(Sensor::KEYS.gain, &1013)?;
/// // Six pages for the user, two for the factory.
/// let mut resources = Resources::<8, 2, 64>::for_settings::<Sensor>();
/// let read_only = Options { read_only: true, ..Options::DEFAULT };
/// let mut given = Store::mount(&mut flash, 0x6000..0x8000, &mut resources, read_only)?;
/// let factory = Factory::from(given.load::<Sensor>());
///
/// let mut resources = Resources::<8, 8, 64>::for_settings::<Sensor>();
/// let mut store = Store::mount(&mut flash, 0..0x6000, &mut resources, Options::DEFAULT)?;
/// let (mut sensor, report) = store.load_over(&factory);
/// assert_eq!(sensor.gain, 1013);
/// let (path, outcome) = report.iter().next().unwrap();
/// assert_eq!((path.to_string().as_str(), outcome), ("gain", Outcome::Factory));
///
/// sensor.offset = -3;
/// assert_eq!(store.save_over(&sensor, &factory)?, 1);
/// # Ok::<(), kvs::Error<kvs::sim::SimError>>(())
/// ```
///
/// [`kvs build`]: https://docs.rs/kvs-cli
#[derive(Clone, Copy, Debug)]
pub struct Factory<S: Settings> {
    settings: S,
    /// Which of them the factory has given.
    given: S::Flags,
}

/// Of what [`Store::load`](crate::Store::load) of the factory's partition has returned. What it has
/// turned down is as if it were not given.
impl<S: Settings> From<(S, Report<S::Outcomes>)> for Factory<S> {
    fn from((settings, report): (S, Report<S::Outcomes>)) -> Self {
        let mut given = S::NO_FLAGS;
        for (leaf, outcome) in report.outcomes.as_ref().iter().enumerate() {
            let is_given = matches!(outcome, Outcome::Loaded | Outcome::Migrated(_));
            flags::set(given.as_mut(), leaf, is_given);
        }
        Self { settings, given }
    }
}

impl<S: Settings> Factory<S> {
    /// The settings as the factory has given them, and the defaults of the others.
    pub const fn settings(&self) -> &S {
        &self.settings
    }
}

impl<S: Settings + Clone> Base<S> for Factory<S> {
    fn settings(&self) -> S {
        self.settings.clone()
    }

    fn is_given(&self, leaf: usize) -> bool {
        flags::has(self.given.as_ref(), leaf)
    }
}
