//! A copy that was put back knows people who were erased after it was made: they go again, those whose money is on its
//! way as soon as it has arrived.

use std::sync::Arc;

use lifeline_core::privacy::Privacy;
use lifeline_core::shared::ids::AccountId;

use crate::bench::{Bench, Counting, Watch, at};
use crate::household::household;
use crate::{bindings, contracts};

contracts! { "erased_again":
    c6_who_was_erased_goes_again_from_a_copy => ["PrivacyReads::erased_since"];
}

/// No money is on its way any more.
const SETTLE: &str = "UPDATE payment_refund SET state = 'WITHDRAWN', done_at = NULL, next_at = NULL; \
    UPDATE payment_line SET state = 'POSTED', next_at = NULL; DELETE FROM open_claim; \
    UPDATE payment SET state = 'DONE', next_at = NULL, wake_at = NULL";
const LINES: &str = "SELECT CAST(COUNT(*) AS TEXT) FROM audit_line WHERE act = 'privacy.erased'";

async fn c6_who_was_erased_goes_again_from_a_copy(t: Bench) {
    let h = household(&t).await;
    let account = &h.person.account_id;
    let other = bindings::account(&t, "other").await;
    let watch = Watch::new();
    watch.set(100);
    let privacy = Privacy::new(
        t.store.clone(),
        Arc::new(watch.clone()),
        Arc::new(Counting::default()),
    );
    let erased = async |account: &AccountId| {
        let mut view = t.view().await;
        view.accounts().is_erased(account).await.unwrap()
    };
    let nobody: AccountId = t.id();
    let all = [account.clone(), other.clone(), nobody];
    assert_eq!(privacy.erase_again(&all).await.unwrap(), 2);
    assert!(erased(&other).await && !erased(account).await);
    let waits = privacy.erase_again(&all).await.unwrap();
    assert_eq!(waits, 1, "its money is on its way");
    assert!(!erased(account).await);
    t.raw(SETTLE).await.unwrap();
    watch.set(200);
    assert_eq!(privacy.erase_again(&all).await.unwrap(), 1);
    assert!(erased(account).await);
    assert_eq!(privacy.erase_again(&all).await.unwrap(), 0, "once");
    assert_eq!(t.text(LINES).await, "2", "one line each");
    let since = async |second, limit| {
        let all = privacy.erased_since(at(second), limit).await.unwrap();
        all.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
    };
    assert_eq!(since(100, 9).await, [other.clone(), account.to_owned()]);
    assert_eq!(since(100, 1).await, [other]);
    assert_eq!(since(101, 9).await, [account.to_owned()]);
    assert!(since(201, 9).await.is_empty());
}
