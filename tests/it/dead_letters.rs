//! Dead letters, looked at and sent once more, on the tests' broker.

use std::{collections::BTreeMap, process::Command, time::Duration};

use floorwalker::kafka::topics::Topic;
use rdkafka::{
    ClientConfig,
    message::{Header, OwnedHeaders},
    producer::{BaseProducer, BaseRecord, Producer as _},
};
use serde_json::Value;

use crate::{
    binary::{Site, refusal, stdout},
    broker::{address, pause},
    readback::{Seen, read_all},
};

/// What a producer got wrong, and what the reason is called.
const BAD: [(&[u8], &str); 4] = [
    (b"{json", "invalid_json"),
    (b"\xFF\x00", "invalid_utf8"),
    (br#"{"type":"hold_ended"}"#, "missing_field"),
    (b"{", "invalid_json"),
];

/// Clears the screen and turns the direction of what follows.
const HOSTILE: &str = "x\u{1b}[2J\u{202e}\u{9b}\n";

fn send(topic: &str) {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", address())
        .create()
        .unwrap();
    for (number, (payload, _)) in BAD.iter().enumerate() {
        let headers = OwnedHeaders::new()
            .insert(Header {
                key: "trace",
                value: Some(&[0xFE, number as u8]),
            })
            .insert(Header::<&[u8]> {
                key: "nothing",
                value: None,
            })
            .insert(Header {
                key: HOSTILE,
                value: Some(HOSTILE.as_bytes()),
            });
        let record = BaseRecord::<[u8], [u8]>::to(topic)
            .partition(number as i32 % 3)
            .key(b"\x00key".as_slice())
            .payload(payload)
            .headers(headers);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(Duration::from_secs(30)).unwrap();
}

fn run(site: &Site, arguments: &[&str]) -> String {
    let config = site.config(0);
    let mut all = vec!["dead-letters"];
    all.extend(arguments);
    all.extend(["--config", &config]);
    let printed = stdout(&all);
    let obeyed = ['\u{1b}', '\u{202e}', '\u{9b}'];
    assert!(!printed.contains(obeyed), "{printed:?}");
    printed
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// As a person reads it: by reason, how many there are and how many of them were sent.
fn reasons(site: &Site) -> BTreeMap<String, (u64, u64)> {
    let listed = lines(&run(site, &["list", "--json"]));
    let number = |value: &Value| value.as_u64().unwrap();
    let listed = listed.iter();
    listed
        .map(|it| {
            let reason = it["reason"].as_str().unwrap().to_owned();
            (reason, (number(&it["letters"]), number(&it["retried"])))
        })
        .collect()
}

fn wait_for_letters(site: &Site, count: usize) {
    for _ in 0..900 {
        // Counted when they are applied, there to be read when they are committed.
        let counted = site.events("dead_lettered") == count as u64;
        if counted && read_all(&Topic::DeadLetters.name(&site.prefix)).len() == count {
            return;
        }
        pause(Duration::from_millis(100));
    }
    panic!("not {count} dead letters: {}", site.folder().display());
}

type Sent = (
    i32,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Vec<(String, Option<Vec<u8>>)>,
);

/// All but the offset, in a fixed order.
fn contents(seen: &[Seen]) -> Vec<Sent> {
    let mut contents: Vec<Sent> = (seen.iter().cloned())
        .map(|it| (it.partition, it.key, it.payload, it.headers))
        .collect();
    contents.sort();
    contents
}

#[test]
fn letters_are_listed_shown_and_sent_once_more_and_not_twice() {
    let mut site = Site::new("letters", 3, 1, "");
    assert_eq!(run(&site, &["list"]), "no letters\n");
    send(&site.source());
    site.run();
    wait_for_letters(&site, 4);

    let table = run(&site, &["list"]);
    assert!(table.lines().count() == 4, "{table}");
    assert!(
        table.lines().nth(1).unwrap().contains("invalid_json"),
        "{table}"
    );
    let each = lines(&run(
        &site,
        &["list", "--each", "--json", "--reason", "invalid_utf8"],
    ));
    assert_eq!(each.len(), 1, "{each:?}");
    let place = each[0]["place"].as_str().unwrap();
    assert_eq!(each[0]["payload_hex"], "ff00");
    assert_eq!(each[0]["topic"], site.source());
    assert_eq!(run(&site, &["list", "--topic", "other"]), "no letters\n");
    assert_eq!(
        run(&site, &["list", "--since", "2100-01-01T00:00:00Z"]),
        "no letters\n"
    );

    let shown = run(&site, &["show", place]);
    for part in [
        "invalid_utf8: ",
        "the payload is not UTF-8",
        "header   trace = 2 bytes, hexadecimal: fe01",
        "header   nothing = none",
        "header   x\\u{1b}[2J\\u{202e}\\u{9b}\\n = 11 bytes, hexadecimal: 78",
        "payload  2 bytes, hexadecimal: ff00",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }

    let before = read_all(&site.source());
    let sent = run(&site, &["retry", "--reason", "invalid_json"]);
    assert_eq!(
        sent,
        "invalid_json: sent 2 letters, 6 bytes; 0 were sent before\n"
    );
    wait_for_letters(&site, 6);
    let after = read_all(&site.source());
    let twice: Vec<Seen> = (before.iter())
        .filter(|it| matches!(it.payload.as_deref(), Some(b"{json" | b"{")))
        .chain(&before)
        .cloned()
        .collect();
    assert_eq!(contents(&after), contents(&twice));

    let expect = [
        ("invalid_json", (4, 2)),
        ("invalid_utf8", (1, 0)),
        ("missing_field", (1, 0)),
    ];
    let expect = expect.map(|(reason, counts)| (reason.to_owned(), counts));
    assert_eq!(reasons(&site), expect.into());
    site.end();
}

#[test]
fn what_was_sent_is_not_sent_again() {
    let mut site = Site::new("letters-once", 3, 1, "");
    send(&site.source());
    site.run();
    wait_for_letters(&site, 4);
    site.end();
    let stopped = Site::without_topics("letters-once", 1, "");
    let sent = run(&stopped, &["retry", "--all"]);
    assert!(
        sent.contains("invalid_json: sent 2 letters, 6 bytes; 0 were sent before"),
        "{sent}"
    );
    assert_eq!(sent.lines().count(), 3, "{sent}");
    let again = run(&stopped, &["retry", "--all"]);
    assert!(
        again.contains("invalid_json: sent 0 letters, 0 bytes; 2 were sent before"),
        "{again}"
    );
    assert_eq!(read_all(&stopped.source()).len(), 8);

    let letters = read_all(&Topic::DeadLetters.name(&stopped.prefix));
    let place = format!("{}/{}", letters[0].partition, letters[0].offset);
    assert!(run(&stopped, &["retry", &place]).starts_with("sent 1 letter, "));
    assert_eq!(read_all(&stopped.source()).len(), 9);
    stopped.end();
}

/// Two of one reason lie in partitions 0 and 1; further ones follow them there.
#[test]
fn a_letter_that_was_sent_alone_is_marked_and_left_out_later() {
    let mut running = Site::new("letters-alone", 3, 1, "");
    send(&running.source());
    send(&running.source());
    running.run();
    wait_for_letters(&running, 8);
    running.end();
    let site = Site::without_topics("letters-alone", 1, "");
    let each = ["list", "--each", "--json", "--reason", "invalid_json"];
    let marks = || -> Vec<(String, bool)> {
        let listed = lines(&run(&site, &each)).into_iter();
        let mut marks: Vec<(String, bool)> = listed
            .map(|it| {
                let place = it["place"].as_str().unwrap().to_owned();
                (place, it["retried"].as_bool().unwrap())
            })
            .collect();
        marks.sort();
        marks
    };
    let places: Vec<String> = marks().into_iter().map(|(place, _)| place).collect();
    assert_eq!(places.len(), 4, "{places:?}");
    // The last one of a partition: those before it are not sent by that.
    let alone = places.last().unwrap();
    let shown = || run(&site, &["show", alone]);
    assert!(shown().ends_with("retried  no\n"), "{}", shown());
    run(&site, &["retry", alone]);
    assert!(shown().ends_with("retried  yes\n"), "{}", shown());
    let of_alone = |place: &String| (place.clone(), place == alone);
    assert_eq!(marks(), places.iter().map(of_alone).collect::<Vec<_>>());
    assert_eq!(reasons(&site)["invalid_json"], (4, 1));
    let line = run(&site, &["list", "--each", "--reason", "invalid_json"]);
    assert_eq!(
        line.matches(" invalid_json (retried): ").count(),
        1,
        "{line}"
    );

    let before = read_all(&site.source()).len();
    let rest = run(&site, &["retry", "--reason", "invalid_json"]);
    assert!(rest.starts_with("invalid_json: sent 3 letters, "), "{rest}");
    assert!(rest.ends_with("; 1 was sent before\n"), "{rest}");
    assert_eq!(read_all(&site.source()).len(), before + 3);
    assert_eq!(reasons(&site)["invalid_json"], (4, 4));
    site.end();
}

/// What a person reads beside a letter is about the letter.
#[test]
fn a_letter_is_shown_without_a_log() {
    let mut running = Site::new("letters-quiet", 3, 1, "");
    send(&running.source());
    running.run();
    wait_for_letters(&running, 4);
    running.end();
    let site = Site::without_topics("letters-quiet", 1, "");
    let config = site.config(0);
    let letters = read_all(&Topic::DeadLetters.name(&site.prefix));
    let last = letters.last().unwrap();
    for (letter, is_there) in [(&letters[0], true), (last, true), (last, false)] {
        let offset = letter.offset + i64::from(!is_there) * 1_000;
        let place = format!("{}/{offset}", letter.partition);
        let output = crate::binary::floorwalker(&["dead-letters", "show", &place])
            .args(["--config", &config])
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stderr).unwrap();
        match is_there {
            true => assert_eq!(printed, ""),
            false => assert!(printed.starts_with("error: no letter "), "{printed}"),
        }
    }
    site.end();
}

#[test]
fn mistakes_are_named() {
    let site = Site::new("letters-wrong", 1, 1, "");
    let config = site.config(0);
    let table: [(&[&str], i32, &str); 3] = [
        (
            &["show", "0/7"],
            1,
            "no letter 0/7 in `letters-wrong.dead-letters`",
        ),
        (
            &["show", "seven"],
            2,
            "write partition/offset, such as 3/17",
        ),
        (&["retry"], 2, "--all"),
    ];
    for (arguments, expect, part) in table {
        let all = [&["dead-letters"], arguments, &["--config", &config]].concat();
        let (printed, code) = refusal(&all);
        assert!(printed.contains(part), "{printed}");
        assert_eq!(code, expect, "{printed}");
    }
    site.end();

    let none = Site::without_topics("letters-none", 1, "");
    let (printed, _) = refusal(&["dead-letters", "list", "--config", &none.config(0)]);
    assert!(
        printed.contains("topic `letters-none.dead-letters` does not exist"),
        "{printed}"
    );
    none.end();
}

#[test]
fn shells_and_man_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = stdout(&["completions", shell]);
        assert!(script.contains("dead-letters"), "{shell}");
    }
    let mut bash = Command::new("bash");
    bash.arg("-n").stdin(std::process::Stdio::piped());
    let mut bash = bash.spawn().unwrap();
    let script = stdout(&["completions", "bash"]);
    std::io::Write::write_all(&mut bash.stdin.take().unwrap(), script.as_bytes()).unwrap();
    assert!(bash.wait().unwrap().success(), "bash can't read its script");

    let folder = tempfile::tempdir().unwrap();
    stdout(&["man", &folder.path().display().to_string()]);
    let page = folder.path().join("floorwalker-dead-letters-retry.1");
    let text = std::fs::read_to_string(page).unwrap();
    assert!(
        text.contains("Sends letters back to where they came from"),
        "{text}"
    );
}
