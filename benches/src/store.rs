//! What the bench asks of a store, and what it hears of a store that can't.

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::model::Model;

/// A store that is mounted.
pub trait Store {
    /// Stores the settings of these numbers, all or none of them where it can do that.
    fn save(&mut self, model: &Model, changed: &[usize]) -> Outcome<()>;

    /// The value of a setting, if there is one.
    fn get(&mut self, key: usize) -> Outcome<Option<Vec<u8>>>;

    /// All settings, as a firmware loads them when it boots.
    fn load(&mut self, count: usize) -> Outcome<Vec<Option<Vec<u8>>>> {
        (0..count).map(|key| self.get(key)).collect()
    }

    /// Does some of the work ahead, if it knows of any; whether there may be more.
    fn maintain(&mut self) -> Outcome<bool> {
        Err(Why::Cannot("no such call"))
    }

    /// Bytes of RAM: the store, its tables and its buffers, the flash driver aside.
    fn ram(&self) -> usize;
}

/// What came out, or why nothing did.
pub type Outcome<T> = Result<T, Why>;

/// In a cell of which nothing is known this time: the page keeps what it says.
pub const NOT_COUNTED: &str = "not counted";

/// Why there is no figure: what its cell says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Not made for that.
    Cannot(&'static str),
    /// No room.
    Full,
    /// Its own error.
    Failed(Cow<'static, str>),
    /// A value that was saved is not there.
    Lost,
    /// A value is there that was never saved, or an old one.
    Wrong,
    /// It panicked.
    Panicked(String),
    /// One of those, after so many saves.
    After(u32, Box<Why>),
}

impl Why {
    /// From an error of the store's own.
    pub fn error(error: impl fmt::Debug) -> Self {
        Self::Failed(format!("{error:?}").into())
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cannot(what) => f.write_str(what),
            Self::Full => f.write_str("full"),
            Self::Failed(error) => {
                // The variant says enough: what it holds is addresses.
                let name = error.split([' ', '(', '{']).next().unwrap_or_default();
                write!(f, "fails: {name}")
            }
            Self::Lost => f.write_str("lost values"),
            Self::Wrong => f.write_str("wrong values"),
            Self::Panicked(message) if message.contains("reads without end") => {
                f.write_str("endless loop")
            }
            Self::Panicked(_) => f.write_str("panics"),
            Self::After(saves, why) => match why.as_ref() {
                // Which error it was, is too long for the many cells that it is in.
                Self::Failed(_) => write!(f, "fails after {saves} saves"),
                why => write!(f, "{why} after {saves} saves"),
            },
        }
    }
}

/// Runs a piece of a store, and makes a panic a reason.
pub fn caught<T>(run: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Why::Panicked(text.unwrap_or("(no message)").to_owned()))
    })
}
