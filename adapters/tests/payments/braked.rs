//! A refund above the brake's sum by itself (money.md G7): it waits for two persons, and no longer than for them.

use lifeline_core::payments::ports::Brake;
use lifeline_core::payments::{Consent, Policy};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::{Clock as _, Time};

use crate::refunds::several_refunds;
use crate::store::Place;
use crate::stories;
use crate::story::{Story, trusting};

stories! {
    a_refund_above_the_hours_sum_leaves_once_two_persons_agreed;
    no_refund_goes_back_by_itself_once_a_person_says_so_until_two_agree;
    nobody_looked_at_the_refund_that_leaves_after_a_persons_stop;
    a_stop_while_the_brake_is_on_asks_two_persons_anew;
    a_release_lets_one_refund_above_the_sum_through_whichever_hour_it_is;
}

const LARGE: i64 = 12_840;

async fn release(s: &Story) {
    let consent = async |who: &str| s.app.brake().consent(who, "trace").await.unwrap();
    assert_eq!(consent("zhao").await, Consent::First);
    assert_eq!(consent("qian").await, Consent::Released);
}

async fn is_on(s: &Story) -> bool {
    s.app.brake().trip().await.unwrap().is_some()
}

async fn a_refund_above_the_hours_sum_leaves_once_two_persons_agreed(place: Place) {
    let policy = Policy {
        brake_sum: Fen::new(10_000),
        ..trusting()
    };
    let s = Story::with_policy(place, policy);
    several_refunds(&s, &[LARGE]).await;
    s.run_long(900).await;
    assert_eq!(s.outside.count("refund"), 0, "two persons look first");
    release(&s).await;
    s.run_long(900).await;
    assert_eq!(s.outside.count("refund"), 1, "what they looked at");
    assert!(!is_on(&s).await);
    for _ in 0..2 {
        several_refunds(&s, &[LARGE]).await;
    }
    s.run_long(900).await;
    assert_eq!(s.outside.count("refund"), 1, "one per release");
    release(&s).await;
    s.run_long(900).await;
    assert_eq!(s.outside.count("refund"), 2, "the second trips it again");
    assert!(is_on(&s).await);
}

async fn no_refund_goes_back_by_itself_once_a_person_says_so_until_two_agree(place: Place) {
    let s = Story::with_policy(place, trusting());
    assert!(s.app.brake().stop("li.ming", "trace").await.unwrap());
    several_refunds(&s, &[LARGE]).await;
    s.run_long(3_700).await;
    assert_eq!(s.outside.count("refund"), 0, "no hour releases it");
    let told = "SELECT actor FROM audit_line WHERE act = 'payments.stop_refunds'";
    assert_eq!(s.place.word(told).await, "staff:li.ming");
    let proven = "SELECT COUNT(*) FROM evidence_entry WHERE kind = 'payments.stop_refunds'";
    assert_eq!(s.place.number(proven).await, 1);
    release(&s).await;
    s.run_long(900).await;
    assert_eq!(s.outside.count("refund"), 1);
}

async fn nobody_looked_at_the_refund_that_leaves_after_a_persons_stop(place: Place) {
    let policy = Policy {
        brake_sum: Fen::new(10_000),
        ..trusting()
    };
    let s = Story::with_policy(place, policy);
    assert!(s.app.brake().stop("li.ming", "trace").await.unwrap());
    release(&s).await;
    several_refunds(&s, &[LARGE]).await;
    s.run_long(900).await;
    assert_eq!(s.outside.count("refund"), 0, "it trips the brake by itself");
    assert!(is_on(&s).await);
    release(&s).await;
    s.run_long(900).await;
    assert_eq!(s.outside.count("refund"), 1, "what they looked at");
}

async fn a_stop_while_the_brake_is_on_asks_two_persons_anew(place: Place) {
    let s = Story::with_policy(place, trusting());
    let consent = async |who: &str| s.app.brake().consent(who, "trace").await.unwrap();
    assert!(s.app.brake().stop("li.ming", "trace").await.unwrap());
    assert_eq!(consent("zhao").await, Consent::First);
    let again = s.app.brake().stop("wang.wu", "trace").await.unwrap();
    assert!(!again, "it is on already");
    for kept in [
        "SELECT COUNT(*) FROM audit_line WHERE act = 'payments.stop_refunds'",
        "SELECT COUNT(*) FROM evidence_entry WHERE kind = 'payments.stop_refunds'",
    ] {
        assert_eq!(s.place.number(kept).await, 2, "{kept}");
    }
    assert_eq!(consent("qian").await, Consent::First, "both are asked anew");
    assert_eq!(consent("zhao").await, Consent::Released);
}

/// The bounds of a moment, so many seconds after the beginning of an hour.
fn bounds(hour: Time, second: i64) -> Brake {
    let into = second.rem_euclid(3_600);
    Brake {
        hour: hour.plus_seconds(second - into),
        count_max: 9,
        sum_max: Fen::new(100),
        now: hour.plus_seconds(second),
    }
}

async fn a_release_lets_one_refund_above_the_sum_through_whichever_hour_it_is(place: Place) {
    let s = Story::at(place);
    let now = s.outside.now();
    let into = now.unix_seconds().rem_euclid(3_600);
    let hour = Time::from_micros((now.unix_seconds() - into) * 1_000_000);
    let pass = async |second: i64, fen: i64| {
        let (bounds, sum) = (bounds(hour, second), Fen::new(fen));
        s.place
            .write(async |tx| tx.payments().take_brake(bounds, sum).await)
            .await
    };
    let let_go = async |second: i64| {
        let bounds = bounds(hour, second);
        for who in ["zhao", "qian"] {
            s.place
                .write(async |tx| tx.payments().consent_to_release(who, bounds).await)
                .await;
        }
    };
    assert!(!pass(3_000, 101).await);
    let_go(3_100).await;
    assert!(pass(3_200, 60).await, "counted from zero");
    assert!(pass(3_300, 101).await, "the one that waited");
    assert!(!pass(3_700, 101).await, "the next hour is no new release");
    let_go(3_800).await;
    assert!(pass(3_900, 101).await);
    assert!(!pass(3_950, 1).await, "its sum fills the hour");
    let_go(4_000).await;
    let late = pass(4_000 + 3_601, 101).await;
    assert!(!late, "what was released over an hour ago waits anew");
}
