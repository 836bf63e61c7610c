//! What a test found, as text.

use std::{fmt, time::Duration};

use comfy_table::{CellAlignment, Table, presets};

use super::{
    Tested,
    figures::{Block, Figures},
    raised::Raised,
    timeline::Density,
    trial::Side,
};
use crate::{
    cli::report::{rejections, thousands},
    config::Environment,
};

/// Alerts of one side that are listed.
const LISTED_MAX: usize = 20;
const ABSENT: &str = "-";

/// Which characters are drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signs {
    Unicode,
    Ascii,
}

impl Signs {
    /// The first of the locale's variables that has a value counts; without any, all commands print UTF-8.
    pub(super) fn of(ascii: bool, environment: &Environment) -> Self {
        let names = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter();
        let mut values = names.filter_map(|name| environment.get(name));
        let locale = values.find(|value| !value.is_empty());
        let is_utf8 = locale.is_none_or(|locale| {
            let locale = locale.to_lowercase().replace('-', "");
            locale.contains("utf8")
        });
        match ascii || !is_utf8 {
            true => Self::Ascii,
            false => Self::Unicode,
        }
    }
}

pub(super) struct Shown<'t> {
    pub(super) tested: &'t Tested,
    pub(super) signs: Signs,
    pub(super) lists_all: bool,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tested { a, b, .. } = self.tested;
        self.head(formatter)?;
        match b {
            None => writeln!(formatter, "\n{}", alone(a))?,
            Some(other) => {
                let tables = [counts(a, other), rates(a, other), subjects(a, other)];
                for table in tables.iter().filter(|table| !table.is_empty()) {
                    writeln!(formatter, "\n{table}")?;
                }
            }
        }
        self.formula(formatter)?;
        self.recognized(formatter)?;
        self.timelines(formatter)?;
        for (side, only) in [("A", &self.tested.only_a), ("B", &self.tested.only_b)] {
            if let Some(only) = only {
                self.list(formatter, side, only)?;
            }
        }
        rejections(&a.rejected, formatter)?;
        match b.as_ref().filter(|other| other.rejected != a.rejected) {
            Some(other) => {
                writeln!(formatter, "\nUnder B:")?;
                rejections(&other.rejected, formatter)
            }
            None => Ok(()),
        }
    }
}

impl Shown<'_> {
    fn head(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tested {
            files,
            period,
            a,
            b,
            ..
        } = self.tested;
        writeln!(
            formatter,
            "{files}: {} events, {} agents, {:.1} h from {} to {}",
            thousands(a.events.applied),
            thousands(period.agents as u64),
            period.hours,
            period.from,
            period.until,
        )?;
        match b {
            None => writeln!(formatter, "under {}", a.config),
            Some(other) => writeln!(formatter, "A is {}, B is {}", a.config, other.config),
        }
    }

    fn formula(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let period = &self.tested.period;
        let times = match self.signs {
            Signs::Unicode => '×',
            Signs::Ascii => '*',
        };
        writeln!(
            formatter,
            "\n/h: an hour for a supervisor of 40 agents: alerts / (hours {times} max(1, agents / 40)) = alerts / {:.2}",
            period.supervisor_hours,
        )
    }

    /// How often agents and teams were recognized; what is not asked for is left out.
    fn recognized(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tested { a, b, .. } = self.tested;
        let of = |side: &Side| {
            let counts = side.recognized.iter();
            let counts = counts.map(|(rule, count)| format!("{rule} {}", number(*count)));
            counts.collect::<Vec<_>>().join(", ")
        };
        match b {
            _ if a.recognized.is_empty() => Ok(()),
            None => writeln!(formatter, "\nRecognized: {}", of(a)),
            Some(other) => {
                writeln!(formatter, "\nRecognized by A: {}", of(a))?;
                writeln!(formatter, "Recognized by B: {}", of(other))
            }
        }
    }

    fn timelines(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sides = [Some(&self.tested.a), self.tested.b.as_ref()];
        let sides: Vec<&Side> = sides.into_iter().flatten().collect();
        let groups: Vec<&Block> = sides.iter().map(|side| &side.groups).collect();
        let contacts: Vec<&Block> = sides.iter().map(|side| &side.contacts).collect();
        self.timeline(formatter, "groups", &groups)?;
        self.timeline(formatter, "contacts", &contacts)
    }

    /// A line for each rule of a block that fired; with two sides a line for each.
    fn timeline(
        &self,
        formatter: &mut fmt::Formatter<'_>,
        about: &str,
        blocks: &[&Block],
    ) -> fmt::Result {
        let lines = blocks.iter().flat_map(|block| &block.rules);
        let lines = lines.map(|it| &it.timeline);
        let density = Density::of(lines, self.signs == Signs::Ascii);
        let Some(first) = blocks.first() else {
            return Ok(());
        };
        let fired = |place: &usize| blocks.iter().any(|block| block.rules[*place].fired > 0);
        let places: Vec<usize> = (0..first.rules.len()).filter(fired).collect();
        if places.is_empty() {
            return Ok(());
        }
        let steps = &self.tested.period.timeline;
        let signs = density.signs.map(String::from).join(" ");
        writeln!(
            formatter,
            "\nAlerts about {about} from {} on, each column {}; {signs} are fifths of {}",
            steps.from,
            duration(steps.seconds.unsigned_abs()),
            thousands(density.most),
        )?;
        for place in places {
            let mut name = first.rules[place].rule.as_str();
            for (side, block) in ["A", "B"].into_iter().zip(blocks) {
                let of = if blocks.len() > 1 { side } else { "" };
                let line = density.line(&block.rules[place].timeline);
                writeln!(formatter, " {name:<18} {of} |{line}|")?;
                name = "";
            }
        }
        Ok(())
    }

    fn list(&self, formatter: &mut fmt::Formatter<'_>, side: &str, only: &[Raised]) -> fmt::Result {
        if only.is_empty() {
            return writeln!(formatter, "\nOnly {side} raises: nothing");
        }
        writeln!(
            formatter,
            "\nOnly {side} raises: {}",
            thousands(only.len() as u64)
        )?;
        let listed = if self.lists_all {
            only.len()
        } else {
            LISTED_MAX
        };
        let mut table = plain_table();
        for it in only.iter().take(listed) {
            table.add_row([&it.at.to_string(), &it.rule, &it.subject, &it.why]);
        }
        writeln!(formatter, "{}", table.trim_fmt())?;
        match only.len().saturating_sub(listed) {
            0 => Ok(()),
            more => writeln!(
                formatter,
                " and {} more: --all lists them",
                thousands(more as u64)
            ),
        }
    }
}

/// One configuration: a row for each rule.
fn alone(side: &Side) -> String {
    let header = [
        "rule",
        "fired",
        "call",
        "resolved",
        "still",
        "fired/h",
        "call/h",
        "median",
        "longest",
        "most alerts",
    ];
    let of_rules = rows(&[side], Which::All, |figures| {
        let it = figures[0];
        vec![
            fired(it),
            number(it.calls),
            number(it.resolved),
            number(it.still_firing),
            rate(it.fired_per_hour),
            rate(it.calls_per_hour),
            seconds(it.median_seconds),
            seconds(it.longest_seconds),
            most(it),
        ]
    });
    table(&header, of_rules, 1)
}

/// Two configurations, and how much more the second has.
fn counts(a: &Side, b: &Side) -> String {
    let header = [
        "rule",
        "fired: A",
        "B",
        "diff",
        "call: A",
        "B",
        "diff",
        "resolved: A",
        "B",
        "diff",
        "still: A",
        "B",
        "diff",
    ];
    let of_rules = rows(&[a, b], Which::All, |figures| {
        let (first, second) = (figures[0], figures[1]);
        let of = |count: fn(&Figures) -> usize| {
            let (one, two) = (count(first), count(second));
            [number(one), number(two), more(one, two)]
        };
        let [_, _, diff] = of(|it| it.fired);
        let counts = [
            of(|it| it.calls),
            of(|it| it.resolved),
            of(|it| it.still_firing),
        ];
        [fired(first), fired(second), diff]
            .into_iter()
            .chain(counts.into_iter().flatten())
            .collect()
    });
    table(&header, of_rules, 0)
}

/// Only of rules that fired.
fn rates(a: &Side, b: &Side) -> String {
    let header = [
        "rule",
        "fired/h: A",
        "B",
        "diff",
        "call/h: A",
        "B",
        "diff",
        "median: A",
        "B",
        "diff",
        "longest: A",
        "B",
        "diff",
    ];
    let of_rules = rows(&[a, b], Which::Fired, |figures| {
        let (first, second) = (figures[0], figures[1]);
        let rates = |of: fn(&Figures) -> Option<f64>| {
            let (one, two) = (of(first), of(second));
            let size = |it: f64| format!("{:.2}", it.abs());
            [rate(one), rate(two), difference(one, two, size)]
        };
        let lengths = |of: fn(&Figures) -> Option<f64>| {
            let (one, two) = (of(first).map(f64::round), of(second).map(f64::round));
            let size = |it: f64| seconds(Some(it.abs()));
            [seconds(one), seconds(two), difference(one, two, size)]
        };
        let cells = [
            rates(|it| it.fired_per_hour),
            rates(|it| it.calls_per_hour),
            lengths(|it| it.median_seconds),
            lengths(|it| it.longest_seconds),
        ];
        cells.into_iter().flatten().collect()
    });
    table(&header, of_rules, 0)
}

/// Only of rules that fired.
fn subjects(a: &Side, b: &Side) -> String {
    let blocks = [(&a.groups, &b.groups), (&a.contacts, &b.contacts)].into_iter();
    let rules = blocks.flat_map(|(one, two)| one.rules.iter().zip(&two.rules));
    let fired: Vec<_> = rules
        .filter(|(one, two)| one.fired + two.fired > 0)
        .collect();
    let of_rules = fired
        .into_iter()
        .map(|(one, two)| vec![one.rule.clone(), most(one), most(two)]);
    table(
        &["rule", "most alerts: A", "most alerts: B"],
        of_rules.collect(),
        2,
    )
}

/// Which rules a table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    All,
    Fired,
}

/// The rules of both blocks, each block with its sum, and an empty row between them.
fn rows(
    sides: &[&Side],
    which: Which,
    cells: impl Fn(&[&Figures]) -> Vec<String>,
) -> Vec<Vec<String>> {
    let of_groups: Vec<&Block> = sides.iter().map(|side| &side.groups).collect();
    let of_contacts: Vec<&Block> = sides.iter().map(|side| &side.contacts).collect();
    let both = [
        ("all about groups", of_groups),
        ("all about contacts", of_contacts),
    ];
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (name, blocks) in both {
        let count = blocks.first().map_or(0, |block| block.rules.len());
        let of_rules = (0..count).map(|place| blocks.iter().map(move |it| &it.rules[place]));
        let mut lines: Vec<Vec<&Figures>> = of_rules.map(Iterator::collect).collect();
        lines.retain(|line| which == Which::All || line.iter().any(|it| it.fired > 0));
        let row = |title: &str, line: &[&Figures]| {
            let title = [title.to_owned()].into_iter();
            title.chain(cells(line)).collect::<Vec<_>>()
        };
        if !rows.is_empty() && !lines.is_empty() {
            rows.push(Vec::new());
        }
        rows.extend(lines.iter().map(|line| row(&line[0].rule, line)));
        if lines.len() > 1 {
            let all: Vec<&Figures> = blocks.iter().map(|block| &block.all).collect();
            rows.push(row(name, &all));
        }
    }
    rows
}

/// The last `texts` columns hold text, the others but the first numbers.
fn table(header: &[&str], rows: Vec<Vec<String>>, texts: usize) -> String {
    let mut table = plain_table();
    table.set_header(header);
    for mut row in rows {
        row.resize(header.len(), String::new());
        table.add_row(row);
    }
    let numbers = header.len() - texts;
    for column in table.column_iter_mut().take(numbers).skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    if table.row_count() == 0 {
        return String::new();
    }
    table.trim_fmt()
}

fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table
}

fn fired(it: &Figures) -> String {
    match it.fired == 0 && !it.enabled {
        true => "off".to_owned(),
        false => number(it.fired),
    }
}

fn number(count: usize) -> String {
    thousands(count as u64)
}

/// How much more two is than one: `+3`.
fn more(one: usize, two: usize) -> String {
    let size = number(one.abs_diff(two));
    match two.cmp(&one) {
        std::cmp::Ordering::Less => format!("-{size}"),
        std::cmp::Ordering::Equal => size,
        std::cmp::Ordering::Greater => format!("+{size}"),
    }
}

/// The same of what is no count. `size` writes a difference without its sign.
fn difference(one: Option<f64>, two: Option<f64>, size: impl Fn(f64) -> String) -> String {
    let Some(more) = one.zip(two).map(|(one, two)| two - one) else {
        return ABSENT.to_owned();
    };
    let size = size(more);
    match size == "0.00" || size == "0s" {
        true => "0".to_owned(),
        false if more < 0.0 => format!("-{size}"),
        false => format!("+{size}"),
    }
}

fn rate(rate: Option<f64>) -> String {
    rate.map_or_else(|| ABSENT.to_owned(), |rate| format!("{rate:.2}"))
}

fn seconds(length: Option<f64>) -> String {
    let length = length.and_then(|length| Duration::try_from_secs_f64(length.round()).ok());
    length.map_or_else(|| ABSENT.to_owned(), |length| duration(length.as_secs()))
}

fn duration(seconds: u64) -> String {
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}

/// `queue:billing 3, queue:chat 1`.
fn most(it: &Figures) -> String {
    let most = it.most.iter();
    let most = most.map(|group| format!("{} {}", group.subject, number(group.fired)));
    most.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_is_for_those_who_ask_and_for_locales_of_other_encodings() {
        let table: [(&[(&str, &str)], Signs); 7] = [
            (&[], Signs::Unicode),
            (&[("LANG", "de_DE.UTF-8")], Signs::Unicode),
            (&[("LANG", "C.utf8")], Signs::Unicode),
            (&[("LANG", "C")], Signs::Ascii),
            (&[("LANG", "de_DE.ISO-8859-1")], Signs::Ascii),
            (
                &[("LC_ALL", ""), ("LC_CTYPE", "C.UTF-8"), ("LANG", "C")],
                Signs::Unicode,
            ),
            (&[("LC_ALL", "POSIX"), ("LANG", "C.UTF-8")], Signs::Ascii),
        ];
        for (variables, expected) in table {
            let environment: Environment = variables.iter().copied().collect();
            assert_eq!(Signs::of(false, &environment), expected, "{variables:?}");
            assert_eq!(Signs::of(true, &environment), Signs::Ascii);
        }
    }

    #[test]
    fn differences_have_a_sign() {
        assert_eq!([more(3, 5), more(5, 3), more(3, 3)], ["+2", "-2", "0"]);
        let of = |one, two| difference(one, two, |it| seconds(Some(it.abs())));
        let lengths = [(0.0, 30.0), (120.0, 30.0), (5.0, 5.0)];
        let lengths = lengths.map(|(one, two)| of(Some(one), Some(two)));
        assert_eq!(lengths, ["+30s", "-1m 30s", "0"]);
        assert_eq!(of(None, Some(5.0)), "-");
        let size = |it: f64| format!("{:.2}", it.abs());
        assert_eq!(difference(Some(0.101), Some(0.1), size), "0");
    }
}
