//! The command line.

mod backup;
mod bench;
mod demo;
mod device;
mod doctor;
mod files;
mod init;
mod listen;
mod nodes;
mod rebuild;
mod serve;
mod supervisor;
mod terminal;
mod tls;
mod try_it;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// A self-hosted payment wallet in which money moves only on the signature of a certificate.
#[derive(Parser)]
#[command(name = "yinxin", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the data directory, the keys and the authorities of a live deployment.
    Init(init::Init),
    /// Serve a live deployment.
    Serve(serve::Serve),
    /// Start a demonstration with play money, people and a tea shop.
    Demo(demo::Demo),
    /// Say what is wrong with a deployment, and how to mend it.
    Doctor(doctor::Doctor),
    /// Read the whole journal and make snapshot and views anew.
    Rebuild(rebuild::Rebuild),
    /// Back up a data directory, also of a running server.
    Backup(backup::Backup),
    /// Make a key pair for backups.
    BackupKey(backup::BackupKey),
    /// Restore a backup into a new data directory.
    Restore(backup::Restore),
    /// Enrol this device at the command line.
    Enrol(device::Enrol),
    /// Pay an order or transfer with a device key.
    Pay(device::Pay),
    /// Renew the certificate of a device key.
    Renew(device::Renew),
    /// Take the tour of a deployment: register, enrol, pay, and check every proof.
    Try(try_it::Try),
    /// Measure the engine on this machine.
    Bench(bench::Bench),
    /// Print the `OpenAPI` document.
    #[command(hide = true)]
    Openapi,
}

/// Runs the program; 0 when everything went well, 1 when it did not.
pub(crate) fn run() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::complain(&format!("yinxin: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Init(init) => init.run(),
        Command::Serve(serve) => runtime()?.block_on(serve.run()),
        Command::Demo(demo) => runtime()?.block_on(demo.run()),
        Command::Doctor(doctor) => {
            let runtime = runtime()?;
            let _inside = runtime.enter();
            doctor.run()
        }
        Command::Rebuild(rebuild) => rebuild.run(),
        Command::Backup(backup) => backup.run(),
        Command::BackupKey(key) => key.run(),
        Command::Restore(restore) => restore.run(),
        Command::Enrol(enrol) => runtime()?.block_on(enrol.run()),
        Command::Pay(pay) => runtime()?.block_on(pay.run()),
        Command::Renew(renew) => runtime()?.block_on(renew.run()),
        Command::Try(tour) => runtime()?.block_on(tour.run()),
        Command::Bench(bench) => {
            crate::telemetry::log::start(crate::telemetry::log::Format::Text, "warn")?;
            bench.run()
        }
        Command::Openapi => {
            terminal::print(&crate::api::document::document_json());
            Ok(())
        }
    }
}

/// As many workers as cores: verification is done on the connection's own task.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
