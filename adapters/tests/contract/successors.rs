//! A session's next id: the successor takes its place, once.

use lifeline_core::accounts::session::Session;
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::bench::{Bench, at};
use crate::contracts;
use crate::sessions::{found, open, refresh, secret, session, spend, spent, token, with_token};

contracts! { "successors":
    a_successor_takes_browser_and_tokens => ["SessionStore::succeed_session"];
    a_session_is_left_once => ["SessionStore::succeed_session"];
    dropped_unit_leaves_no_session => ["SessionStore::succeed_session"];
    a_family_is_every_id_a_device_has_had => ["SessionStore::family"];
}

/// A session and the one that follows it.
fn step(t: &Bench, session: &Session) -> (Session, Session) {
    let left = Session {
        left_at: Some(at(7)),
        ..session.clone()
    };
    let successor = Session {
        session_id: t.id(),
        ..session.clone()
    };
    (left, successor)
}

async fn succeed(t: &Bench, left: &Session, successor: &Session) -> Result<(), StoreError> {
    t.write(async |tx| tx.accounts().succeed_session(left, successor).await)
        .await
}

async fn a_successor_takes_browser_and_tokens(t: Bench) {
    let session = session(&t, "a").await;
    open(&t, &session, Some(&secret("browser"))).await;
    for text in ["first", "second"] {
        t.write(async |tx| {
            tx.accounts()
                .add_refresh(&secret(text), &refresh(&session))
                .await
        })
        .await
        .unwrap();
    }
    assert!(spend(&t, "first", 3).await);
    let (left, successor) = step(&t, &session);
    succeed(&t, &left, &successor).await.unwrap();
    let after = Session { version: 2, ..left };
    assert_eq!(found(&t, &session.session_id).await, Some(after));
    let by_browser = t
        .view()
        .await
        .accounts()
        .session_of_browser(&secret("browser"))
        .await
        .unwrap();
    assert_eq!(by_browser, Some(successor.clone()));
    for text in ["first", "second"] {
        let moved = token(&t, text).await.unwrap();
        assert_eq!(moved.session_id, successor.session_id, "{text}");
    }
    let spent_before = token(&t, "first").await.unwrap().spent;
    assert_eq!(spent_before, Some(spent(3)), "its successor still opens");
}

async fn a_session_is_left_once(t: Bench) {
    let session = with_token(&t).await;
    let mut followers = JoinSet::new();
    for _ in 0..8 {
        let t = t.clone();
        let (left, successor) = step(&t, &session);
        followers.spawn(async move { succeed(&t, &left, &successor).await.is_ok() });
    }
    let won = followers.join_all().await;
    assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
    let (stale, successor) = step(&t, &session);
    let refused = succeed(&t, &stale, &successor).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    let left = found(&t, &session.session_id).await.unwrap();
    let again = succeed(&t, &left, &step(&t, &left).1).await;
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
}

async fn dropped_unit_leaves_no_session(t: Bench) {
    let session = with_token(&t).await;
    let (left, successor) = step(&t, &session);
    t.write_and_drop(async |tx| tx.accounts().succeed_session(&left, &successor).await)
        .await;
    assert_eq!(found(&t, &successor.session_id).await, None);
    assert_eq!(found(&t, &session.session_id).await, Some(session.clone()));
    assert_eq!(token(&t, "first").await, Some(refresh(&session)));
}

async fn a_family_is_every_id_a_device_has_had(t: Bench) {
    let first = with_token(&t).await;
    let (left, successor) = step(&t, &first);
    succeed(&t, &left, &successor).await.unwrap();
    let family = async |account, family_id| {
        t.write(async |tx| tx.accounts().family(account, family_id).await)
            .await
            .unwrap()
    };
    let ids: Vec<_> = family(&first.account_id, &first.family_id)
        .await
        .into_iter()
        .map(|session| session.session_id)
        .collect();
    assert_eq!(
        ids,
        [first.session_id.clone(), successor.session_id.clone()]
    );
    let (nobody, nowhere) = (t.id(), t.id());
    assert!(family(&first.account_id, &nowhere).await.is_empty());
    assert!(family(&nobody, &first.family_id).await.is_empty());
}
