//! Configuration: correct settings have their effect, wrong ones are reported with their place.

use std::path::Path;

use floorwalker::{
    config::Config,
    kafka::KafkaSettings,
    notify::NotifySettings,
    serve::{HttpSettings, ServeSettings},
};
use floorwalker_core::{
    contact::{Abandons, FlowOuts, Measure},
    decode::Format,
    engine::{Settings, Source, SourceClock},
    event::{Channel, QueueId, Span},
};

pub(crate) fn parse(text: &str) -> Config {
    Config::parse("f.toml", text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

/// The mistake in `text`, whose file is called f.toml.
pub(crate) fn check(text: &str, expect: &str) {
    let error = Config::parse("f.toml", text).expect_err(text);
    assert_eq!(error.to_string(), expect, "{text}");
}

pub(crate) fn policy(text: &str) -> String {
    format!("[[policy]]\nmeasure = \"answer\"\nthreshold = \"20s\"\n{text}")
}

#[test]
fn the_example_is_the_defaults_and_its_source() {
    let config = Config::load(Path::new("config/floorwalker.toml")).unwrap();
    let source = Source {
        topic: "contact-events".to_owned(),
        clock: SourceClock::Wall,
        format: Format::Json,
        lateness: None,
    };
    let engine = Settings {
        sources: vec![source],
        ..Settings::default()
    };
    assert_eq!(config.engine, engine);
    assert_eq!(config.kafka, KafkaSettings::default());
    assert_eq!(config.http, HttpSettings::default());
    assert_eq!(config.serve, ServeSettings::default());
    assert_eq!(config.notify, NotifySettings::default());
}

#[test]
fn an_empty_configuration_has_the_defaults() {
    assert_eq!(parse(""), Config::default());
}

#[test]
fn configured_values_replace_the_defaults() {
    let config = parse(
        r#"
        http.listen = "[::1]:1"
        outputs.format = "protobuf"
        serve = { contacts_max = 7, all_agents = true }
        privacy.key = "0123456789abcdef"
        [kafka]
        brokers = "a:1,b:2"
        properties = { "security.protocol" = "ssl", "socket.keepalive.enable" = true, "log_level" = 7 }
        [[source]]
        topic = "history"
        clock = "events"
        format = "protobuf"
        lateness = "2h"
        [engine]
        lateness = "1h30m"
        [contact.max_age]
        email = "60d"
        [fcr]
        window = "14d"
        same_reason = true
        [alerts.at_risk]
        enabled = false
        recipients = ["team:north"]
        [alerts.csat_low_predicted]
        threshold = 0.25
        [csat.usual_handle]
        chat = "9m"
        "#,
    );
    assert!((config.engine.csat.threshold - 0.25).abs() < 1e-9);
    let usual = config.engine.csat.handle_time_baseline_of(Channel::Chat);
    assert_eq!(usual, Span::from_secs(540));
    assert_eq!(config.http.listen.to_string(), "[::1]:1");
    assert_eq!(config.engine.contact.privacy_key, "0123456789abcdef");
    assert_eq!(
        (config.serve.contacts_max, config.serve.all_agents),
        (7, true)
    );
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expect = [
        pair("log_level", "7"),
        pair("security.protocol", "ssl"),
        pair("socket.keepalive.enable", "true"),
    ];
    assert_eq!(config.kafka.properties, expect);
    assert_eq!(config.engine.sources[0].clock, SourceClock::Events);
    assert_eq!(config.engine.sources[0].format, Format::Protobuf);
    assert_eq!(config.engine.lateness_max(), Span::from_secs(7_200));
    assert_eq!(config.engine.output_format, Format::Protobuf);
    let contact = &config.engine.contact;
    assert!(contact.first_contact.same_reason && !contact.first_contact.transfer_breaks);
    let fortnight = Span::from_secs(14 * 86_400);
    assert_eq!(contact.first_contact.window, fortnight);
    assert_eq!(contact.remember_min, fortnight, "it follows by default");
    assert_eq!(config.engine.lateness, Span::from_secs(5_400));
    let email = Channel::ALL
        .iter()
        .position(|c| *c == Channel::Email)
        .unwrap();
    assert_eq!(
        config.engine.contact.max_age[email],
        Span::from_secs(60 * 86_400)
    );
    assert!(!config.engine.alert.at_risk.enabled);
    assert_eq!(config.engine.alert.at_risk.recipients, ["team:north"]);
}

#[test]
fn policies_replace_the_defaults() {
    let config = parse(
        r#"
        [[policy]]
        measure = "answer"
        threshold = "30s"
        [[policy]]
        name = "gold"
        measure = "accept"
        channel = "chat"
        queues = ["vip"]
        threshold = "3s"
        target = 1
        at_risk_at = 0.5
        abandons = "negative"
        short_abandon = "2s"
        flow_outs = "include"
        callbacks = "met"
        "#,
    );
    let [any, gold] = config.engine.contact.policies.as_slice() else {
        panic!("{config:?}")
    };
    assert_eq!(
        (any.name.as_str(), any.channel, any.target),
        ("answer", None, 0.8)
    );
    assert_eq!(
        (gold.name.as_str(), gold.measure),
        ("gold", Measure::Accept)
    );
    assert_eq!(gold.queues, [QueueId::new("vip")]);
    assert_eq!((gold.target, gold.at_risk_at), (1.0, 0.5));
    assert_eq!(
        (gold.abandons, gold.flow_outs, gold.callbacks),
        (Abandons::Negative, FlowOuts::Include, Some(FlowOuts::Met))
    );
    assert_eq!(gold.short_abandon, Some(Span::from_secs(2)));
}

#[test]
fn windows_are_sorted_with_all_at_the_end() {
    let config = parse("kpi.windows = [\"all\", \"1h\", \"today\", \"90s\"]");
    let names: Vec<_> = config
        .engine
        .kpi
        .windows
        .iter()
        .map(|w| w.name.as_str())
        .collect();
    assert_eq!(names, ["90s", "1h", "today", "all"]);
}

#[test]
fn broken_toml_is_named_where_it_breaks() {
    check("[kafka\n", "f.toml:1:7: unclosed table, expected `]`");
    check(
        "[kafka]\nbrokers = \"a\"\nbrokers = \"b\"\n",
        "f.toml:3:1: duplicate key",
    );
}

#[test]
fn the_former_name_of_a_setting_is_accepted() {
    let read = |name: &str| {
        parse(&format!(
            "[engine]\n{name} = \"3m\"\n[[source]]\ntopic = \"t\"\n"
        ))
    };
    let (now, then) = (read("idle_timeout"), read("hold_max"));
    assert_eq!(now.engine.idle_timeout, Span::from_secs(180));
    assert_eq!(now.engine, then.engine);
}

#[test]
fn unknown_keys_are_refused() {
    check(
        "[engine]\ntasks = 1\n  tusks = \"1s\"\n",
        "f.toml:3:3: unknown field `tusks`, expected one of `tasks`, `lateness`, `future_max`, `grace`, `hold_max`, `idle_timeout`, `heartbeat`, `recovery_max_bytes`",
    );
    check(
        "[kafak]\n",
        "f.toml:1:2: unknown field `kafak`, expected one of `kafka`, `source`, `engine`, `kpi`, `scorecards`, `queues`, `sites`, `contact`, `fcr`, `policy`, `calendars`, `alerts`, `maintenance`, `notify`, `rules`, `csat`, `outputs`, `privacy`, `http`, `serve`, `limits`",
    );
    check(
        &policy("colour = \"x\""),
        "f.toml:4:1: unknown field `colour`, expected one of `name`, `measure`, `channel`, `queues`, `threshold`, `target`, `at_risk_at`, `abandons`, `short_abandon`, `flow_outs`, `callbacks`, `opens`, `pauses`, `calendar`",
    );
    check(
        "[[policy]]\nmeasure = \"answer\"",
        "f.toml:1:1: missing field `threshold`",
    );
}

#[test]
fn wrong_types_are_refused() {
    check(
        "engine.tasks = \"12\"",
        "f.toml:1:16: invalid type: string \"12\", expected i64",
    );
    check(
        "engine.grace = 2",
        "f.toml:1:16: invalid type: integer `2`, expected a duration such as \"20s\", \"5m\" or \"1h30m\"",
    );
    check(
        "http.listen = \"localhost\"",
        "f.toml:1:15: `localhost` is unknown here; write an address and a port such as \"127.0.0.1:8640\"",
    );
}

#[test]
fn durations_are_written_with_units() {
    check(
        "engine.grace = \"2\"",
        "f.toml:1:16: `2` is not a duration such as \"20s\", \"5m\" or \"1h30m\": time unit needed, for example 2sec or 2ms",
    );
    check(
        "engine.grace = \"soon\"",
        "f.toml:1:16: `soon` is not a duration such as \"20s\", \"5m\" or \"1h30m\": expected number at 0",
    );
    check(
        "engine.grace = \"-2s\"",
        "f.toml:1:16: `-2s` is not a duration such as \"20s\", \"5m\" or \"1h30m\": expected number at 0",
    );
    check(
        "engine.grace = \"9000000000000s\"",
        "f.toml:1:16: `9000000000000s` is too long; the most is \"3650d\"",
    );
    check(
        "[engine]\nheartbeat = \"0s\"",
        "f.toml:2:13: this must be over zero; write for instance \"1s\"",
    );
}

#[test]
fn limits_are_named() {
    check(
        "engine.tasks = 0",
        "f.toml:1:16: 0 is out of range; write 1 to 1000",
    );
    check(
        "engine.tasks = 1001",
        "f.toml:1:16: 1001 is out of range; write 1 to 1000",
    );
    check(
        "engine.recovery_max_bytes = 5",
        "f.toml:1:29: 5 is too low; the least is 16000000",
    );
    check(
        "kafka.workers = -1",
        "f.toml:1:17: -1 is out of range; write 1 to 256",
    );
    check(
        "kafka.replication = 0",
        "f.toml:1:21: write the number of copies, or -1 for the broker's default",
    );
    check(
        "serve.contacts_max = 0",
        "f.toml:1:22: 0 is out of range; write 1 to 10000000",
    );
    check(
        "serve.worst_agents = -1",
        "f.toml:1:22: -1 is out of range; write 0 to 1000",
    );
    check(
        "privacy.key = \"short\"",
        "f.toml:1:15: a key of 5 bytes can be guessed; write 16 random ones or more",
    );
}

#[test]
fn silence_is_longer_than_a_heartbeat() {
    check(
        "engine.heartbeat = \"2m\"",
        "f.toml:1:20: a task is idle only after several heartbeats: `idle_timeout` must be over `heartbeat`",
    );
}

#[test]
fn windows_are_cut_into_whole_panes() {
    let windows = |list: &str, expect: &str| check(&format!("kpi.windows = {list}"), expect);
    windows(
        "[]",
        "f.toml:1:15: 0 windows; write 1 to 16 of them, such as \"5m\", \"1h\", \"all\"",
    );
    windows(
        "[\"5m\", \"61s\"]",
        "f.toml:1:22: `61s` can't be cut into whole panes of a sixtieth, at least 5 s; write \"60s\" or \"65s\"",
    );
    windows(
        "[\"1001s\"]",
        "f.toml:1:16: `1001s` can't be cut into whole panes of a sixtieth, at least 5 s; write \"960s\" or \"1020s\"",
    );
    windows(
        "[\"60500ms\"]",
        "f.toml:1:16: `60500ms` can't be cut into whole panes of a sixtieth, at least 5 s; write \"60s\" or \"65s\"",
    );
    windows(
        "[\"4s\"]",
        "f.toml:1:16: `4s` is too short; the least is \"5s\"",
    );
    windows(
        "[\"1h\", \"60m\"]",
        "f.toml:1:22: `60m` is as long as `1h`; remove one",
    );
    windows(
        "[\"2h\", \"119m\"]",
        "f.toml:1:22: `2h` and `119m` differ by less than a pane of the longer, a sixtieth; remove one",
    );
    windows(
        "[\"today\", \"today\"]",
        "f.toml:1:25: `today` is as long as `today`; remove one",
    );
    windows(
        "[\"soon\"]",
        "f.toml:1:16: `soon` is not a duration such as \"20s\", \"5m\" or \"1h30m\": expected number at 0",
    );
}

#[test]
fn illegal_and_duplicate_topics_are_refused() {
    let source = |topic: &str| format!("[[source]]\ntopic = \"{topic}\"\n");
    check(
        &source("a b"),
        "f.toml:2:9: `a b` can't be part of a topic's name; write 1 to 200 of a-z, A-Z, 0-9, `.`, `_`, `-`",
    );
    check(
        &(source("a") + &source("a")),
        "f.toml:4:9: `a` is a source already; remove one",
    );
    check(
        &source("floorwalker.alerts"),
        "f.toml:2:9: `floorwalker.alerts` is a topic that Floorwalker writes; name another, or change kafka.prefix",
    );
    parse(&source("floorwalker.events"));
    check(
        "kafka.prefix = \"\"",
        "f.toml:1:16: `` can't be part of a topic's name; write 1 to 200 of a-z, A-Z, 0-9, `.`, `_`, `-`",
    );
    check(
        "kafka.brokers = \" \"",
        "f.toml:1:17: name at least one broker, such as \"localhost:9092\"",
    );
    check(
        &(source("a") + "clock = \"sun\""),
        "f.toml:3:9: `sun` is unknown here; write wall or events",
    );
    check(
        &(source("a") + "format = \"xml\""),
        "f.toml:3:10: `xml` is unknown here; write json or protobuf",
    );
    check(
        "outputs.format = \"avro\"",
        "f.toml:1:18: `avro` is unknown here; write json or protobuf",
    );
}

#[test]
fn properties_that_exactly_once_rests_on_are_refused() {
    check(
        "[kafka.properties]\n\"group.id\" = \"x\"",
        "f.toml:2:1: `group.id` is set by Floorwalker; remove it",
    );
    check(
        "[kafka.properties]\nsecurity.protocol = \"ssl\"",
        "f.toml:2:1: a property is text, a number, true or false; put a name with dots in quotes",
    );
}

#[test]
fn properties_are_those_of_librdkafka() {
    check(
        "[kafka.properties]\n\"compression.type\" = \"brotli\"",
        "f.toml:2:22: librdkafka does not take `brotli` as `compression.type`; its CONFIGURATION.md lists what it takes",
    );
    check(
        "[kafka.properties]\n\"ssl.ca.locatoin\" = \"/ca.pem\"",
        "f.toml:2:21: librdkafka has no property `ssl.ca.locatoin`; its CONFIGURATION.md has them all",
    );
}

#[test]
fn impossible_policies_are_refused() {
    let broken = |rest: &str, expect: &str| check(&policy(rest), expect);
    broken(
        "target = 0",
        "f.toml:4:10: 0 is no share over 0 and up to 1; write 80 % as 0.8",
    );
    broken(
        "target = 80",
        "f.toml:4:10: 80 is no share over 0 and up to 1; write 80 % as 0.8",
    );
    broken(
        "target = nan",
        "f.toml:4:10: NaN is no share over 0 and up to 1; write 80 % as 0.8",
    );
    broken(
        "at_risk_at = 1",
        "f.toml:4:14: 1 is no share over 0 and below 1; write 80 % as 0.8",
    );
    broken(
        "channel = \"fax\"",
        "f.toml:4:11: `fax` is unknown here; write voice, chat, email, social, sms, messaging, video or other",
    );
    broken(
        "queues = [\"\"]",
        "f.toml:4:11: a queue's id has 1 to 256 bytes",
    );
    broken(
        "name = \" \"",
        "f.toml:4:8: the name is empty; leave it out for the default",
    );
    broken(
        "abandons = \"no\"",
        "f.toml:4:12: `no` is unknown here; write ignore, negative or positive",
    );
    broken(
        "flow_outs = \"no\"",
        "f.toml:4:13: `no` is unknown here; write exclude, include or met",
    );
    broken(
        "short_abandon = \"21s\"",
        "f.toml:4:17: an abandon is short up to 21 s, but the threshold is 20 s; write a `short_abandon` not over it",
    );
    check(
        "[[policy]]\nmeasure = \"answer\"\nthreshold = \"3s\"",
        "f.toml:3:13: an abandon is short up to 5 s, but the threshold is 3 s; write a `short_abandon` not over it",
    );
    check(
        "[[policy]]\nmeasure = \"answer\"\nthreshold = \"0s\"",
        "f.toml:3:13: a threshold must be over zero; write for instance \"20s\"",
    );
    check(
        "[[policy]]\nmeasure = \"reply\"\nthreshold = \"15m\"",
        "f.toml:2:11: `reply` is unknown here; write accept, answer, first_response, next_response or resolution",
    );
    check(
        &policy("opens = \"queued\""),
        "f.toml:4:9: only a `first_response` or `next_response` has `opens`; remove it",
    );
    check(
        &(policy("") + &policy("")),
        "f.toml:5:11: there is a policy `answer` already; give this one a `name` of its own",
    );
}

#[test]
fn policies_must_differ_in_their_sixteen_bits() {
    let named = |name: &str| policy(&format!("name = \"{name}\"\n"));
    check(
        &(named("gold") + &named("silver 155443")),
        "f.toml:8:8: `gold` and `silver 155443` look alike inside, where 16 bits stand for a name; change one of them",
    );
}

#[test]
fn a_contact_is_remembered_while_it_may_be_repeated() {
    check(
        "contact.remember_min = \"1d\"\nfcr.window = \"2d\"",
        "f.toml:1:24: a contact must be remembered while it may be repeated: `contact.remember_min` must be no less than `fcr.window`",
    );
    check(
        "fcr.window = \"0s\"",
        "f.toml:1:14: this must be over zero; write for instance \"1s\"",
    );
}

#[test]
fn rules_have_a_severity_and_recipients() {
    check(
        "alerts.missed.severity = \"fatal\"",
        "f.toml:1:26: `fatal` is unknown here; write warning or critical",
    );
    check(
        "alerts.missed.recipients = [\"\"]",
        "f.toml:1:29: a recipient needs a name, such as \"team:north\"",
    );
    check(
        "alerts.csat_low_predicted.threshold = 1",
        "f.toml:1:39: 1 is no share over 0 and below 1; write 80 % as 0.8",
    );
    check(
        "csat.usual_handle.voice = \"0s\"",
        "f.toml:1:27: this must be over zero; write for instance \"1s\"",
    );
}

#[test]
fn a_missing_file_is_named() {
    let error = Config::load(Path::new("nowhere.toml"))
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("nowhere.toml: No such file"), "{error}");
}
