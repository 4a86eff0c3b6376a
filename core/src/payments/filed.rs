//! What marketing's daily files prove of a number that it was sent and never posted (money.md 2.1 and b5).

use super::observation::LineFact;
use super::order::{Order, PostingLine};
use super::ports::{Filed, PostingReply};
use super::{Payments, table_l as l, window};
use crate::shared::outside::NoAnswer;

impl Payments {
    /// What is known of a line that has lasted too long. One whose place is unknown is given up only while
    /// marketing speaks of it: its silence is no reason (money.md 2.2).
    pub(super) async fn giving_up(&self, order: &Order, line: &PostingLine) -> Option<LineFact> {
        if line.state != l::State::PostUnknown {
            return Some(LineFact::default());
        }
        let now = self.now();
        let spoke = |at| now.seconds_since(at) < window::SPOKE_SECONDS;
        // Twice not there: it is sent again first, also when it was stopped for days before.
        if line.not_found >= 2 || !line.asked_at.is_some_and(spoke) {
            return None;
        }
        Some(LineFact {
            absent_from_files: self.files_lack(order, line).await,
            ..LineFact::default()
        })
    }

    /// Of a marketing that cannot fence, the daily files say what a fence would: a number that it does not
    /// know, and that they lack, never takes effect.
    pub(super) async fn or_filed(
        &self,
        order: &Order,
        line: &PostingLine,
        reply: Result<PostingReply, NoAnswer>,
    ) -> Result<PostingReply, NoAnswer> {
        let fencing = matches!(
            line.state,
            l::State::FencingRepost | l::State::FencingRefund
        );
        let unknown = matches!(reply, Ok(PostingReply::NotFound));
        if self.policy.marketing_fences || !fencing || !unknown {
            return reply;
        }
        if self.files_lack(order, line).await {
            Ok(PostingReply::Fenced)
        } else {
            reply
        }
    }

    /// Whether the file of every business date on which the number can have been posted is there and does
    /// not name it. Silence proves nothing, and neither does a date that is not over.
    async fn files_lack(&self, order: &Order, line: &PostingLine) -> bool {
        let line = order.posting_of(line);
        let Some(sent_at) = line.sent_at else {
            return false;
        };
        // Nothing is sent before it is paid; when the first send was is not kept.
        let paid_at = order.payment.paid_at.unwrap_or(sent_at);
        let Some(dates) = window::filed_dates(paid_at, sent_at) else {
            return false;
        };
        let today = window::business_date(self.now());
        if dates.iter().any(|date| *date >= today) {
            return false;
        }
        for date in &dates {
            let said = self.ports.posting.filed(date, &line.channel_txn_no).await;
            if said != Ok(Filed::Absent) {
                return false;
            }
        }
        true
    }
}
