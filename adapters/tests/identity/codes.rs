//! One-time codes.

use lifeline_core::accounts::codes::PROMISE;
use lifeline_core::accounts::{AccountError, Caller, Errand, Secret};
use lifeline_core::shared::personal::Phone;

use crate::on_every_engine;
use crate::phones::giving_up;
use crate::world::{CHEN_GANG, LI_MING, WANG_FANG, Wallet, World};

on_every_engine! { "codes":
    m3_7_a_code_makes_a_phone_ones_own_and_moves_it_from_another,
    m3_7_a_code_is_bound_to_its_session_and_phone,
    m3_7_five_wrong_tries_kill_a_code,
    m3_7_guesses_at_once_are_all_counted,
    m3_7_a_code_waits_a_minute_lives_five_and_ten_a_day_reach_a_phone,
    m3_7_strangers_cause_five_codes_of_a_phones_ten_and_its_owner_the_rest,
    m3_7_wrong_tries_of_strangers_leave_the_owner_theirs,
    m3_7_a_strangers_sixth_wrong_try_of_a_day_is_one_too_many,
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
    let errand = Errand::export(&who);
    for _ in 0..12 {
        let again = world.accounts.ask_step_up(&who, &errand).await;
        assert_eq!(again.unwrap(), promise);
        world.deliver().await;
        world.clock.advance(60);
    }
    let codes = || world.phones.codes_on(LI_MING.phone).len();
    assert_eq!(codes(), 10, "the rest went nowhere, unseen");
    world.clock.advance(86_400);
    world.accounts.ask_step_up(&who, &errand).await.unwrap();
    world.deliver().await;
    assert_eq!(codes(), 11);
    world.clock.advance(300);
    let code = world.code_on(LI_MING.phone);
    let late = world.accounts.step_up(&who, &code).await;
    assert!(
        matches!(late, Err(AccountError::WrongCode)),
        "too old: {late:?}"
    );
}

/// The owner's code for an act of their own, a minute after the last one.
async fn own_code(world: &World, owner: &Caller) -> Secret {
    world.clock.advance(61);
    let errand = Errand::export(owner);
    world.accounts.ask_step_up(owner, &errand).await.unwrap();
    world.deliver().await;
    world.code_on(LI_MING.phone)
}

/// A code that is not this one.
fn not(code: &Secret) -> Secret {
    let digits: u32 = code.expose().parse().unwrap();
    Secret::new(format!("{:06}", (digits + 1) % 1_000_000))
}

async fn m3_7_strangers_cause_five_codes_of_a_phones_ten_and_its_owner_the_rest(world: World) {
    let owner = world.sign_in(&LI_MING).await;
    let number = Phone::parse(LI_MING.phone).unwrap();
    let codes = || world.phones.codes_on(LI_MING.phone).len();
    let strangers = [
        world.sign_in(&WANG_FANG).await,
        world.sign_in(&CHEN_GANG).await,
    ];
    for n in 1..=6 {
        world.clock.advance(61);
        let stranger = &strangers[n % 2];
        let promise = world.accounts.ask_phone_code(stranger, &number).await;
        assert_eq!(promise.unwrap(), PROMISE, "the sixth is told nothing of it");
        world.deliver().await;
        assert_eq!(codes(), n.min(5));
    }
    for n in 6..=11 {
        own_code(&world, &owner).await;
        assert_eq!(codes(), n.min(10));
    }
    world.clock.advance(86_400);
    let again = world.accounts.ask_phone_code(&strangers[0], &number).await;
    again.unwrap();
    world.deliver().await;
    assert_eq!(codes(), 11, "a new day");
}

async fn m3_7_wrong_tries_of_strangers_leave_the_owner_theirs(world: World) {
    let owner = world.sign_in(&LI_MING).await;
    let number = Phone::parse(LI_MING.phone).unwrap();
    let stranger = world.sign_in(&WANG_FANG).await;
    let asked = world.accounts.ask_phone_code(&stranger, &number).await;
    asked.unwrap();
    world.deliver().await;
    let guess = not(&world.code_on(LI_MING.phone));
    for _ in 0..20 {
        let refused = world
            .accounts
            .verify_phone(&stranger, &number, &guess)
            .await;
        assert!(matches!(refused, Err(AccountError::WrongCode)));
    }
    // Five of the twenty count against the phone: five are left to its owner.
    let code = own_code(&world, &owner).await;
    for _ in 0..5 {
        world
            .accounts
            .step_up(&owner, &not(&code))
            .await
            .unwrap_err();
    }
    let code = own_code(&world, &owner).await;
    let stepped = world.accounts.step_up(&owner, &code).await.unwrap();
    let owner = Caller {
        session_id: stepped.session.session_id,
        ..owner
    };
    let code = own_code(&world, &owner).await;
    let wrong = world.accounts.step_up(&owner, &not(&code)).await;
    wrong.unwrap_err();
    let eleventh = world.accounts.step_up(&owner, &code).await;
    assert!(
        matches!(eleventh, Err(AccountError::WrongCode)),
        "ten wrong ones a day, whoever tried them: {eleventh:?}"
    );
}

async fn m3_7_a_strangers_sixth_wrong_try_of_a_day_is_one_too_many(world: World) {
    let guesser = world.sign_in(&WANG_FANG).await;
    let reader = Wallet {
        phone: "",
        ..CHEN_GANG
    };
    let reader = world.sign_in(&reader).await;
    for (number, wrong_tries, opens) in [("19000000051", 5, true), ("19000000052", 6, false)] {
        let phone = Phone::parse(number).unwrap();
        let asked = world.accounts.ask_phone_code(&guesser, &phone).await;
        asked.unwrap();
        world.deliver().await;
        let guess = not(&world.code_on(number));
        for _ in 0..wrong_tries {
            let wrong = world.accounts.verify_phone(&guesser, &phone, &guess).await;
            wrong.unwrap_err();
        }
        let asked = world.accounts.ask_phone_code(&reader, &phone).await;
        asked.unwrap();
        world.deliver().await;
        let code = world.code_on(number);
        let shown = world.accounts.verify_phone(&reader, &phone, &code).await;
        match shown {
            Ok(_) => assert!(opens, "{number}"),
            Err(AccountError::WrongCode) => assert!(!opens, "{number}"),
            Err(other) => unreachable!("{other}"),
        }
    }
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
    // On its way it waits in the outbox, in one body with its phone.
    assert!(!world.lies_open(NEW_PHONE).await, "it waits in clear");
    world.deliver().await;
    let code = world.code_on(NEW_PHONE);
    let written = format!("\"code\":\"{}\"", code.expose());
    // As PostgreSQL writes a row out.
    let quoted = written.replace('"', "\"\"");
    for canary in [written.as_str(), quoted.as_str(), NEW_PHONE] {
        assert!(!world.lies_open(canary).await, "{canary} lies open");
    }
}
