//! `/openapi.json`, judged by the validators of others: openapi-spec-validator (PyPI) and redocly (npm). `scripts/setup` installs both.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use crate::{binary::get, serve_api::fed};

const HOW: &str = "run scripts/setup, which installs it under target/tools";

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
    let file = site.folder().join("openapi.json");
    fs::write(&file, &text).unwrap();
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools");
    let (python_accepts, python) = run(Command::new(tools.join("openapi/bin/python"))
        .args(["-m", "openapi_spec_validator"])
        .arg(&file));
    assert!(python_accepts, "openapi-spec-validator: {python}");
    let (redocly_accepts, redocly) = run(Command::new(
        tools.join("redocly/node_modules/.bin/redocly"),
    )
    .arg("lint")
    .arg(&file)
    .current_dir(site.folder())
    .env("REDOCLY_TELEMETRY", "off")
    .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true"));
    assert!(redocly_accepts, "redocly: {redocly}");
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
