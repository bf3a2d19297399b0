//! Lock files that were edited by hand, badly merged, or made to do harm: an error that says where,
//! or a file that still says what it said.

use kvs::Settings;
use kvs::lock::Lock;
use kvs::sim::Rng;

use super::schema;

fn text() -> String {
    let schema = schema! {
        #[derive(Settings)]
        #[settings(retired("gone": u32 secret, "bare"))]
        struct T {
            #[setting(default = 7, range = 0..=9, unit = "s", rev = 3)]
            #[setting(migrate(rev = 2, with = |old| old), migrate(ty = u16, try_with = u8::try_from))]
            level: u8,
            #[setting(default = "a", alias = "title", secret, keep)]
            name: heapless::String<8>,
            spans: Option<heapless::Vec<(u8, u8, bool), 4>>,
        }
    };
    Lock::of(schema).to_string()
}

/// Whether an error says where.
fn says_where(error: &str) -> bool {
    error.contains("line ") || error.contains("it is of version")
}

#[test]
fn each_line_that_is_changed_is_told_or_harmless() {
    let text = text();
    let right: Lock = text.parse().unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        let mut others = vec![
            String::new(),
            format!("{line}\n{line}"),
            format!("{line} x"),
            "path = \"level\"".into(),
            "type = \"u16\"".into(),
            "type = \"[u8]<99999999999999999999999>\"".into(),
            "rev = 2".into(),
            "rev = 65536".into(),
            "hash = \"0x00000000\"".into(),
            "became = []".into(),
            "accepted = 3".into(),
        ];
        // The value of another line.
        others.extend(lines.iter().filter_map(|other| {
            let (name, _) = line.split_once(" = ")?;
            let (_, value) = other.split_once(" = ")?;
            Some(format!("{name} = {value}"))
        }));
        for other in others {
            let mut edited = lines.clone();
            edited[number] = &other;
            let edited = edited.join("\n") + "\n";
            match edited.parse::<Lock>() {
                Err(error) => {
                    let error = error.to_string();
                    assert!(says_where(&error), "{other} for {line}: {error}");
                }
                // The keys are what is compared with devices: they are what they were, or gone.
                Ok(lock) => {
                    for setting in &lock.settings {
                        let was = right.settings.iter().find(|was| was.key == setting.key);
                        assert!(
                            was.is_none_or(|was| was.ty.as_str() == setting.ty.as_str()
                                || line.starts_with("type")),
                            "{other} for {line}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn random_damage_ends_in_an_error_or_a_lock() {
    let text = text();
    let mut wrong = 0;
    for seed in 0..3_000 {
        let mut rng = Rng::new(seed);
        let mut bytes = text.clone().into_bytes();
        for _ in 0..=rng.below(4) {
            let at = rng.below(bytes.len());
            match rng.below(4) {
                0 => bytes[at] = rng.below(256) as u8,
                1 => drop(bytes.drain(at..(at + rng.below(40)).min(bytes.len()))),
                2 => bytes.truncate(at),
                _ => {
                    let end = (at + rng.below(60)).min(bytes.len());
                    let copy = bytes[at..end].to_vec();
                    let to = rng.below(bytes.len());
                    bytes.splice(to..to, copy);
                }
            }
            if bytes.is_empty() {
                break;
            }
        }
        let damaged = String::from_utf8_lossy(&bytes);
        if let Err(error) = damaged.parse::<Lock>() {
            let error = error.to_string();
            wrong += 1;
            assert!(says_where(&error), "seed {seed}: {error}\n{damaged}");
        }
    }
    assert!(wrong > 2_000, "{wrong}");
}

#[test]
fn what_is_too_deep_or_too_large_is_an_error() {
    let with = |ty: &str| {
        format!(
            "version = 1\nstruct = \"T\"\n\n[[setting]]\npath = \"x\"\nkey = \"x:u8\"\nhash = \"0x00000000\"\ntype = '{ty}'\n"
        )
    };
    for ty in [
        "?".repeat(100_000) + "u8",
        "[".repeat(100_000),
        "(".repeat(100_000),
        "[[[u8; 4000]; 4000]; 4000]".into(),
        "[u8; 18446744073709551616]".into(),
        "enum E { ".to_owned() + &"A(".repeat(10_000),
        "str<18446744073709551616>".into(),
        "str<-1>".into(),
    ] {
        let error = with(&ty).parse::<Lock>().unwrap_err().to_string();
        assert!(says_where(&error), "{error}");
    }
    let deep = format!("version = 1\nstruct = \"T\"\nx = {}", "[".repeat(100_000));
    assert!(says_where(&deep.parse::<Lock>().unwrap_err().to_string()));
    let wide = format!(
        "version = 1\nstruct = \"T\"\n{}",
        "[[a.b]]\n".repeat(10_000)
    );
    assert!(says_where(&wide.parse::<Lock>().unwrap_err().to_string()));
}
