//! The place where a payment is credited: table L of money.md.

use async_trait::async_trait;
use lifeline_core::payments::ports::{
    Filed, PostedLine, Posting, PostingReply, PostingSystem, ReversalReply, VoucherReply,
};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Time;
use serde::Deserialize;
use serde_json::json;

use super::{Marketing, Refusal, UNREADABLE};
use crate::wire::{operation, read};

#[derive(Deserialize)]
struct Capabilities {
    fence: bool,
    cutoff_time: Option<String>,
}

/// What marketing says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Whether it can fence a number; the configuration says the same (`payments.marketing_fences`).
    pub fences: bool,
    /// When its business date changes, `HH:MM` in Shanghai; absent when it says no such time.
    pub cutoff: Option<String>,
}

/// Four digits around a colon: nothing else of it is shown to anybody.
fn is_time_of_day(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 5
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            2 => *byte == b':',
            _ => byte.is_ascii_digit(),
        })
}

impl Marketing {
    /// What marketing says of itself.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub async fn says_of_itself(&self) -> Result<Said, NoAnswer> {
        let path = ["capabilities"];
        let answer: Result<Capabilities, Refusal> = self
            .read(operation!("GET /capabilities"), &path, &[])
            .await?;
        let said = answer.map_err(Refusal::unexpected)?;
        Ok(Said {
            fences: said.fence,
            cutoff: said.cutoff_time.filter(|text| is_time_of_day(text)),
        })
    }
}

#[derive(Deserialize)]
struct PaymentReply {
    state: StateWord,
    #[serde(default)]
    fenced: bool,
    mkt_txn_no: Option<String>,
    consumer_no: Option<String>,
    amount_fen: Option<Fen>,
    #[serde(default, deserialize_with = "read::time_maybe")]
    paid_at: Option<Time>,
    business_date: Option<String>,
    #[serde(default, deserialize_with = "read::time_maybe")]
    posted_at: Option<Time>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum StateWord {
    Posted,
    Reversed,
    Processing,
    NotFound,
}

impl PaymentReply {
    /// The line as marketing states it; `None` when a field is missing, so that it cannot be compared.
    fn line(&self) -> Option<PostedLine> {
        Some(PostedLine {
            consumer_no: ConsumerNo::parse(self.consumer_no.as_deref()?).ok()?,
            amount: self.amount_fen?,
            paid_at: self.paid_at?,
            mkt_txn_no: self.mkt_txn_no.clone()?,
            business_date: self.business_date.clone()?,
            posted_at: self.posted_at?,
        })
    }

    fn observed(&self) -> Result<PostingReply, NoAnswer> {
        match self.state {
            StateWord::Posted => self.line().map(PostingReply::Posted).ok_or(UNREADABLE),
            StateWord::Reversed => Ok(PostingReply::Reversed),
            StateWord::Processing => Ok(PostingReply::Processing),
            StateWord::NotFound if self.fenced => Ok(PostingReply::Fenced),
            StateWord::NotFound => Ok(PostingReply::NotFound),
        }
    }
}

#[derive(Deserialize)]
struct ReversalMade {
    state: ReversalWord,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum ReversalWord {
    Reversed,
}

#[derive(Deserialize)]
struct VoucherMade {
    state: VoucherWord,
    refund_no: String,
    amount_fen: Fen,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum VoucherWord {
    Pending,
    Approved,
    Refused,
}

/// What the daily file of a date says of a number; both are repeated, so that no other answer is taken for it.
#[derive(Deserialize)]
struct FileWord {
    business_date: String,
    channel_txn_no: String,
    closed: bool,
    named: bool,
}

/// The refusals that table L names.
fn refused(refusal: Refusal) -> Result<PostingReply, NoAnswer> {
    match refusal {
        Refusal::StaleArrears | Refusal::AmountMismatch => Ok(PostingReply::StaleOrMismatch),
        Refusal::AlreadyPaid => Ok(PostingReply::NotPayable {
            code: "ALREADY_PAID",
        }),
        Refusal::ClosedAccount => Ok(PostingReply::NotPayable {
            code: "CLOSED_ACCOUNT",
        }),
        Refusal::ConsumerUnavailable => Ok(PostingReply::NotPayable {
            code: "CONSUMER_UNAVAILABLE",
        }),
        Refusal::Fenced => Ok(PostingReply::Fenced),
        other @ (Refusal::NotBound
        | Refusal::CutoffPassed
        | Refusal::MatchTokenSpent
        | Refusal::Invalid) => Err(other.unexpected()),
    }
}

#[async_trait]
impl PostingSystem for Marketing {
    fn posting_body(&self, posting: &Posting) -> String {
        let mut body = json!({
            "channel_txn_no": posting.channel_txn_no,
            "consumer_no": posting.consumer_no.expose(),
            "amount_fen": posting.amount,
            "paid_at": posting.paid_at.rfc3339(),
            "purpose": posting.purpose,
        });
        if let (Some(fields), Some(version)) = (body.as_object_mut(), &posting.arrears_version) {
            fields.insert("arrears_version".to_owned(), json!(version));
        }
        body.to_string()
    }

    async fn post(
        &self,
        channel_txn_no: &str,
        frozen_body: &str,
    ) -> Result<PostingReply, NoAnswer> {
        let answer: Result<PaymentReply, Refusal> = self
            .write(
                operation!("POST /payments"),
                &["payments"],
                frozen_body.to_owned(),
                channel_txn_no,
            )
            .await?;
        match answer {
            // A send is answered by what it did, or by what became of it later: never "not found".
            Ok(reply) => match reply.state {
                StateWord::Posted | StateWord::Processing | StateWord::Reversed => reply.observed(),
                StateWord::NotFound => Err(UNREADABLE),
            },
            Err(refusal) => refused(refusal),
        }
    }

    async fn get(&self, channel_txn_no: &str) -> Result<PostingReply, NoAnswer> {
        let path = ["payments", channel_txn_no];
        let answer: Result<PaymentReply, Refusal> = self
            .read(operation!("GET /payments/{txn}"), &path, &[])
            .await?;
        answer.map_err(Refusal::unexpected)?.observed()
    }

    async fn fence(&self, channel_txn_no: &str) -> Result<PostingReply, NoAnswer> {
        // A fence may be asked again and must be worked again, so its key is fresh each time.
        let answer: Result<PaymentReply, Refusal> = self
            .write(
                operation!("POST /payments/{txn}/fence"),
                &["payments", channel_txn_no, "fence"],
                "{}".to_owned(),
                &self.line.fresh(),
            )
            .await?;
        let reply = answer.map_err(Refusal::unexpected)?;
        match (reply.state, reply.line()) {
            // The fence may say only that it came too late; what was posted is then read.
            (StateWord::Posted, None) => self.get(channel_txn_no).await,
            _ => reply.observed(),
        }
    }

    async fn reverse(
        &self,
        channel_txn_no: &str,
        reversal_no: &str,
    ) -> Result<ReversalReply, NoAnswer> {
        let body = json!({ "reversal_no": reversal_no, "reason": "refund" }).to_string();
        let path = ["payments", channel_txn_no, "reversal"];
        let answer: Result<ReversalMade, Refusal> = self
            .write(
                operation!("POST /payments/{txn}/reversal"),
                &path,
                body,
                reversal_no,
            )
            .await?;
        match answer {
            Ok(ReversalMade {
                state: ReversalWord::Reversed,
            }) => Ok(ReversalReply::Reversed),
            Err(Refusal::CutoffPassed) => Ok(ReversalReply::CutoffPassed),
            // A part of the payment was refunded already, or may be.
            Err(Refusal::AmountMismatch) => Ok(ReversalReply::Refused),
            Err(other) => Err(other.unexpected()),
        }
    }

    async fn refund_voucher(
        &self,
        channel_txn_no: &str,
        refund_no: &str,
        amount: Fen,
    ) -> Result<VoucherReply, NoAnswer> {
        let body = json!({ "refund_no": refund_no, "amount_fen": amount }).to_string();
        let path = ["payments", channel_txn_no, "refunds"];
        // "A repeat of a number answers its present state": a stored reply would hide the approval.
        let answer: Result<VoucherMade, Refusal> = self
            .write(
                operation!("POST /payments/{txn}/refunds"),
                &path,
                body,
                &self.line.fresh(),
            )
            .await?;
        let made = answer.map_err(Refusal::unexpected)?;
        if made.refund_no != refund_no || made.amount_fen != amount {
            return Err(NoAnswer::Alarm("reply_about_another_refund"));
        }
        Ok(match made.state {
            VoucherWord::Pending => VoucherReply::Pending,
            VoucherWord::Approved => VoucherReply::Approved,
            VoucherWord::Refused => VoucherReply::Refused,
        })
    }

    async fn filed(&self, business_date: &str, channel_txn_no: &str) -> Result<Filed, NoAnswer> {
        let path = ["reconciliations", business_date, "postings", channel_txn_no];
        let answer: Result<FileWord, Refusal> = self
            .read(
                operation!("GET /reconciliations/{date}/postings/{txn}"),
                &path,
                &[],
            )
            .await?;
        let word = answer.map_err(Refusal::unexpected)?;
        if word.business_date != business_date || word.channel_txn_no != channel_txn_no {
            return Err(NoAnswer::Alarm("reply_about_another_posting"));
        }
        Ok(match (word.named, word.closed) {
            (true, _) => Filed::Named,
            (false, true) => Filed::Absent,
            (false, false) => Filed::NotYet,
        })
    }
}
