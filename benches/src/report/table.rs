//! Markdown tables, and figures as text.

use std::fmt::Display;
use std::time::Duration;

use crate::store::Outcome;

/// A table: the first column is text, the others are figures.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// What is over its columns.
    pub(super) head: Vec<String>,
    /// Its rows, with as many cells.
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub(super) fn new(head: &[&str]) -> Self {
        Self {
            head: head.iter().map(|&cell| cell.to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, name: &str, cells: impl IntoIterator<Item = String>) {
        let mut row = vec![name.to_owned()];
        row.extend(cells);
        debug_assert_eq!(row.len(), self.head.len(), "a cell for each column");
        self.rows.push(row);
    }

    /// As markdown.
    pub(super) fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let rule = format!("|---|{}\n", "--:|".repeat(self.head.len() - 1));
        let rows: String = self.rows.iter().map(|row| line(row)).collect();
        line(&self.head) + &rule + &rows
    }
}

/// What came out, or why nothing did.
pub(super) fn cell<T, C: Display>(outcome: &Outcome<T>, text: impl FnOnce(&T) -> C) -> String {
    match outcome {
        Ok(value) => text(value).to_string(),
        Err(why) => why.to_string(),
    }
}

/// 1,234,567
pub(super) fn whole(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let (head, tail) = digits.split_at(first);
    let groups = tail.as_bytes().chunks(3).map(String::from_utf8_lossy);
    let head = (!head.is_empty()).then(|| head.into());
    head.into_iter().chain(groups).collect::<Vec<_>>().join(",")
}

/// With two places below ten, one below a hundred, and none above.
pub(super) fn decimal(number: f64) -> String {
    match number {
        ..9.995 => format!("{number:.2}"),
        ..99.95 => format!("{number:.1}"),
        _ => whole(number.round() as u64),
    }
}

/// In milliseconds.
pub(super) fn ms(time: Duration) -> String {
    decimal(time.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::{decimal, whole};

    #[test]
    fn numbers_have_commas_and_few_places() {
        assert_eq!(
            [0, 999, 1_000, 12_345_678].map(whole),
            ["0", "999", "1,000", "12,345,678"]
        );
        assert_eq!(
            [0.126, 9.996, 99.96, 1234.5].map(decimal),
            ["0.13", "10.0", "100", "1,235"]
        );
    }
}
