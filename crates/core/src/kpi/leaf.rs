//! Leaves: the panes of one entity that begin within one stretch of time, end to end in one image.
//!
//! Of each pane, by start and then level: the level (a byte), how far behind the leaf's start it begins, how many bytes its
//! sums take, and these. Distances do not depend on other panes, so what does not change is copied as it is.

use std::borrow::Cow;

use super::{
    Pane, Tally,
    image::{read_varint, write_varint},
};
use crate::event::{Span, Timestamp};

const SECOND: Span = Span::from_secs(1);

/// A leaf's image. No bytes at all: a leaf without panes.
#[derive(Debug, Clone, Copy)]
pub struct Leaf<'i> {
    /// Of the stretch of time; no pane in it begins earlier.
    pub start: Timestamp,
    pub image: &'i [u8],
}

/// What becomes of one pane.
#[derive(Debug, Clone)]
pub struct Edit<'t> {
    pub pane: Pane,
    pub change: Change<'t>,
}

#[derive(Debug, Clone)]
pub enum Change<'t> {
    /// What it holds so far goes. Beside it sums can come, in any order.
    Gone,
    /// Sums are added; a pane that is not there begins with them.
    More(Cow<'t, Tally>),
}

/// One pane as it lies in an image.
#[derive(Debug, Clone, Copy)]
struct Entry<'i> {
    pane: Pane,
    sums: &'i [u8],
    /// All of it.
    bytes: &'i [u8],
}

impl<'t> Edit<'t> {
    #[must_use]
    pub const fn gone(pane: Pane) -> Self {
        let change = Change::Gone;
        Self { pane, change }
    }

    #[must_use]
    pub const fn more(pane: Pane, sums: Cow<'t, Tally>) -> Self {
        let change = Change::More(sums);
        Self { pane, change }
    }

    /// By this edits are sorted, as panes are in a leaf.
    #[must_use]
    pub const fn order(&self) -> (Timestamp, u8) {
        order(self.pane)
    }
}

const fn order(pane: Pane) -> (Timestamp, u8) {
    (pane.start, pane.level)
}

impl<'i> Leaf<'i> {
    /// Each with the image of its sums, by start, then level. Ends at what can't be read.
    pub fn panes(self) -> impl Iterator<Item = (Pane, &'i [u8])> {
        self.entries().map(|entry| (entry.pane, entry.sums))
    }

    fn entries(self) -> impl Iterator<Item = Entry<'i>> {
        let mut rest = self.image;
        std::iter::from_fn(move || Entry::read(self.start, &mut rest))
    }

    /// Appends the image with `edits`, which are sorted by [`Edit::order`] and of panes in this leaf. Panes of which nothing is
    /// left stay if `keeps_empty`.
    pub fn write_edited(self, edits: &[Edit<'_>], keeps_empty: bool, image: &mut Vec<u8>) {
        let mut known = self.entries().peekable();
        for of_pane in edits.chunk_by(|one, next| one.pane == next.pane) {
            let pane = of_pane[0].pane;
            while let Some(before) = known.next_if(|it| order(it.pane) < order(pane)) {
                image.extend_from_slice(before.bytes);
            }
            let known = known.next_if(|it| it.pane == pane);
            let is_gone = |edit: &Edit<'_>| matches!(edit.change, Change::Gone);
            let stays = known.filter(|_| !of_pane.iter().any(is_gone));
            if let Some(more) = sum_of(of_pane) {
                let sums = stays.map(|it| it.sums).unwrap_or_default();
                self.write_pane(pane, (&more, sums), keeps_empty, image);
            }
        }
        known.for_each(|after| image.extend_from_slice(after.bytes));
    }

    /// The number of bytes is known behind them, and moved in front.
    fn write_pane(
        self,
        pane: Pane,
        (more, known): (&Tally, &[u8]),
        keeps_empty: bool,
        image: &mut Vec<u8>,
    ) {
        let from = image.len();
        image.push(pane.level);
        write_varint(distance(self.start, pane.start), image);
        let sums_from = image.len();
        more.write_merged(known, image);
        let sums_to = image.len();
        if sums_to == sums_from && !keeps_empty {
            image.truncate(from);
            return;
        }
        write_varint((sums_to - sums_from) as u64, image);
        let width = image.len() - sums_to;
        image[sums_from..].rotate_right(width);
    }
}

/// All that is added to one pane. `None`: it is only taken away.
fn sum_of<'e>(edits: &'e [Edit<'_>]) -> Option<Cow<'e, Tally>> {
    let mut more = edits.iter().filter_map(|edit| match &edit.change {
        Change::Gone => None,
        Change::More(sums) => Some(&**sums),
    });
    let mut sum = Cow::Borrowed(more.next()?);
    more.for_each(|sums| sum.to_mut().merge(sums));
    Some(sum)
}

impl<'i> Entry<'i> {
    fn read(leaf: Timestamp, rest: &mut &'i [u8]) -> Option<Self> {
        let all = *rest;
        let (level, mut bytes) = all.split_first()?;
        let start = start_at(leaf, read_varint(&mut bytes)?)?;
        let length = usize::try_from(read_varint(&mut bytes)?).ok()?;
        let (sums, behind) = bytes.split_at_checked(length)?;
        *rest = behind;
        Some(Self {
            pane: Pane {
                level: *level,
                start,
            },
            sums,
            bytes: &all[..all.len() - behind.len()],
        })
    }
}

/// Twice the seconds, as panes of all settings that are accepted begin with a second; else twice the microseconds and one.
const fn distance(from: Timestamp, to: Timestamp) -> u64 {
    let micros = to.0.wrapping_sub(from.0);
    let doubled = if micros % SECOND.0 == 0 {
        micros / SECOND.0 * 2
    } else {
        micros * 2 + 1
    };
    doubled.cast_unsigned()
}

fn start_at(leaf: Timestamp, distance: u64) -> Option<Timestamp> {
    let half = (distance >> 1).cast_signed();
    let micros = if distance & 1 == 0 {
        half.checked_mul(SECOND.0)?
    } else {
        half
    };
    leaf.0.checked_add(micros).map(Timestamp)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::kpi::Levels;

    const LENGTH: i64 = 3_600_000_000;
    const LEAF: Timestamp = Timestamp(-LENGTH);

    /// As [`Leaf::write_edited`] has it, the plain way.
    type Model = BTreeMap<(Timestamp, u8), Tally>;

    fn image_of(model: &Model, keeps_empty: bool) -> Vec<u8> {
        let edits: Vec<Edit<'_>> = (model.iter())
            .map(|((start, level), sums)| {
                let (level, start) = (*level, *start);
                Edit::more(Pane { level, start }, Cow::Borrowed(sums))
            })
            .collect();
        edit(&[], &edits, keeps_empty)
    }

    fn edit(known: &[u8], edits: &[Edit<'_>], keeps_empty: bool) -> Vec<u8> {
        let (start, image) = (LEAF, known);
        let mut written = Vec::new();
        Leaf { start, image }.write_edited(edits, keeps_empty, &mut written);
        written
    }

    fn read(image: &[u8]) -> Model {
        let start = LEAF;
        let panes = Leaf { start, image }.panes();
        panes
            .map(|(pane, sums)| (order(pane), Tally::of_images([sums])))
            .collect()
    }

    fn change(model: &mut Model, edits: &[Edit<'_>], keeps_empty: bool) {
        let is_gone = |edit: &&Edit<'_>| matches!(edit.change, Change::Gone);
        for edit in edits.iter().filter(is_gone) {
            model.remove(&edit.order());
        }
        for edit in edits {
            if let Change::More(sums) = &edit.change {
                model.entry(edit.order()).or_default().merge(sums);
            }
        }
        model.retain(|_, sums| keeps_empty || !sums.is_empty());
    }

    fn tally_of(sums: impl IntoIterator<Item = (u32, i64)>) -> Tally {
        let mut tally = Tally::default();
        for (code, amount) in sums {
            tally.add_sum(code, amount);
        }
        tally
    }

    /// Few codes and amounts, so that they meet and cancel; some of many bytes.
    fn tallies() -> impl Strategy<Value = Tally> {
        let few = prop::collection::vec((0..3_u32, -1..=1_i64), 0..3);
        let many = prop_oneof![9 => Just(0), 1 => 50..200_u32];
        (few, many).prop_map(|(few, many)| {
            let many = (0..many).map(|code| (code, 1));
            tally_of(few.into_iter().chain(many))
        })
    }

    /// Of few panes, that begin at seconds or between.
    fn edits() -> impl Strategy<Value = Vec<Edit<'static>>> {
        let seconds = (0..4_i64).prop_map(|seconds| seconds * SECOND.0);
        let begins = prop_oneof![0..4_i64, seconds, 0..LENGTH];
        let pane = (0..3_u8, begins).prop_map(|(level, micros)| Pane {
            level,
            start: LEAF + Span(micros),
        });
        let gone = prop::bool::weighted(0.2);
        let edit = (pane, tallies(), gone).prop_map(|(pane, sums, gone)| match gone {
            true => Edit::gone(pane),
            false => Edit::more(pane, Cow::Owned(sums)),
        });
        prop::collection::vec(edit, 0..12).prop_map(|mut edits| {
            edits.sort_by_key(Edit::order);
            edits
        })
    }

    proptest! {
        #[test]
        fn a_leaf_is_what_its_panes_are_however_they_came(
            steps in prop::collection::vec(edits(), 0..8),
            keeps_empty: bool,
        ) {
            let (mut image, mut model) = (Vec::new(), Model::new());
            for edits in steps {
                image = edit(&image, &edits, keeps_empty);
                change(&mut model, &edits, keeps_empty);
                prop_assert_eq!(&read(&image), &model);
                prop_assert_eq!(&image, &image_of(&model, keeps_empty));
            }
        }

        #[test]
        fn a_damaged_image_is_read_as_far_as_it_can_be(
            edits in edits(),
            more in edits(),
            damage in prop::collection::vec((any::<usize>(), any::<u8>()), 0..4),
            cut: usize,
        ) {
            let mut image = edit(&[], &edits, true);
            image.truncate(cut % (image.len() + 1));
            for (place, byte) in damage {
                let places = image.len().max(1);
                image.get_mut(place % places).into_iter().for_each(|it| *it = byte);
            }
            let (start, known) = (LEAF, image.as_slice());
            let panes = Leaf { start, image: known }.panes();
            prop_assert!(panes.count() <= image.len() / 3);
            edit(&image, &more, false);
        }
    }

    #[test]
    fn a_pane_that_is_replaced_keeps_nothing_and_an_empty_one_may_stay() {
        let pane = Levels::BEYOND;
        let start = pane.start;
        let more = |amount| Edit::more(pane, Cow::Owned(tally_of([(1, amount)])));
        let write = |image: &[u8], edits: &[Edit<'_>], keeps_empty| {
            let mut written = Vec::new();
            Leaf { start, image }.write_edited(edits, keeps_empty, &mut written);
            written
        };
        let one = write(&[], &[more(1)], false);
        assert_eq!(one, [u8::MAX, 0, 2, 1, 2]);
        assert_eq!(write(&one, &[more(1), Edit::gone(pane)], true), one);
        assert_eq!(write(&one, &[more(-1)], true), [u8::MAX, 0, 0]);
        assert!(write(&one, &[more(-1)], false).is_empty());
        assert!(write(&one, &[Edit::gone(pane)], true).is_empty());
        assert!(write(&[], &[Edit::gone(pane)], true).is_empty());
    }
}
