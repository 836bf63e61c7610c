//! Panes: where in the past a fact lies, and how panes pass from one level to the next as they age.
//!
//! Each fact lies in exactly one pane. A level holds the panes that its window still covers; a pane that has left the window
//! joins the wider pane of the next level that covers it. The pane of a level divides those of all higher levels, so that
//! a window's sum is the sum of the panes of its own and all lower levels that begin in it.

use super::{KpiSettings, Window};
use crate::event::{Span, Timestamp};

/// The lowest level: facts ahead of the clock, second by second, until the clock has passed them.
const AHEAD: Span = Span::from_secs(1);

/// The place of a pane: its level and where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pane {
    pub level: u8,
    pub start: Timestamp,
}

/// The levels that the configured windows need, lowest first.
#[derive(Debug, Clone)]
pub struct Levels {
    levels: Vec<Level>,
}

#[derive(Debug, Clone, Copy)]
struct Level {
    pane: Option<Span>,
    /// The window whose panes these are. `None`: the facts ahead of the clock.
    window: Option<(Span, Span)>,
    unlimited: bool,
}

impl Levels {
    #[must_use]
    pub fn new(settings: &KpiSettings) -> Self {
        let mut levels = vec![Level {
            pane: Some(AHEAD),
            window: None,
            unlimited: false,
        }];
        for (place, window) in settings.windows.iter().enumerate() {
            levels.push(Level {
                pane: common_pane(&settings.windows[place..]),
                window: window.length.zip(window.pane()),
                unlimited: window.length.is_none(),
            });
        }
        Self { levels }
    }

    /// Where facts of the second or pane that begins at `at` lie when the clock stands at `now`. `None`: behind the longest window.
    #[must_use]
    pub fn place(&self, at: Timestamp, now: Timestamp) -> Option<Pane> {
        // A fact in the first second of a pane, or of a sender that tells by pane, is reached when the pane is.
        let begins_a_pane = at.floor(self.finest_pane()) == at;
        self.place_from(u8::from(begins_a_pane), at, now)
    }

    /// Where a pane has to be when the clock stands at `now`. `None`: nowhere, it has left the longest window.
    #[must_use]
    pub fn move_up(&self, pane: Pane, now: Timestamp) -> Option<Pane> {
        if pane == Self::BEYOND {
            return Some(pane);
        }
        self.place_from(pane.level, pane.start, now)
    }

    fn place_from(&self, lowest: u8, at: Timestamp, now: Timestamp) -> Option<Pane> {
        (lowest..)
            .zip(&self.levels[usize::from(lowest)..])
            .find(|(_, level)| level.covers(at, now))
            .map(|(number, level)| Pane {
                level: number,
                start: level.pane.map_or(Timestamp(0), |pane| at.floor(pane)),
            })
    }

    /// Where what goes on lies when its beginning has left the longest window: in front of all windows.
    pub const BEYOND: Pane = Pane {
        level: u8::MAX,
        start: Timestamp(0),
    };

    /// The first instant that window `window` covers at `now`.
    #[must_use]
    pub fn window_start(&self, window: usize, now: Timestamp) -> Timestamp {
        let of_window = self.levels[window + 1].window;
        of_window.map_or(Timestamp(0), |(length, step)| {
            now.floor(step) - length + step
        })
    }

    /// The pane that divides all others; of `all` alone, the shortest that a window can have.
    #[must_use]
    pub fn finest_pane(&self) -> Span {
        const SHORTEST: Span = Span::from_secs(5);
        let first = self.levels.get(1).and_then(|level| level.pane);
        first.unwrap_or(SHORTEST)
    }

    /// The number of windows; window `w` has the level `w + 1`.
    #[must_use]
    pub fn windows(&self) -> usize {
        self.levels.len() - 1
    }

    /// Whether window `window` covers `pane` at `now`.
    #[must_use]
    pub fn window_covers(&self, window: usize, pane: Pane, now: Timestamp) -> bool {
        usize::from(pane.level) <= window + 1 && self.levels[window + 1].covers(pane.start, now)
    }

    /// When `pane` leaves the window of its level, or a pane ahead is reached.
    #[must_use]
    pub fn leaves_at(&self, pane: Pane) -> Option<Timestamp> {
        let level = self.levels.get(usize::from(pane.level))?;
        match level.window {
            Some((length, step)) => Some(pane.start.floor(step) + length),
            None if level.unlimited => None,
            None => Some(pane.start + AHEAD),
        }
    }
}

impl Level {
    fn covers(&self, at: Timestamp, now: Timestamp) -> bool {
        match self.window {
            Some((length, step)) => at >= now.floor(step) - length + step,
            None => self.unlimited || at >= now.floor(AHEAD),
        }
    }
}

/// The widest pane that divides the panes of all these windows. `None`: there is only `all`.
fn common_pane(windows: &[Window]) -> Option<Span> {
    let panes = windows.iter().filter_map(Window::pane);
    panes.reduce(|a, b| Span(greatest_common_divisor(a.0, b.0)))
}

fn greatest_common_divisor(a: i64, b: i64) -> i64 {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn a_fact_rises_level_by_level_and_ends_in_all() {
        let levels = Levels::new(&KpiSettings::default());
        let mut pane = levels.place(at(1_000_003), at(1_000_000)).unwrap();
        assert_eq!((pane.level, pane.start), (0, at(1_000_003)));
        let mut seen = Vec::new();
        for now in (1_000_000..3_000_000).step_by(60) {
            let up = levels.move_up(pane, at(now)).unwrap();
            if up.level != pane.level {
                seen.push((up.level, now - 1_000_003, up.start));
            }
            pane = up;
        }
        let levels_seen: Vec<u8> = seen.iter().map(|(level, ..)| *level).collect();
        assert_eq!(levels_seen, [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(seen[6].2, Timestamp(0));
    }

    #[test]
    fn a_window_covers_from_its_length_less_a_pane_to_its_length() {
        let levels = Levels::new(&KpiSettings::default());
        // 1 h, panes of 60 s: at 10:30:00 from 09:31:00.
        let now = at(10 * 3_600 + 1_800);
        let first = Pane {
            level: 1,
            start: at(9 * 3_600 + 31 * 60),
        };
        let before = Pane {
            level: 1,
            start: at(9 * 3_600 + 31 * 60 - 5),
        };
        assert!(levels.window_covers(2, first, now));
        assert!(!levels.window_covers(2, before, now));
    }
}
