//! Two thousand settings compile: flat, and nested four deep, without a lint that the compiler trips
//! over where constants take it long.

use std::fmt::Write;
use std::fs;
use std::path::Path;

const SETTINGS: usize = 2_000;
const TYPES: [&str; 8] = [
    "u8",
    "i16",
    "u32",
    "bool",
    "u16",
    "i32",
    "u64",
    "Option<u8>",
];

/// All differ in their defaults, and some have a range, so that they share as little as they would
/// in earnest.
fn setting(number: usize) -> String {
    let ty = TYPES[number % TYPES.len()];
    let default = number % 100;
    let attribute = match ty {
        "bool" => "#[setting(default = true)]".to_owned(),
        "Option<u8>" => format!("#[setting(default = Some({default}))]"),
        "u8" | "i32" => format!("#[setting(default = {default}, range = ..={default})]"),
        _ => format!("#[setting(default = {default})]"),
    };
    format!("    {attribute}\n    parameter_number_{number}: {ty},\n")
}

fn nested(ty: &str) -> String {
    let name = ty.to_lowercase();
    format!("    #[setting(nested)]\n    group_{name}: {ty},\n")
}

fn structure(name: &str, fields: &str) -> String {
    format!("#[derive(Settings)]\npub struct {name} {{\n{fields}}}\n\n")
}

fn main_of(path_of_last: &str) -> String {
    format!(
        "fn main() {{\n    \
             assert_eq!(Root::COUNT, {SETTINGS});\n    \
             assert!(Root::KEY_SLOTS > {SETTINGS});\n    \
             let hash = kvs::key_hash(\"{path_of_last}:?u8\");\n    \
             assert_eq!(Root::TREE.hash({SETTINGS} - 1), hash);\n    \
             let name = Root::SCHEMA.key_name({SETTINGS} - 1);\n    \
             assert_eq!(name.to_string(), \"{path_of_last}:?u8\");\n\
         }}\n"
    )
}

const HEAD: &str = "#![deny(warnings)]\n#![allow(dead_code)]\nuse kvs::Settings;\n\n";

fn flat() -> String {
    let fields: String = (0..SETTINGS).map(setting).collect();
    let last = format!("parameter_number_{}", SETTINGS - 1);
    HEAD.to_owned() + &structure("Root", &fields) + &main_of(&last)
}

/// 5 times 5 times 4 structs of 20 settings.
fn four_deep() -> String {
    let mut text = HEAD.to_owned();
    let mut number = 0;
    let mut root = String::new();
    for a in 0..5 {
        let mut outer = String::new();
        for b in 0..5 {
            let mut middle = String::new();
            for c in 0..4 {
                let fields: String = (number..number + 20).map(setting).collect();
                number += 20;
                let name = format!("Inner{a}{b}{c}");
                text += &structure(&name, &fields);
                middle += &nested(&name);
            }
            let name = format!("Middle{a}{b}");
            text += &structure(&name, &middle);
            outer += &nested(&name);
        }
        let name = format!("Outer{a}");
        text += &structure(&name, &outer);
        root += &nested(&name);
    }
    text += &structure("Root", &root);
    let last = format!(
        "group_outer4.group_middle44.group_inner443.parameter_number_{}",
        SETTINGS - 1
    );
    text + &main_of(&last)
}

#[test]
fn two_thousand_settings_compile() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut names = String::new();
    let cases = trybuild::TestCases::new();
    for (name, text) in [("flat", flat()), ("four_deep", four_deep())] {
        let path = folder.join(format!("{name}.rs"));
        fs::write(&path, text).unwrap();
        cases.pass(&path);
        write!(names, "{name} ").unwrap();
    }
    println!("compiles and runs: {names}");
}
