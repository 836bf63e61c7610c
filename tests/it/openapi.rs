//! `/openapi.json`, judged by the tools of others: validators, a fuzzer, a maker of clients. `scripts/setup` installs them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use floorwalker::serve::{HttpSettings, Scope};
use serde_json::Value;

use crate::{
    binary::get,
    serve_api::fed,
    serving::{Serving, local, token},
};

const HOW: &str = "run scripts/setup, which installs it under target/tools";

fn tools() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools")
}

/// A file of the client's.
fn client(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/client");
    folder.join(file).display().to_string()
}

fn run(command: &mut Command) -> (bool, String) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; {HOW}"));
    let printed = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&printed).into_owned(),
    )
}

#[test]
fn validators_accept_the_description_of_the_api() {
    let site = fed("openapi");
    let (status, text) = get(site.port(0), "/openapi.json").unwrap();
    assert_eq!(status, 200, "{text}");
    let document: Value = serde_json::from_str(&text).unwrap();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for record in [
        "KpiRecord",
        "AlertRecord",
        "ContactRecord",
        "ScorecardRecord",
        "DirectoryStatement",
        "SilenceRecord",
        "SilenceRecord.Matchers",
    ] {
        let schema = &schemas[record];
        let shape = schema
            .get("properties")
            .or_else(|| schema.get("oneOf"))
            .or_else(|| schema.get("allOf"));
        assert!(shape.is_some(), "{record}: {schema}");
    }
    assert!(
        !text.contains("#/definitions/"),
        "a reference into a file of its own"
    );
    assert_valid(site.folder(), &text);
    site.end();
}

/// Writes the description into a folder, and has both validators read it.
fn assert_valid(folder: &Path, text: &str) {
    let file = folder.join("openapi.json");
    fs::write(&file, text).unwrap();
    let (python_accepts, python) = run(Command::new(tools().join("openapi/bin/python"))
        .args(["-m", "openapi_spec_validator"])
        .arg(&file));
    assert!(python_accepts, "openapi-spec-validator: {python}");
    let (redocly_accepts, redocly) = run(Command::new(
        tools().join("redocly/node_modules/.bin/redocly"),
    )
    .arg("lint")
    .arg(&file)
    .current_dir(folder)
    .env("REDOCLY_TELEMETRY", "off")
    .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true"));
    assert!(redocly_accepts, "redocly: {redocly}");
}

/// Sends what the description allows and what it does not, and has schemathesis (PyPI) hold each answer against it.
fn fuzz(folder: &Path, url: &str, more: &[&str]) {
    let (accepted, printed) = run(Command::new(tools().join("schemathesis/bin/schemathesis"))
        .args(["--config-file", &client("schemathesis.toml"), "run"])
        .arg(format!("{url}/openapi.json"))
        .args(["--seed", "1", "--workers", "2", "--request-timeout", "60"])
        .args(["--suppress-health-check", "all"])
        .args(more)
        .current_dir(folder));
    assert!(accepted, "schemathesis: {printed}");
    assert!(printed.contains("Tested: 17"), "{printed}");
}

/// Where there are tokens, the description names them, and a request without one is refused.
#[test]
fn the_description_names_tokens_where_there_are_any() {
    let (token, secret) = token("fuzzer", &[Scope::Read, Scope::Act]);
    let http = HttpSettings {
        tokens: vec![token],
        ..local()
    };
    let serving = Serving::start(&http);
    let folder = tempfile::tempdir().unwrap();
    let header = format!("Bearer {secret}");
    let answer = serving.ask("GET", "/openapi.json", &[("authorization", &header)], "");
    let document = answer.json();
    let paths = document["paths"].as_object().unwrap();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            let scope = if method == "get" { "read" } else { "act" };
            assert_eq!(
                operation["security"][0]["token"][0], scope,
                "{method} {path}"
            );
            let refusals = ["401", "403"].map(|status| operation["responses"][status].is_object());
            assert_eq!(refusals, [true, true], "{method} {path}");
        }
    }
    assert_valid(folder.path(), &answer.text);
    let header = format!("Authorization: {header}");
    fuzz(
        folder.path(),
        &serving.url(""),
        &["--header", &header, "--max-examples", "5"],
    );
}

#[test]
fn a_running_process_answers_as_its_description_says() {
    let site = fed("fuzzed");
    let url = format!("http://127.0.0.1:{}", site.port(0));
    fuzz(site.folder(), &url, &["--max-examples", "30"]);
    site.end();
}

/// openapi-typescript (npm) makes types of the description, and a client in them compiles and lists alerts.
#[test]
fn a_client_that_is_made_of_the_description_lists_alerts() {
    let site = fed("typed");
    let folder = site.folder();
    let url = format!("http://127.0.0.1:{}", site.port(0));
    let modules = tools().join("client/node_modules");
    std::os::unix::fs::symlink(&modules, folder.join("node_modules")).unwrap();
    for file in ["alerts.ts", "tsconfig.json"] {
        fs::copy(client(file), folder.join(file)).unwrap();
    }
    fs::write(folder.join("package.json"), r#"{"type": "module"}"#).unwrap();
    let (is_made, printed) = run(Command::new(modules.join(".bin/openapi-typescript"))
        .arg(format!("{url}/openapi.json"))
        .args(["--output", "floorwalker.d.ts"])
        .current_dir(folder));
    assert!(is_made, "openapi-typescript: {printed}");
    let (compiles, faults) = run(Command::new(modules.join(".bin/tsc")).current_dir(folder));
    assert!(compiles, "tsc: {faults}");
    let (lists, listed) = run(Command::new("node")
        .args(["built/alerts.js", &url])
        .current_dir(folder));
    assert!(lists, "node: {listed}");
    assert!(listed.contains("has waited 20 s in billing"), "{listed}");
    // A type that is not the description's is refused.
    let wrong = fs::read_to_string(folder.join("alerts.ts")).unwrap();
    fs::write(
        folder.join("alerts.ts"),
        wrong.replace("limit: 10", "limit: \"ten\""),
    )
    .unwrap();
    let (is_wrong_taken, refusal) = run(Command::new(modules.join(".bin/tsc")).current_dir(folder));
    assert!(!is_wrong_taken, "{refusal}");
    site.end();
}

/// What an alert's link `wallboard` leads to: `tests/it/wallboard.rs` opens it in a browser.
#[test]
fn the_link_of_an_alert_for_people_leads_to_its_contact() {
    let site = fed("linked");
    let (_, alerts) = get(site.port(0), "/api/v1/alerts?limit=1").unwrap();
    let alerts: Value = serde_json::from_str(&alerts).unwrap();
    let link = alerts["alerts"][0]["links"]["wallboard"].as_str().unwrap();
    assert!(link.starts_with("/contacts/"), "{link}");
    let (status, page) = get(site.port(0), link).unwrap();
    assert_eq!(status, 200, "{page}");
    assert!(
        page.contains("<!DOCTYPE html>") && page.contains("/app.js"),
        "{page}"
    );
    site.end();
}
