//! What the examples share: their command line, and settings as text, by path, through the schema that the derive keeps.

use std::env;
use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use embedded_storage::nor_flash::NorFlash;
use kvs::sim::presets::Nrf52840;
use kvs::{LeafSchema, Outcome, Path, Rejection, Report, SectorState, Settings, Store};
use postcard_schema::schema::owned::OwnedNamedType;
use postcard_schema::schema::{DataModelType, DataModelVariant};
use serde_json::Value;

/// The command line of a firmware whose commands are `C`.
#[derive(Parser)]
#[command(about = "A thermostat whose settings survive a reboot")]
pub(crate) struct Arguments<C: Subcommand> {
    /// The flash image; made if it is not there
    #[arg(long, value_name = "FILE", global = true)]
    flash: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<C>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Prints the value of one setting
    Get { path: String },
    /// Changes one setting
    Set {
        path: String,
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Changes several settings, or none of them
    SetMany {
        #[arg(required = true, value_name = "PATH=VALUE")]
        changes: Vec<String>,
    },
    /// Factory reset
    Reset,
    /// Prints how full and how worn the flash is
    Stats,
}

impl<C: Subcommand> Arguments<C> {
    pub(crate) fn open_flash(&self, sectors: usize) -> Result<Nrf52840, String> {
        let path = match &self.flash {
            Some(path) => path.clone(),
            None => default_flash().map_err(|error| format!("where is this program? {error}"))?,
        };
        Nrf52840::open(&path, sectors).map_err(|error| {
            format!(
                "the flash image {} cannot be opened: {error}",
                path.display()
            )
        })
    }
}

/// `target/thermostat.flash`, or wherever cargo has built `target/debug/examples/thermostat`: the folder is there, and both
/// firmwares find the same flash.
fn default_flash() -> io::Result<PathBuf> {
    let program = env::current_exe()?;
    let folder = program
        .ancestors()
        .nth(3)
        .unwrap_or(std::path::Path::new("."));
    Ok(folder.join("thermostat.flash"))
}

/// Runs a firmware with its arguments; 2 is the exit code for what the person at the command line has to change.
pub(crate) fn main<C: Subcommand>(
    run: impl FnOnce(&Arguments<C>) -> Result<(), Box<dyn Error>>,
) -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(if error.is::<BadInput>() { 2 } else { 1 })
        }
    }
}

/// What the person at the command line has to change.
#[derive(Debug)]
pub(crate) struct BadInput(String);

impl fmt::Display for BadInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for BadInput {}

/// Says which settings are not what is stored of them.
pub(crate) fn warn_of_rejected<O: AsRef<[Outcome]>>(report: &Report<O>) {
    for (path, why) in report.rejected() {
        eprintln!("warning: {path}: {why}; using the default");
    }
}

pub(crate) fn print_boot(count: u32) {
    match count {
        1 => println!("first boot"),
        count => println!("boot number {count}"),
    }
}

/// Prints every setting as `path = value`.
pub(crate) fn print_all<S: Settings>(settings: &S) {
    for path in S::TREE.paths() {
        println!("{path} = {}", show(settings, path, true));
    }
}

/// Prints one setting's value alone.
pub(crate) fn print_one<S: Settings>(settings: &S, path: &str) -> Result<(), BadInput> {
    println!("{}", show(settings, find::<S>(path)?, false));
    Ok(())
}

/// Sets one setting from text; leaves it as it is where the text will not do.
pub(crate) fn set<S: Settings>(settings: &mut S, path: &str, text: &str) -> Result<(), BadInput> {
    let path = find::<S>(path)?;
    let schema = info::<S>(path).ty;
    let refuse = |what: &str| {
        let allowed = allowed::<S>(path);
        BadInput(format!("{path}: `{text}` {what} (allowed: {allowed})"))
    };
    let wrong_type = || refuse(&format!("is not {}", describe(schema.ty)));
    let value = parse(schema.ty, text).ok_or_else(wrong_type)?;
    let bytes = postcard_dyn::to_stdvec_dyn(&OwnedNamedType::from(schema), &value)
        .map_err(|_| wrong_type())?;
    settings
        .decode(path.leaf(), &bytes)
        .map_err(|why| match why {
            Rejection::OutOfRange => refuse("is out of range"),
            Rejection::Undecodable => refuse("does not fit"),
            why => BadInput(format!("{path}: {why}")),
        })
}

/// Sets several from `path=value`; where one of them will not do, the caller has none of them to save.
pub(crate) fn set_many<S: Settings>(settings: &mut S, changes: &[String]) -> Result<(), BadInput> {
    for change in changes {
        let (path, value) = change
            .split_once('=')
            .ok_or_else(|| BadInput(format!("`{change}` is not of the form PATH=VALUE")))?;
        set(settings, path, value)?;
    }
    Ok(())
}

/// Prints how full and how worn the flash is.
pub(crate) fn print_stats<F: NorFlash>(store: &Store<'_, F>) {
    let stats = store.stats();
    println!(
        "flash: {} keys in {} bytes live, {} stale, {} free, of {}",
        stats.keys, stats.live, stats.stale, stats.free, stats.capacity
    );
    println!(
        "wear: {} to {} erases a sector, {} on average",
        stats.least_erases, stats.most_erases, stats.mean_erases
    );
    if stats.corrupt != 0 {
        println!("damaged or unfinished commits: {}", stats.corrupt);
    }
    for sector in store
        .sectors()
        .filter(|sector| sector.state != SectorState::Dead)
    {
        println!(
            "sector {}: {:?}, sequence {}, {} bytes live, {} free, {} erases",
            sector.index, sector.state, sector.sequence, sector.live, sector.free, sector.erases
        );
    }
}

fn find<S: Settings>(path: &str) -> Result<Path, BadInput> {
    S::TREE
        .paths()
        .find(|known| known.to_string() == path)
        .ok_or_else(|| {
            let known: Vec<_> = S::TREE.paths().map(|path| path.to_string()).collect();
            BadInput(format!(
                "there is no setting `{path}` (allowed: {})",
                known.join(", ")
            ))
        })
}

fn info<S: Settings>(path: Path) -> &'static LeafSchema {
    let found = S::SCHEMA.leaf(path.leaf());
    found.expect("a path of this tree").0
}

/// A setting's value; text in quotes if it is `quoted`.
fn show<S: Settings>(settings: &S, path: Path, quoted: bool) -> String {
    let mut buffer = vec![0; info::<S>(path).max_len];
    let len = settings
        .encode(path.leaf(), &mut buffer)
        .expect("a loaded value encodes");
    let schema = info::<S>(path).ty;
    let value = postcard_dyn::from_slice_dyn(&OwnedNamedType::from(schema), &buffer[..len])
        .expect("a value of this schema");
    match value {
        Value::String(text) if !quoted || matches!(schema.ty, DataModelType::Enum(_)) => text,
        value => value.to_string(),
    }
}

/// The JSON value that `text` stands for: text as it is, the rest as JSON.
fn parse(ty: &DataModelType, text: &str) -> Option<Value> {
    match ty {
        DataModelType::NewtypeStruct(inner) => parse(inner.ty, text),
        DataModelType::String | DataModelType::Char | DataModelType::Enum(_)
            if !text.starts_with('{') =>
        {
            Some(Value::String(text.into()))
        }
        _ => serde_json::from_str(text).ok(),
    }
}

fn describe(ty: &DataModelType) -> String {
    match ty {
        DataModelType::NewtypeStruct(inner) => describe(inner.ty),
        DataModelType::Bool => "true or false".into(),
        DataModelType::F32 | DataModelType::F64 => "a number".into(),
        DataModelType::String => "a text".into(),
        DataModelType::Char => "a character".into(),
        DataModelType::Enum(_) => "one of the choices".into(),
        DataModelType::Tuple(items) => format!("a list of {}", items.len()),
        DataModelType::Struct(_) => "a record".into(),
        other => format!(
            "a whole number of type {}",
            format!("{other:?}").to_lowercase()
        ),
    }
}

/// What a setting takes, in words.
fn allowed<S: Settings>(path: Path) -> String {
    let info = info::<S>(path);
    if !info.range.is_empty() {
        return info.range.into();
    }
    match info.ty.ty {
        DataModelType::String => format!("text of up to {} bytes", longest_text::<S>(path)),
        DataModelType::I8 => format!("{}..={}", i8::MIN, i8::MAX),
        DataModelType::U8 => format!("{}..={}", u8::MIN, u8::MAX),
        DataModelType::I16 => format!("{}..={}", i16::MIN, i16::MAX),
        DataModelType::U16 => format!("{}..={}", u16::MIN, u16::MAX),
        DataModelType::I32 => format!("{}..={}", i32::MIN, i32::MAX),
        DataModelType::U32 => format!("{}..={}", u32::MIN, u32::MAX),
        DataModelType::Enum(variants) => variants
            .iter()
            .filter(|variant| matches!(variant.ty, DataModelVariant::UnitVariant))
            .map(|variant| variant.name)
            .collect::<Vec<_>>()
            .join(", "),
        _ => format!("for instance {}", show(&S::defaults(), path, true)),
    }
}

/// The capacity of a string is not in its schema: tried out.
fn longest_text<S: Settings>(path: Path) -> usize {
    let mut settings = S::defaults();
    let fits = |len: &usize| {
        let bytes = postcard_dyn::to_stdvec_dyn(
            &OwnedNamedType::from(info::<S>(path).ty),
            &Value::String("x".repeat(*len)),
        );
        bytes.is_ok_and(|bytes| settings.decode(path.leaf(), &bytes).is_ok())
    };
    (0..).take_while(fits).last().unwrap_or(0)
}
