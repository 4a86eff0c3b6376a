//! What a contradiction stopped goes on, after two persons looked into it. By this no money moves and no
//! home is named; what lines and refunds do next, their tables say (columns "case").

use super::super::{table_l as l, table_p as p};
use super::{Booking, BooksError};
use crate::shared::ids::LineId;
use crate::shared::time::Time;

impl Booking<'_> {
    /// The order goes on as it stands. Its own cell would do a8, which posts what nobody sent: that is
    /// for those to say who name the homes.
    pub(super) fn let_order_go_on(&mut self, asked_at: Time) -> Result<(), BooksError> {
        let state = self.order.payment.state;
        self.thaw()?;
        self.sight_channel(state, p::Input::Case, state, true, asked_at);
        self.schedule_channel();
        self.witness("payments.goes_on", "case")
    }

    /// A line that is over goes on as it stands: by its cell a posted one would be taken back.
    pub(super) fn let_line_be(
        &mut self,
        id: &LineId,
        state: l::State,
        asked_at: Time,
    ) -> Result<(), BooksError> {
        self.line_at(id)?.frozen = false;
        self.sight_line(id, (state, l::Input::Case, state), true, asked_at);
        self.wake_refunds(id, true)
    }

    /// A line that goes on where it was has its time there anew; a held one keeps its daily look.
    pub(super) fn begin_anew(&mut self, id: &LineId, from: l::State) -> Result<(), BooksError> {
        let now = self.draw.now;
        let line = self.line_at(id)?;
        if line.state == from && from != l::State::Held {
            line.entered_at = now;
            line.turns = 0;
        }
        Ok(())
    }

    /// What the contradiction of an order stopped was put off to a look a day; it goes on now.
    pub(super) fn thaw(&mut self) -> Result<(), BooksError> {
        if !std::mem::take(&mut self.order.payment.frozen) {
            return Ok(());
        }
        let lines: Vec<_> = self.order.lines.iter().map(|l| l.line_id.clone()).collect();
        for id in lines {
            self.schedule_line(&id)?;
            self.wake_refunds(&id, true)?;
        }
        Ok(())
    }

    /// A stopped line stops the money that would leave by it; thawed, it does not.
    pub(super) fn wake_refunds(&mut self, id: &LineId, thawed: bool) -> Result<(), BooksError> {
        let refunds = self.order.refunds.iter();
        let of_line = refunds.filter(|refund| thawed && refund.line_id == *id);
        let refunds: Vec<_> = of_line.map(|refund| refund.refund_id.clone()).collect();
        for id in refunds {
            self.schedule_refund(&id)?;
        }
        Ok(())
    }
}
