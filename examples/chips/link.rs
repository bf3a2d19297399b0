//! The build script of all packages here: which linker scripts there are.

use std::env::var;

fn main() {
    let here = var("CARGO_MANIFEST_DIR").unwrap();
    println!("cargo:rerun-if-changed={here}/memory.x");
    println!("cargo:rustc-link-search={here}");
    let scripts: &[&str] = match var("CARGO_PKG_NAME").unwrap().as_str() {
        "chips-esp32c3" => &["linkall.x"],
        "chips-rp2040" => &["link.x", "link-rp.x"],
        _ => &["link.x"],
    };
    for script in scripts {
        println!("cargo:rustc-link-arg-bins=-T{script}");
    }
}
