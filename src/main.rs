//! `lifeline`: the command line and the wiring. The only code that sees gateway, core and adapters.

mod audit;
mod backup;
mod brake;
mod cli;
mod config;
mod console;
mod copy_store;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
mod erased;
mod failure;
mod keys;
mod line;
mod logging;
mod nodes;
mod outside;
mod ready;
mod recover;
mod replay;
mod resources;
mod rooms;
mod seen;
mod serve;
mod staff;
mod standing;
mod store;
mod system;
mod tls;
mod upkeep;
mod vault;
mod volume;
mod workers;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command};
use crate::failure::Failure;

#[actix_web::main]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // `--help` and `--version` are answers, not errors.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let ended = run(cli.command).await;
    logging::finish();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "lifeline: {failure}");
            if failure.is_at_once() {
                // Returning would first let everything that still runs come to an end.
                std::process::exit(failure.code().into());
            }
            ExitCode::from(failure.code())
        }
    }
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Openapi => print(lifeline_gateway::openapi::text()),
        #[cfg(feature = "fault-points")]
        Command::FaultPoints => {
            let points = lifeline_adapters::fault_points::all().map_err(|error| {
                Failure::failed(format!("this program cannot read itself: {error}"))
            })?;
            print(&format!("{}\n", points.join("\n")))
        }
        Command::CheckConfig(args) => {
            let faults = match config::read(&args.config) {
                Ok(read) => read.faults_for_production(),
                Err(faults) => faults,
            };
            if args.json {
                print(&format!("{}\n", config::told(&faults)))?;
            }
            match faults.as_slice() {
                [] if args.json => Ok(()),
                [] => print("the configuration holds\n"),
                faults => Err(Failure::faults(faults)),
            }
        }
        Command::Migrate(args) => {
            let config = config::read(&args.config).map_err(|faults| Failure::faults(&faults))?;
            config::go_on_with(config.faults_before_migration())
                .map_err(|faults| Failure::faults(&faults))?;
            let done = store::migrate(&config, serve::Kind::Live).await?;
            print(&done.told(args.json))
        }
        Command::Brake(command) => brake::run(command).await,
        Command::Recover(command) => recover::run(command).await,
        Command::Audit(args) => audit::run(&args).await,
        Command::Backup(args) => backup::backup(&args).await,
        Command::Restore(args) => backup::restore(&args).await,
        Command::CopyStore(args) => copy_store::run(&args).await,
        Command::Replay(args) => {
            logging::start();
            replay::run(&args).await
        }
        Command::Config(cli::Setting::Seal(args)) => config::sealed::seal(&args),
        Command::Doctor(args) => doctor::run(&args).await,
        Command::Staff(command) => staff::run(command).await,
        Command::Keys(command) => {
            logging::start();
            keys::run(command).await
        }
        Command::Serve(args) => {
            logging::start();
            let mut config =
                config::read(&args.config).map_err(|faults| Failure::faults(&faults))?;
            if let Some(roles) = &args.roles {
                config::Roles::parse(roles).ok_or_else(|| {
                    Failure::usage("--roles takes one or several of gateway, console and jobs, with commas between")
                })?;
                config.node.take_on(roles);
            }
            config::go_on_with(config.faults_for_production())
                .map_err(|faults| Failure::faults(&faults))?;
            let clock = system::SystemClock::default();
            let running = serve::start(&config, clock, serve::Kind::Live).await?;
            running.until_stopped().await
        }
        #[cfg(feature = "demo")]
        Command::Demo(args) => {
            logging::start();
            demo::run(args).await
        }
        #[cfg(feature = "demo")]
        Command::Journey(args) => demo::play_journey(&args),
        #[cfg(feature = "demo")]
        Command::Sim(args) => demo::simulate(&args),
    }
}

fn print(text: &str) -> Result<(), Failure> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| Failure::failed(format!("standard output: {error}")))
}
