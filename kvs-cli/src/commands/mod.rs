//! What the program does: a room for each command.

mod batch;
pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod diff;
pub(crate) mod import;
pub(crate) mod inspect;
mod layout;
pub(crate) mod log;
pub(crate) mod map;
pub(crate) mod migrate;
pub(crate) mod set;
pub(crate) mod shell;

use std::process::ExitCode;

use crate::args::{Cli, Command};
use crate::problem::Result;

/// Runs a command; its exit code.
pub(crate) fn run(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        Command::Inspect(args) => args.run(),
        Command::Check(args) => args.run(),
        Command::Diff(args) => args.run(),
        Command::Build(args) => args.run(),
        Command::Set(args) => args.run(),
        Command::Unset(args) => args.run(),
        Command::Migrate(args) => args.run(),
        Command::Map(args) => args.run(),
        Command::Import(args) => args.run(),
        Command::Log(args) => args.run(),
        Command::Completions(args) => args.run(),
        Command::Man(args) => args.run(),
    }
}
