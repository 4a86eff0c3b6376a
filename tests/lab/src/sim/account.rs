//! What one home owes and has paid beforehand, as marketing's books have it.

use super::plan::HomePlan;

#[derive(Debug, Clone)]
pub(super) struct HomeAccount {
    pub(super) open: bool,
    /// Marketing answers "unavailable" about it until then.
    pub(super) unavailable_until: i64,
    owed_fen: i64,
    /// The day `owed_fen` is meant for; each later one adds the fee while something is owed.
    as_of: i64,
    fee_fen: i64,
    prepaid_fen: i64,
    revision: u64,
}

impl HomeAccount {
    pub(super) const fn new(home: &HomePlan, today: i64) -> Self {
        Self {
            open: true,
            unavailable_until: 0,
            owed_fen: home.owed_fen,
            as_of: today,
            fee_fen: home.fee_fen,
            prepaid_fen: 0,
            revision: 1,
        }
    }

    pub(super) const fn due(&self, on: i64) -> i64 {
        if self.owed_fen <= 0 {
            return 0;
        }
        let days = on.saturating_sub(self.as_of);
        let days = if days > 0 { days } else { 0 };
        self.owed_fen
            .saturating_add(self.fee_fen.saturating_mul(days))
    }

    /// Changes whenever a figure does.
    pub(super) fn version(&self, on: i64) -> String {
        format!("v{}:{}", self.revision, self.due(on))
    }

    /// Credits a sum paid on that day; what was owed of it.
    pub(super) fn credit(&mut self, fen: i64, on: i64) -> i64 {
        let due = self.due(on);
        self.revision = self.revision.saturating_add(1);
        let used = fen.min(due);
        self.owed_fen = due.saturating_sub(used);
        self.as_of = if self.owed_fen > 0 { on } else { self.as_of };
        self.prepaid_fen = self.prepaid_fen.saturating_add(fen.saturating_sub(used));
        used
    }

    pub(super) fn take_back(&mut self, used: i64, rest: i64, on: i64) {
        self.revision = self.revision.saturating_add(1);
        let due = self.due(on);
        self.owed_fen = due.saturating_add(used);
        self.as_of = on;
        self.prepaid_fen = self.prepaid_fen.saturating_sub(rest);
    }

    /// Somebody pays the whole debt at a counter.
    pub(super) const fn settle(&mut self) {
        self.owed_fen = 0;
        self.revision = self.revision.saturating_add(1);
    }

    /// A new bill.
    pub(super) const fn charge(&mut self, fen: i64, on: i64) {
        let due = self.due(on);
        self.owed_fen = due.saturating_add(fen);
        self.as_of = on;
        self.revision = self.revision.saturating_add(1);
    }
}
