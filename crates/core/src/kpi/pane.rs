//! Panes: where in the past a fact lies, and how panes move from level to level as they age.
//!
//! Each fact lies in exactly one pane. A level holds the panes that its window still covers; a pane that has left the window
//! joins the wider pane of the next level that covers it. The pane of a level divides those of all higher levels, so that
//! a window's sum is the sum of the panes that begin in it. For `today` panes are also cut at the midnights of all zones in use,
//! as far back as a day may reach.

use super::{
    KpiSettings, Reach,
    midnight::{Day, Midnights},
};
use crate::event::{SiteId, Span, Timestamp};

/// Pane of the lowest level: facts ahead of the clock, second by second, until the clock has passed them.
const AHEAD: Span = Span::from_secs(1);
/// Length of the longest local day today: 24 hours on which clocks go back by three more.
const DAY_MAX: Span = Span::from_secs(28 * 3_600);
/// All midnights of today's zones lie at quarters of an hour in UTC.
const QUARTER: Span = Span::from_secs(900);
/// Shortest of the panes that are kept for `today` alone.
const TODAY_PANE_MIN: Span = Span::from_secs(3_600);

/// Place of a pane: its level and where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pane {
    pub level: u8,
    pub start: Timestamp,
}

/// Levels that the configured windows need, lowest first.
#[derive(Debug, Clone)]
pub struct Levels {
    levels: Vec<Level>,
    /// In the order of the settings.
    windows: Vec<Begins>,
    /// `None` without a window `today`.
    midnights: Option<Midnights>,
}

#[derive(Debug, Clone, Copy)]
struct Level {
    pane: Option<Span>,
    /// The window whose panes these are. `None`: the facts ahead of the clock.
    window: Option<Slide>,
    unlimited: bool,
    /// Its panes end at midnights.
    cut: bool,
}

/// Length of a window and the step by which it slides.
#[derive(Debug, Clone, Copy)]
struct Slide {
    length: Span,
    step: Span,
}

#[derive(Debug, Clone, Copy)]
enum Begins {
    Sliding(Slide),
    Today,
    Always,
}

impl Levels {
    #[must_use]
    pub fn new(settings: &KpiSettings) -> Self {
        let windows = settings.windows.iter();
        let windows: Vec<Begins> = windows
            .map(|window| match (window.reach, window.pane()) {
                (Reach::Sliding(length), Some(step)) => Begins::Sliding(Slide { length, step }),
                (Reach::Today, _) => Begins::Today,
                (Reach::All | Reach::Sliding(_), _) => Begins::Always,
            })
            .collect();
        let has = |wanted: Reach| settings.windows.iter().any(|it| it.reach == wanted);
        Self {
            levels: levels(&windows, has(Reach::Today), has(Reach::All)),
            windows,
            midnights: has(Reach::Today).then(|| Midnights::new(settings)),
        }
    }

    /// Returns the day at a site, at `at`. `None` without a window `today`.
    #[must_use]
    pub fn day(&self, site: Option<&SiteId>, at: Timestamp) -> Option<Day> {
        (self.midnights.as_ref()).map(|midnights| midnights.day(site, at))
    }

    /// Whether figures depend on the site of an agent.
    #[must_use]
    pub fn days_differ(&self) -> bool {
        self.midnights.as_ref().is_some_and(Midnights::differ)
    }

    /// Returns the pane of facts in the second or pane that begins at `at`, with the clock at `now`. `None`: older than the longest window.
    #[must_use]
    pub fn place(&self, at: Timestamp, now: Timestamp) -> Option<Pane> {
        // The clock reaches a fact in the first second of a pane when it reaches the pane; so it does a fact of a sender whose grain is a pane.
        let begins_a_pane = at.floor(self.finest_pane()) == at;
        let (level, found) = self.level_of(u8::from(begins_a_pane), at, now)?;
        Some(self.pane_at(level, found, at))
    }

    /// Returns the pane that a pane has to be in, with the clock at `now`. `None`: it has left the longest window.
    #[must_use]
    pub fn move_up(&self, pane: Pane, now: Timestamp) -> Option<Pane> {
        if pane == Self::CARRY_OVER {
            return Some(pane);
        }
        match self.level_of(pane.level, pane.start, now)? {
            (level, _) if level == pane.level => Some(pane),
            (level, found) => Some(self.pane_at(level, found, pane.start)),
        }
    }

    fn level_of(&self, lowest: u8, at: Timestamp, now: Timestamp) -> Option<(u8, &Level)> {
        let levels = self.levels.get(usize::from(lowest)..)?;
        (lowest..)
            .zip(levels)
            .find(|(_, level)| level.covers(at, now))
    }

    fn pane_at(&self, level: u8, found: &Level, at: Timestamp) -> Pane {
        let start = found.pane.map_or(Timestamp(0), |pane| at.floor(pane));
        let start = match &self.midnights {
            Some(midnights) if found.cut => start.max(midnights.last(at)),
            _ => start,
        };
        Pane { level, start }
    }

    /// Pane of states that still go on and began before the longest window: it lies in front of all windows.
    pub const CARRY_OVER: Pane = Pane {
        level: u8::MAX,
        start: Timestamp(0),
    };

    /// Returns the first instant that each window covers at `now`, for a local day `today`. The window `all` begins at [`Timestamp::MIN`].
    #[must_use]
    pub fn window_starts(&self, now: Timestamp, today: Option<Day>) -> Vec<Timestamp> {
        let start = |window: &Begins| match window {
            Begins::Sliding(slide) => slide.begins_at(now),
            Begins::Today => today.map_or(now, |day| day.begins_at),
            Begins::Always => Timestamp::MIN,
        };
        self.windows.iter().map(start).collect()
    }

    /// Whether a window with this first instant covers `pane`.
    #[must_use]
    pub fn covers(&self, window_start: Timestamp, pane: Pane) -> bool {
        let level = self.levels.get(usize::from(pane.level));
        level.is_some_and(|level| {
            window_start == Timestamp::MIN || !level.unlimited && pane.start >= window_start
        })
    }

    /// Returns the pane that divides all others. With `all` alone it is the shortest pane of any window.
    #[must_use]
    pub fn finest_pane(&self) -> Span {
        const SHORTEST: Span = Span::from_secs(5);
        let first = self.levels.get(1).and_then(|level| level.pane);
        first.unwrap_or(SHORTEST)
    }

    /// Returns when a record of `now` that has `pane` changes by time alone: the clock reaches a pane ahead, or the pane leaves the window of its level.
    #[must_use]
    pub fn changes_at(&self, pane: Pane, now: Timestamp) -> Option<Timestamp> {
        let is_ahead = pane.level > 0 && pane != Self::CARRY_OVER && pane.start > now;
        if is_ahead {
            Some(pane.start)
        } else {
            self.leaves_at(pane)
        }
    }

    /// Returns when the day ends that `pane` may still belong to at `now`, in any zone.
    #[must_use]
    pub fn day_ends_at(&self, pane: Pane, now: Timestamp) -> Option<Timestamp> {
        let midnights = self.midnights.as_ref()?;
        let level = self.levels.get(usize::from(pane.level))?;
        let may_count = !level.unlimited && pane.start > now - DAY_MAX;
        may_count.then(|| midnights.next(pane.start.max(now)))
    }

    /// Returns when `pane` leaves the window of its level, or when the clock reaches a pane ahead.
    #[must_use]
    pub fn leaves_at(&self, pane: Pane) -> Option<Timestamp> {
        let level = self.levels.get(usize::from(pane.level))?;
        match level.window {
            Some(Slide { length, step }) => Some(pane.start.floor(step) + length),
            None if level.unlimited => None,
            None => Some(pane.start + AHEAD),
        }
    }
}

impl Level {
    fn covers(&self, at: Timestamp, now: Timestamp) -> bool {
        match self.window {
            Some(slide) => at >= slide.begins_at(now),
            None => self.unlimited || at >= now.floor(AHEAD),
        }
    }
}

impl Slide {
    fn begins_at(self, now: Timestamp) -> Timestamp {
        now.floor(self.step) - self.length + self.step
    }

    /// Returns the age from which on a fact has left the window.
    fn reach(self) -> Span {
        self.length - self.step
    }

    /// Returns the panes for `today` behind those of the longest window.
    fn for_today(longest: Option<Self>) -> Self {
        let least = longest.map_or(QUARTER, |slide| slide.step);
        let times = |span: Span, of: Span| Span((of.0 + span.0 - 1) / span.0 * span.0);
        let step = times(least, TODAY_PANE_MIN);
        let length = times(step, DAY_MAX) + step;
        Self { length, step }
    }
}

/// Returns one level for facts ahead of the clock, one for each sliding window, one for days longer than these, and one for `all`.
fn levels(windows: &[Begins], today: bool, all: bool) -> Vec<Level> {
    let sliding = windows.iter().filter_map(|window| match window {
        Begins::Sliding(slide) => Some(*slide),
        Begins::Today | Begins::Always => None,
    });
    let mut slides: Vec<Slide> = sliding.collect();
    let longest = slides.last().copied();
    if today && longest.is_none_or(|slide| slide.reach() < DAY_MAX) {
        slides.push(Slide::for_today(longest));
    }
    let mut levels = vec![Level {
        pane: Some(AHEAD),
        window: None,
        unlimited: false,
        cut: false,
    }];
    // No fact of the next level is younger.
    let mut reached = Span::ZERO;
    for (place, slide) in slides.iter().enumerate() {
        let grain = (today && place == 0).then_some(QUARTER);
        let steps = slides[place..].iter().map(|longer| longer.step);
        levels.push(Level {
            pane: steps.chain(grain).reduce(common_pane),
            window: Some(*slide),
            unlimited: false,
            cut: today && reached < DAY_MAX,
        });
        reached = slide.reach();
    }
    if all {
        levels.push(Level {
            pane: None,
            window: None,
            unlimited: true,
            cut: false,
        });
    }
    levels
}

/// Returns the widest pane that divides both.
fn common_pane(a: Span, b: Span) -> Span {
    if b == Span::ZERO {
        a
    } else {
        common_pane(b, Span(a.0 % b.0))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::tz::TimeZoneDatabase;

    use super::*;
    use crate::kpi::Window;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    const HOUR: i64 = 3_600;
    /// 2026-11-22T00:00:00Z.
    const SUNDAY: i64 = 1_795_305_600;

    /// Levels of these windows, in Kathmandu (UTC+05:45) and in UTC.
    fn levels_of(windows: Vec<Window>) -> Levels {
        let kathmandu = TimeZoneDatabase::bundled().get("Asia/Kathmandu").unwrap();
        Levels::new(&KpiSettings {
            windows,
            zones_by_site: BTreeMap::from([(SiteId::new("east"), kathmandu)]),
            ..KpiSettings::default()
        })
    }

    /// Follows each fact from second to second and checks that `today` covers it exactly while it should.
    fn check_today(levels: &Levels, facts: &[i64], until: i64, step: usize) {
        for fact in facts {
            let mut pane = levels.place(at(*fact), at(*fact)).unwrap();
            for now in (*fact..until).step_by(step) {
                pane = levels.move_up(pane, at(now)).unwrap();
                for site in [None, Some(SiteId::new("east"))] {
                    let day = levels.day(site.as_ref(), at(now)).unwrap();
                    assert_eq!(
                        levels.covers(day.begins_at, pane),
                        day.begins_at <= at(*fact),
                        "fact {fact} at {now} in {pane:?}"
                    );
                }
            }
        }
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
        let now = at(10 * HOUR + 1_800);
        let starts = levels.window_starts(now, levels.day(None, now));
        let pane = |seconds| Pane {
            level: 1,
            start: at(seconds),
        };
        assert!(levels.covers(starts[2], pane(9 * HOUR + 31 * 60)));
        assert!(!levels.covers(starts[2], pane(9 * HOUR + 31 * 60 - 5)));
    }

    #[test]
    fn panes_end_at_the_midnights_of_all_zones() {
        let levels = levels_of(KpiSettings::default().windows);
        // Of the 8 h panes have 480 s: one holds 18:15, midnight in Kathmandu.
        let midnight = SUNDAY + 18 * HOUR + 900;
        let now = at(midnight + 2 * HOUR);
        let start = |fact| levels.place(at(fact), now).unwrap().start;
        assert_eq!(start(midnight - 1), at(midnight - 420));
        assert_eq!(start(midnight), at(midnight));
        assert_eq!(start(midnight + 59), at(midnight));
        assert_eq!(start(midnight + 60), at(midnight + 60));
    }

    #[test]
    fn today_has_what_happened_since_midnight_and_nothing_else() {
        let midnights = [24 * HOUR, 42 * HOUR + 900].map(|at| SUNDAY + at);
        let around = [-HOUR - 77, -5, -1, 0, 1, 4, 601, 9 * HOUR + 7];
        let facts = midnights.map(|midnight| around.map(|by| midnight + by));
        let facts = facts.as_flattened();
        let lists = [
            KpiSettings::default().windows,
            vec![Window::sliding("5m", Span::from_secs(300)), Window::today()],
            vec![Window::sliding("7m", Span::from_secs(420)), Window::today()],
            vec![
                Window::sliding("25h", Span::from_secs(90_000)),
                Window::today(),
            ],
            vec![Window::today(), Window::all()],
        ];
        for mut windows in lists {
            windows.push(Window::all());
            windows.dedup();
            let levels = levels_of(windows);
            check_today(&levels, facts, SUNDAY + 75 * HOUR, 301);
            check_today(&levels, facts, SUNDAY + 44 * HOUR, 60);
        }
    }

    #[test]
    fn without_today_nothing_is_cut_or_kept_for_it() {
        let windows = vec![Window::sliding("7m", Span::from_secs(420))];
        let without = levels_of(windows.clone());
        assert_eq!(without.finest_pane(), Span::from_secs(7));
        assert_eq!(without.levels.len(), 2);
        let with = levels_of([windows, vec![Window::today()]].concat());
        assert_eq!(with.finest_pane(), Span::from_secs(1));
        let reach = with.levels[2].window.unwrap().reach();
        assert!(reach >= DAY_MAX, "{reach:?}");
        assert!(!Levels::new(&KpiSettings::default()).levels[7].cut);
    }
}
