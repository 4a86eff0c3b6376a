//! Staff and their sessions. The secret of the codes is sealed, as is what was typed when a session ended; a cookie is
//! known by its digest.

use async_trait::async_trait;
use lifeline_core::accounts::passwords::PasswordHash;
use lifeline_core::accounts::secret::Secret;
use lifeline_core::operators::ports::{StaffReads, StaffStore};
use lifeline_core::operators::session::Session;
use lifeline_core::operators::{KeptForm, Login, PersonId, Proofs, Role, Scope, Staff, TotpSecret};
use lifeline_core::shared::ids::{StaffId, StaffSessionId};
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, WriteConn};

statements! { "operators":
    FIND("staff") = "SELECT staff_id, login, person_id, role, scope, password, proofs_by, confirmed_by, totp, totp_step, \
        failures, locked_until, created_at, ended_at, version FROM staff WHERE staff_id = $1";
    BY_LOGIN("staff") = "SELECT staff_id, login, person_id, role, scope, password, proofs_by, confirmed_by, totp, totp_step, \
        failures, locked_until, created_at, ended_at, version FROM staff WHERE login = $1";
    LIST("staff") = "SELECT staff_id, login, person_id, role, scope, password, proofs_by, confirmed_by, totp, totp_step, \
        failures, locked_until, created_at, ended_at, version FROM staff ORDER BY login";
    LOGINS("staff") = "SELECT staff_id, login FROM staff ORDER BY staff_id";
    ADD("staff") = "INSERT INTO staff (staff_id, login, role, scope, password, totp, totp_step, failures, locked_until, \
        created_at, ended_at, version, person_id, proofs_by, confirmed_by) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING";
    SAVE("staff") = "UPDATE staff SET role = $2, scope = $3, password = $4, totp = $5, totp_step = $6, failures = $7, \
        locked_until = $8, ended_at = $9, proofs_by = $11, confirmed_by = $12, version = version + 1 \
        WHERE staff_id = $1 AND version = $10";
    // The first of all, whoever it is: a row that every installation has, and never loses.
    TURN("staff") = "UPDATE staff SET login = login WHERE staff_id = \
        (SELECT staff_id FROM staff ORDER BY created_at, staff_id LIMIT 1)";
    SESSION("staff_session") = "SELECT session_id, staff_id, opened_at, seen_at, ended_at FROM staff_session \
        WHERE token_digest = $1";
    SESSION_ADD("staff_session") = "INSERT INTO staff_session (session_id, staff_id, token_digest, opened_at, seen_at, ended_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    SEEN("staff_session") = "UPDATE staff_session SET seen_at = $2 WHERE session_id = $1 AND ended_at IS NULL";
    SESSION_END("staff_session") = "UPDATE staff_session SET ended_at = $2 WHERE session_id = $1 AND ended_at IS NULL";
    SESSIONS_END("staff_session") = "UPDATE staff_session SET ended_at = $2 WHERE staff_id = $1 AND ended_at IS NULL";
    KEPT_FORM("kept_form") = "SELECT body, kept_at FROM kept_form WHERE staff_id = $1";
    KEEP_FORM("kept_form") = "INSERT INTO kept_form (staff_id, body, kept_at) VALUES ($1, $2, $3) \
        ON CONFLICT (staff_id) DO UPDATE SET body = excluded.body, kept_at = excluded.kept_at";
    DROP_FORM("kept_form") = "DELETE FROM kept_form WHERE staff_id = $1";
}

const TOTP: Field = Field::new("staff", "totp");
const TOKEN: Field = Field::new("staff_session", "token_digest");
/// Where it was sent to, a new line, what was typed.
const KEPT: Field = Field::new("kept_form", "body");

impl<C: Conn> Sql<C> {
    fn staff(&self, row: &Row) -> Result<Staff, StoreError> {
        let id = row.text("staff_id")?;
        let totp = self.open_service(TOTP, &id, &row.text("totp")?)?;
        let login = row.parsed("login", |text| Login::parse(text).ok())?;
        Ok(Staff {
            staff_id: row.id("staff_id")?,
            person: person(row, &login)?,
            login,
            role: row.parsed("role", Role::parse)?,
            scope: row.parsed("scope", |text| Scope::parse(text).ok())?,
            password: PasswordHash::from_store(row.text("password")?),
            proofs: Proofs {
                made_by: row.text("proofs_by")?,
                confirmed_by: row.maybe_text("confirmed_by")?,
            },
            totp: TotpSecret::parse(&totp).ok_or_else(|| row.corrupt("totp"))?,
            totp_step: row.int("totp_step")?,
            failures: row.int("failures")?,
            locked_until: row.maybe_time("locked_until")?,
            created_at: row.time("created_at")?,
            ended_at: row.maybe_time("ended_at")?,
            version: row.int("version")?,
        })
    }

    fn sealed_totp(&self, staff: &Staff) -> Result<String, StoreError> {
        self.seal_service(TOTP, staff.staff_id.as_str(), &staff.totp.base32())
    }
}

/// An entry of a release that knew no numbers of persons has its login for one.
fn person(row: &Row, login: &Login) -> Result<PersonId, StoreError> {
    if row.text("person_id")?.is_empty() {
        return Ok(PersonId::from(login));
    }
    row.parsed("person_id", |text| PersonId::parse(text).ok())
}

fn session(row: &Row) -> Result<Session, StoreError> {
    Ok(Session {
        session_id: row.id("session_id")?,
        staff_id: row.id("staff_id")?,
        opened_at: row.time("opened_at")?,
        seen_at: row.time("seen_at")?,
        ended_at: row.maybe_time("ended_at")?,
    })
}

#[async_trait]
impl<C: Conn> StaffReads for Sql<C> {
    async fn find(&mut self, id: &StaffId) -> Result<Option<Staff>, StoreError> {
        let row = self.one(&FIND, args![id]).await?;
        row.map(|row| self.staff(&row)).transpose()
    }

    async fn by_login(&mut self, login: &Login) -> Result<Option<Staff>, StoreError> {
        let row = self.one(&BY_LOGIN, args![login.as_str()]).await?;
        row.map(|row| self.staff(&row)).transpose()
    }

    async fn list(&mut self) -> Result<Vec<Staff>, StoreError> {
        let rows = self.rows(&LIST, args![]).await?;
        rows.iter().map(|row| self.staff(row)).collect()
    }

    async fn logins(&mut self) -> Result<Vec<(StaffId, Login)>, StoreError> {
        let both = |row: &Row| {
            let login = row.parsed("login", |text| Login::parse(text).ok())?;
            Ok((row.id("staff_id")?, login))
        };
        self.rows(&LOGINS, args![])
            .await?
            .iter()
            .map(both)
            .collect()
    }

    async fn session(&mut self, token: &Secret) -> Result<Option<Session>, StoreError> {
        let digest = self.digest(TOKEN, token.expose())?;
        let row = self.one(&SESSION, args![digest]).await?;
        row.as_ref().map(session).transpose()
    }

    async fn kept_form(&mut self, staff: &StaffId) -> Result<Option<KeptForm>, StoreError> {
        let Some(row) = self.one(&KEPT_FORM, args![staff]).await? else {
            return Ok(None);
        };
        let body = self.open_service(KEPT, staff.as_str(), &row.text("body")?)?;
        let parts = body.split_once('\n');
        let (action, fields) = parts.ok_or_else(|| row.corrupt("body"))?;
        Ok(Some(KeptForm {
            staff_id: staff.clone(),
            action: action.to_owned(),
            fields: Secret::new(fields.to_owned()),
            kept_at: row.time("kept_at")?,
        }))
    }
}

#[async_trait]
impl<C: WriteConn> StaffStore for Sql<C> {
    async fn take_turn(&mut self) -> Result<(), StoreError> {
        self.touched(&TURN, args![]).await.map(drop)
    }

    async fn add(&mut self, staff: &Staff) -> Result<bool, StoreError> {
        let args = args![
            &staff.staff_id,
            staff.login.as_str(),
            staff.role.as_str(),
            staff.scope.text(),
            staff.password.expose(),
            self.sealed_totp(staff)?,
            staff.totp_step,
            staff.failures,
            staff.locked_until,
            staff.created_at,
            staff.ended_at,
            staff.version,
            staff.person.as_str(),
            staff.proofs.made_by.as_str(),
            staff.proofs.confirmed_by.as_deref(),
        ];
        self.changed(&ADD, args).await
    }

    async fn save(&mut self, staff: &Staff) -> Result<(), StoreError> {
        let args = args![
            &staff.staff_id,
            staff.role.as_str(),
            staff.scope.text(),
            staff.password.expose(),
            self.sealed_totp(staff)?,
            staff.totp_step,
            staff.failures,
            staff.locked_until,
            staff.ended_at,
            staff.version,
            staff.proofs.made_by.as_str(),
            staff.proofs.confirmed_by.as_deref(),
        ];
        if self.changed(&SAVE, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn add_session(&mut self, token: &Secret, session: &Session) -> Result<(), StoreError> {
        let args = args![
            &session.session_id,
            &session.staff_id,
            self.digest(TOKEN, token.expose())?,
            session.opened_at,
            session.seen_at,
            session.ended_at,
        ];
        self.touched(&SESSION_ADD, args).await.map(drop)
    }

    async fn note_seen(&mut self, id: &StaffSessionId, now: Time) -> Result<bool, StoreError> {
        self.changed(&SEEN, args![id, now]).await
    }

    async fn end_session(&mut self, id: &StaffSessionId, now: Time) -> Result<bool, StoreError> {
        self.changed(&SESSION_END, args![id, now]).await
    }

    async fn end_sessions_of(&mut self, staff: &StaffId, now: Time) -> Result<u64, StoreError> {
        self.touched(&SESSIONS_END, args![staff, now]).await
    }

    async fn keep_form(&mut self, form: &KeptForm) -> Result<(), StoreError> {
        let body = format!("{}\n{}", form.action, form.fields.expose());
        let sealed = self.seal_service(KEPT, form.staff_id.as_str(), &body)?;
        let args = args![&form.staff_id, sealed, form.kept_at];
        self.touched(&KEEP_FORM, args).await.map(drop)
    }

    async fn drop_form(&mut self, staff: &StaffId) -> Result<bool, StoreError> {
        self.changed(&DROP_FORM, args![staff]).await
    }
}
