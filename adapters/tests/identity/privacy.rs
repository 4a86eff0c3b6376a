//! What a person may demand: to see everything, to be erased; and that a stolen phone may not.

use lifeline_core::accounts::step_up::STEP_UP_LIFE_S;
use lifeline_core::accounts::{AccountError, Caller, Deed, Errand, Purpose, Secret};
use lifeline_core::privacy::erasure::COOLING_S;
use lifeline_core::privacy::export::LINK_LIFE_S;
use lifeline_core::privacy::{Erase, ErasureState, PrivacyError};
use lifeline_core::shared::page::Page;

use crate::archive::Home;
use crate::on_every_engine;
use crate::world::{LI_MING, WANG_FANG, Wallet, World};

on_every_engine! { "privacy":
    m3_15_nothing_is_done_without_a_step_up_for_it,
    m3_7_the_code_is_the_sessions_own_and_used_once,
    m3_5_the_id_before_the_step_up_may_not_do_it,
    m3_7_five_wrong_tries_kill_the_code,
    m3_15_a_step_up_is_over_after_ten_minutes,
    m3_15_without_a_phone_there_is_no_step_up,
    m3_15_one_export_a_day_by_a_link_that_works_once_for_a_minute,
    m3_15_every_contact_is_told_agreed_or_not,
    m3_15_a_wish_cools_off_and_is_taken_back,
    m3_15_after_15_days_the_person_is_gone,
    c4_a_withdrawn_consent_stops_the_match_and_stays_on_record,
}

const HOME: &str = "1504010020017";

fn errand(who: &Caller, deed: Deed) -> Errand {
    assert!([Deed::Export, Deed::Erase].contains(&deed), "about a home");
    if deed == Deed::Export {
        Errand::export(who)
    } else {
        Errand::erase(who)
    }
}

async fn code(world: &World, who: &Caller, deed: Deed) -> Secret {
    code_for(world, who, &errand(who, deed)).await
}

/// The code that is sent for an errand.
pub(crate) async fn code_for(world: &World, who: &Caller, errand: &Errand) -> Secret {
    world.clock.advance(61);
    world.accounts.ask_step_up(who, errand).await.unwrap();
    world.deliver().await;
    world.code_on(LI_MING.phone)
}

/// The caller under the id that may do it.
pub(crate) async fn stepped_up(world: &World, who: &Caller, deed: Deed) -> Caller {
    let typed = code(world, who, deed).await;
    let stepped = world.accounts.step_up(who, &typed).await.unwrap();
    assert_eq!(stepped.deed, deed);
    Caller {
        session_id: stepped.session.session_id,
        ..who.clone()
    }
}

fn needs_step_up<T: std::fmt::Debug>(answer: &Result<T, PrivacyError>) {
    assert!(
        matches!(answer, Err(PrivacyError::StepUpRequired)),
        "{answer:?}"
    );
}

async fn m3_15_nothing_is_done_without_a_step_up_for_it(world: World) {
    let who = world.sign_in(&LI_MING).await;
    needs_step_up(&world.privacy.export_link(&who).await);
    needs_step_up(&world.privacy.ask_erasure(&who).await);
    let who = stepped_up(&world, &who, Deed::Export).await;
    needs_step_up(&world.privacy.ask_erasure(&who).await);
    assert!(
        world
            .accounts
            .stepped_up(&who.session_id, Deed::Export)
            .await
            .unwrap()
    );
    assert!(
        !world
            .accounts
            .stepped_up(&who.session_id, Deed::Erase)
            .await
            .unwrap()
    );
    world.privacy.export_link(&who).await.unwrap();
    needs_step_up(&world.privacy.export_link(&who).await);
}

async fn m3_7_the_code_is_the_sessions_own_and_used_once(world: World) {
    let who = world.sign_in(&LI_MING).await;
    let thief = world.sign_in(&LI_MING).await;
    let stranger = world.sign_in(&WANG_FANG).await;
    let typed = code(&world, &who, Deed::Export).await;
    for other in [&thief, &stranger] {
        let refused = world.accounts.step_up(other, &typed).await;
        assert!(
            matches!(refused, Err(AccountError::WrongCode)),
            "{refused:?}"
        );
    }
    world.accounts.step_up(&who, &typed).await.unwrap();
    let again = world.accounts.step_up(&who, &typed).await;
    assert!(again.is_err(), "{again:?}");
}

async fn m3_5_the_id_before_the_step_up_may_not_do_it(world: World) {
    let before = world.sign_in(&LI_MING).await;
    let after = stepped_up(&world, &before, Deed::Erase).await;
    assert_ne!(before.session_id, after.session_id);
    needs_step_up(&world.privacy.ask_erasure(&before).await);
    world.privacy.ask_erasure(&after).await.unwrap();
}

async fn m3_7_five_wrong_tries_kill_the_code(world: World) {
    let who = world.sign_in(&LI_MING).await;
    let right = code(&world, &who, Deed::Erase).await;
    let wrong = if right.expose() == "000000" {
        "000001"
    } else {
        "000000"
    };
    for _ in 0..5 {
        let refused = world
            .accounts
            .step_up(&who, &Secret::new(wrong.into()))
            .await;
        assert!(refused.is_err());
    }
    let late = world.accounts.step_up(&who, &right).await;
    assert!(late.is_err(), "the right code comes too late");
}

async fn m3_15_a_step_up_is_over_after_ten_minutes(world: World) {
    let who = world.sign_in(&LI_MING).await;
    let who = stepped_up(&world, &who, Deed::Erase).await;
    world.clock.advance(STEP_UP_LIFE_S);
    assert!(
        !world
            .accounts
            .stepped_up(&who.session_id, Deed::Erase)
            .await
            .unwrap()
    );
    needs_step_up(&world.privacy.ask_erasure(&who).await);
}

async fn m3_15_without_a_phone_there_is_no_step_up(world: World) {
    let phoneless = Wallet {
        phone: "",
        ..LI_MING
    };
    let who = world.sign_in(&phoneless).await;
    let refused = world
        .accounts
        .ask_step_up(&who, &errand(&who, Deed::Export))
        .await;
    assert!(
        matches!(refused, Err(AccountError::PhoneMissing)),
        "{refused:?}"
    );
}

async fn m3_15_one_export_a_day_by_a_link_that_works_once_for_a_minute(world: World) {
    let who = world.sign_in(&LI_MING).await;
    let first = stepped_up(&world, &who, Deed::Export).await;
    let ticket = world.privacy.export_link(&first).await.unwrap();
    assert_eq!(ticket.expires_in_s, LINK_LIFE_S);
    let told = world.privacy.exported(&ticket.secret).await.unwrap();
    assert!(told.expose().contains(LI_MING.id_no) && told.expose().contains(LI_MING.phone));
    let again = world.privacy.exported(&ticket.secret).await;
    assert!(matches!(again, Err(PrivacyError::LinkGone)), "{again:?}");
    let second = stepped_up(&world, &first, Deed::Export).await;
    let refused = world.privacy.export_link(&second).await;
    assert!(
        matches!(refused, Err(PrivacyError::TooSoon { retry_after_s }) if retry_after_s > 0),
        "{refused:?}"
    );
    world.clock.advance(86_400);
    let third = stepped_up(&world, &second, Deed::Export).await;
    let ticket = world.privacy.export_link(&third).await.unwrap();
    world.clock.advance(LINK_LIFE_S);
    let late = world.privacy.exported(&ticket.secret).await;
    assert!(matches!(late, Err(PrivacyError::LinkGone)), "{late:?}");
}

async fn m3_15_every_contact_is_told_agreed_or_not(world: World) {
    let who = world.sign_in(&LI_MING).await;
    let who = stepped_up(&world, &who, Deed::Export).await;
    world.privacy.export_link(&who).await.unwrap();
    let who = stepped_up(&world, &who, Deed::Erase).await;
    world.privacy.ask_erasure(&who).await.unwrap();
    world.privacy.take_erasure_back(&who).await.unwrap();
    world.deliver().await;
    assert_eq!(
        world.phones.texts_on(LI_MING.phone),
        [
            "LL_DATA_EXPORTED",
            "LL_ERASURE_ASKED",
            "LL_ERASURE_WITHDRAWN"
        ]
    );
    let page = Page::new(None, None).unwrap();
    let inbox = world.notices.inbox(&who.account_id, &page).await.unwrap();
    assert_eq!(inbox.notices.items.len(), 3);
}

async fn m3_15_a_wish_cools_off_and_is_taken_back(world: World) {
    let who = world.sign_in(&LI_MING).await;
    assert_eq!(world.privacy.erasure(&who).await.unwrap(), None);
    let nothing = world.privacy.take_erasure_back(&who).await;
    assert!(
        matches!(nothing, Err(PrivacyError::NotFound)),
        "{nothing:?}"
    );
    let who = stepped_up(&world, &who, Deed::Erase).await;
    let wish = world.privacy.ask_erasure(&who).await.unwrap();
    assert_eq!(wish.state, ErasureState::Cooling);
    assert_eq!(wish.due_at.seconds_since(wish.asked_at), COOLING_S);
    let stranger = world.sign_in(&WANG_FANG).await;
    assert_eq!(world.privacy.erasure(&stranger).await.unwrap(), None);
    let foreign = world.privacy.take_erasure_back(&stranger).await;
    assert!(
        matches!(foreign, Err(PrivacyError::NotFound)),
        "{foreign:?}"
    );
    world.privacy.take_erasure_back(&who).await.unwrap();
    world.clock.advance(COOLING_S);
    let erase = Erase(world.privacy.clone());
    assert_eq!(erase.run_due().await.unwrap(), 0);
    assert!(world.accounts.me(&who).await.is_ok());
}

async fn m3_15_after_15_days_the_person_is_gone(world: World) {
    world.archive.put(
        HOME,
        Home {
            holder: "李明",
            id_no: Some(LI_MING.id_no),
            mobile: Some(LI_MING.phone),
            holder_version: 1,
            holder_since: None,
        },
    );
    let who = world.agreeing(&LI_MING).await;
    let offer = world.bindings.offer(&who).await.unwrap();
    let tokens = offer
        .homes
        .into_iter()
        .map(|home| home.match_token)
        .collect();
    world.bindings.confirm(&who, tokens, None).await.unwrap();
    let who = stepped_up(&world, &who, Deed::Erase).await;
    let wish = world.privacy.ask_erasure(&who).await.unwrap();
    let erase = Erase(world.privacy.clone());
    let left = wish.due_at.seconds_since(world.privacy.now());
    world.clock.advance(left - 1);
    assert_eq!(erase.run_due().await.unwrap(), 0, "not a second early");
    world.clock.advance(1);
    assert_eq!(erase.run_due().await.unwrap(), 1);
    let gone = world.accounts.me(&who).await;
    assert!(matches!(gone, Err(AccountError::NotFound)), "{gone:?}");
    let alive = world
        .accounts
        .session_alive(&who.account_id, &who.session_id)
        .await
        .unwrap();
    assert!(!alive);
    world.deliver().await;
    let anew = world.agreeing(&LI_MING).await;
    assert_ne!(anew.account_id, who.account_id, "they come as somebody new");
    let page = Page::new(None, None).unwrap();
    let homes = world.bindings.list(&anew, &page).await.unwrap();
    assert!(homes.items.is_empty());
    let offer = world.bindings.offer(&anew).await.unwrap();
    assert_eq!(offer.homes.len(), 1, "and may link their home again");
}

async fn c4_a_withdrawn_consent_stops_the_match_and_stays_on_record(world: World) {
    let who = world.agreeing(&LI_MING).await;
    world.bindings.offer(&who).await.unwrap();
    let purpose = Purpose::IdentityMatch;
    world
        .accounts
        .withdraw_consent(&who, purpose)
        .await
        .unwrap();
    let refused = world.bindings.offer(&who).await;
    assert!(refused.is_err(), "nothing is matched without it");
    let version = purpose.text().version;
    world.clock.advance(1);
    world
        .accounts
        .give_consent(&who, purpose, version)
        .await
        .unwrap();
    let history = world.accounts.consent_history(&who).await.unwrap();
    assert_eq!(history.len(), 2);
    assert!(history[0].withdrawn_at.is_some() && history[1].withdrawn_at.is_none());
    assert!(history.iter().all(|consent| consent.purpose == purpose));
    let stranger = world.sign_in(&WANG_FANG).await;
    assert!(
        world
            .accounts
            .consent_history(&stranger)
            .await
            .unwrap()
            .is_empty()
    );
}
