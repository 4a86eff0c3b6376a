//! Payments read: from rows to an order.

use lifeline_core::payments::observation::Sighted;
use lifeline_core::payments::order::{
    Buyer, Check, ClosedText, Order, Payment, PostingLine, Purpose, Refund, Share, Sighting, Via,
};
use lifeline_core::payments::parts::PartOf;
use lifeline_core::payments::{table_l, table_p, table_r};
use lifeline_core::shared::ids::BindingId;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::store::StoreError;
use serde::{Deserialize, Serialize};

use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql};

statements! { "payment_rows":
    LINES("payment_line") = "SELECT line_id, payment_id, line_no, binding_id, consumer_no, attempt, state, channel_txn_no, \
        amount_fen, purpose, arrears_version, body, check_kind, sent_at, resends, not_found, not_found_at, \
        want_refund, keep_as_prepayment, fenced, credited, let_go, voucher_refusals, sighting, mkt_txn_no, business_date, \
        posted_at, frozen, entered_at, turns, next_at, asked_at, part_of, part_cause, told_late_at \
        FROM payment_line WHERE payment_id = $1 ORDER BY line_no";
    REFUNDS("payment_refund") = "SELECT refund_id, payment_id, line_id, out_request_no, cause, amount_fen, created_at, state, \
        sent_at, empties, empty_since, empty_at, done_at, frozen, entered_at, turns, next_at, asked_at, by_bank_fen \
        FROM payment_refund WHERE payment_id = $1 ORDER BY created_at, refund_id";
    VERSION("payment") = "SELECT version FROM payment WHERE payment_id = $1";
}

/// The columns an order is read from.
macro_rules! payment_columns {
    () => {
        "payment_id, account_id, binding_id, session_id, purpose, via, out_trade_no, amount_fen, \
         subject, shares, buyer, body, ticket, ticket_digest, created_at, expire_at, trace_id, lease_epoch, \
         version, state, sends, answers, trade_no, minted_at, paid_at, closed_at, done_at, paid_fen, \
         refund_reserved_fen, refunded_fen, suspense_fen, foreign_fen, foreign_used_fen, has_lock, frozen, \
         watched, entered_at, turns, next_at, asked_at, shown_fen, shown_at"
    };
}

pub(super) use payment_columns;

pub(super) const CONSUMER: Field = Field::new("payment_line", "consumer_no");
pub(super) const SHARES: Field = Field::new("payment", "shares");
pub(super) const BUYER: Field = Field::new("payment", "buyer");
pub(super) const BODY: Field = Field::new("payment", "body");
pub(super) const TICKET: Field = Field::new("payment", "ticket");
pub(super) const LINE_BODY: Field = Field::new("payment_line", "body");

/// A share as it lies sealed in its column.
#[derive(Serialize, Deserialize)]
pub(super) struct ShareText {
    pub(super) line_no: i64,
    pub(super) binding_id: BindingId,
    pub(super) consumer_no: String,
    pub(super) amount_fen: Fen,
    pub(super) purpose: Purpose,
    pub(super) arrears_version: Option<String>,
    /// Orders of an older release say nothing of it.
    #[serde(default)]
    pub(super) keep_as_prepayment: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct BuyerText {
    pub(super) open_id: Option<ClosedText>,
    pub(super) user_id: Option<ClosedText>,
}

/// An order read in parts while another unit changed it explains itself no more: it is read again.
fn unchanged(rows: &[Row], versions: &[Vec<Row>]) -> Result<(), StoreError> {
    for (row, now) in rows.iter().zip(versions) {
        let now = now.first().map(|now| now.int("version")).transpose()?;
        if now != Some(row.int("version")?) {
            return Err(StoreError::Conflict);
        }
    }
    Ok(())
}

impl<C: Conn> Sql<C> {
    /// Orders of these rows, with lines and refunds, in the rows' order.
    pub(super) async fn orders(&mut self, rows: Vec<Row>) -> Result<Vec<Order>, StoreError> {
        let ids: Vec<String> = rows
            .iter()
            .map(|row| row.text("payment_id"))
            .collect::<Result<_, _>>()?;
        let keys = || ids.iter().map(|id| args![id]).collect::<Vec<_>>();
        let lines = self.conn.query_many(&LINES, keys()).await?;
        let refunds = self.conn.query_many(&REFUNDS, keys()).await?;
        if !self.conn.sees_one_moment() {
            let versions = self.conn.query_many(&VERSION, keys()).await?;
            unchanged(&rows, &versions)?;
        }
        let mut orders = Vec::with_capacity(rows.len());
        for ((row, lines), refunds) in rows.iter().zip(lines).zip(refunds) {
            orders.push(Order {
                payment: self.payment(row)?,
                lines: lines
                    .iter()
                    .map(|line| self.line(line))
                    .collect::<Result<_, _>>()?,
                refunds: refunds.iter().map(refund).collect::<Result<_, _>>()?,
            });
        }
        Ok(orders)
    }

    pub(super) fn seal_closed(
        &self,
        field: Field,
        row: &str,
        text: Option<&ClosedText>,
    ) -> Result<Option<String>, StoreError> {
        text.map(|text| self.seal_service(field, row, text.expose()))
            .transpose()
    }

    fn open_closed(
        &self,
        field: Field,
        id: &str,
        row: &Row,
    ) -> Result<Option<ClosedText>, StoreError> {
        row.maybe_text(field.column)?
            .map(|sealed| self.open_service(field, id, &sealed).map(ClosedText::new))
            .transpose()
    }

    fn payment(&self, row: &Row) -> Result<Payment, StoreError> {
        let id = row.text("payment_id")?;
        Ok(Payment {
            payment_id: row.id("payment_id")?,
            account_id: row.id("account_id")?,
            binding_id: row.id("binding_id")?,
            session_id: row.id("session_id")?,
            purpose: row.parsed("purpose", Purpose::parse)?,
            via: row.parsed("via", Via::parse)?,
            state: row.parsed("state", table_p::State::parse)?,
            version: row.int("version")?,
            lease_epoch: row.int("lease_epoch")?,
            out_trade_no: row.text("out_trade_no")?,
            amount: row.fen("amount_fen")?,
            subject: row.text("subject")?,
            shares: self.open_shares(&id, row)?,
            buyer: self.open_buyer(&id, row)?,
            body: self.open_closed(BODY, &id, row)?,
            ticket: self.open_closed(TICKET, &id, row)?,
            ticket_digest: row.maybe_text("ticket_digest")?,
            sends: row.int("sends")?,
            answers: row.int("answers")?,
            trade_no: row.maybe_text("trade_no")?,
            minted_at: row.maybe_time("minted_at")?,
            created_at: row.time("created_at")?,
            expire_at: row.time("expire_at")?,
            paid_at: row.maybe_time("paid_at")?,
            closed_at: row.maybe_time("closed_at")?,
            done_at: row.maybe_time("done_at")?,
            paid: row.fen("paid_fen")?,
            refund_reserved: row.fen("refund_reserved_fen")?,
            refunded: row.fen("refunded_fen")?,
            suspense: row.fen("suspense_fen")?,
            foreign: row.fen("foreign_fen")?,
            foreign_used: row.fen("foreign_used_fen")?,
            shown: row.fen("shown_fen")?,
            shown_at: row.maybe_time("shown_at")?,
            has_lock: row.flag("has_lock")?,
            frozen: row.flag("frozen")?,
            watched: row.flag("watched")?,
            entered_at: row.time("entered_at")?,
            turns: row.int("turns")?,
            next_at: row.maybe_time("next_at")?,
            asked_at: row.maybe_time("asked_at")?,
            trace_id: row.text("trace_id")?,
        })
    }

    pub(super) fn open_shares(&self, id: &str, row: &Row) -> Result<Vec<Share>, StoreError> {
        let text = self.open_service(SHARES, id, &row.text("shares")?)?;
        let shares: Vec<ShareText> =
            serde_json::from_str(&text).map_err(|_| row.corrupt("shares"))?;
        Ok(shares
            .into_iter()
            .map(|share| Share {
                line_no: share.line_no,
                binding_id: share.binding_id,
                consumer_no: ConsumerNo::from_store(share.consumer_no),
                amount: share.amount_fen,
                purpose: share.purpose,
                arrears_version: share.arrears_version,
                keep_as_prepayment: share.keep_as_prepayment,
            })
            .collect())
    }

    fn open_buyer(&self, id: &str, row: &Row) -> Result<Buyer, StoreError> {
        let Some(sealed) = row.maybe_text("buyer")? else {
            return Ok(Buyer::default());
        };
        let text = self.open_service(BUYER, id, &sealed)?;
        let buyer: BuyerText = serde_json::from_str(&text).map_err(|_| row.corrupt("buyer"))?;
        Ok(Buyer {
            open_id: buyer.open_id,
            user_id: buyer.user_id,
        })
    }

    fn line(&self, row: &Row) -> Result<PostingLine, StoreError> {
        let id = row.text("line_id")?;
        let consumer_no = self.open_service(CONSUMER, &id, &row.text("consumer_no")?)?;
        Ok(PostingLine {
            line_id: row.id("line_id")?,
            line_no: row.int("line_no")?,
            attempt: row.int("attempt")?,
            state: row.parsed("state", table_l::State::parse)?,
            channel_txn_no: row.text("channel_txn_no")?,
            binding_id: row.id("binding_id")?,
            consumer_no: ConsumerNo::from_store(consumer_no),
            amount: row.fen("amount_fen")?,
            purpose: row.parsed("purpose", Purpose::parse)?,
            arrears_version: row.maybe_text("arrears_version")?,
            part_of: part_of(row)?,
            body: self.open_closed(LINE_BODY, &id, row)?,
            check: row.parsed("check_kind", Check::parse)?,
            sent_at: row.maybe_time("sent_at")?,
            resends: row.int("resends")?,
            not_found: row.int("not_found")?,
            not_found_at: row.maybe_time("not_found_at")?,
            want_refund: row.flag("want_refund")?,
            keep_as_prepayment: row.flag("keep_as_prepayment")?,
            fenced: row.flag("fenced")?,
            credited: row.flag("credited")?,
            let_go: row.flag("let_go")?,
            voucher_refusals: row.int("voucher_refusals")?,
            sighting: row.maybe_parsed("sighting", Sighting::parse)?,
            mkt_txn_no: row.maybe_text("mkt_txn_no")?,
            business_date: row.maybe_text("business_date")?,
            posted_at: row.maybe_time("posted_at")?,
            told_late_at: row.maybe_time("told_late_at")?,
            frozen: row.flag("frozen")?,
            entered_at: row.time("entered_at")?,
            turns: row.int("turns")?,
            next_at: row.maybe_time("next_at")?,
            asked_at: row.maybe_time("asked_at")?,
        })
    }
}

fn part_of(row: &Row) -> Result<Option<PartOf>, StoreError> {
    let line = row.maybe_id("part_of")?;
    let cause = row.maybe_text("part_cause")?;
    Ok(line.zip(cause).map(|(line, cause)| PartOf { line, cause }))
}

fn refund(row: &Row) -> Result<Refund, StoreError> {
    Ok(Refund {
        refund_id: row.id("refund_id")?,
        line_id: row.id("line_id")?,
        out_request_no: row.text("out_request_no")?,
        cause: row.text("cause")?,
        amount: row.fen("amount_fen")?,
        state: row.parsed("state", table_r::State::parse)?,
        sent_at: row.maybe_time("sent_at")?,
        empties: row.int("empties")?,
        empty_since: row.maybe_time("empty_since")?,
        empty_at: row.maybe_time("empty_at")?,
        created_at: row.time("created_at")?,
        done_at: row.maybe_time("done_at")?,
        by_bank: row.fen("by_bank_fen")?,
        frozen: row.flag("frozen")?,
        entered_at: row.time("entered_at")?,
        turns: row.int("turns")?,
        next_at: row.maybe_time("next_at")?,
        asked_at: row.maybe_time("asked_at")?,
    })
}

/// A line of the record; its words are the tables' own.
pub(super) fn sighted(row: &Row) -> Result<Sighted, StoreError> {
    let table = row.parsed("machine", |text| {
        ["P", "L", "R"].into_iter().find(|known| *known == text)
    })?;
    let state = |text: &str| match table {
        "P" => table_p::State::parse(text).map(table_p::State::as_str),
        "L" => table_l::State::parse(text).map(table_l::State::as_str),
        _ => table_r::State::parse(text).map(table_r::State::as_str),
    };
    let input = |text: &str| match table {
        "P" => table_p::Input::parse(text).map(table_p::Input::as_str),
        "L" => table_l::Input::parse(text).map(table_l::Input::as_str),
        _ => table_r::Input::parse(text).map(table_r::Input::as_str),
    };
    Ok(Sighted {
        table,
        row_id: row.text("row_id")?,
        state: row.parsed("state", state)?,
        input: row.parsed("input", input)?,
        next: row.parsed("next_state", state)?,
        applied: row.flag("applied")?,
        asked_at: row.time("last_asked_at")?,
    })
}
