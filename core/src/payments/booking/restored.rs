//! A line whose numbers went on after the copy was made that the store was restored from.

use super::super::order::ClosedText;
use super::super::{numbers, table_l as l};
use super::{Booking, BooksError};
use crate::shared::ids::LineId;

impl Booking<'_> {
    /// The line goes on from the number marketing knows last: fenced, it is to be posted anew;
    /// otherwise nobody here knows what became of it, and it is asked about.
    pub fn take_up(
        &mut self,
        id: &LineId,
        attempt: i64,
        fenced: bool,
        body: &ClosedText,
    ) -> Result<(), BooksError> {
        let (now, number) = (self.draw.now, self.order.payment.out_trade_no.clone());
        // Money that the channel gave back without us knowing is not posted once more.
        let payment = &self.order.payment;
        let spare = payment.foreign.minus(payment.foreign_used)?;
        let Some(line) = self.order.lines.iter_mut().find(|line| line.line_id == *id) else {
            return Err(BooksError::Incomplete("the line is not of this order"));
        };
        let returned = spare >= line.amount;
        line.attempt = attempt;
        line.channel_txn_no = numbers::channel_txn_no(&number, line.line_no, attempt);
        line.body = Some(body.clone());
        line.sent_at = Some(now);
        line.not_found = 0;
        line.not_found_at = None;
        line.state = match (fenced, returned) {
            (false, _) => l::State::PostUnknown,
            (true, false) => l::State::FencingRepost,
            (true, true) => l::State::FencingRefund,
        };
        line.entered_at = now;
        line.turns = 0;
        self.schedule_line(id)?;
        self.witness_line(id, "payments.taken_up")
    }
}
