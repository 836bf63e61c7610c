//! What can't work is refused at once, with a sentence that says what to do.

use std::path::Path;

use crate::{
    binary::{Site, create_topic, refusal, stdout},
    broker::shared,
};

#[test]
fn an_internal_topic_with_another_number_of_partitions_is_refused_at_the_start() {
    for topic in ["tasks", "exchange", "state", "kpis"] {
        let prefix = format!("odd-{topic}");
        let site = Site::without_topics(&prefix, 1, "");
        create_topic(&site.source(), 4);
        create_topic(&format!("{prefix}.{topic}"), 3);
        let config = site.config(0);
        stdout(&["topics", "create", "--config", &config]);
        let (said, code) = refusal(&["run", "--config", &config]);
        let sentence = format!(
            "topic `{prefix}.{topic}` has 3 partitions, but `tasks` is 4: set `tasks = 3` if this deployment was created \
             with it, else choose another `prefix`"
        );
        assert!(said.contains(&sentence), "{said}");
        assert_eq!(code, 1);
        site.end();
    }
}

#[test]
fn internal_topics_that_are_missing_are_refused_at_the_start() {
    let site = Site::without_topics("bare", 1, "");
    create_topic(&site.source(), 4);
    let (said, code) = refusal(&["run", "--config", &site.config(0)]);
    let sentence =
        "topic `bare.state` does not exist: run `floorwalker topics create --config FILE`";
    assert!(said.contains(sentence), "{said}");
    assert_eq!(code, 1);
    site.end();
}

#[test]
fn loading_what_or_where_is_not_says_so() {
    let broker = shared().address.as_str();
    create_topic("refusals.calls", 2);
    let load = |file: &str, topic: &str| {
        let (said, code) = refusal(&["load", file, "--topic", topic, "--brokers", broker]);
        assert_eq!(code, 1, "{said}");
        said
    };
    let said = load("nowhere.jsonl", "refusals.calls");
    assert!(
        said.contains("nowhere.jsonl: No such file or directory"),
        "{said}"
    );
    let log = Path::new("tests/data/worked-example.events.jsonl");
    let said = load(log.to_str().unwrap(), "refusals.cals");
    assert!(
        said.contains("topic `refusals.cals` does not exist"),
        "{said}"
    );
}
