//! Local midnights: when the days of the zones in use begin.
//!
//! A day lasts until the next one begins, be that after 23, 24 or 25 hours; where midnight is skipped it begins at its first
//! instant. Days of 24 hours follow each other for months, so a zone is a few runs of them, and a midnight one binary search.

use std::collections::BTreeMap;

use jiff::{ToSpan as _, civil::Date, tz::TimeZone};

use super::KpiSettings;
use crate::event::{SiteId, Span, Timestamp};

const DAY: Span = Span::from_secs(24 * 3_600);
/// Zone changes are followed within these years; outside of them days have 24 hours.
const YEARS: (i16, i16) = (1970, 2100);

/// Day of one zone: from its first instant to that of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    pub begins_at: Timestamp,
    pub ends_at: Timestamp,
}

/// Days of all zones in use.
#[derive(Debug, Clone)]
pub struct Midnights {
    /// The first zone is the default.
    zones: Vec<Zone>,
    zone_by_site: BTreeMap<SiteId, usize>,
}

/// Days of one zone.
#[derive(Debug, Clone)]
struct Zone {
    /// Midnights at which the length of days changes, sorted.
    runs: Vec<Timestamp>,
}

impl Midnights {
    #[must_use]
    pub fn new(settings: &KpiSettings) -> Self {
        let mut zones = vec![&settings.zone];
        let mut zone_by_site = BTreeMap::new();
        for (site, zone) in &settings.zones_by_site {
            let known = zones.iter().position(|known| *known == zone);
            let place = known.unwrap_or(zones.len());
            if known.is_none() {
                zones.push(zone);
            }
            zone_by_site.insert(site.clone(), place);
        }
        Self {
            zones: zones.into_iter().map(Zone::new).collect(),
            zone_by_site,
        }
    }

    /// Returns the day at a site, at `at`.
    #[must_use]
    pub fn day(&self, site: Option<&SiteId>, at: Timestamp) -> Day {
        let zone = site.and_then(|site| self.zone_by_site.get(site));
        self.zones[zone.copied().unwrap_or(0)].day(at)
    }

    /// Returns the last midnight of any zone, up to `at`.
    #[must_use]
    pub fn last(&self, at: Timestamp) -> Timestamp {
        let all = self.zones.iter().map(|zone| zone.day(at).begins_at);
        all.max().unwrap_or(Timestamp::MIN)
    }

    /// Returns the next midnight of any zone, after `at`.
    #[must_use]
    pub fn next(&self, at: Timestamp) -> Timestamp {
        let all = self.zones.iter().map(|zone| zone.day(at).ends_at);
        all.min().unwrap_or(Timestamp::MAX)
    }

    /// Whether the zones in use differ.
    #[must_use]
    pub const fn differ(&self) -> bool {
        self.zones.len() > 1
    }
}

impl Zone {
    fn new(zone: &TimeZone) -> Self {
        let [first, last] = [YEARS.0, YEARS.1].map(|year| Date::constant(year, 1, 1));
        let begins_at = |day: Date| day.to_zoned(zone.clone()).map(|it| it.timestamp());
        let mut runs: Vec<jiff::Timestamp> = begins_at(first).into_iter().collect();
        let until = begins_at(last).unwrap_or(jiff::Timestamp::MAX);
        let from = runs.first().copied().unwrap_or_default();
        let changes = zone.following(from).map(|change| change.timestamp());
        for change in changes.take_while(|change| *change < until) {
            // The days before and after it may have another length.
            let date = zone.to_datetime(change).date();
            let days = (-2..=2).filter_map(|days| date.checked_add(days.days()).ok());
            runs.extend(days.filter_map(|day| begins_at(day).ok()));
        }
        let runs = runs.into_iter().map(|it| Timestamp(it.as_microsecond()));
        let mut runs: Vec<Timestamp> = runs.collect();
        runs.sort_unstable();
        runs.dedup();
        Self { runs }
    }

    fn day(&self, at: Timestamp) -> Day {
        let after = self.runs.partition_point(|run| *run <= at);
        let next_run = self.runs.get(after).copied();
        let run = self.runs[after.saturating_sub(1)];
        let days = (at - run).0.div_euclid(DAY.0);
        let begins_at = run + Span(days.saturating_mul(DAY.0));
        match next_run {
            // Between two runs lie whole days of 24 hours, or one day of another length.
            Some(next) if after > 0 && (next - run).0 % DAY.0 != 0 => Day {
                begins_at: run,
                ends_at: next,
            },
            _ => Day {
                begins_at,
                ends_at: begins_at + DAY,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZoneDatabase;

    use super::*;

    const QUARTER: Span = Span::from_secs(900);

    fn at(time: &str) -> Timestamp {
        Timestamp::parse(time).unwrap()
    }

    fn zone(name: &str) -> TimeZone {
        TimeZoneDatabase::bundled().get(name).unwrap()
    }

    #[test]
    fn days_begin_at_local_midnight_or_at_their_first_instant() {
        let table = [
            ("UTC", "2026-11-22T23:59:59.999999Z", "2026-11-22T00:00:00Z"),
            ("UTC", "2026-11-22T00:00:00Z", "2026-11-22T00:00:00Z"),
            ("UTC", "2120-11-22T10:00:00Z", "2120-11-22T00:00:00Z"),
            ("UTC", "1969-12-31T10:00:00Z", "1969-12-31T00:00:00Z"),
            (
                "Europe/Berlin",
                "2026-11-22T23:30:00Z",
                "2026-11-23T00:00:00+01:00",
            ),
            // 23 hours: from 02:00 to 03:00.
            (
                "Europe/Berlin",
                "2026-03-29T23:59:00+02:00",
                "2026-03-29T00:00:00+01:00",
            ),
            (
                "Europe/Berlin",
                "2026-03-30T00:00:00+02:00",
                "2026-03-30T00:00:00+02:00",
            ),
            // 25 hours.
            (
                "Europe/Berlin",
                "2026-10-25T23:59:00+01:00",
                "2026-10-25T00:00:00+02:00",
            ),
            // Clocks go from 00:00 to 01:00.
            (
                "Asia/Beirut",
                "2026-03-29T12:00:00+03:00",
                "2026-03-29T01:00:00+03:00",
            ),
            (
                "Asia/Beirut",
                "2026-03-28T23:59:59+02:00",
                "2026-03-28T00:00:00+02:00",
            ),
            // From 24:00 back to 23:00: the day before has 25 hours.
            (
                "Asia/Beirut",
                "2026-10-24T23:30:00+02:00",
                "2026-10-24T00:00:00+03:00",
            ),
            // There was no 30 December 2011.
            (
                "Pacific/Apia",
                "2011-12-31T10:00:00+14:00",
                "2011-12-31T00:00:00+14:00",
            ),
            (
                "Pacific/Apia",
                "2011-12-29T23:00:00-10:00",
                "2011-12-29T00:00:00-10:00",
            ),
            (
                "Asia/Kathmandu",
                "2026-11-22T20:00:00Z",
                "2026-11-23T00:00:00+05:45",
            ),
        ];
        for (name, time, begins_at) in table {
            let day = Zone::new(&zone(name)).day(at(time));
            assert_eq!(day.begins_at, at(begins_at), "{name} {time}");
            assert!(day.begins_at <= at(time) && at(time) < day.ends_at);
        }
    }

    /// Compares day by day with the library, where clocks change and where they don't.
    #[test]
    fn every_day_of_every_zone_begins_as_in_the_database_at_a_quarter_hour() {
        for name in TimeZoneDatabase::bundled().available() {
            let zone = zone(name.as_str());
            for (year, days) in [(1995, 60), (2010, 400), (2026, 400), (2090, 60)] {
                check_days(&zone, Date::constant(year, 9, 1), days);
            }
        }
    }

    fn check_days(zone: &TimeZone, first: Date, count: usize) {
        let days = Zone::new(zone);
        let begins_at = |day: Date| {
            let zoned = day.to_zoned(zone.clone()).unwrap();
            Timestamp(zoned.timestamp().as_microsecond())
        };
        for date in first.series(1.day()).take(count) {
            let day = Day {
                begins_at: begins_at(date),
                ends_at: begins_at(date.tomorrow().unwrap()),
            };
            // A date that is skipped has no day.
            if day.begins_at < day.ends_at {
                assert_eq!(days.day(day.begins_at), day, "{zone:?}");
                assert_eq!(days.day(Timestamp(day.ends_at.0 - 1)), day, "{zone:?}");
                assert_eq!(day.begins_at.floor(QUARTER), day.begins_at, "{zone:?}");
            }
        }
    }

    #[test]
    fn the_midnights_of_several_zones_are_those_of_each() {
        let settings = KpiSettings {
            zone: zone("Asia/Kathmandu"),
            zones_by_site: BTreeMap::from([
                (SiteId::new("north"), zone("Europe/Berlin")),
                (SiteId::new("south"), zone("UTC")),
                (SiteId::new("west"), zone("Europe/Berlin")),
            ]),
            ..KpiSettings::default()
        };
        let midnights = Midnights::new(&settings);
        assert_eq!(midnights.zones.len(), 3);
        let noon = at("2026-11-22T12:00:00Z");
        let begins_at = |site: &str| midnights.day(Some(&SiteId::new(site)), noon).begins_at;
        assert_eq!(begins_at("west"), at("2026-11-21T23:00:00Z"));
        assert_eq!(begins_at("elsewhere"), at("2026-11-21T18:15:00Z"));
        assert_eq!(midnights.last(noon), at("2026-11-22T00:00:00Z"));
        assert_eq!(midnights.next(noon), at("2026-11-22T18:15:00Z"));
        assert_eq!(
            midnights.next(midnights.next(noon)),
            at("2026-11-22T23:00:00Z")
        );
    }
}
