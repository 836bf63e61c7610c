//! How a task continues whose state or frames are lost, once somebody has accepted that.

use super::Task;
use crate::{
    engine::{
        InputId, Step, TaskError,
        exchange::frame::Section,
        state::meta::{InputState, SenderState},
    },
    event::Text,
};

/// The last step received of each sender, to look through frames without applying them.
#[derive(Debug, Clone)]
pub struct FrameChain {
    task: u16,
    senders: Vec<SenderState>,
    /// Forwarded events in the frames so far.
    pub events: u64,
}

impl Task {
    /// Begins empty behind step `seq`: the state is lost. Goes on at these positions of its sources.
    pub fn begin_anew(&mut self, seq: u64, positions: &[(InputId, i64)]) {
        self.meta.seq = seq;
        for (input, position) in positions {
            let topic = &self.settings.sources[usize::from(input.source)].topic;
            self.meta.inputs.push(InputState {
                topic: Text::new(topic),
                partition: input.partition,
                position: *position,
                ..InputState::default()
            });
        }
    }

    /// Goes on with the frame at `position` of the exchange: frames before it are lost.
    pub fn skip_frames(&mut self, position: i64) {
        self.meta.exchange_position = position;
        for sender in &mut self.meta.senders {
            sender.lost = true;
        }
    }

    /// Enters into the counters what was lost: events that were read, and of which nothing more is known. `missing` are further ones
    /// that were counted as sent to other tasks and never came (below 0: that came, and whose sending is forgotten).
    pub fn count_lost(&mut self, missing: i64, unaccounted: i64) {
        let counters = &mut self.meta.counters;
        counters.received += u64::try_from(missing).unwrap_or(0);
        counters.forwarded += u64::try_from(-missing).unwrap_or(0);
        counters.lost += u64::try_from(unaccounted).unwrap_or(0);
        counters.read += u64::try_from(-unaccounted).unwrap_or(0);
    }

    /// Cuts the step that makes the loss last: all of the state as it is now, nothing for anybody else.
    pub fn cut_loss(&mut self) -> Step {
        self.meta.seq += 1;
        self.changelog.cycle.write_all();
        Step {
            task: self.id,
            seq: self.meta.seq,
            state: self.write_changelog(),
            sections: Vec::new(),
            outputs: Vec::new(),
            positions: Vec::new(),
            exchange_position: self.meta.exchange_position,
            restore_from: None,
            urgent: false,
        }
    }

    /// Returns the frames that have been received so far.
    #[must_use]
    pub fn frame_chain(&self) -> FrameChain {
        FrameChain {
            task: self.id.0,
            senders: self.meta.senders.clone(),
            events: 0,
        }
    }
}

impl FrameChain {
    /// Looks at the next frame.
    ///
    /// # Errors
    /// When it can't be read, or one before it is lost.
    pub fn follow(&mut self, offset: i64, frame: &[u8]) -> Result<(), TaskError> {
        let sections = Section::read_all(frame).map_err(|error| TaskError::Corrupt {
            task: self.task,
            cause: format!("frame at offset {offset}: {error}"),
        })?;
        for section in sections {
            let sender = &mut self.senders[usize::from(section.from)];
            if sender.follow(self.task, &section)? {
                self.events += section.forwards.len() as u64;
            }
        }
        Ok(())
    }
}

impl SenderState {
    /// Takes a section as the next one. False if it is a repeat.
    ///
    /// # Errors
    /// When one before it is lost.
    pub(super) fn follow(&mut self, task: u16, section: &Section) -> Result<bool, TaskError> {
        if section.seq <= self.seq {
            return Ok(false);
        }
        // Nothing before: the sender has begun anew.
        let begins = section.previous == 0;
        if section.previous != self.seq && !begins && !self.lost {
            return Err(TaskError::FrameGap {
                task,
                from: section.from,
                found: section.previous,
                expected: self.seq,
            });
        }
        *self = Self {
            seq: section.seq,
            watermarks: section.watermarks,
            lost: false,
        };
        Ok(true)
    }
}
