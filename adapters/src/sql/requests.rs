//! What people ask of the utility. What they write is sealed with the account's own key.

use async_trait::async_trait;
use lifeline_core::requests::earning::Earning;
use lifeline_core::requests::handing::Handed;
use lifeline_core::requests::listed::{Entry, Sought};
use lifeline_core::requests::points::{Exchange, Gift, Moved, Movement, Rule};
use lifeline_core::requests::ports::{RequestReads, RequestStore};
use lifeline_core::requests::request::{Check, Kind, Request, State};
use lifeline_core::shared::ids::{AccountId, BindingId, ExchangeId, GiftId, PaymentId, RequestId};
use lifeline_core::shared::page::Page;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, WriteConn};

statements! { "requests":
    FIND("service_request") = "SELECT request_id, account_id, kind, state, letter, anonymous, binding_id, payment_id, \
        order_no, staff_check, client_key, fingerprint, filed_at, moved_at, next_at, version FROM service_request \
        WHERE request_id = $1 \
        AND (account_id = $2 OR account_id IN (SELECT m.account_id FROM account m WHERE m.merged_into = $2))";
    BY_ID("service_request") = "SELECT request_id, account_id, kind, state, letter, anonymous, binding_id, payment_id, \
        order_no, staff_check, client_key, fingerprint, filed_at, moved_at, next_at, version FROM service_request \
        WHERE request_id = $1";
    FIND_KEYED("service_request") = "SELECT request_id, account_id, kind, state, letter, anonymous, binding_id, payment_id, \
        order_no, staff_check, client_key, fingerprint, filed_at, moved_at, next_at, version FROM service_request \
        WHERE account_id = $1 AND client_key = $2";
    LIST("service_request") = "SELECT request_id, account_id, kind, state, letter, anonymous, binding_id, payment_id, \
        order_no, staff_check, client_key, fingerprint, filed_at, moved_at, next_at, version FROM service_request \
        WHERE (account_id = $1 OR account_id IN (SELECT m.account_id FROM account m WHERE m.merged_into = $1)) \
        AND request_id < $2 ORDER BY request_id DESC LIMIT $3";
    DUE("service_request") = "SELECT request_id, account_id, kind, state, letter, anonymous, binding_id, payment_id, \
        order_no, staff_check, client_key, fingerprint, filed_at, moved_at, next_at, version FROM service_request \
        WHERE next_at <= $1 ORDER BY next_at, request_id LIMIT $2";
    WAITING("service_request") = "SELECT request_id, account_id, kind, state, letter, anonymous, binding_id, payment_id, \
        order_no, staff_check, client_key, fingerprint, filed_at, moved_at, next_at, version FROM service_request \
        WHERE staff_check = 'waiting' AND request_id > $1 ORDER BY request_id LIMIT $2";
    ENTRIES("service_request") = "SELECT request_id, account_id, kind, state, anonymous, order_no, staff_check, filed_at, \
        moved_at FROM service_request WHERE request_id < $1 AND (CAST($2 AS TEXT) = '' OR kind = $2) \
        AND (CAST($3 AS TEXT) = '' OR state = $3) ORDER BY request_id DESC LIMIT $4";
    ADD("service_request") = "INSERT INTO service_request (request_id, account_id, kind, state, letter, anonymous, \
        binding_id, payment_id, order_no, staff_check, client_key, fingerprint, filed_at, moved_at, next_at, version) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    SAVE("service_request") = "UPDATE service_request SET state = $2, order_no = $3, moved_at = $4, next_at = $5, \
        staff_check = $6, version = version + 1 WHERE request_id = $1 AND version = $7";
}

const LETTER: Field = Field::new("service_request", "letter");
/// Sorts after every id: where the first page begins.
const AFTER_THE_NEWEST: &str = "~";

#[async_trait]
impl<C: Conn> RequestReads for Sql<C> {
    async fn find(
        &mut self,
        account: &AccountId,
        id: &RequestId,
    ) -> Result<Option<Request>, StoreError> {
        match self.one(&FIND, args![id, account]).await? {
            Some(row) => self.request(&row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn by_id(&mut self, id: &RequestId) -> Result<Option<Request>, StoreError> {
        match self.one(&BY_ID, args![id]).await? {
            Some(row) => self.request(&row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn find_keyed(
        &mut self,
        account: &AccountId,
        client_key: &str,
    ) -> Result<Option<Request>, StoreError> {
        match self.one(&FIND_KEYED, args![account, client_key]).await? {
            Some(row) => self.request(&row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn list(&mut self, account: &AccountId, page: &Page) -> Result<Vec<Request>, StoreError> {
        let before = page.after().unwrap_or(AFTER_THE_NEWEST);
        let args = args![account, before, page.limit().saturating_add(1)];
        let rows = self.rows(&LIST, args).await?;
        self.requests(rows).await
    }

    async fn due(&mut self, now: Time, limit: i64) -> Result<Vec<Request>, StoreError> {
        let rows = self.rows(&DUE, args![now, limit]).await?;
        self.requests(rows).await
    }

    async fn waiting(
        &mut self,
        behind: Option<&RequestId>,
        limit: i64,
    ) -> Result<Vec<Request>, StoreError> {
        // Ids are made in the order of time.
        let behind = behind.map_or("", RequestId::as_str);
        let rows = self.rows(&WAITING, args![behind, limit]).await?;
        self.requests(rows).await
    }

    async fn entries(
        &mut self,
        sought: Sought,
        behind: Option<&RequestId>,
        limit: i64,
    ) -> Result<Vec<Entry>, StoreError> {
        let args = args![
            behind.map_or(AFTER_THE_NEWEST, RequestId::as_str),
            sought.kind.map_or("", Kind::as_str),
            sought.state.map_or("", State::as_str),
            limit,
        ];
        self.rows(&ENTRIES, args).await?.iter().map(entry).collect()
    }

    async fn balance(&mut self, account: &AccountId) -> Result<i64, StoreError> {
        self.points_balance(account).await
    }

    async fn pending(&mut self, account: &AccountId, now: Time) -> Result<i64, StoreError> {
        self.pending_points(account, now).await
    }

    async fn earning(
        &mut self,
        payment: &PaymentId,
        line_no: i64,
    ) -> Result<Option<Earning>, StoreError> {
        self.points_earning(payment, line_no).await
    }

    async fn history(
        &mut self,
        account: &AccountId,
        page: &Page,
    ) -> Result<Vec<Moved>, StoreError> {
        self.points_history(account, page.limit()).await
    }

    async fn gifts(&mut self, limit: i64) -> Result<Vec<Gift>, StoreError> {
        self.points_gifts(limit).await
    }

    async fn gift(&mut self, id: &GiftId) -> Result<Option<Gift>, StoreError> {
        self.points_gift(id).await
    }

    async fn rules_at(&mut self, now: Time) -> Result<Vec<Rule>, StoreError> {
        self.points_rules(now).await
    }

    async fn find_exchange(
        &mut self,
        account: &AccountId,
        client_key: &str,
    ) -> Result<Option<Exchange>, StoreError> {
        self.points_exchange(account, client_key).await
    }

    async fn exchanges(
        &mut self,
        account: &AccountId,
        limit: i64,
    ) -> Result<Vec<Exchange>, StoreError> {
        self.points_exchanges(account, limit).await
    }

    async fn owed(
        &mut self,
        behind: Option<&ExchangeId>,
        limit: i64,
    ) -> Result<Vec<Exchange>, StoreError> {
        self.points_owed(behind, limit).await
    }

    async fn numbered(&mut self, number: &str) -> Result<Vec<Exchange>, StoreError> {
        self.points_numbered(number).await
    }

    async fn exchange(&mut self, id: &ExchangeId) -> Result<Option<Exchange>, StoreError> {
        self.points_exchange_by_id(id).await
    }
}

#[async_trait]
impl<C: WriteConn> RequestStore for Sql<C> {
    async fn add(&mut self, request: &Request) -> Result<(), StoreError> {
        let (account, id) = (&request.account_id, &request.request_id);
        let letter = serde_json::to_string(&request.letter).map_err(|_| StoreError::Corrupt {
            table: LETTER.table,
            column: LETTER.column,
        })?;
        let letter = self.seal_for(account, LETTER, id.as_str(), &letter).await?;
        let args = args![
            id,
            account,
            request.kind.as_str(),
            request.state.as_str(),
            letter,
            request.anonymous,
            request.binding_id.as_ref().map(BindingId::as_str),
            request.payment_id.as_ref().map(PaymentId::as_str),
            request.order_no.as_deref(),
            request.check.map(Check::as_str),
            &request.client_key,
            &request.fingerprint,
            request.filed_at,
            request.moved_at,
            request.next_at,
            request.version,
        ];
        self.touched(&ADD, args).await.map(drop)
    }

    async fn save(&mut self, request: &Request) -> Result<(), StoreError> {
        let args = args![
            &request.request_id,
            request.state.as_str(),
            request.order_no.as_deref(),
            request.moved_at,
            request.next_at,
            request.check.map(Check::as_str),
            request.version,
        ];
        if self.changed(&SAVE, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn book(&mut self, movement: &Movement) -> Result<bool, StoreError> {
        self.book_points(movement).await
    }

    async fn give_points(&mut self, account: &AccountId, points: i64) -> Result<(), StoreError> {
        self.give_points_to(account, points).await
    }

    async fn take_points(
        &mut self,
        account: &AccountId,
        points: i64,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.take_vested_points(account, points, now).await
    }

    async fn lose_points(&mut self, account: &AccountId, most: i64) -> Result<i64, StoreError> {
        self.lose_points_of(account, most).await
    }

    async fn add_earning(&mut self, earning: &Earning) -> Result<(), StoreError> {
        self.add_points_earning(earning).await
    }

    async fn save_earning(&mut self, known: &Earning, next: &Earning) -> Result<bool, StoreError> {
        self.save_points_earning(known, next).await
    }

    async fn move_earnings(
        &mut self,
        from: &AccountId,
        into: &AccountId,
    ) -> Result<(), StoreError> {
        self.move_points_earnings(from, into).await
    }

    async fn take_gift(&mut self, id: &GiftId) -> Result<bool, StoreError> {
        self.take_points_gift(id).await
    }

    async fn add_exchange(&mut self, exchange: &Exchange) -> Result<(), StoreError> {
        self.add_points_exchange(exchange).await
    }

    async fn hand_out(&mut self, id: &ExchangeId, handed: &Handed) -> Result<bool, StoreError> {
        self.hand_points_gift_out(id, handed).await
    }

    async fn take_hand_out_back(
        &mut self,
        id: &ExchangeId,
        handed: &Handed,
    ) -> Result<bool, StoreError> {
        self.take_points_gift_back(id, handed).await
    }

    async fn end_rule(&mut self, rule_id: &str, ends_at: Time) -> Result<bool, StoreError> {
        self.end_points_rule(rule_id, ends_at).await
    }

    async fn put_rule(&mut self, rule: &Rule) -> Result<(), StoreError> {
        self.put_points_rule(rule).await
    }

    async fn put_gift(&mut self, gift: &Gift) -> Result<(), StoreError> {
        self.put_points_gift(gift).await
    }
}

fn check(row: &Row) -> Result<Option<Check>, StoreError> {
    let word = row.maybe_text("staff_check")?;
    word.map(|word| Check::parse(&word).ok_or_else(|| row.corrupt("staff_check")))
        .transpose()
}

fn entry(row: &Row) -> Result<Entry, StoreError> {
    Ok(Entry {
        request_id: row.id("request_id")?,
        account_id: row.id("account_id")?,
        kind: row.parsed("kind", Kind::parse)?,
        state: row.parsed("state", State::parse)?,
        anonymous: row.flag("anonymous")?,
        order_no: row.maybe_text("order_no")?,
        check: check(row)?,
        filed_at: row.time("filed_at")?,
        moved_at: row.time("moved_at")?,
    })
}

impl<C: Conn> Sql<C> {
    async fn requests(&mut self, rows: Vec<Row>) -> Result<Vec<Request>, StoreError> {
        let mut list = Vec::with_capacity(rows.len());
        for row in rows {
            list.push(self.request(&row).await?);
        }
        Ok(list)
    }

    async fn request(&mut self, row: &Row) -> Result<Request, StoreError> {
        let (request_id, account_id): (RequestId, AccountId) =
            (row.id("request_id")?, row.id("account_id")?);
        let sealed = row.text("letter")?;
        let letter = self
            .open_for(&account_id, LETTER, request_id.as_str(), &sealed)
            .await?;
        Ok(Request {
            kind: row.parsed("kind", Kind::parse)?,
            state: row.parsed("state", State::parse)?,
            letter: serde_json::from_str(&letter).map_err(|_| row.corrupt("letter"))?,
            anonymous: row.flag("anonymous")?,
            binding_id: row.maybe_id("binding_id")?,
            payment_id: row.maybe_id("payment_id")?,
            order_no: row.maybe_text("order_no")?,
            check: check(row)?,
            client_key: row.text("client_key")?,
            fingerprint: row.text("fingerprint")?,
            filed_at: row.time("filed_at")?,
            moved_at: row.time("moved_at")?,
            next_at: row.maybe_time("next_at")?,
            version: row.int("version")?,
            request_id,
            account_id,
        })
    }
}
