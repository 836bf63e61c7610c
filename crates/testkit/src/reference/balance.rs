//! Scorecards counted again: each agent in each queue and channel, from lists of single cases.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    fact::{Desk, Fact, Handled, Resolution},
    student::quantile,
    window::begins_at,
};
use floorwalker_core::event::{Span, Timestamp};

/// Settings of scorecards: their windows, and how many peers and cases a comparison needs.
#[derive(Debug, Clone)]
pub struct Balance {
    /// The recent window, with its name.
    pub window: (String, Span),
    /// The window before it that trends are measured against, with its name.
    pub baseline: (String, Span),
    /// The fewest other agents that a median is shown of.
    pub peers_min: usize,
    /// The fewest cases that an agent is compared by.
    pub sample_min: usize,
}

impl Default for Balance {
    fn default() -> Self {
        const DAY: i64 = 86_400;
        Self {
            window: ("24h".to_owned(), Span::from_secs(DAY)),
            baseline: ("28d".to_owned(), Span::from_secs(28 * DAY)),
            peers_min: 5,
            sample_min: 20,
        }
    }
}

/// The cases of one measure: shares are of zeros and ones, scores and durations of themselves.
#[derive(Debug, Clone)]
enum Cases {
    Shares(Vec<f64>),
    Seconds(Vec<f64>),
}

/// 95 %, 99 % and 99.9 %: the quantile of the normal distribution, and the probability below.
const P95: (f64, f64) = (1.959_964, 0.975);
const P99: (f64, f64) = (2.575_829, 0.995);
const P999: (f64, f64) = (3.290_527, 0.999_5);

const MEASURES: [&str; 9] = [
    "aht",
    "transfer_rate",
    "fcr",
    "repeats",
    "csat",
    "csat_low",
    "offer_miss",
    "resolved_said",
    "frr",
];

/// The facts of one desk in its two windows.
#[derive(Debug, Default)]
struct Facts<'f> {
    recent: Vec<&'f Fact>,
    baseline: Vec<&'f Fact>,
}

/// The records by key, of the facts by the clock.
pub(super) fn scorecards<'f>(
    facts: impl Iterator<Item = (Timestamp, &'f Desk, &'f Fact)>,
    balance: &Balance,
    clock: Timestamp,
) -> BTreeMap<String, Value> {
    let recent_from = begins_at(Some(balance.window.1), clock);
    let baseline_from = begins_at(Some(balance.baseline.1), clock);
    let mut facts_by_desk: BTreeMap<&Desk, Facts<'_>> = BTreeMap::new();
    for (at, desk, fact) in facts.filter(|(at, ..)| *at <= clock) {
        let of_desk = facts_by_desk.entry(desk).or_default();
        if at >= recent_from {
            of_desk.recent.push(fact);
        } else if at >= baseline_from {
            of_desk.baseline.push(fact);
        }
    }
    let mut records = BTreeMap::new();
    for (desk, own) in &facts_by_desk {
        let others: Vec<&Facts<'_>> = (facts_by_desk.iter())
            .filter(|(other, _)| {
                (&other.queue, &other.channel) == (&desk.queue, &desk.channel) && **other != *desk
            })
            .map(|(_, theirs)| theirs)
            .collect();
        let measures = measures(own, &others, balance);
        if measures.is_empty() {
            continue;
        }
        let record = json!({
            "agent": desk.agent,
            "queue": desk.queue,
            "channel": desk.channel,
            "clock": clock.to_string(),
            "window": balance.window.0,
            "baseline": balance.baseline.0,
            "measures": measures,
            "guard": guard(own, balance),
        });
        let key = format!(
            "agent:{}/queue:{}/channel:{}",
            desk.agent, desk.queue, desk.channel
        );
        records.insert(key, record);
    }
    records
}

fn cases(measure: &str, facts: &[&Fact], settled: bool) -> Cases {
    let all = facts.iter().filter_map(|fact| case(measure, fact, settled));
    match measure {
        "aht" => Cases::Seconds(all.collect()),
        _ => Cases::Shares(all.collect()),
    }
}

fn case(measure: &str, fact: &Fact, settled: bool) -> Option<f64> {
    let one = |yes: bool| Some(f64::from(u8::from(yes)));
    let which = match measure {
        "fcr" => Resolution::Resolved,
        _ => Resolution::Repeated,
    };
    match (fact, measure) {
        (Fact::Handled(it), "aht") => it.complete.then(|| (it.talk + it.hold + it.wrap).as_secs()),
        (Fact::Handled(it), "transfer_rate") => one(it.transferred),
        (Fact::Fcr(came_out), "fcr" | "repeats") if !settled => one(*came_out == which),
        (Fact::FcrConfirmed(came_out), "fcr" | "repeats") if settled => one(*came_out == which),
        (Fact::Survey { score }, "csat") => Some(*score),
        (Fact::Survey { score }, "csat_low") => one(*score < 0.5),
        (Fact::Offer { refused }, "offer_miss") => one(*refused),
        (Fact::DispositionResolved(resolved), "resolved_said") => one(*resolved),
        (Fact::FirstResponse { met }, "frr") => one(*met),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
impl Cases {
    fn all(&self) -> &[f64] {
        match self {
            Self::Shares(all) | Self::Seconds(all) => all,
        }
    }

    fn n(&self) -> f64 {
        self.all().len() as f64
    }

    fn mean(&self) -> Option<f64> {
        (!self.all().is_empty()).then(|| self.all().iter().sum::<f64>() / self.n())
    }

    /// The squared standard error of the mean.
    fn error2(&self) -> f64 {
        let mean = self.mean().unwrap_or_default();
        let squares: f64 = self.all().iter().map(|case| (case - mean).powi(2)).sum();
        squares / (self.n() - 1.0) / self.n()
    }

    fn interval(&self, level: (f64, f64)) -> Option<(f64, f64)> {
        let mean = self.mean()?;
        match self {
            Self::Shares(_) => Some(score_interval(mean, self.n(), level.0)),
            Self::Seconds(all) if all.len() < 2 => None,
            Self::Seconds(_) => {
                let reach = quantile(level.1, self.n() - 1.0) * self.error2().sqrt();
                Some((mean - reach, mean + reach))
            }
        }
    }
}

/// Wilson's.
fn score_interval(share: f64, n: f64, z: f64) -> (f64, f64) {
    let centre = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let reach = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    ((centre - reach).max(0.0), (centre + reach).min(1.0))
}

/// Recent, baseline, and the interval of their difference; of too few cases none.
fn change(
    measure: &str,
    own: &Facts<'_>,
    settled: bool,
    level: (f64, f64),
    sample_min: usize,
) -> Option<(f64, f64, (f64, f64))> {
    let recent = cases(measure, &own.recent, settled);
    let before = cases(measure, &own.baseline, settled);
    if recent.all().len().min(before.all().len()) < sample_min {
        return None;
    }
    let (now, then) = (recent.mean()?, before.mean()?);
    let ((now_low, now_high), (then_low, then_high)) =
        (recent.interval(level)?, before.interval(level)?);
    let interval = match recent {
        Cases::Shares(_) => (
            now - then - ((now - now_low).powi(2) + (then_high - then).powi(2)).sqrt(),
            now - then + ((now_high - now).powi(2) + (then - then_low).powi(2)).sqrt(),
        ),
        Cases::Seconds(_) => {
            let (a, b) = (recent.error2(), before.error2());
            let freedom =
                (a + b).powi(2) / (a * a / (recent.n() - 1.0) + b * b / (before.n() - 1.0));
            let reach = match a + b > 0.0 {
                true => quantile(level.1, freedom) * (a + b).sqrt(),
                false => 0.0,
            };
            (now - then - reach, now - then + reach)
        }
    };
    Some((now, then, interval))
}

fn direction((low, high): (f64, f64)) -> &'static str {
    match (low > 0.0, high < 0.0) {
        (true, _) => "rising",
        (_, true) => "falling",
        _ => "steady",
    }
}

fn measures(own: &Facts<'_>, others: &[&Facts<'_>], balance: &Balance) -> Map<String, Value> {
    let mut measures = Map::new();
    for measure in MEASURES {
        let recent = cases(measure, &own.recent, false);
        let [settled, before] =
            [&own.recent, &own.baseline].map(|facts| cases(measure, facts, true));
        let samples = [&recent, &settled, &before];
        if samples.iter().all(|cases| cases.all().is_empty()) {
            continue;
        }
        let change = change(measure, own, true, P95, balance.sample_min);
        let of = |cases: &Cases| json!({"value": rounded(cases.mean()), "n": cases.all().len()});
        let num = match measure {
            "aht" | "csat" => None,
            _ => Some(recent.all().iter().filter(|case| **case > 0.0).count()),
        };
        let mut shown = json!({
            "value": rounded(recent.mean()),
            "num": num,
            "n": recent.all().len(),
            "interval": both(recent.interval(P95)),
            "better": better(measure),
            "peers": standing(measure, &recent, others, balance),
            "trend": {
                "recent": of(&settled),
                "baseline": of(&before),
                "difference": rounded(change.map(|(now, then, _)| now - then)),
                "interval": both(change.map(|(.., interval)| interval)),
                "direction": change.map(|(.., interval)| direction(interval)),
            },
        });
        if measure == "aht" {
            shown["parts"] = parts(&own.recent);
        }
        measures.insert(measure.to_owned(), shown);
    }
    measures
}

fn better(measure: &str) -> Option<&'static str> {
    match measure {
        "aht" => None,
        "fcr" | "csat" | "resolved_said" | "frr" => Some("higher"),
        _ => Some("lower"),
    }
}

fn parts(facts: &[&Fact]) -> Value {
    let mean = |part: fn(&Handled) -> Span| {
        let mut seconds = Vec::new();
        for fact in facts {
            if let Fact::Handled(it) = fact
                && it.complete
            {
                seconds.push(part(it).as_secs());
            }
        }
        rounded(Cases::Seconds(seconds).mean())
    };
    json!({"talk": mean(|it| it.talk), "hold": mean(|it| it.hold), "wrap": mean(|it| it.wrap)})
}

#[expect(clippy::cast_precision_loss, reason = "agents are counted in dozens")]
fn standing(measure: &str, own: &Cases, others: &[&Facts<'_>], balance: &Balance) -> Value {
    let shown = |value: f64| (value * 1e6).round();
    let mut values: Vec<f64> = (others.iter())
        .map(|theirs| cases(measure, &theirs.recent, false))
        .filter(|cases| cases.all().len() >= balance.sample_min)
        .filter_map(|cases| cases.mean().map(shown))
        .collect();
    values.sort_by(f64::total_cmp);
    let n = values.len();
    if n < balance.peers_min {
        return json!({"n": n, "median": null, "place": null, "place_interval": null});
    }
    let median = (values[n / 2] + values[(n - 1) / 2]) / 2e6;
    let place = |value: f64| {
        let points = values.iter().map(|it| match it.total_cmp(&shown(value)) {
            std::cmp::Ordering::Less => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Greater => 0.0,
        });
        points.sum::<f64>() / n as f64
    };
    let enough = own.all().len() >= balance.sample_min;
    let interval = own.interval(P95).filter(|_| enough);
    let own = own.mean().filter(|_| interval.is_some());
    json!({
        "n": n,
        "median": rounded(Some(median)),
        "place": rounded(own.map(place)),
        "place_interval": both(interval.map(|(low, high)| (place(low), place(high)))),
    })
}

fn guard(own: &Facts<'_>, balance: &Balance) -> Value {
    let change = |measure, settled, level| change(measure, own, settled, level, balance.sample_min);
    let quiet = json!({"raised": false, "rising": [], "sentence": null});
    let fallen =
        change("aht", true, P999).filter(|(.., interval)| direction(*interval) == "falling");
    let Some((now, then, _)) = fallen else {
        return quiet;
    };
    let (mut rising, mut rises) = (Vec::new(), Vec::new());
    for (measure, words) in [
        ("repeats", "repeated contacts"),
        ("transfer_rate", "transfers"),
        ("csat_low", "low ratings"),
    ] {
        // What is not settled yet can only become more.
        let risen = [true, false].map(|settled| {
            change(measure, settled, P99).filter(|(.., interval)| direction(*interval) == "rising")
        });
        if let Some((to, from, _)) = risen.into_iter().flatten().next() {
            rising.push(measure);
            let (from, to) = (from * 100.0, to * 100.0);
            rises.push(format!("{words} rose from {from:.0} % to {to:.0} %"));
        }
    }
    if rising.is_empty() {
        return quiet;
    }
    let rises = rises.join(" and ");
    let fell = then - now;
    let sentence = format!("handle time fell by {fell:.0} s (from {then:.0} s) while {rises}");
    json!({"raised": true, "rising": rising, "sentence": sentence})
}

fn rounded(value: Option<f64>) -> Value {
    json!(value.map(|value| (value * 1e6).round() / 1e6))
}

fn both(pair: Option<(f64, f64)>) -> Value {
    json!(pair.map(|(low, high)| [rounded(Some(low)), rounded(Some(high))]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::Ratio;

    #[test]
    fn shares_have_the_interval_of_the_other_numbers() {
        let ratio = Ratio { num: 7, den: 19 };
        let (low, high) = score_interval(7.0 / 19.0, 19.0, P95.0);
        let expected = ratio.interval().unwrap();
        assert!((low - expected.0).abs() < 1e-12 && (high - expected.1).abs() < 1e-12);
    }
}
