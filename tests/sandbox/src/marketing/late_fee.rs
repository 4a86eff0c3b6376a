//! The late fee (违约金) of one bill: by the day on what is unpaid, never on earlier fees, capped
//! (domain.md 3.6).

use jiff::ToSpan as _;
use jiff::civil::Date;

/// Cap on the fee: this share of the principal it first arose on, per thousand.
const CAP_PERMILLE: i64 = 300;

/// Whose arrears they are; it sets the daily rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Category {
    Residential,
    Commercial,
}

impl Category {
    /// As the contract writes it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Residential => "residential",
            Self::Commercial => "commercial",
        }
    }

    /// Daily rate per thousand: homes 1; others 2 within the year of the bill, 3 afterwards.
    fn daily_permille(self, bill_year: i16, day: Date) -> i64 {
        match self {
            Self::Residential => 1,
            Self::Commercial if day.year() > bill_year => 3,
            Self::Commercial => 2,
        }
    }
}

/// What one bill's fee is reckoned from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) category: Category,
    /// Year of the bill period: decides what is cross-year arrears.
    pub(super) bill_year: i16,
    pub(super) due_date: Date,
    pub(super) principal_fen: i64,
}

/// The fee in fen that has accrued by the end of `on`. `unpaid_fen(day)` is the principal unpaid
/// when that day begins. Nothing accrues up to and on the due date; the sum is rounded half up once.
pub(super) fn accrued_fen(terms: Terms, on: Date, unpaid_fen: impl Fn(Date) -> i64) -> i64 {
    let cap = terms.principal_fen.saturating_mul(CAP_PERMILLE);
    let mut thousandths = 0_i64;
    let mut day = terms.due_date.saturating_add(1.day());
    while day <= on && thousandths < cap {
        let unpaid = unpaid_fen(day);
        if unpaid > 0 {
            let rate = terms.category.daily_permille(terms.bill_year, day);
            thousandths = thousandths.saturating_add(unpaid.saturating_mul(rate));
        }
        day = day.saturating_add(1.day());
    }
    thousandths.min(cap).saturating_add(500).div_euclid(1000)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn terms(category: Category, bill_year: i16, principal_fen: i64) -> Terms {
        Terms {
            category,
            bill_year,
            due_date: date(2026, 10, 25),
            principal_fen,
        }
    }

    #[test]
    fn a_home_pays_one_in_a_thousand_a_day() {
        let home = terms(Category::Residential, 2026, 90_000);
        assert_eq!(accrued_fen(home, date(2026, 11, 6), |_| 90_000), 1080);
    }

    #[test]
    fn nothing_before_and_on_the_due_date() {
        let home = terms(Category::Residential, 2026, 90_000);
        assert_eq!(accrued_fen(home, date(2026, 10, 1), |_| 90_000), 0);
        assert_eq!(accrued_fen(home, date(2026, 10, 25), |_| 90_000), 0);
        assert_eq!(accrued_fen(home, date(2026, 10, 26), |_| 90_000), 90);
    }

    #[test]
    fn others_pay_more_across_the_year() {
        let on = date(2026, 11, 6);
        let this_year = terms(Category::Commercial, 2026, 60_000);
        let last_year = terms(Category::Commercial, 2025, 30_000);
        assert_eq!(accrued_fen(this_year, on, |_| 60_000), 1440);
        assert_eq!(accrued_fen(last_year, on, |_| 30_000), 1080);
    }

    #[test]
    fn the_fee_stops_at_thirty_percent() {
        let home = terms(Category::Residential, 2026, 90_000);
        assert_eq!(accrued_fen(home, date(2029, 1, 1), |_| 90_000), 27_000);
    }

    #[test]
    fn a_part_payment_lowers_the_days_after_it() {
        let home = terms(Category::Residential, 2026, 90_000);
        let paid_half_on = date(2026, 10, 30);
        let unpaid = |day| if day > paid_half_on { 45_000 } else { 90_000 };
        assert_eq!(
            accrued_fen(home, date(2026, 11, 4), unpaid),
            5 * 90 + 5 * 45
        );
    }

    #[test]
    fn half_a_fen_goes_up_once_not_daily() {
        let home = terms(Category::Residential, 2026, 450);
        assert_eq!(
            accrued_fen(home, date(2026, 10, 26), |_| 450),
            0,
            "0.45 fen"
        );
        assert_eq!(
            accrued_fen(home, date(2026, 10, 27), |_| 450),
            1,
            "0.90 fen"
        );
        assert_eq!(
            accrued_fen(home, date(2026, 10, 29), |_| 450),
            2,
            "1.80 fen"
        );
    }
}
