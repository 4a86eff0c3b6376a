//! From what the outside answered to inputs of the tables: pure, and the only place that compares
//! an answer with ours.

use super::observation::{Call, ChannelFact, LineFact, Observation, RefundFact};
use super::order::{Order, Payment, PostingLine, Refund};
use super::ports::{
    Close, Created, Notice, PostedLine, PostingReply, RefundReply, RefundStatus, ReversalReply,
    Trade, VoucherReply,
};
use super::{table_l as l, table_p as p, table_r as r};
use crate::shared::money::Fen;
use crate::shared::outside::NoAnswer;
use crate::shared::time::Time;

/// Says aloud what an operator must hear; everything else about silence is routine.
fn hear(silence: &NoAnswer) {
    match silence {
        NoAnswer::Alarm(reason) => tracing::error!(reason, "payments.outside.alarm"),
        NoAnswer::NotSent(reason) | NoAnswer::Unknown(reason) => {
            tracing::warn!(reason, "payments.outside.no_answer");
        }
    }
}

/// What the sum is compared with: the order, or what was booked of it.
const fn expected(payment: &Payment) -> Fen {
    if payment.state.has_money() {
        payment.paid
    } else {
        payment.amount
    }
}

/// Whether this trade tells of another sum than ours: a notice of it must be confirmed by query.
#[must_use]
pub fn tells_another_sum(payment: &Payment, trade: &Trade) -> bool {
    match trade {
        Trade::Paid { total, .. } | Trade::ClosedRefunded { total, .. } => {
            *total != expected(payment)
        }
        Trade::NotExist | Trade::WaitBuyerPay { .. } | Trade::ClosedNeverPaid { .. } => false,
    }
}

fn paid(payment: &Payment, fact: ChannelFact, asked_at: Time) -> Observation {
    let equal = fact.total == Some(expected(payment));
    let input = if equal {
        p::Input::PaidEqual
    } else {
        p::Input::PaidOther
    };
    Observation::channel(asked_at, input, fact)
}

/// A trade as the channel states it, by query or verified notice.
#[must_use]
pub fn of_trade(payment: &Payment, trade: &Trade, call: Call, asked_at: Time) -> Vec<Observation> {
    let told = |input, fact| Observation::channel(asked_at, input, fact);
    match trade {
        Trade::NotExist => {
            let fact = ChannelFact {
                call,
                ..ChannelFact::default()
            };
            vec![told(p::Input::NotExist, fact)]
        }
        Trade::WaitBuyerPay { trade_no } => {
            vec![told(p::Input::WaitBuyerPay, of_number(trade_no, call))]
        }
        Trade::ClosedNeverPaid { trade_no } => {
            vec![told(p::Input::ClosedNeverPaid, of_number(trade_no, call))]
        }
        Trade::Paid {
            trade_no,
            total,
            paid_at,
            refunded_total,
        } => {
            let fact = ChannelFact {
                total: Some(*total),
                paid_at: Some(*paid_at),
                ..of_number(trade_no, call)
            };
            let mut all = vec![paid(payment, fact.clone(), asked_at)];
            if refunded_total.is_positive() {
                all.push(refunded(fact, *refunded_total, asked_at));
            }
            all
        }
        Trade::ClosedRefunded {
            trade_no,
            total,
            paid_at,
            refunded_total,
        } => {
            let fact = ChannelFact {
                total: Some(*total),
                paid_at: *paid_at,
                ..of_number(trade_no, call)
            };
            let mut all = Vec::new();
            if !payment.state.has_money() {
                all.push(paid(payment, fact.clone(), asked_at));
            }
            all.push(refunded(fact, *refunded_total, asked_at));
            all
        }
    }
}

fn of_number(trade_no: &str, call: Call) -> ChannelFact {
    ChannelFact {
        call,
        trade_no: (!trade_no.is_empty()).then(|| trade_no.to_owned()),
        ..ChannelFact::default()
    }
}

/// Whether it is ours is judged against the books, where the sums are.
fn refunded(fact: ChannelFact, sum: Fen, asked_at: Time) -> Observation {
    let fact = ChannelFact {
        refunded: Some(sum),
        ..fact
    };
    Observation::channel(asked_at, p::Input::RefundNotOurs, fact)
}

/// A verified notice: the trade it tells of, and the refund whose number it carries. A channel
/// whose clock runs ahead must not make our own later answers look old.
#[must_use]
pub fn of_notice(order: &Order, notice: &Notice, now: Time) -> Vec<Observation> {
    let at = notice.notified_at.min(now);
    let mut all = of_trade(&order.payment, &notice.trade, Call::None, at);
    let ours = notice
        .out_request_no
        .as_deref()
        .and_then(|number| order.refunds.iter().find(|r| r.out_request_no == number));
    if let Some(refund) = ours {
        let id = refund.refund_id.clone();
        let fact = ChannelFact::default();
        all.push(Observation::channel(at, p::Input::RefundOurs, fact));
        all.push(Observation::refund(
            at,
            id,
            r::Input::Notice,
            RefundFact::default(),
        ));
    }
    all
}

#[must_use]
pub fn of_create(reply: &Result<Created, NoAnswer>, asked_at: Time) -> Observation {
    match reply {
        Ok(Created::Ok { trade_no }) => Observation::channel(
            asked_at,
            p::Input::CreateOk,
            of_number(trade_no, Call::Create),
        ),
        Ok(Created::Refused { code }) => {
            tracing::warn!(code, "payments.create.refused");
            Observation::channel(
                asked_at,
                p::Input::CreateRefused,
                of_number("", Call::Create),
            )
        }
        Err(silence) => {
            hear(silence);
            let call = match silence {
                NoAnswer::NotSent(_) => Call::CreateNotSent,
                NoAnswer::Unknown(_) | NoAnswer::Alarm(_) => Call::None,
            };
            Observation::channel(asked_at, p::Input::NoAnswer, of_number("", call))
        }
    }
}

#[must_use]
pub fn of_query(
    payment: &Payment,
    reply: &Result<Trade, NoAnswer>,
    asked_at: Time,
) -> Vec<Observation> {
    match reply {
        Ok(trade) => of_trade(payment, trade, Call::Query, asked_at),
        Err(silence) => {
            hear(silence);
            let fact = of_number("", Call::Query);
            vec![Observation::channel(asked_at, p::Input::NoAnswer, fact)]
        }
    }
}

#[must_use]
pub fn of_close(reply: &Result<Close, NoAnswer>, asked_at: Time) -> Observation {
    let input = match reply {
        Ok(Close::Closed) => p::Input::ClosedNeverPaid,
        Ok(Close::Refused) => p::Input::CloseRefused,
        Ok(Close::NotExist) => p::Input::NotExist,
        Err(silence) => {
            hear(silence);
            p::Input::NoAnswer
        }
    };
    Observation::channel(asked_at, input, of_number("", Call::Close))
}

/// Marketing states moments to the second.
const fn same_second(ours: Time, theirs: Time) -> bool {
    ours.unix_seconds() == theirs.unix_seconds()
}

fn is_ours(order: &Order, line: &PostingLine, posted: &PostedLine) -> bool {
    let paid_at = order.payment.paid_at;
    // Who is erased left the number of the home to marketing alone; the posting was compared before.
    let home = line.consumer_no.expose().is_empty() || posted.consumer_no == line.consumer_no;
    home && order.posted_sum(line) == Ok(posted.amount)
        && paid_at.is_some_and(|ours| same_second(ours, posted.paid_at))
}

/// What is told of a line is told of the number it had when it was asked.
fn about(line: &PostingLine) -> LineFact {
    LineFact {
        number: Some(line.channel_txn_no.clone()),
        ..LineFact::default()
    }
}

/// A posting as marketing states it counts as ours only when all of it is (money.md 2.7).
#[must_use]
pub fn of_posting(
    order: &Order,
    line: &PostingLine,
    reply: Result<PostingReply, NoAnswer>,
    asked_at: Time,
) -> Observation {
    let mut fact = about(line);
    let input = match reply {
        Ok(PostingReply::Posted(posted)) => {
            let same = is_ours(order, line, &posted);
            fact.mkt_txn_no = Some(posted.mkt_txn_no);
            fact.business_date = Some(posted.business_date);
            fact.posted_at = Some(posted.posted_at);
            if same {
                l::Input::PostedSame
            } else {
                l::Input::PostedOther
            }
        }
        Ok(PostingReply::Processing) => l::Input::Processing,
        Ok(PostingReply::StaleOrMismatch) => l::Input::StaleArrears,
        Ok(PostingReply::NotPayable { code }) => {
            fact.never_prepay = code != "ALREADY_PAID";
            l::Input::NotPayable
        }
        Ok(PostingReply::NotFound) => l::Input::NotFound,
        Ok(PostingReply::Fenced) => l::Input::Fenced,
        Ok(PostingReply::Reversed) => l::Input::Reversed,
        Err(silence) => {
            hear(&silence);
            l::Input::NoAnswer
        }
    };
    Observation::line(asked_at, line.line_id.clone(), input, fact)
}

#[must_use]
pub fn of_reversal(
    line: &PostingLine,
    reply: &Result<ReversalReply, NoAnswer>,
    asked_at: Time,
) -> Observation {
    let input = match reply {
        Ok(ReversalReply::Reversed) => l::Input::Reversed,
        Ok(ReversalReply::CutoffPassed) => l::Input::CutoffPassed,
        // No table names another refusal of a reversal (money.md G6).
        Ok(ReversalReply::Refused) => l::Input::NoAnswer,
        Err(silence) => {
            hear(silence);
            l::Input::NoAnswer
        }
    };
    Observation::line(asked_at, line.line_id.clone(), input, about(line))
}

#[must_use]
pub fn of_voucher(
    line: &PostingLine,
    reply: &Result<VoucherReply, NoAnswer>,
    asked_at: Time,
) -> Observation {
    let input = match reply {
        Ok(VoucherReply::Pending) => l::Input::Processing,
        Ok(VoucherReply::Approved) => l::Input::MktYes,
        Ok(VoucherReply::Refused) => l::Input::MktNo,
        Err(silence) => {
            hear(silence);
            l::Input::NoAnswer
        }
    };
    Observation::line(asked_at, line.line_id.clone(), input, about(line))
}

#[must_use]
pub fn of_refund(
    refund: &Refund,
    reply: &Result<RefundReply, NoAnswer>,
    asked_at: Time,
) -> Observation {
    let input = match reply {
        Ok(RefundReply::Done) => r::Input::FundChange,
        Ok(RefundReply::Unclear) => r::Input::FundUnchanged,
        Ok(RefundReply::SellerBalanceNotEnough) => r::Input::BalanceNotEnough,
        Ok(RefundReply::RefusedForGood { code }) => {
            tracing::error!(code, "payments.refund.refused");
            r::Input::RefusedForGood
        }
        Ok(RefundReply::FeeError) => r::Input::FeeError,
        Err(silence) => {
            hear(silence);
            r::Input::NoAnswer
        }
    };
    Observation::refund(
        asked_at,
        refund.refund_id.clone(),
        input,
        RefundFact::default(),
    )
}

#[must_use]
pub fn of_refund_query(
    refund: &Refund,
    reply: &Result<RefundStatus, NoAnswer>,
    asked_at: Time,
) -> Observation {
    let input = match reply {
        Ok(RefundStatus::Success { amount }) if *amount == refund.amount => r::Input::FoundOurs,
        Ok(RefundStatus::Success { .. }) => r::Input::FoundOther,
        Ok(RefundStatus::Empty) => r::Input::FoundEmpty,
        Err(silence) => {
            hear(silence);
            r::Input::NoAnswer
        }
    };
    Observation::refund(
        asked_at,
        refund.refund_id.clone(),
        input,
        RefundFact::default(),
    )
}
