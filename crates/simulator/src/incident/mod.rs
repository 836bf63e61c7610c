//! What goes wrong for a while: incidents, and what they change while they last.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "most incidents leave most things as they are"
)]

mod kind;
mod reach;
mod timetable;

use super::{Center, agenda::Action, agent::Agent, roster::Duty, wire::Trouble};
use floorwalker_core::event::{Event, Key, Span};

pub use kind::{Incident, IncidentKind};
pub use timetable::{default_incidents, drawn_incidents};

use kind::Condition;

impl Center {
    pub(super) fn plan_incidents(&mut self) {
        for (number, incident) in self.settings.incidents.iter().enumerate() {
            let begins_at = self.settings.start + incident.begins;
            self.agenda.plan(begins_at, Action::Incident(number, true));
            self.agenda
                .plan(begins_at + incident.lasts, Action::Incident(number, false));
        }
    }

    pub(super) fn turn_incident(&mut self, number: usize, begins: bool) {
        if begins {
            self.effects.active.push(number);
            let agents = self.struck_by(number);
            self.effects
                .agents_by_incident
                .insert(number, agents.clone());
            self.record_incident(number, &agents);
        } else {
            self.effects.active.retain(|active| *active != number);
        }
        self.call_in_or_out(number, begins);
        if !begins {
            self.effects.agents_by_incident.remove(&number);
        }
    }

    fn struck_by(&mut self, number: usize) -> Vec<usize> {
        let kind = &self.settings.incidents[number].kind;
        if let IncidentKind::AgentsAbsent { share, desk } = kind {
            let (share, desk) = (*share, desk.clone());
            let theirs = self.agents_of(desk.as_deref());
            let leaves = |_: &usize| self.dice.chance(share);
            return theirs.into_iter().filter(leaves).collect();
        }
        let Some(name) = kind.agent() else {
            return Vec::new();
        };
        let named =
            name.and_then(|name| (self.agents.iter()).position(|it| it.hire.id.as_str() == name));
        named
            .or_else(|| self.somebody(number))
            .into_iter()
            .collect()
    }

    fn agents_of(&self, desk: Option<&str>) -> Vec<usize> {
        let of_desk = |agent: &Agent| {
            let name = &self.settings.desks[agent.hire.desk].name;
            desk.is_none_or(|desk| desk == name)
        };
        let all = self.agents.iter().enumerate();
        all.filter(|(_, agent)| of_desk(agent))
            .map(|(place, _)| place)
            .collect()
    }

    /// Who is there, and stays for as long as the incident lasts where there is such a one.
    fn somebody(&mut self, number: usize) -> Option<usize> {
        let lasts = self.settings.incidents[number].lasts;
        let there = |agent: &Agent| agent.duty == Duty::On && agent.absences == 0;
        let (all, since) = (
            self.agents.iter().enumerate(),
            self.settings.day.since_midnight(self.now),
        );
        let there: Vec<(usize, bool)> = all
            .filter(|(_, agent)| there(agent))
            .map(|(place, agent)| (place, agent.hire.is_there_for(since, lasts)))
            .collect();
        let stay: Vec<usize> = (there.iter().filter(|(_, stays)| *stays))
            .map(|(place, _)| *place)
            .collect();
        if stay.is_empty() {
            return there.first().map(|(place, _)| *place);
        }
        Some(*self.effects.dice.pick(&stay))
    }

    fn call_in_or_out(&mut self, number: usize, out: bool) {
        let absence = matches!(
            self.settings.incidents[number].kind,
            IncidentKind::AgentsAbsent { .. }
        );
        let struck = self.effects.agents_by_incident.get(&number);
        let Some(agents) = struck.filter(|_| absence).cloned() else {
            return;
        };
        for agent in agents {
            self.agents[agent].absences = match out {
                true => self.agents[agent].absences + 1,
                false => self.agents[agent].absences.saturating_sub(1),
            };
            self.look_for_work(agent);
        }
    }

    fn active(&self) -> impl Iterator<Item = &IncidentKind> {
        (self.effects.active.iter()).map(|number| &self.settings.incidents[*number].kind)
    }

    pub(super) fn surge_now(&self, queue: &str) -> f64 {
        self.active().map(|kind| kind.surge(queue)).product()
    }

    /// The most that surges ever amount to: it rises only where one begins.
    pub(super) fn surge_max(&self, queue: &str) -> f64 {
        let surges: Vec<(Span, Span, f64)> = (self.settings.incidents.iter())
            .map(|it| (it.begins, it.begins + it.lasts, it.kind.surge(queue)))
            .filter(|(.., surge)| *surge > 1.0)
            .collect();
        let at = |now: Span| -> f64 {
            let active = surges
                .iter()
                .filter(|(from, to, _)| *from <= now && now < *to);
            active.map(|(.., surge)| surge).product()
        };
        surges
            .iter()
            .map(|(from, ..)| at(*from))
            .fold(1.0, f64::max)
    }

    /// Times as long as customers usually wait before they give up.
    pub(super) fn patience_now(&self, queue: &str) -> f64 {
        self.active().map(|kind| kind.patience(queue)).product()
    }

    /// The share of callers who ask to be called back as soon as they wait.
    pub(super) fn asks_for_callback(&self, queue: &str) -> Option<f64> {
        let shares = self
            .active()
            .filter_map(|kind| kind.asks_for_callback(queue));
        shares.reduce(f64::max)
    }

    /// What the incidents of the moment make of an agent.
    pub(super) fn condition(&self, agent: usize) -> Condition {
        let mut all = Condition::default();
        for number in &self.effects.active {
            let incident = &self.settings.incidents[*number];
            if let IncidentKind::SlowTool { factor } = incident.kind {
                all.pace *= factor;
            }
            let struck = self.effects.agents_by_incident.get(number);
            if struck.is_some_and(|agents| agents.contains(&agent)) {
                let since = self.now - (self.settings.start + incident.begins);
                let progress = since.as_secs() / incident.lasts.as_secs().max(1.0);
                all = all * incident.kind.condition(progress.clamp(0.0, 1.0));
            }
        }
        all
    }

    pub(super) fn is_release_bad(&self, queue: &str) -> bool {
        self.active().any(|kind| kind.is_bad_release(queue))
    }

    /// What the incidents of the moment do to an event on its way.
    pub(super) fn trouble(&self, event: &Event) -> Trouble {
        let mut trouble = Trouble::default();
        for number in &self.effects.active {
            let Incident {
                kind,
                begins,
                lasts,
            } = &self.settings.incidents[*number];
            let strikes = |desk: &Option<String>| {
                let Some(desk) = desk else { return true };
                self.desk_of(event).is_some_and(|name| name == desk)
            };
            match kind {
                IncidentKind::AcdOutage { desk } if strikes(desk) => {
                    let ends_at = self.settings.start + *begins + *lasts;
                    trouble.held_until = trouble.held_until.max(Some(ends_at));
                }
                IncidentKind::FeedLags { by, desk } if strikes(desk) => {
                    trouble.lag = trouble.lag.max(*by);
                }
                IncidentKind::FeedDoubles { desk } if strikes(desk) => trouble.twice = true,
                _ => {}
            }
        }
        trouble
    }

    /// The desk of the agent or of the contact's channel.
    fn desk_of(&self, event: &Event) -> Option<&str> {
        let desks = &self.settings.desks;
        match &event.key {
            Key::Agent(id) => {
                let agent = self.agents.iter().find(|agent| agent.hire.id == *id)?;
                Some(&desks[agent.hire.desk].name)
            }
            key => {
                let channel = key.as_str().split('-').next()?;
                let of_channel = |desk: &&crate::Desk| {
                    (desk.queues.iter()).any(|queue| queue.channel.name() == channel)
                };
                (desks.iter().find(of_channel)).map(|desk| desk.name.as_str())
            }
        }
    }
}
