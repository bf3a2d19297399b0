//! Reads a type from made-up values, and compares what its serde asks for with what its schema
//! says.
//!
//! `postcard_schema` does not see serde's attributes, nor implementations by hand: so a schema can
//! describe bytes that nobody writes.

mod access;
mod parts;
mod reader;

use core::fmt;
use std::borrow::ToOwned;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use postcard_schema::schema::NamedType;
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::access::count;
use self::reader::{Node, Reader};
use super::walk::is_one;

pub(super) use self::parts::{is_array, lists, places};

/// Why a made-up value is not one of the type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProbeError {
    /// The type's serde asks for something else than its schema says.
    Differs(String),
    /// The type turned the value down.
    Refused(String),
}

impl ProbeError {
    pub(super) fn unencodable() -> Self {
        Self::Differs("serde reads values of it that it can't write".to_owned())
    }
}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs(text) | Self::Refused(text) => f.write_str(text),
        }
    }
}

impl core::error::Error for ProbeError {}

impl serde::de::Error for ProbeError {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self::Refused(text.to_string())
    }
}

/// What is made up: the smallest value there is, but for the way to one place in the type.
#[derive(Clone, Copy)]
pub(super) struct Script<'a> {
    pub(super) schema: &'static NamedType,
    /// The way to the place: which field, variant or item, from the outermost type on.
    pub(super) path: &'a [usize],
    pub(super) goal: Goal,
    /// The numbers, letters and variants elsewhere.
    pub(super) fill: usize,
    /// By how much the items of a list differ from each other: a set takes no item twice, and a
    /// heap has an order of its own.
    pub(super) step: usize,
}

/// What is at the place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    /// Any value.
    Any,
    /// A text or a list of this length.
    Length(usize),
}

/// What a value that was read is written as.
pub(crate) struct Written {
    pub(super) bytes: Vec<u8>,
    /// Whether it is read and written once more as the same.
    pub(super) comes_back: bool,
}

/// A reading under way.
pub(crate) struct Probe<'a> {
    script: Script<'a>,
    /// The encoding of what has been handed out.
    bytes: Vec<u8>,
    /// The fields and variants that are being read, outermost first.
    place: Vec<&'static str>,
    /// The first difference: a type may go on after an error.
    difference: Option<String>,
    /// More than so many values were asked for.
    wants_more: Option<usize>,
}

impl<'a> Probe<'a> {
    pub(super) fn new(script: &Script<'a>) -> Self {
        Self {
            script: *script,
            bytes: Vec::new(),
            place: Vec::new(),
            difference: None,
            wants_more: None,
        }
    }

    /// The result of a reading, after which `written` was written.
    pub(super) fn conclude(
        self,
        written: Result<Option<Written>, ProbeError>,
        goal: Goal,
    ) -> Result<(), ProbeError> {
        if let Some(difference) = self.difference {
            return Err(ProbeError::Differs(difference));
        }
        let written = match (written, self.wants_more) {
            (Ok(Some(written)), _) => written,
            (Ok(None), _) => return Ok(()),
            (Err(_), Some(len)) => {
                let text = format!("serde reads more than {}", count(len));
                return Err(ProbeError::Differs(text));
            }
            (Err(error), None) => return Err(error),
        };
        let Written { bytes, comes_back } = written;
        let is_same = match goal {
            // A type may take one value for another, as long as it keeps to that.
            Goal::Any => bytes == self.bytes || comes_back && is_one(self.script.schema, &bytes),
            // An order may be its own.
            Goal::Length(_) => bytes.len() == self.bytes.len(),
        };
        if is_same {
            return Ok(());
        }
        let (read, written) = (hex(&self.bytes), hex(&bytes));
        Err(ProbeError::Differs(format!(
            "what serde reads from the bytes {read}, it writes as {written}"
        )))
    }

    fn differs<T>(&mut self, what: &str) -> Result<T, ProbeError> {
        let text = match self.place.as_slice() {
            [] => what.to_owned(),
            place => format!("{what} (in `{}`)", place.join(".")),
        };
        self.difference.get_or_insert_with(|| text.clone());
        Err(ProbeError::Differs(text))
    }

    /// Notes the encoding of what is handed out.
    fn note<T: Serialize>(&mut self, value: T) -> T {
        let mut buffer = [0; 24];
        if let Ok(bytes) = postcard::to_slice(&value, &mut buffer) {
            self.bytes.extend_from_slice(bytes);
        }
        value
    }

    fn note_len(&mut self, len: usize) {
        self.note(u32::try_from(len).unwrap_or(u32::MAX));
    }

    fn inside<T>(&mut self, name: &'static str, look: impl FnOnce(&mut Self) -> T) -> T {
        self.place.push(name);
        let out = look(self);
        // After an error the place is where it was.
        if self.difference.is_none() {
            self.place.pop();
        }
        out
    }
}

/// Reads a `T` from what the script says.
pub(super) fn read<T: DeserializeOwned>(probe: &mut Probe<'_>) -> Result<T, ProbeError> {
    let node = Node {
        schema: probe.script.schema,
        path: Some(probe.script.path),
        fill: probe.script.fill,
    };
    T::deserialize(Reader { probe, node })
}

fn hex(bytes: &[u8]) -> String {
    let bytes = bytes.iter().map(|byte| format!("{byte:02x}"));
    format!("[{}]", bytes.collect::<Vec<_>>().join(" "))
}

/// The numbers, letters and variants that are tried: a type that checks its values may take one of
/// them, if not the first.
pub(super) const FILLS: [usize; 6] = [0, 1, 2, 7, 50, 2_000];
