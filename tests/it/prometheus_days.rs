//! The shipped rules over whole days of the simulator: its events go through the engine, its records through the page that Prometheus
//! scrapes, and the page's series, minute by minute, through promtool.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
    sync::Arc,
};

use floorwalker::{
    kafka::{FollowEvent, FollowedRecord, topics::Topic},
    serve::{Configured, KpiPage, ReadModel, ServeSettings},
};
use floorwalker_core::{
    engine::{InputId, OutTopic, Output, Settings, Source, SourceClock, TaskId},
    event::{Span, Timestamp},
    local::Cluster,
};
use floorwalker_simulator::{Incident, IncidentKind, World, WorldSettings};
use serde_json::{Value, json};

const MINUTE: Span = Span::from_secs(60);
const HOUR: Span = Span::from_secs(3_600);
const LENGTH: Span = Span(5 * HOUR.0);
const INPUT: InputId = InputId {
    source: 0,
    partition: 0,
};

/// By series, its value at each sample.
#[derive(Default)]
pub(crate) struct Samples {
    by_series: BTreeMap<String, Vec<Option<String>>>,
    taken: usize,
}

impl Samples {
    /// Adds a page's samples of the series that the rules read; `label` is further labels of them.
    pub(crate) fn take(&mut self, pages: &[(&str, String)], named: &BTreeSet<String>) {
        for (label, page) in pages {
            let lines = page.lines().filter(|line| !line.starts_with('#'));
            for (series, value) in lines.filter_map(|line| line.rsplit_once(' ')) {
                let name = series.split('{').next().unwrap_or_default();
                if !named.contains(name) {
                    continue;
                }
                let values = self.by_series.entry(labelled(series, label)).or_default();
                values.resize(self.taken, None);
                values.push(Some(value.to_owned()));
            }
        }
        self.taken += 1;
    }

    /// In promtool's notation: `_` where there was none.
    fn input_series(&self) -> Vec<Value> {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "_".to_owned());
        let series = self.by_series.iter().map(|(series, values)| {
            let mut values = values.clone();
            values.resize(self.taken, None);
            let values: Vec<_> = values.iter().map(text).collect();
            json!({"series": series, "values": values.join(" ")})
        });
        series.collect()
    }
}

fn labelled(series: &str, label: &str) -> String {
    match (series.strip_suffix('}'), label) {
        (_, "") => series.to_owned(),
        (Some(open), label) => format!("{open},{label}}}"),
        (None, label) => format!("{series}{{{label}}}"),
    }
}

/// The names of all series in the rules.
pub(crate) fn series_of_the_rules() -> BTreeSet<String> {
    let rules = fs::read_to_string("deploy/prometheus/rules.yaml").unwrap();
    let words = rules.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let words = words.filter(|word| word.starts_with("floorwalker_"));
    words.map(str::to_owned).collect()
}

/// The rules that fired at any time, as promtool finds them, of those named.
pub(crate) fn fired(
    samples: &Samples,
    interval: &str,
    minutes: usize,
    rules: &[&str],
) -> Vec<String> {
    let fires = |rule: &&&str| {
        let expected = json!({
            "expr": format!("count(count_over_time(ALERTS{{alertname=\"{rule}\",alertstate=\"firing\"}}[{minutes}m]))"),
            "eval_time": format!("{minutes}m"),
            "exp_samples": [],
        });
        let file = json!({
            "rule_files": [Path::new("deploy/prometheus/rules.yaml").canonicalize().unwrap()],
            "evaluation_interval": interval,
            "tests": [{
                "interval": interval,
                "input_series": samples.input_series(),
                "promql_expr_test": [expected],
            }],
        });
        !passes(&file)
    };
    rules
        .iter()
        .filter(fires)
        .map(|rule| (*rule).to_owned())
        .collect()
}

/// Returns whether promtool's test passes; any other output is an error.
fn passes(file: &Value) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("day.yaml");
    fs::write(&path, file.to_string()).unwrap();
    let output = Command::new("promtool")
        .args(["test", "rules"])
        .arg(&path)
        .output();
    let output = output.expect("promtool (Debian: apt install prometheus)");
    let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let failed = printed.contains("got:");
    assert_eq!(output.status.success(), !failed, "promtool: {printed}");
    !failed
}

const OF_QUEUES: [&str; 5] = [
    "ServiceLevelLow",
    "ServiceLevelBurn",
    "LongWait",
    "AbandonmentHigh",
    "ManyEscalations",
];
/// As the shipped Prometheus asks.
const WINDOWS: &str = "window=5m&window=30m&window=1h&window=today";

fn settings() -> Arc<Settings> {
    Arc::new(Settings {
        tasks: 1,
        sources: vec![Source {
            topic: "events".to_owned(),
            clock: SourceClock::Wall,
            format: floorwalker_core::decode::Format::Json,
            lateness: None,
        }],
        ..Settings::default()
    })
}

/// Returns the page's samples of each minute of a day with this load for each agent and these incidents.
fn day(load: f64, incidents: Vec<Incident>) -> Samples {
    let mut plan = WorldSettings::new(120, LENGTH);
    plan.incidents = incidents;
    plan.desks.iter_mut().for_each(|desk| desk.load *= load);
    let start = plan.start;
    let mut world = World::new(plan, 5).peekable();
    let settings = settings();
    let configured = Configured {
        contact: settings.contact.clone(),
        ..Configured::default()
    };
    let mut cluster = Cluster::new(&settings, start).unwrap();
    cluster.add_input(INPUT);
    let serve = ServeSettings::default();
    let model = ReadModel::new(&serve);
    model.handle(&FollowEvent::CaughtUp);
    let (named, mut samples) = (series_of_the_rules(), Samples::default());
    let mut now = start;
    while now < start + LENGTH {
        now = now + MINUTE;
        while let Some(delivery) = world.next_if(|delivery| delivery.at <= now) {
            cluster.feed(INPUT, delivery.payload);
        }
        cluster.wall = now;
        while cluster.advance(TaskId(0), 100_000).unwrap() {}
        for (_, output) in std::mem::take(&mut cluster.outputs) {
            apply(&model, &output, now);
        }
        let page = KpiPage {
            model: &model,
            settings: &serve,
            configured: &configured,
            now,
        };
        samples.take(&[("", page.render(Some(WINDOWS)).unwrap())], &named);
    }
    samples
}

fn apply(model: &ReadModel, output: &Output, now: Timestamp) {
    let topic = match output.topic {
        OutTopic::Kpis => Topic::Kpis,
        OutTopic::Alerts => Topic::Alerts,
        OutTopic::Contacts
        | OutTopic::Scorecards
        | OutTopic::Recognitions
        | OutTopic::DeadLetters => return,
    };
    model.handle(&FollowEvent::Record(FollowedRecord {
        topic,
        partition: 0,
        offset: 0,
        key: output.key.as_deref().unwrap_or_default(),
        payload: output.payload.as_deref(),
        written_at: now,
    }));
}

fn fired_in(samples: &Samples) -> Vec<String> {
    let minutes = usize::try_from(LENGTH.0 / MINUTE.0).unwrap();
    assert!(samples.by_series.len() > 50, "{}", samples.by_series.len());
    fired(samples, "1m", minutes, &OF_QUEUES)
}

/// There are enough agents: two thirds of the usual load.
#[test]
fn no_rule_fires_in_a_quiet_day() {
    let samples = day(0.65, Vec::new());
    assert_eq!(fired_in(&samples), [""; 0]);
    let promises = samples.by_series.keys();
    let promises = promises.filter(|series| series.starts_with("floorwalker_longest_wait_promise"));
    assert!(promises.count() > 3);
}

/// Most agents are away for two hours: with fewer, customers give up before they have waited for long.
#[test]
fn the_rules_of_queues_fire_in_the_day_made_for_them() {
    let absent = Incident {
        kind: IncidentKind::AgentsAbsent {
            share: 0.85,
            desk: None,
        },
        begins: HOUR,
        lasts: Span(2 * HOUR.0),
    };
    assert_eq!(fired_in(&day(1.0, vec![absent])), OF_QUEUES);
}
