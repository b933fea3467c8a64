//! The log: a sentence a line on standard error, as text for people or as JSON for machines.

use anyhow::Context as _;
use clap::ValueEnum;
use serde::Deserialize;
use tracing_subscriber::filter::{FilterExt as _, LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Chooses what is logged, as `debug` or `yinxin=debug,warn`.
const VARIABLE: &str = "YINXIN_LOG";

/// Starts the log; `usual` is the level where `YINXIN_LOG` says nothing.
pub(crate) fn start(format: Format, usual: &str) -> anyhow::Result<()> {
    let chosen = std::env::var(VARIABLE).unwrap_or_else(|_| usual.to_owned());
    let chosen = EnvFilter::try_new(&chosen).with_context(|| format!("{VARIABLE} is not understood"))?;
    // Only our own lines were read for what they may say: libraries write headers and bodies when asked for details.
    let filter = chosen
        .and(filter_fn(|line| line.target().starts_with("yinxin") || *line.level() <= LevelFilter::INFO));
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let layer = match format {
        Format::Text => layer.with_filter(filter).boxed(),
        Format::Json => layer
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .with_filter(filter)
            .boxed(),
    };
    tracing_subscriber::registry().with(layer).try_init().context("the log")
}
