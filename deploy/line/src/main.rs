//! `lifeline-relay --config FILE`. Exit codes: 0 done, 1 failed, 2 usage.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use lifeline_relay::{config, start};

/// The channel relay of the dedicated line.
#[derive(Debug, Parser)]
#[command(name = "lifeline-relay")]
struct Cli {
    /// See deploy/line/relay.example.toml.
    #[arg(long)]
    config: PathBuf,
}

fn told(what: &str) -> ExitCode {
    // Nothing to be done about a standard error that is closed.
    let _ = writeln!(std::io::stderr(), "lifeline-relay: {what}");
    ExitCode::from(1)
}

#[actix_web::main]
async fn main() -> ExitCode {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    tracing_subscriber::fmt()
        .json()
        .with_writer(std::io::stderr)
        .init();
    let cli = Cli::parse();
    let config = match config::read(&cli.config) {
        Ok(config) => config,
        Err(faults) => return told(&faults.join("\n  ")),
    };
    let server = match start::server(&config) {
        Ok((server, _)) => server,
        Err(error) => return told(&error.to_string()),
    };
    match server.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => told(&error.to_string()),
    }
}
