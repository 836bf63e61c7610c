//! A scorecard in the shape of a KPI record, to lay beside the engine's.

use serde_json::{Map, Value, json};

use super::{Durations, Occupancy, Ratio, Recount, Resolutions, Scorecard, window::window_name};
use floorwalker_core::event::{Span, Timestamp};

impl Recount {
    /// Returns a record of every card, by entity and window.
    #[must_use]
    pub fn records(&self, clock: Timestamp) -> Vec<Value> {
        let record = |entity: &str, window: &str, card: &Scorecard| {
            json!({
                "entity": entity,
                "window": window,
                "clock": clock.to_string(),
                "kpis": kpis(card),
            })
        };
        let cards = self.cards.iter();
        let cards =
            cards.map(|((entity, window), card)| record(entity, &window_name(*window), card));
        let today = self.today.iter();
        let today = today.map(|(entity, card)| record(entity, "today", card));
        cards.chain(today).collect()
    }
}

fn kpis(card: &Scorecard) -> Value {
    let mut kpis = Map::new();
    let mut put = |name: &str, value: Value| kpis.insert(name.to_owned(), value);
    for (name, count) in [
        ("offered", card.offered),
        ("answered", card.answered),
        ("abandoned", card.abandoned),
        ("short_abandoned", card.short_abandoned),
        ("left", card.left),
        ("handled", card.handled),
        ("handled_outbound", card.handled_outbound),
        ("reopened", card.reopened),
        ("transferred", card.transferred),
        ("incomplete", card.incomplete),
        ("fcr_no_customer", card.fcr_no_customer),
    ] {
        put(name, json!(count));
    }
    let callbacks = card.callbacks;
    put(
        "callbacks",
        json!({
            "asked": callbacks.asked,
            "reached": callbacks.reached.n,
            "time": durations(callbacks.reached),
        }),
    );
    let outbound = card.outbound;
    put(
        "outbound",
        json!({
            "attempts": outbound.answered + outbound.silent + outbound.unreached,
            "answered": outbound.answered,
            "silent": outbound.silent,
            "unreached": outbound.unreached,
        }),
    );
    put("sla", sla(card));
    put("asa", durations(card.asa).into());
    put("aht", aht(card));
    put("fcr", resolutions(card.fcr));
    put("fcr_confirmed", resolutions(card.fcr_confirmed));
    put("resolved_said", ratio(card.resolved_said).into());
    put("frr", ratio(card.frr).into());
    put("transfer_rate", ratio(card.transfer_rate).into());
    put("offer_miss", ratio(card.offer_miss).into());
    put("csat_response", ratio(card.csat_response).into());
    put(
        "csat",
        json!({"n": card.csat.n, "mean": rounded(card.csat.mean), "low": ratio(card.csat.low)}),
    );
    if let Some(abandonment) = card.abandonment {
        put("abandonment", ratio(abandonment).into());
    }
    if let Some(live) = card.live {
        put(
            "live",
            json!({
                "waiting": live.waiting,
                "longest_wait": rounded(live.longest_wait),
                "at_risk": live.at_risk,
            }),
        );
    }
    put("occupancy", card.occupancy.as_ref().map(occupancy).into());
    put("concurrency", rounded(card.concurrency));
    kpis.into()
}

fn occupancy(it: &Occupancy) -> Value {
    let seconds = |span: Span| rounded(Some(span.as_secs()));
    let away = it.away.iter();
    let away: Map<String, Value> = away
        .map(|(reason, time)| (reason.clone(), seconds(*time)))
        .collect();
    json!({
        "value": rounded(it.value()),
        "occupied": seconds(it.occupied),
        "available": seconds(it.available),
        "away": away,
    })
}

fn sla(card: &Scorecard) -> Value {
    let policy = |(name, sla): (&String, &super::Sla)| {
        let mut shown = ratio(sla.compliance());
        shown.insert("met".to_owned(), json!(sla.met));
        shown.insert("missed".to_owned(), json!(sla.missed));
        shown.insert("excluded".to_owned(), json!(sla.excluded));
        (name.clone(), Value::from(shown))
    };
    card.sla.iter().map(policy).collect::<Map<_, _>>().into()
}

fn aht(card: &Scorecard) -> Value {
    let mut shown = durations(card.aht.handle);
    for (name, mean) in [
        ("talk", card.aht.talk),
        ("hold", card.aht.hold),
        ("wrap", card.aht.wrap),
        ("hold_when_held", card.aht.hold_when_held),
    ] {
        shown.insert(name.to_owned(), rounded(mean));
    }
    shown.insert("held".to_owned(), json!(card.aht.held));
    shown.into()
}

fn durations(durations: Durations) -> Map<String, Value> {
    Map::from_iter([
        ("n".to_owned(), json!(durations.n)),
        ("mean".to_owned(), rounded(durations.mean)),
        ("p50".to_owned(), rounded(durations.p50)),
        ("p90".to_owned(), rounded(durations.p90)),
        ("p99".to_owned(), rounded(durations.p99)),
    ])
}

fn resolutions(resolutions: Resolutions) -> Value {
    let mut shown = ratio(resolutions.ratio());
    shown.insert("resolved".to_owned(), json!(resolutions.resolved));
    shown.insert("repeated".to_owned(), json!(resolutions.repeated));
    shown.insert("unresolved".to_owned(), json!(resolutions.unresolved));
    shown.into()
}

fn ratio(ratio: Ratio) -> Map<String, Value> {
    let interval = (ratio.interval()).map(|(low, high)| [rounded(Some(low)), rounded(Some(high))]);
    Map::from_iter([
        ("value".to_owned(), rounded(ratio.value())),
        ("num".to_owned(), json!(ratio.num)),
        ("den".to_owned(), json!(ratio.den)),
        ("interval".to_owned(), json!(interval)),
    ])
}

/// Six decimals; absent is null.
fn rounded(value: Option<f64>) -> Value {
    json!(value.map(|value| (value * 1e6).round() / 1e6))
}
