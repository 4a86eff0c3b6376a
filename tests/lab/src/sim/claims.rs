//! Claims: somebody wants money of a paid order back, all of a line or a part of it, and two persons agree.

use lifeline_core::payments::observation::{LineFact, Observation};
use lifeline_core::payments::order::{Order, PostingLine};
use lifeline_core::payments::parts::WantedPart;
use lifeline_core::payments::table_l as l;
use lifeline_core::shared::money::Fen;

use super::marketing::next_cutoff;
use super::office::Desk;
use super::world::MILLI;

impl Desk {
    /// Somebody wants the money of a paid order back, and two persons agree; now and then their
    /// decision is carried out twice.
    pub(super) async fn claim(&mut self, on: Option<&'static str>) {
        let Some(order) = self.order_on(on).await else {
            return;
        };
        let at = self.dice.index(order.lines.len());
        let Some(line) = order.lines.get(at) else {
            return;
        };
        let part = self.part_of(line);
        let again = part.is_some() && self.dice.in_mille(300);
        for _ in 0..=u8::from(again) {
            let wanted = self.wanted(line, part.clone());
            self.say(&order, vec![wanted], "claims").await;
        }
    }

    /// The claim comes at the cut-off: when it is decided and when it arrives, marketing's dates differ.
    pub(super) async fn claim_late(&mut self, after_ms: i64) {
        let cutoff = self.world.with(|world| next_cutoff(world.now()));
        let at = cutoff.saturating_add(after_ms.saturating_mul(MILLI));
        let wait = self.world.with(|world| at.saturating_sub(world.now()));
        self.world.sleep(wait).await;
        let posted = "EXISTS (SELECT 1 FROM payment_line l WHERE l.payment_id = p.payment_id AND l.state = 'POSTED')";
        let Some(order) = self.some(self.orders(posted)) else {
            return;
        };
        let mut lines = order.lines.iter();
        if let Some(line) = lines.find(|line| line.state == l::State::Posted) {
            let part = self.part_of(line);
            let wanted = self.wanted(line, part);
            self.say(&order, vec![wanted], "claims").await;
        }
    }

    /// Some claims are for a part of what was posted, from a fen to all of it.
    fn part_of(&mut self, line: &PostingLine) -> Option<WantedPart> {
        let is_part = line.state == l::State::Posted && self.dice.in_mille(450);
        is_part.then(|| WantedPart {
            amount: Fen::new(self.dice.between(1, line.amount.get())),
            cause: format!("{}:claim:{}", line.line_id, self.dice.next()),
        })
    }

    /// What went back at the desk is taken from the home: the line, or as much of it as went back.
    pub(super) fn about_gone(&mut self, order: &Order, line: &PostingLine) -> Observation {
        let payment = &order.payment;
        let gone = payment
            .foreign
            .get()
            .saturating_sub(payment.foreign_used.get());
        let part = (gone < line.amount.get() && self.dice.in_mille(500)).then(|| WantedPart {
            amount: Fen::new(gone),
            cause: format!(
                "{}:desk:{}",
                order.posting_of(line).line_id,
                payment.foreign.get()
            ),
        });
        self.wanted(line, part)
    }

    fn wanted(&self, line: &PostingLine, part: Option<WantedPart>) -> Observation {
        let fact = LineFact {
            part,
            ..LineFact::default()
        };
        let (at, id) = (self.now(), line.line_id.clone());
        Observation::line(at, id, l::Input::RefundWanted, fact)
    }
}
