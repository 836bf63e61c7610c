//! The server of a process with the role `serve`, in this process, on the embedded broker.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use floorwalker::{
    kafka::{Embedded, EmbeddedSettings, Progress, Stop},
    serve::{
        Configured, FollowThread, HttpSettings, NewToken, ReadSide, Scope, ServeSettings, Server,
        Site, Token,
    },
};
use serde_json::Value;

use crate::broker::pause;

const TASKS: u16 = 2;

pub(crate) struct Serving {
    pub(crate) server: Server,
    side: Arc<ReadSide>,
    stop: Stop,
    follower: Option<FollowThread>,
    broker: Embedded,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A token with its secret.
pub(crate) fn token(name: &str, scopes: &[Scope]) -> (Token, String) {
    let made = NewToken::make().unwrap();
    let token = Token {
        name: name.to_owned(),
        hash: made.hash,
        scopes: scopes.iter().copied().collect(),
    };
    (token, made.secret)
}

pub(crate) fn local() -> HttpSettings {
    HttpSettings {
        listen: "127.0.0.1:0".parse().unwrap(),
        ..HttpSettings::default()
    }
}

impl Serving {
    pub(crate) fn start(http: &HttpSettings) -> Self {
        let broker = Embedded::start(EmbeddedSettings {
            port: 0,
            prefix: "floorwalker".to_owned(),
            tasks: TASKS,
            sources: Vec::new(),
        })
        .unwrap();
        let stop = Stop::default();
        let settings = (ServeSettings::default(), Configured::default());
        let (side, follower) = ReadSide::start(&broker.settings(), TASKS, settings, &stop).unwrap();
        let site = Site {
            notify: None,
            progress: Arc::new(Progress::default()),
            works: false,
            read: Some(Arc::clone(&side)),
        };
        let server = Server::start(http, site).unwrap();
        let serving = Self {
            server,
            side,
            stop,
            follower: Some(follower),
            broker,
        };
        for _ in 0..600 {
            if serving.side.model.is_caught_up() {
                return serving;
            }
            pause(Duration::from_millis(100));
        }
        panic!("the topics are not read");
    }

    pub(crate) fn brokers(&self) -> String {
        self.broker.settings().brokers
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address)
    }

    /// Asks with these headers; a body is sent if there is one.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .into();
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(self.url(path));
        if !headers.iter().any(|(name, _)| *name == "accept-encoding") {
            request = request.header("accept-encoding", "identity");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = match body.is_empty() {
            true => agent.run(request.body(()).unwrap()),
            false => agent.run(request.body(body.to_owned()).unwrap()),
        };
        let mut answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let mut given: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in answer.headers() {
            let value = String::from_utf8_lossy(value.as_bytes());
            let known = given.entry(name.as_str().to_owned()).or_default();
            let between = if known.is_empty() { "" } else { ", " };
            *known += &format!("{between}{value}");
        }
        let kind = given.get("content-type");
        // News have no end.
        let is_stream = kind.is_some_and(|kind| kind == "text/event-stream");
        let text = match is_stream {
            true => String::new(),
            false => answer.body_mut().read_to_string().unwrap_or_default(),
        };
        Answer {
            status: answer.status().as_u16(),
            headers: given,
            text,
        }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "")
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stop.request();
        if let Some(follower) = self.follower.take() {
            drop(follower.join());
        }
    }
}
