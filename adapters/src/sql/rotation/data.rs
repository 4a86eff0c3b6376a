//! The rotation of the wrapping key: account keys are wrapped anew, and what is sealed with the
//! keyring's own key is sealed anew. What is sealed with an account's key stays as it is.

use lifeline_core::shared::ids::AccountId;
use lifeline_core::store::StoreError;
use serde::{Deserialize, Serialize};

use super::{BATCH_MAX, Batch};
use crate::keyring::Purpose;
use crate::keyring::cipher::{Unsealable, kid_of};
use crate::sql::sealing::{FOR_ACCOUNT_KEYS, FOR_SERVICE_ROWS, no_key, wrapped_at};
use crate::sql::statement::statements;
use crate::sql::value::args;
use crate::sql::{Field, Row, Sql, Stmt, Value, WriteConn};
use crate::vault::WRAPPED;

statements! { "rotation_data":
    KEYS("account_key") = "SELECT account_id, wrapped FROM account_key WHERE account_id > $1 \
        ORDER BY account_id LIMIT $2";
    KEY_SET("account_key") = "UPDATE account_key SET wrapped = $3 WHERE account_id = $1 AND wrapped = $2";
    PAYMENTS("payment") = "SELECT payment_id, shares, buyer, body, ticket FROM payment WHERE payment_id > $1 \
        ORDER BY payment_id LIMIT $2";
    SHARES_SET("payment") = "UPDATE payment SET shares = $3 WHERE payment_id = $1 AND shares = $2";
    BUYER_SET("payment") = "UPDATE payment SET buyer = $3 WHERE payment_id = $1 AND buyer = $2";
    BODY_SET("payment") = "UPDATE payment SET body = $3 WHERE payment_id = $1 AND body = $2";
    TICKET_SET("payment") = "UPDATE payment SET ticket = $3 WHERE payment_id = $1 AND ticket = $2";
    LINES("payment_line") = "SELECT line_id, consumer_no, body FROM payment_line WHERE line_id > $1 \
        ORDER BY line_id LIMIT $2";
    CONSUMER_SET("payment_line") = "UPDATE payment_line SET consumer_no = $3 WHERE line_id = $1 AND consumer_no = $2";
    LINE_BODY_SET("payment_line") = "UPDATE payment_line SET body = $3 WHERE line_id = $1 AND body = $2";
    OUTBOX("outbox") = "SELECT event_id, body FROM outbox WHERE event_id > $1 ORDER BY event_id LIMIT $2";
    OUTBOX_SET("outbox") = "UPDATE outbox SET body = $3 WHERE event_id = $1 AND body = $2";
    FIGURES("figure") = "SELECT home_index, holder_version, kind, period, body FROM figure \
        WHERE (home_index, holder_version, kind, period) > ($1, $2, $3, $4) \
        ORDER BY home_index, holder_version, kind, period LIMIT $5";
    FIGURE_SET("figure") = "UPDATE figure SET body = $6 \
        WHERE home_index = $1 AND holder_version = $2 AND kind = $3 AND period = $4 AND body = $5";
    INBOX("inbox") = "SELECT source, message_id, raw FROM inbox WHERE (source, message_id) > ($1, $2) \
        ORDER BY source, message_id LIMIT $3";
    INBOX_SET("inbox") = "UPDATE inbox SET raw = $4 WHERE source = $1 AND message_id = $2 AND raw = $3";
    QUARANTINE("notice_quarantine") = "SELECT digest, raw FROM notice_quarantine WHERE digest > $1 \
        ORDER BY digest LIMIT $2";
    QUARANTINE_SET("notice_quarantine") = "UPDATE notice_quarantine SET raw = $3 WHERE digest = $1 AND raw = $2";
    ANSWERS("idempotency") = "SELECT scope, client_key, answer_body FROM idempotency \
        WHERE (scope, client_key) > ($1, $2) ORDER BY scope, client_key LIMIT $3";
    // Another vault's wrapping key is not ours to renew here.
    PAIRS("generation_key") = "SELECT key_id, wrapped FROM generation_key WHERE key_id > $1 AND vault = 'software' \
        ORDER BY key_id LIMIT $2";
    PAIR_SET("generation_key") = "UPDATE generation_key SET wrapped = $3 WHERE key_id = $1 AND wrapped = $2";
    ANSWER_SET("idempotency") = "UPDATE idempotency SET answer_body = $4 \
        WHERE scope = $1 AND client_key = $2 AND answer_body = $3";
    SALTS("access_salt") = "SELECT period, begins, salt FROM access_salt WHERE (period, begins) > ($1, $2) \
        ORDER BY period, begins LIMIT $3";
    SALT_SET("access_salt") = "UPDATE access_salt SET salt = $4 WHERE period = $1 AND begins = $2 AND salt = $3";
    STAFF("staff") = "SELECT staff_id, totp FROM staff WHERE staff_id > $1 ORDER BY staff_id LIMIT $2";
    TOTP_SET("staff") = "UPDATE staff SET totp = $3 WHERE staff_id = $1 AND totp = $2";
    FORMS("kept_form") = "SELECT staff_id, body FROM kept_form WHERE staff_id > $1 ORDER BY staff_id LIMIT $2";
    FORM_SET("kept_form") = "UPDATE kept_form SET body = $3 WHERE staff_id = $1 AND body = $2";
}

pub(super) static PASSES: [&str; 12] = [
    "account keys",
    "payments",
    "payment lines",
    "figures",
    "outbox",
    "inbox",
    "quarantined notices",
    "stored answers",
    "staff",
    "generation keys",
    "salts of the figures",
    "kept forms",
];

/// One part of a row's key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Part {
    Number(i64),
    Text(String),
}

impl From<&Part> for Value {
    fn from(part: &Part) -> Self {
        match part {
            Part::Number(number) => Self::from(*number),
            Part::Text(text) => Self::from(text.as_str()),
        }
    }
}

/// A table with columns sealed by the keyring's own key.
struct Sealed {
    select: &'static Stmt,
    /// The key's columns in order; `#` marks a number.
    key: &'static [&'static str],
    /// Each sealed column and the statement that replaces its value.
    columns: &'static [(Field, &'static Stmt)],
    /// Which row an envelope says it belongs to (the same words as in the table's repository).
    named: fn(&[Part]) -> String,
}

fn plain(key: &[Part]) -> String {
    match key {
        [Part::Text(id)] => id.clone(),
        _ => String::new(),
    }
}

/// A pair, the first of whose parts is a word of ours.
fn pair(key: &[Part]) -> String {
    match key {
        [Part::Text(first), Part::Text(second)] => format!("{first}/{second}"),
        _ => String::new(),
    }
}

/// A pair with the length of its first part in front.
fn message(key: &[Part]) -> String {
    match key {
        [Part::Text(source), Part::Text(id)] => format!("{}:{source}:{id}", source.len()),
        _ => String::new(),
    }
}

fn figure(key: &[Part]) -> String {
    match key {
        [
            Part::Text(home),
            Part::Number(version),
            Part::Text(kind),
            Part::Text(period),
        ] => {
            format!("{home}/{version}/{kind}/{period}")
        }
        _ => String::new(),
    }
}

static SEALED: [Sealed; 11] = [
    Sealed {
        select: &PAYMENTS,
        key: &["payment_id"],
        columns: &[
            (Field::new("payment", "shares"), &SHARES_SET),
            (Field::new("payment", "buyer"), &BUYER_SET),
            (Field::new("payment", "body"), &BODY_SET),
            (Field::new("payment", "ticket"), &TICKET_SET),
        ],
        named: plain,
    },
    Sealed {
        select: &LINES,
        key: &["line_id"],
        columns: &[
            (Field::new("payment_line", "consumer_no"), &CONSUMER_SET),
            (Field::new("payment_line", "body"), &LINE_BODY_SET),
        ],
        named: plain,
    },
    Sealed {
        select: &FIGURES,
        key: &["home_index", "#holder_version", "kind", "period"],
        columns: &[(Field::new("figure", "body"), &FIGURE_SET)],
        named: figure,
    },
    Sealed {
        select: &OUTBOX,
        key: &["event_id"],
        columns: &[(Field::new("outbox", "body"), &OUTBOX_SET)],
        named: plain,
    },
    Sealed {
        select: &INBOX,
        key: &["source", "message_id"],
        columns: &[(Field::new("inbox", "raw"), &INBOX_SET)],
        named: message,
    },
    Sealed {
        select: &QUARANTINE,
        key: &["digest"],
        columns: &[(Field::new("notice_quarantine", "raw"), &QUARANTINE_SET)],
        named: plain,
    },
    Sealed {
        select: &ANSWERS,
        key: &["scope", "client_key"],
        columns: &[(Field::new("idempotency", "answer_body"), &ANSWER_SET)],
        named: message,
    },
    Sealed {
        select: &STAFF,
        key: &["staff_id"],
        columns: &[(Field::new("staff", "totp"), &TOTP_SET)],
        named: plain,
    },
    Sealed {
        select: &PAIRS,
        key: &["key_id"],
        columns: &[(WRAPPED, &PAIR_SET)],
        named: plain,
    },
    Sealed {
        select: &SALTS,
        key: &["period", "begins"],
        columns: &[(Field::new("access_salt", "salt"), &SALT_SET)],
        named: pair,
    },
    Sealed {
        select: &FORMS,
        key: &["staff_id"],
        columns: &[(Field::new("kept_form", "body"), &FORM_SET)],
        named: plain,
    },
];

/// What the passes seal or wrap anew.
pub(super) fn columns() -> Vec<Field> {
    let sealed = SEALED.iter().flat_map(|table| table.columns);
    let mut columns: Vec<Field> = sealed.map(|(field, _)| *field).collect();
    columns.push(Field::new("account_key", "wrapped"));
    columns
}

impl Sealed {
    /// The key after which a batch begins, as arguments of [`Sealed::select`].
    fn after(&self, passed: &str) -> Vec<Value> {
        let parts: Option<Vec<Part>> = serde_json::from_str(passed).ok();
        match parts.filter(|parts| parts.len() == self.key.len()) {
            Some(parts) => parts.iter().map(Value::from).collect(),
            None => self.key.iter().map(|name| first_of(name)).collect(),
        }
    }

    fn key_of(&self, row: &Row) -> Result<Vec<Part>, StoreError> {
        let part = |name: &&'static str| match name.strip_prefix('#') {
            Some(number) => row.int(number).map(Part::Number),
            None => row.text(name).map(Part::Text),
        };
        self.key.iter().map(part).collect()
    }
}

/// What sorts before every key.
fn first_of(name: &str) -> Value {
    if name.starts_with('#') {
        Value::from(i64::MIN)
    } else {
        Value::from("")
    }
}

/// An envelope under the active key; `None` when it is under it already, or there is nothing sealed.
type Resealed = Result<Option<String>, Unsealable>;

impl<C: WriteConn> Sql<C> {
    pub(super) async fn data_batch(
        &mut self,
        pass: usize,
        passed: &str,
    ) -> Result<Batch, StoreError> {
        match pass.checked_sub(1).and_then(|at| SEALED.get(at)) {
            Some(table) => self.seal_anew(table, passed).await,
            None => self.wrap_anew(passed).await,
        }
    }

    async fn wrap_anew(&mut self, passed: &str) -> Result<Batch, StoreError> {
        let rows = self.rows(&KEYS, args![passed, BATCH_MAX]).await?;
        let mut batch = Batch::default();
        for row in &rows {
            let account: AccountId = row.id("account_id")?;
            let wrapped = row.text("wrapped")?;
            batch.seen = batch.seen.saturating_add(1);
            account.as_str().clone_into(&mut batch.passed);
            match self.wrapped_anew(&account, &wrapped) {
                Ok(None) => {}
                Ok(Some(anew)) => {
                    let args = args![&account, wrapped, anew];
                    let moved = self.changed(&KEY_SET, args).await?;
                    batch.moved = batch.moved.saturating_add(i64::from(moved));
                }
                Err(_) => batch.skip("account_key"),
            }
        }
        Ok(batch)
    }

    fn wrapped_anew(&self, account: &AccountId, wrapped: &str) -> Resealed {
        if self.is_active(wrapped) {
            return Ok(None);
        }
        let key = self.unwrap_key(account, wrapped)?;
        self.vault
            .keyring
            .seal(FOR_ACCOUNT_KEYS, &wrapped_at(account), &*key)
            .map(Some)
    }

    async fn seal_anew(
        &mut self,
        table: &'static Sealed,
        passed: &str,
    ) -> Result<Batch, StoreError> {
        let mut after = table.after(passed);
        after.push(Value::from(BATCH_MAX));
        let rows = self.rows(table.select, after).await?;
        let mut batch = Batch::default();
        for row in &rows {
            let key = table.key_of(row)?;
            batch.seen = batch.seen.saturating_add(1);
            batch.passed = serde_json::to_string(&key).map_err(|_| no_key(Unsealable))?;
            for (field, set) in table.columns {
                let Some(envelope) = row.maybe_text(field.column)? else {
                    continue;
                };
                match self.sealed_anew(*field, &(table.named)(&key), &envelope) {
                    Ok(None) => {}
                    Ok(Some(anew)) => {
                        let mut args: Vec<Value> = key.iter().map(Value::from).collect();
                        args.extend(args![envelope, anew]);
                        let moved = self.changed(set, args).await?;
                        batch.moved = batch.moved.saturating_add(i64::from(moved));
                    }
                    Err(_) => batch.skip(field.table),
                }
            }
        }
        Ok(batch)
    }

    fn sealed_anew(&self, field: Field, row: &str, envelope: &str) -> Resealed {
        // Wiped bodies are empty.
        if envelope.is_empty() || self.is_active(envelope) {
            return Ok(None);
        }
        let place = field.place(row);
        let clear = self
            .vault
            .keyring
            .open(FOR_SERVICE_ROWS, &place, envelope)?;
        self.vault
            .keyring
            .seal(FOR_SERVICE_ROWS, &place, &clear)
            .map(Some)
    }

    fn is_active(&self, envelope: &str) -> bool {
        let active = self.vault.keyring.active(Purpose::DataWrapping);
        active.is_some_and(|key| kid_of(envelope) == Some(key.kid()))
    }
}

impl Batch {
    /// A row that does not open is left as it is, and is told.
    pub(super) fn skip(&mut self, table: &'static str) {
        tracing::error!(table, "store.rotation.unreadable");
        self.skipped = self.skipped.saturating_add(1);
    }
}
