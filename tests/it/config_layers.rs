//! Settings from variables of the environment, from options and from secrets in files: which of them counts, and how a mistake in
//! one is reported.

use std::{fs, path::Path};

use floorwalker::config::{Config, Effective, Environment, Loaded, Origins};
use floorwalker_core::event::Span;

use crate::binary::floorwalker;

/// A file of settings in a folder of its own.
struct Settings(tempfile::TempDir);

impl Settings {
    fn of(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("f.toml"), text).unwrap();
        Self(folder)
    }

    fn origins<const N: usize>(&self, variables: [(&str, &str); N], options: &[&str]) -> Origins {
        Origins {
            file: Some(self.0.path().join("f.toml")),
            environment: Environment::from(variables),
            options: options.iter().map(|&it| it.to_owned()).collect(),
        }
    }

    fn load<const N: usize>(&self, variables: [(&str, &str); N], options: &[&str]) -> Loaded {
        let origins = self.origins(variables, options);
        origins.load().unwrap_or_else(|error| panic!("{error}"))
    }

    fn refusal<const N: usize>(&self, variables: [(&str, &str); N], options: &[&str]) -> String {
        let error = self.origins(variables, options).load().unwrap_err();
        let folder = self.0.path().display().to_string();
        error.to_string().replace(&format!("{folder}/"), "")
    }
}

fn by_variables<const N: usize>(variables: [(&str, &str); N]) -> Config {
    Settings::of("").load(variables, &[]).config
}

/// The mistake in these variables.
fn check<const N: usize>(variables: [(&str, &str); N], expect: &str) {
    let refused = Settings::of("").refusal(variables, &[]);
    assert_eq!(refused, expect, "{variables:?}");
}

fn effective<'l>(loaded: &'l Loaded, setting: &str) -> &'l Effective {
    let found = loaded.effective.iter().find(|it| it.setting == setting);
    found.unwrap_or_else(|| panic!("no {setting} in {:?}", loaded.effective))
}

#[test]
fn a_process_is_configured_by_variables_alone() {
    let config = by_variables([
        ("FLOORWALKER_KAFKA__BROKERS", "a:1,b:2"),
        ("FLOORWALKER_KAFKA__WORKERS", "3"),
        ("FLOORWALKER_KAFKA__PREFIX", "12"),
        ("FLOORWALKER_KAFKA__PROPERTIES__SECURITY_PROTOCOL", "ssl"),
        ("FLOORWALKER_KAFKA__PROPERTIES__LOG_LEVEL", "7"),
        ("FLOORWALKER_SOURCE__0__TOPIC", "calls"),
        ("FLOORWALKER_SOURCE__0__LATENESS", "2h"),
        ("FLOORWALKER_SOURCE__1__TOPIC", "chats"),
        ("FLOORWALKER_KPI__WINDOWS", "5m, 1h,all"),
        ("FLOORWALKER_HTTP__HOSTS", r#"["x.example.com"]"#),
        ("FLOORWALKER_SERVE__ALL_AGENTS", "true"),
        ("FLOORWALKER_SITES__OSLO__ZONE", "Europe/Oslo"),
        ("FLOORWALKER_QUEUES", r#"{ Billing = { team = "north" } }"#),
        ("FLOORWALKER_ALERTS__CSAT_LOW_PREDICTED__THRESHOLD", "0.25"),
        ("PATH", "/bin"),
    ]);
    assert_eq!(config.kafka.brokers, "a:1,b:2");
    assert_eq!(
        (config.kafka.workers, config.kafka.prefix.as_str()),
        (3, "12")
    );
    let property = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expect = [
        property("log_level", "7"),
        property("security.protocol", "ssl"),
    ];
    assert_eq!(config.kafka.properties, expect);
    let topics: Vec<_> = config
        .engine
        .sources
        .iter()
        .map(|it| it.topic.as_str())
        .collect();
    assert_eq!(topics, ["calls", "chats"]);
    assert_eq!(
        config.engine.sources[0].lateness,
        Some(Span::from_secs(7_200))
    );
    let windows: Vec<_> = config
        .engine
        .kpi
        .windows
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(windows, ["5m", "1h", "all"]);
    assert_eq!(config.http.hosts, ["x.example.com"]);
    assert!(config.serve.all_agents);
    assert_eq!(config.engine.kpi.zones_by_site.len(), 1);
    assert_ne!(
        config.engine.kpi.places,
        Config::default().engine.kpi.places
    );
    assert!((config.engine.csat.threshold - 0.25).abs() < 1e-9);
}

#[test]
fn options_come_before_variables_and_these_before_the_file() {
    let settings = Settings::of("[engine]\ntasks = 2\ngrace = \"3s\"\nheartbeat = \"1s\"\n");
    let variables = [
        ("FLOORWALKER_ENGINE__GRACE", "4s"),
        ("FLOORWALKER_ENGINE__HEARTBEAT", "2s"),
    ];
    let loaded = settings.load(variables, &["engine.heartbeat=7s"]);
    let engine = &loaded.config.engine;
    let seconds = [engine.grace, engine.heartbeat, engine.future_max];
    assert_eq!(seconds, [4, 7, 300].map(Span::from_secs));
    assert_eq!(engine.tasks, 2);
    let of = |setting: &str| {
        let Effective { value, from, .. } = effective(&loaded, setting);
        let folder = settings.0.path().display().to_string();
        (value.clone(), from.replace(&format!("{folder}/"), ""))
    };
    let pair = |value: &str, from: &str| (value.to_owned(), from.to_owned());
    assert_eq!(of("engine.tasks"), pair("2", "f.toml:2"));
    assert_eq!(
        of("engine.grace"),
        pair("\"4s\"", "FLOORWALKER_ENGINE__GRACE")
    );
    assert_eq!(
        of("engine.heartbeat"),
        pair("\"7s\"", "--set engine.heartbeat")
    );
    assert_eq!(of("engine.future_max"), pair("\"5m\"", "default"));
}

#[test]
fn an_element_of_the_file_is_changed_and_one_more_added() {
    let settings = Settings::of("[[source]]\ntopic = \"calls\"\nclock = \"events\"\n");
    let variables = [
        ("FLOORWALKER_SOURCE__0__CLOCK", "wall"),
        ("FLOORWALKER_SOURCE__1__TOPIC", "chats"),
    ];
    let sources = settings.load(variables, &[]).config.engine.sources;
    let topics: Vec<_> = sources.iter().map(|it| it.topic.as_str()).collect();
    assert_eq!(topics, ["calls", "chats"]);
    assert_eq!(
        sources[0].clock,
        floorwalker_core::engine::SourceClock::Wall
    );
}

#[test]
fn a_mistake_in_a_variable_names_it() {
    check(
        [("FLOORWALKER_ENGINE__TASKS", "0")],
        "FLOORWALKER_ENGINE__TASKS: 0 is out of range; write 1 to 1000",
    );
    check(
        [("FLOORWALKER_ENGINE__TASKS", "many")],
        "FLOORWALKER_ENGINE__TASKS: invalid type: string \"many\", expected i64",
    );
    check(
        [("FLOORWALKER_ENGINE__GRACE", "soon")],
        "FLOORWALKER_ENGINE__GRACE: `soon` is not a duration such as \"20s\", \"5m\" or \"1h30m\": expected number at 0",
    );
    check(
        [("FLOORWALKER_KPI__WINDOWS", "5m,61s")],
        "FLOORWALKER_KPI__WINDOWS: `61s` can't be cut into whole panes of a sixtieth, at least 5 s; write \"60s\" or \"65s\"",
    );
    check(
        [("FLOORWALKER_SOURCE__3__TOPIC", "calls")],
        "FLOORWALKER_SOURCE__3__TOPIC: there are 0 before it: the next has number 0",
    );
    check(
        [("FLOORWALKER_POLICY__0__THRESHOLD", "20s")],
        "FLOORWALKER_POLICY__0__THRESHOLD: missing field `measure`",
    );
    check(
        [("FLOORWALKER_QUEUES", "billing")],
        "FLOORWALKER_QUEUES: this is a table: write it as TOML, such as `{ name = \"value\" }`",
    );
    check(
        [("FLOORWALKER_SITES", r#"{ oslo = { zone = "Mars" } }"#)],
        "FLOORWALKER_SITES: `Mars` is no time zone; write a name of the IANA database such as \"Europe/Berlin\"",
    );
}

#[test]
fn mistakes_of_the_file_and_of_variables_come_together() {
    let settings = Settings::of("[engine]\ntasks = 0\n");
    let refused = settings.refusal(
        [("FLOORWALKER_KAFKA__WORKERS", "0")],
        &["kafka.replication=0"],
    );
    let lines: Vec<&str> = refused.lines().collect();
    assert_eq!(
        lines,
        [
            "f.toml:2:9: 0 is out of range; write 1 to 1000",
            "FLOORWALKER_KAFKA__WORKERS: 0 is out of range; write 1 to 256",
            "--set kafka.replication: write the number of copies, or -1 for the broker's default",
        ]
    );
}

/// Names with dots are written with `_` in variables, and as they are in options, with quotes or without.
#[test]
fn rules_are_set_by_variables_and_options() {
    use floorwalker_core::rules::RuleKind;
    let settings = Settings::of(
        "[rules.\"billing.flood\"]\nwhen = \"live.waiting > 10\"\nfor = \"1m\"\n[rules.\"queue.surge\"]\nthreshold = 4.0\n",
    );
    let loaded = settings.load(
        [
            ("FLOORWALKER_RULES__BILLING_FLOOD__FOR", "2m"),
            ("FLOORWALKER_RULES__QUEUE_SURGE__THRESHOLD", "5"),
            ("FLOORWALKER_RULES__SLA_BURN__ENABLED", "false"),
            ("FLOORWALKER_RULES__MORE__WHEN", "live.waiting > 3"),
        ],
        &[
            "rules.queue.absence.enabled=false",
            "rules.\"queue.callbacks\".enabled=false",
            "rules.billing.flood.interrupts=false",
            "kafka.properties.\"log_level\"=5",
        ],
    );
    let rules = &loaded.config.engine.rules;
    let own: Vec<_> = rules
        .own
        .iter()
        .map(|it| (it.name.as_str(), it.rule.timing.lasts))
        .collect();
    assert_eq!(own[0], ("billing.flood", Span::from_secs(120)));
    assert_eq!((own.len(), own[1].0), (2, "more"));
    assert!(!rules.own[0].rule.interrupts);
    assert!(
        (rules
            .of(RuleKind::from_name("queue.surge").unwrap())
            .threshold
            - 5.0)
            .abs()
            < 1e-9
    );
    for off in ["sla.burn", "queue.absence", "queue.callbacks"] {
        assert!(
            !rules.of(RuleKind::from_name(off).unwrap()).enabled,
            "{off}"
        );
    }
    let set = effective(&loaded, "rules.billing.flood.for");
    assert_eq!(set.from, "FLOORWALKER_RULES__BILLING_FLOOD__FOR");
    assert_eq!(loaded.config.kafka.properties[0].1, "5");
    let refused = settings.refusal([], &["rules.queue.surge.thresholds=3"]);
    let expect = "--set rules.queue.surge.thresholds: there is no such setting; the nearest is rules.queue.threshold";
    assert_eq!(refused, expect);
    check(
        [("FLOORWALKER_RULES__QUEUE_SURGE__THRESHOLD", "-1")],
        "FLOORWALKER_RULES__QUEUE_SURGE__THRESHOLD: -1 is no bound; write a number from 0 on",
    );
}

#[test]
fn a_name_that_a_variable_could_mean_twice_is_nobodys() {
    let settings = Settings::of("[queues.\"a b\"]\nteam = \"x\"\n[queues.\"a.b\"]\nteam = \"y\"\n");
    let loaded = settings.load([("FLOORWALKER_QUEUES__A_B__TEAM", "z")], &[]);
    let team = |queue: &str| {
        effective(&loaded, &format!("queues.{queue}.team"))
            .value
            .clone()
    };
    assert_eq!(
        [team("a b"), team("a.b"), team("a_b")],
        ["\"x\"", "\"y\"", "\"z\""]
    );
    let with_space = Settings::of("[queues.\"Night desk\"]\nteam = \"x\"\n");
    let by_name = with_space.load([("FLOORWALKER_QUEUES__NIGHT_DESK__TEAM", "z")], &[]);
    assert_eq!(effective(&by_name, "queues.Night desk.team").value, "\"z\"");
}

#[test]
fn a_short_value_of_a_variable_leaves_the_sentence_readable() {
    let refused = |text: &str, value: &str| Settings::of(text).refusal([("SHORT", value)], &[]);
    assert_eq!(
        refused("kafka.prefix = \"${SHORT}\"", "a b"),
        "f.toml:1:16: `${SHORT}` can't be part of a topic's name; write 1 to 200 of a-z, A-Z, 0-9, `.`, `_`, `-`",
    );
    assert_eq!(
        refused("kpi.zone = \"${SHORT}\"", "a"),
        "f.toml:1:12: `${SHORT}` is no time zone; write a name of the IANA database such as \"Europe/Berlin\"",
    );
}

/// A wrong hash leaves a token out of the rest of the search: that nobody would be asked follows from it alone.
#[test]
fn a_wrong_token_is_one_mistake() {
    check(
        [
            ("FLOORWALKER_HTTP__LISTEN", "0.0.0.0:8640"),
            ("FLOORWALKER_HTTP__TOKEN__0__HASH", "wrong"),
            ("FLOORWALKER_HTTP__TOKEN__0__NAME", "a"),
            ("FLOORWALKER_HTTP__TOKEN__0__SCOPES", "read"),
        ],
        "FLOORWALKER_HTTP__TOKEN__0__HASH: this is no hash; write \"sha256:\" and 64 hexadecimal digits, as `floorwalker token new` prints them",
    );
}

/// Files that only the command opens.
#[test]
fn files_of_tls_are_named_with_what_gave_them() {
    let settings =
        Settings::of("source = [{ topic = \"calls\" }]\nhttp.tls.key = \"/nowhere.key\"\n");
    let config = settings.0.path().join("f.toml").display().to_string();
    let refused = |variable: &str, value: &str| {
        let mut command = floorwalker(&["check", "--config", &config]);
        let output = command.env(variable, value).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let certificate = "FLOORWALKER_HTTP__TLS__CERTIFICATE";
    assert_eq!(
        refused(certificate, "/nowhere.pem"),
        format!(
            "error: {certificate}: http.tls.certificate: /nowhere.pem: No such file or directory (os error 2)\n"
        ),
    );
    let there = refused(certificate, &config);
    assert!(
        there.contains("f.toml:2: http.tls.key: /nowhere.key: No such"),
        "{there}"
    );
    let authority = "FLOORWALKER_KAFKA__PROPERTIES__SSL_CA_LOCATION";
    let secure = Settings::of(
        "source = [{ topic = \"calls\" }]\n[kafka.properties]\n\"security.protocol\" = \"ssl\"\n",
    );
    let secure_config = secure.0.path().join("f.toml").display().to_string();
    let mut command = floorwalker(&["check", "--config", &secure_config]);
    let output = command.env(authority, "/nowhere.pem").output().unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert!(
        printed.starts_with(&format!("error: {authority}: ssl.ca.location failed")),
        "{printed}"
    );
}

#[test]
fn an_unknown_variable_is_refused_with_the_nearest() {
    let unknown = |variable: &str, nearest: &str| {
        check(
            [(variable, "x")],
            &format!(
                "{variable}: there is no such setting; the nearest is {nearest}. Rename the variable, or unset it"
            ),
        );
    };
    unknown("FLOORWALKER_KAFKA__BROKER", "FLOORWALKER_KAFKA__BROKERS");
    unknown("FLOORWALKER_KAFKA_BROKERS", "FLOORWALKER_KAFKA__BROKERS");
    unknown(
        "FLOORWALKER_SOURCE__0__TOPICS",
        "FLOORWALKER_SOURCE__0__TOPIC",
    );
    unknown("FLOORWALKER_CONFIGS", "FLOORWALKER_CONFIG");
    unknown(
        "FLOORWALKER_SITES__OSLO__ZONES",
        "FLOORWALKER_SITES__OSLO__ZONE",
    );
    let refused = Settings::of("").refusal([], &["kafka.broker=x"]);
    let expect = "--set kafka.broker: there is no such setting; the nearest is kafka.brokers";
    assert_eq!(refused, expect);
}

#[test]
fn what_kubernetes_sets_for_a_service_is_no_setting() {
    let config = by_variables([
        ("FLOORWALKER_SERVICE_HOST", "10.0.0.1"),
        ("FLOORWALKER_SERVICE_PORT", "8640"),
        ("FLOORWALKER_SERVICE_PORT_HTTP", "8640"),
        ("FLOORWALKER_PORT", "tcp://10.0.0.1:8640"),
        ("FLOORWALKER_PORT_8640_TCP", "tcp://10.0.0.1:8640"),
        ("FLOORWALKER_PORT_8640_TCP_PROTO", "tcp"),
        ("FLOORWALKER_HEADLESS_PORT_8640_TCP_ADDR", "10.0.0.1"),
    ]);
    assert_eq!(config, Config::default());
}

#[test]
fn variables_are_put_into_the_text_of_a_file() {
    let settings = Settings::of(
        "[kafka]\nbrokers = \"${HOST}:${PORT:-9092}\"\nprefix = \"${EMPTY:-usual}\"\n\
         [queues.\"a$${b\"]\nteam = \"a$${b\"\n",
    );
    let loaded = settings.load([("HOST", "kafka"), ("EMPTY", "")], &[]);
    assert_eq!(loaded.config.kafka.brokers, "kafka:9092");
    assert_eq!(loaded.config.kafka.prefix, "usual");
    let team = effective(&loaded, "queues.a$${b.team");
    assert_eq!(team.value, "\"a${b\"");
    let brokers = effective(&loaded, "kafka.brokers");
    assert_eq!(brokers.value, "\"kafka:9092\"");
    assert!(
        brokers.from.ends_with("f.toml:2, ${HOST}:${PORT:-9092}"),
        "{brokers}"
    );

    assert_eq!(
        settings.refusal([], &[]),
        "f.toml:2:11: the variable `HOST` is not set; set it, or write `${HOST:-default}`"
    );
    let refused = |text: &str, expect: &str| {
        assert_eq!(
            Settings::of(text).refusal([("SECRET", "hunter2!")], &[]),
            expect
        );
    };
    refused(
        "kafka.brokers = \"${HOST\"",
        "f.toml:1:17: a `${` has no `}`; close it, or write `$${` for a plain `${`",
    );
    refused(
        "kafka.brokers = \"${A B}\"",
        "f.toml:1:17: `A B` can't be a variable; write `$${` for a plain `${`",
    );
    // A secret in the wrong place stays one.
    refused(
        "kafka.prefix = \"${SECRET}\"",
        "f.toml:1:16: `${SECRET}` can't be part of a topic's name; write 1 to 200 of a-z, A-Z, 0-9, `.`, `_`, `-`",
    );
}

#[test]
fn secrets_lie_in_files_and_are_masked() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        format!("file:{}", path.display())
    };
    let password = file("password", "hunter2-of-kafka\n");
    let key = file("key", "0123456789abcdef-of-customers\r\n");
    let settings = Settings::of(&format!(
        "[kafka.properties]\n\"sasl.password\" = \"{password}\"\n\"sasl.username\" = \"ana\"\n"
    ));
    let loaded = settings.load([("FLOORWALKER_PRIVACY__KEY", &key)], &[]);
    let config = &loaded.config;
    assert_eq!(config.kafka.properties[0].1, "hunter2-of-kafka");
    assert_eq!(
        config.engine.contact.privacy_key,
        "0123456789abcdef-of-customers"
    );
    for (setting, secret) in [
        ("kafka.properties.sasl.password", password),
        ("privacy.key", key),
    ] {
        let shown = effective(&loaded, setting);
        assert_eq!(shown.value, "\"********\"");
        assert!(shown.from.ends_with(&secret), "{shown}");
    }
    let shown = effective(&loaded, "kafka.properties.sasl.username");
    assert_eq!(shown.value, "\"ana\"");
    let refused = |secret: &str, why: &str| {
        let variables = [("FLOORWALKER_PRIVACY__KEY", secret)];
        let name = secret.trim_start_matches("file:");
        let expect = format!("FLOORWALKER_PRIVACY__KEY: the secret in {name} can't be read: {why}");
        assert_eq!(Settings::of("").refusal(variables, &[]), expect);
    };
    refused(
        "file:/nowhere/key",
        "No such file or directory (os error 2)",
    );
    refused(&file("empty", "\n"), "it is empty");
    refused(
        &file("large", &"x".repeat(300_000)),
        "it has more than 262144 bytes",
    );
}

#[test]
fn every_setting_of_the_example_has_a_variable() {
    let text = fs::read_to_string("config/floorwalker.toml").unwrap();
    let document: toml::Table = toml::from_str(&text).unwrap();
    let mut all = Vec::new();
    variables_of("FLOORWALKER", &toml::Value::Table(document), &mut all);
    assert!(all.len() > 80, "{all:?}");
    let variables: Vec<(&str, &str)> = all
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    // All at once: they give the very defaults.
    let origins = Origins {
        environment: variables.iter().copied().collect(),
        ..Origins::default()
    };
    let loaded = origins.load().unwrap_or_else(|error| panic!("{error}"));
    let example = Config::load(Path::new("config/floorwalker.toml")).unwrap();
    assert_eq!(loaded.config, example);
    let by_default = loaded.effective.iter().filter(|it| it.from == "default");
    assert_eq!(by_default.count(), 0);
}

fn variables_of(name: &str, value: &toml::Value, all: &mut Vec<(String, String)>) {
    let name_of = |key: &str| match name {
        "FLOORWALKER" => format!("{name}_{}", key.to_uppercase()),
        _ => format!("{name}__{}", key.to_uppercase()),
    };
    match value {
        toml::Value::Table(table) => {
            table
                .iter()
                .for_each(|(key, inner)| variables_of(&name_of(key), inner, all));
        }
        toml::Value::Array(elements) if elements.iter().any(toml::Value::is_table) => {
            let elements = elements.iter().enumerate();
            elements.for_each(|(index, it)| variables_of(&name_of(&index.to_string()), it, all));
        }
        toml::Value::String(text) => all.push((name.to_owned(), text.clone())),
        toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_)
        | toml::Value::Array(_) => all.push((name.to_owned(), value.to_string())),
    }
}

#[test]
fn check_shows_what_every_setting_is_and_where_it_came_from() {
    let settings =
        Settings::of("[[source]]\ntopic = \"calls\"\n[privacy]\nkey = \"0123456789abcdef\"\n");
    let file = settings.0.path().join("f.toml").display().to_string();
    let run = |arguments: &[&str]| {
        let output = floorwalker(arguments)
            .env("FLOORWALKER_CONFIG", &file)
            .env("FLOORWALKER_KAFKA__BROKERS", "kafka:9092")
            .output()
            .unwrap();
        let printed = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert!(output.status.success(), "{printed:?}");
        printed[0].replace(&file, "f.toml")
    };
    let printed = run(&["check", "--set", "engine.tasks=5"]);
    for line in [
        "source[0].topic = \"calls\"  # f.toml:2",
        "privacy.key = \"********\"  # f.toml:4",
        "kafka.brokers = \"kafka:9092\"  # FLOORWALKER_KAFKA__BROKERS",
        "engine.tasks = 5  # --set engine.tasks",
        "engine.grace = \"2s\"  # default",
        "policy[0].measure = \"accept\"  # default",
    ] {
        assert!(
            printed.lines().any(|found| found == line),
            "{line}\n{printed}"
        );
    }
    assert!(!printed.contains("0123456789abcdef"), "{printed}");
    let json: serde_json::Value = serde_json::from_str(&run(&["check", "--json"])).unwrap();
    let shown = json["settings"].as_array().unwrap();
    assert!(shown.len() > 80);
    let brokers = shown
        .iter()
        .find(|it| it["setting"] == "kafka.brokers")
        .unwrap();
    assert_eq!(brokers["from"], "FLOORWALKER_KAFKA__BROKERS");
}

#[test]
fn without_any_settings_the_error_names_both_ways_to_give_them() {
    let output = floorwalker(&["check"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let printed = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        printed,
        "error: the environment: there is no [[source]] to read; add one with its `topic`, or set FLOORWALKER_SOURCE__0__TOPIC\n"
    );
}

#[test]
fn the_log_is_json_where_that_is_wanted() {
    let run = |arguments: &[&str], variable: Option<&str>| {
        let mut command = floorwalker(arguments);
        command.envs(variable.map(|format| ("FLOORWALKER_LOG_FORMAT", format)));
        let output = command.output().unwrap();
        let printed = String::from_utf8(output.stderr).unwrap();
        (printed, output.status.code().unwrap())
    };
    let nowhere = ["replay", "nowhere.jsonl"];
    let by_option = ["--log-format", "json", "replay", "nowhere.jsonl"];
    for (printed, code) in [run(&nowhere, Some("json")), run(&by_option, Some("text"))] {
        assert_eq!(code, 1);
        let line: serde_json::Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(line["level"], "ERROR");
        assert_eq!(
            line["message"],
            "error: nowhere.jsonl: No such file or directory (os error 2)"
        );
    }
    let (printed, code) = run(&nowhere, Some("xml"));
    assert_eq!(code, 2);
    assert_eq!(
        printed,
        "error: FLOORWALKER_LOG_FORMAT: `xml` is unknown here; write text or json\n"
    );
}
