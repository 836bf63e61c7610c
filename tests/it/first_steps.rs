//! The first things that anybody does, on a real broker: the README's own commands show figures, and a command that would lose data names it.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use crate::{
    binary::{Running, create_topic, floorwalker, free_port, get},
    broker::{pause, shared},
};

const CALLS: &str = "tests/data/pwc-call-center.events.jsonl.gz";

/// The indented lines that follow a heading of the README.
fn commands(heading: &str) -> Vec<String> {
    let text = fs::read_to_string("README.md").unwrap();
    let (_, section) = text.split_once(heading).unwrap();
    let lines = section.lines().skip_while(|line| !line.starts_with("    "));
    lines
        .take_while(|line| line.starts_with("    "))
        .map(|line| line.trim().to_owned())
        .collect()
}

/// A command as a shell in `folder` takes it, with the program in its path.
fn shell(folder: &Path, command: &str) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_floorwalker"));
    let programs = program.parent().unwrap().display();
    let mut shell = Command::new("bash");
    shell
        .args(["-c", &format!("PATH=\"{programs}:$PATH\"; exec {command}")])
        .current_dir(folder);
    shell
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&[&*output.stdout, &*output.stderr].concat()).into_owned()
}

/// Asks until the answer is right.
fn wait_for(ask: impl Fn() -> String, right: impl Fn(&str) -> bool) -> String {
    let mut last = String::new();
    for _ in 0..600 {
        last = ask();
        if right(&last) {
            return last;
        }
        pause(Duration::from_millis(200));
    }
    panic!("{last}");
}

#[test]
fn the_commands_of_the_readme_show_figures() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let config = fs::read_to_string("config/first-steps.toml").unwrap();
    assert!(
        config.contains("\nbrokers = \"localhost:9092\"\n"),
        "{config}"
    );
    let broker = format!(
        "brokers = \"{}\"\nprefix = \"first-steps\"",
        shared().address
    );
    let config = config.replace("brokers = \"localhost:9092\"", &broker);
    let here = format!("http.listen = \"127.0.0.1:{port}\"\n{config}");
    fs::create_dir(folder.path().join("config")).unwrap();
    fs::write(folder.path().join("config/first-steps.toml"), here).unwrap();
    let tests = fs::canonicalize("tests").unwrap();
    std::os::unix::fs::symlink(tests, folder.path().join("tests")).unwrap();

    let mut running = None;
    let commands = commands("## Run it");
    for command in &commands {
        if let Some(command) = command.strip_suffix(" &") {
            running = Some(Running::start(shell(folder.path(), command)));
            continue;
        }
        let command = command.replace("localhost:8640", &format!("127.0.0.1:{port}"));
        if command.starts_with("curl ") {
            let ask = || printed(&shell(folder.path(), &command).output().unwrap());
            wait_for(ask, |text| text.contains("\"offered\":5000,"));
            continue;
        }
        let output = shell(folder.path(), &command).output().unwrap();
        assert!(output.status.success(), "{command}: {}", printed(&output));
    }
    running.expect("the README runs it").interrupt();
    assert!(
        commands.iter().any(|it| it.starts_with("curl ")),
        "{commands:?}"
    );
}

/// A configuration whose source follows the wall, and its port.
fn live(folder: &Path, prefix: &str) -> (String, u16) {
    let port = free_port();
    let path = folder.join("live.toml");
    let text = format!(
        "http.listen = \"127.0.0.1:{port}\"\n\
         [kafka]\nbrokers = \"{}\"\nprefix = \"{prefix}\"\nreplication = 1\n\
         [engine]\ntasks = 2\n[[source]]\ntopic = \"{prefix}.calls\"\n",
        shared().address
    );
    fs::write(&path, text).unwrap();
    (path.display().to_string(), port)
}

#[test]
fn what_a_live_source_would_not_take_is_refused_before_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (config, _) = live(folder.path(), "refused");
    let topic = "refused.calls";
    let refused = |arguments: &[&str]| {
        let output = floorwalker(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", printed(&output));
        printed(&output)
    };
    // The topic is not there: it is not even looked for.
    let printed = refused(&["load", CALLS, "--topic", topic, "--config", &config]);
    assert!(
        printed.starts_with(
            "error: 22,162 of 22,162 events are over 600 s old, the newest of 2021-03-31T"
        ),
        "{printed}"
    );
    assert!(
        printed.contains("`clock = \"wall\"` for `refused.calls`"),
        "{printed}"
    );
    assert!(
        printed.contains("\nhint: for a load of the past set `clock = \"events\"`"),
        "{printed}"
    );
    let simulated = refused(&[
        "simulate", "--agents", "10", "--hours", "2", "--speed", "max", "--topic", topic,
        "--config", &config,
    ]);
    assert!(
        simulated.contains("they would become dead letters (`late`)"),
        "{simulated}"
    );
    assert!(simulated.contains("`--speed 1`"), "{simulated}");
}

#[test]
fn a_source_that_is_set_aside_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let (config, port) = live(folder.path(), "aside");
    let run = |arguments: &[&str]| {
        let output = floorwalker(arguments).output().unwrap();
        assert!(output.status.success(), "{}", printed(&output));
        printed(&output)
    };
    let created = run(&["topics", "create", "--sources", "--config", &config]);
    assert!(created.contains("created aside.calls"), "{created}");
    run(&["topics", "show", "--config", &config]);
    let mut process = floorwalker(&["run", "--config", &config]);
    let log = folder.path().join("log");
    process.stderr(fs::File::create(&log).unwrap());
    let process = Running::start(process);
    let page = |path: &str| get(port, path).map_or_else(String::new, |(_, text)| text);
    wait_for(|| page("/readyz"), |text| text.contains("\"ready\":true"));
    // Until the clocks of both tasks follow the wall, nothing is late.
    wait_for(
        || page("/metrics"),
        |text| {
            let delays = text.lines().filter_map(|line| {
                let (series, delay) = line.rsplit_once(' ')?;
                let is_delay = series.starts_with("floorwalker_task_clock_delay_seconds{");
                is_delay.then(|| delay.parse::<f64>().unwrap())
            });
            delays.filter(|delay| *delay < 60.0).count() == 2
        },
    );
    let printed = run(&[
        "load",
        CALLS,
        "--topic",
        "aside.calls",
        "--config",
        &config,
        "--force",
    ]);
    assert!(
        printed.contains("warning: 22,162 of 22,162 events"),
        "{printed}"
    );
    wait_for(
        || page("/metrics"),
        |text| {
            text.contains(
                "floorwalker_dead_letters_total{topic=\"aside.calls\",reason=\"late\"} 22162\n",
            )
        },
    );
    let body = wait_for(
        || page("/readyz"),
        |text| text.contains("became dead letters"),
    );
    for part in [
        "\"ready\":true",
        "[\"source `aside.calls`: ",
        "`late`, such as aside.calls/",
    ] {
        assert!(body.contains(part), "{part}: {body}");
    }
    process.interrupt();
    let log = fs::read_to_string(log).unwrap();
    let lines = log
        .lines()
        .filter(|line| line.contains("records became dead letters"));
    assert_eq!(lines.count(), 1, "{log}");
}

/// A minute of calls of last year becomes the minute before now, which a live source takes.
#[test]
fn a_live_source_accepts_a_load_as_of_now() {
    let folder = tempfile::tempdir().unwrap();
    let (config, port) = live(folder.path(), "as-of-now");
    let topic = "as-of-now.calls";
    create_topic(topic, 2);
    let events = folder.path().join("events.jsonl");
    let event = |second: usize| {
        format!(
            r#"{{"event_id":"e{second}","occurred_at":"2025-03-01T10:00:{second:02}Z","source":"s","type":"contact_queued","contact_id":"c{second}","channel":"voice","queue":"q"}}"#
        )
    };
    let lines: Vec<String> = (0..60).rev().map(event).collect();
    fs::write(&events, lines.join("\n")).unwrap();
    let events = events.display().to_string();
    for arguments in [
        vec!["topics", "create", "--config", &config],
        vec![
            "load", &events, "--topic", topic, "--config", &config, "--as-of", "now",
        ],
    ] {
        let output = floorwalker(&arguments).output().unwrap();
        assert!(output.status.success(), "{}", printed(&output));
    }
    let process = Running::start(floorwalker(&["run", "--config", &config]));
    let applied = "floorwalker_lifetime_events{outcome=\"applied\"} 60\n";
    let metrics = || get(port, "/metrics").map_or_else(String::new, |(_, text)| text);
    let text = wait_for(metrics, |text| text.contains(applied));
    assert!(!text.contains("floorwalker_dead_letters_total"), "{text}");
    process.interrupt();
}
