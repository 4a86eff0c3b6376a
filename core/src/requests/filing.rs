//! Putting a request on record, and showing a person their own.

use serde_json::{Value, json};

use super::openings::certified_in;
use super::request::{Check, Request, State, Wish};
use super::{RequestError, Requests, events};
use crate::accounts::attempts::{Guard, seconds_to_next_day, within};
use crate::accounts::{Caller, Pen};
use crate::cases::CaseKind;
use crate::evidence::Act;
use crate::shared::ids::{EventId, RequestId};
use crate::shared::page::{Page, Slice};
use crate::store::{StoreError, Tx, atomically, snapshot};

/// The client's key of a request, and what it was asked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyed {
    pub key: String,
    pub fingerprint: String,
}

impl Requests {
    /// Puts a request on record and on its way to marketing. The same key and body again answers the
    /// request that is there.
    pub async fn file(
        &self,
        caller: &Caller,
        keyed: &Keyed,
        wish: &Wish,
    ) -> Result<Request, RequestError> {
        let faults = wish.faults();
        if !faults.is_empty() {
            return Err(RequestError::Faulty(faults));
        }
        let maker = self.maker();
        let pen = Pen::ready(&maker);
        let (id, event_id): (RequestId, EventId) = (maker.id(), maker.id());
        let mut request = Request {
            request_id: id.clone(),
            account_id: caller.account_id.clone(),
            kind: wish.kind,
            state: State::Filed,
            letter: wish.letter(),
            anonymous: wish.anonymous,
            binding_id: wish.home.as_ref().map(|home| home.binding_id().clone()),
            payment_id: wish.payment_id.clone(),
            order_no: None,
            check: wish.kind.is_checked_here().then_some(Check::Waiting),
            client_key: keyed.key.clone(),
            fingerprint: keyed.fingerprint.clone(),
            filed_at: pen.now,
            moved_at: pen.now,
            next_at: None,
            version: 1,
        };
        if request.is_on_its_way() {
            request.next_at = Some(request.again_at(pen.now));
        }
        let event = events::to_file(event_id, &request, (pen.now, &caller.trace_id))?;
        let filed = atomically(&*self.store, async |tx: &mut Tx| {
            let account = &request.account_id;
            if let Some(there) = tx.requests().find_keyed(account, &keyed.key).await? {
                return repeated(there, &request);
            }
            if !within(tx, Guard::Requests, account.as_str(), pen.now).await? {
                let retry_after_s = seconds_to_next_day(pen.now);
                return Err(RequestError::TooMany { retry_after_s });
            }
            if request.kind.is_checked_here() {
                certified_in(tx, account).await?;
            }
            tx.requests().add(&request).await?;
            if request.is_on_its_way() {
                tx.outbox().add(&event).await?;
            }
            if request.kind.is_about_money() {
                let mut facts = json!({ "kind": request.kind.as_str() });
                name_in(&mut facts, &request);
                let (kind, subject) = (CaseKind::ServiceRequest, id.as_str());
                let cause = format!("requests:{id}");
                pen.open_case(tx, kind, &cause, subject, &facts, &caller.trace_id)
                    .await?;
            }
            let act = Act::new()
                .say("request_id", id.as_str())
                .say("account_id", account.as_str())
                .say("kind", request.kind.as_str())
                .seal("text", &request.letter.text);
            pen.prove(tx, &caller.actor(), "requests.file", id.as_str(), act)
                .await?;
            Ok(request.clone())
        })
        .await;
        match filed {
            // The same tap came twice at once: the other one is on record now.
            Err(RequestError::Store(StoreError::Duplicate(_))) => {
                let mut view = snapshot(&*self.store).await?;
                let account = &caller.account_id;
                let there = view.requests().find_keyed(account, &keyed.key).await?;
                there.map_or(Err(StoreError::Conflict.into()), |there| {
                    repeated(there, &request)
                })
            }
            filed => filed,
        }
    }

    /// The caller's own requests, newest first.
    pub async fn list(&self, caller: &Caller, page: &Page) -> Result<Slice<Request>, RequestError> {
        let mut view = snapshot(&*self.store).await?;
        let rows = view.requests().list(&caller.account_id, page).await?;
        let key = |request: &Request| request.request_id.as_str().to_owned();
        Ok(Slice::cut(rows, page, key))
    }
}

/// Names in the facts of a case which payment and which home a request is about: none of a report without a name.
pub(super) fn name_in(facts: &mut Value, request: &Request) {
    let Some(facts) = facts.as_object_mut().filter(|_| !request.anonymous) else {
        return;
    };
    if let Some(id) = &request.payment_id {
        facts.insert("payment_id".to_owned(), json!(id.as_str()));
    }
    if let Some(id) = &request.binding_id {
        facts.insert("binding_id".to_owned(), json!(id.as_str()));
    }
}

fn repeated(there: Request, asked: &Request) -> Result<Request, RequestError> {
    if there.fingerprint == asked.fingerprint {
        return Ok(there);
    }
    let fields = [
        ("kind", there.kind == asked.kind),
        ("text", there.letter.text == asked.letter.text),
        ("place", there.letter.place == asked.letter.place),
        ("anonymous", there.anonymous == asked.anonymous),
        ("binding_id", there.binding_id == asked.binding_id),
        ("payment_id", there.payment_id == asked.payment_id),
    ];
    let differing = fields.iter().find(|(_, same)| !same);
    let field = differing.map_or("body", |(name, _)| *name);
    Err(RequestError::KeyReused { field })
}
