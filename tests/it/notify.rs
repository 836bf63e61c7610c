//! Notifications on a real broker: what each kind of receiver is sent, and what is held back.

use std::{fs, io::Write as _, time::Duration};

use floorwalker::kafka::clock;
use floorwalker_core::event::{Span, Timestamp};
use rdkafka::{
    ClientConfig,
    producer::{BaseProducer, BaseRecord, Producer as _},
};
use serde_json::{Value, json};

use crate::{
    binary::{Site, stdout},
    broker::{address, pause},
    catcher::{Catcher, Caught, MailServer},
};

/// Of the Standard Webhooks specification.
pub(crate) const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// A deployment without sources; `notify` is the rest of its settings.
pub(crate) fn site(prefix: &str, processes: usize, notify: &str) -> Site {
    let site = Site::without_topics(prefix, processes, "");
    for process in 0..processes {
        let mut file = fs::File::options()
            .append(true)
            .open(site.config(process))
            .unwrap();
        file.write_all(notify.as_bytes()).unwrap();
    }
    stdout(&["topics", "create", "--config", &site.config(0)]);
    site
}

/// Runs the role, until it calls people.
pub(crate) fn run(site: &mut Site, process: usize) {
    site.run_one(process, "notify");
    wait_until_active(site, process);
}

pub(crate) fn wait_until_active(site: &Site, process: usize) {
    for _ in 0..600 {
        if site.log(process).contains("calls people from now on") {
            return;
        }
        pause(Duration::from_millis(100));
    }
    panic!("it does not call: {}", site.log(process));
}

pub(crate) fn webhook(name: &str, url: &str) -> String {
    format!(
        "[notify.receivers.{name}]\nkind = \"webhook\"\nurl = \"{url}\"\nsecret = \"{SECRET}\"\ntimeout = \"2s\"\n"
    )
}

/// A firing alert of a queue, `number` of its rule, at an instant.
pub(crate) fn alert(queue: &str, number: u32, at: Timestamp) -> Value {
    json!({
        "id": format!("queue:{queue}/{number:016x}"), "rule": "queue.surge", "status": "firing", "severity": "warning",
        "score": 7, "subject": format!("queue:{queue}"), "group": format!("queue:{queue}"), "policy": null,
        "starts_at": at, "at": at, "ends_at": null, "reason": null, "history": false,
        "value": 41.0, "threshold": 33.0, "unit": "contacts", "formula": "z >= 3.6", "n": 41,
        "why": format!("{queue}: 41 contacts in 10 min, usually 22 at this hour."),
        "action": format!("Look at why they come, and move agents to {queue}."),
        "causes": [], "contacts": ["call-201", "call-198"], "contacts_more": 3, "agents": [], "queue": queue, "team": null,
        "channel": "voice", "recipients": [format!("queue:{queue}")], "escalation": 0, "ack": null,
        "inhibited_by": null, "interrupts": true, "flapping": false, "runbook": "docs/alerts.md#queuesurge", "seq": 7,
        "links": {"wallboard": format!("/alerts/queue:{queue}%2F{number:016x}"), "alert": "/a", "contact": "/c",
                  "history": "/h", "numbers": "/n"},
    })
}

pub(crate) fn resolved(of: &Value, at: Timestamp) -> Value {
    let mut alert = of.clone();
    alert["status"] = json!("resolved");
    alert["reason"] = json!("cleared");
    (alert["at"], alert["ends_at"]) = (json!(at), json!(at));
    alert
}

pub(crate) fn escalated(of: &Value, level: u32, at: Timestamp) -> Value {
    let mut alert = of.clone();
    alert["at"] = json!(at);
    alert["escalation"] = json!(level);
    let all = ["supervisors", "operations"];
    let recipients = alert["recipients"].as_array_mut().unwrap();
    recipients.extend(all.into_iter().take(level as usize).map(|it| json!(it)));
    alert
}

/// Writes alerts to the topic, all to one partition as tasks do.
pub(crate) fn write_alerts(prefix: &str, alerts: &[Value]) {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", address())
        .create()
        .unwrap();
    let topic = format!("{prefix}.alerts");
    for alert in alerts {
        let (key, payload) = (alert["id"].as_str().unwrap(), alert.to_string());
        let record = BaseRecord::to(&topic)
            .partition(2)
            .key(key)
            .payload(&payload);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(Duration::from_secs(10)).unwrap();
}

pub(crate) fn write(topic: &str, key: &str, payload: &Value) {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", address())
        .create()
        .unwrap();
    let payload = payload.to_string();
    let record = BaseRecord::to(topic).key(key).payload(&payload);
    producer.send(record).map_err(|(error, _)| error).unwrap();
    producer.flush(Duration::from_secs(10)).unwrap();
}

/// The types of webhooks, and the alerts they are about.
pub(crate) fn transitions(caught: &[Caught]) -> Vec<String> {
    let line = |it: &Caught| {
        let body = it.json();
        let transition = body["type"].as_str().unwrap().replace("alert.", "");
        format!(
            "{transition} {}",
            body["data"]["incident"].as_str().unwrap()
        )
    };
    caught.iter().map(line).collect()
}

#[test]
fn every_kind_of_receiver_is_sent_the_life_of_an_alert() {
    let (hook, slack, teams, pager) = (
        Catcher::well(),
        Catcher::well(),
        Catcher::well(),
        Catcher::well(),
    );
    let mail = MailServer::start();
    let settings = format!(
        "[notify]\nwallboard = \"https://floor.example.com\"\ngroup_wait = \"0s\"\ngroup_interval = \"0s\"\n{}\
         [notify.receivers.slack]\nkind = \"slack\"\nurl = \"{}\"\n\
         [notify.receivers.teams]\nkind = \"teams\"\nurl = \"{}\"\n\
         [notify.receivers.pager]\nkind = \"pagerduty\"\nurl = \"{}\"\nrouting_key = \"R0UTING\"\n\
         [notify.receivers.mail]\nkind = \"email\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n\
         from = \"Floorwalker <floor@example.com>\"\nto = [\"ops@example.com\", \"Lea <lea@example.com>\"]\n",
        webhook("hook", &hook.url()),
        slack.url(),
        teams.url(),
        pager.url(),
        mail.address.port(),
    );
    let mut site = site("call-kinds", 1, &settings);
    run(&mut site, 0);
    let now = clock::wall();
    let at = |seconds: i64| now + Span::from_secs(seconds - 60);
    let fires = alert("billing", 1, at(0));
    let mut covered = alert("tech", 2, at(1));
    covered["inhibited_by"] = fires["id"].clone();
    let mut quiet = alert("sales", 3, at(2));
    quiet["interrupts"] = json!(false);
    let mut of_contact = alert("billing", 4, at(2));
    (of_contact["id"], of_contact["subject"]) = (json!("contact:c/1"), json!("contact:c"));
    write_alerts(
        "call-kinds",
        &[covered.clone(), quiet, of_contact, fires.clone()],
    );
    hook.wait_for(1);
    let up = escalated(&fires, 1, at(20));
    write_alerts("call-kinds", std::slice::from_ref(&up));
    hook.wait_for(2);
    let ack = json!({"occurred_at": at(30), "source": "floorwalker", "type": "alert_acknowledged",
        "alert": fires["id"], "by": "lea", "note": "I have it"});
    write(
        "call-kinds.acknowledgements",
        fires["id"].as_str().unwrap(),
        &ack,
    );
    hook.wait_for(3);
    write_alerts(
        "call-kinds",
        &[resolved(&up, at(50)), resolved(&covered, at(51))],
    );
    let hooks = hook.wait_for(4);
    let id = fires["id"].as_str().unwrap();
    let lives = ["fired", "escalated", "acknowledged", "resolved"];
    assert_eq!(transitions(&hooks), lives.map(|it| format!("{it} {id}")));
    check_webhooks(&hooks, &fires);
    check_slack(&slack.wait_for(4));
    check_teams(&teams.wait_for(4));
    check_pagerduty(&pager.wait_for(4), id);
    check_mails(&mail.wait_for(4));
    let metrics = site.wait_for("/metrics", 10, |_, text| {
        text.contains("floorwalker_notifications_total{receiver=\"mail\",outcome=\"delivered\"} 4")
    });
    assert!(metrics.contains("floorwalker_notify_active 1"), "{metrics}");
    assert!(metrics.contains("floorwalker_notification_seconds_count{receiver=\"slack\"} 4"));
    site.end();
}

fn check_webhooks(hooks: &[Caught], fires: &Value) {
    let keys: std::collections::BTreeSet<&str> = hooks
        .iter()
        .map(|it| it.headers["webhook-id"].as_str())
        .collect();
    assert_eq!(keys.len(), 4);
    for hook in hooks {
        let mut headers = axum::http::HeaderMap::new();
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            headers.insert(name, hook.headers[name].parse().unwrap());
        }
        let signer = standardwebhooks::Webhook::new(SECRET).unwrap();
        signer.verify(hook.body.as_bytes(), &headers).unwrap();
    }
    let first = hooks[0].json();
    assert_eq!(first["data"]["alert"], *fires);
    assert_eq!(
        first["data"]["covers"],
        json!([{"rule": "queue.surge", "subject": "queue:tech"}])
    );
    assert_eq!(
        first["data"]["link"],
        "https://floor.example.com/alerts/queue:billing%2F0000000000000001"
    );
    assert_eq!(
        (
            &hooks[2].json()["data"]["by"],
            &hooks[1].json()["data"]["escalation"]
        ),
        (&json!("lea"), &json!(1))
    );
}

fn check_slack(posts: &[Caught]) {
    let titles = posts
        .iter()
        .map(|it| it.json()["blocks"][0]["text"]["text"].clone());
    let titles: Vec<Value> = titles.collect();
    assert_eq!(
        titles,
        [
            "[firing] queue.surge queue:billing",
            "[still firing, now to supervisors] queue.surge queue:billing",
            "[taken up by lea] queue.surge queue:billing",
            "[resolved] queue.surge queue:billing",
        ]
    );
    let first = posts[0].json().to_string();
    for part in [
        "billing: 41 contacts in 10 min",
        "*Look at why they come",
        "contacts: call-201, call-198 and 3 more",
        "covers: queue.surge queue:tech",
        "<https://floor.example.com/alerts/queue:billing%2F0000000000000001|Open the wallboard>",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }
    assert!(!posts[3].body.contains("Look at why"), "nothing more to do");
}

fn check_teams(posts: &[Caught]) {
    let card = &posts[0].json()["attachments"][0];
    assert_eq!(
        card["contentType"],
        "application/vnd.microsoft.card.adaptive"
    );
    let content = &card["content"];
    assert_eq!(
        (&content["type"], &content["version"]),
        (&json!("AdaptiveCard"), &json!("1.4"))
    );
    assert_eq!(
        content["body"][0]["text"],
        "\\[firing\\] queue.surge queue:billing"
    );
    assert_eq!(content["actions"][0]["type"], "Action.OpenUrl");
    assert_eq!(
        posts[3].json()["attachments"][0]["content"]["body"][0]["color"],
        "Good"
    );
}

fn check_pagerduty(posts: &[Caught], id: &str) {
    let actions = posts.iter().map(|it| it.json()["event_action"].clone());
    let actions: Vec<Value> = actions.collect();
    assert_eq!(actions, ["trigger", "trigger", "acknowledge", "resolve"]);
    for post in posts {
        let body = post.json();
        assert_eq!(
            (&body["dedup_key"], &body["routing_key"]),
            (&json!(id), &json!("R0UTING"))
        );
    }
    let payload = &posts[0].json()["payload"];
    assert_eq!(
        payload["summary"],
        "billing: 41 contacts in 10 min, usually 22 at this hour."
    );
    assert_eq!(
        (&payload["severity"], &payload["class"]),
        (&json!("warning"), &json!("queue.surge"))
    );
    assert_eq!(
        payload["custom_details"]["covers"],
        "queue.surge queue:tech"
    );
}

fn check_mails(mails: &[String]) {
    let header = |mail: &String, name: &str| {
        let line = mail
            .lines()
            .find(|line| line.starts_with(&format!("{name}: ")));
        line.map(|line| line.split_once(": ").unwrap().1.to_owned())
    };
    let first = header(&mails[0], "Message-ID").unwrap();
    assert!(first.ends_with("@example.com>"), "{first}");
    assert_eq!(header(&mails[0], "References"), None);
    for mail in &mails[1..] {
        assert_eq!(header(mail, "References").as_deref(), Some(first.as_str()));
        assert_eq!(header(mail, "In-Reply-To").as_deref(), Some(first.as_str()));
    }
    assert_eq!(
        header(&mails[3], "Subject").unwrap(),
        "[resolved] queue.surge queue:billing"
    );
    assert_eq!(
        header(&mails[0], "Auto-Submitted").unwrap(),
        "auto-generated"
    );
    for part in [
        "billing: 41 contacts in 10 min",
        "severity: warning",
        "runbook: docs/alerts.md#queuesurge",
    ] {
        assert!(mails[0].contains(part), "{part}: {}", mails[0]);
    }
}

#[test]
fn a_silenced_alert_calls_somebody_when_the_silence_ends_and_it_still_fires() {
    let hook = Catcher::well();
    let settings = format!(
        "[notify]\ngroup_wait = \"0s\"\ngroup_interval = \"0s\"\n{}\
         [[maintenance]]\nname = \"always\"\nmatchers = {{ queue = \"mail\" }}\nweekly = \"Mon-Sun 00:00-24:00\"\nzone = \"UTC\"\n",
        webhook("hook", &hook.url())
    );
    let mut site = site("call-silence", 1, &settings);
    let silence = |id: &str, queue: &str, seconds: i64| {
        let now = clock::wall();
        let silence = json!({"id": id, "matchers": {"queue": queue}, "starts_at": now - Span::from_secs(60),
            "ends_at": now + Span::from_secs(seconds), "by": "lea"});
        write("call-silence.silences", id, &silence);
    };
    silence("s1", "billing", 8);
    silence("s2", "tech", 3_600);
    run(&mut site, 0);
    let now = clock::wall();
    let at = |seconds: i64| now + Span::from_secs(seconds - 60);
    let (billing, tech, mail) = (
        alert("billing", 1, at(0)),
        alert("tech", 2, at(1)),
        alert("mail", 3, at(2)),
    );
    let free = alert("chat", 4, at(3));
    write_alerts(
        "call-silence",
        &[billing.clone(), tech.clone(), mail.clone(), free.clone()],
    );
    let caught = hook.wait_for(2);
    let id = |alert: &Value| alert["id"].as_str().unwrap().to_owned();
    let fired = |alert: &Value| format!("fired {}", id(alert));
    assert_eq!(transitions(&caught), [fired(&free), fired(&billing)]);
    // It was not called about while silenced, so nobody needs to know that it is over.
    write_alerts(
        "call-silence",
        &[
            resolved(&tech, at(30)),
            resolved(&mail, at(31)),
            resolved(&billing, at(32)),
        ],
    );
    let all = hook.wait_for(3);
    assert_eq!(
        transitions(&all)[2..],
        [format!("resolved {}", id(&billing))]
    );
    pause(Duration::from_secs(2));
    assert_eq!(hook.all().len(), 3);
    site.end();
}

#[test]
fn routes_go_by_team_escalation_and_quiet_hours() {
    let [north, all, boss, night] = [(); 4].map(|()| Catcher::well());
    let settings = format!(
        "[queues.billing]\nteam = \"north\"\n[notify]\ngroup_wait = \"0s\"\ngroup_interval = \"0s\"\n{}{}{}{}\
         [[notify.route]]\nrecipient = \"supervisors\"\nto = [\"boss\"]\ncontinue = true\n\
         [[notify.route]]\nmatchers = {{ team = \"north\" }}\nto = [\"north\"]\n\
         [[notify.route]]\nmatchers = {{ queue = \"night\" }}\nto = [\"night\"]\nquiet = [\"Mon-Sun 00:00-24:00\"]\nzone = \"UTC\"\n\
         [[notify.route]]\nto = [\"all\"]\n",
        webhook("north", &north.url()),
        webhook("all", &all.url()),
        webhook("boss", &boss.url()),
        webhook("night", &night.url()),
    );
    let mut site = site("call-routes", 1, &settings);
    run(&mut site, 0);
    let now = clock::wall();
    let at = |seconds: i64| now + Span::from_secs(seconds - 60);
    let (billing, tech) = (alert("billing", 1, at(0)), alert("tech", 2, at(1)));
    write_alerts(
        "call-routes",
        &[billing.clone(), tech, alert("night", 3, at(2))],
    );
    north.wait_for(1);
    all.wait_for(1);
    assert_eq!(north.all()[0].json()["data"]["team"], "north");
    let up = escalated(&billing, 1, at(20));
    write_alerts("call-routes", &[up.clone(), resolved(&up, at(30))]);
    let id = billing["id"].as_str().unwrap();
    let life = |transitions: &[&str]| -> Vec<String> {
        transitions.iter().map(|it| format!("{it} {id}")).collect()
    };
    assert_eq!(
        transitions(&north.wait_for(3)),
        life(&["fired", "escalated", "resolved"])
    );
    assert_eq!(transitions(&boss.wait_for(2)), life(&["fired", "resolved"]));
    assert_eq!((all.all().len(), night.all().len()), (1, 0));
    site.end();
}

#[test]
fn a_past_that_is_loaded_and_what_is_over_within_the_wait_call_nobody() {
    let hook = Catcher::well();
    let settings = format!(
        "[notify]\ngroup_wait = \"3s\"\n{}",
        webhook("hook", &hook.url())
    );
    let mut site = site("call-past", 1, &settings);
    run(&mut site, 0);
    let now = clock::wall();
    let brief = alert("brief", 1, now);
    write_alerts(
        "call-past",
        &[
            alert("past", 2, now - Span::from_secs(7_200)),
            brief.clone(),
            resolved(&brief, now + Span::from_secs(1)),
            alert("lasts", 3, now),
        ],
    );
    let caught = hook.wait_for(1);
    pause(Duration::from_secs(2));
    assert_eq!(hook.all().len(), 1, "{:?}", transitions(&hook.all()));
    assert!(transitions(&caught)[0].starts_with("fired queue:lasts/"));
    site.end();
}
