//! What can't work is refused at once, with a sentence that says what to do.

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
    let broker = &address();
    create_topic("refusals.calls", 2);
    let load = |file: &str, topic: &str| {
        let (said, code) = refusal(&["load", file, "--topic", topic, "--brokers", broker]);
        assert_eq!(code, 1, "{said}");
        said
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
