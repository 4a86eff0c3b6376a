//! The marketing system as one thing: books behind a lock, replies it remembers, its clock.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;

use crate::clock::SimClock;
use crate::hmac_auth::Nonces;
use crate::people::People;

use super::generators::{Generators, connected};
use super::identity::MatchTokens;
use super::ledger::Ledger;
use super::population::populate;
use super::posting::Fingerprint;
use super::refused::Refused;
use super::tariff::Tariffs;
use super::work_orders::WorkOrders;

/// The marketing system's world.
pub struct Marketing {
    pub(super) clock: SimClock,
    pub(super) nonces: Nonces,
    books: Mutex<Books>,
}

impl std::fmt::Debug for Marketing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Marketing")
    }
}

/// All state. One call holds the lock from its first look to its last change.
pub(super) struct Books {
    pub(super) ledger: Ledger,
    pub(super) tariffs: Tariffs,
    pub(super) tokens: MatchTokens,
    pub(super) replies: Replies,
    pub(super) work_orders: WorkOrders,
    pub(super) generators: Generators,
    /// Closed for maintenance: every contract call is refused.
    pub(super) outage: bool,
}

impl Marketing {
    /// The seeded world as of the clock's present day.
    pub fn new(seed: u64, clock: SimClock, with_strangers: bool) -> Self {
        let tariffs = Tariffs::standard();
        let accounts = populate(seed, clock.now(), &People::new(), &tariffs, with_strangers);
        let books = Books {
            ledger: Ledger::new(accounts),
            tariffs,
            tokens: MatchTokens::default(),
            replies: Replies::default(),
            work_orders: WorkOrders::default(),
            generators: connected(&People::new()),
            outage: false,
        };
        Self {
            clock,
            nonces: Nonces::default(),
            books: Mutex::new(books),
        }
    }

    /// The books, with everything booked that has become ready by `now`.
    pub(super) fn books(&self, now: Timestamp) -> MutexGuard<'_, Books> {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        books.ledger.advance(now);
        books
    }
}

/// An answer of the contract. Not printable: it may name a consumer.
#[derive(Clone, PartialEq)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Value,
}

impl Reply {
    pub(super) fn ok(body: Value) -> Self {
        Self {
            status: StatusCode::OK,
            body,
        }
    }

    pub(super) fn refused(refused: Refused, trace_id: &str) -> Self {
        Self {
            status: refused.status(),
            body: refused.body(trace_id),
        }
    }

    pub(super) fn respond(&self) -> HttpResponse {
        HttpResponse::build(self.status).json(&self.body)
    }

    /// Whether a repeat of the request must get this very reply: done, or refused as business.
    fn is_final(&self) -> bool {
        self.status.is_success()
            || matches!(
                self.status,
                StatusCode::NOT_FOUND | StatusCode::CONFLICT | StatusCode::GONE
            )
    }
}

/// What was answered to each `Idempotency-Key`. Not printable.
#[derive(Default)]
pub(super) struct Replies(HashMap<String, (Fingerprint, Reply)>);

impl Replies {
    /// The stored reply, if the key was used for the same request.
    ///
    /// # Errors
    /// `IdempotencyConflict` if it was used for another one.
    pub(super) fn find(
        &self,
        key: &str,
        fingerprint: &Fingerprint,
    ) -> Result<Option<Reply>, Refused> {
        match self.0.get(key) {
            None => Ok(None),
            Some((known, reply)) if known == fingerprint => Ok(Some(reply.clone())),
            Some(_) => Err(Refused::IdempotencyConflict),
        }
    }

    /// Keeps the first final reply of a key.
    pub(super) fn keep(&mut self, key: &str, fingerprint: Fingerprint, reply: &Reply) {
        if reply.is_final() {
            self.0
                .entry(key.to_owned())
                .or_insert_with(|| (fingerprint, reply.clone()));
        }
    }
}
