//! Table K: one check task, one per (table, period, data version) (money.md 1).

use crate::shared::decision::{Decision, words};

words! {
    /// Where a check task stands.
    State {
        /// Sent; the owner's time runs.
        Open = "OPEN",
        /// Confirmed, ignored, timed out or upheld; its trade task is not on its way yet.
        Answered = "ANSWERED",
        /// At the review terminal.
        InReview = "IN_REVIEW",
        Dispatched = "DISPATCHED",
        /// Newer data made another task.
        Superseded = "SUPERSEDED",
    }
}

words! {
    /// The columns.
    Input {
        Confirm = "confirm",
        Ignore = "ignore",
        View = "view",
        Reject = "reject",
        Deadline = "deadline",
        Undo = "undo",
        NewerData = "newer_data",
        Upheld = "upheld",
        Corrected = "corrected",
        ReviewOverdue = "review_overdue",
        /// Its trade task enters SENDING.
        TradeSending = "trade_sending",
        TerminationAsked = "termination_asked",
    }
}

words! {
    /// What a cell demands besides the next state.
    Effect {
        /// f1: the trade task.
        InsertTrade = "f1",
        /// f2: amount and energy to the review terminal.
        SendToReview = "f2",
        /// f3: a new task for the new version; unsent trade tasks of the period are withdrawn.
        NewTask = "f3",
        ShowTable = "table",
        WithdrawTrade = "withdraw_trade",
        /// At least a day more after an undo.
        RestartTimer = "restart_timer",
        /// Nothing ever reached the owner: the whole wait once more.
        WaitAgain = "wait_again",
        RecallReview = "recall_review",
        /// The account waits for its last payouts.
        Terminating = "terminating",
        /// The owner disputes what cannot be taken back any more.
        Dispute = "dispute",
        OpenCase = "case",
        Contradict = "X",
        /// 200 with what was answered before.
        StoredAnswer = "stored",
        RefuseUndoFirst = "409_undo_first",
        RefuseInReview = "409_in_review",
        RefuseDispatched = "409_dispatched",
        RefuseNothingToUndo = "409_nothing_to_undo",
        /// 409 with the id of the newer task.
        RefuseClosed = "409_closed",
    }
}

words! {
    /// What an answered task was answered with.
    Verdict {
        Confirm = "confirm",
        Ignore = "ignore",
        /// The wait was over; counts as ignore (PV-26).
        Timeout = "timeout",
        /// The reviewer agreed with the amount.
        Upheld = "upheld",
    }
}

/// What a decision needs to know besides state and input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    pub verdict: Option<Verdict>,
    /// The trade task is HELD or QUEUED, or there is none: nothing of it has left us.
    pub trade_unsent: bool,
    /// Undone once already, or answered by a reviewer.
    pub undo_spent: bool,
    /// Some push about it was accepted.
    pub pushed: bool,
    /// It waited a second time already.
    pub waited_again: bool,
    /// How many reviews this period has had, this one included.
    pub review_round: i64,
}

/// From this round on two persons look at a period that is corrected again and again.
pub const ROUNDS_MAX: i64 = 3;

type Answer = Decision<State, Effect>;

/// The law's answer to one input.
#[must_use]
pub fn decide(state: State, input: Input, facts: Facts) -> Decision<State, Effect> {
    match state {
        State::Open => open(input, facts),
        State::Answered => answered(input, facts),
        State::InReview => in_review(input, facts),
        State::Dispatched => dispatched(input),
        State::Superseded => superseded(input),
    }
}

fn open(input: Input, facts: Facts) -> Answer {
    match input {
        Input::Confirm | Input::Ignore => Answer::to(State::Answered, &[Effect::InsertTrade]),
        Input::View => Answer::to(State::Open, &[Effect::ShowTable]),
        Input::Reject => Answer::to(State::InReview, &[Effect::SendToReview]),
        Input::Deadline if facts.pushed => Answer::to(State::Answered, &[Effect::InsertTrade]),
        Input::Deadline if facts.waited_again => Answer::to(State::Open, &[Effect::OpenCase]),
        Input::Deadline => Answer::to(State::Open, &[Effect::WaitAgain]),
        Input::Undo => Answer::to(State::Open, &[Effect::RefuseNothingToUndo]),
        Input::NewerData => Answer::to(State::Superseded, &[Effect::NewTask]),
        Input::TerminationAsked => Answer::to(State::Open, &[Effect::Terminating]),
        Input::Upheld | Input::Corrected | Input::ReviewOverdue | Input::TradeSending => {
            Answer::to(State::Open, &[Effect::Contradict])
        }
    }
}

/// Whether the same answer is given again; the wait's end says what ignoring says.
const fn repeats(verdict: Option<Verdict>, input: Input) -> bool {
    matches!(
        (verdict, input),
        (Some(Verdict::Confirm), Input::Confirm)
            | (Some(Verdict::Ignore | Verdict::Timeout), Input::Ignore)
    )
}

fn answered(input: Input, facts: Facts) -> Answer {
    match input {
        Input::Confirm | Input::Ignore if repeats(facts.verdict, input) => {
            Answer::to(State::Answered, &[Effect::StoredAnswer])
        }
        Input::Confirm | Input::Ignore => Answer::to(State::Answered, &[Effect::RefuseUndoFirst]),
        Input::View => Answer::to(State::Answered, &[Effect::ShowTable]),
        Input::Reject if facts.trade_unsent => Answer::to(
            State::InReview,
            &[Effect::WithdrawTrade, Effect::SendToReview],
        ),
        Input::Reject => Answer::to(
            State::Answered,
            &[Effect::Dispute, Effect::RefuseDispatched],
        ),
        Input::Undo if facts.undo_spent => {
            Answer::to(State::Answered, &[Effect::RefuseNothingToUndo])
        }
        Input::Undo if facts.trade_unsent => {
            Answer::to(State::Open, &[Effect::WithdrawTrade, Effect::RestartTimer])
        }
        Input::Undo => Answer::to(State::Answered, &[Effect::RefuseDispatched]),
        Input::NewerData if facts.trade_unsent => {
            Answer::to(State::Superseded, &[Effect::WithdrawTrade, Effect::NewTask])
        }
        // Its money is on the way: what follows is a difference beside it.
        Input::NewerData => Answer::to(State::Dispatched, &[Effect::NewTask]),
        Input::TradeSending => Answer::to(State::Dispatched, &[]),
        Input::Deadline | Input::TerminationAsked => Answer::to(State::Answered, &[]),
        Input::Upheld | Input::Corrected | Input::ReviewOverdue => {
            Answer::to(State::Answered, &[Effect::Contradict])
        }
    }
}

fn in_review(input: Input, facts: Facts) -> Answer {
    match input {
        Input::Confirm | Input::Ignore => Answer::to(State::InReview, &[Effect::RefuseInReview]),
        Input::View => Answer::to(State::InReview, &[Effect::ShowTable]),
        Input::Reject => Answer::to(State::InReview, &[Effect::StoredAnswer]),
        Input::Undo => Answer::to(State::InReview, &[Effect::RefuseNothingToUndo]),
        Input::NewerData => Answer::to(State::Superseded, &[Effect::RecallReview, Effect::NewTask]),
        Input::Upheld => Answer::to(State::Answered, &[Effect::InsertTrade]),
        Input::Corrected if facts.review_round >= ROUNDS_MAX => {
            Answer::to(State::InReview, &[Effect::OpenCase])
        }
        Input::Corrected => Answer::to(State::Superseded, &[Effect::NewTask]),
        Input::ReviewOverdue => Answer::to(State::InReview, &[Effect::OpenCase]),
        Input::TradeSending => Answer::to(State::InReview, &[Effect::Contradict]),
        Input::Deadline | Input::TerminationAsked => Answer::to(State::InReview, &[]),
    }
}

fn dispatched(input: Input) -> Answer {
    match input {
        Input::NewerData => Answer::to(State::Dispatched, &[Effect::NewTask]),
        other => closed(State::Dispatched, other),
    }
}

fn superseded(input: Input) -> Answer {
    closed(State::Superseded, input)
}

fn closed(state: State, input: Input) -> Answer {
    match input {
        Input::Confirm | Input::Ignore | Input::Undo => Answer::to(state, &[Effect::RefuseClosed]),
        Input::View => Answer::to(state, &[Effect::ShowTable]),
        Input::Reject => Answer::to(state, &[Effect::Dispute, Effect::RefuseClosed]),
        Input::Deadline
        | Input::NewerData
        | Input::Upheld
        | Input::Corrected
        | Input::ReviewOverdue
        | Input::TradeSending
        | Input::TerminationAsked => Answer::to(state, &[]),
    }
}

impl State {
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Dispatched | Self::Superseded)
    }
}
