//! The tokens of this process, and who asks.

use std::sync::Arc;

use axum::http::{HeaderMap, Method, header};

use super::{
    browser,
    token::{Scope, Token, find},
};
use crate::serve::traffic::Traffic;

/// The tokens. Without any, nobody is asked who they are.
#[derive(Debug, Clone)]
pub(in crate::serve) struct Gate {
    tokens: Arc<[Arc<Token>]>,
    /// The server itself speaks TLS: cookies are for it alone.
    pub(super) has_tls: bool,
    pub(super) traffic: Arc<Traffic>,
}

/// Who asks: the token, if there are any.
#[derive(Debug, Clone, Default)]
pub(in crate::serve) struct Caller(Option<Arc<Token>>);

/// What a request brings to show who it is from.
pub(super) enum Presented {
    Nothing,
    /// A header or a cookie that is of no token here.
    Unknown,
    Header(Arc<Token>),
    /// A browser sends it by itself, whoever made it ask.
    Cookie(Arc<Token>),
}

impl Gate {
    pub(in crate::serve) fn new(tokens: &[Token], has_tls: bool, traffic: &Arc<Traffic>) -> Self {
        let tokens = tokens.iter().cloned().map(Arc::new);
        Self {
            tokens: tokens.collect(),
            has_tls,
            traffic: Arc::clone(traffic),
        }
    }

    /// Nobody is asked who they are.
    pub(in crate::serve) fn is_open(&self) -> bool {
        self.tokens.is_empty()
    }

    pub(super) fn find(&self, secret: &str) -> Option<Arc<Token>> {
        find(&self.tokens, secret).map(Arc::clone)
    }

    /// A header counts before a cookie.
    pub(super) fn presented(&self, headers: &HeaderMap) -> Presented {
        if let Some(given) = headers.get(header::AUTHORIZATION) {
            let secret = given.to_str().ok().and_then(bearer);
            let token = secret.and_then(|secret| self.find(secret));
            return token.map_or(Presented::Unknown, Presented::Header);
        }
        match browser::secret(headers) {
            Some(secret) => {
                let token = self.find(&secret);
                token.map_or(Presented::Unknown, Presented::Cookie)
            }
            None => Presented::Nothing,
        }
    }
}

/// The name of the scheme is the same in small and capital letters.
fn bearer(given: &str) -> Option<&str> {
    let (scheme, secret) = given.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

/// Whether a request is a question, and changes nothing.
pub(super) fn asks(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

/// What a request needs. A path that is not named here needs `read`, and whatever is not a question needs `act`.
pub(super) fn needed(method: &Method, path: &str) -> Scope {
    match path {
        "/metrics" | "/metrics/kpi" if asks(method) => Scope::Metrics,
        _ if asks(method) => Scope::Read,
        _ => Scope::Act,
    }
}

impl Caller {
    pub(super) const fn of(token: Arc<Token>) -> Self {
        Self(Some(token))
    }

    /// The token's name; `None` where nobody is asked.
    pub(in crate::serve) fn name(&self) -> Option<&str> {
        self.0.as_ref().map(|token| token.name.as_str())
    }

    /// What the caller may do.
    pub(in crate::serve) fn scopes(&self) -> Vec<Scope> {
        match &self.0 {
            Some(token) => token.scopes.iter().copied().collect(),
            None => Scope::ALL.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_paths_need_less_and_only_questions_do_not_act() {
        for (method, path, expected) in [
            (Method::GET, "/metrics", Scope::Metrics),
            (Method::HEAD, "/metrics/kpi", Scope::Metrics),
            (Method::POST, "/metrics", Scope::Act),
            (Method::GET, "/metrics/", Scope::Read),
            (Method::GET, "/", Scope::Read),
            (Method::GET, "/no/such/path", Scope::Read),
            (Method::OPTIONS, "/api/v1/alerts", Scope::Act),
            (Method::DELETE, "/api/v1/silences/x", Scope::Act),
            (Method::from_bytes(b"BREW").unwrap(), "/", Scope::Act),
        ] {
            assert_eq!(needed(&method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn a_bearer_token_is_read_from_its_header() {
        for (given, expected) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc ", Some("abc")),
            ("Basic abc", None),
            ("abc", None),
        ] {
            assert_eq!(bearer(given), expected, "{given}");
        }
    }
}
