//! Everything known of a person, opened for them: rows of all tables that are about their account, as
//! JSON. Keys, digests, indexes and what only the program needs are left out.

use lifeline_core::privacy::export::Dossier;
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;
use serde_json::{Map, Value as Json, json};

use super::generation::key_owner;
use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, Stmt, Value};

/// A column that names the person: the account, or one that was merged into it.
macro_rules! theirs {
    ($column:literal) => {
        concat!(
            "(",
            $column,
            " = $1 OR ",
            $column,
            " IN (SELECT m.account_id FROM account m WHERE m.merged_into = $1))"
        )
    };
}

statements! { "telling":
    ACCOUNT("account") = "SELECT account_id, app_id, open_id, user_id, name, id_no, certified_at, certified_by, phone, \
        phone_verified_at, merged_into, merged_at, created_at FROM account \
        WHERE account_id = $1 OR merged_into = $1 ORDER BY account_id LIMIT $2";
    CONSENTS("consent") = concat!("SELECT purpose, version, text_hash, given_at, withdrawn_at FROM consent WHERE ",
        theirs!("account_id"), " ORDER BY given_at LIMIT $2");
    SESSIONS("session") = concat!("SELECT session_id, client, created_at, last_seen_at, expires_at, ended_at, ending \
        FROM session WHERE ", theirs!("account_id"), " ORDER BY created_at LIMIT $2");
    CERTIFICATIONS("certification") = concat!("SELECT kind, state, begun_at, ended_at FROM certification WHERE ",
        theirs!("account_id"), " ORDER BY begun_at LIMIT $2");
    CREDENTIAL("credential") = concat!("SELECT account_id, login, changed_at FROM credential WHERE ",
        theirs!("account_id"), " ORDER BY account_id LIMIT $2");
    MERGES("account_merge") = concat!("SELECT merge_id, begun_at, ended_at, ending FROM account_merge WHERE ",
        theirs!("into_account_id"), " OR ", theirs!("from_account_id"), " ORDER BY begun_at LIMIT $2");
    BINDINGS("binding") = concat!("SELECT binding_id, account_id, consumer_no, role, signboard, label, created_at, \
        ended_at FROM binding WHERE ", theirs!("account_id"), " ORDER BY binding_id LIMIT $2");
    GRANTS("binding_grant") = concat!("SELECT g.grant_id, g.role, g.state, g.ends_at, g.created_at, g.accepted_at, \
        g.ended_at, CASE WHEN ", theirs!("g.accepted_by"), " THEN 'to_me' ELSE 'by_me' END AS given \
        FROM binding_grant g WHERE g.holder_binding_id IN (SELECT b.binding_id FROM binding b WHERE ",
        theirs!("b.account_id"), ") OR ", theirs!("g.accepted_by"), " ORDER BY g.grant_id LIMIT $2");
    ARCHIVES("archive_copy") = concat!("SELECT c.binding_id, b.account_id, c.body, c.kept_at FROM archive_copy c \
        JOIN binding b ON b.binding_id = c.binding_id WHERE ", theirs!("b.account_id"),
        " ORDER BY c.binding_id LIMIT $2");
    FILLINGS("archive_filling") = concat!("SELECT filling_id, account_id, binding_id, mobile, state, id_no_result, \
        mobile_result, name_result, asked_at, settled_at FROM archive_filling WHERE ", theirs!("account_id"),
        " ORDER BY filling_id LIMIT $2");
    PAYMENTS("payment") = concat!("SELECT payment_id, purpose, via, state, out_trade_no, trade_no, amount_fen, paid_fen, \
        refunded_fen, shares, buyer, created_at, paid_at, closed_at, done_at FROM payment WHERE ",
        theirs!("account_id"), " ORDER BY payment_id LIMIT $2");
    REFUNDS("payment_refund") = concat!("SELECT r.payment_id, r.out_request_no, r.amount_fen, r.state, r.created_at, \
        r.done_at FROM payment_refund r JOIN payment p ON p.payment_id = r.payment_id WHERE ",
        theirs!("p.account_id"), " ORDER BY r.refund_id LIMIT $2");
    NOTICES("notice") = concat!("SELECT notice_id, account_id, kind, params, payment_id, created_at, read_at, texted_at \
        FROM notice WHERE ", theirs!("account_id"), " ORDER BY notice_id LIMIT $2");
    GENERATORS("generation_account") = concat!("SELECT generation_account_id, account_id, generation_no, feed_in, \
        settlement_day, state, termination_asked_at, created_at, ended_at FROM generation_account WHERE ",
        theirs!("account_id"), " ORDER BY generation_account_id LIMIT $2");
    GENERATION_CREDENTIALS("generation_credential") = concat!("SELECT c.generation_account_id, g.account_id, c.login, \
        c.changed_at FROM generation_credential c \
        JOIN generation_account g ON g.generation_account_id = c.generation_account_id WHERE ",
        theirs!("g.account_id"), " ORDER BY c.generation_account_id LIMIT $2");
    PERSONAL_TABLES("personal_table") = concat!("SELECT t.table_id, t.generation_account_id, t.identity, t.payee_since, \
        t.opened_at, t.erased_at FROM personal_table t \
        JOIN generation_account g ON g.generation_account_id = t.generation_account_id WHERE ",
        theirs!("g.account_id"), " ORDER BY t.table_id LIMIT $2");
    POINTS("points_line") = concat!("SELECT e.fact, l.points, e.at FROM points_entry e \
        JOIN points_line l ON l.entry_id = e.entry_id WHERE l.side = 'person:' || e.account_id AND ",
        theirs!("e.account_id"), " ORDER BY e.at LIMIT $2");
    REQUESTS("service_request") = concat!("SELECT request_id, account_id, kind, state, letter, anonymous, binding_id, \
        payment_id, order_no, filed_at, moved_at FROM service_request WHERE ", theirs!("account_id"),
        " ORDER BY request_id LIMIT $2");
    AUDIT("audit_line") = "SELECT at, act, subject, outcome, source FROM audit_line WHERE actor = 'account:' || $1 \
        OR actor IN (SELECT 'account:' || m.account_id FROM account m WHERE m.merged_into = $1) \
        ORDER BY at DESC LIMIT $2";
    ERASURES("erasure") = concat!("SELECT state, asked_at, due_at, ended_at FROM erasure WHERE ",
        theirs!("account_id"), " ORDER BY asked_at LIMIT $2");
}

/// Rows of one table that are told; a person with more is told that there are more.
const TOLD_MAX: i64 = 5_000;

/// Which key opens a column.
#[derive(Clone, Copy)]
enum Key {
    Own,
    /// The personal data table's own, which lies under the table's id.
    Table,
    Service,
}

/// One part of the document.
struct Part {
    name: &'static str,
    stmt: &'static Stmt,
    /// The column by which a sealed value knows its row.
    row: &'static str,
    sealed: &'static [(&'static str, Key)],
}

const fn open(name: &'static str, stmt: &'static Stmt) -> Part {
    Part {
        name,
        stmt,
        row: "",
        sealed: &[],
    }
}

static PARTS: [Part; 20] = [
    Part {
        name: "account",
        stmt: &ACCOUNT,
        row: "account_id",
        sealed: &[
            ("open_id", Key::Own),
            ("user_id", Key::Own),
            ("name", Key::Own),
            ("id_no", Key::Own),
            ("phone", Key::Own),
        ],
    },
    open("consents", &CONSENTS),
    open("sessions", &SESSIONS),
    open("certifications", &CERTIFICATIONS),
    Part {
        name: "password_sign_in",
        stmt: &CREDENTIAL,
        row: "account_id",
        sealed: &[("login", Key::Own)],
    },
    open("account_merges", &MERGES),
    Part {
        name: "homes",
        stmt: &BINDINGS,
        row: "binding_id",
        sealed: &[
            ("consumer_no", Key::Own),
            ("signboard", Key::Own),
            ("label", Key::Own),
        ],
    },
    open("sharings", &GRANTS),
    Part {
        name: "archive_copies",
        stmt: &ARCHIVES,
        row: "binding_id",
        sealed: &[("body", Key::Own)],
    },
    Part {
        name: "archive_fillings",
        stmt: &FILLINGS,
        row: "filling_id",
        sealed: &[("mobile", Key::Own)],
    },
    Part {
        name: "payments",
        stmt: &PAYMENTS,
        row: "payment_id",
        sealed: &[("shares", Key::Service), ("buyer", Key::Service)],
    },
    open("refunds", &REFUNDS),
    Part {
        name: "notices",
        stmt: &NOTICES,
        row: "notice_id",
        sealed: &[("params", Key::Own)],
    },
    Part {
        name: "generation_accounts",
        stmt: &GENERATORS,
        row: "generation_account_id",
        sealed: &[("generation_no", Key::Own)],
    },
    Part {
        name: "generation_sign_ins",
        stmt: &GENERATION_CREDENTIALS,
        row: "generation_account_id",
        sealed: &[("login", Key::Own)],
    },
    Part {
        name: "personal_tables",
        stmt: &PERSONAL_TABLES,
        row: "table_id",
        sealed: &[("identity", Key::Table)],
    },
    Part {
        name: "requests",
        stmt: &REQUESTS,
        row: "request_id",
        sealed: &[("letter", Key::Own)],
    },
    open("points", &POINTS),
    open("acts", &AUDIT),
    open("erasures", &ERASURES),
];

impl<C: Conn> Sql<C> {
    pub(super) async fn told_of(
        &mut self,
        account: &AccountId,
        now: Time,
    ) -> Result<Dossier, StoreError> {
        let mut told = Map::new();
        told.insert("made_at".into(), Json::from(now.rfc3339()));
        for part in &PARTS {
            let more = TOLD_MAX.saturating_add(1);
            let rows = self.rows(part.stmt, args![account, more]).await?;
            let most = usize::try_from(TOLD_MAX).unwrap_or(usize::MAX);
            let mut items = Vec::with_capacity(rows.len().min(most));
            for row in rows.iter().take(most) {
                items.push(self.told_row(account, part, row).await?);
            }
            told.insert(
                part.name.into(),
                json!({ "items": items, "more": rows.len() > most }),
            );
        }
        Ok(Dossier::new(Json::Object(told).to_string()))
    }

    async fn told_row(
        &mut self,
        account: &AccountId,
        part: &'static Part,
        row: &Row,
    ) -> Result<Json, StoreError> {
        let mut object = Map::new();
        for (name, value) in row.cells() {
            let key = part.sealed.iter().find(|(column, _)| *column == name);
            let value = match (key, value) {
                (Some((column, key)), Value::Text(sealed)) => {
                    let field = Field::new(part.stmt.table, column);
                    let id = row.text(part.row)?;
                    let clear = match key {
                        Key::Own => {
                            let owner = row.maybe_owner(account)?;
                            self.open_for(&owner, field, &id, sealed).await?
                        }
                        Key::Table => {
                            let owner = key_owner(&row.id("table_id")?);
                            self.open_for(&owner, field, &id, sealed).await?
                        }
                        Key::Service => self.open_service(field, &id, sealed)?,
                    };
                    // What is kept as JSON is told as JSON.
                    serde_json::from_str::<Json>(&clear)
                        .ok()
                        .filter(|json| json.is_object() || json.is_array())
                        .unwrap_or(Json::String(clear))
                }
                (_, value) => plain(name, value),
            };
            object.insert(name.to_owned(), value);
        }
        Ok(Json::Object(object))
    }
}

/// Moments read as people write them.
fn plain(name: &str, value: &Value) -> Json {
    match value {
        Value::Null | Value::Bytes(_) => Json::Null,
        Value::Text(text) => Json::from(text.as_str()),
        Value::Int(micros) if name == "at" || name.ends_with("_at") => {
            Json::from(Time::from_micros(*micros).rfc3339())
        }
        Value::Int(number) => Json::from(*number),
    }
}

impl Row {
    /// Whose key opens the row: the account it names, else the one that asks.
    fn maybe_owner(&self, asking: &AccountId) -> Result<AccountId, StoreError> {
        if self.cells().any(|(name, _)| name == "account_id") {
            self.id("account_id")
        } else {
            Ok(asking.clone())
        }
    }
}
