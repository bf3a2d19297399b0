//! Settings under bit rot: each field has what was saved last, what was saved before, or its default, and where that is
//! another value than before, the report or the stats say so.

use std::fmt::Display;

use heapless::String;
use kvs::sim::{Rng, SimFlash};
use kvs::{Options, Rejection, Resources, Settings, Store};

use super::Effort;
use crate::Chip;

#[derive(Settings, Clone, Debug, PartialEq)]
struct Device {
    #[setting(default = 210, range = 50..=350)]
    target: i16,
    #[setting(default = "living room")]
    name: String<40>,
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

/// Its settings, each as a text.
fn fields(device: &Device) -> [std::string::String; 5] {
    [
        device.target.to_string(),
        device.name.to_string(),
        device.wifi.channel.to_string(),
        format!("{:?}", device.wifi.bands),
        device.boots.to_string(),
    ]
}

/// What was tried on saved structs, and what came of it.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) flips: u64,
    /// Flips after which a setting had another value than before.
    pub(super) changed: u64,
}

type Ram = Resources<12, 3, 96>;

fn mount<'a, const W: usize, const E: usize>(
    chip: &Chip<W, E>,
    ram: &'a mut Ram,
) -> Store<'a, Chip<W, E>> {
    let end = chip.flash().image().len() as u32;
    Store::mount(chip.clone(), 0..end, ram, Options::DEFAULT).expect("it mounts")
}

/// A struct that was saved so often, and all that was saved.
fn saved<const W: usize, const E: usize>(
    sectors: usize,
    saves: usize,
    seed: u64,
) -> (SimFlash<W, E>, Vec<Device>) {
    let mut rng = Rng::new(seed);
    let chip = Chip::new(SimFlash::<W, E>::new(sectors));
    let mut history = vec![Device::defaults()];
    let mut device = Device::defaults();
    let mut ram = Ram::new();
    let mut store = mount(&chip, &mut ram);
    for _ in 0..saves {
        device.boots += 1;
        if rng.below(2) == 0 {
            device.target = 50 + rng.below(300) as i16;
        }
        if rng.below(4) == 0 {
            let letter = char::from(b'a' + rng.below(26) as u8);
            device.name = (0..rng.below(41)).map(|_| letter).collect();
        }
        if rng.below(3) == 0 {
            device.wifi.channel = 1 + rng.below(13) as u8;
            device.wifi.bands = [rng.next_u64() as u16; 4];
        }
        store.save(&device).expect("it is saved");
        history.push(device.clone());
    }
    let flash = chip.flash().clone();
    (flash, history)
}

/// The settings in which the two differ.
fn differences(one: &Device, other: &Device) -> Vec<usize> {
    let (one, other) = (fields(one), fields(other));
    (0..one.len())
        .filter(|field| one[*field] != other[*field])
        .collect()
}

/// What a flip under a mounted store leaves: at most one setting is rejected and has its default. Where the mount had gone by
/// a table, it can be what a flip before mounting leaves. Whether it was that.
fn load_mounted<const W: usize, const E: usize>(
    store: &mut Store<'_, Chip<W, E>>,
    history: &[Device],
    name: &dyn Display,
) -> bool {
    let (found, report) = store.load::<Device>();
    let rejected: Vec<_> = report.rejected().map(|(_, why)| why).collect();
    if rejected.is_empty() {
        return assert_earlier(&found, store.stats().corrupt, history, name);
    }
    assert_eq!(
        rejected,
        [Rejection::Corrupt],
        "{name}, mounted: {report:?}"
    );
    let lost = differences(&found, &history[history.len() - 1]);
    assert!(lost.len() <= 1, "{name}, mounted: {found:?}, {report:?}");
    let defaults = fields(&Device::defaults());
    for field in lost {
        assert_eq!(fields(&found)[field], defaults[field], "{name}, mounted");
    }
    false
}

/// What a flip before mounting leaves: earlier values of the settings of one save, and a count of it.
fn load<const W: usize, const E: usize>(
    store: &mut Store<'_, Chip<W, E>>,
    history: &[Device],
    name: &dyn Display,
) -> Device {
    let (found, report) = store.load::<Device>();
    assert_eq!(report.rejected().count(), 0, "{name}: {report:?}");
    assert_earlier(&found, store.stats().corrupt, history, name);
    found
}

/// Whether settings of one save have earlier values; of no more than one, and counted.
fn assert_earlier(found: &Device, corrupt: u32, history: &[Device], name: &dyn Display) -> bool {
    let device = &history[history.len() - 1];
    let mut saves = Vec::new();
    for field in differences(found, device) {
        let now = &fields(found)[field];
        let was_saved = |saved: &Device| fields(saved)[field] == *now;
        assert!(
            history.iter().any(was_saved),
            "{name}: {now} was never saved"
        );
        // The save that gave it the value that is lost.
        let had_another = |saved: &Device| fields(saved)[field] != fields(device)[field];
        saves.push(history.iter().rposition(had_another));
    }
    assert!(
        saves.windows(2).all(|two| two[0] == two[1]),
        "{name}: of saves {saves:?}"
    );
    assert!(saves.is_empty() || corrupt != 0, "{name}: a silent loss");
    !saves.is_empty()
}

/// Saves a struct so often, and flips each bit: under a mounted store, and before it is mounted.
fn every_bit<const W: usize, const E: usize>(
    (sectors, saves, seed): (usize, usize, u64),
    tally: &mut Tally,
) {
    let (flash, history) = saved::<W, E>(sectors, saves, seed);
    let device = &history[history.len() - 1];
    let (chip, other) = (Chip::new(flash.clone()), Chip::new(flash.clone()));
    let (mut ram, mut other_ram) = (Ram::new(), Ram::new());
    let mut mounted = mount(&other, &mut other_ram);
    for bit in 0..sectors * E * 8 {
        let name = format_args!(
            "words of {W}, {sectors} sectors of {E}, {saves} saves, seed {seed}: bit {} of {:#x}",
            bit % 8,
            bit / 8
        );
        let flip = |chip: &Chip<W, E>| chip.flash().image_mut()[bit / 8] ^= 1 << (bit % 8);
        flip(&other);
        let read_anew = load_mounted(&mut mounted, &history, &name);
        flip(&other);
        if read_anew {
            drop(mounted);
            other_ram = Ram::new();
            mounted = mount(&other, &mut other_ram);
        }

        chip.flash().clone_from(&flash);
        flip(&chip);
        let mut store = mount(&chip, &mut ram);
        let mut found = load(&mut store, &history, &name);
        tally.flips += 1;
        tally.changed += u64::from(found != *device);

        // It can be saved, and is found.
        found.boots += 1_000_000;
        found.target = 50 + found.target % 300;
        found.wifi.channel = 14 - found.wifi.channel;
        found.name = "mended".try_into().expect("short enough");
        if let Err(error) = store.save(&found) {
            panic!("{name}: not savable: {error}");
        }
        drop(store);
        let (again, report) = mount(&chip, &mut ram).load::<Device>();
        assert_eq!(again, found, "{name}, saved: {report:?}");
    }
}

/// Structs that were saved a few times and many.
pub(super) fn run(effort: Effort, tally: &mut Tally) {
    let saves: &[usize] = match effort {
        Effort::Sample => &[14],
        Effort::Every => &[1, 3, 14, 41],
    };
    for saves in saves {
        every_bit::<1, 256>((2, *saves, 1), tally);
        every_bit::<4, 256>((3, *saves, 2), tally);
        if effort == Effort::Every {
            every_bit::<8, 256>((2, *saves, 3), tally);
            every_bit::<16, 256>((3, *saves, 4), tally);
            every_bit::<32, 512>((2, *saves, 5), tally);
        }
    }
}
