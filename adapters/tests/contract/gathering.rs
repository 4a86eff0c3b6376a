//! People at the on-line State Grid user system.

use lifeline_core::bindings::gathering::{CHECK_EVERY_MAX_S, Gathered};
use lifeline_core::shared::ids::AccountId;

use crate::bench::{Bench, at};
use crate::contracts;

contracts! { "gathering":
    an_epoch_rises_above_every_earlier_one_and_above_what_was_seen => ["GatheringStore::begin_gathering",
        "GatheringReads::gathered"];
    only_the_last_round_ends => ["GatheringStore::end_gathering"];
    a_turn_comes_after_its_pause_and_is_taken_once => ["GatheringReads::due_for_a_check", "GatheringStore::take_check"];
    who_is_withdrawn_is_not_compared => ["GatheringReads::due_for_a_check"];
}

async fn begin(t: &Bench, account: &AccountId, seen: i64) -> Gathered {
    t.write(async |tx| tx.bindings().begin_gathering(account, seen, at(0)).await)
        .await
        .unwrap()
}

async fn end(t: &Bench, account: &AccountId, done: Gathered) -> bool {
    t.write(async |tx| tx.bindings().end_gathering(account, &done).await)
        .await
        .unwrap()
}

async fn found(t: &Bench, account: &AccountId) -> Option<Gathered> {
    let mut view = t.view().await;
    view.bindings().gathered(account).await.unwrap()
}

async fn due(t: &Bench, seconds: i64) -> Vec<AccountId> {
    let mut view = t.view().await;
    let due = view.bindings().due_for_a_check(at(seconds), 10).await;
    due.unwrap()
}

async fn an_epoch_rises_above_every_earlier_one_and_above_what_was_seen(t: Bench) {
    let account: AccountId = t.id();
    assert_eq!(found(&t, &account).await, None);
    let first = begin(&t, &account, 0).await;
    let expected = Gathered {
        epoch: 1,
        unsure: true,
        gone: false,
        check_every_s: CHECK_EVERY_MAX_S,
    };
    assert_eq!(first, expected);
    assert_eq!(begin(&t, &account, 0).await.epoch, 2);
    assert_eq!(begin(&t, &account, 40).await.epoch, 41);
    assert_eq!(begin(&t, &account, 3).await.epoch, 42);
    assert_eq!(found(&t, &account).await.map(|row| row.epoch), Some(42));
    let other: AccountId = t.id();
    assert_eq!(begin(&t, &other, 7).await.epoch, 8);
}

async fn only_the_last_round_ends(t: Bench) {
    let account: AccountId = t.id();
    let first = begin(&t, &account, 0).await;
    let second = begin(&t, &account, 0).await;
    let done = |row: Gathered| Gathered {
        unsure: false,
        check_every_s: 3_600,
        ..row
    };
    assert!(!end(&t, &account, done(first)).await);
    assert_eq!(found(&t, &account).await, Some(second));
    assert!(end(&t, &account, done(second)).await);
    assert_eq!(found(&t, &account).await, Some(done(second)));
}

async fn a_turn_comes_after_its_pause_and_is_taken_once(t: Bench) {
    let account: AccountId = t.id();
    let row = begin(&t, &account, 0).await;
    let calm = Gathered {
        unsure: false,
        check_every_s: 3_600,
        ..row
    };
    end(&t, &account, calm).await;
    assert!(due(&t, CHECK_EVERY_MAX_S - 1).await.is_empty());
    assert_eq!(
        due(&t, CHECK_EVERY_MAX_S).await,
        std::slice::from_ref(&account)
    );
    let take = async |seconds: i64| {
        t.write(async |tx| tx.bindings().take_check(&account, at(seconds)).await)
            .await
            .unwrap()
    };
    assert!(!take(CHECK_EVERY_MAX_S - 1).await);
    assert!(take(CHECK_EVERY_MAX_S).await);
    assert!(!take(CHECK_EVERY_MAX_S).await);
    assert!(due(&t, CHECK_EVERY_MAX_S + 3_599).await.is_empty());
    assert_eq!(due(&t, CHECK_EVERY_MAX_S + 3_600).await.len(), 1);
}

async fn who_is_withdrawn_is_not_compared(t: Bench) {
    let account: AccountId = t.id();
    let row = begin(&t, &account, 0).await;
    let gone = Gathered { gone: true, ..row };
    end(&t, &account, gone).await;
    assert_eq!(
        due(&t, CHECK_EVERY_MAX_S).await.len(),
        1,
        "its end is not known"
    );
    let sure = Gathered {
        unsure: false,
        ..gone
    };
    end(&t, &account, sure).await;
    assert!(due(&t, CHECK_EVERY_MAX_S).await.is_empty());
}
