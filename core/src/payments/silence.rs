//! Who outside is silent, and who is woken when they speak again. Whatever waits for an answer is asked about ever more
//! rarely while none comes. One row asks for all of them, and the first answer brings the others forward, so that credit
//! follows the end of an outage and not a ladder (ADR 0018). Here is decided who and how many; the store does it.

use std::sync::atomic::{AtomicI64, Ordering};

use super::observation::{Ask, Call, Observation, Observed};
use super::order::{Check, Order, PostingLine};
use super::ports::{Awaited, Sleepers};
use super::sweep::WOKEN_MAX;
use super::turns::Turn;
use super::{table_l as l, table_p as p, table_r as r, window};
use crate::shared::time::Time;

/// So many questions in a row without an answer are a silence: one row that is never answered is that row's trouble, and
/// wakes nobody.
const IN_VAIN: i64 = 3;
/// Rows that wait for the channel and are woken in one second. So many questions a second it takes from us on any day.
const CHANNEL_WOKEN_MAX: i64 = 50;

/// Whether somebody was asked, and whether they answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    #[default]
    Unasked,
    Silent,
    /// What was asked at this moment.
    Answered(Time),
}

/// Who was asked while an order was worked, and who answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Heard {
    marketing: Word,
    trade: Word,
    refund: Word,
}

impl Heard {
    /// Marketing was asked for live figures; when, if it answered.
    pub(super) fn of_marketing(answered: Option<Time>) -> Self {
        Self::of(Awaited::Marketing, answered)
    }

    fn of(awaited: Awaited, answered: Option<Time>) -> Self {
        let word = answered.map_or(Word::Silent, Word::Answered);
        let nobody = Self::default();
        match awaited {
            Awaited::Marketing => Self {
                marketing: word,
                ..nobody
            },
            Awaited::Trade => Self {
                trade: word,
                ..nobody
            },
            Awaited::Refund => Self {
                refund: word,
                ..nobody
            },
        }
    }

    const fn word(self, awaited: Awaited) -> Word {
        match awaited {
            Awaited::Marketing => self.marketing,
            Awaited::Trade => self.trade,
            Awaited::Refund => self.refund,
        }
    }

    /// What came of one call. A create that was sent because a question had no answer answers another question: it says
    /// nothing of those who wait for theirs.
    pub(super) fn note(&mut self, ask: &Ask, seen: &[Observation]) {
        let Some(awaited) = awaited_by(ask) else {
            return;
        };
        let answers = seen.iter().filter(|one| is_answer(&one.what));
        let answered = answers.map(|one| one.asked_at).max();
        *self = self.with(Self::of(awaited, answered));
    }

    /// Both together: who answered once answered.
    pub(super) fn with(self, other: Self) -> Self {
        Self {
            marketing: self.marketing.max(other.marketing),
            trade: self.trade.max(other.trade),
            refund: self.refund.max(other.refund),
        }
    }
}

/// Whose answer a call asks for, as far as rows wait for it. What makes or ends something at the channel is asked about
/// by the same two questions afterwards.
const fn awaited_by(ask: &Ask) -> Option<Awaited> {
    match ask {
        Ask::Post(_) | Ask::GetPosting(_) | Ask::Fence(_) | Ask::Reverse(_) | Ask::Voucher(_) => {
            Some(Awaited::Marketing)
        }
        Ask::QueryTrade => Some(Awaited::Trade),
        Ask::QueryRefund(_) => Some(Awaited::Refund),
        Ask::ResendCreate | Ask::CloseTrade | Ask::CheckRefunds { .. } | Ask::SendRefund(_) => None,
    }
}

/// Something was said to what was asked.
fn is_answer(what: &Observed) -> bool {
    match what {
        Observed::Channel(input, fact) => *input != p::Input::NoAnswer && fact.call != Call::Create,
        Observed::Line(_, input, _) => *input != l::Input::NoAnswer,
        Observed::Refund(_, input, _) => *input != r::Input::NoAnswer,
    }
}

/// What one process knows of whether an answer comes.
#[derive(Debug)]
pub(super) struct Silence {
    awaited: Awaited,
    /// Questions since the last answer.
    in_vain: AtomicI64,
    /// Second of the last question on behalf of all.
    asked_at: AtomicI64,
    /// Microsecond of the answer that ended a silence, while some of those who slept through it sleep on; else 0.
    spoke_at: AtomicI64,
    /// Microsecond at which that answer was asked for.
    heard_of: AtomicI64,
    /// Second in which some were woken last.
    woke_at: AtomicI64,
}

/// A process that has just started does not know who is silent: the first answer wakes what slept before.
pub(super) fn unknown() -> [Silence; 3] {
    [Awaited::Marketing, Awaited::Trade, Awaited::Refund].map(Silence::unknown)
}

impl Silence {
    fn unknown(awaited: Awaited) -> Self {
        Self {
            awaited,
            in_vain: AtomicI64::new(IN_VAIN),
            asked_at: AtomicI64::new(0),
            spoke_at: AtomicI64::new(0),
            heard_of: AtomicI64::new(0),
            woke_at: AtomicI64::new(0),
        }
    }

    /// Remembers whether an answer came. The first one wakes what slept while there was none: an hour is the longest that
    /// a row is put off.
    pub(super) fn hear(&self, heard: Heard, now: Time) {
        match heard.word(self.awaited) {
            Word::Unasked => {}
            Word::Silent => {
                let before = self.in_vain.fetch_add(1, Ordering::Relaxed);
                if before.saturating_add(1) >= IN_VAIN {
                    self.spoke_at.store(0, Ordering::Relaxed);
                }
            }
            Word::Answered(asked_at) => {
                if self.in_vain.swap(0, Ordering::Relaxed) >= IN_VAIN {
                    self.heard_of.store(asked_at.micros(), Ordering::Relaxed);
                    self.spoke_at.store(now.micros(), Ordering::Relaxed);
                }
            }
        }
    }

    /// Those of whom one asks for all now: nobody while they are answered, and not sooner than 20 s after the last one.
    pub(super) fn to_ask(&self, now: Time) -> Option<Sleepers> {
        if self.in_vain.load(Ordering::Relaxed) < IN_VAIN {
            return None;
        }
        let last = self.asked_at.load(Ordering::Relaxed);
        if now.unix_seconds().saturating_sub(last) < window::SCOUT_EVERY {
            return None;
        }
        self.asked_at.store(now.unix_seconds(), Ordering::Relaxed);
        let later = match self.awaited {
            Awaited::Marketing => now,
            Awaited::Trade | Awaited::Refund => later(self.awaited, now),
        };
        Some(self.sleepers(now, later, (now, now)))
    }

    /// Those who are brought forward now, some at a time until none is left: what is sent in a minute is bounded, and who
    /// waits for their turn waits with their own few seconds.
    pub(super) fn to_wake(&self, now: Time) -> Option<Sleepers> {
        let spoke_at = Time::from_micros(self.spoke_at.load(Ordering::Relaxed));
        let since = Time::from_micros(self.heard_of.load(Ordering::Relaxed));
        let sleepers = self.sleepers(now, later(self.awaited, now), (spoke_at, since));
        if spoke_at.micros() == 0 || sleepers.until <= now {
            return None;
        }
        let last = self.woke_at.swap(now.unix_seconds(), Ordering::Relaxed);
        let is_spread = match self.awaited {
            Awaited::Marketing => false,
            Awaited::Trade | Awaited::Refund => true,
        };
        (!is_spread || last != now.unix_seconds()).then_some(sleepers)
    }

    /// So many of them were woken: fewer than might be are the last.
    pub(super) fn woke(&self, sleepers: &Sleepers, woken: u64) {
        let spoke_at = Time::from_micros(self.spoke_at.load(Ordering::Relaxed));
        let is_the_same = window::hourly(spoke_at) == sleepers.until;
        if woken < sleepers.limit.unsigned_abs() && is_the_same {
            self.spoke_at.store(0, Ordering::Relaxed);
        }
    }

    fn sleepers(&self, now: Time, later: Time, (spoke_at, since): (Time, Time)) -> Sleepers {
        Sleepers {
            awaited: self.awaited,
            now,
            later,
            until: window::hourly(spoke_at),
            since,
            limit: match self.awaited {
                Awaited::Marketing => WOKEN_MAX,
                Awaited::Trade | Awaited::Refund => CHANNEL_WOKEN_MAX,
            },
        }
    }

    /// The turn by which this order asks.
    pub(super) fn turn_of(&self, order: &Order) -> Option<Turn> {
        match self.awaited {
            Awaited::Marketing => {
                let line = order.lines.iter().find(|line| waits_for_marketing(line));
                line.map(|line| Turn::Line(line.line_id.clone()))
            }
            Awaited::Trade => {
                let asked = matches!(order.payment.state, p::State::Paying | p::State::Closing);
                asked.then_some(Turn::Channel)
            }
            Awaited::Refund => {
                let mut refunds = order.refunds.iter();
                let unknown = refunds.find(|refund| refund.state == r::State::Unknown);
                unknown.map(|refund| Turn::Refund(refund.refund_id.clone()))
            }
        }
    }
}

/// Who is looked at by then sleeps on: their turn is soon enough.
const fn later(awaited: Awaited, now: Time) -> Time {
    now.plus_seconds(match awaited {
        Awaited::Marketing => window::APART_SECONDS,
        Awaited::Trade | Awaited::Refund => window::SCOUT_EVERY,
    })
}

/// Lines whose next step is an answer of marketing.
#[must_use]
fn waits_for_marketing(line: &PostingLine) -> bool {
    match line.state {
        l::State::Ready => line.check != Check::None,
        l::State::PostUnknown
        | l::State::FencingRepost
        | l::State::FencingRefund
        | l::State::Reversing
        | l::State::MktRefund => true,
        l::State::Posting
        | l::State::Posted
        | l::State::RefundDue
        | l::State::Refunded
        | l::State::Held => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::observation::ChannelFact;
    use super::*;

    fn at(second: i64) -> Time {
        Time::from_micros(1_700_000_000_000_000).plus_seconds(second)
    }

    const SILENT: Option<i64> = None;

    /// What was asked at that second was answered, or nothing was.
    fn word(awaited: Awaited, answered: Option<i64>) -> Heard {
        Heard::of(awaited, answered.map(at))
    }

    /// Of one process that knows that it is answered.
    fn answered(awaited: Awaited) -> Silence {
        let silence = Silence::unknown(awaited);
        silence.hear(word(awaited, Some(0)), at(0));
        let sleepers = silence.to_wake(at(0)).unwrap();
        silence.woke(&sleepers, 0);
        assert_eq!(silence.to_wake(at(1)), None, "all of them are awake");
        silence
    }

    #[test]
    fn who_has_just_started_asks_at_once_and_the_first_answer_wakes() {
        for awaited in [Awaited::Marketing, Awaited::Trade, Awaited::Refund] {
            let silence = Silence::unknown(awaited);
            assert_eq!(silence.to_wake(at(0)), None, "nobody spoke");
            assert!(silence.to_ask(at(0)).is_some());
            assert_eq!(silence.to_ask(at(19)), None);
            assert!(silence.to_ask(at(20)).is_some());
            silence.hear(Heard::default(), at(21));
            assert_eq!(silence.to_wake(at(21)), None, "nobody was asked");
            silence.hear(word(awaited, Some(20)), at(22));
            assert_eq!(silence.to_ask(at(60)), None, "each keeps to its ladder");
            let woken = silence.to_wake(at(23)).unwrap();
            assert_eq!((woken.since, woken.until), (at(20), at(3_622)));
            let minute = awaited == Awaited::Marketing;
            let later = if minute { at(83) } else { at(43) };
            assert_eq!((woken.now, woken.later), (at(23), later));
        }
    }

    #[test]
    fn one_row_without_an_answer_is_no_silence() {
        for awaited in [Awaited::Marketing, Awaited::Trade, Awaited::Refund] {
            let silence = answered(awaited);
            silence.hear(word(awaited, SILENT), at(10));
            silence.hear(word(awaited, SILENT), at(11));
            assert_eq!(silence.to_ask(at(60)), None);
            silence.hear(word(awaited, Some(61)), at(61));
            assert_eq!(silence.to_wake(at(62)), None);
            for second in 70..73 {
                silence.hear(word(awaited, SILENT), at(second));
            }
            assert!(silence.to_ask(at(100)).is_some());
            silence.hear(word(awaited, Some(101)), at(101));
            assert!(silence.to_wake(at(102)).is_some());
        }
    }

    #[test]
    fn what_one_says_is_not_said_by_another() {
        let silence = answered(Awaited::Trade);
        for second in 10..20 {
            silence.hear(word(Awaited::Refund, SILENT), at(second));
        }
        assert_eq!(silence.to_ask(at(60)), None);
        let both = word(Awaited::Trade, SILENT).with(word(Awaited::Marketing, Some(19)));
        for second in 20..23 {
            silence.hear(both, at(second));
        }
        assert!(silence.to_ask(at(60)).is_some());
    }

    #[test]
    fn what_a_create_is_answered_answers_no_question() {
        let seen = |call, input| {
            let fact = ChannelFact {
                call,
                ..ChannelFact::default()
            };
            [Observation::channel(at(7), input, fact)]
        };
        for (call, input, word) in [
            (Call::Create, p::Input::CreateOk, Word::Silent),
            (Call::Create, p::Input::CreateRefused, Word::Silent),
            (Call::CreateNotSent, p::Input::NoAnswer, Word::Silent),
            (Call::Query, p::Input::NoAnswer, Word::Silent),
            (Call::Query, p::Input::WaitBuyerPay, Word::Answered(at(7))),
            (Call::Query, p::Input::NotExist, Word::Answered(at(7))),
        ] {
            let mut heard = Heard::default();
            heard.note(&Ask::QueryTrade, &seen(call, input));
            assert_eq!(heard.word(Awaited::Trade), word, "{call:?} {input:?}");
            assert_eq!(heard.word(Awaited::Refund), Word::Unasked);
        }
        let mut heard = Heard::default();
        heard.note(&Ask::ResendCreate, &seen(Call::Create, p::Input::CreateOk));
        assert_eq!(heard, Heard::default());
    }

    /// The channel gets them second by second, until the last of them is awake or a new silence begins.
    #[test]
    fn who_waits_for_the_channel_is_woken_some_at_a_time() {
        let silence = Silence::unknown(Awaited::Trade);
        silence.hear(word(Awaited::Trade, Some(0)), at(0));
        let first = silence.to_wake(at(0)).unwrap();
        silence.woke(&first, 50);
        assert_eq!(silence.to_wake(at(0)), None, "not in the same second");
        let second = silence.to_wake(at(1)).unwrap();
        assert_eq!(second.since, at(0));
        silence.hear(word(Awaited::Trade, SILENT), at(1));
        assert!(silence.to_wake(at(2)).is_some(), "one alone stops nothing");
        for _ in 0..2 {
            silence.hear(word(Awaited::Trade, SILENT), at(2));
        }
        assert_eq!(silence.to_wake(at(3)), None, "silent again");
        silence.hear(word(Awaited::Trade, Some(4)), at(4));
        let third = silence.to_wake(at(4)).unwrap();
        silence.woke(&second, 0);
        assert!(silence.to_wake(at(5)).is_some(), "of an earlier silence");
        silence.woke(&third, 49);
        assert_eq!(silence.to_wake(at(6)), None);
        let whole = Silence::unknown(Awaited::Marketing);
        whole.hear(word(Awaited::Marketing, Some(0)), at(0));
        let now = [whole.to_wake(at(0)), whole.to_wake(at(0))];
        assert!(now.iter().all(Option::is_some), "postings have their pace");
    }
}
