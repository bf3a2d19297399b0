//! Images after power cuts and rot, and bytes that are no images: told, never trusted.

use insta::assert_snapshot;
use kvs::sim::{Rng, Tear};

use crate::bench::{Bench, Boiler, used, with_store};

#[test]
fn a_torn_commit_is_told_and_is_no_error() {
    let bench = Bench::new();
    let mut flash = used();
    flash.cut_after(flash.operations() + 2, Tear::WordBits, 3);
    with_store(&mut flash, |store| {
        let (mut settings, _) = store.load::<Boiler>();
        settings.target = 230;
        settings.wifi.channel = 6;
        settings.boot_count = 31;
        assert!(store.save(&settings).is_err());
    });
    bench.write("dump.bin", flash.image());
    assert_snapshot!(
        "torn_check",
        bench.kvs("check dump.bin --schema settings.lock").text()
    );
    assert_eq!(bench.kvs("check dump.bin --strict").code, 1);
    assert_snapshot!(
        "torn_log",
        bench.ok("log dump.bin --schema settings.lock --limit 6")
    );
    assert_snapshot!("torn_map", bench.ok("map dump.bin --width 80"));
}

/// An image in which a bit of the network's name has flipped.
fn with_a_rotten_name() -> Vec<u8> {
    let mut image = used().image().to_vec();
    let name = image.windows(5).rposition(|bytes| bytes == b"attic");
    image[name.unwrap()] ^= 4;
    image
}

#[test]
fn rot_is_an_error() {
    let bench = Bench::new();
    let mut image = with_a_rotten_name();
    image[3] ^= 1;
    bench.write("dump.bin", image);
    assert_snapshot!(
        "rot_check",
        bench.kvs("check dump.bin --schema settings.lock").text()
    );
    assert_snapshot!("rot_map", bench.ok("map dump.bin --width 80"));
}

/// The page has a line for all that the log has, in its order.
#[test]
fn the_page_lists_what_the_log_lists() {
    let bench = Bench::new();
    let mut image = with_a_rotten_name();
    // A torn word behind the last entry.
    let blank = image[512..1024].iter().rposition(|byte| *byte != 0xFF);
    let torn = 512 + (blank.unwrap() + 1).next_multiple_of(4);
    image[torn] = 0;
    bench.write("dump.bin", image);
    let log = bench.ok("log dump.bin --json");
    let log: Vec<serde_json::Value> = serde_json::from_str(&log).unwrap();
    let page = bench.ok("map dump.bin --html /dev/stdout");
    let rows: Vec<_> = page.split("<tr class=\"").skip(1).collect();
    assert_eq!(rows.len(), log.len());
    for (row, event) in rows.iter().zip(&log) {
        let state = event["state"].as_str().unwrap();
        assert!(row.starts_with(&format!("{state}\"")), "{row}: {event}");
        let offset = format!(
            "<td class=\"number\">{:#06x}<",
            event["offset"].as_u64().unwrap()
        );
        assert!(row.contains(&offset), "{row}: {event}");
        if let Some(reason) = event["reason"].as_str() {
            assert!(row.contains(reason), "{row}: {event}");
        }
    }
    for state in ["torn", "damaged"] {
        assert!(log.iter().any(|event| event["state"] == state), "{state}");
    }
}

#[test]
fn values_that_the_firmware_turns_down_are_an_error() {
    let bench = Bench::new();
    let mut flash = used();
    with_store(&mut flash, |store| {
        let hash = |key| kvs::RawKey::Hash(kvs::key_hash(key));
        store
            .put_bytes(hash("target:i16"), &[0xF4, 0x03, 0])
            .unwrap();
        store.put_bytes(hash("wifi.channel:u8"), &[14]).unwrap();
        store.put_bytes(hash("other:u8"), &[1]).unwrap();
    });
    bench.write("dump.bin", flash.image());
    assert_snapshot!(
        "rejected_check",
        bench.kvs("check dump.bin --schema settings.lock").text()
    );
    assert_snapshot!(
        "rejected_inspect",
        bench.ok("inspect dump.bin --schema settings.lock")
    );
}

#[test]
fn what_is_no_image_is_said() {
    let bench = Bench::new();
    bench.write("empty.bin", "");
    bench.write("text.bin", "no image at all\n");
    bench.write("blank.bin", [0xFF; 2048]);
    bench.write(
        "bad.hex",
        ":10010000214601360121470136007EFE09D2190140\nrubbish\n",
    );
    bench.write("bad.lock", "version = 1\n");
    let mut all = String::new();
    for command in [
        "inspect none.bin",
        "inspect empty.bin",
        "inspect text.bin",
        "inspect blank.bin",
        "inspect blank.bin --sector-size 512 --write-size 4",
        "inspect blank.bin --sector-size 512 --write-size 3",
        "inspect blank.bin --sector-size 4096 --write-size 4",
        "inspect bad.hex",
        "inspect text.bin --schema bad.lock",
        "import --from pw-kvs text.bin",
    ] {
        all.push_str(&format!("$ kvs {command}\n{}\n", bench.kvs(command).text()));
    }
    assert_snapshot!(all);
}

/// Every command on bytes that are nothing, and on images with bytes changed: an answer or an error, never a panic.
#[test]
fn nothing_panics() {
    let bench = Bench::new();
    let mut rng = Rng::new(7);
    let good = used().image().to_vec();
    for round in 0..24 {
        let mut bytes = good.clone();
        match round % 3 {
            0 => bytes
                .iter_mut()
                .skip(32)
                .for_each(|byte| *byte = rng.next_u8()),
            1 => (0..rng.below(60)).for_each(|_| bytes[rng.below(2048)] = rng.next_u8()),
            _ => bytes.truncate(rng.below(2048)),
        }
        bench.write("dump.bin", bytes);
        for command in [
            "inspect dump.bin --schema settings.lock",
            "inspect dump.bin --sector-size 512 --write-size 4",
            "check dump.bin",
            "log dump.bin --schema settings.lock",
            "map dump.bin --svg map.svg",
            "set dump.bin --schema settings.lock target=100 -o out.bin",
            "import --from pw-kvs dump.bin",
        ] {
            let ran = bench.kvs(command);
            assert!(
                ran.code <= 2 && !ran.err.contains("panicked"),
                "{command}: {}",
                ran.err
            );
        }
    }
}
