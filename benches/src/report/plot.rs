//! The plots, as SVG: a line for each contender.

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::contenders::Kind;
use crate::work::{Curves, Line};

/// A file's name, and what is in it.
pub type File = (&'static str, String);

struct Plot {
    file: &'static str,
    title: &'static str,
    x: &'static str,
    y: &'static str,
    /// Whether x is by powers; y always is.
    log_x: bool,
    line: fn(&Curves) -> &Line,
}

const PLOTS: [Plot; 5] = [
    Plot {
        file: "erases.svg",
        title: "Erases after so many saves of one setting",
        x: "saves",
        y: "erases",
        log_x: false,
        line: |curves| &curves.erases,
    },
    Plot {
        file: "amplification.svg",
        title: "Bytes programmed per byte saved, by how full the partition is",
        x: "values, % of the partition",
        y: "bytes programmed per byte saved",
        log_x: false,
        line: |curves| &curves.amplification,
    },
    Plot {
        file: "boot.svg",
        title: "Bytes read at boot, by partition size",
        x: "bytes of the partition",
        y: "bytes read",
        log_x: true,
        line: |curves| &curves.boot,
    },
    Plot {
        file: "latency.svg",
        title: "How many saves take longer, half full",
        x: "ms, modelled",
        y: "% of saves",
        log_x: true,
        line: |curves| &curves.latency,
    },
    Plot {
        file: "settings.svg",
        title: "Bytes programmed for a save, by number of settings",
        x: "settings of 4 bytes",
        y: "bytes",
        log_x: true,
        line: |curves| &curves.settings,
    },
];

/// A colour for each of [`Kind::ALL`].
const COLOURS: [RGBColor; 9] = [
    RGBColor(200, 30, 40),
    RGBColor(240, 130, 30),
    RGBColor(30, 90, 200),
    RGBColor(90, 180, 240),
    RGBColor(40, 140, 60),
    RGBColor(130, 60, 170),
    RGBColor(120, 120, 120),
    RGBColor(220, 90, 180),
    RGBColor(120, 80, 40),
];

const SIZE: (u32, u32) = (860, 480);

/// All of them.
pub fn all(curves: &[(Kind, Curves)]) -> Result<Vec<File>, String> {
    PLOTS
        .iter()
        .map(|plot| Ok((plot.file, draw(plot, curves)?)))
        .collect()
}

fn draw(plot: &Plot, curves: &[(Kind, Curves)]) -> Result<String, String> {
    let lines: Vec<_> = curves
        .iter()
        .map(|(kind, curves)| (*kind, (plot.line)(curves)))
        .collect();
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    let drawn = if plot.log_x {
        let x = range(&lines, |point| point.0);
        chart(&area, plot, &lines, (x.0..x.1).log_scale())
    } else {
        let x = range(&lines, |point| point.0);
        chart(&area, plot, &lines, 0.0..x.1)
    };
    drawn.map_err(|error| format!("{}: {error}", plot.file))?;
    drop(area);
    Ok(svg)
}

/// From the least to the most that is above 0, with a margin.
fn range(lines: &[(Kind, &Line)], of: fn(&(f64, f64)) -> f64) -> (f64, f64) {
    let all = lines.iter().flat_map(|(_, line)| line.iter().map(of));
    let (least, most) = all
        .filter(|&value| value > 0.0)
        .fold((f64::MAX, f64::MIN_POSITIVE), |(least, most), value| {
            (least.min(value), most.max(value))
        });
    (least * 0.9, most * 1.1)
}

type Svg<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn chart<X>(
    area: &Svg<'_>,
    plot: &Plot,
    lines: &[(Kind, &Line)],
    x: X,
) -> Result<(), Box<dyn std::error::Error>>
where
    X: plotters::coord::ranged1d::AsRangedCoord<Value = f64>,
    X::CoordDescType: plotters::coord::ranged1d::ValueFormatter<f64>,
{
    area.fill(&WHITE).map_err(text)?;
    let y = range(lines, |point| point.1);
    let mut chart = ChartBuilder::on(area)
        .caption(plot.title, ("sans-serif", 20))
        .margin(12)
        .margin_right(240)
        .x_label_area_size(44)
        .y_label_area_size(72)
        .build_cartesian_2d(x, (y.0..y.1).log_scale())
        .map_err(text)?;
    chart
        .configure_mesh()
        .x_desc(plot.x)
        .y_desc(plot.y)
        .x_label_formatter(&short)
        .y_label_formatter(&short)
        .light_line_style(WHITE)
        .draw()
        .map_err(text)?;
    for (index, (kind, line)) in lines.iter().enumerate() {
        let style = COLOURS[index % COLOURS.len()].stroke_width(if kind.is_ours() { 3 } else { 1 });
        let points = line.iter().copied().filter(|point| point.1 > 0.0);
        chart
            .draw_series(LineSeries::new(points.clone(), style))
            .map_err(text)?;
        let dots = points.map(|point| Circle::new(point, 2, style.filled()));
        if line.len() < 30 {
            chart.draw_series(dots).map_err(text)?;
        }
        let top = 48 + 20 * index as i32;
        let left = SIZE.0 as i32 - 232;
        area.draw(&PathElement::new([(left, top), (left + 20, top)], style))
            .map_err(text)?;
        let label = kind.label().replace('*', "");
        area.draw(&Text::new(label, (left + 26, top - 6), ("sans-serif", 14)))
            .map_err(text)?;
    }
    area.present().map_err(text)
}

fn text(error: impl std::fmt::Display) -> Box<dyn std::error::Error> {
    error.to_string().into()
}

/// 8k, 2M, 0.5
fn short(value: &f64) -> String {
    let scaled = [(1e6, "M"), (1e3, "k"), (1.0, "")];
    let (unit, name) = scaled
        .into_iter()
        .find(|(unit, _)| *value >= *unit)
        .unwrap_or((1.0, ""));
    let number = value / unit;
    let places = match number {
        0.0 => 0,
        ..0.095 => 3,
        ..0.95 => 1,
        _ => usize::from(number.fract() > 0.005),
    };
    format!("{number:.places$}{name}")
}
