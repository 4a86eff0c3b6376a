//! Links that go along when accounts merge, and what was paid and said under the account before.

use lifeline_core::accounts::account::Account;
use lifeline_core::bindings::binding::{Binding, Label};
use lifeline_core::bindings::grant::{Grant, GrantState};
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::page::Page;
use lifeline_core::store::StoreError;

use crate::bench::{Bench, at};
use crate::bindings::{HOME, account, found, li, link, linked, number};
use crate::contracts;
use crate::grants;
use crate::payment_fixtures;

contracts! { "following":
    a_link_is_handed_over_whole => ["BindingStore::hand_over"];
    what_is_handed_over_is_sealed_for_its_new_account => ["BindingStore::hand_over"];
    a_home_the_other_account_has_is_refused => ["BindingStore::hand_over"];
    a_stale_link_is_not_handed_over => ["BindingStore::hand_over"];
    what_a_folded_link_granted_is_the_others => ["BindingStore::fold"];
    a_bar_stands_for_the_account_that_took_over => ["BindingStore::is_barred"];
    payments_of_a_folded_link_show_with_the_other => ["BindingStore::fold", "PaymentReads::list",
        "PaymentReads::find_own"];
}

async fn hand_over(t: &Bench, binding: &Binding, into: &AccountId) -> Result<(), StoreError> {
    t.write(async |tx| tx.bindings().hand_over(binding, into).await)
        .await
}

async fn a_link_is_handed_over_whole(t: Bench) {
    let theirs = linked(&t, "a", HOME, &li()).await;
    let named = Binding {
        label: Some(Label::parse("爸妈家").unwrap()),
        ..theirs
    };
    t.write(async |tx| tx.bindings().save_label(&named).await)
        .await
        .unwrap();
    let named = Binding {
        version: 2,
        ..named
    };
    let into = account(&t, "b").await;
    hand_over(&t, &named, &into).await.unwrap();
    assert_eq!(found(&t, &named).await, None, "the first has it no more");
    let ours = Binding {
        account_id: into,
        version: 3,
        ..named
    };
    assert_eq!(found(&t, &ours).await.map(|l| l.binding), Some(ours));
}

async fn what_is_handed_over_is_sealed_for_its_new_account(t: Bench) {
    let theirs = linked(&t, "a", HOME, &li()).await;
    let into = account(&t, "b").await;
    let sealed = "SELECT consumer_no || ' ' || signboard FROM binding";
    let before = t.text(sealed).await;
    hand_over(&t, &theirs, &into).await.unwrap();
    let after = t.text(sealed).await;
    let keys = |text: &str| -> Vec<String> {
        let kid = |part: &str| part.split(':').nth(1).unwrap_or_default().to_owned();
        text.split(' ').map(kid).collect()
    };
    let (before, after) = (keys(&before), keys(&after));
    assert!(before.iter().zip(&after).all(|(old, new)| old != new));
    assert!(after.iter().all(|kid| !kid.is_empty()));
}

async fn a_home_the_other_account_has_is_refused(t: Bench) {
    let theirs = linked(&t, "a", HOME, &li()).await;
    let ours = linked(&t, "b", HOME, &li()).await;
    let refused = hand_over(&t, &theirs, &ours.account_id).await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate(_))),
        "{refused:?}"
    );
}

async fn a_stale_link_is_not_handed_over(t: Bench) {
    let theirs = linked(&t, "a", HOME, &li()).await;
    let into = account(&t, "b").await;
    let stale = Binding {
        version: 7,
        ..theirs
    };
    let refused = hand_over(&t, &stale, &into).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    let never = link(&t, &into, HOME);
    let absent = hand_over(&t, &never, &into).await;
    assert!(matches!(absent, Err(StoreError::Conflict)), "{absent:?}");
}

async fn what_a_folded_link_granted_is_the_others(t: Bench) {
    let guest = account(&t, "guest").await;
    let (theirs, grant) = grants::accepted(&t, &guest).await;
    let ours = linked(&t, "b", HOME, &li()).await;
    let over = grants::offer(&t, &theirs);
    grants::put(&t, HOME, &over, "over").await.unwrap();
    let over = Grant {
        state: GrantState::Ended,
        ..over
    };
    grants::save(&t, &over).await.unwrap();
    t.write(async |tx| {
        tx.bindings()
            .fold(&theirs.binding_id, &ours.binding_id)
            .await
    })
    .await
    .unwrap();
    let (left, moved) = t
        .write(async |tx| {
            let left = tx.bindings().granted_by(&theirs.binding_id).await?;
            Ok((left, tx.bindings().granted_by(&ours.binding_id).await?))
        })
        .await
        .unwrap();
    assert_eq!(left, []);
    let expected = Grant {
        holder: ours.account_id,
        holder_binding: ours.binding_id,
        version: grant.version + 1,
        ..grant
    };
    assert_eq!(moved, [expected], "what was over stays where it was");
}

async fn a_bar_stands_for_the_account_that_took_over(t: Bench) {
    let theirs = linked(&t, "a", HOME, &li()).await;
    let (into, stranger) = (account(&t, "b").await, account(&t, "c").await);
    let is_barred = async |who: &AccountId, version: i64| {
        let home = number(HOME);
        t.write(async |tx| tx.bindings().is_barred(who, &home, version).await)
            .await
            .unwrap()
    };
    t.write(async |tx| tx.bindings().end(&theirs, Some(3), at(1)).await)
        .await
        .unwrap();
    assert!(is_barred(&theirs.account_id, 3).await);
    assert!(!is_barred(&into, 3).await);
    let taken = Account {
        merged: Some((into.clone(), at(2))),
        ..reread(&t, &theirs.account_id).await
    };
    t.write(async |tx| tx.accounts().save(&taken).await)
        .await
        .unwrap();
    assert!(is_barred(&into, 3).await);
    assert!(!is_barred(&into, 4).await, "another holder barred nobody");
    assert!(!is_barred(&stranger, 3).await);
}

async fn payments_of_a_folded_link_show_with_the_other(t: Bench) {
    let theirs = linked(&t, "a", HOME, &li()).await;
    let ours = linked(&t, "b", HOME, &li()).await;
    let stranger = account(&t, "c").await;
    let mut order = payment_fixtures::order(&t);
    order.payment.account_id = theirs.account_id.clone();
    order.payment.binding_id = theirs.binding_id.clone();
    for share in &mut order.payment.shares {
        share.binding_id = theirs.binding_id.clone();
    }
    let id = &order.payment.payment_id;
    payment_fixtures::add(&t, &order).await;
    let page = Page::new(None, None).unwrap();
    let seen = async |account: &AccountId| {
        let mut view = t.view().await;
        let reads = view.payments();
        let list = reads.list(account, &ours.binding_id, &page).await.unwrap();
        let own = reads.find_own(account, id).await.unwrap();
        (list.len(), own.is_some())
    };
    assert_eq!(seen(&ours.account_id).await, (0, false));
    let taken = Account {
        merged: Some((ours.account_id.clone(), at(1))),
        ..reread(&t, &theirs.account_id).await
    };
    t.write(async |tx| {
        tx.bindings()
            .fold(&theirs.binding_id, &ours.binding_id)
            .await?;
        tx.accounts().save(&taken).await
    })
    .await
    .unwrap();
    assert_eq!(seen(&ours.account_id).await, (1, true));
    assert_eq!(seen(&stranger).await, (0, false));
}

async fn reread(t: &Bench, account: &AccountId) -> Account {
    let mut view = t.view().await;
    view.accounts().find(account).await.unwrap().unwrap()
}
