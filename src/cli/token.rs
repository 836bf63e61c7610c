//! `token`: makes tokens for HTTP. Only their hashes are kept, in the configuration.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::print::{print_json, print_line};
use crate::serve::{NewToken, Scope};

#[derive(Debug, Subcommand)]
pub(super) enum TokenAction {
    /// Makes a token, shows it once, and prints what the configuration keeps of it
    New(New),
}

#[derive(Debug, Args)]
pub(super) struct New {
    /// Whose it is: the author of acknowledgements and silences
    #[arg(long, value_name = "NAME")]
    name: String,
    /// What it allows
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["read"], value_name = "SCOPES")]
    scopes: Vec<Allowed>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Allowed {
    /// The pages for Prometheus
    Metrics,
    /// All that can be read, these pages too
    Read,
    /// Acknowledging and silencing
    Act,
}

impl Allowed {
    const fn scope(self) -> Scope {
        match self {
            Self::Metrics => Scope::Metrics,
            Self::Read => Scope::Read,
            Self::Act => Scope::Act,
        }
    }
}

pub(super) fn token(action: &TokenAction) -> anyhow::Result<()> {
    match action {
        TokenAction::New(arguments) => new(arguments),
    }
}

fn new(arguments: &New) -> anyhow::Result<()> {
    anyhow::ensure!(
        !arguments.name.trim().is_empty(),
        "a token needs the name of whoever has it"
    );
    let made = NewToken::make()
        .map_err(|error| anyhow::anyhow!("the system gives no randomness: {error}"))?;
    let mut scopes = arguments.scopes.clone();
    scopes.sort_unstable();
    scopes.dedup();
    let scopes: Vec<&str> = scopes.iter().map(|it| it.scope().name()).collect();
    let hash = made.hash.to_string();
    if arguments.json {
        return print_json(&json!({
            "token": made.secret, "name": arguments.name, "hash": hash, "scopes": scopes,
        }));
    }
    let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let names: Vec<String> = scopes.iter().map(|it| text(it)).collect();
    print_line(format_args!("{}\n", made.secret))?;
    print_line(format_args!(
        "# That is the token: it is shown this once, and kept nowhere. This is for the configuration:\n\
         [[http.token]]\nname = {}\nhash = {}\nscopes = [{}]",
        text(&arguments.name),
        text(&hash),
        names.join(", "),
    ))
}
