//! Double entry: every fen in or out posts balanced lines, keyed by the fact (money.md G1).
//!
//! Rows are immutable; the schema refuses UPDATE and DELETE. Entries are not linked to one another
//! (chain, sequence): nothing of it is written, inside the business commit or after it.

pub mod ports;

use serde::{Deserialize, Serialize};

use crate::shared::ids::{EntryId, PaymentId};
use crate::shared::money::{Fen, MoneyError};
use crate::shared::time::Time;

/// The accounts of tables P, L, R and T. A debit balance of `Channel` is money the channel holds for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    Channel,
    Clearing,
    Marketing,
    Suspense,
    RefundDue,
    ForeignRefund,
    /// What households were paid for generated power.
    GenerationPurchase,
    /// Money that left through the trade-execution platform.
    Payout,
}

impl Account {
    pub const ALL: [Self; 8] = [
        Self::Channel,
        Self::Clearing,
        Self::Marketing,
        Self::Suspense,
        Self::RefundDue,
        Self::ForeignRefund,
        Self::GenerationPurchase,
        Self::Payout,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Clearing => "clearing",
            Self::Marketing => "marketing",
            Self::Suspense => "suspense",
            Self::RefundDue => "refund_due",
            Self::ForeignRefund => "foreign_refund",
            Self::GenerationPurchase => "generation_purchase",
            Self::Payout => "payout",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|account| account.as_str() == text)
    }
}

/// One side of an entry; exactly one of debit and credit is positive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub account: Account,
    pub debit: Fen,
    pub credit: Fen,
}

/// One balanced entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    entry_id: EntryId,
    fact: String,
    payment_id: PaymentId,
    trace_id: String,
    posted_at: Time,
    lines: Vec<Line>,
}

/// Why lines are no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    #[error("an entry needs positive amounts on both sides")]
    Empty,
    #[error("debits and credits differ")]
    Unbalanced,
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Entry {
    /// `Dr debit Cr credit amount`, the form of every entry in tables P, L and R.
    pub fn transfer(
        entry_id: EntryId,
        fact: String,
        payment_id: PaymentId,
        trace_id: String,
        posted_at: Time,
        (debit, credit, amount): (Account, Account, Fen),
    ) -> Result<Self, LedgerError> {
        let lines = vec![
            Line {
                account: debit,
                debit: amount,
                credit: Fen::ZERO,
            },
            Line {
                account: credit,
                debit: Fen::ZERO,
                credit: amount,
            },
        ];
        Self::balanced(entry_id, fact, payment_id, trace_id, posted_at, lines)
    }

    /// Any balanced set of lines.
    pub fn balanced(
        entry_id: EntryId,
        fact: String,
        payment_id: PaymentId,
        trace_id: String,
        posted_at: Time,
        lines: Vec<Line>,
    ) -> Result<Self, LedgerError> {
        let one_sided = |line: &Line| {
            (line.debit.is_positive() && line.credit.is_zero())
                || (line.credit.is_positive() && line.debit.is_zero())
        };
        if lines.len() < 2 || !lines.iter().all(one_sided) {
            return Err(LedgerError::Empty);
        }
        let debits = Fen::sum(lines.iter().map(|line| line.debit))?;
        let credits = Fen::sum(lines.iter().map(|line| line.credit))?;
        if debits != credits {
            return Err(LedgerError::Unbalanced);
        }
        Ok(Self {
            entry_id,
            fact,
            payment_id,
            trace_id,
            posted_at,
            lines,
        })
    }

    #[must_use]
    pub fn entry_id(&self) -> &EntryId {
        &self.entry_id
    }

    /// The fact this entry books; unique.
    #[must_use]
    pub fn fact(&self) -> &str {
        &self.fact
    }

    #[must_use]
    pub fn payment_id(&self) -> &PaymentId {
        &self.payment_id
    }

    #[must_use]
    pub fn trace_id(&self) -> &str {
        &self.trace_id
    }

    #[must_use]
    pub const fn posted_at(&self) -> Time {
        self.posted_at
    }

    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }
}

/// What of a payment is neither credited nor given back; where there is none, what went back besides being credited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    pub payment_id: PaymentId,
    pub open: Fen,
}

/// Debits minus credits of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    pub account: Account,
    pub net: Fen,
}
