//! The files that are written: the one that is meant, in one step, by one writer at a time.

use std::fs;
use std::process::Stdio;

use assert_cmd::cargo::cargo_bin;

use crate::bench::{Bench, LAYOUT, used};

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("dump.bin", used().image());
    bench
}

/// The names in the directory, but for those that are expected.
fn strangers(bench: &Bench, expected: &[&str]) -> Vec<String> {
    let names = fs::read_dir(bench.path("")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .filter(|name| !expected.contains(&name.as_str()) && name != "settings.lock")
        .collect()
}

#[test]
fn of_many_writers_none_loses_an_update() {
    let bench = bench();
    let children: Vec<_> = (0..20)
        .map(|number| {
            std::process::Command::new(cargo_bin!("kvs"))
                .args(["set", "dump.bin", &format!("@key{number}=value {number}")])
                .current_dir(bench.path(""))
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{errors}");
    }
    let listing = bench.ok("inspect dump.bin");
    for number in 0..20 {
        assert!(
            listing.contains(&format!("\"value {number}\"")),
            "{listing}"
        );
    }
    assert!(strangers(&bench, &["dump.bin"]).is_empty());
}

#[test]
fn a_writer_waits_for_the_lock_and_says_so() {
    let bench = bench();
    let held = fs::File::open(bench.path("dump.bin")).unwrap();
    held.lock().unwrap();
    let mut child = std::process::Command::new(cargo_bin!("kvs"))
        .args(["set", "dump.bin", "@serial=B-1"])
        .current_dir(bench.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut errors = std::io::BufReader::new(child.stderr.take().unwrap());
    std::io::BufRead::read_line(&mut errors, &mut said).unwrap();
    assert_eq!(
        said,
        "note: another program is writing dump.bin: waiting until it is done\n"
    );
    assert!(bench.read("dump.bin") == used().image());
    // It is not the file that was locked that counts, but the one that has its name afterwards.
    bench.write("other.bin", used().image());
    bench.ok("set other.bin @calibration=new");
    fs::rename(bench.path("other.bin"), bench.path("dump.bin")).unwrap();
    held.unlock().unwrap();
    assert!(child.wait().unwrap().success());
    let listing = bench.ok("inspect dump.bin");
    assert!(
        listing.contains("\"B-1\"") && listing.contains("\"new\""),
        "{listing}"
    );
}

#[test]
fn a_missing_file_is_made_and_one_that_is_no_file_is_not() {
    let bench = bench();
    bench.ok("set dump.bin @serial=B-1 -o new.bin");
    assert!(bench.ok("inspect new.bin").contains("\"B-1\""));
    fs::create_dir(bench.path("directory")).unwrap();
    let ran = bench.kvs("set dump.bin @serial=B-1 -o directory");
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("directory cannot be written"),
        "{}",
        ran.err
    );
    let ran = bench.kvs("set none.bin @serial=B-1");
    assert_eq!(ran.code, 2);
    assert!(!bench.path("none.bin").exists());
    assert!(strangers(&bench, &["dump.bin", "new.bin", "directory"]).is_empty());
}

#[cfg(unix)]
mod unix {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

    use super::{LAYOUT, bench, strangers};

    fn mode(path: &std::path::Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    /// Every way to write a file, on `FILE`; each leaves something else in it.
    const WRITERS: [&str; 7] = [
        "set FILE @serial=B-1",
        "unset FILE @serial",
        "set dump.bin @serial=B-2 -o FILE",
        "map dump.bin --svg FILE",
        "map dump.bin --html FILE",
        "build --schema settings.lock settings.toml -o FILE",
        "import --from pw-kvs old.bin -o FILE --sector-size 512 --write-size 4 --length 4k",
    ];

    /// Runs each of [`WRITERS`] on a file that `prepare` has made of `FILE`.
    fn each(name: &str, test: impl Fn(&crate::bench::Bench, &str)) {
        for writer in WRITERS {
            let bench = bench();
            bench.write("settings.toml", "target = 100\n");
            bench.write(
                "old.bin",
                include_bytes!("../pw_kvs/kvs_4x4k_a16_simple.bin"),
            );
            bench.write("file.bin", bench.read("dump.bin"));
            let mut command = writer.replace("FILE", name);
            if writer.starts_with("build") {
                command.push_str(&format!(" {}", LAYOUT.join(" ")));
            }
            test(&bench, &command);
        }
    }

    #[test]
    fn a_symbolic_link_is_followed() {
        each("link.bin", |bench, command| {
            fs::create_dir(bench.path("images")).unwrap();
            fs::rename(bench.path("file.bin"), bench.path("images/file.bin")).unwrap();
            symlink("images/file.bin", bench.path("second.bin")).unwrap();
            symlink("second.bin", bench.path("link.bin")).unwrap();
            let before = bench.read("images/file.bin");
            bench.ok(command);
            for link in ["link.bin", "second.bin"] {
                let there = fs::symlink_metadata(bench.path(link)).unwrap();
                assert!(there.is_symlink(), "{command}: {link}");
            }
            assert!(bench.read("images/file.bin") != before, "{command}");
        });
    }

    #[test]
    fn a_link_to_nothing_yet_makes_what_it_names() {
        let bench = bench();
        symlink("new.bin", bench.path("link.bin")).unwrap();
        bench.ok("set dump.bin @serial=B-1 -o link.bin");
        assert!(
            fs::symlink_metadata(bench.path("link.bin"))
                .unwrap()
                .is_symlink()
        );
        assert!(bench.ok("inspect new.bin").contains("\"B-1\""));
        symlink("loop.bin", bench.path("loop.bin")).unwrap();
        let ran = bench.kvs("set dump.bin @serial=B-1 -o loop.bin");
        assert!(
            ran.code == 2 && ran.err.contains("symbolic links"),
            "{}",
            ran.err
        );
    }

    #[test]
    fn the_mode_is_kept_and_a_new_file_has_the_usual_one() {
        for wanted in [0o600, 0o640, 0o666, 0o755] {
            each("file.bin", |bench, command| {
                let path = bench.path("file.bin");
                // Only root may give it to somebody else; whose it is is kept in any case.
                let _ = chown(&path, Some(1), Some(1));
                fs::set_permissions(&path, Permissions::from_mode(wanted)).unwrap();
                let before = fs::metadata(&path).unwrap();
                bench.ok(command);
                assert_eq!(mode(&path), wanted, "{command}");
                let after = fs::metadata(&path).unwrap();
                assert_eq!((before.uid(), before.gid()), (after.uid(), after.gid()));
            });
        }
        let bench = bench();
        bench.write("usual.bin", "");
        bench.ok("set dump.bin @serial=B-1 -o new.bin");
        assert_eq!(mode(&bench.path("new.bin")), mode(&bench.path("usual.bin")));
    }

    #[test]
    fn a_file_that_may_not_be_written_is_not_replaced() {
        each("file.bin", |bench, command| {
            let path = bench.path("file.bin");
            fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
            let before = (bench.read("file.bin"), fs::metadata(&path).unwrap().ino());
            let ran = bench.kvs(command);
            assert_eq!(ran.code, 2, "{command}: {}", ran.out);
            assert!(
                ran.err.contains("file.bin may not be written"),
                "{}",
                ran.err
            );
            assert!(before == (bench.read("file.bin"), fs::metadata(&path).unwrap().ino()));
        });
    }

    #[test]
    fn a_hard_link_is_neither_parted_nor_half_changed() {
        each("file.bin", |bench, command| {
            fs::hard_link(bench.path("file.bin"), bench.path("twin.bin")).unwrap();
            let before = bench.read("file.bin");
            let ran = bench.kvs(command);
            assert_eq!(ran.code, 2, "{command}: {}", ran.out);
            assert!(ran.err.contains("2 names (hard links)"), "{}", ran.err);
            let inode = |name| fs::metadata(bench.path(name)).unwrap().ino();
            assert_eq!(inode("file.bin"), inode("twin.bin"));
            assert!(bench.read("file.bin") == before);
        });
    }

    /// Nor is what a link names that stands where a temporary file was once written: at the name with the process's number.
    #[test]
    fn what_lies_beside_a_file_is_not_touched() {
        let bench = bench();
        bench.write("victim", "mine");
        let script = "ln -s victim dump.bin.$$.tmp && exec \"$0\" set dump.bin @serial=B-1";
        let ran = std::process::Command::new("sh")
            .args(["-c", script])
            .arg(assert_cmd::cargo::cargo_bin!("kvs"))
            .current_dir(bench.path(""))
            .output()
            .unwrap();
        assert!(ran.status.success());
        assert_eq!(bench.read("victim"), b"mine");
        assert!(bench.ok("inspect dump.bin").contains("\"B-1\""));
    }

    #[test]
    fn a_device_is_written_as_it_is() {
        let bench = bench();
        bench.ok("map dump.bin --svg /dev/null");
        let svg = bench.ok("map dump.bin --svg /dev/stdout");
        assert!(svg.starts_with("<svg"), "{svg}");
        assert!(strangers(&bench, &["dump.bin"]).is_empty());
    }

    #[test]
    fn pages_settings_files_and_images_of_a_batch_keep_links_and_modes() {
        let bench = bench();
        bench.write(
            "old.bin",
            include_bytes!("../pw_kvs/kvs_4x4k_a16_simple.bin"),
        );
        symlink("real.toml", bench.path("settings.toml")).unwrap();
        bench.ok("import --from pw-kvs old.bin -o settings.toml");
        assert!(!bench.read("real.toml").is_empty());
        bench.ok("man -o man1");
        let page = bench.read("man1/kvs-set.1");
        bench.write("page", "");
        fs::remove_file(bench.path("man1/kvs-set.1")).unwrap();
        symlink("../page", bench.path("man1/kvs-set.1")).unwrap();
        bench.ok("man -o man1");
        assert!(bench.read("page") == page);

        bench.write("devices.csv", "name,target\nunit-1,100\n");
        let build = format!(
            "build --schema settings.lock --batch devices.csv -o images {}",
            LAYOUT.join(" ")
        );
        bench.ok(&build);
        let unit = bench.path("images/unit-1.bin");
        fs::set_permissions(&unit, Permissions::from_mode(0o600)).unwrap();
        bench.ok(&build);
        assert_eq!(mode(&unit), 0o600);
        fs::set_permissions(&unit, Permissions::from_mode(0o400)).unwrap();
        assert_eq!(bench.kvs(&build).code, 2);
    }

    /// A program that is killed at any moment leaves the old image or the new one.
    #[test]
    fn a_kill_leaves_the_old_or_the_new_image() {
        let bench = bench();
        let old = bench.read("dump.bin");
        bench.ok("set dump.bin @serial=B-1 -o new.bin");
        let new = bench.read("new.bin");
        let mut outcomes = [0, 0];
        for step in 0..40 {
            bench.write("dump.bin", &old);
            let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("kvs"))
                .args(["set", "dump.bin", "@serial=B-1"])
                .current_dir(bench.path(""))
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(std::time::Duration::from_micros(250 * step));
            child.kill().unwrap();
            child.wait().unwrap();
            let found = bench.read("dump.bin");
            assert!(found == old || found == new, "after {step} steps");
            outcomes[usize::from(found == new)] += 1;
            bench.ok("set dump.bin @serial=B-1");
            assert!(bench.ok("inspect dump.bin").contains("\"B-1\""));
        }
        assert_ne!(outcomes[0], 0, "every run was over before its kill");
    }
}
