//! Judges rules about agents, once a minute, and gathers what they are judged by.

use std::collections::BTreeMap;

use super::{
    Finding, GroupRule, RuleKind, Rules, StateKey, Verdict,
    agent::{self, Piece},
    machine::LOOKS_EVERY as AGENTS_EVERY,
    series::Totals,
    signal::{PANE, Signal, Signals, Subject},
    state::AgentState,
};
use crate::event::{AgentId, Channel, QueueId, Span, Timestamp};

impl Rules {
    /// Adds what an agent did in a pane to the evidence about them.
    pub(super) fn observe(
        &mut self,
        start: Timestamp,
        (queue, channel): (QueueId, Channel),
        agent: AgentId,
        own: &Signals,
    ) {
        let peers = self.peers_of((&queue, channel, &agent), start + PANE);
        let most = self.settings.of(RuleKind::AgentDrift).threshold;
        let state = self.agents.entry(agent.clone()).or_default();
        let piece = Piece {
            at: start + PANE,
            group: (queue, channel),
            own,
            peers: &peers,
        };
        state.busy_at = Some(start + PANE);
        let is_new = agent::observe(state, &piece, most);
        state.sum_up_shares();
        if is_new {
            let servers = self.servers.entry(piece.group.0).or_default();
            servers.insert(agent.clone());
        }
        self.note_changed(StateKey::Agent(agent));
    }

    /// Judges the agents who did anything since the last time, and those of whom an alert is pending or fires.
    pub(super) fn of_agents(&mut self, now: Timestamp) -> Vec<Finding> {
        let sla = self.settings.of(RuleKind::AgentSla);
        let spans = &self.peer_spans;
        let groups: BTreeMap<(QueueId, Channel), Totals> = (self.peers.iter_mut())
            .map(|(group, peers)| (group.clone(), peers.move_to(now, spans).of(1)))
            .filter(|((queue, channel), _)| sla.looks_at(queue) && sla.looks_at_channel(*channel))
            .collect();
        let alive = self.alarms.alive();
        let named = alive.iter().filter_map(|(kind, subject)| {
            let agent = subject.strip_prefix("agent:")?;
            Some((agent, *kind))
        });
        let mut kinds_by_name: BTreeMap<&str, Vec<RuleKind>> = BTreeMap::new();
        named.for_each(|(agent, kind)| kinds_by_name.entry(agent).or_default().push(kind));
        let mut findings = Vec::new();
        for (id, state) in &self.agents {
            let is_busy = state.busy_at.is_some_and(|at| now - AGENTS_EVERY < at);
            let alive_kinds = kinds_by_name.get(id.as_str());
            if !is_busy && alive_kinds.is_none() {
                continue;
            }
            let is_alive = |kind| alive_kinds.is_some_and(|kinds| kinds.contains(&kind));
            let found = self.of_agent((id, state), now, (&groups, is_alive(RuleKind::AgentSla)));
            // Of most agents there is nothing to be noted.
            let found = found.into_iter().flatten();
            let found = found.filter(|it| it.verdict == Verdict::Holds || is_alive(it.kind));
            findings.extend(found.map(|finding| Finding {
                subject: format!("agent:{id}"),
                ..finding
            }));
            findings.extend(self.of_own_agent((id, state), now));
        }
        findings
    }

    /// Judges an agent. The findings are without their subject.
    fn of_agent(
        &self,
        (id, state): (&AgentId, &AgentState),
        now: Timestamp,
        (groups, sla_is_alive): (&BTreeMap<(QueueId, Channel), Totals>, bool),
    ) -> [Option<Finding>; 4] {
        let [drift, gaming, overload, sla] = [
            RuleKind::AgentDrift,
            RuleKind::AgentGaming,
            RuleKind::AgentOverload,
            RuleKind::AgentSla,
        ]
        .map(|kind| self.rule(kind));
        let when = |rule: &GroupRule| rule.enabled;
        [
            when(drift).then(|| agent::drift(state, drift)),
            when(gaming).then(|| agent::gaming(state, gaming)),
            when(overload).then(|| {
                let work = || self.work_of((id, state), now, overload.window);
                agent::overload(state, work, now, overload)
            }),
            (sla.enabled && (sla_is_alive || self.has_missed(id, now - sla.window))).then(|| {
                let (own, peers) = self.owed((id, state), now, (groups, sla));
                agent::sla(&own, &peers, sla)
            }),
        ]
    }

    /// Returns the seconds that an agent worked in the last `window`, and those that they were there. Work counts when it ends.
    fn work_of(
        &self,
        (id, state): (&AgentId, &AgentState),
        now: Timestamp,
        window: Span,
    ) -> (f64, f64) {
        let worked = state.served.keys().filter_map(|(queue, channel)| {
            let subject = Subject::AgentQueue(queue.clone(), *channel, id.clone());
            let series = self.series.get(&subject)?;
            Some(series.last(now, window).get(Signal::HandleSeconds))
        });
        let series = self.series.get(&Subject::Agent(id.clone()));
        let there = agent::seconds_there(state, series, now, window);
        (worked.sum(), there)
    }

    /// Returns whether an agent may have missed what they owed since an instant.
    fn has_missed(&self, id: &AgentId, since: Timestamp) -> bool {
        self.missed_at.get(id).is_some_and(|at| since <= *at)
    }

    /// Returns the counts of an agent in all queues over the window of a rule, and those of the peers.
    fn owed(
        &self,
        (id, state): (&AgentId, &AgentState),
        now: Timestamp,
        (groups, rule): (&BTreeMap<(QueueId, Channel), Totals>, &GroupRule),
    ) -> (Totals, Totals) {
        let (mut own, mut peers) = (Totals::default(), Totals::default());
        for group in state.served.keys() {
            let (queue, channel) = group;
            let subject = Subject::AgentQueue(queue.clone(), *channel, id.clone());
            let (Some(all), Some(series)) = (groups.get(group), self.series.get(&subject)) else {
                continue;
            };
            let theirs = series.last(now, rule.window);
            own.add(&theirs);
            peers.add(&all.without(&theirs));
        }
        (own, peers)
    }
}
