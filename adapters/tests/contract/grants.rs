//! Sharing of homes: invitations, what came of them, and the links that rest on them.

use lifeline_core::accounts::secret::Secret;
use lifeline_core::bindings::binding::{Binding, Granted};
use lifeline_core::bindings::grant::{Grant, GrantState, Scope};
use lifeline_core::bindings::role::Role;
use lifeline_core::shared::ids::{AccountId, BindingId, GrantId};
use lifeline_core::shared::page::Page;
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::bench::{Bench, at};
use crate::bindings::{HOME, account, found, li, link, linked, number, touch};
use crate::contracts;

contracts! { "grants":
    an_invitation_is_found_by_its_token_and_its_id => ["GrantStore::add_grant", "GrantReads::invitation",
        "GrantStore::grant"];
    absent_is_none => ["GrantReads::invitation", "GrantStore::grant", "GrantReads::link_with",
        "GrantReads::invitations", "GrantReads::others", "GrantReads::over", "GrantReads::unlooked",
        "GrantStore::granted_by", "GrantStore::count_grants"];
    a_token_is_told_once_and_not_readable_at_rest => ["GrantStore::add_grant"];
    an_acceptance_is_kept_and_stale_versions_conflict => ["GrantStore::save_grant"];
    one_of_many_accepts => ["GrantStore::save_grant"];
    a_dropped_unit_grants_nothing => ["GrantStore::add_grant", "GrantStore::save_grant"];
    a_link_shows_the_grant_it_rests_on => ["GrantReads::link_with", "BindingStore::add", "BindingStore::save"];
    a_link_without_any_ground_is_refused => ["BindingStore::add", "BindingStore::save"];
    open_invitations_and_places_are_counted_by_home => ["GrantReads::invitations", "GrantStore::count_grants"];
    what_a_link_granted_is_found_until_it_is_ended => ["GrantStore::granted_by"];
    others_are_all_but_oneself_and_not_over => ["GrantReads::others", "BindingReads::list"];
    what_is_over_is_found_the_longest_over_first => ["GrantReads::over"];
    an_older_holders_grants_end_together => ["GrantStore::end_outdated"];
    unaccepted_invitations_end => ["GrantStore::end_unaccepted"];
    homes_nobody_looked_at_are_found_once_each => ["GrantReads::unlooked"];
}

fn secret(text: &str) -> Secret {
    Secret::new(text.into())
}

/// What the holder of `link` offers: open until second 100, over at second 1,000.
fn offer(t: &Bench, link: &Binding) -> Grant {
    Grant {
        grant_id: t.id(),
        holder: link.account_id.clone(),
        holder_binding: link.binding_id.clone(),
        scope: Scope::Authorised,
        holder_version: link.holder_version,
        state: GrantState::Open,
        open_until: at(100),
        ends_at: at(1_000),
        accepted_by: None,
        created_at: at(0),
        accepted_at: None,
        version: 1,
    }
}

async fn put(t: &Bench, home: &str, grant: &Grant, token: &str) -> Result<(), StoreError> {
    t.write(async |tx| {
        tx.bindings()
            .add_grant(&number(home), grant, &secret(token))
            .await
    })
    .await
}

async fn save(t: &Bench, grant: &Grant) -> Result<(), StoreError> {
    t.write(async |tx| tx.bindings().save_grant(grant, at(9)).await)
        .await
}

async fn by_token(t: &Bench, token: &str) -> Option<Grant> {
    t.view()
        .await
        .bindings()
        .invitation(&secret(token))
        .await
        .unwrap()
}

async fn by_id(t: &Bench, home: &str, id: &GrantId) -> Option<Grant> {
    t.write(async |tx| tx.bindings().grant(&number(home), id).await)
        .await
        .unwrap()
}

/// A holder's link, and what they granted, as it was accepted by `guest`.
async fn accepted(t: &Bench, guest: &AccountId) -> (Binding, Grant) {
    let holder = linked(t, "holder", HOME, &li()).await;
    let grant = offer(t, &holder);
    put(t, HOME, &grant, "token").await.unwrap();
    let taken = Grant {
        state: GrantState::Accepted,
        accepted_by: Some(guest.clone()),
        accepted_at: Some(at(9)),
        ..grant
    };
    save(t, &taken).await.unwrap();
    let taken = Grant {
        version: 2,
        ..taken
    };
    (holder, taken)
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

async fn an_invitation_is_found_by_its_token_and_its_id(t: Bench) {
    let holder = linked(&t, "holder", HOME, &li()).await;
    let grant = offer(&t, &holder);
    put(&t, HOME, &grant, "token").await.unwrap();
    assert_eq!(by_token(&t, "token").await.as_ref(), Some(&grant));
    assert_eq!(
        by_id(&t, HOME, &grant.grant_id).await.as_ref(),
        Some(&grant)
    );
    assert_eq!(by_token(&t, "another").await, None);
    let elsewhere = by_id(&t, "1504010020025", &grant.grant_id).await;
    assert_eq!(elsewhere, None, "a grant is of one home");
}

async fn absent_is_none(t: Bench) {
    let nobody = account(&t, "nobody").await;
    let (id, unlinked): (GrantId, BindingId) = (t.id(), t.id());
    let page = Page::new(None, None).unwrap();
    assert_eq!(by_token(&t, "token").await, None);
    assert_eq!(by_id(&t, HOME, &id).await, None);
    let (granted, places) = t
        .write(async |tx| {
            let granted = tx.bindings().granted_by(&unlinked).await?;
            let places = tx.bindings().count_grants(&number(HOME), at(0)).await?;
            Ok((granted, places))
        })
        .await
        .unwrap();
    assert!(granted.is_empty() && places == 0);
    let mut view = t.view().await;
    let reads = view.bindings();
    assert_eq!(reads.link_with(&id).await.unwrap(), None);
    let home = number(HOME);
    assert!(reads.invitations(&home, at(0)).await.unwrap().is_empty());
    let others = reads.others(&nobody, &home, &page, at(0)).await.unwrap();
    assert!(others.is_empty());
    assert!(reads.over(at(9_999), 10).await.unwrap().is_empty());
    assert!(reads.unlooked(at(9_999), 10).await.unwrap().is_empty());
}

async fn a_token_is_told_once_and_not_readable_at_rest(t: Bench) {
    let holder = linked(&t, "holder", HOME, &li()).await;
    let grant = offer(&t, &holder);
    put(&t, HOME, &grant, "canary-token").await.unwrap();
    let stored = t.text("SELECT token_digest FROM binding_grant").await;
    assert!(!stored.contains("canary"), "the token is readable at rest");
    let twin = offer(&t, &holder);
    let twice = put(&t, HOME, &twin, "canary-token").await;
    assert!(matches!(&twice, Err(StoreError::Duplicate(_))), "{twice:?}");
}

async fn an_acceptance_is_kept_and_stale_versions_conflict(t: Bench) {
    let guest = account(&t, "guest").await;
    let (_, taken) = accepted(&t, &guest).await;
    assert_eq!(by_token(&t, "token").await.as_ref(), Some(&taken));
    let stale = Grant {
        version: 1,
        ..taken.clone()
    };
    assert!(matches!(save(&t, &stale).await, Err(StoreError::Conflict)));
    let ended = Grant {
        state: GrantState::Ended,
        ..taken
    };
    save(&t, &ended).await.unwrap();
    let found = by_token(&t, "token").await.unwrap();
    assert_eq!((found.state, found.version), (GrantState::Ended, 3));
    assert_eq!(found.accepted_by, Some(guest), "who it was is kept");
}

async fn one_of_many_accepts(t: Bench) {
    let holder = linked(&t, "holder", HOME, &li()).await;
    let grant = offer(&t, &holder);
    put(&t, HOME, &grant, "token").await.unwrap();
    let mut guests = JoinSet::new();
    for n in 0..12 {
        let taken = Grant {
            state: GrantState::Accepted,
            accepted_by: Some(account(&t, &format!("guest-{n}")).await),
            accepted_at: Some(at(9)),
            ..grant.clone()
        };
        let t = t.clone();
        guests.spawn(async move { save(&t, &taken).await.is_ok() });
    }
    let won = guests.join_all().await.into_iter().filter(|won| *won);
    assert_eq!(won.count(), 1);
}

async fn a_dropped_unit_grants_nothing(t: Bench) {
    let holder = linked(&t, "holder", HOME, &li()).await;
    let (kept, dropped) = (offer(&t, &holder), offer(&t, &holder));
    put(&t, HOME, &kept, "kept").await.unwrap();
    let ended = Grant {
        state: GrantState::Ended,
        ..kept.clone()
    };
    t.write_and_drop(async |tx| {
        tx.bindings()
            .add_grant(&number(HOME), &dropped, &secret("dropped"))
            .await?;
        tx.bindings().save_grant(&ended, at(9)).await
    })
    .await;
    assert_eq!(by_token(&t, "dropped").await, None);
    assert_eq!(by_token(&t, "kept").await, Some(kept));
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

async fn open_invitations_and_places_are_counted_by_home(t: Bench) {
    let guest = account(&t, "guest").await;
    let (holder, _) = accepted(&t, &guest).await;
    let waiting = offer(&t, &holder);
    put(&t, HOME, &waiting, "waiting").await.unwrap();
    let elsewhere = linked(&t, "other", "1504010020025", &li()).await;
    let other = offer(&t, &elsewhere);
    put(&t, "1504010020025", &other, "other").await.unwrap();
    let places = async |now| {
        t.write(async |tx| tx.bindings().count_grants(&number(HOME), now).await)
            .await
            .unwrap()
    };
    let open = async |now| {
        let mut view = t.view().await;
        let open = view.bindings().invitations(&number(HOME), now).await;
        open.unwrap()
    };
    assert_eq!(open(at(99)).await, std::slice::from_ref(&waiting));
    assert!(open(at(100)).await.is_empty());
    assert_eq!(places(at(99)).await, 2);
    assert_eq!(places(at(100)).await, 1, "too late to be accepted");
    assert_eq!(places(at(999)).await, 1);
    assert_eq!(places(at(1_000)).await, 0, "over");
    let ended = Grant {
        state: GrantState::Ended,
        ..waiting
    };
    save(&t, &ended).await.unwrap();
    assert_eq!(places(at(0)).await, 1);
}

async fn what_a_link_granted_is_found_until_it_is_ended(t: Bench) {
    let guest = account(&t, "guest").await;
    let (holder, taken) = accepted(&t, &guest).await;
    let waiting = offer(&t, &holder);
    put(&t, HOME, &waiting, "waiting").await.unwrap();
    let granted = async || {
        let by = &holder.binding_id;
        t.write(async |tx| tx.bindings().granted_by(by).await)
            .await
            .unwrap()
    };
    assert_eq!(granted().await, [taken, waiting.clone()]);
    let ended = Grant {
        state: GrantState::Ended,
        ..waiting
    };
    save(&t, &ended).await.unwrap();
    assert_eq!(granted().await.len(), 1);
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
    assert_eq!(over(at(2_000), 1).await, [first.binding_id.clone()]);
    t.write(async |tx| tx.bindings().end(&first, None, at(2_000)).await)
        .await
        .unwrap();
    assert_eq!(over(at(2_000), 10).await, [longest.binding_id]);
}

async fn an_older_holders_grants_end_together(t: Bench) {
    let guest = account(&t, "guest").await;
    let (holder, taken) = accepted(&t, &guest).await;
    let waiting = offer(&t, &holder);
    put(&t, HOME, &waiting, "waiting").await.unwrap();
    let newer = Grant {
        holder_version: 4,
        ..offer(&t, &holder)
    };
    put(&t, HOME, &newer, "newer").await.unwrap();
    let end = async || {
        t.write(async |tx| tx.bindings().end_outdated(&number(HOME), 4, at(50)).await)
            .await
            .unwrap()
    };
    assert_eq!(end().await, 2);
    assert_eq!(end().await, 0, "once");
    for (grant, state) in [
        (&taken, GrantState::Ended),
        (&waiting, GrantState::Ended),
        (&newer, GrantState::Open),
    ] {
        let found = by_id(&t, HOME, &grant.grant_id).await.unwrap();
        assert_eq!(found.state, state);
    }
}

async fn unaccepted_invitations_end(t: Bench) {
    let guest = account(&t, "guest").await;
    let (holder, taken) = accepted(&t, &guest).await;
    let waiting = offer(&t, &holder);
    put(&t, HOME, &waiting, "waiting").await.unwrap();
    let end = async |now| {
        t.write(async |tx| tx.bindings().end_unaccepted(now).await)
            .await
            .unwrap()
    };
    assert_eq!(end(at(99)).await, 0);
    assert_eq!(end(at(100)).await, 1);
    let state = async |grant: &Grant| by_id(&t, HOME, &grant.grant_id).await.unwrap().state;
    assert_eq!(state(&waiting).await, GrantState::Ended);
    assert_eq!(state(&taken).await, GrantState::Accepted);
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
    let unlooked = async |before| {
        let mut view = t.view().await;
        let rows = view.bindings().unlooked(before, 10).await.unwrap();
        rows.into_iter()
            .map(|linked| linked.binding.binding_id)
            .collect::<Vec<_>>()
    };
    assert!(unlooked(at(-1)).await.is_empty());
    assert_eq!(
        unlooked(at(0)).await,
        [first.binding_id],
        "once for the home, and not where people only pay"
    );
}
