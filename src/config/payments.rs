//! `[payments]`: what differs between installations in how money is taken and credited.

use lifeline_core::payments::Policy;
use lifeline_core::shared::money::Fen;
use serde::Deserialize;

use super::{Config, Faults};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Payments {
    /// Days the channel's bill of a day may come later than the day after it.
    pub(crate) bill_late_days: i64,
    /// Whether marketing can fence a number; `doctor` compares it with what marketing says.
    pub(crate) marketing_fences: bool,
    brake: Brake,
}

/// `[payments.brake]`: what goes back by itself within an hour; more waits for two persons.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Brake {
    count: i64,
    sum_fen: i64,
}

impl Default for Brake {
    fn default() -> Self {
        let usual = Policy::default();
        Self {
            count: usual.brake_count,
            sum_fen: usual.brake_sum.get(),
        }
    }
}

impl Default for Payments {
    fn default() -> Self {
        let usual = Policy::default();
        Self {
            bill_late_days: usual.bill_late_days,
            marketing_fences: usual.marketing_fences,
            brake: Brake::default(),
        }
    }
}

impl Payments {
    pub(super) fn check(&self, faults: &mut Faults) {
        let policy = Policy {
            bill_late_days: self.bill_late_days,
            brake_count: self.brake.count,
            brake_sum: Fen::new(self.brake.sum_fen),
            ..Policy::default()
        };
        for fault in policy.faults() {
            let (path, what) = fault.split_once(": ").unwrap_or(("", fault));
            faults.expect(false, &format!("payments.{path}"), what);
        }
    }
}

impl Config {
    /// How this installation deals with payments; its numbers are the store's matter.
    pub(crate) fn payment_policy(&self) -> Policy {
        Policy {
            sure_day: Fen::new(self.limits.step_up_day_fen.into()),
            sure_new: Fen::new(self.limits.step_up_new_fen.into()),
            bill_late_days: self.payments.bill_late_days,
            marketing_fences: self.payments.marketing_fences,
            brake_count: self.payments.brake.count,
            brake_sum: Fen::new(self.payments.brake.sum_fen),
            ..Policy::default()
        }
    }
}
