//! One binary for all of the core; a file per behaviour.

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
mod alert_rules;
mod alert_tables;
mod balance;
mod balance_world;
mod calendar;
mod calendar_zones;
mod cases;
mod concerns;
mod conversation;
mod crash;
mod crash_rules;
mod csat;
mod decode;
mod decode_damage;
mod decode_kinds;
mod directory;
mod first_contact;
mod golden;
mod lateness;
mod line;
mod names;
mod never_back;
mod order;
mod privacy;
mod protobuf;
mod published;
mod recognition;
mod records;
mod reference;
mod reference_agents;
mod reference_cases;
mod reference_outcomes;
mod reported;
mod rules;
mod schema_compat;
mod schemas;
mod signals;
mod silence;
mod sim;
mod source_time;
mod spine;
mod switches;
mod times;
mod today;
mod upgrade;
mod world;
mod world_incidents;
mod world_people;
mod world_quiet;
mod worlds;
mod zeros;
