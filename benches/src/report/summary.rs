//! The README's table: the main figures of one part.

use super::table::{cell, decimal, ms, whole};
use super::tables::{Row, boot, cost, save, table};
use crate::contenders::Kind;
use crate::store::Outcome;
use crate::work::{Cost, FILLS, Fields, Figures, Wear};

/// A row for each contender.
pub fn summary(rows: &[Row]) -> String {
    let head = [
        "",
        "a save: programs / bytes",
        "erases per 1,000",
        "half full: bytes / erases per 1,000",
        "four settings at once: programs / bytes",
        "nothing changed: bytes",
        "boot: reads / bytes",
        "a get: reads",
        "longest save: ms",
        "RAM, bytes",
        "a save: instructions",
        "bad after power cuts",
    ];
    table(&head, rows, cells).markdown()
}

fn cells(kind: Kind, figures: &Figures) -> Vec<String> {
    let atomic = if kind.is_atomic() { "" } else { ", not atomic" };
    let fields = |pick: fn(&Fields) -> &Outcome<Cost>| {
        let fields = figures.fields.as_ref().map_err(Clone::clone);
        fields.and_then(|of| pick(of).clone())
    };
    let erases = |wear: &Wear| decimal(wear.erases_per_thousand());
    vec![
        cell(&figures.counter, save),
        cell(&figures.counter, erases),
        cell(&figures.zipf[1], |wear| {
            format!("{} / {}", decimal(wear.bytes()), erases(wear))
        }),
        cell(&fields(|of| &of.four), |of| cost(of) + atomic),
        cell(&fields(|of| &of.none), |of| whole(of.bytes)),
        cell(&figures.boot_used, boot),
        cell(&figures.get, |get| decimal(get.reads)),
        cell(&figures.latency, |latency| {
            ms(latency.longest.time) + &less(figures.fill)
        }),
        cell(&figures.ram, |&ram| whole(ram as u64)),
        cell(&figures.instructions.save, |&count| whole(count)),
        cell(&figures.cuts, |cuts| {
            let (bad, cuts) = (cuts.bad().into(), cuts.cuts.into());
            format!("{} of {}", whole(bad), whole(cuts))
        }),
    ]
}

/// Where a run was not half full.
fn less(fill: usize) -> String {
    if fill == FILLS[1] {
        String::new()
    } else {
        format!(" at {fill} %")
    }
}
