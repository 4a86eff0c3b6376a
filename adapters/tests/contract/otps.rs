//! One-time codes and counters of guesses.

use lifeline_core::accounts::attempts::Guard;
use lifeline_core::accounts::otp::{Act, Otp, OtpPurpose};
use lifeline_core::accounts::secret::Secret;
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::accounts::phone;
use crate::bench::{Bench, at};
use crate::contracts;

contracts! { "otps":
    round_trip => ["OtpStore::add_otp", "OtpStore::newest_otp"];
    newest_of_its_session_purpose_and_act => ["OtpStore::newest_otp"];
    armed_once_with_phone_and_code => ["OtpStore::arm_otp", "OtpStore::otp_matches"];
    an_unarmed_or_unknown_code_matches_nothing => ["OtpStore::otp_matches"];
    equal_codes_of_two_rows_have_unequal_digests => ["OtpStore::arm_otp"];
    stale_version_conflicts => ["OtpStore::save_otp"];
    dropped_unit_counts_no_try => ["OtpStore::save_otp"];
    purge_drops_what_is_over => ["OtpStore::purge_otps"];
    each_attempt_counts => ["AttemptStore::count_attempt", "AttemptStore::attempts"];
    attempts_at_once_are_all_counted => ["AttemptStore::count_attempt"];
    dropped_unit_counts_no_attempt => ["AttemptStore::count_attempt"];
    a_value_counts_once => ["AttemptStore::note_distinct", "AttemptStore::forget_distinct"];
    values_count_after_they_were_noted => ["AttemptStore::distinct_after"];
    purge_drops_old_counters => ["AttemptStore::purge_attempts"];
}

fn secret(text: &str) -> Secret {
    Secret::new(text.into())
}

fn act() -> Act {
    Act::on("consumer", "1504010020017")
}

fn otp(t: &Bench) -> Otp {
    Otp {
        otp_id: t.id(),
        account_id: t.id(),
        session_id: t.id(),
        purpose: OtpPurpose::Bind,
        phone_key: None,
        tries: 0,
        asked_at: at(0),
        expires_at: at(300),
        spent_at: None,
        version: 1,
    }
}

async fn add(t: &Bench, otp: &Otp, act: &Act) {
    t.write(async |tx| tx.accounts().add_otp(otp, act).await)
        .await
        .unwrap();
}

async fn newest(t: &Bench, like: &Otp, purpose: OtpPurpose, act: &Act) -> Option<Otp> {
    t.write(async |tx| {
        tx.accounts()
            .newest_otp(&like.session_id, purpose, act)
            .await
    })
    .await
    .unwrap()
}

async fn arm(t: &Bench, otp: &Otp, code: &str) -> bool {
    t.write(async |tx| {
        tx.accounts()
            .arm_otp(&otp.otp_id, &phone("19000000001"), &secret(code))
            .await
    })
    .await
    .unwrap()
}

async fn matches(t: &Bench, otp: &Otp, typed: &str) -> bool {
    t.write(async |tx| tx.accounts().otp_matches(&otp.otp_id, &secret(typed)).await)
        .await
        .unwrap()
}

async fn save(t: &Bench, otp: &Otp) -> Result<(), StoreError> {
    t.write(async |tx| tx.accounts().save_otp(otp).await).await
}

async fn round_trip(t: Bench) {
    let asked = otp(&t);
    add(&t, &asked, &act()).await;
    assert_eq!(
        newest(&t, &asked, OtpPurpose::Bind, &act()).await,
        Some(asked.clone())
    );
    assert!(arm(&t, &asked, "123456").await);
    let armed = newest(&t, &asked, OtpPurpose::Bind, &act()).await.unwrap();
    assert!(armed.phone_key.is_some());
    let used = Otp {
        tries: 2,
        spent_at: Some(at(9)),
        ..armed
    };
    save(&t, &used).await.unwrap();
    let kept = Otp {
        version: used.version + 1,
        ..used
    };
    assert_eq!(
        newest(&t, &asked, OtpPurpose::Bind, &act()).await,
        Some(kept)
    );
}

async fn newest_of_its_session_purpose_and_act(t: Bench) {
    let first = otp(&t);
    let second = Otp {
        otp_id: t.id(),
        asked_at: at(60),
        ..first.clone()
    };
    let elsewhere = Otp {
        otp_id: t.id(),
        session_id: t.id(),
        asked_at: at(90),
        ..first.clone()
    };
    for each in [&second, &first, &elsewhere] {
        add(&t, each, &act()).await;
    }
    assert_eq!(
        newest(&t, &first, OtpPurpose::Bind, &act()).await,
        Some(second)
    );
    assert_eq!(
        newest(&t, &first, OtpPurpose::VerifyPhone, &act()).await,
        None
    );
    let other = Act::on("consumer", "1504010020025");
    assert_eq!(newest(&t, &first, OtpPurpose::Bind, &other).await, None);
}

async fn armed_once_with_phone_and_code(t: Bench) {
    let asked = otp(&t);
    add(&t, &asked, &act()).await;
    assert!(arm(&t, &asked, "123456").await);
    assert!(!arm(&t, &asked, "654321").await);
    assert!(matches(&t, &asked, "123456").await);
    assert!(!matches(&t, &asked, "654321").await);
    assert!(!arm(&t, &otp(&t), "123456").await, "there is no such code");
}

async fn an_unarmed_or_unknown_code_matches_nothing(t: Bench) {
    let asked = otp(&t);
    add(&t, &asked, &act()).await;
    for typed in ["", "000000"] {
        assert!(!matches(&t, &asked, typed).await);
        assert!(!matches(&t, &otp(&t), typed).await);
    }
}

async fn equal_codes_of_two_rows_have_unequal_digests(t: Bench) {
    let (one, two) = (otp(&t), otp(&t));
    for each in [&one, &two] {
        add(&t, each, &act()).await;
        assert!(arm(&t, each, "123456").await);
    }
    let digest = async |otp: &Otp| {
        t.text(&format!(
            "SELECT code_digest FROM otp WHERE otp_id = '{}'",
            otp.otp_id
        ))
        .await
    };
    assert_ne!(digest(&one).await, digest(&two).await);
}

async fn stale_version_conflicts(t: Bench) {
    let asked = otp(&t);
    add(&t, &asked, &act()).await;
    save(&t, &asked).await.unwrap();
    assert!(matches!(save(&t, &asked).await, Err(StoreError::Conflict)));
    assert!(matches!(
        save(&t, &otp(&t)).await,
        Err(StoreError::Conflict)
    ));
}

async fn dropped_unit_counts_no_try(t: Bench) {
    let asked = otp(&t);
    add(&t, &asked, &act()).await;
    let tried = Otp {
        tries: 1,
        ..asked.clone()
    };
    t.write_and_drop(async |tx| tx.accounts().save_otp(&tried).await)
        .await;
    assert_eq!(
        newest(&t, &asked, OtpPurpose::Bind, &act()).await,
        Some(asked)
    );
}

async fn purge_drops_what_is_over(t: Bench) {
    let asked = otp(&t);
    add(&t, &asked, &act()).await;
    let purge = async |second| {
        t.write(async |tx| tx.accounts().purge_otps(at(second)).await)
            .await
            .unwrap()
    };
    assert_eq!(purge(300).await, 0);
    assert_eq!(purge(301).await, 1);
    assert_eq!(newest(&t, &asked, OtpPurpose::Bind, &act()).await, None);
}

async fn count(t: &Bench, guard: Guard, key: &str, window: &str) -> i64 {
    t.write(async |tx| tx.accounts().count_attempt(guard, key, window, at(0)).await)
        .await
        .unwrap()
}

async fn so_far(t: &Bench, guard: Guard, key: &str, window: &str) -> i64 {
    t.write(async |tx| tx.accounts().attempts(guard, key, window).await)
        .await
        .unwrap()
}

async fn each_attempt_counts(t: Bench) {
    for guard in Guard::ALL {
        assert_eq!(so_far(&t, guard, "k", "2026-11-20").await, 0);
        assert_eq!(count(&t, guard, "k", "2026-11-20").await, 1);
        assert_eq!(count(&t, guard, "k", "2026-11-20").await, 2);
        assert_eq!(
            count(&t, guard, "k", "2026-11-21").await,
            1,
            "another window"
        );
        assert_eq!(count(&t, guard, "l", "2026-11-20").await, 1, "another key");
        assert_eq!(so_far(&t, guard, "k", "2026-11-20").await, 2);
    }
}

async fn attempts_at_once_are_all_counted(t: Bench) {
    let mut counters = JoinSet::new();
    for _ in 0..16 {
        let t = t.clone();
        counters.spawn(async move { count(&t, Guard::CodesToPhone, "k", "2026-11-20").await });
    }
    let mut counted = counters.join_all().await;
    counted.sort_unstable();
    assert_eq!(counted, (1..=16).collect::<Vec<_>>());
}

async fn dropped_unit_counts_no_attempt(t: Bench) {
    t.write_and_drop(async |tx| {
        tx.accounts()
            .count_attempt(Guard::CodesToPhone, "k", "2026-11-20", at(0))
            .await
            .map(drop)
    })
    .await;
    assert_eq!(so_far(&t, Guard::CodesToPhone, "k", "2026-11-20").await, 0);
}

async fn a_value_counts_once(t: Bench) {
    let guard = Guard::DigitsByAccount;
    let note = async |value: &str| {
        t.write(async |tx| {
            tx.accounts()
                .note_distinct(guard, "k", "2026", value, at(0))
                .await
        })
        .await
        .unwrap()
    };
    let forget = async |value: &str| {
        t.write(async |tx| {
            tx.accounts()
                .forget_distinct(guard, "k", "2026", value)
                .await
        })
        .await
        .unwrap();
    };
    assert_eq!(note("a").await, 1);
    assert_eq!(note("a").await, 1);
    assert_eq!(note("b").await, 2);
    forget("a").await;
    forget("never-noted").await;
    assert_eq!(note("c").await, 2);
    t.write_and_drop(async |tx| {
        tx.accounts()
            .note_distinct(guard, "k", "2026", "d", at(0))
            .await
            .map(drop)
    })
    .await;
    assert_eq!(note("c").await, 2);
}

async fn values_count_after_they_were_noted(t: Bench) {
    let guard = Guard::PasswordsFromPlace;
    for (value, second) in [("a", 1), ("b", 5), ("c", 5), ("b", 9)] {
        t.write(async |tx| {
            tx.accounts()
                .note_distinct(guard, "k", "sliding", value, at(second))
                .await
        })
        .await
        .unwrap();
    }
    let after = async |key: &str, second| {
        t.write(async |tx| {
            tx.accounts()
                .distinct_after(guard, key, "sliding", at(second))
                .await
        })
        .await
        .unwrap()
    };
    for (second, count) in [(0, 3), (1, 2), (4, 2), (5, 0)] {
        assert_eq!(after("k", second).await, count, "after {second}");
    }
    assert_eq!(after("l", 0).await, 0, "another key");
}

async fn purge_drops_old_counters(t: Bench) {
    count(&t, Guard::CodesToPhone, "k", "2026-11-20").await;
    t.write(async |tx| {
        tx.accounts()
            .note_distinct(Guard::DigitsByAccount, "k", "2026", "a", at(0))
            .await
    })
    .await
    .unwrap();
    let purge = async |second| {
        t.write(async |tx| tx.accounts().purge_attempts(at(second)).await)
            .await
            .unwrap()
    };
    assert_eq!(purge(0).await, 0);
    assert_eq!(purge(1).await, 2);
    assert_eq!(so_far(&t, Guard::CodesToPhone, "k", "2026-11-20").await, 0);
}
