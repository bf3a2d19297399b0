//! What is wrong with a change, in words.

use core::fmt;
use std::collections::BTreeMap;
use std::format;
use std::string::String;
use std::vec::Vec;

/// A change to a settings struct that would lose or misread what devices have stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The path of the setting, as the lock file has it.
    pub path: String,
    /// What was, what is, and what comes of it; may be of several lines.
    pub what: String,
    /// What to write; may be of several lines.
    pub advice: String,
    /// What `UPDATE_LOCK=accept` notes in the file, if only a person can know whether it is a
    /// problem.
    pub accept: Vec<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = self.what.lines();
        f.write_str(lines.next().unwrap_or_default())?;
        for line in lines.chain(self.advice.lines()) {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

impl Problem {
    pub(super) fn new(path: &str, what: String, advice: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            what,
            advice: advice.into(),
            accept: Vec::new(),
        }
    }

    /// The same problem of the items of an array has the same text here.
    fn pattern(&self) -> (String, String, String) {
        let any = any_item(&self.path);
        let what = self.what.replace(&self.path, &any);
        let advice = self.advice.replace(&self.path, &any);
        (any, what, advice)
    }
}

/// `slots.3.hour` as `slots.*.hour`.
fn any_item(path: &str) -> String {
    // An item that is gone as a whole is told by itself.
    if path.rsplit('.').next().is_some_and(is_index) {
        return path.into();
    }
    let parts = path.split('.');
    let parts = parts.map(|part| if is_index(part) { "*" } else { part });
    parts.collect::<Vec<_>>().join(".")
}

pub(super) fn is_index(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// One problem for all items of an array that have the same.
pub(super) fn merge(problems: Vec<Problem>) -> Vec<Problem> {
    let mut out: Vec<(Problem, Vec<String>)> = Vec::new();
    let mut places: BTreeMap<_, usize> = BTreeMap::new();
    for problem in problems {
        let place = *places.entry(problem.pattern()).or_insert(out.len());
        match out.get_mut(place) {
            Some((_, others)) => others.push(problem.path),
            None => out.push((problem, Vec::new())),
        }
    }
    let out = out.into_iter().map(|(mut problem, others)| {
        if let Some(last) = others.last() {
            let text = match others.len() {
                1 => format!("\nThe same goes for `{last}`."),
                more => format!("\nThe same goes for {more} more, up to `{last}`."),
            };
            problem.what.push_str(&text);
        }
        problem
    });
    out.collect()
}
