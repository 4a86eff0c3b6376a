//! A store, the console over it without a socket, and one person of each role signed in.

use std::cell::RefCell;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::from_fn;
use actix_web::test::TestRequest;
use actix_web::{App, test, web};
use lifeline_adapters::keyring::{InstanceKind, Keyring};
use lifeline_adapters::passwords::{Argon2id, Cost};
use lifeline_adapters::pictures::Darkroom;
use lifeline_adapters::sql::{self, Engine};
use lifeline_core::billing::figures::Bill;
use lifeline_core::billing::{Billing, FreshnessRules};
use lifeline_core::bindings::{BindingRules, Bindings};
use lifeline_core::channels::Channels;
use lifeline_core::customers::Customers;
use lifeline_core::insight::Insight;
use lifeline_core::operators::{By, Credentials, Login, Operators, PersonId, Role, Scope};
use lifeline_core::payments::{Payments, Policy, Ports};
use lifeline_core::publications::Publications;
use lifeline_core::requests::Requests;
use lifeline_core::settlement::{self, Settlement, SettlementRules};
use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::Store;
use lifeline_gateway::console::today::House;
use lifeline_gateway::console::visitor::ConsoleCookies;
use lifeline_gateway::console::{self};
use lifeline_gateway::edge::cursor::Cursors;
use lifeline_gateway::edge::limits::{Limits, Quotas};
use lifeline_gateway::edge::switchboard::Switchboard;
use lifeline_gateway::listeners::outermost::{Sources, addressed, traced};
use lifeline_gateway::listeners::service_register::{Made, Services};
use lifeline_gateway::listeners::start::ConsoleDoor;
use lifeline_tests::Silence;
use rusqlite::Connection;

use crate::aggregate::Company;
use crate::billed::Billed;
use crate::stand_ins::{Dice, Hands, NoClerk, START_S, Well, of_households};

/// A hash that costs little: what it costs is not what is tried here.
const CHEAP: Cost = Cost {
    memory_kib: 8,
    passes: 1,
};

pub(crate) struct Office {
    pub(crate) clock: Arc<Hands>,
    pub(crate) operators: Operators,
    pub(crate) store: Arc<Engine>,
    pub(crate) company: Arc<Company>,
    pub(crate) services: Arc<Services>,
    /// What households are limited by.
    pub(crate) line: Arc<Limits>,
    pub(crate) switchboard: Arc<Switchboard>,
    entropy: Arc<dyn Entropy>,
    folder: tempfile::TempDir,
    /// Marketing, as far as it states bills.
    pub(crate) billed: Arc<Billed>,
    people: RefCell<Vec<Credentials>>,
}

/// An answer of the console.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) status: StatusCode,
    pub(crate) headers: header::HeaderMap,
    pub(crate) text: String,
}

impl Shown {
    pub(crate) fn cookie(&self) -> Option<String> {
        let set = self.headers.get(header::SET_COOKIE)?.to_str().unwrap();
        Some(set.split(';').next().unwrap().to_owned())
    }

    pub(crate) fn goes_to(&self) -> &str {
        self.headers
            .get(header::LOCATION)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The mark that the page's forms carry.
    pub(crate) fn mark(&self) -> String {
        let at = self.text.split("name=\"mark\" value=\"").nth(1);
        at.expect("a form").split('"').next().unwrap().to_owned()
    }
}

type Answering = Pin<Box<dyn Future<Output = Shown>>>;

/// The console, to be sent requests.
pub(crate) struct Desk(Box<dyn Fn(TestRequest) -> Answering>);

impl Desk {
    pub(crate) async fn send(&self, request: TestRequest) -> Shown {
        let peer = "127.0.0.1:40000".parse().unwrap();
        (self.0)(request.peer_addr(peer)).await
    }

    pub(crate) async fn get(&self, path: &str, cookie: &str) -> Shown {
        let request = TestRequest::get().uri(path);
        self.send(request.insert_header((header::COOKIE, cookie)))
            .await
    }

    pub(crate) async fn post(&self, path: &str, cookie: &str, form: &[(&str, &str)]) -> Shown {
        let request = TestRequest::with_uri(path).method(Method::POST);
        let request = request.insert_header((header::COOKIE, cookie));
        self.send(request.set_form(form)).await
    }
}

impl Office {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keyring = Keyring::load_or_create_demo(&folder.path().join("keyring.json")).unwrap();
        let clock = Arc::new(Hands(AtomicI64::new(START_S * 1_000_000)));
        let target = format!("sqlite:{}", folder.path().join("lifeline.db").display());
        sql::migrate(&target, InstanceKind::Demo, clock.now())
            .await
            .unwrap();
        let store = sql::open(&target, Arc::new(keyring), InstanceKind::Demo)
            .await
            .unwrap();
        let entropy: Arc<dyn Entropy> = Arc::new(Dice(AtomicU64::new(1)));
        let hashing = Argon2id::new(CHEAP, 2, Arc::clone(&entropy)).unwrap();
        let kept: Arc<dyn Store> = Arc::<Engine>::clone(&store);
        let operators = Operators::new(
            kept,
            Arc::<Hands>::clone(&clock),
            Arc::clone(&entropy),
            Arc::new(hashing),
        );
        let made = Made {
            began: clock.now(),
            version: "1.2.3",
            store: "sqlite, schema 1".to_owned(),
            listeners: vec!["line", "console"],
        };
        let office = Self {
            clock,
            operators,
            store,
            company: Arc::default(),
            services: Arc::new(Services::new(made)),
            line: Arc::new(Limits::new(of_households(), None)),
            switchboard: Arc::default(),
            entropy,
            folder,
            billed: Arc::default(),
            people: RefCell::default(),
        };
        for role in Role::ALL {
            let login = role.as_str().replace('_', "-");
            office.hire(&login, role, Scope::Everywhere).await;
        }
        office
    }

    pub(crate) async fn hire(&self, login: &str, role: Role, scope: Scope) -> Credentials {
        let login = Login::parse(login).unwrap();
        let person = PersonId::from(&login);
        let given = self
            .operators
            .add(&login, person, role, scope, By::CommandLine);
        let given = given.await.unwrap();
        self.people.borrow_mut().push(given.clone());
        given
    }

    /// Proofs that were made beside the office's own.
    pub(crate) fn know(&self, given: Credentials) {
        self.people.borrow_mut().push(given);
    }

    pub(crate) fn given(&self, login: &str) -> Credentials {
        let people = self.people.borrow();
        let found = people.iter().rev().find(|one| one.login.as_str() == login);
        found.expect("somebody of this login").clone()
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock
            .0
            .fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// The code that somebody's phone shows now.
    pub(crate) fn code(&self, given: &Credentials) -> String {
        let step = lifeline_core::operators::totp::step_at(self.clock.now());
        let totp = given.totp.as_ref();
        totp.expect("both halves of the proofs").code(step)
    }

    /// One that was not used yet: time passes before it.
    pub(crate) fn fresh_code(&self, login: &str) -> String {
        self.pass(60);
        self.code(&self.given(login))
    }

    /// Signs in and answers the cookie. Time passes, so that a code is never the one before.
    pub(crate) async fn enter(&self, desk: &Desk, login: &str) -> String {
        self.pass(60);
        let given = self.given(login);
        let code = self.code(&given);
        let form = [
            ("login", login),
            ("password", given.password.expose()),
            ("code", code.as_str()),
        ];
        let shown = desk.post("/console/sign-in", "", &form).await;
        assert_eq!(shown.status, StatusCode::SEE_OTHER, "{}", shown.text);
        shown.cookie().expect("a cookie")
    }

    pub(crate) async fn mark(&self, desk: &Desk, cookie: &str) -> String {
        desk.get("/console", cookie).await.mark()
    }

    /// What marketing states as every home's bills from now on.
    pub(crate) fn bills(&self, bills: impl IntoIterator<Item = Bill>) {
        self.billed.put(Some(bills.into_iter().collect()));
    }

    /// Marketing does not answer any more.
    pub(crate) fn no_bills(&self) {
        self.billed.put(None);
    }

    /// Payments, with an outside that answers nothing.
    pub(crate) fn payments(&self) -> Payments {
        let silence = Arc::new(Silence);
        Payments::new(
            Ports {
                store: Arc::<Engine>::clone(&self.store),
                clock: Arc::<Hands>::clone(&self.clock),
                entropy: Arc::clone(&self.entropy),
                channel: silence.clone(),
                notices: silence.clone(),
                posting: silence.clone(),
                dues: silence,
            },
            Policy::default(),
        )
    }

    /// Sold power, with an outside that answers nothing.
    fn settlement(&self) -> Settlement {
        let silence = Arc::new(Silence);
        let ports = settlement::Ports {
            store: Arc::<Engine>::clone(&self.store),
            clock: Arc::<Hands>::clone(&self.clock),
            entropy: Arc::clone(&self.entropy),
            head_end: silence.clone(),
            publishing: silence.clone(),
            reviewer: silence.clone(),
            payer: silence.clone(),
            grid: silence,
        };
        Settlement::new(ports, SettlementRules::default())
    }

    /// Links, with an archive that answers nothing.
    fn bindings(&self) -> Bindings {
        Bindings::new(
            Arc::<Engine>::clone(&self.store),
            Arc::<Hands>::clone(&self.clock),
            Arc::clone(&self.entropy),
            Arc::new(Silence),
            BindingRules::default(),
        )
    }

    pub(crate) fn customers(&self) -> Customers {
        let kept: Arc<dyn Store> = Arc::<Engine>::clone(&self.store);
        let clock = Arc::<Hands>::clone(&self.clock);
        Customers::new(kept, clock, Arc::clone(&self.entropy))
    }

    pub(crate) fn channels(&self) -> Channels {
        let kept: Arc<dyn Store> = Arc::<Engine>::clone(&self.store);
        let clock = Arc::<Hands>::clone(&self.clock);
        let insight = Insight::new(Arc::clone(&kept), Arc::<Hands>::clone(&self.clock));
        Channels::new(kept, clock, Arc::clone(&self.entropy), insight)
    }

    pub(crate) fn furnish(&self, cfg: &mut web::ServiceConfig) {
        let plenty = NonZeroU32::new(1_000_000).unwrap();
        let quotas = Quotas {
            per_address_minute: plenty,
            per_network_minute: plenty,
            per_account_minute: plenty,
            functions_percent: plenty,
            nodes: NonZeroU32::MIN,
        };
        let sources = Sources {
            clock: Arc::<Hands>::clone(&self.clock),
            entropy: Arc::clone(&self.entropy),
        };
        let kept: Arc<dyn Store> = Arc::<Engine>::clone(&self.store);
        let publications = Publications::new(
            Arc::<Engine>::clone(&self.store),
            Arc::<Hands>::clone(&self.clock),
            Arc::clone(&self.entropy),
            Arc::new(Darkroom),
        );
        let requests = Requests::new(
            Arc::<Engine>::clone(&self.store),
            Arc::<Hands>::clone(&self.clock),
            Arc::clone(&self.entropy),
            Arc::new(NoClerk),
        );
        let payments = self.payments();
        let insight = Insight::new(Arc::clone(&kept), Arc::<Hands>::clone(&self.clock));
        let (followers, aggregates) = (self.followers(), self.aggregates());
        let limits = Arc::new(Limits::new(quotas, None));
        let house = House {
            store: kept,
            readiness: Arc::<Well>::default(),
            services: Arc::clone(&self.services),
            gates: vec![
                ("line", Arc::clone(&self.line)),
                ("console", Arc::clone(&limits)),
            ],
            proved: Arc::default(),
        };
        cfg.app_data(web::Data::new(sources))
            .app_data(web::Data::from(limits))
            .app_data(web::Data::from(Arc::<Switchboard>::clone(
                &self.switchboard,
            )))
            .app_data(web::Data::new(Cursors::new(b"a secret of the test")))
            .app_data(web::Data::new(self.operators.clone()))
            .app_data(web::Data::new(ConsoleCookies { secure: true }))
            .app_data(web::Data::new(publications))
            .app_data(web::Data::new(requests))
            .app_data(web::Data::new(self.customers()))
            .app_data(web::Data::new(Billing::new(
                Arc::<Engine>::clone(&self.store),
                Arc::<Hands>::clone(&self.clock),
                Arc::clone(&self.entropy),
                Arc::<Billed>::clone(&self.billed),
                FreshnessRules::default(),
                None,
            )))
            .app_data(web::Data::new(self.channels()))
            .app_data(web::Data::new(house))
            .app_data(web::Data::new(followers))
            .app_data(web::Data::new(aggregates))
            .app_data(web::Data::new(payments))
            .app_data(web::Data::new(self.settlement()))
            .app_data(web::Data::new(self.bindings()))
            .app_data(web::Data::new(crate::cooperations::generation(self)))
            .app_data(web::Data::new(insight));
    }

    /// Runs SQL beside the store.
    pub(crate) fn raw(&self, text: &str) {
        let db = Connection::open(self.folder.path().join("lifeline.db")).unwrap();
        db.execute_batch(text).unwrap();
    }

    /// The console's listener as it is served, without a socket.
    pub(crate) async fn desk(&self) -> Desk {
        self.desk_behind(&[]).await
    }

    /// The same, with proxies in front whose word about who asks is believed.
    pub(crate) async fn desk_behind(&self, trusted_hops: &[IpAddr]) -> Desk {
        let door = ConsoleDoor {
            limits: Arc::clone(&self.line),
            trusted_hops: trusted_hops.to_vec(),
            rooms: Arc::new(|_: &mut web::ServiceConfig| {}),
        };
        // The office's own limits take the place of the door's.
        let app = App::new()
            .configure(|cfg| door.furnish(cfg))
            .configure(|cfg| self.furnish(cfg))
            .wrap(from_fn(addressed))
            .wrap(from_fn(traced))
            .configure(console::routes);
        let app = Rc::new(test::init_service(app).await);
        Desk(Box::new(move |request| {
            let app = Rc::clone(&app);
            Box::pin(async move {
                let answer = test::call_service(&*app, request.to_request()).await;
                let (status, headers) = (answer.status(), answer.headers().clone());
                let bytes = test::read_body(answer).await;
                Shown {
                    status,
                    headers,
                    text: String::from_utf8_lossy(&bytes).into_owned(),
                }
            })
        }))
    }

    pub(crate) fn entropy(&self) -> Arc<dyn Entropy> {
        Arc::clone(&self.entropy)
    }

    /// `(hour since 1970 in Shanghai, function, channel, outcome)` and how many, as the rows say.
    pub(crate) fn hours_counted(
        &self,
    ) -> std::collections::BTreeMap<(i64, i64, usize, usize), i64> {
        let db = Connection::open(self.folder.path().join("lifeline.db")).unwrap();
        let mut rows = db
            .prepare(
                "SELECT at, cell / 1000000, cell / 100000 % 10, cell / 10000 % 10, SUM(n) FROM access_tally \
                 WHERE at < 100000000 GROUP BY 1, 2, 3, 4",
            )
            .unwrap();
        let place = |n: i64| usize::try_from(n).unwrap();
        let found = rows.query_map([], |row| {
            let key = (
                row.get(0)?,
                row.get(1)?,
                place(row.get(2)?),
                place(row.get(3)?),
            );
            Ok((key, row.get(4)?))
        });
        found.unwrap().map(Result::unwrap).collect()
    }

    /// One number out of the store.
    pub(crate) fn counted(&self, sql: &str) -> i64 {
        let db = Connection::open(self.folder.path().join("lifeline.db")).unwrap();
        db.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// The outcomes of an act in the audit, oldest first.
    pub(crate) fn audited(&self, act: &str) -> Vec<String> {
        let db = Connection::open(self.folder.path().join("lifeline.db")).unwrap();
        let mut lines = db
            .prepare("SELECT outcome FROM audit_line WHERE act = ?1 ORDER BY rowid")
            .unwrap();
        let found = lines.query_map([act], |row| row.get(0)).unwrap();
        found.map(Result::unwrap).collect()
    }
}
