//! Applications for a new user of the utility (EC-20): checked by two persons of the staff, opened in
//! marketing as a work order, and told of like every request.

use super::RequestError;
use super::events;
use super::ports::Applicant;
use super::request::{Check, Ground, Kind, Request, State, Wish};
use crate::accounts::known::{known, known_in};
use crate::accounts::{Account, Actor, Pen, current, current_in};
use crate::evidence::Act;
use crate::shared::ids::{AccountId, EventId, Maker, RequestId};
use crate::store::{StoreError, Tx, View};

/// What two persons decided about an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Marketing is to open the user.
    Open,
    Refuse(Ground),
}

impl Verdict {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Refuse(ground) => ground.as_str(),
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "open" => Some(Self::Open),
            other => Ground::parse(other).map(Self::Refuse),
        }
    }
}

/// Who acts about an application, with what the unit writes of it.
#[derive(Debug)]
pub struct Clerk<'a> {
    pub pen: &'a Pen,
    pub actor: &'a Actor,
}

/// An application that staff write down for a customer who stands before them.
///
/// # Errors
/// [`RequestError::Faulty`].
pub fn at_the_counter(
    maker: &Maker<'_>,
    account: &AccountId,
    text: &str,
    place: &str,
) -> Result<Request, RequestError> {
    let wish = Wish {
        kind: Kind::NewUser,
        text: text.to_owned(),
        place: Some(place.to_owned()),
        anonymous: false,
        home: None,
        payment_id: None,
    };
    let faults = wish.faults();
    if !faults.is_empty() {
        return Err(RequestError::Faulty(faults));
    }
    let (id, now): (RequestId, _) = (maker.id(), maker.now());
    Ok(Request {
        account_id: account.clone(),
        kind: wish.kind,
        state: State::Filed,
        letter: wish.letter(),
        anonymous: false,
        binding_id: None,
        payment_id: None,
        order_no: None,
        check: Some(Check::Waiting),
        client_key: format!("counter:{id}"),
        fingerprint: "counter".to_owned(),
        filed_at: now,
        moved_at: now,
        next_at: None,
        version: 1,
        request_id: id,
    })
}

/// Puts an application of the counter on record.
///
/// # Errors
/// [`RequestError::RealNameRequired`], [`RequestError::PhoneRequired`], or the store's.
pub async fn apply_in(
    tx: &mut Tx,
    clerk: &Clerk<'_>,
    application: &Request,
) -> Result<(), RequestError> {
    certified_in(tx, &application.account_id).await?;
    tx.requests().add(application).await?;
    let act = Act::new()
        .say("request_id", application.request_id.as_str())
        .say("account_id", application.account_id.as_str())
        .say("kind", application.kind.as_str())
        .seal("text", &application.letter.text);
    let id = application.request_id.as_str();
    clerk
        .pen
        .prove(tx, clerk.actor, "requests.file", id, act)
        .await?;
    Ok(())
}

/// Applications that wait for staff, the longest waiting first.
///
/// # Errors
/// The store's.
pub async fn waiting(
    view: &mut View,
    behind: Option<&RequestId>,
    limit: i64,
) -> Result<Vec<Request>, StoreError> {
    view.requests().waiting(behind, limit).await
}

/// An application of somebody's; whatever else they asked is none.
///
/// # Errors
/// The store's.
pub async fn application(
    view: &mut View,
    account: &AccountId,
    id: &RequestId,
) -> Result<Option<Request>, StoreError> {
    let found = view.requests().find(account, id).await?;
    Ok(found.filter(|request| request.check.is_some()))
}

/// As [`application`], within a unit.
///
/// # Errors
/// The store's.
pub async fn application_in(
    tx: &mut Tx,
    account: &AccountId,
    id: &RequestId,
) -> Result<Option<Request>, StoreError> {
    let found = tx.requests().find(account, id).await?;
    Ok(found.filter(|request| request.check.is_some()))
}

/// Carries out what two persons decided about an application that waits: on its way to marketing, or
/// declined. The person is told of a refusal here; of the rest when marketing answers.
///
/// # Errors
/// [`RequestError::RealNameRequired`] or [`RequestError::PhoneRequired`] when the person to be opened
/// is certified no more; the store's.
pub async fn decide_in(
    tx: &mut Tx,
    clerk: &Clerk<'_>,
    application: &Request,
    verdict: Verdict,
) -> Result<(), RequestError> {
    let (pen, actor) = (clerk.pen, clerk.actor);
    let id = application.request_id.as_str();
    let mut decided = application.clone();
    let event_id: EventId = pen.id("requests.decided", id);
    let event = match verdict {
        Verdict::Open => {
            certified_in(tx, &application.account_id).await?;
            decided.check = Some(Check::Admitted);
            decided.next_at = Some(decided.again_at(pen.now));
            events::to_file(event_id, &decided, (pen.now, &actor.trace_id))?
        }
        Verdict::Refuse(ground) => {
            decided.check = Some(Check::Refused(ground));
            decided.state = State::Declined;
            decided.moved_at = pen.now;
            let when = (pen.now, actor.trace_id.as_str());
            events::moved(event_id, &decided, State::Declined, when)?
        }
    };
    tx.requests().save(&decided).await?;
    tx.outbox().add(&event).await?;
    let act = Act::new()
        .say("request_id", id)
        .say("verdict", verdict.as_str());
    pen.prove(tx, actor, "requests.checked", id, act).await?;
    Ok(())
}

/// Only somebody certified, with a phone, can be opened as a user; whose account became part of another
/// is whom that one names.
pub(super) async fn certified_in(tx: &mut Tx, account: &AccountId) -> Result<(), RequestError> {
    let account = current_in(tx, account).await?;
    let account = known_in(tx, &account).await?;
    match account {
        Some(account) if account.real_name.is_none() => Err(RequestError::RealNameRequired),
        Some(account) if account.phone.is_none() => Err(RequestError::PhoneRequired),
        Some(_) => Ok(()),
        None => Err(RequestError::RealNameRequired),
    }
}

/// Who is to be opened; nobody when the person is gone or certified no more.
pub(super) async fn applicant(
    view: &mut View,
    account: &AccountId,
) -> Result<Option<Applicant>, StoreError> {
    let account = current(view, account).await?;
    let account: Option<Account> = known(view, &account).await?;
    Ok(account.and_then(|account| {
        let (real, phone) = (account.real_name?, account.phone?);
        Some(Applicant {
            name: real.name,
            id_no: real.id_no,
            phone: phone.number,
        })
    }))
}
