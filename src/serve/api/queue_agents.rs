//! Who could help in a queue: agents who have worked there, and how long each was free lately.

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::{Path, State},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::state::Side;
use crate::serve::{ReadModel, model::Entity, problem::Problem};
use floorwalker_core::event::Timestamp;

/// More than anybody reads.
const SHOWN_MAX: usize = 50;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QueueAgents {
    queue: String,
    /// How many agents have a scorecard in this queue.
    total: usize,
    /// Those who were free, whoever was for longest first; at most 50. No ranking of their work.
    agents: Vec<FreeAgent>,
}

#[derive(Debug, Serialize, ToSchema)]
struct FreeAgent {
    agent: String,
    /// What the directory calls the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// The window of the figures: the shortest there is.
    window: String,
    #[schema(value_type = String, format = DateTime)]
    clock: Timestamp,
    /// Seconds of the window in which the agent was free for the next contact.
    free: f64,
    /// The share of busy time in busy and free time.
    occupancy: Option<f64>,
    /// All queues in which the agent has a scorecard.
    queues: BTreeSet<String>,
}

/// The part of a figures' record that is read.
#[derive(Deserialize)]
struct Figures {
    kpis: Kpis,
}

#[derive(Deserialize)]
struct Kpis {
    occupancy: Option<Times>,
}

#[derive(Deserialize)]
struct Times {
    value: Option<f64>,
    available: f64,
}

/// Agents who have worked in a queue and were free lately.
///
/// An agent who handled, declined or missed a contact of the queue within the scorecards' window has a scorecard there. Of a queue that nobody
/// knows there are none.
#[utoipa::path(get, path = "/api/v1/queues/{queue}/agents",
    params(("queue" = String, Path, description = "The queue's name; a slash in it is written %2F")),
    responses(
        (status = 200, description = "Whoever was free for longest first", body = QueueAgents),
        (status = 503, description = "The topics are still being read: ask again in a moment", body = Problem)))]
pub(super) async fn list_queue_agents(
    State(side): Side,
    Path(queue): Path<String>,
) -> Json<QueueAgents> {
    Json(of_queue(&side.model, &queue))
}

fn of_queue(model: &ReadModel, queue: &str) -> QueueAgents {
    let known = model.agents_of(queue);
    let total = known.len();
    let titles = model.titles();
    let free = known.into_iter().filter_map(|(agent, queues)| {
        let name = format!("agent:{agent}");
        let title = titles.get(&name).cloned();
        free_agent(&*model.entity(&name)?, (agent, title, queues))
    });
    let mut agents: Vec<FreeAgent> = free.collect();
    // Agents of the same time stay in the order of their names.
    agents.sort_by(|one, other| other.free.total_cmp(&one.free));
    agents.truncate(SHOWN_MAX);
    QueueAgents {
        queue: queue.to_owned(),
        total,
        agents,
    }
}

/// `None` if the agent was busy or away all the time.
fn free_agent(
    entity: &Entity,
    (agent, title, queues): (String, Option<String>, BTreeSet<String>),
) -> Option<FreeAgent> {
    let score = entity.scores.first()?;
    let figures: Figures = serde_json::from_str(score.record.get()).ok()?;
    let times = figures.kpis.occupancy?;
    (times.available > 0.0).then(|| FreeAgent {
        agent,
        title,
        window: score.window.clone(),
        clock: score.clock,
        free: times.available,
        occupancy: times.value,
        queues,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kafka::{FollowEvent, FollowedRecord, topics::Topic},
        serve::ServeSettings,
    };

    fn feed(model: &ReadModel, topic: Topic, key: &str, record: &str) {
        model.handle(&FollowEvent::Record(FollowedRecord {
            topic,
            partition: 0,
            offset: 0,
            key: key.as_bytes(),
            payload: Some(record.as_bytes()),
            written_at: Timestamp::from_millis(1),
        }));
    }

    #[test]
    fn who_was_free_for_longest_comes_first_and_who_was_not_is_left_out() {
        let model = ReadModel::new(&ServeSettings::default());
        for (agent, queue) in [
            ("ana", "billing"),
            ("ana", "tech"),
            ("bo", "billing"),
            ("cy", "billing"),
            ("di", "tech"),
            ("ed", "billing"),
        ] {
            let key = format!("agent:{agent}/queue:{queue}/channel:voice");
            let record = format!(r#"{{"agent":"{agent}","queue":"{queue}"}}"#);
            feed(&model, Topic::Scorecards, &key, &record);
        }
        for (agent, occupied, available) in [
            ("ana", 90, 30),
            ("bo", 0, 240),
            ("cy", 300, 0),
            ("di", 0, 300),
        ] {
            let record = format!(
                r#"{{"entity":"agent:{agent}","window":"5m","clock":"2026-11-22T10:00:00Z","kpis":{{"sla":{{}},
                    "occupancy":{{"value":0.5,"occupied":{occupied},"available":{available},"away":{{}}}}}}}}"#
            );
            feed(&model, Topic::Kpis, &format!("agent:{agent}/5m"), &record);
        }
        let answer = of_queue(&model, "billing");
        let agents: Vec<(&str, f64, usize)> = (answer.agents.iter())
            .map(|it| (it.agent.as_str(), it.free, it.queues.len()))
            .collect();
        assert_eq!(answer.total, 4);
        assert_eq!(agents, [("bo", 240.0, 1), ("ana", 30.0, 2)]);
        assert_eq!(of_queue(&model, "sales").total, 0);
    }
}
