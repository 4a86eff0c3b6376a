//! Asking for one-time codes, sending them, trying them (money.md 3.7).
//!
//! Asking writes the same rows whatever the phone or home: the code itself is made when its phone
//! is known ([`arm`]), travels sealed in the outbox and is wiped there at delivery.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::attempts::{self, Guard, seconds_to_next_day};
use super::otp::{self, Act, Cause, LIFE_S, Otp, OtpPurpose, RESEND_S, Verdict, judge, wait_s};
use super::ports::Messenger;
use super::record::{Caller, Pen};
use super::secret::Secret;
use super::{AccountError, Accounts};
use crate::outbox::relay::{Deliver, Delivery};
use crate::outbox::{Claimed, Event, Lane};
use crate::shared::ids::{EventId, Maker, OtpId};
use crate::shared::money::Fen;
use crate::shared::personal::Phone;
use crate::shared::place;
use crate::shared::time::{Clock, Time};
use crate::store::{StoreError, Tx, atomically};

/// The outbox kind of a code on its way.
pub const SEND_CODE: &str = "accounts.send_code";

/// The one counter of what all codes cost.
const EVERYBODY: &str = "everybody";

/// What somebody who asked for a code is told: the same for any phone or home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodePromise {
    pub expires_in_s: i64,
    pub resend_after_s: i64,
}

/// The answer to every accepted request for a code.
pub const PROMISE: CodePromise = CodePromise {
    expires_in_s: LIFE_S,
    resend_after_s: RESEND_S,
};

/// Body of [`SEND_CODE`]. Not printable; sealed at rest.
#[derive(Serialize, Deserialize)]
struct SendCode {
    phone: String,
    code: String,
    purpose: String,
    expires_at: Time,
}

/// What codes by SMS may cost a day, all of them together: whoever gets past every other limit still
/// cannot spend more of the utility's money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    per_day: Fen,
    per_code: Fen,
}

impl Budget {
    /// A thousand yuan a day at five fen a code.
    pub const USUAL: Self = Self {
        per_day: Fen::new(100_000),
        per_code: Fen::new(5),
    };

    /// `None` unless both are above zero.
    #[must_use]
    pub fn new(per_day: Fen, per_code: Fen) -> Option<Self> {
        let sane = per_day.is_positive() && per_code.is_positive();
        sane.then_some(Self { per_day, per_code })
    }

    #[must_use]
    pub const fn codes_per_day(self) -> i64 {
        match self.per_day.get().checked_div(self.per_code.get()) {
            Some(codes) => codes,
            None => 0,
        }
    }

    /// How many of a day's codes somebody may have sent, all together: the last quarter is kept for the acts of
    /// people's own accounts, which strangers could else keep from everybody by spending it all.
    #[must_use]
    pub const fn codes_for(self, cause: Cause) -> i64 {
        let all = self.codes_per_day();
        match cause {
            Cause::Owner => all,
            Cause::Anybody | Cause::Password => all.saturating_sub(all.div_euclid(4)),
        }
    }
}

/// The ids and the code of one request, made before the unit of work.
#[derive(Clone)]
pub struct CodeDraft {
    budget: Budget,
    pub otp_id: OtpId,
    code: Secret,
    event_id: EventId,
    pub now: Time,
}

impl std::fmt::Debug for CodeDraft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeDraft")
    }
}

impl CodeDraft {
    #[must_use]
    pub fn ready(maker: &Maker<'_>, budget: Budget) -> Self {
        Self {
            budget,
            otp_id: maker.id(),
            code: Secret::new(maker.six_digits()),
            event_id: maker.id(),
            now: maker.now(),
        }
    }
}

/// Opens a code for an act, without a phone yet. Waits and daily numbers are the asker's own, so
/// they say nothing about anybody else.
pub async fn ask(
    tx: &mut Tx,
    caller: &Caller,
    purpose: OtpPurpose,
    act: &Act,
    draft: &CodeDraft,
) -> Result<Otp, AccountError> {
    let now = draft.now;
    let last = tx
        .accounts()
        .newest_otp(&caller.family_id, purpose, act)
        .await?;
    let retry_after_s = wait_s(last.as_ref(), now);
    if retry_after_s > 0 {
        return Err(AccountError::CodeTooSoon { retry_after_s });
    }
    let account = caller.account_id.as_str();
    let asking = Guard::of_asking(purpose.cause());
    let by_account = attempts::within_all(tx, asking, account, now).await?;
    let from_place = match place::outside(&caller.source) {
        Some(at) => {
            let shares = Guard::of_place(purpose.cause());
            attempts::within_all(tx, shares, &at.to_string(), now).await?
        }
        None => true,
    };
    let sent = attempts::so_far(tx, Guard::CodesOfDay, EVERYBODY, now).await?;
    let affordable = sent < draft.budget.codes_for(purpose.cause());
    if !affordable {
        tracing::error!(sent, "accounts.codes.budget_is_used_up");
    }
    if !(by_account && from_place && affordable) {
        return Err(AccountError::TooManyCodes {
            retry_after_s: seconds_to_next_day(now),
        });
    }
    let otp = Otp {
        otp_id: draft.otp_id.clone(),
        account_id: caller.account_id.clone(),
        session_id: caller.family_id.clone(),
        purpose,
        phone_key: None,
        tries: 0,
        asked_at: now,
        expires_at: now.plus_seconds(otp::LIFE_S),
        spent_at: None,
        version: 1,
    };
    tx.accounts().add_otp(&otp, act).await?;
    Ok(otp)
}

/// Gives an asked code its phone and sends it, unless the phone has had its share of the day:
/// then nothing is sent and the asker sees no difference. What anybody can cause stops at half of the day, so
/// that no stranger keeps the phone's owner from paying or leaving.
pub async fn arm(
    tx: &mut Tx,
    otp: &OtpId,
    purpose: OtpPurpose,
    expires_at: Time,
    phone: &Phone,
    draft: &CodeDraft,
    trace_id: &str,
) -> Result<(), AccountError> {
    let shares = Guard::of_codes(purpose.cause());
    if !attempts::within_all(tx, shares, phone.expose(), draft.now).await? {
        return Ok(());
    }
    let spent = attempts::so_far(tx, Guard::CodesOfDay, EVERYBODY, draft.now).await?;
    if spent >= draft.budget.codes_for(purpose.cause()) {
        return Ok(());
    }
    if !tx.accounts().arm_otp(otp, phone, &draft.code).await? {
        return Ok(());
    }
    attempts::count(tx, Guard::CodesOfDay, EVERYBODY, draft.now).await?;
    let body = SendCode {
        phone: phone.expose().to_owned(),
        code: draft.code.expose().to_owned(),
        purpose: purpose.as_str().to_owned(),
        expires_at,
    };
    let body = serde_json::to_string(&body).map_err(|_| StoreError::Corrupt {
        table: "outbox",
        column: "body",
    })?;
    let event = Event {
        event_id: draft.event_id.clone(),
        kind: SEND_CODE.to_owned(),
        ordering_key: format!("otp:{otp}"),
        body,
        trace_id: trace_id.to_owned(),
        created_at: draft.now,
        available_at: draft.now,
        money: false,
        lane: Lane::Urgent,
    };
    tx.outbox().add(&event).await?;
    Ok(())
}

/// Asks a code for an act of the caller's, and sends it to their own phone.
pub async fn ask_own(
    tx: &mut Tx,
    caller: &Caller,
    purpose: OtpPurpose,
    act: &Act,
    draft: &CodeDraft,
    pen: &Pen,
) -> Result<(), AccountError> {
    let phone = super::verified_phone_in(tx, &caller.account_id).await?;
    let phone = phone.ok_or(AccountError::PhoneMissing)?;
    let otp = ask(tx, caller, purpose, act, draft).await?;
    let (id, ends, trace) = (&otp.otp_id, otp.expires_at, &caller.trace_id);
    arm(tx, id, purpose, ends, &phone, draft, trace).await?;
    pen.audit(tx, &caller.actor(), "accounts.ask_code", id.as_str(), "ok")
        .await?;
    Ok(())
}

/// Tries a typed code for an act and counts the try; the caller commits in every case.
pub async fn try_code(
    tx: &mut Tx,
    caller: &Caller,
    purpose: OtpPurpose,
    act: &Act,
    typed: &Secret,
    now: Time,
) -> Result<Verdict, StoreError> {
    let Some(otp) = tx
        .accounts()
        .newest_otp(&caller.family_id, purpose, act)
        .await?
    else {
        return Ok(Verdict::Refused);
    };
    try_otp(tx, otp, typed, now).await
}

/// Tries a typed code against one that was asked for, and counts the try.
pub(super) async fn try_otp(
    tx: &mut Tx,
    otp: Otp,
    typed: &Secret,
    now: Time,
) -> Result<Verdict, StoreError> {
    let matches = tx.accounts().otp_matches(&otp.otp_id, typed).await?;
    let shares = Guard::of_tries(otp.purpose.cause());
    let tried_out = match &otp.phone_key {
        Some(phone) if !matches => !attempts::within_all(tx, shares, phone, now).await?,
        Some(phone) => attempts::over_full(tx, shares, phone, now).await?,
        None => false,
    };
    let (otp, verdict) = judge(otp, matches, tried_out, now);
    tx.accounts().save_otp(&otp).await?;
    Ok(verdict)
}

impl Accounts {
    /// Sends a code to a phone the caller wants to make theirs. The answer is the same for any phone.
    pub async fn ask_phone_code(
        &self,
        caller: &Caller,
        phone: &Phone,
    ) -> Result<CodePromise, AccountError> {
        let maker = self.maker();
        let (draft, pen) = (CodeDraft::ready(&maker, self.budget), Pen::ready(&maker));
        let (purpose, act) = (OtpPurpose::VerifyPhone, Act::on("phone", phone.expose()));
        atomically(&*self.store, async |tx: &mut Tx| {
            let otp = ask(tx, caller, purpose, &act, &draft).await?;
            let ends = otp.expires_at;
            arm(
                tx,
                &otp.otp_id,
                purpose,
                ends,
                phone,
                &draft,
                &caller.trace_id,
            )
            .await?;
            let subject = otp.otp_id.as_str();
            pen.audit(tx, &caller.actor(), "accounts.ask_code", subject, "ok")
                .await?;
            Ok::<_, AccountError>(())
        })
        .await?;
        Ok(PROMISE)
    }
}

/// Delivers [`SEND_CODE`] events.
pub struct CodeCarrier {
    messenger: Arc<dyn Messenger>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for CodeCarrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeCarrier")
    }
}

impl CodeCarrier {
    #[must_use]
    pub fn new(messenger: Arc<dyn Messenger>, clock: Arc<dyn Clock>) -> Self {
        Self { messenger, clock }
    }
}

#[async_trait]
impl Deliver for CodeCarrier {
    fn kinds(&self) -> &'static [&'static str] {
        &[SEND_CODE]
    }

    /// Hands the code to the messenger, which knows a repeat by the event's id. A code that is over
    /// is no longer worth sending.
    async fn deliver(&self, claimed: &Claimed) -> Delivery {
        let event = &claimed.event;
        let Ok(body) = serde_json::from_str::<SendCode>(&event.body) else {
            return Delivery::Never {
                reason: "unreadable_body",
            };
        };
        if body.expires_at <= self.clock.now() {
            return Delivery::Done;
        }
        let phone = Phone::from_store(body.phone);
        let id = event.event_id.as_str();
        match self
            .messenger
            .send_code(id, &phone, &body.code, &body.purpose)
            .await
        {
            Ok(()) => Delivery::Done,
            Err(_) => Delivery::Again {
                reason: "messenger_gave_no_answer",
            },
        }
    }
}
