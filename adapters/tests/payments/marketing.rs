//! The marketing system's half of the double: what is due, what was credited, what is fenced.

use async_trait::async_trait;
use lifeline_core::payments::ports::{
    Dues, DuesSource, Filed, NoDues, PostedLine, Posting, PostingReply, PostingSystem,
    ReversalReply, VoucherReply,
};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Time;
use serde::{Deserialize, Serialize};

use crate::outside::{Credit, Outside, World};

#[derive(Serialize, Deserialize)]
struct PostText {
    number: String,
    consumer_no: String,
    fen: i64,
    paid_at: i64,
    purpose: String,
    version: Option<String>,
}

fn credited(world: &mut World, text: &PostText) -> PostingReply {
    match world.credits.get(&text.number) {
        Some(Credit::Posted(line)) => return PostingReply::Posted(line.clone()),
        Some(Credit::Fenced) => return PostingReply::Fenced,
        Some(Credit::Reversed) => return PostingReply::Reversed,
        Some(Credit::Processing) => return PostingReply::Processing,
        None => {}
    }
    if let Some(reply) = world.post_replies.pop_front() {
        return reply;
    }
    let now = Time::from_micros(world.now);
    let fen = Fen::new(text.fen);
    let Some(due) = world.due.get_mut(&text.consumer_no) else {
        return PostingReply::NotPayable {
            code: "CONSUMER_UNAVAILABLE",
        };
    };
    if !due.2 {
        return PostingReply::NotPayable {
            code: "CLOSED_ACCOUNT",
        };
    }
    if text.purpose == "arrears" {
        if due.0.is_zero() {
            return PostingReply::NotPayable {
                code: "ALREADY_PAID",
            };
        }
        if text.version.as_deref() != Some(due.1.as_str()) || due.0 != fen {
            return PostingReply::StaleOrMismatch;
        }
        due.0 = Fen::ZERO;
        due.1 = format!("{}+", due.1);
    }
    let line = PostedLine {
        consumer_no: ConsumerNo::from_store(text.consumer_no.clone()),
        amount: fen,
        paid_at: Time::from_micros(text.paid_at),
        mkt_txn_no: format!("M{}", text.number),
        business_date: now.shanghai_date(),
        posted_at: now,
    };
    let number = text.number.clone();
    world.credits.insert(number, Credit::Posted(line.clone()));
    PostingReply::Posted(line)
}

impl World {
    /// What approved vouchers have taken from a posting.
    pub(crate) fn taken_from(&self, posting: &str) -> Fen {
        let of = self
            .vouchers
            .values()
            .filter(|(number, _)| number == posting);
        Fen::sum(of.map(|(_, amount)| *amount)).unwrap()
    }

    /// The file of a date that is over names what was posted on it, and what it was told to.
    fn filed(&self, date: &str, number: &str) -> Filed {
        let posted = matches!(self.credits.get(number),
            Some(Credit::Posted(line)) if line.business_date == date);
        if date >= Time::from_micros(self.now).shanghai_date().as_str() {
            Filed::NotYet
        } else if posted || self.named.contains(number) {
            Filed::Named
        } else {
            Filed::Absent
        }
    }

    /// A voucher is approved once, of what the posting still holds.
    fn approve(&mut self, posting: &str, refund_no: &str, amount: Fen) -> VoucherReply {
        if let Some(known) = self.vouchers.get(refund_no) {
            assert_eq!(known, &(posting.to_owned(), amount), "{refund_no}");
            return VoucherReply::Approved;
        }
        let taken = self.taken_from(posting).plus(amount).unwrap();
        match self.credits.get(posting) {
            Some(Credit::Posted(line)) if taken <= line.amount => {}
            _ => return VoucherReply::Refused,
        }
        let voucher = (posting.to_owned(), amount);
        self.vouchers.insert(refund_no.to_owned(), voucher);
        VoucherReply::Approved
    }
}

fn found(world: &World, number: &str) -> PostingReply {
    match world.credits.get(number) {
        Some(Credit::Posted(line)) => PostingReply::Posted(line.clone()),
        Some(Credit::Reversed) => PostingReply::Reversed,
        Some(Credit::Fenced) => PostingReply::Fenced,
        Some(Credit::Processing) => PostingReply::Processing,
        None => PostingReply::NotFound,
    }
}

#[async_trait]
impl PostingSystem for Outside {
    fn posting_body(&self, posting: &Posting) -> String {
        let text = PostText {
            number: posting.channel_txn_no.clone(),
            consumer_no: posting.consumer_no.expose().to_owned(),
            fen: posting.amount.get(),
            paid_at: posting.paid_at.micros(),
            purpose: posting.purpose.to_owned(),
            version: posting.arrears_version.clone(),
        };
        serde_json::to_string(&text).unwrap()
    }

    async fn post(&self, number: &str, frozen_body: &str) -> Result<PostingReply, NoAnswer> {
        self.pass("post", number).await;
        let text: PostText = serde_json::from_str(frozen_body).unwrap();
        self.call("post", number, |world| {
            world.bodies.push(("post", frozen_body.to_owned()));
            credited(world, &text)
        })
    }

    async fn get(&self, number: &str) -> Result<PostingReply, NoAnswer> {
        tokio::task::yield_now().await;
        self.call("get", number, |world| found(world, number))
    }

    async fn fence(&self, number: &str) -> Result<PostingReply, NoAnswer> {
        tokio::task::yield_now().await;
        self.call("fence", number, |world| {
            // What is still in process is withdrawn by it.
            if let None | Some(Credit::Processing) = world.credits.get(number) {
                world.credits.insert(number.to_owned(), Credit::Fenced);
            }
            found(world, number)
        })
    }

    async fn reverse(&self, number: &str, reversal_no: &str) -> Result<ReversalReply, NoAnswer> {
        tokio::task::yield_now().await;
        self.call("reverse", reversal_no, |world| {
            if world.cutoff_passed {
                return ReversalReply::CutoffPassed;
            }
            world.credits.insert(number.to_owned(), Credit::Reversed);
            ReversalReply::Reversed
        })
    }

    async fn refund_voucher(
        &self,
        number: &str,
        refund_no: &str,
        amount: Fen,
    ) -> Result<VoucherReply, NoAnswer> {
        tokio::task::yield_now().await;
        self.call("voucher", refund_no, |world| {
            match world.voucher_replies.pop_front() {
                None | Some(VoucherReply::Approved) => world.approve(number, refund_no, amount),
                Some(reply) => reply,
            }
        })
    }

    async fn filed(&self, business_date: &str, number: &str) -> Result<Filed, NoAnswer> {
        tokio::task::yield_now().await;
        self.call("filed", number, |world| world.filed(business_date, number))
    }
}

#[async_trait]
impl DuesSource for Outside {
    async fn dues(&self, consumer_no: &ConsumerNo) -> Result<Dues, NoDues> {
        tokio::task::yield_now().await;
        let found = self.call("dues", consumer_no.expose(), |world| {
            world.due.get(consumer_no.expose()).cloned()
        })?;
        let (total, version, open) = found.ok_or(NoDues::Unknown)?;
        Ok(Dues {
            open,
            total,
            version,
        })
    }
}
