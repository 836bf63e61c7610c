//! What HTTP listens to, and whom it answers.

use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf};

use toml::Spanned;

use super::setting::{At as _, put};
use crate::{
    config::{fault::Fault, file, value::Parsed},
    serve::{HttpSettings, TlsSettings, Token, TokenHash},
};
use floorwalker_core::silence::BY_BYTES_MAX;

const TOKENS_MAX: usize = 1_000;

pub(super) fn settings(given: file::Http) -> Result<HttpSettings, Fault> {
    let mut settings = HttpSettings::default();
    let listen = given.listen.as_ref();
    put(&mut settings.listen, listen.map(|it| it.get_ref().0));
    for host in given.hosts.into_iter().flatten() {
        settings.hosts.push(host_name(host)?);
    }
    for origin in given.origins.into_iter().flatten() {
        settings.origins.push(origin_of(origin)?);
    }
    put(&mut settings.allow_anonymous, given.allow_anonymous);
    settings.tls = tls(given.tls)?;
    settings.tokens = tokens(given.token)?;
    match settings.exposure() {
        Some(sentence) => Err(at_listen(listen, sentence)),
        None => Ok(settings),
    }
}

/// The default is not exposed: there is a place whenever there is a fault.
fn at_listen(listen: Option<&Spanned<Parsed<SocketAddr>>>, sentence: String) -> Fault {
    let at = listen.map_or(0..0, Spanned::span);
    Fault { at, sentence }
}

fn host_name(host: Spanned<String>) -> Result<String, Fault> {
    let name = host.get_ref();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._*".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_name) {
        return Err(host.fault(format!(
            "`{name}` is no host name; write it without scheme and port, such as \"floorwalker.example.com\""
        )));
    }
    Ok(host.into_inner().to_ascii_lowercase())
}

/// As browsers send it: scheme, host, and a port that is not the scheme's own.
fn origin_of(origin: Spanned<String>) -> Result<String, Fault> {
    let text = origin.get_ref();
    let parts = text.split_once("://");
    let is_origin = parts.is_some_and(|(scheme, at)| {
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        ["http", "https"].contains(&scheme) && !at.is_empty() && at.bytes().all(is_host)
    });
    if !is_origin {
        return Err(origin.fault(format!(
            "`{text}` is no origin; write scheme and host, such as \"https://reports.example.com\""
        )));
    }
    Ok(origin.into_inner().to_ascii_lowercase())
}

fn tls(given: file::HttpTls) -> Result<Option<TlsSettings>, Fault> {
    let given_one = |it: Option<Spanned<String>>| it.filter(|it| !it.get_ref().is_empty());
    let path = |it: Spanned<String>| PathBuf::from(it.into_inner());
    match (given_one(given.certificate), given_one(given.key)) {
        (Some(certificate), Some(key)) => Ok(Some(TlsSettings {
            certificate: path(certificate),
            key: path(key),
        })),
        (Some(certificate), None) => {
            Err(certificate
                .fault("a certificate needs its `key`, a file with the private key as PEM"))
        }
        (None, Some(key)) => Err(key
            .fault("a key needs its `certificate`, a file with the chain of certificates as PEM")),
        (None, None) => Ok(None),
    }
}

fn tokens(given: Vec<file::HttpToken>) -> Result<Vec<Token>, Fault> {
    let mut names = BTreeSet::new();
    let mut tokens = Vec::new();
    for file::HttpToken { name, hash, scopes } in given {
        let text = name.get_ref();
        if text.trim().is_empty() || text.len() > BY_BYTES_MAX {
            return Err(name.fault(format!(
                "a token needs the name of whoever has it, in at most {BY_BYTES_MAX} bytes"
            )));
        }
        if !names.insert(text.clone()) {
            return Err(name.fault(format!(
                "there is a token `{text}` already; each has a name of its own"
            )));
        }
        if tokens.len() == TOKENS_MAX {
            return Err(name.fault(format!("there are more than {TOKENS_MAX} tokens")));
        }
        if scopes.get_ref().is_empty() {
            return Err(scopes.fault(
                "a token without scopes allows nothing; write \"metrics\", \"read\" or \"act\"",
            ));
        }
        let all = scopes.into_inner().into_iter();
        let own = hash_of(&hash)?;
        if let Some(other) = tokens.iter().find(|other: &&Token| other.hash == own) {
            return Err(hash.fault(format!(
                "this is the token of `{}`, too; make one for each by `floorwalker token new`",
                other.name
            )));
        }
        tokens.push(Token {
            name: name.into_inner(),
            hash: own,
            scopes: all.map(|scope| scope.into_inner().0).collect(),
        });
    }
    Ok(tokens)
}

/// What stands there may be the token itself: it is not repeated.
fn hash_of(given: &Spanned<String>) -> Result<TokenHash, Fault> {
    given.get_ref().parse().map_err(|_| {
        given.fault("this is no hash; write \"sha256:\" and 64 hexadecimal digits, as `floorwalker token new` prints them")
    })
}
