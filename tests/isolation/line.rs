//! The household listener over a store of its own, with a town outside, and people who call it.

use std::cell::RefCell;
use std::num::NonZeroU32;
use std::path::Path;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use actix_web::http::{Method, StatusCode};
use actix_web::middleware::from_fn;
use actix_web::test::TestRequest;
use actix_web::{App, test, web};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use lifeline_adapters::keyring::{InstanceKind, Keyring};
use lifeline_adapters::passwords::{Argon2id, Cost};
use lifeline_adapters::pictures::Darkroom;
use lifeline_adapters::sql;
use lifeline_adapters::vault::{SoftwareWrapping, WrappedVault};
use lifeline_core::accounts::codes::{Budget, CodeCarrier};
use lifeline_core::accounts::{Accounts, PasswordDoor};
use lifeline_core::billing::{Billing, FreshnessRules};
use lifeline_core::bindings::{BindingRules, Bindings};
use lifeline_core::notices::Notices;
use lifeline_core::outbox::relay::{Deliver, Relay};
use lifeline_core::payments::{Payments, Policy, Ports};
use lifeline_core::privacy::Privacy;
use lifeline_core::publications::Publications;
use lifeline_core::requests::Requests;
use lifeline_core::settlement::accounts::{
    Generation, GenerationDoor, GenerationNames, GenerationPorts,
};
use lifeline_core::settlement::{MonthRows, Settlement};
use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::{Clock, Time};
use lifeline_gateway::accounts::CookieRules;
use lifeline_gateway::billing::Repeated;
use lifeline_gateway::edge::client::TrustedHops;
use lifeline_gateway::edge::cursor::Cursors;
use lifeline_gateway::edge::limits::steady::Ticks;
use lifeline_gateway::edge::limits::{Limits, Quotas};
use lifeline_gateway::edge::principal::Door;
use lifeline_gateway::edge::revocation::Ended;
use lifeline_gateway::edge::tokens::{TokenKey, Tokens};
use lifeline_gateway::listeners::line::routes;
use lifeline_gateway::listeners::outermost::{Sources, addressed, patched, traced};
use lifeline_gateway::runner::Waker;
use lifeline_tests::Silence;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::canary::{START, TWIN};
use crate::device::Device;
use crate::settling;
use crate::town::Town;

/// Time that moves only when told.
pub(crate) struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Time {
        Time::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// The house's time since the limits were made: by the machine's, what was used up comes back while a slow test asks.
struct Ticking {
    hands: Arc<Hands>,
    began: Time,
}

impl Ticks for Ticking {
    fn read_ns(&self) -> u64 {
        let micros = self.hands.now().micros() - self.began.micros();
        u64::try_from(micros).map_or(0, |micros| micros * 1_000)
    }
}

/// Chance that is the same in every run.
pub(crate) struct Dice(AtomicU64);

impl Entropy for Dice {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let roll = self.0.fetch_add(1, Ordering::SeqCst);
            let block = Sha256::digest(roll.to_be_bytes());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

/// An answer of the line.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
    pub(crate) body: Value,
    /// How the limit stands that ends soonest.
    pub(crate) limit: String,
}

impl Reply {
    pub(crate) fn code(&self) -> Option<&str> {
        self.body["code"].as_str()
    }

    pub(crate) fn text_at(&self, field: &str) -> String {
        self.body[field].as_str().unwrap_or_default().to_owned()
    }
}

/// Lifeline with its town, between the listener and the store.
pub(crate) struct House {
    pub(crate) town: Arc<Town>,
    pub(crate) bindings: Bindings,
    accounts: Accounts,
    billing: Billing,
    payments: Payments,
    notices: Notices,
    privacy: Privacy,
    pub(crate) publications: Publications,
    requests: Requests,
    by_password: PasswordDoor,
    by_generation: GenerationDoor,
    pub(crate) generation: Generation,
    settlement: Settlement,
    relay: Relay,
    pub(crate) clock: Arc<Hands>,
    pub(crate) entropy: Arc<Dice>,
    pub(crate) store: Arc<sql::Engine>,
    devices: RefCell<Vec<Option<Device>>>,
}

impl House {
    /// Opens a store that was migrated before.
    pub(crate) async fn open(file: &Path, keyring: &Arc<Keyring>) -> Self {
        Self::open_at(file.to_str().expect("a path"), keyring).await
    }

    /// The same of a store by its address.
    pub(crate) async fn open_at(target: &str, keyring: &Arc<Keyring>) -> Self {
        let start = Time::parse_rfc3339(START).expect("a time");
        let clock = Arc::new(Hands(AtomicI64::new(start.micros())));
        let entropy = Arc::new(Dice(AtomicU64::new(1)));
        let opened = sql::open(target, Arc::clone(keyring), InstanceKind::Demo).await;
        let store = opened.expect("the store opens");
        let town = Arc::new(Town::new());
        let (c, e) = (|| clock.clone(), || entropy.clone());
        let base = "https://line.example/";
        let accounts = Accounts::new(store.clone(), c(), e(), town.clone(), base);
        let rules = BindingRules::default();
        let bindings = Bindings::new(store.clone(), c(), e(), town.clone(), rules);
        let fresh = FreshnessRules::default();
        let billing = Billing::new(store.clone(), c(), e(), town.clone(), fresh, None);
        let notices = Notices::new(store.clone(), c(), e(), town.clone());
        let privacy = Privacy::new(store.clone(), c(), e());
        let requests = Requests::new(store.clone(), c(), e(), Arc::new(Silence));
        // What merges takes along homes, wishes and points, as in the product.
        let accounts = accounts.followed_by(vec![
            Arc::new(bindings.clone()),
            Arc::new(privacy.clone()),
            Arc::new(requests.clone()),
        ]);
        let publications = Publications::new(store.clone(), c(), e(), Arc::new(Darkroom));
        let cheap = Cost {
            memory_kib: 8,
            passes: 1,
        };
        let passwords = Arc::new(Argon2id::new(cheap, 1, e()).expect("a hash"));
        let silence = Arc::new(Silence);
        let vault = WrappedVault::new(Arc::new(SoftwareWrapping::new(store.clone())));
        let generation = Generation::new(GenerationPorts {
            store: store.clone(),
            clock: c(),
            entropy: e(),
            grid: silence.clone(),
            vault: Arc::new(vault),
            passwords: passwords.clone(),
            code_budget: Budget::USUAL,
            rows: vec![Arc::new(MonthRows::default())],
        });
        let settlement = settling::settlement(store.clone(), c(), e());
        let ports = Ports {
            store: store.clone(),
            clock: c(),
            entropy: e(),
            channel: silence.clone(),
            notices: silence.clone(),
            posting: silence,
            dues: town.clone(),
        };
        // Their bills are large so that they are known again; nobody has to show themselves for that.
        let policy = Policy {
            sure_day: Fen::new(i64::MAX),
            sure_new: Fen::new(i64::MAX),
            ..Policy::default()
        };
        let payments = Payments::new(ports, policy);
        let carriers: Vec<Arc<dyn Deliver>> = vec![
            Arc::new(CodeCarrier::new(town.clone(), c())),
            Arc::new(bindings.clone()),
            Arc::new(notices.clone()),
        ];
        let relay = Relay::new(store.clone(), c(), e(), carriers);
        Self {
            town,
            bindings,
            billing,
            payments,
            notices,
            by_generation: GenerationDoor::new(PasswordDoor::over(
                accounts.clone(),
                passwords.clone(),
                Arc::new(GenerationNames),
            )),
            by_password: PasswordDoor::new(accounts.clone(), passwords),
            accounts,
            privacy,
            publications,
            requests,
            generation,
            settlement,
            relay,
            clock,
            entropy,
            store,
            devices: RefCell::new(vec![None; TWIN + 1]),
        }
    }

    pub(crate) fn now_s(&self) -> i64 {
        self.clock.now().unix_seconds()
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.clock
            .0
            .fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// Delivers the outbox until nothing is due.
    pub(crate) async fn deliver(&self) {
        while self.relay.run_once().await.expect("the relay runs") > 0 {}
    }

    pub(crate) async fn close(self) {
        self.store.close().await.expect("the store closes");
    }

    fn door(&self) -> Door {
        let pair = Ed25519KeyPair::generate().expect("a key");
        let key = TokenKey {
            kid: "a".to_owned(),
            private: pair.to_pkcs8().expect("a key").as_ref().to_vec(),
            public: pair.public_key().as_ref().to_vec(),
        };
        let tokens = Tokens::new(self.clock.clone(), &[key]).expect("tokens");
        Door {
            tokens: Arc::new(tokens),
            ended: Arc::new(Ended::default()),
            sessions: Arc::new(self.accounts.clone()),
        }
    }

    fn furnish(&self, cfg: &mut web::ServiceConfig, functions_percent: NonZeroU32) {
        let plenty = plenty();
        let quotas = Quotas {
            per_address_minute: plenty,
            per_network_minute: plenty,
            per_account_minute: plenty,
            functions_percent,
            nodes: NonZeroU32::MIN,
        };
        let sources = Sources {
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
        };
        let ticking = Ticking {
            hands: self.clock.clone(),
            began: self.clock.now(),
        };
        cfg.app_data(web::Data::new(sources))
            .app_data(web::Data::new(Limits::by(quotas, None, Box::new(ticking))))
            .app_data(web::Data::new(Cursors::new(b"a secret of the test")))
            .app_data(web::Data::new(self.door()))
            .app_data(web::Data::new(Repeated::default()))
            .app_data(TrustedHops::new(&[]))
            .app_data(web::Data::new(self.accounts.clone()))
            .app_data(web::Data::new(self.bindings.clone()))
            .app_data(web::Data::new(self.billing.clone()))
            .app_data(web::Data::new(self.payments.clone()))
            .app_data(web::Data::new(self.notices.clone()))
            .app_data(web::Data::new(self.privacy.clone()))
            .app_data(web::Data::new(self.publications.clone()))
            .app_data(web::Data::new(self.requests.clone()))
            .app_data(web::Data::new(self.by_password.clone()))
            .app_data(web::Data::new(self.by_generation.clone()))
            .app_data(web::Data::new(self.generation.clone()))
            .app_data(web::Data::new(self.settlement.clone()))
            .app_data(web::Data::new(CookieRules { secure: true }))
            .app_data(web::Data::new(Waker::default()));
    }

    /// The household listener as it is served, without a socket.
    pub(crate) async fn line(&self) -> Line {
        self.line_at(plenty()).await
    }

    /// The same, with so much of the usual limits of single functions.
    pub(crate) async fn line_at(&self, functions_percent: NonZeroU32) -> Line {
        let app = App::new()
            .configure(|cfg| self.furnish(cfg, functions_percent))
            .wrap(from_fn(addressed))
            .wrap(from_fn(traced))
            .wrap(from_fn(patched))
            .configure(routes);
        let app = Rc::new(test::init_service(app).await);
        Line(Box::new(move |request| {
            let app = Rc::clone(&app);
            Box::pin(async move {
                let answer = test::call_service(&*app, request.to_request()).await;
                let (status, limit) = (answer.status(), answer.headers().get("ratelimit"));
                let limit = limit.and_then(|value| value.to_str().ok());
                let limit = limit.unwrap_or_default().to_owned();
                (status, limit, test::read_body(answer).await)
            })
        }))
    }

    /// Calls the line as a person, whose device stays signed in while it may.
    pub(crate) async fn call(
        &self,
        line: &Line,
        person: usize,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Reply {
        let key = format!("key-of-the-test-{}", self.now_s());
        self.call_by(line, person, &key, method, path, body).await
    }

    /// The same, by an idempotency key.
    pub(crate) async fn call_by(
        &self,
        line: &Line,
        person: usize,
        key: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Reply {
        let token = self.token(line, person).await;
        let request = TestRequest::with_uri(path)
            .method(method)
            .insert_header(("authorization", format!("Bearer {token}")))
            .insert_header(("idempotency-key", key));
        line.send(request, body).await
    }

    /// Calls the line with the token of a step-up, or with none.
    pub(crate) async fn call_with(
        &self,
        line: &Line,
        token: Option<&str>,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Reply {
        let mut request = TestRequest::with_uri(path).method(method);
        if let Some(token) = token {
            request = request.insert_header(("authorization", format!("Bearer {token}")));
        }
        line.send(request, body).await
    }

    /// The device of an account is gone: it signs in anew.
    pub(crate) fn forget(&self, account: usize) {
        self.devices.borrow_mut()[account] = None;
    }

    async fn token(&self, line: &Line, person: usize) -> String {
        let held = self.devices.borrow()[person].clone();
        let now = self.now_s();
        if let Some(token) = held.as_ref().and_then(|one| one.shown(now)) {
            return token.to_owned();
        }
        let body = match held.as_ref().and_then(|one| one.renewal(now)) {
            Some(refresh) => json!({"grant": "refresh", "refresh_token": refresh}),
            None => json!({"grant": "alipay", "auth_code": self.town.allow(person)}),
        };
        let request = TestRequest::with_uri("/v1/sessions").method(Method::POST);
        let reply = line.send(request, Some(body)).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
        let token = reply.text_at("access_token");
        let refresh = reply.text_at("refresh_token");
        let device = Device::after(held.as_ref(), now, &token, refresh);
        self.devices.borrow_mut()[person] = Some(device);
        token
    }

    /// Whether somebody signed in lately to an account that was there a day before.
    pub(crate) fn is_new_device(&self, person: usize) -> bool {
        let devices = self.devices.borrow();
        devices[person]
            .as_ref()
            .is_some_and(|one| one.is_new(self.now_s()))
    }
}

fn plenty() -> NonZeroU32 {
    NonZeroU32::new(1_000_000).expect("not zero")
}

type Answering = Pin<Box<dyn Future<Output = (StatusCode, String, web::Bytes)>>>;

/// The household listener, to be sent requests.
pub(crate) struct Line(Box<dyn Fn(TestRequest) -> Answering>);

impl Line {
    async fn send(&self, request: TestRequest, body: Option<Value>) -> Reply {
        let request = request.peer_addr("127.0.0.1:40000".parse().expect("an address"));
        let request = match body {
            Some(body) => request.set_json(body),
            None => request,
        };
        let (status, limit, bytes) = (self.0)(request).await;
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Reply {
            status,
            text,
            body,
            limit,
        }
    }
}
