//! Parts of a line: what was split off, and what marketing still knows as one posting (money.md b7).

use super::order::{Order, PostingLine};
use super::table_l as l;
use crate::shared::ids::LineId;
use crate::shared::money::{Fen, MoneyError};

/// Lines one order may have: a line's number is two digits of its posting number.
pub const LINES_MAX: i64 = 99;

/// Which line a part was split from, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartOf {
    /// Marketing knows the posting by the number of this line.
    pub line: LineId,
    /// Unique: one cause splits once, however often it is carried out.
    pub cause: String,
}

/// A part of a posted line that two persons want back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedPart {
    pub amount: Fen,
    /// See [`PartOf::cause`].
    pub cause: String,
}

impl Order {
    /// The line under whose number marketing holds the posting: the line itself, or the one that a
    /// part was split from.
    #[must_use]
    pub fn posting_of<'a>(&'a self, line: &'a PostingLine) -> &'a PostingLine {
        let origin = line.part_of.as_ref().and_then(|part| self.line(&part.line));
        origin.unwrap_or(line)
    }

    /// Every line of the posting that a line belongs to.
    fn siblings<'a>(&'a self, line: &'a PostingLine) -> impl Iterator<Item = &'a PostingLine> {
        let posting = &self.posting_of(line).line_id;
        let lines = self.lines.iter();
        lines.filter(move |other| self.posting_of(other).line_id == *posting)
    }

    /// The sum marketing shows for the posting, whatever it was split into here.
    pub fn posted_sum(&self, line: &PostingLine) -> Result<Fen, MoneyError> {
        Fen::sum(self.siblings(line).map(|sibling| sibling.amount))
    }

    /// What of the posting went back to the payer in all.
    pub fn posting_refunded(&self, line: &PostingLine) -> Result<Fen, MoneyError> {
        let mut gone = Fen::ZERO;
        for sibling in self.siblings(line) {
            if sibling.state == l::State::Refunded {
                gone = gone.plus(sibling.amount)?;
            }
        }
        Ok(gone)
    }

    /// The posting has several lines here. Marketing reverses it as a whole only, so none of them is.
    #[must_use]
    pub fn is_split(&self, line: &PostingLine) -> bool {
        self.siblings(line).count() > 1
    }

    /// The part that was split off for a cause.
    #[must_use]
    pub fn part_for(&self, cause: &str) -> Option<&PostingLine> {
        let of = |line: &&PostingLine| {
            line.part_of
                .as_ref()
                .is_some_and(|part| part.cause == cause)
        };
        self.lines.iter().find(of)
    }

    /// The number of the next line, while there is one.
    #[must_use]
    pub fn next_line_no(&self) -> Option<i64> {
        let lines = self.lines.iter().map(|line| line.line_no);
        let shares = self.payment.shares.iter().map(|share| share.line_no);
        let highest = lines.chain(shares).max().unwrap_or(0);
        Some(highest.saturating_add(1)).filter(|next| *next <= LINES_MAX)
    }
}
