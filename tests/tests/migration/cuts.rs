//! Power cuts at every operation of save, confirm, prune and reset, between firmwares: each firmware then finds what it
//! would have found before, or after.

use kvs::sim::{Positions, Rng, SimError, SimFlash, every_cut};
use kvs::{Error, Options, Resources, Settings, Store};

use super::chain::{Ram, compare, mount};
use super::oracle::{Oracle, firmwares};

#[derive(Clone, Debug)]
enum Step {
    /// By this firmware, with this seed for what changes.
    Save(usize, u64),
    Confirm(usize),
    Prune(usize),
    Reset(usize),
    Maintain,
}

fn steps(count: usize, seed: u64) -> Vec<Step> {
    let mut rng = Rng::new(seed);
    let mut step = |number| {
        let firmware = rng.below(5);
        match rng.below(9) {
            0 => Step::Prune(firmware),
            1 => Step::Reset(firmware),
            2 => Step::Maintain,
            3 | 4 => Step::Confirm(firmware),
            _ => Step::Save(firmware, number),
        }
    };
    (0..count as u64).map(&mut step).collect()
}

#[test]
fn each_firmware_finds_what_was_before_the_cut_or_after() {
    let firmwares = firmwares();
    let values = |oracle: &Oracle, firmware: usize, seed: u64| {
        let version = &firmwares[firmware].version;
        let mut rng = Rng::new(seed);
        version.edited(&oracle.load(version), |count| {
            (rng.below(3) == 0).then(|| rng.below(count))
        })
    };
    let after = |oracle: &Oracle, step: &Step| {
        let mut oracle = oracle.clone();
        match step {
            Step::Save(by, seed) => {
                let values = values(&oracle, *by, *seed);
                oracle.save(&firmwares[*by].version, &values);
            }
            Step::Confirm(by) => oracle.confirm(&firmwares[*by].version),
            Step::Prune(by) => oracle.prune(&firmwares[*by].version),
            Step::Reset(by) => oracle.reset(&firmwares[*by].version),
            Step::Maintain => {}
        }
        oracle
    };
    let act = |flash: &mut SimFlash<4, 1024>,
               step: &Step,
               oracle: &mut Oracle|
     -> Result<(), Error<SimError>> {
        let mut ram = Ram::new();
        let mut store = Store::mount(flash, 0..3 * 1024, &mut ram, Options::DEFAULT)?;
        match step {
            Step::Save(by, seed) => {
                let values = values(oracle, *by, *seed);
                (firmwares[*by].save)(&mut store, &values)?;
            }
            Step::Confirm(by) => {
                (firmwares[*by].confirm)(&mut store)?;
            }
            Step::Prune(by) => {
                (firmwares[*by].prune)(&mut store)?;
            }
            Step::Reset(by) => {
                (firmwares[*by].reset)(&mut store)?;
            }
            Step::Maintain => match store.maintain() {
                // A word that was torn and looks erased: its sector is closed now.
                Err(Error::Flash(SimError::ProgrammedTwice { .. })) => {}
                result => {
                    result?;
                }
            },
        }
        *oracle = after(oracle, step);
        Ok(())
    };
    let check = |flash: &mut SimFlash<4, 1024>, oracle: &mut Oracle, in_flight: Option<&Step>| {
        let mut ram = Ram::new();
        let mut store = mount(flash, &mut ram);
        let Some(step) = in_flight else {
            return compare(&mut store, oracle, &firmwares);
        };
        let new = after(oracle, step);
        if compare(&mut store, &new, &firmwares).is_ok() {
            *oracle = new;
            return Ok(());
        }
        compare(&mut store, oracle, &firmwares)
    };
    let mut cuts = 0;
    for seed in 0..4 {
        let tally = every_cut(
            &SimFlash::<4, 1024>::new(3),
            &steps(24, seed),
            Oracle::default(),
            act,
            check,
        )
        .cut_again(&[Positions::Sample(1)])
        .run();
        cuts += tally.all_cuts();
    }
    println!("{cuts} cuts between five firmwares");
    assert!(cuts > 5_000, "{cuts}");
}

/// Thirty settings that move at once.
#[derive(Settings)]
struct Many {
    #[setting(nested)]
    old: [Item; 30],
}

#[derive(Settings)]
#[settings(retired("gone": u8))]
struct Moved {
    #[setting(nested, alias = "old")]
    new: [Item; 30],
}

#[derive(Settings)]
struct Item {
    #[setting(default = 0)]
    value: u64,
}

/// What does not fit a sector is confirmed in parts: after each cut the new firmware finds the same as before, and another
/// call does the rest.
#[test]
fn a_confirmation_of_several_commits_can_be_cut_anywhere() {
    type Flash = SimFlash<4, 512>;
    type Ram = Resources<64, 8, 128>;
    fn mount<'a>(
        flash: &'a mut Flash,
        ram: &'a mut Ram,
    ) -> Result<Store<'a, &'a mut Flash>, Error<SimError>> {
        Store::mount(flash, 0..8 * 512, ram, Options::DEFAULT)
    }
    let mut flash = Flash::new(8);
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram).unwrap();
    for (number, key) in Many::KEYS.old.iter().enumerate() {
        store.put(key.value, &(u64::MAX - number as u64)).unwrap();
    }
    store
        .put_bytes(kvs::RawKey::Hash(kvs::key_hash("gone:u8")), &[1])
        .unwrap();

    let tally = every_cut(
        &flash,
        &[()],
        false,
        |flash, (), confirmed| {
            let mut ram = Ram::new();
            mount(flash, &mut ram)?.confirm::<Moved>()?;
            *confirmed = true;
            Ok::<(), Error<SimError>>(())
        },
        |flash, confirmed, _| {
            let mut ram = Ram::new();
            let mut store = mount(flash, &mut ram).map_err(|error| error.to_string())?;
            let (moved, report) = store.load::<Moved>();
            for (number, item) in moved.new.iter().enumerate() {
                if item.value != u64::MAX - number as u64 {
                    return Err(format!("lost: {number}"));
                }
            }
            let done = report.migrated().count() == 0;
            if *confirmed && !(done && store.len() == 30) {
                return Err(format!("{report:?}, {} keys", store.len()));
            }
            // The old keys go after the new ones are there.
            if store.len() < 30 {
                return Err(format!("{} keys", store.len()));
            }
            Ok(())
        },
    )
    .run();
    println!("{} cuts of a confirmation in parts", tally.all_cuts());
    assert!(tally.all_cuts() > 1_000);
}

/// A confirmation in a store of eight sectors with `fill` bytes of other values in it, if asked for, cut anywhere: after each cut
/// and at the end, a load gives what it gave before.
fn confirm_in_a_store_filled_with(fill: usize, cut: bool) -> Result<(), Error<SimError>> {
    type Flash = SimFlash<4, 512>;
    type Ram = Resources<128, 8, 128>;
    fn mount<'a>(
        flash: &'a mut Flash,
        ram: &'a mut Ram,
    ) -> Result<Store<'a, &'a mut Flash>, Error<SimError>> {
        Store::mount(flash, 0..8 * 512, ram, Options::DEFAULT)
    }
    fn check(flash: &mut Flash) -> Result<usize, String> {
        let mut ram = Ram::new();
        let mut store = mount(flash, &mut ram).map_err(|error| error.to_string())?;
        let (moved, report) = store.load::<Moved>();
        match moved
            .new
            .iter()
            .zip(0..)
            .find(|(item, number)| item.value != u64::MAX - number)
        {
            Some((item, number)) => Err(format!("{number} is {}", item.value)),
            None => Ok(report.migrated().count()),
        }
    }
    let mut flash = Flash::new(8);
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram)?;
    for (number, key) in Many::KEYS.old.iter().enumerate() {
        store.put(key.value, &(u64::MAX - number as u64))?;
    }
    for number in 0..fill / 100 {
        store.put_bytes(&*format!("filler {number:2}"), &[7; 82])?;
    }
    let mut confirmed = flash.clone();
    let mut ram = Ram::new();
    let count = mount(&mut confirmed, &mut ram)?.confirm::<Moved>()?;
    assert_eq!((check(&mut confirmed), count), (Ok(0), 60), "{fill}");
    if !cut {
        return Ok(());
    }
    every_cut(
        &flash,
        &[()],
        false,
        |flash, (), confirmed| {
            mount(flash, &mut Ram::new())?.confirm::<Moved>()?;
            *confirmed = true;
            Ok::<(), Error<SimError>>(())
        },
        |flash, confirmed, _| match check(flash)? {
            0 => Ok(()),
            left if *confirmed => Err(format!("{left} are left")),
            _ => Ok(()),
        },
    )
    .run();
    Ok(())
}

/// The old values are 600 bytes, and the store takes 2,700 of such: the new ones do not fit beside them and all else.
#[test]
fn a_confirmation_in_a_store_that_is_nearly_full_goes_in_steps() {
    for fill in [1200, 1500, 1800, 2000, 2100] {
        let is_cut = fill == 2000;
        let confirmed = confirm_in_a_store_filled_with(fill, is_cut);
        assert_eq!(confirmed, Ok(()), "{fill}");
    }
}

#[derive(Settings)]
struct Short {
    #[setting(nested)]
    texts: [Text; 3],
}

#[derive(Settings)]
struct Text {
    #[setting(default = "")]
    text: heapless::String<120>,
}

#[derive(Settings)]
struct Renamed {
    #[setting(nested, alias = "texts")]
    titles: [Title; 3],
}

#[derive(Settings)]
struct Title {
    #[setting(default = "", alias = "text")]
    title: heapless::String<120>,
    /// Of the same old value: stored before the long one takes the place of that.
    #[setting(default = 0, migrate(from = "text", ty = heapless::String<120>, with = length))]
    length: u8,
}

fn length(text: heapless::String<120>) -> u8 {
    text.len() as u8
}

/// Not even one new value fits beside its old one: it takes its place, in one commit, when nothing else is made of that.
#[test]
fn a_confirmation_stores_values_in_place_of_their_old_ones() {
    type Flash = SimFlash<4, 512>;
    type Ram = Resources<24, 3, { Renamed::BUFFER }>;
    fn mount<'a>(
        flash: &'a mut Flash,
        ram: &'a mut Ram,
    ) -> Result<Store<'a, &'a mut Flash>, Error<SimError>> {
        Store::mount(flash, 0..3 * 512, ram, Options::DEFAULT)
    }
    let text = "a long text ".repeat(10);
    let mut flash = Flash::new(3);
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram).unwrap();
    for key in Short::KEYS.texts {
        store
            .put(key.text, &text.as_str().try_into().unwrap())
            .unwrap();
    }
    for number in 0..2 {
        let key = kvs::RawKey::Hash(number);
        store.put_bytes(key, &[7; 180]).unwrap();
    }
    assert!(matches!(
        store.put_bytes(kvs::RawKey::Hash(2), text.as_bytes()),
        Err(Error::Full { .. })
    ));
    let tally = every_cut(
        &flash,
        &[()],
        false,
        |flash, (), confirmed| {
            mount(flash, &mut Ram::new())?.confirm::<Renamed>()?;
            *confirmed = true;
            Ok::<(), Error<SimError>>(())
        },
        |flash, confirmed, _| {
            let mut ram = Ram::new();
            let mut store = mount(flash, &mut ram).map_err(|error| error.to_string())?;
            let (renamed, report) = store.load::<Renamed>();
            let left = report.migrated().count();
            let mut titles = renamed.titles.iter();
            let is_right = titles.all(|one| one.title == *text && one.length == 120);
            match is_right && (left == 0 || !*confirmed) && store.len() >= 5 {
                true => Ok(()),
                false => Err(format!("{report:?}, {} keys", store.len())),
            }
        },
    )
    .run();
    println!(
        "{} cuts of values in place of their old ones",
        tally.all_cuts()
    );
    assert!(tally.all_cuts() > 1_000);
}
