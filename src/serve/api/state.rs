//! What a handler is given of the process.

use std::sync::Arc;

use axum::extract::State;

use crate::serve::side::ReadSide;

pub(super) type Side = State<Arc<ReadSide>>;
