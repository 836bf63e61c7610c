//! The sums of one entity: what lies in its panes, and what its windows have of it at a clock.

use std::borrow::Cow;

use crate::{
    engine::{
        entity::Entity,
        state::{pane_blocks::PaneBlocks, store::Store},
    },
    event::Timestamp,
    kpi::{Accumulator, Day, Levels, Pane, PaneEdit},
};

/// The sums of one entity at a clock.
#[derive(Debug)]
pub(in crate::engine) struct Sums {
    /// In the order of the settings.
    pub windows: Vec<WindowSum>,
    /// What lasts: the sum of all there ever was.
    pub until_now: Accumulator,
}

#[derive(Debug)]
pub(in crate::engine) struct WindowSum {
    /// The first instant that the window covers.
    pub starts_at: Timestamp,
    pub accumulator: Accumulator,
}

impl Sums {
    /// Sums up the panes in the store. A pane is in every window that begins no later: each window is the one that begins next
    /// after it and the panes that only it covers.
    #[must_use]
    pub(in crate::engine) fn new(
        entity: &Entity,
        now: Timestamp,
        today: Option<Day>,
        levels: &Levels,
        store: &Store,
    ) -> Self {
        let starts = levels.window_starts(now, today);
        let mut latest_first: Vec<usize> = (0..starts.len()).collect();
        latest_first.sort_by_key(|window| std::cmp::Reverse(starts[*window]));
        let mut images = vec![Vec::new(); starts.len() + 1];
        let panes = PaneBlocks::of(entity).panes(store).into_iter();
        for (pane, image) in panes.filter(|(pane, _)| pane.start <= now) {
            let first =
                (latest_first.iter()).position(|window| levels.covers(starts[*window], pane));
            images[first.unwrap_or(starts.len())].push(image);
        }
        let mut sum = Accumulator::default();
        let mut windows: Vec<(usize, WindowSum)> = Vec::with_capacity(starts.len());
        let mut images = images.into_iter();
        for (window, more) in latest_first.into_iter().zip(images.by_ref()) {
            sum.merge(&Accumulator::of_images(more));
            let starts_at = starts[window];
            let accumulator = sum.clone();
            windows.push((
                window,
                WindowSum {
                    starts_at,
                    accumulator,
                },
            ));
        }
        windows.sort_unstable_by_key(|(window, _)| *window);
        images.for_each(|beyond| sum.merge(&Accumulator::of_images(beyond)));
        Self {
            windows: windows.into_iter().map(|(_, window)| window).collect(),
            until_now: sum.state_durations(),
        }
    }
}

/// Adds sums to a pane. `None`: behind the longest window, where what lasts is not over yet.
#[must_use]
pub(in crate::engine) fn add_to<'t>(
    pane: Option<Pane>,
    sums: Cow<'t, Accumulator>,
) -> PaneEdit<'t> {
    match pane {
        Some(pane) => PaneEdit::merge(pane, sums),
        None => PaneEdit::merge(Levels::CARRY_OVER, Cow::Owned(sums.state_durations())),
    }
}

/// Joins panes that have left their level's window to those of the next, those for one pane at once. Returns where panes lie
/// now. Blocks are written into `image`.
pub(in crate::engine) fn move_up(
    entity: &Entity,
    now: Timestamp,
    levels: &Levels,
    (image, store): (&mut Vec<u8>, &mut Store),
) -> Vec<Pane> {
    let blocks = PaneBlocks::of(entity);
    let panes = blocks.panes(store).into_iter();
    let places: Vec<(Option<Pane>, Pane, &[u8])> = panes
        .map(|(pane, sums)| (levels.move_up(pane, now), pane, sums))
        .collect();
    let mut edits = Vec::new();
    for group in places.chunk_by(|one, next| one.0 == next.0) {
        let moved = || group.iter().filter(|(to, from, _)| *to != Some(*from));
        if moved().next().is_some() {
            let sums = Accumulator::of_images(moved().map(|(.., sums)| *sums));
            edits.push(add_to(group[0].0, Cow::Owned(sums)));
        }
        edits.extend(moved().map(|(_, from, _)| PaneEdit::delete(*from)));
    }
    let kept = places.iter().filter_map(|(to, ..)| *to).collect();
    blocks.edit(edits, image, store);
    kept
}
