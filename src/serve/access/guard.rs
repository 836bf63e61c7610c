//! Refuses who may not ask.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{
    browser::is_same_origin,
    gate::{Caller, Gate, Presented, asks, needed},
    session,
    token::{Scope, Token},
};
use crate::serve::{
    problem::Problem,
    traffic::{Traffic, add_one},
};

/// Who asks has shown nothing.
const ASK: &str = "Bearer realm=\"floorwalker\"";

/// Lets in who may ask, and notes for the path who it is.
pub(in crate::serve) async fn admit(
    State(gate): State<Gate>,
    mut request: Request,
    next: Next,
) -> Response {
    let is_signing_in =
        request.method() == Method::POST && request.uri().path() == session::SIGN_IN;
    if gate.is_open() || is_signing_in {
        request.extensions_mut().insert(Caller::default());
        return next.run(request).await;
    }
    match judge(&gate, &request) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            let mut answer = next.run(request).await;
            keep_private(answer.headers_mut());
            answer
        }
        Err(refusal) => {
            refusal.count(&gate.traffic);
            refusal.answer(&request)
        }
    }
}

/// What one may see is not for a cache that others share. Files of the wallboard are the same for all.
fn keep_private(headers: &mut HeaderMap) {
    let known = headers.get(header::CACHE_CONTROL);
    if known.is_none_or(|known| known == "no-cache") {
        let private = HeaderValue::from_static("private, no-cache");
        headers.insert(header::CACHE_CONTROL, private);
    }
}

fn judge(gate: &Gate, request: &Request) -> Result<Caller, Refusal> {
    let needed = match (request.method(), request.uri().path()) {
        // Whoever is signed in may leave.
        (&Method::POST, session::SIGN_OUT) => None,
        (method, path) => Some(needed(method, path)),
    };
    let (token, by_cookie) = match gate.presented(request.headers()) {
        Presented::Nothing => return Err(Refusal::Nobody),
        Presented::Unknown => return Err(Refusal::Unknown),
        Presented::Header(token) => (token, false),
        Presented::Cookie(token) => (token, true),
    };
    if by_cookie && !asks(request.method()) && !is_same_origin(request.headers()) {
        return Err(Refusal::Foreign);
    }
    match needed.filter(|needed| !token.allows(*needed)) {
        Some(lacking) => Err(Refusal::lacks(&token, lacking)),
        None => Ok(Caller::of(token)),
    }
}

enum Refusal {
    Nobody,
    Unknown,
    Lacks {
        name: String,
        scope: Scope,
    },
    /// The page of another site asks through somebody's browser.
    Foreign,
}

impl Refusal {
    fn lacks(token: &Token, scope: Scope) -> Self {
        Self::Lacks {
            name: token.name.clone(),
            scope,
        }
    }

    fn count(&self, traffic: &Traffic) {
        add_one(match self {
            Self::Nobody => &traffic.no_token,
            Self::Unknown => &traffic.unknown_token,
            Self::Lacks { .. } => &traffic.no_scope,
            Self::Foreign => &traffic.other_site,
        });
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::Nobody | Self::Unknown => StatusCode::UNAUTHORIZED,
            Self::Lacks { .. } | Self::Foreign => StatusCode::FORBIDDEN,
        }
    }

    /// As RFC 6750 has it.
    fn challenge(&self) -> Option<String> {
        match self {
            Self::Nobody => Some(ASK.to_owned()),
            Self::Unknown => Some(format!("{ASK}, error=\"invalid_token\"")),
            Self::Lacks { scope, .. } => {
                let scope = scope.name();
                Some(format!(
                    "{ASK}, error=\"insufficient_scope\", scope=\"{scope}\""
                ))
            }
            Self::Foreign => None,
        }
    }

    fn problem(&self, uri: &Uri) -> Problem {
        const SEND: &str = "send the header `Authorization: Bearer TOKEN`; `floorwalker token new` makes a token for the configuration";
        let new = |place: &str, detail: String, hint: &str| {
            Problem::new(self.status(), place, detail, hint)
        };
        match self {
            Self::Nobody => new(uri.path(), "this needs a token".to_owned(), SEND),
            Self::Unknown => new(
                "Authorization",
                "no token of this server is like that".to_owned(),
                SEND,
            ),
            Self::Lacks { name, scope } => new(
                uri.path(),
                format!("the token `{name}` has no scope `{}`", scope.name()),
                "ask with another token, or add the scope to this one under [[http.token]] and restart",
            ),
            Self::Foreign => new(
                "Origin",
                "a page of another site asks in the name of who is signed in here".to_owned(),
                "open this server's own pages; a program sends a header `Authorization` and no cookie",
            ),
        }
    }

    /// A problem; for a person in a browser a page to sign in.
    fn answer(&self, request: &Request) -> Response {
        let mut answer = if wants_page(request.method(), request.headers()) {
            let wrong = match self {
                Self::Nobody => None,
                Self::Unknown | Self::Lacks { .. } | Self::Foreign => Some(self.status()),
            };
            session::page(request.headers(), request.uri(), wrong)
        } else {
            self.problem(request.uri()).into_response()
        };
        *answer.status_mut() = self.status();
        let challenge = self.challenge();
        let challenge = challenge.and_then(|text| HeaderValue::from_str(&text).ok());
        if let Some(challenge) = challenge {
            answer
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        answer
    }
}

fn wants_page(method: &Method, headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT);
    let accepted = accepted.and_then(|accepted| accepted.to_str().ok());
    *method == Method::GET && accepted.is_some_and(|accepted| accepted.contains("text/html"))
}
