//! Rejections: why a payload is no event, with a code for counters, a place, and a sentence for people.

use std::{fmt, str::Utf8Error};

use super::PAYLOAD_BYTES_MAX;

/// A payload that can't be used, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub code: RejectionCode,
    /// Where parsing stopped, if the text itself is at fault.
    pub position: Option<Position>,
    pub sentence: String,
}

/// A place in a payload; both count from 1, columns in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// Rule that a payload breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectionCode {
    TooLarge,
    InvalidUtf8,
    InvalidJson,
    NotAnObject,
    DuplicateField,
    MissingField,
    WrongType,
    EmptyId,
    TooLong,
    UnknownWord,
    InvalidTime,
    TimeOutOfRange,
    WaitWithoutQueue,
    AmbiguousTarget,
    ScaleWithoutWidth,
    ScoreOffScale,
    SentimentOffScale,
    DurationOutOfRange,
    ReportWithoutPart,
    AlertWithoutSubject,
    InvalidProtobuf,
    BrokenPrefix,
}

impl RejectionCode {
    pub const ALL: [Self; 22] = [
        Self::TooLarge,
        Self::InvalidUtf8,
        Self::InvalidJson,
        Self::NotAnObject,
        Self::DuplicateField,
        Self::MissingField,
        Self::WrongType,
        Self::EmptyId,
        Self::TooLong,
        Self::UnknownWord,
        Self::InvalidTime,
        Self::TimeOutOfRange,
        Self::WaitWithoutQueue,
        Self::AmbiguousTarget,
        Self::ScaleWithoutWidth,
        Self::ScoreOffScale,
        Self::SentimentOffScale,
        Self::DurationOutOfRange,
        Self::ReportWithoutPart,
        Self::AlertWithoutSubject,
        Self::InvalidProtobuf,
        Self::BrokenPrefix,
    ];

    /// Returns the name in headers and counters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::InvalidJson => "invalid_json",
            Self::NotAnObject => "not_an_object",
            Self::DuplicateField => "duplicate_field",
            Self::MissingField => "missing_field",
            Self::WrongType => "wrong_type",
            Self::EmptyId => "empty_id",
            Self::TooLong => "too_long",
            Self::UnknownWord => "unknown_word",
            Self::InvalidTime => "invalid_time",
            Self::TimeOutOfRange => "time_out_of_range",
            Self::WaitWithoutQueue => "wait_without_queue",
            Self::AmbiguousTarget => "ambiguous_target",
            Self::ScaleWithoutWidth => "scale_without_width",
            Self::ScoreOffScale => "score_off_scale",
            Self::SentimentOffScale => "sentiment_off_scale",
            Self::DurationOutOfRange => "duration_out_of_range",
            Self::ReportWithoutPart => "report_without_part",
            Self::AlertWithoutSubject => "alert_without_subject",
            Self::InvalidProtobuf => "invalid_protobuf",
            Self::BrokenPrefix => "broken_prefix",
        }
    }
}

impl Rejection {
    pub(super) const fn of(code: RejectionCode, sentence: String) -> Self {
        Self {
            code,
            position: None,
            sentence,
        }
    }

    pub(super) fn too_large(bytes: usize) -> Self {
        Self::of(
            RejectionCode::TooLarge,
            format!("the payload has {bytes} bytes; at most {PAYLOAD_BYTES_MAX} are read"),
        )
    }

    pub(super) fn not_utf8(bytes: &[u8], fault: Utf8Error) -> Self {
        let valid = bytes.get(..fault.valid_up_to()).unwrap_or_default();
        let line_start = valid.iter().rposition(|byte| *byte == b'\n');
        let position = Position {
            line: 1 + valid.iter().filter(|byte| **byte == b'\n').count(),
            column: valid.len() - line_start.map_or(0, |newline| newline + 1) + 1,
        };
        Self {
            code: RejectionCode::InvalidUtf8,
            position: Some(position),
            sentence: "the payload is not UTF-8".to_owned(),
        }
    }

    pub(super) fn not_json(fault: &serde_json::Error) -> Self {
        let code = if fault.is_data() {
            RejectionCode::DuplicateField
        } else {
            RejectionCode::InvalidJson
        };
        let position = Position {
            line: fault.line(),
            column: fault.column(),
        };
        let sentence = fault.to_string();
        let place = format!(" at {position}");
        Self {
            code,
            position: Some(position),
            sentence: sentence.trim_end_matches(&place).to_owned(),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code.name(), self.sentence)?;
        match self.position {
            Some(position) => write!(formatter, " at {position}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {} column {}", self.line, self.column)
    }
}
