//! Signing in and staying: password and code, a session, and a line of the audit for every try.

use std::sync::Arc;

use super::error::OperatorError;
use super::right::Right;
use super::session::Session;
use super::staff::{Login, Staff};
use crate::accounts::attempts::{self, Guard};
use crate::accounts::passwords::{Password, PasswordHash, Passwords};
use crate::accounts::secret::Secret;
use crate::audit;
use crate::shared::ids::{Entropy, Maker, StaffSessionId};
use crate::shared::place;
use crate::shared::time::{Clock, Time};
use crate::store::{Store, Tx, atomically, snapshot};

/// The use cases of the console's people.
#[derive(Clone)]
pub struct Operators {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) passwords: Arc<dyn Passwords>,
}

impl std::fmt::Debug for Operators {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Operators")
    }
}

/// Who acts, from where, under which trace: what a line of the audit says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acting {
    pub staff: Staff,
    pub session_id: StaffSessionId,
    pub source: String,
    pub trace_id: String,
}

impl Acting {
    #[must_use]
    pub fn actor(&self) -> String {
        format!("staff:{}", self.staff.staff_id)
    }

    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        self.staff.may(right)
    }

    /// A line of the audit about what this person did; `audit_id` was made before the unit.
    #[must_use]
    pub fn line(
        &self,
        audit_id: String,
        at: Time,
        act: &str,
        subject: &str,
        outcome: &str,
    ) -> audit::Line {
        audit::Line {
            audit_id,
            at,
            actor: self.actor(),
            act: act.to_owned(),
            subject: subject.to_owned(),
            outcome: outcome.to_owned(),
            source: self.source.clone(),
            trace_id: self.trace_id.clone(),
        }
    }
}

/// A browser that got in: its secret and whose it is.
#[derive(Debug)]
pub struct Entered {
    pub token: Secret,
    pub staff: Staff,
}

/// What somebody shows to get in.
#[derive(Debug)]
pub struct Shown<'a> {
    pub login: &'a str,
    pub password: Password,
    pub code: &'a str,
}

/// Made before the unit, which may run twice.
#[derive(Clone)]
struct Made {
    now: Time,
    token: Secret,
    session: StaffSessionId,
    audit_id: String,
}

impl Operators {
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        passwords: Arc<dyn Passwords>,
    ) -> Self {
        Self {
            store,
            clock,
            entropy,
            passwords,
        }
    }

    pub(super) fn maker(&self) -> Maker<'_> {
        Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        }
    }

    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Lets a browser in by login, password and code. What was wrong is said to nobody but the audit.
    ///
    /// # Errors
    /// [`OperatorError::Refused`], or the store's or the hash's.
    pub async fn enter(
        &self,
        shown: Shown<'_>,
        source: &str,
        trace_id: &str,
    ) -> Result<Entered, OperatorError> {
        let maker = self.maker();
        let made = Made {
            now: maker.now(),
            token: Secret::new(maker.token()),
            session: maker.id(),
            audit_id: maker.uuid(),
        };
        let login = Login::parse(shown.login).ok();
        let found = match &login {
            Some(login) => {
                snapshot(&*self.store)
                    .await?
                    .operators()
                    .by_login(login)
                    .await?
            }
            None => None,
        };
        let kept = found.map(|staff| staff.password);
        let knows = self
            .passwords
            .verify(&shown.password, kept.as_ref())
            .await?;
        let attempt = Attempt {
            name: shown.login,
            login,
            fits: kept.filter(|_| knows),
            code: shown.code,
            source,
        };
        let (attempt, made) = (&attempt, &made);
        let entered = atomically(&*self.store, async |tx: &mut Tx| {
            let judged = admit(tx, attempt, made).await?;
            tx.audit()
                .append(&entry(&judged, made, source, trace_id))
                .await?;
            Ok::<_, OperatorError>(judged)
        })
        .await?;
        match entered {
            Judged::In(staff) => Ok(Entered {
                token: made.token.clone(),
                staff: *staff,
            }),
            Judged::Out { .. } => Err(OperatorError::Refused),
        }
    }

    /// Who is behind a browser's cookie now; nobody when the session is over or the person gone.
    ///
    /// # Errors
    /// The store's.
    pub async fn behind(&self, token: &Secret) -> Result<Option<(Staff, Session)>, OperatorError> {
        let now = self.clock.now();
        let (session, staff) = {
            let mut view = snapshot(&*self.store).await?;
            let Some(session) = view.operators().session(token).await? else {
                return Ok(None);
            };
            let staff = view.operators().find(&session.staff_id).await?;
            (session, staff)
        };
        let Some(staff) = staff.filter(|staff| staff.ended_at.is_none()) else {
            return Ok(None);
        };
        if !session.is_alive(now) {
            return Ok(None);
        }
        if session.is_to_be_noted(now) {
            let id = &session.session_id;
            let alive = atomically(&*self.store, async |tx: &mut Tx| {
                Ok::<_, OperatorError>(tx.operators().note_seen(id, now).await?)
            })
            .await?;
            if !alive {
                return Ok(None);
            }
        }
        Ok(Some((staff, session)))
    }

    /// Ends the session somebody is in; what was kept of theirs goes with it.
    ///
    /// # Errors
    /// The store's.
    pub async fn leave(&self, acting: &Acting) -> Result<(), OperatorError> {
        let maker = self.maker();
        let now = maker.now();
        let line = acting.line(
            maker.uuid(),
            now,
            "operators.leave",
            acting.session_id.as_str(),
            "ok",
        );
        let line = &line;
        atomically(&*self.store, async |tx: &mut Tx| {
            tx.operators().end_session(&acting.session_id, now).await?;
            tx.operators().drop_form(&acting.staff.staff_id).await?;
            tx.audit().append(line).await?;
            Ok::<_, OperatorError>(())
        })
        .await
    }

    /// Writes a line of the audit that belongs to no unit of its own: a look, a refusal at the edge.
    ///
    /// # Errors
    /// The store's.
    pub async fn note(
        &self,
        acting: &Acting,
        act: &str,
        subject: &str,
        outcome: &str,
    ) -> Result<(), OperatorError> {
        let maker = self.maker();
        let line = acting.line(maker.uuid(), maker.now(), act, subject, outcome);
        let line = &line;
        atomically(&*self.store, async |tx: &mut Tx| {
            tx.audit().append(line).await?;
            Ok::<_, OperatorError>(())
        })
        .await
    }
}

/// What was shown, and what came of it outside the unit.
struct Attempt<'a> {
    /// As it was typed.
    name: &'a str,
    /// None when nobody can have this name.
    login: Option<Login>,
    /// The kept password that the shown one is.
    fits: Option<PasswordHash>,
    code: &'a str,
    source: &'a str,
}

/// What became of a try.
enum Judged {
    In(Box<Staff>),
    Out { actor: String, why: &'static str },
}

/// Judges what was shown against the entry as it is now, and writes down what follows. A login that is nobody's,
/// or no longer somebody's, costs the work of a wrong password: the time it takes tells nobody who works here.
async fn admit(tx: &mut Tx, shown: &Attempt<'_>, made: &Made) -> Result<Judged, OperatorError> {
    let found = match &shown.login {
        Some(login) => tx.operators().by_login(login).await?,
        None => None,
    };
    let door = door_of(found.as_ref(), shown);
    let wrong = attempts::lately(tx, Guard::StaffFromPlace, &door, made.now).await?;
    let locked = wrong >= Guard::StaffFromPlace.most()
        || found
            .as_ref()
            .is_some_and(|staff| staff.is_locked(made.now));
    // The password was compared outside the unit: it counts only if it is still the same one.
    let knows = found.as_ref().is_some_and(|staff| {
        staff.ended_at.is_none() && shown.fits.as_ref() == Some(&staff.password)
    });
    if !locked && !knows {
        let name = made.session.as_str();
        attempts::note(tx, Guard::StaffFromPlace, &door, name, made.now).await?;
    }
    let Some(mut staff) = found else {
        return Ok(Judged::Out {
            actor: "staff:unknown".to_owned(),
            why: "unknown_login",
        });
    };
    let actor = format!("staff:{}", staff.staff_id);
    let out = |why| Judged::Out { actor, why };
    if staff.ended_at.is_some() {
        return Ok(out("ended"));
    }
    if locked {
        return Ok(out("locked"));
    }
    if !knows {
        return Ok(out("wrong_password"));
    }
    let Some(step) = staff.totp.step_of(shown.code, made.now, staff.totp_step) else {
        staff.fail(made.now);
        tx.operators().save(&staff).await?;
        return Ok(out("wrong_code"));
    };
    staff.succeed(step);
    tx.operators().save(&staff).await?;
    let session = Session {
        session_id: made.session.clone(),
        staff_id: staff.staff_id.clone(),
        opened_at: made.now,
        seen_at: made.now,
        ended_at: None,
    };
    tx.operators().add_session(&made.token, &session).await?;
    Ok(Judged::In(Box::new(staff)))
}

/// What wrong passwords for somebody are counted by: the place where they are tried, since that person last
/// showed a code. Who knows no password closes a colleague's login for nobody but themselves. What is nobody's
/// is counted by its name.
fn door_of(staff: Option<&Staff>, shown: &Attempt<'_>) -> String {
    let place = place::outside(shown.source);
    let place = place.map_or_else(|| shown.source.to_owned(), |at| at.to_string());
    match staff {
        Some(staff) => format!("{}|{place}|{}", staff.staff_id, staff.totp_step),
        None => format!("nobody {}|{place}|0", shown.name),
    }
}

fn entry(judged: &Judged, made: &Made, source: &str, trace_id: &str) -> audit::Line {
    let (actor, outcome) = match judged {
        Judged::In(staff) => (format!("staff:{}", staff.staff_id), "ok"),
        Judged::Out { actor, why } => (actor.clone(), *why),
    };
    audit::Line {
        audit_id: made.audit_id.clone(),
        at: made.now,
        subject: actor.clone(),
        actor,
        act: "operators.enter".to_owned(),
        outcome: outcome.to_owned(),
        source: source.to_owned(),
        trace_id: trace_id.to_owned(),
    }
}
