//! `run`: a process with one role or several.

use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::{config_file::ConfigFile, report::counted, stop::stop_in_time};
use crate::{
    config::{Config, ConfigError, Loaded},
    kafka::{self, Progress},
    notify,
    serve::{Configured, ReadSide, Server, Site, TlsFault, check_tls},
};

#[derive(Debug, Args)]
pub(super) struct Run {
    #[command(flatten)]
    file: ConfigFile,
    /// What the process does
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["work", "serve"])]
    roles: Vec<Role>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Role {
    /// Takes part in the work on the sources
    Work,
    /// Answers over HTTP from what the topics hold
    Serve,
    /// Calls people about alerts, if no other process does
    Notify,
}

/// An interrupt lets the workers commit what they have applied and leave; a second one ends the process at once.
pub(super) fn run(arguments: &Run) -> anyhow::Result<()> {
    let (works, serves) = (arguments.has(Role::Work), arguments.has(Role::Serve));
    let loaded = arguments.file.load_all()?;
    let mut config = loaded.config.clone();
    if works {
        config = config.with_sources(arguments.file.place())?;
    }
    if arguments.has(Role::Notify) {
        config = config.with_receivers(arguments.file.place())?;
    }
    refuse_tls_files(&loaded, arguments.file.place())?;
    let stop = stop_in_time()?;
    let progress = Arc::new(Progress::default());
    let configured = Configured {
        contact: config.engine.contact.clone(),
        places: config.engine.kpi.places.clone(),
    };
    let side = serves.then(|| {
        ReadSide::start(
            &config.kafka,
            config.engine.tasks,
            (config.serve.clone(), configured),
            &stop,
        )
    });
    let (read, follower) = side.transpose()?.unzip();
    let calls = arguments.has(Role::Notify).then(|| {
        let (maintenance, places) = (&config.serve.maintenance, &config.engine.kpi.places);
        notify::start(
            &config.kafka,
            config.engine.tasks,
            &config.notify,
            (maintenance, places),
            &stop,
        )
    });
    let (notify, caller) = calls.transpose()?.unzip();
    let site = Site {
        progress: Arc::clone(&progress),
        works,
        read,
        notify,
    };
    let server = Server::start(&config.http, site)?;
    log_start(&config, works, &server);
    let worked = match works {
        true => kafka::run(&config.kafka, &Arc::new(config.engine), &stop, &progress),
        false => kafka::look_on(&config.kafka, config.engine.tasks, &stop, &progress),
    };
    stop.request();
    let followed = follower.map_or(Ok(()), |follower| follower.join());
    let called = caller.map_or(Ok(()), |caller| caller.join());
    worked.and(followed).and(called)
}

/// Files of TLS that can't be used are a mistake in the settings.
pub(super) fn refuse_tls_files(loaded: &Loaded, place: String) -> Result<(), ConfigError> {
    let tls = loaded.config.http.tls.as_ref();
    tls.map_or(Ok(()), check_tls)
        .map_err(|TlsFault { setting, sentence }| ConfigError::Refused {
            file: loaded.place_of(setting).map_or(place, str::to_owned),
            sentence: format!("{setting}: {sentence}"),
        })
}

impl Run {
    fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

fn log_start(config: &Config, works: bool, server: &Server) {
    if config.http.is_anonymous_elsewhere() {
        tracing::warn!(
            "http: other machines are answered without being asked who they are (http.allow_anonymous)"
        );
    }
    let (name, address) = (&config.kafka.instance, server.address);
    let scheme = server.scheme;
    if works {
        let sources = counted(config.engine.sources.len(), "source", "sources");
        tracing::info!("reading {sources} as {name}; {scheme}://{address}/metrics");
    } else {
        tracing::info!("serving as {name}; {scheme}://{address}/openapi.json");
    }
}
