//! How many engagements an agent has open while there is one.

use std::collections::BTreeMap;

use super::{parts::Parts, roster::Roster};
use floorwalker_core::event::{AgentId, Direction, Span, Timestamp};

type Spans = Vec<(Timestamp, Timestamp)>;

/// The times in which agents' inbound and outbound engagements were open, up to the clock, by agent, team, site and all.
#[derive(Debug, Default)]
pub(super) struct Open<'a>(BTreeMap<String, BTreeMap<&'a AgentId, Spans>>);

impl<'a> Open<'a> {
    pub(super) fn of(all: &'a [Parts], roster: &Roster<'_>, clock: Timestamp) -> Self {
        let mut open = Self::default();
        for engagement in all.iter().flat_map(|parts| &parts.engagements) {
            let agent = &engagement.agent;
            let counts = match engagement.direction {
                Direction::Inbound | Direction::Outbound => true,
                Direction::Internal | Direction::Monitor => false,
            };
            if !counts {
                continue;
            }
            for (from, until) in engagement.open(clock) {
                if from < until {
                    open.add_to_all(agent, (from, until), roster);
                }
            }
        }
        open
    }

    fn add_to_all(
        &mut self,
        agent: &'a AgentId,
        span: (Timestamp, Timestamp),
        roster: &Roster<'_>,
    ) {
        self.add(format!("agent:{agent}"), agent, span);
        self.add("all".to_owned(), agent, span);
        for (from, until, groups) in roster.within(agent, span) {
            for group in groups {
                self.add(group, agent, (from, until));
            }
        }
    }

    fn add(&mut self, entity: String, agent: &'a AgentId, span: (Timestamp, Timestamp)) {
        let spans_by_agent = self.0.entry(entity).or_default();
        spans_by_agent.entry(agent).or_default().push(span);
    }

    pub(super) fn entities(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// From `from` to the clock.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a ratio of spans far below 2^53"
    )]
    pub(super) fn concurrency(&self, entity: &str, from: Timestamp) -> Option<f64> {
        let (mut open, mut busy) = (Span::ZERO, Span::ZERO);
        for spans in self.0.get(entity)?.values() {
            let (theirs, with_one) = open_and_busy(spans, from);
            (open, busy) = (open + theirs, busy + with_one);
        }
        (busy > Span::ZERO).then(|| open.0 as f64 / busy.0 as f64)
    }
}

/// The sum of one agent's spans and the time with at least one.
fn open_and_busy(spans: &Spans, from: Timestamp) -> (Span, Span) {
    let mut spans: Spans = (spans.iter())
        .map(|(begun, ended)| ((*begun).max(from), *ended))
        .filter(|(begun, ended)| begun < ended)
        .collect();
    spans.sort();
    let (mut open, mut busy, mut seen) = (Span::ZERO, Span::ZERO, Timestamp::MIN);
    for (begun, ended) in spans {
        open = open + (ended - begun);
        if ended > seen {
            busy = busy + (ended - begun.max(seen));
            seen = ended;
        }
    }
    (open, busy)
}
