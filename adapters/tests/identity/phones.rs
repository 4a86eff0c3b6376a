//! Phones: chosen, told by the wallet, moved, recycled.

use lifeline_core::accounts::certification::{
    CertificationKind, CertificationState, CertifiedBy, Finding,
};
use lifeline_core::accounts::step_up::STEP_UP_LIFE_S;
use lifeline_core::accounts::{AccountError, Caller, Errand};
use lifeline_core::shared::page::Page;
use lifeline_core::shared::personal::Phone;

use crate::alipay::told;
use crate::archive::Home;
use crate::certifying::{SILENT_LI_MING, begin, conclude, own};
use crate::on_every_engine;
use crate::world::{LI_MING, WANG_FANG, Wallet, World};

on_every_engine! { "phones":
    ln_48_the_wallets_phone_is_taken_by_alipays_signed_word,
    m3_6_a_told_phone_takes_nothing_from_another_account,
    m3_6_a_kept_word_does_not_win_a_recycled_number_back,
    ln_48_a_chosen_phone_outlives_the_next_sign_in,
    m3_6_a_recycled_number_inherits_no_home,
    ln_48_one_of_many_takes_the_phone,
    m3_15_a_phone_is_given_up_only_by_a_code_to_it_and_is_told,
    m3_15_a_first_phone_and_the_same_one_again_want_no_step_up,
    m3_15_the_wallets_word_takes_a_phones_place_only_after_a_code_to_it,
    m3_15_who_lost_the_phone_shows_the_face_that_was_certified_before,
    m3_15_a_face_alone_never_gives_a_phone_up,
    m3_15_who_has_a_face_alone_is_compared_and_then_gives_the_lost_phone_up,
}

const NEW_PHONE: &str = "19000000042";

async fn take(world: &World, who: &Caller, number: &str) -> Result<(), AccountError> {
    let (response, sign) = told(number);
    let taken = world.accounts.take_told_phone(who, &response, &sign).await;
    taken.map(drop)
}

/// The wallet's phone in the place of the one that the account has, which is asked first.
async fn take_for(world: &World, who: &Caller, from: &str, number: &str) -> Caller {
    let phone = Phone::parse(number).unwrap();
    let shown = giving_up(world, who, from, &phone).await;
    take(world, &shown, number).await.unwrap();
    shown
}

/// The caller under the id that may give up the phone of the account for another one.
pub(crate) async fn giving_up(world: &World, who: &Caller, from: &str, to: &Phone) -> Caller {
    shown_for(world, who, from, &Errand::change_phone(to)).await
}

/// The caller under the id that may do one thing, by a code to the phone of the account.
pub(crate) async fn shown_for(world: &World, who: &Caller, from: &str, errand: &Errand) -> Caller {
    // The step-up code is the newest one of the session.
    world.clock.advance(1);
    world.accounts.ask_step_up(who, errand).await.unwrap();
    world.deliver().await;
    let typed = world.code_on(from);
    let stepped = world.accounts.step_up(who, &typed).await.unwrap();
    Caller {
        session_id: stepped.session.session_id,
        ..who.clone()
    }
}

async fn prove(world: &World, who: &Caller, number: &str) {
    let phone = Phone::parse(number).unwrap();
    world.accounts.ask_phone_code(who, &phone).await.unwrap();
    world.deliver().await;
    let code = world.code_on(number);
    let who = match phone_of(world, who).await {
        Some(from) if from != number => giving_up(world, who, &from, &phone).await,
        _ => who.clone(),
    };
    world
        .accounts
        .verify_phone(&who, &phone, &code)
        .await
        .unwrap();
}

pub(crate) async fn phone_of(world: &World, who: &Caller) -> Option<String> {
    let account = world.accounts.me(who).await.unwrap();
    account.phone.map(|phone| phone.number.expose().to_owned())
}

async fn ln_48_the_wallets_phone_is_taken_by_alipays_signed_word(world: World) {
    let who = world.sign_in(&LI_MING).await;
    let who = take_for(&world, &who, LI_MING.phone, NEW_PHONE).await;
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
    take_for(&world, &former, LI_MING.phone, NEW_PHONE).await;
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
    world.clock.advance(61);
    take_for(&world, &again, NEW_PHONE, LI_MING.phone).await;
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
    let new = Phone::parse(NEW_PHONE).unwrap();
    for wallet in [LI_MING, WANG_FANG] {
        let who = world.sign_in(&wallet).await;
        let who = giving_up(&world, &who, wallet.phone, &new).await;
        let world = world.clone();
        takers.spawn(async move { take(&world, &who, NEW_PHONE).await });
    }
    let outcomes = takers.join_all().await;
    let taken = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let held = |outcome: &Result<(), AccountError>| matches!(outcome, Err(AccountError::PhoneHeld));
    assert_eq!(taken, 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| held(outcome)).count(), 1);
}

async fn m3_15_a_phone_is_given_up_only_by_a_code_to_it_and_is_told(world: World) {
    let who = world.sign_in(&LI_MING).await;
    let (new, another) = (Phone::parse(NEW_PHONE), Phone::parse("19000000043"));
    let (new, another) = (new.unwrap(), another.unwrap());
    world.accounts.ask_phone_code(&who, &new).await.unwrap();
    world.deliver().await;
    let code = world.code_on(NEW_PHONE);
    let for_another = giving_up(&world, &who, LI_MING.phone, &another).await;
    for not_shown in [&who, &for_another] {
        let refused = world.accounts.verify_phone(not_shown, &new, &code).await;
        assert!(
            matches!(refused, Err(AccountError::StepUpRequired)),
            "{refused:?}"
        );
    }
    world.deliver().await;
    assert_eq!(phone_of(&world, &who).await.as_deref(), Some(LI_MING.phone));
    assert!(world.phones.texts_on(LI_MING.phone).is_empty());
    // The code to the new phone was right, and is still good once the old one was asked.
    let shown = giving_up(&world, &for_another, LI_MING.phone, &new).await;
    let taken = world.accounts.verify_phone(&shown, &new, &code).await;
    assert_eq!(taken.unwrap().account.phone.unwrap().number, new);
    world.deliver().await;
    assert_eq!(
        world.phones.texts_on(LI_MING.phone),
        ["LL_PHONE_CHANGED"],
        "whoever holds it may be the owner"
    );
    assert!(world.phones.texts_on(NEW_PHONE).is_empty());
}

async fn m3_15_a_first_phone_and_the_same_one_again_want_no_step_up(world: World) {
    let none = Wallet {
        phone: "",
        ..LI_MING
    };
    let who = world.sign_in(&none).await;
    assert_eq!(phone_of(&world, &who).await, None);
    for _ in 0..2 {
        // Nothing is given up, so this asks no step-up either time.
        prove(&world, &who, NEW_PHONE).await;
        world.clock.advance(61);
    }
    world.deliver().await;
    assert_eq!(phone_of(&world, &who).await.as_deref(), Some(NEW_PHONE));
    assert!(world.phones.texts_on(NEW_PHONE).is_empty());
}

async fn m3_15_the_wallets_word_takes_a_phones_place_only_after_a_code_to_it(world: World) {
    let who = world.sign_in(&LI_MING).await;
    let another = Phone::parse("19000000043").unwrap();
    let for_another = giving_up(&world, &who, LI_MING.phone, &another).await;
    for not_shown in [&who, &for_another] {
        let refused = take(&world, not_shown, NEW_PHONE).await;
        assert!(
            matches!(refused, Err(AccountError::StepUpRequired)),
            "{refused:?}"
        );
    }
    world.deliver().await;
    assert_eq!(phone_of(&world, &who).await.as_deref(), Some(LI_MING.phone));
    assert!(world.phones.texts_on(LI_MING.phone).is_empty());
    // The mini-program does not see the wallet's number: the code is for whatever it is.
    world.clock.advance(61);
    let wallets = Errand::take_wallets_phone(&who);
    let who = shown_for(&world, &for_another, LI_MING.phone, &wallets).await;
    for _ in 0..2 {
        // The same one again gives nothing up.
        take(&world, &who, NEW_PHONE).await.unwrap();
        world.deliver().await;
    }
    assert_eq!(phone_of(&world, &who).await.as_deref(), Some(NEW_PHONE));
    assert_eq!(world.phones.texts_on(LI_MING.phone), ["LL_PHONE_CHANGED"]);
    assert!(world.phones.texts_on(NEW_PHONE).is_empty());
}

/// The owner, or whoever else has that name and number, in front of the camera.
async fn show_face(world: &World, who: &Caller) {
    let begun = begin(world, who, CertificationKind::Face, &own()).await;
    let begun = begun.unwrap();
    world.alipay.show_face(Finding::Passed);
    let ended = conclude(world, who, &begun, None).await;
    assert_eq!(ended.unwrap(), CertificationState::Certified);
}

fn wants_a_code(taken: &Result<(), AccountError>) {
    assert!(
        matches!(taken, Err(AccountError::StepUpRequired)),
        "{taken:?}"
    );
}

async fn m3_15_who_lost_the_phone_shows_the_face_that_was_certified_before(world: World) {
    // Certified here by what the wallet said, which a face is held against.
    let somebody = world.sign_in(&SILENT_LI_MING).await;
    world.clock.advance(1);
    let begun = begin(&world, &somebody, CertificationKind::CertVerify, &own()).await;
    let ended = conclude(&world, &somebody, &begun.unwrap(), Some(&SILENT_LI_MING)).await;
    assert_eq!(ended.unwrap(), CertificationState::Certified);
    show_face(&world, &somebody).await;
    wants_a_code(&take(&world, &somebody, NEW_PHONE).await);
    // From the next sign-in on it is known whose face it must be.
    let who = world.sign_in(&SILENT_LI_MING).await;
    wants_a_code(&take(&world, &who, NEW_PHONE).await);
    show_face(&world, &who).await;
    let elsewhere = world.sign_in(&SILENT_LI_MING).await;
    wants_a_code(&take(&world, &elsewhere, NEW_PHONE).await);
    world.clock.advance(STEP_UP_LIFE_S - 1);
    take(&world, &who, NEW_PHONE).await.unwrap();
    assert_eq!(phone_of(&world, &who).await.as_deref(), Some(NEW_PHONE));
    world.clock.advance(1);
    wants_a_code(&take(&world, &who, "19000000043").await);
    world.deliver().await;
    assert_eq!(world.phones.texts_on(LI_MING.phone), ["LL_PHONE_CHANGED"]);
}

async fn m3_15_a_face_alone_never_gives_a_phone_up(world: World) {
    // Nobody is certified here: a face says no more than that somebody has one.
    let somebody = world.sign_in(&SILENT_LI_MING).await;
    for _ in 0..2 {
        show_face(&world, &somebody).await;
        wants_a_code(&take(&world, &somebody, NEW_PHONE).await);
    }
    // Nor does it later: what was certified by it never agreed with the wallet.
    let again = world.sign_in(&SILENT_LI_MING).await;
    show_face(&world, &again).await;
    wants_a_code(&take(&world, &again, NEW_PHONE).await);
    world.deliver().await;
    assert_eq!(world.phones.texts_on(LI_MING.phone), ["LL_FACE_CERTIFIED"]);
    // Once the wallet says the same, the face is its owner's.
    let told = world.sign_in(&LI_MING).await;
    show_face(&world, &told).await;
    take(&world, &told, NEW_PHONE).await.unwrap();
    assert_eq!(phone_of(&world, &told).await.as_deref(), Some(NEW_PHONE));
}

async fn m3_15_who_has_a_face_alone_is_compared_and_then_gives_the_lost_phone_up(world: World) {
    let somebody = world.sign_in(&SILENT_LI_MING).await;
    show_face(&world, &somebody).await;
    let by_face = world.accounts.me(&somebody).await.unwrap();
    assert_eq!(by_face.real_name.unwrap().certified_by, CertifiedBy::Face);
    // The phone is lost: no code comes any more, and no face helps.
    let who = world.sign_in(&SILENT_LI_MING).await;
    world.clock.advance(1);
    let compare = CertificationKind::CertVerify;
    let begun = begin(&world, &who, compare, &own()).await.unwrap();
    let ended = conclude(&world, &who, &begun, Some(&SILENT_LI_MING)).await;
    assert_eq!(ended.unwrap(), CertificationState::Certified);
    let compared = world.accounts.me(&who).await.unwrap().real_name.unwrap();
    assert_eq!(compared.certified_by, CertifiedBy::CertVerify);
    show_face(&world, &who).await;
    wants_a_code(&take(&world, &who, NEW_PHONE).await);
    world.clock.advance(1);
    let back = world.sign_in(&SILENT_LI_MING).await;
    show_face(&world, &back).await;
    take(&world, &back, NEW_PHONE).await.unwrap();
    assert_eq!(phone_of(&world, &back).await.as_deref(), Some(NEW_PHONE));
    // What the wallet confirmed is neither asked again nor lessened by a face.
    let again = begin(&world, &back, compare, &own()).await;
    assert!(
        matches!(again, Err(AccountError::AlreadyCertified)),
        "{again:?}"
    );
    let name = world.accounts.me(&back).await.unwrap().real_name.unwrap();
    assert_eq!(name.certified_by, CertifiedBy::CertVerify);
}
