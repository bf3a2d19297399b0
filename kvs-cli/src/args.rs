//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands;
use crate::contents::{self, Contents};
use crate::image::{GeometryArgs, Image};
use crate::problem::Result;
use crate::schema::Schema;

/// Builds, reads and compares flash images of the kvs settings store
#[derive(Parser, Debug)]
#[command(
    name = "kvs",
    version,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Inspect(commands::inspect::Inspect),
    Map(commands::map::MapCommand),
    Log(commands::log::Log),
    Check(commands::check::Check),
    Diff(commands::diff::Diff),
    Build(commands::build::Build),
    Set(commands::set::Set),
    Unset(commands::set::Unset),
    Migrate(commands::migrate::Migrate),
    Import(commands::import::Import),
    Completions(commands::shell::Completions),
    Man(commands::shell::Man),
}

/// The image that a command reads
#[derive(Args, Clone, Debug)]
pub(crate) struct ImageArgs {
    /// A dump of the flash: raw bytes, Intel HEX or UF2
    #[arg(value_name = "IMAGE")]
    pub(crate) image: PathBuf,
    #[command(flatten)]
    pub(crate) geometry: GeometryArgs,
}

impl ImageArgs {
    /// The image and all that is in it; tells of what is doubtful.
    pub(crate) fn read(&self, schema: Option<&Schema>) -> Result<(Image, Contents)> {
        contents::open(&self.image, &self.geometry, schema)
    }
}
