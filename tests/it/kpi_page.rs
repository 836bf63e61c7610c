//! What `/metrics/kpi` has series of, and what not.

use floorwalker::{
    kafka::{FollowEvent, FollowedRecord, topics::Topic},
    serve::{Configured, KpiPage, MetricsSettings, ReadModel, ServeSettings},
};
use floorwalker_core::{
    event::{QueueId, TeamId, Timestamp},
    kpi::{Place, Places},
};
use serde_json::{Value, json};

const ALERT: &str = include_str!("../data/alert-record.json");

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn apply(model: &ReadModel, topic: Topic, key: &str, record: &Value) {
    model.handle(&FollowEvent::Record(FollowedRecord {
        topic,
        partition: 0,
        offset: 0,
        key: key.as_bytes(),
        payload: Some(record.to_string().as_bytes()),
        written_at: at("2026-11-22T10:00:00Z"),
    }));
}

/// Of a queue: how many waits a day, an hour and half an hour had, how many wait, and the clock.
fn queue(model: &ReadModel, name: &str, offered: [i64; 3], waiting: i64, clock: &str) {
    for (window, waits) in ["24h", "1h", "30m"].into_iter().zip(offered) {
        let record = json!({
            "entity": format!("queue:{name}"), "window": window, "clock": clock,
            "kpis": {
                "offered": waits, "handled": 0,
                "sla": {"voice answer": {"met": waits, "missed": 0, "value": 1.0, "interval": [0.5, 1.0]}},
                "live": {"waiting": waiting, "longest_wait": null, "at_risk": 0},
            },
        });
        apply(
            model,
            Topic::Kpis,
            &format!("queue:{name}/{window}"),
            &record,
        );
    }
}

const NOW: &str = "2026-11-22T10:00:00Z";

fn render(
    model: &ReadModel,
    metrics: MetricsSettings,
    query: Option<&str>,
) -> Result<String, String> {
    let page = KpiPage {
        model,
        settings: &ServeSettings {
            metrics,
            ..ServeSettings::default()
        },
        configured: &Configured::default(),
        now: at(NOW),
    };
    page.render(query)
}

/// The queues that have a clock.
fn shown(page: &str) -> Vec<&str> {
    let clocks = page.lines().filter_map(|line| {
        let rest =
            line.strip_prefix("floorwalker_kpi_clock_timestamp_seconds{kind=\"queue\",name=\"")?;
        rest.split('"').next()
    });
    clocks.collect()
}

fn model() -> ReadModel {
    let model = ReadModel::new(&ServeSettings::default());
    queue(&model, "busy", [90, 9, 4], 0, NOW);
    queue(&model, "misspelt", [0, 0, 0], 0, NOW);
    queue(&model, "dead", [7, 0, 0], 0, "2026-11-20T10:00:00Z");
    queue(&model, "night", [3, 0, 0], 0, NOW);
    queue(&model, "stuck", [0, 0, 0], 1, NOW);
    model
}

#[test]
fn queues_idle_for_a_day_have_no_series_unless_somebody_waits() {
    let page = render(&model(), MetricsSettings::default(), None).unwrap();
    assert_eq!(shown(&page), ["busy", "night", "stuck"]);
}

#[test]
fn queues_where_somebody_waits_come_first_then_the_busiest() {
    let model = model();
    let most = |entities_max| MetricsSettings {
        entities_max,
        ..MetricsSettings::default()
    };
    let two = render(&model, most(2), None).unwrap();
    assert_eq!(shown(&two), ["busy", "stuck"]);
    assert!(
        two.contains("floorwalker_kpi_hidden_entities{kind=\"queue\"} 1"),
        "{two}"
    );
    assert_eq!(shown(&render(&model, most(1), None).unwrap()), ["stuck"]);
}

#[test]
fn windows_are_those_of_the_request_or_of_the_settings() {
    let model = model();
    let windows = |query| {
        let page = render(&model, MetricsSettings::default(), query).unwrap();
        let of = |window: &&&str| page.contains(&format!("window=\"{window}\""));
        let found: Vec<_> = ["30m", "1h", "24h"].iter().filter(of).copied().collect();
        found
    };
    assert_eq!(windows(None), ["30m"]);
    assert_eq!(windows(Some("window=1h&window=24h")), ["1h", "24h"]);
    let wrong = |query| render(&model, MetricsSettings::default(), Some(query)).unwrap_err();
    assert_eq!(
        wrong("window=2h"),
        "there is no window `2h`; there are 1h, 24h, 30m"
    );
    assert!(
        wrong("windows=1h").contains("?window=1h"),
        "{}",
        wrong("windows=1h")
    );
}

#[test]
fn alerts_are_counted_by_queues_that_have_series_and_by_who_took_them_up() {
    let model = model();
    for (number, name) in ["busy", "busy", "busy", "made-up-1", "made-up-2"]
        .iter()
        .enumerate()
    {
        let mut alert: Value = serde_json::from_str(ALERT).unwrap();
        alert["id"] = json!(format!("a{number}"));
        alert["queue"] = json!(name);
        alert["status"] = json!("firing");
        apply(&model, Topic::Alerts, &format!("a{number}"), &alert);
    }
    let ack = json!({"occurred_at": NOW, "by": "lea", "note": null});
    apply(&model, Topic::Acknowledgements, "a1", &ack);
    let page = render(&model, MetricsSettings::default(), None).unwrap();
    let count = |queue: &str, taken_up: bool| {
        let end = format!("queue=\"{queue}\",acknowledged=\"{taken_up}\",silenced=\"false\"}} ");
        let line = page.lines().find_map(|line| line.split_once(&end));
        line.map(|(_, count)| count.to_owned())
    };
    assert_eq!(count("busy", false).as_deref(), Some("2"));
    assert_eq!(count("busy", true).as_deref(), Some("1"));
    assert_eq!(count("(other)", false).as_deref(), Some("2"));
    assert_eq!(count("made-up-1", false), None);
}

#[test]
fn queues_have_the_team_and_site_of_the_settings_or_of_the_directory() {
    let model = model();
    let mut places = Places::default();
    for (queue, team) in [("busy", "north"), ("night", "north")] {
        let place = Place {
            team: Some(TeamId::new(team)),
            site: None,
        };
        places.set(&QueueId::new(queue), Timestamp::MIN, place);
    }
    let statement = json!({
        "subject": "queue:night", "valid_from": "2026-11-22T09:00:00Z", "team": "owls", "site": "oslo",
    });
    apply(&model, Topic::Directory, "queue:night", &statement);
    let page = KpiPage {
        model: &model,
        settings: &ServeSettings::default(),
        configured: &Configured {
            places,
            ..Configured::default()
        },
        now: at(NOW),
    };
    let page = page.render(None).unwrap();
    let infos = page.lines();
    let infos: Vec<_> = infos
        .filter_map(|line| line.strip_prefix("floorwalker_queue_info"))
        .collect();
    assert_eq!(
        infos,
        [
            r#"{kind="queue",name="busy",team="north",site=""} 1"#,
            r#"{kind="queue",name="night",team="owls",site="oslo"} 1"#,
            r#"{kind="queue",name="stuck",team="",site=""} 1"#,
        ]
    );
}

#[test]
fn targets_are_shown_beside_the_compliance() {
    let page = render(&model(), MetricsSettings::default(), None).unwrap();
    for line in [
        "floorwalker_sla_target_ratio{policy=\"email first_response\"} 1",
        "floorwalker_sla_promise_seconds{policy=\"email first_response\"} 86400",
        "floorwalker_longest_wait_promise_seconds{kind=\"queue\",name=\"busy\"} 20",
        "floorwalker_sla_upper_ratio{kind=\"queue\",name=\"busy\",window=\"30m\",policy=\"voice answer\"} 1",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
}
