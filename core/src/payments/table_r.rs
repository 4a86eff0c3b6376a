//! Table R: one refund at the channel, one out_request_no (money.md 1).

use super::decision::{Decision, words};

words! {
    /// Where a refund stands.
    State {
        /// Its sum is reserved on the payment; nothing was sent.
        Planned = "PLANNED",
        Sending = "SENDING",
        /// Sent; nobody here knows whether money moved.
        Unknown = "UNKNOWN",
        /// Our balance at the channel does not cover it.
        WaitFunds = "WAIT_FUNDS",
        /// Two persons decide; watched daily.
        Blocked = "BLOCKED",
        Done = "DONE",
        Withdrawn = "WITHDRAWN",
    }
}

words! {
    /// The columns.
    Input {
        Turn = "turn",
        /// fund_change = Y.
        FundChange = "fund_change_y",
        /// fund_change = N or absent.
        FundUnchanged = "fund_change_n",
        /// No answer, SYSTEM_ERROR, 20000, 40005.
        NoAnswer = "no_answer",
        /// REFUND_SUCCESS with our sum.
        FoundOurs = "query_success_ours",
        /// REFUND_SUCCESS with another sum.
        FoundOther = "query_success_other",
        /// No refund_status: not received or failed.
        FoundEmpty = "query_empty",
        BalanceNotEnough = "balance_not_enough",
        RefusedForGood = "refused_for_good",
        FeeError = "fee_error",
        /// A notice or bill row that carries our request number.
        Notice = "notice",
        Withdraw = "withdraw",
        /// Two persons decided.
        Case = "case",
    }
}

words! {
    /// What a cell demands besides the next state.
    Effect {
        /// Dr refund_due Cr channel by our own amount.
        BookRefunded = "c1",
        /// First send.
        Send = "send",
        /// Same number, same sum.
        Resend = "resend",
        Query = "q",
        /// What does the channel show as given back?
        QueryTrade = "trade_q",
        /// The reserve on the payment is given back.
        ReserveBack = "reserve_back",
        OpenCase = "case",
        Contradict = "X",
    }
}

words! {
    /// What two persons decided about a refund.
    Ruling {
        /// Paid by bank transfer, with the bank's proof: the channel shows nothing of it.
        Bank = "bank",
        /// Given at the merchant's desk: the channel shows it.
        Desk = "desk",
        /// Watch and send it again.
        Again = "again",
    }
}

/// What a decision needs to know besides state and input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// The brake lets another automatic refund out (money.md G7).
    pub brake_open: bool,
    /// No other refund of the trade is under way, and 3 s have passed since the last one.
    pub trade_quiet: bool,
    /// Two empty queries at least 60 s apart since the last send, or funds may have come.
    pub resend_due: bool,
    /// A query of today showed nothing: a manual refund cannot double it.
    pub empty_today: bool,
    /// What the channel shows agrees with the way two persons say the money went.
    pub shown_agrees: bool,
    pub ruling: Option<Ruling>,
}

type Answer = Decision<State, Effect>;

/// The law's answer to one input.
#[must_use]
pub fn decide(state: State, input: Input, facts: Facts) -> Decision<State, Effect> {
    match state {
        State::Planned => planned(input, facts),
        State::Sending => sending(input),
        State::Unknown => unknown(input, facts),
        State::WaitFunds => wait_funds(input, facts),
        State::Blocked => blocked(input, facts),
        State::Done => done(input),
        State::Withdrawn => withdrawn(input),
    }
}

fn planned(input: Input, facts: Facts) -> Answer {
    match input {
        Input::Turn if facts.brake_open && facts.trade_quiet => {
            Answer::to(State::Sending, &[Effect::Send])
        }
        Input::Turn => Answer::to(State::Planned, &[]),
        Input::Withdraw | Input::Case => Answer::to(State::Withdrawn, &[Effect::ReserveBack]),
        Input::FundChange
        | Input::FundUnchanged
        | Input::NoAnswer
        | Input::FoundOurs
        | Input::FoundOther
        | Input::FoundEmpty
        | Input::BalanceNotEnough
        | Input::RefusedForGood
        | Input::FeeError
        | Input::Notice => Answer::to(State::Planned, &[Effect::Contradict]),
    }
}

fn sending(input: Input) -> Answer {
    match input {
        Input::Turn | Input::FundUnchanged | Input::NoAnswer => Answer::to(State::Unknown, &[]),
        Input::FundChange | Input::FoundOurs => Answer::to(State::Done, &[Effect::BookRefunded]),
        Input::FoundOther | Input::RefusedForGood => Answer::to(State::Blocked, &[]),
        Input::FeeError => Answer::to(State::Blocked, &[Effect::Query]),
        Input::BalanceNotEnough => Answer::to(State::WaitFunds, &[]),
        Input::Notice => Answer::to(State::Sending, &[Effect::Query]),
        Input::Withdraw => Answer::to(State::Sending, &[Effect::OpenCase]),
        Input::FoundEmpty | Input::Case => Answer::to(State::Sending, &[]),
    }
}

fn unknown(input: Input, facts: Facts) -> Answer {
    match input {
        Input::Turn if facts.resend_due => Answer::to(State::Unknown, &[Effect::Resend]),
        Input::Turn | Input::Notice => Answer::to(State::Unknown, &[Effect::Query]),
        Input::FundChange | Input::FoundOurs => Answer::to(State::Done, &[Effect::BookRefunded]),
        Input::FoundOther | Input::RefusedForGood => Answer::to(State::Blocked, &[]),
        Input::FeeError => Answer::to(State::Blocked, &[Effect::Query]),
        Input::BalanceNotEnough => Answer::to(State::WaitFunds, &[]),
        Input::Withdraw => Answer::to(State::Unknown, &[Effect::OpenCase]),
        Input::FundUnchanged | Input::NoAnswer | Input::FoundEmpty | Input::Case => {
            Answer::to(State::Unknown, &[])
        }
    }
}

fn wait_funds(input: Input, facts: Facts) -> Answer {
    match input {
        Input::Turn if facts.resend_due => Answer::to(State::WaitFunds, &[Effect::Resend]),
        Input::Turn | Input::Notice => Answer::to(State::WaitFunds, &[Effect::Query]),
        Input::FundChange | Input::FoundOurs => Answer::to(State::Done, &[Effect::BookRefunded]),
        Input::FundUnchanged | Input::NoAnswer => Answer::to(State::Unknown, &[]),
        Input::FoundOther | Input::RefusedForGood => Answer::to(State::Blocked, &[]),
        Input::FeeError => Answer::to(State::Blocked, &[Effect::Query]),
        Input::Withdraw => Answer::to(State::WaitFunds, &[Effect::OpenCase]),
        Input::FoundEmpty | Input::BalanceNotEnough | Input::Case => {
            Answer::to(State::WaitFunds, &[])
        }
    }
}

fn blocked(input: Input, facts: Facts) -> Answer {
    match input {
        Input::Turn | Input::Notice => Answer::to(State::Blocked, &[Effect::Query]),
        Input::FundChange | Input::FoundOurs => Answer::to(State::Done, &[Effect::BookRefunded]),
        Input::Case => match facts.ruling {
            Some(Ruling::Bank | Ruling::Desk) if facts.empty_today && facts.shown_agrees => {
                Answer::to(State::Done, &[Effect::BookRefunded])
            }
            Some(Ruling::Bank | Ruling::Desk) if facts.empty_today => {
                Answer::to(State::Blocked, &[Effect::QueryTrade])
            }
            Some(Ruling::Again) => Answer::to(State::Unknown, &[]),
            Some(Ruling::Bank | Ruling::Desk) | None => Answer::to(State::Blocked, &[]),
        },
        Input::FundUnchanged
        | Input::NoAnswer
        | Input::FoundOther
        | Input::FoundEmpty
        | Input::BalanceNotEnough
        | Input::RefusedForGood
        | Input::FeeError
        | Input::Withdraw => Answer::to(State::Blocked, &[]),
    }
}

fn done(input: Input) -> Answer {
    match input {
        Input::FoundOther => Answer::to(State::Done, &[Effect::Contradict]),
        Input::Turn
        | Input::FundChange
        | Input::FundUnchanged
        | Input::NoAnswer
        | Input::FoundOurs
        | Input::FoundEmpty
        | Input::BalanceNotEnough
        | Input::RefusedForGood
        | Input::FeeError
        | Input::Notice
        | Input::Withdraw
        | Input::Case => Answer::to(State::Done, &[]),
    }
}

fn withdrawn(input: Input) -> Answer {
    match input {
        Input::FundChange | Input::FoundOurs | Input::FoundOther | Input::Notice => {
            Answer::to(State::Withdrawn, &[Effect::Contradict])
        }
        Input::Turn
        | Input::FundUnchanged
        | Input::NoAnswer
        | Input::FoundEmpty
        | Input::BalanceNotEnough
        | Input::RefusedForGood
        | Input::FeeError
        | Input::Withdraw
        | Input::Case => Answer::to(State::Withdrawn, &[]),
    }
}

impl State {
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Done | Self::Withdrawn => true,
            Self::Planned | Self::Sending | Self::Unknown | Self::WaitFunds | Self::Blocked => {
                false
            }
        }
    }

    /// It was sent, and is not over: the channel may show it by and by.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Sending | Self::Unknown | Self::WaitFunds | Self::Blocked => true,
            Self::Planned | Self::Done | Self::Withdrawn => false,
        }
    }

    /// Money of ours may be on its way under this number right now.
    #[must_use]
    pub const fn may_move(self) -> bool {
        match self {
            Self::Sending | Self::Unknown | Self::WaitFunds => true,
            Self::Planned | Self::Blocked | Self::Done | Self::Withdrawn => false,
        }
    }
}
