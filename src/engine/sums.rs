//! The sums of one entity: what lies in its panes, and what its windows have of it at a clock.

use super::{
    entity::Entity,
    store::{PartKey, Store},
};
use crate::{
    event::Timestamp,
    kpi::{Day, Levels, Tally},
};

/// The sums of one entity at a clock.
#[derive(Debug)]
pub(super) struct Sums {
    /// In the order of the settings.
    pub windows: Vec<WindowSum>,
    /// Of what lasts: all there ever was.
    pub until_now: Tally,
}

#[derive(Debug)]
pub(super) struct WindowSum {
    /// The first instant that the window covers.
    pub starts_at: Timestamp,
    pub tally: Tally,
}

impl Sums {
    /// By the panes in the store. A pane is in every window that begins no later: each window is the one that begins next
    /// after it and the panes that only it covers.
    #[must_use]
    pub(super) fn new(
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
        let panes = store.panes(&PartKey::panes(entity)).into_iter();
        for (pane, image) in panes.filter(|(pane, _)| pane.start <= now) {
            let first =
                (latest_first.iter()).position(|window| levels.covers(starts[*window], pane));
            images[first.unwrap_or(starts.len())].push(image);
        }
        let mut sum = Tally::default();
        let mut windows: Vec<(usize, WindowSum)> = Vec::with_capacity(starts.len());
        let mut images = images.into_iter();
        for (window, more) in latest_first.into_iter().zip(images.by_ref()) {
            sum.merge(&Tally::of_images(more));
            let starts_at = starts[window];
            let tally = sum.clone();
            windows.push((window, WindowSum { starts_at, tally }));
        }
        windows.sort_unstable_by_key(|(window, _)| *window);
        images.for_each(|beyond| sum.merge(&Tally::of_images(beyond)));
        Self {
            windows: windows.into_iter().map(|(_, window)| window).collect(),
            until_now: sum.lasting(),
        }
    }
}

/// Adds to a pane in the store. `image` is where it is written.
pub(super) fn add_to_pane(key: &PartKey, tally: &Tally, image: &mut Vec<u8>, store: &mut Store) {
    image.clear();
    tally.write_merged(store.get(key).unwrap_or_default(), image);
    if image.is_empty() {
        store.remove(key);
    } else {
        store.put(key, image);
    }
}

/// What goes on is not over when its beginning leaves the longest window.
pub(super) fn keep_lasting(panes: &PartKey, tally: &Tally, image: &mut Vec<u8>, store: &mut Store) {
    let lasting = tally.lasting();
    if !lasting.is_empty() {
        add_to_pane(&panes.with_pane(Levels::BEYOND), &lasting, image, store);
    }
}
