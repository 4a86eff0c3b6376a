//! A check task as it is kept: the owner's chance to look before the money moves.

use super::countdown::Countdown;
use super::ids::{CheckTaskId, GenerationAccountId, PersonalTableId};
use super::table_k::{State, Verdict};
use crate::shared::decision::words;
use crate::shared::ids::AccountId;
use crate::shared::money::Fen;
use crate::shared::period::Period;
use crate::shared::personal::personal;
use crate::shared::time::Time;

personal! {
    /// Why an owner rejects a settlement, in their own words: for the reviewer, and for nobody else.
    RejectReason;
}

impl RejectReason {
    pub const MAX_CHARS: usize = 200;

    /// 1 to [`RejectReason::MAX_CHARS`] characters, line breaks allowed, no other control characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let said = text.trim();
        let fits = (1..=Self::MAX_CHARS).contains(&said.chars().count());
        let plain = said.chars().all(|c| c == '\n' || !c.is_control());
        (fits && plain).then(|| Self::from_store(said.to_owned()))
    }
}

/// One task. There is one per (table, period, data version), by a constraint of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckTask {
    pub check_task_id: CheckTaskId,
    pub generation_account_id: GenerationAccountId,
    /// Whose it is now; read from the generation account, never written.
    pub owner: AccountId,
    pub table_id: PersonalTableId,
    pub period: Period,
    pub data_version: i64,
    pub state: State,
    pub verdict: Option<Verdict>,
    /// What the owner said when they rejected it.
    pub reason: Option<RejectReason>,
    /// What the month is worth by this version.
    pub net: Fen,
    /// What was on its way or paid for the month when the task was made; the task is about the difference.
    pub paid_before: Fen,
    pub countdown: Countdown,
    /// How many reminders left.
    pub reminded: i64,
    /// When a push about it was first accepted.
    pub pushed_at: Option<Time>,
    pub waited_again: bool,
    pub undo_spent: bool,
    pub review_no: Option<String>,
    pub review_round: i64,
    /// When the terminal took it; nothing again once it was called back.
    pub review_sent_at: Option<Time>,
    /// When it was handed over, in our books.
    pub review_began_at: Option<Time>,
    pub newer: Option<CheckTaskId>,
    pub created_at: Time,
    pub next_at: Option<Time>,
    pub version: i64,
}

words! {
    /// How the review ended that an owner asked for.
    ReviewOutcome {
        /// The reviewer has not said anything yet.
        Waits = "waits",
        Upheld = "upheld",
        /// The reviewer gave another amount: a newer task is about it.
        Corrected = "corrected",
        /// Newer data came before the reviewer's word.
        Recalled = "recalled",
    }
}

/// The last review of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Review {
    /// When its owner rejected it.
    pub asked_at: Time,
    pub outcome: ReviewOutcome,
}

impl CheckTask {
    /// What became of the last reject; nothing while there was none.
    #[must_use]
    pub fn review(&self) -> Option<Review> {
        let asked_at = self.review_began_at?;
        let outcome = match self.verdict {
            _ if self.state == State::InReview => ReviewOutcome::Waits,
            Some(Verdict::Upheld) => ReviewOutcome::Upheld,
            // Only what the terminal had taken could be corrected, and what newer data overtook was called back.
            _ if self.review_sent_at.is_some() => ReviewOutcome::Corrected,
            _ => ReviewOutcome::Recalled,
        };
        Some(Review { asked_at, outcome })
    }
}

/// A check task of the person who asks: what needs it cannot be reached without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedCheckTask(CheckTask);

impl OwnedCheckTask {
    /// For the store's look-up by owner, and nothing else.
    #[must_use]
    pub(super) const fn proven(task: CheckTask) -> Self {
        Self(task)
    }

    #[must_use]
    pub const fn id(&self) -> &CheckTaskId {
        &self.0.check_task_id
    }

    #[must_use]
    pub const fn task(&self) -> &CheckTask {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_a_limit_and_shows_itself_to_nobody() {
        let most = RejectReason::MAX_CHARS;
        assert!(RejectReason::parse(&"电".repeat(most)).is_some());
        assert!(RejectReason::parse(&"电".repeat(most + 1)).is_none());
        assert!(RejectReason::parse(" \n ").is_none());
        assert!(RejectReason::parse("a\u{7}b").is_none());
        let said = RejectReason::parse(" 三号那天停电\n不该有电量 ").unwrap();
        assert_eq!(said.expose(), "三号那天停电\n不该有电量");
        assert_eq!(format!("{said:?}"), "[RejectReason]");
    }
}
