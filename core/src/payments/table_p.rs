//! Table P: the channel's side of one payment order (money.md 1).
//!
//! One function, one row per state. Every cell of the law is an arm; nothing falls through.

use super::decision::{Decision, words};

words! {
    /// Where the order stands at the channel.
    State {
        /// Lock, number and body are durable; the channel may or may not know the order.
        Created = "CREATED",
        /// Payable until it expires.
        Paying = "PAYING",
        /// Closing was asked for and is not proven; the lock is kept.
        Closing = "CLOSING",
        /// Proven unpaid, the lock is free; still watched for late money.
        Closed = "CLOSED",
        /// The ordered sum is with the channel; the lines run.
        Paid = "PAID",
        /// Another sum than ordered is with the channel.
        Suspense = "SUSPENSE",
        /// Every line is final.
        Done = "DONE",
    }
}

words! {
    /// What was seen or asked: the columns.
    Input {
        /// The channel made the trade, or our cashier URL was minted.
        CreateOk = "create_ok",
        CreateRefused = "create_refused",
        NoAnswer = "no_answer",
        /// By the payer, by a newer order, or because the order expired.
        CloseWanted = "close_wanted",
        ClosedNeverPaid = "closed_never_paid",
        CloseRefused = "close_refused",
        NotExist = "not_exist",
        WaitBuyerPay = "wait_buyer_pay",
        PaidEqual = "paid_equal",
        PaidOther = "paid_other",
        /// The channel tells of a refund that carries one of our request numbers.
        RefundOurs = "refund_ours",
        /// More was refunded than all our refunds explain.
        RefundNotOurs = "refund_not_ours",
        LinesFinal = "lines_final",
        /// Two persons decided the order's case.
        Case = "case",
    }
}

words! {
    /// What a cell demands besides the next state. The words are the law's own labels.
    Effect {
        /// Keep trade_no, or the moment the URL was minted.
        StoreTrade = "a1",
        /// Free the lock and tell the payer.
        FreeLock = "a2",
        /// Dr channel Cr clearing; lines READY; their sum is the total.
        BookPaid = "a3",
        /// Dr channel Cr suspense; one HELD line of the true sum; a case.
        BookSuspense = "a4",
        /// Ask the channel to close the trade.
        CloseTrade = "a5",
        /// As a3, but an arrears line runs only with the lock re-taken and while still due.
        BookLate = "a6",
        /// Dr foreign_refund Cr channel; reserve it; hold what was not sent.
        BookForeignRefund = "a7",
        /// Rebuild the named lines; suspense to clearing.
        RebuildLines = "a8",
        /// Ask the channel how the trade stands, now.
        Query = "q",
        /// Send the frozen bytes again.
        Resend = "resend",
        /// Hand the fact to table R.
        ToRefunds = "to_r",
        /// The payer is told that the order is paid already.
        RefuseClose = "409",
        /// A contradiction: case, alarm, freeze; no money moves.
        Contradict = "X",
    }
}

/// What a decision needs to know besides state and input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// A send of this number has no answer yet.
    pub unanswered: bool,
    /// Something under this number left us: a send, or a minted URL.
    pub left_us: bool,
    /// The resends at 2, 5 and 15 s are used up.
    pub resends_spent: bool,
    /// `expire_at` + 10 min is over: "does not exist" has become proof.
    pub beyond_doubt: bool,
    /// The channel names another trade than the one stored.
    pub other_trade: bool,
    /// The answer was asked for before the payment we know of.
    pub asked_before_payment: bool,
    /// The order lost its lock (it was CLOSED before): paid now means paid late.
    pub lock_lost: bool,
}

/// The law's answer to one input.
#[must_use]
pub fn decide(state: State, input: Input, facts: Facts) -> Decision<State, Effect> {
    match state {
        State::Created => created(input, facts),
        State::Paying => paying(input, facts),
        State::Closing => closing(input, facts),
        State::Closed => closed(input),
        State::Paid => paid(input, facts),
        State::Suspense => suspense(input),
        State::Done => done(input, facts),
    }
}

type Answer = Decision<State, Effect>;

fn created(input: Input, facts: Facts) -> Answer {
    match input {
        Input::CreateOk | Input::WaitBuyerPay => Answer::to(State::Paying, &[Effect::StoreTrade]),
        Input::CreateRefused if facts.unanswered => Answer::to(State::Closing, &[]),
        Input::CreateRefused => Answer::to(State::Closed, &[Effect::FreeLock]),
        Input::NoAnswer if facts.resends_spent => Answer::to(State::Closing, &[]),
        Input::NoAnswer => Answer::to(State::Created, &[Effect::Resend]),
        Input::CloseWanted if facts.left_us => Answer::to(State::Closing, &[Effect::CloseTrade]),
        Input::CloseWanted => Answer::to(State::Closed, &[Effect::FreeLock]),
        Input::ClosedNeverPaid => Answer::to(State::Closed, &[Effect::FreeLock]),
        Input::CloseRefused => Answer::to(State::Created, &[Effect::Query]),
        Input::NotExist if facts.beyond_doubt => Answer::to(State::Closed, &[Effect::FreeLock]),
        Input::NotExist => Answer::to(State::Created, &[Effect::Resend]),
        Input::PaidEqual => Answer::to(State::Paid, &[Effect::BookPaid]),
        Input::PaidOther => Answer::to(State::Suspense, &[Effect::BookSuspense]),
        Input::RefundNotOurs => {
            Answer::to(State::Paid, &[Effect::BookPaid, Effect::BookForeignRefund])
        }
        Input::RefundOurs | Input::LinesFinal => Answer::to(State::Created, &[Effect::Contradict]),
        Input::Case => Answer::to(State::Created, &[]),
    }
}

fn paying(input: Input, facts: Facts) -> Answer {
    match input {
        Input::CreateOk if facts.other_trade => Answer::to(State::Paying, &[Effect::Contradict]),
        Input::CreateOk | Input::CreateRefused | Input::WaitBuyerPay | Input::Case => {
            Answer::to(State::Paying, &[])
        }
        Input::NoAnswer | Input::CloseRefused => Answer::to(State::Paying, &[Effect::Query]),
        Input::CloseWanted => Answer::to(State::Closing, &[Effect::CloseTrade]),
        Input::ClosedNeverPaid => Answer::to(State::Closed, &[Effect::FreeLock]),
        Input::NotExist if facts.beyond_doubt => Answer::to(State::Closed, &[Effect::FreeLock]),
        Input::NotExist => Answer::to(State::Paying, &[]),
        Input::PaidEqual => Answer::to(State::Paid, &[Effect::BookPaid]),
        Input::PaidOther => Answer::to(State::Suspense, &[Effect::BookSuspense]),
        Input::RefundNotOurs => {
            Answer::to(State::Paid, &[Effect::BookPaid, Effect::BookForeignRefund])
        }
        Input::RefundOurs | Input::LinesFinal => Answer::to(State::Paying, &[Effect::Contradict]),
    }
}

fn closing(input: Input, facts: Facts) -> Answer {
    match input {
        Input::CreateOk | Input::WaitBuyerPay => Answer::to(State::Closing, &[Effect::CloseTrade]),
        Input::CreateRefused if facts.unanswered => Answer::to(State::Closing, &[]),
        Input::CreateRefused => Answer::to(State::Closed, &[Effect::FreeLock]),
        Input::NoAnswer | Input::CloseRefused => Answer::to(State::Closing, &[Effect::Query]),
        Input::CloseWanted | Input::Case => Answer::to(State::Closing, &[]),
        Input::ClosedNeverPaid => Answer::to(State::Closed, &[Effect::FreeLock]),
        Input::NotExist if facts.beyond_doubt => Answer::to(State::Closed, &[Effect::FreeLock]),
        Input::NotExist => Answer::to(State::Closing, &[]),
        // "CLOSING a5, no lock": money that meets an order without its lock is late money.
        Input::PaidEqual if facts.lock_lost => Answer::to(State::Paid, &[Effect::BookLate]),
        Input::PaidEqual => Answer::to(State::Paid, &[Effect::BookPaid]),
        Input::PaidOther => Answer::to(State::Suspense, &[Effect::BookSuspense]),
        Input::RefundNotOurs if facts.lock_lost => {
            Answer::to(State::Paid, &[Effect::BookLate, Effect::BookForeignRefund])
        }
        Input::RefundNotOurs => {
            Answer::to(State::Paid, &[Effect::BookPaid, Effect::BookForeignRefund])
        }
        Input::RefundOurs | Input::LinesFinal => Answer::to(State::Closing, &[Effect::Contradict]),
    }
}

fn closed(input: Input) -> Answer {
    match input {
        Input::CreateOk | Input::WaitBuyerPay => Answer::to(State::Closing, &[Effect::CloseTrade]),
        Input::CreateRefused
        | Input::NoAnswer
        | Input::CloseWanted
        | Input::ClosedNeverPaid
        | Input::NotExist
        | Input::Case => Answer::to(State::Closed, &[]),
        Input::CloseRefused | Input::RefundOurs | Input::LinesFinal => {
            Answer::to(State::Closed, &[Effect::Contradict])
        }
        Input::PaidEqual => Answer::to(State::Paid, &[Effect::BookLate]),
        Input::PaidOther => Answer::to(State::Suspense, &[Effect::BookSuspense]),
        Input::RefundNotOurs => {
            Answer::to(State::Paid, &[Effect::BookLate, Effect::BookForeignRefund])
        }
    }
}

fn paid(input: Input, facts: Facts) -> Answer {
    match input {
        Input::CreateOk
        | Input::CreateRefused
        | Input::NoAnswer
        | Input::CloseRefused
        | Input::PaidEqual => Answer::to(State::Paid, &[]),
        Input::CloseWanted => Answer::to(State::Paid, &[Effect::RefuseClose]),
        Input::WaitBuyerPay if facts.asked_before_payment => Answer::to(State::Paid, &[]),
        Input::NotExist | Input::WaitBuyerPay | Input::PaidOther => {
            Answer::to(State::Paid, &[Effect::Contradict])
        }
        Input::RefundOurs => Answer::to(State::Paid, &[Effect::ToRefunds]),
        Input::ClosedNeverPaid | Input::RefundNotOurs => {
            Answer::to(State::Paid, &[Effect::BookForeignRefund])
        }
        Input::LinesFinal => Answer::to(State::Done, &[]),
        Input::Case => Answer::to(State::Paid, &[Effect::RebuildLines]),
    }
}

fn suspense(input: Input) -> Answer {
    match input {
        Input::CreateOk
        | Input::CreateRefused
        | Input::NoAnswer
        | Input::CloseRefused
        | Input::PaidEqual
        | Input::PaidOther => Answer::to(State::Suspense, &[]),
        Input::CloseWanted => Answer::to(State::Suspense, &[Effect::RefuseClose]),
        Input::NotExist | Input::WaitBuyerPay => Answer::to(State::Suspense, &[Effect::Contradict]),
        Input::RefundOurs => Answer::to(State::Suspense, &[Effect::ToRefunds]),
        Input::ClosedNeverPaid | Input::RefundNotOurs => {
            Answer::to(State::Suspense, &[Effect::BookForeignRefund])
        }
        Input::LinesFinal => Answer::to(State::Done, &[]),
        Input::Case => Answer::to(State::Paid, &[Effect::RebuildLines]),
    }
}

fn done(input: Input, facts: Facts) -> Answer {
    match input {
        Input::CreateOk
        | Input::CreateRefused
        | Input::NoAnswer
        | Input::CloseRefused
        | Input::PaidEqual
        | Input::LinesFinal => Answer::to(State::Done, &[]),
        Input::CloseWanted => Answer::to(State::Done, &[Effect::RefuseClose]),
        Input::WaitBuyerPay if facts.asked_before_payment => Answer::to(State::Done, &[]),
        Input::NotExist | Input::WaitBuyerPay | Input::PaidOther => {
            Answer::to(State::Done, &[Effect::Contradict])
        }
        Input::RefundOurs => Answer::to(State::Done, &[Effect::ToRefunds]),
        Input::ClosedNeverPaid | Input::RefundNotOurs => {
            Answer::to(State::Paid, &[Effect::BookForeignRefund])
        }
        Input::Case => Answer::to(State::Paid, &[Effect::RebuildLines]),
    }
}

impl State {
    /// Whether the channel's money for this order is in our books.
    #[must_use]
    pub const fn has_money(self) -> bool {
        match self {
            Self::Created | Self::Paying | Self::Closing | Self::Closed => false,
            Self::Paid | Self::Suspense | Self::Done => true,
        }
    }
}
