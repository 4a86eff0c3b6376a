//! The rotation of the blind index: what is found by it is indexed anew under the new key. No unit
//! that writes an index runs beside a batch ([`Sql::index`]).

use lifeline_core::payments::order::ClaimKind;
use lifeline_core::shared::ids::{AccountId, PaymentId};
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::{BATCH_MAX, Batch};
use crate::keyring::Purpose;
use crate::sql::generation::{GENERATION_INDEX, GENERATION_NO};
use crate::sql::payment_rows::CONSUMER;
use crate::sql::payments::claim_key;
use crate::sql::statement::statements;
use crate::sql::value::args;
use crate::sql::{Field, Row, Sql, WriteConn};

statements! { "rotation_index":
    ACCOUNTS("account") = "SELECT account_id, open_id, open_id_index, user_id, user_id_index, id_no, id_no_index, \
        phone, phone_index FROM account WHERE account_id > $1 AND erased_at IS NULL ORDER BY account_id LIMIT $2";
    ACCOUNT_SET("account") = "UPDATE account SET open_id_index = $2, user_id_index = $3, id_no_index = $4, \
        phone_index = $5 WHERE account_id = $1";
    HOMES("binding_home") = "SELECT home_index FROM binding_home WHERE home_index > $1 ORDER BY home_index LIMIT $2";
    LINKS("binding") = "SELECT b.binding_id, b.account_id, b.consumer_no, b.certified_index, a.id_no \
        FROM binding b JOIN account a ON a.account_id = b.account_id WHERE b.home_index = $1 ORDER BY b.binding_id";
    HOME_COPY("binding_home") = "INSERT INTO binding_home (home_index, holder_version, holder_since, frozen_version, \
        looked_at, swept_at) SELECT $2, holder_version, holder_since, frozen_version, looked_at, swept_at FROM binding_home \
        WHERE home_index = $1 \
        ON CONFLICT (home_index) DO NOTHING";
    LINKS_MOVE("binding") = "UPDATE binding SET home_index = $2 WHERE home_index = $1";
    GRANTS_MOVE("binding_grant") = "UPDATE binding_grant SET home_index = $2 WHERE home_index = $1";
    HOME_DROP("binding_home") = "DELETE FROM binding_home WHERE home_index = $1";
    CERTIFIED_SET("binding") = "UPDATE binding SET certified_index = $3 WHERE binding_id = $1 AND certified_index = $2";
    FIGURES("figure") = "SELECT holder_version, kind, period, body, asked_at, outdated_at FROM figure \
        WHERE home_index = $1";
    FIGURE_COPY("figure") = "INSERT INTO figure (home_index, holder_version, kind, period, body, asked_at, outdated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (home_index, holder_version, kind, period) DO NOTHING";
    FIGURES_DROP("figure") = "DELETE FROM figure WHERE home_index = $1";
    FIGURES_LEFT("figure") = "DELETE FROM figure WHERE home_index < $1 OR home_index > $2";
    LINES("payment_line") = "SELECT line_id, consumer_no, consumer_index FROM payment_line WHERE line_id > $1 \
        ORDER BY line_id LIMIT $2";
    LINE_SET("payment_line") = "UPDATE payment_line SET consumer_index = $3 \
        WHERE line_id = $1 AND consumer_index = $2";
    CLAIMS("open_claim") = "SELECT c.claim_key, c.payment_id, c.taken_at, p.account_id, p.shares FROM open_claim c \
        JOIN payment p ON p.payment_id = c.payment_id WHERE c.claim_key > $1 ORDER BY c.claim_key LIMIT $2";
    CLAIM_COPY("open_claim") = "INSERT INTO open_claim (claim_key, payment_id, taken_at) VALUES ($1, $2, $3) \
        ON CONFLICT (claim_key) DO NOTHING";
    GENERATORS("generation_account") = "SELECT generation_account_id, account_id, generation_no, generation_index \
        FROM generation_account WHERE generation_account_id > $1 AND generation_index IS NOT NULL \
        ORDER BY generation_account_id LIMIT $2";
    GENERATOR_SET("generation_account") = "UPDATE generation_account SET generation_index = $3 \
        WHERE generation_account_id = $1 AND generation_index = $2";
    CLAIM_DROP("open_claim") = "DELETE FROM open_claim WHERE claim_key = $1";
}

pub(super) static PASSES: [&str; 6] = [
    "people",
    "homes",
    "payment lines",
    "open claims",
    "generation accounts",
    "figures",
];

/// What the passes index anew.
pub(super) static COLUMNS: [Field; 12] = [
    Field::new("account", "open_id_index"),
    Field::new("account", "user_id_index"),
    Field::new("account", "id_no_index"),
    Field::new("account", "phone_index"),
    HOME,
    Field::new("binding", "home_index"),
    CERTIFIED,
    Field::new("binding_grant", "home_index"),
    FIGURE_HOME,
    Field::new("payment_line", "consumer_index"),
    CLAIM,
    GENERATION_INDEX,
];

const HOME: Field = Field::new("binding_home", "home_index");
const CERTIFIED: Field = Field::new("binding", "certified_index");
const CONSUMER_NO: Field = Field::new("binding", "consumer_no");
const ID_NO: Field = Field::new("account", "id_no");
const FIGURE_HOME: Field = Field::new("figure", "home_index");
const FIGURE_BODY: Field = Field::new("figure", "body");
const CLAIM: Field = Field::new("open_claim", "claim_key");

/// The sealed columns of an account that it is found by, each beside its index.
const PERSON: [(Field, &str); 4] = [
    (Field::new("account", "open_id"), "open_id_index"),
    (Field::new("account", "user_id"), "user_id_index"),
    (ID_NO, "id_no_index"),
    (Field::new("account", "phone"), "phone_index"),
];

impl<C: WriteConn> Sql<C> {
    pub(super) async fn index_batch(
        &mut self,
        pass: usize,
        passed: &str,
    ) -> Result<Batch, StoreError> {
        let stmt = match pass {
            0 => &ACCOUNTS,
            1 => &HOMES,
            2 => &LINES,
            3 => &CLAIMS,
            4 => &GENERATORS,
            _ => return self.drop_left_figures().await,
        };
        let rows = self.rows(stmt, args![passed, BATCH_MAX]).await?;
        let mut batch = Batch::default();
        for row in &rows {
            let (key, outcome) = match pass {
                0 => ("account_id", self.index_person(row).await?),
                1 => ("home_index", self.index_home(row).await?),
                2 => ("line_id", self.index_line(row).await?),
                4 => ("generation_account_id", self.index_generator(row).await?),
                _ => ("claim_key", self.index_claim(row).await?),
            };
            batch.seen = batch.seen.saturating_add(1);
            batch.passed = row.text(key)?;
            match outcome {
                Indexed::Already => {}
                Indexed::Anew => batch.moved = batch.moved.saturating_add(1),
                Indexed::Unreadable => batch.skip(stmt.table),
            }
        }
        Ok(batch)
    }

    /// `{kid}:` of the active key: what every index made with it begins with.
    fn active_prefix(&self) -> String {
        let active = self.vault.keyring.active(Purpose::BlindIndex);
        active.map_or_else(String::new, |key| format!("{}:", key.kid()))
    }

    async fn index_person(&mut self, row: &Row) -> Result<Indexed, StoreError> {
        let (account, active): (AccountId, _) = (row.id("account_id")?, self.active_prefix());
        let (mut args, mut outcome) = (args![&account], Indexed::Already);
        for (field, column) in PERSON {
            let mut index = row.maybe_text(column)?;
            let sealed = row.maybe_text(field.column)?;
            if let (Some(sealed), Some(old)) = (sealed, &index)
                && !old.starts_with(&active)
            {
                let Some(clear) = self.readable(&account, field, &account, &sealed).await? else {
                    return Ok(Indexed::Unreadable);
                };
                outcome = Indexed::Anew;
                index = Some(self.blind(field, &clear)?);
            }
            args.extend(args![index]);
        }
        if outcome == Indexed::Anew {
            self.touched(&ACCOUNT_SET, args).await?;
        }
        Ok(outcome)
    }

    /// A home takes its links, what its holder granted and its kept figures with it.
    async fn index_home(&mut self, row: &Row) -> Result<Indexed, StoreError> {
        let old = row.text("home_index")?;
        // The homes of the erased have no number.
        if old.starts_with("erased:") || old.starts_with(&self.active_prefix()) {
            return Ok(Indexed::Already);
        }
        let links = self.rows(&LINKS, args![&old]).await?;
        let Some(consumer_no) = self.consumer_no_of(&links).await? else {
            if !links.is_empty() {
                return Ok(Indexed::Unreadable);
            }
            // Nobody is linked to it and nobody can name it: what it held is for nobody.
            self.touched(&HOME_DROP, args![&old]).await?;
            return Ok(Indexed::Anew);
        };
        let new = self.blind(HOME, &consumer_no)?;
        self.touched(&HOME_COPY, args![&old, &new]).await?;
        self.touched(&LINKS_MOVE, args![&old, &new]).await?;
        self.touched(&GRANTS_MOVE, args![&old, &new]).await?;
        self.touched(&HOME_DROP, args![&old]).await?;
        self.move_figures(&consumer_no).await?;
        let mut outcome = Indexed::Anew;
        for link in &links {
            if !self.index_certified(link).await? {
                outcome = Indexed::Unreadable;
            }
        }
        Ok(outcome)
    }

    async fn consumer_no_of(&mut self, links: &[Row]) -> Result<Option<String>, StoreError> {
        for link in links {
            let account: AccountId = link.id("account_id")?;
            let (id, sealed) = (link.text("binding_id")?, link.text("consumer_no")?);
            let opened = self.readable(&account, CONSUMER_NO, id, &sealed).await?;
            if opened.is_some() {
                return Ok(opened);
            }
        }
        Ok(None)
    }

    /// The ID number a link rests on is its account's own, which never becomes another one.
    async fn index_certified(&mut self, link: &Row) -> Result<bool, StoreError> {
        let Some(old) = link.maybe_text("certified_index")? else {
            return Ok(true);
        };
        if old.starts_with(&self.active_prefix()) {
            return Ok(true);
        }
        let account: AccountId = link.id("account_id")?;
        let Some(sealed) = link.maybe_text("id_no")? else {
            return Ok(false);
        };
        let Some(id_no) = self.readable(&account, ID_NO, &account, &sealed).await? else {
            return Ok(false);
        };
        let [new, other] = self.indexes(CERTIFIED, &id_no)?;
        if old != other {
            return Ok(false);
        }
        let args = args![link.text("binding_id")?, old, new];
        self.touched(&CERTIFIED_SET, args).await?;
        Ok(true)
    }

    async fn move_figures(&mut self, consumer_no: &str) -> Result<(), StoreError> {
        let [new, old] = self.indexes(FIGURE_HOME, consumer_no)?;
        if new == old {
            return Ok(());
        }
        for row in self.rows(&FIGURES, args![&old]).await? {
            let version = row.int("holder_version")?;
            let (kind, period) = (row.text("kind")?, row.text("period")?);
            let named = |home: &str| format!("{home}/{version}/{kind}/{period}");
            // What does not open is only a copy of what marketing says.
            let sealed = row.text("body")?;
            let Ok(body) = self.open_service(FIGURE_BODY, &named(&old), &sealed) else {
                continue;
            };
            let body = self.seal_service(FIGURE_BODY, &named(&new), &body)?;
            let (asked, outdated) = (row.time("asked_at")?, row.maybe_time("outdated_at")?);
            let args = args![&new, version, kind, period, body, asked, outdated];
            self.touched(&FIGURE_COPY, args).await?;
        }
        self.touched(&FIGURES_DROP, args![old]).await.map(drop)
    }

    /// Copies that belong to no linked home any more; they are fetched again when somebody asks.
    async fn drop_left_figures(&mut self) -> Result<Batch, StoreError> {
        let from = self.active_prefix();
        // ';' follows ':'.
        let to = format!("{};", from.trim_end_matches(':'));
        let gone = self.touched(&FIGURES_LEFT, args![from, to]).await?;
        Ok(Batch {
            moved: i64::try_from(gone).unwrap_or(i64::MAX),
            ..Batch::default()
        })
    }

    async fn index_line(&mut self, row: &Row) -> Result<Indexed, StoreError> {
        let (id, old) = (row.text("line_id")?, row.text("consumer_index")?);
        // The lines of somebody erased are under no index.
        if old.is_empty() || old.starts_with(&self.active_prefix()) {
            return Ok(Indexed::Already);
        }
        let Ok(clear) = self.open_service(CONSUMER, &id, &row.text("consumer_no")?) else {
            return Ok(Indexed::Unreadable);
        };
        let new = self.blind(CONSUMER, &clear)?;
        self.touched(&LINE_SET, args![id, old, new]).await?;
        Ok(Indexed::Anew)
    }

    async fn index_generator(&mut self, row: &Row) -> Result<Indexed, StoreError> {
        let (id, old) = (
            row.text("generation_account_id")?,
            row.text("generation_index")?,
        );
        if old.starts_with(&self.active_prefix()) {
            return Ok(Indexed::Already);
        }
        let (owner, sealed) = (row.id("account_id")?, row.text("generation_no")?);
        let Some(clear) = self.readable(&owner, GENERATION_NO, &id, &sealed).await? else {
            return Ok(Indexed::Unreadable);
        };
        let new = self.blind(GENERATION_INDEX, &clear)?;
        self.touched(&GENERATOR_SET, args![id, old, new]).await?;
        Ok(Indexed::Anew)
    }

    /// A claim is named by the home of one of its order's shares.
    async fn index_claim(&mut self, row: &Row) -> Result<Indexed, StoreError> {
        let (old, payment): (String, PaymentId) = (row.text("claim_key")?, row.id("payment_id")?);
        let account: AccountId = row.id("account_id")?;
        let taken_at: Time = row.time("taken_at")?;
        let Ok(shares) = self.open_shares(payment.as_str(), row) else {
            return Ok(Indexed::Unreadable);
        };
        for share in shares {
            let [new, other] = self.indexes(CLAIM, share.consumer_no.expose())?;
            for kind in [ClaimKind::Arrears, ClaimKind::TopUp(account.clone())] {
                let key = claim_key(&new, &kind);
                if key == old {
                    return Ok(Indexed::Already);
                }
                if claim_key(&other, &kind) == old {
                    self.touched(&CLAIM_COPY, args![key, &payment, taken_at])
                        .await?;
                    self.touched(&CLAIM_DROP, args![old]).await?;
                    return Ok(Indexed::Anew);
                }
            }
        }
        Ok(Indexed::Unreadable)
    }

    /// A sealed field; `None` when it does not open, which leaves its row for the operator to see.
    async fn readable(
        &mut self,
        account: &AccountId,
        field: Field,
        row: impl std::fmt::Display,
        sealed: &str,
    ) -> Result<Option<String>, StoreError> {
        match self
            .open_for(account, field, &row.to_string(), sealed)
            .await
        {
            Ok(clear) => Ok(Some(clear)),
            Err(StoreError::Corrupt { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What became of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Indexed {
    Already,
    Anew,
    Unreadable,
}
