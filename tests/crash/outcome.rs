//! What a run leaves behind in every book that exists: the channel's, marketing's, the user system's, our
//! ledger by account and by fact, orders, cases, accounts and links. Numbers and ids differ from run to run and are replaced by
//! what they are; times are left out. The same job must leave the same text, whatever was killed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use lifeline_tests::Looks;
use lifeline_tests::patience::PATIENCE;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::household::Household;
use crate::stage::Stage;

/// How far the time machine goes while something is left to do; the last one repeats.
pub(crate) const STEPS_S: [i64; 6] = [5, 5, 10, 30, 60, 300];
/// Nothing may need longer than a day (money.md 4) of the world's time. A slow machine needs more of its own for it.
pub(crate) const REST_S_MAX: i64 = 86_400;
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Rows that still want something.
const UNREST: [(&str, &str); 6] = [
    ("outbox", "state = 'waiting'"),
    ("inbox", "state = 'received'"),
    ("idempotency", "state = 'started'"),
    ("payment", "state NOT IN ('DONE', 'CLOSED')"),
    ("payment_line", "state NOT IN ('POSTED', 'REFUNDED')"),
    ("payment_refund", "state NOT IN ('DONE', 'WITHDRAWN')"),
];

/// Lets time pass until nothing is left to do.
pub(crate) async fn rest(world: &mut Household) {
    let mut passed = 0;
    let mut steps = STEPS_S.into_iter();
    let mut still = None;
    loop {
        let left = unrest(&world.stage).await;
        if left.is_empty() {
            return;
        }
        if passed >= REST_S_MAX {
            let looks = still.get_or_insert_with(|| Looks::every(LOOK_AGAIN));
            assert!(
                looks.again().await,
                "never at rest: {left:?}\n{}",
                world.stage.log()
            );
            continue;
        }
        let step = steps.next().unwrap_or(300);
        world.advance(step).await;
        passed += step;
    }
}

pub(crate) async fn unrest(stage: &Stage) -> Vec<String> {
    let mut left = Vec::new();
    for (table, wants) in UNREST {
        let sql = format!("SELECT CAST(COUNT(*) AS TEXT) FROM {table} WHERE {wants}");
        let count = &rows(stage, &sql).await[0][0];
        if count != "0" {
            left.push(format!("{table}: {count}"));
        }
    }
    left
}

/// Rows of the store as text, read beside the running gateway.
pub(crate) async fn rows(stage: &Stage, sql: &str) -> Vec<Vec<String>> {
    let Some(url) = stage.database_url() else {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let conn = rusqlite::Connection::open_with_flags(stage.database_file(), flags)
            .expect("the embedded store");
        conn.busy_timeout(PATIENCE).expect("a time to wait");
        let mut stmt = conn.prepare(sql).expect(sql);
        let columns = stmt.column_count();
        let found = stmt.query_map([], |row| {
            (0..columns)
                .map(|at| {
                    row.get::<_, Option<String>>(at)
                        .map(Option::unwrap_or_default)
                })
                .collect()
        });
        return found
            .expect("rows")
            .collect::<Result<_, _>>()
            .expect("text in every column");
    };
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .expect("the database");
    let carried = tokio::spawn(connection);
    let found = client.query(sql, &[]).await.expect(sql);
    drop(client);
    let _ = carried.await;
    let text = |row: &tokio_postgres::Row| {
        (0..row.len())
            .map(|at| row.get::<_, Option<String>>(at).unwrap_or_default())
            .collect()
    };
    found.iter().map(text).collect()
}

/// The outcome in words, and its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) text: String,
    pub(crate) hash: String,
}

/// Ids and numbers, and what they are called instead.
struct Names(BTreeMap<String, String>);

impl Names {
    /// Orders in the order in which they were made, then what hangs on them.
    async fn read(stage: &Stage) -> Self {
        let mut names = BTreeMap::new();
        let orders = rows(
            stage,
            "SELECT payment_id, out_trade_no, account_id FROM payment ORDER BY created_at, payment_id",
        )
        .await;
        for (at, row) in orders.iter().enumerate() {
            names.insert(row[0].clone(), format!("payment-{at}"));
            names.insert(row[1].clone(), format!("order-{at}"));
            names.insert(row[2].clone(), "account".to_owned());
        }
        // Of several homes the one whose worker was killed may come later: a refund is named by its line.
        let refunds = rows(
            stage,
            "SELECT r.refund_id, r.out_request_no FROM payment_refund r \
                JOIN payment p ON p.payment_id = r.payment_id LEFT JOIN payment_line l ON l.line_id = r.line_id \
                ORDER BY p.created_at, p.payment_id, l.channel_txn_no, r.created_at, r.refund_id",
        )
        .await;
        for (at, row) in refunds.iter().enumerate() {
            names.insert(row[0].clone(), format!("refund-{at}"));
            names.insert(row[1].clone(), format!("request-{at}"));
        }
        let lines = rows(stage, "SELECT line_id, channel_txn_no FROM payment_line").await;
        for row in &lines {
            let number = replace(&names, &row[1]);
            names.insert(row[0].clone(), format!("line-{number}"));
        }
        let claims = "SELECT request_id FROM service_request ORDER BY filed_at, request_id";
        for (at, row) in rows(stage, claims).await.iter().enumerate() {
            names.insert(row[0].clone(), format!("claim-{at}"));
        }
        Self(names)
    }

    fn apply(&self, text: &str) -> String {
        replace(&self.0, text)
    }
}

fn replace(names: &BTreeMap<String, String>, text: &str) -> String {
    names
        .iter()
        .fold(text.to_owned(), |text, (id, name)| text.replace(id, name))
}

/// How the brake's hour begins in the cause of its case.
const BRAKE: &str = ":brake:";

/// A line without the hour that a case of the brake names: it differs from day to day.
fn without_hour(line: &str) -> String {
    match line.split_once(BRAKE) {
        None => line.to_owned(),
        Some((before, hour)) => {
            let behind = hour.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{before}{BRAKE}{behind}")
        }
    }
}

/// Everything the run left behind.
pub(crate) async fn read(stage: &Stage) -> Outcome {
    let names = Names::read(stage).await;
    let mut lines = Vec::new();
    channel(stage, &mut lines).await;
    marketing(stage, &mut lines).await;
    user_system(stage, &mut lines).await;
    store(stage, &mut lines).await;
    let named = lines.iter().map(|line| names.apply(line));
    let mut lines: Vec<String> = named.map(|line| without_hour(&line)).collect();
    lines.sort();
    // The brake has one case an hour, however often it trips, and a run may cross the hour.
    lines.dedup_by(|one, other| one == other && one.contains(BRAKE));
    let mut text = String::new();
    for line in &lines {
        writeln!(text, "{line}").expect("a line");
    }
    let hash = hex::encode(Sha256::digest(text.as_bytes()));
    Outcome { text, hash }
}

async fn channel(stage: &Stage, lines: &mut Vec<String>) {
    let trades = stage.sandbox_get("/sim/alipay/trades").await;
    for trade in list(&trades) {
        // A line each: which of several homes is paid back first is not the outcome's.
        for refund in list(&trade["refunds"]) {
            lines.push(format!(
                "channel refund {} of {} is {}",
                word(&refund["out_request_no"]),
                word(&trade["out_trade_no"]),
                refund["amount_fen"]
            ));
        }
        lines.push(format!(
            "channel trade {} {} total {} refunded {}",
            word(&trade["out_trade_no"]),
            word(&trade["trade_status"]),
            trade["total_fen"],
            trade["refunded_fen"]
        ));
    }
    let wallets = stage.sandbox_get("/sim/alipay/wallets").await;
    for wallet in list(&wallets["wallets"]) {
        if wallet["spent_fen"] != 0 {
            lines.push(format!(
                "channel wallet {} spent {}",
                word(&wallet["person"]),
                wallet["spent_fen"]
            ));
        }
    }
    lines.push(format!(
        "channel seller received {}",
        wallets["seller"]["received_fen"]
    ));
}

async fn marketing(stage: &Stage, lines: &mut Vec<String>) {
    let audit = stage.sandbox_get("/sim/marketing/audit").await;
    lines.push(format!(
        "marketing postings {} net {} balanced {}",
        audit["postings"], audit["posted_net_fen"], audit["balanced"]
    ));
    let consumers = stage.sandbox_get("/sim/marketing/consumers").await;
    for summary in list(&consumers["items"]) {
        let number = word(&summary["consumer_no"]);
        let consumer = stage
            .sandbox_get(&format!("/sim/marketing/consumers/{number}"))
            .await;
        lines.push(format!(
            "marketing home {number} due {} prepaid {}",
            consumer["due_fen"], consumer["prepaid_fen"]
        ));
        for posting in list(&consumer["postings"]) {
            lines.push(format!(
                "marketing home {number} posting {} {} {} prepaid {} allocations {}",
                word(&posting["channel_txn_no"]),
                word(&posting["state"]),
                posting["amount_fen"],
                posting["prepaid_fen"],
                posting["allocations"]
            ));
        }
        for voucher in list(&consumer["postings"])
            .iter()
            .flat_map(|one| list(&one["refunds"]))
        {
            lines.push(format!(
                "marketing home {number} voucher {} {}",
                word(&voucher["state"]),
                voucher["amount_fen"]
            ));
        }
        for fence in list(&consumer["fences"]) {
            let number_fenced = word(&fence["channel_txn_no"]);
            lines.push(format!("marketing home {number} fence {number_fenced}"));
        }
    }
}

/// Whom the user system holds, with which homes.
async fn user_system(stage: &Stage, lines: &mut Vec<String>) {
    let users = stage.sandbox_get("/sim/user-system/users").await;
    for user in list(&users["items"])
        .iter()
        .flat_map(|one| list(&one["channel_users"]))
    {
        let mut homes: Vec<String> = list(&user["bindings"])
            .iter()
            .map(|home| format!("{} {}", word(&home["consumer_no"]), word(&home["role"])))
            .collect();
        homes.sort();
        let (name, homes) = (word(&user["name"]), homes.join(" "));
        lines.push(format!("user system {name} [{homes}]"));
    }
}

/// What is asked of our own store, each with the word its lines begin with.
const STORE: [(&str, &str); 8] = [
    (
        "accounts",
        "SELECT CAST(COUNT(*) AS TEXT), 'certified', CAST(COUNT(id_no) AS TEXT), 'with a phone', \
         CAST(COUNT(phone) AS TEXT) FROM account",
    ),
    (
        "links of a home",
        "SELECT 'holder', CAST(SUM(CASE WHEN ended_at IS NULL AND role = 'holder' THEN 1 ELSE 0 END) AS TEXT), \
         'authorised', CAST(SUM(CASE WHEN ended_at IS NULL AND role = 'authorised' THEN 1 ELSE 0 END) AS TEXT), \
         'payer', CAST(SUM(CASE WHEN ended_at IS NULL AND role = 'payer_only' THEN 1 ELSE 0 END) AS TEXT), \
         'granted', CAST(SUM(CASE WHEN ended_at IS NULL AND grant_id IS NOT NULL THEN 1 ELSE 0 END) AS TEXT), \
         'ended', CAST(COUNT(ended_at) AS TEXT) FROM binding GROUP BY home_index",
    ),
    (
        "ledger account",
        "SELECT l.account, CAST(SUM(l.debit_fen) AS TEXT), CAST(SUM(l.credit_fen) AS TEXT) FROM ledger_line l \
         JOIN ledger_entry e ON e.entry_id = l.entry_id GROUP BY l.account",
    ),
    (
        "ledger fact",
        "SELECT e.fact, e.payment_id, l.account, CAST(l.debit_fen AS TEXT), CAST(l.credit_fen AS TEXT) \
         FROM ledger_entry e JOIN ledger_line l ON l.entry_id = e.entry_id",
    ),
    (
        "case",
        "SELECT kind, cause, subject, CASE WHEN closed_at IS NULL THEN 'open' ELSE 'closed' END FROM case_file",
    ),
    (
        "order",
        "SELECT out_trade_no, state, CAST(amount_fen AS TEXT), CAST(paid_fen AS TEXT), CAST(refunded_fen AS TEXT), \
         CAST(refund_reserved_fen AS TEXT), CAST(frozen AS TEXT) FROM payment",
    ),
    (
        "order line",
        "SELECT channel_txn_no, state, CAST(amount_fen AS TEXT), CAST(frozen AS TEXT) FROM payment_line",
    ),
    (
        "order refund",
        "SELECT out_request_no, line_id, state, CAST(amount_fen AS TEXT) FROM payment_refund",
    ),
];

async fn store(stage: &Stage, lines: &mut Vec<String>) {
    for (word, sql) in STORE {
        for row in rows(stage, sql).await {
            lines.push(format!("{word} {}", row.join(" ")));
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The lines one outcome has and the other has not.
pub(crate) fn difference(expected: &Outcome, found: &Outcome) -> String {
    let lines = |outcome: &Outcome| outcome.text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (expected, found) = (lines(expected), lines(found));
    let missing = expected.iter().filter(|line| !found.contains(line));
    let extra = found.iter().filter(|line| !expected.contains(line));
    missing
        .map(|line| format!("- {line}\n"))
        .chain(extra.map(|line| format!("+ {line}\n")))
        .collect()
}
