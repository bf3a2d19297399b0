//! Dumps that are not just one whole partition: what they are is found, asked for, or said to be doubtful.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::time::{Duration, Instant};

use kvs::lock::Lock;
use kvs::sim::SimFlash;
use kvs::{Options, Resources, Settings, Store};
use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::bench::{Bench, Flash, LAYOUT, SECTOR, SECTORS, used, with_store};

/// Another product. It has one key in common with the boiler, and calls its choices otherwise.
#[derive(Settings)]
struct Kettle {
    #[setting(default = Program::Tea)]
    mode: Program,
    #[setting(default)]
    cups: u8,
}

#[derive(Clone, Copy, Serialize, Deserialize, Schema)]
enum Program {
    Tea,
    Coffee,
    Keep { minutes: u16 },
}

/// An image of eight sectors of 4 KiB, written so often that `rounds` sectors were opened.
fn large(rounds: u32) -> Vec<u8> {
    let mut flash = SimFlash::<4, 4096>::new(8);
    let mut resources = Resources::<16, 8, 256>::new();
    let mut store =
        Store::mount(&mut flash, 0..8 * 4096, &mut resources, Options::DEFAULT).unwrap();
    store.put_bytes("first", b"kept").unwrap();
    let mut count = 0u32;
    while store.sectors().map(|sector| sector.sequence).max() < Some(rounds) {
        count += 1;
        let key = ["a", "b", "c"][count as usize % 3];
        let value = [count.to_le_bytes(); 25].concat();
        store.put_bytes(key, &value).unwrap();
    }
    flash.image().to_vec()
}

/// Two sectors that are both in use, and blank ones behind them.
fn full_sectors() -> Vec<u8> {
    let mut flash = Flash::new(SECTORS);
    with_store(&mut flash, |store| {
        for key in 0..20 {
            store.put_bytes(kvs::RawKey::Hash(key), &[7; 30]).unwrap();
        }
    });
    flash.image().to_vec()
}

/// Bytes that are no sector.
fn firmware(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 7 + at / 251) as u8).collect()
}

#[test]
fn a_cut_off_image_is_not_sound() {
    let bench = Bench::new();
    for rounds in [1, 2, 8, 30] {
        let whole = large(rounds);
        for len in [1000, 4095, 5000, 8191, 10_000, 20_001, 32_767] {
            bench.write("cut.bin", &whole[..len]);
            let ran = bench.kvs("check cut.bin");
            let what = format!("{rounds} rounds, {len} bytes: {}{}", ran.out, ran.err);
            assert_ne!(ran.code, 0, "{what}");
            assert!(
                ran.out.contains("cut off") || ran.err.contains("cut off"),
                "{what}"
            );
            // What is there can be looked at, but not written, nor be a model for others.
            let ran = bench.kvs("inspect cut.bin");
            assert!(ran.err.contains("cut off"), "{what}");
            for command in [
                "set cut.bin @a=1 -o new.bin",
                "build --schema settings.lock settings.toml -o new.bin --like cut.bin",
            ] {
                bench.write("settings.toml", "target = 100\n");
                let ran = bench.kvs(command);
                assert!(
                    ran.code == 2 && ran.err.contains("cut off"),
                    "{what}: {}",
                    ran.err
                );
            }
        }
        // Whoever knows how long it should be is told of each byte that is missing.
        for len in [4096, 8192, 28_672, 32_764] {
            bench.write("cut.bin", &whole[..len]);
            let ran = bench.kvs("check cut.bin --length 32k");
            assert!(
                ran.code == 2 && ran.err.contains("cut off"),
                "{}{}",
                ran.out,
                ran.err
            );
        }
        bench.write("whole.bin", &whole);
        bench.ok("check whole.bin --strict");
        bench.ok("check whole.bin --strict --length 32k");
    }
}

/// Even at the end of a sector, if what is left shows it.
#[test]
fn missing_sectors_are_noticed() {
    let bench = Bench::new();
    let full = full_sectors();
    // A store always has a free sector.
    bench.write("cut.bin", &full[..2 * SECTOR]);
    let ran = bench.kvs("check cut.bin");
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.out.contains("no sector is free"), "{}", ran.out);
    // It has erased its sectors more often than these have been.
    let worn = large(40);
    for sectors in 2..=6 {
        bench.write("cut.bin", &worn[..sectors * 4096]);
        let ran = bench.kvs("check cut.bin");
        assert_eq!(ran.code, 1, "{sectors}: {}", ran.out);
    }
}

#[test]
fn sector_for_sector_what_a_device_has_written_is_sound() {
    let bench = Bench::new();
    for rounds in 1..30 {
        bench.write("dump.bin", large(rounds));
        bench.ok("check dump.bin --strict");
    }
}

#[test]
fn a_partition_behind_firmware_and_a_gap_is_found_where_it_is() {
    let bench = Bench::new();
    for (gap, rounds) in [(0, 3), (1, 1), (1, 30), (199, 1), (199, 3), (199, 30)] {
        let mut chip = firmware(12 * 4096);
        chip.resize(chip.len() + gap * 4096, 0xFF);
        let at = chip.len();
        chip.extend(large(rounds));
        bench.write("chip.bin", &chip);
        let expected = format!(
            "8 sectors of 4096 bytes, words of 4, at {at:#x}..{:#x}",
            chip.len()
        );
        for command in ["inspect", "check"] {
            let out = bench.ok(&format!("{command} chip.bin"));
            assert!(out.contains(&expected), "{gap}, {rounds}: {out}");
        }
        let ran = bench.kvs("check chip.bin --strict");
        assert!(
            ran.code == 1 && ran.out.contains("--offset and --length"),
            "{}",
            ran.out
        );
        bench.ok(&format!(
            "check chip.bin --strict --offset {at} --length 32k"
        ));
        bench.ok("check chip.bin --length 32k");
        let ran =
            bench.kvs("build --schema settings.lock settings.toml -o new.bin --like chip.bin");
        assert_eq!(ran.code, 2);
        // Where it begins is not enough to write to it.
        let ran = bench.kvs(&format!("set chip.bin @a=1 -o new.bin --offset {at}"));
        assert!(ran.code == 2 && ran.err.contains("--length"), "{}", ran.err);
    }
}

#[test]
fn of_two_partitions_one_has_to_be_chosen() {
    let bench = Bench::new();
    for (one, other, between) in [
        (1, 1, 0),
        (30, 1, 0),
        (3, 30, 0),
        (30, 30, 0),
        (30, 3, 4),
        (40, 9, 50),
    ] {
        let mut chip = large(one);
        chip.extend(firmware(between * 4096));
        let second = chip.len();
        chip.extend(large(other));
        bench.write("chip.bin", &chip);
        let what = format!("{one}, {other}, {between}");
        for command in [
            "inspect",
            "check",
            "log",
            "map",
            "set chip.bin @a=1 -o new.bin",
        ] {
            let command = match command.contains("chip.bin") {
                true => command.to_owned(),
                false => format!("{command} chip.bin"),
            };
            let ran = bench.kvs(&command);
            assert_eq!(ran.code, 2, "{what}: {command}: {}", ran.out);
            assert!(ran.err.contains("--offset"), "{what}: {}", ran.err);
        }
        for at in [0, second] {
            bench.ok(&format!(
                "check chip.bin --strict --offset {at} --length 32k"
            ));
        }
    }
    // Said to be one, they are not believed to be.
    let mut chip = large(9);
    chip.extend(large(9));
    bench.write("chip.bin", &chip);
    let ran = bench.kvs("check chip.bin --offset 0 --length 64k");
    assert!(
        ran.code == 1 && ran.out.contains("two partitions"),
        "{}",
        ran.out
    );
    let ran = bench.kvs("set chip.bin --offset 0 --length 64k @a=1 -o new.bin");
    assert!(
        ran.code == 2 && ran.err.contains("two partitions"),
        "{}",
        ran.err
    );
}

#[test]
fn partitions_of_two_layouts_are_two_partitions() {
    let bench = Bench::new();
    let mut chip = large(3);
    chip.extend(used().image());
    bench.write("chip.bin", &chip);
    let ran = bench.kvs("inspect chip.bin");
    assert!(
        ran.code == 2 && ran.err.contains("another layout"),
        "{}{}",
        ran.out,
        ran.err
    );
    let out = bench.ok("inspect chip.bin --offset 0x8000 --length 2k");
    assert!(out.contains("4 sectors of 512 bytes"), "{out}");
}

/// A sector whose header is of another size or word is not one of this partition.
#[test]
fn a_header_that_does_not_fit_the_others_is_said() {
    let bench = Bench::new();
    let mut image = large(9);
    image[3 * 4096..][..32].copy_from_slice(&used().image()[..32]);
    bench.write("dump.bin", &image);
    for more in ["", " --offset 0 --length 32k"] {
        for command in ["inspect", "check", "map"] {
            let ran = bench.kvs(&format!("{command} dump.bin{more}"));
            assert_eq!(ran.code, 2, "{command}{more}: {}", ran.out);
            assert!(
                ran.err.contains("--offset and --length"),
                "{more}: {}",
                ran.err
            );
        }
    }
}

#[test]
fn an_offset_at_which_no_sector_begins_is_refused() {
    let bench = Bench::new();
    let mut chip = firmware(4096);
    chip.extend(large(9));
    chip.extend(firmware(4096));
    bench.write("chip.bin", &chip);
    for offset in [1, 4, 16, 0x800, 0x1004, 0x1010, 0x1800, 0x2ffc] {
        for more in [
            "",
            " --length 0x4000",
            " --sector-size 4096 --write-size 4 --length 0x4000",
        ] {
            let ran = bench.kvs(&format!("check chip.bin --offset {offset}{more}"));
            assert_eq!(ran.code, 2, "{offset:#x}{more}: {}", ran.out);
            let said = format!("no sector of chip.bin begins at --offset {offset:#x}");
            assert!(ran.err.contains(&said), "{}", ran.err);
            assert!(ran.err.contains("of 4096 bytes begin at 0x"), "{}", ran.err);
        }
    }
    bench.ok("check chip.bin --offset 0x1000 --length 0x8000");
    // Even if there is no header behind it.
    bench.write("dump.bin", large(1));
    let sizes = "--sector-size 4096 --write-size 4";
    let ran = bench.kvs(&format!(
        "check dump.bin --offset 0x800 --length 0x4000 {sizes}"
    ));
    assert!(
        ran.code == 2 && ran.err.contains("begin at 0x0"),
        "{}{}",
        ran.out,
        ran.err
    );
}

/// A sector whose first header copy is damaged begins where it should, all the same.
#[test]
fn the_second_copy_of_a_header_is_not_taken_for_the_first() {
    let bench = Bench::new();
    let mut image = large(1);
    image[0] ^= 1;
    bench.write("dump.bin", &image);
    let out = bench.ok("check dump.bin");
    assert!(
        out.contains("8 sectors of 4096 bytes, words of 4, 1 key"),
        "{out}"
    );
    assert!(
        out.contains("the first copy of its header is damaged"),
        "{out}"
    );
}

#[test]
fn large_files_are_answered_at_once() {
    const LEN: u64 = 8 << 30;
    const AT: u64 = 5 << 30;
    let bench = Bench::new();
    let mut file = File::create(bench.path("big.bin")).unwrap();
    file.set_len(LEN).unwrap();
    file.seek(SeekFrom::Start(AT)).unwrap();
    file.write_all(&large(9)).unwrap();
    drop(file);
    let begin = Instant::now();
    for command in [
        "inspect big.bin",
        "check big.bin --length 32k",
        "check big.bin --offset 32k",
        "check big.bin --sector-size 4096 --write-size 4",
        "set big.bin @a=1",
        "diff big.bin big.bin",
    ] {
        let ran = bench.kvs(command);
        assert_eq!(ran.code, 2, "{command}: {}", ran.out);
        assert!(
            ran.err.contains("--offset and --length"),
            "{command}: {}",
            ran.err
        );
    }
    bench.ok(&format!(
        "check big.bin --strict --offset {AT} --length 32k"
    ));
    for command in [
        &format!("set big.bin --offset {AT} --length 32k @a=1"),
        "import --from pw-kvs big.bin",
        "inspect big.bin --schema big.bin",
    ] {
        let ran = bench.kvs(command);
        assert_eq!(ran.code, 2, "{command}: {}", ran.out);
        assert!(ran.err.contains("256 MiB"), "{command}: {}", ran.err);
    }
    assert!(
        begin.elapsed() < Duration::from_secs(30),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn hex_and_uf2_that_are_cut_off_are_refused() {
    let bench = Bench::new();
    bench.write("settings.toml", "target = 100\n");
    for (name, more) in [
        ("unit.hex", "--address 0x8000"),
        ("unit.uf2", "--address 0x8000 --uf2-family rp2040"),
    ] {
        let layout = LAYOUT.join(" ");
        bench.ok(&format!(
            "build --schema settings.lock settings.toml -o {name} {layout} {more}"
        ));
        bench.ok(&format!("check {name} --strict"));
        let whole = bench.read(name);
        // At the end of a line, and of a block.
        let len = match name {
            "unit.uf2" => whole.len() - 512,
            _ => whole.len() - ":00000001FF\n".len(),
        };
        bench.write(name, &whole[..len]);
        let ran = bench.kvs(&format!("check {name}"));
        assert!(
            ran.code == 2 && ran.err.contains("cut off"),
            "{}{}",
            ran.out,
            ran.err
        );
    }
}

/// A lock file that has few of the stored keys is another product's, whatever the values look like by it.
#[test]
fn another_product_s_lock_file_is_doubted() {
    let bench = Bench::new();
    bench.write("dump.bin", used().image());
    bench.write("other.lock", Lock::of(Kettle::SCHEMA).to_string());
    bench.write("again.bin", used().image());
    for command in [
        "inspect dump.bin --schema other.lock",
        "inspect dump.bin --schema other.lock --json",
        "inspect dump.bin --schema other.lock --toml",
        "log dump.bin --schema other.lock",
        "map dump.bin --schema other.lock",
        "diff dump.bin again.bin --schema other.lock",
        "set dump.bin --schema other.lock mode=Tea -o new.bin",
        "unset dump.bin --schema other.lock mode -o new.bin",
        "migrate --from other.lock --to other.lock dump.bin",
    ] {
        let ran = bench.kvs(command);
        assert!(
            ran.err.contains("is it another firmware's?"),
            "{command}: {}{}",
            ran.out,
            ran.err
        );
        let own = command
            .replace("other.lock", "settings.lock")
            .replace("Tea", "Off");
        let ran = bench.kvs(&own);
        assert!(!ran.err.contains("another"), "{command}: {}", ran.err);
    }
    let ran = bench.kvs("check dump.bin --schema other.lock --strict");
    assert!(
        ran.code == 1 && ran.out.contains("another firmware's"),
        "{}",
        ran.out
    );
    bench.ok("check dump.bin --schema settings.lock --strict");
}

/// Wherever a value is shown that is none of its type, or not in its range, that is said.
#[test]
fn what_is_no_value_of_its_type_is_said_everywhere() {
    let bench = Bench::new();
    let mut flash = used();
    bench.write("before.bin", flash.image());
    with_store(&mut flash, |store| {
        let key = |name| kvs::RawKey::Hash(kvs::key_hash(name));
        store.put_bytes(key("mode:enum"), &[9]).unwrap();
        store.put_bytes(key("wifi.channel:u8"), &[14]).unwrap();
    });
    bench.write("dump.bin", flash.image());
    for command in [
        "inspect dump.bin --schema settings.lock",
        "inspect dump.bin --schema settings.lock --json",
        "log dump.bin --schema settings.lock",
        "log dump.bin --schema settings.lock --json",
        "map dump.bin --schema settings.lock --svg /dev/stdout",
        "map dump.bin --schema settings.lock --html /dev/stdout",
        "diff before.bin dump.bin --schema settings.lock",
        "diff before.bin dump.bin --schema settings.lock --json",
        "check dump.bin --schema settings.lock",
    ] {
        let out = bench.kvs(command).out;
        assert!(out.contains("no value of type enum"), "{command}: {out}");
        assert!(out.contains("out of range"), "{command}: {out}");
    }
}
