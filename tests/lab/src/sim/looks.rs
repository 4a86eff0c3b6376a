//! Looks into the store beside the product: when its loops will find something, what is not final,
//! and whether its books agree with the outside's.

use lifeline_core::ledger::Account;
use lifeline_core::store::snapshot;

use super::cells::Cell;
use super::town::Town;
use super::world::Handle;

/// What the store says the loops must look at, and when.
#[derive(Debug, Default)]
pub(super) struct Due {
    pub(super) order: Option<i64>,
    pub(super) notice: Option<i64>,
    pub(super) event: Option<i64>,
    /// A line waits for marketing, so one asks for all of them now and then.
    pub(super) waiting: bool,
}

impl Due {
    pub(super) fn read(conn: &rusqlite::Connection, now: i64) -> rusqlite::Result<Self> {
        const ORDER: &str = "SELECT MIN(MAX(wake_at, COALESCE(lease_until, 0))) FROM payment WHERE wake_at IS NOT NULL";
        const NOTICE: &str =
            "SELECT MIN(received_at) + 5000001 FROM inbox WHERE state = 'received'";
        const EVENT: &str = "SELECT MIN(MAX(o.available_at, COALESCE(o.lease_until, 0))) FROM outbox o \
            WHERE o.state = 'waiting' AND NOT EXISTS (SELECT 1 FROM outbox e \
            WHERE e.ordering_key = o.ordering_key AND e.state = 'waiting' AND e.seq < o.seq)";
        const WAITING: &str = "SELECT EXISTS (SELECT 1 FROM payment_line WHERE next_at > ?1 AND (state IN \
            ('POST_UNKNOWN', 'FENCING(repost)', 'FENCING(refund)', 'REVERSING', 'MKT_REFUND') \
            OR (state = 'READY' AND check_kind <> 'none')))";
        let moment = |text: &str| -> rusqlite::Result<Option<i64>> {
            conn.prepare_cached(text)?.query_row([], |row| row.get(0))
        };
        Ok(Self {
            order: moment(ORDER)?,
            notice: moment(NOTICE)?,
            event: moment(EVENT)?,
            waiting: conn
                .prepare_cached(WAITING)?
                .query_row([now], |row| row.get(0))?,
        })
    }
}

/// Rows that are owed something still.
pub(super) fn unrest(conn: &rusqlite::Connection) -> rusqlite::Result<i64> {
    const COUNT: &str = "SELECT (SELECT COUNT(*) FROM payment WHERE state NOT IN ('CLOSED', 'DONE') OR foreign_fen > foreign_used_fen) \
        + (SELECT COUNT(*) FROM payment_line WHERE state NOT IN ('POSTED', 'REFUNDED')) \
        + (SELECT COUNT(*) FROM payment_refund WHERE state NOT IN ('DONE', 'WITHDRAWN')) \
        + (SELECT COUNT(*) FROM outbox WHERE state = 'waiting') \
        + (SELECT COUNT(*) FROM inbox WHERE state = 'received')";
    conn.prepare_cached(COUNT)?.query_row([], |row| row.get(0))
}

pub(super) fn unfinished(conn: &rusqlite::Connection) -> rusqlite::Result<Vec<String>> {
    const LIST: &str = "SELECT 'stuck: order ' || out_trade_no || ' is ' || state || CASE frozen WHEN 1 THEN ', frozen' ELSE '' END \
        || CASE WHEN foreign_fen > foreign_used_fen THEN ', with a foreign refund' ELSE '' END \
        FROM payment WHERE state NOT IN ('CLOSED', 'DONE') OR foreign_fen > foreign_used_fen \
        UNION ALL SELECT 'stuck: line ' || channel_txn_no || ' is ' || state FROM payment_line \
        WHERE state NOT IN ('POSTED', 'REFUNDED') \
        UNION ALL SELECT 'stuck: refund ' || out_request_no || ' is ' || state FROM payment_refund \
        WHERE state NOT IN ('DONE', 'WITHDRAWN') \
        UNION ALL SELECT 'stuck: event ' || kind || ' waits' FROM outbox WHERE state = 'waiting' \
        UNION ALL SELECT 'stuck: notice ' || message_id || ' is not applied' FROM inbox WHERE state = 'received'";
    let mut list = conn.prepare_cached(LIST)?;
    let rows = list.query_map([], |row| row.get(0))?;
    rows.collect()
}

/// Lines that were ever to be posted.
pub(super) fn lines(conn: &rusqlite::Connection) -> rusqlite::Result<u64> {
    const COUNT: &str = "SELECT COUNT(*) FROM payment_line";
    let all: i64 = conn
        .prepare_cached(COUNT)?
        .query_row([], |row| row.get(0))?;
    Ok(all.unsigned_abs())
}

/// Lines that ever needed two persons.
pub(super) fn held_ever(conn: &rusqlite::Connection) -> rusqlite::Result<u64> {
    const COUNT: &str = "SELECT COUNT(DISTINCT row_id) FROM payment_sighting WHERE machine = 'L' AND next_state = 'HELD'";
    let held: i64 = conn
        .prepare_cached(COUNT)?
        .query_row([], |row| row.get(0))?;
    Ok(held.unsigned_abs())
}

/// Cells of the law that are two steps of one unit: money is heard of by what went back of it, and a posting by
/// one whose money is wanted back. Each way is named as the law names it, once a history and row.
pub(super) fn in_two_steps(conn: &rusqlite::Connection) -> rusqlite::Result<Vec<Cell>> {
    const LIST: &str = "SELECT a.machine, a.state, CASE a.machine WHEN 'P' THEN b.input ELSE a.input END, b.next_state \
        FROM payment_sighting a JOIN payment_sighting b \
        ON b.payment_id = a.payment_id AND b.machine = a.machine AND b.row_id = a.row_id \
        AND b.state = a.next_state AND b.first_seen_at = a.first_seen_at AND b.applied = 1 \
        WHERE a.applied = 1 AND a.state <> a.next_state AND ( \
        (a.machine = 'P' AND a.input = 'paid_equal' AND b.input = 'refund_not_ours' AND b.next_state = 'PAID') \
        OR (a.machine = 'L' AND a.input = 'posted_same' AND b.input = 'refund_wanted' AND b.next_state = 'REVERSING'))";
    let mut list = conn.prepare_cached(LIST)?;
    let cells = list.query_map([], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    cells.collect()
}

/// The ledger balances and says of the channel what the channel says.
pub(super) fn books(town: &Town, world: &Handle) -> Vec<String> {
    let engine = town.bench.engine();
    let read = async {
        let mut view = snapshot(&*engine).await?;
        view.ledger().balances().await
    };
    let balances = match super::now_or_never(read) {
        Some(Ok(balances)) => balances,
        Some(Err(error)) => return vec![format!("the ledger cannot be read: {error}")],
        None => return vec!["the ledger was not read at once".to_owned()],
    };
    let sum: i64 = balances.iter().map(|balance| balance.net.get()).sum();
    let net = |account: Account| {
        let found = balances.iter().find(|balance| balance.account == account);
        found.map_or(0, |balance| balance.net.get())
    };
    let kept: i64 = world.with(|world| {
        let now = world.now();
        world
            .channel
            .trades
            .values()
            .map(|trade| trade.kept(now))
            .sum()
    });
    let mut faults = Vec::new();
    if sum != 0 {
        faults.push(format!("the ledger does not balance: {sum} fen"));
    }
    if net(Account::Channel) != kept {
        let ours = net(Account::Channel);
        faults.push(format!(
            "the ledger says {ours} fen of the channel, the channel {kept}"
        ));
    }
    for account in [Account::Clearing, Account::Suspense, Account::RefundDue] {
        if net(account) != 0 {
            faults.push(format!(
                "{} fen are left in {}",
                net(account),
                account.as_str()
            ));
        }
    }
    faults
}
