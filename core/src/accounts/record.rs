//! The record of an act: its evidence line, its audit line, and the case it may open, drawn before
//! the unit of work so that a unit that runs twice writes the same ones.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::audit::Line;
use crate::cases::{Case, CaseKind};
use crate::evidence::{Act, NotCanonical, canonical};
use crate::shared::ids::{AccountId, CaseId, EvidenceId, Maker, SessionId, TypedId};
use crate::shared::time::Time;
use crate::store::{StoreError, Tx};

/// A signed-in person behind a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub account_id: AccountId,
    pub session_id: SessionId,
    /// The device, whatever id its session has now: codes, offers and pay tickets are bound to it.
    pub family_id: SessionId,
    /// The network address as the edge saw it, or empty.
    pub source: String,
    pub trace_id: String,
}

/// Somebody not yet signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// What the device says about itself (User-Agent); only its digest is kept.
    pub agent: String,
    pub source: String,
    pub trace_id: String,
}

/// Who acts, for the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub name: String,
    pub source: String,
    pub trace_id: String,
}

impl Actor {
    #[must_use]
    pub fn account(id: &AccountId, source: &str, trace_id: &str) -> Self {
        Self {
            name: format!("account:{id}"),
            source: source.to_owned(),
            trace_id: trace_id.to_owned(),
        }
    }

    /// Nobody's tap: a timed task.
    #[must_use]
    pub fn job(task: &str, maker: &Maker<'_>) -> Self {
        Self {
            name: format!("job:{task}"),
            source: String::new(),
            trace_id: maker.uuid().replace('-', ""),
        }
    }
}

impl Caller {
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::account(&self.account_id, &self.source, &self.trace_id)
    }
}

/// Why an act could not be recorded; the act then does not happen.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error(transparent)]
    NotCanonical(#[from] NotCanonical),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Ids and salt for one record, made before the unit of work.
#[derive(Clone)]
pub struct Pen {
    evidence_id: EvidenceId,
    audit_id: String,
    case_id: CaseId,
    salt: [u8; 16],
    /// What further ids are derived from; of its own, because salts are shown to those they concern.
    seed: [u8; 32],
    pub now: Time,
}

impl std::fmt::Debug for Pen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pen")
    }
}

impl Pen {
    #[must_use]
    pub fn ready(maker: &Maker<'_>) -> Self {
        let mut salt = [0_u8; 16];
        maker.entropy.fill(&mut salt);
        let mut seed = [0_u8; 32];
        maker.entropy.fill(&mut seed);
        Self {
            evidence_id: maker.id(),
            audit_id: maker.uuid(),
            case_id: maker.id(),
            salt,
            seed,
            now: maker.now(),
        }
    }

    /// A further pen for one thing of many that a unit may find: the same one whenever the unit
    /// runs again. What it is for names it within this pen.
    #[must_use]
    pub fn also_for(&self, what: &str) -> Self {
        let salted = self.derived("salt", what);
        let mut salt = [0_u8; 16];
        for (byte, from) in salt.iter_mut().zip(salted) {
            *byte = from;
        }
        Self {
            evidence_id: self.id("evidence", what),
            audit_id: self.uuid("audit", what),
            case_id: self.id("case", what),
            salt,
            seed: self.derived("seed", what),
            now: self.now,
        }
    }

    /// An id for one thing of many, the same whenever the unit runs again.
    #[must_use]
    pub fn id<T: TypedId>(&self, label: &str, what: &str) -> T {
        T::made(self.uuid(label, what))
    }

    fn uuid(&self, label: &str, what: &str) -> String {
        let millis = self.now.micros().max(0).unsigned_abs().div_euclid(1000);
        let [a, b, c, d, e, f, g, h, i, j, ..] = self.derived(label, what);
        uuid::Builder::from_unix_timestamp_millis(millis, &[a, b, c, d, e, f, g, h, i, j])
            .into_uuid()
            .hyphenated()
            .to_string()
    }

    fn derived(&self, label: &str, what: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(label.as_bytes());
        hash.update([0]);
        hash.update(what.as_bytes());
        hash.finalize().into()
    }

    /// One audit line: `outcome` is `ok` or a problem code.
    pub async fn audit(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        act: &str,
        subject: &str,
        outcome: &str,
    ) -> Result<(), StoreError> {
        let line = Line {
            audit_id: self.audit_id.clone(),
            at: self.now,
            actor: actor.name.clone(),
            act: act.to_owned(),
            subject: subject.to_owned(),
            outcome: outcome.to_owned(),
            source: actor.source.clone(),
            trace_id: actor.trace_id.clone(),
        };
        tx.audit().append(&line).await
    }

    /// One evidence line and its audit line.
    pub async fn prove(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        kind: &str,
        subject: &str,
        act: Act,
    ) -> Result<(), RecordError> {
        let entry = act.into_entry(
            self.evidence_id.clone(),
            kind,
            self.now,
            self.now,
            self.salt,
        )?;
        tx.evidence().append(&entry).await?;
        self.audit(tx, actor, kind, subject, "ok").await?;
        Ok(())
    }

    /// Opens a case, once per cause.
    pub async fn open_case(
        &self,
        tx: &mut Tx,
        kind: CaseKind,
        cause: &str,
        subject: &str,
        facts: &Value,
        trace_id: &str,
    ) -> Result<bool, RecordError> {
        let case = Case {
            case_id: self.case_id.clone(),
            kind,
            cause: cause.to_owned(),
            subject: subject.to_owned(),
            facts: canonical::render(facts)?,
            opened_at: self.now,
            trace_id: trace_id.to_owned(),
            closed_at: None,
        };
        Ok(tx.cases().open(&case).await?)
    }
}
