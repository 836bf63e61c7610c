//! Receivers and routes as they are written down, and each way to write them wrong; and the command that tries one.

use std::{fs, path::Path};

use crate::{
    binary::{refusal, stdout},
    broker::free_port,
    catcher::{Answer, Catcher, MailServer},
    config::{check, parse},
    notify::webhook,
};

const SLACK: &str =
    "[notify.receivers.floor]\nkind = \"slack\"\nurl = \"https://hooks.example.com/x\"\n";

fn receiver(lines: &str) -> String {
    format!("[notify.receivers.r]\n{lines}\n")
}

#[test]
fn receivers_have_what_their_kind_needs() {
    check(
        &receiver("kind = \"pager\""),
        "f.toml:2:8: `pager` is unknown here; write alertmanager, webhook, slack, teams, pagerduty or email",
    );
    check(
        &receiver("url = \"https://x\""),
        "f.toml:1:1: missing field `kind`",
    );
    check(
        &receiver("kind = \"slack\""),
        "f.toml:1:1: missing field `url`",
    );
    check(
        &receiver("kind = \"webhook\"\nurl = \"https://x\""),
        "f.toml:1:1: missing field `secret`",
    );
    check(
        &receiver("kind = \"pagerduty\""),
        "f.toml:1:1: missing field `routing_key`",
    );
    check(
        &receiver("kind = \"email\"\nhost = \"mx\"\nfrom = \"a@b.c\""),
        "f.toml:1:1: missing field `to`",
    );
    check(
        &receiver("kind = \"slack\"\nurl = \"hooks.slack.com/secret-path\""),
        "f.toml:3:7: this is no URL that begins with https:// or http:// and names a host",
    );
    check(
        &receiver("kind = \"slack\"\nurl = \"https://x\"\nsecret = \"s\""),
        "f.toml:4:10: a receiver of this kind has no `secret`; remove it, or correct `kind`",
    );
    check(
        &receiver("kind = \"slack\"\nurl = \"https://x\"\ntimeout = \"0s\""),
        "f.toml:4:11: this must be over zero; write for instance \"1s\"",
    );
    check(
        &receiver("kind = \"slack\"\nurl = \"file:/nowhere/slack\""),
        "f.toml:3:7: the secret in /nowhere/slack can't be read: No such file or directory (os error 2)",
    );
    let mail = "kind = \"email\"\nhost = \"mx\"\nfrom = \"floor@example.com\"\nto = [\"ops@example.com\"]\n";
    check(
        &receiver(&format!("{mail}username = \"u\"")),
        "f.toml:6:12: a login needs a `password`, too",
    );
    check(
        &receiver(&format!(
            "{mail}username = \"u\"\npassword = \"p\"\ntls = \"none\""
        )),
        "f.toml:8:7: without TLS everybody on the way reads the password; use tls = \"starttls\" or \"tls\"",
    );
    check(
        &receiver(&mail.replace("ops@example.com", "ops")),
        "f.toml:5:7: `ops` is no address such as \"ops@example.com\" or \"Floorwalker <floorwalker@example.com>\"",
    );
    check(
        &SLACK.replace("floor", "\"on call\""),
        "f.toml:1:19: `on call` is no name of a receiver: write 1 to 40 letters, digits, `-` and `_`, such as \"on-call\"",
    );
    check(
        "notify.wallboard = \"floor.example.com\"",
        "f.toml:1:20: `floor.example.com` is no address of the wallboard such as \"https://floorwalker.example.com\"",
    );
}

#[test]
fn routes_lead_somewhere() {
    let with = |routes: &str| format!("{SLACK}{routes}");
    check(
        &with("[[notify.route]]\nto = [\"roof\"]"),
        "f.toml:5:7: there is no receiver `roof`; there are floor",
    );
    check(
        "[[notify.route]]\nto = [\"ops\"]",
        "f.toml:2:7: there is no receiver `ops`; add [notify.receivers.ops]",
    );
    check(
        &with("[[notify.route]]\nto = []"),
        "f.toml:5:6: nobody is called by this route; name a receiver",
    );
    check(
        &with("[[notify.route]]\nto = [\"floor\"]\nmatchers = { rule = \"queue.surg\" }"),
        "f.toml:6:21: there is no rule `queue.surg`; did you mean `queue.surge`?",
    );
    check(
        &with("[[notify.route]]\nto = [\"floor\"]\nmatchers = { rule = \"sla.missed\" }"),
        "f.toml:6:12: no alert comes to this route: `sla.missed` calls nobody; `interrupts` of its rule is false, or it is about single contacts",
    );
    check(
        &with("[[notify.route]]\nto = [\"floor\"]\nrecipient = \"supervisor\""),
        "f.toml:6:13: no alert has the recipient `supervisor`; there are supervisors, operations, queue:NAME, agent:NAME, and those that rules name",
    );
    parse(&with(
        "[[notify.route]]\nto = [\"floor\"]\nrecipient = \"queue:bill*\"",
    ));
    parse(&with(
        "[rules.\"queue.surge\"]\nrecipients = [\"desk\"]\n[[notify.route]]\nto = [\"floor\"]\nrecipient = \"desk\"",
    ));
    check(
        &with("[[notify.route]]\nto = [\"floor\"]\nmatchers = {}"),
        "f.toml:6:12: leave `matchers` out where every alert is meant",
    );
    check(
        &with("[[notify.route]]\nto = [\"floor\"]\nquiet = [\"Mon-Fri 22:00-06:00\"]"),
        "f.toml:6:9: missing field `zone`",
    );
    let two = |first: &str| {
        with(&format!(
            "[[notify.route]]\nto = [\"floor\"]\n{first}\n[[notify.route]]\nto = [\"floor\"]\nmatchers = {{ rule = \"queue.surge\" }}"
        ))
    };
    check(
        &two("matchers = { rule = \"queue.*\" }"),
        "f.toml:7:1: no alert comes to this route: notify.route[0] takes all that match it; put this one before it, or give that one `continue = true`",
    );
    parse(&two("matchers = { rule = \"queue.*\" }\ncontinue = true"));
    check(
        &format!(
            "{}[notify.receivers.other]\nkind = \"slack\"\nurl = \"https://x\"\n",
            with("[[notify.route]]\nto = [\"floor\"]\n")
        ),
        "f.toml:6:19: no route leads to receiver `other`; name it in the `to` of a [[notify.route]], or remove it",
    );
    // A rule of one's own is one, too.
    let own = "[rules.\"own.rule\"]\nwhen = \"live.waiting > 3\"\nwhy = \"x\"\n";
    parse(&format!(
        "{own}{}",
        with("[[notify.route]]\nto = [\"floor\"]\nmatchers = { rule = \"own.rule\" }")
    ));
}

#[test]
fn a_wrong_receiver_is_one_mistake_and_secrets_are_masked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.toml");
    let file = path.display().to_string();
    let arguments = ["check", "--roles", "notify", "--config", &file];
    fs::write(&path, "[notify.receivers.a]\nkind = \"slack\"\nurl = \"nonsense\"\n[[notify.route]]\nto = [\"a\"]\n").unwrap();
    let (printed, code) = refusal(&arguments);
    assert_eq!((printed.lines().count(), code), (1, 2), "{printed}");
    assert!(!printed.contains("nonsense"), "{printed}");
    fs::write(&path, SLACK).unwrap();
    let shown = stdout(&arguments);
    assert!(
        shown.contains("notify.receivers.floor.url = \"********\""),
        "{shown}"
    );
    assert!(!shown.contains("hooks.example.com"), "{shown}");
    fs::write(&path, "").unwrap();
    let (none, _) = refusal(&arguments);
    assert!(
        none.contains("the role notify has nobody to call"),
        "{none}"
    );
}

#[test]
fn the_receivers_of_the_example_are_some() {
    let example = fs::read_to_string(Path::new("config/floorwalker.toml")).unwrap();
    let lines = example
        .lines()
        .map(|line| line.trim_start_matches(['#', ' ']));
    let begin = lines.skip_while(|line| *line != "[notify.receivers.on-call]");
    let written: Vec<&str> = begin
        .take_while(|line| !line.starts_with("Rules about"))
        .filter(|line| line.starts_with(|it: char| it == '[' || it.is_lowercase()))
        .filter(|line| line.starts_with('[') || line.contains(" = "))
        .collect();
    let text = written
        .join("\n")
        .replace("file:/run/secrets/", "")
        .replace("${SLACK_URL}", "https://hooks.example.com/x");
    let text = text.replace("${TEAMS_URL}", "https://hooks.example.com/y");
    let text = text.replace(
        "\"webhook-secret\"",
        "\"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD\"",
    );
    let config = parse(&text);
    assert_eq!(
        (
            config.notify.receivers.len(),
            config.notify.routes.all.len()
        ),
        (6, 4)
    );
}

#[test]
fn one_message_shows_whether_a_receiver_can_be_reached() {
    let hook = Catcher::new(|number, _| match number {
        1 => Answer::With(404, "x-none", String::new(), "no_team".to_owned()),
        2 => Answer::Status(502),
        _ => Answer::Status(200),
    });
    let mail = MailServer::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.toml");
    let settings = format!(
        "{}{}[notify.receivers.mail]\nkind = \"email\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n\
         from = \"floor@example.com\"\nto = [\"ops@example.com\"]\n",
        webhook("hook", &hook.url()),
        webhook("down", &format!("http://127.0.0.1:{}/x", free_port())),
        mail.address.port(),
    );
    fs::write(&path, settings).unwrap();
    let file = path.display().to_string();
    fn to<'a>(name: &'a str, file: &'a str) -> [&'a str; 6] {
        ["notify", "test", "--to", name, "--config", file]
    }
    let printed = stdout(&to("hook", &file));
    assert!(
        printed.starts_with("hook: delivered in ") && printed.ends_with("ms (200 OK)\n"),
        "{printed}"
    );
    assert_eq!(hook.all()[0].json()["data"]["alert"]["rule"], "notify.test");
    let refused = |name: &str, part: &str| {
        let (error, code) = refusal(&to(name, &file));
        assert!(error.contains(part) && code == 1, "{error}");
    };
    refused(
        "hook",
        "hook refused it, and would refuse every message like it: 404 Not Found: no_team",
    );
    refused("hook", "a running process would try again: 502 Bad Gateway");
    refused("down", "Connection refused");
    refused(
        "dwn",
        "there is no receiver `dwn`; there are down, hook, mail",
    );
    assert!(stdout(&to("mail", &file)).starts_with("mail: delivered"));
    assert!(mail.mails()[0].contains("This is a test of Floorwalker"));
    mail.set("550 no such user");
    refused("mail", "mail refused it");
    mail.set("451 try later");
    refused("mail", "a running process would try again");
}
