//! Prints the tables and draws the plots of `docs/benches.md`:
//!
//! ```sh
//! cargo bench -p kvs-benches
//! cargo bench -p kvs-benches -- --write README.md docs/benches.md
//! cargo bench -p kvs-benches -- --check README.md docs/benches.md
//! cargo bench -p kvs-benches -- --only nrf52840     # one part's tables, no plots
//! ```

use std::process::ExitCode;

use kvs_benches::contenders::Kind;
use kvs_benches::preset::{self, Part};
use kvs_benches::report::{files, plot, summary, tables};
use kvs_benches::run::parallel;
use kvs_benches::work::{self, Curves, Figures};

/// What is to be done with the tables.
enum Then {
    Print,
    Only(String),
    Write(Vec<String>),
    Check(Vec<String>),
}

enum Done {
    Figures(Box<Figures>),
    Curves(Curves),
}

fn main() -> ExitCode {
    // `cargo bench` says so; who does not, and wants nothing, is `cargo test`.
    let mut all = std::env::args().skip(1).peekable();
    if all.peek().is_none() {
        println!("for `cargo bench`");
        return ExitCode::SUCCESS;
    }
    let mut arguments = all.filter(|argument| argument != "--bench");
    let option = arguments.next();
    let rest: Vec<_> = arguments.collect();
    let then = match option.as_deref() {
        None => Then::Print,
        Some("--only") if rest.len() == 1 => Then::Only(rest.concat()),
        Some("--write") if !rest.is_empty() => Then::Write(rest),
        Some("--check") if !rest.is_empty() => Then::Check(rest),
        _ => {
            eprintln!("usage: peers [--only PART | --write FILES | --check FILES]");
            return ExitCode::from(2);
        }
    };
    // Contenders that panic are in the tables.
    std::panic::set_hook(Box::new(|_| {}));
    match run(&then) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(then: &Then) -> Result<(), String> {
    let parts: Vec<Part> = (preset::ALL.into_iter())
        .filter(|part| !matches!(then, Then::Only(name) if name != part.name))
        .collect();
    if parts.is_empty() {
        let names = preset::ALL.map(|part| part.name).join(", ");
        return Err(format!("the parts are {names}"));
    }
    let curves = !matches!(then, Then::Only(_));
    let (figures, curves) = count(&parts, curves);
    let mut sections: files::Sections = Vec::new();
    for (part, rows) in parts.iter().zip(&figures) {
        let text = tables::all(part, rows);
        println!("# {}\n\n{text}", part.title);
        sections.push((part.name.to_owned(), text));
        if part.name == preset::NRF52840.name {
            let short = summary::summary(rows);
            println!("# In short\n\n{short}");
            sections.push((String::new(), short));
        }
    }
    let check = matches!(then, Then::Check(_));
    let mut results = Vec::new();
    // Where a contender is not built in, its lines are not known.
    let complete = Kind::ALL.into_iter().all(Kind::is_built);
    if complete && !curves.is_empty() {
        for (name, svg) in plot::all(&curves)? {
            let path = files::from_top("docs/benches").join(name);
            results.push(files::put(&path, &svg, check));
        }
    }
    let (Then::Write(names) | Then::Check(names)) = then else {
        return results.into_iter().collect();
    };
    for name in names {
        let path = files::from_top(name);
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
        let renewed =
            files::renewed(&text, &sections).map_err(|error| format!("{name}: {error}"))?;
        results.push(files::put(&path, &renewed, check));
    }
    let stale: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    if stale.is_empty() {
        Ok(())
    } else {
        Err(stale.join("\nerror: "))
    }
}

/// Every contender on every part, and the lines of the plots.
fn count(parts: &[Part], curves: bool) -> (Vec<Vec<tables::Row>>, Vec<(Kind, Curves)>) {
    let mut jobs: Vec<Box<dyn FnOnce() -> Done + Send>> = Vec::new();
    for &part in parts {
        for kind in Kind::ALL {
            jobs.push(Box::new(move || {
                let figures = Box::new(work::all(kind, &part));
                eprintln!("counted: {}, {}", part.name, kind.label());
                Done::Figures(figures)
            }));
        }
    }
    for kind in Kind::ALL.into_iter().filter(|_| curves) {
        jobs.push(Box::new(move || {
            let curves = work::curves(kind);
            eprintln!("counted: plots, {}", kind.label());
            Done::Curves(curves)
        }));
    }
    let mut all = Vec::new();
    let mut lines = Vec::new();
    for done in parallel(jobs) {
        match done {
            Done::Figures(figures) => all.push((Kind::ALL[all.len() % Kind::ALL.len()], *figures)),
            Done::Curves(curves) => lines.push((Kind::ALL[lines.len()], curves)),
        }
    }
    (
        all.chunks(Kind::ALL.len()).map(<[_]>::to_vec).collect(),
        lines,
    )
}
