//! Numbers of agents, queues and contacts.

/// The place of an agent among all agents.
pub(super) type AgentNo = usize;
/// The place of a queue among all queues.
pub(super) type QueueNo = usize;
/// Contacts are numbered from 1 in the order of their beginnings.
pub(super) type ContactNo = u64;
