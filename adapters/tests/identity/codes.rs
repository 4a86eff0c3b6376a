//! One-time codes.

use lifeline_core::accounts::{AccountError, Secret};
use lifeline_core::shared::personal::Phone;

use crate::on_every_engine;
use crate::phones::giving_up;
use crate::world::{LI_MING, WANG_FANG, World};

on_every_engine! { "codes":
    m3_7_a_code_makes_a_phone_ones_own_and_moves_it_from_another,
    m3_7_a_code_is_bound_to_its_session_and_phone,
    m3_7_five_wrong_tries_kill_a_code,
    m3_7_guesses_at_once_are_all_counted,
    m3_7_a_code_waits_a_minute_lives_five_and_ten_a_day_reach_a_phone,
    m3_7_an_account_asks_for_twenty_codes_a_day,
    m3_7_a_late_delivery_sends_no_dead_code_and_a_silent_platform_is_tried_again,
    m3_7_the_code_lies_nowhere_open,
}

const NEW_PHONE: &str = "19000000009";

fn phone() -> Phone {
    Phone::parse(NEW_PHONE).unwrap()
}

async fn m3_7_a_code_makes_a_phone_ones_own_and_moves_it_from_another(world: World) {
    let former = world
        .sign_in(&crate::world::Wallet {
            phone: NEW_PHONE,
            ..WANG_FANG
        })
        .await;
    let who = world.sign_in(&LI_MING).await;
    world.accounts.ask_phone_code(&who, &phone()).await.unwrap();
    assert_eq!(world.deliver().await, 1);
    let code = world.code_on(NEW_PHONE);
    let who = giving_up(&world, &who, LI_MING.phone, &phone()).await;
    let mine = world
        .accounts
        .verify_phone(&who, &phone(), &code)
        .await
        .unwrap();
    assert_eq!(mine.account.phone.unwrap().number, phone());
    assert_eq!(mine.ended, std::slice::from_ref(&former.session_id));
    assert!(world.accounts.me(&former).await.unwrap().phone.is_none());
    assert!(
        !world
            .accounts
            .session_alive(&former.account_id, &former.session_id)
            .await
            .unwrap()
    );
    let again = world.accounts.verify_phone(&who, &phone(), &code).await;
    assert!(matches!(again, Err(AccountError::WrongCode)), "one use");
}

async fn m3_7_a_code_is_bound_to_its_session_and_phone(world: World) {
    let who = world.sign_in(&LI_MING).await;
    let elsewhere = world.sign_in(&LI_MING).await;
    world.accounts.ask_phone_code(&who, &phone()).await.unwrap();
    world.deliver().await;
    let code = world.code_on(NEW_PHONE);
    let other_phone = Phone::parse("19000000008").unwrap();
    for (caller, phone) in [(&elsewhere, &phone()), (&who, &other_phone)] {
        let refused = world.accounts.verify_phone(caller, phone, &code).await;
        assert!(
            matches!(refused, Err(AccountError::WrongCode)),
            "{refused:?}"
        );
    }
    let who = giving_up(&world, &who, LI_MING.phone, &phone()).await;
    world
        .accounts
        .verify_phone(&who, &phone(), &code)
        .await
        .unwrap();
}

async fn m3_7_five_wrong_tries_kill_a_code(world: World) {
    let who = world.sign_in(&LI_MING).await;
    world.accounts.ask_phone_code(&who, &phone()).await.unwrap();
    world.deliver().await;
    let code = world.code_on(NEW_PHONE);
    let wrong = Secret::new(
        if code.expose() == "000000" {
            "000001"
        } else {
            "000000"
        }
        .into(),
    );
    for _ in 0..5 {
        let refused = world.accounts.verify_phone(&who, &phone(), &wrong).await;
        assert!(matches!(refused, Err(AccountError::WrongCode)));
    }
    let late = world.accounts.verify_phone(&who, &phone(), &code).await;
    assert!(
        matches!(late, Err(AccountError::WrongCode)),
        "the right code comes too late"
    );
}

async fn m3_7_guesses_at_once_are_all_counted(world: World) {
    let world = std::sync::Arc::new(world);
    let who = world.sign_in(&LI_MING).await;
    world.accounts.ask_phone_code(&who, &phone()).await.unwrap();
    world.deliver().await;
    let code = world.code_on(NEW_PHONE);
    let mut guesses = tokio::task::JoinSet::new();
    for guess in 0..5_u32 {
        let (world, who, code) = (world.clone(), who.clone(), code.clone());
        guesses.spawn(async move {
            let typed = Secret::new(format!(
                "{:06}",
                (code.expose().parse::<u32>().unwrap() + guess + 1) % 1_000_000
            ));
            world
                .accounts
                .verify_phone(&who, &phone(), &typed)
                .await
                .is_err()
        });
    }
    assert!(guesses.join_all().await.into_iter().all(|refused| refused));
    let late = world.accounts.verify_phone(&who, &phone(), &code).await;
    assert!(
        matches!(late, Err(AccountError::WrongCode)),
        "five were counted: {late:?}"
    );
}

async fn m3_7_a_code_waits_a_minute_lives_five_and_ten_a_day_reach_a_phone(world: World) {
    let who = world.sign_in(&LI_MING).await;
    let promise = world.accounts.ask_phone_code(&who, &phone()).await.unwrap();
    assert_eq!((promise.expires_in_s, promise.resend_after_s), (300, 60));
    let early = world.accounts.ask_phone_code(&who, &phone()).await;
    assert!(
        matches!(early, Err(AccountError::CodeTooSoon { retry_after_s: 60 })),
        "{early:?}"
    );
    for _ in 0..11 {
        world.clock.advance(60);
        assert_eq!(
            world.accounts.ask_phone_code(&who, &phone()).await.unwrap(),
            promise
        );
        world.deliver().await;
    }
    assert_eq!(
        world.phones.codes_on(NEW_PHONE).len(),
        10,
        "the rest went nowhere, unseen"
    );
    world.clock.advance(86_400);
    world.accounts.ask_phone_code(&who, &phone()).await.unwrap();
    world.deliver().await;
    assert_eq!(world.phones.codes_on(NEW_PHONE).len(), 11);
    world.clock.advance(300);
    let code = world.code_on(NEW_PHONE);
    let late = world.accounts.verify_phone(&who, &phone(), &code).await;
    assert!(
        matches!(late, Err(AccountError::WrongCode)),
        "too old: {late:?}"
    );
}

async fn m3_7_an_account_asks_for_twenty_codes_a_day(world: World) {
    let who = world.sign_in(&LI_MING).await;
    for n in 0..20 {
        let phone = Phone::parse(&format!("190000001{n:02}")).unwrap();
        world.accounts.ask_phone_code(&who, &phone).await.unwrap();
    }
    let more = world.accounts.ask_phone_code(&who, &phone()).await;
    assert!(
        matches!(more, Err(AccountError::TooManyCodes { .. })),
        "{more:?}"
    );
}

async fn m3_7_a_late_delivery_sends_no_dead_code_and_a_silent_platform_is_tried_again(
    world: World,
) {
    let who = world.sign_in(&LI_MING).await;
    *world.phones.away.lock().unwrap() = true;
    world.accounts.ask_phone_code(&who, &phone()).await.unwrap();
    world.deliver().await;
    *world.phones.away.lock().unwrap() = false;
    world.clock.advance(5);
    world.deliver().await;
    assert_eq!(world.phones.codes_on(NEW_PHONE).len(), 1);
    world.clock.advance(60);
    world.accounts.ask_phone_code(&who, &phone()).await.unwrap();
    world.clock.advance(300);
    assert_eq!(world.deliver().await, 1, "taken off the outbox");
    assert_eq!(world.phones.codes_on(NEW_PHONE).len(), 1, "but not sent");
}

async fn m3_7_the_code_lies_nowhere_open(world: World) {
    let who = world.sign_in(&LI_MING).await;
    world.accounts.ask_phone_code(&who, &phone()).await.unwrap();
    world.deliver().await;
    let code = world.code_on(NEW_PHONE);
    let written = format!("\"code\":\"{}\"", code.expose());
    for canary in [written.as_str(), NEW_PHONE] {
        assert!(!world.lies_open(canary).await, "{canary} lies open");
    }
}
