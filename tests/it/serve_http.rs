//! HTTP as its standards have it: problems, tags, pages of a list, other sites' pages.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use floorwalker::{kafka::clock, serve::HttpSettings};
use floorwalker_core::event::Span;
use serde_json::json;

use crate::serving::{Answer, Serving, local};

const JSON: (&str, &str) = ("content-type", "application/json");
const SILENCES: &str = "/api/v1/silences";

fn check_problem(answer: &Answer, status: u16, detail: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(
        answer.header("content-type"),
        "application/problem+json",
        "{answer:?}"
    );
    let problem = answer.json();
    assert_eq!(
        (&problem["status"], &problem["type"]),
        (&json!(status), &json!("about:blank"))
    );
    for field in ["title", "where", "what_to_do"] {
        assert!(
            problem[field].as_str().is_some_and(|it| !it.is_empty()),
            "{field}: {problem}"
        );
    }
    let found = problem["detail"].as_str().unwrap();
    assert!(found.contains(detail), "{found}");
}

#[test]
fn every_error_is_a_problem() {
    let serving = Serving::start(&local());
    check_problem(&serving.get("/nothing"), 404, "there is nothing here");
    check_problem(
        &serving.get("/api/v1/alerts/none"),
        404,
        "there is no alert",
    );
    check_problem(&serving.get("/assets/x/none.js"), 404, "can't be met");
    check_problem(&serving.get("/api/v1/alerts?limit=x"), 400, "limit");
    check_problem(&serving.get("/api/v1/alerts?colour=red"), 400, "colour");
    check_problem(&serving.get("/api/v1/contacts/%FF"), 400, "can't be met");
    let put = serving.ask("PUT", "/api/v1/alerts", &[], "");
    check_problem(&put, 405, "there is no `PUT` here");
    assert_eq!(put.header("allow"), "GET,HEAD");
    check_problem(&serving.ask("POST", SILENCES, &[JSON], "{"), 400, "");
    check_problem(&serving.ask("POST", SILENCES, &[JSON], "{}"), 422, "");
    check_problem(
        &serving.ask("POST", SILENCES, &[("content-type", "text/plain")], "x"),
        415,
        "",
    );
    let long = "x".repeat(20_000);
    check_problem(&serving.ask("POST", SILENCES, &[JSON], &long), 413, "");
    check_problem(
        &serving.ask("GET", "/", &[("host", "evil.example")], ""),
        421,
        "evil.example",
    );
}

#[test]
fn a_body_that_does_not_come_is_waited_for_in_vain_and_briefly() {
    let serving = Serving::start(&local());
    let mut stream = TcpStream::connect(serving.server.address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let head = format!(
        "POST {SILENCES} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
}

/// A silence of a queue, for so many seconds.
fn silence(serving: &Serving, queue: &str, seconds: i64) -> String {
    let body = json!({
        "matchers": {"queue": queue}, "ends_at": clock::wall() + Span::from_secs(seconds), "by": "lea",
    });
    let made = serving.ask("POST", SILENCES, &[JSON], &body.to_string());
    assert_eq!(made.status, 201, "{made:?}");
    made.json()["id"].as_str().unwrap().to_owned()
}

#[test]
fn who_has_an_answer_already_is_sent_nothing() {
    let serving = Serving::start(&local());
    silence(&serving, "billing", 600);
    let tag = |headers: &[(&str, &str)]| {
        serving
            .ask("GET", SILENCES, headers, "")
            .header("etag")
            .to_owned()
    };
    let plain = tag(&[]);
    assert!(plain.starts_with('"') && plain.len() > 20, "{plain}");
    assert_eq!(plain, tag(&[]));
    // Too short to be compressed is most of what there is here.
    let described = |headers: &[(&str, &str)]| serving.ask("GET", "/openapi.json", headers, "");
    let whole = described(&[]);
    let packed = described(&[("accept-encoding", "gzip")]);
    assert_eq!(
        packed.header("etag"),
        whole.header("etag").trim_end_matches('"').to_owned() + "-gzip\""
    );
    assert!(
        packed.header("vary").contains("accept-encoding"),
        "{packed:?}"
    );
    for known in [whole.header("etag"), packed.header("etag")] {
        let unchanged = described(&[("if-none-match", known)]);
        assert_eq!((unchanged.status, unchanged.text.as_str()), (304, ""));
        assert_eq!(unchanged.header("etag"), known);
    }
    let ask = |known: &str| serving.ask("GET", SILENCES, &[("if-none-match", known)], "");
    let several = format!("\"other\", {plain}");
    for known in [plain.as_str(), several.as_str()] {
        let unchanged = ask(known);
        assert_eq!(
            (unchanged.status, unchanged.text.as_str()),
            (304, ""),
            "{known}"
        );
    }
    silence(&serving, "tech", 600);
    let changed = ask(&plain);
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), plain);
}

#[test]
fn a_list_is_read_page_by_page_while_it_changes() {
    let serving = Serving::start(&local());
    let mut ids: Vec<String> = (1..=7)
        .map(|number| silence(&serving, &format!("q{number}"), number * 100))
        .collect();
    let mut path = format!("{SILENCES}?status=active&limit=2");
    let mut seen: Vec<String> = Vec::new();
    for page in 0.. {
        let answer = serving.get(&path);
        assert_eq!(answer.status, 200, "{answer:?}");
        let lines = answer.json()["silences"].as_array().unwrap().clone();
        assert!((1..=2).contains(&lines.len()), "{lines:?}");
        seen.extend(lines.iter().map(|it| it["id"].as_str().unwrap().to_owned()));
        if page == 0 {
            // One that was seen ends, and one comes before the place that was reached.
            let gone = serving.ask("DELETE", &format!("{SILENCES}/{}?by=lea", seen[1]), &[], "");
            assert_eq!(gone.status, 200, "{gone:?}");
            silence(&serving, "early", 50);
        }
        let link = answer.header("link");
        let Some(next) = link
            .strip_prefix('<')
            .and_then(|it| it.strip_suffix(">; rel=\"next\""))
        else {
            assert_eq!(link, "");
            break;
        };
        path = next.to_owned();
    }
    assert_eq!(seen, ids);
    ids.truncate(0);
    for (query, detail) in [
        ("limit=10001", "too many"),
        ("cursor=x", "`cursor`"),
        ("limit=-1", "limit"),
    ] {
        for list in ["silences", "alerts", "entities", "directory"] {
            check_problem(
                &serving.get(&format!("/api/v1/{list}?{query}")),
                400,
                detail,
            );
        }
    }
}

#[test]
fn only_pages_of_configured_sites_may_read_answers() {
    let http = HttpSettings {
        origins: vec!["https://reports.example.com".to_owned()],
        ..local()
    };
    let serving = Serving::start(&http);
    let from = |origin: &str| serving.ask("GET", "/api/v1/alerts", &[("origin", origin)], "");
    let allowed = from("https://reports.example.com");
    assert_eq!(
        allowed.header("access-control-allow-origin"),
        "https://reports.example.com"
    );
    assert!(
        allowed
            .header("access-control-expose-headers")
            .contains("etag"),
        "{allowed:?}"
    );
    // Cookies are never for other sites.
    assert_eq!(allowed.header("access-control-allow-credentials"), "");
    assert_eq!(
        from("https://evil.example").header("access-control-allow-origin"),
        ""
    );
    let preflight = serving.ask(
        "OPTIONS",
        "/api/v1/alerts",
        &[
            ("origin", "https://reports.example.com"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization"),
        ],
        "",
    );
    assert_eq!(preflight.status, 200, "{preflight:?}");
    assert!(
        preflight
            .header("access-control-allow-headers")
            .contains("authorization"),
        "{preflight:?}"
    );
    let closed = Serving::start(&local());
    let answer = closed.ask(
        "GET",
        "/api/v1/alerts",
        &[("origin", "https://reports.example.com")],
        "",
    );
    assert_eq!(answer.header("access-control-allow-origin"), "");
}
