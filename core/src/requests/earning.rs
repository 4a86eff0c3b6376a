//! What a credited line earns: points that can be exchanged seven days later, and that go back with the
//! money, in proportion (money.md 2.19, b9).

use serde::Deserialize;

use super::points::{Movement, Side};
use super::{PointsError, Requests};
use crate::accounts::owner_in;
use crate::outbox::Claimed;
use crate::outbox::relay::{Deliver, Delivery};
use crate::shared::ids::{AccountId, PaymentId};
use crate::shared::money::Fen;
use crate::shared::time::Time;
use crate::store::{StoreError, Tx, atomically, snapshot};

/// A line of a payment was credited.
const POSTED: &str = "payments.posted";
/// A line, or a part of one, went back to the payer.
const REFUNDED: &str = "payments.refunded";
/// Points can be exchanged this long after they were earned.
pub const VESTS_AFTER_S: i64 = 7 * 86_400;

/// What one credited line earned, and what of it went back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earning {
    pub payment_id: PaymentId,
    pub line_no: i64,
    /// Who has the points now.
    pub account_id: AccountId,
    pub amount: Fen,
    pub refunded: Fen,
    pub points: i64,
    /// Taken back so far.
    pub taken: i64,
    pub vests_at: Time,
}

impl Earning {
    /// So much of the line has gone back in all. It never becomes less.
    #[must_use]
    pub fn after_refunds(mut self, refunded: Fen) -> Self {
        self.refunded = self.refunded.max(refunded.min(self.amount));
        self
    }

    /// Points the refunds cost: what is kept is kept whole, so a part never gives more than its share.
    #[must_use]
    pub fn forfeited(&self) -> i64 {
        let (amount, kept) = (
            i128::from(self.amount.get()),
            i128::from(self.amount.get()).saturating_sub(i128::from(self.refunded.get())),
        );
        let kept = i128::from(self.points).saturating_mul(kept.max(0));
        let kept = kept.checked_div(amount).unwrap_or(0);
        let kept = i64::try_from(kept).unwrap_or(self.points);
        self.points.saturating_sub(kept)
    }
}

#[derive(Deserialize)]
struct Posted {
    account_id: AccountId,
    amount_fen: Fen,
    payment_id: PaymentId,
    #[serde(default)]
    line_no: Option<i64>,
}

#[derive(Deserialize)]
struct Refunded {
    payment_id: PaymentId,
    #[serde(default)]
    line_no: Option<i64>,
    /// What of the posting has gone back in all: a repeat tells the same.
    #[serde(default)]
    posting_refunded_fen: Option<Fen>,
}

impl Requests {
    /// Gives what the rules of the day give for one credited line, once.
    async fn earn(&self, event_id: &str, posted: &Posted) -> Result<(), PointsError> {
        let maker = self.maker();
        let (now, entry_id) = (maker.now(), maker.uuid());
        let mut view = snapshot(&*self.store).await?;
        let rules = view.requests().rules_at(now).await?;
        drop(view);
        let each = rules.iter().map(|rule| rule.points(posted.amount_fen));
        let points = each.fold(0_i64, i64::saturating_add);
        if points == 0 {
            return Ok(());
        }
        atomically(&*self.store, async |tx: &mut Tx| {
            let Some(account_id) = owner_in(tx, &posted.account_id).await? else {
                return Ok(());
            };
            let movement = Movement {
                entry_id: entry_id.clone(),
                fact: format!("earn:{event_id}"),
                account_id: account_id.clone(),
                from: Side::Given,
                to: Side::Person(account_id.clone()),
                points,
                at: now,
            };
            if !tx.requests().book(&movement).await? {
                return Ok(());
            }
            tx.requests().give_points(&account_id, points).await?;
            // The purse is ours until the commit: whoever merges the account now comes after it.
            if owner_in(tx, &posted.account_id).await?.as_ref() != Some(&account_id) {
                return Err(StoreError::Conflict.into());
            }
            let Some(line_no) = posted.line_no else {
                return Ok(());
            };
            let earning = Earning {
                payment_id: posted.payment_id.clone(),
                line_no,
                account_id,
                amount: posted.amount_fen,
                refunded: Fen::ZERO,
                points,
                taken: 0,
                vests_at: now.plus_seconds(VESTS_AFTER_S),
            };
            tx.requests().add_earning(&earning).await?;
            Ok(())
        })
        .await
    }

    /// Takes back what went back with the money, as far as it is there: a balance never falls below
    /// zero, and what was exchanged is not asked for again.
    async fn forfeit(&self, told: &Refunded) -> Result<(), PointsError> {
        let (Some(line_no), Some(refunded)) = (told.line_no, told.posting_refunded_fen) else {
            return Ok(());
        };
        let mut view = snapshot(&*self.store).await?;
        let known = view.requests().earning(&told.payment_id, line_no).await?;
        drop(view);
        if known.is_none() {
            return Ok(());
        }
        let maker = self.maker();
        let (now, entry_id) = (maker.now(), maker.uuid());
        atomically(&*self.store, async |tx: &mut Tx| {
            let known = tx.requests().earning(&told.payment_id, line_no).await?;
            let Some(known) = known else {
                return Ok(());
            };
            let next = known.clone().after_refunds(refunded);
            let due = next.forfeited().saturating_sub(known.taken);
            let account = &known.account_id;
            let taken = if due > 0 {
                tx.requests().lose_points(account, due).await?
            } else {
                0
            };
            if taken > 0 {
                let movement = Movement {
                    entry_id: entry_id.clone(),
                    fact: format!(
                        "forfeit:{}:{line_no}:{}:{}",
                        told.payment_id,
                        next.refunded.get(),
                        known.taken
                    ),
                    account_id: account.clone(),
                    from: Side::Person(account.clone()),
                    to: Side::Given,
                    points: taken,
                    at: now,
                };
                if !tx.requests().book(&movement).await? {
                    return Err(StoreError::Conflict.into());
                }
            }
            let next = Earning {
                taken: known.taken.saturating_add(taken),
                ..next
            };
            if next != known && !tx.requests().save_earning(&known, &next).await? {
                return Err(StoreError::Conflict.into());
            }
            Ok(())
        })
        .await
    }
}

/// Listens to what is credited, and to what goes back.
#[derive(Debug, Clone)]
pub struct Earn(pub Requests);

const UNREADABLE: Delivery = Delivery::Never {
    reason: "unreadable_body",
};

#[async_trait::async_trait]
impl Deliver for Earn {
    fn kinds(&self) -> &'static [&'static str] {
        &[POSTED, REFUNDED]
    }

    async fn deliver(&self, claimed: &Claimed) -> Delivery {
        let event = &claimed.event;
        let done = if event.kind == POSTED {
            let Ok(posted) = serde_json::from_str::<Posted>(&event.body) else {
                return UNREADABLE;
            };
            self.0.earn(event.event_id.as_str(), &posted).await
        } else {
            let Ok(told) = serde_json::from_str::<Refunded>(&event.body) else {
                return UNREADABLE;
            };
            self.0.forfeit(&told).await
        };
        match done {
            Ok(()) => Delivery::Done,
            Err(error) => {
                tracing::warn!(%error, "points.earn.failed");
                Delivery::Again { reason: "store" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::ids::TypedId as _;

    fn earned(amount: i64, points: i64) -> Earning {
        Earning {
            payment_id: PaymentId::made("019aa2f0-0000-7000-8000-000000000001".into()),
            line_no: 1,
            account_id: AccountId::made("019aa2f0-0000-7000-8000-000000000002".into()),
            amount: Fen::new(amount),
            refunded: Fen::ZERO,
            points,
            taken: 0,
            vests_at: Time::default(),
        }
    }

    #[test]
    fn refunds_cost_points_in_proportion_and_all_of_them_everything() {
        let cost = |refunded| {
            let earning = earned(12_840, 128).after_refunds(Fen::new(refunded));
            earning.forfeited()
        };
        assert_eq!(
            [0, 1, 100, 6_420, 12_839, 12_840].map(cost),
            [0, 1, 1, 64, 128, 128]
        );
    }

    #[test]
    fn what_went_back_never_becomes_less_nor_more_than_the_line() {
        let earning = earned(100, 1).after_refunds(Fen::new(60));
        assert_eq!(earning.clone().after_refunds(Fen::new(10)), earning);
        assert_eq!(earning.after_refunds(Fen::new(200)).refunded, Fen::new(100));
    }
}
