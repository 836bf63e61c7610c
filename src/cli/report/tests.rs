//! What a report looks like.

use super::*;
use floorwalker_core::event::Survey;

const ALL: &str = r#"{"entity":"all","window":"all","clock":"2026-11-22T10:30:00Z","partial":false,"kpis":{
 "offered":1004,"answered":902,"abandoned":102,"short_abandoned":2,"left":0,"handled":902,"handled_outbound":0,
 "reopened":0,"transferred":1,"incomplete":0,
 "sla":{"voice answer":{"met":70,"missed":20,"excluded":10,"value":0.777778,"num":70,"den":90,"interval":[0.681,0.8514]}},
 "asa":{"n":902,"mean":20.25,"p50":10.0,"p90":30.0,"p99":31.0},
 "aht":{"n":901,"mean":167.5,"p50":125.0,"p90":210.0,"p99":211.0,"talk":130.0,"hold":15.0,"wrap":22.5,"hold_when_held":30.0,"held":1},
 "fcr":{"resolved":3,"repeated":1,"unresolved":0,"value":0.75,"num":3,"den":4,"interval":[0.3006,0.9544]},"fcr_no_customer":7,"resolved_said":{"value":null,"num":0,"den":0,"interval":null},
 "csat":{"n":3,"mean":0.6,"low":{"value":0.333333,"num":1,"den":3,"interval":[0.06,0.79]}},
 "abandonment":{"value":0.0998,"num":100,"den":1002,"interval":[0.083,0.119]},
 "live":{"waiting":0,"longest_wait":0.0,"at_risk":0}}}"#;

const CONTACT: &str = r#"{"contact_id":"c1","episodes":[{"queue":"billing","queued_at":"AT"}],
 "engagements":[{"agent":"ana","queue":"billing","answered_at":"AT","handle":HANDLE,"complete":COMPLETE,"transferred":false,"reported":false}],
 "obligations":[{"policy":"voice answer","opened_at":"AT","due_at":"AT","decided_at":"AT","outcome":"OUTCOME"}],
 "csat":{}}"#;

fn records() -> Vec<Record> {
    let of =
        |entity: &str| serde_json::from_str(&ALL.replace("\"entity\":\"all\"", entity)).unwrap();
    vec![
        of("\"entity\":\"agent:ana\""),
        of("\"entity\":\"all\""),
        of("\"entity\":\"queue:billing\""),
    ]
}

fn survey(scale_max: f64) -> Survey {
    Survey {
        score: 1.0,
        scale_min: 1.0,
        scale_max,
    }
}

/// Three calls of one Sunday morning, the last one an abandon.
fn history() -> History {
    let mut history = History::default();
    for (minute, handle, outcome) in [(0, 125.5, "met"), (10, 210.0, "missed"), (95, 0.0, "met")] {
        let at = format!("2026-11-22T{:02}:{:02}:00Z", 9 + minute / 60, minute % 60);
        let contact = CONTACT.replace("AT", &at).replace("OUTCOME", outcome);
        let contact = contact.replace("HANDLE", &handle.to_string());
        let contact = contact.replace("COMPLETE", &(handle > 0.0).to_string());
        history.add(&serde_json::from_str(&contact).unwrap());
    }
    history
}

#[test]
fn a_report_is_plain_text() {
    let records = records();
    let mut scales = Scales::default();
    scales.add(&survey(5.0));
    scales.add(&survey(5.0));
    let history = history();
    let policies = floorwalker_core::contact::ContactSettings::default().policies;
    let rejected = [Rejected {
        reason: "empty_id".to_owned(),
        count: 1_500,
        first: "a.jsonl:7".to_owned(),
        sentence: "`agent` is empty; leave it out if there is none".to_owned(),
        hint: Some("this looks like CSV"),
    }];
    let fired = ["sla.at_risk", "sla.missed"].map(|rule| Fired {
        rule: rule.to_owned(),
        fired: 1_200,
        still_firing: 3,
    });
    let report = Report {
        title: "a.jsonl up to 2026-11-22T10:30:00Z".to_owned(),
        counters: Counters {
            read: 22_162,
            applied: 20_662,
            dead_lettered: 1_500,
            ..Counters::default()
        },
        contacts: 5_000,
        records: &records,
        history: &history,
        scorecards: &[],
        policies: &policies,
        scales,
        fired: &fired,
        rejected: &rejected,
    };
    insta::assert_snapshot!(report.to_string(), @r"
    a.jsonl up to 2026-11-22T10:30:00Z

     Events            22,162 read = 20,662 applied + 0 repeated + 0 skipped + 1,500 dead-lettered
     Contacts          5,000
     Alerts            sla.at_risk 1,200 (3 still), sla.missed 1,200 (3 still)
     Waits             1,004 offered, 902 answered, 102 abandoned (2 short), 0 left; abandonment 10.0 % [8.3, 11.9], 100 of 1,002
     SLA voice answer  77.8 % [68.1, 85.1], 70 of 90; 10 excluded
     Speed of answer   20.2 s (p50 10.0, p90 30.0, p99 31.0; n 902)
     Handle time       167.5 s (p50 125.0, p90 210.0, p99 211.0; n 901); talk 130.0 + hold 15.0 + wrap 22.5
     First contact     75.0 % [30.1, 95.4], 3 of 4; 7 without a customer
     Said resolved     -
     Satisfaction      3.40 of 5 (0.6000 normalised) in 3 surveys; low 33.3 % [6.0, 79.0], 1 of 3

    | Queue   | Offered | Answered | Abandoned | voice answer | ASA s | AHT s |    FCR | Resolved | CSAT | Handle time, 0 to 210 s and more |
    |---------|---------|----------|-----------|--------------|-------|-------|--------|----------|------|----------------------------------|
    | billing |   1,004 |      902 |       102 |       77.8 % |  20.2 | 167.5 | 75.0 % |        - | 3.40 |             █        █           |

    | Agent | Answered | Handled | voice answer | ASA s | AHT s |    FCR | Resolved | CSAT | Handle time, 0 to 210 s and more |
    |-------|----------|---------|--------------|-------|-------|--------|----------|------|----------------------------------|
    | ana   |      902 |     902 |       77.8 % |  20.2 | 167.5 | 75.0 % |        - | 3.40 |             █        █           |

    Service level from 2026-11-22T09:00:00Z on, each column 5 minutes
     voice answer, target 80 %
     100 % ┤█                  █
           │█                  █
           │█ ▁                █

    Waits by hour of the week, UTC; ░ ▒ ▓ █ are quarters of 2, · is nobody
          0     3     6     9     12    15    18    21
     Sun                    ██▒▒                                 3

    Distributions are of the 2 complete inbound engagements of contact records; means and percentiles are of 901.

    Over time, voice answer has the 3 decisions of contact records; its figures have 90.

    Over time, first-contact resolution has the 0 ended contacts of contact records; its figure has 4.

    | Left out | Count | First     | Because                                         |
    |----------|-------|-----------|-------------------------------------------------|
    | empty_id | 1,500 | a.jsonl:7 | `agent` is empty; leave it out if there is none |
    a.jsonl:7: this looks like CSV
    ");
}

#[test]
fn a_score_is_on_a_scale_only_if_all_are() {
    let mut scales = Scales::default();
    assert_eq!(score(Some(0.5), scales.only()), "0.5000");
    scales.add(&survey(5.0));
    assert_eq!(score(Some(0.5), scales.only()), "3.00");
    scales.add(&survey(10.0));
    assert_eq!(score(Some(0.5), scales.only()), "0.5000");
}

#[test]
fn large_numbers_are_grouped() {
    let groups = [0_i64, 999, 1_000, -1_234_567].map(thousands);
    assert_eq!(groups, ["0", "999", "1,000", "-1,234,567"]);
}
