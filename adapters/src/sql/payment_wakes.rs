//! Who waits for an answer of the outside, and who is woken when it speaks again. A wake is no decision: it changes no
//! version, and whoever works the order meanwhile says when its next turn is.

use lifeline_core::payments::ports::{Awaited, Sleepers};
use lifeline_core::shared::ids::PaymentId;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Sql, WriteConn};

statements! { "payment_wakes":
    WAITING_LINE("payment_line") = "SELECT l.payment_id FROM payment_line l \
        JOIN payment p ON p.payment_id = l.payment_id \
        WHERE l.next_at > $1 AND l.frozen = 0 AND p.frozen = 0 \
        AND (p.lease_until IS NULL OR p.lease_until <= $2) AND (l.state IN ('POST_UNKNOWN', 'FENCING(repost)', \
        'FENCING(refund)', 'REVERSING', 'MKT_REFUND') OR (l.state = 'READY' AND l.check_kind <> 'none')) \
        ORDER BY l.next_at, l.line_id LIMIT 1";
    // What may still be paid has neither lines nor refunds: its own turn is its only one.
    WAITING_TRADE("payment") = "SELECT payment_id FROM payment WHERE wake_at > $1 AND wake_at <= $2 AND frozen = 0 \
        AND (lease_until IS NULL OR lease_until <= $3) \
        AND state IN ('PAYING', 'CLOSING') ORDER BY wake_at, payment_id LIMIT 1";
    // An order with money is looked at within the hour, so its refunds are found by its own index.
    WAITING_REFUND("payment_refund") = "SELECT r.payment_id FROM payment p \
        JOIN payment_refund r ON r.payment_id = p.payment_id \
        WHERE p.wake_at <= $2 AND p.frozen = 0 AND r.next_at > $1 AND r.next_at <= $2 AND r.frozen = 0 \
        AND (p.lease_until IS NULL OR p.lease_until <= $3) \
        AND r.state = 'UNKNOWN' ORDER BY r.next_at, r.refund_id LIMIT 1";
    WAKE_LINES("payment_line") = "UPDATE payment_line SET next_at = $1 WHERE line_id IN ( \
        SELECT l.line_id FROM payment_line l JOIN payment p ON p.payment_id = l.payment_id \
        WHERE l.next_at > $2 AND l.next_at <= $3 AND l.frozen = 0 AND p.frozen = 0 \
        AND (l.state IN ('POST_UNKNOWN', 'FENCING(repost)', 'FENCING(refund)', 'REVERSING', 'MKT_REFUND') \
        OR (l.state = 'READY' AND l.check_kind <> 'none')) ORDER BY l.next_at DESC, l.line_id LIMIT $4)";
    // A posting that was missing once may be sent again at its next turn: that turn is not brought forward.
    WAKE_QUESTIONS("payment_line") = "UPDATE payment_line SET next_at = $1 WHERE line_id IN ( \
        SELECT l.line_id FROM payment_line l JOIN payment p ON p.payment_id = l.payment_id \
        WHERE l.next_at > $1 AND l.frozen = 0 AND p.frozen = 0 AND l.state = 'POST_UNKNOWN' AND l.not_found = 0 \
        ORDER BY l.next_at, l.line_id LIMIT $2)";
    WAKE_ORDERS("payment") = "UPDATE payment SET wake_at = $1 WHERE wake_at > $1 AND payment_id IN ( \
        SELECT payment_id FROM payment_line WHERE next_at = $1)";
    // Only an answer is noted as asked for: what was asked in vain since is woken again.
    WAKE_TRADES("payment") = "UPDATE payment SET next_at = $1, wake_at = $1 WHERE payment_id IN ( \
        SELECT payment_id FROM payment WHERE wake_at > $2 AND wake_at <= $3 AND frozen = 0 \
        AND state IN ('PAYING', 'CLOSING') AND (asked_at IS NULL OR asked_at < $4) \
        ORDER BY wake_at DESC, payment_id LIMIT $5)";
    // The one answer that leaves it unknown is an empty one.
    WAKE_REFUNDS("payment_refund") = "UPDATE payment_refund SET next_at = $1 WHERE refund_id IN ( \
        SELECT r.refund_id FROM payment p JOIN payment_refund r ON r.payment_id = p.payment_id \
        WHERE p.wake_at <= $3 AND p.frozen = 0 AND r.next_at > $2 AND r.next_at <= $3 AND r.frozen = 0 \
        AND r.state = 'UNKNOWN' AND (r.empty_at IS NULL OR r.empty_at < $4) \
        ORDER BY r.next_at DESC, r.refund_id LIMIT $5)";
    WAKE_REFUND_ORDERS("payment") = "UPDATE payment SET wake_at = $1 WHERE wake_at > $1 AND wake_at <= $2 \
        AND EXISTS (SELECT 1 FROM payment_refund r WHERE r.payment_id = payment.payment_id AND r.next_at = $1)";
}

impl<C: Conn> Sql<C> {
    /// The order of the one that is looked at next, of those that nobody holds.
    pub(super) async fn one_sleeping(
        &mut self,
        of: &Sleepers,
    ) -> Result<Option<PaymentId>, StoreError> {
        let (stmt, args) = match of.awaited {
            Awaited::Marketing => (&WAITING_LINE, args![of.later, of.now]),
            Awaited::Trade => (&WAITING_TRADE, args![of.later, of.until, of.now]),
            Awaited::Refund => (&WAITING_REFUND, args![of.later, of.until, of.now]),
        };
        let row = self.one(stmt, args).await?;
        row.map(|row| row.id("payment_id")).transpose()
    }
}

impl<C: WriteConn> Sql<C> {
    /// Brings them forward, those first that would sleep longest; how many.
    pub(super) async fn wake_sleepers(&mut self, of: &Sleepers) -> Result<u64, StoreError> {
        match of.awaited {
            Awaited::Marketing => {
                let args = args![of.now, of.later, of.until, of.limit];
                let woken = self.touched(&WAKE_LINES, args).await?;
                self.wake_orders_of(woken, of.now).await
            }
            Awaited::Trade => {
                let args = args![of.now, of.later, of.until, of.since, of.limit];
                self.touched(&WAKE_TRADES, args).await
            }
            Awaited::Refund => {
                let args = args![of.now, of.later, of.until, of.since, of.limit];
                let woken = self.touched(&WAKE_REFUNDS, args).await?;
                if woken > 0 {
                    self.touched(&WAKE_REFUND_ORDERS, args![of.now, of.until])
                        .await?;
                }
                Ok(woken)
            }
        }
    }

    /// Brings those forward whose next turn only asks what became of a posting; how many.
    pub(super) async fn wake_unsent(&mut self, now: Time, limit: i64) -> Result<u64, StoreError> {
        let woken = self.touched(&WAKE_QUESTIONS, args![now, limit]).await?;
        self.wake_orders_of(woken, now).await
    }

    async fn wake_orders_of(&mut self, woken: u64, now: Time) -> Result<u64, StoreError> {
        if woken > 0 {
            self.touched(&WAKE_ORDERS, args![now]).await?;
        }
        Ok(woken)
    }
}
