//! Prints the tables and draws the plots of `docs/benches.md`:
//!
//! ```sh
//! cargo bench -p kvs-benches
//! cargo bench -p kvs-benches -- --write README.md docs/benches.md
//! cargo bench -p kvs-benches -- --check README.md docs/benches.md
//! cargo bench -p kvs-benches -- --only nrf52840     # one part's tables; this one has the plots, too
//! cargo bench -p kvs-benches --no-default-features -- --check README.md docs/benches.md     # ours only, soon done
//! ```

use std::process::ExitCode;

use kvs_benches::contenders::Kind;
use kvs_benches::preset::{self, Part};
#[cfg(feature = "peers")]
use kvs_benches::report::plot;
use kvs_benches::report::{files, ratios, summary, tables};
use kvs_benches::run::count;
use kvs_benches::work::instructions;

/// What is wanted of the tables.
#[derive(Default)]
struct Wanted {
    /// Of one part only.
    only: Option<String>,
    /// Of our own contenders only: what the files say of the others is left alone.
    ours: bool,
    /// Is it what the files have, rather than: write it there?
    check: bool,
    files: Vec<String>,
}

impl Wanted {
    fn parse(arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut wanted = Self::default();
        // `cargo bench` adds it.
        let mut arguments = arguments.filter(|argument| argument != "--bench");
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--ours" => wanted.ours = true,
                "--only" => wanted.only = Some(arguments.next()?),
                "--write" | "--check" => {
                    wanted.check = argument == "--check";
                    wanted.files = arguments.by_ref().collect();
                }
                _ => return None,
            }
        }
        Some(wanted)
    }
}

fn main() -> ExitCode {
    if std::env::args().len() == 1 {
        // Not `cargo bench`, but `cargo test`.
        return ExitCode::SUCCESS;
    }
    // Contenders that panic are in the tables.
    std::panic::set_hook(Box::new(|_| {}));
    if std::env::args().nth(1).as_deref() == Some(instructions::ARGUMENT) {
        let done = instructions::run(std::env::args().skip(2));
        return ExitCode::from(u8::from(done.is_err()));
    }
    let Some(wanted) = Wanted::parse(std::env::args().skip(1)) else {
        eprintln!("usage: peers [--only PART] [--ours] [--write FILES | --check FILES]");
        return ExitCode::from(2);
    };
    match run(&wanted) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(wanted: &Wanted) -> Result<(), String> {
    let parts: Vec<Part> = (preset::ALL.into_iter())
        .filter(|part| wanted.only.as_ref().is_none_or(|only| only == part.name))
        .collect();
    if parts.is_empty() {
        let names = preset::ALL.map(|part| part.name).join(", ");
        return Err(format!("the parts are {names}"));
    }
    let kinds: Vec<Kind> = (Kind::ALL.into_iter())
        .filter(|kind| kind.is_built() && (kind.is_ours() || !wanted.ours))
        .collect();
    let is_main = parts.iter().any(|part| part.name == preset::NRF52840.name);
    if is_main && !instructions::can_count() {
        eprintln!("not counted: instructions, as there is no valgrind");
    }
    // The plots are of one part, too, and have a line for each contender.
    let counted = count(&parts, &kinds, is_main && kinds == Kind::ALL);
    let mut sections: files::Sections = Vec::new();
    for (part, rows) in parts.iter().zip(&counted.tables) {
        let text = tables::all(part, rows);
        println!("# {}\n\n{text}", part.title);
        sections.push((part.name.to_owned(), text));
        if part.name == preset::NRF52840.name {
            let short = summary::summary(rows);
            println!("# In short\n\n{short}");
            sections.push((String::new(), short));
            let ratios = ratios::ratios(rows);
            println!("# Ours beside the best peer\n\n{ratios}");
            sections.push((ratios::SECTION.to_owned(), ratios));
        }
    }
    let mut results = Vec::new();
    #[cfg(feature = "peers")]
    if !counted.curves.is_empty() {
        for (name, svg) in plot::all(&counted.curves)? {
            let path = files::from_top("docs/benches").join(name);
            results.push(files::put(&path, &svg, wanted.check));
        }
    }
    for name in &wanted.files {
        let path = files::from_top(name);
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
        let renewed = files::renewed(&text, &sections, wanted.check);
        let renewed = renewed.map_err(|error| format!("{name}: {error}"))?;
        results.push(files::put(&path, &renewed, wanted.check));
    }
    let stale: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    if stale.is_empty() {
        Ok(())
    } else {
        Err(stale.join("\nerror: "))
    }
}
