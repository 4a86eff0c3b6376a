//! The channel's notices: repeated by its schedule until acknowledged, late, lost, doubled, and
//! some that it never sent.

use lifeline_core::payments::ports::{Notice, NoticeError, NoticeReader, Trade};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Time;
use serde::{Deserialize, Serialize};

use super::wire::Wire;
use super::world::{MILLI, SECOND, World};

/// Seconds between the sends of one notice: 4 m, 10 m, 10 m, 1 h, 2 h, 6 h, 15 h.
const GAPS_S: [i64; 7] = [240, 600, 600, 3600, 7200, 21_600, 54_000];

/// A notice on the wire.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Letter {
    id: String,
    number: String,
    trade_no: String,
    state: State,
    fen: i64,
    paid_at: i64,
    refunded: i64,
    request: Option<String>,
    at: i64,
    seal: Seal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Paid,
    ClosedUnpaid,
    ClosedRefunded,
}

/// Whether signature and addressee verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Seal {
    Good,
    Forged,
    ForAnother,
}

/// A notice on its way, until it is acknowledged or given up.
#[derive(Debug, Clone)]
pub(super) struct Sending {
    pub(super) id: String,
    pub(super) raw: Vec<u8>,
    attempt: usize,
}

impl NoticeReader for Wire {
    fn read(&self, raw: &[u8]) -> Result<Notice, NoticeError> {
        let letter: Letter = serde_json::from_slice(raw).map_err(|_| NoticeError::Malformed)?;
        match letter.seal {
            Seal::Good => {}
            Seal::Forged => return Err(NoticeError::BadSignature),
            Seal::ForAnother => return Err(NoticeError::Foreign),
        }
        let (trade_no, total) = (letter.trade_no, Fen::new(letter.fen));
        let paid_at = Time::from_micros(letter.paid_at);
        let refunded_total = Fen::new(letter.refunded);
        Ok(Notice {
            notify_id: letter.id,
            out_trade_no: letter.number,
            trade: match letter.state {
                State::ClosedUnpaid => Trade::ClosedNeverPaid { trade_no },
                State::Paid => Trade::Paid {
                    trade_no,
                    total,
                    paid_at,
                    refunded_total,
                },
                State::ClosedRefunded => Trade::ClosedRefunded {
                    trade_no,
                    total,
                    paid_at: Some(paid_at),
                    refunded_total,
                },
            },
            out_request_no: letter.request,
            notified_at: Time::from_micros(letter.at),
        })
    }
}

impl World {
    fn letter(&mut self, number: &str, request: Option<&str>) -> Option<Letter> {
        let now = self.now();
        let id = format!("{:016x}", self.dice.next());
        let trade = self.channel.trades.get(number)?;
        let refunded = trade.refunded(now);
        let whole = trade.paid_at.is_some() && refunded >= trade.fen;
        // Now and then a closing notice leaves its payment fields out; never the first that is heard
        // of the payment.
        let bare = whole && self.marketing.knows(number) && self.dice.in_mille(450);
        let trade = self.channel.trades.get(number)?;
        let state = match trade.paid_at {
            None => State::ClosedUnpaid,
            Some(_) if bare => State::ClosedUnpaid,
            Some(_) if whole => State::ClosedRefunded,
            Some(_) => State::Paid,
        };
        Some(Letter {
            id,
            number: number.to_owned(),
            trade_no: trade.trade_no.clone(),
            state,
            fen: trade.fen,
            paid_at: trade
                .paid_at
                .unwrap_or(0)
                .div_euclid(SECOND)
                .saturating_mul(SECOND),
            refunded,
            request: request.map(str::to_owned),
            at: now.div_euclid(SECOND).saturating_mul(SECOND),
            seal: Seal::Good,
        })
    }

    /// The channel has something to tell about a trade.
    pub(super) fn announce(&mut self, number: &str, request: Option<&str>) {
        let Some(letter) = self.letter(number, request) else {
            return;
        };
        let copies = if self.dice.in_mille(60) { 2 } else { 1 };
        for copy in 0..copies {
            let mut letter = letter.clone();
            if copy > 0 {
                // The same fact once more under an id of its own.
                letter.id = format!("{:016x}", self.dice.next());
            }
            let delay = match self.dice.below(100) {
                0..=79 => self.dice.between(20, 2_000),
                80..=94 => self.dice.between(2_000, 60_000),
                _ => self.dice.between(60_000, 900_000),
            };
            self.mail(&letter, delay.saturating_mul(MILLI));
        }
    }

    fn mail(&mut self, letter: &Letter, delay: i64) {
        let sending = Sending {
            id: letter.id.clone(),
            raw: serde_json::to_vec(letter).unwrap_or_default(),
            attempt: 0,
        };
        self.unacknowledged.insert(sending.id.clone());
        self.after(delay, move |world| world.deliver(sending));
    }

    /// One attempt; the next one follows unless this one is acknowledged before it.
    fn deliver(&mut self, mut sending: Sending) {
        if !self.unacknowledged.contains(&sending.id) {
            return;
        }
        let lost = self.loses_notice();
        let machine = self.some_machine().filter(|_| !lost);
        self.note(format_args!(
            "channel sends notice {} to {machine:?}",
            sending.id
        ));
        if let Some(machine) = machine {
            self.callbacks.push((machine, sending.clone()));
        }
        match GAPS_S.get(sending.attempt) {
            Some(gap) => {
                sending.attempt = sending.attempt.saturating_add(1);
                self.after(gap.saturating_mul(SECOND), move |world| {
                    world.deliver(sending)
                });
            }
            None => {
                self.unacknowledged.remove(&sending.id);
            }
        }
    }

    /// The answer `success` reached the channel, unless it was lost.
    pub(super) fn acknowledge(&mut self, id: &str) {
        if self.loses_notice() {
            self.note(format_args!("the acknowledgement of {id} is lost"));
        } else {
            self.unacknowledged.remove(id);
        }
    }

    /// Somebody who is not the channel tells of a payment, or the channel tells of another seller's,
    /// or a true notice carries another sum.
    pub(super) fn forge(&mut self) {
        let numbers: Vec<String> = self.promises.keys().cloned().collect();
        let Some(number) = self.dice.pick(&numbers).cloned() else {
            return;
        };
        let fen = self.promises.get(&number).map_or(0, |promise| promise.fen);
        let seal = match self.dice.below(4) {
            0 => Seal::Good,
            1 => Seal::ForAnother,
            _ => Seal::Forged,
        };
        let fen = if seal == Seal::Good {
            fen.saturating_add(self.dice.between(1, 500))
        } else {
            fen
        };
        let now = self.now();
        let letter = Letter {
            id: format!("{:016x}", self.dice.next()),
            trade_no: format!("forged{number}"),
            state: State::Paid,
            fen,
            paid_at: now,
            refunded: 0,
            request: None,
            at: now,
            seal,
            number,
        };
        self.note(format_args!(
            "a forged notice about {} ({seal:?})",
            letter.number
        ));
        self.mail(&letter, 0);
    }
}
