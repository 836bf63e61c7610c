//! Logs names beyond their limit: at once, then every ten minutes while there are more.

use std::{collections::BTreeMap, time::Duration};

use super::clock::Tick;
use floorwalker_core::engine::{Kind, Limits};

const AGAIN: Duration = Duration::from_secs(600);

/// When each kind was last logged.
#[derive(Debug, Default)]
pub(super) struct Refusals(BTreeMap<Kind, Tick>);

impl Refusals {
    /// Takes a refused name of each kind.
    pub(super) fn note(&mut self, refused: BTreeMap<Kind, String>, limits: &Limits, now: Tick) {
        for (kind, name) in refused {
            let last = self.0.get(&kind);
            if last.is_some_and(|last| now.since(*last) < AGAIN) {
                continue;
            }
            self.0.insert(kind, now);
            tracing::warn!(
                name,
                "there are more than {} names of kind {} ({}): further ones are counted together as `(other)`, and in their channel and \
                 all as ever; see whether the feed makes up names, or raise the limit and restart",
                limits.of(kind),
                kind.name(),
                kind.setting(),
            );
        }
    }
}
