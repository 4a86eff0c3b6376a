//! Carrying requests to marketing, and bringing back what became of them.

use async_trait::async_trait;
use serde_json::json;

use super::events::{self, FILE, ToFile};
use super::filing::name_in;
use super::openings::{Clerk, applicant, certified_in};
use super::ports::{Applicant, OrderReport, WorkOrder};
use super::request::{Request, State};
use super::{RequestError, Requests};
use crate::accounts::{Actor, Pen};
use crate::cases::CaseKind;
use crate::evidence::Act;
use crate::jobs::runner::{Task, TaskFailure};
use crate::outbox::Claimed;
use crate::outbox::relay::{Deliver, Delivery};
use crate::shared::ids::{EventId, RequestId};
use crate::shared::time::Time;
use crate::store::{Tx, atomically, snapshot};

const EVERY_S: i64 = 60;
/// Orders of one page of a turn.
const PER_PAGE: i64 = 50;
/// Pages of one turn, and how long it may take; the next turn goes on.
const PAGES_MAX: usize = 200;
const TURN_S: i64 = 30;
/// An order is asked about often while it is young, then hourly.
const YOUNG_S: i64 = 3_600;

fn pause_s(request: &Request, now: Time) -> i64 {
    if now.seconds_since(request.filed_at) < YOUNG_S {
        60
    } else {
        3_600
    }
}

fn order(request: &Request, applicant: Option<Applicant>) -> WorkOrder {
    WorkOrder {
        request_no: request.request_id.as_str().to_owned(),
        kind: request.kind,
        text: request.letter.text.clone(),
        place: request.letter.place.clone(),
        consumer_no: request.letter.consumer_no(),
        payment_id: request.payment_id.clone(),
        anonymous: request.anonymous,
        applicant,
        filed_at: request.filed_at,
    }
}

impl Requests {
    /// Hands one request to marketing, unless it is there.
    async fn carry(&self, event: &ToFile) -> Result<Delivery, RequestError> {
        let mut view = snapshot(&*self.store).await?;
        let (account, id) = (&event.account_id, &event.request_id);
        let found = view.requests().find(account, id).await?;
        // Gone with its person, carried already, or not to be carried.
        let Some(request) = found.filter(Request::is_on_its_way) else {
            return Ok(Delivery::Done);
        };
        let applicant = if request.kind.is_checked_here() {
            let Some(applicant) = applicant(&mut view, account).await? else {
                drop(view);
                return self.decline(&request).await;
            };
            Some(applicant)
        } else {
            None
        };
        drop(view);
        match self.orders.file(&order(&request, applicant)).await {
            Ok(report) => {
                self.note(&request, &report).await?;
                Ok(Delivery::Done)
            }
            Err(why) => {
                tracing::warn!(%why, "requests.file.no_answer");
                let reason = "marketing_gave_no_answer";
                Ok(Delivery::Again { reason })
            }
        }
    }

    /// Declines an admitted application of somebody who is certified no more, or has no phone: nobody can
    /// be opened as a user.
    async fn decline(&self, seen: &Request) -> Result<Delivery, RequestError> {
        let maker = self.maker();
        let actor = Actor::job("requests.follow", &maker);
        let (pen, event_id): (Pen, EventId) = (Pen::ready(&maker), maker.id());
        let (account, id) = (&seen.account_id, &seen.request_id);
        let ended = atomically(&*self.store, async |tx: &mut Tx| {
            let found = tx.requests().find(account, id).await?;
            let Some(mut request) = found.filter(Request::is_on_its_way) else {
                return Ok::<_, RequestError>(true);
            };
            match certified_in(tx, account).await {
                Err(RequestError::RealNameRequired | RequestError::PhoneRequired) => {}
                Err(error) => return Err(error),
                // Certified anew at this very moment.
                Ok(()) => return Ok(false),
            }
            request.next_at = None;
            let clerk = Clerk {
                pen: &pen,
                actor: &actor,
            };
            moved_in(tx, &clerk, &event_id, &mut request, State::Declined).await?;
            tx.requests().save(&request).await?;
            Ok(true)
        })
        .await?;
        let reason = "certified_meanwhile";
        Ok(if ended {
            Delivery::Done
        } else {
            Delivery::Again { reason }
        })
    }

    /// Asks about every order that is due, and hands over anew what has not arrived; how many moved on.
    pub async fn follow(&self, now: Time) -> Result<usize, RequestError> {
        let began = self.maker().now();
        let mut moved = 0_usize;
        let mut before: Option<RequestId> = None;
        for _ in 0..PAGES_MAX {
            let mut view = snapshot(&*self.store).await?;
            let due = view.requests().due(now, PER_PAGE).await?;
            drop(view);
            let last = due.last().map(|request| request.request_id.clone());
            let is_last = i64::try_from(due.len()).unwrap_or(PER_PAGE) < PER_PAGE;
            // What is as due as before its turn is not read for ever.
            if last == before {
                break;
            }
            let (more, is_silent) = self.follow_page(due, now).await?;
            moved = moved.saturating_add(more);
            let is_over = self.maker().now().seconds_since(began) >= TURN_S;
            // A marketing that is silent is asked again at the next turn.
            if is_last || is_silent || is_over {
                break;
            }
            before = last;
        }
        Ok(moved)
    }

    /// How many of these moved on, and whether marketing answered none of the questions about them.
    async fn follow_page(
        &self,
        due: Vec<Request>,
        now: Time,
    ) -> Result<(usize, bool), RequestError> {
        let mut moved = 0_usize;
        let (mut is_asked, mut is_answered) = (false, false);
        for request in due {
            let Some(order_no) = request.order_no.as_deref() else {
                self.again(&request).await?;
                continue;
            };
            is_asked = true;
            let report = match self.orders.look(order_no).await {
                Ok(report) => report,
                Err(why) => {
                    tracing::warn!(%why, "requests.look.no_answer");
                    self.rest(&request, now).await?;
                    continue;
                }
            };
            is_answered = true;
            if self.note(&request, &report).await? {
                moved = moved.saturating_add(1);
            }
        }
        Ok((moved, is_asked && !is_answered))
    }

    /// What marketing said, on record; the person is told when it is something new.
    async fn note(&self, seen: &Request, report: &OrderReport) -> Result<bool, RequestError> {
        let maker = self.maker();
        let actor = Actor::job("requests.follow", &maker);
        let (pen, event_id): (Pen, EventId) = (Pen::ready(&maker), maker.id());
        let (account, id) = (&seen.account_id, &seen.request_id);
        atomically(&*self.store, async |tx: &mut Tx| {
            let Some(mut request) = tx.requests().find(account, id).await? else {
                return Ok(false);
            };
            request.order_no = Some(report.order_no.clone());
            let next = request.state.after(report.state);
            let state = next.unwrap_or(request.state);
            request.next_at =
                (!state.is_final()).then(|| pen.now.plus_seconds(pause_s(&request, pen.now)));
            if let Some(state) = next {
                let clerk = Clerk {
                    pen: &pen,
                    actor: &actor,
                };
                moved_in(tx, &clerk, &event_id, &mut request, state).await?;
            }
            tx.requests().save(&request).await?;
            Ok(next.is_some())
        })
        .await
    }

    /// Puts one that has not reached marketing on its way anew; once it is late staff are told, once. A
    /// repeat is harmless: marketing knows the request by its number.
    async fn again(&self, seen: &Request) -> Result<(), RequestError> {
        let maker = self.maker();
        let actor = Actor::job("requests.follow", &maker);
        let (pen, event_id): (Pen, EventId) = (Pen::ready(&maker), maker.id());
        let (account, id) = (&seen.account_id, &seen.request_id);
        atomically(&*self.store, async |tx: &mut Tx| {
            let found = tx.requests().find(account, id).await?;
            let is_due = |request: &Request| {
                request.is_on_its_way() && request.next_at.is_some_and(|at| at <= pen.now)
            };
            let Some(mut request) = found.filter(is_due) else {
                return Ok(());
            };
            request.next_at = Some(request.again_at(pen.now));
            let when = (pen.now, actor.trace_id.as_str());
            let event = events::to_file(event_id.clone(), &request, when)?;
            tx.requests().save(&request).await?;
            tx.outbox().add(&event).await?;
            if request.is_late(pen.now) {
                let mut facts =
                    json!({ "kind": request.kind.as_str(), "what": "not_at_marketing" });
                name_in(&mut facts, &request);
                let (kind, subject) = (CaseKind::ServiceRequest, id.as_str());
                let cause = format!("requests:{id}:late");
                pen.open_case(tx, kind, &cause, subject, &facts, &actor.trace_id)
                    .await?;
            }
            Ok(())
        })
        .await
    }

    /// One of which marketing said nothing waits for its next turn, unless it has another one meanwhile.
    async fn rest(&self, seen: &Request, now: Time) -> Result<(), RequestError> {
        let (account, id) = (&seen.account_id, &seen.request_id);
        atomically(&*self.store, async |tx: &mut Tx| {
            let found = tx.requests().find(account, id).await?;
            let is_due = |request: &Request| request.next_at.is_some_and(|at| at <= now);
            let Some(mut request) = found.filter(is_due) else {
                return Ok(());
            };
            request.next_at = Some(now.plus_seconds(pause_s(&request, now)));
            Ok(tx.requests().save(&request).await?)
        })
        .await
    }
}

/// Writes that a request has come so far, and has its person told. The row itself is the caller's to save.
async fn moved_in(
    tx: &mut Tx,
    clerk: &Clerk<'_>,
    event_id: &EventId,
    request: &mut Request,
    state: State,
) -> Result<(), RequestError> {
    let (pen, actor) = (clerk.pen, clerk.actor);
    request.state = state;
    request.moved_at = pen.now;
    let when = (pen.now, actor.trace_id.as_str());
    let told = events::moved(event_id.clone(), request, state, when)?;
    tx.outbox().add(&told).await?;
    let id = request.request_id.as_str();
    let act = Act::new()
        .say("request_id", id)
        .say("state", state.as_str());
    pen.prove(tx, actor, "requests.moved", id, act).await?;
    Ok(())
}

#[async_trait]
impl Deliver for Requests {
    fn kinds(&self) -> &'static [&'static str] {
        &[FILE]
    }

    async fn deliver(&self, claimed: &Claimed) -> Delivery {
        let Ok(event) = serde_json::from_str::<ToFile>(&claimed.event.body) else {
            return Delivery::Never {
                reason: "unreadable_body",
            };
        };
        match self.carry(&event).await {
            Ok(delivery) => delivery,
            Err(error) => {
                tracing::warn!(%error, "requests.file.failed");
                Delivery::Again { reason: "store" }
            }
        }
    }
}

/// The timed task that asks how far orders have come.
#[derive(Debug, Clone)]
pub struct Follow(pub Requests);

#[async_trait]
impl Task for Follow {
    fn name(&self) -> &'static str {
        "requests.follow"
    }

    fn every_s(&self) -> i64 {
        EVERY_S
    }

    async fn run(&self, now: Time) -> Result<(), TaskFailure> {
        let followed = self.0.follow(now).await;
        followed.map(drop).map_err(TaskFailure::store)
    }
}
