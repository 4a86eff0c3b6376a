//! Refresh tokens, their theft, and the end of sessions.

use lifeline_core::accounts::terminal::DESK_LIFE_S;
use lifeline_core::accounts::{AccountError, Client, Door, SignedIn, Terminal, Visitor};

use crate::on_every_engine;
use crate::sign_in::state_of;
use crate::world::{LI_MING, WANG_FANG, World, caller};

on_every_engine! { "staying":
    m3_8_a_token_is_spent_once_and_a_lost_answer_is_repeated,
    m3_8_reuse_ends_the_family,
    m3_8_another_device_gets_no_successor,
    m3_8_many_refreshes_at_once_agree_on_one_successor,
    m3_8_a_chain_lives_180_days_and_an_unused_token_30,
    m3_8_a_mini_program_token_is_no_browser_token,
    sessions_are_seen_and_ended_by_their_owner_only,
    m3_8_of_many_sessions_that_ended_none_is_left_out,
    m3_8_the_successor_is_wiped_after_its_half_minute,
    ec_14_nobody_stays_signed_in_at_a_service_hall_and_a_stolen_token_stays_of_its_terminal,
}

async fn refresh(world: &World, from: &SignedIn, agent: &str) -> Result<SignedIn, AccountError> {
    let visitor = Visitor {
        agent: agent.into(),
        ..world.visitor()
    };
    world
        .accounts
        .refresh(from.refresh_token.clone(), from.client, visitor)
        .await
}

async fn m3_8_a_token_is_spent_once_and_a_lost_answer_is_repeated(world: World) {
    let first = world.try_sign_in(&LI_MING).await.unwrap();
    let second = refresh(&world, &first, "phone").await.unwrap();
    assert_eq!(second.session_id, first.session_id);
    assert_ne!(second.refresh_token, first.refresh_token);
    world.clock.advance(29);
    let again = refresh(&world, &first, "phone").await.unwrap();
    assert_eq!(
        again.refresh_token, second.refresh_token,
        "the same successor"
    );
    world.clock.advance(1);
    let third = refresh(&world, &second, "phone").await.unwrap();
    assert_ne!(third.refresh_token, second.refresh_token);
}

async fn m3_8_reuse_ends_the_family(world: World) {
    let first = world.try_sign_in(&LI_MING).await.unwrap();
    let second = refresh(&world, &first, "phone").await.unwrap();
    world.clock.advance(31);
    let stolen = refresh(&world, &first, "phone").await;
    assert!(matches!(stolen, Err(AccountError::SessionEnded)));
    assert!(
        !world
            .accounts
            .session_alive(&first.account_id, &first.session_id)
            .await
            .unwrap()
    );
    let honest = refresh(&world, &second, "phone").await;
    assert!(
        matches!(honest, Err(AccountError::SessionEnded)),
        "the whole family is over"
    );
    let lines = world.audit(first.session_id.as_str()).await;
    assert!(
        lines.contains(&("accounts.refresh".into(), "TOKEN_REUSED".into())),
        "{lines:?}"
    );
}

async fn m3_8_another_device_gets_no_successor(world: World) {
    let first = world.try_sign_in(&LI_MING).await.unwrap();
    refresh(&world, &first, "phone").await.unwrap();
    let thief = refresh(&world, &first, "thief").await;
    assert!(matches!(thief, Err(AccountError::SessionEnded)));
    assert!(
        !world
            .accounts
            .session_alive(&first.account_id, &first.session_id)
            .await
            .unwrap()
    );
}

async fn m3_8_many_refreshes_at_once_agree_on_one_successor(world: World) {
    let world = std::sync::Arc::new(world);
    let first = world.try_sign_in(&LI_MING).await.unwrap();
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (world, first) = (world.clone(), first.clone());
        tries.spawn(async move {
            refresh(&world, &first, "phone")
                .await
                .unwrap()
                .refresh_token
        });
    }
    let tokens = tries.join_all().await;
    assert_eq!(tokens.len(), 16);
    assert!(tokens.iter().all(|token| *token == tokens[0]));
}

async fn m3_8_a_chain_lives_180_days_and_an_unused_token_30(world: World) {
    let mut chain = world.try_sign_in(&LI_MING).await.unwrap();
    let idle = world.try_sign_in(&LI_MING).await.unwrap();
    world.clock.advance(30 * 86_400 - 1);
    chain = refresh(&world, &chain, "phone").await.unwrap();
    world.clock.advance(1);
    assert!(refresh(&world, &idle, "phone").await.is_err());
    for _ in 0..5 {
        world.clock.advance(29 * 86_400);
        chain = refresh(&world, &chain, "phone").await.unwrap();
    }
    assert_eq!(
        chain.refresh_expires_at, chain.session_expires_at,
        "never past the family"
    );
    world.clock.advance(86_400 * 5);
    assert!(refresh(&world, &chain, "phone").await.is_err());
}

async fn m3_8_a_mini_program_token_is_no_browser_token(world: World) {
    let first = world.try_sign_in(&LI_MING).await.unwrap();
    let visitor = world.visitor();
    let shown = world
        .accounts
        .refresh(first.refresh_token.clone(), Client::H5, visitor)
        .await;
    assert!(matches!(shown, Err(AccountError::SessionEnded)));
    assert!(
        refresh(&world, &first, "phone").await.is_ok(),
        "and nothing was spent"
    );
}

async fn sessions_are_seen_and_ended_by_their_owner_only(world: World) {
    let one = world.try_sign_in(&LI_MING).await.unwrap();
    world.clock.advance(1);
    let two = world.try_sign_in(&LI_MING).await.unwrap();
    let stranger = world.sign_in(&WANG_FANG).await;
    let me = caller(&two);
    let seen = world.accounts.sessions(&me).await.unwrap();
    let ids: Vec<_> = seen.into_iter().map(|session| session.session_id).collect();
    assert_eq!(ids, [two.session_id.clone(), one.session_id.clone()]);
    let foreign = world.accounts.end_session(&stranger, &one.session_id).await;
    assert!(matches!(foreign, Err(AccountError::NotFound)));
    let unknown = world.maker().id();
    let unknown = world.accounts.end_session(&stranger, &unknown).await;
    assert!(matches!(unknown, Err(AccountError::NotFound)));
    let before = lifeline_core::shared::time::Clock::now(&*world.clock);
    world
        .accounts
        .end_session(&me, &one.session_id)
        .await
        .unwrap();
    world
        .accounts
        .end_session(&me, &one.session_id)
        .await
        .unwrap();
    assert!(
        !world
            .accounts
            .session_alive(&one.account_id, &one.session_id)
            .await
            .unwrap()
    );
    let ended = world.accounts.ended_since(before, 10).await.unwrap();
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].session_id, one.session_id);
    world.accounts.sign_out(&me).await.unwrap();
    assert!(
        !world
            .accounts
            .session_alive(&two.account_id, &two.session_id)
            .await
            .unwrap()
    );
}

async fn m3_8_of_many_sessions_that_ended_none_is_left_out(world: World) {
    let before = lifeline_core::shared::time::Clock::now(&*world.clock);
    let mut left = Vec::new();
    for _ in 0..5 {
        world.clock.advance(1);
        let who = world.sign_in(&LI_MING).await;
        world.accounts.sign_out(&who).await.unwrap();
        left.push(who.session_id);
    }
    let told = world.accounts.ended_since(before, 2).await.unwrap();
    let mut told: Vec<_> = told.into_iter().map(|one| one.session_id).collect();
    // The last of a page is the first of the next one.
    told.dedup();
    assert_eq!(told, left);
}

async fn m3_8_the_successor_is_wiped_after_its_half_minute(world: World) {
    let first = world.try_sign_in(&LI_MING).await.unwrap();
    refresh(&world, &first, "phone").await.unwrap();
    world.clock.advance(30);
    assert_eq!(world.accounts.purge().await.unwrap(), 1);
    assert_eq!(world.accounts.purge().await.unwrap(), 0);
    assert!(
        world
            .accounts
            .session_alive(&first.account_id, &first.session_id)
            .await
            .unwrap()
    );
    world.clock.advance(180 * 86_400);
    assert!(
        world.accounts.purge().await.unwrap() >= 3,
        "two tokens and their session"
    );
}

/// A browser that calls itself this signs in.
async fn by_browser(world: &World, agent: &str) -> SignedIn {
    let start = world.accounts.start_browser().await.unwrap();
    let door = Door::Browser {
        state: Some(state_of(&start.authorize_url)),
        cookie: Some(start.cookie),
        earlier: None,
    };
    let visitor = Visitor {
        agent: agent.into(),
        ..world.visitor()
    };
    let code = world.alipay.allow(&LI_MING);
    world.accounts.sign_in(&code, door, visitor).await.unwrap()
}

async fn ec_14_nobody_stays_signed_in_at_a_service_hall_and_a_stolen_token_stays_of_its_terminal(
    world: World,
) {
    const DESK: &str = "Mozilla/5.0 (X11; Linux) Chrome/130 LifelineDesk/1";
    const PHONE: &str = "Mozilla/5.0 (Linux; Android 14) Chrome/130 Mobile Safari/537";
    let at = async |one: &SignedIn| world.accounts.terminal_of(&one.family_id).await.unwrap();
    let alive = async |one: &SignedIn| {
        let (account, session) = (&one.account_id, &one.session_id);
        world
            .accounts
            .session_alive(account, session)
            .await
            .unwrap()
    };
    let mini = world.try_sign_in(&LI_MING).await.unwrap();
    let phone = by_browser(&world, PHONE).await;
    let desk = by_browser(&world, DESK).await;
    assert_eq!(at(&mini).await, Some(Terminal::Mini));
    assert_eq!(at(&phone).await, Some(Terminal::Phone));
    assert_eq!(at(&desk).await, Some(Terminal::Desk));
    // Whoever took its tokens calls themselves a phone; the session is what it was.
    let stolen = refresh(&world, &desk, PHONE).await.unwrap();
    assert_eq!(at(&stolen).await, Some(Terminal::Desk));
    world.clock.advance(DESK_LIFE_S - 1);
    assert!(alive(&stolen).await);
    let kept = refresh(&world, &stolen, PHONE).await.unwrap();
    world.clock.advance(1);
    assert!(
        !alive(&kept).await,
        "a quarter of an hour, however it is used"
    );
    let late = refresh(&world, &kept, PHONE).await;
    assert!(matches!(late, Err(AccountError::SessionEnded)), "{late:?}");
    assert!(alive(&phone).await && alive(&mini).await);
}
