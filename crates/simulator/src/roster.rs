//! Who works here, and when: names, teams, sites, skills, shifts and breaks.

use super::{
    QueueNo,
    day::{DAY, QUARTER},
    dice::{Dice, seconds, times},
    plan::{DeskPlan, Shift},
    settings::{Desk, QueuePlan, WorldSettings},
};
use floorwalker_core::event::{AgentId, SiteId, Span, TeamId, Text};

const NAMES: [&str; 40] = [
    "ana", "bo", "carla", "dewi", "elin", "feng", "gita", "hugo", "ines", "johan", "karin", "li",
    "mei", "nils", "olga", "putri", "quinn", "rosa", "sari", "tove", "ulf", "vera", "wei",
    "ximena", "yan", "zara", "agus", "berta", "cesar", "dian", "erik", "fatima", "gustav", "hana",
    "ivan", "jun", "kofi", "lucia", "maja", "noor",
];
const SITES: [&str; 4] = ["malmo", "bogota", "jakarta", "leeds"];
const TEAM_SIZE_MAX: usize = 12;
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

impl Hire {
    /// Whether the timetable has them there, breaks aside, for so long from a time of the day on.
    pub(super) fn is_there_for(&self, since_midnight: Span, lasts: Span) -> bool {
        let ends = self.timetable.iter().filter(|(_, duty)| *duty == Duty::Off);
        let mut left = ends.map(|(at, _)| Span((*at - since_midnight).0.rem_euclid(DAY.0)));
        left.all(|left| left >= lasts)
    }
}

/// Hires for each desk by its share, at least one each.
pub(super) fn hire(settings: &WorldSettings, plans: &[DeskPlan], dice: &mut Dice) -> Vec<Hire> {
    let mut hires = Vec::with_capacity(settings.agents);
    let mut first_queue = 0;
    for (desk, (plan, planned)) in settings.desks.iter().zip(plans).enumerate() {
        for (place, shift) in spread(&planned.shifts).enumerate() {
            let skills = match shift {
                Some(shift) if shift.all_queues => plan.queues.len(),
                _ => plan.skills,
            };
            let mut hire = person((plan, skills), place, hires.len(), first_queue);
            hire.desk = desk;
            hire.pace = dice.lognormal_factor(settings.habits.pace);
            hire.kindness = dice.normal(0.5, 0.15).clamp(0.05, 0.95);
            hire.timetable = shift.map_or_else(Vec::new, |shift| timetable(shift, dice));
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

fn person(
    (desk, skills): (&Desk, usize),
    place: usize,
    number: usize,
    first_queue: QueueNo,
) -> Hire {
    let name = NAMES[number % NAMES.len()];
    let again = number / NAMES.len();
    let team = place / TEAM_SIZE_MAX;
    let known = desk.queues.len();
    let queues: Vec<QueueNo> = (0..skills.min(known))
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
    let work = |queue: &QueuePlan| queue.weight * queue.handle.mean().as_secs();
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

/// Whoever is hired first would have the busiest shift: spread them over skills and teams.
fn spread(shifts: &[Option<Shift>]) -> impl Iterator<Item = Option<Shift>> {
    let size = shifts.len();
    let step = (size * 5 / 8 + 1..).find(|step| coprime(*step, size));
    let step = step.unwrap_or(1);
    (0..size).map(move |place| shifts[place * step % size])
}

const fn coprime(mut one: usize, mut other: usize) -> bool {
    while other > 0 {
        (one, other) = (other, one % other);
    }
    one == 1
}

fn timetable(shift: Shift, dice: &mut Dice) -> Vec<(Span, Duty)> {
    let at = |quarters: usize| times(QUARTER, f64::from(u8::try_from(quarters).unwrap_or(0)));
    // People come a little early, and are not punctual at breaks.
    let mut timetable = vec![(
        at(shift.begins) + seconds(dice.between(-240.0, 0.0)),
        Duty::On,
    )];
    for (from, length) in shift.breaks {
        let begins = at(from) + seconds(dice.between(-180.0, 180.0));
        let away = Duty::Away(if length > 1 { "lunch" } else { "break" });
        timetable.push((begins, away));
        timetable.push((begins + at(length), Duty::On));
    }
    timetable.push((
        at(shift.ends) + seconds(dice.between(-20.0, 120.0)),
        Duty::Off,
    ));
    let in_day = |(time, duty): (Span, Duty)| (Span(time.0.rem_euclid(DAY.0)), duty);
    let mut timetable: Vec<_> = timetable.into_iter().map(in_day).collect();
    timetable.sort_by_key(|(time, _)| *time);
    timetable
}
