//! Rules about one queue.

use super::{
    Finding, GroupRule, RuleKind, RulesSettings, Verdict,
    own::WINDOWS,
    series::Totals,
    signal::{KEPT, Signal},
    state::{AgentState, PastDays, QueueState, Usual},
    statistic::{count_z, float, share_z, whole},
    windows::Windows,
};
use crate::{
    event::{Channel, QueueId, Span, Timestamp},
    staffing::ErlangA,
};

const MINUTE: Span = Span::from_secs(60);
/// What is usual is seen in up to so much of the past before the last minutes.
pub(super) const PAST: Span = Span::from_secs(3_600);
const RECENT: Span = Span::from_secs(600);
const QUARTER: Span = Span::from_secs(900);
/// Less of the past than this shows nothing usual.
const PAST_MIN: Span = Span::from_secs(2_400);

/// A promise to those who wait in a queue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Promised {
    /// Seconds.
    pub within: f64,
    /// The share of answers that are to be in time.
    pub target: f64,
}

/// The agents who serve a queue.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Staff {
    /// Who is logged on.
    pub logged_on: i64,
    /// Logged off within the last minutes, and not as at the end of a shift.
    pub gone: i64,
    /// How many agents' worth of time the queue has, of those who are there and share theirs among queues.
    pub effective: f64,
}

/// Who has worked less than this share of their time for a queue does not serve it.
const SERVES_FROM: f64 = 0.05;

impl Staff {
    /// Adds an agent who spends a share of their time on the queue. Who logged off after `since`, and not as at the end of a shift, is gone.
    pub(super) fn add(&mut self, agent: &AgentState, share: f64, since: Timestamp) {
        if share < SERVES_FROM {
            return;
        }
        let changed = agent.changed_at.is_some_and(|at| since < at);
        if agent.logged_on > 0 {
            self.logged_on += 1;
        } else {
            self.gone += i64::from(changed && !agent.is_off_duty);
        }
        if agent.present > 0 {
            self.effective += share;
        }
    }
}

/// A queue at an instant, with all that its rules ask for.
pub(super) struct QueueView<'a> {
    pub id: &'a QueueId,
    pub now: Timestamp,
    lately: Lately<'a>,
    pub state: Option<&'a QueueState>,
    pub days: Option<&'a PastDays>,
    pub promised: Option<Promised>,
    pub staff: Staff,
    /// The last hour before the last ten minutes.
    pub past: Totals,
    pub past_length: Span,
    pub usual: Option<Usual>,
}

/// The counts of a queue's last minutes and hours.
#[derive(Clone, Copy)]
pub(super) struct Lately<'a> {
    pub windows: &'a Windows,
    pub spans: &'a [Span],
}

impl Lately<'_> {
    /// Returns the counts of one of the spans that are known.
    pub(super) fn last(&self, span: Span) -> Totals {
        let place = self.spans.binary_search(&span);
        debug_assert!(place.is_ok(), "{span:?} is not summed");
        place
            .map(|place| self.windows.of(place))
            .unwrap_or_default()
    }
}

/// Returns a window with the past before it, as far as signals are kept.
pub(super) fn with_past(window: Span) -> Span {
    (window + PAST).min(KEPT)
}

/// Returns the spans that rules about queues look back over, ascending.
pub(super) fn spans_of_queues(settings: &RulesSettings) -> Vec<Span> {
    let mut spans = vec![RECENT, QUARTER, PAST, RECENT + PAST];
    for (kind, rule) in &settings.by_kind {
        if kind.is_of_queue() {
            spans.extend([rule.window, Span(rule.window.0 / 2)]);
        } else if *kind == RuleKind::WorkSlow {
            spans.extend([rule.window, with_past(rule.window)]);
        }
    }
    if !settings.own.is_empty() {
        spans.extend(WINDOWS.map(|(_, span)| span));
    }
    spans.sort_unstable();
    spans.dedup();
    spans
}

impl<'a> QueueView<'a> {
    pub(super) fn new(
        id: &'a QueueId,
        (now, began_at): (Timestamp, Timestamp),
        lately: Lately<'a>,
        (state, days): (Option<&'a QueueState>, Option<&'a PastDays>),
    ) -> Self {
        let to = now - RECENT;
        let from = (to - PAST).max(began_at).min(to);
        Self {
            id,
            now,
            state,
            days,
            promised: None,
            staff: Staff::default(),
            past: lately.last(RECENT + PAST).without(&lately.last(RECENT)),
            past_length: to - from,
            usual: days.and_then(|days| days.usual(now - MINUTE)),
            lately,
        }
    }

    pub(super) fn last(&self, span: Span) -> Totals {
        self.lately.last(span)
    }

    /// Returns how many of what happened `count` times in the past hour are expected within a span.
    fn by_the_past(&self, count: f64, span: Span) -> f64 {
        count * span.as_secs() / self.past_length.as_secs().max(1.0)
    }

    /// Returns the arrivals expected within a span: by past days and how busy today is beside them, otherwise by the last hour.
    pub(super) fn expected(&self, span: Span) -> f64 {
        let past = self.past.get(Signal::Offered);
        let Some((usual, days)) = self.usual.zip(self.days) else {
            return self.by_the_past(past, span);
        };
        let middle = self.now - RECENT - Span(self.past_length.0 / 2);
        let was_usual = days.usual(middle).map_or(0.0, |then| then.offered);
        let quarters = self.past_length.as_secs() / 900.0;
        let level = (past + 5.0) / (was_usual * quarters + 5.0);
        usual.offered * level.clamp(0.7, 1.6) * span.as_secs() / 900.0
    }

    fn knows_the_usual(&self) -> bool {
        self.past_length >= PAST_MIN || self.usual.is_some()
    }

    pub(super) fn subject(&self) -> String {
        format!("queue:{}", self.id)
    }

    fn finding(&self, kind: RuleKind) -> Finding {
        Finding::unknown(kind, self.subject())
    }

    /// Judges arrivals against the expected ones, over the window and half of it.
    pub(super) fn surge(&self, rule: &GroupRule) -> Option<Finding> {
        const FACTOR_MIN: f64 = 1.5;
        if !self.knows_the_usual() {
            return None;
        }
        let over = |span: Span| {
            let (count, mean) = (self.last(span).get(Signal::Offered), self.expected(span));
            let share = span.as_secs() / self.past_length.as_secs().max(span.as_secs());
            (count_z(count, mean, share), count, mean)
        };
        let (long, short) = (over(rule.window), over(Span(rule.window.0 / 2)));
        let grew = |(_, count, mean): (f64, f64, f64)| {
            count >= FACTOR_MIN * mean && count >= f64::from(rule.minimum)
        };
        let best = if grew(short) && short.0 > long.0 {
            short
        } else {
            long
        };
        let bounds = (rule.threshold, rule.clear);
        Some(Finding {
            verdict: Finding::verdict_of(best.0, bounds, grew(best)),
            value: long.1,
            usual: long.2,
            threshold: FACTOR_MIN * long.2,
            n: self.last(rule.window).count(Signal::Offered),
            strength: best.0,
            ..self.finding(RuleKind::QueueSurge)
        })
    }

    /// Judges requests for callbacks.
    pub(super) fn callbacks(&self, rule: &GroupRule) -> Option<Finding> {
        if !self.knows_the_usual() {
            return None;
        }
        let count = self.last(rule.window).get(Signal::CallbacksAsked);
        let mean = self.by_the_past(self.past.get(Signal::CallbacksAsked), rule.window);
        let z = count_z(count, mean, self.share_of_past(rule.window));
        let is_enough = count >= f64::from(rule.minimum);
        Some(Finding {
            verdict: Finding::verdict_of(z, (rule.threshold, rule.clear), is_enough),
            value: count,
            usual: mean,
            threshold: f64::from(rule.minimum),
            n: whole(count),
            strength: z,
            ..self.finding(RuleKind::QueueCallbacks)
        })
    }

    fn share_of_past(&self, span: Span) -> f64 {
        span.as_secs() / self.past_length.as_secs().max(span.as_secs())
    }

    /// Judges the share of those who gave up, however short their wait.
    pub(super) fn abandonment(&self, rule: &GroupRule) -> Option<Finding> {
        const SHARE_MIN: f64 = 0.08;
        const NUMBER_MIN: f64 = 3.0;
        if self.past_length < PAST_MIN {
            return None;
        }
        let ended = |it: &Totals| it.get(Signal::Answered) + it.get(Signal::Abandoned);
        let now = self.last(rule.window);
        let (all, gone) = (ended(&now), now.get(Signal::Abandoned));
        let past = ended(&self.past);
        let usual = (self.past.get(Signal::Abandoned) + 1.0) / (past + 25.0);
        let z = share_z(gone, all, usual, f64::INFINITY);
        let share = gone / all.max(1.0);
        let least = SHARE_MIN.max(2.0 * usual);
        let is_enough = all >= f64::from(rule.minimum) && gone >= NUMBER_MIN && share >= least;
        Some(Finding {
            verdict: Finding::verdict_of(z, (rule.threshold, rule.clear), is_enough),
            value: share,
            usual,
            threshold: least,
            n: whole(all),
            strength: z,
            extra: [gone, all, 0.0],
            ..self.finding(RuleKind::QueueAbandonment)
        })
    }

    /// Judges the wait of whoever waits longest, in multiples of the promise.
    pub(super) fn longest_wait(&self, rule: &GroupRule) -> Option<Finding> {
        let promised = self.promised?;
        let waiting = self.state.map_or(0, QueueState::waiting);
        let longest = self.state.and_then(|state| state.longest_wait(self.now));
        let longest = longest.map_or(0.0, Span::as_secs);
        let times = longest / promised.within;
        let is_enough = waiting >= i64::from(rule.minimum);
        Some(Finding {
            verdict: Finding::verdict_of(times, (rule.threshold, rule.clear), is_enough),
            value: longest,
            usual: promised.within,
            threshold: rule.threshold * promised.within,
            n: waiting,
            strength: times,
            ..self.finding(RuleKind::QueueLongestWait)
        })
    }

    /// Judges how fast the error budget burns: the share of missed answers by the share that the target allows, beside what is usual here.
    pub(super) fn burn(&self, rule: &GroupRule) -> Option<Finding> {
        const MISSED_MIN: f64 = 5.0;
        const Z_MIN: f64 = 4.5;
        const LEAST: f64 = 0.05;
        let promised = self.promised?;
        let budget = 1.0 - promised.target;
        if self.past_length < PAST_MIN && self.usual.is_none() || budget <= 0.0 {
            return None;
        }
        let now = self.last(rule.window);
        let (missed, all) = missed_of(&now);
        let (past_missed, past_all) = missed_of(&self.past);
        let past_share = (past_missed + LEAST * 10.0) / (past_all + 10.0);
        let (share_on_past_days, seen_in) = self
            .usual
            .and_then(|usual| usual.missed.map(|share| (share, usual.decided)))
            .unwrap_or((0.0, 0.0));
        let usual = past_share.max(share_on_past_days).max(LEAST);
        let z = share_z(missed, all, usual, past_all.max(seen_in));
        let share = missed / all.max(1.0);
        let burn = share / budget;
        let is_enough = all >= f64::from(rule.minimum) && missed >= MISSED_MIN && z >= Z_MIN;
        Some(Finding {
            verdict: Finding::verdict_of(burn, (rule.threshold, rule.clear), is_enough),
            value: 1.0 - share,
            usual: 1.0 - usual,
            threshold: promised.target,
            n: whole(all),
            strength: burn,
            extra: [z, missed, promised.within],
            ..self.finding(RuleKind::SlaBurn)
        })
    }

    /// Judges whether the target of the window can still be reached.
    pub(super) fn lost(&self, rule: &GroupRule) -> Option<Finding> {
        let promised = self.promised?;
        let now = self.last(rule.window);
        let (missed, all) = missed_of(&now);
        let waiting = float(self.state.map_or(0, QueueState::waiting));
        let best = 1.0 - missed / (all + waiting).max(1.0);
        let short = promised.target - best;
        // So many answers in time, one after the other, bring the level back to the target.
        let answers = (missed / (1.0 - promised.target).max(1e-9) - all).max(0.0);
        let is_enough = all >= f64::from(rule.minimum);
        let verdict = match short > 0.0 {
            true if is_enough => Verdict::Holds,
            true => Verdict::Between,
            false => Verdict::Clear,
        };
        Some(Finding {
            verdict,
            value: best,
            usual: promised.target,
            threshold: promised.target,
            n: whole(all),
            strength: short,
            extra: [answers.ceil(), waiting, promised.within],
            ..self.finding(RuleKind::SlaLost)
        })
    }

    /// Judges how many of those who serve the queue have logged off, if those who are left have too much to do.
    pub(super) fn absence(&self, rule: &GroupRule) -> Option<Finding> {
        const LOAD_MIN: f64 = 0.8;
        let Staff {
            logged_on, gone, ..
        } = self.staff;
        let before = logged_on + gone;
        if before <= 0 {
            return None;
        }
        let share = float(gone) / float(before);
        let load = self.load();
        let is_enough = gone >= i64::from(rule.minimum) && load.is_some_and(|it| it >= LOAD_MIN);
        let verdict = match Finding::verdict_of(share, (rule.threshold, rule.clear), is_enough) {
            // Whoever is still away is missed for as long as there is too much to do.
            Verdict::Clear if load.is_some_and(|load| load > 0.9) => Verdict::Between,
            verdict @ (Verdict::Holds | Verdict::Between | Verdict::Clear | Verdict::Unknown) => {
                verdict
            }
        };
        Some(Finding {
            verdict,
            value: float(gone),
            usual: float(before),
            threshold: rule.threshold * float(before),
            n: before,
            strength: share,
            extra: [float(logged_on), load.unwrap_or(0.0), 0.0],
            ..self.finding(RuleKind::QueueAbsence)
        })
    }

    /// Returns the work that arrives, in agents' worth of time (erlangs): over the last quarter of an hour.
    fn erlangs(&self) -> Option<(f64, f64)> {
        let quarter = self.last(QUARTER);
        let hour = self.last(PAST);
        let handled = hour.get(Signal::Handled);
        if handled < 5.0 {
            return None;
        }
        let handle = hour.get(Signal::HandleSeconds) / handled;
        Some((quarter.get(Signal::Offered) / 900.0, handle.max(1.0)))
    }

    /// Returns the share of the agents' time that arriving work asks for.
    fn load(&self) -> Option<f64> {
        let (rate, handle) = self.erlangs()?;
        Some(rate * handle / self.staff.effective.max(0.1))
    }

    /// Judges the level that Erlang A predicts against the target.
    pub(super) fn staffing(&self, rule: &GroupRule) -> Option<Finding> {
        const MOST: u32 = 200;
        let promised = self.promised?;
        let (rate, handle) = self.erlangs()?;
        let offered = self.last(rule.window).get(Signal::Offered);
        if offered < f64::from(rule.minimum) {
            // So few need nobody more.
            return None;
        }
        let (rate, agents) = (rate.max(1e-6), self.staff.effective.round().max(1.0));
        let predicted = |number: f64| {
            let queue = ErlangA {
                arrivals: rate,
                handle,
                patience: self.patience(),
                agents: clamped(number),
            };
            queue.within(promised.within)
        };
        let level = predicted(agents);
        let short = promised.target - level;
        let is_enough = self.staff.logged_on > 0 && agents < 1_000.0;
        let verdict = Finding::verdict_of(short, (rule.threshold, rule.clear), is_enough);
        let more = if verdict == Verdict::Holds {
            (1..=MOST).find(|more| predicted(agents + f64::from(*more)) >= promised.target)
        } else {
            None
        };
        let with_one = if more.is_some() {
            predicted(agents + 1.0)
        } else {
            0.0
        };
        Some(Finding {
            verdict,
            value: level,
            usual: promised.target,
            threshold: promised.target - rule.threshold,
            n: whole(offered),
            strength: short,
            extra: [more.map_or(0.0, f64::from), with_one, agents],
            ..self.finding(RuleKind::QueueStaffing)
        })
    }

    /// Returns the mean patience in seconds: the time that people waited by the number who gave up (the estimator of a censored exponential).
    fn patience(&self) -> f64 {
        const UNKNOWN: f64 = 1_800.0;
        let hour = self.last(PAST);
        let gone = hour.get(Signal::Abandoned);
        if gone < 3.0 {
            return UNKNOWN;
        }
        (hour.get(Signal::SecondsWaited) / gone).clamp(10.0, UNKNOWN)
    }

    /// Returns the channel by which most came within the last hour.
    pub(super) fn channel(&self) -> Option<Channel> {
        channel_of(&self.last(PAST + RECENT))
    }
}

/// Returns the channel by which most came.
pub(super) fn channel_of(totals: &Totals) -> Option<Channel> {
    let by = |channel: &Channel| totals.count(Signal::OfferedBy(*channel));
    (Channel::ALL.into_iter())
        .filter(|channel| by(channel) > 0)
        .max_by_key(by)
}

/// Returns the missed answers, and all that were decided.
fn missed_of(totals: &Totals) -> (f64, f64) {
    let missed = totals.get(Signal::AnswersMissed);
    (missed, missed + totals.get(Signal::AnswersMet))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of agents"
)]
fn clamped(agents: f64) -> u32 {
    agents.clamp(1.0, 5_000.0) as u32
}
