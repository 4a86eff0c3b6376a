//! `lifeline-lab settle`: one month of very many sellers, settled by the product's core over its store. What is
//! stored in the end is compared with another program's sums (tests/vectors/settlement/month.py) and with itself
//! after other shards, threads and kills.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool that tells its caller what it measured"
)]

mod fill;
mod look;
mod outside;
mod patience;
mod prove;
mod queue;
mod results;
mod run;
mod vault;

use std::error::Error as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use lifeline_adapters::keyring::{InstanceKind, Keyring, KeyringError};
use lifeline_adapters::sql::{self, Engine, OpenError};
use lifeline_core::settlement::SettlementError;
use lifeline_core::store::StoreError;

/// What is done with which store.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Write sellers with a collected month into a new store.
    Fill(Place),
    /// Settle what is not settled yet; says how far it is.
    Run(run::Options),
    /// Compute and keep the amounts alone: nobody is told, nothing is proven.
    Results(Place),
    /// Print the digests of what is stored.
    Look(Place),
    /// Settle in several ways, once killed again and again, and compare.
    Prove(prove::Options),
    /// Measure the queue of payouts, short and long.
    Queue(Place),
    /// Measure the making of key pairs and the opening of ciphertexts.
    Vault(Place),
}

/// A store and how many sellers it has.
#[derive(Debug, Clone, Args)]
pub(super) struct Place {
    /// A PostgreSQL URL or the path of a file.
    #[arg(long, value_name = "STORE")]
    store: String,
    #[arg(long, value_name = "FILE")]
    keyring: PathBuf,
    #[arg(long, value_name = "N")]
    accounts: u64,
}

/// Why it did not work.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Settlement(#[from] SettlementError),
    #[error(transparent)]
    Files(#[from] std::io::Error),
    #[error("a file that is no store: {0}")]
    File(#[from] rusqlite::Error),
    #[error("a part of the work was lost: {0}")]
    Lost(#[from] tokio::task::JoinError),
    #[error("{0}")]
    Wrong(String),
}

/// What went wrong and what it came of: "the store is unavailable" alone helps nobody.
fn told(trouble: &Trouble) -> String {
    let mut text = trouble.to_string();
    let mut source = trouble.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl Place {
    async fn migrated(&self) -> Result<Arc<Engine>, Trouble> {
        sql::migrate(&self.store, InstanceKind::Demo, outside::moment()).await?;
        self.open().await
    }

    async fn open(&self) -> Result<Arc<Engine>, Trouble> {
        let keyring = Arc::new(Keyring::load_or_create_demo(&self.keyring)?);
        Ok(sql::open(&self.store, keyring, InstanceKind::Demo).await?)
    }
}

pub(crate) fn run(options: &Options) -> ExitCode {
    let threads = match &options.act {
        Act::Run(run) => run.threads,
        _ => 2,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads.max(1))
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(act(&options.act)),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("{}", told(&trouble));
            ExitCode::FAILURE
        }
    }
}

async fn act(act: &Act) -> Result<(), Trouble> {
    match act {
        Act::Fill(place) => {
            let store = place.migrated().await?;
            fill::fill(&store, place.accounts).await?;
            Ok(store.close().await?)
        }
        Act::Run(options) => run::run(options).await,
        Act::Results(place) => results::run(place).await,
        Act::Look(place) => {
            let store = place.open().await?;
            let digests = look::look(&store, place.accounts).await?;
            println!("sums {}\nrows {}", digests.sums, digests.rows);
            Ok(())
        }
        Act::Prove(options) => prove::prove(options).await,
        Act::Vault(place) => vault::measure(&place.migrated().await?).await,
        Act::Queue(place) => queue::measure(&*place.open().await?, place.accounts).await,
    }
}
