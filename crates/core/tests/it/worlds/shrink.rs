//! Of what differs, the least: events are left out, many at a time and then one by one, while a difference of the same number remains.

use super::{
    World,
    counting::{Difference, count},
    made::Arrival,
};

/// Runs that a shrinking may take.
const RUNS_MAX: usize = 4_000;

/// The fewest arrivals found that differ in the same number, and how they do.
pub(super) fn least(world: &World, difference: &Difference) -> (Vec<Arrival>, Difference) {
    let mut shrinking = Shrinking {
        world,
        number: number(difference),
        runs: 0,
        least: world.arrivals.clone(),
        differs: difference.clone(),
    };
    let mut size = (shrinking.least.len() / 2).max(1);
    loop {
        let shrunk = shrinking.without_any(size);
        if shrinking.runs > RUNS_MAX || (size == 1 && !shrunk) {
            return (shrinking.least, shrinking.differs);
        }
        if !shrunk {
            size = size.div_ceil(2);
        }
    }
}

struct Shrinking<'w> {
    world: &'w World,
    number: String,
    runs: usize,
    least: Vec<Arrival>,
    differs: Difference,
}

impl Shrinking<'_> {
    /// True if any `size` arrivals in a row could be left out.
    fn without_any(&mut self, size: usize) -> bool {
        let mut any = false;
        let mut from = 0;
        while from < self.least.len() {
            let mut fewer = self.least.clone();
            let removed = fewer.drain(from..(from + size).min(self.least.len()));
            drop(removed);
            self.runs += 1;
            match count(&self.world.terms, &fewer) {
                Err(differs) if number(&differs) == self.number => {
                    (self.least, self.differs, any) = (fewer, differs, true);
                }
                _ => from += size,
            }
        }
        any
    }
}

/// What is different, whoever's and in whatever window.
fn number(difference: &Difference) -> String {
    let what = difference.what.split(": ").nth(1).unwrap_or_default();
    what.chars().take(40).collect()
}
