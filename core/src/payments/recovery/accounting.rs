//! What became of a lost trade: the channel says what it took and gave back, marketing what it
//! credited under the numbers the trade may have posted under. A number counts as unused only once
//! it is fenced (money.md 2.1), and fencing waits until the recovery is over.

use super::super::booking::BooksError;
use super::super::ports::{Notice, PostingReply, Trade};
use super::super::{PaymentError, Payments, draw::Draw, numbers, window};
use super::lost::{Balance, LostTrade, State, balance};
use crate::cases::{Case, CaseKind};
use crate::evidence::canonical;
use crate::ledger::{Account, Entry};
use crate::shared::money::Fen;
use crate::shared::time::Time;
use crate::store::{Tx, atomically};
use crate::{audit, evidence};

/// More homes than an order may have, ever: nothing was posted under a higher line.
const LINES_MAX: i64 = 20;
/// The attempts table L allows (b3).
const ATTEMPTS_MAX: i64 = 6;
/// How long a trade waits for its next turn while it cannot be decided.
const AGAIN_S: i64 = 60;

/// A posting of the trade, as marketing states it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Credited {
    number: String,
    amount: Fen,
}

/// What the outside said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Traced {
    trade_no: String,
    credited: Vec<Credited>,
    gone_back: Fen,
    /// Something that no course of things explains.
    odd: Option<&'static str>,
    /// Every number that was not credited is fenced, or no fen is missing.
    sure: bool,
    /// Marketing cannot fence those that were not credited.
    unfenced: bool,
}

impl Payments {
    pub(super) async fn trace_lost(
        &self,
        trade: LostTrade,
        recovering: bool,
    ) -> Result<(), PaymentError> {
        match self.trace(&trade, recovering).await? {
            Some(traced) if traced.sure || traced.odd.is_some() => {
                self.account_for(trade, &traced).await
            }
            Some(traced) if traced.unfenced => self.wait_for_word(trade).await,
            Some(_) => self.note_asked(trade).await,
            None => self.put_off(trade).await,
        }
    }

    /// `None` when somebody did not answer.
    async fn trace(
        &self,
        trade: &LostTrade,
        recovering: bool,
    ) -> Result<Option<Traced>, PaymentError> {
        let Ok(reply) = self.ports.channel.query(&trade.out_trade_no).await else {
            return Ok(None);
        };
        let mut traced = Traced {
            trade_no: trade.trade_no.clone(),
            ..Traced::default()
        };
        let (total, paid_at) = match reply {
            Trade::Paid {
                total,
                paid_at,
                refunded_total,
                ..
            } => {
                traced.gone_back = refunded_total;
                (total, Some(paid_at))
            }
            Trade::ClosedRefunded {
                total,
                paid_at,
                refunded_total,
                ..
            } => {
                traced.gone_back = refunded_total;
                (total, paid_at)
            }
            Trade::NotExist | Trade::WaitBuyerPay { .. } | Trade::ClosedNeverPaid { .. } => {
                traced.odd = Some("bill_says_paid");
                return Ok(Some(traced));
            }
        };
        if total != trade.paid {
            traced.odd = Some("bill_says_another_sum");
            return Ok(Some(traced));
        }
        let unused = self.credits(trade, paid_at, &mut traced).await?;
        let Some(unused) = unused else {
            return Ok(None);
        };
        if traced.odd.is_some() || !is_short(trade, &traced)? {
            traced.sure = true;
            return Ok(Some(traced));
        }
        if recovering {
            return Ok(Some(traced));
        }
        if !self.policy.marketing_fences && !unused.is_empty() {
            // Nothing proves that these numbers never take effect.
            traced.unfenced = true;
            return Ok(Some(traced));
        }
        for number in unused {
            match self.ports.posting.fence(&number).await {
                Ok(PostingReply::Fenced) => {}
                Ok(PostingReply::Posted(line)) => traced.credited.push(Credited {
                    number,
                    amount: line.amount,
                }),
                Ok(PostingReply::Reversed) => {}
                Ok(_) | Err(_) => return Ok(None),
            }
        }
        traced.sure = true;
        Ok(Some(traced))
    }

    /// Looks through the numbers in the order they were used in, until every fen is credited. Answers
    /// those that marketing does not know; `None` when it does not answer.
    async fn credits(
        &self,
        trade: &LostTrade,
        paid_at: Option<Time>,
        traced: &mut Traced,
    ) -> Result<Option<Vec<String>>, PaymentError> {
        let mut unused = Vec::new();
        for line_no in 1..=LINES_MAX {
            // What went back does not count here: it may have been credited as well.
            if sum_of(&traced.credited)? >= trade.paid {
                break;
            }
            for attempt in 1..=ATTEMPTS_MAX {
                let number = numbers::channel_txn_no(&trade.out_trade_no, line_no, attempt);
                match self.ports.posting.get(&number).await {
                    Ok(PostingReply::Posted(line)) => {
                        if paid_at.is_some_and(|at| at != line.paid_at) {
                            traced.odd = Some("posting_of_another_payment");
                            return Ok(Some(unused));
                        }
                        let amount = line.amount;
                        traced.credited.push(Credited { number, amount });
                    }
                    // A new number is used only after the one before it was fenced.
                    Ok(PostingReply::Fenced) => continue,
                    Ok(PostingReply::NotFound) => unused.push(number),
                    Ok(PostingReply::Reversed) => {}
                    Ok(_) | Err(_) => return Ok(None),
                }
                break;
            }
        }
        Ok(Some(unused))
    }

    /// Books what was found, once: the money, what was credited, what went back, what is owed.
    async fn account_for(&self, trade: LostTrade, traced: &Traced) -> Result<(), PaymentError> {
        let draw = self.draw(&trade.trace_id, "job:payments.recovery");
        let posted = sum_of(&traced.credited)?;
        let sums = balance(trade.paid, posted, traced.gone_back).map_err(BooksError::from)?;
        let odd = traced.odd.or(match sums {
            Balance::TooMuch(_) => Some("credited_and_returned"),
            Balance::Even | Balance::Owed(_) => None,
        });
        let mut next = LostTrade {
            trade_no: traced.trade_no.clone(),
            posted,
            gone_back: traced.gone_back.min(trade.paid),
            turns: trade.turns.saturating_add(1),
            ..trade.clone()
        };
        let entries = if odd.is_some() {
            next.state = State::Held;
            next.next_at = Some(window::daily(draw.now));
            Vec::new()
        } else {
            match sums {
                Balance::Owed(rest) => {
                    let number =
                        draw.number(&self.policy.number_prefix, "lost", &trade.out_trade_no);
                    next.state = State::Owing;
                    next.owed = rest;
                    next.out_request_no = Some(number);
                    next.next_at = Some(draw.now);
                }
                Balance::Even | Balance::TooMuch(_) => {
                    next.state = State::Accounted;
                    next.next_at = None;
                }
            }
            entries_of(&next, &traced.credited, &draw)?
        };
        let case = odd
            .map(|reason| case_of(&next, reason, &draw))
            .transpose()?;
        self.save_lost(&next, &entries, case.as_ref(), &draw).await
    }

    /// Only marketing's own word proves that a number never takes effect: two persons are told, and it is asked
    /// again (money.md 2.1).
    async fn wait_for_word(&self, trade: LostTrade) -> Result<(), PaymentError> {
        let draw = self.draw(&trade.trace_id, "job:payments.recovery");
        let next = LostTrade {
            turns: trade.turns.saturating_add(1),
            next_at: Some(window::hourly(draw.now)),
            ..trade
        };
        let case = case_of(&next, "no_fence", &draw)?;
        atomically(self.store(), async |tx: &mut Tx| {
            if tx.recovery().save_lost(&next).await? {
                tx.cases().open(&case).await?;
            }
            Ok(())
        })
        .await
    }

    /// It was asked about; more is decided when the recovery is over.
    async fn note_asked(&self, trade: LostTrade) -> Result<(), PaymentError> {
        let turns = trade.turns.saturating_add(1);
        self.put_off(LostTrade { turns, ..trade }).await
    }

    /// Its next turn comes later; nothing else changes.
    pub(super) async fn put_off(&self, trade: LostTrade) -> Result<(), PaymentError> {
        let next_at = Some(self.now().plus_seconds(AGAIN_S));
        self.keep_lost(&LostTrade { next_at, ..trade }).await
    }

    pub(super) async fn keep_lost(&self, trade: &LostTrade) -> Result<(), PaymentError> {
        atomically(self.store(), async |tx: &mut Tx| {
            tx.recovery().save_lost(trade).await?;
            Ok(())
        })
        .await
    }

    /// Saves a step of a lost trade with everything that belongs to it, unless somebody else took it.
    pub(super) async fn save_lost(
        &self,
        trade: &LostTrade,
        entries: &[Entry],
        case: Option<&Case>,
        draw: &Draw,
    ) -> Result<(), PaymentError> {
        let (line, witness) = (audit_of(trade, draw), witness_of(trade, draw)?);
        atomically(self.store(), async |tx: &mut Tx| {
            if !tx.recovery().save_lost(trade).await? {
                return Ok(());
            }
            for entry in entries {
                tx.ledger().post(entry).await?;
            }
            if let Some(case) = case {
                tx.cases().open(case).await?;
            }
            tx.evidence().append(&witness).await?;
            tx.audit().append(&line).await?;
            Ok(())
        })
        .await
    }
}

/// A notice of an earlier epoch about an order that is not here.
pub(in crate::payments) fn of_notice(notice: &Notice, draw: &Draw) -> Option<LostTrade> {
    let (total, paid_at, trade_no) = match &notice.trade {
        Trade::Paid {
            total,
            paid_at,
            trade_no,
            ..
        } => (*total, *paid_at, trade_no),
        Trade::ClosedRefunded {
            total,
            paid_at,
            trade_no,
            ..
        } => (*total, paid_at.unwrap_or(notice.notified_at), trade_no),
        Trade::NotExist | Trade::WaitBuyerPay { .. } | Trade::ClosedNeverPaid { .. } => {
            return None;
        }
    };
    Some(found(&notice.out_trade_no, trade_no, total, paid_at, draw))
}

/// A trade nothing is known of but what the channel says.
pub(super) fn found(
    out_trade_no: &str,
    trade_no: &str,
    paid: Fen,
    paid_at: Time,
    draw: &Draw,
) -> LostTrade {
    LostTrade {
        lost_id: draw.id("lost", out_trade_no),
        out_trade_no: out_trade_no.to_owned(),
        trade_no: trade_no.to_owned(),
        state: State::Found,
        paid,
        paid_at,
        posted: Fen::ZERO,
        gone_back: Fen::ZERO,
        owed: Fen::ZERO,
        out_request_no: None,
        sent_at: None,
        empties: 0,
        found_at: draw.now,
        turns: 0,
        next_at: Some(draw.now),
        version: 1,
        trace_id: draw.trace_id.clone(),
    }
}

fn sum_of(credited: &[Credited]) -> Result<Fen, PaymentError> {
    Ok(Fen::sum(credited.iter().map(|one| one.amount)).map_err(BooksError::from)?)
}

fn is_short(trade: &LostTrade, traced: &Traced) -> Result<bool, PaymentError> {
    let posted = sum_of(&traced.credited)?;
    let spent = posted.plus(traced.gone_back).map_err(BooksError::from)?;
    Ok(spent < trade.paid)
}

fn entries_of(
    trade: &LostTrade,
    credited: &[Credited],
    draw: &Draw,
) -> Result<Vec<Entry>, PaymentError> {
    let paid = numbers::paid_fact(&trade.out_trade_no);
    let mut entries = vec![entry(
        trade,
        paid,
        (Account::Channel, Account::Clearing, trade.paid),
        draw,
    )?];
    for one in credited {
        let fact = numbers::posted_fact(&one.number);
        let sides = (Account::Clearing, Account::Marketing, one.amount);
        entries.push(entry(trade, fact, sides, draw)?);
    }
    if trade.gone_back.is_positive() {
        let fact = numbers::foreign_fact(&trade.out_trade_no, trade.gone_back.get());
        let sides = (Account::Clearing, Account::Channel, trade.gone_back);
        entries.push(entry(trade, fact, sides, draw)?);
    }
    if let Some(number) = &trade.out_request_no {
        let fact = numbers::due_fact(number);
        let sides = (Account::Clearing, Account::RefundDue, trade.owed);
        entries.push(entry(trade, fact, sides, draw)?);
    }
    Ok(entries)
}

pub(super) fn entry(
    trade: &LostTrade,
    fact: String,
    sides: (Account, Account, Fen),
    draw: &Draw,
) -> Result<Entry, PaymentError> {
    let made = Entry::transfer(
        draw.id("entry", &fact),
        fact,
        trade.lost_id.clone(),
        draw.trace_id.clone(),
        draw.now,
        sides,
    );
    Ok(made.map_err(BooksError::from)?)
}

pub(super) fn case_of(trade: &LostTrade, reason: &str, draw: &Draw) -> Result<Case, PaymentError> {
    tracing::error!(
        lost.id = trade.lost_id.as_str(),
        reason,
        "payments.lost_trade.held"
    );
    let facts = serde_json::json!({
        "gone_back_fen": trade.gone_back.get(),
        "out_trade_no": trade.out_trade_no,
        "owed_fen": trade.owed.get(),
        "paid_fen": trade.paid.get(),
        "posted_fen": trade.posted.get(),
        "reason": reason,
    });
    let cause = format!("payments:lost:{}", trade.out_trade_no);
    Ok(Case {
        case_id: draw.id("case", &cause),
        kind: CaseKind::Contradiction,
        cause,
        subject: trade.lost_id.as_str().to_owned(),
        facts: canonical::render(&facts).map_err(BooksError::from)?,
        opened_at: draw.now,
        trace_id: draw.trace_id.clone(),
        closed_at: None,
    })
}

fn audit_of(trade: &LostTrade, draw: &Draw) -> audit::Line {
    audit::Line {
        audit_id: draw.uuid("audit", &format!("{}:{}", trade.lost_id, trade.version)),
        at: draw.now,
        actor: draw.actor.clone(),
        act: "payments.lost_trade".to_owned(),
        subject: trade.lost_id.as_str().to_owned(),
        outcome: trade.state.as_str().to_lowercase(),
        source: String::new(),
        trace_id: draw.trace_id.clone(),
    }
}

fn witness_of(trade: &LostTrade, draw: &Draw) -> Result<evidence::Entry, PaymentError> {
    let cause = format!("lost:{}:{}", trade.lost_id, trade.version);
    let act = evidence::Act::new()
        .say("gone_back_fen", trade.gone_back.get())
        .say("out_trade_no", trade.out_trade_no.as_str())
        .say("owed_fen", trade.owed.get())
        .say("paid_fen", trade.paid.get())
        .say("posted_fen", trade.posted.get())
        .say("state", trade.state.as_str());
    let (id, salt) = (draw.id("evidence", &cause), draw.salt(&cause));
    let made = act.into_entry(id, "payments.lost_trade", trade.paid_at, draw.now, salt);
    Ok(made.map_err(BooksError::from)?)
}
