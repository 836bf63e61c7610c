//! The Helm chart: rendered by Helm's own engine, held against the schemas of Kubernetes, and what is in it is good.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    process::{Command, Output, Stdio},
};

use floorwalker::config::{Environment, Origins};
use serde_json::Value;

const ALL: &str = r#"
serviceMonitor: {enabled: true, token: {name: floorwalker-token}}
prometheusRule: {enabled: true}
dashboards: {enabled: true}
secret:
  name: floorwalker-secrets
  settings:
    FLOORWALKER_PRIVACY__KEY: privacy-key
    FLOORWALKER_KAFKA__PROPERTIES__SASL_PASSWORD: sasl-password
tls: {name: floorwalker-tls, clientCertificate: true}
env: {FLOORWALKER_KAFKA__PROPERTIES__SECURITY_PROTOCOL: sasl_ssl}
http:
  hosts: [floorwalker.example.com]
  tls: {name: floorwalker-http}
  tokens:
    - {name: alice, scopes: [read, act], hash: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}
    - {name: prometheus, scopes: [metrics], hashKey: prometheus-hash}
networkPolicy: {egress: [{to: [{ipBlock: {cidr: 192.0.2.0/24}}]}]}
image: {digest: "sha256:0000000000000000000000000000000000000000000000000000000000000000"}
"#;

/// As little as the chart takes.
const LEAST: &str = "http: {allowAnonymous: true}";

fn run(values: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("values.yaml");
    fs::write(&file, values).unwrap();
    Command::new("target/tools/helm/bin/python")
        .arg("scripts/chart.py")
        .arg(&file)
        .output()
        .expect("Helm's engine: run scripts/setup")
}

/// The objects of the chart with these values, as JSON.
fn objects(values: &str) -> Vec<Value> {
    let output = run(values);
    let printed = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{printed}");
    let lines = String::from_utf8(output.stdout).unwrap();
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn of_kind<'o>(objects: &'o [Value], kind: &str) -> Vec<&'o Value> {
    objects.iter().filter(|it| it["kind"] == kind).collect()
}

fn check_by(program: &mut Command, input: &str) -> String {
    let mut child = program
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a tool: run scripts/setup");
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{printed}");
    printed
}

/// What a container has in its environment; values that Kubernetes fills in are left out.
fn variables(container: &Value) -> BTreeMap<String, String> {
    let all = container["env"].as_array().unwrap().iter();
    let all = all.filter_map(|it| {
        let value = it["value"].as_str()?.to_owned();
        Some((it["name"].as_str()?.to_owned(), value))
    });
    all.collect()
}

#[test]
fn kubernetes_takes_the_chart_with_its_defaults_and_with_everything() {
    let kinds = |values: &str| {
        let objects = objects(values);
        let kinds = objects
            .iter()
            .map(|it| it["kind"].as_str().unwrap().to_owned());
        let mut kinds: Vec<String> = kinds.collect();
        kinds.sort();
        kinds.dedup();
        kinds
    };
    let usual = [
        "ConfigMap",
        "NetworkPolicy",
        "Pod",
        "PodDisruptionBudget",
        "Service",
        "ServiceAccount",
        "StatefulSet",
    ];
    assert_eq!(kinds(LEAST), usual);
    let of_operator = ["PrometheusRule".to_owned(), "ServiceMonitor".to_owned()];
    let all = kinds(ALL);
    assert!(of_operator.iter().all(|kind| all.contains(kind)), "{all:?}");
    assert_eq!(all.len(), usual.len() + 2);
}

#[test]
fn the_operator_and_prometheus_take_the_monitors_and_rules() {
    let objects = objects(ALL);
    let lines: String = objects.iter().map(|it| format!("{it}\n")).collect();
    let printed = check_by(Command::new("node").arg("scripts/operator.mjs"), &lines);
    assert_eq!(printed.trim(), "2 objects");
    let rules = &of_kind(&objects, "PrometheusRule")[0]["spec"];
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    fs::write(&file, rules.to_string()).unwrap();
    let judged = check_by(
        Command::new("promtool").args(["check", "rules"]).arg(&file),
        "",
    );
    assert!(judged.contains("SUCCESS"), "{judged}");
    let boards = of_kind(&objects, "ConfigMap");
    let boards = boards
        .iter()
        .filter(|it| it["metadata"]["labels"]["grafana_dashboard"] == "1");
    let files = fs::read_dir("deploy/grafana/dashboards").unwrap().count();
    let boards: Vec<_> = boards.collect();
    assert_eq!(boards.len(), files);
    for board in boards {
        for (name, text) in board["data"].as_object().unwrap() {
            let read: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
            assert!(read["panels"].is_array(), "{name}");
        }
    }
}

#[test]
fn every_variable_of_the_chart_is_a_setting() {
    for values in [LEAST, ALL] {
        let objects = objects(values);
        let text = of_kind(&objects, "ConfigMap")[0]["data"]["floorwalker.toml"]
            .as_str()
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("floorwalker.toml");
        fs::write(&file, text).unwrap();
        let secret = folder.path().join("secret");
        // As a hash, it is also long enough for a key.
        let hash = "sha256:0f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        fs::write(&secret, hash).unwrap();
        let pod = &of_kind(&objects, "StatefulSet")[0]["spec"]["template"]["spec"];
        for container in [&pod["containers"][0], &pod["initContainers"][0]] {
            let mut all = variables(container);
            // Where the Secret is mounted.
            for value in all.values_mut().filter(|it| it.starts_with("file:")) {
                assert!(
                    value.starts_with("file:/run/secrets/floorwalker/"),
                    "{value}"
                );
                *value = format!("file:{}", secret.display());
            }
            let pairs = all
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()));
            let origins = Origins {
                file: Some(file.clone()),
                environment: pairs.collect::<Environment>(),
                options: Vec::new(),
            };
            let loaded = origins.load().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(loaded.config.http.listen.to_string(), "0.0.0.0:8640");
            assert_eq!(loaded.config.engine.sources.len(), 1);
            let http = loaded.config.http;
            let is_least = values == LEAST;
            assert_eq!(http.allow_anonymous, is_least);
            assert_eq!(
                (http.tls.is_none(), http.tokens.is_empty()),
                (is_least, is_least)
            );
        }
    }
}

/// The probes ask by TLS, and Prometheus with its token.
#[test]
fn who_asks_over_http_has_what_it_takes() {
    let objects = objects(ALL);
    let container =
        &of_kind(&objects, "StatefulSet")[0]["spec"]["template"]["spec"]["containers"][0];
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        assert_eq!(container[probe]["httpGet"]["scheme"], "HTTPS", "{probe}");
    }
    let endpoints = &of_kind(&objects, "ServiceMonitor")[0]["spec"]["endpoints"];
    for endpoint in endpoints.as_array().unwrap() {
        let credentials = &endpoint["authorization"]["credentials"];
        assert_eq!(
            (&credentials["name"], &credentials["key"]),
            (&"floorwalker-token".into(), &"token".into())
        );
        assert_eq!(
            (
                &endpoint["scheme"],
                &endpoint["tlsConfig"]["ca"]["secret"]["key"]
            ),
            (&"https".into(), &"ca.crt".into())
        );
    }
    // No secret is in an object, and no hash where it lies in a Secret.
    let text = objects.iter().map(Value::to_string).collect::<String>();
    assert!(
        text.contains("file:/run/secrets/floorwalker/prometheus-hash"),
        "{text}"
    );
}

#[test]
fn no_process_is_root_or_writes_to_its_image() {
    let objects = objects(ALL);
    let pods = [
        &of_kind(&objects, "StatefulSet")[0]["spec"]["template"]["spec"],
        &of_kind(&objects, "Pod")[0]["spec"],
    ];
    for pod in pods {
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
        assert_eq!(pod["automountServiceAccountToken"], false);
        assert_eq!(pod["enableServiceLinks"], false);
        let containers = [&pod["containers"], &pod["initContainers"]];
        for container in containers.iter().filter_map(|it| it.as_array()).flatten() {
            let security = &container["securityContext"];
            assert_eq!(security["readOnlyRootFilesystem"], true);
            assert_eq!(security["allowPrivilegeEscalation"], false);
            assert_eq!(security["capabilities"]["drop"][0], "ALL");
        }
    }
}

#[test]
fn wrong_values_are_refused_by_name() {
    for (values, place) in [
        ("replicas: 0", "replicas"),
        ("replica: 2", "replica"),
        ("roles: [works]", "roles"),
        ("secret: {settings: {PRIVACY_KEY: k}}", "PRIVACY_KEY"),
        ("image: {repository: x, digest: latest}", "digest"),
        ("", "`floorwalker token new`"),
        (
            "http: {tokens: [{name: a, scopes: [write], hash: x}]}",
            "scopes",
        ),
        (
            "http: {tokens: [{name: a, scopes: [read], hashKey: k}]}",
            "secret.name",
        ),
        (
            "{http: {tokens: [{name: a, scopes: [read], hashKey: k}]}, secret: {name: s}, serviceMonitor: {enabled: true}}",
            "serviceMonitor.token.name",
        ),
    ] {
        let output = run(values);
        let printed = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{values}: {printed}");
        assert!(printed.contains(place), "{values}: {printed}");
    }
}
