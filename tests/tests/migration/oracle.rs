//! What the five firmwares find in flash, said a second time: by names and bytes, without hashes and derive.

use std::collections::BTreeMap;

use kvs::sim::SimFlash;
use kvs::{Outcome, Settings, Store};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::versions::{V1, V2, V3, V4, V5, both, kelvin, part, seconds, whole};

pub(crate) type Bytes = Vec<u8>;
pub(crate) type Flash<'a> = Store<'a, &'a mut SimFlash<4, 1024>>;

pub(crate) fn bytes(value: impl Serialize) -> Bytes {
    let mut buffer = [0; 64];
    postcard::to_slice(&value, &mut buffer).unwrap().to_vec()
}

fn value<T: DeserializeOwned>(bytes: &[u8]) -> T {
    postcard::from_bytes(bytes).unwrap()
}

/// From old values to a new one; `None` where it does not take them.
type Make = Box<dyn Fn(&[Bytes]) -> Option<Bytes> + Send + Sync>;

struct Rule {
    names: Vec<&'static str>,
    /// What stands for a name that is not stored.
    defaults: Option<Vec<Bytes>>,
    make: Make,
}

/// A setting: its key's text, its default, other values that it takes, its rules.
struct Setting {
    name: &'static str,
    default: Bytes,
    values: Vec<Bytes>,
    rules: Vec<Rule>,
}

/// What one firmware knows.
pub(crate) struct Version {
    settings: Vec<Setting>,
    retired: Vec<&'static str>,
}

/// What is stored: a versioned name and its bytes.
#[derive(Clone, Default, PartialEq, Debug)]
pub(crate) struct Oracle(BTreeMap<&'static str, Bytes>);

/// Where a value is from.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum From {
    Default,
    Stored,
    Old(u8),
    Rejected,
}

impl Oracle {
    pub(crate) fn load(&self, version: &Version) -> Vec<(Bytes, From)> {
        version.settings.iter().map(|one| self.find(one)).collect()
    }

    fn find(&self, setting: &Setting) -> (Bytes, From) {
        if let Some(bytes) = self.0.get(setting.name) {
            // The one key that two firmwares share and read differently: the third mode is none of the first's.
            return match (setting.values.len(), bytes.as_slice()) {
                (1, [2]) if setting.name == "mode:enum" => {
                    (setting.default.clone(), From::Rejected)
                }
                _ => (bytes.clone(), From::Stored),
            };
        }
        let mut from = From::Default;
        for (number, rule) in setting.rules.iter().enumerate() {
            let found: Vec<_> = rule.names.iter().map(|name| self.0.get(name)).collect();
            let any = found.iter().any(Option::is_some);
            if !any || rule.defaults.is_none() && found.contains(&None) {
                continue;
            }
            let found: Vec<Bytes> = found
                .iter()
                .enumerate()
                .map(|(at, found)| match found {
                    Some(found) => (*found).clone(),
                    None => rule.defaults.as_ref().unwrap()[at].clone(),
                })
                .collect();
            match (rule.make)(&found) {
                Some(made) => return (made, From::Old(number as u8 + 1)),
                None => from = From::Rejected,
            }
        }
        (setting.default.clone(), from)
    }

    pub(crate) fn save(&mut self, version: &Version, values: &[Bytes]) {
        for (setting, value) in version.settings.iter().zip(values) {
            if self.find(setting).0 != *value {
                self.0.insert(setting.name, value.clone());
            }
        }
    }

    pub(crate) fn confirm(&mut self, version: &Version) {
        let found = self.load(version);
        let mut removed = version.retired.clone();
        for (setting, (value, from)) in version.settings.iter().zip(&found) {
            if let From::Old(_) = from {
                self.0.insert(setting.name, value.clone());
            }
            removed.extend(setting.rules.iter().flat_map(|rule| &rule.names));
        }
        for name in removed {
            let mut readers = version.settings.iter().zip(&found).filter(|(setting, _)| {
                let mut names = setting.rules.iter().flat_map(|rule| &rule.names);
                names.any(|other| *other == name)
            });
            let done = readers.all(|(_, (_, from))| matches!(from, From::Old(_) | From::Stored));
            let current = version.settings.iter().any(|one| one.name == name);
            if done && !current {
                self.0.remove(name);
            }
        }
    }

    /// Factory reset.
    pub(crate) fn reset(&mut self, version: &Version) {
        for setting in &version.settings {
            self.0.remove(setting.name);
            for rule in &setting.rules {
                for name in &rule.names {
                    self.0.remove(name);
                }
            }
        }
        for name in &version.retired {
            self.0.remove(name);
        }
    }

    /// Keeps only what the firmware knows.
    pub(crate) fn prune(&mut self, version: &Version) {
        let names: Vec<_> = version
            .settings
            .iter()
            .flat_map(|one| {
                let old = one.rules.iter().flat_map(|rule| rule.names.clone());
                old.chain([one.name])
            })
            .chain(version.retired.clone())
            .collect();
        self.0.retain(|name, _| names.contains(name));
    }
}

impl Version {
    /// What the settings are after some of them were changed: `pick` says for each which of its values it gets, if any.
    pub(crate) fn edited(
        &self,
        now: &[(Bytes, From)],
        mut pick: impl FnMut(usize) -> Option<usize>,
    ) -> Vec<Bytes> {
        self.settings
            .iter()
            .zip(now)
            .map(|(setting, (now, _))| match pick(setting.values.len()) {
                Some(which) => setting.values[which].clone(),
                None => now.clone(),
            })
            .collect()
    }
}

/// A firmware with its store: what it loads, saves, confirms.
pub(crate) struct Firmware {
    pub(crate) load: fn(&mut Flash<'_>) -> Vec<(Bytes, From)>,
    pub(crate) save: fn(&mut Flash<'_>, &[Bytes]) -> Result<usize, kvs::Error<kvs::sim::SimError>>,
    pub(crate) confirm: fn(&mut Flash<'_>) -> Result<usize, kvs::Error<kvs::sim::SimError>>,
    pub(crate) reset: fn(&mut Flash<'_>) -> Result<usize, kvs::Error<kvs::sim::SimError>>,
    pub(crate) prune: fn(&mut Flash<'_>) -> Result<usize, kvs::Error<kvs::sim::SimError>>,
    pub(crate) version: Version,
}

fn encode<S: Settings>(settings: &S, leaf: usize) -> Bytes {
    let mut buffer = [0; 64];
    let len = settings.encode(leaf, &mut buffer).unwrap();
    buffer[..len].to_vec()
}

fn load<S: Settings>(store: &mut Flash<'_>) -> Vec<(Bytes, From)> {
    let (settings, report) = store.load::<S>();
    report
        .iter()
        .map(|(path, outcome)| {
            let from = match outcome {
                Outcome::Default => From::Default,
                Outcome::Loaded => From::Stored,
                Outcome::Migrated(number) => From::Old(number),
                _ => From::Rejected,
            };
            (encode(&settings, path.leaf()), from)
        })
        .collect()
}

fn save<S: Settings>(
    store: &mut Flash<'_>,
    values: &[Bytes],
) -> Result<usize, kvs::Error<kvs::sim::SimError>> {
    let (mut settings, _) = store.load::<S>();
    for (leaf, value) in values.iter().enumerate() {
        settings.decode(leaf, value).unwrap();
    }
    store.save(&settings)
}

fn firmware<S: Settings<Keys: Copy>>(
    settings: Vec<Setting>,
    retired: &[&'static str],
    reset: fn(&mut Flash<'_>) -> Result<usize, kvs::Error<kvs::sim::SimError>>,
) -> Firmware {
    assert_eq!(settings.len(), S::COUNT);
    for (leaf, setting) in settings.iter().enumerate() {
        assert_eq!(
            S::TREE.hash(leaf),
            kvs::key_hash(setting.name),
            "{}",
            setting.name
        );
        assert_eq!(
            encode(&S::defaults(), leaf),
            setting.default,
            "{}",
            setting.name
        );
    }
    Firmware {
        load: load::<S>,
        save: save::<S>,
        confirm: |store| store.confirm::<S>(),
        reset,
        prune: |store| store.prune(&[S::TREE]),
        version: Version {
            settings,
            retired: retired.to_vec(),
        },
    }
}

fn rule<A: DeserializeOwned, T: Serialize>(
    name: &'static str,
    make: impl Fn(A) -> Option<T> + Send + Sync + 'static,
) -> Rule {
    Rule {
        names: vec![name],
        defaults: None,
        make: Box::new(move |old| match old {
            [old] => make(value(old)).map(bytes),
            _ => None,
        }),
    }
}

fn same(name: &'static str) -> Rule {
    Rule {
        names: vec![name],
        defaults: None,
        make: Box::new(|old| old.first().cloned()),
    }
}

fn setting<T: Serialize + Clone>(
    name: &'static str,
    default: T,
    values: &[T],
    rules: Vec<Rule>,
) -> Setting {
    Setting {
        name,
        default: bytes(default),
        values: values.iter().map(bytes).collect(),
        rules,
    }
}

pub(crate) fn firmwares() -> [Firmware; 5] {
    let text = |name, rules| setting(name, "none", &["attic", ""], rules);
    let host = |name, rules| setting(name, "", &["example.org", "h"], rules);
    let old_mode = || setting("mode:enum", 0u8, &[1], vec![]);
    let mode = || setting("mode:enum", 0u8, &[1, 2], vec![]);
    let period1 = || setting("period:u32", 60_000u32, &[5_000, 999], vec![]);
    let period = || {
        let from = rule("period:u32", |old| Some(seconds(old)));
        setting("period:u32@2", 60u32, &[5, 7200], vec![from])
    };
    let red = || setting("red:u8", 1u8, &[7, 2], vec![]);
    let green = || setting("green:u8", 2u8, &[8, 1], vec![]);
    let slots2 = || setting("slots:(u8*2)", [0u8; 2], &[[1, 2], [9, 9]], vec![]);
    let slots4 = || {
        let from = rule("slots:(u8*2)", |[a, b]: [u8; 2]| Some([a, b, 0, 0]));
        setting("slots:(u8*4)", [0u8; 4], &[[1, 2, 3, 4]], vec![from])
    };
    let legacy = || setting("legacy:u8", 9u8, &[10], vec![]);
    let first = || setting("first:u8", 10u8, &[11, 12], vec![]);
    let second = || setting("second:u8", 20u8, &[21, 22], vec![]);
    let temp_mk = || {
        let from = rule("temp:i16", |old| Some(kelvin(old)));
        setting(
            "temp_mk:u32",
            294_150u32,
            &[300_000, 99_999_999],
            vec![from],
        )
    };
    let degrees = || {
        let range = |value: &u16| *value <= 400;
        let one = rule("temp_mk:u32", move |old| whole(old).filter(range));
        let two = rule("temp:i16", move |old| whole(kelvin(old)).filter(range));
        setting("kelvin:u16", 294u16, &[300, 400], vec![one, two])
    };
    let milli = || {
        let one = rule("temp_mk:u32", |old| Some(part(old)));
        let two = rule("temp:i16", |old| Some(part(kelvin(old))));
        setting("milli:u16", 150u16, &[0, 999], vec![one, two])
    };
    let color = || {
        let merge = Rule {
            names: vec!["red:u8", "green:u8"],
            defaults: Some(vec![bytes(1u8), bytes(2u8)]),
            make: Box::new(|old| Some(bytes(both((value(&old[0]), value(&old[1])))))),
        };
        setting("color:u16", 0x0102u16, &[0xFFFF, 0x0102], vec![merge])
    };
    let net = || {
        [
            setting("net.port:u16", 80u16, &[443, 8080], vec![]),
            host("net.host:str", vec![]),
        ]
    };
    let network = || {
        let wide = |name| rule(name, |old: u16| Some(u32::from(old)));
        let rules = vec![
            wide("network.port:u16"),
            same("net.port:u32"),
            wide("net.port:u16"),
        ];
        [
            setting("network.port:u32", 80u32, &[443, 70_000], rules),
            host("network.host:str", vec![same("net.host:str")]),
        ]
    };
    let temp = setting("temp:i16", 210i16, &[225, -2731], vec![]);
    let name = || text("name:str", vec![]);
    let v1 = [
        temp,
        name(),
        period1(),
        red(),
        green(),
        old_mode(),
        slots2(),
        legacy(),
        first(),
        second(),
    ];
    let v2 = [
        temp_mk(),
        name(),
        period(),
        red(),
        green(),
        mode(),
        slots2(),
        legacy(),
        first(),
        second(),
    ];
    let v3 = [
        temp_mk(),
        name(),
        period(),
        color(),
        mode(),
        slots2(),
        first(),
        second(),
    ];
    let device = text("device.name:str", vec![same("name:str")]);
    let v4 = [
        degrees(),
        milli(),
        device,
        period(),
        color(),
        mode(),
        slots4(),
        first(),
        second(),
    ];
    let label = text("label:str", vec![same("name:str"), same("device.name:str")]);
    let swapped = [
        setting("first:u8@2", 20u8, &[21, 23], vec![same("second:u8")]),
        setting("second:u8@2", 10u8, &[11, 13], vec![same("first:u8")]),
    ];
    let v5 = [
        degrees(),
        milli(),
        label,
        period(),
        color(),
        mode(),
        slots4(),
    ];
    let retired = &["legacy:u8"];
    [
        firmware::<V1>(v1.into_iter().chain(net()).collect(), &[], |store| {
            store.reset(V1::KEYS.group())
        }),
        firmware::<V2>(v2.into_iter().chain(net()).collect(), &[], |store| {
            store.reset(V2::KEYS.group())
        }),
        firmware::<V3>(
            v3.into_iter().chain(network()).collect(),
            retired,
            |store| store.reset(V3::KEYS.group()),
        ),
        firmware::<V4>(
            v4.into_iter().chain(network()).collect(),
            retired,
            |store| store.reset(V4::KEYS.group()),
        ),
        firmware::<V5>(
            v5.into_iter().chain(swapped).chain(network()).collect(),
            retired,
            |store| store.reset(V5::KEYS.group()),
        ),
    ]
}
