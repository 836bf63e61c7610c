//! Who may ask for what, with tokens in the configuration: every path, signing in and out, and whose name acts have.

use std::{collections::BTreeSet, fs, path::Path};

use floorwalker::serve::{COOKIE, HttpSettings, Scope, Server, Site};
use serde_json::{Value, json};
use syn::visit::{self, Visit};

use crate::{
    binary::{floorwalker, refusal},
    serving::{Answer, Serving, local, token},
    tidy::rust_files,
};

/// Open to all: an orchestrator has no token.
const OPEN: [&str; 2] = ["/healthz", "/readyz"];
/// Of these two, one is the way in, and whoever is in may take the other.
const WAYS: [&str; 2] = ["/sign-in", "/sign-out"];
const METRICS: [&str; 2] = ["/metrics", "/metrics/kpi"];
const SILENCE: &str = r#"{"matchers":{"queue":"billing"},"ends_at":"2099-01-01T00:00:00Z"}"#;

/// Paths that routers are given, as the sources have them.
#[derive(Default)]
struct Routes {
    paths: BTreeSet<String>,
    /// A path that is a variable is an element of a list.
    lists: usize,
    variables: usize,
}

fn text(expression: &syn::Expr) -> Option<String> {
    let syn::Expr::Lit(syn::ExprLit {
        lit: syn::Lit::Str(text),
        ..
    }) = expression
    else {
        return None;
    };
    Some(text.value())
}

impl<'a> Visit<'a> for Routes {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        let is_test = item.attrs.iter().any(|it| it.path().is_ident("cfg"));
        if !is_test {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'a syn::ExprMethodCall) {
        if call.method == "route" {
            match call.args.first().map(text) {
                Some(Some(path)) => drop(self.paths.insert(path)),
                _ => self.variables += 1,
            }
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_for_loop(&mut self, of: &'a syn::ExprForLoop) {
        if let syn::Expr::Array(list) = &*of.expr {
            let paths: Vec<String> = list.elems.iter().filter_map(text).collect();
            self.lists += usize::from(paths.iter().any(|path| path.starts_with('/')));
            self.paths
                .extend(paths.into_iter().filter(|path| path.starts_with('/')));
        }
        visit::visit_expr_for_loop(self, of);
    }
}

/// All paths of the server, with something for each parameter.
fn paths() -> BTreeSet<String> {
    let mut routes = Routes::default();
    for (_, text) in rust_files(Path::new("src/serve")) {
        routes.visit_file(&syn::parse_file(&text).unwrap());
    }
    assert_eq!(
        routes.variables, routes.lists,
        "a path that this test does not find"
    );
    let filled = |path: &String| {
        let segments = path.split('/');
        let segments = segments.map(|it| if it.starts_with('{') { "x" } else { it });
        segments.collect::<Vec<_>>().join("/")
    };
    routes.paths.iter().map(filled).collect()
}

fn bearer(secret: &str) -> String {
    format!("Bearer {secret}")
}

/// A server with a token for each scope, and their secrets.
fn with_tokens() -> (Serving, [String; 3]) {
    let (metrics, of_metrics) = token("prometheus", &[Scope::Metrics]);
    let (reads, of_reads) = token("report", &[Scope::Read]);
    let (acts, of_acts) = token("lea", &[Scope::Act]);
    let http = HttpSettings {
        tokens: vec![metrics, reads, acts],
        ..local()
    };
    (Serving::start(&http), [of_metrics, of_reads, of_acts])
}

fn problem(answer: &Answer) -> Value {
    assert_eq!(
        answer.header("content-type"),
        "application/problem+json",
        "{answer:?}"
    );
    let problem = answer.json();
    assert_eq!(problem["status"], answer.status);
    problem
}

#[test]
fn every_path_but_health_asks_for_a_token_with_its_scope() {
    let (serving, [metrics, reads, acts]) = with_tokens();
    let mut all = paths();
    assert!(
        all.len() > 25 && all.contains("/api/v1/alerts/x"),
        "{all:?}"
    );
    let described = serving.ask(
        "GET",
        "/openapi.json",
        &[("authorization", &bearer(&reads))],
        "",
    );
    for (path, _) in described.json()["paths"].as_object().unwrap() {
        let known = path.replace("/acknowledge", "");
        let filled: Vec<_> = (known.split('/'))
            .map(|it| if it.starts_with('{') { "x" } else { it })
            .collect();
        assert!(all.contains(&filled.join("/")), "{path}");
    }
    all.extend([
        "/no/such/path".to_owned(),
        "/Metrics".to_owned(),
        "//metrics".to_owned(),
    ]);
    for path in &all {
        let path = path.as_str();
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let place = format!("{method} {path}");
            let status = |secret: &str| {
                let headers = [("authorization", bearer(secret))];
                let headers = headers
                    .each_ref()
                    .map(|(name, value)| (*name, value.as_str()));
                serving.ask(method, path, &headers, "").status
            };
            let asks = ["GET", "HEAD"].contains(&method);
            if OPEN.contains(&path) {
                let expected: &[u16] = if asks { &[200, 503] } else { &[405] };
                assert!(
                    expected.contains(&serving.ask(method, path, &[], "").status),
                    "{place}"
                );
                continue;
            }
            if method == "POST" && WAYS.contains(&path) {
                continue;
            }
            let unasked = serving.ask(method, path, &[], "");
            assert_eq!(unasked.status, 401, "{place}");
            assert_eq!(
                unasked.header("www-authenticate"),
                "Bearer realm=\"floorwalker\"",
                "{place}"
            );
            assert_eq!(status("fwt_wrong"), 401, "{place}");
            let allowed = [
                (&metrics, asks && METRICS.contains(&path)),
                (&reads, asks),
                (&acts, !asks),
            ];
            for (secret, is_allowed) in allowed {
                assert_eq!(status(secret) != 403, is_allowed, "{place}");
            }
        }
    }
}

#[test]
fn refusals_say_what_to_do_and_no_secret() {
    let (serving, [_, reads, _]) = with_tokens();
    let nobody = serving.get("/api/v1/alerts");
    assert_eq!(problem(&nobody)["title"], "Unauthorized");
    assert!(nobody.text.contains("floorwalker token new"), "{nobody:?}");
    let wrong = [("authorization", "Bearer fwt_planted-wrong-token")];
    let unknown = serving.ask("GET", "/api/v1/alerts", &wrong, "");
    assert!(
        unknown
            .header("www-authenticate")
            .ends_with("error=\"invalid_token\"")
    );
    assert!(!unknown.text.contains("planted"), "{unknown:?}");
    let reads = bearer(&reads);
    let reads = [
        ("authorization", reads.as_str()),
        ("content-type", "application/json"),
    ];
    let lacking = serving.ask("POST", "/api/v1/silences", &reads, SILENCE);
    assert_eq!(
        problem(&lacking)["detail"],
        "the token `report` has no scope `act`"
    );
    assert!(
        lacking
            .header("www-authenticate")
            .ends_with("error=\"insufficient_scope\", scope=\"act\"")
    );
    let basic = serving.ask("GET", "/", &[("authorization", "Basic YTpi")], "");
    assert_eq!(basic.status, 401);
    let pages = serving.ask("GET", "/metrics", &reads, "").text;
    for line in [
        "floorwalker_http_refused_total{reason=\"no_token\"} 1",
        "floorwalker_http_refused_total{reason=\"unknown_token\"} 2",
        "floorwalker_http_refused_total{reason=\"no_scope\"} 1",
        "floorwalker_http_refused_total{reason=\"other_site\"} 0",
    ] {
        assert!(pages.lines().any(|it| it == line), "{line}: {pages}");
    }
    // In an address a token would be logged by whatever stands between.
    assert_eq!(serving.get("/api/v1/alerts?token=x").status, 401);
}

#[test]
fn the_author_is_the_tokens_name_whatever_is_said() {
    let (serving, [_, _, acts]) = with_tokens();
    let acts = bearer(&acts);
    let acts = [
        ("authorization", acts.as_str()),
        ("content-type", "application/json"),
    ];
    let made = serving.ask("POST", "/api/v1/silences", &acts, SILENCE);
    // Years from now is too long; everything else is right.
    assert_eq!(made.status, 400, "{made:?}");
    let ends_at = floorwalker::kafka::clock::wall() + floorwalker_core::event::Span::from_secs(600);
    let with = |by: &Value| {
        let body = json!({"matchers": {"queue": "billing"}, "ends_at": ends_at, "by": by});
        serving.ask("POST", "/api/v1/silences", &acts, &body.to_string())
    };
    let silence = with(&Value::Null);
    assert_eq!(
        (silence.status, &silence.json()["by"]),
        (201, &json!("lea"))
    );
    assert_eq!(with(&json!("lea")).status, 201);
    let other = with(&json!("kim"));
    assert_eq!(other.status, 403, "{other:?}");
    assert_eq!(
        problem(&other)["detail"],
        "`by` is `kim`, and the token is that of `lea`"
    );
    let id = silence.json()["id"].as_str().unwrap().to_owned();
    let end = |query: &str| {
        serving.ask(
            "DELETE",
            &format!("/api/v1/silences/{id}{query}"),
            &acts,
            "",
        )
    };
    assert_eq!(end("?by=kim").status, 403);
    let ended = end("");
    assert_eq!(
        (ended.status, &ended.json()["ended_by"]),
        (200, &json!("lea"))
    );
}

/// A browser's form, sent by a page of this site.
fn sign_in(serving: &Serving, secret: &str, site: &str) -> Answer {
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", site),
    ];
    let form = format!("token={secret}&next=%2Falerts%3Fover%3D1");
    serving.ask("POST", "/sign-in", &headers, &form)
}

#[test]
fn a_browser_signs_in_reads_acts_and_signs_out() {
    let (person, secret) = token("ana", &[Scope::Read, Scope::Act]);
    let (metrics, of_metrics) = token("prometheus", &[Scope::Metrics]);
    let http = HttpSettings {
        tokens: vec![person, metrics],
        ..local()
    };
    let serving = Serving::start(&http);
    let page = serving.ask(
        "GET",
        "/alerts?over=1",
        &[("accept", "text/html,*/*;q=0.8"), ("accept-language", "sv")],
        "",
    );
    assert_eq!(page.status, 401);
    assert!(
        page.text.contains("<form method=\"post\"") && page.text.contains("Logga in"),
        "{page:?}"
    );
    assert!(page.text.contains("value=\"/alerts?over=1\""), "{page:?}");
    assert!(
        page.header("content-security-policy")
            .contains("form-action 'self'")
    );

    assert_eq!(sign_in(&serving, "fwt_wrong", "same-origin").status, 401);
    assert_eq!(sign_in(&serving, &of_metrics, "same-origin").status, 403);
    // Another site's form would sign the reader in as somebody else.
    assert_eq!(sign_in(&serving, &secret, "cross-site").status, 403);
    let signed_in = sign_in(&serving, &secret, "same-origin");
    assert_eq!(
        (signed_in.status, signed_in.header("location")),
        (303, "/alerts?over=1")
    );
    let set = signed_in.header("set-cookie");
    for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Max-Age") && !set.contains("Secure"), "{set}");

    let cookie = format!("{COOKIE}={secret}");
    let get = |path: &str| serving.ask("GET", path, &[("cookie", &cookie)], "");
    for path in [
        "/",
        "/alerts",
        "/api/v1/floor",
        "/api/v1/stream",
        "/metrics",
    ] {
        assert_eq!(get(path).status, 200, "{path}");
    }
    assert_eq!(
        get("/api/v1/alerts").header("cache-control"),
        "private, no-cache"
    );
    let session = get("/api/v1/session").json();
    assert_eq!(session, json!({"name": "ana", "scopes": ["read", "act"]}));

    let act = |site: (&str, &str)| {
        let headers = [
            ("cookie", cookie.as_str()),
            ("content-type", "application/json"),
            site,
        ];
        serving
            .ask("POST", "/api/v1/silences", &headers, "{}")
            .status
    };
    let origin = serving.url("");
    // Refused as a body, not as a page of another site.
    assert_eq!(act(("sec-fetch-site", "same-origin")), 422);
    assert_eq!(act(("origin", &origin)), 422);
    for foreign in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("x-nothing", "1"),
    ] {
        assert_eq!(act(foreign), 403, "{foreign:?}");
    }
    let leave = [
        ("cookie", cookie.as_str()),
        ("sec-fetch-site", "same-origin"),
    ];
    let left = serving.ask("POST", "/sign-out", &leave, "");
    assert_eq!(left.status, 204);
    assert!(
        left.header("set-cookie")
            .starts_with(&format!("{COOKIE}=;")),
        "{left:?}"
    );
    assert!(left.header("set-cookie").contains("Max-Age=0"), "{left:?}");
}

#[test]
fn behind_tls_the_cookie_is_for_tls_alone() {
    let (person, secret) = token("ana", &[Scope::Read]);
    let http = HttpSettings {
        tokens: vec![person],
        ..local()
    };
    let serving = Serving::start(&http);
    // As a browser sends it to a proxy that speaks TLS.
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "same-origin"),
        ("origin", "https://sla.example.com"),
    ];
    let answer = serving.ask("POST", "/sign-in", &headers, &format!("token={secret}"));
    assert_eq!((answer.status, answer.header("location")), (303, "/"));
    assert!(
        answer.header("set-cookie").contains("; Secure"),
        "{answer:?}"
    );
}

#[test]
fn a_token_is_made_by_a_command_and_works() {
    let output = floorwalker(&[
        "token",
        "new",
        "--name",
        "ana \"x\"",
        "--scopes",
        "act,read,read",
    ])
    .output()
    .unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    let (secret, settings) = printed.split_once('\n').unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f.toml");
    let text = format!("[http]\nlisten = \"0.0.0.0:0\"\n{settings}");
    fs::write(&file, text).unwrap();
    let config = floorwalker::config::Config::load(&file).unwrap();
    let mut http = config.http;
    assert_eq!(http.tokens[0].name, "ana \"x\"");
    http.listen = local().listen;
    let serving = Serving::start(&http);
    let asked = serving.ask(
        "GET",
        "/api/v1/session",
        &[("authorization", &bearer(secret))],
        "",
    );
    assert_eq!(
        asked.json(),
        json!({"name": "ana \"x\"", "scopes": ["read", "act"]})
    );
    let as_json = floorwalker(&[
        "token", "new", "--name", "p", "--scopes", "metrics", "--json",
    ])
    .output()
    .unwrap();
    let made: Value = serde_json::from_slice(&as_json.stdout).unwrap();
    assert_eq!(
        (&made["name"], &made["scopes"]),
        (&json!("p"), &json!(["metrics"]))
    );
    let (refused, code) = refusal(&["token", "new", "--name", "p", "--scopes", "write"]);
    assert_eq!(code, 2, "{refused}");
    assert!(refused.contains("metrics, read, act"), "{refused}");
}

#[test]
fn without_tokens_other_machines_are_refused_with_what_to_do() {
    let site = || Site {
        notify: None,
        progress: std::sync::Arc::default(),
        works: true,
        read: None,
    };
    let at = |listen: &str, allow_anonymous: bool| HttpSettings {
        listen: listen.parse().unwrap(),
        allow_anonymous,
        ..HttpSettings::default()
    };
    for open in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:10.0.0.1]:0"] {
        let error = Server::start(&at(open, false), site())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("`floorwalker token new`") && error.contains("allow_anonymous"),
            "{error}"
        );
    }
    for local in ["127.0.0.1:0", "127.9.9.9:0", "[::ffff:127.0.0.1]:0"] {
        drop(Server::start(&at(local, false), site()).unwrap());
    }
    drop(Server::start(&at("0.0.0.0:0", true), site()).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f.toml");
    fs::write(&file, "[http]\nhosts = []\nlisten = \"0.0.0.0:8640\"\n").unwrap();
    let file = file.display().to_string();
    let (refused, code) = refusal(&["check", "--roles", "serve", "--config", &file]);
    assert_eq!(code, 2);
    assert!(
        refused.starts_with(&format!(
            "error: {file}:3:10: other machines reach 0.0.0.0:8640"
        )),
        "{refused}"
    );
    let (no_demo, _) = refusal(&["demo", "--plain", "--listen", "0.0.0.0:0"]);
    assert!(no_demo.contains("--allow-anonymous"), "{no_demo}");
}
