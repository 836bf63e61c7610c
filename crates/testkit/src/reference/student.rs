//! Student's t, by adding up the area under its curve.

use std::f64::consts::FRAC_PI_2;

/// Even.
const STEPS: u32 = 1_600;
const HALVINGS: u32 = 44;

/// Where the distribution with `freedom` degrees reaches the probability `below`, over a half. With t = √freedom · tan θ its density is
/// cos θ to the power of freedom − 1; with θ = π/2 · (1 − s⁴) the steps are short where that falls steeply to nothing.
pub(super) fn quantile(below: f64, freedom: f64) -> f64 {
    // With many degrees all of it lies near s = 1.
    let whole = area(0.0, 0.9, freedom) + area(0.9, 1.0, freedom);
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if 0.5 + area(middle, 1.0, freedom) / whole / 2.0 < below {
            high = middle;
        } else {
            low = middle;
        }
    }
    freedom.sqrt() * angle(low).tan()
}

fn angle(s: f64) -> f64 {
    FRAC_PI_2 * (1.0 - s.powi(4))
}

/// Between the angles at two s, by Simpson's rule; s = 1 is the angle 0.
fn area(from: f64, to: f64, freedom: f64) -> f64 {
    let step = (to - from) / f64::from(STEPS);
    let at = |place: u32| {
        let s = from + f64::from(place) * step;
        let height = angle(s).cos().max(0.0).powf(freedom - 1.0) * s.powi(3);
        let weight = match place {
            0 | STEPS => 1.0,
            _ if place % 2 == 1 => 4.0,
            _ => 2.0,
        };
        weight * height
    };
    (0..=STEPS).map(at).sum::<f64>() * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (below, freedom, expected) in [
            (0.975, 1.0, 12.706_205),
            (0.975, 9.0, 2.262_157),
            (0.995, 4.0, 4.604_095),
            (0.995, 1_000.0, 2.580_755),
        ] {
            assert!((quantile(below, freedom) - expected).abs() < 1e-6);
        }
    }
}
