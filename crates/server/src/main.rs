//! The program `yinxin`: a self-hosted payment wallet in which money moves only on the signature of a certificate.

mod adapters;
mod api;
mod app;
mod bench;
mod cli;
mod config;
mod door;
mod nodes;
mod problem;
mod shop;
mod site;
mod telemetry;
mod web;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Only fails when it was done before.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    cli::run()
}
