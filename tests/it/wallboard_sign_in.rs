//! Signing in to the wallboard, in Debian's chromium.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use floorwalker::serve::{HttpSettings, Scope};

use crate::{
    serving::{Serving, local, token},
    wallboard::alert,
};

#[test]
fn a_supervisor_signs_in_acts_by_name_and_signs_out() {
    let (lea, acts) = token("lea", &[Scope::Read, Scope::Act]);
    let (screen, reads) = token("screen on the wall", &[Scope::Read]);
    let http = HttpSettings {
        tokens: vec![lea, screen],
        ..local()
    };
    let serving = Serving::start(&http);
    let why = "41 contacts came in 10 minutes; 22 are usual.";
    let surge = alert("queue:q/surge", "queue.surge", why, "Move 3 agents there.");
    let mut kcat = Command::new("kcat")
        .args(["-P", "-K", "\t", "-t", "floorwalker.alerts", "-b"])
        .arg(serving.brokers())
        .stdin(Stdio::piped())
        .spawn()
        .expect("kcat: run scripts/setup");
    let mut lines = kcat.stdin.take().unwrap();
    writeln!(lines, "{}\t{surge}", surge["id"].as_str().unwrap()).unwrap();
    drop(lines);
    assert!(kcat.wait().unwrap().success());
    let output = Command::new("node")
        .args([
            "tests/browser/sign_in.mjs",
            &serving.url(""),
            &acts,
            &reads,
            why,
        ])
        .output()
        .expect("node: run scripts/setup");
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed);
    assert!(output.status.success(), "{printed}");
}
