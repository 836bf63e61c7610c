//! Notifications to a real Alertmanager.

use std::{
    fs,
    process::{Command, Stdio},
    time::Duration,
};

use floorwalker::kafka::clock;
use floorwalker_core::event::{Span, Timestamp};
use serde_json::{Value, json};

use crate::{
    binary::{Running, get},
    broker::{free_port, pause},
    notify::{alert, escalated, resolved, run, site, write_alerts},
};

/// Debian's, on a free port.
pub(crate) struct Alertmanager {
    pub(crate) port: u16,
    _process: Running,
    _folder: tempfile::TempDir,
}

impl Alertmanager {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("alertmanager.yml");
        fs::write(
            &config,
            "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n",
        )
        .unwrap();
        let port = free_port();
        let mut command = Command::new("prometheus-alertmanager");
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.path={}",
                folder.path().join("data").display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--cluster.listen-address=")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = Running::start(command);
        let it = Self {
            port,
            _process: process,
            _folder: folder,
        };
        for _ in 0..300 {
            if get(port, "/-/ready").is_some_and(|(status, _)| status == 200) {
                return it;
            }
            pause(Duration::from_millis(100));
        }
        panic!("Alertmanager is not ready");
    }

    /// Alerts that fire there.
    pub(crate) fn active(&self) -> Vec<Value> {
        let (status, text) = get(self.port, "/api/v2/alerts?active=true").unwrap();
        assert_eq!(status, 200, "{text}");
        let all: Value = serde_json::from_str(&text).unwrap();
        all.as_array().unwrap().clone()
    }

    pub(crate) fn wait_for(&self, is_it: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        for _ in 0..600 {
            let active = self.active();
            if is_it(&active) {
                return active;
            }
            pause(Duration::from_millis(100));
        }
        panic!("Alertmanager has {:#?}", self.active());
    }

    pub(crate) fn settings(&self, name: &str) -> String {
        format!(
            "[notify.receivers.{name}]\nkind = \"alertmanager\"\nurl = \"http://127.0.0.1:{}\"\n",
            self.port
        )
    }
}

fn time(alert: &Value, field: &str) -> Timestamp {
    Timestamp::parse(alert[field].as_str().unwrap()).unwrap()
}

#[test]
fn alertmanager_has_what_fires_and_is_sent_its_end() {
    let alertmanager = Alertmanager::start();
    let settings = format!(
        "[queues.billing]\nteam = \"north\"\n[notify]\ngroup_wait = \"0s\"\ngroup_interval = \"0s\"\n{}",
        alertmanager.settings("prom")
    );
    let mut site = site("call-prom", 1, &settings);
    run(&mut site, 0);
    let now = clock::wall();
    let at = |seconds: i64| now + Span::from_secs(seconds - 60);
    let (billing, tech) = (alert("billing", 1, at(0)), alert("tech", 2, at(1)));
    write_alerts("call-prom", &[billing.clone(), tech.clone()]);
    let active = alertmanager.wait_for(|all| all.len() == 2);
    let ours = |all: &[Value]| -> Value {
        let found = all.iter().find(|it| it["labels"]["queue"] == "billing");
        found.unwrap().clone()
    };
    let first = ours(&active);
    assert_eq!(
        first["labels"],
        json!({"alertname": "queue.surge", "severity": "warning", "subject": "queue:billing", "queue": "billing",
            "team": "north", "channel": "voice", "source": "floorwalker", "incident": billing["id"]})
    );
    assert_eq!(first["annotations"]["summary"], billing["why"]);
    assert_eq!(first["annotations"]["state"], "firing");
    let ahead = time(&first, "endsAt") - clock::wall();
    assert!(
        Span::from_secs(280) < ahead && ahead <= Span::from_secs(300),
        "{ahead:?}"
    );
    assert_eq!(
        time(&first, "startsAt"),
        Timestamp((at(0).0 / 1_000) * 1_000)
    );

    // What changes stands in annotations: it is the same alert there.
    write_alerts("call-prom", &[escalated(&billing, 1, at(20))]);
    alertmanager.wait_for(|all| {
        all.len() == 2 && ours(all)["annotations"]["state"] == "still firing, now to supervisors"
    });
    // A process that comes back knows what fires, and posts it again.
    site.kill();
    pause(Duration::from_secs(2));
    let before = time(&ours(&alertmanager.active()), "endsAt");
    run(&mut site, 0);
    alertmanager.wait_for(|all| time(&ours(all), "endsAt") > before);
    write_alerts(
        "call-prom",
        &[resolved(&escalated(&billing, 1, at(20)), at(40))],
    );
    let left = alertmanager.wait_for(|all| all.len() == 1);
    assert_eq!(left[0]["labels"]["queue"], "tech");
    site.end();
}
