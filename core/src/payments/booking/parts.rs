//! Effect b7 for less than a whole line: "a part first splits the line".

use super::super::numbers;
use super::super::observation::{LineFact, Observation};
use super::super::order::{Check, PostingLine};
use super::super::parts::{PartOf, WantedPart};
use super::super::table_l as l;
use super::{Booking, BooksError};
use crate::shared::ids::LineId;
use crate::shared::time::Time;

impl Booking<'_> {
    /// What is wanted back is less than the line holds.
    pub(super) fn is_part_of(&self, id: &LineId, part: &WantedPart) -> bool {
        let line = self.order.line(id);
        line.is_none_or(|line| {
            part.amount != line.amount || self.order.part_for(&part.cause).is_some()
        })
    }

    /// Splits the part off a posted line and asks for it back. No money moves by the splitting: both
    /// lines stay credited under the one posting. A repeat of the cause, a line that is not posted, and
    /// a part that it does not hold split nothing.
    pub(super) fn split_off(
        &mut self,
        id: &LineId,
        part: &WantedPart,
        asked_at: Time,
    ) -> Result<(), BooksError> {
        let stopped = self.order.payment.frozen;
        let known = self.order.part_for(&part.cause).is_some();
        let next = self.order.next_line_no();
        let line = self.line_at(id)?;
        let state = line.state;
        let holds = part.amount.is_positive() && part.amount < line.amount;
        let open = state == l::State::Posted && !line.frozen && !stopped && !known;
        let Some(line_no) = next.filter(|_| holds && open) else {
            self.sight_line(id, (state, l::Input::RefundWanted, state), false, asked_at);
            return Ok(());
        };
        let rest = line.amount.minus(part.amount)?;
        line.amount = rest;
        let whole = line.clone();
        let split = self.part_line(&whole, part, line_no);
        let part_id = split.line_id.clone();
        self.order.lines.push(split);
        self.sight_line(id, (state, l::Input::RefundWanted, state), true, asked_at);
        self.witness_line(&part_id, "payments.part_split")?;
        let fact = LineFact::default();
        let wanted = Observation::line(asked_at, part_id, l::Input::RefundWanted, fact);
        self.pending.push_back(wanted);
        Ok(())
    }

    fn part_line(&self, whole: &PostingLine, part: &WantedPart, line_no: i64) -> PostingLine {
        let order_no = &self.order.payment.out_trade_no;
        let number = numbers::channel_txn_no(order_no, line_no, 1);
        let posting = self.order.posting_of(whole).line_id.clone();
        PostingLine {
            line_id: self.draw.id("line", &number),
            line_no,
            attempt: 1,
            channel_txn_no: number,
            amount: part.amount,
            part_of: Some(PartOf {
                line: posting,
                cause: part.cause.clone(),
            }),
            body: None,
            check: Check::None,
            voucher_refusals: 0,
            told_late_at: None,
            entered_at: self.draw.now,
            turns: 0,
            next_at: None,
            asked_at: None,
            ..whole.clone()
        }
    }
}
