//! How a partition is laid out, and the flags that say so.

use std::fmt;

use clap::Args;

/// How the partition is laid out; what is left out is guessed from the image
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct GeometryArgs {
    /// Bytes in a sector
    #[arg(help_heading = "Layout (guessed from the image if left out)", long, value_name = "BYTES", value_parser = size)]
    pub(crate) sector_size: Option<u64>,
    /// Bytes in a word, the least that is programmed
    #[arg(help_heading = "Layout (guessed from the image if left out)", long, value_name = "BYTES", value_parser = size)]
    pub(crate) write_size: Option<u64>,
    /// Where in the file the partition begins
    #[arg(help_heading = "Layout (guessed from the image if left out)", long, value_name = "BYTES", value_parser = size)]
    pub(crate) offset: Option<u64>,
    /// Bytes in the partition
    #[arg(help_heading = "Layout (guessed from the image if left out)", long, value_name = "BYTES", value_parser = size)]
    pub(crate) length: Option<u64>,
}

/// How a partition is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) offset: u64,
    pub(crate) sector_size: u32,
    pub(crate) sectors: u32,
    pub(crate) write_size: u32,
    /// Where it begins or ends is a guess, in a file that holds something else, too.
    pub(crate) is_part: bool,
}

impl Geometry {
    pub(crate) fn len(&self) -> u64 {
        u64::from(self.sector_size) * u64::from(self.sectors)
    }
}

impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sectors,
            sector_size,
            write_size,
            ..
        } = self;
        write!(
            f,
            "{sectors} sectors of {sector_size} bytes, words of {write_size}"
        )?;
        if self.offset != 0 || self.is_part {
            write!(
                f,
                ", at {:#x}..{:#x}",
                self.offset,
                self.offset + self.len()
            )?;
        }
        Ok(())
    }
}

/// `4096`, `4k`, `0x1000`, `1M`.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let lower = text.replace('_', "").to_ascii_lowercase();
    let (digits, factor) = match lower.strip_suffix(['k', 'm']) {
        Some(digits) if lower.ends_with('k') => (digits, 1 << 10),
        Some(digits) => (digits, 1 << 20),
        None => (lower.as_str(), 1),
    };
    let number = match digits.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    let number = number.ok().and_then(|number| number.checked_mul(factor));
    number.ok_or_else(|| "a number of bytes is written 4096, 0x1000 or 4k".into())
}
