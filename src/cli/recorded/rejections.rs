//! What was left out of recorded events, and why.

use std::collections::BTreeMap;

use crate::cli::{
    failure::Hint,
    input::{Files, Place, hint},
    report::Rejected,
};
use floorwalker_core::{engine::Output, event::Text};

/// Dead letters by reason.
#[derive(Default)]
pub(in crate::cli) struct Rejections(BTreeMap<String, Rejection>);

/// How many there are, and the first of them in the files.
#[derive(Default)]
struct Rejection {
    count: u64,
    first: Option<Place>,
    sentence: String,
    hint: Option<&'static str>,
}

impl Rejections {
    pub(in crate::cli) fn add(&mut self, letter: &Output) {
        let header = |name: &str| {
            let found = letter.headers.iter().find(|(known, _)| known == name);
            let value = found.and_then(|(_, value)| value.as_deref());
            String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
        };
        let place = letter.key.as_deref().and_then(Place::from_key);
        let rejection = self.0.entry(header("floorwalker-reason")).or_default();
        rejection.count += 1;
        let earlier = match (place, rejection.first) {
            (Some(place), Some(first)) => place < first,
            (place, first) => place.is_some() || first.is_none(),
        };
        if earlier {
            rejection.first = place;
            rejection.sentence = header("floorwalker-sentence");
            rejection.hint = letter.payload.as_deref().and_then(hint);
        }
    }

    /// Returns what was left out with events of unknown types, the most frequent first.
    pub(in crate::cli) fn list(
        &self,
        skipped: &BTreeMap<Text, (u64, Place)>,
        files: &Files,
    ) -> Vec<Rejected> {
        let known = self.0.iter().map(|(reason, it)| Rejected {
            reason: reason.clone(),
            count: it.count,
            first: it.first.map_or_else(String::new, |place| files.name(place)),
            sentence: it.sentence.clone(),
            hint: it.hint,
        });
        let skipped = skipped.iter().map(|(kind, (count, first))| Rejected {
            reason: format!("skipped `{kind}`"),
            count: *count,
            first: files.name(*first),
            sentence: "no event has this type; docs/events.md lists those that are known"
                .to_owned(),
            hint: None,
        });
        let mut list: Vec<_> = known.chain(skipped).collect();
        list.sort_by_key(|rejected| std::cmp::Reverse(rejected.count));
        list
    }
}

/// Returns an error of this sentence, with why the first line was left out and what to do about it.
pub(in crate::cli) fn no_event(sentence: String, rejected: &[Rejected]) -> anyhow::Error {
    let Some(first) = rejected.first() else {
        return anyhow::Error::msg(sentence);
    };
    let cause = format!("{sentence}; {}: {}", first.first, first.sentence);
    match first.hint {
        Some(hint) => Hint::below(cause, hint),
        None => anyhow::Error::msg(cause),
    }
}
