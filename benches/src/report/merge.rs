//! A page's tables, cell by cell: what was not counted this time stays as it was.

use std::collections::HashMap;

use crate::store::NOT_COUNTED;

/// How much a count of instructions may differ, in percent: it depends on the compiler and the C library.
const MARGIN: f64 = 10.0;

/// The section and the title of a table, the first cell of a row, what is over a column.
type Place = (String, String, String);

/// The new tables, with the old ones' cells where nothing was counted. With `margin`, also where instructions were, and
/// not many more or less.
pub(super) fn merged(new: &str, old: &str, margin: bool) -> String {
    let known: HashMap<Place, &str> = cells(old).into_iter().collect();
    let mut cells = cells(new).into_iter();
    let mut text = String::new();
    for line in new.lines() {
        if !is_row(line) {
            text += line;
            text.push('\n');
            continue;
        }
        for (index, _) in split(line).iter().enumerate() {
            let Some((place, cell)) = cells.next() else {
                break;
            };
            let kept = known.get(&place).filter(|old| {
                cell == NOT_COUNTED || margin && has_margin(&place) && is_near(cell, old)
            });
            text += if index == 0 { "| " } else { " | " };
            text += kept.unwrap_or(&cell);
        }
        text += " |\n";
    }
    text
}

/// Where two texts differ, in a few lines.
pub(super) fn difference(old: &str, new: &str) -> String {
    let (old, new) = (cells(old), cells(new));
    let was: HashMap<_, _> = old.iter().cloned().collect();
    let stale = new
        .iter()
        .filter(|(place, cell)| was.get(place) != Some(cell));
    let lines = stale.map(|(place, cell)| {
        let (title, row, column) = place;
        let was = was.get(place).copied().unwrap_or("nothing");
        format!("\n  {title}; {row}; {column}: it says {was}, counted: {cell}")
    });
    lines.take(20).collect()
}

/// All cells, those of a head and a rule included.
fn cells(text: &str) -> Vec<(Place, &str)> {
    let (mut section, mut title) = (String::new(), String::new());
    let mut head = Vec::new();
    let mut all = Vec::new();
    for line in text.lines() {
        if !is_row(line) {
            if !line.starts_with('|') {
                head.clear();
            }
            if line.starts_with("<!-- benches") {
                section = line.trim_matches(['<', '>', '!', '-', ' ']).to_owned();
                title.clone_from(&section);
            } else if line.starts_with("**") {
                title = format!("{section} {}", line.replace('*', ""));
            }
            continue;
        }
        let row = split(line);
        if head.is_empty() {
            head.clone_from(&row);
        }
        let first = row.first().copied().unwrap_or_default();
        for (column, cell) in row.iter().enumerate() {
            let over = head.get(column).copied().unwrap_or_default();
            all.push(((title.clone(), first.to_owned(), over.to_owned()), *cell));
        }
    }
    all
}

fn is_row(line: &str) -> bool {
    line.starts_with("| ") && line.ends_with(" |")
}

fn split(line: &str) -> Vec<&str> {
    let inside = line
        .strip_prefix("| ")
        .and_then(|line| line.strip_suffix(" |"));
    inside.unwrap_or_default().split(" | ").collect()
}

fn has_margin((title, row, column): &Place) -> bool {
    [title, row, column]
        .iter()
        .any(|name| name.contains("instructions"))
}

/// Whether the same is said with numbers that are nearly the same.
fn is_near(one: &str, other: &str) -> bool {
    let (one, other) = (words(one), words(other));
    one.len() == other.len()
        && one
            .into_iter()
            .zip(other)
            .all(|pair| match (number(pair.0), number(pair.1)) {
                (Some(one), Some(other)) => (one - other).abs() * 100.0 <= MARGIN * one.max(other),
                _ => pair.0 == pair.1,
            })
}

fn words(cell: &str) -> Vec<&str> {
    cell.split_whitespace().collect()
}

/// 1,234 or 0.56
fn number(word: &str) -> Option<f64> {
    word.replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{difference, merged};

    const OLD: &str = "\
**Saves**

|  | bytes | a save: instructions |
|---|--:|--:|
| ours | 12 | 1,000 |
| theirs | 16 | 3,000 |
";

    #[test]
    fn what_was_not_counted_stays() {
        let new = OLD.replace("16 | 3,000", "not counted | not counted");
        assert_eq!(merged(&new, OLD, false), OLD);
        assert_eq!(merged(&new, "", false), new);
        let changed = new.replace("12", "13");
        assert_eq!(merged(&changed, OLD, true), OLD.replace("12", "13"));
    }

    #[test]
    fn only_instructions_have_a_margin() {
        let near = OLD.replace("1,000", "1,090");
        assert_eq!(merged(&near, OLD, true), OLD);
        assert_eq!(merged(&near, OLD, false), near);
        let far = OLD.replace("1,000", "1,200");
        assert_eq!(merged(&far, OLD, true), far);
        let bytes = OLD.replace("16", "17");
        assert_eq!(merged(&bytes, OLD, true), bytes);
    }

    #[test]
    fn a_difference_says_where_it_is() {
        let old = format!("<!-- benches a -->\n{OLD}<!-- benches b -->\n{OLD}");
        let new = old.replacen("12", "13", 1);
        let wanted = "\n  benches a Saves; ours; bytes: it says 12, counted: 13";
        assert_eq!(difference(&old, &new), wanted);
    }
}
