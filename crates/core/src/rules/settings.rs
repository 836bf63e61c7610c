//! The settings of the rules.

use std::{collections::BTreeMap, sync::Arc};

use super::{Formula, Of, RecognitionKind, RecognitionRule, RuleKind, Template, Timing};
use crate::{
    alert::Severity,
    event::{Channel, QueueId, Span},
};

/// The settings of all rules.
#[derive(Debug, Clone, PartialEq)]
pub struct RulesSettings {
    /// How long after the end of a pane its rules are judged. What is later than this counts only in what follows. At least the
    /// `lateness` where alerts must not depend on the order of delivery.
    pub settle: Span,
    pub by_kind: BTreeMap<RuleKind, GroupRule>,
    pub own: Vec<Arc<OwnRule>>,
    /// What is recognized.
    pub recognition: BTreeMap<RecognitionKind, RecognitionRule>,
}

/// The settings of one rule. `docs/alerts.md` has the meaning of `threshold` and `clear` for each.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupRule {
    pub enabled: bool,
    /// The queues that it looks at. Empty: all.
    pub queues: Vec<QueueId>,
    /// The channels that it looks at. Empty: all.
    pub channels: Vec<Channel>,
    /// It holds from here on.
    pub threshold: f64,
    /// It is clear up to here.
    pub clear: f64,
    /// It calls a person from here on; before, it is on lists.
    pub urgent: f64,
    /// How far back it looks.
    pub window: Span,
    /// Fewer observations than this show nothing.
    pub minimum: u32,
    pub timing: Timing,
    pub severity: Severity,
    /// Whether it calls a person. Otherwise it is for lists and other programs.
    pub interrupts: bool,
    /// How long it may fire unacknowledged before it goes one level up.
    pub escalate_after: Option<Span>,
    /// Who gets it. Empty: whoever answers for the queue, agent or feed.
    pub recipients: Vec<String>,
    /// Where people read what to do. Empty: the section of `docs/alerts.md`.
    pub runbook: String,
}

/// A rule of one's own. It is judged once a minute.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnRule {
    /// As in records: `billing.flood`.
    pub name: String,
    pub of: Of,
    /// It holds while this is true.
    pub when: Formula,
    /// It is clear while this is true. `None`: while `when` is not.
    pub clear: Option<Formula>,
    /// The record's `value`.
    pub value: Option<Formula>,
    pub why: Template,
    pub action: Template,
    /// Threshold, clear, urgent, window and minimum are not used.
    pub rule: GroupRule,
}

/// What differs from rule to rule by default.
struct Defaults {
    threshold: f64,
    clear: f64,
    urgent: f64,
    window: i64,
    minimum: u32,
    lasts: i64,
    clear_for: i64,
    severity: Severity,
    interrupts: bool,
}

const fn defaults(kind: RuleKind) -> Defaults {
    use RuleKind as Kind;
    use Severity::{Critical, Warning};
    let (threshold, clear, window, minimum, lasts, clear_for, severity) = match kind {
        Kind::FeedSilent => (14.0, 0.5, 30, 14, 0, 30, Critical),
        Kind::FeedLate => (0.5, 0.1, 60, 10, 15, 300, Warning),
        Kind::FeedDirty => (0.1, 0.03, 120, 30, 15, 300, Warning),
        Kind::WorkSlow => (3.5, 1.5, 900, 40, 60, 600, Warning),
        Kind::ReasonSurge => (4.2, 1.0, 300, 5, 0, 600, Critical),
        Kind::QueueAbsence => (0.15, 0.05, 600, 3, 0, 900, Critical),
        Kind::QueueCallbacks => (3.2, 1.0, 600, 4, 0, 600, Warning),
        Kind::QueueSurge => (3.6, 1.0, 600, 8, 0, 300, Warning),
        Kind::QueueAbandonment => (3.5, 1.0, 600, 10, 30, 600, Critical),
        Kind::QueueStaffing => (0.3, 0.05, 900, 15, 300, 600, Warning),
        Kind::SlaBurn => (3.2, 1.5, 300, 10, 60, 300, Critical),
        Kind::QueueLongestWait => (4.0, 1.5, 15, 4, 60, 180, Critical),
        Kind::SlaLost => (0.0, 0.0, 3_600, 30, 300, 900, Warning),
        Kind::AgentGaming | Kind::AgentDrift => (6.0, 2.0, 2_700, 5, 0, 900, Warning),
        Kind::AgentOverload => (19_800.0, 0.0, 3_600, 1, 0, 0, Warning),
        Kind::AgentSla => (0.0, 0.0, 3_600, 10, 0, 900, Warning),
        Kind::Own(_) => (1.0, 0.0, 60, 1, 0, 300, Warning),
    };
    let interrupts = !matches!(
        kind,
        Kind::SlaLost | Kind::QueueStaffing | Kind::AgentDrift | Kind::AgentGaming
    );
    let urgent = if matches!(kind, Kind::AgentDrift | Kind::AgentGaming) {
        9.0
    } else if matches!(kind, Kind::QueueAbandonment) {
        4.5
    } else if matches!(kind, Kind::QueueSurge) {
        4.3
    } else {
        threshold
    };
    Defaults {
        threshold,
        clear,
        urgent,
        window,
        minimum,
        lasts,
        clear_for,
        severity,
        interrupts,
    }
}

impl GroupRule {
    /// Returns the settings that a rule has by default.
    #[must_use]
    pub const fn of(kind: RuleKind) -> Self {
        let it = defaults(kind);
        Self {
            enabled: true,
            queues: Vec::new(),
            channels: Vec::new(),
            threshold: it.threshold,
            clear: it.clear,
            urgent: it.urgent,
            window: Span::from_secs(it.window),
            minimum: it.minimum,
            timing: Timing {
                lasts: Span::from_secs(it.lasts),
                clear_for: Span::from_secs(it.clear_for),
                repeat_every: Some(Span::from_secs(1_800)),
            },
            severity: it.severity,
            interrupts: it.interrupts,
            escalate_after: Some(Span::from_secs(900)),
            recipients: Vec::new(),
            runbook: String::new(),
        }
    }

    /// Returns whether it looks at a queue.
    #[must_use]
    pub fn looks_at(&self, queue: &QueueId) -> bool {
        self.enabled && (self.queues.is_empty() || self.queues.contains(queue))
    }

    /// Returns whether it looks at a channel.
    #[must_use]
    pub fn looks_at_channel(&self, channel: Channel) -> bool {
        self.enabled && (self.channels.is_empty() || self.channels.contains(&channel))
    }
}

impl RulesSettings {
    /// Returns the settings of a rule.
    #[must_use]
    pub fn of(&self, kind: RuleKind) -> &GroupRule {
        self.own_rule(kind)
            .map_or_else(|| &self.by_kind[&kind], |own| &own.rule)
    }

    /// Returns the name of a rule in records.
    #[must_use]
    pub fn name_of(&self, kind: RuleKind) -> &str {
        self.own_rule(kind)
            .map_or_else(|| kind.name(), |own| &own.name)
    }

    /// Returns a rule of one's own.
    #[must_use]
    pub fn own_rule(&self, kind: RuleKind) -> Option<&OwnRule> {
        if let RuleKind::Own(place) = kind {
            return self.own.get(usize::from(place)).map(|own| &**own);
        }
        None
    }

    /// Returns the rule of a name. `None`: there is none, or none any more.
    #[must_use]
    pub fn kind_of(&self, name: &str) -> Option<RuleKind> {
        RuleKind::from_name(name).or_else(|| {
            let place = self.own.iter().position(|own| own.name == name)?;
            u16::try_from(place).ok().map(RuleKind::Own)
        })
    }

    /// Returns the rules of one's own about queues, about agents or about all, that are on.
    pub(super) fn own_of(&self, of: Of) -> impl Iterator<Item = (RuleKind, &OwnRule)> {
        let own = self.own.iter().enumerate().filter_map(|(place, own)| {
            let place = u16::try_from(place).ok()?;
            Some((RuleKind::Own(place), &**own))
        });
        own.filter(move |(_, own)| own.of == of && own.rule.enabled)
    }

    /// Returns the settings of what is recognized.
    #[must_use]
    pub fn recognition_of(&self, kind: RecognitionKind) -> &RecognitionRule {
        &self.recognition[&kind]
    }

    /// Returns whether any rule is on.
    #[must_use]
    pub fn any(&self) -> bool {
        let own = self.own.iter().map(|own| &own.rule);
        self.by_kind.values().chain(own).any(|rule| rule.enabled)
            || self.recognition.values().any(|rule| rule.enabled)
    }
}

impl Default for RulesSettings {
    fn default() -> Self {
        let rules = RuleKind::ALL.map(|kind| (kind, GroupRule::of(kind)));
        Self {
            settle: Span::from_secs(3),
            by_kind: BTreeMap::from(rules),
            own: Vec::new(),
            recognition: BTreeMap::from(
                RecognitionKind::ALL.map(|kind| (kind, RecognitionRule::of(kind))),
            ),
        }
    }
}
