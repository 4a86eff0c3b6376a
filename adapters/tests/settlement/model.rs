//! The outside of random histories: a head-end whose readings change, a reviewer with a mind of its own, and a bank that
//! loses calls, answers and callers, is late, refuses, pays other sums and gives back. Its books are what histories are judged
//! by.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use lifeline_core::settlement::ids::GenerationNo;
use lifeline_core::settlement::ports::{
    HeadEnd, Payout, PayoutAnswer, Published, PublishingPlatform, ReviewAnswer, ReviewRequest,
    ReviewTerminal, TradePlatform,
};
use lifeline_core::settlement::readings::MonthReading;
use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::period::Period;
use lifeline_core::shared::time::{Clock, Time};

use crate::world::{month, period, prices};

/// Faults planted between the product and the bank: histories must find each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Planted {
    /// Each send has a number of its own.
    ForgetsItsNumber,
    /// Silence is taken for a payment.
    BelievesInSilence,
    /// A number is taken for closed that nobody closed.
    ForgetsTheFence,
}

/// Seeded chance.
#[derive(Debug, Default)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }
}

/// One number as the bank knows it.
#[derive(Debug, Clone)]
pub(crate) struct Booked {
    pub(crate) number: String,
    pub(crate) card: String,
    pub(crate) sum: Fen,
    pub(crate) state: PayoutAnswer,
}

#[derive(Debug, Default)]
struct Books {
    now: i64,
    dice: Dice,
    chance: Dice,
    /// Nothing goes wrong any more.
    is_calm: bool,
    /// Whoever calls may be killed.
    lets_kill: bool,
    planted: Option<Planted>,
    sends: u64,
    /// By generation number: when it was read, and what the peak of a day was, in tenths.
    readings: BTreeMap<String, (Time, u64)>,
    reviews: BTreeMap<String, ReviewAnswer>,
    booked: Vec<Booked>,
    /// Sent, and still on the way to the bank.
    flying: Vec<Booked>,
}

impl Books {
    fn below(&mut self, bound: u64) -> u64 {
        self.dice.roll() % bound
    }

    fn fails(&mut self, percent: u64) -> bool {
        !self.is_calm && self.below(100) < percent
    }

    fn state(&self, number: &str) -> PayoutAnswer {
        let known = self.booked.iter().find(|one| one.number == number);
        known.map_or(PayoutAnswer::NotFound, |one| one.state)
    }

    /// The bank takes a number it does not know; what it knows it does once.
    fn take(&mut self, mut order: Booked) -> PayoutAnswer {
        let known = self.state(&order.number);
        if known != PayoutAnswer::NotFound {
            return known;
        }
        let sum = order.sum;
        order.state = match self.below(20) {
            _ if self.is_calm => PayoutAnswer::Paid(sum),
            0 => PayoutAnswer::Refused,
            1 => PayoutAnswer::Accepted,
            2 if sum.get() > 1 => PayoutAnswer::Paid(Fen::new(sum.get() - 1)),
            _ => PayoutAnswer::Paid(sum),
        };
        let state = order.state;
        self.booked.push(order);
        state
    }

    fn land(&mut self) {
        for order in std::mem::take(&mut self.flying) {
            self.take(order);
        }
    }
}

/// A handle of the outside.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model(Arc<Mutex<Books>>);

const LOST: NoAnswer = NoAnswer::Unknown("lost");

impl Model {
    pub(crate) fn of(seed: u64, start: Time, planted: Option<Planted>) -> Self {
        let model = Self::default();
        model.with(|books| {
            books.now = start.micros();
            books.dice = Dice(seed);
            books.chance = Dice(!seed);
            books.planted = planted;
        });
        model
    }

    fn with<T>(&self, act: impl FnOnce(&mut Books) -> T) -> T {
        act(&mut self.0.lock().unwrap())
    }

    /// From now on whoever calls the bank may be killed, or not any more.
    pub(crate) fn lets_kill(&self, kills: bool) {
        self.with(|books| books.lets_kill = kills);
    }

    /// Comes back to all but those who are killed here.
    async fn survived(&self) {
        if self.with(|books| books.lets_kill && books.fails(5)) {
            std::future::pending::<()>().await;
        }
    }

    pub(crate) fn below(&self, bound: u64) -> u64 {
        self.with(|books| books.below(bound))
    }

    pub(crate) fn pick<'a, T>(&self, all: &'a [T]) -> Option<&'a T> {
        let bound = u64::try_from(all.len()).unwrap().max(1);
        all.get(usize::try_from(self.below(bound)).unwrap())
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.with(|books| books.now += seconds * 1_000_000);
    }

    /// The head-end says something else of this number's month from now on.
    pub(crate) fn reads_anew(&self, number: &str) {
        self.with(|books| {
            let before = books.readings.get(number).map_or(0, |(_, peak)| peak - 50);
            // Any of 101 but the one before.
            let peak = 50 + (before + 1 + books.below(100)) % 101;
            let read_at = Time::from_micros(books.now);
            books.readings.insert(number.to_owned(), (read_at, peak));
        });
    }

    /// The head-end says what it never said before: by chance it might say what was collected already.
    pub(crate) fn reads_unheard(&self, number: &str) {
        self.with(|books| {
            let read_at = Time::from_micros(books.now);
            books.readings.insert(number.to_owned(), (read_at, 200));
        });
    }

    /// The bank settles what it accepted, or gives something back.
    pub(crate) fn bank_moves(&self) {
        self.with(|books| {
            if books.fails(30) {
                books.land();
            }
            let all = u64::try_from(books.booked.len()).unwrap();
            if all == 0 {
                return;
            }
            let at = usize::try_from(books.below(all)).unwrap();
            let gives_back = books.below(3) == 0;
            let one = &mut books.booked[at];
            one.state = match one.state {
                PayoutAnswer::Accepted => PayoutAnswer::Paid(one.sum),
                PayoutAnswer::Paid(paid) if gives_back => PayoutAnswer::Returned(paid),
                other => other,
            };
        });
    }

    /// Whatever is on its way lands, the reviewer agrees, and nothing goes wrong from now on.
    pub(crate) fn calm(&self) {
        self.with(|books| {
            books.is_calm = true;
            books.land();
            for one in &mut books.booked {
                if one.state == PayoutAnswer::Accepted {
                    one.state = PayoutAnswer::Paid(one.sum);
                }
            }
            for answer in books.reviews.values_mut() {
                *answer = ReviewAnswer::Upheld;
            }
        });
    }

    /// What the bank paid to an account and did not get back.
    pub(crate) fn kept(&self, card: &str) -> i64 {
        self.with(|books| {
            let rows = books.booked.iter().filter(|one| one.card == card);
            let paid = rows.map(|one| match one.state {
                PayoutAnswer::Paid(sum) => sum.get(),
                _ => 0,
            });
            paid.sum()
        })
    }
}

impl Clock for Model {
    fn now(&self) -> Time {
        self.with(|books| Time::from_micros(books.now))
    }
}

impl Entropy for Model {
    fn fill(&self, bytes: &mut [u8]) {
        self.with(|books| {
            for chunk in bytes.chunks_mut(8) {
                let rolled = books.chance.roll().to_be_bytes();
                chunk.copy_from_slice(&rolled[..chunk.len()]);
            }
        });
    }
}

#[async_trait]
impl HeadEnd for Model {
    async fn month(
        &self,
        number: &GenerationNo,
        asked: &Period,
    ) -> Result<Option<MonthReading>, NoAnswer> {
        self.with(|books| {
            if books.fails(10) {
                return Err(LOST);
            }
            let found = books.readings.get(number.expose());
            let found = found.filter(|_| *asked == period());
            Ok(found.map(|(read_at, tenths)| {
                let peak = format!("{}.{}", tenths / 10, tenths % 10);
                month(*read_at, &peak)
            }))
        })
    }
}

#[async_trait]
impl PublishingPlatform for Model {
    async fn feed_in_prices(&self, _: &Period) -> Result<Published, NoAnswer> {
        if self.with(|books| books.fails(10)) {
            return Err(LOST);
        }
        Ok(prices())
    }
}

#[async_trait]
impl ReviewTerminal for Model {
    async fn hand_over(&self, request: &ReviewRequest) -> Result<(), NoAnswer> {
        self.with(|books| {
            if books.fails(20) {
                return Err(LOST);
            }
            let answer = match books.below(3) {
                _ if books.is_calm => ReviewAnswer::Upheld,
                0 => ReviewAnswer::Pending,
                1 => ReviewAnswer::Upheld,
                _ => {
                    let more = i64::try_from(books.below(2_000)).unwrap() - 1_000;
                    ReviewAnswer::Corrected(Fen::new((request.net.get() + more).max(0)))
                }
            };
            books
                .reviews
                .entry(request.review_no.clone())
                .or_insert(answer);
            Ok(())
        })
    }

    async fn ask(&self, review_no: &str) -> Result<ReviewAnswer, NoAnswer> {
        self.with(|books| {
            if books.fails(20) {
                return Err(LOST);
            }
            let known = books.reviews.get(review_no);
            Ok(known.copied().unwrap_or(ReviewAnswer::NotFound))
        })
    }

    async fn recall(&self, review_no: &str) -> Result<(), NoAnswer> {
        self.with(|books| books.reviews.remove(review_no));
        Ok(())
    }
}

#[async_trait]
impl TradePlatform for Model {
    async fn pay(&self, payout: &Payout) -> Result<PayoutAnswer, NoAnswer> {
        self.survived().await;
        let answer = self.with(|books| {
            books.sends += 1;
            let mut order = Booked {
                number: payout.payout_no.clone(),
                card: payout.payee.trading_account.expose().to_owned(),
                sum: payout.amount,
                state: PayoutAnswer::NotFound,
            };
            if books.planted == Some(Planted::ForgetsItsNumber) {
                order.number = format!("{}.{}", order.number, books.sends);
            }
            if books.fails(15) {
                books.flying.push(order);
                return silence(books, payout);
            }
            // At the door, whatever may still be on its way under this number.
            if books.state(&order.number) == PayoutAnswer::NotFound && books.fails(10) {
                return Ok(PayoutAnswer::Refused);
            }
            let state = books.take(order);
            if books.fails(15) {
                return silence(books, payout);
            }
            Ok(state)
        });
        self.survived().await;
        answer
    }

    async fn ask(&self, payout_no: &str) -> Result<PayoutAnswer, NoAnswer> {
        self.survived().await;
        let answer = self.with(|books| {
            if books.fails(15) {
                return Err(LOST);
            }
            Ok(books.state(payout_no))
        });
        self.survived().await;
        answer
    }

    async fn fence(&self, payout_no: &str) -> Result<PayoutAnswer, NoAnswer> {
        self.survived().await;
        let answer = self.with(|books| {
            if books.fails(15) {
                return Err(LOST);
            }
            let known = books.state(payout_no);
            if known != PayoutAnswer::NotFound {
                return Ok(known);
            }
            if books.planted != Some(Planted::ForgetsTheFence) {
                books.booked.push(Booked {
                    number: payout_no.to_owned(),
                    card: String::new(),
                    sum: Fen::ZERO,
                    state: PayoutAnswer::Fenced,
                });
            }
            Ok(PayoutAnswer::Fenced)
        });
        self.survived().await;
        answer
    }
}

fn silence(books: &Books, payout: &Payout) -> Result<PayoutAnswer, NoAnswer> {
    match books.planted {
        Some(Planted::BelievesInSilence) => Ok(PayoutAnswer::Paid(payout.amount)),
        _ => Err(LOST),
    }
}
