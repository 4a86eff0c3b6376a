//! Payment orders with their lines and refunds: loaded and saved whole, under one version.
//!
//! Their personal fields are sealed with the service key, not the account's: the books of money
//! that moved outlive the account (domain.md, retention), and late money must find its home.

use async_trait::async_trait;
use lifeline_core::payments::Consent;
use lifeline_core::payments::observation::Sighted;
use lifeline_core::payments::order::{ClaimKey, ClaimKind, Order};
use lifeline_core::payments::ports::{Brake, PaymentReads, PaymentStore, Sleepers, Trip};
use lifeline_core::shared::ids::{AccountId, BindingId, PaymentId};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::payment_rows::{CONSUMER, payment_columns};
use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, Stmt, Value, WriteConn};

statements! { "payments":
    FIND("payment") = concat!("SELECT ", payment_columns!(), " FROM payment WHERE payment_id = $1");
    FIND_OWN("payment") = concat!(
        "SELECT ", payment_columns!(), " FROM payment WHERE payment_id = $2 \
        AND (account_id = $1 OR account_id IN (SELECT account_id FROM account WHERE merged_into = $1))"
    );
    FIND_BY_NUMBER("payment") = concat!("SELECT ", payment_columns!(), " FROM payment WHERE out_trade_no = $1");
    FIND_BY_TICKET("payment") = concat!("SELECT ", payment_columns!(), " FROM payment WHERE ticket_digest = $1");
    LIST("payment") = concat!("SELECT ", payment_columns!(), " FROM payment \
        WHERE (account_id = $1 OR account_id IN (SELECT account_id FROM account WHERE merged_into = $1)) \
        AND payment_id IN (SELECT payment_id FROM payment_home WHERE binding_id = $2 \
            OR binding_id IN (SELECT binding_id FROM binding_fold WHERE into_binding_id = $2)) \
        AND (CAST($3 AS TEXT) IS NULL OR payment_id < $3) ORDER BY payment_id DESC LIMIT $4");
    IN_FLIGHT("payment_line") = "SELECT CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) AS n FROM payment_line \
        WHERE consumer_index IN ($1, $2) AND purpose = 'arrears' AND state IN ('READY', 'POSTING', 'POST_UNKNOWN', \
        'FENCING(repost)', 'FENCING(refund)', 'HELD')";
    IN_FLIGHT_OF("payment_line") = "SELECT CAST(COALESCE(SUM(l.amount_fen), 0) AS BIGINT) AS n FROM payment_line l \
        JOIN payment p ON p.payment_id = l.payment_id \
        WHERE l.consumer_index IN ($1, $2) AND (p.account_id = $3 \
        OR p.account_id IN (SELECT a.account_id FROM account a WHERE a.merged_into = $3)) \
        AND l.purpose = 'arrears' AND l.state IN ('READY', \
        'POSTING', 'POST_UNKNOWN', 'FENCING(repost)', 'FENCING(refund)', 'HELD')";
    // Holds the account's row until the unit ends.
    TURN("account") = "UPDATE account SET version = version WHERE account_id = $1";
    ORDERED_SINCE("payment") = "SELECT CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) AS n FROM payment \
        WHERE (account_id = $1 OR account_id IN (SELECT a.account_id FROM account a WHERE a.merged_into = $1)) \
        AND created_at > $2 AND state <> 'CLOSED'";
    HOLDER("open_claim") = "SELECT payment_id FROM open_claim WHERE claim_key IN ($1, $2)";
    OPEN_OF("payment") = "SELECT payment_id FROM payment \
        WHERE account_id IN (SELECT a.account_id FROM account a WHERE a.account_id = $1 OR a.merged_into = $1) \
        AND state IN ('CREATED', 'PAYING') ORDER BY payment_id";
    SUSPENSIONS("function_suspension") = "SELECT COUNT(*) AS n FROM function_suspension WHERE function = 'pay' \
        AND (account_id = $1 OR account_id IN (SELECT a.merged_into FROM account a WHERE a.account_id = $1))";
    DUE("payment") = "SELECT payment_id FROM payment WHERE wake_at <= $1 \
        AND (lease_until IS NULL OR lease_until <= $1) ORDER BY wake_at, payment_id LIMIT $2";
    SIGHTINGS("payment_sighting") = "SELECT machine, row_id, state, input, next_state, applied, last_asked_at \
        FROM payment_sighting WHERE payment_id = $1 ORDER BY first_seen_at, machine, row_id, state, input";
    LEASE("payment") = "UPDATE payment SET lease_epoch = lease_epoch + 1, lease_until = $3 \
        WHERE payment_id = $1 AND (lease_until IS NULL OR lease_until <= $2) RETURNING lease_epoch AS n";
    UNLEASE("payment") = "UPDATE payment SET lease_until = NULL WHERE payment_id = $1 AND lease_epoch = $2";
    CLAIM("open_claim") = "INSERT INTO open_claim (claim_key, payment_id, taken_at) VALUES ($1, $2, $3) \
        ON CONFLICT (claim_key) DO NOTHING";
    UNCLAIM("open_claim") = "DELETE FROM open_claim WHERE claim_key IN ($1, $2) AND payment_id = $3";
    SIGHT("payment_sighting") = "INSERT INTO payment_sighting (payment_id, machine, row_id, state, input, next_state, \
        applied, times, first_seen_at, last_asked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9) \
        ON CONFLICT (payment_id, machine, row_id, state, input, next_state, applied) DO UPDATE \
        SET times = payment_sighting.times + 1, last_asked_at = excluded.last_asked_at";
    BRAKE_HOUR("refund_brake") = "INSERT INTO refund_brake (hour_at, sent_count, sent_fen) VALUES ($1, 0, 0) \
        ON CONFLICT (hour_at) DO NOTHING";
    BRAKE_TAKE("refund_brake") = "UPDATE refund_brake SET sent_count = sent_count + 1, sent_fen = sent_fen + $2 \
        WHERE hour_at = $1 AND sent_count < $3 AND sent_fen + $2 <= $4";
    // Holds the row until the unit ends: of two that ask at once the second sees what the first took.
    BRAKE_RELEASED("brake_trip") = "UPDATE brake_trip SET released_at = released_at \
        WHERE tripped_at = (SELECT MAX(tripped_at) FROM brake_trip) AND released_at >= $1 AND stopped_by IS NULL \
        RETURNING released_at";
    // An hour that begins no more than an hour before the release is the release's own, or a later one.
    BRAKE_TAKE_LARGE("refund_brake") = "UPDATE refund_brake SET sent_count = sent_count + 1, \
        sent_fen = sent_fen + $2 WHERE hour_at = $1 AND sent_count < $3 AND sent_fen <= $4 \
        AND NOT EXISTS (SELECT 1 FROM refund_brake since WHERE since.hour_at > $5 AND since.sent_fen > $4)";
    BRAKE_TRIP("brake_trip") = "INSERT INTO brake_trip (tripped_at) VALUES ($1) ON CONFLICT DO NOTHING";
    BRAKE_STOP("brake_trip") = "INSERT INTO brake_trip (tripped_at, stopped_by) VALUES ($1, $2) \
        ON CONFLICT DO NOTHING";
    BRAKE_STOP_ON("brake_trip") = "UPDATE brake_trip SET stopped_by = $1, first_by = NULL, first_at = NULL \
        WHERE released_at IS NULL";
    BRAKE_OPEN("brake_trip") = "SELECT tripped_at, first_by FROM brake_trip WHERE released_at IS NULL";
    BRAKE_FIRST("brake_trip") = "UPDATE brake_trip SET first_by = $2, first_at = $3 \
        WHERE tripped_at = $1 AND first_by IS NULL AND released_at IS NULL";
    BRAKE_SECOND("brake_trip") = "UPDATE brake_trip SET second_by = $2, released_at = $3 \
        WHERE tripped_at = $1 AND first_by <> $2 AND released_at IS NULL";
    BRAKE_ANEW("refund_brake") = "UPDATE refund_brake SET sent_count = 0, sent_fen = 0 WHERE hour_at = $1";
    PACE_MINUTE("posting_pace") = "INSERT INTO posting_pace (minute_at, sent_count) VALUES ($1, 0) \
        ON CONFLICT (minute_at) DO NOTHING";
    PACE_TAKE("posting_pace") = "UPDATE posting_pace SET sent_count = sent_count + 1 \
        WHERE minute_at = $1 AND sent_count < $2";
    PACE_PURGE("posting_pace") = "DELETE FROM posting_pace WHERE minute_at < $1";
}

const CLAIM_INDEX: Field = Field::new("open_claim", "claim_key");

/// Within this a release lets one refund through that the sum alone would hold for ever.
const RELEASED_FOR_S: i64 = 3_600;

impl<C: WriteConn> Sql<C> {
    /// What is above the hour's sum by itself leaves once two persons released the brake, one such refund per
    /// release; its sum fills the hour. Where a person had stopped refunds, those two looked at none.
    async fn take_large(&mut self, brake: Brake, sum: Fen) -> Result<bool, StoreError> {
        let an_hour = RELEASED_FOR_S.saturating_neg();
        let args = args![brake.now.plus_seconds(an_hour)];
        let Some(row) = self.one(&BRAKE_RELEASED, args).await? else {
            return Ok(false);
        };
        let before = row.time("released_at")?.plus_seconds(an_hour);
        let args = args![brake.hour, sum, brake.count_max, brake.sum_max, before];
        self.changed(&BRAKE_TAKE_LARGE, args).await
    }
}

impl<C: Conn> Sql<C> {
    async fn open_trip(&mut self) -> Result<Option<Trip>, StoreError> {
        let Some(row) = self.one(&BRAKE_OPEN, args![]).await? else {
            return Ok(None);
        };
        Ok(Some(Trip {
            tripped_at: row.time("tripped_at")?,
            first_by: row.maybe_text("first_by")?,
        }))
    }

    /// The claim's keys say nothing about the home but equality. While a rotation of the index is
    /// under way a claim is held under both, so that two processes exclude one another whichever
    /// of the two keys each takes for the active one.
    fn claim_keys(&self, claim: &ClaimKey) -> Result<[String; 2], StoreError> {
        let mut keys = self.indexes(CLAIM_INDEX, claim.consumer_no.expose())?;
        for key in &mut keys {
            *key = claim_key(key, &claim.kind);
        }
        // In one order everywhere: two units that take both never wait for each other.
        keys.sort();
        Ok(keys)
    }

    async fn maybe_order(&mut self, row: Option<Row>) -> Result<Option<Order>, StoreError> {
        match row {
            None => Ok(None),
            Some(row) => Ok(self.orders(vec![row]).await?.pop()),
        }
    }

    async fn payment_ids(
        &mut self,
        stmt: &'static Stmt,
        args: Vec<Value>,
    ) -> Result<Vec<PaymentId>, StoreError> {
        let rows = self.rows(stmt, args).await?;
        rows.iter().map(|row| row.id("payment_id")).collect()
    }
}

/// The row a claim has under one index of its home.
pub(super) fn claim_key(home: &str, kind: &ClaimKind) -> String {
    match kind {
        ClaimKind::Arrears => format!("arrears:{home}"),
        ClaimKind::TopUp(account) => format!("top_up:{home}:{account}"),
    }
}

#[async_trait]
impl<C: Conn> PaymentReads for Sql<C> {
    async fn find(&mut self, id: &PaymentId) -> Result<Option<Order>, StoreError> {
        let row = self.one(&FIND, args![id]).await?;
        self.maybe_order(row).await
    }

    async fn find_own(
        &mut self,
        account: &AccountId,
        id: &PaymentId,
    ) -> Result<Option<Order>, StoreError> {
        let row = self.one(&FIND_OWN, args![account, id]).await?;
        self.maybe_order(row).await
    }

    async fn find_by_number(&mut self, out_trade_no: &str) -> Result<Option<Order>, StoreError> {
        let row = self.one(&FIND_BY_NUMBER, args![out_trade_no]).await?;
        self.maybe_order(row).await
    }

    async fn find_by_ticket(&mut self, digest: &str) -> Result<Option<Order>, StoreError> {
        let row = self.one(&FIND_BY_TICKET, args![digest]).await?;
        self.maybe_order(row).await
    }

    async fn list(
        &mut self,
        account: &AccountId,
        binding: &BindingId,
        page: &Page,
    ) -> Result<Vec<Order>, StoreError> {
        let more = page.limit().saturating_add(1);
        let args = args![account, binding, page.after(), more];
        let rows = self.rows(&LIST, args).await?;
        self.orders(rows).await
    }

    async fn in_flight(&mut self, consumer_no: &ConsumerNo) -> Result<Fen, StoreError> {
        let [home, other] = self.indexes(CONSUMER, consumer_no.expose())?;
        self.count(&IN_FLIGHT, args![home, other])
            .await
            .map(Fen::new)
    }

    async fn in_flight_of(
        &mut self,
        account: &AccountId,
        consumer_no: &ConsumerNo,
    ) -> Result<Fen, StoreError> {
        let [home, other] = self.indexes(CONSUMER, consumer_no.expose())?;
        self.count(&IN_FLIGHT_OF, args![home, other, account])
            .await
            .map(Fen::new)
    }

    async fn claim_holder(&mut self, claim: &ClaimKey) -> Result<Option<PaymentId>, StoreError> {
        let [key, other] = self.claim_keys(claim)?;
        Ok(self.payment_ids(&HOLDER, args![key, other]).await?.pop())
    }

    async fn open_of(&mut self, account: &AccountId) -> Result<Vec<PaymentId>, StoreError> {
        self.payment_ids(&OPEN_OF, args![account]).await
    }

    async fn is_suspended(&mut self, account: &AccountId) -> Result<bool, StoreError> {
        Ok(self.count(&SUSPENSIONS, args![account]).await? > 0)
    }

    async fn due(&mut self, now: Time, limit: i64) -> Result<Vec<PaymentId>, StoreError> {
        self.payment_ids(&DUE, args![now, limit]).await
    }

    async fn waiting(&mut self, sleepers: &Sleepers) -> Result<Option<PaymentId>, StoreError> {
        self.one_sleeping(sleepers).await
    }

    async fn sightings(&mut self, id: &PaymentId) -> Result<Vec<Sighted>, StoreError> {
        let rows = self.rows(&SIGHTINGS, args![id]).await?;
        rows.iter().map(super::payment_rows::sighted).collect()
    }
}

#[async_trait]
impl<C: WriteConn> PaymentStore for Sql<C> {
    async fn add(&mut self, order: &Order, lease_until: Time) -> Result<(), StoreError> {
        self.insert_order(order, lease_until).await
    }

    async fn ordered_since(&mut self, account: &AccountId, since: Time) -> Result<Fen, StoreError> {
        self.touched(&TURN, args![account]).await?;
        self.count(&ORDERED_SINCE, args![account, since])
            .await
            .map(Fen::new)
    }

    async fn lease(
        &mut self,
        id: &PaymentId,
        now: Time,
        until: Time,
    ) -> Result<Option<i64>, StoreError> {
        self.one(&LEASE, args![id, now, until])
            .await?
            .map(|row| row.int("n"))
            .transpose()
    }

    async fn unlease(&mut self, id: &PaymentId, lease_epoch: i64) -> Result<(), StoreError> {
        self.touched(&UNLEASE, args![id, lease_epoch])
            .await
            .map(drop)
    }

    async fn save(&mut self, order: &Order, lease_epoch: Option<i64>) -> Result<(), StoreError> {
        self.update_order(order, lease_epoch).await
    }

    async fn take_claim(
        &mut self,
        claim: &ClaimKey,
        id: &PaymentId,
        now: Time,
    ) -> Result<bool, StoreError> {
        let [key, other] = self.claim_keys(claim)?;
        self.touched(&CLAIM, args![&key, id, now]).await?;
        if other != key {
            self.touched(&CLAIM, args![&other, id, now]).await?;
        }
        let holders = self.payment_ids(&HOLDER, args![&key, &other]).await?;
        let ours = holders.iter().all(|holder| holder == id);
        if !ours {
            // What was free of it is not kept from whoever holds the rest.
            self.touched(&UNCLAIM, args![key, other, id]).await?;
        }
        Ok(ours)
    }

    async fn free_claim(&mut self, claim: &ClaimKey, id: &PaymentId) -> Result<(), StoreError> {
        let [key, other] = self.claim_keys(claim)?;
        self.touched(&UNCLAIM, args![key, other, id])
            .await
            .map(drop)
    }

    async fn sight(
        &mut self,
        id: &PaymentId,
        sighted: &[Sighted],
        now: Time,
    ) -> Result<(), StoreError> {
        for one in sighted {
            let args = args![
                id,
                one.table,
                &one.row_id,
                one.state,
                one.input,
                one.next,
                one.applied,
                now,
                one.asked_at,
            ];
            self.touched(&SIGHT, args).await?;
        }
        Ok(())
    }

    async fn take_brake(&mut self, brake: Brake, sum: Fen) -> Result<bool, StoreError> {
        if self.open_trip().await?.is_some() {
            return Ok(false);
        }
        self.touched(&BRAKE_HOUR, args![brake.hour]).await?;
        let args = args![brake.hour, sum, brake.count_max, brake.sum_max];
        let passed = if sum > brake.sum_max {
            self.take_large(brake, sum).await?
        } else {
            self.changed(&BRAKE_TAKE, args).await?
        };
        if !passed && self.changed(&BRAKE_TRIP, args![brake.now]).await? {
            tracing::error!("payments.refunds_braked");
        }
        Ok(passed)
    }

    async fn brake_trip(&mut self) -> Result<Option<Trip>, StoreError> {
        self.open_trip().await
    }

    async fn stop_refunds(&mut self, now: Time, person: &str) -> Result<bool, StoreError> {
        let new = self.changed(&BRAKE_STOP, args![now, person]).await?;
        if !new {
            self.touched(&BRAKE_STOP_ON, args![person]).await?;
        }
        Ok(new)
    }

    async fn consent_to_release(
        &mut self,
        person: &str,
        brake: Brake,
    ) -> Result<Consent, StoreError> {
        let Some(trip) = self.open_trip().await? else {
            return Ok(Consent::NotTripped);
        };
        let stmt = match &trip.first_by {
            Some(first) if first == person => return Ok(Consent::SamePerson),
            Some(_) => &BRAKE_SECOND,
            None => &BRAKE_FIRST,
        };
        let args = args![trip.tripped_at, person, brake.now];
        if !self.changed(stmt, args).await? {
            return Err(StoreError::Conflict);
        }
        if trip.first_by.is_none() {
            return Ok(Consent::First);
        }
        self.touched(&BRAKE_ANEW, args![brake.hour]).await?;
        Ok(Consent::Released)
    }

    async fn take_pace(&mut self, minute: Time, max: i64) -> Result<bool, StoreError> {
        self.touched(&PACE_MINUTE, args![minute]).await?;
        self.changed(&PACE_TAKE, args![minute, max]).await
    }

    async fn purge_pace(&mut self, before: Time) -> Result<u64, StoreError> {
        self.touched(&PACE_PURGE, args![before]).await
    }

    async fn wake_waiting(&mut self, sleepers: &Sleepers) -> Result<u64, StoreError> {
        self.wake_sleepers(sleepers).await
    }

    async fn wake_questions(&mut self, now: Time, limit: i64) -> Result<u64, StoreError> {
        self.wake_unsent(now, limit).await
    }
}
