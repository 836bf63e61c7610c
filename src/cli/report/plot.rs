//! Plots of characters, without colour: they stay legible in a file.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    widgets::{Sparkline, Widget as _},
};

use super::{history::Course, hours::Hours, number::thousands};
use floorwalker_core::kpi::Ratio;

/// What the finest step of a bar is part of.
const EIGHTHS: u16 = 8;
const COURSE_LINES: u16 = 3;
/// The ends of the scales of shares.
const TOPS: [f64; 5] = [0.1, 0.25, 0.5, 0.75, 1.0];

/// Bars of shares over time, each under its name and on a scale of its own that begins at 0. What is absent is blank,
/// and a share of 0 is the lowest bar.
pub(super) fn course(course: &Course, name: impl Fn(&str) -> String) -> String {
    let courses = course.shares_by_name.iter();
    let plots = courses.map(|(what, shares)| {
        let top = top(shares);
        let shares = shares.iter().map(|share| share.value.map(|it| it / top));
        let lines = bars(&shares.collect::<Vec<_>>(), COURSE_LINES);
        let scale = format!("{:.0} %", top * 100.0);
        let lines = lines.into_iter().enumerate();
        let lines = lines.map(|(index, line)| match index {
            0 => format!("{scale:>6} ┤{line}"),
            _ => format!("       │{line}"),
        });
        let lines: Vec<_> = lines.map(|line| line.trim_end().to_owned()).collect();
        format!(" {}\n{}\n", name(what), lines.join("\n"))
    });
    plots.collect()
}

/// One line of bars, the highest count the highest. Nothing is blank.
pub(super) fn distribution(counts: &[u64]) -> String {
    let highest = counts.iter().max().copied().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    let share = |count: u64| (count > 0).then(|| count as f64 / highest as f64);
    let shares: Vec<_> = counts.iter().map(|count| share(*count)).collect();
    bars(&shares, 1).concat()
}

/// Lines from the top down.
fn bars(shares: &[Option<f64>], lines: u16) -> Vec<String> {
    let highest = f64::from(lines * EIGHTHS);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "shares are of 0 to 1"
    )]
    let heights = shares.iter().map(|share| {
        let height = share.map(|share| (share * highest).round() as u64);
        height.map(|height| height.max(1))
    });
    let width = u16::try_from(shares.len()).unwrap_or(u16::MAX);
    let area = Rect::new(0, 0, width, lines);
    let mut buffer = Buffer::empty(area);
    Sparkline::default()
        .data(heights.collect::<Vec<_>>())
        .max(u64::from(lines * EIGHTHS))
        .render(area, &mut buffer);
    let symbols = buffer.content().chunks(shares.len().max(1));
    symbols
        .map(|line| line.iter().map(|cell| cell.symbol()).collect())
        .collect()
}

/// The end of the shortest scale that holds all shares.
pub(super) fn top(shares: &[Ratio]) -> f64 {
    let values = shares.iter().filter_map(|share| share.value);
    let highest = values.fold(0.0, f64::max);
    let top = TOPS.into_iter().find(|top| highest <= *top);
    top.unwrap_or(1.0)
}

/// The hours of the week: the more waits, the darker. A dot stands where nobody waited, and nothing where nobody looked.
pub(super) fn hours(waits: &Hours<u64>) -> String {
    let most = waits.values().max().copied().unwrap_or_default();
    let mut text = String::from("      0     3     6     9     12    15    18    21\n");
    for (weekday, day) in waits.days() {
        let cells = day
            .iter()
            .map(|cell| cell.map_or("  ", |it| tone(it, most)));
        let line = format!(" {weekday}  {}", cells.collect::<String>());
        let sum: u64 = day.iter().flatten().sum();
        text += &format!("{line} {:>7}\n", thousands(sum));
    }
    text
}

fn tone(count: u64, most: u64) -> &'static str {
    const TONES: [&str; 4] = ["░░", "▒▒", "▓▓", "██"];
    if count == 0 {
        return "· ";
    }
    let tones = TONES.len() as u64;
    let index = (count * tones).div_ceil(most.max(1)).saturating_sub(1);
    let index = usize::try_from(index).unwrap_or_default();
    TONES[index.min(TONES.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_is_blank_and_none_is_the_lowest_bar() {
        let shares = [Some(1.0), Some(0.5), None, Some(0.0)];
        assert_eq!(bars(&shares, 1), ["█▄ ▁"]);
        assert_eq!(bars(&shares, 2), ["█   ", "██ ▁"]);
        assert_eq!(distribution(&[0, 1, 100]), " ▁█");
        assert_eq!(distribution(&[]), "");
    }

    #[test]
    fn a_scale_is_as_short_as_it_may_be() {
        let tops = [(0, 1), (7, 100), (1, 4), (26, 100), (9, 10)];
        let tops = tops.map(|(num, den)| top(&[Ratio::new(0, 0), Ratio::new(num, den)]));
        assert_eq!(format!("{tops:?}"), "[0.1, 0.1, 0.25, 0.5, 1.0]");
    }

    #[test]
    fn tones_are_quarters_of_the_most() {
        let tones = [0, 1, 25, 26, 75, 76, 100].map(|count| tone(count, 100));
        assert_eq!(tones, ["· ", "░░", "░░", "▒▒", "▓▓", "██", "██"]);
    }
}
