//! The README's table: the main figures of one part.

use super::table::{Table, cell, decimal, ms, whole};
use super::tables::{Row, boot, cost, save};
use crate::store::Outcome;
use crate::work::{Cost, FILLS, Fields};

/// A row for each contender.
pub fn summary(rows: &[Row]) -> String {
    let mut table = Table::new(&[
        "",
        "a save: programs / bytes",
        "erases per 1,000",
        "half full: bytes / erases per 1,000",
        "four settings at once: programs / bytes",
        "nothing changed: bytes",
        "boot: reads / bytes",
        "a get: reads",
        "longest save: ms",
        "bad after power cuts",
    ]);
    for (kind, figures) in rows {
        let atomic = if kind.is_atomic() { "" } else { ", not atomic" };
        let fields = |pick: fn(&Fields) -> &Outcome<Cost>| {
            figures
                .fields
                .as_ref()
                .map_err(Clone::clone)
                .and_then(|of| pick(of).clone())
        };
        table.row(
            kind.label(),
            [
                cell(&figures.counter, save),
                cell(&figures.counter, |wear| decimal(wear.erases_per_thousand())),
                cell(&figures.zipf[1], |wear| {
                    format!(
                        "{} / {}",
                        decimal(wear.bytes()),
                        decimal(wear.erases_per_thousand())
                    )
                }),
                cell(&fields(|of| &of.four), |of| cost(of) + atomic),
                cell(&fields(|of| &of.none), |of| whole(of.bytes)),
                cell(&figures.boot_used, boot),
                cell(&figures.get, |get| decimal(get.reads)),
                cell(&figures.latency, |latency| {
                    ms(latency.longest.time) + &less(figures.fill)
                }),
                cell(&figures.cuts, |cuts| {
                    format!(
                        "{} of {}",
                        whole(cuts.bad().into()),
                        whole(cuts.cuts.into())
                    )
                }),
            ],
        );
    }
    table.markdown()
}

/// Where a run was not half full.
fn less(fill: usize) -> String {
    if fill == FILLS[1] {
        String::new()
    } else {
        format!(" at {fill} %")
    }
}
