//! Pane blocks: the panes of one entity that begin within one stretch of time, one after the other in one image.
//!
//! Layout of a pane, sorted by start and then level: its level (a byte), the distance of its start from the block's, the length of its
//! sums in bytes, and the sums. Distances do not depend on other panes, so unchanged panes are copied as they are.

use std::borrow::Cow;

use super::{
    Accumulator, Pane,
    image::{read_varint, write_varint},
};
use crate::event::{Span, Timestamp};

const SECOND: Span = Span::from_secs(1);

/// Image of a pane block. An empty image is a block without panes.
#[derive(Debug, Clone, Copy)]
pub struct PaneBlock<'i> {
    /// Start of the block's stretch of time; no pane in it begins earlier.
    pub start: Timestamp,
    pub image: &'i [u8],
}

/// Edit of one pane.
#[derive(Debug, Clone)]
pub struct PaneEdit<'t> {
    pub pane: Pane,
    pub action: Edit<'t>,
}

#[derive(Debug, Clone)]
pub enum Edit<'t> {
    /// Deletes the sums so far. Edits of the same pane may merge new ones, in any order.
    Delete,
    /// Adds sums; a missing pane is created.
    Merge(Cow<'t, Accumulator>),
}

/// One pane within an image.
#[derive(Debug, Clone, Copy)]
struct Entry<'i> {
    pane: Pane,
    sums: &'i [u8],
    /// The whole entry.
    bytes: &'i [u8],
}

impl<'t> PaneEdit<'t> {
    #[must_use]
    pub const fn delete(pane: Pane) -> Self {
        let action = Edit::Delete;
        Self { pane, action }
    }

    #[must_use]
    pub const fn merge(pane: Pane, sums: Cow<'t, Accumulator>) -> Self {
        let action = Edit::Merge(sums);
        Self { pane, action }
    }

    /// Returns the key by which edits and the panes of a block are sorted.
    #[must_use]
    pub const fn order(&self) -> (Timestamp, u8) {
        order(self.pane)
    }
}

const fn order(pane: Pane) -> (Timestamp, u8) {
    (pane.start, pane.level)
}

impl<'i> PaneBlock<'i> {
    /// Returns the panes with the images of their sums, by start, then level. Stops at what can't be read.
    pub fn panes(self) -> impl Iterator<Item = (Pane, &'i [u8])> {
        self.entries().map(|entry| (entry.pane, entry.sums))
    }

    fn entries(self) -> impl Iterator<Item = Entry<'i>> {
        let mut rest = self.image;
        std::iter::from_fn(move || Entry::read(self.start, &mut rest))
    }

    /// Appends the image with `edits`, which must be sorted by [`PaneEdit::order`] and lie in this block. Empty panes
    /// stay if `keeps_empty`.
    pub fn write_edited(self, edits: &[PaneEdit<'_>], keeps_empty: bool, image: &mut Vec<u8>) {
        let mut known = self.entries().peekable();
        for of_pane in edits.chunk_by(|one, next| one.pane == next.pane) {
            let pane = of_pane[0].pane;
            while let Some(before) = known.next_if(|it| order(it.pane) < order(pane)) {
                image.extend_from_slice(before.bytes);
            }
            let known = known.next_if(|it| it.pane == pane);
            let is_delete = |edit: &PaneEdit<'_>| matches!(edit.action, Edit::Delete);
            let stays = known.filter(|_| !of_pane.iter().any(is_delete));
            if let Some(more) = sum_of(of_pane) {
                let sums = stays.map(|it| it.sums).unwrap_or_default();
                self.write_pane(pane, (&more, sums), keeps_empty, image);
            }
        }
        known.for_each(|after| image.extend_from_slice(after.bytes));
    }

    /// The length is known only after the sums are written; it is moved in front of them.
    fn write_pane(
        self,
        pane: Pane,
        (more, known): (&Accumulator, &[u8]),
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

/// Returns the sum of all that is merged into one pane. `None`: it is only deleted.
fn sum_of<'e>(edits: &'e [PaneEdit<'_>]) -> Option<Cow<'e, Accumulator>> {
    let mut more = edits.iter().filter_map(|edit| match &edit.action {
        Edit::Delete => None,
        Edit::Merge(sums) => Some(&**sums),
    });
    let mut sum = Cow::Borrowed(more.next()?);
    more.for_each(|sums| sum.to_mut().merge(sums));
    Some(sum)
}

impl<'i> Entry<'i> {
    fn read(block: Timestamp, rest: &mut &'i [u8]) -> Option<Self> {
        let all = *rest;
        let (level, mut bytes) = all.split_first()?;
        let start = start_at(block, read_varint(&mut bytes)?)?;
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

/// Twice the seconds, since panes of all accepted settings begin at a second; otherwise twice the microseconds plus one.
const fn distance(from: Timestamp, to: Timestamp) -> u64 {
    let micros = to.0.wrapping_sub(from.0);
    let doubled = if micros % SECOND.0 == 0 {
        micros / SECOND.0 * 2
    } else {
        micros * 2 + 1
    };
    doubled.cast_unsigned()
}

fn start_at(block: Timestamp, distance: u64) -> Option<Timestamp> {
    let half = (distance >> 1).cast_signed();
    let micros = if distance & 1 == 0 {
        half.checked_mul(SECOND.0)?
    } else {
        half
    };
    block.0.checked_add(micros).map(Timestamp)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::kpi::Levels;

    const LENGTH: i64 = 3_600_000_000;
    const BLOCK: Timestamp = Timestamp(-LENGTH);

    /// Plain model of [`PaneBlock::write_edited`].
    type Model = BTreeMap<(Timestamp, u8), Accumulator>;

    fn image_of(model: &Model, keeps_empty: bool) -> Vec<u8> {
        let edits: Vec<PaneEdit<'_>> = (model.iter())
            .map(|((start, level), sums)| {
                let (level, start) = (*level, *start);
                PaneEdit::merge(Pane { level, start }, Cow::Borrowed(sums))
            })
            .collect();
        edit(&[], &edits, keeps_empty)
    }

    fn edit(known: &[u8], edits: &[PaneEdit<'_>], keeps_empty: bool) -> Vec<u8> {
        let (start, image) = (BLOCK, known);
        let mut written = Vec::new();
        PaneBlock { start, image }.write_edited(edits, keeps_empty, &mut written);
        written
    }

    fn read(image: &[u8]) -> Model {
        let start = BLOCK;
        let panes = PaneBlock { start, image }.panes();
        panes
            .map(|(pane, sums)| (order(pane), Accumulator::of_images([sums])))
            .collect()
    }

    fn change(model: &mut Model, edits: &[PaneEdit<'_>], keeps_empty: bool) {
        let is_delete = |edit: &&PaneEdit<'_>| matches!(edit.action, Edit::Delete);
        for edit in edits.iter().filter(is_delete) {
            model.remove(&edit.order());
        }
        for edit in edits {
            if let Edit::Merge(sums) = &edit.action {
                model.entry(edit.order()).or_default().merge(sums);
            }
        }
        model.retain(|_, sums| keeps_empty || !sums.is_empty());
    }

    fn accumulator_of(sums: impl IntoIterator<Item = (u32, i64)>) -> Accumulator {
        let mut accumulator = Accumulator::default();
        for (code, amount) in sums {
            accumulator.add_sum(code, amount);
        }
        accumulator
    }

    /// Few codes and amounts, so that they meet and cancel; some sums take many bytes.
    fn accumulators() -> impl Strategy<Value = Accumulator> {
        let few = prop::collection::vec((0..3_u32, -1..=1_i64), 0..3);
        let many = prop_oneof![9 => Just(0), 1 => 50..200_u32];
        (few, many).prop_map(|(few, many)| {
            let many = (0..many).map(|code| (code, 1));
            accumulator_of(few.into_iter().chain(many))
        })
    }

    /// Edits of few panes, which begin at seconds or in between.
    fn edits() -> impl Strategy<Value = Vec<PaneEdit<'static>>> {
        let seconds = (0..4_i64).prop_map(|seconds| seconds * SECOND.0);
        let begins = prop_oneof![0..4_i64, seconds, 0..LENGTH];
        let pane = (0..3_u8, begins).prop_map(|(level, micros)| Pane {
            level,
            start: BLOCK + Span(micros),
        });
        let gone = prop::bool::weighted(0.2);
        let edit = (pane, accumulators(), gone).prop_map(|(pane, sums, gone)| match gone {
            true => PaneEdit::delete(pane),
            false => PaneEdit::merge(pane, Cow::Owned(sums)),
        });
        prop::collection::vec(edit, 0..12).prop_map(|mut edits| {
            edits.sort_by_key(PaneEdit::order);
            edits
        })
    }

    proptest! {
        #[test]
        fn a_block_has_the_same_panes_whatever_the_order_of_edits(
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
        fn a_damaged_image_is_read_as_far_as_possible(
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
            let (start, known) = (BLOCK, image.as_slice());
            let panes = PaneBlock { start, image: known }.panes();
            prop_assert!(panes.count() <= image.len() / 3);
            edit(&image, &more, false);
        }
    }

    #[test]
    fn a_replaced_pane_keeps_nothing_and_an_empty_one_may_stay() {
        let pane = Levels::CARRY_OVER;
        let start = pane.start;
        let more = |amount| PaneEdit::merge(pane, Cow::Owned(accumulator_of([(1, amount)])));
        let write = |image: &[u8], edits: &[PaneEdit<'_>], keeps_empty| {
            let mut written = Vec::new();
            PaneBlock { start, image }.write_edited(edits, keeps_empty, &mut written);
            written
        };
        let one = write(&[], &[more(1)], false);
        assert_eq!(one, [u8::MAX, 0, 2, 1, 2]);
        assert_eq!(write(&one, &[more(1), PaneEdit::delete(pane)], true), one);
        assert_eq!(write(&one, &[more(-1)], true), [u8::MAX, 0, 0]);
        assert!(write(&one, &[more(-1)], false).is_empty());
        assert!(write(&one, &[PaneEdit::delete(pane)], true).is_empty());
        assert!(write(&[], &[PaneEdit::delete(pane)], true).is_empty());
    }
}
