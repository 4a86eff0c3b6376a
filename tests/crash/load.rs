//! A modest load: people at their gateways who look at what is due and top up their homes, again and
//! again. Every answer is counted by what it says, every yuan that left a wallet is remembered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lifeline_tests::{Answer, Phone};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Between two requests of one person.
const BREATH: Duration = Duration::from_millis(80);
/// The smallest sum that can be topped up.
const TOP_UP_FEN: i64 = 100;

/// How often each answer came, by status and problem code: `201`, `503 STORE_UNAVAILABLE`.
#[derive(Debug, Default)]
pub(crate) struct Answers(Mutex<BTreeMap<String, usize>>);

impl Answers {
    pub(crate) fn note(&self, answer: &Answer) {
        let said = format!("{} {}", answer.status.as_u16(), answer.code());
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(said.trim_end().to_owned()).or_default() += 1;
    }

    pub(crate) fn counts(&self) -> BTreeMap<String, usize> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.clone()
    }

    pub(crate) fn count(&self, said: &str) -> usize {
        self.counts().get(said).copied().unwrap_or_default()
    }

    /// Answers that are neither right nor one of these refusals.
    pub(crate) fn dishonest(&self, refusals: &[&str]) -> Vec<String> {
        let counts = self.counts().into_iter();
        let wrong = counts.filter(|(said, _)| {
            !said.starts_with('2') && !refusals.iter().any(|refusal| said == refusal)
        });
        wrong
            .map(|(said, count)| format!("{said} ({count} times)"))
            .collect()
    }
}

/// The keys of wishes that have no answer yet.
#[derive(Debug, Default)]
struct Wishes(Mutex<BTreeSet<String>>);

impl Wishes {
    fn keys(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One person at one gateway, with one home.
#[derive(Debug, Clone)]
pub(crate) struct Resident {
    pub(crate) phone: Phone,
    pub(crate) home: String,
    pub(crate) person: &'static str,
}

impl Resident {
    /// Signs in at `line` and links every home that is offered.
    pub(crate) async fn moves_in(line: String, sandbox: String, person: &'static str) -> Self {
        let phone = Phone::at_addresses(line, sandbox).signed_in(person).await;
        let home = phone.link_all().await.remove(0);
        Self {
            phone,
            home,
            person,
        }
    }

    /// Asks for a top-up under `key`.
    pub(crate) async fn orders(&self, key: &str) -> Answer {
        let wish = json!({"binding_id": self.home, "purpose": "top_up", "amount_fen": TOP_UP_FEN, "via": "mini"});
        let key = [("idempotency-key", key)];
        let path = "/v1/payments";
        self.phone.send(Method::POST, path, Some(&wish), &key).await
    }

    pub(crate) async fn looks_at(&self, payment_id: &str) -> Answer {
        self.phone.get(&format!("/v1/payments/{payment_id}")).await
    }

    /// Pays in the cashier; false when the channel takes no money for it any more.
    pub(crate) async fn taps(&self, order: &Value) -> bool {
        let tap = json!({"trade_no": order["trade_no"], "outcome": "paid"});
        let said = self.phone.sandbox("/sim/alipay/pay", &tap).await;
        said["result_code"] == "9000"
    }
}

/// What one person did until they were asked to stop.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) resident: Resident,
    pub(crate) paid: i64,
    pub(crate) credited: usize,
    /// The key of a wish that got no answer yet. Nobody knows what became of it until it is asked again.
    pub(crate) unanswered: Option<String>,
}

/// People at work.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) answers: Arc<Answers>,
    wishes: Arc<Wishes>,
    stop: watch::Sender<bool>,
    people: JoinSet<Done>,
}

impl Load {
    pub(crate) fn begin(residents: &[Resident]) -> Self {
        let (answers, stop) = (Arc::new(Answers::default()), watch::Sender::new(false));
        let wishes = Arc::new(Wishes::default());
        let mut people = JoinSet::new();
        for resident in residents {
            let day = Day {
                answers: Arc::clone(&answers),
                wishes: Arc::clone(&wishes),
                stop: stop.subscribe(),
                done: Done {
                    resident: resident.clone(),
                    paid: 0,
                    credited: 0,
                    unanswered: None,
                },
            };
            people.spawn(day.live());
        }
        Self {
            answers,
            wishes,
            stop,
            people,
        }
    }

    /// The keys of wishes that have no answer yet.
    pub(crate) fn unanswered(&self) -> Vec<String> {
        self.wishes.keys().iter().cloned().collect()
    }

    /// Lets everybody finish what they are at; answers what each did.
    pub(crate) async fn end(self) -> Vec<Done> {
        self.stop.send_replace(true);
        self.people.join_all().await
    }
}

struct Day {
    answers: Arc<Answers>,
    wishes: Arc<Wishes>,
    stop: watch::Receiver<bool>,
    done: Done,
}

impl Day {
    fn is_over(&self) -> bool {
        *self.stop.borrow()
    }

    fn counted(&self, answer: Answer) -> Answer {
        self.answers.note(&answer);
        answer
    }

    async fn live(mut self) -> Done {
        let mut number = 0;
        while !self.is_over() {
            let phone = &self.done.resident.phone;
            self.counted(phone.get("/v1/bindings").await);
            let arrears = format!("/v1/bindings/{}/arrears", self.done.resident.home);
            self.counted(phone.get(&arrears).await);
            number += 1;
            self.tops_up(number).await;
        }
        self.done
    }

    /// One order, from the wish to the credit. What got no answer is asked again under its key.
    async fn tops_up(&mut self, number: usize) {
        let key = format!("{}-tops-up-{number:05}", self.done.resident.person);
        self.done.unanswered = Some(key.clone());
        self.wishes.keys().insert(key.clone());
        let order = loop {
            if self.is_over() {
                return;
            }
            let answer = self.counted(self.done.resident.orders(&key).await);
            if answer.status == StatusCode::CREATED {
                break answer.json();
            }
            tokio::time::sleep(BREATH).await;
        };
        self.done.unanswered = None;
        self.wishes.keys().remove(&key);
        let id = order["payment_id"].as_str().unwrap_or_default().to_owned();
        let mut is_paid = false;
        while !self.is_over() {
            let now = self.counted(self.done.resident.looks_at(&id).await).json();
            match now["state"].as_str() {
                Some("PAYING") if !is_paid && now["trade_no"].is_string() => {
                    is_paid = self.done.resident.taps(&now).await;
                    self.done.paid += i64::from(is_paid);
                }
                Some("POSTED") => {
                    self.done.credited += 1;
                    return;
                }
                Some("CLOSED") => return,
                _ => {}
            }
            tokio::time::sleep(BREATH).await;
        }
    }
}
