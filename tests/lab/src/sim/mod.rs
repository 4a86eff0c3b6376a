//! `lifeline sim`: many seeded histories of the real core over the real store, with models of the
//! channel and of marketing around it (ADR 0011).

mod account;
mod by_hand;
mod cells;
mod channel;
mod channel_port;
mod claims;
mod cluster;
mod couples;
mod darkness;
mod dice;
mod household;
mod law;
mod life;
mod looks;
mod machine;
mod marketing;
mod marketing_port;
mod node;
mod notices;
mod office;
mod oracle;
mod plan;
mod planted;
mod report;
mod rumours;
mod seam;
mod shrink;
mod tasks;
mod thawing;
mod throws;
mod town;
mod trace;
mod upsets;
mod weather;
mod wire;
mod world;

use std::pin::pin;
use std::process::ExitCode;
use std::task::{Context, Poll, Waker};

use clap::Args;

use cells::Ear;
use life::live;
use plan::Plan;
use planted::Planted;
use report::Report;
use town::Town;

/// How many histories, and which.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// How many histories.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    histories: u64,
    /// The first seed; the others follow it.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Threads; the result does not depend on it.
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// Parts of the plan to leave out, as a failing run names them.
    #[arg(long, value_name = "PARTS", value_delimiter = ',')]
    without: Vec<usize>,
    /// Print everything that happened.
    #[arg(long)]
    trace: bool,
    /// Plant a fault into the product and stop at the first history that shows it.
    #[arg(long, value_name = "FAULT")]
    planted: Option<Planted>,
}

/// A future that is done at its first poll.
fn now_or_never<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}

pub(crate) fn run(options: &Options) -> ExitCode {
    let threads = match options.threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        given => given,
    };
    let threads = u64::try_from(threads).unwrap_or(1).max(1);
    let mut report = Report::default();
    std::thread::scope(|scope| {
        let share = |thread: u64| {
            let options = options.clone();
            scope.spawn(move || work(&options, thread, threads))
        };
        let workers: Vec<_> = (0..threads).map(share).collect();
        for worker in workers {
            match worker.join() {
                Ok(part) => report.add(part),
                Err(_) => report.break_down("a thread panicked"),
            }
        }
    });
    report.print(options);
    if report.failed() == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// One thread's share: every `threads`-th history.
fn work(options: &Options, thread: u64, threads: u64) -> Report {
    let mut report = Report::default();
    let ear = Ear::default();
    tracing::subscriber::with_default(ear.clone(), || {
        let town = match now_or_never(Town::found()) {
            Some(Ok(town)) => town,
            Some(Err(error)) => return report.break_down(&error.to_string()),
            None => return report.break_down("the store needs a runtime"),
        };
        let mut number = thread;
        while number < options.histories {
            let seed = options.seed.wrapping_add(number);
            let plan = Plan::of(seed).without(&options.without);
            let mut life = live(&town, &ear, plan.clone(), options.trace, options.planted);
            life.without.clone_from(&options.without);
            if !life.failures.is_empty() && !options.trace && report.wants_more() {
                let again = |without: &[usize], text| {
                    let plan = plan.clone().without(without);
                    live(&town, &ear, plan, text, options.planted)
                };
                let fails = |without: &[usize]| !again(without, false).failures.is_empty();
                if options.without.is_empty() {
                    life.without = shrink::needless(plan.parts(), fails);
                    life.lines = again(&life.without, true).lines;
                }
            }
            report.note(life, options.trace);
            if options.planted.is_some() && report.failed() > 0 {
                break;
            }
            number = number.saturating_add(threads);
        }
    });
    report
}
