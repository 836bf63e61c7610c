//! Receivers that are down, hang, refuse and want to be left alone; and processes that are killed.

use std::{collections::BTreeMap, fs, net::TcpListener, process::Command, time::Duration};

use floorwalker::kafka::clock;
use floorwalker_core::event::Span;
use rand::Rng as _;
use serde_json::Value;

use crate::{
    binary::{Running, Site, floorwalker, get, now, stdout},
    broker::{free_port, pause, print_line},
    catcher::{Answer, Catcher, Caught},
    notify::{alert, resolved, run, site, transitions, wait_until_active, webhook, write_alerts},
    readback::read_all,
};

/// So many alerts that fire one after another, each resolved before the next.
fn lives(count: u32) -> Vec<Value> {
    let begin = clock::wall() - Span::from_secs(600);
    let lives = (0..count).flat_map(|number| {
        let at = begin + Span::from_secs(i64::from(number));
        let fires = alert("billing", number, at);
        let over = resolved(&fires, at + Span(500_000));
        [fires, over]
    });
    lives.collect()
}

fn expected(lives: &[Value]) -> Vec<String> {
    let line = |alert: &Value| {
        let transition = match alert["status"].as_str().unwrap() {
            "firing" => "fired",
            over => over,
        };
        format!("{transition} {}", alert["id"].as_str().unwrap())
    };
    lives.iter().map(line).collect()
}

/// The webhooks, each key once, where it came first; those that came again have the same body.
pub(crate) fn once(caught: &[Caught]) -> Vec<Caught> {
    let mut by_key: BTreeMap<&str, &str> = BTreeMap::new();
    let mut first = Vec::new();
    for it in caught {
        match by_key.insert(&it.headers["webhook-id"], &it.body) {
            Some(body) => assert_eq!(body, it.body, "one key, two messages"),
            None => first.push(it.clone()),
        }
    }
    first
}

fn in_a_row(prefix: &str, hooks: &[(&str, String)]) -> Site {
    let hooks = hooks.iter().map(|(name, url)| webhook(name, url));
    let hooks: String = hooks.collect();
    site(
        prefix,
        1,
        &format!("[notify]\ngroup_wait = \"0s\"\ngroup_interval = \"0s\"\n{hooks}"),
    )
}

#[test]
fn a_receiver_that_is_down_gets_all_of_it_in_order_and_others_do_not_wait() {
    let port = free_port();
    let well = Catcher::well();
    let urls = [
        ("down", format!("http://127.0.0.1:{port}/hook")),
        ("well", well.url()),
    ];
    let mut site = in_a_row("call-down", &urls);
    run(&mut site, 0);
    let lives = lives(6);
    write_alerts("call-down", &lives);
    let began_at = now();
    assert_eq!(transitions(&well.wait_for(12)), expected(&lives));
    assert!(now().duration_since(began_at) < Duration::from_secs(20));
    let answer = site.wait_for("/readyz", 20, |_, text| {
        text.contains("receiver `down` has not")
    });
    assert!(answer.contains("\"ready\":true"), "{answer}");
    assert!(!answer.contains("/hook"), "{answer}");
    site.wait_for("/metrics", 20, |_, text| {
        let pending = "floorwalker_notification_oldest_pending_seconds{receiver=\"down\"} ";
        let pending = text.lines().find_map(|line| line.strip_prefix(pending));
        pending.is_some_and(|it| it.parse::<f64>().unwrap() > 1.0)
            && text.contains("floorwalker_notification_oldest_pending_seconds{receiver=\"well\"} 0")
    });
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let down = Catcher::on(listener, |_, _| Answer::Status(200));
    let caught = down.wait_for(12);
    assert_eq!(transitions(&caught), expected(&lives));
    let keys = |all: &[Caught]| -> Vec<String> {
        all.iter()
            .map(|it| it.headers["webhook-id"].clone())
            .collect()
    };
    assert_eq!(keys(&caught), keys(&well.all()));
    site.wait_for("/readyz", 20, |_, text| !text.contains("receiver `down`"));
    site.end();
}

#[test]
fn what_fails_is_tried_again_under_its_key_and_what_is_refused_is_put_aside() {
    let hook = Catcher::new(|number, _| match number {
        0 => Answer::Status(500),
        1 => Answer::Hang,
        2 => Answer::With(429, "retry-after", "4".to_owned(), String::new()),
        4 => Answer::With(400, "x-none", String::new(), "no such channel".to_owned()),
        _ => Answer::Status(200),
    });
    let mut site = in_a_row("call-fail", &[("hook", hook.url())]);
    run(&mut site, 0);
    let lives = lives(2);
    write_alerts("call-fail", &lives);
    hook.wait_for(3);
    let all = hook.all();
    let statuses: Vec<u16> = all.iter().map(|it| it.status).collect();
    assert_eq!(statuses, [500, 0, 429, 200, 400, 200, 200]);
    let key = |number: usize| &all[number].headers["webhook-id"];
    assert!((1..4).all(|number| key(number) == key(0)) && key(4) != key(0));
    let between = |number: usize| all[number].at.duration_since(all[number - 1].at);
    assert!(
        between(3) >= Duration::from_secs(4),
        "Retry-After: {:?}",
        between(3)
    );
    assert!(between(1) < Duration::from_secs(4), "{:?}", between(1));

    let config = site.config(0);
    let listed = stdout(&["dead-letters", "list", "--each", "--config", &config]);
    assert!(listed.contains("notification_refused"), "{listed}");
    assert!(
        listed.contains("receiver `hook` refused it: 400 Bad Request: no such channel"),
        "{listed}"
    );
    stdout(&[
        "dead-letters",
        "retry",
        "--reason",
        "notification_refused",
        "--config",
        &config,
    ]);
    let caught = hook.wait_for(4);
    assert_eq!(&caught[3].headers["webhook-id"], key(4));
    assert_eq!(transitions(&once(&caught)).len(), 4);
    let metrics = site.wait_for("/metrics", 10, |_, text| {
        text.contains("floorwalker_notifications_total{receiver=\"hook\",outcome=\"delivered\"} 4")
    });
    for count in ["outcome=\"refused\"} 1", "outcome=\"retried\"} 3"] {
        assert!(metrics.contains(count), "{metrics}");
    }
    site.end();
}

#[test]
fn killed_again_and_again_it_sends_each_transition_under_one_key_in_order() {
    let seed: u64 = rand::random();
    print_line(format_args!("seed {seed}"));
    let mut random: rand::rngs::StdRng = rand::SeedableRng::seed_from_u64(seed);
    let flaky = Catcher::new(|number, _| match number % 4 {
        1 => Answer::Status(503),
        _ => Answer::Status(200),
    });
    let well = Catcher::well();
    let urls = [("flaky", flaky.url()), ("well", well.url())];
    let mut site = in_a_row("call-kill", &urls);
    run(&mut site, 0);
    let lives = lives(20);
    for some in lives.chunks(5) {
        write_alerts("call-kill", some);
        pause(Duration::from_millis(random.random_range(0..3_000)));
        site.kill();
        // What comes while nobody calls is not forgotten.
        site.run_one(0, "notify");
    }
    wait_until_active(&site, 0);
    for hook in [&flaky, &well] {
        let limit = now() + Duration::from_secs(120);
        let mut caught = once(&hook.taken());
        while caught.len() < lives.len() && now() < limit {
            pause(Duration::from_millis(200));
            caught = once(&hook.taken());
        }
        assert_eq!(
            transitions(&caught),
            expected(&lives),
            "{}",
            site.folder().display()
        );
    }
    // Each was decided once, and all in one order.
    let decided = read_all("call-kill.notifications")
        .into_iter()
        .map(|record| {
            let record: Value = serde_json::from_slice(&record.payload.unwrap()).unwrap();
            let field = |name: &str| record[name].as_str().unwrap().to_owned();
            let transition = format!("{} {}", field("transition"), field("incident"));
            (field("receiver"), transition)
        });
    let decided: Vec<(String, String)> = decided.collect();
    for (name, _) in &urls {
        let own = decided.iter().filter(|(receiver, _)| receiver == name);
        let own: Vec<String> = own.map(|(_, transition)| transition.clone()).collect();
        assert_eq!(own, expected(&lives), "{name}");
    }
    site.end();
}

#[test]
fn another_process_goes_on_when_the_one_that_calls_dies() {
    let hook = Catcher::well();
    let settings = format!(
        "[notify]\ngroup_wait = \"0s\"\ngroup_interval = \"0s\"\n{}",
        webhook("hook", &hook.url())
    );
    let mut site = site("call-two", 2, &settings);
    (0..2).for_each(|process| site.run_one(process, "notify"));
    let acts = |process: usize| {
        get(site.port(process), "/metrics")
            .is_some_and(|(_, text)| text.contains("floorwalker_notify_active 1"))
    };
    // Once both are members, one of them calls.
    let limit = now() + Duration::from_secs(60);
    let mut steady = 0;
    while steady < 30 && now() < limit {
        let is_one = acts(0) != acts(1) && get(site.port(0), "/metrics").is_some();
        steady = if is_one { steady + 1 } else { 0 };
        pause(Duration::from_millis(200));
    }
    let first = usize::from(acts(1));
    let lives = lives(4);
    write_alerts("call-two", &lives[..3]);
    hook.wait_for(3);
    let id = site.process(first).to_string();
    assert!(
        Command::new("kill")
            .args(["-KILL", &id])
            .status()
            .unwrap()
            .success()
    );
    write_alerts("call-two", &lives[3..]);
    while once(&hook.taken()).len() < 8 && now() < limit + Duration::from_secs(60) {
        pause(Duration::from_millis(200));
    }
    assert_eq!(transitions(&once(&hook.taken())), expected(&lives));
    assert!(acts(1 - first));
    site.kill();
}

const PLANTED: [&str; 4] = [
    "planted-path-of-slack-1",
    "planted-routing-key-2",
    "whsec_cGxhbnRlZC1zaWduaW5nLXNlY3JldC0z",
    "planted-token-4",
];

/// Settings with a secret of each kind, given in each way, of receivers that fail.
fn planted(folder: &std::path::Path, echo: &Catcher) -> String {
    let [slack, key, secret, token] = PLANTED;
    let port = free_port();
    let file = folder.join("key");
    fs::write(&file, key).unwrap();
    format!(
        "[notify]\ngroup_wait = \"0s\"\ngroup_interval = \"0s\"\n\
         [notify.receivers.slack]\nkind = \"slack\"\nurl = \"http://127.0.0.1:{port}/{slack}\"\n\
         [notify.receivers.pager]\nkind = \"pagerduty\"\nurl = \"{}\"\nrouting_key = \"file:{}\"\n\
         [notify.receivers.hook]\nkind = \"webhook\"\nurl = \"http://nowhere.invalid/{slack}\"\nsecret = \"{secret}\"\n\
         [notify.receivers.prom]\nkind = \"alertmanager\"\nurl = \"https://127.0.0.1:{port}/{slack}\"\ntoken = \"${{PLANTED_TOKEN:-{token}}}\"\n",
        echo.url(),
        file.display(),
    )
}

/// Whatever goes wrong with them, and however much is logged.
#[test]
fn secrets_of_receivers_are_written_nowhere() {
    let echo = Catcher::new(|number, request| {
        let status = if number == 0 { 500 } else { 400 };
        let body = format!("{} {}", request.path, request.body);
        Answer::With(status, "x-none", String::new(), body)
    });
    let folder = tempfile::tempdir().unwrap();
    let site = site("call-secret", 1, &planted(folder.path(), &echo));
    let config = site.config(0);
    let command = |arguments: &[&str]| {
        let mut command = floorwalker(arguments);
        command.args(["--config", &config]).env("RUST_LOG", "trace");
        command
    };
    let mut written = String::new();
    for arguments in [
        &["check", "--roles", "notify"][..],
        &["check", "--json", "--roles", "notify"],
        &["notify", "test", "--to", "slack"],
        &["notify", "test", "--to", "pager"],
        &["notify", "test", "--to", "hook"],
        &["notify", "test", "--to", "prom"],
    ] {
        let output = command(arguments).output().unwrap();
        written += &String::from_utf8_lossy(&output.stdout);
        written += &String::from_utf8_lossy(&output.stderr);
    }
    let log = folder.path().join("log");
    let mut process = command(&["run", "--roles", "notify"]);
    process.stderr(fs::File::create(&log).unwrap());
    let process = Running::start(process);
    let read = || fs::read_to_string(&log).unwrap();
    for _ in 0..300 {
        if read().contains("calls people from now on") {
            break;
        }
        pause(Duration::from_millis(100));
    }
    write_alerts("call-secret", &lives(1));
    let count = |receiver: &str, outcome: &str| {
        format!("floorwalker_notifications_total{{receiver=\"{receiver}\",outcome=\"{outcome}\"}}")
    };
    site.wait_for("/metrics", 60, |_, text| {
        text.contains(&format!("{} 2", count("pager", "refused")))
            && !text.contains(&format!("{} 0", count("hook", "retried")))
            && !text.contains(&format!("{} 0", count("prom", "retried")))
    });
    for path in ["/metrics", "/readyz", "/healthz"] {
        written += &get(site.port(0), path).unwrap().1;
    }
    process.interrupt();
    written += &read();
    written += &stdout(&["dead-letters", "list", "--each", "--config", &config]);
    assert!(written.contains("refused, and put aside"), "{written}");
    for planted in PLANTED {
        let line = written.lines().find(|line| line.contains(planted));
        assert_eq!(line, None);
    }
}
