//! The summary as lines, for whoever is no terminal: the figures every few seconds, escalations as they come.

use std::{
    collections::BTreeSet,
    fmt,
    io::{self, Write as _},
    time::Duration,
};

use super::{
    board::{Escalation, Queue},
    scene::{Addresses, Scene, View},
    text,
};
use crate::kafka::{
    Stop,
    clock::{self, Tick},
};

const LOOK_EVERY: Duration = Duration::from_millis(250);
const SUMMARY_EVERY: Duration = Duration::from_secs(5);
/// More at once are only counted.
const ESCALATIONS_A_LOOK: usize = 3;
/// How many of the newest are looked at: more than can come between two looks.
const NEWEST: usize = 200;

/// Prints until the demo is to stop.
pub(super) fn show(scene: &mut Scene, stop: &Stop) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", Welcome(scene.addresses))?;
    let mut news = News::default();
    let mut summed_up_at: Option<Tick> = None;
    while !stop.is_requested() {
        clock::pause(LOOK_EVERY);
        let view = scene.look(NEWEST);
        if view.board.queues.is_empty() {
            continue;
        }
        news.print(&view, &mut out)?;
        let now = Tick::now();
        let due = summed_up_at.map_or(view.is_current(), |at| now.since(at) >= SUMMARY_EVERY);
        if due {
            summed_up_at = Some(now);
            writeln!(out, "{}", Summary(&view))?;
        }
        out.flush()?;
    }
    Ok(())
}

/// Where everything is.
struct Welcome(Addresses);

impl fmt::Display for Welcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (broker, to) = (self.0.broker(), &self.0);
        writeln!(
            formatter,
            "Kafka       kcat -C -b {broker} -t floorwalker.alerts"
        )?;
        writeln!(
            formatter,
            "HTTP        curl {}",
            to.url("/api/v1/entities/all/kpis")
        )?;
        writeln!(formatter, "Prometheus  curl {}", to.url("/metrics/kpi"))
    }
}

/// Escalations that were not printed yet.
#[derive(Default)]
struct News {
    printed: BTreeSet<String>,
}

impl News {
    /// Oldest first.
    fn print(&mut self, view: &View, out: &mut impl io::Write) -> io::Result<()> {
        let known = &view.board.escalations;
        let news: Vec<_> = (known.iter().rev())
            .filter(|escalation| !self.printed.contains(&escalation.id))
            .collect();
        let untold = news.len().saturating_sub(ESCALATIONS_A_LOOK);
        for escalation in news.iter().skip(untold) {
            writeln!(out, "{}", Item(escalation, view.addresses))?;
        }
        if untold > 0 {
            writeln!(out, "         and {untold} before")?;
        }
        self.printed = known.iter().map(|it| it.id.clone()).collect();
        Ok(())
    }
}

struct Item<'a>(&'a Escalation, Addresses);

impl fmt::Display for Item<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(Escalation { rule, at, why, .. }, addresses) = self;
        write!(formatter, "{} {rule} {why}", text::time_of_day(*at))?;
        for path in &self.0.paths {
            write!(formatter, "\n         curl {}", addresses.url(path))?;
        }
        Ok(())
    }
}

struct Summary<'a>(&'a View);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let View { board, pulse, .. } = self.0;
        write!(
            formatter,
            "{} {:.0} events/s, {} wait to be read, figures {} behind, {} alerts fire",
            text::time_of_day(self.0.now),
            pulse.events_a_second,
            pulse.lag,
            text::behind(pulse.behind),
            board.firing
        )?;
        for queue in &board.queues {
            write!(formatter, "\n         {}", Row(queue))?;
        }
        Ok(())
    }
}

struct Row<'a>(&'a Queue);

impl fmt::Display for Row<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue = self.0;
        let level = queue.level.as_ref();
        let policy = level.map_or("", |level| level.policy.as_str());
        write!(
            formatter,
            "{:<12} {:>3} waiting, longest {:>6}  {:>5} {policy:<24}  handle time {:>6}",
            queue.name,
            queue.waiting,
            text::length(queue.longest_wait),
            text::percent(level.map(|level| level.met)),
            text::length(queue.handle_time),
        )
    }
}
