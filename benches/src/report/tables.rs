//! The tables of a part: one for each group of cases, a row for each contender.

use super::quoted::{self, Quoted};
use super::table::{Table, cell, decimal, ms, whole};
use crate::contenders::Kind;
use crate::preset::{NRF52840, Part};
use crate::store::NOT_COUNTED;
use crate::work::{Boot, Cost, Cuts, Figures, Latency, Wear};

/// A contender and what was counted, if it was.
pub type Row = (Kind, Option<Figures>);

/// The title of the table that is not the same on every machine.
const INSTRUCTIONS: &str = "CPU instructions";

/// All tables of a part, each under its title.
pub fn all(part: &Part, rows: &[Row]) -> String {
    let is_main = part.name == NRF52840.name;
    let quoted: &[Quoted] = if is_main { &quoted::ALL } else { &[] };
    let mut tables = vec![
        ("100,000 saves of one setting", saves(rows, quoted)),
        (
            "100,000 saves of 32 settings by Zipf's law",
            zipf(rows, quoted),
        ),
        ("Saving a struct: program calls / bytes", fields(rows)),
        ("Boot, get, RAM", reads(rows, quoted)),
        (
            "How long a save takes, modelled, in ms",
            latency(rows, quoted),
        ),
        ("Power cuts", cuts(rows)),
    ];
    if is_main {
        tables.push((INSTRUCTIONS, instructions(rows)));
    }
    let tables = tables.iter();
    let tables: Vec<_> = tables
        .map(|(title, table)| format!("**{title}**\n\n{}", table.markdown()))
        .collect();
    tables.join("\n")
}

/// A row for each contender. Those that were not counted have theirs, too.
pub(super) fn table(
    head: &[&str],
    rows: &[Row],
    cells: impl Fn(Kind, &Figures) -> Vec<String>,
) -> Table {
    let mut table = Table::new(head);
    for (kind, figures) in rows {
        let nothing = || vec![NOT_COUNTED.to_owned(); head.len() - 1];
        let cells = figures
            .as_ref()
            .map_or_else(nothing, |figures| cells(*kind, figures));
        table.row(kind.label(), cells);
    }
    table
}

pub(super) fn cost(cost: &Cost) -> String {
    format!("{} / {}", whole(cost.programs), whole(cost.bytes))
}

pub(super) fn save(wear: &Wear) -> String {
    format!("{} / {}", decimal(wear.programs()), decimal(wear.bytes()))
}

pub(super) fn boot(boot: &Boot) -> String {
    format!("{} / {}", whole(boot.reads), whole(boot.bytes))
}

fn spread(wear: &Wear) -> String {
    let (most, mean) = wear.spread();
    format!("{} / {}", whole(most.into()), decimal(mean))
}

fn saves(rows: &[Row], quoted: &[Quoted]) -> Table {
    let head = [
        "",
        "provision: programs / bytes",
        "a save: programs / bytes",
        "erases per 1,000",
        "bytes programmed per byte saved",
        "erases of a sector: most / mean",
    ];
    let table = table(&head, rows, |_, figures| {
        let counter = &figures.counter;
        vec![
            cell(&figures.provision, cost),
            cell(counter, save),
            cell(counter, |wear| decimal(wear.erases_per_thousand())),
            cell(counter, |wear| decimal(wear.amplification())),
            cell(counter, |wear| spread(wear) + &fewer(wear)),
        ]
    });
    quote(table, quoted, |store| &store.saves)
}

/// A run that was too slow for all saves says so.
fn fewer(wear: &Wear) -> String {
    if wear.saves == crate::work::SAVES {
        String::new()
    } else {
        format!(", after {}", whole(wear.saves.into()))
    }
}

fn zipf(rows: &[Row], quoted: &[Quoted]) -> Table {
    let head = [
        "bytes a save / erases per 1,000 / bytes programmed per byte saved / most to mean erases",
        "10 % full",
        "50 %",
        "70 %",
        "80 %",
    ];
    let table = table(&head, rows, |_, figures| {
        let cells = figures.zipf.iter().map(|wear| cell(wear, wear_of));
        cells.collect()
    });
    quote(table, quoted, |store| &store.zipf)
}

fn wear_of(wear: &Wear) -> String {
    let (most, mean) = wear.spread();
    let figures = [
        wear.bytes(),
        wear.erases_per_thousand(),
        wear.amplification(),
        f64::from(most) / mean,
    ];
    figures.map(decimal).join(" / ")
}

fn fields(rows: &[Row]) -> Table {
    let head = [
        "",
        "1 changed",
        "4 changed",
        "all changed",
        "none changed",
        "all or nothing",
    ];
    table(&head, rows, |kind, figures| {
        let atomic = if kind.is_atomic() { "yes" } else { "no" };
        let cells = match &figures.fields {
            Ok(fields) => {
                [&fields.one, &fields.four, &fields.all, &fields.none].map(|of| cell(of, cost))
            }
            Err(why) => [(); 4].map(|()| why.to_string()),
        };
        cells.into_iter().chain([atomic.to_owned()]).collect()
    })
}

fn reads(rows: &[Row], quoted: &[Quoted]) -> Table {
    let head = [
        "",
        "boot, fresh: reads / bytes",
        "boot, used: reads / bytes",
        "boot, used: ms",
        "a get: reads / bytes",
        "RAM, bytes",
    ];
    let table = table(&head, rows, |_, figures| {
        vec![
            cell(&figures.boot_fresh, boot),
            cell(&figures.boot_used, boot),
            cell(&figures.boot_used, |boot| decimal(boot.time as f64 / 1e6)),
            cell(&figures.get, |get| {
                format!("{} / {}", decimal(get.reads), decimal(get.bytes))
            }),
            cell(&figures.ram, |&ram| whole(ram as u64)),
        ]
    });
    quote(table, quoted, |store| &store.reads)
}

fn longest(latency: &Latency) -> String {
    let plural = if latency.erases == 1 {
        "erase"
    } else {
        "erases"
    };
    let (erases, programs) = (whole(latency.erases), whole(latency.programs));
    format!(
        "{} ms, {erases} {plural}, {programs} programs",
        ms(latency.longest.time)
    )
}

fn latency(rows: &[Row], quoted: &[Quoted]) -> Table {
    let head = [
        "",
        "% full",
        "median",
        "99 %",
        "longest",
        "longest with `maintain`",
    ];
    let table = table(&head, rows, |_, figures| {
        vec![
            figures.fill.to_string(),
            cell(&figures.latency, |latency| ms(latency.median)),
            cell(&figures.latency, |latency| ms(latency.most)),
            cell(&figures.latency, longest),
            cell(&figures.maintained, longest),
        ]
    });
    quote(table, quoted, |store| &store.latency)
}

/// What no other run counts exactly: a compiler of another version may make other instructions.
fn instructions(rows: &[Row]) -> Table {
    let head = ["", "a save", "a get", "boot, used"];
    table(&head, rows, |_, figures| {
        let of = &figures.instructions;
        [&of.save, &of.get, &of.boot]
            .map(|count| cell(count, |&count| whole(count)))
            .into()
    })
}

fn cuts(rows: &[Row]) -> Table {
    let head = [
        "",
        "% full",
        "cuts",
        "lost a value",
        "wrong value",
        "half a save",
        "no mount",
        "saves refused",
        "panics or endless",
    ];
    table(&head, rows, |kind, figures| {
        let counts = |cuts: &Cuts| {
            let half = if kind.is_atomic() {
                whole(cuts.half.into())
            } else {
                "not atomic".to_owned()
            };
            let whole = |count: u32| whole(count.into());
            let before = [cuts.cuts, cuts.lost, cuts.wrong].map(whole);
            let behind = [cuts.mounts, cuts.refused, cuts.panics].map(whole);
            before.into_iter().chain([half]).chain(behind).collect()
        };
        let cells: Vec<String> = match &figures.cuts {
            Ok(cuts) => counts(cuts),
            Err(why) => vec![why.to_string(); 7],
        };
        let fill = [figures.fill.to_string()];
        fill.into_iter().chain(cells).collect()
    })
}

fn quote<const N: usize>(
    mut table: Table,
    quoted: &[Quoted],
    cells: fn(&Quoted) -> &[&'static str; N],
) -> Table {
    for store in quoted {
        table.row(
            store.label,
            cells(store).iter().map(|&cell| cell.to_owned()),
        );
    }
    table
}
