//! The clocks of a task: of its inputs, of what others told, and what follows from both for each stage.

use super::{
    InputId, Settings, SourceClock,
    clock::{Clock, advance},
    frame::SenderClocks,
    meta::Meta,
};
use crate::event::{Span, Timestamp};

/// Others' heartbeats must fall inside the grace.
const SENDERS_BEHIND: Span = Span::from_secs(1);

/// Instead of a time: of partitions that have been at their end for long, or of none.
const SILENT: Timestamp = Timestamp::MAX;

/// A source partition that the task reads.
#[derive(Debug)]
pub(super) struct LiveInput {
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
pub(super) struct Time {
    /// The wall clock as it was last handed in.
    pub wall: Timestamp,
    pub inputs: Vec<LiveInput>,
    /// When each task was last heard from, by the wall clock.
    heard_at: Vec<Timestamp>,
    pub own: SenderClocks,
    /// Behind this no event comes from anywhere.
    pub safe: Timestamp,
    /// When everybody was last silent, by the wall clock.
    all_silent_at: Timestamp,
    /// Where all sources are at their end, and since when by the wall clock.
    ended: Option<(Timestamp, Timestamp)>,
    /// A silent task was left out.
    pub left_out: bool,
    /// The oldest event of the deployment, as far as heard: a window that reaches back before is partial.
    pub began_at: Option<Timestamp>,
    /// Where a clock at its end stands at least.
    pub end_at: Timestamp,
}

impl Time {
    #[must_use]
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            wall: Timestamp::MIN,
            inputs: Vec::new(),
            heard_at: vec![Timestamp::MIN; usize::from(settings.tasks)],
            own: SenderClocks::default(),
            safe: Timestamp::MIN,
            all_silent_at: Timestamp::MIN,
            ended: None,
            left_out: false,
            began_at: None,
            end_at: Timestamp::MIN,
        }
    }

    pub(super) fn see_wall(&mut self, wall: Timestamp) {
        if self.wall == Timestamp::MIN {
            self.heard_at.fill(wall);
            self.all_silent_at = wall;
        }
        self.wall = self.wall.max(wall);
    }

    pub(super) fn hear(&mut self, sender: u16) {
        self.heard_at[usize::from(sender)] = self.wall;
    }

    /// Moves all clocks on: of the inputs, of the contacts, the customers, the agents, the scores.
    pub(super) fn advance(&mut self, task: u16, meta: &mut Meta, settings: &Settings) {
        self.advance_inputs(meta, settings);
        self.left_out = self.is_any_left_out(task, settings);
        let contact = self.contact_clock(task, meta, settings);
        advance(&mut meta.contact_clock, contact);
        self.own.contact = meta.contact_clock;
        self.note_end(meta.contact_clock);
        let customer = self.all(task, meta, settings, |clocks| clocks.contact);
        advance(&mut meta.customer_clock, customer);
        self.own.customer = meta.customer_clock;
        let agent = self.all(task, meta, settings, |clocks| clocks.customer);
        advance(&mut meta.agent_clock, agent);
        self.own.agent = meta.agent_clock;
        let scores = self.all(task, meta, settings, |clocks| clocks.agent);
        advance(
            &mut meta.score_clock,
            scores.filter(|clock| clock.at > Timestamp::MIN),
        );
        self.advance_beginning(meta);
        self.advance_safe(task, meta, settings);
        self.own.sealed = Some(self.safe);
    }

    fn note_end(&mut self, contact: Option<Clock>) {
        let end = contact.filter(|clock| clock.ended).map(|clock| clock.at);
        if end != self.ended.map(|(at, _)| at) {
            self.ended = end.map(|at| (at, self.wall));
        }
    }

    /// Up to here all sources have been read: what comes from before is late. The end of all is one only when it has lasted and all have
    /// spoken since, for who reads on ends sooner than others.
    #[must_use]
    pub(super) fn read_to(&self, task: u16, settings: &Settings) -> Timestamp {
        let lasts = |(_, since): &(Timestamp, Timestamp)| {
            let lasted = *since + settings.grace;
            let spoke = |sender| lasted <= self.heard_at[usize::from(sender)];
            lasted <= self.wall && others(task, settings).all(spoke)
        };
        let end = self.ended.filter(lasts).map(|(at, _)| at);
        end.map_or(self.safe, |at| at.max(self.safe))
    }

    /// Nobody tells of anything older that it was so, but for the lateness and sums that are corrected.
    #[must_use]
    pub(super) fn all_sealed(&self, task: u16, meta: &Meta, settings: &Settings) -> Timestamp {
        let others = self.of_senders(task, meta, settings, |clocks| clocks.sealed);
        let all = others.chain([Some(self.safe)]);
        all.map(|sealed| sealed.unwrap_or(Timestamp::MIN))
            .min()
            .unwrap_or(Timestamp::MIN)
    }

    /// Who is silent for long holds nobody; but after all were silent, each gets as long to speak again.
    fn advance_safe(&mut self, task: u16, meta: &Meta, settings: &Settings) {
        let told = self.of_senders(task, meta, settings, |clocks| clocks.safe);
        let all = told.chain([self.own.safe]);
        let (slowest, any_silent) = all.fold((SILENT, false), |(slowest, any_silent), safe| {
            let safe = safe.unwrap_or(Timestamp::MIN);
            (slowest.min(safe), any_silent || safe == SILENT)
        });
        if slowest == SILENT {
            self.all_silent_at = self.wall;
        } else if !any_silent || !self.may_all_be_back(settings) {
            self.safe = self.safe.max(slowest.min(self.wall));
        }
    }

    fn may_all_be_back(&self, settings: &Settings) -> bool {
        self.wall <= self.all_silent_at + settings.hold_max
    }

    fn advance_beginning(&mut self, meta: &mut Meta) {
        self.own.began_at = self.own.began_at.into_iter().chain(meta.began_at).min();
        meta.began_at = self.own.began_at;
        let others = meta
            .senders
            .iter()
            .filter_map(|sender| sender.clocks.began_at);
        self.began_at = others.chain(self.own.began_at).min();
    }

    fn advance_inputs(&mut self, meta: &mut Meta, settings: &Settings) {
        for input in &self.inputs {
            if input.kind == SourceClock::Wall
                && let Some(empty_at) = input.empty_at
            {
                meta.inputs[input.place].time.follow(empty_at);
            }
        }
        let clocks = self.inputs.iter().map(|input| {
            let time = &meta.inputs[input.place].time;
            time.stage_clock(input.kind, input.at_end_since.is_some())
        });
        let own = Clock::combine(clocks).map(|clock| self.bound(clock));
        advance(&mut self.own.source, own);
        self.own.safe = self.own_safe(meta, settings);
    }

    fn own_safe(&self, meta: &Meta, settings: &Settings) -> Option<Timestamp> {
        let (mut slowest, mut any_silent) = (SILENT, false);
        for input in &self.inputs {
            let at_end = input.at_end_since;
            let idle = at_end.is_some_and(|since| since + settings.hold_max < self.wall);
            if idle && input.kind == SourceClock::Events {
                any_silent = true;
            } else {
                let time = &meta.inputs[input.place].time;
                slowest = slowest.min(time.clock()?);
            }
        }
        let waits = any_silent && slowest != SILENT && self.may_all_be_back(settings);
        (!waits).then_some(slowest)
    }

    fn bound(&self, clock: Clock) -> Clock {
        let at = if clock.ended {
            clock.at.max(self.end_at)
        } else {
            clock.at
        };
        Clock {
            at: at.min(self.wall),
            ..clock
        }
    }

    /// The contact stage is behind its own inputs by the grace, behind those of others by less, so that heartbeats
    /// fall inside.
    fn contact_clock(&self, task: u16, meta: &Meta, settings: &Settings) -> Option<Clock> {
        let grace = settings.grace;
        let behind = SENDERS_BEHIND.min(grace);
        let own = self.own.source.map(|clock| clock.behind(grace));
        let others = self
            .of_senders(task, meta, settings, |clocks| clocks.source)
            .map(|clock| clock.map(|clock| clock.behind(behind)));
        Clock::combine(others.chain([own]))
    }

    /// The clock of a stage that waits for an earlier one of every task, its own included.
    fn all(
        &self,
        task: u16,
        meta: &Meta,
        settings: &Settings,
        of: impl Fn(&SenderClocks) -> Option<Clock> + Copy,
    ) -> Option<Clock> {
        let others = self.of_senders(task, meta, settings, of);
        Clock::combine(others.chain([of(&self.own)]))
    }

    fn of_senders<'a, T: 'a>(
        &'a self,
        task: u16,
        meta: &'a Meta,
        settings: &'a Settings,
        of: impl Fn(&SenderClocks) -> Option<T> + 'a,
    ) -> impl Iterator<Item = Option<T>> + 'a {
        others(task, settings)
            .filter(move |sender| !self.is_silent(*sender, settings))
            .map(move |sender| of(&meta.senders[usize::from(sender)].clocks))
    }

    fn is_silent(&self, sender: u16, settings: &Settings) -> bool {
        self.heard_at[usize::from(sender)] + settings.hold_max < self.wall
    }

    fn is_any_left_out(&self, task: u16, settings: &Settings) -> bool {
        others(task, settings).any(|sender| self.is_silent(sender, settings))
    }
}

/// All tasks but this one.
fn others(task: u16, settings: &Settings) -> impl Iterator<Item = u16> + use<> {
    (0..settings.tasks).filter(move |sender| *sender != task)
}
