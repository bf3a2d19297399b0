//! Tables of devices: what is wrong in one is an error, and what is in a cell is stored as it is.

use crate::bench::{Bench, LAYOUT, Ran};

fn batch(bench: &Bench, table: &str) -> Ran {
    bench.write("devices.csv", table);
    let layout = LAYOUT.join(" ");
    bench.kvs(&format!(
        "build --schema settings.lock --batch devices.csv -o images {layout}"
    ))
}

/// Nothing is written, the reason is told, and no secret with it.
fn refused(table: &str, said: &str) {
    let bench = Bench::new();
    let ran = batch(&bench, table);
    assert_eq!(ran.code, 2, "{table}: {}", ran.out);
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let err = words(&ran.err.replace("│", " "));
    assert!(err.contains(said), "{table}: {}", ran.err);
    assert!(!ran.err.contains("hunter2"), "{table}: {}", ran.err);
    assert!(!bench.path("images").exists(), "{table}");
}

#[test]
fn a_column_is_there_once() {
    refused(
        "name,target,wifi.password,target\nunit-1,100,hunter2,200\n",
        "devices.csv, line 1: `target` is there twice",
    );
    refused(
        "name,target, target\nunit-1,100,200\n",
        "`target` is there twice",
    );
    refused(
        "target,mode\n100,Off\n",
        "the first column is the setting `target`",
    );
}

#[test]
fn another_delimiter_is_said() {
    refused(
        "name;wifi.password;target\nunit-1;hunter2;100\n",
        "line 1: there is a ';' between columns",
    );
    refused(
        "name\twifi.password\nunit-1\thunter2\n",
        "there is a '\\t' between columns",
    );
    refused(
        "name|wifi.password\nunit-1|hunter2\n",
        "there is a '|' between columns",
    );
    refused(
        "name,wifi.password;target\nunit-1,hunter2;100\n",
        "there is a ';' between columns",
    );
    refused(
        "name,wifi.password\nunit-1;hunter2\n",
        "line 2: 1 cell, where the first line has 2",
    );
    refused(
        "name\nunit-1;hunter2\nunit-2;hunter2\n",
        "line 2: the first cell is no name",
    );
    refused(
        "name\nunit-1\thunter2\n",
        "line 2: the first cell is no name",
    );
}

#[test]
fn no_error_shows_a_row() {
    let rows = "name,wifi.password,wifi.channel,target\nunit-1,hunter2,14,100\n";
    refused(
        rows,
        "devices.csv, line 2: `wifi.channel`: `14` is out of range",
    );
    refused(
        "name,wifi.password,target\nunit-1,\"hunter2\n\",100\n",
        "line 2: `wifi.password` has a line break in it",
    );
    refused(
        "name,wifi.password,target\nunit-1,\"hunter2,100\nunit-2,hunter2,100\n",
        "devices.csv, line 2",
    );
    refused(
        "name,wifi.password\nunit-1,hunter2,6\n",
        "line 2: 3 cells, where the first line has 2",
    );
    let long = "hunter2".repeat(10);
    refused(
        &format!("name,wifi.password\nunit-1,{long}\n"),
        "line 2: `wifi.password`",
    );
    refused(
        "name,wifi.password\nunit-1,\"[\"\"hunter2\"\"]\"\n",
        "line 2: `wifi.password`",
    );
    // A first line that is a device's.
    refused(
        "unit-1,hunter2,100\nunit-2,hunter2,100\n",
        "none of the columns is a setting",
    );
    refused(
        "name,wifi.password\nunit 1 ,hunter2\n",
        "line 2: the first cell is no name",
    );
}

#[test]
fn what_is_in_a_cell_is_stored_as_it_is() {
    let bench = Bench::new();
    let ran = batch(
        &bench,
        "\u{feff}name, wifi.ssid ,zones.0.letter,target\nunit-1,\"  two blanks  \",\" \", 100\nunit-2, one,b,\n",
    );
    assert_eq!(ran.code, 0, "{}", ran.err);
    let show = |name: &str| {
        bench.ok(&format!(
            "inspect images/{name}.bin --schema settings.lock --toml"
        ))
    };
    let first = show("unit-1");
    assert!(first.contains("ssid = \"  two blanks  \""), "{first}");
    assert!(
        first.contains("letter = \" \"") && first.contains("target = 100"),
        "{first}"
    );
    assert!(show("unit-2").contains("ssid = \" one\""));
}

#[test]
fn nothing_behind_the_equals_sign_is_lost() {
    let bench = Bench::new();
    batch(&bench, "name,target\nunit-1,100\n");
    let image = "images/unit-1.bin";
    let ran = bench.run(&[
        "set",
        image,
        "--schema",
        "settings.lock",
        "wifi.ssid=  a b ",
        "@note= \t x ",
        "zones.0.letter= ",
        "target= 230",
        "wifi.password = = ",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let toml = bench.ok(&format!(
        "inspect {image} --schema settings.lock --toml --show-secrets"
    ));
    for line in [
        "ssid = \"  a b \"",
        "letter = \" \"",
        "target = 230",
        "password = \" = \"",
    ] {
        assert!(toml.contains(line), "{line}: {toml}");
    }
    let bytes = b" \t x ".map(|byte| format!("{byte:02x}")).join(" ");
    assert!(toml.contains(&bytes), "{toml}");
}
