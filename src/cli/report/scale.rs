//! Scales of surveys, for scores as people gave them.

use floorwalker_core::event::Survey;

/// The scales of the surveys that were read.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(in crate::cli) enum Scales {
    #[default]
    None,
    One(Scale),
    Several,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::cli) struct Scale {
    min: f64,
    pub(super) max: f64,
}

impl Scales {
    pub(in crate::cli) fn add(&mut self, survey: &Survey) {
        let scale = Scale {
            min: survey.scale_min,
            max: survey.scale_max,
        };
        *self = match *self {
            Self::None => Self::One(scale),
            Self::One(known) if known == scale => *self,
            Self::One(_) | Self::Several => Self::Several,
        };
    }

    pub(super) const fn only(self) -> Option<Scale> {
        match self {
            Self::One(scale) => Some(scale),
            Self::None | Self::Several => None,
        }
    }
}

impl Scale {
    /// A normalised score as it was given.
    pub(super) fn score(self, normalised: f64) -> f64 {
        self.min + normalised * (self.max - self.min)
    }
}
