//! Images that are changed and compared.

use insta::assert_snapshot;

use crate::bench::{Bench, Boiler, Flash, used, with_store};

#[test]
fn set_makes_the_commit_that_a_device_makes() {
    let bench = Bench::new();
    let mut flash = used();
    bench.write("dump.bin", flash.image());
    bench.ok("set dump.bin --schema settings.lock target=230 wifi.channel=6");
    with_store(&mut flash, |store| {
        let (mut settings, _) = store.load::<Boiler>();
        settings.target = 230;
        settings.wifi.channel = 6;
        assert_eq!(store.save(&settings).unwrap(), 2);
    });
    assert!(bench.read("dump.bin") == flash.image());
}

#[test]
fn hundreds_of_sets_collect_as_a_device_does() {
    let bench = Bench::new();
    let mut flash = used();
    bench.write("dump.bin", flash.image());
    for round in 0..40 {
        bench.run(&["set", "dump.bin", &format!("@serial=number {round}")]);
        with_store(&mut flash, |store| {
            store
                .put_bytes("serial", format!("number {round}").as_bytes())
                .unwrap();
        });
    }
    assert!(bench.read("dump.bin") == flash.image());
}

#[test]
fn unset_removes_old_keys_too() {
    let bench = Bench::new();
    let mut flash = used();
    with_store(&mut flash, |store| {
        let old = kvs::RawKey::Hash(kvs::key_hash("wifi.name:str"));
        store.put_bytes(old, b"\x05older").unwrap();
    });
    bench.write("dump.bin", flash.image());
    assert_eq!(
        bench.ok("unset dump.bin --schema settings.lock wifi.ssid @serial -o new.bin"),
        "3 keys removed\n"
    );
    assert_snapshot!(
        bench
            .kvs("diff dump.bin new.bin --schema settings.lock")
            .text()
    );
    let mut flash = Flash::from_image(&bench.read("new.bin"));
    with_store(&mut flash, |store| {
        assert_eq!(store.load::<Boiler>().0.wifi.ssid, "");
    });
}

#[test]
fn a_bad_value_changes_nothing() {
    let bench = Bench::new();
    bench.write("dump.bin", used().image());
    let mut all = String::new();
    for change in [
        "target=400",
        "target=warm",
        "wifi.sid=x",
        "mode={Boost=1}",
        "target",
        "zones.0.letter=ab",
    ] {
        let ran = bench.run(&[
            "set",
            "dump.bin",
            "--schema",
            "settings.lock",
            "boot_count=9",
            change,
        ]);
        all.push_str(&format!("$ {change}\n{}\n", ran.text()));
    }
    assert_snapshot!(all);
    assert!(bench.read("dump.bin") == used().image());
}
