//! `kvs completions` and `kvs man`: what a shell and a manual want to know of the command line.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;

use crate::args::Cli;
use crate::file::{self, unwritable};
use crate::problem::{Problem, Result};
use crate::terminal::say_text;

/// Prints the completions for a shell
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kvs completions bash > ~/.local/share/bash-completion/completions/kvs
  kvs completions zsh > ~/.zfunc/_kvs
  kvs completions fish > ~/.config/fish/completions/kvs.fish")]
pub(crate) struct Completions {
    shell: Shell,
}

/// Prints the manual page, or writes one for each command
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kvs man | man -l -
  kvs man -o ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// The directory to write kvs.1, kvs-inspect.1 and so on to
    #[arg(short, long, value_name = "DIRECTORY")]
    output: Option<PathBuf>,
}

impl Completions {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "kvs", &mut text);
        to_stdout(&text)
    }
}

impl Man {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        if let Some(directory) = &self.output {
            std::fs::create_dir_all(directory).map_err(|error| unwritable(directory, &error))?;
            let mut command = Cli::command().disable_help_subcommand(true);
            command.build();
            write_pages(command, directory)?;
            return Ok(ExitCode::SUCCESS);
        }
        to_stdout(&page(&clap_mangen::Man::new(Cli::command()))?)
    }
}

/// A page for a command and one for each below it.
fn write_pages(command: Command, directory: &Path) -> Result<()> {
    for below in command.get_subcommands().filter(|it| !it.is_hide_set()) {
        write_pages(below.clone(), directory)?;
    }
    let man = clap_mangen::Man::new(command);
    file::write(&directory.join(man.get_filename()), &page(&man)?)?;
    Ok(())
}

fn page(man: &clap_mangen::Man) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    man.render(&mut text)
        .map_err(|error| Problem::new(error.to_string()))?;
    Ok(text)
}

fn to_stdout(text: &[u8]) -> Result<ExitCode> {
    say_text(&String::from_utf8_lossy(text));
    Ok(ExitCode::SUCCESS)
}
