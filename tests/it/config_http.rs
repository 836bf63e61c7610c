//! Settings of HTTP: tokens, TLS, names, and mistakes in them.

use std::path::PathBuf;

use floorwalker::serve::{Scope, TlsSettings};

use crate::config::{check, parse};

const HASH: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

const OTHER_HASH: &str = "sha256:0f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn token(name: &str, hash: &str, scopes: &str) -> String {
    format!("[[http.token]]\nname = \"{name}\"\nhash = \"{hash}\"\nscopes = [{scopes}]\n")
}

#[test]
fn tokens_and_tls_are_settings() {
    let config = parse(&format!(
        "[http]\nlisten = \"0.0.0.0:1\"\norigins = [\"https://Reports.example.com\"]\n\
         [http.tls]\ncertificate = \"/c.pem\"\nkey = \"/k.pem\"\n{}{}",
        token("ana", HASH, "\"act\", \"read\", \"read\""),
        token("prometheus", OTHER_HASH, "\"metrics\""),
    ));
    let http = config.http;
    let [ana, prometheus] = http.tokens.as_slice() else {
        panic!("{:?}", http.tokens)
    };
    assert_eq!(ana.scopes.len(), 2);
    assert!(ana.allows(Scope::Act) && ana.allows(Scope::Metrics));
    assert!(!prometheus.allows(Scope::Read));
    assert_eq!(ana.hash.to_string(), HASH);
    assert_eq!(http.origins, ["https://reports.example.com"]);
    let tls = TlsSettings {
        certificate: PathBuf::from("/c.pem"),
        key: PathBuf::from("/k.pem"),
    };
    assert_eq!(http.tls, Some(tls));
}

#[test]
fn mistakes_in_tokens_are_named_without_what_stands_there() {
    for (text, expected) in [
        (
            token("a", "fwt_planted", "\"read\""),
            "f.toml:3:8: this is no hash; write \"sha256:\" and 64 hexadecimal digits, as `floorwalker token new` prints them",
        ),
        (
            token("a", HASH, "\"read\"") + &token("b", HASH, "\"act\""),
            "f.toml:7:8: this is the token of `a`, too; make one for each by `floorwalker token new`",
        ),
        (
            token("a", HASH, ""),
            "f.toml:4:10: a token without scopes allows nothing; write \"metrics\", \"read\" or \"act\"",
        ),
        (
            token("a", HASH, "\"write\""),
            "f.toml:4:11: `write` is no scope; write \"metrics\", \"read\" or \"act\"",
        ),
        (
            token(" ", HASH, "\"read\""),
            "f.toml:2:8: a token needs the name of whoever has it, in at most 256 bytes",
        ),
        (
            token("a", HASH, "\"read\"") + &token("a", HASH, "\"act\""),
            "f.toml:6:8: there is a token `a` already; each has a name of its own",
        ),
    ] {
        check(&text, expected);
    }
}

#[test]
fn names_and_addresses_that_are_none_are_refused() {
    check(
        "[http]\norigins = [\"reports.example.com\"]\n",
        "f.toml:2:12: `reports.example.com` is no origin; write scheme and host, such as \"https://reports.example.com\"",
    );
    check(
        "[http]\norigins = [\"https://a.example/path\"]\n",
        "f.toml:2:12: `https://a.example/path` is no origin; write scheme and host, such as \"https://reports.example.com\"",
    );
    check(
        "[http.tls]\nkey = \"/k.pem\"\n",
        "f.toml:2:7: a key needs its `certificate`, a file with the chain of certificates as PEM",
    );
    check(
        "[http]\nlisten = \"192.0.2.1:80\"\n",
        "f.toml:2:10: other machines reach 192.0.2.1:80, and nobody would be asked who they are; make a token with `floorwalker token new`, or write `allow_anonymous = true` under [http] if something before it asks",
    );
}
