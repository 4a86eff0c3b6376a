//! `lifeline recover`: a store that was restored from a backup is brought up to date with what the
//! channel and marketing know before anything is sent (money.md 2.9).

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lifeline_adapters::alipay::{Bill, BillKind, read_bill};
use lifeline_adapters::sql::Engine;
use lifeline_core::payments::numbers;
use lifeline_core::payments::recovery::{
    Recovery, RecoveryError, RecoveryRoom, Standing, Statement, StatementRow,
};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::{Day, Time};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::brake::person;
use crate::cli::{self, RecoverBegin, RecoverEnd, RecoverOf, RecoverRead};
use crate::config::Config;
use crate::failure::Failure;
use crate::rooms::ENVIRONMENT;
use crate::serve::Kind;
use crate::system::{OsEntropy, SystemClock};
use crate::{config, erased, store};

/// What a decision may rest on, in characters.
const PROOF_CHARS: std::ops::RangeInclusive<usize> = 10..=500;
/// A day of four hundred thousand payments, packed, stays below.
const BILL_BYTES_MAX: u64 = 64 * 1024 * 1024;

pub(crate) async fn run(command: cli::Recover) -> Result<(), Failure> {
    match command {
        cli::Recover::Begin(args) => begin(&args).await,
        cli::Recover::Read(args) => read(&args).await,
        cli::Recover::Status(args) => {
            let standing = open(&args.records).await?.standing().await;
            let standing = standing.map_err(refused)?;
            if args.json {
                return say(&format!("{}\n", listed(standing.as_ref())));
            }
            say(&told(standing.as_ref()))
        }
        cli::Recover::End(args) => {
            let (by, proof) = (person(&args.by.person)?, proof(&args)?);
            let room = open(&args.by.records).await?;
            let ended = room.end(by, proof).await.map_err(refused)?;
            say(&format!(
                "the recovery of epoch {} is over; payments go on, payouts after `lifeline recover payouts`\n",
                ended.epoch
            ))
        }
        cli::Recover::Payouts(args) => {
            let (by, proof) = (person(&args.by.person)?, proof(&args)?);
            let room = open(&args.by.records).await?;
            room.release_payouts(by, proof).await.map_err(refused)?;
            say("payouts go on\n")
        }
    }
}

async fn begin(args: &RecoverBegin) -> Result<(), Failure> {
    let person = person(&args.by.person)?;
    let room = open(&args.by.records).await?;
    let begun = room.begin_above(person, args.epoch_above).await;
    say(&begun_text(&begun.map_err(refused)?))?;
    // Before anything is served from it.
    let seen = seen(&args.by.records)?;
    erased::again(room.store, seen.as_deref()).await
}

/// Where this node keeps what it saw of the store; a demo does not.
fn seen(records: &RecoverOf) -> Result<Option<PathBuf>, Failure> {
    #[cfg(feature = "demo")]
    if records.of.data_dir.is_some() {
        return Ok(None);
    }
    Ok(configured(records)?.store.seen)
}

/// What somebody is told who began a recovery, by whichever command.
pub(crate) fn begun_text(begun: &Recovery) -> String {
    let days: Vec<String> = begun.days().iter().map(Day::to_string).collect();
    format!(
        "epoch {}: the store knows nothing after {}; nothing is sent until its recovery is over\n\
         start the service, then read the channel's bills of: {}\n",
        begun.epoch,
        begun.since.rfc3339(),
        days.join(", ")
    )
}

async fn read(args: &RecoverRead) -> Result<(), Failure> {
    let person = person(&args.by.person)?;
    let file = args.bill.display();
    let bytes = bytes_of(&args.bill)?;
    let bill = read_bill(&bytes).map_err(|error| {
        Failure::failed(format!("{file} is not taken: {error}"))
            .advice("fetch the bill of that day again; half a bill would make payments look lost")
    })?;
    let seller = seller(&args.by.records)?;
    if !bill.account.contains(seller.as_str()) {
        return Err(Failure::failed(format!(
            "{file} is the bill of another account than alipay.seller_id"
        )));
    }
    let statement = statement(bill, &bytes).ok_or_else(|| {
        Failure::failed(format!("{file} does not cover exactly one day"))
            .advice("fetch the bill by day, not by month")
    })?;
    let room = open(&args.by.records).await?;
    let read = room.read(&statement, &args.not_ours, person).await;
    let read = read.map_err(refused)?;
    say(&format!(
        "{}: {} rows, {} of them from before the restore\n",
        read.day, read.rows, read.ours
    ))
}

fn bytes_of(file: &Path) -> Result<Vec<u8>, Failure> {
    let unread = |error: std::io::Error| Failure::failed(format!("{}: {error}", file.display()));
    if std::fs::metadata(file).map_err(unread)?.len() > BILL_BYTES_MAX {
        return Err(Failure::failed(format!(
            "{} is larger than a bill can be",
            file.display()
        )));
    }
    std::fs::read(file).map_err(unread)
}

/// The bill in the words of the recovery; `None` when it is not of one day.
fn statement(bill: Bill, bytes: &[u8]) -> Option<Statement> {
    let day = Day::of(bill.from);
    if bill.from != day.start() || Some(bill.to) != day.next().map(Day::start) {
        return None;
    }
    let rows = bill.rows.into_iter().map(|row| StatementRow {
        trade_no: row.trade_no,
        out_trade_no: row.out_trade_no,
        amount: Fen::ZERO
            .minus(row.amount)
            .map_or(row.amount, |less| less.max(row.amount)),
        completed_at: row.completed_at,
        refund: match row.kind {
            BillKind::Payment => None,
            BillKind::Refund { out_request_no } => Some(out_request_no),
        },
    });
    Some(Statement {
        day,
        digest: hex::encode(Sha256::digest(bytes)),
        rows: rows.collect(),
    })
}

/// What `told` says, as a script reads it.
fn listed(standing: Option<&Standing>) -> Value {
    let Some(standing) = standing else {
        return json!({"restored": false});
    };
    let recovery = &standing.recovery;
    let days = standing
        .days
        .iter()
        .map(|(day, digest)| json!({"day": day.to_string(), "digest": digest}));
    let lost = standing.lost.iter().map(|(state, count, sum)| {
        json!({"state": state.as_str(), "count": count, "sum_fen": sum.get()})
    });
    json!({
        "restored": true,
        "epoch": recovery.epoch,
        "copy_ends_at": recovery.since.rfc3339(),
        "begun_at": recovery.begun_at.rfc3339(),
        "begun_by": recovery.begun_by,
        "bills": days.collect::<Vec<_>>(),
        "lost": lost.collect::<Vec<_>>(),
        "lacks": standing.lacks,
        "ended_at": recovery.ended_at.map(Time::rfc3339),
        "payouts_go_on_since": recovery.payouts_at.map(Time::rfc3339),
    })
}

fn told(standing: Option<&Standing>) -> String {
    let Some(standing) = standing else {
        return "this store was never restored\n".to_owned();
    };
    let recovery = &standing.recovery;
    let mut text = format!(
        "epoch {}, begun {} by {}; the copy ends at {}\n",
        recovery.epoch,
        recovery.begun_at.rfc3339(),
        recovery.begun_by,
        recovery.since.rfc3339()
    );
    for (day, digest) in &standing.days {
        let bill = digest.as_deref().unwrap_or("not read");
        text.push_str(&format!("bill of {day}: {bill}\n"));
    }
    for (state, count, sum) in &standing.lost {
        text.push_str(&format!(
            "lost trades {}: {count}, {} fen\n",
            state.as_str(),
            sum.get()
        ));
    }
    match (recovery.ended_at, standing.lacks.as_slice()) {
        (Some(at), _) => text.push_str(&format!("over since {}\n", at.rfc3339())),
        (None, []) => text.push_str("everything was read: another person may end it\n"),
        (None, lacks) => {
            for lack in lacks {
                text.push_str(&format!("lacks: {lack}\n"));
            }
        }
    }
    if recovery.payouts_at.is_none() {
        text.push_str("payouts wait for `lifeline recover payouts`\n");
    }
    text
}

fn proof(args: &RecoverEnd) -> Result<&str, Failure> {
    let proof = args.proof.trim();
    if PROOF_CHARS.contains(&proof.chars().count()) {
        Ok(proof)
    } else {
        Err(Failure::usage("--proof takes 10 to 500 characters"))
    }
}

/// Whose bills are taken.
fn seller(records: &RecoverOf) -> Result<String, Failure> {
    #[cfg(feature = "demo")]
    if records.of.data_dir.is_some() {
        return Ok(crate::demo::SELLER_ID.to_owned());
    }
    Ok(configured(records)?.alipay.seller_id)
}

fn configured(records: &RecoverOf) -> Result<Config, Failure> {
    let file = records.of.config.clone().unwrap_or_default();
    config::read(&file).map_err(|faults| Failure::faults(&faults))
}

/// The records of a configuration, or of a demo's folder.
pub(crate) async fn open(records: &RecoverOf) -> Result<RecoveryRoom, Failure> {
    let clock = SystemClock::default();
    #[cfg(feature = "demo")]
    if let Some(folder) = &records.of.data_dir {
        clock.advance(records.clock_ahead_s);
        let place = crate::demo::store_of(folder, records.of.database_url.clone());
        return Ok(room(store::open(&place, Kind::Demo).await?, clock));
    }
    let config = configured(records)?;
    Ok(room(store::open(&config.store, Kind::Live).await?, clock))
}

/// The recovery of an open store.
pub(crate) fn room(engine: Arc<Engine>, clock: SystemClock) -> RecoveryRoom {
    RecoveryRoom {
        store: engine,
        clock: Arc::new(clock),
        entropy: Arc::new(OsEntropy),
        environment: ENVIRONMENT,
        epoch_max: numbers::EPOCH_MAX,
    }
}

pub(crate) fn refused(error: RecoveryError) -> Failure {
    let advice = match &error {
        RecoveryError::Open(_) => "go on with it: `lifeline recover status`",
        RecoveryError::NotOpen => "see `lifeline recover status`",
        RecoveryError::SamePerson => "run it as somebody else, who looked at the same records",
        RecoveryError::NotReady(_) => {
            "see `lifeline recover status`; the service must run, and reach Alipay and marketing"
        }
        RecoveryError::NothingWritten => "a new store needs no recovery",
        RecoveryError::OtherDay(..) => "fetch the bill of a day that is asked for",
        RecoveryError::EpochUsed(..) => {
            "stop the service, `lifeline recover begin` again with `--epoch-above` and this epoch, start it, and read every bill again; \
             where the number is of another seller of this account, read the bill with `--not-ours` and the number instead"
        }
        RecoveryError::Ours(_) => "leave it out of `--not-ours`",
        RecoveryError::NoEpochLeft => {
            "external numbers need another environment letter: ask the makers"
        }
        RecoveryError::Books(_) | RecoveryError::Store(_) => "see `lifeline doctor`",
    };
    Failure::failed(error.to_string()).advice(advice)
}

fn say(text: &str) -> Result<(), Failure> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| Failure::failed(format!("cannot write: {error}")))
}
