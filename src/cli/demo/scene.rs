//! All that the summaries look at, and what they see there at one moment.

use std::{cmp::Reverse, net::SocketAddr, sync::Arc};

use super::{
    board::{Board, Targets, WINDOW},
    pulse::{Pulse, PulseMeter},
};
use crate::{
    kafka::{Progress, clock::Wall},
    serve::ReadModel,
};
use floorwalker_core::event::{Span, Timestamp};

/// Where to look from outside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Addresses {
    pub(super) broker: SocketAddr,
    pub(super) http: SocketAddr,
}

impl Addresses {
    pub(super) fn url(self, path: &str) -> String {
        format!("http://{}{path}", self.http)
    }

    /// For `kcat -b`.
    pub(super) fn broker(self) -> String {
        format!("localhost:{}", self.broker.port())
    }
}

/// Where the demo is to be seen.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) addresses: Addresses,
    pub(super) agents: u32,
    pub(super) wall: Wall,
    pub(super) targets: Targets,
    pub(super) model: Arc<ReadModel>,
    pub(super) progress: Arc<Progress>,
    pub(super) meter: PulseMeter,
}

/// The demo at one moment.
#[derive(Debug)]
pub(super) struct View {
    pub(super) addresses: Addresses,
    pub(super) agents: u32,
    pub(super) now: Timestamp,
    pub(super) board: Board,
    pub(super) pulse: Pulse,
}

impl View {
    /// The figures are of now, not of what was before the demo began.
    pub(super) fn is_current(&self) -> bool {
        const CATCHING_UP: Span = Span::from_secs(60);
        self.pulse.behind.is_some_and(|behind| behind < CATCHING_UP)
    }
}

impl Scene {
    /// Returns the scene as it is now, with at most so many escalations.
    pub(super) fn look(&mut self, escalations: usize) -> View {
        let board = self.board(escalations);
        let (snapshot, now) = (self.progress.snapshot(), self.wall.now());
        View {
            addresses: self.addresses,
            agents: self.agents,
            now,
            pulse: self.meter.measure(&snapshot, board.clock(), now),
            board,
        }
    }

    fn board(&self, escalations: usize) -> Board {
        let entities = self.model.entities();
        let groups = entities.iter().filter(|entity| !entity.is_agent());
        let scores = groups.flat_map(|entity| &entity.scores);
        let scores = scores.filter(|score| score.window == WINDOW);
        let mut alerts = self.model.alerts(false);
        let firing = alerts.len();
        alerts.sort_unstable_by_key(|alert| Reverse(alert.fields.at));
        alerts.truncate(escalations);
        let shown: Vec<_> = alerts.iter().map(|alert| self.model.shown(alert)).collect();
        Board::new(
            scores.map(|score| score.record.get()),
            (firing, shown.iter().map(|record| record.get())),
            &self.targets,
        )
    }
}
