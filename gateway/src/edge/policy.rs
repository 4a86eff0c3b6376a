//! Every route states who may call it. A route cannot be registered without a [`Policy`]; what is
//! registered is compared with the OpenAPI at start, so neither can grow alone.

use std::sync::Arc;

use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue, USER_AGENT};
use actix_web::{Error, HttpMessage, HttpRequest, web};
use lifeline_core::accounts::{Accounts, Deed, Terminal};
use lifeline_core::bans::Reason;

use super::bans::{Shut, address_of};
use super::body::Bare;
use super::by_browser;
use super::codes::Code;
use super::limits::{Asker, FORGERY_WEIGHT, Function, Judged, Limits};
use super::load::{Class, Load, Seat};
use super::principal::{SignedIn, door};
use super::problem::Problem;
use super::relay::Gate;
use super::shape::{self, Takes};
use super::switchboard::{Switchboard, refusal};
use super::together::{Places, Together};
use crate::listeners::outermost::Sources;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Anyone: sign-in itself, tickets that carry their own proof.
    Public,
    /// A valid access token.
    SignedIn,
    /// A valid access token whose session row was read now: money, binding, export, erase.
    FreshSession,
    /// As [`Policy::FreshSession`], and the owner showed themselves lately for this act.
    SteppedUp(Deed),
    /// A message from outside that proves itself by its own signature.
    SelfProving,
}

/// One registered route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub method: Method,
    /// `/v1/bindings/{binding_id}`
    pub path: &'static str,
    pub policy: Policy,
    /// What it takes for a body ([`super::shape`]).
    pub takes: Takes,
}

/// What a request's route demands of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Route {
    pub(super) path: &'static str,
    pub(super) policy: Policy,
    pub(super) takes: Takes,
    /// Whether it reads a query; else none may come.
    pub(super) queried: bool,
    pub(super) function: Function,
}

/// Lets a request through when its route's policy is met; one person's pace is limited here.
pub(super) async fn enforce<S>(
    mut req: ServiceRequest,
    route: Route,
    handler: &S,
) -> Result<ServiceResponse, Error>
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error>,
{
    let (answer, refused) = match let_in(&mut req, route).await {
        Ok(held) => {
            let answer = handler.call(req).await?;
            drop(held);
            let problem = answer.response().error();
            let problem = problem.and_then(|error| error.as_error::<Problem>());
            let refused = problem.map(Problem::code);
            (answer, refused)
        }
        Err(problem) => {
            // The answer carries the problem, as a handler's does: who counts it reads why.
            let code = problem.code();
            (req.error_response(problem), Some(code))
        }
    };
    let mut answer = by_browser::told(answer, route.path, refused);
    let headers = answer.headers_mut();
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(answer)
}

/// Lets a request in; where nothing is to be said, nothing was.
async fn let_in(req: &mut ServiceRequest, route: Route) -> Result<Held, Problem> {
    let held = seated(req, route).await?;
    if route.takes == Takes::Bare {
        req.extract::<Bare>().await?;
    }
    Ok(held)
}

/// Holds a request against its shape, finds it a seat, and admits who asks.
async fn seated(req: &ServiceRequest, route: Route) -> Result<Held, Problem> {
    let mut seat = None;
    let relayed = req.app_data::<web::Data<Gate>>().is_some();
    shape::head::check(req.head(), route.takes, relayed).map_err(shape::broken)?;
    if !route.queried && !req.query_string().is_empty() {
        return Err(shape::broken(shape::QUERY_NAMES));
    }
    if let Some(load) = req.app_data::<web::Data<Load>>() {
        let load = Arc::clone(load);
        let class = Class::of(route.function, route.path);
        let address = address_of(req.request());
        seat = Some(load.enter(class, route.function, address)?);
    }
    admit(req, route).await?;
    let person = req.extensions().get::<SignedIn>().cloned();
    if let (Some(seat), Some(person)) = (&mut seat, &person) {
        seat.of_account(person.account_id().as_str())?;
    }
    let mut places = None;
    if let Some(together) = req.app_data::<web::Data<Together>>() {
        let account = person.as_ref().map(|person| person.account_id().as_str());
        places = Some(together.enter(route.function, account).await?);
    }
    Ok(Held {
        _seat: seat,
        _places: places,
    })
}

/// What a request has of this node and of all nodes while it is under way.
struct Held {
    _seat: Option<Seat>,
    _places: Option<Places>,
}

/// The act itself uses the step-up up, inside its unit; here it only has to be there.
async fn stepped_up(req: &ServiceRequest, person: &SignedIn, deed: Deed) -> Result<(), Problem> {
    let accounts = req.app_data::<web::Data<Accounts>>().cloned();
    let accounts = accounts.ok_or_else(|| Problem::new(Code::Internal))?;
    if accounts.stepped_up(person.session_id(), deed).await? {
        Ok(())
    } else {
        Err(Problem::new(Code::StepUpRequired))
    }
}

/// Finds out who asks, as far as the route's policy demands it, holds them to their limits, and
/// leaves a [`super::SignedIn`] for the handler.
async fn admit(req: &ServiceRequest, route: Route) -> Result<(), Problem> {
    let fresh = match route.policy {
        Policy::SelfProving => return Ok(()),
        Policy::Public => {
            paced(req, route, None).await?;
            served(req, route, None)?;
            return guarded(req, route, None).await;
        }
        Policy::SignedIn => false,
        Policy::SteppedUp(_) | Policy::FreshSession => true,
    };
    let admitted = door(req.request())?.admit(req.request(), fresh).await;
    let person = admitted.inspect_err(|problem| {
        // An expired or ended session is everyday; a token that was never ours is not.
        let shown = req.headers().contains_key(AUTHORIZATION);
        if shown && problem.code() == Code::Unauthenticated {
            strike(req.request(), FORGERY_WEIGHT);
        }
    })?;
    paced(req, route, Some(&person)).await?;
    served(req, route, Some(&person))?;
    guarded(req, route, Some(&person).filter(|_| fresh)).await?;
    if let Policy::SteppedUp(deed) = route.policy {
        stepped_up(req, &person, deed).await?;
    }
    req.extensions_mut().insert(person);
    Ok(())
}

/// Whether the function is open here, and to this person.
fn served(req: &ServiceRequest, route: Route, person: Option<&SignedIn>) -> Result<(), Problem> {
    let board = req.app_data::<web::Data<Switchboard>>();
    let sources = req.app_data::<web::Data<Sources>>();
    let (Some(board), Some(sources)) = (board, sources) else {
        return Ok(());
    };
    let account = person.map(SignedIn::account_id);
    let asked = (req.method().as_str(), route.path);
    let now = sources.clock.now();
    board
        .admit(asked, agent_of(req), account, now)
        .map_err(|code| refusal(code, now))
}

/// An order made here needs a step-up, whatever its sum (EC-14).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Confirms;

/// Holds a request to what is asked of the kind of terminal its person signed in at; of whom no row of a
/// session is read, to what the client says of itself.
async fn guarded(
    req: &ServiceRequest,
    route: Route,
    person: Option<&SignedIn>,
) -> Result<(), Problem> {
    let board = req.app_data::<web::Data<Switchboard>>();
    let sources = req.app_data::<web::Data<Sources>>();
    let (Some(board), Some(sources)) = (board, sources) else {
        return Ok(());
    };
    let asked = (req.method().as_str(), route.path);
    if !board.minds_terminal(asked) {
        return Ok(());
    }
    let noted = match person {
        Some(person) => {
            let sessions = Arc::clone(&door(req.request())?.sessions);
            sessions.terminal(person.family_id()).await?
        }
        None => None,
    };
    let terminal = noted.unwrap_or_else(|| Terminal::said_by(agent_of(req)));
    let now = sources.clock.now();
    let confirms = board.at_terminal(asked, terminal, now);
    if confirms.map_err(|code| refusal(code, now))? {
        req.extensions_mut().insert(Confirms);
    }
    Ok(())
}

fn agent_of(req: &ServiceRequest) -> &str {
    let agent = req.headers().get(USER_AGENT);
    agent.and_then(|value| value.to_str().ok()).unwrap_or("")
}

/// One decision over all keys that are known before the body is read. It is told with the answer,
/// whoever gives that.
async fn paced(
    req: &ServiceRequest,
    route: Route,
    person: Option<&SignedIn>,
) -> Result<(), Problem> {
    let Some(limits) = req.app_data::<web::Data<Limits>>() else {
        return Ok(());
    };
    let address = address_of(req.request());
    let asker = Asker {
        address,
        account: person.map(|person| person.account_id().as_str()),
        home: req.match_info().get("binding_id"),
        figure: route.path,
    };
    let function = route.function;
    if let Some(shut) = req.app_data::<web::Data<Shut>>() {
        shut.admits(function, address, asker.account)?;
    }
    let decided = limits.admit(function, &asker).await;
    let refusal = decided.as_ref().err().map(|standing| {
        strike(req.request(), 1);
        standing.refusal()
    });
    let (Ok(standing) | Err(standing)) = decided;
    Judged::of(req.request()).by_asker(standing);
    refusal.map_or(Ok(()), Err)
}

/// Counts against the place a request comes from; too often, and the place is shut out.
pub(crate) fn strike(req: &HttpRequest, weight: u32) {
    let limits = req.app_data::<web::Data<Limits>>();
    let shut = req.app_data::<web::Data<Shut>>();
    if let (Some(limits), Some(shut)) = (limits, shut) {
        let address = address_of(req);
        if !limits.strike(address, weight) {
            shut.offended(address, Reason::Flood);
        }
    }
}
