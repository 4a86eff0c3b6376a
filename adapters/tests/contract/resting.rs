//! Links that rest on what a holder granted, and what readers find of them.

use lifeline_core::bindings::binding::{Binding, Granted};
use lifeline_core::bindings::grant::{Grant, GrantState, Scope};
use lifeline_core::bindings::role::Role;
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::page::Page;
use lifeline_core::store::StoreError;

use crate::bench::{Bench, at};
use crate::bindings::{HOME, account, found, li, link, linked, number, touch};
use crate::contracts;
use crate::grants::{accepted, offer, put, save};

contracts! { "resting":
    a_link_shows_the_grant_it_rests_on => ["GrantReads::link_with", "BindingStore::add", "BindingStore::save"];
    a_link_without_any_ground_is_refused => ["BindingStore::add", "BindingStore::save"];
    others_are_all_but_oneself_and_not_over => ["GrantReads::others", "BindingReads::list"];
    what_is_over_is_found_the_longest_over_first => ["GrantReads::over"];
    homes_nobody_looked_at_are_found_once_each => ["GrantStore::take_unlooked", "GrantReads::any_link"];
}

/// A link that rests on a grant alone.
fn resting(t: &Bench, guest: &AccountId, grant: &Grant) -> Binding {
    Binding {
        role: Role::PayerOnly,
        shown: false,
        grant_id: Some(grant.grant_id.clone()),
        ..link(t, guest, HOME)
    }
}

async fn rest(t: &Bench, binding: &Binding) -> Result<(), StoreError> {
    t.write(async |tx| tx.bindings().add(binding, None).await)
        .await
}

async fn a_link_shows_the_grant_it_rests_on(t: Bench) {
    let guest = account(&t, "guest").await;
    let (holder, grant) = accepted(&t, &guest).await;
    assert_eq!(found(&t, &holder).await.unwrap().granted, None);
    let binding = resting(&t, &guest, &grant);
    rest(&t, &binding).await.unwrap();
    let linked = found(&t, &binding).await.unwrap();
    let granted = Granted {
        scope: Scope::Authorised,
        holder_version: 3,
        stands: true,
        ends_at: at(1_000),
    };
    assert_eq!(
        (&linked.binding, linked.granted.as_ref()),
        (&binding, Some(&granted))
    );
    let mut view = t.view().await;
    let by_grant = view.bindings().link_with(&grant.grant_id).await.unwrap();
    assert_eq!(by_grant.as_ref(), Some(&linked));
    drop(view);
    let ended = Grant {
        state: GrantState::Ended,
        ..grant.clone()
    };
    save(&t, &ended).await.unwrap();
    let after = found(&t, &binding).await.unwrap().granted.unwrap();
    assert!(!after.stands, "an ended grant is seen to be ended");
    let shown = Binding {
        shown: true,
        grant_id: None,
        ..binding.clone()
    };
    t.write(async |tx| tx.bindings().save(&shown, None).await)
        .await
        .unwrap();
    let kept = found(&t, &binding).await.unwrap();
    assert_eq!(kept.granted, None);
    assert!(kept.binding.shown && kept.binding.grant_id.is_none());
}

async fn a_link_without_any_ground_is_refused(t: Bench) {
    let guest = account(&t, "guest").await;
    let (_, grant) = accepted(&t, &guest).await;
    let groundless = Binding {
        grant_id: None,
        ..resting(&t, &guest, &grant)
    };
    let refused = rest(&t, &groundless).await;
    assert!(
        matches!(refused, Err(StoreError::Refused(_))),
        "{refused:?}"
    );
    let binding = resting(&t, &guest, &grant);
    rest(&t, &binding).await.unwrap();
    let stripped = Binding {
        grant_id: None,
        ..binding
    };
    let refused = t
        .write(async |tx| tx.bindings().save(&stripped, None).await)
        .await;
    assert!(
        matches!(refused, Err(StoreError::Refused(_))),
        "{refused:?}"
    );
}

async fn others_are_all_but_oneself_and_not_over(t: Bench) {
    let guest = account(&t, "guest").await;
    let (holder, grant) = accepted(&t, &guest).await;
    let let_in = resting(&t, &guest, &grant);
    rest(&t, &let_in).await.unwrap();
    let payer = account(&t, "payer").await;
    let payer = Binding {
        role: Role::PayerOnly,
        ..link(&t, &payer, HOME)
    };
    rest(&t, &payer).await.unwrap();
    linked(&t, "elsewhere", "1504010020025", &li()).await;
    let others = async |who: &Binding, limit, after: Option<&Binding>, now| {
        let after = after.map(|link| link.binding_id.to_string());
        let page = Page::new(Some(limit), after).unwrap();
        let mut view = t.view().await;
        let rows = view
            .bindings()
            .others(&who.account_id, &number(HOME), &page, now)
            .await
            .unwrap();
        rows.into_iter()
            .map(|linked| linked.binding.binding_id)
            .collect::<Vec<_>>()
    };
    let id = |link: &Binding| link.binding_id.clone();
    assert_eq!(
        others(&holder, 1, None, at(999)).await,
        [id(&let_in), id(&payer)],
        "one more than the page, so that it can be cut"
    );
    assert_eq!(
        others(&holder, 5, Some(&let_in), at(999)).await,
        [id(&payer)]
    );
    assert_eq!(others(&holder, 5, None, at(1_000)).await, [id(&payer)]);
    assert_eq!(
        others(&payer, 5, None, at(999)).await,
        [id(&holder), id(&let_in)]
    );
    let own = async |now| {
        let page = Page::new(None, None).unwrap();
        let mut view = t.view().await;
        view.bindings()
            .list(&guest, &page, now)
            .await
            .unwrap()
            .len()
    };
    assert_eq!((own(at(999)).await, own(at(1_000)).await), (1, 0));
}

async fn what_is_over_is_found_the_longest_over_first(t: Bench) {
    let guest = account(&t, "guest").await;
    let (holder, grant) = accepted(&t, &guest).await;
    let first = resting(&t, &guest, &grant);
    rest(&t, &first).await.unwrap();
    let second = account(&t, "second").await;
    let longer = Grant {
        ends_at: at(2_000),
        accepted_by: Some(second.clone()),
        ..offer(&t, &holder)
    };
    put(&t, HOME, &longer, "longer").await.unwrap();
    let longest = resting(&t, &second, &longer);
    rest(&t, &longest).await.unwrap();
    let over = async |now, most| {
        let mut view = t.view().await;
        let rows = view.bindings().over(now, most).await.unwrap();
        rows.into_iter()
            .map(|linked| linked.binding.binding_id)
            .collect::<Vec<_>>()
    };
    assert!(over(at(999), 10).await.is_empty());
    assert_eq!(
        over(at(1_000), 10).await,
        std::slice::from_ref(&first.binding_id)
    );
    assert_eq!(
        over(at(2_000), 10).await,
        [first.binding_id.clone(), longest.binding_id.clone()]
    );
    assert_eq!(
        over(at(2_000), 1).await,
        std::slice::from_ref(&first.binding_id)
    );
    t.write(async |tx| tx.bindings().end(&first, None, at(2_000)).await)
        .await
        .unwrap();
    assert_eq!(over(at(2_000), 10).await, [longest.binding_id]);
}

async fn homes_nobody_looked_at_are_found_once_each(t: Bench) {
    let first = linked(&t, "a", HOME, &li()).await;
    linked(&t, "b", HOME, &li()).await;
    let payer = account(&t, "c").await;
    let payer = Binding {
        role: Role::PayerOnly,
        ..link(&t, &payer, "1504010020025")
    };
    t.write(async |tx| {
        touch(tx, &payer.consumer_no, 3).await?;
        tx.bindings().add(&payer, None).await
    })
    .await
    .unwrap();
    let take = async |before, now, most| {
        let taken = t.write(async |tx| tx.bindings().take_unlooked(before, now, most).await);
        taken.await.unwrap()
    };
    assert!(take(at(-1), at(5), 10).await.is_empty());
    let mut taken = take(at(0), at(5), 1).await;
    taken.extend(take(at(0), at(5), 1).await);
    assert!(
        take(at(0), at(5), 10).await.is_empty(),
        "each has had its turn"
    );
    taken.sort();
    assert_eq!(
        taken,
        [None, Some(first.binding_id.clone())],
        "once for the home, and not where people only pay"
    );
    let mut view = t.view().await;
    let by_id = view.bindings().any_link(&first.binding_id).await.unwrap();
    assert_eq!(by_id.unwrap().binding, first);
    drop(view);
    // Whoever asks the archive has looked as well.
    t.write(async |tx| {
        tx.bindings()
            .take_look(&first.consumer_no, at(0), at(9))
            .await
    })
    .await
    .unwrap();
    assert_eq!(take(at(8), at(10), 10).await, [None]);
    t.write(async |tx| touch(tx, &first.consumer_no, 3).await.map(drop))
        .await
        .unwrap();
    assert_eq!(take(at(0), at(10), 10).await, [Some(first.binding_id)]);
}
