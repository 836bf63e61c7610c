//! What a request sends, as JSON: it has to come in time.

use std::{convert::Infallible, time::Duration};

use axum::{
    Json,
    extract::{FromRequest, Request, rejection::JsonRejection},
    http::StatusCode,
};
use serde::de::DeserializeOwned;

use crate::serve::problem::Problem;

/// A body of a few hundred bytes.
const SENT_WITHIN: Duration = Duration::from_secs(10);

/// The body, or why it can't be used.
pub(super) struct Sent<T>(Result<T, Unread>);

enum Unread {
    Late,
    Refused(JsonRejection),
}

impl<T, S> FromRequest<S> for Sent<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Infallible> {
        let read = tokio::time::timeout(SENT_WITHIN, Json::<T>::from_request(request, state));
        Ok(Self(match read.await {
            Ok(Ok(Json(body))) => Ok(body),
            Ok(Err(rejection)) => Err(Unread::Refused(rejection)),
            Err(_) => Err(Unread::Late),
        }))
    }
}

impl<T> Sent<T> {
    /// Returns the body, which should look like the example.
    pub(super) fn read(self, example: &str) -> Result<T, Problem> {
        self.0.map_err(|unread| match unread {
            Unread::Refused(rejection) => Problem::unread(&rejection, example),
            Unread::Late => Problem::new(
                StatusCode::REQUEST_TIMEOUT,
                "body",
                format!("the body did not come within {} s", SENT_WITHIN.as_secs()),
                "send it at once",
            ),
        })
    }
}
