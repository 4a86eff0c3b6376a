//! The books. Lines are written first; the entry closes them, and the schema adds them up.

use async_trait::async_trait;
use lifeline_core::ledger::ports::{LedgerReads, LedgerStore};
use lifeline_core::ledger::{Account, Balance, Entry, Line, Open};
use lifeline_core::shared::ids::{EntryId, PaymentId};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Row, Sql, WriteConn};

statements! { "ledger":
    FIND("ledger_entry") = "SELECT e.entry_id, e.fact, e.payment_id, e.trace_id, e.posted_at, e.line_count, \
        e.total_fen, l.account, l.debit_fen, l.credit_fen \
        FROM ledger_entry e JOIN ledger_line l ON l.entry_id = e.entry_id \
        WHERE e.fact = $1 ORDER BY e.entry_id, l.line_no";
    OF_PAYMENT("ledger_entry") = "SELECT e.entry_id, e.fact, e.payment_id, e.trace_id, e.posted_at, e.line_count, \
        e.total_fen, l.account, l.debit_fen, l.credit_fen \
        FROM ledger_entry e JOIN ledger_line l ON l.entry_id = e.entry_id \
        WHERE e.payment_id = $1 ORDER BY e.posted_at, e.entry_id, l.line_no";
    BALANCES("ledger_line") = "SELECT l.account, CAST(SUM(l.debit_fen) - SUM(l.credit_fen) AS BIGINT) AS net_fen \
        FROM ledger_line l JOIN ledger_entry e ON e.entry_id = l.entry_id GROUP BY l.account";
    STILL_OPEN("ledger_entry") = "SELECT o.payment_id, \
        CAST(CASE WHEN o.held_fen <> 0 THEN o.held_fen ELSE o.gone_fen END AS BIGINT) AS open_fen \
        FROM (SELECT e.payment_id, \
        SUM(CASE WHEN l.account = 'foreign_refund' THEN 0 ELSE l.credit_fen - l.debit_fen END) AS held_fen, \
        SUM(CASE WHEN l.account = 'foreign_refund' THEN l.debit_fen - l.credit_fen ELSE 0 END) AS gone_fen \
        FROM ledger_entry e JOIN ledger_line l ON l.entry_id = e.entry_id \
        WHERE e.payment_id IN (SELECT payment_id FROM ledger_entry WHERE entry_id >= $1 AND entry_id < $2) \
        AND l.account IN ('clearing', 'suspense', 'refund_due', 'foreign_refund') GROUP BY e.payment_id) AS o \
        WHERE o.held_fen <> 0 OR o.gone_fen <> 0 ORDER BY 2 DESC, 1 LIMIT $3";
    UNSOUND("ledger_entry") = "SELECT COUNT(*) AS n FROM (SELECT entry_id, line_count, total_fen FROM ledger_entry \
        ORDER BY entry_id DESC LIMIT $1) AS e WHERE \
        e.line_count <> (SELECT COUNT(*) FROM ledger_line l WHERE l.entry_id = e.entry_id) \
        OR e.total_fen <> (SELECT CAST(COALESCE(SUM(l.debit_fen), 0) AS BIGINT) FROM ledger_line l WHERE l.entry_id = e.entry_id) \
        OR e.total_fen <> (SELECT CAST(COALESCE(SUM(l.credit_fen), 0) AS BIGINT) FROM ledger_line l WHERE l.entry_id = e.entry_id)";
    BOOKED("ledger_entry") = "SELECT COUNT(*) AS n FROM ledger_entry WHERE fact = $1";
    ADD_LINE("ledger_line") = "INSERT INTO ledger_line (entry_id, line_no, account, debit_fen, credit_fen) \
        VALUES ($1, $2, $3, $4, $5)";
    CLOSE("ledger_entry") = "INSERT INTO ledger_entry (entry_id, fact, payment_id, trace_id, posted_at, line_count, \
        total_fen) VALUES ($1, $2, $3, $4, $5, $6, $7)";
}

#[async_trait]
impl<C: Conn> LedgerReads for Sql<C> {
    async fn find(&mut self, fact: &str) -> Result<Option<Entry>, StoreError> {
        let rows = self.rows(&FIND, args![fact]).await?;
        Ok(entries(&rows)?.pop())
    }

    async fn of_payment(&mut self, payment: &PaymentId) -> Result<Vec<Entry>, StoreError> {
        let rows = self.rows(&OF_PAYMENT, args![payment]).await?;
        entries(&rows)
    }

    async fn balances(&mut self) -> Result<Vec<Balance>, StoreError> {
        let rows = self.rows(&BALANCES, args![]).await?;
        let mut balances: Vec<Balance> = Account::ALL
            .into_iter()
            .map(|account| Balance {
                account,
                net: Fen::ZERO,
            })
            .collect();
        for row in &rows {
            let account = row.parsed("account", Account::parse)?;
            let net = row.fen("net_fen")?;
            for balance in balances.iter_mut().filter(|b| b.account == account) {
                balance.net = net;
            }
        }
        Ok(balances)
    }

    async fn still_open(
        &mut self,
        from: Time,
        before: Time,
        limit: i64,
    ) -> Result<Vec<Open>, StoreError> {
        let (from, before) = (begin_of_ids(from), begin_of_ids(before));
        let rows = self.rows(&STILL_OPEN, args![&from, &before, limit]).await?;
        rows.iter()
            .map(|row| {
                Ok(Open {
                    payment_id: row.id("payment_id")?,
                    open: row.fen("open_fen")?,
                })
            })
            .collect()
    }

    async fn unsound(&mut self, newest: i64) -> Result<i64, StoreError> {
        self.count(&UNSOUND, args![newest]).await
    }
}

#[async_trait]
impl<C: WriteConn> LedgerStore for Sql<C> {
    async fn post(&mut self, entry: &Entry) -> Result<(), StoreError> {
        // Asked first, because a repeat of the same entry would be refused at its lines already.
        if self.count(&BOOKED, args![entry.fact()]).await? > 0 {
            return Err(StoreError::Duplicate("ledger_entry(fact)".into()));
        }
        let unwritable = |_| StoreError::Refused("an entry's total is out of range".into());
        let total = Fen::sum(entry.lines().iter().map(|line| line.debit)).map_err(unwritable)?;
        let lines: Vec<_> = (1_i64..)
            .zip(entry.lines())
            .map(|(line_no, line)| {
                args![
                    entry.entry_id(),
                    line_no,
                    line.account.as_str(),
                    line.debit,
                    line.credit
                ]
            })
            .collect();
        let line_count = i64::try_from(lines.len()).unwrap_or(i64::MAX);
        self.write_many(&ADD_LINE, lines).await?;
        let header = args![
            entry.entry_id(),
            entry.fact(),
            entry.payment_id(),
            entry.trace_id(),
            entry.posted_at(),
            line_count,
            total,
        ];
        self.touched(&CLOSE, header).await.map(drop)
    }
}

/// How ids begin that are made at a moment: their milliseconds since 1970, as text that sorts alike.
fn begin_of_ids(at: Time) -> String {
    let millis = at.micros().max(0).div_euclid(1_000);
    let (high, low) = (millis.div_euclid(65_536), millis.rem_euclid(65_536));
    format!("{high:08x}-{low:04x}")
}

/// Rows of one line each, ordered by entry, as checked entries.
fn entries(rows: &[Row]) -> Result<Vec<Entry>, StoreError> {
    let mut found = Vec::new();
    let mut rest = rows;
    while let Some(first) = rest.first() {
        let count =
            usize::try_from(first.int("line_count")?).map_err(|_| first.corrupt("line_count"))?;
        let (lines, others) = rest
            .split_at_checked(count.max(1))
            .ok_or_else(|| first.corrupt("line_count"))?;
        found.push(entry(first, lines)?);
        rest = others;
    }
    Ok(found)
}

fn entry(first: &Row, rows: &[Row]) -> Result<Entry, StoreError> {
    let entry_id: EntryId = first.id("entry_id")?;
    let lines = rows
        .iter()
        .map(|row| {
            if row.text("entry_id")? != entry_id.as_str() {
                return Err(row.corrupt("line_count"));
            }
            Ok(Line {
                account: row.parsed("account", Account::parse)?,
                debit: row.fen("debit_fen")?,
                credit: row.fen("credit_fen")?,
            })
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    let total = first.fen("total_fen")?;
    if Fen::sum(lines.iter().map(|line| line.debit)) != Ok(total) {
        return Err(first.corrupt("total_fen"));
    }
    Entry::balanced(
        entry_id,
        first.text("fact")?,
        first.id("payment_id")?,
        first.text("trace_id")?,
        first.time("posted_at")?,
        lines,
    )
    .map_err(|_| first.corrupt("total_fen"))
}
