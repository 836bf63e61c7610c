//! Recorded events through the engine in memory, the earliest first: what `replay` and `rules test` share.

mod engine;
mod reading;
mod rejections;

use floorwalker_core::{
    decode::Format,
    engine::{Limits, Settings, Source, SourceClock},
    kpi::Window,
};

pub(super) use self::{
    engine::Engine,
    reading::Reading,
    rejections::{Rejections, no_event},
};

/// Returns the settings for one source that is keyed as its producers should: every event lands on the task that owns its contact.
pub(super) fn settings(mut settings: Settings) -> Settings {
    let lateness = settings.lateness_max();
    settings.sources = vec![Source {
        topic: "replay".to_owned(),
        clock: SourceClock::Events,
        format: Format::Json,
        lateness: Some(lateness),
    }];
    settings.output_format = Format::Json;
    settings.limits = Limits::none();
    settings.kpi.only_at_end = true;
    let windows = &mut settings.kpi.windows;
    if !windows.contains(&Window::all()) {
        windows.push(Window::all());
    }
    settings
}
