//! What went on after the copy was made that the store was restored from: numbers of a line, and
//! refunds that had not left then.

use super::super::observation::{LineFact, Observation};
use super::super::order::{ClosedText, Sighting};
use super::super::{numbers, table_l as l, table_r as r};
use super::{Booking, BooksError};
use crate::cases::CaseKind;
use crate::shared::ids::{LineId, RefundId};

/// How marketing shows the last number of a line that it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// It has a posting under it, or is about to.
    Used,
    Fenced,
    /// It was posted, and taken back.
    Reversed,
}

impl Booking<'_> {
    /// The line goes on from the number marketing knows last: fenced, it is to be posted anew;
    /// taken back, it is closed against the money that went back, or is for two persons; otherwise
    /// nobody here knows what became of it, and it is asked about.
    pub fn take_up(
        &mut self,
        id: &LineId,
        attempt: i64,
        shown: Shown,
        body: &ClosedText,
    ) -> Result<(), BooksError> {
        let (now, number) = (self.draw.now, self.order.payment.out_trade_no.clone());
        // Money that the channel gave back without us knowing is not posted once more.
        let payment = &self.order.payment;
        let spare = payment.foreign.minus(payment.foreign_used)?;
        let Some(line) = self.order.lines.iter_mut().find(|line| line.line_id == *id) else {
            return Err(BooksError::Incomplete("the line is not of this order"));
        };
        let (returned, held) = (spare >= line.amount, line.state == l::State::Held);
        let number = numbers::channel_txn_no(&number, line.line_no, attempt);
        line.attempt = attempt;
        line.channel_txn_no.clone_from(&number);
        line.body = Some(body.clone());
        line.sent_at = Some(now);
        line.not_found = 0;
        line.not_found_at = None;
        line.state = match shown {
            Shown::Used => l::State::PostUnknown,
            Shown::Fenced if returned => l::State::FencingRefund,
            // What two persons decide about is not posted without them.
            Shown::Fenced if held => l::State::Held,
            Shown::Fenced => l::State::FencingRepost,
            Shown::Reversed if returned => l::State::Reversing,
            Shown::Reversed => l::State::Held,
        };
        if shown != Shown::Used {
            line.sighting = Some(Sighting::NotThere);
            line.fenced = shown == Shown::Fenced;
            line.let_go |= shown == Shown::Reversed;
        }
        line.entered_at = now;
        line.turns = 0;
        self.schedule_line(id)?;
        self.witness_line(id, "payments.taken_up")?;
        if shown != Shown::Reversed {
            return Ok(());
        }
        if returned {
            let fact = LineFact::default();
            let reversed = Observation::line(now, id.clone(), l::Input::Reversed, fact);
            return self.observe(reversed);
        }
        // A refund of it may have been asked for, and no query can tell under which number.
        let cause = format!("held:{number}:{}", l::Input::Reversed.as_str());
        self.open_case(CaseKind::PostingHeld, &cause, "taken_back_after_the_copy")
    }

    /// A refund that had not left when the copy was made, and that the channel knows: it left since,
    /// and what the channel says of it is heard as of any that was sent.
    pub fn take_up_refund(&mut self, id: &RefundId) -> Result<(), BooksError> {
        let now = self.draw.now;
        let refunds = &mut self.order.refunds;
        let Some(refund) = refunds.iter_mut().find(|one| one.refund_id == *id) else {
            return Err(BooksError::Incomplete("the refund is not of this order"));
        };
        if refund.state != r::State::Planned {
            return Ok(());
        }
        refund.state = r::State::Unknown;
        refund.sent_at = Some(now);
        refund.entered_at = now;
        refund.turns = 0;
        let line = refund.line_id.clone();
        self.schedule_refund(id)?;
        self.witness_line(&line, "payments.refund_taken_up")
    }
}
