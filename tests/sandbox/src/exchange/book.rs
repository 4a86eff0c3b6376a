//! What was handed over, and the offices that are known.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::SimClock;
use crate::hmac_auth::Nonces;

/// One report as it was taken.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub(super) digest: String,
    pub(super) report: String,
    pub(super) receipt_no: String,
    /// How often it was sent.
    pub(super) sends: u32,
}

#[derive(Debug)]
pub(super) struct Book {
    /// By addressee and day.
    pub(super) reports: BTreeMap<(String, String), Taken>,
    pub(super) offices: BTreeMap<String, String>,
}

/// The exchange.
#[derive(Debug)]
pub struct Exchange {
    pub(super) clock: SimClock,
    pub(super) nonces: Nonces,
    book: Mutex<Book>,
}

impl Exchange {
    /// One that has taken nothing and knows three offices.
    #[must_use]
    pub fn new(clock: SimClock) -> Self {
        let offices = [
            ("1504", "赤峰供电公司"),
            ("1505", "通辽供电公司"),
            ("1507", "呼伦贝尔供电公司"),
        ];
        let offices = offices.map(|(no, name)| (no.to_owned(), name.to_owned()));
        Self {
            clock,
            nonces: Nonces::default(),
            book: Mutex::new(Book {
                reports: BTreeMap::new(),
                offices: offices.into(),
            }),
        }
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
