//! A code to the phone in a home's archive.
//!
//! Asking only writes rows, the same for every number; the archive is asked afterwards, on the
//! outbox's time, so neither the answer nor its delay tells whether the number exists.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::Bindings;
use super::error::BindingError;
use super::filling::FILL_ARCHIVE;
use crate::accounts::codes::{CodeDraft, CodePromise, PROMISE, arm, ask};
use crate::accounts::otp::{Act, OtpPurpose};
use crate::accounts::{AccountError, Caller, Pen, Secret, watch};
use crate::bans;
use crate::outbox::relay::{Deliver, Delivery};
use crate::outbox::{Claimed, Event, Lane};
use crate::shared::ids::{AccountId, EventId, OtpId, SessionId};
use crate::shared::personal::{ConsumerNo, Phone};
use crate::shared::time::Time;
use crate::store::{StoreError, Tx, atomically, snapshot};

/// The outbox kind of a code whose phone is not found yet.
pub const FIND_PHONE: &str = "bindings.find_phone";

/// Which home the code is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeFor {
    /// A typed number.
    Number(ConsumerNo),
    /// A home offered by a match (level ID_ONLY).
    Offered(Secret),
}

impl CodeFor {
    fn act(&self) -> Act {
        match self {
            Self::Number(number) => Act::on("consumer", number.expose()),
            Self::Offered(token) => Act::on("match", token.expose()),
        }
    }
}

/// Body of [`FIND_PHONE`]. Not printable; sealed at rest.
#[derive(Serialize, Deserialize)]
struct FindPhone {
    otp_id: OtpId,
    account_id: AccountId,
    #[serde(alias = "session_id")]
    family_id: SessionId,
    home: Home,
    expires_at: Time,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Home {
    Number(String),
    Offered(String),
}

impl Bindings {
    /// Sends a code to the phone the archive has for a home. The answer is the same for any home.
    pub async fn ask_home_code(
        &self,
        caller: &Caller,
        home: &CodeFor,
    ) -> Result<CodePromise, BindingError> {
        let maker = self.maker();
        let (draft, pen) = (
            CodeDraft::ready(&maker, self.rules.code_budget),
            Pen::ready(&maker),
        );
        let event_id: EventId = maker.id();
        let act = home.act();
        let watching = bans::Draft::ready(&maker);
        atomically(&*self.store, async |tx: &mut Tx| {
            if let CodeFor::Number(number) = home
                && let Some(out) = watch::home(tx, caller.into(), number, &watching).await?
            {
                return Ok::<_, BindingError>(Err(out));
            }
            let otp = ask(tx, caller, OtpPurpose::Bind, &act, &draft).await?;
            let body = FindPhone {
                otp_id: otp.otp_id.clone(),
                account_id: caller.account_id.clone(),
                family_id: caller.family_id.clone(),
                home: match home {
                    CodeFor::Number(number) => Home::Number(number.expose().to_owned()),
                    CodeFor::Offered(token) => Home::Offered(token.expose().to_owned()),
                },
                expires_at: otp.expires_at,
            };
            let event = event(&event_id, &body, draft.now, &caller.trace_id)?;
            tx.outbox().add(&event).await?;
            let subject = otp.otp_id.as_str();
            pen.audit(tx, &caller.actor(), "bindings.ask_code", subject, "ok")
                .await?;
            Ok(Ok(()))
        })
        .await?
        .map_err(AccountError::from)?;
        Ok(PROMISE)
    }

    /// Finds the phone and puts the code on its way.
    async fn find_phone(&self, event: &Event) -> Result<Delivery, BindingError> {
        let Ok(body) = serde_json::from_str::<FindPhone>(&event.body) else {
            return Ok(Delivery::Never {
                reason: "unreadable_body",
            });
        };
        let maker = self.maker();
        let draft = CodeDraft::ready(&maker, self.rules.code_budget);
        if body.expires_at <= draft.now {
            return Ok(Delivery::Done);
        }
        let phone = match self.archived_phone(&body, draft.now).await {
            Ok(phone) => phone,
            Err(BindingError::CannotConfirm) => return Ok(Delivery::Done),
            Err(error) => return Err(error),
        };
        atomically(&*self.store, async |tx: &mut Tx| {
            let (otp, trace) = (&body.otp_id, &event.trace_id);
            arm(
                tx,
                otp,
                OtpPurpose::Bind,
                body.expires_at,
                &phone,
                &draft,
                trace,
            )
            .await?;
            Ok::<_, BindingError>(())
        })
        .await?;
        Ok(Delivery::Done)
    }

    async fn archived_phone(&self, body: &FindPhone, now: Time) -> Result<Phone, BindingError> {
        let number = match &body.home {
            Home::Number(number) => ConsumerNo::from_store(number.clone()),
            Home::Offered(token) => {
                let token = Secret::new(token.clone());
                let mut view = snapshot(&*self.store).await?;
                let found = view.bindings().offered(&token).await?;
                drop(view);
                let asker = Caller {
                    account_id: body.account_id.clone(),
                    session_id: body.family_id.clone(),
                    family_id: body.family_id.clone(),
                    source: String::new(),
                    trace_id: String::new(),
                };
                let row = found.filter(|row| row.is_for(&asker, now));
                let row = row.ok_or(BindingError::CannotConfirm)?;
                self.verified(&token, row).await?.1.consumer_no
            }
        };
        let phone = self.phone_on_file(&number).await?;
        phone.ok_or(BindingError::CannotConfirm)
    }
}

#[async_trait]
impl Deliver for Bindings {
    fn kinds(&self) -> &'static [&'static str] {
        &[FIND_PHONE, FILL_ARCHIVE]
    }

    async fn deliver(&self, claimed: &Claimed) -> Delivery {
        let event = &claimed.event;
        let delivered = if event.kind == FILL_ARCHIVE {
            self.carry_filling(event, claimed.attempts).await
        } else {
            self.find_phone(event).await
        };
        match delivered {
            Ok(delivery) => delivery,
            Err(BindingError::ArchiveUnavailable(_)) => Delivery::Again {
                reason: "archive_gave_no_answer",
            },
            Err(error) => {
                tracing::warn!(error = %error, event.kind = event.kind, "bindings.delivery.failed");
                Delivery::Again { reason: "store" }
            }
        }
    }
}

fn event(
    event_id: &EventId,
    body: &FindPhone,
    now: Time,
    trace_id: &str,
) -> Result<Event, StoreError> {
    let key = format!("otp:{}", body.otp_id);
    let event = Event::new(event_id.clone(), FIND_PHONE, key, body, now, trace_id)?;
    Ok(event.in_lane(Lane::Urgent))
}
