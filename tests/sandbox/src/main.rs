//! `lifeline-sandbox`: the outside world as a process of its own.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use lifeline_sandbox::{Options, Running, start};
use tokio::signal::unix::{SignalKind, signal};

/// Stands in for Alipay, the marketing system, the SMS platform and the channel relay.
#[derive(Debug, Parser)]
#[command(name = "lifeline-sandbox", version)]
struct Cli {
    /// Loopback port; 0 takes any free one (see --ready-file).
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Folder of the demo keys; whatever is missing is made there.
    #[arg(long)]
    keys_dir: PathBuf,
    /// Base URL of Lifeline's line listener.
    #[arg(long)]
    line: Option<String>,
    /// Base URL of Lifeline's callback listener.
    #[arg(long)]
    callback: Option<String>,
    /// Base URL of an ops listener that must follow the clock; may be given several times.
    #[arg(long)]
    ops: Vec<String>,
    /// Seed of everything generated.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Give marketing the demo people's homes only, not the other consumers.
    #[arg(long)]
    no_seed: bool,
    /// Start the clock this many seconds away from real time.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    clock_offset_s: i64,
    /// Also run the signing relay in front of the line on this port.
    #[arg(long)]
    relay_port: Option<u16>,
    /// Written once the sandbox answers: {"sandbox": url}, with a relay also {"relay": url}.
    #[arg(long)]
    ready_file: Option<PathBuf>,
    /// End when standard input ends: whoever started this process holds the other end of the pipe.
    #[arg(long)]
    exit_with_stdin: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,actix_server=warn")),
        )
        .with_writer(std::io::stderr)
        .init();
    let cli = Cli::parse();
    match run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<(), Box<dyn std::error::Error>> {
    if cli.exit_with_stdin {
        std::thread::spawn(end_with_stdin);
    }
    let ready_file = cli.ready_file;
    let mut running = start(Options {
        port: cli.port,
        keys_dir: cli.keys_dir,
        line: cli.line,
        callback: cli.callback,
        ops: cli.ops,
        seed: cli.seed,
        with_strangers: !cli.no_seed,
        clock_offset_s: cli.clock_offset_s,
        relay_port: cli.relay_port,
    })
    .await?;
    tracing::info!("sandbox at {}", running.base_url);
    if let Some(relay_url) = &running.relay_url {
        tracing::info!("relay at {relay_url}");
    }
    if let Some(file) = ready_file {
        write_ready(&file, &running)?;
    }
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        ended = running.ended() => ended?,
        _ = terminate.recv() => running.stop().await,
        _ = tokio::signal::ctrl_c() => running.stop().await,
    }
    Ok(())
}

/// Written beside and renamed, so that a reader never sees half a file.
fn write_ready(file: &Path, running: &Running) -> std::io::Result<()> {
    let mut ready =
        serde_json::Map::from_iter([("sandbox".to_owned(), running.base_url.clone().into())]);
    if let Some(relay_url) = &running.relay_url {
        ready.insert("relay".to_owned(), relay_url.clone().into());
    }
    let draft = file.with_extension("part");
    std::fs::write(&draft, serde_json::Value::Object(ready).to_string())?;
    std::fs::rename(draft, file)
}

/// Waits for the end of standard input, then ends the process: nothing here outlives its demo,
/// however that demo ended.
fn end_with_stdin() {
    // An error on the pipe means the same as its end.
    let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    std::process::exit(0);
}
