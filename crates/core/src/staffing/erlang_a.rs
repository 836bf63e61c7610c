//! Erlang A: the M/M/n+M queue, in which customers who wait give up after an exponential patience.
//!
//! C. Palm, Research on telephone traffic carried by full availability groups, Tele 1957; A. Mandelbaum, S. Zeltyn, Service
//! Engineering in Action: The Palm/Erlang-A Queue, 2007, sections 2 and 3.

use puruspe::betai;

/// Parameters of a queue. Times are in one unit, the arrivals per that unit. All are above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ErlangA {
    /// Poisson rate λ.
    pub arrivals: f64,
    /// Mean 1/μ of the exponential handle time.
    pub handle: f64,
    /// Mean 1/θ of the exponential patience.
    pub patience: f64,
    /// n.
    pub agents: u32,
}

/// Steady state of the queue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Steady {
    /// Share of arrivals that find nobody free.
    pub wait_probability: f64,
    /// Mean wait of all arrivals, those who give up too.
    pub mean_wait: f64,
    /// Share of arrivals that give up.
    pub abandonment: f64,
    /// Share of the agents' time that is handle time.
    pub occupancy: f64,
}

/// The sum over the states behind the last agent ends where the rest is below this share of it.
const LEFT_OUT: f64 = 1e-12;

impl ErlangA {
    /// The birth-and-death chain of the number of customers k: up at λ, down at min(k, n)·μ + max(k − n, 0)·θ. The mean wait is
    /// E\[Q\]/λ (Little), the share that gives up θ·E\[Q\]/λ.
    #[must_use]
    pub fn steady(&self) -> Steady {
        let mut weight = 1.0;
        let (mut all, mut all_waiting, mut in_line, mut busy) = (1.0, 0.0, 0.0, 0.0);
        let agents = f64::from(self.agents);
        let mut customers = 0.0;
        loop {
            customers += 1.0;
            weight *= self.arrivals / self.departures(customers);
            all += weight;
            busy += weight * agents.min(customers);
            in_line += weight * (customers - agents).max(0.0);
            all_waiting += if customers >= agents { weight } else { 0.0 };
            let falls = self.departures(customers + 1.0) > self.arrivals;
            if customers > agents && falls && weight * customers < LEFT_OUT * all {
                break;
            }
            if all > 1e200 {
                let down = 1e-200;
                weight *= down;
                all *= down;
                all_waiting *= down;
                in_line *= down;
                busy *= down;
            }
        }
        let line = in_line / all;
        Steady {
            wait_probability: all_waiting / all,
            mean_wait: line / self.arrivals,
            abandonment: line / self.patience / self.arrivals,
            occupancy: busy / all / agents,
        }
    }

    /// Returns the share of arrivals that would be served within `wait`, given enough patience. Who finds k ≥ n others waits until
    /// k − n + 1 have left, at the rates n·μ + j·θ for j = 0 … k − n: within t with probability I(1 − e^(−θt); k − n + 1, n·μ/θ), the
    /// regularised incomplete beta function.
    #[must_use]
    pub fn within(&self, wait: f64) -> f64 {
        let agents = f64::from(self.agents);
        let (share, stages) = (
            -(-wait / self.patience).exp_m1(),
            agents * self.patience / self.handle,
        );
        // Weights are relative to the state in which all are busy and nobody waits.
        let (mut weight_below, mut free, mut busy) = (1.0, 0.0, self.agents);
        while busy > 0 {
            weight_below *= self.departures(f64::from(busy)) / self.arrivals;
            free += weight_below;
            busy -= 1;
            if weight_below < LEFT_OUT * free {
                break;
            }
        }
        let (mut weight, mut all, mut in_time, mut line) = (1.0, free, free, 0.0);
        loop {
            all += weight;
            in_time += weight * betai(line + 1.0, stages, share);
            line += 1.0;
            weight *= self.arrivals / self.departures(agents + line);
            let falls = self.departures(agents + line) > self.arrivals;
            if falls && weight * (line + 1.0) < LEFT_OUT * all {
                break;
            }
        }
        in_time / all
    }

    fn departures(&self, customers: f64) -> f64 {
        let agents = f64::from(self.agents);
        agents.min(customers) / self.handle + (customers - agents).max(0.0) / self.patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64, what: &str) {
        assert!(
            (found - expected).abs() < 1e-6 * expected.max(1e-3),
            "{what}: {found}, {expected}"
        );
    }

    /// Erlang C by its own recursion: B(0) = 1, B(n) = aB(n−1) / (n + aB(n−1)), C = B / (1 − ρ(1 − B)).
    fn erlang_c(load: f64, agents: u32) -> f64 {
        let blocked = (1..=agents).fold(1.0, |blocked, n| {
            load * blocked / (f64::from(n) + load * blocked)
        });
        blocked / (1.0 - load / f64::from(agents) * (1.0 - blocked))
    }

    #[test]
    fn without_impatience_it_is_erlang_c() {
        for (load, agents) in [(0.5, 1), (8.0, 10), (90.0, 100), (950.0, 1_000)] {
            let line = ErlangA {
                arrivals: load,
                handle: 1.0,
                patience: 1e9,
                agents,
            }
            .steady();
            let waits = erlang_c(load, agents);
            near(line.wait_probability, waits, "waits");
            near(
                line.mean_wait,
                waits / (f64::from(agents) - load),
                "mean wait",
            );
        }
    }

    /// With patience as long as handling, the number of customers is that of M/M/∞: Poisson with mean λ/μ.
    #[test]
    fn with_patience_like_handling_the_customers_are_poisson() {
        let line = ErlangA {
            arrivals: 10.0,
            handle: 1.0,
            patience: 1.0,
            agents: 10,
        }
        .steady();
        let (mut weight, mut below) = ((-10.0_f64).exp(), 0.0);
        for k in 0..10 {
            below += weight;
            weight *= 10.0 / f64::from(k + 1);
        }
        near(line.wait_probability, 1.0 - below, "waits");
    }

    /// With one agent and unlimited patience the wait is known: it is over t with probability ρ·e^(−(μ − λ)t).
    #[test]
    fn within_a_time_it_is_the_turn_of_as_many_as_in_a_queue_of_one() {
        let line = ErlangA {
            arrivals: 0.6,
            handle: 1.0,
            patience: 1e7,
            agents: 1,
        };
        for wait in [0.0, 0.5, 2.0, 8.0] {
            near(line.within(wait), 1.0 - 0.6 * (-0.4 * wait).exp(), "within");
        }
    }

    /// Those who find somebody free are served at once.
    #[test]
    fn within_no_time_it_is_the_turn_of_who_does_not_wait() {
        for (arrivals, agents) in [(5.0, 10), (10.0, 10), (95.0, 100), (2_000.0, 1_000)] {
            let line = ErlangA {
                arrivals,
                handle: 1.0,
                patience: 0.5,
                agents,
            };
            near(
                1.0 - line.within(0.0),
                line.steady().wait_probability,
                "waits",
            );
            assert!(line.within(0.1) > line.within(0.05));
        }
    }

    /// What arrives is handled or gives up, even with twice the load that the agents can bear.
    #[test]
    fn what_arrives_leaves_one_way_or_the_other() {
        for (arrivals, agents) in [(5.0, 10), (10.0, 10), (20.0, 10), (2_000.0, 1_000)] {
            let line = ErlangA {
                arrivals,
                handle: 1.0,
                patience: 0.5,
                agents,
            }
            .steady();
            let handled = line.occupancy * f64::from(agents);
            near(handled + arrivals * line.abandonment, arrivals, "flow");
        }
    }
}
