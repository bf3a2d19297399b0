//! The layout of an image that is made: the one thing that must be as the firmware has it.

use std::path::PathBuf;

use clap::Args;

use crate::image::{Geometry, GeometryArgs, Image, size};
use crate::problem::{Problem, Result};

/// How the firmware's partition is laid out
#[derive(Args, Clone, Debug)]
pub(crate) struct LayoutArgs {
    /// Bytes in a sector: the flash's erase size, unless the firmware says otherwise
    #[arg(help_heading = "Layout (as the firmware mounts it)", long, value_name = "BYTES", value_parser = size)]
    sector_size: Option<u64>,
    /// Bytes in a word, the least that is programmed
    #[arg(help_heading = "Layout (as the firmware mounts it)", long, value_name = "BYTES", value_parser = size)]
    write_size: Option<u64>,
    /// Bytes in the partition
    #[arg(help_heading = "Layout (as the firmware mounts it)", long, value_name = "BYTES", value_parser = size)]
    length: Option<u64>,
    /// As an image that there is already, from a device perhaps
    #[arg(help_heading = "Layout (as the firmware mounts it)", long, value_name = "IMAGE", conflicts_with_all = ["sector_size", "write_size", "length"])]
    like: Option<PathBuf>,
}

impl LayoutArgs {
    pub(crate) fn geometry(&self) -> Result<Geometry> {
        if let Some(path) = &self.like {
            let image = Image::open(path, &GeometryArgs::default())?;
            image.demand_certain(
                "--sector-size, --write-size and --length say how the firmware's is laid out",
            )?;
            return Ok(Geometry {
                offset: 0,
                is_part: false,
                ..image.geometry
            });
        }
        let (Some(sector_size), Some(write_size), Some(length)) =
            (self.sector_size, self.write_size, self.length)
        else {
            return Err(Problem::new("how is the partition laid out?")
                .help("--sector-size 4096 --write-size 4 --length 32k, for instance: the erase size and write size of the chip's flash, and the range that the firmware mounts; or --like an image of a device")
                .into());
        };
        let fits = |number: u64| u32::try_from(number).ok().filter(|number| *number != 0);
        let (Some(sector), Some(word)) = (fits(sector_size), fits(write_size)) else {
            return Err(
                Problem::new("a sector or a word of no bytes, or of more than 4 GiB").into(),
            );
        };
        let sectors = length / sector_size;
        let whole = length % sector_size == 0 && sectors >= 2 && length < 1 << 32;
        let sectors = u32::try_from(sectors).ok().filter(|_| whole);
        let Some(sectors) = sectors else {
            return Err(Problem::new(format!(
                "a partition of {length} bytes is not made of sectors of {sector_size}"
            ))
            .help("it has two or more of them, and less than 4 GiB")
            .into());
        };
        Ok(Geometry {
            offset: 0,
            sector_size: sector,
            sectors,
            write_size: word,
            is_part: false,
        })
    }
}
