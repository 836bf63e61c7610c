//! One binary for everything; a file per behaviour.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "tests count in small numbers"
)]
#![expect(clippy::unwrap_used, reason = "what a test does not expect may panic")]

mod agreement;
mod agreement_calendar;
mod agreement_text;
mod agreement_today;
mod calendar;
mod calendar_zones;
mod balance;
mod balance_world;
#[cfg(feature = "kafka")]
mod binary;
#[cfg(feature = "kafka")]
mod broker;
#[cfg(feature = "kafka")]
mod commands;
#[cfg(feature = "kafka")]
mod config;
#[cfg(feature = "kafka")]
mod config_calendar;
#[cfg(feature = "kafka")]
mod config_scorecards;
mod conversation;
mod crash;
mod csat;
#[cfg(feature = "kafka")]
mod dead_letters;
mod decode;
mod decode_damage;
mod decode_kinds;
#[cfg(feature = "kafka")]
mod demo;
#[cfg(feature = "kafka")]
mod deploy;
#[cfg(feature = "kafka")]
mod deployment;
mod directory;
mod first_contact;
mod golden;
#[cfg(feature = "kafka")]
mod kafka_feed;
#[cfg(feature = "kafka")]
mod kafka_garbage;
#[cfg(feature = "kafka")]
mod kafka_golden;
#[cfg(feature = "kafka")]
mod kafka_kill;
#[cfg(feature = "kafka")]
mod kafka_refusals;
#[cfg(feature = "kafka")]
mod kafka_same;
#[cfg(feature = "kafka")]
mod kafka_speed;
mod lateness;
mod line;
mod privacy;
#[cfg(feature = "kafka")]
mod process;
#[cfg(feature = "kafka")]
mod outcome;
mod protobuf;
mod published;
#[cfg(feature = "kafka")]
mod readback;
mod records;
mod reference;
mod reference_agents;
mod reference_cases;
mod reference_outcomes;
#[cfg(feature = "kafka")]
mod replay;
#[cfg(feature = "kafka")]
mod report;
#[cfg(feature = "kafka")]
mod prometheus;
#[cfg(feature = "kafka")]
mod serve;
#[cfg(feature = "kafka")]
mod serve_api;
#[cfg(feature = "kafka")]
mod serve_directory;
#[cfg(feature = "kafka")]
mod serve_model;
mod reported;
mod rules;
mod schema_compat;
mod schemas;
mod silence;
mod sim;
#[cfg(feature = "kafka")]
mod simulate;
mod spine;
mod tidy;
mod times;
mod today;
mod world;
mod world_people;
mod worlds;
