//! `lifeline-lab`: plays and measures Lifeline from outside.

mod journey;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(
    name = "lifeline-lab",
    version,
    about = "Plays and measures Lifeline from outside."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play the main job against a running demo and check every figure.
    Journey(journey::Options),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Command::Journey(options) = Cli::parse().command;
    journey::play(options).await
}
