//! Reading and editing: what is taken, what is refused, and that nothing is taken in part.

use std::thread;

use kvs::{Rejected, Rejection, Settings};

use crate::device::{Device, KEYS, Lamp, Shared, Wifi, text};

#[test]
fn settings_are_at_their_defaults_until_they_are_changed() -> Result<(), Rejected> {
    let live = Shared::new();
    assert_eq!(live.snapshot(), Device::defaults());
    assert_eq!(live.get(KEYS.wifi.channel)?, 1);
    assert_eq!(live.version(), 0);
    assert!(live.is_saved());
    Ok(())
}

#[test]
fn an_edit_is_taken_as_a_whole() -> Result<(), Rejected> {
    let live = Shared::new();
    let before = live.edit(|device| {
        device.wifi.channel = 6;
        device.zones[2].offset = -3;
        std::mem::replace(&mut device.target, 225)
    })?;
    assert_eq!(before, 210);
    assert_eq!(live.get(KEYS.wifi.channel)?, 6);
    assert_eq!(live.get(KEYS.zones[2].offset)?, -3);
    assert_eq!(live.get(KEYS.zones[1].offset)?, 0);
    assert!(!live.is_saved());
    Ok(())
}

#[test]
fn an_edit_that_breaks_a_rule_changes_nothing() -> Result<(), Rejected> {
    let live = Shared::new();
    let rejected = live.edit(|device| {
        device.target = 225;
        device.wifi.ssid = text("an attic");
    });
    let error = rejected.expect_err("the SSID has a space");
    assert_eq!(error.to_string(), "wifi.ssid: an SSID has no spaces here");
    assert_eq!(live.snapshot(), Device::defaults());
    assert_eq!(live.version(), 0);
    assert!(live.is_saved());
    Ok(())
}

#[test]
fn single_settings_nested_structs_and_all_are_set_and_got_by_their_keys() -> Result<(), Rejected> {
    let live = Shared::new();
    live.set(KEYS.name, &text("attic"))?;
    live.set(
        KEYS.wifi,
        &Wifi {
            ssid: text("upstairs"),
            channel: 11,
        },
    )?;
    live.set(KEYS.zones[1].on, &false)?;
    let mut zone = live.get(KEYS.zones[1])?;
    assert!(!zone.on);
    zone.offset = 5;
    live.set(KEYS.zones[1], &zone)?;

    let mut expected = Device::defaults();
    expected.name = text("attic");
    expected.wifi.ssid = text("upstairs");
    expected.wifi.channel = 11;
    expected.zones[1].on = false;
    expected.zones[1].offset = 5;
    assert_eq!(live.get(KEYS)?, expected);
    assert_eq!(live.get(KEYS.wifi)?.channel, 11);

    let error = live.set(KEYS.target, &351).expect_err("out of range");
    let message = "target: the value is out of range (allowed: 50..=350)";
    assert_eq!(error.to_string(), message);
    let mut wifi = live.get(KEYS.wifi)?;
    wifi.channel = 14;
    let error = live.set(KEYS.wifi, &wifi).expect_err("out of range");
    let message = "wifi.channel: the value is out of range (allowed: 1..=13)";
    assert_eq!(error.to_string(), message);
    assert_eq!(live.get(KEYS)?, expected);
    Ok(())
}

#[test]
fn what_is_not_stored_is_edited_too() -> Result<(), Rejected> {
    let live = Shared::new();
    live.edit(|device| device.scratch = 7)?;
    assert_eq!(live.with(|device| device.scratch), 7);
    assert!(live.is_saved());
    Ok(())
}

#[test]
fn the_same_value_is_no_change() -> Result<(), Rejected> {
    let live = Shared::new();
    live.set(KEYS.target, &210)?;
    live.edit(|device| device.wifi.channel = 1)?;
    assert!(live.is_saved());
    Ok(())
}

#[test]
fn keys_of_another_struct_are_refused() {
    let live = Shared::new();
    let error = live.get(Lamp::KEYS.brightness).expect_err("another's key");
    assert_eq!(error.why, Rejection::AnotherStruct("Device"));
    let message = "lamp.brightness: the setting is not one of `Device`";
    assert_eq!(error.to_string(), message);
    let refused = live.set(Lamp::KEYS, &Lamp { brightness: 1 });
    assert_eq!(refused.expect_err("another's key"), error);
    assert!(live.watch(Lamp::KEYS).is_err());
}

#[test]
fn a_closure_that_reads_can_not_change() -> Result<(), Rejected> {
    let live = Shared::new();
    let (read, refused) = live.with(|device| {
        let refused = live.set(KEYS.target, &225);
        // Reading is no harm.
        (live.get(KEYS.target).ok() == Some(device.target), refused)
    });
    assert!(read);
    let error = refused.expect_err("it is being read");
    assert_eq!(error.why, Rejection::BeingRead);
    assert_eq!(error.setting, KEYS.target.path());
    live.set(KEYS.target, &225)?;
    Ok(())
}

#[test]
fn an_edit_inside_an_edit_comes_first() -> Result<(), Rejected> {
    let live = Shared::new();
    let mut calls = 0;
    live.edit(|device| {
        calls += 1;
        if calls == 1 {
            live.set(KEYS.wifi.channel, &9).expect("it is in range");
        }
        device.target += 1;
    })?;
    // The outer one is made again, of the newest settings.
    assert_eq!(calls, 2);
    assert_eq!(live.get(KEYS.target)?, 211);
    assert_eq!(live.get(KEYS.wifi.channel)?, 9);
    Ok(())
}

#[test]
fn no_edit_of_many_threads_is_lost() -> Result<(), Rejected> {
    static LIVE: Shared = Shared::new();
    const EACH: u32 = 2_000;
    let threads = [(); 4].map(|()| {
        thread::spawn(|| {
            for _ in 0..EACH {
                let edited = LIVE.edit(|device| {
                    device.boots += 1;
                    // Two that belong together.
                    device.zones[0].offset = device.boots as i8;
                    device.zones[1].offset = device.boots as i8;
                });
                edited.expect("no rule is broken");
                LIVE.with(|device| assert_eq!(device.zones[0].offset, device.zones[1].offset));
            }
        })
    });
    for thread in threads {
        thread.join().expect("no thread failed");
    }
    assert_eq!(LIVE.get(KEYS.boots)?, 4 * EACH);
    Ok(())
}
