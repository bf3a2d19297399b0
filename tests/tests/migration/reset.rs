//! Reset means reset, and keep means keep: whatever is stored, under whichever rule, each setting that is removed is its default
//! afterwards, by `get` and by `load`, and each other is what it was.

use kvs::sim::{Rng, SimError, SimFlash, every_cut};
use kvs::{Error, KeyEntry, Leaves as _, Options, Outcome, RawKey, Resources, Settings, Store};

type Flash = SimFlash<4, 4096>;
type Ram = Resources<{ All::KEY_SLOTS }, 4, 96>;
type TestStore<'a> = Store<'a, &'a mut Flash>;
type Result<T> = core::result::Result<T, Error<SimError>>;

/// Every rule that there is, with `keep` at it and around it.
#[derive(Settings)]
#[settings(retired("gone": u8))]
#[settings(migrate(from("flags": u8, "bounds": (u8, u8)), with = Self::unpack))]
struct All {
    #[setting(default = 1)]
    plain: u8,
    #[setting(default = 2, alias = "name")]
    renamed: u8,
    #[setting(default = 3, keep, alias = "sn")]
    serial: u8,
    #[setting(default = 4, migrate(from = "volts", ty = u16, try_with = tenth))]
    level: u8,
    /// One old value for two settings, one of which is kept.
    #[setting(default = 5, migrate(from = "temp", ty = u16, with = high))]
    whole: u8,
    #[setting(default = 6, keep, migrate(from = "temp", ty = u16, try_with = low))]
    part: u8,
    /// The same, neither of them kept.
    #[setting(default = 7, migrate(from = "pair", ty = u16, with = high))]
    left: u8,
    #[setting(default = 8, migrate(from = "pair", ty = u16, try_with = low))]
    right: u8,
    /// From two, one of which is for a kept one too; with a third rule behind.
    #[setting(default = 9, migrate(from("a", "b"), ty = (u8, u8), default = (0, 0), with = sum), migrate(from = "c", ty = u8))]
    total: u8,
    #[setting(default = 10, keep, migrate(from = "b", ty = u8))]
    half: u8,
    /// From two, both of which have to be there.
    #[setting(default = 11, migrate(from("d", "e"), ty = (u8, u8), with = sum))]
    both: u8,
    /// From what is another's own key.
    #[setting(default = 12, migrate(from = "plain"))]
    copy: u8,
    #[setting(default = 13, keep, migrate(from = "plain"))]
    twin: u8,
    #[setting(default = 14, migrate(from = "serial"))]
    shown: u8,
    /// By the struct's own function.
    #[setting(default = false)]
    loud: bool,
    #[setting(default = false, keep)]
    night: bool,
    #[setting(default = 15, range = 1..=100)]
    most: u8,
    #[setting(default = 16, range = 1..=100, keep)]
    least: u8,
    #[setting(nested, alias = "net")]
    wifi: Wifi,
    #[setting(nested, alias = "rooms")]
    zones: [Zone; 2],
    #[setting(nested, keep, alias = "fab")]
    factory: Factory,
}

#[derive(Settings)]
#[settings(retired("token": u8))]
struct Wifi {
    #[setting(default = 17, alias = "chan")]
    channel: u8,
    #[setting(default = 18, keep, migrate(from = "power", ty = u16, try_with = tenth))]
    calibration: u8,
    /// From what is outside the group.
    #[setting(default = 19, migrate(from = "/pair", ty = u16, with = high))]
    region: u8,
}

#[derive(Settings)]
struct Zone {
    #[setting(default = 20, migrate(from = "offset", ty = u16, try_with = tenth))]
    target: u8,
    /// From one old value for all.
    #[setting(default = 21, migrate(from = "/mode", ty = u8))]
    mode: u8,
}

#[derive(Settings)]
#[settings(retired("line": u8))]
struct Factory {
    #[setting(default = 22, alias = "lot")]
    batch: u8,
    #[setting(default = 23, migrate(from = "/temp", ty = u16, with = high))]
    site: u8,
}

impl All {
    fn unpack(&mut self, (flags, bounds): (Option<u8>, Option<(u8, u8)>)) {
        if let Some(flags) = flags {
            self.loud = flags & 1 != 0;
            self.night = flags & 2 != 0;
        }
        if let Some((least, most)) = bounds {
            (self.least, self.most) = (least, most);
        }
    }
}

fn tenth(value: u16) -> Option<u8> {
    u8::try_from(value / 10).ok()
}

fn high(value: u16) -> u8 {
    (value >> 8) as u8
}

/// Not of every value.
fn low(value: u16) -> Option<u8> {
    let low = value as u8;
    (low < 200).then_some(low)
}

fn sum((a, b): (u8, u8)) -> u8 {
    a.wrapping_add(b)
}

static NAMES: [KeyEntry; All::SCHEMA.key_count()] = All::SCHEMA.keys();

/// What `keep` is at, or around.
fn is_kept(path: &str) -> bool {
    path.starts_with("factory.")
        || [
            "serial",
            "part",
            "half",
            "twin",
            "night",
            "least",
            "wifi.calibration",
        ]
        .contains(&path)
}

type Get = fn(&mut TestStore<'_>) -> Result<Vec<u8>>;
type Remove = fn(&mut TestStore<'_>) -> Result<bool>;

/// Each setting's typed access, in declaration order.
macro_rules! typed {
    ($($($field:ident $([$index:literal])?).+),* $(,)?) => {
        [$((
            (|store| store.get(All::KEYS.$($field $([$index])?).+).map(bytes)) as Get,
            (|store| store.remove(All::KEYS.$($field $([$index])?).+)) as Remove,
        )),*]
    };
}

fn typed() -> [(Get, Remove); All::COUNT] {
    typed![
        plain,
        renamed,
        serial,
        level,
        whole,
        part,
        left,
        right,
        total,
        half,
        both,
        copy,
        twin,
        shown,
        loud,
        night,
        most,
        least,
        wifi.channel,
        wifi.calibration,
        wifi.region,
        zones[0].target,
        zones[0].mode,
        zones[1].target,
        zones[1].mode,
        factory.batch,
        factory.site,
    ]
}

fn bytes(value: impl serde::Serialize) -> Vec<u8> {
    let mut buffer = [0; 8];
    postcard::to_slice(&value, &mut buffer).unwrap().to_vec()
}

/// What is done, and whether a setting of this path is removed by it.
#[derive(Clone, Copy)]
enum Act {
    Remove(usize),
    Reset(&'static str),
}

impl Act {
    fn all() -> Vec<Self> {
        let groups = ["", "wifi.", "zones.0.", "zones.1.", "factory."];
        let resets = groups.map(Self::Reset);
        (0..All::COUNT).map(Self::Remove).chain(resets).collect()
    }

    fn takes(self, leaf: usize, path: &str) -> bool {
        match self {
            Self::Remove(one) => one == leaf,
            // Whether a group is in one that is kept, or is kept itself.
            Self::Reset(group) => path.starts_with(group) && !is_kept(path),
        }
    }

    fn run(self, store: &mut TestStore<'_>) -> Result<usize> {
        let keys = All::KEYS;
        match self {
            Self::Remove(leaf) => typed()[leaf].1(store).map(usize::from),
            Self::Reset("") => store.reset(keys.group()),
            Self::Reset("wifi.") => store.reset(keys.wifi.group()),
            Self::Reset("zones.0.") => store.reset(keys.zones[0].group()),
            Self::Reset("zones.1.") => store.reset(keys.zones[1].group()),
            Self::Reset(_) => store.reset(keys.factory.group()),
        }
    }
}

fn mount<'a>(flash: &'a mut Flash, ram: &'a mut Ram) -> TestStore<'a> {
    Store::mount(flash, 0..4 * 4096, ram, Options::DEFAULT).unwrap()
}

fn load(store: &mut TestStore<'_>) -> Vec<(Vec<u8>, Outcome)> {
    let (settings, report) = store.load::<All>();
    let one = |(path, outcome): (kvs::Path, Outcome)| {
        let mut buffer = [0; 8];
        let len = settings.encode(path.leaf(), &mut buffer).unwrap();
        (buffer[..len].to_vec(), outcome)
    };
    report.iter().map(one).collect()
}

/// Whether every `get` gives what the load has.
fn check_gets(store: &mut TestStore<'_>, loaded: &[(Vec<u8>, Outcome)], what: &str) {
    for (leaf, (get, _)) in typed().into_iter().enumerate() {
        let path = kvs::Path::new(All::TREE, leaf);
        match (get(store), &loaded[leaf].1) {
            (Ok(value), outcome) if !matches!(outcome, Outcome::Rejected(_)) => {
                assert_eq!(value, loaded[leaf].0, "{what}: get of {path}");
            }
            (Err(Error::Rejected { why, .. }), Outcome::Rejected(other)) => {
                assert_eq!(why, *other, "{what}: get of {path}");
            }
            (got, _) => panic!("{what}: get of {path}: {got:?}, loaded {:?}", loaded[leaf]),
        }
    }
}

fn key(name: &KeyEntry) -> RawKey<'static> {
    RawKey::Hash(name.hash())
}

/// Stores something under `share` of 8 of all names that the struct knows, current and old.
fn plant(store: &mut TestStore<'_>, rng: &mut Rng, share: usize) {
    for (index, name) in NAMES.iter().enumerate() {
        if rng.below(8) >= share {
            continue;
        }
        let text = All::SCHEMA.key_name(index).to_string();
        let shape = text.split(':').nth(1).unwrap();
        let value = match shape {
            "u8" => bytes(1 + rng.below(99) as u8),
            "bool" => bytes(true),
            "u16" => bytes([520u16, 0x1234, 0x12FF, 9999][rng.below(4)]),
            "(u8*2)" => bytes([(3u8, 90u8), (0, 50), (50, 101)][rng.below(3)]),
            other => panic!("what is a {other}?"),
        };
        store.put_bytes(key(name), &value).unwrap();
    }
    store.put_bytes("raw", b"not a setting").unwrap();
}

fn stored(store: &mut TestStore<'_>) -> Vec<bool> {
    let mut has = |name: &KeyEntry| store.contains(key(name)).unwrap();
    NAMES.iter().map(&mut has).collect()
}

#[test]
fn what_is_removed_is_at_its_default_and_all_else_is_what_it_was() {
    let paths: Vec<_> = All::TREE.paths().map(|path| path.to_string()).collect();
    let defaults = load(&mut mount(&mut Flash::new(4), &mut Ram::new()));
    let (mut trials, mut pins) = (0, 0);
    for seed in 0..150 {
        let mut rng = Rng::new(seed);
        let mut planted = Flash::new(4);
        let share = 1 + rng.below(6);
        plant(&mut mount(&mut planted, &mut Ram::new()), &mut rng, share);
        for act in Act::all() {
            trials += 1;
            let mut flash = planted.clone();
            let mut ram = Ram::new();
            let mut store = mount(&mut flash, &mut ram);
            let before = load(&mut store);
            let held = stored(&mut store);
            let name = match act {
                Act::Remove(leaf) => format!("seed {seed}, remove of {}", paths[leaf]),
                Act::Reset(group) => format!("seed {seed}, reset of {group:?}"),
            };
            check_gets(&mut store, &before, &name);
            act.run(&mut store).unwrap();
            let after = load(&mut store);
            for (leaf, path) in paths.iter().enumerate() {
                let (value, outcome) = &after[leaf];
                if act.takes(leaf, path) {
                    assert_eq!(*value, defaults[leaf].0, "{name}: {path}, {outcome:?}");
                    assert!(
                        matches!(outcome, Outcome::Default | Outcome::Loaded),
                        "{name}: {path}"
                    );
                    continue;
                }
                assert_eq!(*value, before[leaf].0, "{name}: {path}, {outcome:?}");
                pins += usize::from(*outcome == Outcome::Loaded && before[leaf].1 != *outcome);
                // What could not be read is there yet, for a firmware that can.
                let is_rejected = |outcome| matches!(outcome, Outcome::Rejected(_));
                assert_eq!(
                    is_rejected(*outcome),
                    is_rejected(before[leaf].1),
                    "{name}: {path}"
                );
            }
            check_gets(&mut store, &after, &name);
            check_keys(act, &paths, &before, &held, &stored(&mut store), &name);
            assert_eq!(act.run(&mut store), Ok(0), "{name}: once is enough");
            let mut store = mount(&mut flash, &mut ram);
            assert_eq!(load(&mut store), after, "{name}, after a reboot");
            assert_eq!(store.value_len("raw"), Ok(Some(13)));
        }
    }
    println!(
        "{trials} removals, {pins} settings that stay were stored under their own keys by them"
    );
    assert!(pins > 1000, "{pins}");
}

/// Which keys are there afterwards.
fn check_keys(
    act: Act,
    paths: &[String],
    before: &[(Vec<u8>, Outcome)],
    held: &[bool],
    now: &[bool],
    what: &str,
) {
    let takes = |leaf: usize| act.takes(leaf, &paths[leaf]);
    for (index, ((name, was), is)) in NAMES.iter().zip(held).zip(now).enumerate() {
        let text = All::SCHEMA.key_name(index).to_string();
        let uses: Vec<_> = NAMES
            .iter()
            .filter(|one| one.hash() == name.hash())
            .collect();
        let is_own = uses.iter().any(|one| one.is_current());
        if is_own || !was {
            // What settings are was looked at; and no old key comes from nowhere.
            assert!(is_own || !is, "{what}: {text}");
            continue;
        }
        let feeds = |leaf: usize| {
            uses.iter()
                .any(|one| !one.is_retired() && one.leaf().is_none_or(|own| own == leaf))
        };
        if name.is_retired() {
            let within = match act {
                Act::Remove(_) => false,
                Act::Reset("") => true,
                Act::Reset("wifi.") => text.starts_with("wifi.") || text.starts_with("net."),
                Act::Reset("factory.") => text.starts_with("factory.") || text.starts_with("fab."),
                Act::Reset(_) => false,
            };
            assert_eq!(*is, !within, "{what}: {text}");
        } else if !(0..All::COUNT).any(|leaf| takes(leaf) && feeds(leaf)) {
            assert!(is, "{what}: {text} feeds nothing that was removed");
        } else {
            // Left only where a setting that stays could not be made of it.
            let is_needed = (0..All::COUNT).any(|leaf| {
                !takes(leaf) && feeds(leaf) && matches!(before[leaf].1, Outcome::Rejected(_))
            });
            assert_eq!(*is, is_needed, "{what}: {text}");
        }
    }
}

/// A cut leaves all of a reset, or nothing: what is kept of a split is never gone with the other half.
#[test]
fn a_reset_that_is_cut_is_made_or_not() {
    let mut flash = Flash::new(4);
    plant(&mut mount(&mut flash, &mut Ram::new()), &mut Rng::new(5), 6);
    let before = load(&mut mount(&mut flash.clone(), &mut Ram::new()));
    let mut done = flash.clone();
    let mut ram = Ram::new();
    let mut store = mount(&mut done, &mut ram);
    store.reset(All::KEYS.group()).unwrap();
    let after = load(&mut store);
    assert_ne!(before, after);
    let tally = every_cut(
        &flash,
        &[()],
        false,
        |flash, (), done| {
            let mut ram = Ram::new();
            let mut store = Store::mount(flash, 0..4 * 4096, &mut ram, Options::DEFAULT)?;
            store.reset(All::KEYS.group())?;
            *done = true;
            Ok::<(), Error<SimError>>(())
        },
        |flash, done, _| {
            let found = load(&mut mount(flash, &mut Ram::new()));
            match found == after || found == before && !*done {
                true => Ok(()),
                false => Err(format!(
                    "{found:?}, which is neither {before:?} nor {after:?}"
                )),
            }
        },
    )
    .run();
    println!("{} cuts of a reset", tally.all_cuts());
    assert!(tally.all_cuts() > 100, "{}", tally.all_cuts());
}
