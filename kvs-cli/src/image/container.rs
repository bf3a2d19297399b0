//! The formats that an image comes in: raw bytes, Intel HEX, UF2. Told by their first bytes, not by the file's name.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::Source;
use super::output::{Format, UF2_MAGIC};
use crate::file::{read_all, unreadable};
use crate::problem::{Problem, Result};

/// What a file holds.
pub(super) struct Opened {
    pub(super) source: Source,
    pub(super) format: Format,
    pub(super) address: u64,
    pub(super) uf2_family: Option<u32>,
}

/// The most bytes that an image with addresses may span: one with gaps is filled up in memory.
const MOST: u64 = 256 << 20;

pub(super) fn read(path: &Path, mut file: File) -> Result<Opened> {
    let unreadable = |error| unreadable(path, &error);
    let len = file.seek(SeekFrom::End(0)).map_err(unreadable)?;
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let mut first = Vec::new();
    (&mut file)
        .take(4)
        .read_to_end(&mut first)
        .map_err(unreadable)?;
    let is_uf2 = first == UF2_MAGIC[0].to_le_bytes() && len % 512 == 0;
    let is_hex = first.starts_with(b":") && first.iter().skip(1).all(u8::is_ascii_hexdigit);
    if !is_uf2 && !is_hex {
        return Ok(Opened {
            source: Source::File { file, len },
            format: Format::Bin,
            address: 0,
            uf2_family: None,
        });
    }
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let bytes = read_all(path, &file)?;
    let (pieces, format) = if is_uf2 {
        (uf2(&bytes), Format::Uf2)
    } else {
        (hex(&bytes), Format::Hex)
    };
    let pieces = pieces.map_err(|what| {
        Problem::new(format!(
            "{} is no whole {format} file: {what}",
            path.display()
        ))
    })?;
    let (address, image) =
        join(&pieces).map_err(|what| Problem::new(format!("{}: {what}", path.display())))?;
    Ok(Opened {
        source: Source::Memory(image),
        format,
        address,
        uf2_family: is_uf2.then(|| word(&bytes, 28)),
    })
}

type Pieces = Vec<(u64, Vec<u8>)>;

/// One run of bytes; what is between the pieces is erased.
fn join(pieces: &Pieces) -> Result<(u64, Vec<u8>), String> {
    let from = pieces.iter().map(|(at, _)| *at).min();
    let to = pieces
        .iter()
        .map(|(at, bytes)| at + bytes.len() as u64)
        .max();
    let (Some(from), Some(to)) = (from, to) else {
        return Err("there is nothing in it".into());
    };
    if to - from > MOST {
        return Err(format!(
            "it reaches from {from:#x} to {to:#x}, which is too much for one image"
        ));
    }
    let len = usize::try_from(to - from).unwrap_or(0);
    let mut out = vec![0xFF; len];
    for (at, bytes) in pieces {
        let start = usize::try_from(at - from).unwrap_or(0);
        if let Some(target) = out.get_mut(start..start + bytes.len()) {
            target.copy_from_slice(bytes);
        }
    }
    Ok((from, out))
}

fn hex(bytes: &[u8]) -> Result<Pieces, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is no text".to_owned())?;
    let mut base = 0u64;
    let mut pieces = Vec::new();
    for (number, record) in ihex::Reader::new(text).enumerate() {
        match record.map_err(|error| format!("record {}: {error}", number + 1))? {
            ihex::Record::Data { offset, value } => {
                pieces.push((base + u64::from(offset), value));
            }
            ihex::Record::ExtendedLinearAddress(high) => base = u64::from(high) << 16,
            ihex::Record::ExtendedSegmentAddress(high) => base = u64::from(high) << 4,
            ihex::Record::EndOfFile => return Ok(pieces),
            _ => {}
        }
    }
    Err("it has no record that ends it: it is cut off".into())
}

fn word(block: &[u8], at: usize) -> u32 {
    let bytes = block.get(at..).and_then(<[u8]>::first_chunk);
    bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

fn uf2(bytes: &[u8]) -> Result<Pieces, String> {
    let mut pieces = Vec::new();
    // Of each chip's blocks, how many there should be and how many there are.
    let mut counts: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
    for (number, block) in bytes.chunks(512).enumerate() {
        let word = |at| word(block, at);
        if [word(0), word(4), word(508)] != UF2_MAGIC {
            return Err(format!(
                "block {} does not have the format's magic",
                number + 1
            ));
        }
        let len = word(16) as usize;
        let data = block.get(32..32 + len.min(477)).unwrap_or(&[]);
        if data.len() != len {
            return Err(format!("block {} claims {len} bytes of data", number + 1));
        }
        pieces.push((u64::from(word(12)), data.to_vec()));
        let (wanted, found) = counts.entry(word(28)).or_default();
        *wanted = word(24).max(*wanted);
        *found += 1;
    }
    match counts.values().find(|(wanted, found)| found < wanted) {
        Some((wanted, found)) => Err(format!("it has {found} of {wanted} blocks: it is cut off")),
        None => Ok(pieces),
    }
}
