//! Phones: chosen, told by the wallet, moved, recycled.

use lifeline_core::accounts::{AccountError, Caller};
use lifeline_core::shared::page::Page;
use lifeline_core::shared::personal::Phone;

use crate::alipay::told;
use crate::archive::Home;
use crate::on_every_engine;
use crate::world::{LI_MING, WANG_FANG, Wallet, World};

on_every_engine! { "phones":
    ln_48_the_wallets_phone_is_taken_by_alipays_signed_word,
    m3_6_a_told_phone_takes_nothing_from_another_account,
    m3_6_a_kept_word_does_not_win_a_recycled_number_back,
    ln_48_a_chosen_phone_outlives_the_next_sign_in,
    m3_6_a_recycled_number_inherits_no_home,
    ln_48_one_of_many_takes_the_phone,
}

const NEW_PHONE: &str = "19000000042";

async fn take(world: &World, who: &Caller, number: &str) -> Result<(), AccountError> {
    let (response, sign) = told(number);
    let taken = world.accounts.take_told_phone(who, &response, &sign).await;
    taken.map(drop)
}

async fn prove(world: &World, who: &Caller, number: &str) {
    let phone = Phone::parse(number).unwrap();
    world.accounts.ask_phone_code(who, &phone).await.unwrap();
    world.deliver().await;
    let code = world.code_on(number);
    world
        .accounts
        .verify_phone(who, &phone, &code)
        .await
        .unwrap();
}

async fn phone_of(world: &World, who: &Caller) -> Option<String> {
    let account = world.accounts.me(who).await.unwrap();
    account.phone.map(|phone| phone.number.expose().to_owned())
}

async fn ln_48_the_wallets_phone_is_taken_by_alipays_signed_word(world: World) {
    let who = world.sign_in(&LI_MING).await;
    take(&world, &who, NEW_PHONE).await.unwrap();
    assert_eq!(phone_of(&world, &who).await.as_deref(), Some(NEW_PHONE));
    let (response, _) = told("19000000043");
    let (_, other_sign) = told(NEW_PHONE);
    for (response, sign) in [(response.as_str(), other_sign.as_str()), ("{}", "x")] {
        let refused = world.accounts.take_told_phone(&who, response, sign).await;
        assert!(
            matches!(refused, Err(AccountError::PhoneNotTold)),
            "{refused:?}"
        );
    }
    assert_eq!(phone_of(&world, &who).await.as_deref(), Some(NEW_PHONE));
    let lines = world.audit(who.account_id.as_str()).await;
    for outcome in ["ok", "PHONE_NOT_TOLD"] {
        let line = ("accounts.take_phone".to_owned(), outcome.to_owned());
        assert!(lines.contains(&line), "{lines:?}");
    }
}

async fn m3_6_a_told_phone_takes_nothing_from_another_account(world: World) {
    let holder = world.sign_in(&LI_MING).await;
    let taker = world.sign_in(&WANG_FANG).await;
    let refused = take(&world, &taker, LI_MING.phone).await;
    assert!(
        matches!(refused, Err(AccountError::PhoneHeld)),
        "{refused:?}"
    );
    assert_eq!(
        phone_of(&world, &holder).await.as_deref(),
        Some(LI_MING.phone)
    );
    let alive = world
        .accounts
        .session_alive(&holder.account_id, &holder.session_id);
    assert!(alive.await.unwrap());
    // Who has the phone in hand reads the code on it.
    prove(&world, &taker, LI_MING.phone).await;
    assert_eq!(phone_of(&world, &holder).await, None);
    let alive = world
        .accounts
        .session_alive(&holder.account_id, &holder.session_id);
    assert!(!alive.await.unwrap());
    let kinds = world.evidence().await;
    assert!(kinds.iter().any(|kind| kind == "accounts.phone_moved"));
}

async fn m3_6_a_kept_word_does_not_win_a_recycled_number_back(world: World) {
    let former = world.sign_in(&LI_MING).await;
    take(&world, &former, NEW_PHONE).await.unwrap();
    // The number goes to somebody else, who proves it with the phone in hand.
    let heir = world.sign_in(&WANG_FANG).await;
    prove(&world, &heir, NEW_PHONE).await;
    let again = world
        .sign_in(&Wallet {
            phone: "",
            ..LI_MING
        })
        .await;
    let replayed = take(&world, &again, NEW_PHONE).await;
    assert!(
        matches!(replayed, Err(AccountError::PhoneHeld)),
        "{replayed:?}"
    );
    assert_eq!(phone_of(&world, &heir).await.as_deref(), Some(NEW_PHONE));
}

async fn ln_48_a_chosen_phone_outlives_the_next_sign_in(world: World) {
    let who = world.sign_in(&LI_MING).await;
    prove(&world, &who, NEW_PHONE).await;
    let again = world.sign_in(&LI_MING).await;
    assert_eq!(phone_of(&world, &again).await.as_deref(), Some(NEW_PHONE));
    // The wallet's own, taken back by its owner, follows the wallet again.
    take(&world, &again, LI_MING.phone).await.unwrap();
    let moved = Wallet {
        phone: "19000000044",
        ..LI_MING
    };
    let later = world.sign_in(&moved).await;
    assert_eq!(
        phone_of(&world, &later).await.as_deref(),
        Some("19000000044")
    );
}

async fn m3_6_a_recycled_number_inherits_no_home(world: World) {
    let home = Home {
        holder: LI_MING.name,
        id_no: Some(LI_MING.id_no),
        mobile: Some(LI_MING.phone),
        holder_version: 1,
        holder_since: None,
    };
    world.archive.put("1504010020017", home);
    let former = world.agreeing(&LI_MING).await;
    let offer = world.bindings.offer(&former).await.unwrap();
    let tokens = offer.homes.into_iter().map(|home| home.match_token);
    let tokens = tokens.collect();
    world.bindings.confirm(&former, tokens, None).await.unwrap();
    let heir = Wallet {
        phone: LI_MING.phone,
        ..WANG_FANG
    };
    let heir = world.agreeing(&heir).await;
    let page = Page::new(None, None).unwrap();
    let homes = world.bindings.list(&heir, &page).await.unwrap();
    assert!(homes.items.is_empty());
    assert!(world.bindings.offer(&heir).await.unwrap().homes.is_empty());
    let back = world
        .sign_in(&Wallet {
            phone: "",
            ..LI_MING
        })
        .await;
    let homes = world.bindings.list(&back, &page).await.unwrap();
    assert_eq!(homes.items.len(), 1, "the former owner keeps the home");
}

async fn ln_48_one_of_many_takes_the_phone(world: World) {
    let world = std::sync::Arc::new(world);
    let mut takers = tokio::task::JoinSet::new();
    for wallet in [LI_MING, WANG_FANG] {
        let who = world.sign_in(&wallet).await;
        let world = world.clone();
        takers.spawn(async move { take(&world, &who, NEW_PHONE).await });
    }
    let outcomes = takers.join_all().await;
    let taken = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let held = |outcome: &Result<(), AccountError>| matches!(outcome, Err(AccountError::PhoneHeld));
    assert_eq!(taken, 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| held(outcome)).count(), 1);
}
