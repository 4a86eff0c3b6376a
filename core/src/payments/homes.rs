//! The homes that one order pays: one or several, each home once, in one order for everybody.

use super::PaymentError;
use super::order::{Purpose, Share};
use super::ports::Dues;
use crate::bindings::OwnedBinding;
use crate::shared::ids::AccountId;
use crate::shared::money::Fen;

/// One home's part of a wish to pay.
#[derive(Clone, PartialEq, Eq)]
pub struct Wanted {
    pub owned: OwnedBinding,
    pub amount: Fen,
    /// The version the payer saw; arrears only.
    pub arrears_version: Option<String>,
}

impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wanted")
    }
}

/// What one order pays for: at least one home, all of one person, no home twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Homes {
    first: Wanted,
    rest: Vec<Wanted>,
    total: Fen,
}

impl Homes {
    #[must_use]
    pub const fn one(wanted: Wanted) -> Self {
        let total = wanted.amount;
        Self {
            first: wanted,
            rest: Vec::new(),
            total,
        }
    }

    /// Several homes under one order. They are sorted by consumer number, so that orders which meet
    /// take their locks in the same order and cannot wait for each other (money.md 2.4).
    pub fn several(mut wanted: Vec<Wanted>, max: usize) -> Result<Self, PaymentError> {
        if wanted.len() > max {
            return Err(PaymentError::TooManyHomes { max });
        }
        wanted.sort_by(|a, b| number(a).cmp(number(b)));
        for (one, next) in wanted.iter().zip(wanted.iter().skip(1)) {
            if number(one) == number(next) {
                let binding_id = next.owned.binding_id().clone();
                return Err(PaymentError::HomeTwice { binding_id });
            }
        }
        let total = Fen::sum(wanted.iter().map(|one| one.amount))
            .map_err(super::booking::BooksError::from)?;
        let mut wanted = wanted.into_iter();
        let first = wanted.next().ok_or(PaymentError::NoHome)?;
        let rest: Vec<_> = wanted.collect();
        let owner = first.owned.account_id();
        if rest.iter().any(|one| one.owned.account_id() != owner) {
            return Err(PaymentError::NotFound);
        }
        Ok(Self { first, rest, total })
    }

    pub fn iter(&self) -> impl Iterator<Item = &Wanted> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    #[must_use]
    pub const fn first(&self) -> &Wanted {
        &self.first
    }

    #[must_use]
    pub fn count(&self) -> usize {
        self.rest.len().saturating_add(1)
    }

    #[must_use]
    pub const fn total(&self) -> Fen {
        self.total
    }

    /// Whose homes they are.
    #[must_use]
    pub const fn account_id(&self) -> &AccountId {
        self.first.owned.account_id()
    }

    /// A top-up is a prepayment already: there is nothing to `keep`.
    pub(super) fn shares(&self, purpose: Purpose, keep: bool) -> Vec<Share> {
        (1..)
            .zip(self.iter())
            .map(|(line_no, wanted)| Share {
                line_no,
                binding_id: wanted.owned.binding_id().clone(),
                consumer_no: wanted.owned.consumer_no().clone(),
                amount: wanted.amount,
                purpose,
                arrears_version: wanted.arrears_version.clone(),
                keep_as_prepayment: keep && purpose == Purpose::Arrears,
            })
            .collect()
    }

    /// A refusal says which home it is about when there is more than one.
    pub(super) fn blame(&self, wanted: &Wanted, error: PaymentError) -> PaymentError {
        if self.rest.is_empty() {
            return error;
        }
        PaymentError::AtHome {
            binding_id: wanted.owned.binding_id().clone(),
            error: Box::new(error),
        }
    }
}

fn number(wanted: &Wanted) -> &str {
    wanted.owned.consumer_no().expose()
}

/// What is due now decides what may be ordered for a home.
pub(super) fn judge(purpose: Purpose, wanted: &Wanted, dues: Dues) -> Result<(), PaymentError> {
    if !dues.open {
        return Err(PaymentError::AccountClosed);
    }
    match purpose {
        Purpose::TopUp => Ok(()),
        Purpose::Arrears if dues.total.is_zero() => Err(PaymentError::NothingDue),
        Purpose::Arrears if wanted.arrears_version.as_deref() != Some(dues.version.as_str()) => {
            Err(PaymentError::StaleArrears {
                total: dues.total,
                version: dues.version,
            })
        }
        Purpose::Arrears if wanted.amount != dues.total => Err(PaymentError::AmountNotDue),
        Purpose::Arrears => Ok(()),
    }
}
