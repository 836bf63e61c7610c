//! A stand-in that only counts keys: proves the edge until the real task is there.

use std::{collections::BTreeMap, sync::Arc};

use minicbor::{Decode, Encode};

use super::{
    Counters, InputId, OutTopic, Output, Pending, Settings, SourceRecord, Step, TaskError, TaskId,
};
use crate::event::Timestamp;

#[derive(Debug, Clone, Default, Encode, Decode)]
struct State {
    #[n(0)]
    seq: u64,
    #[n(1)]
    part: u32,
    #[n(2)]
    counts: BTreeMap<String, u64>,
    #[n(3)]
    positions: BTreeMap<(u16, i32), i64>,
    #[n(4)]
    exchange: i64,
    #[n(5)]
    told: BTreeMap<u16, u64>,
    #[n(6)]
    heard: BTreeMap<u16, u64>,
    #[n(7)]
    records: u64,
}

#[derive(Debug, Encode, Decode)]
struct Section {
    #[n(0)]
    from: u16,
    #[n(1)]
    seq: u64,
    #[n(2)]
    previous: u64,
    #[n(3)]
    counts: BTreeMap<String, u64>,
}

#[derive(Debug)]
pub struct Task {
    id: TaskId,
    tasks: u16,
    state: State,
    changed: BTreeMap<String, u64>,
    forward: BTreeMap<u16, BTreeMap<String, u64>>,
    positions: BTreeMap<InputId, i64>,
    pending: Pending,
    bytes: usize,
    beaten_at: Timestamp,
    restore_from: Option<i64>,
    counters: Counters,
    ends: u64,
}

fn murmur2(bytes: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut h: u32 = 0x9747_b28c ^ u32::try_from(bytes.len()).unwrap_or(0);
    let mut chunks = bytes.chunks_exact(4);
    for chunk in &mut chunks {
        let mut k = u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]);
        k = k.wrapping_mul(M);
        k ^= k >> 24;
        k = k.wrapping_mul(M);
        h = h.wrapping_mul(M) ^ k;
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        for (i, byte) in rest.iter().enumerate() {
            h ^= u32::from(*byte) << (8 * i);
        }
        h = h.wrapping_mul(M);
    }
    h ^= h >> 13;
    h = h.wrapping_mul(M);
    h ^ (h >> 15)
}

impl Task {
    #[must_use]
    pub fn new(id: TaskId, settings: &Arc<Settings>) -> Self {
        Self {
            id,
            tasks: settings.tasks,
            state: State::default(),
            changed: BTreeMap::new(),
            forward: BTreeMap::new(),
            positions: BTreeMap::new(),
            pending: Pending::Nothing,
            bytes: 0,
            beaten_at: Timestamp(0),
            restore_from: None,
            counters: Counters::default(),
            ends: 0,
        }
    }

    pub fn restore(&mut self, record: &[u8]) -> Result<u64, TaskError> {
        let state: State = minicbor::decode(record).map_err(|error| TaskError::Corrupt {
            task: self.id.0,
            cause: error.to_string(),
        })?;
        let seq = state.seq;
        if state.part == 0 {
            self.state = state;
        } else {
            assert_eq!(self.state.seq, seq, "second part without the first");
            self.state.counts.extend(state.counts);
        }
        Ok(seq)
    }

    pub fn start(&mut self, committed: u64) -> Result<(), TaskError> {
        if self.state.seq != committed {
            return Err(TaskError::EndsElsewhere {
                task: self.id.0,
                found: self.state.seq,
                expected: committed,
            });
        }
        Ok(())
    }

    pub fn position(&self, input: InputId) -> Option<i64> {
        self.state
            .positions
            .get(&(input.source, input.partition))
            .copied()
    }

    pub fn exchange_position(&self) -> i64 {
        self.state.exchange
    }

    pub fn add_input(&mut self, _: InputId) {}

    fn apply(&mut self, key: &str, count: u64) {
        let total = self.state.counts.entry(key.to_owned()).or_default();
        *total += count;
        self.changed.insert(key.to_owned(), *total);
        let weight = if key.starts_with("alert") {
            Pending::Alert
        } else {
            Pending::Step
        };
        self.pending = self.pending.max(weight);
        self.bytes += 64;
    }

    pub fn handle_source(&mut self, record: &SourceRecord<'_>, _: Timestamp) {
        let input = (record.input.source, record.input.partition);
        let expected = self.state.positions.get(&input).copied().unwrap_or(0);
        assert!(record.offset >= expected, "a source record came twice");
        self.state.positions.insert(input, record.offset + 1);
        self.positions.insert(record.input, record.offset + 1);
        self.counters.read += 1;
        self.pending = self.pending.max(Pending::Step);
        let key = String::from_utf8_lossy(record.payload.unwrap_or_default()).into_owned();
        let owner = (murmur2(key.as_bytes()) & 0x7fff_ffff) % u32::from(self.tasks);
        if owner == u32::from(self.id.0) {
            self.counters.applied += 1;
            self.apply(&key, 1);
        } else {
            self.counters.forwarded += 1;
            let owner = u16::try_from(owner).unwrap_or(0);
            *self
                .forward
                .entry(owner)
                .or_default()
                .entry(key)
                .or_default() += 1;
            self.bytes += 64;
        }
    }

    pub fn handle_end(&mut self, _: InputId, _: Timestamp) {
        self.ends += 1;
    }

    pub fn handle_frame(
        &mut self,
        offset: i64,
        frame: &[u8],
        _: Timestamp,
    ) -> Result<(), TaskError> {
        assert!(
            offset >= self.state.exchange,
            "an exchange record came twice"
        );
        let mut decoder = minicbor::Decoder::new(frame);
        while decoder.position() < frame.len() {
            let section: Section = decoder.decode().map_err(|error| TaskError::Corrupt {
                task: self.id.0,
                cause: error.to_string(),
            })?;
            let last = self.state.heard.get(&section.from).copied().unwrap_or(0);
            if section.seq <= last {
                self.counters.repeated += 1;
                continue;
            }
            if section.previous != last {
                return Err(TaskError::FrameGap {
                    task: self.id.0,
                    from: section.from,
                    found: section.previous,
                    expected: last,
                });
            }
            self.state.heard.insert(section.from, section.seq);
            for (key, count) in section.counts {
                self.counters.received += count;
                self.apply(&key, count);
            }
        }
        self.state.exchange = offset + 1;
        self.pending = self.pending.max(Pending::Step);
        Ok(())
    }

    pub fn handle_timeout(&mut self, now: Timestamp) {
        if (now - self.beaten_at).0 > 500_000 {
            self.beaten_at = now;
            self.pending = self.pending.max(Pending::Step);
        }
    }

    pub fn pending(&self) -> Pending {
        self.pending
    }

    pub fn pending_bytes(&self) -> usize {
        self.bytes
    }

    pub fn poll_output(&mut self) -> Option<Step> {
        if self.pending == Pending::Nothing {
            return None;
        }
        self.state.seq += 1;
        let seq = self.state.seq;
        let mut sections = Vec::new();
        for (to, counts) in std::mem::take(&mut self.forward) {
            let section = Section {
                from: self.id.0,
                seq,
                previous: self.state.told.insert(to, seq).unwrap_or(0),
                counts,
            };
            sections.push((TaskId(to), minicbor::to_vec(&section).expect("memory")));
        }
        let outputs = std::mem::take(&mut self.changed)
            .into_iter()
            .map(|(key, total)| Output {
                topic: if key.starts_with("alert") {
                    OutTopic::Alerts
                } else {
                    OutTopic::Kpis
                },
                key: Some(key.into_bytes()),
                payload: Some(total.to_string().into_bytes()),
                headers: vec![("seq".to_owned(), Some(seq.to_string().into_bytes()))],
            })
            .collect();
        self.bytes = 0;
        let urgent = std::mem::replace(&mut self.pending, Pending::Nothing) == Pending::Alert;
        self.beaten_at = self.beaten_at.max(Timestamp(0));
        Some(Step {
            task: self.id,
            seq,
            state: self.state_records(),
            sections,
            outputs,
            positions: std::mem::take(&mut self.positions).into_iter().collect(),
            exchange_position: self.state.exchange,
            restore_from: self.restore_from,
            urgent,
        })
    }

    fn state_records(&self) -> Vec<Vec<u8>> {
        let mut first = self.state.clone();
        first.part = 0;
        if first.seq % 7 != 0 {
            return vec![minicbor::to_vec(&first).expect("memory")];
        }
        let half = first.counts.len() / 2;
        let mut second = State {
            seq: first.seq,
            part: 1,
            ..State::default()
        };
        for key in first.counts.keys().skip(half).cloned().collect::<Vec<_>>() {
            let count = first.counts.remove(&key).unwrap_or(0);
            second.counts.insert(key, count);
        }
        vec![
            minicbor::to_vec(&first).expect("memory"),
            minicbor::to_vec(&second).expect("memory"),
        ]
    }

    pub fn handle_committed(&mut self, seq: u64, state_offset: i64) {
        assert!(
            seq <= self.state.seq && state_offset >= 0,
            "a step that never was"
        );
        self.restore_from = Some(state_offset);
    }

    pub fn counters(&self) -> Counters {
        self.counters
    }
}
