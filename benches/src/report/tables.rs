//! The tables of a part: one for each group of cases, a row for each contender.

use super::quoted::{self, Quoted};
use super::table::{Table, cell, decimal, ms, whole};
use crate::contenders::Kind;
use crate::preset::Part;
use crate::work::{Boot, Cost, Cuts, Figures, Latency, Wear};

/// A contender and what was counted.
pub type Row = (Kind, Figures);

/// All tables of a part, each under its title.
pub fn all(part: &Part, rows: &[Row]) -> String {
    let quoted: &[Quoted] = if part.name == "nrf52840" {
        &quoted::ALL
    } else {
        &[]
    };
    let tables = [
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
    let tables = tables.map(|(title, table)| format!("**{title}**\n\n{}", table.markdown()));
    tables.join("\n")
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
    let mut table = Table::new(&[
        "",
        "provision: programs / bytes",
        "a save: programs / bytes",
        "erases per 1,000",
        "bytes programmed per byte saved",
        "erases of a sector: most / mean",
    ]);
    for (kind, figures) in rows {
        let counter = &figures.counter;
        table.row(
            kind.label(),
            [
                cell(&figures.provision, cost),
                cell(counter, save),
                cell(counter, |wear| decimal(wear.erases_per_thousand())),
                cell(counter, |wear| decimal(wear.amplification())),
                cell(counter, |wear| spread(wear) + &fewer(wear)),
            ],
        );
    }
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
    let mut table = Table::new(&[
        "bytes a save / erases per 1,000 / bytes programmed per byte saved / most to mean erases",
        "10 % full",
        "50 %",
        "70 %",
    ]);
    for (kind, figures) in rows {
        let cells = figures.zipf.iter().map(|wear| cell(wear, wear_of));
        table.row(kind.label(), cells);
    }
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
    let mut table = Table::new(&[
        "",
        "1 changed",
        "4 changed",
        "all changed",
        "none changed",
        "all or nothing",
    ]);
    for (kind, figures) in rows {
        let atomic = if kind.is_atomic() { "yes" } else { "no" };
        let cells = match &figures.fields {
            Ok(fields) => {
                [&fields.one, &fields.four, &fields.all, &fields.none].map(|of| cell(of, cost))
            }
            Err(why) => [(); 4].map(|()| why.to_string()),
        };
        table.row(kind.label(), cells.into_iter().chain([atomic.to_owned()]));
    }
    table
}

fn reads(rows: &[Row], quoted: &[Quoted]) -> Table {
    let mut table = Table::new(&[
        "",
        "boot, fresh: reads / bytes",
        "boot, used: reads / bytes",
        "boot, used: ms",
        "a get: reads / bytes",
        "RAM, bytes",
    ]);
    for (kind, figures) in rows {
        table.row(
            kind.label(),
            [
                cell(&figures.boot_fresh, boot),
                cell(&figures.boot_used, boot),
                cell(&figures.boot_used, |boot| decimal(boot.time as f64 / 1e6)),
                cell(&figures.get, |get| {
                    format!("{} / {}", decimal(get.reads), decimal(get.bytes))
                }),
                cell(&figures.ram, |&ram| whole(ram as u64)),
            ],
        );
    }
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
    let mut table = Table::new(&[
        "",
        "% full",
        "median",
        "99 %",
        "longest",
        "longest with `maintain`",
    ]);
    for (kind, figures) in rows {
        table.row(
            kind.label(),
            [
                figures.fill.to_string(),
                cell(&figures.latency, |latency| ms(latency.median)),
                cell(&figures.latency, |latency| ms(latency.most)),
                cell(&figures.latency, longest),
                cell(&figures.maintained, longest),
            ],
        );
    }
    quote(table, quoted, |store| &store.latency)
}

fn cuts(rows: &[Row]) -> Table {
    let mut table = Table::new(&[
        "",
        "% full",
        "cuts",
        "lost a value",
        "wrong value",
        "half a save",
        "no mount",
        "saves refused",
        "panics or endless",
    ]);
    for (kind, figures) in rows {
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
        table.row(
            kind.label(),
            [figures.fill.to_string()].into_iter().chain(cells),
        );
    }
    table
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
