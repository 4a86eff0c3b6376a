//! Requests of people who are signed in, sent through the listener's own steps, against a log of what was sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::header::{AUTHORIZATION, USER_AGENT};
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpResponse, web};
use async_trait::async_trait;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use lifeline_core::accounts::Terminal;
use lifeline_core::insight::asked::Which;
use lifeline_core::insight::{Channel, Insight, Ledger, Outcome};
use lifeline_core::shared::ids::{AccountId, SessionId, TypedId as _};
use lifeline_core::shared::time::{Clock as _, Time};
use lifeline_core::store::{Store, StoreError};
use lifeline_gateway::edge::principal::{Door, SessionRows};
use lifeline_gateway::edge::revocation::Ended;
use lifeline_gateway::edge::tokens::{TokenKey, Tokens};
use lifeline_gateway::edge::{Code, Policy, Problem, Routes};
use lifeline_gateway::insight::{Counting, Recorder, counted};
use lifeline_gateway::runner::Worker as _;

use crate::exact::everything;
use crate::office::Office;

const PEOPLE: u64 = 40;
const PROCESSES: u64 = 5;
/// Of each process.
const REQUESTS: u64 = 400;
/// Routes, each of another function.
const PATHS: [(&str, &str, i64); 3] = [
    ("/v1/bindings/{binding_id}/arrears", "arrears", 4),
    ("/v1/bindings/{binding_id}/balance", "balance", 5),
    ("/v1/bindings/{binding_id}/usage", "usage", 8),
];
/// What a request is answered by the word in its path, and how that is counted.
const ENDS: [(&str, Option<Code>, Outcome); 4] = [
    ("served", None, Outcome::Done),
    ("due", Some(Code::NothingDue), Outcome::Refused),
    ("often", Some(Code::RateLimited), Outcome::Limited),
    ("away", Some(Code::FigureUnavailable), Outcome::Failed),
];
const AGENTS: [(&str, Channel); 3] = [
    ("Mozilla/5.0 AlipayClient/10", Channel::Mini),
    ("Mozilla/5.0 (X11)", Channel::H5),
    ("curl/8", Channel::Other),
];

struct NoRows;

#[async_trait]
impl SessionRows for NoRows {
    async fn alive(&self, _: &AccountId, _: &SessionId) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn terminal(&self, _: &SessionId) -> Result<Option<Terminal>, StoreError> {
        Ok(None)
    }
}

fn door(office: &Office) -> Door {
    let pair = Ed25519KeyPair::generate().unwrap();
    let key = TokenKey {
        kid: "a".to_owned(),
        private: pair.to_pkcs8().unwrap().as_ref().to_vec(),
        public: pair.public_key().as_ref().to_vec(),
    };
    let tokens = Tokens::new(office.clock.clone(), &[key]).unwrap();
    Door {
        tokens: Arc::new(tokens),
        ended: Arc::new(Ended::default()),
        sessions: Arc::new(NoRows),
    }
}

/// A token of the n-th person.
fn token(door: &Door, n: u64) -> String {
    let account = AccountId::made(format!("019aa2f0-0000-7000-8000-{n:012x}"));
    let session = SessionId::made(format!("019aa2f0-0000-7000-9000-{n:012x}"));
    let until = Time::from_micros(i64::MAX / 2);
    let issued = door.tokens.issue(&account, &session, &session, until);
    issued.unwrap().token
}

async fn answered(word: web::Path<String>) -> Result<HttpResponse, Problem> {
    let found = ENDS.iter().find(|(own, _, _)| *own == word.as_str());
    match found.and_then(|(_, code, _)| *code) {
        Some(code) => Err(Problem::new(code)),
        None => Ok(HttpResponse::Ok().finish()),
    }
}

/// What was sent, as it must be counted.
#[derive(Default)]
struct Log {
    hours: BTreeMap<(i64, i64, usize, usize), i64>,
    /// Code of what was not done, and its channel's place.
    refused: BTreeMap<(&'static str, usize), usize>,
}

impl Log {
    fn note(&mut self, now: Time, function: i64, channel: usize, code: Option<Code>, end: Outcome) {
        let hour = (now.micros() + 28_800_000_000).div_euclid(3_600_000_000);
        let outcome = Outcome::ALL.iter().position(|one| *one == end).unwrap();
        *self
            .hours
            .entry((hour, function, channel, outcome))
            .or_default() += 1;
        if let Some(code) = code {
            *self.refused.entry((code.as_str(), channel)).or_default() += 1;
        }
    }
}

/// One process: its listener, its recorder, its worker, from its start to its orderly end.
async fn process(office: &Office, nth: u64, log: &mut Log) {
    let store: Arc<dyn Store> = office.store.clone();
    let recorder = Arc::new(Recorder::new(office.clock.clone()));
    let ledger = Ledger::new(store, office.clock.clone(), office.entropy());
    let counting = Counting::new(Arc::clone(&recorder), ledger);
    let door = door(office);
    let app = App::new()
        .app_data(web::Data::from(recorder))
        .app_data(web::Data::new(door.clone()))
        .wrap(from_fn(counted))
        .configure(|cfg| {
            let mut routes = Routes::new(cfg);
            for (path, _, _) in PATHS {
                routes.get(path, Policy::SignedIn, answered);
            }
            let _ = routes.into_table();
        });
    let app = init_service(app).await;
    for n in 0..REQUESTS {
        let roll = (nth * REQUESTS + n).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11;
        let pick = |by: u64, all: usize| usize::try_from(roll / by).unwrap() % all;
        let (_, last, function) = PATHS[pick(3, PATHS.len())];
        let (word, code, end) = ENDS[pick(17, ENDS.len())];
        let (agent, channel) = AGENTS[pick(101, AGENTS.len())];
        let request = TestRequest::get()
            .uri(&format!("/v1/bindings/{word}/{last}"))
            .insert_header((USER_AGENT, agent));
        // Some come without a sign-in, and are told so before the function is.
        let (request, code, end) = if n % 50 == 49 {
            (request, Some(Code::Unauthenticated), Outcome::Refused)
        } else {
            let person = (nth * REQUESTS + n) % PEOPLE;
            let bearer = format!("Bearer {}", token(&door, person));
            (request.insert_header((AUTHORIZATION, bearer)), code, end)
        };
        let answer = call_service(&app, request.to_request()).await;
        let status = code.map_or(200, |code| code.status().as_u16());
        assert_eq!(answer.status().as_u16(), status, "{word} {last}");
        let channel = Channel::ALL.iter().position(|one| *one == channel).unwrap();
        log.note(office.clock.now(), function, channel, code, end);
        if n % 100 == 99 {
            office.pass(1);
            counting.run_once(office.clock.now()).await;
        }
    }
    counting.end().await;
}

#[actix_web::test]
async fn ln_31_signed_in_requests_through_the_listener_are_counted_as_they_were_sent() {
    let office = Office::new().await;
    let began = office.clock.now();
    let mut log = Log::default();
    for nth in 0..PROCESSES {
        process(&office, nth, &mut log).await;
        office.pass(3_600);
    }
    assert_eq!(office.hours_counted(), log.hours);
    let insight = Insight::new(office.store.clone(), office.clock.clone());
    let today = insight.today();
    let figures = insight.statistics(&everything(today - 1, today)).await;
    let figures = figures.unwrap();
    let sent = i64::try_from(PROCESSES * REQUESTS).unwrap();
    assert_eq!((figures.calls, figures.lost), (sent, 0));
    let people = figures.people.unwrap();
    assert_eq!(people[2], Some(i64::try_from(PEOPLE).unwrap()));
    let which = Which::Within {
        function: None,
        channel: None,
        outcome: None,
        code: None,
        regions: None,
        from: began,
        to: office.clock.now(),
        behind: None,
    };
    let mut refused = BTreeMap::new();
    for one in insight.refusals(&which, 10_000).await.unwrap() {
        let channel = Channel::ALL.iter().position(|own| *own == one.channel);
        *refused
            .entry((one.code, channel.unwrap()))
            .or_insert(0_usize) += 1;
    }
    let wanted = log.refused.into_iter();
    let wanted: BTreeMap<_, _> = wanted
        .map(|((code, channel), n)| ((code.to_owned(), channel), n))
        .collect();
    assert_eq!(refused, wanted, "each under its code");
}
