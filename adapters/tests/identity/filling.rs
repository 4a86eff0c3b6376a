//! Filling gaps of the archive: who may, what leaves, and what a value that came from here is worth.

use lifeline_core::accounts::{AccountError, Caller, Purpose, Secret};
use lifeline_core::bindings::home_code::CodeFor;
use lifeline_core::bindings::ports::Filled;
use lifeline_core::bindings::{
    ArchiveField, Binding, BindingError, Filling, FillingState, OfferLevel, Proof, Role, Scope,
};
use lifeline_core::cases::CaseKind;
use lifeline_core::shared::ids::BindingId;
use lifeline_core::shared::personal::{ConsumerNo, Phone};
use lifeline_core::store::snapshot;

use crate::archive::Home;
use crate::on_every_engine;
use crate::phones::giving_up;
use crate::sharing::{HOME, by_digits, cannot_confirm, holder, home_of, let_in};
use crate::world::{LI_MING, WANG_FANG, World};

on_every_engine! { "filling":
    ln_45_a_gap_is_filled_once_and_what_is_there_is_never_changed,
    ln_45_a_lost_answer_fills_once,
    ln_45_another_value_in_the_archive_is_a_case_for_a_clerk_and_its_phone_is_told,
    ln_45_while_one_is_on_its_way_a_second_tap_finds_it,
    m3_3_only_the_holder_fills_and_only_with_a_consent_of_its_own,
    m3_3_the_phone_leaves_only_after_a_code_to_it,
    m3_3_a_phone_that_came_from_here_proves_nothing,
    m3_3_a_phone_that_came_from_here_stands_in_nobodys_way,
    m3_3_a_consent_taken_back_before_it_left_stops_it,
    m3_3_a_phone_that_moved_on_before_it_left_stops_it,
    m3_3_nothing_is_written_for_a_former_holder,
    c1_nothing_that_was_offered_lies_open,
}

const OLD_PHONE: &str = "19000009912";

/// The holder's home, whose archive holds this phone.
async fn holder_with(world: &World, mobile: Option<&'static str>) -> (Caller, Binding) {
    let held = holder(world).await;
    let home = Home {
        mobile,
        ..home_of(&LI_MING, 1)
    };
    world.archive.put(HOME, home);
    world.archive.calls();
    held
}

async fn agree(world: &World, who: &Caller) {
    let purpose = Purpose::ArchiveUpdate;
    let given = world
        .accounts
        .give_consent(who, purpose, purpose.text().version)
        .await;
    given.unwrap();
}

/// A code on one's own phone.
async fn code(world: &World, who: &Caller) -> Secret {
    let phone = Phone::parse(LI_MING.phone).unwrap();
    world.accounts.ask_phone_code(who, &phone).await.unwrap();
    world.deliver().await;
    world.code_on(LI_MING.phone)
}

async fn ask(
    world: &World,
    held: &(Caller, Binding),
    code: Option<&Secret>,
) -> Result<Filling, BindingError> {
    let (who, home) = held;
    world
        .bindings
        .ask_filling(who, &home.binding_id, code)
        .await
}

async fn asked_with_phone(world: &World, held: &(Caller, Binding)) -> Filling {
    agree(world, &held.0).await;
    let code = code(world, &held.0).await;
    ask(world, held, Some(&code)).await.unwrap()
}

async fn newest(world: &World, held: &(Caller, Binding)) -> Filling {
    let (who, home) = held;
    let newest = world.bindings.filling(who, &home.binding_id).await;
    newest.unwrap().expect("an offer")
}

/// Delivers until nothing is due, over the pauses between tries.
async fn settle(world: &World) {
    for _ in 0..4 {
        world.deliver().await;
        world.clock.advance(60);
    }
}

fn results(filling: &Filling) -> Vec<(ArchiveField, Filled)> {
    filling.results.clone().into_iter().collect()
}

async fn ln_45_a_gap_is_filled_once_and_what_is_there_is_never_changed(world: World) {
    let held = holder_with(&world, None).await;
    let asked = asked_with_phone(&world, &held).await;
    assert_eq!(
        (asked.state, asked.with_mobile),
        (FillingState::Asked, true)
    );
    settle(&world).await;
    let settled = newest(&world, &held).await;
    assert_eq!(settled.state, FillingState::Settled);
    let expected = [
        (ArchiveField::IdNo, Filled::Same),
        (ArchiveField::Mobile, Filled::Filled),
        (ArchiveField::Name, Filled::Same),
    ];
    assert_eq!(results(&settled), expected);
    assert_eq!(world.archive.mobile(HOME), Some(LI_MING.phone));
    assert_eq!(world.archive.written(), 1);
    let evidence = world.evidence().await;
    for kind in ["bindings.archive_offered", "bindings.archive_filled"] {
        assert_eq!(evidence.iter().filter(|one| *one == kind).count(), 1);
    }
    assert!(world.phones.texts_on(LI_MING.phone).is_empty());
}

async fn ln_45_a_lost_answer_fills_once(world: World) {
    let held = holder_with(&world, None).await;
    world.archive.lose_answers(2);
    asked_with_phone(&world, &held).await;
    settle(&world).await;
    let settled = newest(&world, &held).await;
    assert_eq!(settled.state, FillingState::Settled);
    assert_eq!(settled.results[&ArchiveField::Mobile], Filled::Filled);
    assert_eq!(world.archive.written(), 1);
    let fills = world.archive.calls();
    let fills = fills.iter().filter(|call| **call == "fill").count();
    assert_eq!(fills, 3, "the fault did strike");
}

async fn ln_45_another_value_in_the_archive_is_a_case_for_a_clerk_and_its_phone_is_told(
    world: World,
) {
    let held = holder_with(&world, Some(OLD_PHONE)).await;
    asked_with_phone(&world, &held).await;
    settle(&world).await;
    let settled = newest(&world, &held).await;
    let mobile = settled.results[&ArchiveField::Mobile];
    assert_eq!(mobile, Filled::ConflictReview);
    assert_eq!(world.archive.mobile(HOME), Some(OLD_PHONE));
    assert_eq!(world.archive.written(), 0);
    let mut view = snapshot(&*world.store).await.unwrap();
    let id = held.1.binding_id.as_str();
    let cases = view.cases().about(id).await.unwrap();
    let kinds: Vec<CaseKind> = cases.iter().map(|case| case.kind).collect();
    assert_eq!(kinds, [CaseKind::ArchiveConflict]);
    assert_eq!(
        cases[0].facts,
        r#"{"fields":["mobile"],"holder_version":1}"#
    );
    assert_eq!(world.phones.texts_on(OLD_PHONE), ["LL_ARCHIVE_OFFERED"]);
    assert!(world.phones.texts_on(LI_MING.phone).is_empty());
}

async fn ln_45_while_one_is_on_its_way_a_second_tap_finds_it(world: World) {
    let held = holder_with(&world, None).await;
    agree(&world, &held.0).await;
    let first = ask(&world, &held, None).await.unwrap();
    let second = ask(&world, &held, None).await.unwrap();
    assert_eq!(first, second);
    settle(&world).await;
    let fills = world.archive.calls();
    let fills = fills.iter().filter(|call| **call == "fill").count();
    assert_eq!(fills, 1);
    let third = ask(&world, &held, None).await.unwrap();
    assert_ne!(third.filling_id, first.filling_id, "the first is settled");
}

async fn m3_3_only_the_holder_fills_and_only_with_a_consent_of_its_own(world: World) {
    let held = holder_with(&world, None).await;
    let refused = ask(&world, &held, None).await;
    assert!(
        matches!(refused, Err(BindingError::ConsentRequired)),
        "the consent to the match is another one: {refused:?}"
    );
    let (guest, as_guest) = let_in(&world, &held, Scope::Authorised, 30).await;
    agree(&world, &guest).await;
    let refused = world.bindings.ask_filling(&guest, &as_guest, None).await;
    assert!(
        matches!(refused, Err(BindingError::RoleNotEnough)),
        "{refused:?}"
    );
    let shown = world.bindings.filling(&guest, &as_guest).await;
    assert!(
        matches!(shown, Err(BindingError::RoleNotEnough)),
        "{shown:?}"
    );
    let foreign = world
        .bindings
        .ask_filling(&guest, &held.1.binding_id, None)
        .await;
    assert!(
        matches!(foreign, Err(BindingError::NotFound)),
        "{foreign:?}"
    );
    settle(&world).await;
    assert!(!world.archive.calls().contains(&"fill"), "nothing left us");
    agree(&world, &held.0).await;
    ask(&world, &held, None).await.unwrap();
    settle(&world).await;
    assert!(world.archive.calls().contains(&"fill"), "the holder's does");
}

async fn m3_3_the_phone_leaves_only_after_a_code_to_it(world: World) {
    let held = holder_with(&world, None).await;
    agree(&world, &held.0).await;
    let code = code(&world, &held.0).await;
    let wrong = if code.expose() == "000000" {
        "000001"
    } else {
        "000000"
    };
    let refused = ask(&world, &held, Some(&Secret::new(wrong.into()))).await;
    let expected = BindingError::Account(AccountError::WrongCode);
    assert_eq!(refused.unwrap_err().to_string(), expected.to_string());
    let without = ask(&world, &held, None).await.unwrap();
    assert!(!without.with_mobile);
    settle(&world).await;
    assert_eq!(world.archive.mobile(HOME), None);
    let settled = newest(&world, &held).await;
    assert!(!settled.results.contains_key(&ArchiveField::Mobile));
    let code = self::code(&world, &held.0).await;
    ask(&world, &held, Some(&code)).await.unwrap();
    settle(&world).await;
    assert_eq!(world.archive.mobile(HOME), Some(LI_MING.phone));
    let spent = ask(&world, &held, Some(&code)).await;
    assert!(spent.is_err(), "a code works once");
}

/// How many codes a phone has got.
fn codes(world: &World, phone: &str) -> usize {
    world.phones.codes_on(phone).len()
}

async fn ask_home_code(world: &World, who: &Caller) {
    let number = ConsumerNo::parse(HOME).unwrap();
    let home = CodeFor::Number(number);
    world.bindings.ask_home_code(who, &home).await.unwrap();
    world.deliver().await;
    world.clock.advance(61);
}

async fn m3_3_a_phone_that_came_from_here_proves_nothing(world: World) {
    let held = holder_with(&world, None).await;
    asked_with_phone(&world, &held).await;
    settle(&world).await;
    assert_eq!(world.archive.mobile(HOME), Some(LI_MING.phone));
    let stranger = world.agreeing(&WANG_FANG).await;
    let before = codes(&world, LI_MING.phone);
    ask_home_code(&world, &stranger).await;
    assert_eq!(codes(&world, LI_MING.phone), before, "no code goes to it");
    // An outlet put another one there: that one is the archive's own.
    let home = Home {
        mobile: Some(OLD_PHONE),
        ..home_of(&LI_MING, 1)
    };
    world.archive.put(HOME, home);
    ask_home_code(&world, &stranger).await;
    let typed = world.code_on(OLD_PHONE);
    let number = ConsumerNo::parse(HOME).unwrap();
    let proof = Proof::ArchivedSms(typed);
    let linked = world
        .bindings
        .bind_by_number(&stranger, &number, &proof)
        .await;
    assert_eq!(linked.unwrap().role, Role::PayerOnly);
}

/// The holder comes back after leaving: the phone that is no proof does not make a code necessary.
async fn m3_3_a_phone_that_came_from_here_stands_in_nobodys_way(world: World) {
    let held = holder_with(&world, None).await;
    asked_with_phone(&world, &held).await;
    settle(&world).await;
    // From now on the phone in the archive is not the account's, so the match is by ID number alone.
    let (who, home) = &held;
    world.bindings.unbind(who, &home.binding_id).await.unwrap();
    let elsewhere = crate::world::Wallet {
        phone: "19000000077",
        ..LI_MING
    };
    let again = world.agreeing(&elsewhere).await;
    let offer = world.bindings.offer(&again).await.unwrap();
    assert_eq!(offer.level, OfferLevel::IdOnly);
    let tokens: Vec<_> = offer.homes.into_iter().map(|one| one.match_token).collect();
    let digits = Proof::IdLast6(Secret::new("010014".into()));
    let linked = world.bindings.confirm(&again, tokens, Some(digits)).await;
    assert_eq!(linked.unwrap().remove(0).role, Role::Holder);
}

async fn m3_3_a_consent_taken_back_before_it_left_stops_it(world: World) {
    let held = holder_with(&world, None).await;
    asked_with_phone(&world, &held).await;
    let purpose = Purpose::ArchiveUpdate;
    let withdrawn = world.accounts.withdraw_consent(&held.0, purpose).await;
    withdrawn.unwrap();
    world.archive.calls();
    settle(&world).await;
    assert_eq!(newest(&world, &held).await.state, FillingState::Dropped);
    assert!(world.archive.calls().is_empty(), "nothing left us");
    assert!(
        world
            .evidence()
            .await
            .contains(&"bindings.archive_dropped".to_owned())
    );
}

async fn m3_3_a_phone_that_moved_on_before_it_left_stops_it(world: World) {
    let held = holder_with(&world, None).await;
    world.archive.go_away(true);
    asked_with_phone(&world, &held).await;
    let phone = Phone::parse(LI_MING.phone).unwrap();
    let other = world.sign_in(&WANG_FANG).await;
    world.accounts.ask_phone_code(&other, &phone).await.unwrap();
    world.deliver().await;
    let typed = world.code_on(LI_MING.phone);
    let other = giving_up(&world, &other, WANG_FANG.phone, &phone).await;
    let moved = world.accounts.verify_phone(&other, &phone, &typed).await;
    moved.unwrap();
    world.archive.go_away(false);
    settle(&world).await;
    assert_eq!(world.archive.mobile(HOME), None);
    assert_eq!(world.archive.written(), 0);
}

async fn m3_3_nothing_is_written_for_a_former_holder(world: World) {
    let held = holder_with(&world, None).await;
    asked_with_phone(&world, &held).await;
    let to = Home {
        mobile: None,
        ..home_of(&WANG_FANG, 1)
    };
    world.archive.transfer(HOME, to);
    settle(&world).await;
    assert_eq!(world.archive.mobile(HOME), None);
    assert_eq!(world.archive.written(), 0);
    // And once the change is known here, there is nothing to ask for.
    world.clock.advance(700);
    let id: &BindingId = &held.1.binding_id;
    let refused = world.bindings.ask_filling(&held.0, id, None).await;
    assert!(
        matches!(refused, Err(BindingError::RoleNotEnough)),
        "{refused:?}"
    );
    cannot_confirm(by_digits(&world, &held.0, "999999").await);
}

async fn c1_nothing_that_was_offered_lies_open(world: World) {
    let held = holder_with(&world, None).await;
    asked_with_phone(&world, &held).await;
    for canary in [LI_MING.phone, LI_MING.id_no, LI_MING.name] {
        assert!(!world.lies_open(canary).await, "on its way");
    }
    settle(&world).await;
    for canary in [LI_MING.phone, LI_MING.id_no, LI_MING.name] {
        assert!(!world.lies_open(canary).await, "settled");
    }
}
