//! Features: what is known so far that makes customers rate low, as numbers for a model and in words.

use serde::{Deserialize, Serialize};

use crate::{
    contact::{Engagement, Fold, Obligation, Owed},
    event::{Channel, Span, Timestamp},
};

/// Counts are capped here.
const COUNT_MAX: u32 = 5;
/// Added to the time with an agent, so that a hold in the first seconds does not weigh too much.
const SHARE_BASE: Span = Span::from_secs(60);

/// Feature of a model, in the order of names. Each has a value only where it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// The longest wait in a queue against the promised answer: ln(1 + ratio).
    LongestWait,
    /// All waits but the longest, likewise.
    FurtherWaits,
    /// Times put on hold, at most 5.
    Holds,
    /// Share of the time with agents that was hold, 0 to 1.
    HoldShare,
    /// Agents who handed the customer on, at most 5.
    Transfers,
    /// The longest time that a customer's turn stayed unanswered against the promised response: ln(1 + ratio). In writing only.
    WorstReply,
    /// The mean of those times, likewise.
    MeanReply,
    /// Times the contact was over and began anew, at most 5.
    Reopenings,
    /// Earlier contacts of the customer in the window of first-contact resolution, at most 5.
    Repeats,
    /// Talk and hold so far over what is usual in the queue: ln(ratio), 0 below it.
    LongHandle,
    /// How bad the running mood is, −1 (glad) to 1.
    BadMood,
}

impl Feature {
    pub const ALL: [Self; 11] = [
        Self::LongestWait,
        Self::FurtherWaits,
        Self::Holds,
        Self::HoldShare,
        Self::Transfers,
        Self::WorstReply,
        Self::MeanReply,
        Self::Reopenings,
        Self::Repeats,
        Self::LongHandle,
        Self::BadMood,
    ];
}

/// Inputs that a fold does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// The newest instant at which something happened to the contact.
    pub now: Timestamp,
    /// Usual handle time in its queue.
    pub handle_time_baseline: Span,
    /// Earlier contacts of the customer, once counted.
    pub repeats: Option<u32>,
}

/// What has happened to the customer by some instant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Features {
    pub longest_wait: Span,
    pub waits: Span,
    /// The shortest promise; absent where no policy promises an answer.
    pub answer_within: Option<Span>,
    pub talk: Span,
    pub hold: Span,
    pub holds: u32,
    pub transfers: u32,
    /// Absent while the customer has written nothing.
    pub worst_reply: Option<Span>,
    pub mean_reply: Option<Span>,
    pub reply_within: Span,
    pub reopenings: u32,
    pub repeats: Option<u32>,
    pub handle_time_baseline: Span,
    pub mood_thousandths: Option<i32>,
}

impl Features {
    #[must_use]
    pub fn of(fold: &Fold, around: &Surroundings) -> Self {
        let mut features = Self {
            answer_within: promise(fold, |owed| matches!(owed, Owed::Answer(_))),
            reopenings: count(fold.reopenings.len()),
            repeats: around.repeats,
            handle_time_baseline: around.handle_time_baseline,
            holds: fold.experience.holds,
            mood_thousandths: fold.experience.mood_thousandths,
            ..Self::default()
        };
        features.add_waits(fold, around.now);
        features.add_work(fold, around.now);
        features.add_replies(fold, around.now);
        features
    }

    fn add_waits(&mut self, fold: &Fold, now: Timestamp) {
        for episode in &fold.episodes {
            let until = episode.ended.as_ref().map_or(now, |end| end.at);
            let wait = (until - episode.opened_at).max(Span::ZERO);
            self.longest_wait = self.longest_wait.max(wait);
            self.waits = self.waits + wait;
        }
    }

    fn add_work(&mut self, fold: &Fold, now: Timestamp) {
        let inbound = |one: &&Engagement| one.is_inbound();
        for engagement in fold.engagements.iter().filter(inbound) {
            let (talk, hold) = work_so_far(engagement, now);
            self.talk = self.talk + talk;
            self.hold = self.hold + hold;
            self.transfers += u32::from(engagement.transferred);
        }
    }

    fn add_replies(&mut self, fold: &Fold, now: Timestamp) {
        let channel = fold.attributes.channel();
        let so_far = &fold.experience;
        let open = (so_far.unanswered_since).map(|since| (now - since).max(Span::ZERO));
        let turns = so_far.replies + u32::from(open.is_some());
        if turns == 0 || matches!(channel, Channel::Voice | Channel::Video) {
            return;
        }
        let open = open.unwrap_or(Span::ZERO);
        let is_response = |owed| matches!(owed, Owed::FirstResponse { .. } | Owed::NextResponse);
        self.worst_reply = Some(so_far.reply_delay_max.max(open));
        self.mean_reply = Some(Span((so_far.reply_delay_sum + open).0 / i64::from(turns)));
        self.reply_within = promise(fold, is_response).unwrap_or_else(|| usual_reply(channel));
    }

    /// Returns the value of a feature. `None`: it does not apply.
    #[must_use]
    pub fn value(&self, feature: Feature) -> Option<f64> {
        let number = |count: u32| f64::from(count.min(COUNT_MAX));
        match feature {
            Feature::LongestWait => logarithm(self.longest_wait, self.answer_within?),
            Feature::FurtherWaits => logarithm(self.waits - self.longest_wait, self.answer_within?),
            Feature::Holds => Some(number(self.holds)),
            Feature::HoldShare => ratio(self.hold, self.talk + self.hold + SHARE_BASE),
            Feature::Transfers => Some(number(self.transfers)),
            Feature::WorstReply => logarithm(self.worst_reply?, self.reply_within),
            Feature::MeanReply => logarithm(self.mean_reply?, self.reply_within),
            Feature::Reopenings => Some(number(self.reopenings)),
            Feature::Repeats => self.repeats.map(number),
            Feature::LongHandle => ratio(self.talk + self.hold, self.handle_time_baseline)
                .map(|ratio| ratio.max(1.0).ln()),
            Feature::BadMood => (self.mood_thousandths).map(|mood| f64::from(-mood) / 1e3),
        }
    }

    /// Returns the feature in words, to follow "it" in a sentence.
    #[must_use]
    pub fn words(&self, feature: Feature) -> String {
        let of = |span: Span, promise: Span| format!("{} of {}", seconds(span), seconds(promise));
        let answer_within = self.answer_within.unwrap_or_default();
        let reply_within = self.reply_within;
        match feature {
            Feature::LongestWait => format!("has waited {}", of(self.longest_wait, answer_within)),
            Feature::FurtherWaits => {
                let again = self.waits - self.longest_wait;
                format!("has waited again, {} more", seconds(again))
            }
            Feature::Holds => format!("was put on hold {}", times(self.holds)),
            Feature::HoldShare => {
                let whole = self.talk + self.hold;
                format!("was on hold {} with agents", of(self.hold, whole))
            }
            Feature::Transfers => format!("was transferred {}", times(self.transfers)),
            Feature::WorstReply => {
                let worst = self.worst_reply.unwrap_or_default();
                format!("stayed without a reply for {}", of(worst, reply_within))
            }
            Feature::MeanReply => {
                let mean = self.mean_reply.unwrap_or_default();
                format!("gets replies after {} on average", of(mean, reply_within))
            }
            Feature::Reopenings => format!("was reopened {}", times(self.reopenings)),
            Feature::Repeats => {
                let before = self.repeats.unwrap_or_default();
                format!(
                    "comes from a customer who was here {} before",
                    times(before)
                )
            }
            Feature::LongHandle => {
                let so_far = seconds(self.talk + self.hold);
                format!(
                    "has taken {so_far}, usual are {}",
                    seconds(self.handle_time_baseline)
                )
            }
            Feature::BadMood => {
                let mood = f64::from(self.mood_thousandths.unwrap_or_default()) / 1e3;
                format!("is written in a bad mood ({mood:+.1})")
            }
        }
    }
}

/// Returns talk and hold, those still open up to `now`.
fn work_so_far(engagement: &Engagement, now: Timestamp) -> (Span, Span) {
    let held = engagement
        .held_since
        .map_or(Span::ZERO, |since| now - since);
    let hold = (engagement.hold() + held).max(Span::ZERO);
    let talk = match engagement.talk_ended_at {
        Some(_) => engagement.talk(),
        None => engagement.worked_by(now) - hold,
    };
    (talk.max(Span::ZERO), hold)
}

/// Returns the shortest promise among the obligations that `is_meant`.
fn promise(fold: &Fold, is_meant: impl Fn(Owed) -> bool) -> Option<Span> {
    let span = |it: &Obligation| is_meant(it.owed).then(|| it.due_at - it.opened_at);
    fold.obligations.iter().filter_map(span).min()
}

/// Response time that customers expect where no policy promises one.
const fn usual_reply(channel: Channel) -> Span {
    Span::from_secs(match channel {
        Channel::Chat => 60,
        Channel::Email => 86_400,
        Channel::Voice
        | Channel::Social
        | Channel::Sms
        | Channel::Messaging
        | Channel::Video
        | Channel::Other => 900,
    })
}

fn ratio(part: Span, whole: Span) -> Option<f64> {
    (whole > Span::ZERO).then(|| part.max(Span::ZERO).as_secs() / whole.as_secs())
}

fn logarithm(part: Span, whole: Span) -> Option<f64> {
    ratio(part, whole).map(f64::ln_1p)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{count} times"),
    }
}

fn seconds(span: Span) -> String {
    format!("{:.0} s", span.as_secs())
}
