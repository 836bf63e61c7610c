//! Conversion of output records from JSON to protobuf and back.

use std::borrow::Cow;

use prost::Message;
use serde::{Serialize, de::DeserializeOwned};

use super::{AlertRecord, ContactRecord, KpiRecord, RecognitionRecord, ScorecardRecord};

/// Kinds of records that are written in either format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    Kpi,
    Alert,
    Contact,
    Scorecard,
    Recognition,
}

/// Reason why bytes are no record of a kind.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("not a record as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("not a record as protobuf: {0}")]
    Protobuf(#[from] prost::DecodeError),
}

impl Record {
    /// # Errors
    /// When the bytes are not such a record as JSON.
    pub fn to_protobuf(self, json: &[u8]) -> Result<Vec<u8>, RecordError> {
        match self {
            Self::Kpi => encode::<KpiRecord>(json),
            Self::Alert => encode::<AlertRecord>(json),
            Self::Contact => encode::<ContactRecord>(json),
            Self::Scorecard => encode::<ScorecardRecord>(json),
            Self::Recognition => encode::<RecognitionRecord>(json),
        }
    }

    /// Converts a record in either format: a topic may hold both, from before and after a change of the setting. No message of
    /// ours begins as a JSON object does, with a group numbered 15.
    ///
    /// # Errors
    /// When the bytes are not such a record as protobuf.
    pub fn to_json(self, bytes: &[u8]) -> Result<Cow<'_, [u8]>, RecordError> {
        if bytes.first() == Some(&b'{') {
            return Ok(Cow::Borrowed(bytes));
        }
        let json = match self {
            Self::Kpi => decode::<KpiRecord>(bytes),
            Self::Alert => decode::<AlertRecord>(bytes),
            Self::Contact => decode::<ContactRecord>(bytes),
            Self::Scorecard => decode::<ScorecardRecord>(bytes),
            Self::Recognition => decode::<RecognitionRecord>(bytes),
        };
        json.map(Cow::Owned)
    }
}

fn encode<M: Message + DeserializeOwned>(json: &[u8]) -> Result<Vec<u8>, RecordError> {
    Ok(serde_json::from_slice::<M>(json)?.encode_to_vec())
}

fn decode<M: Message + Default + Serialize>(protobuf: &[u8]) -> Result<Vec<u8>, RecordError> {
    Ok(serde_json::to_vec(&M::decode(protobuf)?)?)
}
