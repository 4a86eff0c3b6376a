//! Table T: one trade task, paid at most once (money.md 1).

use crate::shared::decision::{Decision, words};

words! {
    /// Where a trade task stands.
    State {
        /// Its gate is shut; the reason is shown.
        Held = "HELD",
        /// In the queue.
        Queued = "QUEUED",
        Sending = "SENDING",
        /// Sent; nobody here knows whether it was paid.
        Unknown = "UNKNOWN",
        Paid = "PAID",
        /// The bank gave it back.
        Returned = "RETURNED",
        Withdrawn = "WITHDRAWN",
    }
}

words! {
    /// The columns.
    Input {
        GateFails = "gate_fails",
        GateOk = "gate_ok",
        Turn = "turn",
        Accepted = "accepted",
        PaidOurs = "paid_our_sum",
        PaidOther = "paid_other_sum",
        RefusedForGood = "refused_for_good",
        NoAnswer = "no_answer",
        NotFound = "not_found",
        FencedNotFound = "fenced_not_found",
        Withdraw = "withdraw",
        PayeeChanged = "payee_changed",
        BankReturn = "bank_return",
        /// Two persons decided.
        Case = "case",
    }
}

words! {
    /// What a cell demands besides the next state.
    Effect {
        /// g1: the gate was checked and held.
        CheckGate = "g1",
        /// g2: payable again, number, payee and sum frozen, sent after the commit.
        Send = "g2",
        /// g3: the ledger, by the true sum.
        BookPaid = "g3",
        /// g4: the ledger back, and the owner told.
        BookReturned = "g4",
        /// Three days from now at the earliest.
        WaitForPayee = "72h",
        NewNumber = "new_no",
        Query = "q",
        Resend = "resend",
        Fence = "fence",
        OpenCase = "case",
        RefuseDispatched = "409",
        Contradict = "X",
    }
}

/// What a decision needs to know besides state and input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// The brake lets another payout leave (money.md G7).
    pub brake_open: bool,
    /// Ten minutes have passed since it was last sent.
    pub resend_due: bool,
    /// The owner confirmed where a returned payout is to go.
    pub payee_confirmed: bool,
}

type Answer = Decision<State, Effect>;

/// The law's answer to one input.
#[must_use]
pub fn decide(state: State, input: Input, facts: Facts) -> Decision<State, Effect> {
    match state {
        State::Held => held(input),
        State::Queued => queued(input, facts),
        State::Sending => sending(input),
        State::Unknown => unknown(input, facts),
        State::Paid => paid(input),
        State::Returned => returned(input, facts),
        State::Withdrawn => withdrawn(input),
    }
}

fn held(input: Input) -> Answer {
    match input {
        Input::GateOk => Answer::to(State::Queued, &[Effect::CheckGate]),
        Input::Withdraw => Answer::to(State::Withdrawn, &[]),
        Input::PayeeChanged => Answer::to(State::Held, &[Effect::WaitForPayee]),
        Input::GateFails | Input::Turn | Input::Case => Answer::to(State::Held, &[]),
        Input::Accepted
        | Input::PaidOurs
        | Input::PaidOther
        | Input::RefusedForGood
        | Input::NoAnswer
        | Input::NotFound
        | Input::FencedNotFound
        | Input::BankReturn => Answer::to(State::Held, &[Effect::Contradict]),
    }
}

fn queued(input: Input, facts: Facts) -> Answer {
    match input {
        Input::GateFails | Input::Case => Answer::to(State::Held, &[]),
        Input::Turn if facts.brake_open => Answer::to(State::Sending, &[Effect::Send]),
        Input::Withdraw => Answer::to(State::Withdrawn, &[]),
        Input::PayeeChanged => Answer::to(State::Held, &[Effect::WaitForPayee]),
        Input::GateOk | Input::Turn => Answer::to(State::Queued, &[]),
        Input::Accepted
        | Input::PaidOurs
        | Input::PaidOther
        | Input::RefusedForGood
        | Input::NoAnswer
        | Input::NotFound
        | Input::FencedNotFound
        | Input::BankReturn => Answer::to(State::Queued, &[Effect::Contradict]),
    }
}

fn sending(input: Input) -> Answer {
    match input {
        Input::Turn | Input::Accepted | Input::NoAnswer | Input::NotFound => {
            Answer::to(State::Unknown, &[])
        }
        Input::PaidOurs => Answer::to(State::Paid, &[Effect::BookPaid]),
        Input::PaidOther => Answer::to(State::Paid, &[Effect::BookPaid, Effect::OpenCase]),
        Input::RefusedForGood => Answer::to(State::Held, &[Effect::NewNumber]),
        Input::Withdraw => Answer::to(State::Sending, &[Effect::RefuseDispatched]),
        Input::GateFails | Input::GateOk | Input::PayeeChanged | Input::Case => {
            Answer::to(State::Sending, &[])
        }
        Input::FencedNotFound | Input::BankReturn => {
            Answer::to(State::Sending, &[Effect::Contradict])
        }
    }
}

fn unknown(input: Input, facts: Facts) -> Answer {
    match input {
        Input::Turn if facts.resend_due => Answer::to(State::Unknown, &[Effect::Resend]),
        Input::Turn => Answer::to(State::Unknown, &[Effect::Query]),
        Input::PaidOurs => Answer::to(State::Paid, &[Effect::BookPaid]),
        Input::PaidOther => Answer::to(State::Paid, &[Effect::BookPaid, Effect::OpenCase]),
        // An earlier send may still be paid, so only a fence makes a refusal final (money.md G6).
        Input::RefusedForGood | Input::Case => Answer::to(State::Unknown, &[Effect::Fence]),
        Input::FencedNotFound => Answer::to(State::Queued, &[Effect::NewNumber]),
        Input::Withdraw => Answer::to(State::Unknown, &[Effect::RefuseDispatched]),
        // What came back was paid before: both are booked.
        Input::BankReturn => Answer::to(State::Returned, &[Effect::BookPaid, Effect::BookReturned]),
        Input::GateFails
        | Input::GateOk
        | Input::Accepted
        | Input::NoAnswer
        | Input::NotFound
        | Input::PayeeChanged => Answer::to(State::Unknown, &[]),
    }
}

fn paid(input: Input) -> Answer {
    match input {
        Input::BankReturn => Answer::to(State::Returned, &[Effect::BookReturned]),
        Input::Withdraw => Answer::to(State::Paid, &[Effect::RefuseDispatched]),
        Input::PaidOther | Input::RefusedForGood | Input::NotFound | Input::FencedNotFound => {
            Answer::to(State::Paid, &[Effect::Contradict])
        }
        Input::GateFails
        | Input::GateOk
        | Input::Turn
        | Input::Accepted
        | Input::PaidOurs
        | Input::NoAnswer
        | Input::PayeeChanged
        | Input::Case => Answer::to(State::Paid, &[]),
    }
}

fn returned(input: Input, facts: Facts) -> Answer {
    match input {
        Input::GateOk if facts.payee_confirmed => {
            Answer::to(State::Queued, &[Effect::CheckGate, Effect::NewNumber])
        }
        Input::Withdraw => Answer::to(State::Withdrawn, &[]),
        Input::PayeeChanged => Answer::to(State::Returned, &[Effect::WaitForPayee]),
        Input::PaidOurs | Input::PaidOther => Answer::to(State::Returned, &[Effect::Contradict]),
        Input::GateOk
        | Input::GateFails
        | Input::Turn
        | Input::Accepted
        | Input::RefusedForGood
        | Input::NoAnswer
        | Input::NotFound
        | Input::FencedNotFound
        | Input::BankReturn
        | Input::Case => Answer::to(State::Returned, &[]),
    }
}

fn withdrawn(input: Input) -> Answer {
    match input {
        Input::Accepted | Input::PaidOurs | Input::PaidOther | Input::BankReturn => {
            Answer::to(State::Withdrawn, &[Effect::Contradict])
        }
        Input::GateFails
        | Input::GateOk
        | Input::Turn
        | Input::RefusedForGood
        | Input::NoAnswer
        | Input::NotFound
        | Input::FencedNotFound
        | Input::Withdraw
        | Input::PayeeChanged
        | Input::Case => Answer::to(State::Withdrawn, &[]),
    }
}

impl State {
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Paid | Self::Withdrawn)
    }

    /// Counts against what may still be paid for its period.
    #[must_use]
    pub const fn is_committed(self) -> bool {
        matches!(self, Self::Sending | Self::Unknown | Self::Paid)
    }

    /// Nothing of it has left us.
    #[must_use]
    pub const fn is_unsent(self) -> bool {
        matches!(self, Self::Held | Self::Queued)
    }
}
