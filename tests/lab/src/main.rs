//! `lifeline-lab`: plays and measures Lifeline from outside.

mod journey;
mod settle;
mod sim;

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
    /// Live many seeded histories of the money rooms and judge each by the outside's books.
    Sim(sim::Options),
    /// Settle a month of very many sellers, in several ways, and compare.
    Settle(settle::Options),
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Journey(options) => play(options),
        Command::Sim(options) => sim::run(&options),
        Command::Settle(options) => settle::run(&options),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn play(options: journey::Options) -> ExitCode {
    journey::play(options).await
}
