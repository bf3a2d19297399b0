//! Which of a file's sectors are the partition's, by what they seem to be.

use std::ops::Range;

/// What a sector seems to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Header,
    Blank,
    Other,
}

/// What of a file the sectors of a partition are.
#[derive(Debug, PartialEq)]
pub(super) enum Span {
    All,
    Part(Range<usize>),
    /// Parts that are too far from each other for one partition.
    Several(Vec<Range<usize>>),
}

/// A fresh partition's first header is in its first sector.
pub(super) fn span(looks: &[Look], is_fresh: bool) -> Span {
    let others = looks.iter().filter(|look| **look == Look::Other).count();
    let is_header = |look: &Look| *look == Look::Header;
    let before = looks.iter().position(is_header).unwrap_or(0);
    // One sector may be in mid-erase, and erased or half so.
    if others <= 1 && (before == 0 || before == 1 && !is_fresh) {
        return Span::All;
    }
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut strange = 0;
    for (index, look) in looks.iter().enumerate() {
        match (look, runs.last_mut()) {
            (Look::Header, Some(run)) if strange <= 1 => {
                run.end = index + 1;
                strange = 0;
            }
            (Look::Header, _) => {
                runs.push(index..index + 1);
                strange = 0;
            }
            (Look::Other, _) => strange += 1,
            (Look::Blank, _) => {}
        }
    }
    // Sectors that were not used yet follow the others; before them there are none.
    for run in &mut runs {
        let behind = looks.get(run.end..).unwrap_or(&[]);
        let blank = behind.iter().take_while(|look| **look == Look::Blank);
        run.end += blank.count();
        if run.len() == 1 {
            match run.end < looks.len() {
                true => run.end += 1,
                false => run.start = run.start.saturating_sub(1),
            }
        }
    }
    match runs.as_slice() {
        [] => Span::All,
        [run] => Span::Part(run.clone()),
        _ => Span::Several(runs),
    }
}

#[cfg(test)]
mod tests {
    use super::{Look, Span, span};

    /// `h` a header, `-` blank, `x` anything else.
    fn of(sectors: &str, is_fresh: bool) -> Span {
        let looks = sectors.chars().map(|char| match char {
            'h' => Look::Header,
            '-' => Look::Blank,
            _ => Look::Other,
        });
        span(&looks.collect::<Vec<_>>(), is_fresh)
    }

    #[test]
    fn a_file_of_sectors_is_all_of_a_partition() {
        for all in ["hh", "h---", "hxh-", "xhh", "-hh", "--", "xxx", ""] {
            assert_eq!(of(all, false), Span::All, "{all}");
        }
    }

    #[test]
    fn a_partition_begins_with_a_header() {
        assert_eq!(of("-h--", true), Span::Part(1..4));
        assert_eq!(of("---h--", false), Span::Part(3..6));
        assert_eq!(of("xx---h-h-xx", false), Span::Part(5..9));
        assert_eq!(of("xxhxhxx", false), Span::Part(2..5));
        // It has two sectors at least.
        assert_eq!(of("xxhxx", false), Span::Part(2..4));
        assert_eq!(of("xxxh", false), Span::Part(2..4));
    }

    #[test]
    fn far_headers_are_several_partitions() {
        let several = Span::Several(vec![0..2, 4..6]);
        assert_eq!(of("hhxxhh", false), several);
    }
}
