//! `kvs map`: the flash as a picture.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::args::ImageArgs;
use crate::file;
use crate::map::{self, Map};
use crate::problem::Result;
use crate::schema::SchemaArgs;
use crate::terminal::{say, width};

/// Shows the flash as a picture: each sector, what is live, stale, free, torn or damaged, its sequence and wear
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kvs map dump.bin
  kvs map dump.bin --schema settings.lock --html map.html    a page with what each stretch is
  kvs map dump.bin --svg map.svg")]
pub(crate) struct MapCommand {
    #[command(flatten)]
    image: ImageArgs,
    #[command(flatten)]
    schema: SchemaArgs,
    /// Write an SVG picture instead
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write a page instead: the picture and all entries
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Columns of the terminal; its own width if left out
    #[arg(long, value_name = "COLUMNS")]
    width: Option<usize>,
}

impl MapCommand {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let schema = self.schema.load()?;
        let (image, contents) = self.image.read(schema.as_ref())?;
        let map = Map::of(&image, &contents, schema.as_ref(), &self.schema);
        if let Some(path) = &self.svg {
            file::write(path, map::svg(&map).as_bytes())?;
            say!("{}", path.display());
        }
        if let Some(path) = &self.html {
            let page = map::html(&map, &contents, schema.as_ref(), &self.schema);
            file::write(path, page.as_bytes())?;
            say!("{}", path.display());
        }
        if self.svg.is_none() && self.html.is_none() {
            map::print(&map, self.width.unwrap_or_else(width).clamp(40, 1000));
        }
        Ok(ExitCode::SUCCESS)
    }
}
