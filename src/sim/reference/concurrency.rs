//! How many engagements an agent has open while there is one.

use std::collections::BTreeMap;

use super::parts::Parts;
use crate::event::{Direction, Span, Timestamp};

/// The times from answer to end, or to the clock, of an agent's inbound engagements.
#[derive(Debug, Default)]
pub(super) struct Open(BTreeMap<String, Vec<(Timestamp, Timestamp)>>);

impl Open {
    pub(super) fn of(all: &[Parts], clock: Timestamp) -> Self {
        let mut open = Self::default();
        for engagement in all.iter().flat_map(|parts| &parts.engagements) {
            if engagement.direction == Direction::Inbound {
                let until = engagement.end.map_or(clock, |end| end.at);
                let theirs = open.0.entry(format!("agent:{}", engagement.agent));
                theirs.or_default().push((engagement.answered_at, until));
            }
        }
        open
    }

    /// Within `from` and the end of what is known.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a ratio of spans far below 2^53"
    )]
    pub(super) fn concurrency(&self, entity: &str, from: Timestamp) -> Option<f64> {
        let mut spans: Vec<(Timestamp, Timestamp)> = (self.0.get(entity)?.iter())
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
        (busy > Span::ZERO).then(|| open.0 as f64 / busy.0 as f64)
    }
}
