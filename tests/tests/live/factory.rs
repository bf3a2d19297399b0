//! Factory values under the user's: what counts where, and what a reset brings.

use kvs::sim::{SimError, SimFlash};
use kvs::{Error, Factory, Options, Outcome, Resources, Saver, Settings, Store};

use crate::device::{Device, KEYS, POLICY, Ram, Shared, text};

type Flash = SimFlash<4, 1024>;
type Result = core::result::Result<(), Error<SimError>>;

const READ_ONLY: Options = Options {
    read_only: true,
    ..Options::DEFAULT
};

/// A factory has given some settings, in the last two of six sectors.
fn given(flash: &mut Flash) -> core::result::Result<Factory<Device>, Error<SimError>> {
    let mut ram = Resources::<32, 2, 128>::for_settings::<Device>();
    let mut line = Store::mount(&mut *flash, 4096..6144, &mut ram, Options::DEFAULT)?;
    line.put(KEYS.target, &300)?;
    line.put(KEYS.name, &text("unit 7"))?;
    line.put(KEYS.boots, &5)?;
    let before = flash.image().to_vec();
    let mut ram = Resources::<32, 2, 128>::for_settings::<Device>();
    let mut store = Store::mount(&mut *flash, 4096..6144, &mut ram, READ_ONLY)?;
    let factory = Factory::from(store.load::<Device>());
    assert_eq!(flash.image(), before);
    Ok(factory)
}

#[test]
fn a_setting_is_the_users_else_the_factorys_else_its_default() -> Result {
    let mut flash = Flash::new(6);
    let factory = given(&mut flash)?;
    let mut ram = Ram::new();
    let mut store = Store::mount(&mut flash, 0..4096, &mut ram, Options::DEFAULT)?;
    let (mut device, report) = store.load_over(&factory);
    assert!(report.is_first_boot());
    assert_eq!((device.target, device.name.as_str()), (300, "unit 7"));

    device.target = 225;
    device.wifi.channel = 6;
    assert_eq!(store.save_over(&device, &factory)?, 2);
    let (loaded, report) = store.load_over(&factory);
    assert_eq!(loaded, device);
    let outcome = |path: &str| {
        let mut all = report.iter();
        all.find(|(found, _)| found.to_string() == path)
            .map(|(_, outcome)| outcome)
    };
    assert_eq!(outcome("target"), Some(Outcome::Loaded));
    assert_eq!(outcome("name"), Some(Outcome::Factory));
    assert_eq!(outcome("wifi.channel"), Some(Outcome::Loaded));
    assert_eq!(outcome("wifi.ssid"), Some(Outcome::Default));

    // What the user has chosen stays, though it is the default in the code, or what the factory gave.
    device.target = 210;
    assert_eq!(store.save_over(&device, &factory)?, 1);
    assert_eq!(store.load_over(&factory).0.target, 210);
    device.target = 300;
    assert_eq!(store.save_over(&device, &factory)?, 1);
    assert_eq!(store.get_stored(KEYS.target)?, Some(300));
    Ok(())
}

#[test]
fn a_reset_falls_back_to_what_the_factory_gave() -> Result {
    let mut flash = Flash::new(6);
    let factory = given(&mut flash)?;
    let (live, mut ram) = (Shared::new(), Ram::new());
    let store = Store::mount(&mut flash, 0..4096, &mut ram, Options::DEFAULT)?;
    let mut saver = Saver::over(&live, store, POLICY, factory);
    saver.load();
    assert_eq!(live.get(KEYS.target)?, 300);

    live.edit(|device| {
        device.target = 210;
        device.name = text("attic");
        device.boots = 6;
    })?;
    while !live.is_saved() {
        saver.poll(100_000)?;
        saver.flush()?;
    }
    assert_eq!(saver.store().get_stored(KEYS.target)?, Some(210));
    saver.reset(KEYS.group())?;
    let mut expected = Device::defaults();
    expected.target = 300;
    expected.name = text("unit 7");
    // It is kept.
    expected.boots = 6;
    assert_eq!(live.snapshot(), expected);
    assert_eq!(saver.store().get_stored(KEYS.target)?, None);
    Ok(())
}

#[test]
fn without_a_factory_nothing_is_given() -> Result {
    let mut flash = Flash::new(6);
    let mut ram = Resources::<32, 2, 128>::for_settings::<Device>();
    let mut blank = Store::mount(&mut flash, 4096..6144, &mut ram, READ_ONLY)?;
    let factory = Factory::from(blank.load::<Device>());
    assert_eq!(factory.settings(), &Device::defaults());
    let mut ram = Ram::new();
    let mut store = Store::mount(&mut flash, 0..4096, &mut ram, Options::DEFAULT)?;
    let (device, report) = store.load_over(&factory);
    assert_eq!(device, Device::defaults());
    assert!(
        report
            .iter()
            .all(|(_, outcome)| outcome == Outcome::Default)
    );
    Ok(())
}
