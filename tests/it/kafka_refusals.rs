//! What can't work is refused at once, with a sentence that names the remedy.

use crate::{
    binary::{Site, create_topic, refusal, stdout},
    broker::address,
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
        let (printed, code) = refusal(&["run", "--config", &config]);
        let sentence = format!(
            "topic `{prefix}.{topic}` has 3 partitions, but `tasks` is 4: set `tasks = 3` if this deployment was created \
             with it, else choose another `prefix`"
        );
        assert!(printed.contains(&sentence), "{printed}");
        assert_eq!(code, 1);
        site.end();
    }
}

#[test]
fn internal_topics_that_are_missing_are_refused_at_the_start() {
    let site = Site::without_topics("bare", 1, "");
    create_topic(&site.source(), 4);
    let (printed, code) = refusal(&["run", "--config", &site.config(0)]);
    let sentence =
        "topic `bare.state` does not exist: run `floorwalker topics create --config FILE`";
    assert!(printed.contains(sentence), "{printed}");
    assert_eq!(code, 1);
    site.end();
}

#[test]
fn loading_a_missing_file_or_to_a_missing_topic_is_refused() {
    let broker = &address();
    create_topic("refusals.calls", 2);
    let load = |file: &str, topic: &str| {
        let (printed, code) = refusal(&["load", file, "--topic", topic, "--brokers", broker]);
        assert_eq!(code, 1, "{printed}");
        printed
    };
    let no_file = load("nowhere.jsonl", "refusals.calls");
    assert!(
        no_file.contains("nowhere.jsonl: No such file or directory"),
        "{no_file}"
    );
    let no_topic = load("tests/data/worked-example.events.jsonl", "refusals.cals");
    assert!(
        no_topic.contains("topic `refusals.cals` does not exist"),
        "{no_topic}"
    );
}
