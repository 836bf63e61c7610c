//! One message to one receiver, to see whether it gets there.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use serde_json::{json, value::to_raw_value};

use super::{
    notification::{Notification, Transition, key_of},
    receiver::{Outcome, Receiver},
    settings::NotifySettings,
};
use crate::kafka::clock::{self, Tick};

/// How a test went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    pub outcome: Outcome,
    pub took: Duration,
}

/// Sends a message that is marked as a test, once.
///
/// # Errors
/// When there is no such receiver, or it can't be made.
pub fn try_receiver(settings: &NotifySettings, name: &str) -> anyhow::Result<Tried> {
    let known: Vec<&str> = settings.receivers.keys().map(String::as_str).collect();
    let known = match known.is_empty() {
        true => "there are none; docs/notifications.md shows how to add one".to_owned(),
        false => format!("there are {}", known.join(", ")),
    };
    let own = (settings.receivers.get(name))
        .with_context(|| format!("there is no receiver `{name}`; {known}"))?;
    let mut receiver = Receiver::new(own, settings.wallboard.as_ref())
        .with_context(|| format!("receiver `{name}`"))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (now, began_at) = (clock::wall(), Tick::now());
    let id = format!("all/test-{}", now.0);
    let alert = json!({
        "id": id, "rule": "notify.test", "status": "firing", "severity": "warning", "subject": "all",
        "starts_at": now, "at": now, "ends_at": null,
        "why": "This is a test of Floorwalker's notifications.",
        "action": "Nothing has to be done.", "interrupts": true,
        "links": {"wallboard": "/"},
    });
    let message = Notification {
        id: key_of(&id, Transition::Fired, 0),
        incident: id,
        receiver: name.to_owned(),
        transition: Transition::Fired,
        at: now,
        team: None,
        escalation: 0,
        by: None,
        covers: Vec::new(),
        alert: Arc::from(to_raw_value(&alert)?),
    };
    let outcome = runtime.block_on(receiver.send(&message, now));
    Ok(Tried {
        outcome,
        took: Tick::now().since(began_at),
    })
}
