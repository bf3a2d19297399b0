//! The saver: when it saves, what that costs, and what becomes of what fails.

use std::array;

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use kvs::live::{Live, Next, Policy, Wear};
use kvs::sim::{Outage, SimError, Tear, When};
use kvs::{Error, Options, Resources, Saver, Settings, Store};

use crate::device::{Device, KEYS, POLICY, Ram, Shared, saver, settle, text};
use crate::flash::Flash;

type Result = core::result::Result<(), Error<SimError>>;

#[test]
fn it_saves_when_nothing_has_changed_for_a_while() -> Result {
    let (live, mut ram) = (Shared::new(), Ram::new());
    let mut saver = saver(&live, Flash::new(), &mut ram)?;
    saver.load();
    assert_eq!(saver.poll(10)?, Next::OnChange);
    live.set(KEYS.target, &220)?;
    assert_eq!(saver.poll(100)?, Next::At(1_100));
    live.set(KEYS.target, &230)?;
    assert_eq!(saver.poll(600)?, Next::At(1_600));
    assert_eq!(saver.poll(1_599)?, Next::At(1_600));
    assert_eq!(saver.store().get_stored(KEYS.target)?, None);
    assert_eq!(saver.poll(1_600)?, Next::Now);
    assert_eq!(saver.poll(1_600)?, Next::OnChange);
    assert_eq!(saver.store().get_stored(KEYS.target)?, Some(230));
    Ok(())
}

#[test]
fn it_saves_at_the_latest_though_there_are_always_changes() -> Result {
    let (live, mut ram) = (Shared::new(), Ram::new());
    let mut saver = saver(&live, Flash::new(), &mut ram)?;
    saver.load();
    let mut saved_at = Vec::new();
    for now in (0..20_000).step_by(500) {
        live.set(KEYS.target, &(100 + (now / 500) as i16))?;
        if saver.poll(now)? == Next::Now {
            saved_at.push(now);
        }
    }
    assert_eq!(saved_at, [5_000, 10_000, 15_000]);
    Ok(())
}

#[test]
fn all_that_was_changed_is_one_commit() -> Result {
    let (live, mut ram, flash) = (Shared::new(), Ram::new(), Flash::new());
    let mut saver = saver(&live, flash.clone(), &mut ram)?;
    saver.load();
    live.set(KEYS.boots, &1)?;
    settle(&mut saver, 0)?;
    let before = flash.0.borrow().stats().clone();
    live.set(KEYS.target, &220)?;
    live.set(KEYS.wifi.ssid, &text("attic"))?;
    live.edit(|device| device.zones[1].on = false)?;
    settle(&mut saver, 10_000)?;
    assert_eq!(flash.0.borrow().stats().since(&before).programs, 1);
    assert_eq!(saver.store().load::<Device>().0, live.snapshot());
    Ok(())
}

/// 32 settings.
#[derive(Clone, Debug, PartialEq, Settings)]
struct Many {
    #[setting(nested)]
    rows: [Row; 8],
}

#[derive(Clone, Debug, PartialEq, Settings)]
struct Row {
    #[setting(default = 1)]
    a: u32,
    #[setting(default = 2)]
    b: u16,
    #[setting(default = 3)]
    c: i8,
    #[setting(default = [0; 6])]
    d: [u8; 6],
}

#[test]
fn one_changed_setting_of_32_is_one_program_call_and_one_read() -> Result {
    let mut programs_and_reads = Vec::new();
    for verify_on_write in [false, true] {
        let flash = Flash::new();
        let mut ram = Resources::<{ Many::KEY_SLOTS }, 4, { Many::BUFFER }>::for_settings::<Many>();
        let options = Options {
            verify_on_write,
            ..Options::DEFAULT
        };
        let store = Store::mount(flash.clone(), 0..4096, &mut ram, options)?;
        let live = Live::<NoopRawMutex, Many, 1>::new();
        let mut saver = Saver::new(&live, store, POLICY);
        saver.load();
        // All are stored.
        live.edit(|many| {
            many.rows = array::from_fn(|row| Row {
                a: row as u32 + 100,
                b: 50,
                c: -1,
                d: [9; 6],
            });
        })?;
        assert_eq!(saver.flush()?, 32);

        let before = flash.0.borrow().stats().clone();
        live.set(Many::KEYS.rows[3].b, &51)?;
        assert_eq!(saver.poll(0)?, Next::At(1_000));
        assert_eq!(saver.poll(1_000)?, Next::Now);
        let cost = flash.0.borrow().stats().since(&before);
        assert_eq!(cost.erases, 0);
        programs_and_reads.push((cost.programs, cost.reads));
    }
    // A verified program is two more reads: the flash is blank before it, and right after it.
    assert_eq!(programs_and_reads, [(1, 1), (1, 3)]);
    Ok(())
}

#[test]
fn a_change_that_is_taken_back_programs_nothing() -> Result {
    let (live, mut ram, flash) = (Shared::new(), Ram::new(), Flash::new());
    let mut saver = saver(&live, flash.clone(), &mut ram)?;
    saver.load();
    live.set(KEYS.target, &220)?;
    settle(&mut saver, 0)?;
    let before = flash.0.borrow().stats().clone();
    live.set(KEYS.target, &230)?;
    live.set(KEYS.target, &220)?;
    live.set(KEYS.wifi.channel, &2)?;
    live.set(KEYS.wifi.channel, &1)?;
    settle(&mut saver, 10_000)?;
    assert_eq!(flash.0.borrow().stats().since(&before).programs, 0);
    assert!(live.is_saved());
    // Nobody has chosen the default: a later firmware may have another.
    assert_eq!(saver.store().get_stored(KEYS.wifi.channel)?, None);
    Ok(())
}

#[test]
fn a_default_that_is_chosen_is_stored() -> Result {
    let (live, mut ram) = (Shared::new(), Ram::new());
    let mut saver = saver(&live, Flash::new(), &mut ram)?;
    saver.load();
    live.set(KEYS.target, &220)?;
    settle(&mut saver, 0)?;
    live.set(KEYS.target, &210)?;
    settle(&mut saver, 10_000)?;
    assert_eq!(saver.store().get_stored(KEYS.target)?, Some(210));
    Ok(())
}

#[test]
fn what_is_changed_before_the_load_stays_changed() -> Result {
    let (flash, mut ram) = (Flash::new(), Ram::new());
    let mut stored = Store::mount(flash.clone(), 0..4096, &mut ram, Options::DEFAULT)?;
    stored.put(KEYS.target, &220)?;
    stored.put(KEYS.name, &text("attic"))?;

    let (live, mut ram) = (Shared::new(), Ram::new());
    live.set(KEYS.target, &230)?;
    let mut watch = live.watch(KEYS.name).expect("there are three places");
    let mut saver = saver(&live, flash, &mut ram)?;
    let report = saver.load();
    assert!(!report.is_first_boot());
    assert_eq!(live.get(KEYS.target)?, 230);
    assert_eq!(watch.try_changed(), Some(text("attic")));
    settle(&mut saver, 0)?;
    assert_eq!(saver.store().get_stored(KEYS.target)?, Some(230));
    Ok(())
}

#[test]
fn a_save_that_fails_is_told_and_tried_again() -> Result {
    let (live, mut ram, flash) = (Shared::new(), Ram::new(), Flash::new());
    let mut saver = saver(&live, flash.clone(), &mut ram)?;
    saver.load();
    live.set(KEYS.boots, &1)?;
    let mut now = settle(&mut saver, 0)?;

    live.set(KEYS.target, &220)?;
    let fails = Outage::Programs(Tear::Clean);
    flash.0.borrow_mut().outage(fails, When::Next(1_000_000));
    let mut waits = Vec::new();
    while waits.len() < 9 {
        match saver.poll(now) {
            Ok(Next::At(time)) => {
                waits.push(time - now);
                now = time;
            }
            Ok(next) => panic!("{next:?} although the save has failed"),
            Err(Error::Flash(_)) => assert!(!live.is_saved()),
            Err(error) => return Err(error),
        }
    }
    let doubled = [
        1_000, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 64_000,
    ];
    assert_eq!(waits, doubled);
    // What was asked for is tried at once.
    assert!(saver.flush().is_err());

    flash.0.borrow_mut().end_outages();
    settle(&mut saver, now)?;
    assert_eq!(saver.store().get_stored(KEYS.target)?, Some(220));
    Ok(())
}

#[test]
fn what_can_not_be_stored_keeps_nothing_else_from_being_used() -> Result {
    let (live, mut ram) = (Shared::new(), Ram::new());
    let options = Options {
        read_only: true,
        ..Options::DEFAULT
    };
    let store = Store::mount(Flash::new(), 0..4096, &mut ram, options)?;
    let mut saver = Saver::new(&live, store, POLICY);
    saver.load();
    live.set(KEYS.target, &220)?;
    assert_eq!(saver.poll(0)?, Next::At(1_000));
    assert_eq!(saver.poll(1_000), Err(Error::ReadOnly));
    assert_eq!(live.get(KEYS.target)?, 220);
    Ok(())
}

#[test]
fn a_reset_brings_the_defaults_but_for_what_is_kept() -> Result {
    let (live, mut ram) = (Shared::new(), Ram::new());
    let mut saver = saver(&live, Flash::new(), &mut ram)?;
    saver.load();
    live.edit(|device| {
        device.target = 220;
        device.wifi.channel = 6;
        device.boots = 7;
    })?;
    let now = settle(&mut saver, 0)?;
    let mut watch = live
        .watch(KEYS.wifi.channel)
        .expect("there are three places");

    // Not stored yet.
    live.edit(|device| {
        device.wifi.channel = 9;
        device.target = 230;
        device.boots = 8;
    })?;
    assert_eq!(watch.try_changed(), Some(9));
    assert_eq!(saver.reset(KEYS.wifi.group())?, 1);
    assert_eq!(watch.try_changed(), Some(1));
    assert_eq!(live.get(KEYS.target)?, 230);
    settle(&mut saver, now)?;

    assert_eq!(saver.reset(KEYS.group())?, 1);
    let expected = Device {
        boots: 8,
        ..Device::defaults()
    };
    assert_eq!(live.snapshot(), expected);
    assert!(live.is_saved());
    assert_eq!(saver.store().load::<Device>().0, expected);
    assert_eq!(saver.store().get_stored(KEYS.target)?, None);
    Ok(())
}

#[test]
fn idle_time_is_used_to_erase_ahead() -> Result {
    for maintain in [false, true] {
        let (live, mut ram, flash) = (Shared::new(), Ram::new(), Flash::new());
        let mut saver = saver(&live, flash.clone(), &mut ram)?;
        saver.set_policy(Policy {
            maintain,
            wear: Wear::UNLIMITED,
            ..POLICY
        });
        saver.load();
        while saver.poll(0)? == Next::Now {}
        let mut now = 0;
        let mut erases_in_saves = 0;
        for value in 1..=1_000 {
            live.set(KEYS.boots, &value)?;
            assert_eq!(saver.poll(now)?, Next::At(now + 1_000));
            now += 1_000;
            let before = flash.0.borrow().stats().erases;
            assert_eq!(saver.poll(now)?, Next::Now);
            erases_in_saves += flash.0.borrow().stats().erases - before;
            while saver.poll(now)? == Next::Now {}
        }
        assert_eq!(erases_in_saves == 0, maintain, "{erases_in_saves} erases");
    }
    Ok(())
}
