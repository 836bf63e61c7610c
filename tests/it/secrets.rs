//! Secrets in the settings and in events: whatever the program writes, logs, answers or complains of, none of them is in it.

use std::{
    fs,
    process::{Command, Output},
    time::Duration,
};

use floorwalker::serve::COOKIE;

use crate::{
    binary::{Running, create_topic, floorwalker},
    broker::{address, free_port, pause},
};

const PASSWORD: &str = "planted-password-of-kafka-1";
const KEY_PASSWORD: &str = "planted-password-of-the-key-2";
const STORE_PASSWORD: &str = "planted-password-of-the-store-3";
const TOKEN_CONFIG: &str = "planted-token-claims-4";
const PRIVACY_KEY: &str = "planted-key-of-customers-5";
const CUSTOMER: &str = "Erika Planted-Mustermann 6";
const PHONE: &str = "+49-planted-151-7777777";
const TEXT: &str = "planted words that a customer wrote 8";
const COMMENT: &str = "planted comment of a survey 9";
const UNKNOWN_FIELD: &str = "planted-bearer-token-in-an-event-10";
const BROKEN: &str = "planted-card-number-4111-1111-11";
const ACCESS_TOKEN: &str = "fwt_planted-access-token-12";
/// As the configuration has it.
const ACCESS_HASH: &str = "8d9af1e3e5d7232103da274d6840c40f7154e15abc84166a8bc1dcd4be6e1675";
const GUESSED_TOKEN: &str = "fwt_planted-guess-of-a-stranger-13";
const COOKIE_TOKEN: &str = "fwt_planted-cookie-of-a-browser-14";
const CERTIFICATE_KEY: &str = "planted-key-of-the-certificate-15";
const ALL: [&str; 16] = [
    ACCESS_TOKEN,
    ACCESS_HASH,
    GUESSED_TOKEN,
    COOKIE_TOKEN,
    CERTIFICATE_KEY,
    PASSWORD,
    KEY_PASSWORD,
    STORE_PASSWORD,
    TOKEN_CONFIG,
    PRIVACY_KEY,
    CUSTOMER,
    PHONE,
    TEXT,
    COMMENT,
    UNKNOWN_FIELD,
    BROKEN,
];
const PREFIX: &str = "planted";
/// All that can be asked over HTTP, some of it wrong.
const PATHS: [&str; 18] = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/metrics/kpi",
    "/openapi.json",
    "/api/v1/entities",
    "/api/v1/entities/all/kpis",
    "/api/v1/entities/queue:billing/kpis",
    "/api/v1/entities/agent:ana/kpis",
    "/api/v1/agents",
    "/api/v1/alerts",
    "/api/v1/alerts?status=all",
    "/api/v1/contacts",
    "/api/v1/contacts/c1",
    "/api/v1/contacts/c2",
    "/api/v1/directory",
    "/api/v1/nothing",
    "/api/v1/entities/queue:billing/kpis?window=1y",
];

/// A deployment whose settings hold secrets in every way there is.
struct Planted {
    folder: tempfile::TempDir,
    port: u16,
}

impl Planted {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let file = folder.path().join("password");
        fs::write(&file, PASSWORD).unwrap();
        let settings = format!(
            "[kafka]\nbrokers = \"{}\"\nprefix = \"{PREFIX}\"\nreplication = 1\n\
             [kafka.properties]\n\"sasl.username\" = \"ana\"\n\"sasl.password\" = \"file:{}\"\n\
             \"ssl.keystore.password\" = \"{STORE_PASSWORD}\"\n\"sasl.oauthbearer.config\" = \"{TOKEN_CONFIG}\"\n\
             [engine]\ntasks = 2\n[privacy]\nkey = \"${{PRIVACY_KEY}}\"\n[http]\nlisten = \"127.0.0.1:{port}\"\n\
             [[http.token]]\nname = \"ana\"\nhash = \"sha256:{ACCESS_HASH}\"\nscopes = [\"read\", \"act\"]\n\
             [[source]]\ntopic = \"{PREFIX}.calls\"\nclock = \"events\"\n",
            address(),
            file.display()
        );
        fs::write(folder.path().join("f.toml"), settings).unwrap();
        Self { folder, port }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = floorwalker(arguments);
        command
            .env("FLOORWALKER_CONFIG", self.file("f.toml"))
            .env(
                "FLOORWALKER_KAFKA__PROPERTIES__SSL_KEY_PASSWORD",
                KEY_PASSWORD,
            )
            .env("PRIVACY_KEY", PRIVACY_KEY)
            .env("RUST_LOG", "trace");
        command
    }

    /// What a command prints, however it ends.
    fn printed(&self, arguments: &[&str]) -> String {
        printed(self.command(arguments).output().unwrap())
    }

    fn well(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let well = output.status.success();
        let text = printed(output);
        assert!(well, "{arguments:?}: {text}");
        text
    }

    /// As somebody with a token asks.
    fn get(&self, path: &str) -> Option<(u16, String)> {
        self.ask(path, "authorization", &format!("Bearer {ACCESS_TOKEN}"))
    }

    fn ask(&self, path: &str, header: &str, value: &str) -> Option<(u16, String)> {
        let agent = ureq::Agent::config_builder().http_status_as_error(false);
        let agent: ureq::Agent = agent.build().into();
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let mut answer = agent.get(url).header(header, value).call().ok()?;
        let head = format!("{:?}", answer.headers());
        let text = answer.body_mut().read_to_string().ok()?;
        Some((answer.status().as_u16(), head + &text))
    }

    fn wait_for(&self, path: &str, part: &str) {
        let mut last = None;
        for _ in 0..600 {
            last = self.get(path);
            if last.as_ref().is_some_and(|(_, text)| text.contains(part)) {
                return;
            }
            pause(Duration::from_millis(100));
        }
        panic!("{path} has no {part}: {last:?}");
    }
}

fn printed(output: Output) -> String {
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

/// Contacts of customers who are named, write and comment; and a payload that is no event.
fn events() -> String {
    let event = |second: u32, rest: &str| {
        format!("{{\"occurred_at\":\"2026-11-22T10:00:{second:02}Z\",\"source\":\"acd\",{rest}}}\n")
    };
    [
        event(0, &format!("\"type\":\"contact_queued\",\"contact_id\":\"c1\",\"queue\":\"billing\",\"channel\":\"chat\",\"customer_id\":\"{CUSTOMER}\",\"authorization\":\"{UNKNOWN_FIELD}\"")),
        event(1, &format!("\"type\":\"contact_queued\",\"contact_id\":\"c2\",\"queue\":\"billing\",\"channel\":\"voice\",\"customer_id\":\"{PHONE}\"")),
        event(2, &format!("\"type\":\"message_sent\",\"contact_id\":\"c1\",\"by\":\"customer\",\"text\":\"{TEXT}\"")),
        event(40, "\"type\":\"agent_answered\",\"contact_id\":\"c1\",\"agent\":\"ana\",\"queue\":\"billing\""),
        event(50, "\"type\":\"contact_ended\",\"contact_id\":\"c1\",\"by\":\"customer\""),
        event(55, &format!("\"type\":\"survey_answered\",\"contact_id\":\"c1\",\"score\":1,\"scale_min\":1,\"scale_max\":5,\"comment\":\"{COMMENT}\"")),
        format!("{{\"type\":\"contact_queued\",\"card\":\"{BROKEN}\",\n"),
        event(56, &format!("\"type\":\"contact_queued\",\"contact_id\":\"c3\",\"queue\":\"billing\",\"channel\":7,\"note\":\"{BROKEN}\"")),
        event(59, "\"type\":\"contact_queued\",\"contact_id\":\"c4\",\"queue\":\"tech\",\"channel\":\"voice\""),
    ]
    .concat()
}

/// Asserts that no secret is in what was written.
fn assert_clean(what: &str, text: &str) {
    for secret in ALL {
        assert!(!text.contains(secret), "{what} has `{secret}`: {text}");
    }
}

#[test]
fn no_secret_is_in_anything_that_comes_out() {
    let site = Planted::new();
    create_topic(&format!("{PREFIX}.calls"), 2);
    let log = fs::File::create(site.file("log")).unwrap();
    for arguments in [
        &["check"][..],
        &["check", "--json"],
        &["check", "--connect"],
        &["topics", "create"],
        &["topics", "show"],
    ] {
        assert_clean(&format!("{arguments:?}"), &site.printed(arguments));
    }
    let file = site.file("events.jsonl");
    fs::write(&file, events()).unwrap();
    let source = format!("{PREFIX}.calls");
    assert_clean(
        "load",
        &site.well(&["load", &file, "--topic", &source, "--force"]),
    );
    let mut run = site.command(&["run"]);
    run.stdout(log.try_clone().unwrap()).stderr(log);
    let running = Running::start(run);
    site.wait_for("/api/v1/entities/all/kpis?window=1h", "\"offered\":3");
    site.wait_for("/api/v1/contacts/c1", "\"c1\"");
    site.wait_for("/metrics", "floorwalker_dead_letters_total");
    for path in PATHS {
        assert_clean(path, &site.get(path).unwrap().1);
        for (header, value) in [
            ("authorization", format!("Bearer {GUESSED_TOKEN}")),
            ("authorization", format!("Basic {GUESSED_TOKEN}")),
            ("cookie", format!("{COOKIE}={COOKIE_TOKEN}")),
            ("accept", "text/html".to_owned()),
        ] {
            let (status, text) = site.ask(path, header, &value).unwrap();
            let is_open = ["/healthz", "/readyz"].contains(&path);
            assert!(is_open || status == 401, "{path}: {status}");
            assert_clean(path, &text);
        }
    }
    for topic in ["kpis", "alerts", "contacts", "scorecards"] {
        let topic = format!("{PREFIX}.{topic}");
        let broker = address();
        let mut kcat = Command::new("kcat");
        kcat.args(["-C", "-e", "-q", "-b", &broker, "-t", &topic]);
        kcat.args(["-f", "%k %h %s\n"]);
        let read = printed(kcat.output().expect("kcat: run scripts/setup"));
        assert_clean(&topic, &read);
        assert!(
            topic.ends_with("alerts") || topic.ends_with("scorecards") || read.contains("billing"),
            "{read}"
        );
    }
    // With --json it has letters whole, as `show` does.
    for arguments in [
        &["dead-letters", "list"][..],
        &["dead-letters", "list", "--each"],
        &["directory", "list"],
        &["replay", &file],
        &["replay", &file, "--json"],
    ] {
        assert_clean(&format!("{arguments:?}"), &site.printed(arguments));
    }
    assert!(running.end_by("-TERM").success());
    let logged = fs::read_to_string(site.file("log")).unwrap();
    assert!(logged.contains("reading 1 source as"), "{logged}");
    assert_clean("the log", &logged);
}

#[test]
fn no_secret_is_in_an_error() {
    let site = Planted::new();
    for (variable, value) in [
        ("FLOORWALKER_ENGINE__TASKS", "0"),
        ("FLOORWALKER_KAFKA__PROPERTIES__SASL_PASSWORDS", PASSWORD),
        ("FLOORWALKER_KAFKA__PROPERTIES__SSL_KEY_PEM", STORE_PASSWORD),
        (
            "FLOORWALKER_KAFKA__PROPERTIES__SECURITY_PROTOCOL",
            "sasl_ssl",
        ),
        ("FLOORWALKER_PRIVACY_KEY", PRIVACY_KEY),
        ("FLOORWALKER_PRIVACY__KEY", "file:/nowhere"),
        // The token itself where its hash belongs.
        ("FLOORWALKER_HTTP__TOKEN__0__HASH", ACCESS_TOKEN),
        ("FLOORWALKER_HTTP__TOKEN__0__SCOPES", "write"),
    ] {
        let output = site
            .command(&["check", "--json"])
            .env(variable, value)
            .output()
            .unwrap();
        assert_clean(variable, &printed(output));
        let mut run = site.command(&["run"]);
        run.env(variable, value)
            .env("FLOORWALKER_KAFKA__BROKERS", "127.0.0.1:1")
            .env("FLOORWALKER_ENGINE__TASKS", "0");
        let refused = run.output().unwrap();
        assert!(!refused.status.success());
        assert_clean(variable, &printed(refused));
    }
    let key = site.file("planted.key");
    fs::write(&key, CERTIFICATE_KEY).unwrap();
    let output = site
        .command(&["check", "--set", &format!("http.tls.certificate={key}")])
        .args(["--set", &format!("http.tls.key={key}")])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let refused = printed(output);
    assert!(
        refused.contains("planted.key has no certificate"),
        "{refused}"
    );
    assert_clean("http.tls", &refused);
    // In the wrong place.
    for setting in [
        "engine.tasks",
        "kafka.prefix",
        "kafka.session_timeout",
        "http.listen",
        "kpi.zone",
    ] {
        let (section, name) = setting.split_once('.').unwrap();
        let text = format!("[{section}]\n{name} = \"${{PRIVACY_KEY}} x\"\n");
        fs::write(site.file("f.toml"), text).unwrap();
        let shown = site.printed(&["check"]);
        assert!(shown.contains("${PRIVACY_KEY} x"), "{setting}: {shown}");
        assert_clean(setting, &shown);
    }
}
