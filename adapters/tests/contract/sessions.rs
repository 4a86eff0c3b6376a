//! Sessions, refresh tokens, begun browser sign-ins.

use lifeline_core::accounts::Terminal;
use lifeline_core::accounts::secret::Secret;
use lifeline_core::accounts::session::{
    Client, Device, EndedSession, Ending, RefreshToken, Session, Spent,
};
use lifeline_core::shared::ids::SessionId;
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::accounts::{add, bare};
use crate::bench::{Bench, at};
use crate::contracts;

contracts! { "sessions":
    round_trip => ["SessionStore::add_session", "AccountReads::find_session"];
    absent_is_none => ["AccountReads::find_session", "AccountReads::session_of_browser", "AccountReads::sessions",
        "AccountReads::ended_since", "SessionStore::find_refresh"];
    found_by_its_browser_only => ["AccountReads::session_of_browser"];
    an_accounts_live_sessions_newest_first => ["AccountReads::sessions"];
    save_moves_and_ends => ["SessionStore::save_session", "AccountReads::ended_since"];
    ec_14_a_session_keeps_the_kind_of_terminal_it_began_at => ["SessionStore::set_terminal", "AccountReads::terminal"];
    stale_version_conflicts => ["SessionStore::save_session"];
    ended_ones_oldest_first_up_to_the_limit => ["AccountReads::ended_since"];
    refresh_round_trip => ["SessionStore::add_refresh", "SessionStore::find_refresh"];
    a_token_is_spent_once => ["SessionStore::spend_refresh"];
    one_of_many_spends => ["SessionStore::spend_refresh"];
    dropped_unit_spends_nothing => ["SessionStore::spend_refresh"];
    tokens_are_digests_at_rest => ["SessionStore::add_refresh", "SessionStore::add_oauth_start"];
    a_begun_sign_in_is_used_once_by_its_pair_in_time => ["SessionStore::add_oauth_start", "SessionStore::spend_oauth_start"];
    one_of_many_uses_a_begun_sign_in => ["SessionStore::spend_oauth_start"];
    purge_wipes_successors_and_drops_the_dead => ["SessionStore::purge_sessions"];
}

pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(text.into())
}

pub(crate) async fn session(t: &Bench, open_id: &str) -> Session {
    let account = bare(t, open_id);
    add(t, &account).await;
    let session_id: SessionId = t.id();
    Session {
        family_id: session_id.clone(),
        session_id,
        entered_as: account.account_id.clone(),
        account_id: account.account_id,
        client: Client::H5,
        created_at: at(0),
        last_seen_at: at(0),
        expires_at: at(1_000),
        left_at: None,
        ended: None,
        version: 1,
    }
}

pub(crate) async fn open(t: &Bench, session: &Session, browser: Option<&Secret>) {
    t.write(async |tx| tx.accounts().add_session(session, browser).await)
        .await
        .unwrap();
}

async fn save(t: &Bench, session: &Session) -> Result<(), StoreError> {
    t.write(async |tx| tx.accounts().save_session(session).await)
        .await
}

pub(crate) async fn found(t: &Bench, id: &SessionId) -> Option<Session> {
    t.view().await.accounts().find_session(id).await.unwrap()
}

async fn round_trip(t: Bench) {
    let session = session(&t, "a").await;
    open(&t, &session, None).await;
    let other = Session {
        session_id: t.id(),
        client: Client::Mini,
        ..session.clone()
    };
    open(&t, &other, None).await;
    assert_eq!(found(&t, &session.session_id).await, Some(session));
    assert_eq!(found(&t, &other.session_id).await, Some(other));
}

async fn absent_is_none(t: Bench) {
    let nobody = t.id();
    let mut view = t.view().await;
    let reads = view.accounts();
    assert_eq!(reads.find_session(&nobody).await.unwrap(), None);
    assert_eq!(reads.session_of_browser(&secret("x")).await.unwrap(), None);
    assert!(reads.sessions(&t.id()).await.unwrap().is_empty());
    assert!(reads.ended_since(at(0), 10).await.unwrap().is_empty());
    drop(view);
    let refresh = t
        .write(async |tx| tx.accounts().find_refresh(&secret("x")).await)
        .await;
    assert_eq!(refresh.unwrap(), None);
}

async fn found_by_its_browser_only(t: Bench) {
    let session = session(&t, "a").await;
    open(&t, &session, Some(&secret("mine"))).await;
    let mut view = t.view().await;
    let mine = view
        .accounts()
        .session_of_browser(&secret("mine"))
        .await
        .unwrap();
    assert_eq!(mine, Some(session));
    assert_eq!(
        view.accounts()
            .session_of_browser(&secret("other"))
            .await
            .unwrap(),
        None
    );
}

async fn an_accounts_live_sessions_newest_first(t: Bench) {
    let old = session(&t, "a").await;
    let new = Session {
        session_id: t.id(),
        created_at: at(5),
        ..old.clone()
    };
    let over = Session {
        session_id: t.id(),
        ended: Some((at(6), Ending::SignedOut)),
        ..old.clone()
    };
    let foreign = session(&t, "b").await;
    for session in [&old, &new, &over, &foreign] {
        open(&t, session, None).await;
    }
    let seen = t
        .view()
        .await
        .accounts()
        .sessions(&old.account_id)
        .await
        .unwrap();
    assert_eq!(seen, [new, old]);
}

async fn save_moves_and_ends(t: Bench) {
    let session = session(&t, "a").await;
    open(&t, &session, None).await;
    let moved = Session {
        last_seen_at: at(7),
        ..session
    };
    save(&t, &moved).await.unwrap();
    let moved = Session {
        version: 2,
        ..moved
    };
    assert_eq!(found(&t, &moved.session_id).await, Some(moved.clone()));
    for (number, ending) in (2..).zip(Ending::ALL) {
        let ended = Session {
            ended: Some((at(number), ending)),
            version: number,
            ..moved.clone()
        };
        save(&t, &ended).await.unwrap();
        let kept = Session {
            version: number + 1,
            ..ended
        };
        assert_eq!(found(&t, &moved.session_id).await, Some(kept));
    }
    let last = 1 + i64::try_from(Ending::ALL.len()).unwrap();
    let told = t
        .view()
        .await
        .accounts()
        .ended_since(at(last), 10)
        .await
        .unwrap();
    assert_eq!(
        told,
        [EndedSession {
            session_id: moved.session_id,
            ended_at: at(last)
        }]
    );
}

async fn stale_version_conflicts(t: Bench) {
    let session = session(&t, "a").await;
    open(&t, &session, None).await;
    save(&t, &session).await.unwrap();
    assert!(matches!(
        save(&t, &session).await,
        Err(StoreError::Conflict)
    ));
    let nobody = Session {
        session_id: t.id(),
        ..session
    };
    assert!(matches!(save(&t, &nobody).await, Err(StoreError::Conflict)));
}

async fn ended_ones_oldest_first_up_to_the_limit(t: Bench) {
    let first = session(&t, "a").await;
    let mut ids = Vec::new();
    for second in 1..=4 {
        let over = Session {
            session_id: t.id(),
            ended: Some((at(second), Ending::SignedOut)),
            ..first.clone()
        };
        open(&t, &over, None).await;
        ids.push(over.session_id);
    }
    let mut view = t.view().await;
    let ended = view.accounts().ended_since(at(2), 2).await.unwrap();
    let told: Vec<_> = ended.into_iter().map(|ended| ended.session_id).collect();
    assert_eq!(told, ids[1..3]);
}

pub(crate) fn refresh(session: &Session) -> RefreshToken {
    RefreshToken {
        session_id: session.session_id.clone(),
        account_id: session.account_id.clone(),
        expires_at: at(500),
        spent: None,
    }
}

pub(crate) fn spent(second: i64) -> Spent {
    Spent {
        at: at(second),
        device: Device::of("phone"),
        successor: Some(secret("next")),
    }
}

/// A session with one refresh token, `first`.
pub(crate) async fn with_token(t: &Bench) -> Session {
    let session = session(t, "a").await;
    open(t, &session, None).await;
    t.write(async |tx| {
        tx.accounts()
            .add_refresh(&secret("first"), &refresh(&session))
            .await
    })
    .await
    .unwrap();
    session
}

pub(crate) async fn token(t: &Bench, text: &str) -> Option<RefreshToken> {
    t.write(async |tx| tx.accounts().find_refresh(&secret(text)).await)
        .await
        .unwrap()
}

pub(crate) async fn spend(t: &Bench, text: &str, second: i64) -> bool {
    t.write(async |tx| {
        tx.accounts()
            .spend_refresh(&secret(text), &spent(second))
            .await
    })
    .await
    .unwrap()
}

async fn refresh_round_trip(t: Bench) {
    let session = with_token(&t).await;
    assert_eq!(token(&t, "first").await, Some(refresh(&session)));
    assert_eq!(token(&t, "second").await, None);
    assert!(spend(&t, "first", 3).await);
    let used = RefreshToken {
        spent: Some(spent(3)),
        ..refresh(&session)
    };
    assert_eq!(token(&t, "first").await, Some(used));
}

async fn a_token_is_spent_once(t: Bench) {
    with_token(&t).await;
    assert!(!spend(&t, "unknown", 1).await);
    assert!(spend(&t, "first", 1).await);
    assert!(!spend(&t, "first", 2).await);
    assert_eq!(
        token(&t, "first").await.and_then(|t| t.spent),
        Some(spent(1))
    );
}

async fn one_of_many_spends(t: Bench) {
    with_token(&t).await;
    let mut spenders = JoinSet::new();
    for second in 0..16 {
        let t = t.clone();
        spenders.spawn(async move { spend(&t, "first", second).await });
    }
    let won = spenders
        .join_all()
        .await
        .into_iter()
        .filter(|won| *won)
        .count();
    assert_eq!(won, 1);
}

async fn dropped_unit_spends_nothing(t: Bench) {
    let session = with_token(&t).await;
    t.write_and_drop(async |tx| {
        assert!(
            tx.accounts()
                .spend_refresh(&secret("first"), &spent(1))
                .await?
        );
        Ok(())
    })
    .await;
    assert_eq!(token(&t, "first").await, Some(refresh(&session)));
}

async fn tokens_are_digests_at_rest(t: Bench) {
    with_token(&t).await;
    spend(&t, "first", 1).await;
    t.write(async |tx| {
        tx.accounts()
            .add_oauth_start(&secret("state"), &secret("cookie"), at(9))
            .await
    })
    .await
    .unwrap();
    for query in [
        "SELECT token_digest FROM refresh_token",
        "SELECT state_digest FROM oauth_start",
        "SELECT cookie_digest FROM oauth_start",
    ] {
        assert_eq!(t.text(query).await.len(), 64, "{query}");
    }
    assert!(
        t.text("SELECT successor FROM refresh_token")
            .await
            .starts_with("a1:")
    );
}

async fn start(t: &Bench, state: &str, cookie: &str) {
    t.write(async |tx| {
        tx.accounts()
            .add_oauth_start(&secret(state), &secret(cookie), at(300))
            .await
    })
    .await
    .unwrap();
}

async fn come_back(t: &Bench, state: &str, cookie: &str, second: i64) -> bool {
    t.write(async |tx| {
        tx.accounts()
            .spend_oauth_start(&secret(state), &secret(cookie), at(second))
            .await
    })
    .await
    .unwrap()
}

async fn a_begun_sign_in_is_used_once_by_its_pair_in_time(t: Bench) {
    start(&t, "s1", "c1").await;
    start(&t, "s2", "c2").await;
    assert!(!come_back(&t, "s1", "c2", 1).await);
    assert!(!come_back(&t, "s2", "c1", 1).await);
    assert!(!come_back(&t, "c1", "s1", 1).await);
    assert!(come_back(&t, "s1", "c1", 299).await);
    assert!(!come_back(&t, "s1", "c1", 299).await);
    assert!(!come_back(&t, "s2", "c2", 300).await);
}

async fn one_of_many_uses_a_begun_sign_in(t: Bench) {
    start(&t, "s1", "c1").await;
    let mut users = JoinSet::new();
    for _ in 0..16 {
        let t = t.clone();
        users.spawn(async move { come_back(&t, "s1", "c1", 1).await });
    }
    let won = users
        .join_all()
        .await
        .into_iter()
        .filter(|won| *won)
        .count();
    assert_eq!(won, 1);
}

async fn purge_wipes_successors_and_drops_the_dead(t: Bench) {
    let session = with_token(&t).await;
    spend(&t, "first", 1).await;
    start(&t, "s1", "c1").await;
    let purge = async |second| {
        t.write(async |tx| tx.accounts().purge_sessions(at(second)).await)
            .await
            .unwrap()
    };
    assert_eq!(purge(30).await, 0);
    assert_eq!(purge(31).await, 1);
    let wiped = token(&t, "first").await.and_then(|t| t.spent).unwrap();
    assert_eq!(
        wiped,
        Spent {
            successor: None,
            ..spent(1)
        }
    );
    assert_eq!(purge(300).await, 1, "the sign-in nobody came back from");
    assert_eq!(purge(1_000).await, 2, "the session and its token");
    assert_eq!(found(&t, &session.session_id).await, None);
}

async fn ec_14_a_session_keeps_the_kind_of_terminal_it_began_at(t: Bench) {
    let first = session(&t, "A").await;
    open(&t, &first, None).await;
    let (id, left) = (&first.session_id, first.clone());
    let kind = async || t.view().await.accounts().terminal(id).await.unwrap();
    assert_eq!(kind().await, None, "of a session from before it was noted");
    for terminal in Terminal::ALL {
        t.write(async |tx| tx.accounts().set_terminal(id, terminal).await)
            .await
            .unwrap();
        assert_eq!(kind().await, Some(terminal));
    }
    let next = Session {
        session_id: t.id(),
        ..first.clone()
    };
    let left = Session {
        left_at: Some(at(5)),
        ..left
    };
    t.write(async |tx| tx.accounts().succeed_session(&left, &next).await)
        .await
        .unwrap();
    let last = Some(Terminal::Program);
    assert_eq!(kind().await, last, "by its first id, whatever it has now");
}
