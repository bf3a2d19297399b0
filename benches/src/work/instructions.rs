//! CPU instructions of a call, as valgrind counts them: the bench runs itself under it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, process};

use super::callgrind::own_instructions;
use super::wear::{Churn, churn};
use crate::contenders::Kind;
use crate::model::Model;
use crate::preset::NRF52840;
use crate::rig::{Rig, Session};
use crate::store::{NOT_COUNTED, Outcome, Why};

/// The argument by which the bench knows that it is to do one piece of work, and nothing else.
pub const ARGUMENT: &str = "--piece";
/// Saves before anything is counted: all of the partition has been written.
const BEFORE: u32 = 3_000;
/// What is done outside of the stores, by module and function: the simulated flash, and what stands for the caller's
/// settings.
const OUTSIDE: [(&str, &str); 8] = [
    ("chip::", "::read_at"),
    ("chip::", "::write_at"),
    ("chip::", "::erase_at"),
    ("model::Model", "::change"),
    ("device::Struct", "::from_values"),
    ("device::Struct", "::values"),
    ("device::Struct", "::value"),
    ("contenders", "::name"),
];

/// Instructions of a call, on average.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instructions {
    /// A save of the counter, with all the collecting that it makes.
    pub save: Outcome<u64>,
    /// A get of a setting.
    pub get: Outcome<u64>,
    /// Mount, and load all settings.
    pub boot: Outcome<u64>,
}

impl Instructions {
    /// Nothing was counted.
    pub const NONE: Self = Self {
        save: Err(Why::Cannot(NOT_COUNTED)),
        get: Err(Why::Cannot(NOT_COUNTED)),
        boot: Err(Why::Cannot(NOT_COUNTED)),
    };
}

#[derive(Clone, Copy, Debug)]
enum Piece {
    Save,
    Get,
    Boot,
}

impl Piece {
    const ALL: [Self; 3] = [Self::Save, Self::Get, Self::Boot];

    /// How often it is done: saves long enough for some sectors to be collected, gets of each setting as often as of
    /// any other.
    fn times(self) -> u64 {
        match self {
            Self::Save => 2_000,
            Self::Get => 64,
            Self::Boot => 4,
        }
    }
}

/// Whether there is a valgrind.
pub fn can_count() -> bool {
    let version = Command::new("valgrind").arg("--version").output();
    version.is_ok_and(|output| output.status.success())
}

/// Counts for a contender on the part of the README's table.
pub fn instructions(kind: Kind) -> Instructions {
    // What fails without valgrind says why.
    let count = |piece| prepared(kind).and_then(|_| under_valgrind(kind, piece));
    Instructions {
        save: count(Piece::Save),
        get: count(Piece::Get),
        boot: count(Piece::Boot),
    }
}

/// A part that has been in use.
fn prepared(kind: Kind) -> Outcome<Rig> {
    let rig = Rig::new(kind, &NRF52840, (NRF52840.layout)());
    churn(&rig, Churn::counter(BEFORE))?;
    Ok(rig)
}

/// Does what the arguments behind [`ARGUMENT`] say: it is for the process that is counted.
pub fn run(mut arguments: impl Iterator<Item = String>) -> Outcome<()> {
    let mut number = || arguments.next()?.parse::<usize>().ok();
    let kind = number().and_then(|kind| Kind::ALL.get(kind));
    let piece = number().and_then(|piece| Piece::ALL.get(piece));
    let (Some(&kind), Some(&piece)) = (kind, piece) else {
        return Err(Why::Cannot("no such piece"));
    };
    let rig = prepared(kind)?;
    let mut session = rig.remount(Model::new(&rig.layout))?;
    // So that what has a cache has filled it.
    session.load()?;
    session
        .model
        .hot()
        .into_iter()
        .try_for_each(|key| session.get(key).map(|_| ()))?;
    let model = session.model.clone();
    counted(&mut session, piece, model)
}

/// What is counted is what is called from here; its name is given to valgrind.
#[inline(never)]
fn counted(session: &mut Session<'_>, piece: Piece, mut model: Model) -> Outcome<()> {
    let rig = session.rig;
    for time in 0..piece.times() {
        match piece {
            Piece::Save => session.change(&[0])?,
            Piece::Get => drop(session.get(time as usize % 32)?),
            Piece::Boot => {
                let mut booted = rig.remount(model)?;
                booted.load()?;
                model = booted.model;
            }
        }
    }
    Ok(())
}

fn under_valgrind(kind: Kind, piece: Piece) -> Outcome<u64> {
    let index = |found: Option<usize>| found.unwrap_or_default().to_string();
    let contender = index(Kind::ALL.iter().position(|&other| other == kind));
    let work = (piece as usize).to_string();
    let file = env::temp_dir().join(format!("kvs-benches.{}.{contender}.{work}", process::id()));
    let total = valgrind(&file, &[ARGUMENT, &contender, &work]);
    let _ = fs::remove_file(&file);
    total
        .map(|total| total / piece.times())
        .ok_or(Why::Cannot(NOT_COUNTED))
}

fn valgrind(file: &Path, arguments: &[&str]) -> Option<u64> {
    let bench: PathBuf = env::current_exe().ok()?;
    let status = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            "--toggle-collect=*work::instructions::counted*",
        ])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(bench)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.ok().filter(process::ExitStatus::success)?;
    let is_outside = |name: &str| {
        let mut outside = OUTSIDE.iter();
        outside.any(|(module, function)| name.contains(module) && name.ends_with(function))
    };
    own_instructions(&fs::read_to_string(file).ok()?, is_outside)
}
