//! Points: rules, gifts, balances and their books.

use lifeline_core::requests::handing::Handed;
use lifeline_core::requests::points::{Exchange, Gift, Moved, Movement, Rule};
use lifeline_core::shared::ids::{AccountId, ExchangeId, GiftId};
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Row, Sql, WriteConn};

statements! { "points":
    BALANCE("points_balance") = "SELECT points AS n FROM points_balance WHERE account_id = $1";
    HISTORY("points_line") = "SELECT l.points, e.at FROM points_line l JOIN points_entry e ON e.entry_id = l.entry_id \
        WHERE e.account_id = $1 AND l.side = 'person:' || $1 ORDER BY e.at DESC, e.entry_id DESC LIMIT $2";
    GIFTS("points_gift") = "SELECT gift_id, title, points, stock FROM points_gift ORDER BY points, gift_id LIMIT $1";
    GIFT("points_gift") = "SELECT gift_id, title, points, stock FROM points_gift WHERE gift_id = $1";
    RULES("points_rule") = "SELECT rule_id, fen_per_point, points_max, valid_from, valid_to FROM points_rule \
        WHERE valid_from <= $1 AND (valid_to IS NULL OR valid_to > $1) ORDER BY rule_id";
    FIND_EXCHANGE("points_exchange") = "SELECT exchange_id, account_id, gift_id, title, points, client_key, fingerprint, at, \
        handed_at, handed_by FROM points_exchange WHERE account_id = $1 AND client_key = $2";
    EXCHANGES("points_exchange") = "SELECT exchange_id, account_id, gift_id, title, points, client_key, fingerprint, at, \
        handed_at, handed_by FROM points_exchange WHERE account_id IN (SELECT m.account_id FROM account m \
        WHERE m.account_id = $1 OR m.merged_into = $1) ORDER BY exchange_id DESC LIMIT $2";
    OWED("points_exchange") = "SELECT exchange_id, account_id, gift_id, title, points, client_key, fingerprint, at, \
        handed_at, handed_by FROM points_exchange WHERE handed_at IS NULL AND exchange_id > $1 ORDER BY exchange_id LIMIT $2";
    // The end of the id, so that it is found whichever release wrote it.
    NUMBERED("points_exchange") = "SELECT exchange_id, account_id, gift_id, title, points, client_key, fingerprint, at, \
        handed_at, handed_by FROM points_exchange WHERE upper(substr(exchange_id, 27)) = $1 \
        ORDER BY exchange_id";
    EXCHANGE("points_exchange") = "SELECT exchange_id, account_id, gift_id, title, points, client_key, fingerprint, at, \
        handed_at, handed_by FROM points_exchange WHERE exchange_id = $1";
    TAKE_GIFT("points_gift") = "UPDATE points_gift SET stock = stock - 1 WHERE gift_id = $1 AND stock > 0";
    GIVE_POINTS("points_balance") = "INSERT INTO points_balance (account_id, points) VALUES ($1, $2) \
        ON CONFLICT (account_id) DO UPDATE SET points = points_balance.points + $2";
    ADD_EXCHANGE("points_exchange") = "INSERT INTO points_exchange (exchange_id, account_id, gift_id, title, points, \
        client_key, fingerprint, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    HAND_OUT("points_exchange") = "UPDATE points_exchange SET handed_at = $2, handed_by = $3 WHERE exchange_id = $1 \
        AND handed_at IS NULL";
    NOT_HANDED("points_exchange") = "UPDATE points_exchange SET handed_at = NULL, handed_by = NULL WHERE exchange_id = $1 \
        AND handed_at = $2 AND handed_by = $3";
    ADD_ENTRY("points_entry") = "INSERT INTO points_entry (entry_id, fact, account_id, at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (fact) DO NOTHING";
    ADD_LINE("points_line") = "INSERT INTO points_line (entry_id, side, points) VALUES ($1, $2, $3)";
    PUT_RULE("points_rule") = "INSERT INTO points_rule (rule_id, fen_per_point, points_max, valid_from, valid_to) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (rule_id) DO UPDATE SET fen_per_point = $2, points_max = $3, \
        valid_from = $4, valid_to = $5";
    END_RULE("points_rule") = "UPDATE points_rule SET valid_to = $2 WHERE rule_id = $1 AND valid_from < $2 \
        AND (valid_to IS NULL OR valid_to >= $2)";
    PUT_GIFT("points_gift") = "INSERT INTO points_gift (gift_id, title, points, stock) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (gift_id) DO UPDATE SET title = $2, points = $3, stock = $4";
}

fn gift(row: &Row) -> Result<Gift, StoreError> {
    Ok(Gift {
        gift_id: row.id("gift_id")?,
        title: row.text("title")?,
        points: row.int("points")?,
        stock: row.int("stock")?,
    })
}

fn rule(row: &Row) -> Result<Rule, StoreError> {
    Ok(Rule {
        rule_id: row.text("rule_id")?,
        fen_per_point: row.int("fen_per_point")?,
        points_max: row.int("points_max")?,
        valid_from: row.time("valid_from")?,
        valid_to: row.maybe_time("valid_to")?,
    })
}

fn handed(row: &Row) -> Result<Option<Handed>, StoreError> {
    let Some(at) = row.maybe_time("handed_at")? else {
        return Ok(None);
    };
    let by = row.text("handed_by")?;
    Ok(Some(Handed { at, by }))
}

fn exchange(row: &Row) -> Result<Exchange, StoreError> {
    Ok(Exchange {
        exchange_id: row.id("exchange_id")?,
        account_id: row.id("account_id")?,
        gift_id: row.id("gift_id")?,
        title: row.text("title")?,
        points: row.int("points")?,
        client_key: row.text("client_key")?,
        fingerprint: row.text("fingerprint")?,
        at: row.time("at")?,
        handed: handed(row)?,
    })
}

impl<C: Conn> Sql<C> {
    pub(super) async fn points_balance(&mut self, account: &AccountId) -> Result<i64, StoreError> {
        self.count(&BALANCE, args![account]).await
    }

    pub(super) async fn points_history(
        &mut self,
        account: &AccountId,
        limit: i64,
    ) -> Result<Vec<Moved>, StoreError> {
        let moved = |row: &Row| {
            Ok(Moved {
                points: row.int("points")?,
                at: row.time("at")?,
            })
        };
        self.rows(&HISTORY, args![account, limit])
            .await?
            .iter()
            .map(moved)
            .collect()
    }

    pub(super) async fn points_gifts(&mut self, limit: i64) -> Result<Vec<Gift>, StoreError> {
        self.rows(&GIFTS, args![limit])
            .await?
            .iter()
            .map(gift)
            .collect()
    }

    pub(super) async fn points_gift(&mut self, id: &GiftId) -> Result<Option<Gift>, StoreError> {
        self.one(&GIFT, args![id])
            .await?
            .as_ref()
            .map(gift)
            .transpose()
    }

    pub(super) async fn points_rules(&mut self, now: Time) -> Result<Vec<Rule>, StoreError> {
        self.rows(&RULES, args![now])
            .await?
            .iter()
            .map(rule)
            .collect()
    }

    pub(super) async fn points_exchange(
        &mut self,
        account: &AccountId,
        key: &str,
    ) -> Result<Option<Exchange>, StoreError> {
        let row = self.one(&FIND_EXCHANGE, args![account, key]).await?;
        row.as_ref().map(exchange).transpose()
    }

    pub(super) async fn points_exchanges(
        &mut self,
        account: &AccountId,
        limit: i64,
    ) -> Result<Vec<Exchange>, StoreError> {
        let rows = self.rows(&EXCHANGES, args![account, limit]).await?;
        rows.iter().map(exchange).collect()
    }

    pub(super) async fn points_owed(
        &mut self,
        behind: Option<&ExchangeId>,
        limit: i64,
    ) -> Result<Vec<Exchange>, StoreError> {
        // Ids are made in the order of time.
        let behind = behind.map_or("", ExchangeId::as_str);
        let rows = self.rows(&OWED, args![behind, limit]).await?;
        rows.iter().map(exchange).collect()
    }

    pub(super) async fn points_numbered(
        &mut self,
        number: &str,
    ) -> Result<Vec<Exchange>, StoreError> {
        let rows = self.rows(&NUMBERED, args![number]).await?;
        rows.iter().map(exchange).collect()
    }

    pub(super) async fn points_exchange_by_id(
        &mut self,
        id: &ExchangeId,
    ) -> Result<Option<Exchange>, StoreError> {
        let row = self.one(&EXCHANGE, args![id]).await?;
        row.as_ref().map(exchange).transpose()
    }
}

impl<C: WriteConn> Sql<C> {
    pub(super) async fn take_points_gift(&mut self, id: &GiftId) -> Result<bool, StoreError> {
        self.changed(&TAKE_GIFT, args![id]).await
    }

    pub(super) async fn give_points_to(
        &mut self,
        account: &AccountId,
        points: i64,
    ) -> Result<(), StoreError> {
        self.touched(&GIVE_POINTS, args![account, points])
            .await
            .map(drop)
    }

    pub(super) async fn add_points_exchange(&mut self, one: &Exchange) -> Result<(), StoreError> {
        let args = args![
            &one.exchange_id,
            &one.account_id,
            &one.gift_id,
            &one.title,
            one.points,
            &one.client_key,
            &one.fingerprint,
            one.at,
        ];
        self.touched(&ADD_EXCHANGE, args).await.map(drop)
    }

    pub(super) async fn book_points(&mut self, movement: &Movement) -> Result<bool, StoreError> {
        let args = args![
            &movement.entry_id,
            &movement.fact,
            &movement.account_id,
            movement.at
        ];
        if !self.changed(&ADD_ENTRY, args).await? {
            return Ok(false);
        }
        let lost = movement.points.saturating_neg();
        let line = |side: String, points: i64| args![&movement.entry_id, side, points];
        let lines = vec![
            line(movement.from.text(), lost),
            line(movement.to.text(), movement.points),
        ];
        self.write_many(&ADD_LINE, lines).await?;
        Ok(true)
    }

    pub(super) async fn put_points_rule(&mut self, one: &Rule) -> Result<(), StoreError> {
        let args = args![
            &one.rule_id,
            one.fen_per_point,
            one.points_max,
            one.valid_from,
            one.valid_to,
        ];
        self.touched(&PUT_RULE, args).await.map(drop)
    }

    pub(super) async fn hand_points_gift_out(
        &mut self,
        id: &ExchangeId,
        handed: &Handed,
    ) -> Result<bool, StoreError> {
        self.changed(&HAND_OUT, args![id, handed.at, &handed.by])
            .await
    }

    pub(super) async fn take_points_gift_back(
        &mut self,
        id: &ExchangeId,
        handed: &Handed,
    ) -> Result<bool, StoreError> {
        self.changed(&NOT_HANDED, args![id, handed.at, &handed.by])
            .await
    }

    pub(super) async fn end_points_rule(
        &mut self,
        rule_id: &str,
        ends_at: Time,
    ) -> Result<bool, StoreError> {
        self.changed(&END_RULE, args![rule_id, ends_at]).await
    }

    pub(super) async fn put_points_gift(&mut self, one: &Gift) -> Result<(), StoreError> {
        let args = args![&one.gift_id, &one.title, one.points, one.stock];
        self.touched(&PUT_GIFT, args).await.map(drop)
    }
}
