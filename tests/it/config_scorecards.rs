//! Settings of scorecards.

use floorwalker_core::{balance::BalanceSettings, event::Span, kpi::Window};

use crate::config::{check, parse};

#[test]
fn configured_scorecard_values_replace_the_defaults() {
    let text = "[scorecards]\nenabled = false\nwindow = \"8h\"\nbaseline = \"7d\"\nbeat = \"30s\"\npeers_min = 3\nsample_min = 10";
    let hours = |hours: i64| Span::from_secs(hours * 3_600);
    let expected = BalanceSettings {
        enabled: false,
        window: Window::sliding("8h", hours(8)),
        baseline: Window::sliding("7d", hours(168)),
        beat: Span::from_secs(30),
        peers_min: 3,
        sample_min: 10,
    };
    assert_eq!(parse(text).engine.balance, expected);
}

#[test]
fn mistakes_in_scorecards_are_named_where_they_stand() {
    for (line, expect) in [
        (
            "baseline = \"24h\"",
            "f.toml:2:12: the baseline is what lies behind the window, but `baseline` (24h) is not longer than `window` (24h) by a sixtieth of itself",
        ),
        (
            "window = \"all\"",
            "f.toml:2:10: `all` is not a duration such as \"20s\", \"5m\" or \"1h30m\": expected number at 0",
        ),
        (
            "peers_min = 1",
            "f.toml:2:13: 1 is out of range; write 2 to 10000",
        ),
        (
            "sample_min = 1",
            "f.toml:2:14: 1 is out of range; write 2 to 1000000",
        ),
        (
            "beat = \"0s\"",
            "f.toml:2:8: this must be over zero; write for instance \"1s\"",
        ),
        (
            "window = \"301s\"",
            "f.toml:2:10: `301s` can't be cut into whole panes of a sixtieth, at least 5 s; write \"300s\" or \"360s\"",
        ),
    ] {
        check(&format!("[scorecards]\n{line}"), expect);
    }
}
