//! The commands around a demo.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Where the demo keeps keys and its store. Default: a folder that is removed at the end.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Line N, console N+1, ops N+2, sandbox N+3, callback N+4.
    #[arg(long, value_name = "N", default_value_t = 8800)]
    pub(crate) port_base: u16,
    /// Write the addresses and pids to this file (JSON) when ready.
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
    /// Give the marketing system the demo people's homes only, not the other customers.
    #[arg(long)]
    pub(crate) no_seed: bool,
    /// Keep the records in this PostgreSQL database instead of the embedded store.
    #[arg(
        long,
        value_name = "URL",
        env = "LIFELINE_DEMO_DATABASE_URL",
        hide_env_values = true
    )]
    pub(crate) database_url: Option<String>,
    /// Share limits, cache and revocation through this Redis.
    #[arg(
        long,
        value_name = "URL",
        env = "LIFELINE_DEMO_REDIS_URL",
        hide_env_values = true
    )]
    pub(crate) redis_url: Option<String>,
    /// Join a running demo as a further gateway: its sandbox and keys, own ports.
    #[arg(long, value_name = "READY_FILE", requires = "data_dir")]
    pub(crate) join: Option<PathBuf>,
    /// Start with the demo's time so far ahead: beside a sandbox whose time was moved.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, requires = "join")]
    pub(crate) clock_ahead_s: i64,
}

#[derive(Debug, Args)]
pub(crate) struct Journey {
    /// The ready file of the running demo.
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: PathBuf,
    /// Play it with this fault of the sandbox, or with each in turn.
    #[arg(long, value_name = "KIND|all")]
    pub(crate) fault: Option<String>,
    /// Print JSON for a script.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Sim {
    /// How many histories.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) histories: u64,
    /// The first seed; a failing one is lived again with `--histories 1`.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Parts of the plan to leave out, as a failing run names them.
    #[arg(long, value_name = "PARTS", value_delimiter = ',')]
    pub(crate) without: Vec<usize>,
    /// Print everything that happened.
    #[arg(long)]
    pub(crate) trace: bool,
}
