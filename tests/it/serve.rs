//! HTTP, as Prometheus and an orchestrator see it.

use std::sync::Arc;

use floorwalker::{
    kafka::Progress,
    serve::{HttpSettings, Server, Site},
};

/// A process whose workers have not begun, and that does not read the topics.
fn working() -> Site {
    Site {
        progress: Arc::new(Progress::default()),
        works: true,
        read: None,
        notify: None,
    }
}

fn get(server: &Server, path: &str) -> (u16, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let mut answer = agent
        .get(format!("http://{}{path}", server.address))
        .call()
        .unwrap();
    (
        answer.status().as_u16(),
        answer.body_mut().read_to_string().unwrap(),
    )
}

#[test]
fn a_process_without_workers_is_alive_but_not_ready() {
    let settings = HttpSettings {
        listen: "127.0.0.1:0".parse().unwrap(),
        ..HttpSettings::default()
    };
    let server = Server::start(&settings, working()).unwrap();
    let alive = r#"{"alive":true,"reasons":[]}"#;
    assert_eq!(get(&server, "/healthz"), (200, alive.to_owned()));
    assert_eq!(
        get(&server, "/readyz"),
        (
            503,
            r#"{"ready":false,"reasons":["no worker has started"],"warnings":[]}"#.to_owned()
        )
    );
    let (status, metrics) = get(&server, "/metrics");
    assert_eq!(status, 200);
    assert!(
        metrics.contains("floorwalker_tasks{phase=\"running\"} 0"),
        "{metrics}"
    );
    assert!(metrics.contains("floorwalker_ready 0"), "{metrics}");
    let (not_found, fault) = get(&server, "/api/v1/alerts");
    let fault: serde_json::Value = serde_json::from_str(&fault).unwrap();
    assert_eq!(
        (not_found, &fault["where"]),
        (404, &"/api/v1/alerts".into())
    );
    assert!(
        fault["what_to_do"]
            .as_str()
            .unwrap()
            .contains("role `serve`")
    );
    let taken = HttpSettings {
        listen: server.address,
        ..HttpSettings::default()
    };
    let error = Server::start(&taken, working()).unwrap_err();
    assert!(
        format!("{error:#}").contains("Address already in use"),
        "{error:#}"
    );
    let address = server.address;
    drop(server);
    let again = HttpSettings {
        listen: address,
        ..HttpSettings::default()
    };
    Server::start(&again, working()).unwrap();
}
