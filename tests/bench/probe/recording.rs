//! What counting a request for the figures costs it, on its own path: the same request with the recorder and without, of
//! nobody, of somebody who is signed in, and of them when it is refused, which leaves a row of its own.

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpResponse, web};
use async_trait::async_trait;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use lifeline_core::accounts::Terminal;
use lifeline_core::shared::ids::{AccountId, SessionId, TypedId as _};
use lifeline_core::shared::time::{Clock, Time};
use lifeline_core::store::StoreError;
use lifeline_gateway::edge::principal::{Door, SessionRows};
use lifeline_gateway::edge::revocation::Ended;
use lifeline_gateway::edge::tokens::{TokenKey, Tokens};
use lifeline_gateway::edge::{Code, Policy, Problem, Routes};
use lifeline_gateway::insight::{Recorder, counted};
use serde_json::{Map, Value, json};

use crate::{ROUNDS, median};

const REQUESTS: u32 = 200_000;
/// A second of a busy node, after which a worker takes what was noted.
const TAKEN_AFTER: u32 = 10_000;
const ROUTE: &str = "/v1/bindings/{binding_id}/bills/{period}";
const PATH: &str = "/v1/bindings/019aa2f0-0000-7000-8000-000000000001/bills/2026-10";
const ACCOUNT: &str = "019aa2f0-0000-7000-8000-000000000002";
const SESSION: &str = "019aa2f0-0000-7000-8000-000000000003";

struct Running(Instant);

impl Clock for Running {
    fn now(&self) -> Time {
        Time::from_micros(i64::try_from(self.0.elapsed().as_micros()).unwrap_or(i64::MAX))
    }
}

/// No row of a session is read: the route is one that goes by the token alone.
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

/// Who asks, and what they are told.
#[derive(Clone, Copy)]
enum Asked {
    ByNobody,
    SignedIn,
    Refused,
}

impl Asked {
    const ALL: [(Self, &'static str); 3] = [
        (Self::ByNobody, "anonymous"),
        (Self::SignedIn, "signed_in"),
        (Self::Refused, "refused"),
    ];
}

async fn served() -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn refused() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::NothingDue))
}

/// What all rounds stand on.
struct Stand {
    recorder: Arc<Recorder>,
    door: Door,
    bearer: String,
}

fn stand() -> Result<Stand, String> {
    let clock: Arc<dyn Clock> = Arc::new(Running(Instant::now()));
    let no_key = "no key for tokens could be made";
    let pair = Ed25519KeyPair::generate().map_err(|_| no_key)?;
    let private = pair.to_pkcs8().map_err(|_| no_key)?;
    let key = TokenKey {
        kid: "a".to_owned(),
        private: private.as_ref().to_vec(),
        public: pair.public_key().as_ref().to_vec(),
    };
    let tokens = Tokens::new(Arc::clone(&clock), &[key]).map_err(|_| no_key)?;
    let account = AccountId::made(ACCOUNT.to_owned());
    let session = SessionId::made(SESSION.to_owned());
    let until = clock.now().plus_seconds(86_400);
    let issued = tokens.issue(&account, &session, &session, until);
    let issued = issued.map_err(|_| "no token could be made")?;
    Ok(Stand {
        recorder: Arc::new(Recorder::new(clock)),
        door: Door {
            tokens: Arc::new(tokens),
            ended: Arc::new(Ended::default()),
            sessions: Arc::new(NoRows),
        },
        bearer: format!("Bearer {}", issued.token),
    })
}

async fn round(stand: &Stand, asked: Asked, counts: bool) -> f64 {
    let mut app = App::new().wrap(from_fn(counted)).configure(|cfg| {
        // As in the product: whoever asks for the route after the first finds it with the request.
        let mut routes = Routes::new(cfg);
        match asked {
            Asked::ByNobody => routes.get(ROUTE, Policy::Public, served),
            Asked::SignedIn => routes.get(ROUTE, Policy::SignedIn, served),
            Asked::Refused => routes.get(ROUTE, Policy::SignedIn, refused),
        }
        let _ = routes.into_table();
    });
    app = app.app_data(web::Data::new(stand.door.clone()));
    if counts {
        app = app.app_data(web::Data::from(Arc::clone(&stand.recorder)));
    }
    let app = init_service(app).await;
    let began = Instant::now();
    for n in 0..REQUESTS {
        let mut request = TestRequest::with_uri(PATH);
        if !matches!(asked, Asked::ByNobody) {
            request = request.insert_header((AUTHORIZATION, stand.bearer.as_str()));
        }
        drop(call_service(&app, request.to_request()).await);
        if counts && n % TAKEN_AFTER == 0 {
            drop(stand.recorder.take());
        }
    }
    began.elapsed().as_secs_f64() * 1e9 / f64::from(REQUESTS)
}

pub(crate) fn measure() -> Result<Value, String> {
    let mut found = Map::new();
    for (asked, name) in Asked::ALL {
        // A token lives for minutes: each kind has its own.
        let stand = stand()?;
        let (mut on, mut off) = (Vec::new(), Vec::new());
        actix_web::rt::System::new().block_on(async {
            for _ in 0..=ROUNDS {
                off.push(round(&stand, asked, false).await);
                on.push(round(&stand, asked, true).await);
            }
        });
        // The first of each only warmed up.
        let told = |rounds: Vec<f64>| median(rounds.into_iter().skip(1).collect());
        let row = json!({ "on_ns": told(on), "off_ns": told(off) });
        found.insert(name.to_owned(), row);
    }
    Ok(Value::Object(found))
}
