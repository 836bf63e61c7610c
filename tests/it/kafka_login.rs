//! SASL and TLS on the real broker: correct settings work, wrong ones are reported at once, in words.

use std::{fs, path::Path, process::Command, time::Duration};

use crate::{
    binary::{floorwalker, now},
    broker::{Broker, Extra, free_port},
};

/// Runs openssl in a folder.
pub(crate) fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .output()
        .expect("openssl: run scripts/setup");
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {printed}");
}

/// A certificate authority and a certificate of a broker at 127.0.0.1, in a broker's folder.
pub(crate) fn make_certificates(folder: &Path) {
    let openssl = |arguments: &str| openssl(folder, arguments);
    for (name, subject) in [("ca", "/CN=tests"), ("other", "/CN=others")] {
        openssl(&format!(
            "req -x509 -newkey rsa:2048 -nodes -days 2 -subj {subject} -keyout {name}.key -out {name}.pem"
        ));
    }
    openssl("req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout broker.key -out broker.csr");
    fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1").unwrap();
    openssl(
        "x509 -req -in broker.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out broker.pem",
    );
    let read = |name| fs::read_to_string(folder.join(name)).unwrap();
    let both = [read("broker.key"), read("broker.pem"), read("ca.pem")].concat();
    fs::write(folder.join("keystore.pem"), both).unwrap();
}

/// A broker with listeners for each kind of login, and its ports: SASL without TLS, TLS without SASL.
fn start() -> (Broker, u16, u16) {
    let (sasl, tls) = (free_port(), free_port());
    let broker = Broker::start_own_with(&|folder| {
        make_certificates(folder);
        let store = folder.join("keystore.pem");
        let plain = "org.apache.kafka.common.security.plain.PlainLoginModule required";
        let scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
        let of_sasl = "listener.name.sasl_plaintext";
        Extra {
            listeners: format!(",SASL_PLAINTEXT://127.0.0.1:{sasl},SSL://127.0.0.1:{tls}"),
            advertised: None,
            lines: vec![
                "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL".to_owned(),
                "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256".to_owned(),
                format!(
                    "{of_sasl}.plain.sasl.jaas.config={plain} user_alice=\"right\" user_bob=\"right\";"
                ),
                format!("{of_sasl}.scram-sha-256.sasl.jaas.config={scram}"),
                "ssl.keystore.type=PEM".to_owned(),
                format!("ssl.keystore.location={}", store.display()),
                "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer"
                    .to_owned(),
                "super.users=User:ANONYMOUS;User:alice".to_owned(),
            ],
            format: vec![
                "--add-scram".to_owned(),
                "SCRAM-SHA-256=[name=alice,password=right]".to_owned(),
            ],
        }
    });
    (broker, sasl, tls)
}

/// Runs a command on a configuration with these properties. Returns its output and its exit code, and panics if it took long.
fn run(command: &[&str], port: u16, properties: &[(&str, &str)]) -> (String, i32) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("login.toml");
    let properties: String = (properties.iter())
        .map(|(name, value)| format!("\"{name}\" = \"{value}\"\n"))
        .collect();
    let text = format!(
        "[kafka]\nbrokers = \"127.0.0.1:{port}\"\nprefix = \"login\"\nreplication = 1\n[kafka.properties]\n{properties}\
         [engine]\ntasks = 2\n[[source]]\ntopic = \"login.calls\"\nclock = \"events\"\n"
    );
    fs::write(&config, text).unwrap();
    let began_at = now();
    let output = floorwalker(command)
        .arg("--config")
        .arg(&config)
        .output()
        .unwrap();
    let took = now().duration_since(began_at);
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8(printed).unwrap();
    assert!(took < Duration::from_secs(15), "{took:?}: {printed}");
    (printed, output.status.code().unwrap())
}

type Properties<'p> = Vec<(&'p str, &'p str)>;

fn login<'p>(mechanism: &'p str, user: &'p str, password: &'p str) -> Properties<'p> {
    vec![
        ("security.protocol", "SASL_PLAINTEXT"),
        ("sasl.mechanism", mechanism),
        ("sasl.username", user),
        ("sasl.password", password),
    ]
}

fn by_tls(ca: Option<&str>) -> Properties<'_> {
    let ca = ca.map(|ca| ("ssl.ca.location", ca));
    [("security.protocol", "SSL")]
        .into_iter()
        .chain(ca)
        .collect()
}

const CHECK: [&str; 2] = ["check", "--connect"];
const WRONG_LOGIN: &str = "the broker refuses the login: correct `sasl.username`, `sasl.password`";
const WRONG_CA: &str = "the broker's certificate can't be verified: set `ssl.ca.location`";
const WRONG_LISTENER: &str =
    "set `security.protocol` under [kafka.properties] to what the listener has";

/// Asserts that the command ends with `code` and prints all of `parts`.
fn assert_output(
    command: &[&str],
    (port, properties): (u16, &Properties<'_>),
    code: i32,
    parts: &[&str],
) {
    let (printed, found) = run(command, port, properties);
    for part in parts {
        assert!(
            printed.contains(part),
            "{command:?} {properties:?}: {printed}"
        );
    }
    assert_eq!(found, code, "{command:?} {properties:?}: {printed}");
}

#[test]
fn every_command_reports_a_wrong_login_at_once() {
    let (broker, sasl, tls) = start();
    let folder = broker.folder.path();
    let (ca, other) = (folder.join("ca.pem"), folder.join("other.pem"));
    let (ca, other) = (ca.to_str(), other.to_str());
    let good = login("SCRAM-SHA-256", "alice", "right");
    assert_output(
        &["topics", "create"],
        (sasl, &good),
        0,
        &["created login.state"],
    );
    let no_source = "source topic `login.calls` does not exist";
    for (port, properties) in [
        (sasl, login("PLAIN", "alice", "right")),
        (sasl, good),
        (tls, by_tls(ca)),
    ] {
        let answers = format!("127.0.0.1:{port}: answers");
        assert_output(&CHECK, (port, &properties), 1, &[&answers, no_source]);
    }
    for (port, properties, expect) in [
        (sasl, login("PLAIN", "alice", "wrong"), WRONG_LOGIN),
        (sasl, login("SCRAM-SHA-256", "alice", "wrong"), WRONG_LOGIN),
        (sasl, login("SCRAM-SHA-512", "alice", "right"), WRONG_LOGIN),
        (tls, by_tls(other), WRONG_CA),
        (tls, by_tls(None), WRONG_CA),
        (tls, Vec::new(), WRONG_LISTENER),
        (sasl, by_tls(ca), WRONG_LISTENER),
        (sasl, Vec::new(), WRONG_LISTENER),
    ] {
        assert_output(&CHECK, (port, &properties), 1, &[expect]);
    }
    let file = "tests/data/worked-example.events.jsonl";
    let commands: [&[&str]; 6] = [
        &["run"],
        &["topics", "show"],
        &["topics", "create"],
        &["dead-letters", "list"],
        &["directory", "list"],
        &["load", file, "--topic", "login.calls"],
    ];
    let wrong = login("SCRAM-SHA-256", "alice", "wrong");
    for command in commands {
        assert_output(command, (sasl, &wrong), 1, &[WRONG_LOGIN]);
    }
    // Who may log in and nothing else.
    let denied = [
        "topic `login.state` is not this user's to Describe",
        "topic `login.calls` is not this user's to Describe",
        "group `login` is not this user's to read",
    ];
    assert_output(&CHECK, (sasl, &login("PLAIN", "bob", "right")), 1, &denied);
}
