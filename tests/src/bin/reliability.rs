//! Prints the reliability table of the README: everything is tried anew, which takes some minutes.
//!
//! ```sh
//! cargo run --release -p kvs-tests --bin reliability
//! cargo run --release -p kvs-tests --bin reliability -- --check README.md
//! ```
//!
//! With `--check` it fails where the file has another table. The rows are independent of each other, and found side by side.

use std::process::ExitCode;

use kvs_tests::reliability::{Effort, Row, bad_flash, bit_rot, hostile, outages, power_cuts, wear};

fn main() -> ExitCode {
    let rows: [fn() -> Row; 9] = [
        || power_cuts::row(Effort::Every),
        || bit_rot::single_bits(Effort::Every),
        || bit_rot::bursts(Effort::Every),
        || bit_rot::mounted_bits(Effort::Every),
        || bad_flash::run(Effort::Every),
        || outages::run(Effort::Every),
        || hostile::images(Effort::Every),
        || hostile::operations(Effort::Every),
        wear::run,
    ];
    let mut table = String::from("| what happens | tried | found |\n|---|---|---|\n");
    print!("{table}");
    std::thread::scope(|scope| {
        let rows = rows.map(|row| scope.spawn(row));
        for row in rows {
            let Row {
                failure,
                tried,
                found,
            } = row.join().expect("no promise is broken");
            let line = format!("| {failure} | {tried} | {found} |\n");
            print!("{line}");
            table += &line;
        }
    });
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => ExitCode::SUCCESS,
        [check, file] if check == "--check" => match std::fs::read_to_string(file) {
            Ok(text) if text.contains(&table) => ExitCode::SUCCESS,
            Ok(_) => {
                eprintln!("error: {file} has another table");
                ExitCode::FAILURE
            }
            Err(error) => {
                eprintln!("error: {file}: {error}");
                ExitCode::FAILURE
            }
        },
        _ => {
            eprintln!("usage: reliability [--check FILE]");
            ExitCode::from(2)
        }
    }
}
