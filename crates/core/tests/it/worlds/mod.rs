//! A thousand small worlds: the engine and the recount agree on every number of every entity in every window, at several clocks.
//!
//! `WORLDS=100000 cargo test worlds::` tries as many, with `FIRST=5000` from there on; `WORLD=1234` that one alone. A difference is reported with the fewest events
//! that still differ, as a table to check on paper.

mod counting;
mod found;
mod made;
mod reaching;
mod shrink;
mod terms;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use floorwalker_core::event::line;
use floorwalker_testkit::random::Random;

pub(crate) use counting::records;
use counting::{Compared, Difference};
pub(crate) use made::Arrival;
pub(crate) use terms::{Promise, Terms};

const WORLDS: u64 = 1_000;

/// What a seed makes.
struct World {
    seed: u64,
    terms: Terms,
    arrivals: Vec<Arrival>,
}

impl World {
    fn new(seed: u64) -> Self {
        let random = &mut Random::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut terms = Terms::of(random);
        terms.settings.tasks = *random.pick(&[1, 1, 2, 3, 5, 12]);
        terms.settings.kpi.only_at_end = random.chance(0.5);
        let events = made::events(random, &terms);
        let arrivals = made::arrivals(random, &events);
        Self {
            seed,
            terms,
            arrivals,
        }
    }

    fn count(&self) -> Result<Compared, Difference> {
        counting::count(&self.terms, &self.arrivals)
    }

    /// The seed, what was agreed on, the events that are left, the difference.
    fn report(&self, difference: &Difference) -> String {
        let mut lines = vec![
            format!(
                "world {}, {} tasks: {difference}",
                self.seed, self.terms.settings.tasks
            ),
            "settings".to_owned(),
        ];
        lines.extend(self.terms.lines.iter().map(|line| format!("    {line}")));
        let (least, differs) = shrink::least(self, difference);
        lines.push(format!("the fewest that differ, {differs}"));
        lines.extend(least.iter().map(|arrival| match arrival {
            Arrival::Event(event, _) => format!("    {}", line::print(event)),
            Arrival::Stop(None) => "    compared at the newest".to_owned(),
            Arrival::Stop(Some(at)) => format!("    compared at {at}"),
        }));
        lines.join("\n")
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how a person asks for more, or for one"
)]
fn asked(name: &str) -> Option<u64> {
    let asked = std::env::var(name).ok();
    asked.map(|number| number.parse().unwrap())
}

#[test]
fn engine_and_recount_agree_on_a_thousand_worlds() {
    if let Some(seed) = asked("WORLD") {
        let world = World::new(seed);
        let compared = world.count();
        let result = compared.map_err(|differs| world.report(&differs));
        return println!("{:?}", result.unwrap_or_else(|report| panic!("{report}")));
    }
    let first = asked("FIRST").unwrap_or(0);
    let worlds = asked("WORLDS").unwrap_or(WORLDS);
    let next = AtomicU64::new(first);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let compared = thread::scope(|scope| {
        let all: Vec<_> = (0..cores)
            .map(|_| scope.spawn(|| work(&next, first + worlds)))
            .collect();
        let mut sum = Compared::default();
        for one in all {
            sum.add(one.join().unwrap());
        }
        sum
    });
    println!("{worlds} worlds: {compared:?}");
    assert!(compared.clocks as u64 >= worlds);
}

fn work(next: &AtomicU64, end: u64) -> Compared {
    let mut sum = Compared::default();
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            return sum;
        }
        let world = World::new(seed);
        match world.count() {
            Ok(compared) => sum.add(compared),
            Err(differs) => {
                next.store(end, Ordering::Relaxed);
                panic!("{}", world.report(&differs));
            }
        }
    }
}
