//! The figures of the town's homes as marketing states them, each a canary of its home.
//!
//! Days and receipts are answered with earlier ones than were asked for: those of a holder before are left out
//! by Lifeline, whatever marketing answers.

use async_trait::async_trait;
use lifeline_core::billing::figures::{
    Arrears, Balance, Bill, BillList, BillSummary, DailyUsage, PaidAt, Receipt, Receivable,
};
use lifeline_core::billing::ports::{BillingSource, SourceError};
use lifeline_core::payments::ports::{Dues, DuesSource, NoDues};
use lifeline_core::shared::energy::Kwh;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Day;

use crate::canary::{
    balance_of, bill_of, due_of, home_of, month_of, paid_of, paid_on, period_of, used_of,
};
use crate::town::{Mixed, Town, moment};

/// The last month that is billed, given the first that is not.
pub(crate) fn billed_months(from: &str, to: &str) -> std::ops::Range<i64> {
    month_of(from)..month_of(to)
}

#[async_trait]
impl BillingSource for Town {
    async fn arrears(&self, consumer_no: &ConsumerNo) -> Result<Arrears, SourceError> {
        let home = home_of(consumer_no).ok_or(SourceError::Absent)?;
        let open = month_of("2026-09")..=month_of("2026-10");
        let items = open.map(|month| Receivable {
            receivable_id: format!("R{month}"),
            period: period_of(month),
            principal: Fen::new(bill_of(home, month)),
            late_fee: Fen::ZERO,
            paid: Fen::ZERO,
            due_date: format!("{}-25", period_of(month + 1)),
        });
        Ok(Arrears {
            items: items.collect(),
            total: Fen::new(due_of(home)),
            version: "v1".into(),
            as_of: moment(),
        })
    }

    async fn balance(&self, consumer_no: &ConsumerNo) -> Result<Balance, SourceError> {
        let (home, contract) = self.contract(consumer_no).ok_or(SourceError::Absent)?;
        let prepaid = Fen::new(balance_of(home, contract.version));
        Ok(Balance {
            prepaid,
            estimated_since_bill: Fen::ZERO,
            available: prepaid,
            as_of: moment(),
        })
    }

    async fn bills(
        &self,
        consumer_no: &ConsumerNo,
        from: &str,
        to: &str,
    ) -> Result<BillList, SourceError> {
        let home = home_of(consumer_no).ok_or(SourceError::Absent)?;
        let items = billed_months(from, to).map(|month| BillSummary {
            period: period_of(month),
            energy: Kwh::parse("100").expect("energy"),
            total: Fen::new(bill_of(home, month)),
            issued_on: format!("{}-02", period_of(month + 1)),
            due_date: format!("{}-25", period_of(month + 1)),
            paid: true,
        });
        Ok(BillList {
            items: items.collect(),
            as_of: moment(),
        })
    }

    async fn bill(&self, consumer_no: &ConsumerNo, period: &str) -> Result<Bill, SourceError> {
        let home = home_of(consumer_no).ok_or(SourceError::Absent)?;
        let month = month_of(period);
        let energy = Kwh::parse("100").expect("energy");
        Ok(Bill {
            period: period.to_owned(),
            issued_on: format!("{}-02", period_of(month + 1)),
            due_date: format!("{}-25", period_of(month + 1)),
            days: 30,
            readings: Vec::new(),
            lines: Vec::new(),
            tiers: Vec::new(),
            energy,
            year_to_date: energy,
            total: Fen::new(bill_of(home, month)),
            paid: true,
            as_of: moment(),
        })
    }

    async fn daily_usage(
        &self,
        consumer_no: &ConsumerNo,
        from: &str,
        to: &str,
    ) -> Result<Vec<DailyUsage>, SourceError> {
        let home = home_of(consumer_no).ok_or(SourceError::Absent)?;
        let home = self.answered(Mixed::Used, home);
        let from = Day::parse(from).expect("a day");
        let to = Day::parse(to).expect("a day");
        let before = Day::of(from.start().plus_seconds(-1));
        let days = std::iter::successors(Some(before), |day| day.next().filter(|next| *next <= to));
        let used = days.map(|day| DailyUsage {
            date: day.to_string(),
            energy: Kwh::from_scaled(used_of(home, day)),
            peak: None,
            flat: None,
            valley: None,
            quality: "actual".into(),
        });
        Ok(used.collect())
    }

    async fn receipts(
        &self,
        consumer_no: &ConsumerNo,
        from: &str,
        to: &str,
    ) -> Result<Vec<Receipt>, SourceError> {
        let home = home_of(consumer_no).ok_or(SourceError::Absent)?;
        let home = self.answered(Mixed::Paid, home);
        let to = Day::parse(to).expect("a day");
        let months = month_of(from) - 1..=month_of(&to.to_string());
        let paid = months.filter(|month| paid_on(*month) <= to);
        let receipts = paid.map(|month| Receipt {
            number: format!("MK{home}{month}"),
            paid_at: paid_on(month).start().plus_seconds(36_000),
            amount: Fen::new(paid_of(home, month)),
            place: PaidAt::Hall,
        });
        Ok(receipts.collect())
    }
}

#[async_trait]
impl DuesSource for Town {
    async fn dues(&self, consumer_no: &ConsumerNo) -> Result<Dues, NoDues> {
        let home = home_of(consumer_no).ok_or(NoDues::Unknown)?;
        Ok(Dues {
            open: true,
            total: Fen::new(due_of(home)),
            version: "v1".into(),
        })
    }
}
