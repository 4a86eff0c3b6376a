//! The contract tried out: on a system that keeps it every rule holds, and of one that does not the rule is named.

use std::collections::HashSet;
use std::sync::Mutex;

use lifeline_adapters::marketing::{Rule, Trial};
use lifeline_core::shared::time::Time;
use serde_json::json;

use crate::marketing::{is_signed, marketing, number, refusal};
use crate::responder::{Act, Responder, Seen};
use crate::world::NOW_S;

/// What a system of the tests does otherwise than the contract says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lapse {
    None,
    TakesAnySecret,
    TakesAnyTime,
    ForgetsNonces,
    /// Its clock is so many seconds off.
    Slow,
    KnowsEverybody,
    KnowsEveryPosting,
    NeverCloses,
    DoesNotAddUp,
    TakesNothing,
}

/// Why the call is not taken.
fn barred(lapse: Lapse, seen: &Seen, nonces: &Mutex<HashSet<String>>) -> Option<&'static str> {
    let clock = if lapse == Lapse::Slow {
        NOW_S - 120
    } else {
        NOW_S
    };
    let at: i64 = seen.header("x-timestamp").parse().expect("a time");
    let in_time = lapse == Lapse::TakesAnyTime || (at - clock).abs() <= 300;
    let signed = lapse == Lapse::TakesAnySecret || is_signed(seen);
    if lapse == Lapse::TakesNothing || !signed || !in_time {
        return Some("BAD_SIGNATURE");
    }
    let nonce = seen.header("x-nonce").to_owned();
    let new = nonces.lock().expect("the nonces").insert(nonce);
    (!new && lapse != Lapse::ForgetsNonces).then_some("REPLAYED")
}

fn arrears(total: i64) -> Act {
    let body = json!({
        "items": [{
            "receivable_id": "R1", "bill_period": "2026-10", "principal_fen": 100, "late_fee_fen": 5,
            "paid_fen": 0, "due_date": "2026-11-15", "version": "v1",
        }],
        "total_fen": total, "arrears_version": "v1", "as_of": "2026-11-20T10:00:00+08:00",
    });
    Act::Answer(200, body.to_string())
}

fn answered(lapse: Lapse, seen: &Seen) -> Act {
    let parts: Vec<&str> = seen
        .target
        .trim_start_matches('/')
        .split('/')
        .skip(2)
        .collect();
    let known = lapse == Lapse::KnowsEveryPosting;
    let body = match parts.as_slice() {
        ["capabilities"] => json!({"fence": true, "refund_vouchers": true, "cutoff_time": "22:30"}),
        ["payments", _] if known => json!({"state": "PROCESSING", "fenced": false}),
        ["payments", _] => json!({"state": "NOT_FOUND", "fenced": false}),
        ["reconciliations", date, "postings", txn] => json!({
            "business_date": date, "channel_txn_no": txn, "closed": lapse != Lapse::NeverCloses, "named": false,
        }),
        ["consumers", no, "arrears"] if *no == number().expose() => {
            return arrears(if lapse == Lapse::DoesNotAddUp {
                106
            } else {
                105
            });
        }
        ["consumers", _] if lapse == Lapse::KnowsEverybody => json!({
            "consumer_no": "1500000004321", "holder_masked": "*", "address_masked": "*", "org_no": "31401",
            "region": "3140", "category": "residential", "tariff_code": "A", "tariff_name": "A",
            "pay_mode": "postpaid", "status": "active", "meters": [], "holder_version": 1,
            "real_name": "verified", "as_of": "2026-11-20T10:00:00+08:00",
        }),
        _ => return refusal(404, "CONSUMER_UNAVAILABLE"),
    };
    Act::Answer(200, body.to_string())
}

async fn tried(lapse: Lapse) -> (Vec<Trial>, Vec<Seen>) {
    let nonces = Mutex::new(HashSet::new());
    let responder = Responder::start(move |seen| match barred(lapse, seen, &nonces) {
        Some(code) => refusal(401, code),
        None => answered(lapse, seen),
    });
    let now = Time::from_micros(NOW_S * 1_000_000);
    let trials = marketing(&responder).tried(now, Some(&number())).await;
    (trials, responder.seen())
}

#[tokio::test]
async fn a_system_that_keeps_the_contract_passes_every_rule_by_reading_alone() {
    let (trials, seen) = tried(Lapse::None).await;
    assert_eq!(trials.len(), 9);
    for trial in &trials {
        assert_eq!(trial.went, Ok(()), "{:?}", trial.rule);
    }
    assert!(seen.iter().all(|one| one.method == "GET"), "{seen:?}");
}

#[tokio::test]
async fn the_rule_that_a_system_does_not_keep_is_named_and_no_other() {
    let table = [
        (Lapse::TakesAnySecret, Rule::OthersSignature),
        (Lapse::TakesAnyTime, Rule::OldSignature),
        (Lapse::ForgetsNonces, Rule::OneNonce),
        (Lapse::Slow, Rule::Clock),
        (Lapse::KnowsEverybody, Rule::UnknownConsumer),
        (Lapse::KnowsEveryPosting, Rule::UnknownPosting),
        (Lapse::NeverCloses, Rule::DailyFile),
        (Lapse::DoesNotAddUp, Rule::Arrears),
        (Lapse::TakesNothing, Rule::OurSignature),
    ];
    for (lapse, rule) in table {
        let (trials, _) = tried(lapse).await;
        let failed: Vec<Rule> = trials
            .iter()
            .filter(|trial| trial.went.is_err())
            .map(|trial| trial.rule)
            .collect();
        assert_eq!(failed, [rule], "{lapse:?}: {trials:?}");
        let whole = rule != Rule::OurSignature;
        assert_eq!(trials.len(), if whole { 9 } else { 1 });
    }
}
