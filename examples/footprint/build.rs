//! The memory of the two emulated chips, and which one is being built for.

use std::env;
use std::fs;
use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(chip, values(\"microbit\", \"mps2\"))");
    let target = env::var("TARGET").unwrap();
    // The settings lie behind what is flash to the linker; see `src/chip`.
    let (chip, flash) = match target.as_str() {
        "thumbv6m-none-eabi" => ("microbit", "120K"),
        "thumbv7em-none-eabi" => ("mps2", "1M"),
        other => panic!("for thumbv6m-none-eabi or thumbv7em-none-eabi, not {other}: use ./run"),
    };
    let out = PathBuf::from(env::var("OUT_DIR").unwrap());
    fs::write(
        out.join("memory.x"),
        format!(
            "MEMORY {{\n  FLASH : ORIGIN = 0, LENGTH = {flash}\n  RAM : ORIGIN = 0x20000000, LENGTH = 16K\n}}\n"
        ),
    )
    .unwrap();
    println!("cargo::rustc-cfg=chip=\"{chip}\"");
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    // Else the program headers take a piece of flash, and the image begins behind its vector table.
    println!("cargo::rustc-link-arg-bins=--nmagic");
    // Else the lines of functions that are not linked seem to be those of address 0 and on.
    println!("cargo::rustc-link-arg-bins=-zdead-reloc-in-nonalloc=.debug_*=0xffffffff");
}
