//! What a handler is given of the process.

use std::{sync::Arc, time::Duration};

use axum::{extract::State, http::StatusCode};

use crate::serve::side::ReadSide;

pub(super) type Side = State<Arc<ReadSide>>;

/// How long what was written may take to come back from its topic.
const READ_BACK_WITHIN: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Waits until the read model shows what was written. Returns `done`, or that it is accepted and not shown yet.
pub(super) async fn read_back(done: StatusCode, is_shown: impl Fn() -> bool) -> StatusCode {
    let shown = async {
        while !is_shown() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    match tokio::time::timeout(READ_BACK_WITHIN, shown).await {
        Ok(()) => done,
        Err(_) => StatusCode::ACCEPTED,
    }
}
