//! The two hundred consumers: the homes of the demo people first, the rest made up from the seed. The
//! same seed and the same day give the same archives, meters, bills and debts.

use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan as _};

use crate::clock::from_beijing;
use crate::people::{Archived, HOMES, Home, People, Situation};

use super::account::{Account, Entry, PrepaidEntry, Receivable};
use super::archive::{Archive, Holder, PayMode, Status};
use super::billing::{Bill, History, history};
use super::calendar::{Period, day};
use super::dice::Dice;
use super::late_fee::Category;
use super::metering::Meter;
use super::strangers::{home_habit, meter, stranger};
use super::tariff::{RESIDENTIAL_MONTH, RESIDENTIAL_YEAR, Tariffs};

/// How many consumers the utility has.
const CONSUMERS: usize = 200;
/// How many months of bills each has, ending with last month.
const MONTHS: i32 = 24;

/// Since when everybody holds their home: longer than any bill goes back.
pub(super) const FIRST_CONTRACTS: Date = date(2019, 6, 1);

/// Homes that show the monthly tiers instead of the yearly ones.
const MONTHLY_TIER_HOMES: [&str; 2] = ["1504010020066", "1504010020157"];

/// What is settled before bills, debts and balances are made.
pub(super) struct Outline {
    pub(super) archive: Archive,
    pub(super) meters: Vec<Meter>,
    /// How many of the newest bills are open.
    pub(super) open_bills: usize,
    pub(super) prepaid_fen: i64,
    pub(super) unread: Option<Period>,
}

/// Every consumer as of `now`: the demo people's homes, and strangers up to 200 in all.
pub(super) fn populate(
    seed: u64,
    now: Timestamp,
    people: &People,
    tariffs: &Tariffs,
    with_strangers: bool,
) -> Vec<Account> {
    let dice = Dice::new(seed);
    let last = Period::of(day(now)).back(1);
    let homes = HOMES
        .iter()
        .filter_map(|home| demo_home(home, people, dice, last));
    let mut outlines: Vec<Outline> = homes.collect();
    let mut taken: BTreeSet<String> = outlines
        .iter()
        .map(|outline| outline.archive.consumer_no.clone())
        .collect();
    // Numbers come from the seed, so a clash is possible; the later one is left out.
    let strangers = (0..)
        .map(|n| stranger(n, dice, last))
        .filter(|outline| taken.insert(outline.archive.consumer_no.clone()))
        .take(if with_strangers {
            CONSUMERS.saturating_sub(HOMES.len())
        } else {
            0
        });
    outlines.extend(strangers);
    (1..)
        .zip(outlines)
        .map(|(n, outline)| open(n, outline, last, now, tariffs))
        .collect()
}

fn demo_home(home: &Home, people: &People, dice: Dice, last: Period) -> Option<Outline> {
    let holder = people.find(home.holder)?;
    let archived = |field: Archived, own: &str| match field {
        Archived::Same => Some(own.to_owned()),
        Archived::Empty => None,
        Archived::Other(value) => Some(value.to_owned()),
    };
    let own = dice.of(home.consumer_no, 0);
    let open_bills = match home.situation {
        Situation::PaidUp | Situation::Prepaid | Situation::Closed => 0,
        Situation::OwesOneBill => 1,
        Situation::OwesTwoBills => 2,
        Situation::InDunning => 3,
    };
    let prepaid = home.situation == Situation::Prepaid;
    let monthly = MONTHLY_TIER_HOMES.contains(&home.consumer_no);
    let archive = Archive {
        consumer_no: home.consumer_no.to_owned(),
        holder: Holder {
            name: holder.name.to_owned(),
            id_no: archived(home.archived_id, &holder.id_no),
            mobile: archived(home.archived_mobile, holder.phone),
        },
        holder_version: 1,
        holder_since: FIRST_CONTRACTS,
        address: home.address.to_owned(),
        org_no: "1504010",
        region: "赤峰",
        category: Category::Residential,
        tariff_code: if monthly {
            RESIDENTIAL_MONTH
        } else {
            RESIDENTIAL_YEAR
        },
        pay_mode: if prepaid {
            PayMode::Prepaid
        } else {
            PayMode::Postpaid
        },
        status: if home.situation == Situation::Closed {
            Status::Closed
        } else {
            Status::Active
        },
    };
    let daily = if monthly {
        own.of("daily", 0).between(550, 900)
    } else {
        tier_edge(last)
    };
    Some(Outline {
        archive,
        meters: vec![meter(own, 0, 1, home_habit(daily))],
        open_bills,
        prepaid_fen: if prepaid { 26_500 } else { 0 },
        unread: None,
    })
}

/// A daily use (hundredths of a kWh) that carries a home over the first yearly tier in about the
/// month `last`, within what a home uses: the bill worth explaining.
fn tier_edge(last: Period) -> i64 {
    let days = i64::from(last.first_day().day_of_year()) + 15;
    // 2,760 kWh; seasons and weekends add about a tenth.
    (276_000 * 100 / 110 / days).clamp(600, 1_600)
}

/// Makes bills, debts and balances, and pays everything that is not open.
fn open(n: usize, outline: Outline, last: Period, now: Timestamp, tariffs: &Tariffs) -> Account {
    let span = History {
        meters: &outline.meters,
        tariff_code: outline.archive.tariff_code,
        first: last.back(MONTHS - 1),
        last,
        unread: outline.unread,
    };
    let bills = history(&span, tariffs);
    let charged: Vec<&Bill> = bills.iter().filter(|bill| bill.total_fen > 0).collect();
    let settled = charged.len().saturating_sub(outline.open_bills);
    let receivables = charged.into_iter().enumerate().map(|(i, bill)| Receivable {
        receivable_id: format!("R{n:04}{}", bill.period.first_day().strftime("%Y%m")),
        period: bill.period,
        principal_fen: bill.total_fen,
        category: outline.archive.category,
        entries: if i < settled {
            vec![in_time(bill, now)]
        } else {
            Vec::new()
        },
    });
    let prepaid = (outline.prepaid_fen != 0).then(|| PrepaidEntry {
        booked_at: noon(last.issued_on()).min(now),
        amount_fen: outline.prepaid_fen,
    });
    let mut account = Account {
        receivables: receivables.collect(),
        archive: outline.archive,
        meters: outline.meters,
        bills,
        prepaid: prepaid.into_iter().collect(),
        opening_fen: 0,
    };
    account.opening_fen = account.settled_fen();
    account
}

/// The bill was paid some days after it came, before any late fee.
fn in_time(bill: &Bill, now: Timestamp) -> Entry {
    let days = i64::from(bill.days % 9) + 1;
    let booked_at = noon(bill.period.issued_on().saturating_add(days.days())).min(now);
    Entry {
        booked_at,
        on: day(booked_at),
        principal_fen: bill.total_fen,
        fee_fen: 0,
    }
}

fn noon(date: Date) -> Timestamp {
    from_beijing(date.at(12, 0, 0, 0)).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::account::View;
    use super::super::archive::{is_mobile, is_resident_id};
    use super::*;

    fn all(seed: u64, today: Date) -> Vec<Account> {
        let now = from_beijing(today.at(0, 0, 1, 0)).unwrap();
        populate(seed, now, &People::new(), &Tariffs::standard(), true)
    }

    fn find<'a>(accounts: &'a [Account], consumer_no: &str) -> &'a Account {
        accounts
            .iter()
            .find(|a| a.archive.consumer_no == consumer_no)
            .unwrap()
    }

    #[test]
    fn without_strangers_only_the_demo_peoples_homes_exist() {
        let now: Timestamp = "2026-11-20T02:00:00Z".parse().unwrap();
        let accounts = populate(1, now, &People::new(), &Tariffs::standard(), false);
        assert_eq!(accounts.len(), HOMES.len());
    }

    #[test]
    fn two_hundred_different_consumers_with_valid_archives() {
        let accounts = all(1, date(2026, 11, 20));
        let numbers: BTreeSet<_> = accounts.iter().map(|a| &a.archive.consumer_no).collect();
        assert_eq!((accounts.len(), numbers.len()), (200, 200));
        let receivables = accounts.iter().flat_map(|a| &a.receivables);
        let ids: Vec<_> = receivables.map(|r| &r.receivable_id).collect();
        assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len());
        for account in &accounts {
            let archive = &account.archive;
            assert!(archive.consumer_no.len() == 13 && archive.consumer_no.starts_with("15"));
            let made_here = archive.consumer_no.starts_with("150402");
            let id_no = archive.holder.id_no.as_deref();
            assert!(id_no.is_none_or(|id_no| !made_here || is_resident_id(id_no)));
            assert!(archive.holder.mobile.as_deref().is_none_or(is_mobile));
        }
        let missing = |f: fn(&Account) -> bool| accounts.iter().filter(|a| f(a)).count();
        assert!(missing(|a| a.archive.holder.id_no.is_none()) >= 4);
        assert!(missing(|a| a.archive.holder.mobile.is_none()) >= 4);
        assert!(missing(|a| a.archive.status == Status::Closed) >= 3);
        assert!(missing(|a| a.archive.pay_mode == PayMode::Prepaid) >= 20);
        assert!(missing(|a| a.archive.category == Category::Commercial) >= 10);
        assert!(missing(|a| a.meters.len() > 1) >= 3);
        assert_eq!(
            missing(|a| a.bills.len() == 23),
            1,
            "one month was not read"
        );
    }

    #[test]
    fn the_same_id_is_the_same_person() {
        let mut names: HashMap<String, (String, usize)> = HashMap::new();
        for account in all(1, date(2026, 11, 20)) {
            let Some(id_no) = account.archive.holder.id_no.clone() else {
                continue;
            };
            let entry = names
                .entry(id_no)
                .or_insert_with(|| (account.archive.holder.name.clone(), 0));
            assert_eq!(entry.0, account.archive.holder.name);
            entry.1 += 1;
        }
        assert_eq!(names.values().map(|(_, homes)| *homes).max(), Some(3));
    }

    #[test]
    fn the_cast_owes_what_its_story_says() {
        let today = date(2026, 11, 20);
        let view = View {
            as_of: noon(today),
            on: today,
        };
        let accounts = all(1, today);
        let owed = |no: &str| find(&accounts, no).due(view).len();
        assert_eq!(owed("1504010020017"), 1, "Li Ming owes one bill");
        assert_eq!(owed("1504010020058"), 2);
        assert_eq!(owed("1504010020074"), 3);
        assert_eq!(owed("1504010020033"), 0);
        let li_ming = find(&accounts, "1504010020017");
        assert_eq!(
            li_ming.due(view)[0].1.fee_due_fen,
            0,
            "not yet overdue on the 20th"
        );
        assert!(
            li_ming.bills[23].lines.len() == 2,
            "last month crosses a tier"
        );
        let dunned = find(&accounts, "1504010020074").due(view);
        assert!(dunned[0].1.fee_due_fen > 0 && dunned[2].1.fee_due_fen == 0);
        assert!(find(&accounts, "1504010020124").prepaid_fen(view.as_of) > 0);
        let debts: Vec<_> = accounts.iter().map(|a| a.due(view).len()).collect();
        for count in 0..=3 {
            assert!(debts.contains(&count), "somebody owes {count}");
        }
    }

    #[test]
    fn history_ends_last_month_on_any_day_and_repeats_by_seed() {
        for today in [date(2026, 11, 1), date(2027, 1, 31), date(2028, 2, 29)] {
            let first = all(9, today);
            let again = all(9, today);
            for (a, b) in first.iter().zip(&again) {
                assert_eq!(a.archive.consumer_no, b.archive.consumer_no);
                assert_eq!(a.bills.last().unwrap().period, Period::of(today).back(1));
                assert_eq!(
                    a.bills
                        .iter()
                        .map(|bill| bill.total_fen)
                        .collect::<Vec<_>>(),
                    b.bills
                        .iter()
                        .map(|bill| bill.total_fen)
                        .collect::<Vec<_>>()
                );
                let end = noon(today);
                assert!(
                    a.receivables
                        .iter()
                        .all(|r| r.entries.iter().all(|e| e.booked_at < end))
                );
            }
        }
        let other = all(10, date(2026, 11, 1));
        assert_ne!(
            other[100].archive.consumer_no,
            all(9, date(2026, 11, 1))[100].archive.consumer_no
        );
    }
}
