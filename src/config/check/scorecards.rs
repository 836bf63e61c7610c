//! Scorecards: how far they look back, and how many cases they need.

use std::ops::RangeInclusive;

use toml::Spanned;

use super::{
    kpi,
    setting::{At as _, narrow, over_zero, put},
};
use crate::config::{fault::Fault, file};
use floorwalker_core::{balance::BalanceSettings, event::Span};

/// One other is no peer group: the median would be that agent's own figure.
const PEERS: RangeInclusive<i64> = 2..=10_000;
/// Fewer cases have no interval of a mean.
const SAMPLE: RangeInclusive<i64> = 2..=1_000_000;

pub(super) fn settings(given: &file::Scorecards) -> Result<BalanceSettings, Fault> {
    let mut settings = BalanceSettings::default();
    put(&mut settings.enabled, given.enabled);
    put(&mut settings.beat, over_zero(given.beat.as_ref())?);
    if let Some(peers) = &given.peers_min {
        let peers: u32 = narrow(peers, PEERS)?;
        settings.peers_min = usize::try_from(peers).unwrap_or(usize::MAX);
    }
    if let Some(sample) = &given.sample_min {
        settings.sample_min = narrow(sample, SAMPLE)?;
    }
    let lengths = [
        (&mut settings.window, &given.window),
        (&mut settings.baseline, &given.baseline),
    ];
    for (window, name) in lengths {
        if let Some(name) = name {
            *window = kpi::sliding(name)?;
        }
    }
    reaches_behind(&settings, given.baseline.as_ref().or(given.window.as_ref()))?;
    Ok(settings)
}

/// At least a pane of the baseline lies behind the window.
fn reaches_behind(
    settings: &BalanceSettings,
    given: Option<&Spanned<String>>,
) -> Result<(), Fault> {
    let (window, baseline) = (&settings.window, &settings.baseline);
    let length = BalanceSettings::length;
    let pane = baseline.pane().unwrap_or(Span::ZERO);
    match given {
        Some(given) if length(baseline) < length(window) + pane => Err(given.fault(format!(
            "the baseline is what lies behind the window, but `baseline` ({}) is not longer than `window` ({}) by a sixtieth of itself",
            baseline.name, window.name
        ))),
        _ => Ok(()),
    }
}
