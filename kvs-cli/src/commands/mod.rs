//! What the program does: a room for each command.

pub(crate) mod inspect;

use std::process::ExitCode;

use crate::args::{Cli, Command};
use crate::problem::Result;

/// Runs a command; its exit code.
pub(crate) fn run(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        Command::Inspect(args) => args.run(),
    }
}
