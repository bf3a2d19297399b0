//! Images as files: raw bytes, Intel HEX, UF2.

use std::fmt;
use std::path::Path;

use clap::{Args, ValueEnum};

use super::geometry::size;
use crate::file::Target;
use crate::problem::{Problem, Result};

/// What an image file looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The bytes as they are
    Bin,
    /// Intel HEX
    Hex,
    /// UF2, for bootloaders that show up as a drive
    Uf2,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bin => "binary",
            Self::Hex => "Intel HEX",
            Self::Uf2 => "UF2",
        })
    }
}

/// The format of an image that is written.
#[derive(Args, Clone, Debug)]
pub(crate) struct OutputArgs {
    /// The format; by the file's extension if left out (.hex, .ihex, .uf2, else bin)
    #[arg(help_heading = "Output", long, value_enum)]
    pub(crate) format: Option<Format>,
    /// Where the partition is in the chip's address space: for hex and uf2
    #[arg(help_heading = "Output", long, value_name = "ADDRESS", value_parser = size)]
    pub(crate) address: Option<u64>,
    /// The chip's UF2 family: a name such as rp2040, or a number
    #[arg(help_heading = "Output", long, value_name = "FAMILY", value_parser = family)]
    pub(crate) uf2_family: Option<u32>,
}

pub(super) const UF2_MAGIC: [u32; 3] = [0x0A32_4655, 0x9E5D_5157, 0x0AB1_6F30];

/// From the families of the UF2 specification.
const FAMILIES: [(&str, u32); 12] = [
    ("rp2040", 0xE48B_FF56),
    ("rp2350-arm-s", 0xE48B_FF59),
    ("rp2350-riscv", 0xE48B_FF5A),
    ("nrf52833", 0x621E_937A),
    ("nrf52840", 0xADA5_2840),
    ("samd21", 0x6853_2902),
    ("samd51", 0x5511_4460),
    ("stm32f4", 0x5775_5A57),
    ("stm32l4", 0x00FF_6919),
    ("esp32", 0x1C5F_21B0),
    ("esp32s2", 0xBFDD_4EEE),
    ("esp32s3", 0xC47E_5767),
];

fn family(text: &str) -> Result<u32, String> {
    let named = FAMILIES.iter().find(|(name, _)| *name == text);
    if let Some((_, id)) = named {
        return Ok(*id);
    }
    let number = size(text)
        .ok()
        .and_then(|number| u32::try_from(number).ok());
    let names: Vec<_> = FAMILIES.iter().map(|(name, _)| *name).collect();
    number.ok_or_else(|| {
        format!(
            "a family is a number such as 0xe48bff56, or one of {}",
            names.join(", ")
        )
    })
}

impl OutputArgs {
    /// The format of a file of this name.
    pub(crate) fn format_of(&self, path: &Path) -> Format {
        let extension = path.extension().and_then(|it| it.to_str());
        self.format.unwrap_or(match extension {
            Some("hex" | "ihex" | "ihx") => Format::Hex,
            Some("uf2") => Format::Uf2,
            _ => Format::Bin,
        })
    }

    /// The bytes of a file.
    pub(crate) fn encode(&self, format: Format, image: &[u8]) -> Result<Vec<u8>> {
        if format == Format::Bin {
            return Ok(image.to_vec());
        }
        let Some(address) = self.address else {
            return Err(Problem::new(format!("{format} has addresses: where in the chip is this?"))
                .help("--address 0xf8000, for instance: where the firmware's linker script has the partition")
                .into());
        };
        let last = address.checked_add(image.len() as u64);
        let address = u32::try_from(address)
            .ok()
            .filter(|_| last.is_some_and(|last| last <= 1 << 32));
        let Some(address) = address else {
            return Err(Problem::new(format!(
                "{format} has addresses of 32 bits: the image does not end below 4 GiB"
            ))
            .into());
        };
        match format {
            Format::Hex => Ok(hex(address, image)),
            Format::Uf2 => {
                let Some(family) = self.uf2_family else {
                    return Err(Problem::new("a UF2 file says for which chip it is")
                        .help("--uf2-family rp2040, for instance")
                        .into());
                };
                Ok(uf2(address, image, family))
            }
            Format::Bin => Ok(image.to_vec()),
        }
    }

    /// Writes an image.
    pub(crate) fn write(&self, path: &Path, image: &[u8]) -> Result<()> {
        self.write_to(Target::open(path)?, path, image)
    }

    /// Writes an image to a file that is held already.
    pub(crate) fn write_to(&self, target: Target, path: &Path, image: &[u8]) -> Result<()> {
        let bytes = self.encode(self.format_of(path), image)?;
        target.write(&bytes)?;
        Ok(())
    }
}

fn hex(address: u32, image: &[u8]) -> Vec<u8> {
    let mut records = Vec::new();
    let mut high = None;
    // A record's data does not cross 64 KiB: rows begin at multiples of their length.
    let mut at = address;
    let mut rest = image;
    while !rest.is_empty() {
        if high != Some(at >> 16) {
            high = Some(at >> 16);
            records.push(ihex::Record::ExtendedLinearAddress((at >> 16) as u16));
        }
        let len = (16 - (at as usize & 15)).min(rest.len());
        let (row, later) = rest.split_at(len);
        records.push(ihex::Record::Data {
            offset: at as u16,
            value: row.to_vec(),
        });
        at = at.wrapping_add(len as u32);
        rest = later;
    }
    records.push(ihex::Record::EndOfFile);
    // Fails only for records that are too long, or without an end.
    let text = ihex::create_object_file_representation(&records).unwrap_or_default();
    text.into_bytes()
}

fn uf2(address: u32, image: &[u8], family: u32) -> Vec<u8> {
    const DATA: usize = 256;
    const HAS_FAMILY: u32 = 0x2000;
    let count = image.len().div_ceil(DATA) as u32;
    let mut out = Vec::new();
    for (index, data) in image.chunks(DATA).enumerate() {
        let words = [
            UF2_MAGIC[0],
            UF2_MAGIC[1],
            HAS_FAMILY,
            address.wrapping_add((index * DATA) as u32),
            data.len() as u32,
            index as u32,
            count,
            family,
        ];
        let start = out.len();
        out.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        out.extend(data);
        out.resize(start + 508, 0);
        out.extend(UF2_MAGIC[2].to_le_bytes());
    }
    out
}
