//! Sharing of homes: invitations, and what came of them.

use lifeline_core::accounts::secret::Secret;
use lifeline_core::bindings::binding::Binding;
use lifeline_core::bindings::grant::{Grant, GrantState, Scope};
use lifeline_core::shared::ids::{AccountId, BindingId, GrantId};
use lifeline_core::shared::page::Page;
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::bench::{Bench, at};
use crate::bindings::{HOME, account, li, linked, number};
use crate::contracts;

contracts! { "grants":
    an_invitation_is_found_by_its_token_and_its_id => ["GrantStore::add_grant", "GrantReads::invitation",
        "GrantStore::grant"];
    absent_is_none => ["GrantReads::invitation", "GrantStore::grant", "GrantReads::link_with",
        "GrantReads::invitations", "GrantReads::others", "GrantReads::over", "GrantReads::any_link",
        "GrantStore::granted_by", "GrantStore::count_grants"];
    a_token_is_told_once_and_not_readable_at_rest => ["GrantStore::add_grant"];
    an_acceptance_is_kept_and_stale_versions_conflict => ["GrantStore::save_grant"];
    one_of_many_accepts => ["GrantStore::save_grant"];
    a_dropped_unit_grants_nothing => ["GrantStore::add_grant", "GrantStore::save_grant"];
    open_invitations_and_places_are_counted_by_home => ["GrantReads::invitations", "GrantStore::count_grants"];
    what_a_link_granted_is_found_until_it_is_ended => ["GrantStore::granted_by"];
    an_older_holders_grants_end_together => ["GrantStore::end_outdated"];
    unaccepted_invitations_end => ["GrantStore::end_unaccepted"];
}

pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(text.into())
}

/// What the holder of `link` offers: open until second 100, over at second 1,000.
pub(crate) fn offer(t: &Bench, link: &Binding) -> Grant {
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

pub(crate) async fn put(
    t: &Bench,
    home: &str,
    grant: &Grant,
    token: &str,
) -> Result<(), StoreError> {
    t.write(async |tx| {
        tx.bindings()
            .add_grant(&number(home), grant, &secret(token))
            .await
    })
    .await
}

pub(crate) async fn save(t: &Bench, grant: &Grant) -> Result<(), StoreError> {
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
pub(crate) async fn accepted(t: &Bench, guest: &AccountId) -> (Binding, Grant) {
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
    assert_eq!(reads.any_link(&unlinked).await.unwrap(), None);
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
