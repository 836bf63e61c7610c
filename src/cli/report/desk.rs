//! Scorecards as a report shows them: a table for each queue and channel, a row for each agent.

use std::{collections::BTreeMap, fmt};

use comfy_table::{Cell, CellAlignment, Table, presets};

use super::number::{percent, seconds};
use floorwalker_core::balance::{Better, Direction, Measured, ScorecardRecord, Standing, Trend};

/// A scorecard record that was read back.
pub(in crate::cli) type Desk = ScorecardRecord<'static>;

/// A measure's name in records and for people.
pub(super) const COLUMNS: [(&str, &str); 9] = [
    ("aht", "AHT s"),
    ("transfer_rate", "Transfers"),
    ("fcr", "FCR"),
    ("repeats", "Repeats"),
    ("csat", "CSAT"),
    ("csat_low", "Low ratings"),
    ("offer_miss", "Missed offers"),
    ("resolved_said", "Resolved"),
    ("frr", "First response"),
];

/// Characters that a place is drawn with.
const STRIP: usize = 7;

/// Desks of one queue and channel.
pub(super) struct Room<'d> {
    pub(super) desks: Vec<&'d Desk>,
}

/// By queue, then channel; in each by agent.
pub(super) fn rooms(desks: &[Desk]) -> Vec<Room<'_>> {
    let mut by_room: BTreeMap<(&str, &str), Vec<&Desk>> = BTreeMap::new();
    for desk in desks {
        let room = (&*desk.queue, &*desk.channel);
        by_room.entry(room).or_default().push(desk);
    }
    let rooms = by_room.into_values().map(|mut theirs| {
        theirs.sort_by(|one, other| one.agent.cmp(&other.agent));
        Room { desks: theirs }
    });
    rooms.collect()
}

impl Room<'_> {
    /// `Scorecards of billing, voice: 24h against the 28d before`.
    pub(super) fn title(&self) -> String {
        let Some(desk) = self.desks.first() else {
            return String::new();
        };
        let (queue, channel) = (&desk.queue, &desk.channel);
        let (window, baseline) = (&desk.window, &desk.baseline);
        format!(
            "Scorecards of {queue}, {channel}: the last {window}, and what was before up to {baseline}"
        )
    }

    /// Those of which anybody has any.
    pub(super) fn columns(&self) -> Vec<(&'static str, &'static str)> {
        let any = |name: &str| {
            self.desks
                .iter()
                .any(|desk| desk.measures.contains_key(name))
        };
        let columns = COLUMNS.into_iter();
        columns.filter(|(name, _)| any(name)).collect()
    }

    /// Returns the words of every guard that is raised.
    pub(super) fn guards(&self) -> impl Iterator<Item = (&str, &str)> {
        let raised = self.desks.iter().filter(|desk| desk.guard.raised);
        raised.filter_map(|desk| Some((&*desk.agent, desk.guard.sentence.as_deref()?)))
    }
}

/// All rooms, as text.
pub(super) fn write(desks: &[Desk], formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    let rooms = rooms(desks);
    for room in &rooms {
        let columns = room.columns();
        let mut table = Table::new();
        table.load_preset(presets::ASCII_MARKDOWN);
        let names = columns.iter().map(|(_, name)| *name);
        table.set_header(["Agent"].into_iter().chain(names));
        for desk in &room.desks {
            let cells = columns.iter().map(|(name, _)| {
                let text = (desk.measures.get(*name)).map_or_else(String::new, |it| cell(name, it));
                Cell::new(text).set_alignment(CellAlignment::Right)
            });
            table.add_row([Cell::new(&*desk.agent)].into_iter().chain(cells));
        }
        writeln!(formatter, "\n{}\n{table}", room.title())?;
        for (agent, sentence) in room.guards() {
            writeln!(formatter, "{agent}: {sentence}")?;
        }
    }
    if !rooms.is_empty() {
        writeln!(
            formatter,
            "↑ ↓ → rises, falls, steady against the own baseline (95 %); ● the place among peers from the lowest to the highest value, \
             ━ where it may be. Of too few cases it says how many they are, and nothing is drawn."
        )?;
    }
    Ok(())
}

/// `310.2 ↓ ··━●━··`, or of too few cases `310.2      of 2`.
fn cell(name: &str, measured: &Measured) -> String {
    let value = value(name, measured.value);
    let arrow = arrow(&measured.trend);
    let cases = || match measured.n {
        0 => String::new(),
        n => format!("of {n}"),
    };
    let beside = strip(&measured.peers).unwrap_or_else(cases);
    format!("{value} {arrow} {beside:>STRIP$}")
}

/// In seconds or percent.
pub(super) fn value(measure: &str, value: Option<f64>) -> String {
    match measure {
        "aht" => seconds(value),
        _ => percent(value),
    }
}

pub(super) fn arrow(trend: &Trend) -> &'static str {
    match trend.direction {
        Some(Direction::Rising) => "↑",
        Some(Direction::Falling) => "↓",
        Some(Direction::Steady) => "→",
        None => " ",
    }
}

/// The place among peers, if it is known.
fn strip(peers: &Standing) -> Option<String> {
    let (place, (low, high)) = (peers.place?, peers.place_interval?);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a few characters"
    )]
    let at = |share: f64| ((share * STRIP as f64) as usize).min(STRIP - 1);
    let mark = |column: usize| match column {
        _ if column == at(place) => '●',
        _ if (at(low)..=at(high)).contains(&column) => '━',
        _ => '·',
    };
    Some((0..STRIP).map(mark).collect())
}

/// A row of the sheet: a measure of a desk, in these columns.
pub(super) const SHEET: [&str; 27] = [
    "agent",
    "queue",
    "channel",
    "clock",
    "window",
    "baseline",
    "measure",
    "better",
    "value",
    "num",
    "n",
    "low",
    "high",
    "peers",
    "median",
    "place",
    "place_low",
    "place_high",
    "recent",
    "recent_n",
    "before",
    "before_n",
    "difference",
    "difference_low",
    "difference_high",
    "direction",
    "guard",
];

/// Returns a row for each measure of a desk.
pub(super) fn sheet_rows(desk: &Desk) -> Vec<[String; 27]> {
    let measures = desk.measures.iter();
    measures
        .map(|(name, it)| sheet_row(desk, name, it))
        .collect()
}

fn sheet_row(desk: &Desk, name: &str, it: &Measured) -> [String; 27] {
    let number = |value: Option<f64>| value.map_or_else(String::new, |known| known.to_string());
    let ends = |pair: Option<(f64, f64)>| {
        [pair.map(|(low, _)| low), pair.map(|(_, high)| high)].map(number)
    };
    let [low, high] = ends(it.interval);
    let [place_low, place_high] = ends(it.peers.place_interval);
    let [difference_low, difference_high] = ends(it.trend.interval);
    [
        desk.agent.to_string(),
        desk.queue.to_string(),
        desk.channel.to_string(),
        desk.clock.to_string(),
        desk.window.to_string(),
        desk.baseline.to_string(),
        name.to_owned(),
        it.better.map_or("", Better::name).to_owned(),
        number(it.value),
        it.num.map_or_else(String::new, |num| num.to_string()),
        it.n.to_string(),
        low,
        high,
        it.peers.n.to_string(),
        number(it.peers.median),
        number(it.peers.place),
        place_low,
        place_high,
        number(it.trend.recent.value),
        it.trend.recent.n.to_string(),
        number(it.trend.baseline.value),
        it.trend.baseline.n.to_string(),
        number(it.trend.difference),
        difference_low,
        difference_high,
        it.trend.direction.map_or("", Direction::name).to_owned(),
        desk.guard.raised.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = include_str!("../../../tests/data/scorecard-record.json");

    struct Shown(Vec<Desk>);

    impl fmt::Display for Shown {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            write(&self.0, formatter)
        }
    }

    #[test]
    fn a_table_has_values_trends_and_places_and_says_what_a_guard_sees() {
        let desk: Desk = serde_json::from_str(RECORD).unwrap();
        let text = Shown(vec![desk]).to_string();
        for words in [
            "Scorecards of billing, voice: the last 24h, and what was before up to 28d",
            "| 270.0 ↓ ●━····· |",
            "| 19.0 % ",
            "a/b: handle time fell by 40 s (from 310 s) while repeated contacts rose from 8 % to 19 %",
        ] {
            assert!(text.contains(words), "no `{words}` in {text}");
        }
    }

    #[test]
    fn each_measure_is_a_row_of_the_sheet() {
        let desk: Desk = serde_json::from_str(RECORD).unwrap();
        let rows = sheet_rows(&desk);
        let rows: Vec<String> = rows.iter().map(|row| row.join(",")).collect();
        insta::assert_snapshot!(rows.join("\n"), @r"
        a/b,billing,voice,2026-11-22T10:29:59.999999Z,24h,28d,aht,,270,,42,255.5,284.5,7,301.25,0.142857,0,0.285714,270,42,310,800,-40,-55.25,-24.75,falling,true
        a/b,billing,voice,2026-11-22T10:29:59.999999Z,24h,28d,repeats,lower,0.190476,8,42,0.099992,0.333042,3,,,,,,0,0.08,750,,,,,true
        ");
    }
}
