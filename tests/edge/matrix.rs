//! Who may call what, over every operation of the line at once: read from the routes themselves, so
//! that a new one is held to it without anybody thinking of it. Whose homes and orders are whose is
//! walked in `tests/isolation`, with the owner's twin of each refusal.

use std::sync::Arc;

use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::{App, web};
use async_trait::async_trait;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use lifeline_core::accounts::Terminal;
use lifeline_core::shared::ids::{AccountId, SessionId, TypedId as _};
use lifeline_core::shared::time::{Clock, Time};
use lifeline_core::store::StoreError;
use lifeline_gateway::edge::policy::{Entry, Policy};
use lifeline_gateway::edge::principal::{Door, SessionRows};
use lifeline_gateway::edge::revocation::Ended;
use lifeline_gateway::edge::tokens::{TokenKey, Tokens};
use lifeline_gateway::listeners::line;
use serde_json::Value;

const NOW: Time = Time::from_micros(1_800_000_000_000_000);

struct Noon;
impl Clock for Noon {
    fn now(&self) -> Time {
        NOW
    }
}

/// Every session has ended.
struct NobodyIn;
#[async_trait]
impl SessionRows for NobodyIn {
    async fn alive(&self, _: &AccountId, _: &SessionId) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn terminal(&self, _: &SessionId) -> Result<Option<Terminal>, StoreError> {
        Ok(None)
    }
}

/// What changes something without a session that was read now. Each has its reason.
const CHANGES_BY_TOKEN: [(&str, &str); 2] = [
    ("PATCH /v1/notices/{notice_id}", "marks a notice read"),
    ("DELETE /v1/sessions/current", "ends itself"),
];
/// What changes something for anybody.
const CHANGES_FOR_ANYBODY: [(&str, &str); 2] = [
    ("POST /v1/oauth-starts", "begins a sign-in"),
    ("POST /v1/sessions", "is the sign-in"),
];

fn door() -> (Door, String) {
    let pair = Ed25519KeyPair::generate().expect("a key");
    let key = TokenKey {
        kid: "test".to_owned(),
        private: pair.to_pkcs8().expect("its form").as_ref().to_vec(),
        public: pair.public_key().as_ref().to_vec(),
    };
    let tokens = Tokens::new(Arc::new(Noon), &[key]).expect("tokens");
    let account = AccountId::made("019aa2f0-0000-7000-8000-000000000001".into());
    let session = SessionId::made("019aa2f0-0000-7000-8000-000000000002".into());
    let until = NOW.plus_seconds(3_600);
    let issued = tokens.issue(&account, &session, &session, until);
    let token = issued.expect("a token").token;
    let door = Door {
        tokens: Arc::new(tokens),
        ended: Arc::new(Ended::default()),
        sessions: Arc::new(NobodyIn),
    };
    (door, token)
}

/// `METHOD path` with something that could be an id in the place of each parameter.
fn address(entry: &Entry) -> String {
    let parts = entry.path.split('/').map(|part| {
        if part.starts_with('{') {
            "019aa2f0-0000-7000-8000-000000000009"
        } else {
            part
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

fn named(entry: &Entry) -> String {
    format!("{} {}", entry.method, entry.path)
}

#[actix_web::test]
async fn every_operation_that_is_not_public_refuses_no_token_a_forged_one_and_an_ended_session() {
    let (door, token) = door();
    let (foreign, forged) = (self::door().1, format!("{token}x"));
    let app = App::new()
        .app_data(web::Data::new(door))
        .configure(line::routes);
    let app = init_service(app).await;
    let (mut asked, mut fresh) = (0, 0);
    for entry in line::table() {
        if matches!(entry.policy, Policy::Public | Policy::SelfProving) {
            continue;
        }
        let mut bodies = Vec::new();
        for shown in [
            None,
            Some("Bearer"),
            Some("Bearer x.y.z"),
            Some(&*forged),
            Some(&*foreign),
        ] {
            let mut req = TestRequest::with_uri(&address(&entry)).method(entry.method.clone());
            if let Some(shown) = shown {
                let shown = match shown.starts_with("Bearer") {
                    true => shown.to_owned(),
                    false => format!("Bearer {shown}"),
                };
                req = req.insert_header(("authorization", shown));
            }
            let answer = call_service(&app, req.to_request()).await;
            assert_eq!(
                answer.status(),
                StatusCode::UNAUTHORIZED,
                "{}",
                named(&entry)
            );
            let mut body: Value = read_body_json(answer).await;
            body["trace_id"] = Value::Null;
            bodies.push(body);
        }
        assert_eq!(bodies[0]["code"], "UNAUTHENTICATED");
        assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
        asked += 1;
        if !matches!(entry.policy, Policy::SignedIn) {
            let req = TestRequest::with_uri(&address(&entry)).method(entry.method.clone());
            let req = req.insert_header(("authorization", format!("Bearer {token}")));
            let answer = call_service(&app, req.to_request()).await;
            let body: Value = read_body_json(answer).await;
            assert_eq!(body["code"], "SESSION_REVOKED", "{}", named(&entry));
            fresh += 1;
        }
    }
    assert!(
        asked > 30 && fresh > 15,
        "{asked} asked, {fresh} by a fresh session"
    );
}

/// Reads may trust a token for its quarter of an hour; what changes anything reads the session.
#[test]
fn what_changes_anything_wants_a_session_that_was_read_now() {
    let mut seen = Vec::new();
    for entry in line::table() {
        let name = named(&entry);
        let listed = |list: &[(&str, &str)]| list.iter().any(|(known, _)| *known == name);
        if entry.method == Method::GET {
            continue;
        }
        match entry.policy {
            Policy::FreshSession | Policy::SteppedUp(_) | Policy::SelfProving => {}
            Policy::SignedIn => assert!(listed(&CHANGES_BY_TOKEN), "{name}"),
            Policy::Public => assert!(listed(&CHANGES_FOR_ANYBODY), "{name}"),
        }
        seen.push(name);
    }
    for (known, why) in CHANGES_BY_TOKEN.iter().chain(&CHANGES_FOR_ANYBODY) {
        assert!(
            seen.iter().any(|name| name == known),
            "{known} ({why}) is gone"
        );
    }
}
