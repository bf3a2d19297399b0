//! Makes `--cfg littlefs` known: see `Cargo.toml`.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(littlefs)");
}
