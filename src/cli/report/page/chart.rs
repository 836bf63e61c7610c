//! Shares over time as SVG. Its colours are those of a light page; the style sheet knows them by their codes and
//! changes them on a dark one.

use std::ops::Range;

use maud::{Markup, PreEscaped, html};
use plotters::{
    chart::{ChartBuilder, ChartContext},
    coord::{cartesian::Cartesian2d, types::RangedCoordf64},
    drawing::IntoDrawingArea as _,
    element::{Circle, Polygon},
    series::{DashedLineSeries, LineSeries},
    style::{Color as _, IntoFont as _, RGBColor},
};
use plotters_svg::SVGBackend;

use super::super::{
    history::Course,
    number::{percent, thousands},
    plot::top,
};
use floorwalker_core::kpi::Ratio;

/// Units of the drawing; the page scales it.
const SIZE: (u32, u32) = (1_120, 230);
const INK: RGBColor = RGBColor(0x22, 0x25, 0x2b);
const RULE: RGBColor = RGBColor(0xde, 0xdb, 0xd3);
const SERIES: RGBColor = RGBColor(0x1f, 0x6f, 0x8b);
const TARGET: RGBColor = RGBColor(0xa3, 0x45, 0x1f);

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    pub(super) course: &'a Course,
    pub(super) shares: &'a [Ratio],
    pub(super) target: Option<f64>,
}

type Plot<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// A line with its 95 % interval; where nothing was decided there is a gap.
pub(super) fn chart(line: Line<'_>) -> anyhow::Result<Markup> {
    let mut drawing = String::new();
    let (across, down) = draw(line, &mut drawing)?;
    // The frame is ours, so that it can have a name.
    let inside = drawing
        .split_once('>')
        .and_then(|(_, rest)| rest.rsplit_once("</svg>"))
        .map_or("", |(inside, _)| inside);
    let title = format!("{} over time", line.name);
    let box_of_all = format!("0 0 {} {}", SIZE.0, SIZE.1);
    Ok(html! {
        svg viewBox=(box_of_all) role="img" aria-label=(title) {
            title { (title) }
            (partial(line, &across, &down))
            (PreEscaped(inside))
            (times(line, &across, &down))
            (hits(line, &across, &down))
        }
    })
}

/// Times below the plot.
fn times(line: Line<'_>, across: &Range<i32>, down: &Range<i32>) -> Markup {
    let width = f64::from(across.end - across.start) / count(line.shares.len().max(1));
    let x = |place: f64| format!("{:.1}", f64::from(across.start) + place * width);
    html! {
        g .times {
            @for (place, label) in line.course.axis() {
                line x1=(x(place)) x2=(x(place)) y1=(down.start) y2=(down.end + 4) {}
                text x=(x(place)) y=(down.end + 19) text-anchor="middle" { (label) }
            }
        }
    }
}

/// A step that goes on is shaded.
fn partial(line: Line<'_>, across: &Range<i32>, down: &Range<i32>) -> Markup {
    let width = f64::from(across.end - across.start) / count(line.shares.len().max(1));
    html! {
        @if line.course.partial().is_some() {
            rect .partial x=(format!("{:.1}", f64::from(across.end) - width)) y=(down.start) width=(format!("{width:.1}"))
                height=(down.end - down.start) {}
        }
    }
}

/// Returns in words what lies under the pointer.
fn hits(line: Line<'_>, across: &Range<i32>, down: &Range<i32>) -> Markup {
    let width = f64::from(across.end - across.start) / count(line.shares.len().max(1));
    let left = |index| f64::from(across.start) + count(index) * width;
    html! {
        @for (index, share) in line.shares.iter().enumerate() {
            rect .hit x=(format!("{:.1}", left(index))) y=(down.start) width=(format!("{width:.1}"))
                height=(down.end - down.start) {
                title { (line.course.label(index)) ": " (in_words(share)) }
            }
        }
    }
}

/// `77.8 %, 70 of 90`.
fn in_words(share: &Ratio) -> String {
    match share.value {
        None => "nothing was decided".to_owned(),
        value => format!(
            "{}, {} of {}",
            percent(value),
            thousands(share.num),
            thousands(share.den)
        ),
    }
}

/// Where the plot lies in the drawing, across and down.
fn draw(line: Line<'_>, into: &mut String) -> anyhow::Result<(Range<i32>, Range<i32>)> {
    let highest = top(line.shares).max(line.target.unwrap_or_default());
    let root = SVGBackend::with_string(into, SIZE).into_drawing_area();
    let mut plot = ChartBuilder::on(&root)
        .margin(6)
        .margin_right(24)
        .x_label_area_size(26)
        .y_label_area_size(52)
        .build_cartesian_2d(0.0..count(line.shares.len()), 0.0..highest)?;
    mesh(&mut plot)?;
    for run in runs(line.shares) {
        draw_run(&mut plot, &run)?;
    }
    if let Some(target) = line.target {
        let ends = [(0.0, target), (count(line.shares.len()), target)];
        plot.draw_series(DashedLineSeries::new(ends, 6, 4, TARGET.stroke_width(2)))?;
    }
    let pixels = plot.plotting_area().get_pixel_range();
    root.present()?;
    Ok(pixels)
}

fn mesh(plot: &mut Plot<'_>) -> anyhow::Result<()> {
    let text = ("sans-serif", 16).into_font().color(&INK);
    plot.configure_mesh()
        .axis_style(RULE)
        .bold_line_style(RULE)
        .light_line_style(RULE.mix(0.0))
        .label_style(text)
        .disable_x_mesh()
        .x_labels(0)
        .y_labels(5)
        .y_label_formatter(&|share| format!("{:.0} %", share * 100.0))
        .draw()?;
    Ok(())
}

/// Neighbours that all have a share, each with its place.
type Run<'a> = Vec<(f64, f64, &'a Ratio)>;

fn runs(shares: &[Ratio]) -> Vec<Run<'_>> {
    let mut runs: Vec<Run<'_>> = vec![Vec::new()];
    for (index, share) in shares.iter().enumerate() {
        match (share.value, runs.last_mut()) {
            (Some(value), Some(run)) => run.push((count(index) + 0.5, value, share)),
            _ => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

fn draw_run(plot: &mut Plot<'_>, run: &Run<'_>) -> anyhow::Result<()> {
    let ends = |(x, _, share): &(f64, f64, &Ratio)| {
        let (low, high) = share.interval.unwrap_or_default();
        ((*x, low), (*x, high))
    };
    let lows = run.iter().map(|point| ends(point).0);
    let highs = run.iter().rev().map(|point| ends(point).1);
    let band: Vec<_> = lows.chain(highs).collect();
    plot.draw_series([Polygon::new(band, SERIES.mix(0.18))])?;
    let points = || run.iter().map(|(x, value, _)| (*x, *value));
    plot.draw_series(LineSeries::new(points(), SERIES.stroke_width(2)))?;
    plot.draw_series(points().map(|point| Circle::new(point, 3, SERIES.filled())))?;
    Ok(())
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
