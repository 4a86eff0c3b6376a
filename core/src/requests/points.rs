//! Points (LN-21): given for what households do, by dated rules; exchanged for gifts while there are
//! some. Every movement is one entry of two lines that sum to nothing, in the manner of the ledger, and
//! a balance never falls below zero. Points are not money and never become money.

use serde::Deserialize;

use super::handing::Handed;
use super::{PointsError, Requests};
use crate::accounts::{Actor, Caller, Pen};
use crate::evidence::Act;
use crate::shared::ids::{AccountId, ExchangeId, GiftId};
use crate::shared::money::Fen;
use crate::shared::page::Page;
use crate::shared::time::Time;
use crate::store::{StoreError, Tx, atomically, snapshot};

/// Entries a person is shown.
pub const HISTORY_MAX: i64 = 50;
/// Exchanges a person is shown.
pub const EXCHANGES_MAX: i64 = 50;
/// Gifts on offer at once.
pub const GIFTS_MAX: i64 = 50;

/// What is given for what happened, from a day to a day.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub rule_id: String,
    /// So many fen of a credited payment give one point.
    pub fen_per_point: i64,
    /// One payment gives at most so many.
    pub points_max: i64,
    #[serde(default)]
    pub valid_from: Time,
    #[serde(default)]
    pub valid_to: Option<Time>,
}

impl Rule {
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.fen_per_point > 0
            && self.points_max > 0
            && self.valid_to.is_none_or(|to| to > self.valid_from)
    }

    /// What a payment gives; whole points only, what is left over is lost.
    #[must_use]
    pub fn points(&self, amount: Fen) -> i64 {
        amount
            .get()
            .max(0)
            .checked_div(self.fen_per_point)
            .unwrap_or(0)
            .min(self.points_max)
    }
}

/// What points are exchanged for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gift {
    pub gift_id: GiftId,
    pub title: String,
    pub points: i64,
    /// How many are left.
    pub stock: i64,
}

/// Where points come from and go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    Person(AccountId),
    /// What the utility gave away.
    Given,
    /// What came back for gifts.
    Spent,
}

impl Side {
    /// As its line names it.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Person(id) => format!("person:{id}"),
            Self::Given => "given".to_owned(),
            Self::Spent => "spent".to_owned(),
        }
    }
}

/// One movement: `points` go from one side to the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    pub entry_id: String,
    /// Unique: the same fact moves points once.
    pub fact: String,
    pub account_id: AccountId,
    pub from: Side,
    pub to: Side,
    pub points: i64,
    pub at: Time,
}

/// One exchange on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    pub exchange_id: ExchangeId,
    pub account_id: AccountId,
    pub gift_id: GiftId,
    pub title: String,
    pub points: i64,
    pub client_key: String,
    pub fingerprint: String,
    pub at: Time,
    /// None while the gift waits at the outlet.
    pub handed: Option<Handed>,
}

/// A line of a person's history: above zero what came, below what went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    pub points: i64,
    pub at: Time,
}

/// What a person has and may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purse {
    pub balance: i64,
    /// How many of them cannot be exchanged yet.
    pub pending: i64,
    /// What is given for a payment that is credited now; of several, each gives its own.
    pub rules: Vec<Rule>,
    pub history: Vec<Moved>,
    pub gifts: Vec<Gift>,
    /// Newest first.
    pub exchanges: Vec<Exchange>,
}

impl Requests {
    /// What the caller has, where it came from, and what it can be exchanged for.
    pub async fn purse(&self, caller: &Caller) -> Result<Purse, PointsError> {
        let mut view = snapshot(&*self.store).await?;
        let account = &caller.account_id;
        let page = Page::new(Some(HISTORY_MAX), None).ok_or(PointsError::NotFound)?;
        let now = self.clock.now();
        Ok(Purse {
            balance: view.requests().balance(account).await?,
            pending: view.requests().pending(account, now).await?,
            rules: view.requests().rules_at(now).await?,
            history: view.requests().history(account, &page).await?,
            gifts: view.requests().gifts(GIFTS_MAX).await?,
            exchanges: view.requests().exchanges(account, EXCHANGES_MAX).await?,
        })
    }

    /// Exchanges points for one gift: the stock, the balance and the books move together or not at all.
    /// The same key and body again answers the exchange that is there.
    pub async fn exchange(
        &self,
        caller: &Caller,
        keyed: &super::filing::Keyed,
        gift_id: &GiftId,
    ) -> Result<Exchange, PointsError> {
        let maker = self.maker();
        let pen = Pen::ready(&maker);
        let (exchange_id, entry_id): (ExchangeId, String) = (maker.id(), maker.uuid());
        let account = &caller.account_id;
        let done = atomically(&*self.store, async |tx: &mut Tx| {
            let there = tx.requests().find_exchange(account, &keyed.key).await?;
            if let Some(there) = there {
                return repeated(there, &keyed.fingerprint);
            }
            let gift = tx.requests().gift(gift_id).await?;
            let gift = gift.ok_or(PointsError::NotFound)?;
            if !tx.requests().take_gift(gift_id).await? {
                return Err(PointsError::OutOfStock);
            }
            let taken = tx
                .requests()
                .take_points(account, gift.points, pen.now)
                .await?;
            if !taken {
                return Err(PointsError::NotEnough);
            }
            let exchange = Exchange {
                exchange_id: exchange_id.clone(),
                account_id: account.clone(),
                gift_id: gift.gift_id,
                title: gift.title,
                points: gift.points,
                client_key: keyed.key.clone(),
                fingerprint: keyed.fingerprint.clone(),
                at: pen.now,
                handed: None,
            };
            tx.requests().add_exchange(&exchange).await?;
            let movement = Movement {
                entry_id: entry_id.clone(),
                fact: format!("exchange:{exchange_id}"),
                account_id: account.clone(),
                from: Side::Person(account.clone()),
                to: Side::Spent,
                points: gift.points,
                at: pen.now,
            };
            tx.requests().book(&movement).await?;
            let act = Act::new()
                .say("exchange_id", exchange_id.as_str())
                .say("account_id", account.as_str())
                .say("gift_id", gift_id.as_str())
                .say("points", gift.points);
            let subject = exchange_id.as_str();
            pen.prove(tx, &caller.actor(), "points.exchange", subject, act)
                .await?;
            Ok(exchange)
        })
        .await;
        match done {
            Err(PointsError::Store(StoreError::Duplicate(_))) => {
                let mut view = snapshot(&*self.store).await?;
                let there = view.requests().find_exchange(account, &keyed.key).await?;
                there.map_or(Err(StoreError::Conflict.into()), |there| {
                    repeated(there, &keyed.fingerprint)
                })
            }
            done => done,
        }
    }

    /// Puts a rule or a gift on record, or changes it: configuration, by somebody named in the audit. A rule that is
    /// changed keeps the last day it has.
    pub async fn set_rule(&self, actor: &Actor, rule: &Rule) -> Result<(), PointsError> {
        if !rule.is_sound() {
            return Err(PointsError::NotSound);
        }
        let pen = Pen::ready(&self.maker());
        atomically(&*self.store, async |tx: &mut Tx| {
            let known = tx.requests().rules_at(pen.now).await?;
            let before = known.into_iter().find(|one| one.rule_id == rule.rule_id);
            let ends_at = before.and_then(|one| one.valid_to);
            let rule = Rule {
                valid_to: rule.valid_to.or(ends_at),
                ..rule.clone()
            };
            tx.requests().put_rule(&rule).await?;
            let subject = rule.rule_id.as_str();
            pen.audit(tx, actor, "points.rule", subject, "ok").await?;
            Ok(())
        })
        .await
    }

    /// Ends a rule at a moment that has not passed: what is credited from then on is given nothing by it.
    ///
    /// # Errors
    /// [`PointsError::NotSound`] for a moment that has passed, before the rule begins or after it ends already,
    /// [`PointsError::NotFound`], or the store's.
    pub async fn end_rule(
        &self,
        actor: &Actor,
        rule_id: &str,
        ends_at: Time,
    ) -> Result<(), PointsError> {
        let pen = Pen::ready(&self.maker());
        if ends_at < pen.now {
            return Err(PointsError::NotSound);
        }
        atomically(&*self.store, async |tx: &mut Tx| {
            if !tx.requests().end_rule(rule_id, ends_at).await? {
                let known = tx.requests().rules_at(pen.now).await?;
                let is_known = known.iter().any(|one| one.rule_id == rule_id);
                return Err(if is_known {
                    PointsError::NotSound
                } else {
                    PointsError::NotFound
                });
            }
            pen.audit(tx, actor, "points.end_rule", rule_id, "ok")
                .await?;
            Ok(())
        })
        .await
    }

    /// As [`Requests::set_rule`], for a gift and how many there are.
    pub async fn set_gift(&self, actor: &Actor, gift: &Gift) -> Result<(), PointsError> {
        if gift.points < 1 || gift.stock < 0 || !(1..=60).contains(&gift.title.chars().count()) {
            return Err(PointsError::NotSound);
        }
        let pen = Pen::ready(&self.maker());
        atomically(&*self.store, async |tx: &mut Tx| {
            tx.requests().put_gift(gift).await?;
            let subject = gift.gift_id.as_str();
            pen.audit(tx, actor, "points.gift", subject, "ok").await?;
            Ok(())
        })
        .await
    }

    /// Every gift, and every rule that is in force, for those who look after them.
    pub async fn catalogue(&self) -> Result<(Vec<Gift>, Vec<Rule>), PointsError> {
        let mut view = snapshot(&*self.store).await?;
        let gifts = view.requests().gifts(GIFTS_MAX).await?;
        let rules = view.requests().rules_at(self.clock.now()).await?;
        Ok((gifts, rules))
    }

    /// A name for a new gift.
    #[must_use]
    pub fn new_gift_id(&self) -> GiftId {
        self.maker().id()
    }
}

fn repeated(there: Exchange, fingerprint: &str) -> Result<Exchange, PointsError> {
    if there.fingerprint == fingerprint {
        Ok(there)
    } else {
        Err(PointsError::KeyReused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(fen_per_point: i64, points_max: i64) -> Rule {
        Rule {
            rule_id: "r".into(),
            fen_per_point,
            points_max,
            valid_from: Time::default(),
            valid_to: None,
        }
    }

    #[test]
    fn whole_points_up_to_the_most() {
        let points = |fen| rule(100, 200).points(Fen::new(fen));
        assert_eq!(
            [99, 100, 19_999, 20_000, 20_100, 0, -500].map(points),
            [0, 1, 199, 200, 200, 0, 0]
        );
    }

    #[test]
    fn a_rule_divides_by_something_and_ends_after_it_begins() {
        assert!(rule(1, 1).is_sound());
        assert!(!rule(0, 1).is_sound() && !rule(1, 0).is_sound());
        let backwards = Rule {
            valid_to: Some(Time::default()),
            ..rule(1, 1)
        };
        assert!(!backwards.is_sound());
        assert_eq!(rule(0, 9).points(Fen::new(100)), 0);
    }
}
