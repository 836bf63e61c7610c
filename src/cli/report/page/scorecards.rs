//! Scorecards on the page: each measure with its interval beside the median of the peers.

use maud::{Markup, html};

use super::super::{
    desk::{self, Desk, Room, arrow, value},
    number::thousands,
};
use floorwalker_core::balance::Measured;

/// Rows of all tables together: more make a page slow, and the CSV has all of them.
const ROWS_MAX: usize = 600;

pub(super) fn scorecards(desks: &[Desk]) -> Markup {
    let mut rows_left = ROWS_MAX;
    let mut rooms = desk::rooms(desks);
    for room in &mut rooms {
        room.desks.truncate(rows_left);
        rows_left -= room.desks.len();
    }
    rooms.retain(|room| !room.desks.is_empty());
    if rooms.is_empty() {
        return html! {};
    }
    html! {
        p .quiet {
                "Each agent beside the others in the same queue and channel. The dot is the agent's figure, the bar its 95 % interval, the "
                "upright line the median of the peers; where intervals overlap the median, there is no telling. The arrow is the trend "
                "against the agent's own baseline, where it is sure to 95 %. Too few cases have neither place nor trend. No figure is a grade."
                @if desks.len() > ROWS_MAX { " These are the first " (ROWS_MAX) " of " (thousands(desks.len())) "; `--csv` has all." }
            }
        @for room in &rooms { (table(room)) }
    }
}

fn table(room: &Room<'_>) -> Markup {
    let columns = room.columns();
    html! {
        h3 { (room.title()) }
        div .wide {
            table .sortable {
                thead { tr {
                    th scope="col" .name { "Agent" }
                    @for (_, name) in &columns { th scope="col" { (name) } }
                } }
                tbody {
                    @for desk in &room.desks {
                        tr {
                            th scope="row" { (desk.agent) }
                            @for (name, _) in &columns { (cell(name, desk.measures.get(*name), highest(room, name))) }
                        }
                    }
                }
            }
        }
        @for (agent, sentence) in room.guards() { p .missed { (agent) ": " (sentence) "." } }
    }
}

/// The right end of the scale: of shares 1, of durations what the longest interval reaches.
fn highest(room: &Room<'_>, measure: &str) -> f64 {
    if measure != "aht" {
        return 1.0;
    }
    let measured = room
        .desks
        .iter()
        .filter_map(|desk| desk.measures.get(measure));
    let ends = measured.filter_map(|it| Some(it.interval?.1.max(it.peers.median.unwrap_or(0.0))));
    ends.fold(f64::MIN_POSITIVE, f64::max)
}

fn cell(measure: &str, measured: Option<&Measured>, highest: f64) -> Markup {
    let shown = measured.and_then(|it| Some((it, it.value?)));
    let Some((it, own)) = shown else {
        return html! { td { "–" } };
    };
    let at = |value: f64| format!("{:.1}", (value / highest).clamp(0.0, 1.0) * 100.0);
    html! {
        td data-v=(own) {
            (value(measure, Some(own))) " " (arrow(&it.trend))
            svg .whisker viewBox="-2 0 104 10" preserveAspectRatio="none" aria-hidden="true" {
                line x1="0" x2="100" y1="5" y2="5" {}
                @if let Some((low, high)) = it.interval {
                    rect x=(at(low)) y="2.5" width=(format!("{:.1}", (high.min(highest) - low.max(0.0)).max(0.0) / highest * 100.0))
                        height="5" rx="1" {}
                }
                @if let Some(median) = it.peers.median {
                    line .median x1=(at(median)) x2=(at(median)) y1="0" y2="10" {}
                }
                circle cx=(at(own)) cy="5" r="2.6" {}
            }
            small .quiet { (words(measure, it)) }
        }
    }
}

/// `of 120 · peers 290.0 · place 0.40`.
fn words(measure: &str, it: &Measured) -> String {
    let mut words = format!("of {}", thousands(it.n));
    if let Some(median) = it.peers.median {
        words += &format!(" · peers {}", value(measure, Some(median)));
    }
    if let Some(place) = it.peers.place {
        words += &format!(" · place {place:.2}");
    }
    words
}
