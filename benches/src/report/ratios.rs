//! Ours beside the best peer, figure by figure: how many times as much it takes. Less is better in all of them.

use super::table::{Table, decimal};
use super::tables::Row;
use crate::contenders::Kind;
use crate::store::{NOT_COUNTED, Outcome, Why};
use crate::work::{Cost, FILLS, Fields, Figures, Latency, Wear};

/// What the table's markers are called.
pub const SECTION: &str = "ratios";

type Of = Box<dyn Fn(&Figures) -> Outcome<f64>>;

/// A figure, and how many times the best peer's it may be.
struct Metric {
    name: String,
    goal: f64,
    of: Of,
    /// Which peers it is measured by.
    among: fn(Kind) -> bool,
}

fn metric(
    name: impl Into<String>,
    goal: f64,
    of: impl Fn(&Figures) -> Outcome<f64> + 'static,
) -> Metric {
    Metric {
        name: name.into(),
        goal,
        of: Box::new(of),
        among: |kind| !kind.is_ours(),
    }
}

/// What is wanted is to be no worse than the best peer. Four settings at once take a quarter of the calls; RAM and instructions may be
/// half as much again as the smallest.
fn metrics() -> Vec<Metric> {
    let mut all = vec![
        metric("a save: program calls", 1.0, |of| {
            wear(&of.counter, Wear::programs)
        }),
        metric("a save: bytes", 1.0, |of| wear(&of.counter, Wear::bytes)),
        metric("a save: erases per 1,000", 1.0, |of| {
            wear(&of.counter, Wear::erases_per_thousand)
        }),
    ];
    for (index, fill) in FILLS.into_iter().enumerate() {
        all.push(metric(
            format!("{fill} % full: erases per 1,000"),
            1.0,
            move |of| wear(&of.zipf[index], Wear::erases_per_thousand),
        ));
    }
    all.extend([
        metric("four settings at once: program calls", 0.25, |of| {
            cost(of, |fields| &fields.four).map(|cost| cost.programs as f64)
        }),
        metric("four settings at once: bytes", 1.0, |of| {
            cost(of, |fields| &fields.four).map(|cost| cost.bytes as f64)
        }),
        metric("nothing changed: bytes", 1.0, |of| {
            cost(of, |fields| &fields.none).map(|cost| cost.bytes as f64)
        }),
        metric("provision: bytes", 1.0, |of| {
            value(&of.provision, |cost| cost.bytes as f64)
        }),
        metric("boot: reads", 1.0, |of| {
            value(&of.boot_used, |boot| boot.reads as f64)
        }),
        metric("boot: bytes", 1.0, boot_bytes),
        Metric {
            among: |kind| !kind.is_ours() && kind.stores_one_by_one(),
            ..metric(
                "the same, of stores that save one setting alone",
                0.2,
                boot_bytes,
            )
        },
        metric("a get: reads", 1.0, |of| value(&of.get, |get| get.reads)),
        metric("longest save: ms", 1.0, |of| longest(of, &of.latency)),
        // Others have no such call, and take as long as ever.
        metric("longest save with `maintain`: ms", 1.0, |of| {
            longest(of, &of.maintained).or_else(|_| longest(of, &of.latency))
        }),
        metric("RAM: bytes", 1.5, |of| value(&of.ram, |&ram| ram as f64)),
        metric("a save: instructions", 1.5, |of| {
            value(&of.instructions.save, |&n| n as f64)
        }),
        metric("a get: instructions", 1.5, |of| {
            value(&of.instructions.get, |&n| n as f64)
        }),
        metric("boot: instructions", 1.5, |of| {
            value(&of.instructions.boot, |&n| n as f64)
        }),
        metric("bad after power cuts", 1.0, |of| {
            value(&of.cuts, |cuts| cuts.bad().into())
        }),
    ]);
    all
}

fn boot_bytes(of: &Figures) -> Outcome<f64> {
    value(&of.boot_used, |boot| boot.bytes as f64)
}

fn value<T>(outcome: &Outcome<T>, of: impl FnOnce(&T) -> f64) -> Outcome<f64> {
    outcome.as_ref().map(of).map_err(Clone::clone)
}

fn wear(outcome: &Outcome<Wear>, of: fn(&Wear) -> f64) -> Outcome<f64> {
    value(outcome, of)
}

fn cost(figures: &Figures, of: fn(&Fields) -> &Outcome<Cost>) -> Outcome<Cost> {
    figures
        .fields
        .as_ref()
        .map_err(Clone::clone)
        .and_then(|fields| of(fields).clone())
}

/// Of a run half full: less is another thing.
fn longest(figures: &Figures, latency: &Outcome<Latency>) -> Outcome<f64> {
    if figures.fill != FILLS[1] {
        return Err(Why::Full);
    }
    value(latency, |latency| {
        latency.longest.time.as_secs_f64() * 1000.0
    })
}

/// A row for each figure.
pub fn ratios(rows: &[Row]) -> String {
    let mut table = Table::new(&[
        "",
        "kvs, struct",
        "kvs, raw keys",
        "best peer",
        "struct / peer",
        "raw keys / peer",
        "goal",
    ]);
    for metric in metrics() {
        let figure = |kind| {
            let row = rows.iter().find(|(other, _)| *other == kind);
            outcome(&metric, row.and_then(|(_, figures)| figures.as_ref()))
        };
        let (typed, raw) = (figure(Kind::KvsTyped), figure(Kind::KvsRaw));
        let peers = Kind::ALL.into_iter().filter(|kind| (metric.among)(*kind));
        let peer = best(peers.map(|kind| (kind, figure(kind))));
        let least = match &peer {
            Ok((_, least)) => Ok(*least),
            Err(why) => Err(why.clone()),
        };
        let cells = [
            text(&typed),
            text(&raw),
            peer.map_or_else(
                |why| why.to_string(),
                |(kind, least)| format!("{}: {}", kind.label(), decimal(least)),
            ),
            ratio(&typed, &least),
            ratio(&raw, &least),
            format!("at most {}", decimal(metric.goal)),
        ];
        table.row(&metric.name, cells);
    }
    table.markdown()
}

fn outcome(metric: &Metric, figures: Option<&Figures>) -> Outcome<f64> {
    figures.map_or(Err(Why::Cannot(NOT_COUNTED)), |figures| {
        (metric.of)(figures)
    })
}

/// The least; nothing is known of it unless all were counted.
fn best(peers: impl Iterator<Item = (Kind, Outcome<f64>)>) -> Outcome<(Kind, f64)> {
    let mut least = Err(Why::Cannot("none can"));
    for (kind, figure) in peers {
        match figure {
            Err(Why::Cannot(NOT_COUNTED)) => return Err(Why::Cannot(NOT_COUNTED)),
            Ok(figure) if least.as_ref().is_ok_and(|(_, least)| *least <= figure) => {}
            Ok(figure) => least = Ok((kind, figure)),
            Err(_) => {}
        }
    }
    least
}

fn text(figure: &Outcome<f64>) -> String {
    figure
        .as_ref()
        .map_or_else(ToString::to_string, |&figure| decimal(figure))
}

fn ratio(ours: &Outcome<f64>, peer: &Outcome<f64>) -> String {
    let not_counted = Err(Why::Cannot(NOT_COUNTED));
    match (ours, peer) {
        _ if *ours == not_counted || *peer == not_counted => NOT_COUNTED.to_owned(),
        (Ok(_), Err(_)) => "ahead".to_owned(),
        (Err(_), Err(_)) => "-".to_owned(),
        (Err(_), Ok(_)) => "**behind**".to_owned(),
        (Ok(ours), Ok(peer)) if ours == peer => "1.00, level".to_owned(),
        // How many times nothing it is, there is no saying.
        (Ok(_), Ok(0.0)) => "**behind**".to_owned(),
        (Ok(ours), Ok(peer)) if ours < peer => format!("{}, ahead", decimal(ours / peer)),
        (Ok(ours), Ok(peer)) => format!("{}, **behind**", decimal(ours / peer)),
    }
}

#[cfg(test)]
mod tests {
    use super::{best, ratio};
    use crate::contenders::Kind;
    use crate::store::{NOT_COUNTED, Why};

    #[test]
    fn a_ratio_says_who_is_ahead() {
        let full = || Err(Why::Full);
        assert_eq!(ratio(&Ok(1.0), &Ok(2.0)), "0.50, ahead");
        assert_eq!(ratio(&Ok(3.0), &Ok(2.0)), "1.50, **behind**");
        assert_eq!(ratio(&Ok(0.0), &Ok(0.0)), "1.00, level");
        assert_eq!(ratio(&Ok(1.0), &Ok(0.0)), "**behind**");
        assert_eq!(ratio(&Ok(1.0), &full()), "ahead");
        assert_eq!(ratio(&full(), &Ok(1.0)), "**behind**");
        assert_eq!(ratio(&full(), &full()), "-");
    }

    #[test]
    fn the_best_peer_is_known_when_all_are() {
        let of = |ekv, tickv| best([(Kind::Ekv, ekv), (Kind::Tickv, tickv)].into_iter());
        assert_eq!(of(Ok(2.0), Ok(1.0)), Ok((Kind::Tickv, 1.0)));
        assert_eq!(of(Ok(2.0), Err(Why::Full)), Ok((Kind::Ekv, 2.0)));
        let unknown = Why::Cannot(NOT_COUNTED);
        assert_eq!(of(Ok(2.0), Err(unknown.clone())), Err(unknown));
    }
}
