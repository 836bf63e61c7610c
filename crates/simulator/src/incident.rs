//! What goes wrong on a timetable.

use super::{Center, agenda::Action, roster::Duty};
use floorwalker_core::event::Span;

/// Something that goes wrong for a while, counted from the start of the world.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    pub kind: IncidentKind,
    pub begins: Span,
    pub lasts: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub enum IncidentKind {
    /// This share of the agents leaves, of one desk or of all.
    AgentsAbsent { share: f64, desk: Option<String> },
    /// Times as many contacts, in one queue or in all.
    Surge { factor: f64, queue: Option<String> },
    /// Everything that agents do takes times as long.
    SlowTool { factor: f64 },
    /// One agent: slow, curt, hands contacts on, solves little.
    StrugglingAgent { agent: Option<String> },
    /// One agent makes contacts short, solved or not: handle times fall, and customers come back.
    RushingAgent { agent: Option<String> },
    /// The app broke: twice the contacts where technical help is, angry, and hard to help.
    BadRelease,
}

impl IncidentKind {
    pub const NAMES: [&'static str; 6] = [
        "agents_absent",
        "surge",
        "slow_tool",
        "struggling_agent",
        "rushing_agent",
        "bad_release",
    ];

    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AgentsAbsent { .. } => Self::NAMES[0],
            Self::Surge { .. } => Self::NAMES[1],
            Self::SlowTool { .. } => Self::NAMES[2],
            Self::StrugglingAgent { .. } => Self::NAMES[3],
            Self::RushingAgent { .. } => Self::NAMES[4],
            Self::BadRelease => Self::NAMES[5],
        }
    }
}

/// Minutes into each four hours: begin, length.
fn timetable() -> [(i64, i64, IncidentKind); 5] {
    let surge = IncidentKind::Surge {
        factor: 2.5,
        queue: Some("billing".to_owned()),
    };
    let absent = IncidentKind::AgentsAbsent {
        share: 0.3,
        desk: Some("voice".to_owned()),
    };
    [
        (1, 14, surge),
        (12, 50, IncidentKind::StrugglingAgent { agent: None }),
        (35, 20, absent),
        (80, 30, IncidentKind::SlowTool { factor: 1.4 }),
        (140, 45, IncidentKind::BadRelease),
    ]
}

const TIMETABLE_REPEATS: Span = Span::from_secs(4 * 3_600);

/// One of each kind in every four hours, the first within two minutes.
#[must_use]
pub fn default_incidents(length: Span) -> Vec<Incident> {
    let mut incidents = Vec::new();
    let mut base = Span::ZERO;
    while base < length {
        for (begins, lasts, kind) in timetable() {
            incidents.push(Incident {
                kind,
                begins: base + Span::from_secs(begins * 60),
                lasts: Span::from_secs(lasts * 60),
            });
        }
        base = base + TIMETABLE_REPEATS;
    }
    incidents.retain(|incident| incident.begins < length);
    incidents
}

/// What the incidents of the moment amount to.
#[derive(Debug, Clone, Default)]
pub(super) struct Effects {
    active: Vec<usize>,
    /// By incident: whom it took away, or who struggles.
    agents_by_incident: std::collections::BTreeMap<usize, Vec<usize>>,
}

/// A bad release's traffic where technical help is.
const RELEASE_SURGE: f64 = 2.0;

impl IncidentKind {
    fn surge(&self, queue: &str) -> f64 {
        match self {
            Self::Surge { factor, queue: at } => match at {
                Some(name) if name != queue => 1.0,
                _ => factor.max(0.0),
            },
            Self::BadRelease if takes_technical(queue) => RELEASE_SURGE,
            Self::BadRelease
            | Self::AgentsAbsent { .. }
            | Self::SlowTool { .. }
            | Self::StrugglingAgent { .. }
            | Self::RushingAgent { .. } => 1.0,
        }
    }
}

fn takes_technical(queue: &str) -> bool {
    ["tech", "chat", "social"].contains(&queue)
}

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
        match &self.settings.incidents[number].kind {
            IncidentKind::AgentsAbsent { share, desk } => {
                let (share, desk) = (*share, desk.clone());
                let of_desk = |agent: &super::agent::Agent| {
                    let name = &self.settings.desks[agent.hire.desk].name;
                    desk.as_ref().is_none_or(|desk| desk == name)
                };
                let theirs: Vec<usize> = (self.agents.iter().enumerate())
                    .filter(|(_, agent)| of_desk(agent))
                    .map(|(place, _)| place)
                    .collect();
                theirs
                    .into_iter()
                    .filter(|_| self.dice.chance(share))
                    .collect()
            }
            IncidentKind::StrugglingAgent { agent } | IncidentKind::RushingAgent { agent } => {
                let named = agent.as_ref().and_then(|name| {
                    (self.agents.iter()).position(|it| it.hire.id.as_str() == name)
                });
                let on = |it: &super::agent::Agent| it.duty == Duty::On;
                let somebody = self.agents.iter().position(on);
                named.or(somebody).into_iter().collect()
            }
            IncidentKind::Surge { .. }
            | IncidentKind::SlowTool { .. }
            | IncidentKind::BadRelease => Vec::new(),
        }
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

    pub(super) fn slowness(&self, agent: usize) -> f64 {
        let tools = self.active().map(|kind| match kind {
            IncidentKind::SlowTool { factor } => *factor,
            IncidentKind::AgentsAbsent { .. }
            | IncidentKind::Surge { .. }
            | IncidentKind::StrugglingAgent { .. }
            | IncidentKind::RushingAgent { .. }
            | IncidentKind::BadRelease => 1.0,
        });
        let struggling = if self.struggles(agent) { 1.7 } else { 1.0 };
        let rushing = if self.rushes(agent) { 0.5 } else { 1.0 };
        tools.product::<f64>() * struggling * rushing
    }

    pub(super) fn struggles(&self, agent: usize) -> bool {
        self.is_struck(agent, |kind| {
            matches!(kind, IncidentKind::StrugglingAgent { .. })
        })
    }

    pub(super) fn rushes(&self, agent: usize) -> bool {
        self.is_struck(agent, |kind| {
            matches!(kind, IncidentKind::RushingAgent { .. })
        })
    }

    fn is_struck(&self, agent: usize, by: impl Fn(&IncidentKind) -> bool) -> bool {
        self.effects.active.iter().any(|number| {
            by(&self.settings.incidents[*number].kind)
                && (self.effects.agents_by_incident.get(number))
                    .is_some_and(|agents| agents.contains(&agent))
        })
    }

    pub(super) fn is_release_bad(&self, queue: &str) -> bool {
        let bad = self.active().any(|kind| *kind == IncidentKind::BadRelease);
        bad && takes_technical(queue)
    }
}
