//! The project's own chores: `cargo xtask demo`, `test`, `check`, `tidy`, `gen`, `bench`, `plot`, `soak`, `patroni`,
//! `dist`, `deny`.
//!
//! Everything a contributor or a build machine runs is one of these commands, so that "it works
//! here" and "it works there" are the same sentence. The program knows nothing of the rooms it
//! serves: it starts `cargo`, `npm` and the binary, and reads files.

#![expect(clippy::print_stdout, reason = "a chore speaks to the terminal")]

mod bench;
mod demo;
mod deny;
mod dist;
mod generate;
mod needs;
mod patroni;
mod plot;
mod root;
mod run;
mod soak;
mod steps;
mod test;
mod tidy;
mod web;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The project's own chores.
#[derive(Parser)]
#[command(name = "cargo xtask", version, max_term_width = 100)]
pub(crate) struct Chores {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Build the web app and the server, then start the demonstration on loopback.
    Demo {
        /// Use the quickly built development binary instead of the optimised one.
        #[arg(long)]
        debug: bool,
        /// Passed on to `yinxin demo`, for example `--listen 127.0.0.1:9000 --data ./mine`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Install what the tests need, then format, lint, tidy and test everything.
    Test {
        /// Install nothing: say what is missing and stop.
        #[arg(long)]
        no_install: bool,
        /// Leave the browser tests out.
        #[arg(long)]
        no_browser: bool,
    },
    /// The fast inner loop: format, lint, tidy and test the Rust code only.
    Check {
        /// Only this crate is linted and tested, for example `yinxin-core`.
        #[arg(short, long)]
        package: Option<String>,
    },
    /// Keep the house: arrows between crates, file lengths, names, documents, locales.
    Tidy,
    /// Write the generated files: the `OpenAPI` document and the TypeScript types made from it.
    Gen {
        /// Write nothing and fail when a generated file is not up to date.
        #[arg(long)]
        check: bool,
    },
    /// Measure the optimised program: `pay` and what `yinxin bench --help` names.
    Bench {
        /// Passed on to `yinxin bench`, for example `pay --seconds 2 --json`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Draw the recorded results of measurements, and write their tables into the page that shows them.
    Plot {
        /// Write nothing and fail when the page or a plot is not that of the recorded results.
        #[arg(long)]
        check: bool,
    },
    /// Build the release binary and a Debian package, with their SHA-256 sums, into `target/dist`.
    Dist {
        /// Package the development binary that is there, and only look at the package.
        #[arg(long)]
        debug: bool,
    },
    /// Do harm to the real program for as long as it is told, and keep the tally in `target/soak`.
    Soak {
        /// How long.
        #[arg(long, default_value_t = 60)]
        minutes: u64,
    },
    /// Kill and cut off `PostgreSQL`'s primary under Patroni while people pay; as root. Installs what that needs.
    Patroni {
        /// How often each fault is played.
        #[arg(long, default_value_t = 1)]
        rounds: u32,
    },
    /// Check licences, advisories and sources of the dependencies (installs cargo-deny once).
    Deny,
}

fn main() -> ExitCode {
    let chores = Chores::parse();
    let done = match chores.chore {
        Chore::Demo { debug, args } => demo::demo(debug, &args),
        Chore::Test { no_install, no_browser } => {
            test::test(&test::Choice { install: !no_install, browser: !no_browser })
        }
        Chore::Check { package } => test::check(package.as_deref()),
        Chore::Tidy => tidy::tidy(),
        Chore::Gen { check } => generate::generate(check),
        Chore::Bench { args } => bench::bench(&args),
        Chore::Plot { check } => plot::plot(check),
        Chore::Dist { debug: true } => dist::check(),
        Chore::Dist { debug: false } => dist::dist(),
        Chore::Soak { minutes } => soak::soak(minutes),
        Chore::Patroni { rounds } => patroni::patroni(rounds),
        Chore::Deny => deny::deny(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\ncargo xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
