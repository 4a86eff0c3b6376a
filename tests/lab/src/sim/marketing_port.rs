//! Marketing's model behind the core's ports.

use async_trait::async_trait;
use lifeline_core::payments::ports::{
    Dues, DuesSource, Filed, NoDues, PostedLine, Posting as Order, PostingReply, PostingSystem,
    ReversalReply, VoucherReply,
};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Time;
use serde::{Deserialize, Serialize};

use super::marketing::{PostingState, Presented, Said, VoucherState, business_date, day};
use super::town;
use super::weather::Side;
use super::wire::Wire;
use super::world::{SECOND, World};

/// The request body of a posting, as this marketing system reads it.
#[derive(Serialize, Deserialize)]
struct Body {
    home: String,
    fen: i64,
    paid_at: i64,
    purpose: String,
    version: Option<String>,
}

impl Wire {
    /// A posting as marketing would state it if the body had arrived; only the planted product asks.
    pub(super) fn claim(&self, frozen: &str) -> Result<PostingReply, NoAnswer> {
        let unreadable = || NoAnswer::Unknown("unreadable_reply");
        let given = presented(frozen).ok_or_else(unreadable)?;
        let now = self.world.with(|world| world.now());
        Ok(PostingReply::Posted(PostedLine {
            consumer_no: town::consumer_no(given.home).ok_or_else(unreadable)?,
            amount: Fen::new(given.fen),
            paid_at: Time::from_micros(given.paid_at),
            mkt_txn_no: "claimed".to_owned(),
            business_date: business_date(now),
            posted_at: Time::from_micros(now),
        }))
    }
}

fn presented(frozen: &str) -> Option<Presented> {
    let body: Body = serde_json::from_str(frozen).ok()?;
    Some(Presented {
        home: town::home_of(&body.home)?,
        fen: body.fen,
        paid_at: body.paid_at,
        arrears: body.purpose == "arrears",
        version: body.version,
        body: frozen.to_owned(),
    })
}

impl World {
    /// What was once presented under a fenced number comes to stand there.
    pub(super) fn break_fence(&mut self, number: &str, frozen: &str) {
        let now = self.now();
        if let Some(given) = presented(frozen) {
            self.marketing.break_fence(number, &given, now);
        }
    }

    fn present(&mut self, number: &str, frozen: &str) -> Result<PostingReply, NoAnswer> {
        let now = self.now();
        let given = presented(frozen).ok_or(NoAnswer::Alarm("invalid_request"))?;
        let waits = self.dice.in_mille(120);
        let known = self.marketing.said_of(number) != Said::NotFound;
        let said = self.marketing.post(number, &given, waits, now);
        self.note(format_args!(
            "marketing is presented {number} of {} fen: {said:?}",
            given.fen
        ));
        if said == Said::Processing && !known {
            let wait = self.dice.between(1, 240).saturating_mul(SECOND);
            let number = number.to_owned();
            self.after(wait, move |world| {
                let now = world.now();
                world.marketing.book(&number, now);
                let said = world.marketing.said_of(&number);
                world.note(format_args!("marketing books {number}: {said:?}"));
            });
        }
        self.told(number, said)
    }

    pub(super) fn told(&mut self, number: &str, said: Said) -> Result<PostingReply, NoAnswer> {
        Ok(match said {
            Said::Posted => {
                let mut posted = self.posted(number)?;
                if std::mem::take(&mut self.marketing.misquotes_next) {
                    posted.amount = Fen::new(posted.amount.get().saturating_add(1));
                }
                PostingReply::Posted(posted)
            }
            Said::Processing => PostingReply::Processing,
            Said::Reversed => PostingReply::Reversed,
            Said::Stale => PostingReply::StaleOrMismatch,
            Said::NotPayable(code) => PostingReply::NotPayable { code },
            Said::Fenced => PostingReply::Fenced,
            Said::NotFound => PostingReply::NotFound,
            Said::Conflict => return Err(NoAnswer::Alarm("idempotency_conflict")),
        })
    }

    fn posted(&self, number: &str) -> Result<PostedLine, NoAnswer> {
        let unreadable = || NoAnswer::Unknown("unreadable_reply");
        let posting = self.marketing.postings.get(number).ok_or_else(unreadable)?;
        Ok(PostedLine {
            consumer_no: town::consumer_no(posting.home).ok_or_else(unreadable)?,
            amount: Fen::new(posting.fen),
            paid_at: Time::from_micros(posting.paid_at),
            mkt_txn_no: posting.mkt_txn_no.clone(),
            business_date: business_date(posting.posted_at),
            posted_at: Time::from_micros(posting.posted_at),
        })
    }

    /// The file of a date names what was booked on it, also when it was taken back since.
    fn filed(&self, date: &str, number: &str) -> Filed {
        let posting = self.marketing.postings.get(number);
        let booked = posting.filter(|posting| posting.state != PostingState::Processing);
        if date >= business_date(self.now()).as_str() {
            Filed::NotYet
        } else if booked.is_some_and(|posting| business_date(posting.posted_at) == date) {
            Filed::Named
        } else {
            Filed::Absent
        }
    }

    fn gave_back_at_desk(&self, channel_txn_no: &str) -> bool {
        let number = channel_txn_no.split('_').next().unwrap_or_default();
        let trade = self.channel.trades.get(number);
        trade.is_some_and(|trade| trade.desk_fen > 0)
    }

    fn asked_voucher(
        &mut self,
        number: &str,
        refund_no: &str,
        fen: i64,
    ) -> Result<VoucherReply, NoAnswer> {
        let known = self
            .marketing
            .postings
            .get(number)
            .is_some_and(|posting| posting.vouchers.contains_key(refund_no));
        let state = self.marketing.voucher(number, refund_no, fen);
        self.note(format_args!(
            "marketing is asked for voucher {refund_no}: {state:?}"
        ));
        if !known && state == Some(VoucherState::Pending) {
            let wait = self.dice.between(1, 7200).saturating_mul(SECOND);
            // What went back at the desk already is not refused to the books.
            let gone = self.gave_back_at_desk(number);
            let yes = gone || self.dice.in_mille(800);
            let (number, refund_no) = (number.to_owned(), refund_no.to_owned());
            self.after(wait, move |world| {
                world.marketing.decide_voucher(&number, &refund_no, yes);
                world.note(format_args!("marketing decides voucher {refund_no}: {yes}"));
            });
        }
        match state {
            Some(VoucherState::Pending) => Ok(VoucherReply::Pending),
            Some(VoucherState::Approved) => Ok(VoucherReply::Approved),
            Some(VoucherState::Refused) => Ok(VoucherReply::Refused),
            None => Err(NoAnswer::Unknown("unnamed_code")),
        }
    }
}

#[async_trait]
impl PostingSystem for Wire {
    fn posting_body(&self, posting: &Order) -> String {
        let body = Body {
            home: posting.consumer_no.expose().to_owned(),
            fen: posting.amount.get(),
            paid_at: posting.paid_at.unix_seconds().saturating_mul(SECOND),
            purpose: posting.purpose.to_owned(),
            version: posting.arrears_version.clone(),
        };
        serde_json::to_string(&body).unwrap_or_default()
    }

    async fn post(&self, number: &str, frozen_body: &str) -> Result<PostingReply, NoAnswer> {
        let (key, body) = (number.to_owned(), frozen_body.to_owned());
        self.call(Side::Marketing, "posts", number, move |world| {
            world.present(&key, &body)
        })
        .await
    }

    async fn get(&self, number: &str) -> Result<PostingReply, NoAnswer> {
        let key = number.to_owned();
        self.call(Side::Marketing, "looks for", number, move |world| {
            let said = world.marketing.said_of(&key);
            world.told(&key, said)
        })
        .await
    }

    async fn fence(&self, number: &str) -> Result<PostingReply, NoAnswer> {
        let key = number.to_owned();
        self.call(Side::Marketing, "fences", number, move |world| {
            let said = world.marketing.fence(&key);
            world.note(format_args!("marketing is asked to fence {key}: {said:?}"));
            world.told(&key, said)
        })
        .await
    }

    async fn reverse(&self, number: &str, reversal_no: &str) -> Result<ReversalReply, NoAnswer> {
        let key = number.to_owned();
        self.call(Side::Marketing, "reverses", reversal_no, move |world| {
            let now = world.now();
            let done = world.marketing.reverse(&key, now);
            world.note(format_args!(
                "marketing is asked to reverse {key}: {done:?}"
            ));
            match done {
                Some(true) => Ok(ReversalReply::Reversed),
                Some(false) => Ok(ReversalReply::CutoffPassed),
                None => Ok(ReversalReply::Refused),
            }
        })
        .await
    }

    async fn refund_voucher(
        &self,
        number: &str,
        refund_no: &str,
        amount: Fen,
    ) -> Result<VoucherReply, NoAnswer> {
        let (key, refund) = (number.to_owned(), refund_no.to_owned());
        self.call(Side::Marketing, "asks a voucher", refund_no, move |world| {
            world.asked_voucher(&key, &refund, amount.get())
        })
        .await
    }

    async fn filed(&self, date: &str, number: &str) -> Result<Filed, NoAnswer> {
        let (date, key) = (date.to_owned(), number.to_owned());
        self.call(
            Side::Marketing,
            "reads a file about",
            number,
            move |world| Ok(world.filed(&date, &key)),
        )
        .await
    }
}

#[async_trait]
impl DuesSource for Wire {
    async fn dues(&self, consumer_no: &ConsumerNo) -> Result<Dues, NoDues> {
        let Some(home) = town::home_of(consumer_no.expose()) else {
            return Err(NoDues::Unknown);
        };
        let answer = self
            .call(
                Side::Marketing,
                "asks what is due",
                town::name(home),
                move |world| Ok(world.dues_of(home)),
            )
            .await?;
        answer.ok_or(NoDues::Unknown)
    }
}

impl World {
    /// `None` while marketing does not want to know the home.
    pub(super) fn dues_of(&self, home: usize) -> Option<Dues> {
        let account = self.marketing.homes.get(home)?;
        if account.unavailable_until > self.now() {
            return None;
        }
        let today = day(self.now());
        Some(Dues {
            open: account.open,
            total: Fen::new(account.due(today)),
            version: account.version(today),
        })
    }
}
