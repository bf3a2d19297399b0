//! The files that callgrind writes: <https://valgrind.org/docs/manual/cl-format.html>.

use std::collections::HashMap;

/// All instructions, but for those of calls to functions that are outside. None if there is no total.
pub(super) fn own_instructions(file: &str, is_outside: impl Fn(&str) -> bool) -> Option<u64> {
    let mut names = HashMap::new();
    let (mut total, mut away) = (None, 0);
    let (mut caller, mut called) = ("", "");
    let mut lines = file.lines();
    while let Some(line) = lines.next() {
        if let Some(sum) = line.strip_prefix("totals: ") {
            total = sum.trim().parse::<u64>().ok();
        } else if let Some(function) = line.strip_prefix("fn=") {
            caller = name(&mut names, function);
        } else if let Some(function) = line.strip_prefix("cfn=") {
            called = name(&mut names, function);
        } else if line.starts_with("calls=") {
            // The next line is where the call is, and what it takes with all that it calls.
            let cost = lines.next()?.split_whitespace().nth(1)?;
            if is_outside(called) && !is_outside(caller) {
                away += cost.parse::<u64>().ok()?;
            }
        }
    }
    total.filter(|&total| total > 0)?.checked_sub(away)
}

/// `(7) name` where it is first, and `(7)` from then on.
fn name<'f>(names: &mut HashMap<&'f str, &'f str>, function: &'f str) -> &'f str {
    let (number, name) = function.split_once(' ').unwrap_or((function, ""));
    if name.is_empty() {
        names.get(number).copied().unwrap_or_default()
    } else {
        names.insert(number, name);
        name
    }
}

#[cfg(test)]
mod tests {
    use super::own_instructions;

    const FILE: &str = "\
events: Ir
fn=(1) store
0 100
cfn=(2) chip::Chip<_,_>::read_at
calls=3 0
0 40
cfn=(3) format
calls=1 0
0 7

fn=(3)
0 7

fn=(2)
0 40
fn=(4) other
0 1
cfn=(2)
calls=1 0
0 2

totals: 150
";

    #[test]
    fn calls_to_the_outside_are_not_counted() {
        assert_eq!(own_instructions(FILE, |_| false), Some(150));
        assert_eq!(
            own_instructions(FILE, |name| name.ends_with("::read_at")),
            Some(108)
        );
        assert_eq!(own_instructions("totals: 0\n", |_| false), None);
        assert_eq!(own_instructions("", |_| false), None);
    }
}
