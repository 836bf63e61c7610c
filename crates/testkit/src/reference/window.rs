//! Windows: where each begins, and its name.

use floorwalker_core::event::{Span, Timestamp};

/// Returns where a window begins at a clock. It slides by its pane, a sixtieth of it, at least 5 s, and ends with the pane that
/// contains the clock.
pub(super) fn begins_at(window: Option<Span>, clock: Timestamp) -> Timestamp {
    let Some(window) = window else {
        return Timestamp::MIN;
    };
    let pane = Span((window.0 / 60).max(Span::from_secs(5).0));
    clock.floor(pane) + pane - window
}

/// Returns the name of a window, such as `5m`, `24h`, `7d` or `all`.
#[must_use]
pub fn window_name(window: Option<Span>) -> String {
    let Some(window) = window else {
        return "all".to_owned();
    };
    let seconds = window.0 / 1_000_000;
    match seconds {
        _ if seconds % 86_400 == 0 && seconds > 86_400 => format!("{}d", seconds / 86_400),
        _ if seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        _ if seconds % 60 == 0 => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}
