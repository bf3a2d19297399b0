//! What `docs/cli.md` shows is what happens.

#[test]
fn the_guide_is_true() {
    trycmd::TestCases::new()
        .register_bin("kvs", trycmd::cargo::cargo_bin!("kvs"))
        .env("NO_COLOR", "1")
        .env("LC_ALL", "C.UTF-8")
        .case("../docs/cli.md");
}

#[test]
fn its_lock_file_is_the_example_s() {
    let example = include_str!("../../examples/thermostat.lock");
    assert!(
        include_str!("../../docs/cli.in/settings.lock") == example,
        "copy the example's"
    );
}
