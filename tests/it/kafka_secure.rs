//! Whole deployments over TLS: with each way to log in, events come in and figures come out; who may not gets a reason.

use std::{fs, path::Path, time::Duration};

use serde_json::Value;

use crate::{
    binary::{Running, floorwalker, get},
    broker::{Broker, Extra, free_port, pause},
    kafka_login::{make_certificates, openssl},
};

const WORKED: &str = "tests/data/worked-example.events.jsonl";

/// A broker over TLS: one listener with SASL, one that asks for a certificate.
struct Secure {
    broker: Broker,
    sasl: u16,
    mutual: u16,
}

/// A certificate that names a client, and its key under a password.
fn make_client(folder: &Path) {
    openssl(
        folder,
        "req -newkey rsa:2048 -passout pass:right-of-the-key -subj /CN=floorwalker -keyout client.key -out client.csr",
    );
    openssl(
        folder,
        "x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out client.pem",
    );
}

fn start() -> Secure {
    let (sasl, mutual) = (free_port(), free_port());
    let broker = Broker::start_own_with(&|folder| {
        make_certificates(folder);
        make_client(folder);
        let at = |name: &str| folder.join(name).display().to_string();
        let security = "org.apache.kafka.common.security";
        let (plain, scram) = ("plain.PlainLoginModule", "scram.ScramLoginModule");
        let of_sasl = "listener.name.secure";
        Extra {
            listeners: format!(",SECURE://127.0.0.1:{sasl},MUTUAL://127.0.0.1:{mutual}"),
            advertised: None,
            lines: vec![
                "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,MUTUAL:SSL".to_owned(),
                "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512".to_owned(),
                format!("{of_sasl}.plain.sasl.jaas.config={security}.{plain} required user_alice=\"right-of-plain\";"),
                format!("{of_sasl}.scram-sha-256.sasl.jaas.config={security}.{scram} required;"),
                format!("{of_sasl}.scram-sha-512.sasl.jaas.config={security}.{scram} required;"),
                "listener.name.mutual.ssl.client.auth=required".to_owned(),
                "ssl.keystore.type=PEM".to_owned(),
                format!("ssl.keystore.location={}", at("keystore.pem")),
                "ssl.truststore.type=PEM".to_owned(),
                format!("ssl.truststore.location={}", at("ca.pem")),
                "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer".to_owned(),
                "super.users=User:ANONYMOUS;User:alice;User:CN=floorwalker".to_owned(),
            ],
            format: ["SCRAM-SHA-256", "SCRAM-SHA-512"]
                .iter()
                .flat_map(|kind| ["--add-scram".to_owned(), format!("{kind}=[name=alice,password=right-of-scram]")])
                .collect(),
        }
    });
    Secure {
        broker,
        sasl,
        mutual,
    }
}

type Variables = Vec<(String, String)>;

impl Secure {
    fn file(&self, name: &str) -> String {
        self.broker.folder.path().join(name).display().to_string()
    }

    /// A secret in a file, as a setting names it.
    fn secret(&self, name: &str, text: &str) -> String {
        fs::write(self.broker.folder.path().join(name), text).unwrap();
        format!("file:{}", self.file(name))
    }

    /// All settings of a deployment, as variables.
    fn settings(&self, name: &str, port: u16, properties: &[(&str, String)]) -> Variables {
        let listen = format!("127.0.0.1:{}", free_port());
        let brokers = format!("127.0.0.1:{port}");
        let usual = [
            ("KAFKA__BROKERS", brokers.as_str()),
            ("KAFKA__PREFIX", name),
            ("KAFKA__REPLICATION", "1"),
            ("ENGINE__TASKS", "2"),
            ("SOURCE__0__TOPIC", &format!("{name}.calls")),
            ("SOURCE__0__CLOCK", "events"),
            ("HTTP__LISTEN", &listen),
            ("KAFKA__PROPERTIES__SSL_CA_LOCATION", &self.file("ca.pem")),
        ];
        let usual =
            usual.map(|(setting, value)| (format!("FLOORWALKER_{setting}"), value.to_owned()));
        let properties = properties.iter().map(|(property, value)| {
            let property = property.replace('.', "_").to_uppercase();
            (
                format!("FLOORWALKER_KAFKA__PROPERTIES__{property}"),
                value.clone(),
            )
        });
        usual.into_iter().chain(properties).collect()
    }

    fn by_password(&self, mechanism: &str, password: &str) -> Vec<(&'static str, String)> {
        vec![
            ("security.protocol", "sasl_ssl".to_owned()),
            ("sasl.mechanism", mechanism.to_owned()),
            ("sasl.username", "alice".to_owned()),
            ("sasl.password", self.secret(mechanism, password)),
        ]
    }

    fn by_certificate(&self, password: &str) -> Vec<(&'static str, String)> {
        vec![
            ("security.protocol", "ssl".to_owned()),
            ("ssl.certificate.location", self.file("client.pem")),
            ("ssl.key.location", self.file("client.key")),
            ("ssl.key.password", self.secret("key-password", password)),
        ]
    }
}

fn run(arguments: &[&str], settings: &Variables) -> (String, i32) {
    let mut command = floorwalker(arguments);
    let output = command.envs(settings.iter().cloned()).output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (
        String::from_utf8(printed).unwrap(),
        output.status.code().unwrap(),
    )
}

/// Topics are made, events loaded, and the figures asked for.
fn assert_works(name: &str, settings: &Variables) {
    let well = |arguments: &[&str]| {
        let (printed, code) = run(arguments, settings);
        assert_eq!(code, 0, "{name}: {arguments:?}: {printed}");
    };
    well(&["topics", "create", "--sources"]);
    well(&["check", "--connect"]);
    well(&["load", WORKED, "--topic", &format!("{name}.calls")]);
    let listen = settings
        .iter()
        .find(|(setting, _)| setting.ends_with("HTTP__LISTEN"))
        .unwrap();
    let port = listen.1.rsplit(':').next().unwrap().parse().unwrap();
    let mut command = floorwalker(&["run"]);
    command.envs(settings.iter().cloned());
    let running = Running::start(command);
    let mut last = None;
    for _ in 0..600 {
        last = get(port, "/api/v1/entities/all/kpis?window=1h");
        if let Some((200, text)) = &last
            && let Ok(answer) = serde_json::from_str::<Value>(text)
            && answer["scorecards"][0]["kpis"]["offered"] == 4
        {
            assert!(running.end_by("-TERM").success(), "{name}");
            return;
        }
        pause(Duration::from_millis(100));
    }
    panic!("{name}: {last:?}");
}

fn assert_refused(settings: &Variables, part: &str) {
    let (printed, code) = run(&["check", "--connect"], settings);
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains(part), "{part}: {printed}");
}

#[test]
fn events_become_figures_over_tls_with_every_login() {
    let secure = start();
    let (sasl, mutual) = (secure.sasl, secure.mutual);
    let ways = [
        ("plain", sasl, secure.by_password("PLAIN", "right-of-plain")),
        (
            "scram-256",
            sasl,
            secure.by_password("SCRAM-SHA-256", "right-of-scram"),
        ),
        (
            "scram-512",
            sasl,
            secure.by_password("SCRAM-SHA-512", "right-of-scram"),
        ),
        (
            "certificate",
            mutual,
            secure.by_certificate("right-of-the-key"),
        ),
    ];
    for (name, port, properties) in ways {
        assert_works(name, &secure.settings(name, port, &properties));
    }
    let login = "the broker refuses the login";
    for (port, properties, part) in [
        (sasl, secure.by_password("PLAIN", "wrong"), login),
        (sasl, secure.by_password("SCRAM-SHA-512", "wrong"), login),
        (
            mutual,
            vec![("security.protocol", "ssl".to_owned())],
            "certificate",
        ),
    ] {
        assert_refused(&secure.settings("refused", port, &properties), part);
    }
    // The key can't be opened: a mistake in the settings.
    let settings = secure.settings("refused", mutual, &secure.by_certificate("wrong"));
    let (printed, code) = run(&["check"], &settings);
    assert_eq!(code, 2, "{printed}");
    assert!(printed.contains("ssl.key"), "{printed}");
}
