//! Updates and rollbacks between firmwares of other sizes: key slots, buffers, what else is in the
//! partition. A firmware finds its own values, goes on saving them, and destroys nothing of the
//! other's that it can't know or hold.

use std::collections::BTreeMap;

use heapless::String;
use kvs::sim::{Rng, SimError, SimFlash};
use kvs::{Error, Options, Outcome, Rejection, Resources, Store};

use super::chain::compare;
use super::oracle::{Firmware, Flash, Oracle, firmwares};

const SECTORS: usize = 4;
/// Raw keys that fill the partition, each of so many bytes.
const FILLERS: usize = 3;
const FILLER: usize = 440;

/// The sizes that a firmware was built with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Sizes {
    keys: Keys,
    buffer: Buffer,
}

/// Key slots, beside those for the fillers. The five firmwares have 10 to 12 settings.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Keys {
    Fewer,
    Equal,
    More,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Buffer {
    /// The least that there is.
    Short,
    Enough,
}

const SIZES: [Sizes; 6] = {
    const fn of(keys: Keys, buffer: Buffer) -> Sizes {
        Sizes { keys, buffer }
    }
    [
        of(Keys::Fewer, Buffer::Short),
        of(Keys::Fewer, Buffer::Enough),
        of(Keys::Equal, Buffer::Short),
        of(Keys::Equal, Buffer::Enough),
        of(Keys::More, Buffer::Short),
        of(Keys::More, Buffer::Enough),
    ]
};

type Refused = Error<SimError>;

/// Mounts as a firmware of these sizes does, and lets it run.
fn boot<T>(
    flash: &mut SimFlash<4, 1024>,
    sizes: Sizes,
    run: impl FnOnce(&mut Flash<'_>) -> Result<T, Refused>,
) -> Result<T, Refused> {
    macro_rules! mount {
        ($keys:expr, $buffer:expr) => {{
            let mut ram = Resources::<{ $keys + FILLERS }, SECTORS, $buffer>::new();
            let end = (SECTORS * 1024) as u32;
            run(&mut Store::mount(
                flash,
                0..end,
                &mut ram,
                Options::DEFAULT,
            )?)
        }};
    }
    match (sizes.keys, sizes.buffer) {
        (Keys::Fewer, Buffer::Short) => mount!(6, 64),
        (Keys::Fewer, Buffer::Enough) => mount!(6, 256),
        (Keys::Equal, Buffer::Short) => mount!(12, 64),
        (Keys::Equal, Buffer::Enough) => mount!(12, 256),
        (Keys::More, Buffer::Short) => mount!(48, 64),
        (Keys::More, Buffer::Enough) => mount!(48, 256),
    }
}

/// What has room for all.
const ROOMY: Sizes = Sizes {
    keys: Keys::More,
    buffer: Buffer::Enough,
};

fn fill(flash: &mut SimFlash<4, 1024>, is_full: bool) {
    let fillers = if is_full { FILLERS } else { 0 };
    boot(flash, ROOMY, |store| {
        for number in 0..fillers {
            store.put_bytes(&*format!("filler {number}"), &[7; FILLER])?;
        }
        Ok(())
    })
    .unwrap();
}

fn is_filled(store: &mut Flash<'_>, is_full: bool) -> bool {
    let mut is_there = |number| store.value_len(&*format!("filler {number}")) == Ok(Some(FILLER));
    !is_full || (0..FILLERS).all(&mut is_there)
}

/// What went wrong, by sizes and fill, and an example of each.
#[derive(Default)]
struct Tally {
    trials: usize,
    /// Saves that were refused whole, for want of key slots.
    refused: usize,
    wrong: BTreeMap<std::string::String, (usize, std::string::String)>,
}

impl Tally {
    fn wrong(&mut self, kind: std::string::String, example: std::string::String) {
        self.wrong.entry(kind).or_insert((0, example)).0 += 1;
    }

    fn check(self) {
        println!("{} boots, {} saves refused", self.trials, self.refused);
        let lines = self.wrong.iter().map(|(kind, (count, example))| {
            format!("{count:6} {kind}\n       such as {example}\n")
        });
        let lines: std::string::String = lines.collect();
        assert!(lines.is_empty(), "wrong:\n{lines}");
    }
}

/// One boot of a firmware: it loads, edits, saves, perhaps confirms. Returns whether a confirmation
/// was refused.
fn live(
    store: &mut Flash<'_>,
    oracle: &mut Oracle,
    firmware: &Firmware,
    (rng, confirms): (&mut Rng, bool),
    tally: &mut Tally,
) -> Result<bool, std::string::String> {
    let now = oracle.load(&firmware.version);
    let found = (firmware.load)(store);
    if found != now {
        return Err(format!("its load: {found:?} instead of {now:?}"));
    }
    let values = firmware
        .version
        .edited(&now, |count| (rng.below(3) != 0).then(|| rng.below(count)));
    match (firmware.save)(store, &values) {
        Ok(_) => oracle.save(&firmware.version, &values),
        Err(Error::TooManyKeys { .. }) => tally.refused += 1,
        Err(error) => return Err(format!("its save: {error}")),
    }
    if confirms {
        match (firmware.confirm)(store) {
            Ok(_) => oracle.confirm(&firmware.version),
            // Steps of it may be done: what this firmware's load gives is the same, and what
            // another's does is not promised.
            Err(Error::TooManyKeys { .. }) => {
                tally.refused += 1;
                return Ok(true);
            }
            Err(error) => return Err(format!("its confirm: {error}")),
        }
    }
    Ok(false)
}

/// Whether a firmware's settings are what they should be, wherever they are from.
fn compare_values(
    store: &mut Flash<'_>,
    oracle: &Oracle,
    firmware: &Firmware,
) -> Result<(), std::string::String> {
    let found = (firmware.load)(store);
    let expected = oracle.load(&firmware.version);
    let mut pairs = found.iter().zip(&expected);
    match pairs.position(|((found, _), (expected, _))| found != expected) {
        Some(at) => Err(format!(
            "setting {at} in steps: {found:?} instead of {expected:?}"
        )),
        None => Ok(()),
    }
}

/// An update, a rollback, and the update again, at other sizes on each side.
#[test]
fn firmwares_of_all_sizes_are_guests_of_each_other() {
    let firmwares = firmwares();
    let mut tally = Tally::default();
    for trial in 0..100 {
        let (one, other, seed) = (trial / 5 % 5, trial % 5, trial as u64 / 25);
        for (mine, theirs) in SIZES.iter().flat_map(|a| SIZES.map(|b| (*a, b))) {
            for is_full in [false, true] {
                let mut rng = Rng::new(seed);
                let mut flash = SimFlash::<4, 1024>::new(SECTORS);
                fill(&mut flash, is_full);
                let mut oracle = Oracle::default();
                let steps = [(one, mine), (other, theirs), (one, mine), (other, theirs)];
                for (step, (now, sizes)) in steps.into_iter().enumerate() {
                    tally.trials += 1;
                    let confirms = step == 3;
                    let done = boot(&mut flash, sizes, |store| {
                        let how = (&mut rng, confirms);
                        Ok(live(store, &mut oracle, &firmwares[now], how, &mut tally))
                    });
                    let done = done.unwrap_or_else(|error| Err(format!("its mount: {error}")));
                    // What all firmwares would find, with room for all.
                    let whole = boot(&mut flash, ROOMY, |store| {
                        Ok(match done {
                            _ if !is_filled(store, is_full) => Err("a filler is gone".into()),
                            Ok(true) => compare_values(store, &oracle, &firmwares[now]),
                            _ => compare(store, &oracle, &firmwares),
                        })
                    });
                    let whole = whole.unwrap_or_else(|error| Err(error.to_string()));
                    let Err(wrong) = done.and(whole) else {
                        continue;
                    };
                    let what = wrong.split([':', '{']).next().unwrap_or_default();
                    let kind = format!("{sizes:?}, full: {is_full}: {what}");
                    let of = format!("v{} v{} step {step} seed {seed}", one + 1, other + 1);
                    tally.wrong(kind, format!("{of}: {wrong}"));
                    break;
                }
            }
        }
    }
    tally.check();
}

mod long {
    use heapless::String;
    use kvs::Settings;

    #[derive(Settings)]
    pub(super) struct V1 {
        #[setting(default = "")]
        pub(super) url: String<32>,
        #[setting(default = 0)]
        pub(super) boots: u8,
    }

    #[derive(Settings)]
    pub(super) struct V2 {
        #[setting(default = "")]
        pub(super) url: String<120>,
        #[setting(default = 0)]
        pub(super) boots: u8,
        #[setting(default = 0)]
        pub(super) level: u8,
    }
}

/// A value that the old firmware can't hold, for its type or for its buffer, is there yet when the
/// new one comes back; and when it was put in place of by the old one's user, that counts.
#[test]
fn a_value_too_long_for_the_other_firmware_is_left_alone() {
    let mut tally = Tally::default();
    for sizes in SIZES {
        for (len, is_full) in [
            (20, false),
            (40, false),
            (53, false),
            (53, true),
            (120, false),
            (120, true),
        ] {
            tally.trials += 1;
            let mut flash = SimFlash::<4, 1024>::new(SECTORS);
            fill(&mut flash, is_full);
            let url = "u".repeat(len);
            boot(&mut flash, ROOMY, |store| {
                let mut new = store.load::<long::V2>().0;
                new.url = url.as_str().try_into().unwrap();
                new.level = 9;
                store.save(&new)
            })
            .unwrap();
            let mut rolled_back = || -> Result<(), std::string::String> {
                boot(&mut flash, sizes, |store| {
                    let (mut old, report) = store.load::<long::V1>();
                    let outcome = report.iter().next().map(|(_, outcome)| outcome);
                    let right = match (len, &outcome) {
                        (20, Some(Outcome::Loaded)) => old.url.len() == 20,
                        (
                            _,
                            Some(Outcome::Rejected(Rejection::Undecodable | Rejection::TooLong)),
                        ) => true,
                        _ => false,
                    };
                    old.boots += 1;
                    store.save(&old)?;
                    old.boots += 1;
                    Ok(store.save(&old)? == 1 && right)
                })
                .map_err(|error| format!("the old firmware: {error}"))?
                .then_some(())
                .ok_or("the old firmware's load or save")?;
                let new = boot(&mut flash, ROOMY, |store| Ok(store.load::<long::V2>().0));
                let new = new.map_err(|error| format!("the new firmware: {error}"))?;
                match new.url == *url && (new.boots, new.level) == (2, 9) {
                    true => Ok(()),
                    false => Err(format!("the new firmware finds {:?}", new.url)),
                }
            };
            if let Err(wrong) = rolled_back() {
                tally.wrong(format!("{sizes:?}, {len} bytes, full: {is_full}"), wrong);
                continue;
            }
            // What the old one's user chooses counts.
            let chosen = boot(&mut flash, sizes, |store| {
                let mut old = store.load::<long::V1>().0;
                old.url = String::try_from("chosen").unwrap();
                store.save(&old)
            });
            let chosen =
                chosen.and_then(|_| boot(&mut flash, sizes, |store| store.get(long::V2::KEYS.url)));
            if chosen.as_ref().map(String::as_str) != Ok("chosen") {
                tally.wrong(
                    format!("{sizes:?}, {len} bytes, full: {is_full}"),
                    format!("chosen: {chosen:?}"),
                );
            }
        }
    }
    tally.check();
}
