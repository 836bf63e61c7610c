//! The report as one page of HTML that needs nothing else: no font, no network, and a script only to sort tables.

mod cell;
mod chart;
mod scorecards;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    Kind, Kpis, Record, Report, events, first_contact, handle_time,
    history::Course,
    hours::Hours,
    number::{self, percent, seconds, thousands},
    policies_of, satisfaction, waits,
};
use floorwalker_core::kpi::Ratio;

const STYLE: &str = include_str!("style.css");
/// Sorts tables. The page allows no other script.
const SCRIPT: &str = include_str!("sort.js");
/// `openssl dgst -sha256 -binary sort.js | base64`: with another the tables don't sort, and a test fails.
const SCRIPT_SHA256: &str = "xT2VQ5gISkfZj/RnXDxChg0S93PWG3sUEFw9bYZOLDk=";
/// More rows than this make a page slow; the CSV has all of them.
const ROWS_MAX: usize = 1_000;

/// Renders all of it.
///
/// # Errors
/// When a chart can't be drawn.
pub(in crate::cli) fn page(report: &Report<'_>) -> anyhow::Result<String> {
    let all = report.records.iter().find(|record| record.entity == "all");
    let parts = parts(report)?;
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{SCRIPT_SHA256}'"
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Contact center report: " (report.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "Contact center report" }
                    p .quiet { (report.title) }
                }
                main {
                    @if let Some(Record { kpis, .. }) = all { (tiles(report, kpis)) }
                    @else { p { "There is nothing to count." } }
                    @if parts.len() > 1 { (contents(&parts)) }
                    @for part in &parts { section id=(part.id) { h2 { (part.title) } (part.body) } }
                }
                (footer(report))
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Ok(page.into_string())
}

/// A section of the page.
struct Part {
    id: &'static str,
    title: &'static str,
    body: Markup,
}

/// Those that have anything in them.
fn parts(report: &Report<'_>) -> anyhow::Result<Vec<Part>> {
    let bodies = [
        ("service-level", "Service level over time", levels(report)?),
        (
            "resolution",
            "First-contact resolution over time",
            resolution(report)?,
        ),
        ("queues", Kind::Queue.plural(), table(report, Kind::Queue)),
        ("agents", Kind::Agent.plural(), table(report, Kind::Agent)),
        (
            "scorecards",
            "Scorecards",
            scorecards::scorecards(report.scorecards),
        ),
        ("hours", "Hours of the week", hours(report)),
        ("alerts", "Alerts", alerts(report)),
        ("left-out", "Left out", rejections(report)),
    ];
    let parts = bodies
        .into_iter()
        .map(|(id, title, body)| Part { id, title, body });
    Ok(parts.filter(|part| !part.body.0.is_empty()).collect())
}

fn contents(parts: &[Part]) -> Markup {
    html! {
        nav aria-label="Contents" {
            ul { @for part in parts { li { a href=(format!("#{}", part.id)) { (part.title) } } } }
        }
    }
}

/// One figure, large, and what belongs to it.
fn tile(name: &str, figure: &str, rest: &Markup) -> Markup {
    html! { li { span .quiet { (name) } strong { (figure) } (rest) } }
}

fn tiles(report: &Report<'_>, kpis: &Kpis) -> Markup {
    let text = |text: &str| html! { small .quiet { (text) } };
    let unit = |value: Option<f64>| match value {
        Some(_) => format!("{} s", seconds(value)),
        None => seconds(value),
    };
    let fcr = match kpis.fcr.ratio.value {
        Some(_) => first_contact(kpis),
        None => format!("{} without a customer", thousands(kpis.fcr_no_customer)),
    };
    html! {
        ul .tiles {
            (tile("Waits", &thousands(kpis.offered), &text(&waits(kpis))))
            @for (policy, compliance) in kpis.sla.iter() {
                (tile(&format!("SLA {policy}"), &percent(compliance.ratio.value), &verdict(report, policy, kpis)))
            }
            (tile("Speed of answer", &unit(kpis.asa.mean), &text(&number::mean(kpis.asa.n, kpis.asa.mean, &kpis.asa.percentiles))))
            (tile("Handle time", &unit(kpis.aht.mean), &text(&handle_time(kpis))))
            (tile("First-contact resolution", &percent(kpis.fcr.ratio.value), &text(&fcr)))
            (tile("Said resolved", &percent(kpis.resolved_said.value), &text(&number::share(&kpis.resolved_said))))
            (tile("Satisfaction", &number::score(kpis.csat.mean, report.scales.only()),
                &text(&satisfaction(kpis, report.scales.only()))))
        }
    }
}

/// Whether the target was met, in words, and the numbers behind it.
fn verdict(report: &Report<'_>, policy: &str, kpis: &Kpis) -> Markup {
    let Some(compliance) = kpis.sla.get(policy) else {
        return html! {};
    };
    let target = report.target(policy).zip(compliance.ratio.value);
    html! {
        @if let Some((target, value)) = target {
            @let (class, word) = if value >= target { ("met", "met") } else { ("missed", "missed") };
            span class=(class) { "target " (percent(Some(target))) " " (word) }
        }
        small .quiet { (number::share(&compliance.ratio)) "; " (thousands(compliance.excluded)) " excluded" }
    }
}

/// What shares over time are.
#[derive(Debug, Clone, Copy)]
struct Title {
    share: &'static str,
    is: &'static str,
    /// Numerator and denominator.
    columns: [&'static str; 2],
}

fn levels(report: &Report<'_>) -> anyhow::Result<Markup> {
    let title = Title {
        share: "Service level",
        is: "Met of all decided, by the time of the decision",
        columns: ["Met", "Decided"],
    };
    courses(report, title, report.history.levels())
}

fn resolution(report: &Report<'_>) -> anyhow::Result<Markup> {
    let title = Title {
        share: "First-contact resolution",
        is: "Resolved of all ended contacts of known customers, by the time of the end",
        columns: ["Resolved", "Ended"],
    };
    courses(report, title, report.history.resolution())
}

fn courses(report: &Report<'_>, title: Title, course: Option<Course>) -> anyhow::Result<Markup> {
    let Some(course) = course else {
        return Ok(html! {});
    };
    let lines = course.shares_by_name.iter();
    let charts = lines.map(|(name, shares)| {
        let target = report.target(name);
        let line = chart::Line {
            name,
            course: &course,
            shares,
            target,
        };
        Ok(html! {
            h3 { (name) }
            figure {
                (chart::chart(line)?)
                figcaption {
                    (title.is) ", each point " (course.step_name)
                    "; the band is the 95 % interval"
                    @if let Some(target) = target { "; the broken line is the target, " (percent(Some(target))) }
                    (partly(&course)) "."
                }
            }
            (points(title, line))
        })
    });
    let charts = charts.collect::<anyhow::Result<Vec<Markup>>>()?;
    Ok(html! {
        @for chart in charts { (chart) }
    })
}

/// The last point, if it is of a step that goes on.
fn partly(course: &Course) -> String {
    course.partial().map_or_else(String::new, |until| {
        format!("; the shaded last point is not whole: it ends at {until}")
    })
}

/// The figures of a chart.
fn points(title: Title, line: chart::Line<'_>) -> Markup {
    html! {
        details {
            summary { "The figures of " (line.name) }
            div .wide {
                table {
                    thead { tr { th scope="col" .name { "From, UTC" } @for column in title.columns { th scope="col" { (column) } }
                        th scope="col" { (title.share) } th scope="col" { "95 % interval" } } }
                    tbody {
                        @for (index, share) in line.shares.iter().enumerate() {
                            tr {
                                th scope="row" { (line.course.label(index)) }
                                td { (thousands(share.num)) } td { (thousands(share.den)) }
                                td { (percent(share.value)) }
                                td { @if let Some((low, high)) = share.interval {
                                    (percent(Some(low))) " – " (percent(Some(high))) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Queues or agents; of too many, those with the most engagements.
fn table(report: &Report<'_>, of: Kind) -> Markup {
    let mut rows = report.rows(of);
    let all = rows.len();
    if all > ROWS_MAX {
        rows.sort_by_key(|(_, kpis)| std::cmp::Reverse(kpis.handled));
        rows.truncate(ROWS_MAX);
        rows.sort_by_key(|(name, _)| *name);
    }
    if rows.is_empty() {
        return html! {};
    }
    let policies = policies_of(&rows);
    html! {
        p .quiet {
                "A dot is a share on a scale from 0 to 100 %, the bar around it the 95 % interval. Broken lines are the median and the "
                "90th percentile of handle times; the paler last bar has all that are longer."
                @if all > ROWS_MAX { " These are the " (ROWS_MAX) " with the most engagements of " (thousands(all)) "; `--csv` has all." }
            }
        div .wide {
            table .sortable {
                (head(report, of, &policies))
                tbody { @for (name, kpis) in &rows { (row(report, of, name, kpis, &policies)) } }
            }
        }
    }
}

fn head(report: &Report<'_>, of: Kind, policies: &[&str]) -> Markup {
    let mut header = of.header();
    let name = header.remove(0);
    html! {
        thead {
            tr {
                th scope="col" .name { (name) }
                @for count in header { th scope="col" { (count) } }
                @if let Some(bins) = report.history.bins() {
                    th scope="col" .name { (super::distribution_header(bins)) }
                }
                @else { th scope="col" .name { "Handle time" } }
                @for policy in policies { th scope="col" { "SLA " (policy) } }
                @for text in ["First-contact resolution", "Said resolved", "Speed of answer s", "CSAT"] { th scope="col" { (text) } }
            }
        }
    }
}

fn row(report: &Report<'_>, of: Kind, name: &str, kpis: &Kpis, policies: &[&str]) -> Markup {
    let entity = format!("{}{name}", of.prefix());
    let aht = &kpis.aht;
    html! {
        tr {
            th scope="row" { (name) }
            @for count in of.counts(kpis) { td data-v=(count) { (thousands(count)) } }
            @if let Some(bins) = report.history.bins() {
                (cell::distribution(&report.history.distribution(&entity, bins), bins, aht))
            } @else { td .text data-v=[aht.mean] { (number::mean(aht.n, aht.mean, &aht.percentiles)) } }
            @for policy in policies {
                (cell::share(kpis.sla.get(policy).map(|it| &it.ratio)))
            }
            (cell::share(Some(&kpis.fcr.ratio)))
            (cell::share(Some(&kpis.resolved_said)))
            td data-v=[kpis.asa.mean] { (seconds(kpis.asa.mean)) }
            td data-v=[kpis.csat.mean] { (number::score(kpis.csat.mean, report.scales.only())) }
        }
    }
}

fn hours(report: &Report<'_>) -> Markup {
    let Some(waits) = report.history.waits_by_hour() else {
        return html! {};
    };
    let most = waits.values().max().copied().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    let waits = week("Waits that began", &waits, |count, when| {
        let tone = *count as f64 / most.max(1) as f64;
        let text = thousands(*count);
        cell::tone(tone, &text, &format!("{when}: {text} waits"))
    });
    let policies = report.history.policies();
    html! {
        p .quiet { "Times are " (report.history.zone_name()) ". An empty cell is an hour outside of what was read." }
        (waits)
        @for policy in policies {
            @if let Some(shares) = report.history.shares_by_hour(policy) { (shares_of_week(policy, &shares)) }
        }
    }
}

fn shares_of_week(policy: &str, shares: &Hours<Ratio>) -> Markup {
    let caption = format!("SLA {policy}: met of all decided, %");
    week(&caption, shares, |share, when| match share.value {
        Some(value) => {
            let counts = format!("{} of {}", thousands(share.num), thousands(share.den));
            let title = format!("{when}: {}, {counts}", percent(Some(value)));
            cell::tone(value, &format!("{:.0}", value * 100.0), &title)
        }
        None => html! { td title=(format!("{when}: nothing was decided")) {} },
    })
}

/// A table of hours by weekdays.
fn week<T>(caption: &str, hours: &Hours<T>, cell: impl Fn(&T, &str) -> Markup) -> Markup {
    html! {
        div .wide {
            table .heat {
                caption { (caption) }
                thead { tr { th scope="col" .name { "Day" } @for hour in 0..24 { th scope="col" { (hour) } } } }
                tbody {
                    @for (weekday, day) in hours.days() {
                        tr {
                            th scope="row" { (weekday) }
                            @for (hour, value) in day.iter().enumerate() {
                                @if let Some(value) = value { (cell(value, &format!("{weekday} {hour}:00"))) }
                                @else { td {} }
                            }
                        }
                    }
                }
            }
        }
        br;
    }
}

fn alerts(report: &Report<'_>) -> Markup {
    html! {
        @if !report.fired.is_empty() {
            p .quiet { "What fired, by rule, and how many of it still fire at the end." }
            div .wide {
                table {
                    thead { tr { th scope="col" .name { "Rule" } th scope="col" { "Fired" } th scope="col" { "Still firing" } } }
                    tbody {
                        @for it in report.fired {
                            tr { th scope="row" { (it.rule) } td { (thousands(it.fired)) } td { (thousands(it.still_firing)) } }
                        }
                    }
                }
            }
        }
    }
}

fn rejections(report: &Report<'_>) -> Markup {
    html! {
        @if !report.rejected.is_empty() {
            p .quiet { "What could not be used, and the first of each kind." }
            div .wide {
                table {
                    thead { tr { th scope="col" .name { "Reason" } th scope="col" { "Count" }
                        th scope="col" .name { "First" } th scope="col" .name { "Because" } } }
                    tbody {
                        @for it in report.rejected {
                            tr { th scope="row" { (it.reason) } td { (thousands(it.count)) }
                                td .text { (it.first) }
                                td .text { (it.sentence) @if let Some(hint) = it.hint { "; " (hint) } } }
                        }
                    }
                }
            }
        }
    }
}

fn footer(report: &Report<'_>) -> Markup {
    html! {
        footer .quiet {
            p { (events(&report.counters)) "; " (thousands(report.contacts)) " contacts." }
            @for sentence in report.differences() { p { (sentence) } }
            p { "Shares, means and percentiles are those of the KPI records; what is drawn over time, by hour and one by one is "
                "summed from the contact records. A dash is what nobody knows." }
        }
    }
}
