//! Judges rules of one's own, once a minute.

use std::collections::{BTreeMap, BTreeSet};

use cel::Context;

use super::{
    Finding, Of, OwnRule, RuleKind, Rules, Verdict, agent,
    own::{Figures, Live, WINDOWS},
    queue::{QueueView, Staff},
    series::Totals,
    signal::Subject,
    state::AgentState,
};
use crate::event::{AgentId, Channel, QueueId, Span, Timestamp};

impl Rules {
    /// Judges the rules about queues and about all of them together.
    pub(super) fn of_own_queues(
        &self,
        now: Timestamp,
        staffs: &BTreeMap<QueueId, Staff>,
        frozen: &BTreeSet<Channel>,
    ) -> Vec<Finding> {
        let of = |of| self.settings.own_of(of).collect::<Vec<_>>();
        let (of_queues, of_all) = (of(Of::Queue), of(Of::All));
        let mut findings = Vec::new();
        let queues = self.windows.keys().filter(|_| !of_queues.is_empty());
        for (id, mut view) in queues.filter_map(|id| Some((id, self.view(id, now)?))) {
            view.staff = staffs.get(id).copied().unwrap_or_default();
            let channel = view.channel();
            let is_frozen = channel.is_some_and(|channel| frozen.contains(&channel));
            let figures = of_queue(&view);
            let context = figures.context();
            for &(kind, own) in &of_queues {
                let rule = &own.rule;
                if !rule.looks_at(id) || channel.is_some_and(|it| !rule.looks_at_channel(it)) {
                    continue;
                }
                findings.push(judged((kind, own), view.subject(), &context, is_frozen));
            }
        }
        if !of_all.is_empty() {
            let figures = self.of_all(now, staffs);
            let context = figures.context();
            let judged = |own| judged(own, "all".to_owned(), &context, !frozen.is_empty());
            findings.extend(of_all.into_iter().map(judged));
        }
        findings
    }

    /// Judges the rules about agents of one who did anything since the last time, or of whom an alert is alive.
    pub(super) fn of_own_agent(
        &self,
        agent: (&AgentId, &AgentState),
        now: Timestamp,
    ) -> Vec<Finding> {
        let mut rules = self.settings.own_of(Of::Agent).peekable();
        if rules.peek().is_none() {
            return Vec::new();
        }
        let figures = self.of_agent_figures(agent, now);
        let context = figures.context();
        let serves = |own: &OwnRule| {
            let mut desks = agent.1.served.keys();
            desks.any(|(queue, channel)| {
                own.rule.looks_at(queue) && own.rule.looks_at_channel(*channel)
            })
        };
        rules
            .filter(|(_, own)| serves(own))
            .map(|own| judged(own, format!("agent:{}", agent.0), &context, false))
            .collect()
    }

    /// Returns why a rule of one's own fires, and what to do.
    pub(super) fn own_sentences(
        &self,
        finding: &Finding,
        now: Timestamp,
    ) -> Option<(String, String)> {
        let own = self.settings.own_rule(finding.kind)?;
        let figures = match finding.subject.split_once(':') {
            Some(("agent", name)) => {
                let (id, state) = self.agents.get_key_value(&AgentId::new(name))?;
                self.of_agent_figures((id, state), now)
            }
            Some((_, name)) => {
                let id = QueueId::new(name);
                let mut view = self.view(&id, now)?;
                view.staff = self.staff(&id, now);
                of_queue(&view)
            }
            None => self.of_all(now, &self.staffs(now)),
        };
        let context = figures.context();
        Some((own.why.shown(&context), own.action.shown(&context)))
    }

    fn of_agent_figures(&self, (id, state): (&AgentId, &AgentState), now: Timestamp) -> Figures {
        let totals = WINDOWS.map(|(_, span)| {
            let mut sum = Totals::default();
            for (queue, channel) in state.served.keys() {
                let desk = Subject::AgentQueue(queue.clone(), *channel, id.clone());
                if let Some(series) = self.series.get(&desk) {
                    sum.add(&series.last(now, span));
                }
            }
            sum
        });
        let live = Live {
            logged_on: state.logged_on,
            working: agent::working(state, now),
            ..Live::default()
        };
        Figures::new(id.as_str(), &totals, &live, now)
    }

    fn of_all(&self, now: Timestamp, staffs: &BTreeMap<QueueId, Staff>) -> Figures {
        let mut totals = [Totals::default(); 5];
        let mut live = Live::default();
        for (id, windows) in &self.windows {
            let lately = self.lately(windows);
            for (sum, (_, span)) in totals.iter_mut().zip(WINDOWS) {
                sum.add(&lately.last(span));
            }
            let Some(state) = self.queues.get(id) else {
                continue;
            };
            live.waiting += state.waiting();
            let longest = state.longest_wait(now).map_or(0.0, Span::as_secs);
            live.longest_wait = live.longest_wait.max(longest);
        }
        let there = self.agents.values().filter(|state| state.logged_on > 0);
        live.logged_on = i64::try_from(there.count()).unwrap_or(i64::MAX);
        live.agents = staffs.values().map(|staff| staff.effective).sum();
        Figures::new("all", &totals, &live, now)
    }
}

fn of_queue(view: &QueueView<'_>) -> Figures {
    let state = view.state;
    let longest = state.and_then(|state| state.longest_wait(view.now));
    let live = Live {
        waiting: state.map_or(0, |state| state.waiting()),
        longest_wait: longest.map_or(0.0, Span::as_secs),
        logged_on: view.staff.logged_on,
        agents: view.staff.effective,
        working: 0.0,
    };
    let totals = WINDOWS.map(|(_, span)| view.last(span));
    Figures::new(view.id.as_str(), &totals, &live, view.now)
}

fn judged(
    (kind, own): (RuleKind, &OwnRule),
    subject: String,
    context: &Context<'_, '_>,
    is_frozen: bool,
) -> Finding {
    let holds = own.when.is_true(context);
    let is_clear = match &own.clear {
        Some(clear) => clear.is_true(context),
        None => holds.map(|holds| !holds),
    };
    let verdict = match (holds, is_clear) {
        _ if is_frozen => Verdict::Unknown,
        (Some(true), _) => Verdict::Holds,
        (Some(false), Some(true)) => Verdict::Clear,
        (Some(false), Some(false)) => Verdict::Between,
        (None, _) | (_, None) => Verdict::Unknown,
    };
    let value = own.value.as_ref().and_then(|value| value.number(context));
    Finding {
        verdict,
        value: value.unwrap_or(0.0),
        strength: if verdict == Verdict::Holds { 1.0 } else { 0.0 },
        ..Finding::unknown(kind, subject)
    }
}
