//! Rows of payments: an order to its columns and back.

use lifeline_core::payments::observation::Sighted;
use lifeline_core::payments::order::{
    Buyer, Check, ClosedText, Order, Payment, PostingLine, Purpose, Refund, Share, Sighting, Via,
};
use lifeline_core::payments::{table_l, table_p, table_r};
use lifeline_core::shared::ids::BindingId;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;
use serde::{Deserialize, Serialize};

use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, Value, WriteConn};

statements! { "payment_rows":
    ADD("payment") = "INSERT INTO payment ( \
        payment_id, account_id, binding_id, session_id, purpose, via, out_trade_no, amount_fen, subject, \
        shares, buyer, body, ticket, ticket_digest, created_at, expire_at, trace_id, lease_epoch, \
        lease_until, version, state, sends, answers, trade_no, minted_at, paid_at, closed_at, done_at, \
        paid_fen, refund_reserved_fen, refunded_fen, suspense_fen, foreign_fen, foreign_used_fen, has_lock, \
        frozen, watched, entered_at, turns, next_at, wake_at, asked_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, \
        $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, \
        $41, $42)";
    SAVE("payment") = "UPDATE payment SET \
        state = $1, sends = $2, answers = $3, trade_no = $4, minted_at = $5, paid_at = $6, closed_at = $7, \
        done_at = $8, paid_fen = $9, refund_reserved_fen = $10, refunded_fen = $11, suspense_fen = $12, \
        foreign_fen = $13, foreign_used_fen = $14, has_lock = $15, frozen = $16, watched = $17, \
        entered_at = $18, turns = $19, next_at = $20, wake_at = $21, asked_at = $22, version = version + 1 \
        WHERE payment_id = $23 AND version = $24 AND (CAST($25 AS BIGINT) IS NULL OR lease_epoch = $25)";
    LINE_SAVE("payment_line") = "INSERT INTO payment_line ( \
        line_id, payment_id, line_no, binding_id, consumer_no, consumer_index, attempt, state, \
        channel_txn_no, amount_fen, purpose, arrears_version, body, check_kind, sent_at, resends, \
        not_found, not_found_at, want_refund, keep_as_prepayment, fenced, credited, let_go, sighting, \
        mkt_txn_no, business_date, posted_at, frozen, entered_at, turns, next_at, asked_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, \
        $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32) \
        ON CONFLICT (line_id) DO UPDATE SET \
        attempt = excluded.attempt, state = excluded.state, channel_txn_no = excluded.channel_txn_no, \
        amount_fen = excluded.amount_fen, purpose = excluded.purpose, \
        arrears_version = excluded.arrears_version, body = excluded.body, check_kind = excluded.check_kind, \
        sent_at = excluded.sent_at, resends = excluded.resends, not_found = excluded.not_found, \
        not_found_at = excluded.not_found_at, want_refund = excluded.want_refund, \
        keep_as_prepayment = excluded.keep_as_prepayment, fenced = excluded.fenced, \
        credited = excluded.credited, let_go = excluded.let_go, sighting = excluded.sighting, \
        mkt_txn_no = excluded.mkt_txn_no, business_date = excluded.business_date, \
        posted_at = excluded.posted_at, frozen = excluded.frozen, entered_at = excluded.entered_at, \
        turns = excluded.turns, next_at = excluded.next_at, asked_at = excluded.asked_at";
    REFUND_SAVE("payment_refund") = "INSERT INTO payment_refund ( \
        refund_id, payment_id, line_id, out_request_no, cause, amount_fen, created_at, state, sent_at, \
        empties, empty_since, empty_at, done_at, frozen, entered_at, turns, next_at, asked_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) \
        ON CONFLICT (refund_id) DO UPDATE SET \
        state = excluded.state, sent_at = excluded.sent_at, empties = excluded.empties, \
        empty_since = excluded.empty_since, empty_at = excluded.empty_at, done_at = excluded.done_at, \
        frozen = excluded.frozen, entered_at = excluded.entered_at, turns = excluded.turns, \
        next_at = excluded.next_at, asked_at = excluded.asked_at";
    LINES("payment_line") = "SELECT line_id, payment_id, line_no, binding_id, consumer_no, attempt, state, channel_txn_no, \
        amount_fen, purpose, arrears_version, body, check_kind, sent_at, resends, not_found, not_found_at, \
        want_refund, keep_as_prepayment, fenced, credited, let_go, sighting, mkt_txn_no, business_date, \
        posted_at, frozen, entered_at, turns, next_at, asked_at \
        FROM payment_line WHERE payment_id = $1 ORDER BY line_no";
    REFUNDS("payment_refund") = "SELECT refund_id, payment_id, line_id, out_request_no, cause, amount_fen, created_at, state, \
        sent_at, empties, empty_since, empty_at, done_at, frozen, entered_at, turns, next_at, asked_at \
        FROM payment_refund WHERE payment_id = $1 ORDER BY created_at, refund_id";
}

/// The columns an order is read from.
macro_rules! payment_columns {
    () => {
        "payment_id, account_id, binding_id, session_id, purpose, via, out_trade_no, amount_fen, \
         subject, shares, buyer, body, ticket, ticket_digest, created_at, expire_at, trace_id, lease_epoch, \
         version, state, sends, answers, trade_no, minted_at, paid_at, closed_at, done_at, paid_fen, \
         refund_reserved_fen, refunded_fen, suspense_fen, foreign_fen, foreign_used_fen, has_lock, frozen, \
         watched, entered_at, turns, next_at, asked_at"
    };
}

pub(super) use payment_columns;

pub(super) const CONSUMER: Field = Field::new("payment_line", "consumer_no");
const SHARES: Field = Field::new("payment", "shares");
const BUYER: Field = Field::new("payment", "buyer");
const BODY: Field = Field::new("payment", "body");
const TICKET: Field = Field::new("payment", "ticket");
const LINE_BODY: Field = Field::new("payment_line", "body");

/// A share as it lies sealed in its column.
#[derive(Serialize, Deserialize)]
struct ShareText {
    line_no: i64,
    binding_id: BindingId,
    consumer_no: String,
    amount_fen: Fen,
    purpose: Purpose,
    arrears_version: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct BuyerText {
    open_id: Option<ClosedText>,
    user_id: Option<ClosedText>,
}

const fn unwritable(field: Field) -> StoreError {
    StoreError::Corrupt {
        table: field.table,
        column: field.column,
    }
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

    fn seal_closed(
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

    fn open_shares(&self, id: &str, row: &Row) -> Result<Vec<Share>, StoreError> {
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
            sighting: row.maybe_parsed("sighting", Sighting::parse)?,
            mkt_txn_no: row.maybe_text("mkt_txn_no")?,
            business_date: row.maybe_text("business_date")?,
            posted_at: row.maybe_time("posted_at")?,
            frozen: row.flag("frozen")?,
            entered_at: row.time("entered_at")?,
            turns: row.int("turns")?,
            next_at: row.maybe_time("next_at")?,
            asked_at: row.maybe_time("asked_at")?,
        })
    }
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

impl<C: WriteConn> Sql<C> {
    pub(super) async fn insert_order(
        &mut self,
        order: &Order,
        lease_until: Time,
    ) -> Result<(), StoreError> {
        let payment = &order.payment;
        let id = payment.payment_id.as_str();
        let mut args = args![
            &payment.payment_id,
            &payment.account_id,
            &payment.binding_id,
            &payment.session_id,
            payment.purpose.as_str(),
            payment.via.as_str(),
            &payment.out_trade_no,
            payment.amount,
            &payment.subject,
            self.seal_shares(id, &payment.shares)?,
            self.seal_buyer(id, &payment.buyer)?,
            self.seal_closed(BODY, id, payment.body.as_ref())?,
            self.seal_closed(TICKET, id, payment.ticket.as_ref())?,
            payment.ticket_digest.as_ref(),
            payment.created_at,
            payment.expire_at,
            &payment.trace_id,
            payment.lease_epoch,
            lease_until,
            payment.version,
        ];
        args.extend(moving_args(order));
        self.touched(&ADD, args).await?;
        self.save_children(order).await
    }

    pub(super) async fn update_order(
        &mut self,
        order: &Order,
        lease_epoch: Option<i64>,
    ) -> Result<(), StoreError> {
        let mut args = moving_args(order);
        args.extend(args![
            &order.payment.payment_id,
            order.payment.version,
            lease_epoch,
        ]);
        if !self.changed(&SAVE, args).await? {
            return Err(StoreError::Conflict);
        }
        self.save_children(order).await
    }

    async fn save_children(&mut self, order: &Order) -> Result<(), StoreError> {
        let mut lines = Vec::with_capacity(order.lines.len());
        for line in &order.lines {
            lines.push(self.line_args(order, line)?);
        }
        let refunds: Vec<_> = order
            .refunds
            .iter()
            .map(|refund| refund_args(order, refund))
            .collect();
        if !lines.is_empty() {
            self.write_many(&LINE_SAVE, lines).await?;
        }
        if !refunds.is_empty() {
            self.write_many(&REFUND_SAVE, refunds).await?;
        }
        Ok(())
    }

    fn seal_shares(&self, id: &str, shares: &[Share]) -> Result<String, StoreError> {
        let texts: Vec<ShareText> = shares
            .iter()
            .map(|share| ShareText {
                line_no: share.line_no,
                binding_id: share.binding_id.clone(),
                consumer_no: share.consumer_no.expose().to_owned(),
                amount_fen: share.amount,
                purpose: share.purpose,
                arrears_version: share.arrears_version.clone(),
            })
            .collect();
        let text = serde_json::to_string(&texts).map_err(|_| unwritable(SHARES))?;
        self.seal_service(SHARES, id, &text)
    }

    fn seal_buyer(&self, id: &str, buyer: &Buyer) -> Result<Option<String>, StoreError> {
        if *buyer == Buyer::default() {
            return Ok(None);
        }
        let text = BuyerText {
            open_id: buyer.open_id.clone(),
            user_id: buyer.user_id.clone(),
        };
        let text = serde_json::to_string(&text).map_err(|_| unwritable(BUYER))?;
        self.seal_service(BUYER, id, &text).map(Some)
    }

    fn line_args(&self, order: &Order, line: &PostingLine) -> Result<Vec<Value>, StoreError> {
        let id = line.line_id.as_str();
        Ok(args![
            &line.line_id,
            &order.payment.payment_id,
            line.line_no,
            &line.binding_id,
            self.seal_service(CONSUMER, id, line.consumer_no.expose())?,
            self.blind(CONSUMER, line.consumer_no.expose())?,
            line.attempt,
            line.state.as_str(),
            &line.channel_txn_no,
            line.amount,
            line.purpose.as_str(),
            line.arrears_version.as_ref(),
            self.seal_closed(LINE_BODY, id, line.body.as_ref())?,
            line.check.as_str(),
            line.sent_at,
            line.resends,
            line.not_found,
            line.not_found_at,
            line.want_refund,
            line.keep_as_prepayment,
            line.fenced,
            line.credited,
            line.let_go,
            line.sighting.map(Sighting::as_str),
            line.mkt_txn_no.as_ref(),
            line.business_date.as_ref(),
            line.posted_at,
            line.frozen,
            line.entered_at,
            line.turns,
            line.next_at,
            line.asked_at,
        ])
    }
}

/// What a save may change of the order itself.
fn moving_args(order: &Order) -> Vec<Value> {
    let payment = &order.payment;
    args![
        payment.state.as_str(),
        payment.sends,
        payment.answers,
        payment.trade_no.as_ref(),
        payment.minted_at,
        payment.paid_at,
        payment.closed_at,
        payment.done_at,
        payment.paid,
        payment.refund_reserved,
        payment.refunded,
        payment.suspense,
        payment.foreign,
        payment.foreign_used,
        payment.has_lock,
        payment.frozen,
        payment.watched,
        payment.entered_at,
        payment.turns,
        payment.next_at,
        order.wake_at(),
        payment.asked_at,
    ]
}

fn refund_args(order: &Order, refund: &Refund) -> Vec<Value> {
    args![
        &refund.refund_id,
        &order.payment.payment_id,
        &refund.line_id,
        &refund.out_request_no,
        &refund.cause,
        refund.amount,
        refund.created_at,
        refund.state.as_str(),
        refund.sent_at,
        refund.empties,
        refund.empty_since,
        refund.empty_at,
        refund.done_at,
        refund.frozen,
        refund.entered_at,
        refund.turns,
        refund.next_at,
        refund.asked_at,
    ]
}
