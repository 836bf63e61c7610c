//! The model, as data: a logistic regression whose weights are an expert's until learnt ones replace them.

use serde::{Deserialize, Serialize};

use super::{Feature, Features};

/// Keeps the probability off 0 and 1, of which nobody can be so sure.
const LOG_ODDS_MAX: f64 = 9.0;
/// A feature that adds less than this to the log odds is no reason.
const REASON_MIN: f64 = 0.1;
const REASONS: usize = 3;

/// Log odds of a low rating = intercept + Σ weight × (value − typical), over the features that apply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Log odds of a contact that is typical in everything.
    pub intercept: f64,
    pub terms: Vec<Term>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Term {
    pub feature: Feature,
    /// Log odds per unit of the feature.
    pub weight: f64,
    /// At this value the feature contributes nothing.
    pub typical: f64,
}

/// Prediction of a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    /// The probability of a low rating, over 0 and below 1.
    pub low: f64,
    /// The features that add most to it, the strongest first.
    pub reasons: [Option<Feature>; REASONS],
}

impl Model {
    /// An expert's opinion, not a fit: odds ratios in the range that surveys of service quality agree on. A typical contact is
    /// answered within half of the promised time, replied to likewise, hardly held, not transferred; one in ten of those is rated low.
    ///
    /// | feature | typical | odds × | per |
    /// |---|---|---|---|
    /// | longest wait, further waits | half the promise; none | 1.6 | e-fold of 1 + ratio |
    /// | holds | 0 | 1.25 | hold |
    /// | share of hold | 0.05 | 1.25 | tenth |
    /// | transfers | 0 | 2.2 | transfer: the customer explains it all again |
    /// | worst and mean reply | half the promise | 1.4 each | e-fold of 1 + ratio |
    /// | reopenings | 0 | 2.5 | reopening: what was done did not help |
    /// | repeats | 0 | 1.8 | earlier contact |
    /// | long handle | usual or less | 1.6 | e-fold |
    /// | bad mood | neutral | 1.35 | tenth of the scale, by the customer's messages |
    #[must_use]
    pub fn prior() -> Self {
        let half = 1.5_f64.ln();
        let term = |feature, odds_ratio: f64, per: f64, typical| Term {
            feature,
            weight: odds_ratio.ln() / per,
            typical,
        };
        Self {
            intercept: (0.1_f64 / 0.9).ln(),
            terms: vec![
                term(Feature::LongestWait, 1.6, 1.0, half),
                term(Feature::FurtherWaits, 1.6, 1.0, 0.0),
                term(Feature::Holds, 1.25, 1.0, 0.0),
                term(Feature::HoldShare, 1.25, 0.1, 0.05),
                term(Feature::Transfers, 2.2, 1.0, 0.0),
                term(Feature::WorstReply, 1.4, 1.0, half),
                term(Feature::MeanReply, 1.4, 1.0, half),
                term(Feature::Reopenings, 2.5, 1.0, 0.0),
                term(Feature::Repeats, 1.8, 1.0, 0.0),
                term(Feature::LongHandle, 1.6, 1.0, 0.0),
                term(Feature::BadMood, 1.35, 0.1, 0.0),
            ],
        }
    }

    #[must_use]
    pub fn predict(&self, features: &Features) -> Outlook {
        let mut log_odds = self.intercept;
        let mut strongest = [None; REASONS];
        for term in &self.terms {
            let Some(value) = features.value(term.feature) else {
                continue;
            };
            let adds = term.weight * (value - term.typical);
            log_odds += adds;
            if adds >= REASON_MIN {
                rank(&mut strongest, (adds, term.feature));
            }
        }
        let log_odds = log_odds.clamp(-LOG_ODDS_MAX, LOG_ODDS_MAX);
        Outlook {
            low: 1.0 / (1.0 + (-log_odds).exp()),
            reasons: strongest.map(|reason| reason.map(|(_, feature)| feature)),
        }
    }
}

/// Inserts a reason among the strongest, if it belongs there.
fn rank(strongest: &mut [Option<(f64, Feature)>; REASONS], new: (f64, Feature)) {
    let weaker = |known: &Option<(f64, Feature)>| known.is_none_or(|(adds, _)| adds < new.0);
    if let Some(place) = strongest.iter().position(weaker) {
        strongest[place..].rotate_right(1);
        strongest[place] = Some(new);
    }
}
