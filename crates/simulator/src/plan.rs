//! Who is needed when: how much traffic the payroll of a desk can bear, and the shifts that bear it.
//!
//! Erlang A gives how much work any number of heads can do and still answer as promised. The traffic is the most of which every
//! quarter of an hour has, but for a little, the heads that it needs.

use super::{
    contact::{has_wrap_up, is_ticket},
    day::QUARTERS,
    effort::{BOT_HELPS, CHAT_WRAP_UP, MISS_COSTS, READS_FOR, solves},
    settings::{Desk, Habits, QueuePlan, Roster, WorldSettings},
};
use floorwalker_core::{
    event::{Channel, Span},
    staffing::ErlangA,
};

const SHIFT_QUARTERS: usize = 34;
/// Begin and length of the breaks of a shift, in quarters.
const BREAKS: [(usize, usize); 3] = [(8, 1), (16, 2), (26, 1)];
/// A break may begin so many quarters earlier or later.
const BREAK_MOVES: usize = 3;
/// Of a shift, without the breaks.
const PRESENT: f64 = 30.0 / 34.0;
/// One alone takes breaks, too.
const HEADS_MIN: f64 = 2.0;
/// So few people can't be there all day: at the least this share of what they could do at once comes.
const LEAST: f64 = 0.25;
/// The heads that may be lacking, of those that are needed: the root of the mean square over the day.
const SHORTAGE_MAX: f64 = 0.08;
/// Shifts are found for so many parts of a desk, one after the other.
const COHORTS: usize = 500;
const HALVINGS: usize = 14;
/// Customers without a limit to their patience, in seconds.
const VERY_PATIENT: f64 = 36_000.0;
/// Where so few a queue are needed, each is trained for all queues.
const TRAINED_FOR_ALL_BELOW: f64 = 5.0;
/// Mean of the square of a share, which is what problems' hardness is.
const HARDNESS: f64 = 1.0 / 3.0;

/// What a desk is to bear, and by whom.
#[derive(Debug, Clone)]
pub(super) struct DeskPlan {
    /// Contacts a second in the busiest half hour, for each unit of weight.
    pub(super) rate: f64,
    /// Of each of the desk's people; `None`: always there.
    pub(super) shifts: Vec<Option<Shift>>,
}

/// A shift, in quarters of an hour since local midnight.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shift {
    pub(super) begins: usize,
    /// Begin and length of each.
    pub(super) breaks: [(usize, usize); 3],
    pub(super) ends: usize,
    /// So few are there at some time that each takes contacts of all queues.
    pub(super) all_queues: bool,
}

/// Of all desks, by the sizes that they have.
pub(super) fn plans(settings: &WorldSettings, sizes: &[usize]) -> Vec<DeskPlan> {
    let desks = settings.desks.iter().zip(sizes);
    desks
        .map(|(desk, size)| Planning::new(settings, desk).plan(*size))
        .collect()
}

struct Planning<'s> {
    desk: &'s Desk,
    roster: Roster,
    /// Shares of the busiest half hour's traffic, by quarter.
    traffic: [f64; QUARTERS],
    /// Seconds of a slot that a unit of weight brings.
    work: f64,
    capacity: Capacity,
}

/// How much work heads can do.
struct Capacity {
    /// Heads and contacts at work at once in the mean, ascending.
    points: Vec<(f64, f64)>,
}

impl<'s> Planning<'s> {
    fn new(settings: &WorldSettings, desk: &'s Desk) -> Self {
        let work = |queue: &QueuePlan| queue.weight * work_of(queue, desk, settings.habits);
        Self {
            desk,
            roster: settings.roster,
            traffic: settings.day.quarters(is_written(desk)),
            work: desk.queues.iter().map(work).sum(),
            capacity: Capacity::new(desk, settings),
        }
    }

    fn plan(&self, size: usize) -> DeskPlan {
        let heads = heads(size);
        let most = self.capacity.work_of(heads) / self.work;
        if self.desk.promise.is_none() && self.roster == Roster::Shifts {
            return self.plan_letters(size);
        }
        if self.roster == Roster::Always {
            let busiest = self.traffic.iter().copied().fold(0.0, f64::max);
            return DeskPlan {
                rate: most / busiest,
                shifts: vec![None; size],
            };
        }
        let (mut low, mut high) = (0.0, 2.0 * most);
        for _ in 0..HALVINGS {
            let rate = f64::midpoint(low, high);
            match self.is_borne(rate, size) {
                true => low = rate,
                false => high = rate,
            }
        }
        let low = low.max(LEAST * most);
        let need = self.need(low);
        let begins = begins(&need, size);
        DeskPlan {
            rate: low,
            shifts: self.with_breaks(&need, &begins),
        }
    }

    /// Letters wait until somebody is there: all that come in a day are read on that day.
    fn plan_letters(&self, size: usize) -> DeskPlan {
        let hours = heads(size) * PRESENT * heads(SHIFT_QUARTERS);
        let rate =
            self.capacity.work_of(1.0) * hours / self.traffic.iter().sum::<f64>() / self.work;
        let need = self.need(rate);
        let begins = begins(&need, size);
        let shifts = self.with_breaks(&need, &begins);
        DeskPlan { rate, shifts }
    }

    /// The heads that each quarter needs. Letters can wait until people are there.
    fn need(&self, rate: f64) -> [f64; QUARTERS] {
        let work = self.traffic.map(|share| share * rate * self.work);
        if self.desk.promise.is_none() {
            let all = work.iter().sum::<f64>() / heads(OFFICE_QUARTERS.len());
            let mut need = [0.0; QUARTERS];
            need[OFFICE_QUARTERS].fill(self.capacity.heads_for(all));
            return need;
        }
        work.map(|work| match work > 0.0 {
            true => self.capacity.heads_for(work).max(HEADS_MIN),
            false => 0.0,
        })
    }

    fn is_borne(&self, rate: f64, size: usize) -> bool {
        let need = self.need(rate);
        let there = there(&begins(&need, size), PRESENT);
        let squares = need.iter().zip(there).filter(|(need, _)| **need > 0.0);
        let squares = squares.map(|(heads, present)| (heads - present).max(0.0).powi(2) / heads);
        squares.sum::<f64>() <= SHORTAGE_MAX.powi(2) * need.iter().sum::<f64>()
    }

    /// Each break where most are left, one after the other.
    fn with_breaks(&self, need: &[f64; QUARTERS], begins: &[usize]) -> Vec<Option<Shift>> {
        let mut left = there(begins, 1.0);
        let few = TRAINED_FOR_ALL_BELOW * heads(self.desk.queues.len());
        let shift = |begins_at: &usize| {
            let breaks = BREAKS.map(|(after, length)| {
                let to_spare = |from: usize| {
                    let quarters = (from..from + length).map(|it| it % QUARTERS);
                    let spare = quarters.map(|it| (left[it] - need[it]) / need[it].max(1.0));
                    spare.fold(f64::INFINITY, f64::min)
                };
                let first = begins_at + after - BREAK_MOVES;
                let from = (first..=first + 2 * BREAK_MOVES)
                    .max_by(|one, other| to_spare(*one).total_cmp(&to_spare(*other)))
                    .unwrap_or(first);
                (from..from + length).for_each(|it| left[it % QUARTERS] -= 1.0);
                (from, length)
            });
            let ends = begins_at + SHIFT_QUARTERS;
            let fewest = (*begins_at..ends)
                .map(|it| need[it % QUARTERS])
                .fold(f64::INFINITY, f64::min);
            Some(Shift {
                begins: *begins_at,
                breaks,
                ends,
                all_queues: fewest < few,
            })
        };
        begins.iter().map(shift).collect()
    }
}

/// When mails are read: from eight to six.
const OFFICE_QUARTERS: std::ops::Range<usize> = 32..72;

/// When the shifts begin: each where, for what is needed, most is lacking.
fn begins(need: &[f64; QUARTERS], size: usize) -> Vec<usize> {
    let mut there = [0.0; QUARTERS];
    let mut begins = Vec::with_capacity(size);
    while begins.len() < size {
        let cohort = (size / COHORTS).max(1).min(size - begins.len());
        let gain = |begin: usize| -> f64 {
            let quarters = (begin..begin + SHIFT_QUARTERS).map(|it| it % QUARTERS);
            quarters
                .map(|it| {
                    let (need, there): (f64, f64) = (need[it], there[it]);
                    let lacks = (need - there).max(0.0) / need.max(1.0);
                    // Whoever is left over goes where there is work.
                    lacks + 1e-3 * need / (there + 1.0)
                })
                .sum()
        };
        let begin = (0..QUARTERS)
            .step_by(2)
            .max_by(|one, other| gain(*one).total_cmp(&gain(*other)));
        let begin = begin.unwrap_or(0);
        (begin..begin + SHIFT_QUARTERS)
            .for_each(|it| there[it % QUARTERS] += PRESENT * heads(cohort));
        begins.extend(vec![begin; cohort]);
    }
    begins
}

fn there(begins: &[usize], each: f64) -> [f64; QUARTERS] {
    let mut there = [0.0; QUARTERS];
    for begin in begins {
        (*begin..begin + SHIFT_QUARTERS).for_each(|it| there[it % QUARTERS] += each);
    }
    there
}

impl Capacity {
    /// Of a desk as one pool, at steps that grow by a quarter.
    fn new(desk: &Desk, settings: &WorldSettings) -> Self {
        let mut points = vec![(0.0, 0.0)];
        let mut heads = 1_u32;
        while heads < 2 * u32::try_from(settings.agents).unwrap_or(u32::MAX / 4) + 2 {
            points.push((f64::from(heads), bearable(desk, settings.habits, heads)));
            heads += (heads / 4).max(1);
        }
        points.push((f64::from(heads), bearable(desk, settings.habits, heads)));
        Self { points }
    }

    fn work_of(&self, heads: f64) -> f64 {
        between(self.points.iter().copied(), heads)
    }

    fn heads_for(&self, work: f64) -> f64 {
        between(
            self.points.iter().map(|(heads, borne)| (*borne, *heads)),
            work,
        )
    }
}

/// Linear between points.
fn between(points: impl Iterator<Item = (f64, f64)>, at: f64) -> f64 {
    let (mut before, mut value) = ((0.0, 0.0), f64::INFINITY);
    for point in points {
        if point.0 >= at && point.0 > before.0 {
            value = before.1 + (point.1 - before.1) * (at - before.0) / (point.0 - before.0);
            break;
        }
        before = point;
    }
    value
}

/// The contacts at work at once in the mean, at most, with `heads` agents.
fn bearable(desk: &Desk, habits: Habits, heads: u32) -> f64 {
    let slots = f64::from(heads * desk.slots);
    let most = desk.load * slots;
    let Some(promise) = desk.promise else {
        return most;
    };
    let contacts = |queue: &QueuePlan| queue.weight * engagements_of(queue, desk, habits);
    let of_all = |each: &dyn Fn(&QueuePlan) -> f64| -> f64 {
        let all: f64 = desk.queues.iter().map(contacts).sum();
        desk.queues
            .iter()
            .map(|queue| contacts(queue) * each(queue))
            .sum::<f64>()
            / all
    };
    let handle = of_all(&|queue| slot_time(queue, habits));
    let patience = of_all(&|queue| queue.patience.map_or(VERY_PATIENT, Span::as_secs));
    let keeps = |work: f64| {
        let line = ErlangA {
            arrivals: work / handle,
            handle,
            patience,
            agents: heads * desk.slots,
        };
        line.within(promise.within.as_secs()) >= promise.share
    };
    if keeps(most) {
        return most;
    }
    let (mut low, mut high) = (0.0, most);
    for _ in 0..HALVINGS {
        let work = f64::midpoint(low, high);
        match keeps(work) {
            true => low = work,
            false => high = work,
        }
    }
    low
}

/// Seconds of a slot that a new contact takes until its problem is solved.
fn work_of(queue: &QueuePlan, desk: &Desk, habits: Habits) -> f64 {
    slot_time(queue, habits) * engagements_of(queue, desk, habits)
}

/// How long one engagement takes a slot, with what goes with it.
fn slot_time(queue: &QueuePlan, habits: Habits) -> f64 {
    let (replies, pause) = (queue.turns.replies, queue.turns.pause.as_secs());
    let handle = queue.handle.mean().as_secs();
    let wrap_up = match has_wrap_up(queue.channel) {
        true => CHAT_WRAP_UP.as_secs(),
        false => 0.0,
    };
    let busy = match queue.channel {
        Channel::Voice | Channel::Video | Channel::Other => handle,
        Channel::Email => handle * replies,
        Channel::Chat | Channel::Social | Channel::Sms | Channel::Messaging => {
            let reads = READS_FOR.as_secs();
            handle * replies + pause * (replies - 1.0).max(0.0) + reads + wrap_up
        }
    };
    queue.ring.as_secs() + busy + habits.miss * MISS_COSTS.as_secs()
}

/// Of a new contact: some are a bot's, others are handed on, or come again with what was not solved.
fn engagements_of(queue: &QueuePlan, desk: &Desk, habits: Habits) -> f64 {
    let botted = matches!(queue.channel, Channel::Chat | Channel::Messaging);
    let helped = if botted { habits.bot * BOT_HELPS } else { 0.0 };
    let kin = desk
        .queues
        .iter()
        .filter(|other| other.channel == queue.channel)
        .count();
    let handed_on = if queue.channel == Channel::Email || kin < 2 {
        0.0
    } else {
        habits.transfer
    };
    let unsolved = 1.0 - solves(habits.solve, HARDNESS);
    let reopened = if is_ticket(queue.channel) {
        habits.come_back
    } else {
        0.0
    };
    let again = unsolved.max(0.0) * (reopened + (1.0 - reopened) * habits.come_back);
    (1.0 - helped) / (1.0 - handed_on) / (1.0 - again)
}

pub(super) fn is_written(desk: &Desk) -> bool {
    desk.queues
        .iter()
        .any(|queue| queue.channel == Channel::Email)
}

#[expect(clippy::cast_precision_loss, reason = "people")]
const fn heads(number: usize) -> f64 {
    number as f64
}
