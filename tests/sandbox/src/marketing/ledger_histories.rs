//! The books under arbitrary histories of calls.

use std::sync::OnceLock;

use jiff::SignedDuration;
use proptest::prelude::*;

use super::super::account::{Account, View};
use super::super::posting::{Order, Purpose};
use super::super::refused::Refused;
use super::rules::{DUNNED, assert_balanced, hours, ledger, order};
use super::*;

/// One account in dunning; made once, as many histories start from it.
fn dunned() -> &'static Account {
    static DUNNED_ACCOUNT: OnceLock<Account> = OnceLock::new();
    DUNNED_ACCOUNT.get_or_init(|| ledger().account(DUNNED).unwrap().clone())
}

/// Anything a channel may ask for.
#[derive(Debug, Clone)]
enum Act {
    Post {
        number: u8,
        amount: i64,
        whole: bool,
        version: bool,
    },
    Fence(u8),
    Reverse {
        number: u8,
        reversal: u8,
    },
    Refund {
        number: u8,
        refund: u8,
        amount: i64,
    },
    Wait(i64),
    Delay(i64),
    Policy(RefundPolicy),
}

fn act() -> impl Strategy<Value = Act> {
    let policy = prop_oneof![
        Just(RefundPolicy::Approved),
        Just(RefundPolicy::Pending),
        Just(RefundPolicy::Refused)
    ];
    prop_oneof![
        6 => (0..12_u8, 1..60_000_i64, any::<bool>(), any::<bool>())
            .prop_map(|(number, amount, whole, version)| Act::Post { number, amount, whole, version }),
        2 => (0..12_u8).prop_map(Act::Fence),
        2 => (0..12_u8, 0..6_u8).prop_map(|(number, reversal)| Act::Reverse { number, reversal }),
        3 => (0..12_u8, 0..9_u8, 1..60_000_i64)
            .prop_map(|(number, refund, amount)| Act::Refund { number, refund, amount }),
        3 => (1..40_i64).prop_map(Act::Wait),
        1 => (0..30_i64).prop_map(Act::Delay),
        1 => policy.prop_map(Act::Policy),
    ]
}

fn play(ledger: &mut Ledger, now: &mut i64, act: &Act) {
    let at = hours(*now);
    ledger.advance(at);
    match act {
        Act::Post {
            number,
            amount,
            whole,
            version,
        } => {
            let account = ledger.account(DUNNED).unwrap();
            let seen = account.arrears_version(View::at(at));
            let whole_fen = account.due_total_fen(View::at(at));
            let amount_fen = if *whole && whole_fen > 0 {
                whole_fen
            } else {
                *amount
            };
            let purpose = if *whole {
                Purpose::Arrears
            } else {
                Purpose::Prepayment
            };
            let wanted = Order {
                purpose,
                arrears_version: version.then_some(seen),
                ..order(&format!("N{number}"), DUNNED, amount_fen, at)
            };
            let fenced = ledger.fence_of(&wanted.channel_txn_no).is_some();
            let outcome = ledger.post(wanted, at);
            assert_eq!(
                fenced,
                outcome.is_err_and(|refused| refused == Refused::Fenced)
            );
        }
        Act::Fence(number) => {
            let number = format!("N{number}");
            let booked = ledger.posting(&number).is_some_and(|p| p.booking.is_some());
            assert_eq!(ledger.fence(&number, at), !booked);
        }
        Act::Reverse { number, reversal } => {
            let _ = ledger.reverse(&format!("N{number}"), &format!("V{reversal}"), at);
        }
        Act::Refund {
            number,
            refund,
            amount,
        } => {
            let _ = ledger.refund(&format!("N{number}"), &format!("U{refund}"), *amount, at);
        }
        Act::Wait(h) => *now += h,
        Act::Delay(h) => ledger.set_posting_delay(SignedDuration::from_hours(*h)),
        Act::Policy(policy) => ledger.set_refund_policy(*policy, at),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn no_history_of_calls_breaks_the_books(acts in prop::collection::vec(act(), 1..50)) {
        let mut ledger = Ledger::new([dunned().clone()]);
        let mut now = 0;
        for act in &acts {
            play(&mut ledger, &mut now, act);
            assert_balanced(&ledger);
            let account = ledger.account(DUNNED).unwrap();
            prop_assert!(account.prepaid_fen(hours(now)) >= 0);
            for receivable in &account.receivables {
                let standing = receivable.standing(View::at(hours(now)));
                prop_assert!(standing.principal_due_fen >= 0 && standing.fee_due_fen >= 0);
                prop_assert!(standing.principal_due_fen <= receivable.principal_fen);
                prop_assert!(standing.late_fee_fen * 10 <= receivable.principal_fen * 3 + 5);
            }
            for posting in ledger.postings() {
                prop_assert!(ledger.fence_of(&posting.order.channel_txn_no).is_none());
                prop_assert!(posting.refund_reserved_fen() <= posting.order.amount_fen);
                if let Some(booking) = &posting.booking {
                    let spread = &booking.spread;
                    let allocated = spread.allocations.iter().map(|a| a.amount_fen()).sum::<i64>();
                    prop_assert_eq!(allocated + spread.prepaid_fen, posting.order.amount_fen);
                }
            }
        }
    }
}
