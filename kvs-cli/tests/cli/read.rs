//! What is shown of a sound image.

use insta::assert_snapshot;
use kvs::sim::SimFlash;
use kvs::{Options, Resources, Store};

use crate::bench::{Bench, Boiler, Flash, SECTORS, used, with_store};

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("dump.bin", used().image());
    bench
}

#[test]
fn inspect_without_a_schema() {
    assert_snapshot!(bench().ok("inspect dump.bin"));
}

#[test]
fn inspect_with_a_schema() {
    assert_snapshot!(bench().ok("inspect dump.bin --schema settings.lock"));
}

#[test]
fn inspect_as_toml_and_json() {
    let bench = bench();
    assert_snapshot!(bench.ok("inspect dump.bin --schema settings.lock --toml"));
    let json = bench.ok("inspect dump.bin --schema settings.lock --json");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["geometry"]["sectors"], 4);
    let keys = json["keys"].as_array().unwrap();
    let mode = keys.iter().find(|key| key["name"] == "mode").unwrap();
    assert_eq!(mode["value"]["Boost"]["minutes"], 30);
    assert_eq!(
        mode["type"],
        "enum Mode { Off, Auto, Boost { minutes: u16 } }"
    );
}

/// All that the commands print and write which show values: of an image, and of what it is unlike.
fn outputs(bench: &Bench, other: &str, of: &str) -> Vec<(String, String)> {
    let diff = format!("diff {other}");
    let commands = [
        "inspect",
        "inspect --json",
        "inspect --toml",
        "log",
        "log --json",
        "map --html map.html",
        &diff,
    ];
    let output = |command: &str| {
        let asked = format!("{command} {of}");
        let ran = bench.kvs(&asked);
        let page = std::fs::read_to_string(bench.path("map.html")).unwrap_or_default();
        let _ = std::fs::remove_file(bench.path("map.html"));
        (asked, format!("{}{}{page}", ran.out, ran.err))
    };
    commands.map(output).to_vec()
}

#[test]
fn secrets_are_masked_everywhere() {
    let bench = bench();
    bench.write("other.bin", used().image());
    bench.ok("set other.bin --schema settings.lock wifi.password=hunter2");
    let of = "dump.bin --schema settings.lock --secret serial";
    for (asked, all) in outputs(&bench, "other.bin", of) {
        assert!(
            !["correct horse", "hunter2", "A-1234"]
                .iter()
                .any(|secret| all.contains(secret)),
            "{asked}: {all}"
        );
    }
    let shown = bench.ok("inspect dump.bin --schema settings.lock --show-secrets");
    assert!(shown.contains("correct horse"));
}

/// What older firmware had of secrets: renamed, made into others, retired, taken by the struct's own function.
mod older {
    use heapless::String;
    use kvs::Settings;

    #[derive(Settings)]
    pub(super) struct Before {
        #[setting(default = "", secret)]
        pub(super) token: String<16>,
        #[setting(default = "", secret)]
        pub(super) pass: String<16>,
        #[setting(default = "")]
        pub(super) login: String<16>,
        #[setting(default = "")]
        pub(super) packed: String<16>,
        #[setting(default = "")]
        pub(super) note: String<16>,
    }

    #[derive(Settings)]
    #[settings(retired("token", "note": String<16> secret))]
    #[settings(migrate(from("packed": String<16>), with = Self::take))]
    pub(super) struct After {
        #[setting(default = "", secret, alias = "pass")]
        code: String<16>,
        #[setting(default = 0, secret, migrate(from = "login", ty = String<16>, with = |login| login.len() as u8))]
        pin: u8,
    }

    impl After {
        fn take(&mut self, _: (Option<String<16>>,)) {}
    }
}

#[test]
fn secrets_of_older_firmware_are_masked_everywhere() {
    use kvs::Settings;
    let bench = bench();
    let lock = kvs::lock::Lock::of(older::Before::SCHEMA);
    let lock = lock.update(older::After::SCHEMA).unwrap();
    bench.write("older.lock", lock.to_string().as_bytes());
    let mut flash = Flash::new(SECTORS);
    let secrets = ["TOKEN-1", "PASS-1", "LOGIN-1", "PACKED-1", "NOTE-1"];
    with_store(&mut flash, |store| {
        let (mut before, _) = store.load::<older::Before>();
        let fields = [
            &mut before.token,
            &mut before.pass,
            &mut before.login,
            &mut before.packed,
            &mut before.note,
        ];
        for (field, secret) in fields.into_iter().zip(secrets) {
            *field = secret.try_into().unwrap();
        }
        store.save(&before).unwrap();
    });
    bench.write("older.bin", flash.image());
    // Removed, and in flash yet.
    with_store(&mut flash, |store| store.confirm::<older::After>().unwrap());
    bench.write("newer.bin", flash.image());
    for image in ["older.bin", "newer.bin"] {
        let of = format!("{image} --schema older.lock");
        for (asked, all) in outputs(&bench, "dump.bin", &of) {
            let shown = secrets.iter().find(|secret| all.contains(*secret));
            assert_eq!(shown, None, "{asked}: {all}");
        }
    }
    let shown = bench.ok("inspect older.bin --schema older.lock --show-secrets");
    assert!(
        secrets.iter().all(|secret| shown.contains(secret)),
        "{shown}"
    );
}

#[test]
fn log_and_map() {
    let bench = bench();
    assert_snapshot!(
        "log",
        bench.ok("log dump.bin --schema settings.lock --limit 12")
    );
    assert_snapshot!(
        "log_of_a_key",
        bench.ok("log dump.bin --schema settings.lock --key wifi.ssid")
    );
    assert_snapshot!("map", bench.ok("map dump.bin --width 80"));
    bench.ok("map dump.bin --schema settings.lock --svg map.svg --html map.html");
    let svg = String::from_utf8(bench.read("map.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("wifi.ssid = &quot;attic&quot; (live)"));
    let html = String::from_utf8(bench.read("map.html")).unwrap();
    assert!(
        !html.contains("http://") || html.matches("http://").count() == 1,
        "needs nothing but the SVG's name space"
    );
}

#[test]
fn openings_and_tables_are_pieces_of_their_own() {
    let bench = Bench::new();
    let mut flash = Flash::new(SECTORS);
    with_store(&mut flash, |store| {
        let (mut settings, _) = store.load::<Boiler>();
        settings.target = 225;
        for count in 1..=50 {
            settings.boot_count = count;
            store.save(&settings).unwrap();
        }
    });
    bench.write("dump.bin", flash.image());
    bench.ok("check dump.bin --schema settings.lock --strict");
    assert_snapshot!("map_with_tables", bench.ok("map dump.bin --width 80"));
    bench.ok("map dump.bin --svg map.svg");
    let svg = String::from_utf8(bench.read("map.svg")).unwrap();
    assert!(
        svg.contains("<title>opening: sector 0 ended at 0x"),
        "{svg}"
    );
    assert!(svg.contains("<title>table of 2 keys\n"), "{svg}");
}

/// There are viewers of SVG that know no style sheets, or no variables in them.
#[test]
fn the_picture_has_its_colours_without_a_style_sheet() {
    let bench = bench();
    let svg = bench.ok("map dump.bin --svg /dev/stdout");
    assert!(!svg.contains("var(") && !svg.contains("--"), "{svg}");
    let (front, rest) = svg.split_once("<style>").unwrap();
    let (_, rest) = rest.split_once("</style>").unwrap();
    let bare = format!("{front}{rest}");
    for shape in bare.split("<rect ").skip(1) {
        let attributes = shape.split('>').next().unwrap();
        assert!(attributes.contains("fill=\"#"), "{attributes}");
    }
    // Texts have theirs from the whole.
    assert!(
        bare.split('>').next().unwrap().contains("fill=\"#"),
        "{bare}"
    );
    for kind in ["header", "live", "stale", "deleted", "free"] {
        let shape = format!("<rect class=\"entry {kind}\" fill=\"#");
        assert!(bare.contains(&shape), "{kind}");
    }
}

/// Nothing was ever written there: nothing is dead.
#[test]
fn blank_sectors_are_called_blank() {
    let bench = bench();
    for more in ["--width 80", "--svg /dev/stdout", "--html /dev/stdout"] {
        let out = bench.ok(&format!("map dump.bin {more}"));
        assert_eq!(out.matches("blank").count(), 2, "{more}: {out}");
        assert!(!out.contains("dead"), "{more}: {out}");
    }
}

#[test]
fn check_says_that_it_is_sound() {
    assert_snapshot!(bench().kvs("check dump.bin --schema settings.lock").text());
}

#[test]
fn the_partition_is_found_in_a_dump_of_the_chip() {
    let bench = bench();
    let mut chip = vec![0x5A; 8 * 512];
    chip.extend([0xFF; 512]);
    chip.extend(used().image());
    chip.extend([0x12; 3 * 512 + 7]);
    bench.write("chip.bin", &chip);
    let out = bench.ok("inspect chip.bin --schema settings.lock");
    assert!(
        out.starts_with("chip.bin: 4 sectors of 512 bytes, words of 4, at 0x1200..0x1a00\n"),
        "{out}"
    );
    assert!(out.contains("\"attic\""));
    // Where it ends is a guess: not good enough to write.
    let ran = bench.kvs("set chip.bin --schema settings.lock target=230");
    assert_snapshot!(ran.text());
    bench.ok("set chip.bin --offset 4608 --length 2k --schema settings.lock target=230");
    let changed = bench.read("chip.bin");
    assert_eq!(changed[..4608], chip[..4608]);
    assert_eq!(changed[4608 + 2048..], chip[4608 + 2048..]);
    assert_ne!(changed, chip);
}

/// Each word size, and a sector size that is no power of two.
#[test]
fn any_geometry_is_found() {
    fn image<const W: usize, const S: usize>() -> (usize, usize, Vec<u8>) {
        let mut flash = SimFlash::<W, S>::new(3);
        let mut resources = Resources::<8, 3, 256>::new();
        let mut store = Store::mount(
            &mut flash,
            0..3 * S as u32,
            &mut resources,
            Options::DEFAULT,
        )
        .unwrap();
        for count in 0..200 {
            store.put_bytes("key", &[count; 20]).unwrap();
        }
        (W, S, flash.image().to_vec())
    }
    let bench = bench();
    for (word, sector, image) in [
        image::<1, 512>(),
        image::<2, 1024>(),
        image::<8, 768>(),
        image::<16, 4096>(),
        image::<32, 1536>(),
        image::<64, 2048>(),
        image::<128, 8192>(),
    ] {
        bench.write("some.bin", image);
        let out = bench.ok("inspect some.bin");
        let first = format!("some.bin: 3 sectors of {sector} bytes, words of {word}\n");
        assert!(out.starts_with(&first), "{out}");
        bench.ok("set some.bin @key=new");
        assert!(bench.ok("inspect some.bin").contains("\"new\""));
    }
}

#[test]
fn completions_and_manual_know_the_commands() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(
            bench
                .ok(&format!("completions {shell}"))
                .contains("inspect"),
            "{shell}"
        );
    }
    assert!(bench.ok("man").contains(".SH NAME\nkvs"));
    bench.ok("man -o man1");
    assert!(bench.path("man1/kvs-inspect.1").exists());
}

#[test]
fn help_has_examples() {
    let bench = Bench::new();
    for command in [
        "inspect", "map", "log", "check", "diff", "build", "set", "unset", "migrate", "import",
    ] {
        let help = bench.ok(&format!("{command} --help"));
        assert!(help.contains("Examples:\n  kvs "), "{command}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    use std::process::{Command, Stdio};
    let bench = bench();
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("kvs"))
        .args(["map", "dump.bin", "--width", "1000"])
        .current_dir(bench.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.stderr.is_empty());
    assert_eq!(output.status.code(), Some(0));
}
