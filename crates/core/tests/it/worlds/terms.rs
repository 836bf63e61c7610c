//! Settings that vary by seed, for both sides: the engine in its types, the recount in its own.

use std::{collections::BTreeMap, sync::Arc};

use floorwalker_core::{
    contact::{self, Calendar, ContactSettings, Hours, Measure, Opens},
    engine::Settings,
    event::{Channel, QueueId, SiteId, Span, Timestamp},
    kpi::Window,
};
use floorwalker_testkit::harness::events_settings;
use floorwalker_testkit::{random::Random, reference};

use serde_json::json;

use crate::{agreement::reference_settings, calendar::hours, worlds::made::QUEUES};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// Seconds.
const WINDOWS: [i64; 13] = [
    60,
    150,
    300,
    600,
    1_800,
    2_700,
    HOUR,
    3 * HOUR,
    8 * HOUR,
    DAY,
    25 * HOUR,
    2 * DAY,
    7 * DAY,
];
/// With midnights at quarters of an hour, on either side of the date line, and clocks that change in March.
const ZONES: [&str; 6] = [
    "UTC",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "America/New_York",
    "Pacific/Chatham",
    "Asia/Beirut",
];
const MEASURES: [(Measure, reference::Measure, &[i64]); 5] = [
    (
        Measure::Accept,
        reference::Measure::Accept,
        &[6, 18, 30, 600],
    ),
    (
        Measure::Answer,
        reference::Measure::Answer,
        &[5, 10, 20, 60, 900],
    ),
    (
        Measure::FirstResponse,
        reference::Measure::FirstResponse,
        &[15, 60, 900, 4 * HOUR, DAY],
    ),
    (
        Measure::NextResponse,
        reference::Measure::NextResponse,
        &[30, 120, 1_800, 4 * HOUR],
    ),
    (
        Measure::Resolution,
        reference::Measure::Resolution,
        &[40, 1_800, 10 * HOUR, 3 * DAY],
    ),
];
/// A zone, its hours, and when a world begins there: most of them around a night in which clocks are set.
const PLACES: [(&str, &str, &str); 5] = [
    (
        "Europe/Berlin",
        "sat 09:00-17:00; sun 02:30-11:00; mon 08:00-12:00; tue 08:00-18:00; 2026-03-30",
        "2026-03-28T14:00:00Z",
    ),
    (
        "America/New_York",
        "sat 18:00-01:30; sun 01:15-01:45 09:00-12:00 12:30-17:00; mon 00:00-24:00",
        "2026-10-31T20:00:00Z",
    ),
    (
        "Australia/Lord_Howe",
        "fri 07:00-23:00; sat 22:00-02:15; sun 02:15-10:00; 2026-10-02; 2026-10-03 20:00-02:10",
        "2026-10-01T19:00:00Z",
    ),
    (
        "Asia/Kathmandu",
        "mon 20:00-04:00; tue 20:00-04:00; wed 06:10-06:25 06:25-07:00",
        "2026-11-23T08:00:00Z",
    ),
    (
        "UTC",
        "mon 00:00-24:00; tue 00:00-24:00; wed 08:00-20:00; sat 10:00-14:00; sun 10:00-14:00",
        "2026-11-22T08:00:00Z",
    ),
];

/// What a world is counted by.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    pub(crate) settings: Settings,
    pub(crate) recounted: reference::Settings,
    pub(crate) start: Timestamp,
    /// Statements of the directory.
    pub(crate) statements: Vec<String>,
    /// For people, a line each.
    pub(crate) lines: Vec<String>,
}

impl Default for Terms {
    /// Those of the page, of one task.
    fn default() -> Self {
        let mut settings = (*events_settings(1, Settings::default().recovery_max_bytes)).clone();
        // Between two stops seconds of the wall pass, and hours of the world: nobody is left out for being silent.
        settings.idle_timeout = Span::from_secs(DAY);
        Self {
            settings,
            recounted: reference_settings(),
            start: Timestamp::default(),
            statements: Vec::new(),
            lines: Vec::new(),
        }
    }
}

impl Terms {
    pub(crate) fn of(random: &mut Random) -> Self {
        let (zone, open, start) = *random.pick(&PLACES);
        let mut terms = Self {
            start: Timestamp::parse(start).unwrap(),
            ..Self::default()
        };
        if random.chance(0.85) {
            terms.promise(random, (zone, open));
        }
        terms.limit(random);
        terms.judge(random);
        if random.chance(0.6) {
            terms.look_back(random);
        }
        terms.live_by(random);
        if random.chance(0.4) {
            terms.move_queues(random);
        }
        // Long enough for any event at any time.
        if random.chance(0.3) {
            terms.settings.lateness = Span::from_secs(40 * DAY);
            terms.lines.push("lateness 40 d".to_owned());
        }
        terms
    }

    fn promise(&mut self, random: &mut Random, (zone, open): (&str, &str)) {
        let (hours, recounted) = hours(zone, open);
        let calendar = Arc::new(Calendar::new(zone, hours));
        self.settings.contact.policies.clear();
        self.recounted.policies.clear();
        for number in 0..3 + random.below(6) {
            let promise = Promise::of(random, number);
            let by_hours = random.chance(0.35);
            let when = by_hours.then(|| format!(" by {zone}: {open}"));
            self.lines
                .push(format!("{promise:?}{}", when.unwrap_or_default()));
            self.settings.contact.policies.push(contact::Policy {
                calendar: by_hours.then(|| Arc::clone(&calendar)),
                ..promise.policy()
            });
            self.recounted.policies.push(reference::Policy {
                calendar: by_hours.then(|| recounted.clone()),
                ..promise.recounted()
            });
        }
    }

    /// Which channels wrap up, and how old things may get.
    fn limit(&mut self, random: &mut Random) {
        let ContactSettings {
            wrap_up_max,
            no_wrap_up,
            max_age,
            short_abandon,
            ..
        } = &mut self.settings.contact;
        if random.chance(0.3) {
            *no_wrap_up = (Channel::ALL.into_iter())
                .filter(|_| random.chance(0.4))
                .collect();
            self.lines.push(format!("no wrap-up on {no_wrap_up:?}"));
        }
        if random.chance(0.3) {
            *wrap_up_max = Span::from_secs(*random.pick(&[60, 600, 7_200]));
            self.lines.push(format!("wrap_up_max {wrap_up_max:?}"));
        }
        if random.chance(0.4) {
            for age in max_age.iter_mut() {
                *age = Span::from_secs(*random.pick(&[3 * HOUR, 8 * HOUR, DAY, 30 * DAY]));
            }
            self.lines.push(format!("max_age {max_age:?}"));
        }
        if random.chance(0.2) {
            *short_abandon = Span::from_secs(*random.pick(&[0, 2, 5]));
            self.lines.push(format!("short_abandon {short_abandon:?}"));
        }
        self.recounted.wrap_up_max = *wrap_up_max;
        self.recounted.no_wrap_up = no_wrap_up.iter().copied().collect();
        self.recounted.max_age = Channel::ALL.into_iter().zip(*max_age).collect();
        self.recounted.short_abandon = *short_abandon;
    }

    /// First-contact resolution.
    fn judge(&mut self, random: &mut Random) {
        let ContactSettings {
            first_contact: fcr,
            remember_min,
            ..
        } = &mut self.settings.contact;
        if random.chance(0.6) {
            fcr.window = Span::from_secs(*random.pick(&[HOUR, 5 * HOUR, DAY, 7 * DAY]));
            fcr.transfer_breaks = random.chance(0.5);
            fcr.same_reason = random.chance(0.3);
            self.lines.push(format!("{fcr:?}"));
        }
        if random.chance(0.5) {
            *remember_min = fcr.window;
            self.lines.push(format!("remember_min {remember_min:?}"));
        }
        self.recounted.remember_min = *remember_min;
        self.recounted.fcr = reference::Fcr {
            window: fcr.window,
            transfer_breaks: fcr.transfer_breaks,
            same_reason: fcr.same_reason,
        };
    }

    /// The greatest age, of all channels.
    pub(crate) fn age_to(&mut self, age: Span) {
        self.settings.contact.max_age = [age; 8];
        self.recounted.max_age = Channel::ALL.into_iter().map(|it| (it, age)).collect();
    }

    fn look_back(&mut self, random: &mut Random) {
        let lengths = WINDOWS.into_iter().filter(|_| random.chance(0.4));
        self.look_back_to(lengths.map(Span::from_secs));
    }

    /// Queues get other teams and sites by the directory.
    fn move_queues(&mut self, random: &mut Random) {
        for _ in 0..1 + random.below(4) {
            let queue = *random.pick(&QUEUES);
            let from = self.start + random.up_to(Span::from_secs(2 * DAY));
            let mut group = |names: [&str; 3]| {
                random
                    .chance(0.8)
                    .then(|| (*random.pick(&names)).to_owned())
            };
            let (team, site) = (
                group(["red", "blue", "night"]),
                group(["north", "south", "abroad"]),
            );
            let statement = json!({
                "subject": format!("queue:{queue}"), "valid_from": from, "team": team, "site": site,
            });
            self.lines.push(statement.to_string());
            self.statements.push(statement.to_string());
            let moves = &mut self.recounted.moves;
            moves.retain(|it| it.queue != queue || it.from != from);
            moves.push(reference::Move {
                from,
                queue: queue.to_owned(),
                team,
                site,
            });
        }
        self.recounted.moves.sort_by_key(|it| it.from);
    }

    /// Where it is midnight when.
    fn live_by(&mut self, random: &mut Random) {
        let named = |name: &str| Hours::zone_named(name).unwrap();
        let of_all = *random.pick(&ZONES);
        let mut names = vec![format!("zone {of_all}")];
        for site in ["north", "south", "abroad"] {
            if random.chance(0.6) {
                let name = *random.pick(&ZONES);
                names.push(format!("{site} {name}"));
                let zones = &mut self.settings.kpi.zones_by_site;
                zones.insert(SiteId::new(site), named(name));
                self.recounted.zones.insert(site.to_owned(), named(name));
            }
        }
        self.settings.kpi.zone = named(of_all);
        self.recounted.zone = named(of_all);
        self.lines.push(names.join(", "));
    }

    /// Sliding windows, `today` and `all`.
    pub(crate) fn look_back_to(&mut self, lengths: impl Iterator<Item = Span>) {
        let lengths: Vec<Option<Span>> = lengths.map(Some).chain([None]).collect();
        let sliding = lengths.iter().flatten();
        let sliding = sliding.map(|it| Window::sliding(&reference::window_name(Some(*it)), *it));
        let windows = sliding.chain([Window::today(), Window::all()]);
        self.settings.kpi.windows = windows.collect();
        let names: Vec<String> = lengths
            .iter()
            .map(|it| reference::window_name(*it))
            .collect();
        self.lines.push(format!("windows {}", names.join(" ")));
        self.recounted.windows = lengths;
    }
}

/// One policy for both sides.
#[derive(Debug)]
pub(crate) struct Promise {
    name: String,
    measure: usize,
    channel: Option<Channel>,
    queues: Vec<String>,
    threshold: Span,
    at_risk_at: f64,
    opens: Opens,
    abandons: contact::Abandons,
    short_abandon: Option<Span>,
    flow_outs: contact::FlowOuts,
    callbacks: Option<contact::FlowOuts>,
    pauses: bool,
}

impl Promise {
    /// `name=… measure=… seconds=…`, and what is not as usual.
    pub(crate) fn parse<'t>(words: impl Iterator<Item = &'t str>) -> Self {
        let pairs: BTreeMap<&str, &str> = words.map(|it| it.split_once('=').unwrap()).collect();
        let of = |name: &str| pairs.get(name).copied();
        let measure = |(measure, ..): &(Measure, _, _)| of("measure") == Some(measure.name());
        let seconds = |text: &str| Span::from_secs(text.parse().unwrap());
        Self {
            name: pairs["name"].to_owned(),
            measure: MEASURES.iter().position(measure).unwrap(),
            channel: of("channel").map(|name| Channel::from_name(name).unwrap()),
            queues: of("queues").map(str::to_owned).into_iter().collect(),
            threshold: seconds(pairs["seconds"]),
            at_risk_at: 0.75,
            opens: match of("opens") {
                Some("queued") => Opens::Queued,
                _ => Opens::Contact,
            },
            abandons: match of("abandons") {
                Some("negative") => contact::Abandons::Negative,
                Some("positive") => contact::Abandons::Positive,
                _ => contact::Abandons::Ignore,
            },
            short_abandon: of("short").map(seconds),
            flow_outs: of("flow_outs").map(flow_outs).unwrap_or_default(),
            callbacks: of("callbacks").map(flow_outs),
            pauses: match of("pauses") {
                Some(given) => given == "true",
                None => of("measure") == Some("resolution"),
            },
        }
    }

    fn of(random: &mut Random, number: usize) -> Self {
        let measure = random.below(MEASURES.len());
        let (of, _, thresholds) = MEASURES[measure];
        let threshold = *random.pick(thresholds);
        let short = *random.pick(&[0, 1, 3, 5]);
        Self {
            name: format!("{number} {}", of.name()),
            measure,
            channel: random.chance(0.3).then(|| *random.pick(&Channel::ALL)),
            queues: match random.below(4) {
                0 => QUEUES
                    .into_iter()
                    .filter(|_| random.chance(0.5))
                    .take(2)
                    .map(str::to_owned)
                    .collect(),
                _ => Vec::new(),
            },
            threshold: Span::from_secs(threshold),
            at_risk_at: *random.pick(&[0.75, 0.5, 0.1, 1.0]),
            opens: *random.pick(&[Opens::Contact, Opens::Queued]),
            abandons: *random.pick(&[
                contact::Abandons::Ignore,
                contact::Abandons::Negative,
                contact::Abandons::Positive,
            ]),
            short_abandon: random.chance(0.3).then(|| Span::from_secs(short)),
            flow_outs: *random.pick(&contact::FlowOuts::ALL),
            callbacks: (random.chance(0.5)).then(|| *random.pick(&contact::FlowOuts::ALL)),
            pauses: random.chance(0.3) != (of == Measure::Resolution),
        }
    }

    pub(crate) fn policy(&self) -> contact::Policy {
        let (measure, ..) = MEASURES[self.measure];
        contact::Policy {
            name: self.name.clone(),
            channel: self.channel,
            queues: self.queues.iter().map(|name| QueueId::new(name)).collect(),
            at_risk_at: self.at_risk_at,
            opens: self.opens,
            abandons: self.abandons,
            short_abandon: self.short_abandon,
            flow_outs: self.flow_outs,
            callbacks: self.callbacks,
            pauses: self.pauses,
            ..contact::Policy::standard(measure, Channel::Voice, self.threshold, 0.8)
        }
    }

    pub(crate) fn recounted(&self) -> reference::Policy {
        let (_, measure, _) = MEASURES[self.measure];
        let queues = self.queues.iter().map(|name| QueueId::new(name));
        reference::Policy {
            name: self.name.clone(),
            channel: self.channel,
            queues: (!self.queues.is_empty()).then(|| queues.collect()),
            at_risk_at: self.at_risk_at,
            opens: match self.opens {
                Opens::Contact => reference::Opens::Contact,
                Opens::Queued => reference::Opens::Queued,
            },
            abandons: match self.abandons {
                contact::Abandons::Ignore => reference::Abandons::Ignore,
                contact::Abandons::Negative => reference::Abandons::Negative,
                contact::Abandons::Positive => reference::Abandons::Positive,
            },
            short_abandon: self.short_abandon,
            flow_outs: recounted(self.flow_outs),
            callbacks: self.callbacks.map(recounted),
            pauses: self.pauses,
            ..reference::Policy::new(Channel::Voice, measure, self.threshold)
        }
    }
}

fn flow_outs(name: &str) -> contact::FlowOuts {
    contact::FlowOuts::from_name(name).unwrap()
}

fn recounted(rule: contact::FlowOuts) -> reference::FlowOuts {
    match rule {
        contact::FlowOuts::Exclude => reference::FlowOuts::Exclude,
        contact::FlowOuts::Include => reference::FlowOuts::Include,
        contact::FlowOuts::Met => reference::FlowOuts::Met,
    }
}
