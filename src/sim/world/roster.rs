//! Who works here, and when: names, teams, sites, skills, shifts and breaks.

use super::{
    QueueNo,
    day::{DAY, HALF_HOUR},
    dice::{Dice, seconds, times},
    settings::{Desk, Roster, WorldSettings},
};
use crate::event::{AgentId, Channel, SiteId, Span, TeamId, Text};

const NAMES: [&str; 40] = [
    "ana", "bo", "carla", "dewi", "elin", "feng", "gita", "hugo", "ines", "johan", "karin", "li",
    "mei", "nils", "olga", "putri", "quinn", "rosa", "sari", "tove", "ulf", "vera", "wei",
    "ximena", "yan", "zara", "agus", "berta", "cesar", "dian", "erik", "fatima", "gustav", "hana",
    "ivan", "jun", "kofi", "lucia", "maja", "noor",
];
const SITES: [&str; 4] = ["malmo", "bogota", "jakarta", "leeds"];
const TEAM_SIZE_MAX: usize = 12;
const SHIFT_HALF_HOURS: usize = 17;
/// Begin and length of the breaks of a shift, in minutes.
const BREAKS: [(i64, i64, Duty); 3] = [
    (120, 15, Duty::Away("break")),
    (240, 30, Duty::Away("lunch")),
    (385, 15, Duty::Away("break")),
];

/// What the timetable wants of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Duty {
    Off,
    On,
    Away(&'static str),
}

/// A person, as they were hired.
#[derive(Debug, Clone)]
pub(super) struct Hire {
    pub(super) id: AgentId,
    pub(super) desk: usize,
    pub(super) team: TeamId,
    pub(super) site: SiteId,
    pub(super) skills: Vec<Text>,
    pub(super) queues: Vec<QueueNo>,
    pub(super) slots: u32,
    /// Handle times are times this.
    pub(super) pace: f64,
    /// 0 to 1; half is usual.
    pub(super) kindness: f64,
    /// Since local midnight, in order, every day again. Empty: always on.
    pub(super) timetable: Vec<(Span, Duty)>,
}

/// Hires for each desk by its share, at least one each.
pub(super) fn hire(settings: &WorldSettings, dice: &mut Dice) -> Vec<Hire> {
    let mut hires = Vec::with_capacity(settings.agents);
    let mut first_queue = 0;
    for (desk, size) in desk_sizes(settings).into_iter().enumerate() {
        let plan = &settings.desks[desk];
        let shifts = shifts(settings, plan, size);
        for (place, shift) in shifts.into_iter().enumerate() {
            let mut hire = person(plan, place, hires.len(), first_queue);
            hire.desk = desk;
            hire.pace = dice.lognormal_factor(settings.habits.pace);
            hire.kindness = dice.normal(0.5, 0.15).clamp(0.05, 0.95);
            hire.timetable = shift.map_or_else(Vec::new, |begin| timetable(begin, dice));
            hires.push(hire);
        }
        first_queue += plan.queues.len();
    }
    hires
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "heads"
)]
pub(super) fn desk_sizes(settings: &WorldSettings) -> Vec<usize> {
    let shares: f64 = settings.desks.iter().map(|desk| desk.share).sum();
    let (mut due, mut hired) = (0.0, 0);
    let mut sizes = Vec::new();
    for desk in &settings.desks {
        due += desk.share / shares * settings.agents as f64;
        let to = (due.round() as usize).min(settings.agents);
        let size = to.saturating_sub(hired).max(1);
        hired += size;
        sizes.push(size);
    }
    sizes
}

fn person(desk: &Desk, place: usize, number: usize, first_queue: QueueNo) -> Hire {
    let name = NAMES[number % NAMES.len()];
    let again = number / NAMES.len();
    let team = place / TEAM_SIZE_MAX;
    let known = desk.queues.len();
    let queues: Vec<QueueNo> = (0..desk.skills.min(known))
        .map(|skill| (home(desk, place) + skill) % known)
        .collect();
    Hire {
        id: AgentId::new(&match again {
            0 => name.to_owned(),
            _ => format!("{name}-{}", again + 1),
        }),
        desk: 0,
        team: TeamId::new(&format!("{}-{}", desk.name, team + 1)),
        site: SiteId::new(SITES[team % SITES.len()]),
        skills: (queues.iter())
            .map(|queue| Text::new(&desk.queues[*queue].name))
            .collect(),
        queues: queues.iter().map(|queue| first_queue + queue).collect(),
        slots: desk.slots,
        pace: 1.0,
        kindness: 0.5,
        timetable: Vec::new(),
    }
}

/// The queue that an agent knows best: each gets agents by the work that it brings.
#[expect(clippy::cast_precision_loss, reason = "places of a desk")]
fn home(desk: &Desk, place: usize) -> usize {
    let work = |queue: &super::QueuePlan| queue.weight * queue.handle.mean().as_secs();
    let all: f64 = desk.queues.iter().map(work).sum();
    // The golden ratio's multiples spread evenly whatever their number.
    let mut rest = (0.5 + place as f64 * 0.618_033_988_749_895).fract() * all;
    for (number, queue) in desk.queues.iter().enumerate() {
        if rest < work(queue) {
            return number;
        }
        rest -= work(queue);
    }
    0
}

/// The half hours in which shifts begin: each where most traffic is not yet covered. `None`: no shifts.
#[expect(clippy::cast_precision_loss, reason = "heads")]
fn shifts(settings: &WorldSettings, desk: &Desk, size: usize) -> Vec<Option<usize>> {
    if settings.roster == Roster::Always {
        return vec![None; size];
    }
    let traffic = settings.day.half_hours(is_written(desk));
    let scale = (size * SHIFT_HALF_HOURS) as f64 / traffic.iter().sum::<f64>();
    let mut lacking = traffic.map(|share| share * scale);
    let mut begins: Vec<usize> = (0..size)
        .map(|_| {
            let begin = neediest(&lacking);
            (begin..begin + SHIFT_HALF_HOURS).for_each(|it| lacking[it % 48] -= 1.0);
            begin
        })
        .collect();
    // Whoever is hired first would have the busiest shift: spread them over skills and teams.
    let step = (size * 5 / 8 + 1..)
        .find(|step| coprime(*step, size))
        .unwrap_or(1);
    let order: Vec<usize> = (0..size).map(|place| place * step % size).collect();
    begins = order.into_iter().map(|place| begins[place]).collect();
    begins.into_iter().map(Some).collect()
}

const fn coprime(mut one: usize, mut other: usize) -> bool {
    while other > 0 {
        (one, other) = (other, one % other);
    }
    one == 1
}

fn neediest(lacking: &[f64; 48]) -> usize {
    let need = |begin: usize| -> f64 {
        let hours = begin..begin + SHIFT_HALF_HOURS;
        // Squares: the worst half hours first.
        hours.map(|it| lacking[it % 48].max(0.0).powi(2)).sum()
    };
    (0..48)
        .max_by(|one, other| need(*one).total_cmp(&need(*other)))
        .unwrap_or(0)
}

pub(super) fn is_written(desk: &Desk) -> bool {
    desk.queues
        .iter()
        .any(|queue| queue.channel == Channel::Email)
}

fn timetable(begin: usize, dice: &mut Dice) -> Vec<(Span, Duty)> {
    let begin = times(HALF_HOUR, f64::from(u8::try_from(begin).unwrap_or(0)));
    // People come a little early and take their breaks in turn.
    let shift = begin + seconds(dice.between(-240.0, 20.0));
    let mut timetable = vec![(shift, Duty::On)];
    for (minutes, long, duty) in BREAKS {
        let from = shift + Span::from_secs(minutes * 60) + seconds(dice.between(-2_700.0, 2_700.0));
        timetable.push((from, duty));
        timetable.push((from + Span::from_secs(long * 60), Duty::On));
    }
    let length = times(
        HALF_HOUR,
        f64::from(u8::try_from(SHIFT_HALF_HOURS).unwrap_or(0)),
    );
    timetable.push((shift + length, Duty::Off));
    let in_day = |(at, duty): (Span, Duty)| (Span(at.0.rem_euclid(DAY.0)), duty);
    let mut timetable: Vec<_> = timetable.into_iter().map(in_day).collect();
    timetable.sort_by_key(|(at, _)| *at);
    timetable
}

/// How many of a desk are on duty in the mean of a day.
pub(super) fn present<'a>(hires: impl Iterator<Item = &'a Hire>, desk: usize) -> f64 {
    let there = |hire: &Hire| match hire.timetable.is_empty() {
        true => 1.0,
        false => on_duty(&hire.timetable).as_secs() / DAY.as_secs(),
    };
    hires.filter(|hire| hire.desk == desk).map(there).sum()
}

fn on_duty(timetable: &[(Span, Duty)]) -> Span {
    let mut on = Span::ZERO;
    for (place, (from, duty)) in timetable.iter().enumerate() {
        let to = timetable
            .get(place + 1)
            .map_or(timetable[0].0 + DAY, |next| next.0);
        if *duty == Duty::On {
            on = on + (to - *from);
        }
    }
    on
}
