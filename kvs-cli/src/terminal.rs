//! Text for a terminal: columns, colours, how wide it is. Colours are dropped by `anstream` where the output is no terminal.

use std::fmt::{Arguments, Display};
use std::io::{ErrorKind, Write};
use std::process;

use owo_colors::{OwoColorize, Style};

/// Prints a line; as `println!`, but without a panic where nobody reads any more.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::terminal::print_line(format_args!($($text)*))
    };
}
pub(crate) use say;

pub(crate) fn print_line(text: Arguments<'_>) {
    end_of_output(writeln!(anstream::stdout(), "{text}"));
}

/// Prints text as it is.
pub(crate) fn say_text(text: &str) {
    end_of_output(write!(anstream::stdout(), "{text}"));
}

/// Ends the program where its output can't be written: as `head` closes it once it has seen enough.
fn end_of_output(result: std::io::Result<()>) {
    match result {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => process::exit(0),
        Err(error) => {
            anstream::eprintln!("the output cannot be written: {error}");
            process::exit(2);
        }
    }
}

/// A table whose last column may be of any width.
pub(crate) struct Table {
    rows: Vec<(Vec<String>, Style)>,
    /// Columns of numbers are flush right.
    right: &'static [usize],
}

impl Table {
    pub(crate) fn new(head: &[&str], right: &'static [usize]) -> Self {
        let head = head.iter().map(|cell| (*cell).to_owned()).collect();
        Self {
            rows: vec![(head, Style::new().bold())],
            right,
        }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>, style: Style) {
        self.rows.push((cells, style));
    }

    pub(crate) fn print(&self) {
        let count = self.rows.iter().map(|(cells, _)| cells.len()).max();
        let count = count.unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|(cells, _)| cells.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..count).map(width).collect();
        for (cells, style) in &self.rows {
            let mut line = String::new();
            for (column, (cell, width)) in cells.iter().zip(&widths).enumerate() {
                if column + 1 == count {
                    line.push_str(cell);
                } else if self.right.contains(&column) {
                    line.push_str(&format!("{cell:>width$}  "));
                } else {
                    line.push_str(&format!("{cell:<width$}  "));
                }
            }
            say!("{}", line.trim_end().style(*style));
        }
    }
}

/// `1 key`, `2 keys`.
pub(crate) fn count(number: impl Display, one: &str, more: &str) -> String {
    let number = thousands(number);
    let word = if number == "1" { one } else { more };
    format!("{number} {word}")
}

/// `1,234,567`
pub(crate) fn thousands(number: impl Display) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// How many columns there are to fill; a usual number where the output is no terminal.
pub(crate) fn width() -> usize {
    terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0).clamp(40, 240))
}

/// Tells a person something that is no part of the output.
pub(crate) fn note(text: &str) {
    anstream::eprintln!("{} {text}", "note:".style(Style::new().cyan().bold()));
}

/// Tells of something that may be wrong.
pub(crate) fn warn(text: &str) {
    anstream::eprintln!("{} {text}", "warning:".style(Style::new().yellow().bold()));
}
