//! How far a task has come in time: from its inputs and the watermarks that others sent follows the watermark of each stage.

use crate::{
    engine::{
        InputId, Settings, SourceClock,
        exchange::frame::SenderWatermarks,
        state::meta::Meta,
        time::watermarks::{InputProgress, Watermark},
    },
    event::{Span, Timestamp},
};

/// Others' heartbeats must fall inside the grace.
const SENDERS_BEHIND: Span = Span::from_secs(1);

/// A source partition that the task reads.
#[derive(Debug)]
pub(in crate::engine) struct LiveInput {
    pub id: InputId,
    /// Index into [`Meta::inputs`].
    pub place: usize,
    pub kind: SourceClock,
    /// Everything in it has been read, since this wall-clock time.
    pub at_end_since: Option<Timestamp>,
    /// The latest wall-clock time at which nothing was left to read: the watermark of a live feed follows the wall up to here,
    /// not beyond, for since then records may have come that nobody could read yet.
    pub empty_at: Option<Timestamp>,
}

/// The part of a task's time that is not logged: what it sees now.
#[derive(Debug)]
pub(in crate::engine) struct Progress {
    /// The wall clock as it was last handed in.
    pub wall: Timestamp,
    pub inputs: Vec<LiveInput>,
    /// When a frame of each task was last received, by the wall clock.
    received_at: Vec<Timestamp>,
    pub own: SenderWatermarks,
    /// No earlier event comes from any source.
    pub min_watermark: Timestamp,
    /// When all inputs of all tasks were last idle, by the wall clock.
    all_idle_at: Timestamp,
    /// Where all sources are at their end, and since when by the wall clock.
    ended: Option<(Timestamp, Timestamp)>,
    /// An idle task was left out.
    pub left_out: bool,
    /// The oldest event of the deployment, as far as known: a window that reaches back before it is partial.
    pub began_at: Option<Timestamp>,
    /// A watermark at its end stands at least here.
    pub end_at: Timestamp,
}

impl Progress {
    #[must_use]
    pub(in crate::engine) fn new(settings: &Settings) -> Self {
        Self {
            wall: Timestamp::MIN,
            inputs: Vec::new(),
            received_at: vec![Timestamp::MIN; usize::from(settings.tasks)],
            own: SenderWatermarks::default(),
            min_watermark: Timestamp::MIN,
            all_idle_at: Timestamp::MIN,
            ended: None,
            left_out: false,
            began_at: None,
            end_at: Timestamp::MIN,
        }
    }

    pub(in crate::engine) fn see_wall(&mut self, wall: Timestamp) {
        if self.wall == Timestamp::MIN {
            self.received_at.fill(wall);
            self.all_idle_at = wall;
        }
        self.wall = self.wall.max(wall);
    }

    pub(in crate::engine) fn note_received(&mut self, sender: u16) {
        self.received_at[usize::from(sender)] = self.wall;
    }

    /// Moves all watermarks on, in the order of the stages: inputs, contacts, customers, agents, KPIs.
    pub(in crate::engine) fn advance(&mut self, task: u16, meta: &mut Meta, settings: &Settings) {
        self.advance_inputs(meta, settings);
        self.left_out = self.is_any_left_out(task, settings);
        let contact = self.contact_watermark(task, meta, settings);
        meta.contact_watermark.advance(contact);
        self.own.contact = meta.contact_watermark;
        self.note_end(meta.contact_watermark);
        let customer = self.slowest(task, meta, settings, |sent| sent.contact);
        meta.customer_watermark.advance(customer);
        self.own.customer = meta.customer_watermark;
        let agent = self.slowest(task, meta, settings, |sent| sent.customer);
        meta.agent_watermark.advance(agent);
        self.own.agent = meta.agent_watermark;
        let kpis = self.slowest(task, meta, settings, |sent| sent.agent);
        if kpis.at() > Some(Timestamp::MIN) {
            meta.kpi_watermark.advance(kpis);
        }
        self.advance_beginning(meta);
        self.advance_min_watermark(task, meta, settings);
        self.own.retention = Some(self.min_watermark);
    }

    fn note_end(&mut self, contact: Watermark) {
        let end = contact.ended_at();
        if end != self.ended.map(|(at, _)| at) {
            self.ended = end.map(|at| (at, self.wall));
        }
    }

    /// Returns up to where all sources have been read: an earlier event is late. The end of all counts only once it has lasted and
    /// every task has sent a frame since, for some begin to read again sooner than others.
    #[must_use]
    pub(in crate::engine) fn source_watermark(&self, task: u16, settings: &Settings) -> Timestamp {
        let lasts = |(_, since): &(Timestamp, Timestamp)| {
            let lasted = *since + settings.grace;
            let has_sent = |sender| lasted <= self.received_at[usize::from(sender)];
            lasted <= self.wall && others(task, settings).all(has_sent)
        };
        let end = self.ended.filter(lasts).map(|(at, _)| at);
        end.map_or(self.min_watermark, |at| at.max(self.min_watermark))
    }

    /// Returns the retention watermark: no task emits or retracts an older fact, but for the lateness and sums that are corrected.
    #[must_use]
    pub(in crate::engine) fn retention_watermark(
        &self,
        task: u16,
        meta: &Meta,
        settings: &Settings,
    ) -> Timestamp {
        let others = self.of_senders(task, meta, settings, |sent| sent.retention);
        let all = others.chain([Some(self.min_watermark)]);
        all.map(|retention| retention.unwrap_or(Timestamp::MIN))
            .min()
            .unwrap_or(Timestamp::MIN)
    }

    /// Idle inputs hold back nobody. After *all* inputs were idle, each gets `idle_timeout` to resume first.
    fn advance_min_watermark(&mut self, task: u16, meta: &Meta, settings: &Settings) {
        let others = self.of_senders(task, meta, settings, |sent| sent.input_progress);
        let all = others.chain([self.own.input_progress]);
        let start = (InputProgress::Idle, false);
        let (slowest, any_idle) = all.fold(start, |(slowest, any_idle), progress| {
            let is_idle = progress == InputProgress::Idle;
            (slowest.min(progress), any_idle || is_idle)
        });
        match slowest {
            InputProgress::Idle => self.all_idle_at = self.wall,
            InputProgress::At(at) if !any_idle || !self.may_all_resume(settings) => {
                self.min_watermark = self.min_watermark.max(at.min(self.wall));
            }
            InputProgress::At(_) | InputProgress::Unknown => {}
        }
    }

    fn may_all_resume(&self, settings: &Settings) -> bool {
        self.wall <= self.all_idle_at + settings.idle_timeout
    }

    fn advance_beginning(&mut self, meta: &mut Meta) {
        self.own.began_at = self.own.began_at.into_iter().chain(meta.began_at).min();
        meta.began_at = self.own.began_at;
        let others = (meta.senders.iter()).filter_map(|sender| sender.watermarks.began_at);
        self.began_at = others.chain(self.own.began_at).min();
    }

    fn advance_inputs(&mut self, meta: &mut Meta, settings: &Settings) {
        for input in &self.inputs {
            if input.kind == SourceClock::Wall
                && let Some(empty_at) = input.empty_at
            {
                meta.inputs[input.place].generator.follow(empty_at);
            }
        }
        let inputs = self.inputs.iter().map(|input| {
            let generator = &meta.inputs[input.place].generator;
            generator.stage_watermark(input.kind, input.at_end_since.is_some())
        });
        let own = self.bound(Watermark::combine(inputs));
        self.own.input.advance(own);
        self.own.input_progress = self.input_progress(meta, settings);
    }

    fn input_progress(&self, meta: &Meta, settings: &Settings) -> InputProgress {
        let (mut slowest, mut any_idle) = (InputProgress::Idle, false);
        for input in &self.inputs {
            let at_end = input.at_end_since;
            let idle = at_end.is_some_and(|since| since + settings.idle_timeout < self.wall);
            if idle && input.kind == SourceClock::Events {
                any_idle = true;
            } else {
                let read_to = meta.inputs[input.place].generator.watermark();
                let progress = read_to.map_or(InputProgress::Unknown, InputProgress::At);
                slowest = slowest.min(progress);
            }
        }
        let waits = any_idle && slowest != InputProgress::Idle && self.may_all_resume(settings);
        if waits {
            InputProgress::Unknown
        } else {
            slowest
        }
    }

    /// Never past the wall clock; at its end no earlier than was asked for.
    fn bound(&self, watermark: Watermark) -> Watermark {
        match watermark {
            Watermark::Unknown => Watermark::Unknown,
            Watermark::At(at) => Watermark::At(at.min(self.wall)),
            Watermark::Ended(at) => Watermark::Ended(at.max(self.end_at).min(self.wall)),
        }
    }

    /// Returns the watermark of the contact stage. It is behind its own inputs by the grace, behind those of others by less, so
    /// that heartbeats fall inside.
    fn contact_watermark(&self, task: u16, meta: &Meta, settings: &Settings) -> Watermark {
        let grace = settings.grace;
        let behind = SENDERS_BEHIND.min(grace);
        let own = self.own.input.behind(grace);
        let others = self.of_senders(task, meta, settings, |sent| sent.input);
        let others = others.map(|input| input.behind(behind));
        Watermark::combine(others.chain([own]))
    }

    /// Returns the watermark of a stage that waits for an earlier one of every task, its own included.
    fn slowest(
        &self,
        task: u16,
        meta: &Meta,
        settings: &Settings,
        of: impl Fn(&SenderWatermarks) -> Watermark + Copy,
    ) -> Watermark {
        let others = self.of_senders(task, meta, settings, of);
        Watermark::combine(others.chain([of(&self.own)]))
    }

    fn of_senders<'a, T: 'a>(
        &'a self,
        task: u16,
        meta: &'a Meta,
        settings: &'a Settings,
        of: impl Fn(&SenderWatermarks) -> T + 'a,
    ) -> impl Iterator<Item = T> + 'a {
        others(task, settings)
            .filter(move |sender| !self.is_idle(*sender, settings))
            .map(move |sender| of(&meta.senders[usize::from(sender)].watermarks))
    }

    fn is_idle(&self, sender: u16, settings: &Settings) -> bool {
        self.received_at[usize::from(sender)] + settings.idle_timeout < self.wall
    }

    fn is_any_left_out(&self, task: u16, settings: &Settings) -> bool {
        others(task, settings).any(|sender| self.is_idle(sender, settings))
    }
}

/// Returns all tasks but this one.
fn others(task: u16, settings: &Settings) -> impl Iterator<Item = u16> + use<> {
    (0..settings.tasks).filter(move |sender| *sender != task)
}
