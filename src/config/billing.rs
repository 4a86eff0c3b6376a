//! `[billing]`: how old figures of the marketing system may be and still answer (api.md, Freshness).

use lifeline_core::billing::FreshnessRules;
use serde::Deserialize;

use super::Faults;

/// Seconds: younger than a tenth of a minute a copy spares nobody a question, older than an hour it is no news.
const FIGURES_S: std::ops::RangeInclusive<i64> = 6..=3_600;

/// `[billing]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Billing {
    /// Bills and balance, in seconds. What is due is always read anew for an order.
    figures_s: i64,
}

impl Default for Billing {
    fn default() -> Self {
        Self {
            figures_s: FreshnessRules::default().figures_s,
        }
    }
}

impl Billing {
    pub(super) fn check(&self, faults: &mut Faults) {
        let holds = FIGURES_S.contains(&self.figures_s);
        faults.expect(holds, "billing.figures_s", "6 to 3600");
    }

    pub(crate) fn rules(&self) -> FreshnessRules {
        FreshnessRules {
            figures_s: self.figures_s,
            ..FreshnessRules::default()
        }
    }
}
