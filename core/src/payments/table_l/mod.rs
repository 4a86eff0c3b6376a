//! Table L: crediting one home's part of a payment in the marketing system (money.md 1).

mod words;

pub use self::words::{Effect, Input, Ruling, State};
use super::decision::Decision;

/// What a decision needs to know besides state and input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// Two "not found" at least 60 s apart since the last send.
    pub not_found_twice: bool,
    /// A refund was wanted while the line's place was unknown.
    pub want_refund: bool,
    /// The payer chose "keep as prepayment" and the account is open (note 3).
    pub keep_as_prepayment: bool,
    /// Marketing answers again and its daily files over the send time lack the number (b5).
    pub absent_from_files: bool,
    /// Five numbers are used up (b3).
    pub numbers_spent: bool,
    /// The posting's business date is marketing's present one.
    pub same_business_date: bool,
    /// The last GET shows the line posted.
    pub marketing_posted: bool,
    /// The last GET shows it posted with our consumer number, amount and paid_at.
    pub marketing_posted_same: bool,
    /// Nothing ever left us under the present number.
    pub never_sent: bool,
    /// The present number is fenced.
    pub fenced: bool,
    /// Marketing reversed the posting or approved its refund.
    pub let_go: bool,
    pub ruling: Option<Ruling>,
}

type Answer = Decision<State, Effect>;

/// The law's answer to one input.
#[must_use]
pub fn decide(state: State, input: Input, facts: Facts) -> Decision<State, Effect> {
    match state {
        State::Ready => ready(input),
        State::Posting => posting(input, facts),
        State::PostUnknown => post_unknown(input, facts),
        State::FencingRepost => fencing(State::FencingRepost, input, facts),
        State::FencingRefund => fencing(State::FencingRefund, input, facts),
        State::Posted => posted(input, facts),
        State::Reversing => reversing(input),
        State::MktRefund => mkt_refund(input),
        State::RefundDue => refund_due(input),
        State::Refunded => refunded(input),
        State::Held => held(input, facts),
    }
}

const fn contradiction(state: State) -> Answer {
    Answer::to(state, &[Effect::Contradict])
}

fn ready(input: Input) -> Answer {
    match input {
        Input::Turn => Answer::to(State::Posting, &[Effect::Send]),
        Input::NoAnswer | Input::GiveUp => Answer::to(State::Ready, &[]),
        Input::RefundWanted => Answer::to(State::RefundDue, &[Effect::BookRefundDue]),
        Input::Case => Answer::to(State::Held, &[]),
        Input::PostedSame
        | Input::PostedOther
        | Input::Processing
        | Input::StaleArrears
        | Input::NotPayable
        | Input::NotFound
        | Input::Fenced
        | Input::Reversed
        | Input::CutoffPassed
        | Input::MktYes
        | Input::MktNo
        | Input::RefundDone
        | Input::RefundBlocked => contradiction(State::Ready),
    }
}

/// Note 3: where a refused posting goes.
const fn refused(facts: Facts) -> Answer {
    if facts.keep_as_prepayment {
        Answer::to(State::FencingRepost, &[Effect::AsPrepayment])
    } else {
        Answer::to(State::FencingRefund, &[])
    }
}

fn posting(input: Input, facts: Facts) -> Answer {
    match input {
        Input::Turn | Input::Processing | Input::NoAnswer | Input::NotFound => {
            Answer::to(State::PostUnknown, &[])
        }
        Input::PostedSame => Answer::to(State::Posted, &[Effect::BookPosted]),
        Input::PostedOther => Answer::to(State::Held, &[]),
        Input::StaleArrears => Answer::to(State::FencingRepost, &[]),
        Input::NotPayable => refused(facts),
        Input::RefundWanted => Answer::to(State::PostUnknown, &[Effect::WantRefund]),
        Input::GiveUp | Input::Case => Answer::to(State::Posting, &[]),
        Input::Fenced
        | Input::Reversed
        | Input::CutoffPassed
        | Input::MktYes
        | Input::MktNo
        | Input::RefundDone
        | Input::RefundBlocked => contradiction(State::Posting),
    }
}

/// POSTED b2, and the refund that was wanted meanwhile.
const fn found_posted(facts: Facts) -> Answer {
    if facts.want_refund {
        Answer::to(
            State::Posted,
            &[Effect::BookPosted, Effect::ThenRefundWanted],
        )
    } else {
        Answer::to(State::Posted, &[Effect::BookPosted])
    }
}

fn post_unknown(input: Input, facts: Facts) -> Answer {
    match input {
        Input::Turn if facts.not_found_twice => Answer::to(State::PostUnknown, &[Effect::Send]),
        Input::Turn => Answer::to(State::PostUnknown, &[Effect::Query]),
        Input::PostedSame => found_posted(facts),
        Input::PostedOther => Answer::to(State::Held, &[]),
        Input::Processing | Input::NoAnswer => Answer::to(State::PostUnknown, &[]),
        Input::StaleArrears => Answer::to(State::FencingRepost, &[]),
        Input::NotPayable => refused(facts),
        Input::NotFound => Answer::to(State::PostUnknown, &[Effect::CountNotFound]),
        Input::GiveUp if facts.absent_from_files => Answer::to(State::FencingRefund, &[]),
        // G7: what may not be given up by itself waits for two persons.
        Input::GiveUp => Answer::to(State::PostUnknown, &[Effect::OpenCase]),
        Input::RefundWanted => Answer::to(State::FencingRefund, &[]),
        Input::Case => match facts.ruling {
            Some(Ruling::FenceRepost) => Answer::to(State::FencingRepost, &[]),
            Some(Ruling::FenceRefund) => Answer::to(State::FencingRefund, &[]),
            Some(Ruling::Post | Ruling::Credit | Ruling::Refund) | None => {
                Answer::to(State::PostUnknown, &[])
            }
        },
        Input::Fenced
        | Input::Reversed
        | Input::CutoffPassed
        | Input::MktYes
        | Input::MktNo
        | Input::RefundDone
        | Input::RefundBlocked => contradiction(State::PostUnknown),
    }
}

fn fencing(state: State, input: Input, facts: Facts) -> Answer {
    match input {
        Input::Turn => Answer::to(state, &[Effect::AskFence]),
        Input::PostedSame => found_posted(facts),
        Input::PostedOther => Answer::to(State::Held, &[]),
        Input::Processing
        | Input::NoAnswer
        | Input::StaleArrears
        | Input::NotPayable
        | Input::NotFound => Answer::to(state, &[]),
        Input::Fenced if state == State::FencingRefund => {
            Answer::to(State::RefundDue, &[Effect::BookRefundDue])
        }
        Input::Fenced if facts.numbers_spent => Answer::to(State::Held, &[]),
        Input::Fenced => Answer::to(State::Ready, &[Effect::Renumber]),
        Input::GiveUp => Answer::to(state, &[Effect::OpenCase]),
        Input::RefundWanted => Answer::to(State::FencingRefund, &[Effect::WantRefund]),
        Input::Case => match facts.ruling {
            Some(Ruling::FenceRepost | Ruling::Post) => Answer::to(State::FencingRepost, &[]),
            Some(Ruling::FenceRefund | Ruling::Refund) => Answer::to(State::FencingRefund, &[]),
            Some(Ruling::Credit) | None => Answer::to(state, &[]),
        },
        Input::Reversed
        | Input::CutoffPassed
        | Input::MktYes
        | Input::MktNo
        | Input::RefundDone
        | Input::RefundBlocked => contradiction(state),
    }
}

fn posted(input: Input, facts: Facts) -> Answer {
    match input {
        Input::Turn
        | Input::PostedSame
        | Input::Processing
        | Input::NoAnswer
        | Input::StaleArrears
        | Input::NotPayable
        | Input::GiveUp => Answer::to(State::Posted, &[]),
        Input::RefundWanted | Input::Case if facts.same_business_date => {
            Answer::to(State::Reversing, &[Effect::Reverse])
        }
        Input::RefundWanted | Input::Case => Answer::to(State::MktRefund, &[Effect::Voucher]),
        Input::PostedOther
        | Input::NotFound
        | Input::Fenced
        | Input::Reversed
        | Input::CutoffPassed
        | Input::MktYes
        | Input::MktNo
        | Input::RefundDone
        | Input::RefundBlocked => contradiction(State::Posted),
    }
}

fn reversing(input: Input) -> Answer {
    match input {
        Input::Turn => Answer::to(State::Reversing, &[Effect::Query, Effect::Reverse]),
        Input::PostedSame
        | Input::Processing
        | Input::NoAnswer
        | Input::RefundWanted
        | Input::Case => Answer::to(State::Reversing, &[]),
        Input::Reversed => Answer::to(State::RefundDue, &[Effect::BookRefundDue]),
        Input::GiveUp => Answer::to(State::Reversing, &[Effect::OpenCase]),
        Input::CutoffPassed => Answer::to(State::MktRefund, &[Effect::Voucher]),
        Input::PostedOther
        | Input::StaleArrears
        | Input::NotPayable
        | Input::NotFound
        | Input::Fenced
        | Input::MktYes
        | Input::MktNo
        | Input::RefundDone
        | Input::RefundBlocked => contradiction(State::Reversing),
    }
}

fn mkt_refund(input: Input) -> Answer {
    match input {
        Input::Turn => Answer::to(State::MktRefund, &[Effect::Voucher]),
        Input::PostedSame
        | Input::Processing
        | Input::NoAnswer
        | Input::RefundWanted
        | Input::CutoffPassed
        | Input::Case => Answer::to(State::MktRefund, &[]),
        Input::Reversed | Input::MktYes => Answer::to(State::RefundDue, &[Effect::BookRefundDue]),
        Input::MktNo => Answer::to(State::Posted, &[Effect::TellClaimant]),
        Input::GiveUp => Answer::to(State::MktRefund, &[Effect::OpenCase]),
        Input::PostedOther
        | Input::StaleArrears
        | Input::NotPayable
        | Input::NotFound
        | Input::Fenced
        | Input::RefundDone
        | Input::RefundBlocked => contradiction(State::MktRefund),
    }
}

fn refund_due(input: Input) -> Answer {
    match input {
        Input::PostedSame | Input::PostedOther | Input::Processing => {
            Answer::to(State::Held, &[Effect::WithdrawRefund])
        }
        Input::RefundDone => Answer::to(State::Refunded, &[Effect::CloseRefunded]),
        Input::RefundBlocked => Answer::to(State::Held, &[]),
        Input::Turn
        | Input::NoAnswer
        | Input::StaleArrears
        | Input::NotPayable
        | Input::NotFound
        | Input::Fenced
        | Input::Reversed
        | Input::GiveUp
        | Input::RefundWanted
        | Input::CutoffPassed
        | Input::MktYes
        | Input::MktNo
        | Input::Case => Answer::to(State::RefundDue, &[]),
    }
}

fn refunded(input: Input) -> Answer {
    match input {
        Input::PostedSame | Input::PostedOther | Input::Processing => {
            contradiction(State::Refunded)
        }
        Input::Turn
        | Input::NoAnswer
        | Input::StaleArrears
        | Input::NotPayable
        | Input::NotFound
        | Input::Fenced
        | Input::Reversed
        | Input::GiveUp
        | Input::RefundWanted
        | Input::CutoffPassed
        | Input::MktYes
        | Input::MktNo
        | Input::RefundDone
        | Input::RefundBlocked
        | Input::Case => Answer::to(State::Refunded, &[]),
    }
}

fn held(input: Input, facts: Facts) -> Answer {
    match input {
        Input::Turn => Answer::to(State::Held, &[Effect::Query]),
        Input::RefundDone if !facts.marketing_posted => {
            Answer::to(State::Refunded, &[Effect::CloseRefunded])
        }
        Input::Case => ruled(facts),
        Input::PostedSame
        | Input::PostedOther
        | Input::Processing
        | Input::NoAnswer
        | Input::StaleArrears
        | Input::NotPayable
        | Input::NotFound
        | Input::Fenced
        | Input::Reversed
        | Input::GiveUp
        | Input::RefundWanted
        | Input::CutoffPassed
        | Input::MktYes
        | Input::MktNo
        | Input::RefundDone
        | Input::RefundBlocked => Answer::to(State::Held, &[]),
    }
}

/// Two persons may choose only what the facts allow; anything else leaves the line held.
const fn ruled(facts: Facts) -> Answer {
    match facts.ruling {
        Some(Ruling::Post) if facts.fenced => Answer::to(State::Ready, &[Effect::Renumber]),
        Some(Ruling::Post) if facts.never_sent => Answer::to(State::Ready, &[]),
        Some(Ruling::FenceRepost) => Answer::to(State::FencingRepost, &[]),
        Some(Ruling::FenceRefund) => Answer::to(State::FencingRefund, &[]),
        Some(Ruling::Credit) if facts.marketing_posted_same => {
            Answer::to(State::Posted, &[Effect::BookPosted])
        }
        Some(Ruling::Refund) if facts.fenced || facts.let_go => {
            Answer::to(State::RefundDue, &[Effect::BookRefundDue])
        }
        Some(Ruling::Post | Ruling::Credit | Ruling::Refund) | None => Answer::to(State::Held, &[]),
    }
}
