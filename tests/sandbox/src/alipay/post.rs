//! Sending notices: what falls due goes out, each trade's notices one after the other, different
//! trades side by side.

use std::collections::HashMap;
use std::sync::PoisonError;
use std::time::Duration;

use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};

use super::Alipay;
use super::book::Book;
use super::draft::{Draft, Event, OF_TRADES};
use super::outbox::{Attempt, Letter};
use super::rsa2::signed_text;
use super::trade::{Status, Trade};
use super::yuan::yuan;
use crate::clock::alipay_time;
use crate::faults::{Kind, Target};

const SEND_TIMEOUT: Duration = Duration::from_secs(8);
/// Trades and agreements whose notices are on their way at the same time.
const THREADS_AT_ONCE: usize = 16;
/// How much of an answer is kept.
const ANSWER_BYTES_MAX: usize = 256;
/// NOTICE_LATE without `ms`, and the longest a notice waits to be overtaken.
const LATE: SignedDuration = SignedDuration::from_mins(10);

/// The client notices are sent with: never through a proxy, never after a redirect.
///
/// # Errors
/// When TLS roots cannot be set up.
pub(super) fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .pool_idle_timeout(crate::RESTING_TIME_MAX)
        .timeout(SEND_TIMEOUT)
        .build()
}

impl Alipay {
    /// Carries out what fell due: closings, ends of refund windows, sends of notices. Returns when
    /// nothing is due any more.
    pub async fn run_due(&self) {
        let _turn = self.post_turn.lock().await;
        loop {
            let letters = self.take_due();
            if letters.is_empty() {
                return;
            }
            let mut by_thread: HashMap<String, Vec<Letter>> = HashMap::new();
            for letter in letters {
                let thread = letter.draft.thread.clone();
                by_thread.entry(thread).or_default().push(letter);
            }
            futures_util::stream::iter(by_thread.into_values())
                .for_each_concurrent(THREADS_AT_ONCE, |letters| self.send_in_order(letters))
                .await;
        }
    }

    fn take_due(&self) -> Vec<Letter> {
        let now = self.clock.now();
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        self.pass_time(&mut book, now);
        let (letters, idle) = book.outbox.take_due(now);
        for strike in idle {
            self.faults.settle(strike, false, now, OF_TRADES, "");
        }
        letters
    }

    /// Lets time pass over the trades and tells the merchant what it did.
    pub(super) fn pass_time(&self, book: &mut Book, now: Timestamp) {
        for trade in book.pass_time(now) {
            let event = match trade.status {
                Status::TradeFinished => Event::Finished,
                _ => Event::Closed,
            };
            self.announce(book, &trade, event, now);
        }
    }

    /// Puts the notice of `event` in line, with whatever misfortune is planned for it.
    pub(super) fn announce(
        &self,
        book: &mut Book,
        trade: &Trade,
        event: Event<'_>,
        now: Timestamp,
    ) {
        let Some(buyer) = self.people.find(trade.buyer) else {
            return;
        };
        let Some(draft) = Draft::of(trade, buyer, event) else {
            return;
        };
        let call = draft.label();
        let strike = |kind| {
            self.faults
                .strike(now, Target::Alipay, OF_TRADES, kind, &call)
        };
        if strike(Kind::NoticeForged).is_some() {
            book.outbox.add(draft.clone().forged(), now, None);
        }
        if let Some(late) = strike(Kind::NoticeLate) {
            let wait = late.ms().and_then(|ms| i64::try_from(ms).ok());
            let wait = wait.map_or(LATE, SignedDuration::from_millis);
            book.outbox
                .add(draft, now.checked_add(wait).unwrap_or(now), None);
        } else if book.outbox.holds(&trade.trade_no) {
            book.outbox.add(draft, now, None);
        } else if let Some(held) =
            self.faults
                .reserve(Target::Alipay, OF_TRADES, Kind::NoticeReordered)
        {
            book.outbox
                .add(draft, now.checked_add(LATE).unwrap_or(now), Some(held));
        } else {
            book.outbox.add(draft, now, None);
        }
        self.post_wake.notify_one();
    }

    /// Somebody who is not Alipay claims that a trade nobody paid was paid.
    pub(super) fn forge_payment(&self, book: &mut Book, trade: &Trade, now: Timestamp) {
        let Some(buyer) = self.people.find(trade.buyer) else {
            return;
        };
        let mut claimed = trade.clone();
        claimed.paid(now);
        let Some(draft) = Draft::of(&claimed, buyer, Event::Paid) else {
            return;
        };
        let call = format!("unpaid {}", draft.label());
        let kind = Kind::NoticeForged;
        if self
            .faults
            .strike(now, Target::Alipay, OF_TRADES, kind, &call)
            .is_some()
        {
            book.outbox.add(draft.forged(), now, None);
            self.post_wake.notify_one();
        }
    }

    async fn send_in_order(&self, letters: Vec<Letter>) {
        for letter in letters {
            self.send(letter).await;
        }
    }

    async fn send(&self, letter: Letter) {
        let draft = &letter.draft;
        let strike = |kind| {
            let now = self.clock.now();
            !draft.forged
                && self
                    .faults
                    .strike(now, Target::Alipay, draft.notify_type, kind, &letter.call)
                    .is_some()
        };
        let mut attempt = if strike(Kind::NoticeLost) {
            Attempt {
                at: self.clock.now(),
                http_status: None,
                answer: "never left".into(),
                fault: Some("NOTICE_LOST"),
            }
        } else if draft.notify_type == OF_TRADES && strike(Kind::NoticeWrongAmount) {
            let other_sum = Draft {
                fields: with_other_sum(&draft.fields),
                ..draft.clone()
            };
            Attempt {
                fault: Some("NOTICE_WRONG_AMOUNT"),
                ..self.deliver(&other_sum).await
            }
        } else {
            self.deliver(draft).await
        };
        let accepted = attempt.http_status == Some(200) && attempt.answer == "success";
        let again = accepted && strike(Kind::NoticeRepeated);
        if again {
            attempt.fault = Some("NOTICE_REPEATED");
        }
        let now = self.clock.now();
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.outbox
            .record(letter.index, attempt, again.then_some(now));
        for (strike, call) in book.outbox.release_overtaken(letter.index, now) {
            self.faults.settle(strike, true, now, OF_TRADES, &call);
        }
    }

    /// One send over HTTP, signed at this moment.
    async fn deliver(&self, draft: &Draft) -> Attempt {
        let at = self.clock.now();
        let sent = self
            .post_client
            .post(&draft.url)
            .header(
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            )
            .body(self.form_of(draft, at))
            .send()
            .await;
        let (http_status, answer) = match sent {
            Ok(response) => {
                let http_status = Some(response.status().as_u16());
                (http_status, beginning(response).await)
            }
            Err(error) => (None, format!("no answer: {}", error.without_url())),
        };
        Attempt {
            at,
            http_status,
            answer,
            fault: None,
        }
    }

    fn form_of(&self, draft: &Draft, at: Timestamp) -> String {
        let notify_time = alipay_time(at);
        let fields = draft.fields.iter();
        let mut pairs: Vec<(&str, &str)> = fields.map(|(k, v)| (*k, v.as_str())).collect();
        pairs.push(("notify_time", &notify_time));
        pairs.push(("sign_type", "RSA2"));
        let without: &[&str] = if draft.signs_type {
            &[]
        } else {
            &["sign_type"]
        };
        let mut text = signed_text(pairs.iter().copied(), without);
        if draft.forged {
            // A genuine signature, but of other words: what a copier of old notices would have.
            text.push_str("&forged=1");
        }
        let sign = self.seal_for(draft.by_certificate).sign(&text);
        pairs.push(("sign", &sign));
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish()
    }
}

/// The beginning of an answer's body; a longer body never equals `success`.
async fn beginning(mut response: reqwest::Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > ANSWER_BYTES_MAX {
            bytes.truncate(ANSWER_BYTES_MAX);
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The same notice naming one yuan more.
fn with_other_sum(fields: &[(&'static str, String)]) -> Vec<(&'static str, String)> {
    let more = |sum: &str| {
        let fen = super::yuan::fen_of(&serde_json::Value::String(sum.to_owned()));
        fen.map_or_else(|| "1.00".to_owned(), |fen| yuan(fen + 100))
    };
    let sums = [
        "total_amount",
        "receipt_amount",
        "invoice_amount",
        "buyer_pay_amount",
    ];
    fields
        .iter()
        .map(|(key, value)| {
            (
                *key,
                if sums.contains(key) {
                    more(value)
                } else {
                    value.clone()
                },
            )
        })
        .collect()
}
