//! The topics of the directory and of acknowledgements: read whole by each process and handed to each of its tasks, which know how much
//! they have read.

use super::{
    clock,
    follow::{FollowEvent, FollowedRecord, follow},
    settings::KafkaSettings,
    statements::Statements,
    stop::Stop,
    topic::Topic,
    topics::Topics,
};
use floorwalker_core::{
    contact::ContactSettings,
    directory::{Directory, Subject},
    event::Timestamp,
};

/// Reads the topics until it is to stop. A record that is no statement is logged, and changes nothing.
pub(super) fn follow_into(
    statements: &Statements,
    kafka: &KafkaSettings,
    tasks: u16,
    configured: &ContactSettings,
    stop: &Stop,
) -> anyhow::Result<()> {
    let mut directory = Directory::default();
    follow(
        kafka,
        tasks,
        &[Topic::Directory, Topic::Acknowledgements],
        stop,
        |event| match event {
            FollowEvent::Record(record) if record.topic == Topic::Acknowledgements => {
                if let (Ok(alert), Some(_)) = (str::from_utf8(record.key), record.payload) {
                    statements.note_acknowledged(alert);
                }
            }
            FollowEvent::Record(record) => match read(&record, &mut directory, configured) {
                Ok(json) => {
                    statements.add(record.offset, json);
                }
                Err(why) => {
                    statements.refuse();
                    let key = String::from_utf8_lossy(record.key);
                    tracing::error!(%key, offset = record.offset, "directory: left out: {why}");
                }
            },
            FollowEvent::CaughtUp => statements.note_caught_up(),
            FollowEvent::Tick => {}
        },
    )
}

/// What is known now, and what comes later.
///
/// # Errors
/// When the topic is not as it has to be, or Kafka does not answer.
pub fn read_directory(
    kafka: &KafkaSettings,
    tasks: u16,
    configured: &ContactSettings,
) -> anyhow::Result<Directory> {
    Topics::new(kafka, tasks)?.require(Topic::Directory)?;
    let mut directory = Directory::default();
    let (mut whole, mut silent_s) = (false, 0);
    let stop = Stop::default();
    let done = stop.clone();
    follow(
        kafka,
        tasks,
        &[Topic::Directory],
        &stop,
        |event| match event {
            FollowEvent::Record(record) => {
                silent_s = 0;
                if let Err(why) = read(&record, &mut directory, configured) {
                    let key = String::from_utf8_lossy(record.key);
                    tracing::warn!(%key, offset = record.offset, "left out: {why}");
                }
            }
            FollowEvent::CaughtUp => {
                whole = true;
                done.request();
            }
            FollowEvent::Tick => {
                silent_s += 1;
                if silent_s == SILENT_MAX_S {
                    done.request();
                }
            }
        },
    )?;
    let brokers = &kafka.brokers;
    anyhow::ensure!(
        whole,
        "no answer from Kafka at {brokers} for {SILENT_MAX_S} s: what the directory holds is not known"
    );
    Ok(directory)
}

/// The statement as JSON, if it is one.
fn read(
    record: &FollowedRecord<'_>,
    directory: &mut Directory,
    configured: &ContactSettings,
) -> Result<Vec<u8>, String> {
    let key = str::from_utf8(record.key).map_err(|_| "the key is no text".to_owned())?;
    let subject = Subject::from_name(key)
        .ok_or("the key is no subject: write a statement under the name of its subject")?;
    let json = match record.payload {
        Some(json) => json.to_vec(),
        None => removal(&subject, record.written_at),
    };
    let statement = directory.apply(record.offset, &json, configured);
    let said_of = statement.map_err(|refusal| refusal.to_string())?.subject;
    if said_of != subject {
        return Err(format!(
            "the key is {subject}, but the statement is of {said_of}: only the newest record of a key is kept, so write it under its subject"
        ));
    }
    Ok(json)
}

/// A tombstone: from when it was written on, nothing is known of its subject.
fn removal(subject: &Subject, at: Timestamp) -> Vec<u8> {
    let statement = serde_json::json!({
        "subject": subject.to_string(), "valid_from": at, "removed": true,
    });
    statement.to_string().into_bytes()
}

/// Waits until what the topic held at the start was read, or the process is to stop.
pub(super) fn wait_for(statements: &Statements, stop: &Stop) {
    while !statements.is_caught_up() && !stop.is_requested() {
        clock::pause(LOOK_AGAIN);
    }
}

const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_millis(5);
/// A question after the directory waits no longer without a record.
const SILENT_MAX_S: u32 = 30;
