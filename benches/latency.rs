//! `cargo bench --bench latency`: how long after its due time an alert reaches a reader, under a live load on a real broker.
//!
//! 2,000 events/s, of the instant at which they are sent, go through `floorwalker run`; of every three calls one waits or
//! rings for too long. The delay of an `sla.missed` that came due is the time from its due time plus the grace
//! to its arrival at a reader of committed records. Beside it stand a record's way through the broker alone, and
//! a commit's duration, both of the same run.
//!
//! With `-- readers`, 200 readers of the stream and 50 requests/s come and go every half minute: what both kinds of half minutes have is
//! compared.
#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]

mod deployment;
mod readers;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use floorwalker::kafka::{
    clock::{Tick, wall},
    topics::Topic,
};
use floorwalker_core::event::{
    AgentId, AtAgent, Body, Channel, ContactId, ContactQueued, DeclineCause, EndedBy, Event,
    EventId, Key, QueueId, Span, Timestamp, WrapUpEnded,
};
use floorwalker_simulator::jsonl::jsonl;
use floorwalker_testkit::random::Random;
use hdrhistogram::Histogram;
use rdkafka::{
    ClientConfig, Message as _, Offset,
    consumer::BaseConsumer,
    producer::{BaseProducer, BaseRecord, Producer as _},
};
use serde::Deserialize;

use deployment::{Deployment, Metrics, SOURCE, cpu_seconds, pause};
use readers::{Looked, Shift, look_on};

const EVENTS_A_SECOND: i64 = 2_000;
const EVENTS_A_CONTACT: i64 = 5;
/// Calls of the last 40 s are under way when the load begins: its rate is the same from the first second on.
const UNDER_WAY: Span = Span::from_secs(40);
/// The first due time of a call that begins with the load.
const FIRST_DUE: Span = Span::from_secs(18);
const WARM_UP: Span = Span::from_secs(10);
const MEASURED: Span = Span::from_secs(64);
/// With readers: half minutes without them and with them in turn, of each the end.
const SHIFT: Span = Span::from_secs(30);
const SHIFTS: i64 = 12;
const SHIFT_BEGINS: Span = Span::from_secs(6);
const AGENTS: usize = 2_000;
const QUEUES: usize = 20;
/// `engine.grace` of the default configuration.
const GRACE: Span = Span::from_secs(2);
const PROBE: &str = "probe";
const PROBE_INTERVAL: Duration = Duration::from_millis(20);

fn main() {
    let with_readers = std::env::args().any(|argument| argument == "readers");
    let measured = match with_readers {
        true => Span(SHIFT.0 * SHIFTS),
        false => MEASURED,
    };
    let deployment = Deployment::create("wall", "");
    deployment.create_topic(PROBE);
    let roles = if with_readers { "work,serve" } else { "work" };
    let mut process = deployment.run(roles);
    process.wait_until_ready();

    let alerts = deployment.reader(&Deployment::topic(Topic::Alerts), Offset::End);
    let probes = deployment.reader(PROBE, Offset::End);
    pause(Duration::from_secs(2));
    let (sending, reading) = (AtomicBool::new(true), AtomicBool::new(true));
    let plan = plan(measured);
    let stat = format!("/proc/{}/stat", process.id());
    let (before, cpu_before) = (process.metrics(), cpu_seconds(&stat));
    let (arrivals, probed, sent, looked) = thread::scope(|scope| {
        let arrivals = scope.spawn(|| read(&alerts, &reading));
        let probed = scope.spawn(|| read(&probes, &reading));
        scope.spawn(|| send_probes(&deployment, &sending));
        let looking = with_readers.then(|| look_on(process.port, shifts_from(wall())));
        let sent = send(&deployment, &plan);
        sending.store(false, Ordering::Relaxed);
        // What is on its way.
        pause(Duration::from_secs(3));
        reading.store(false, Ordering::Relaxed);
        (
            arrivals.join().expect("the reader of alerts"),
            probed.join().expect("the reader of probes"),
            sent,
            looking.map(|thread| thread.join().expect("the readers")),
        )
    });
    let (after, cpu) = (process.metrics(), cpu_seconds(&stat) - cpu_before);
    process.interrupt();
    print_load(&sent, &before, &after, cpu);
    print_delays(&arrivals, &probed, &sent, &after);
    if let Some(looked) = looked {
        print_readers(&arrivals, &probed, &sent, &looked);
    }
}

/// Every second half minute of those that are measured.
fn shifts_from(began_at: Timestamp) -> Vec<Shift> {
    let measured_from = began_at + FIRST_DUE + WARM_UP;
    let busy = (0..SHIFTS).filter(|number| number % 2 == 1);
    let shifts = busy.map(|number| Shift {
        from: measured_from + Span(SHIFT.0 * number),
        to: measured_from + Span(SHIFT.0 * (number + 1)),
    });
    shifts.collect()
}

/// What a contact does, and when after the load began.
struct Planned {
    at: Span,
    contact: usize,
    number: usize,
    body: Body,
}

/// The same calls each time, in the order of their instants.
fn plan(measured: Span) -> Vec<Planned> {
    let mut random = Random::new(11);
    let end = FIRST_DUE + WARM_UP + measured;
    let between = Span(1_000_000 * EVENTS_A_CONTACT / EVENTS_A_SECOND);
    let mut plan = Vec::new();
    let mut begins = Span(-UNDER_WAY.0);
    for contact in 0.. {
        if begins >= end {
            break;
        }
        let bodies = call(&mut random);
        let mut at = begins;
        for (number, (pause, body)) in bodies.into_iter().enumerate() {
            at = at + pause;
            plan.push(Planned {
                at,
                contact,
                number,
                body,
            });
        }
        begins = begins + between;
    }
    plan.retain(|planned| Span::ZERO <= planned.at && planned.at < end);
    plan.sort_by_key(|planned| planned.at);
    plan
}

/// Five events, each with the time since the one before: a quick call, one answered late, one given up. What ends an
/// obligation comes well before its due time or 5 s after it: if it came within the grace, no timer would decide.
fn call(random: &mut Random) -> [(Span, Body); 5] {
    let queue = QueueId::new(&format!("queue-{}", random.below(QUEUES)));
    let [agent, other] = [(); 2].map(|()| AgentId::new(&format!("agent-{}", random.below(AGENTS))));
    let mut between = |from_ms, to_ms| {
        Span::from_millis(from_ms) + random.up_to(Span::from_millis(to_ms - from_ms))
    };
    let at_agent = |by: &AgentId| AtAgent {
        agent: by.clone(),
        queue: Some(queue.clone()),
        leg: None,
    };
    let queued = Body::ContactQueued(ContactQueued {
        queue: Some(queue.clone()),
        direction: None,
        priority: None,
        reason: None,
        leg: None,
        thread: None,
    });
    let offered = Body::AgentOffered(at_agent(&agent));
    let answered = Body::AgentAnswered(at_agent(&agent));
    let ended = Body::ContactEnded(EndedBy::Customer, None);
    let wrapped = Body::WrapUpEnded(WrapUpEnded {
        agent: agent.clone(),
        disposition: None,
        resolved: Some(true),
    });
    let kind = between(0, 1_000);
    if kind >= Span::from_millis(350) {
        return [
            (Span::ZERO, queued),
            (between(300, 1_500), offered),
            (between(1_000, 6_000), answered),
            (between(2_000, 15_000), ended),
            (between(1_000, 10_000), wrapped),
        ];
    }
    if kind >= Span::from_millis(100) {
        return [
            (Span::ZERO, queued),
            (between(300, 1_500), offered),
            (between(25_000, 32_000), answered),
            (between(2_000, 6_000), ended),
            (between(500, 2_000), wrapped),
        ];
    }
    [
        (Span::ZERO, queued),
        (between(300, 1_500), offered),
        (
            between(3_000, 9_000),
            Body::OfferDeclined(agent, DeclineCause::Missed),
        ),
        (between(500, 1_000), Body::AgentOffered(at_agent(&other))),
        (
            between(24_000, 30_000),
            Body::ContactEnded(EndedBy::Customer, None),
        ),
    ]
}

struct Sent {
    events: usize,
    began_at: Timestamp,
    took: Duration,
    /// The most that an event was sent behind its plan.
    behind_max: Span,
}

/// Sends each event at its time, with that as the time at which it occurred.
fn send(deployment: &Deployment, plan: &[Planned]) -> Sent {
    let producer: BaseProducer = producer(deployment);
    let (began, began_at) = (Tick::now(), wall());
    let mut behind_max = Span::ZERO;
    let mut waiting = plan.iter().peekable();
    while waiting.peek().is_some() {
        let passed = wall() - began_at;
        while let Some(planned) = waiting.next_if(|planned| planned.at <= passed) {
            behind_max = behind_max.max(passed - planned.at);
            send_one(&producer, planned, wall());
        }
        producer.poll(Duration::ZERO);
        pause(Duration::from_millis(1));
    }
    let took = Tick::now().since(began);
    let delivered = producer.flush(Duration::from_secs(10));
    delivered.expect("delivery");
    Sent {
        events: plan.len(),
        began_at,
        took,
        behind_max,
    }
}

fn send_one(producer: &BaseProducer, planned: &Planned, now: Timestamp) {
    let contact = format!("c{}", planned.contact);
    let event = Event {
        id: EventId::new(&format!("{contact}-{}", planned.number)),
        occurred_at: now,
        sequence: None,
        key: Key::Contact(ContactId::new(&contact)),
        channel: Some(Channel::Voice),
        customer: None,
        body: planned.body.clone(),
    };
    let json = jsonl(&event);
    let record = BaseRecord::to(SOURCE).key(&contact).payload(&json);
    let sent = producer.send(record).map_err(|(error, _)| error);
    sent.expect("room for an event");
}

fn producer(deployment: &Deployment) -> BaseProducer {
    let mut config: ClientConfig = deployment.kafka.client("load");
    config
        .set("partitioner", "murmur2_random")
        .set("compression.type", "lz4")
        .create()
        .expect("a producer")
}

/// Records that hold the time at which they were sent.
fn send_probes(deployment: &Deployment, sending: &AtomicBool) {
    let producer = producer(deployment);
    while sending.load(Ordering::Relaxed) {
        let now = wall().0.to_string();
        let record = BaseRecord::<(), _>::to(PROBE).payload(&now);
        let sent = producer.send(record).map_err(|(error, _)| error);
        sent.expect("room for a probe");
        producer.poll(PROBE_INTERVAL);
        pause(PROBE_INTERVAL);
    }
    producer.flush(Duration::from_secs(5)).ok();
}

/// What came, and when.
fn read(consumer: &BaseConsumer, reading: &AtomicBool) -> Vec<(Timestamp, Vec<u8>)> {
    let mut arrivals = Vec::new();
    while reading.load(Ordering::Relaxed) {
        if let Some(Ok(record)) = consumer.poll(Duration::from_millis(100)) {
            arrivals.push((wall(), record.payload().unwrap_or_default().to_vec()));
        }
    }
    arrivals
}

#[derive(Deserialize)]
struct Alert<'a> {
    id: &'a str,
    rule: &'a str,
    status: &'a str,
    starts_at: &'a str,
    history: bool,
    /// Seconds waited at the start, and the seconds allowed: the same if the timer decided, less if a decline did.
    value: f64,
    threshold: f64,
}

impl Alert<'_> {
    fn is_missed_by_timer(&self) -> bool {
        let decided_at_due = (self.value - self.threshold).abs() < 1e-6;
        self.rule == "sla.missed" && self.status == "firing" && decided_at_due
    }
}

fn print_load(sent: &Sent, before: &Metrics, after: &Metrics, cpu: f64) {
    let seconds = sent.took.as_secs_f64();
    let grown = |series: &str| after.sum(series) - before.sum(series);
    let count = |outcome: &str| after.events(outcome);
    println!(
        "load             {} events in {seconds:.1} s: {:.0} events/s; sent at most {:.0} ms late",
        sent.events,
        sent.events as f64 / seconds,
        sent.behind_max.as_secs() * 1e3
    );
    println!(
        "became           {} applied, {} repeated, {} dead letters",
        count("applied"),
        count("repeated"),
        count("dead_lettered")
    );
    println!(
        "commits          {:.1} transactions/s, {:.1} steps/s; {:.0} % of one core",
        grown("floorwalker_transactions_total") / (seconds + 3.0),
        grown("floorwalker_steps_total") / (seconds + 3.0),
        100.0 * cpu / (seconds + 3.0)
    );
}

type Arrivals = [(Timestamp, Vec<u8>)];

fn print_delays(arrivals: &Arrivals, probed: &Arrivals, sent: &Sent, after: &Metrics) {
    let measured_from = sent.began_at + FIRST_DUE + WARM_UP;
    let [mut measured, mut all, mut by_broker] = [(); 3].map(|()| histogram());
    let mut seen = std::collections::BTreeSet::new();
    let (mut declined, mut early, mut history) = (0, 0, 0);
    for (received_at, payload) in arrivals {
        let alert: Alert<'_> = serde_json::from_slice(payload).expect("an alert");
        let missed = alert.rule == "sla.missed" && alert.status == "firing";
        if !missed || !seen.insert(alert.id.to_owned()) {
            continue;
        }
        if !alert.is_missed_by_timer() {
            declined += 1;
            continue;
        }
        let due_at = Timestamp::parse(alert.starts_at).expect("an instant");
        let delay = *received_at - (due_at + GRACE);
        early += usize::from(delay < Span::ZERO);
        history += usize::from(alert.history);
        record(&mut all, delay);
        if due_at >= measured_from {
            record(&mut measured, delay);
        }
    }
    for (received_at, payload) in probed {
        let text = std::str::from_utf8(payload).unwrap_or_default();
        let sent_at = Timestamp(text.parse().expect("a number"));
        if sent_at >= measured_from {
            record(&mut by_broker, *received_at - sent_at);
        }
    }
    print("alert", &measured);
    print("with warm-up", &all);
    print("broker alone", &by_broker);
    let quantile = |quantile: &str| {
        1e3 * after.sum(&format!(
            "floorwalker_latency_quantile_seconds{{of=\"commit\",share=\"{quantile}\"}}"
        ))
    };
    println!(
        "commit           p50 {:.0} ms, p90 {:.0} ms, p99 {:.0} ms, p99.9 {:.0} ms",
        quantile("0.5"),
        quantile("0.9"),
        quantile("0.99"),
        quantile("0.999")
    );
    println!(
        "not counted      {declined} decided by a decline; among the counted {early} before due time + grace, {history} of the past"
    );
    println!(
        "compared         p99 of an alert is {:.1} times that of a record through the broker alone",
        measured.value_at_quantile(0.99) as f64 / by_broker.value_at_quantile(0.99) as f64
    );
}

/// The same figures without readers and with them.
fn print_readers(arrivals: &Arrivals, probed: &Arrivals, sent: &Sent, looked: &Looked) {
    let measured_from = sent.began_at + FIRST_DUE + WARM_UP;
    // In which kind of half minute; none at its beginning.
    let kind = |at: Timestamp| {
        let passed = (at - measured_from).0;
        let is_measured = passed >= 0 && passed % SHIFT.0 >= SHIFT_BEGINS.0;
        is_measured.then_some(usize::from(passed / SHIFT.0 % 2 == 1))
    };
    let [mut alerts, mut records] = [(); 2].map(|()| [(); 2].map(|()| histogram()));
    for (due_at, delay) in delays(arrivals) {
        if let Some(kind) = kind(due_at + GRACE) {
            record(&mut alerts[kind], delay);
        }
    }
    for (received_at, payload) in probed {
        let text = std::str::from_utf8(payload).unwrap_or_default();
        let sent_at = Timestamp(text.parse().expect("a number"));
        if let Some(kind) = kind(sent_at) {
            record(&mut records[kind], *received_at - sent_at);
        }
    }
    println!(
        "readers          {} of the stream, {} lost; {:.1} MB/s; {} requests, {} failed, p50 {:.1} ms, p99 {:.1} ms",
        readers::READERS,
        looked.lost,
        looked.bytes as f64 / (SHIFT.as_secs() * SHIFTS as f64 / 2.0) / 1e6,
        looked.requests,
        looked.failed,
        looked.took.value_at_quantile(0.5) as f64 / 1e3,
        looked.took.value_at_quantile(0.99) as f64 / 1e3,
    );
    print("alert, alone", &alerts[0]);
    print("alert, readers", &alerts[1]);
    print("broker, alone", &records[0]);
    print("broker, readers", &records[1]);
    let p99 = |delays: &Histogram<u64>| delays.value_at_quantile(0.99) as f64;
    println!(
        "compared         with readers the p99 of an alert is {:+.0} %, of a record through the broker alone {:+.0} %",
        100.0 * (p99(&alerts[1]) / p99(&alerts[0]) - 1.0),
        100.0 * (p99(&records[1]) / p99(&records[0]) - 1.0),
    );
}

/// The due time of each alert that a timer decided, and how long after it and the grace it came.
fn delays(arrivals: &Arrivals) -> Vec<(Timestamp, Span)> {
    let mut seen = std::collections::BTreeSet::new();
    let mut delays = Vec::new();
    for (received_at, payload) in arrivals {
        let alert: Alert<'_> = serde_json::from_slice(payload).expect("an alert");
        if alert.is_missed_by_timer() && seen.insert(alert.id.to_owned()) {
            let due_at = Timestamp::parse(alert.starts_at).expect("an instant");
            delays.push((due_at, *received_at - (due_at + GRACE)));
        }
    }
    delays
}

/// Of microseconds, up to an hour.
fn histogram() -> Histogram<u64> {
    Histogram::new_with_max(3_600_000_000, 3).expect("bounds")
}

fn record(histogram: &mut Histogram<u64>, delay: Span) {
    histogram.saturating_record(u64::try_from(delay.0).unwrap_or(0));
}

fn print(what: &str, delays: &Histogram<u64>) {
    let ms = |quantile: f64| delays.value_at_quantile(quantile) as f64 / 1e3;
    println!(
        "{what:<16} n {}, p50 {:.1} ms, p90 {:.1} ms, p99 {:.1} ms, p99.9 {:.1} ms, max {:.1} ms",
        delays.len(),
        ms(0.5),
        ms(0.9),
        ms(0.99),
        ms(0.999),
        delays.max() as f64 / 1e3
    );
}
