//! Opening somebody as a user (开户): a contract of their own at the place they named, with a meter that has not
//! moved yet, no bill and no debt.

use jiff::Timestamp;

use super::account::Account;
use super::archive::{Archive, Holder, PayMode, Status};
use super::calendar::day;
use super::dice::Dice;
use super::late_fee::Category;
use super::strangers::{home_habit, meter};
use super::tariff::RESIDENTIAL_YEAR;

/// The account of `holder` at `place`, the `n`th the utility has; no other number begins like its own.
pub(super) fn opened(n: usize, holder: Holder, place: &str, now: Timestamp) -> Account {
    let own = Dice::new(u64::try_from(n).unwrap_or(u64::MAX));
    Account {
        archive: Archive {
            consumer_no: format!("150409{n:07}"),
            holder,
            holder_version: 1,
            holder_since: day(now),
            address: place.to_owned(),
            org_no: "1504010",
            region: "赤峰",
            category: Category::Residential,
            tariff_code: RESIDENTIAL_YEAR,
            pay_mode: PayMode::Postpaid,
            status: Status::Active,
        },
        meters: vec![meter(own, 0, 1, home_habit(0))],
        bills: Vec::new(),
        receivables: Vec::new(),
        prepaid: Vec::new(),
        opening_fen: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_opened_holds_a_contract_that_owes_nothing() {
        let holder = Holder {
            name: "何洁".to_owned(),
            id_no: Some("150499199001010014".to_owned()),
            mobile: Some("19000000001".to_owned()),
        };
        let account = opened(200, holder, "示例路 9 号", Timestamp::UNIX_EPOCH);
        assert_eq!(account.archive.consumer_no, "1504090000200");
        assert_eq!(account.archive.real_name(), "verified");
        assert_eq!(account.settled_fen(), 0);
        assert_eq!(account.prepaid_fen(Timestamp::UNIX_EPOCH), 0);
    }
}
