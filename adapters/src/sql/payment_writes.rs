//! Payments written: an order to its columns, whole, under one version.

use lifeline_core::payments::order::{Buyer, Order, PostingLine, Refund, Share, Sighting};
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::payment_rows::{BODY, BUYER, BuyerText, CONSUMER, LINE_BODY, SHARES, ShareText, TICKET};
use super::statement::statements;
use super::value::args;
use super::{Field, Sql, Value, WriteConn};

statements! { "payment_writes":
    ADD("payment") = "INSERT INTO payment ( \
        payment_id, account_id, binding_id, session_id, purpose, via, out_trade_no, amount_fen, subject, \
        shares, buyer, body, ticket, ticket_digest, created_at, expire_at, trace_id, lease_epoch, \
        lease_until, version, state, sends, answers, trade_no, minted_at, paid_at, closed_at, done_at, \
        paid_fen, refund_reserved_fen, refunded_fen, suspense_fen, foreign_fen, foreign_used_fen, has_lock, \
        frozen, watched, entered_at, turns, next_at, wake_at, asked_at, shown_fen, shown_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, \
        $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, \
        $41, $42, $43, $44)";
    SAVE("payment") = "UPDATE payment SET \
        state = $1, sends = $2, answers = $3, trade_no = $4, minted_at = $5, paid_at = $6, closed_at = $7, \
        done_at = $8, paid_fen = $9, refund_reserved_fen = $10, refunded_fen = $11, suspense_fen = $12, \
        foreign_fen = $13, foreign_used_fen = $14, has_lock = $15, frozen = $16, watched = $17, \
        entered_at = $18, turns = $19, next_at = $20, wake_at = $21, asked_at = $22, shown_fen = $23, \
        shown_at = $24, version = version + 1 \
        WHERE payment_id = $25 AND version = $26 AND (CAST($27 AS BIGINT) IS NULL OR lease_epoch = $27)";
    LINE_SAVE("payment_line") = "INSERT INTO payment_line ( \
        line_id, payment_id, line_no, binding_id, consumer_no, consumer_index, attempt, state, \
        channel_txn_no, amount_fen, purpose, arrears_version, body, check_kind, sent_at, resends, \
        not_found, not_found_at, want_refund, keep_as_prepayment, fenced, credited, let_go, voucher_refusals, sighting, \
        mkt_txn_no, business_date, posted_at, frozen, entered_at, turns, next_at, asked_at, part_of, part_cause, \
        told_late_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, \
        $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36) \
        ON CONFLICT (line_id) DO UPDATE SET \
        line_no = excluded.line_no, binding_id = excluded.binding_id, consumer_no = excluded.consumer_no, \
        consumer_index = excluded.consumer_index, attempt = excluded.attempt, state = excluded.state, \
        channel_txn_no = excluded.channel_txn_no, \
        amount_fen = excluded.amount_fen, purpose = excluded.purpose, \
        arrears_version = excluded.arrears_version, body = excluded.body, check_kind = excluded.check_kind, \
        sent_at = excluded.sent_at, resends = excluded.resends, not_found = excluded.not_found, \
        not_found_at = excluded.not_found_at, want_refund = excluded.want_refund, \
        keep_as_prepayment = excluded.keep_as_prepayment, fenced = excluded.fenced, \
        credited = excluded.credited, let_go = excluded.let_go, \
        voucher_refusals = excluded.voucher_refusals, sighting = excluded.sighting, \
        mkt_txn_no = excluded.mkt_txn_no, business_date = excluded.business_date, \
        posted_at = excluded.posted_at, frozen = excluded.frozen, entered_at = excluded.entered_at, \
        turns = excluded.turns, next_at = excluded.next_at, asked_at = excluded.asked_at, \
        told_late_at = excluded.told_late_at";
    REFUND_SAVE("payment_refund") = "INSERT INTO payment_refund ( \
        refund_id, payment_id, line_id, out_request_no, cause, amount_fen, created_at, state, sent_at, \
        empties, empty_since, empty_at, done_at, frozen, entered_at, turns, next_at, asked_at, by_bank_fen) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
        ON CONFLICT (refund_id) DO UPDATE SET \
        state = excluded.state, sent_at = excluded.sent_at, empties = excluded.empties, \
        empty_since = excluded.empty_since, empty_at = excluded.empty_at, done_at = excluded.done_at, \
        frozen = excluded.frozen, entered_at = excluded.entered_at, turns = excluded.turns, \
        next_at = excluded.next_at, asked_at = excluded.asked_at, by_bank_fen = excluded.by_bank_fen";
    HOME_ADD("payment_home") = "INSERT INTO payment_home (binding_id, payment_id) VALUES ($1, $2)";
}

const fn unwritable(field: Field) -> StoreError {
    StoreError::Corrupt {
        table: field.table,
        column: field.column,
    }
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
        let homes = payment.shares.iter();
        let homes = homes.map(|share| args![&share.binding_id, &payment.payment_id]);
        self.write_many(&HOME_ADD, homes.collect()).await?;
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
                keep_as_prepayment: share.keep_as_prepayment,
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
            line.voucher_refusals,
            line.sighting.map(Sighting::as_str),
            line.mkt_txn_no.as_ref(),
            line.business_date.as_ref(),
            line.posted_at,
            line.frozen,
            line.entered_at,
            line.turns,
            line.next_at,
            line.asked_at,
            line.part_of.as_ref().map(|part| &part.line),
            line.part_of.as_ref().map(|part| part.cause.as_str()),
            line.told_late_at,
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
        payment.shown,
        payment.shown_at,
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
        refund.by_bank,
    ]
}
