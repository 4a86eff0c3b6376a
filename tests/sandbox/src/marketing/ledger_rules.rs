//! The rules of the books, one by one.

use super::super::account::View;
use super::super::population::populate;
use super::super::posting::{Order, PostingState, Purpose, RefundState, Share};
use super::super::refused::Refused;
use super::super::tariff::Tariffs;
use super::*;
use crate::people::People;
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};

const LI_MING: &str = "1504010020017";
const TWO_BILLS: &str = "1504010020058";
pub(super) const DUNNED: &str = "1504010020074";
const PREPAID: &str = "1504010020124";

/// Noon on 20 November 2026, Beijing, plus hours.
pub(super) fn hours(h: i64) -> Timestamp {
    let noon: Timestamp = "2026-11-20T12:00:00+08:00".parse().unwrap();
    noon.checked_add(SignedDuration::from_hours(h)).unwrap()
}

pub(super) fn ledger() -> Ledger {
    Ledger::new(populate(
        1,
        hours(0),
        &People::new(),
        &Tariffs::standard(),
        true,
    ))
}

fn due(ledger: &Ledger, no: &str, at: Timestamp) -> i64 {
    ledger.account(no).unwrap().due_total_fen(View::at(at))
}

pub(super) fn order(number: &str, no: &str, amount_fen: i64, at: Timestamp) -> Order {
    Order {
        channel_txn_no: number.into(),
        consumer_no: no.into(),
        amount_fen,
        paid_at: at,
        purpose: Purpose::Prepayment,
        arrears_version: None,
        allocations: None,
        fingerprint: [1; 32],
    }
}

fn arrears(number: &str, no: &str, amount_fen: i64, at: Timestamp) -> Order {
    Order {
        purpose: Purpose::Arrears,
        ..order(number, no, amount_fen, at)
    }
}

fn refusal(ledger: &mut Ledger, order: Order, now: Timestamp) -> Option<Refused> {
    ledger.post(order, now).err()
}

pub(super) fn assert_balanced(ledger: &Ledger) {
    for account in ledger.accounts() {
        let no = &account.archive.consumer_no;
        assert_eq!(
            account.settled_since_opening_fen(),
            ledger.posted_net_fen(no),
            "{no}"
        );
    }
}

#[test]
fn arrears_are_paid_whole_once() {
    let mut ledger = ledger();
    let now = hours(0);
    let due_fen = due(&ledger, LI_MING, now);
    let short = arrears("A1", LI_MING, due_fen - 1, now);
    assert_eq!(
        refusal(&mut ledger, short, now),
        Some(Refused::AmountMismatch)
    );
    let presented = ledger
        .post(arrears("A2", LI_MING, due_fen, now), now)
        .unwrap();
    assert!(!presented.repeated);
    assert_eq!(
        presented
            .posting
            .booking
            .as_ref()
            .unwrap()
            .spread
            .prepaid_fen,
        0
    );
    assert_eq!(due(&ledger, LI_MING, now), 0);
    let again = arrears("A3", LI_MING, due_fen, now);
    assert_eq!(refusal(&mut ledger, again, now), Some(Refused::AlreadyPaid));
    assert_balanced(&ledger);
}

#[test]
fn a_repeat_is_the_same_posting_and_other_content_a_conflict() {
    let mut ledger = ledger();
    let now = hours(0);
    ledger.post(order("B1", LI_MING, 100, now), now).unwrap();
    assert!(
        ledger
            .post(order("B1", LI_MING, 100, now), hours(1))
            .unwrap()
            .repeated
    );
    let other = Order {
        fingerprint: [2; 32],
        ..order("B1", LI_MING, 200, now)
    };
    assert_eq!(
        refusal(&mut ledger, other, now),
        Some(Refused::IdempotencyConflict)
    );
    assert_eq!(ledger.postings().count(), 1);
}

#[test]
fn the_version_moves_with_every_figure_and_a_stale_one_is_refused() {
    let mut ledger = ledger();
    let version = |ledger: &Ledger, at| {
        ledger
            .account(TWO_BILLS)
            .unwrap()
            .arrears_version(View::at(at))
    };
    let before = version(&ledger, hours(0));
    assert_eq!(
        before,
        version(&ledger, hours(11)),
        "no figure moves before midnight"
    );
    let overnight = version(&ledger, hours(13));
    assert_ne!(before, overnight, "a day's late fee accrued");
    ledger
        .post(order("C1", TWO_BILLS, 100, hours(1)), hours(1))
        .unwrap();
    assert_ne!(before, version(&ledger, hours(1)));
    let stale = Order {
        arrears_version: Some(before),
        ..order("C2", TWO_BILLS, 100, hours(2))
    };
    assert_eq!(
        refusal(&mut ledger, stale, hours(2)),
        Some(Refused::StaleArrears)
    );
}

#[test]
fn the_late_fee_is_that_of_the_day_of_payment() {
    let mut ledger = ledger();
    let (paid_at, posted_at) = (hours(11), hours(13));
    let evening = due(&ledger, DUNNED, paid_at);
    assert!(due(&ledger, DUNNED, posted_at) > evening);
    let account = ledger.account(DUNNED).unwrap();
    let version = account.arrears_version(View::at(paid_at));
    let late = Order {
        arrears_version: Some(version),
        ..arrears("D1", DUNNED, evening, paid_at)
    };
    let posting = ledger.post(late, posted_at).unwrap().posting;
    assert_eq!(
        posting.booking.as_ref().unwrap().business_date,
        date(2026, 11, 21)
    );
    assert_eq!(due(&ledger, DUNNED, posted_at), 0);
    assert_eq!(
        due(&ledger, DUNNED, hours(24 * 40)),
        0,
        "nothing grows on what is paid"
    );
}

#[test]
fn oldest_bill_first_principal_before_fee_rest_prepaid() {
    let mut ledger = ledger();
    let now = hours(0);
    let account = ledger.account(DUNNED).unwrap();
    let before: Vec<_> = account
        .due(View::at(now))
        .iter()
        .map(|(r, s)| (r.receivable_id.clone(), *s))
        .collect();
    let (oldest, second) = (&before[0], &before[1]);
    let part = oldest.1.principal_due_fen + oldest.1.fee_due_fen + 10;
    let posting = ledger
        .post(order("E1", DUNNED, part, now), now)
        .unwrap()
        .posting;
    let spread = posting.booking.as_ref().unwrap().spread.clone();
    assert_eq!(spread.allocations[0].receivable_id, oldest.0);
    assert_eq!(spread.allocations[0].fee_fen, oldest.1.fee_due_fen);
    assert_eq!(spread.allocations[1].receivable_id, second.0);
    assert_eq!(
        (
            spread.allocations[1].principal_fen,
            spread.allocations[1].fee_fen
        ),
        (10, 0)
    );
    let rest = due(&ledger, DUNNED, now);
    let posting = ledger
        .post(order("E2", DUNNED, rest + 77, now), now)
        .unwrap()
        .posting;
    assert_eq!(posting.booking.as_ref().unwrap().spread.prepaid_fen, 77);
    assert_eq!(ledger.account(DUNNED).unwrap().prepaid_fen(now), 77);
    assert_balanced(&ledger);
}

#[test]
fn chosen_shares_must_fit_what_is_due() {
    let mut ledger = ledger();
    let now = hours(0);
    let account = ledger.account(TWO_BILLS).unwrap();
    let newest = account.due(View::at(now))[1];
    let (id, due_fen) = (newest.0.receivable_id.clone(), newest.1.due_fen());
    let with = |number, shares: &[(&str, i64)], amount| Order {
        allocations: Some(
            shares
                .iter()
                .map(|(id, fen)| Share {
                    receivable_id: (*id).into(),
                    amount_fen: *fen,
                })
                .collect(),
        ),
        ..order(number, TWO_BILLS, amount, now)
    };
    let foreign = with("F1", &[("R0001202610", 5)], 5);
    assert_eq!(
        refusal(&mut ledger, foreign, now),
        Some(Refused::Invalid("allocations"))
    );
    let twice = with("F2", &[(&id, 5), (&id, 5)], 10);
    assert_eq!(
        refusal(&mut ledger, twice, now),
        Some(Refused::Invalid("allocations"))
    );
    let too_much = with("F3", &[(&id, due_fen + 1)], due_fen + 1);
    assert_eq!(
        refusal(&mut ledger, too_much, now),
        Some(Refused::AmountMismatch)
    );
    let over = with("F4", &[(&id, 50)], 49);
    assert_eq!(
        refusal(&mut ledger, over, now),
        Some(Refused::AmountMismatch)
    );
    let posting = ledger
        .post(with("F5", &[(&id, 50)], 80), now)
        .unwrap()
        .posting;
    let spread = &posting.booking.as_ref().unwrap().spread;
    assert_eq!(
        (spread.allocations[0].amount_fen(), spread.prepaid_fen),
        (50, 30)
    );
    assert_eq!(spread.allocations[0].receivable_id, id);
    assert_balanced(&ledger);
}

#[test]
fn a_fence_is_final_and_a_posting_cannot_be_fenced() {
    let mut ledger = ledger();
    let now = hours(0);
    assert!(ledger.fence("G1", now));
    assert_eq!(
        refusal(&mut ledger, order("G1", LI_MING, 9, now), now),
        Some(Refused::Fenced)
    );
    ledger.post(order("G2", LI_MING, 9, now), now).unwrap();
    assert!(!ledger.fence("G2", now));
    assert!(
        ledger
            .post(order("G2", LI_MING, 9, now), now)
            .unwrap()
            .repeated
    );
}

#[test]
fn processing_books_later_unless_it_is_fenced() {
    let mut ledger = ledger();
    ledger.set_posting_delay(SignedDuration::from_hours(2));
    for number in ["H1", "H2"] {
        let posting = ledger
            .post(order(number, LI_MING, 500, hours(0)), hours(0))
            .unwrap()
            .posting;
        assert_eq!(posting.state(), PostingState::Processing);
    }
    assert!(ledger.fence("H2", hours(1)));
    ledger.advance(hours(1));
    assert_eq!(
        ledger.posting("H1").unwrap().state(),
        PostingState::Processing
    );
    ledger.advance(hours(30));
    let booked = ledger.posting("H1").unwrap().booking.clone().unwrap();
    assert_eq!(
        (booked.posted_at, booked.business_date),
        (hours(2), date(2026, 11, 20))
    );
    assert!(ledger.posting("H2").is_none());
    assert_balanced(&ledger);
}

#[test]
fn a_reversal_undoes_everything_on_its_business_date_only() {
    let mut ledger = ledger();
    let now = hours(0);
    let before = due(&ledger, DUNNED, now);
    ledger
        .post(order("J1", DUNNED, before + 500, now), now)
        .unwrap();
    assert_eq!(
        ledger.reverse("J1", "V1", hours(11)),
        Err(Refused::CutoffPassed)
    );
    assert_eq!(ledger.reverse("J1", "V1", hours(10)), Ok(()));
    assert_eq!(
        ledger.reverse("J1", "V1", hours(48)),
        Ok(()),
        "the same number again"
    );
    assert_eq!(
        ledger.reverse("J1", "V2", hours(10)),
        Err(Refused::IdempotencyConflict)
    );
    assert_eq!(
        ledger.reverse("J9", "V3", hours(10)),
        Err(Refused::Invalid("channel_txn_no"))
    );
    assert_eq!(due(&ledger, DUNNED, hours(10)), before);
    assert_eq!(ledger.account(DUNNED).unwrap().prepaid_fen(hours(10)), 0);
    assert_balanced(&ledger);
    ledger
        .post(order("J2", DUNNED, 5, hours(10)), hours(10))
        .unwrap();
    assert_eq!(
        ledger.reverse("J2", "V1", hours(10)),
        Err(Refused::IdempotencyConflict)
    );
}

#[test]
fn refunds_take_the_prepaid_rest_first_and_never_exceed_the_payment() {
    let mut ledger = ledger();
    let now = hours(0);
    let due_fen = due(&ledger, LI_MING, now);
    ledger
        .post(order("K1", LI_MING, due_fen + 300, now), now)
        .unwrap();
    let state =
        |ledger: &mut Ledger, no: &str, fen| ledger.refund("K1", no, fen, now).unwrap().state;
    assert_eq!(state(&mut ledger, "U1", 200), RefundState::Approved);
    assert_eq!(due(&ledger, LI_MING, now), 0);
    assert_eq!(state(&mut ledger, "U2", 150), RefundState::Approved);
    assert_eq!(due(&ledger, LI_MING, now), 50, "debt is open again");
    assert_eq!(
        state(&mut ledger, "U3", due_fen),
        RefundState::Refused,
        "more than is left"
    );
    assert_eq!(
        state(&mut ledger, "U1", 200),
        RefundState::Approved,
        "its present state"
    );
    assert_eq!(
        ledger.refund("K1", "U1", 201, now).unwrap_err(),
        Refused::IdempotencyConflict
    );
    assert_eq!(
        ledger.reverse("K1", "V1", now),
        Err(Refused::AmountMismatch)
    );
    assert_balanced(&ledger);
}

#[test]
fn a_pending_voucher_reserves_its_sum_until_a_clerk_decides() {
    let mut ledger = ledger();
    let now = hours(0);
    ledger.set_refund_policy(RefundPolicy::Pending, now);
    ledger.post(order("L1", PREPAID, 1_000, now), now).unwrap();
    assert_eq!(
        ledger.refund("L1", "U1", 700, now).unwrap().state,
        RefundState::Pending
    );
    assert_eq!(
        ledger.refund("L1", "U2", 400, now).unwrap().state,
        RefundState::Refused
    );
    let held = ledger.account(PREPAID).unwrap().prepaid_fen(now);
    ledger.set_refund_policy(RefundPolicy::Refused, now);
    assert_eq!(
        ledger.refund("L1", "U1", 700, now).unwrap().state,
        RefundState::Refused
    );
    assert_eq!(ledger.account(PREPAID).unwrap().prepaid_fen(now), held);
    ledger.set_refund_policy(RefundPolicy::Approved, now);
    assert_eq!(
        ledger.refund("L1", "U3", 700, now).unwrap().state,
        RefundState::Approved
    );
    assert_eq!(
        ledger.account(PREPAID).unwrap().prepaid_fen(now),
        held - 700
    );
    assert_balanced(&ledger);
}

#[test]
fn closed_and_unknown_accounts_take_no_money() {
    let mut ledger = ledger();
    let now = hours(0);
    let closed = order("M1", "1504010020132", 9, now);
    assert_eq!(
        refusal(&mut ledger, closed, now),
        Some(Refused::ClosedAccount)
    );
    let unknown = order("M2", "1504019999999", 9, now);
    assert_eq!(
        refusal(&mut ledger, unknown, now),
        Some(Refused::ConsumerUnavailable)
    );
}
