//! `kvs`: the workbench on the host. Builds flash images, reads those that come back from the field, and compares them.
//!
//! All that reads or writes entries is the `kvs` crate's: a store is mounted on the image as on a device's flash. What is here
//! turns settings into text and back, by the lock file of the firmware.

mod args;
mod commands;
mod commit;
mod contents;
mod document;
mod esp_nvs;
mod file;
mod image;
mod listing;
mod map;
mod missing;
mod problem;
mod pw_kvs;
mod schema;
mod terminal;
mod value;

use std::process::ExitCode;
use std::thread;

use clap::Parser;

use args::Cli;
use problem::Problems;

/// The exit code for what could not be done at all.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // The tables of the largest store take megabytes, which are put together on the stack.
    let run = thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(move || commands::run(cli));
    match run.map(thread::JoinHandle::join) {
        Ok(Ok(Ok(code))) => code,
        Ok(Ok(Err(Problems(problems)))) => {
            for problem in problems {
                anstream::eprintln!("{:?}", miette::Report::new(problem));
            }
            ExitCode::from(FAILED)
        }
        Ok(Err(_)) | Err(_) => ExitCode::from(FAILED),
    }
}
