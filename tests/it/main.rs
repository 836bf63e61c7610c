//! One binary for everything; a file per behaviour.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "tests count in small numbers"
)]
#![expect(clippy::unwrap_used, reason = "what a test does not expect may panic")]

mod arrows;
mod asyncapi;
mod binary;
mod broker;
mod cardinality;
mod catcher;
mod commands;
mod config;
mod config_calendar;
mod config_http;
mod config_layers;
mod config_rules;
mod config_maintenance;
mod config_scorecards;
mod dead_letters;
mod demo;
mod deploy;
mod deployment;
mod docs;
mod files;
mod first_steps;
mod grafana;
mod grafana_queries;
mod helm;
mod kafka_feed;
mod kafka_garbage;
mod kafka_golden;
mod kafka_health;
mod kafka_kill;
mod kafka_login;
mod kafka_loss;
mod kafka_memory;
mod kafka_outage;
mod kafka_oversized;
mod kafka_refusals;
mod kafka_rolling;
mod kafka_same;
mod kafka_secure;
mod kafka_sources;
mod kafka_speed;
mod kafka_takeover;
mod kpi_page;
mod link;
mod notify;
mod notify_alertmanager;
mod notify_config;
mod notify_day;
mod notify_failures;
mod openapi;
mod outcome;
mod process;
mod prometheus;
mod prometheus_days;
mod readback;
mod reader;
mod replay;
mod report;
mod rules_test;
mod secrets;
mod serve;
mod serve_api;
mod serve_directory;
mod serve_flood;
mod serve_hardening;
mod serve_http;
mod serve_model;
mod serve_recognitions;
mod serve_silences;
mod serve_tls;
mod serve_tokens;
mod serving;
mod simulate;
mod tidy;
mod wallboard;
mod wallboard_sign_in;
