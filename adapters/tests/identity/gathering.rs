//! The on-line State Grid user system holds what is true here, for those who agreed, whatever the line does.

use lifeline_core::accounts::{Caller, Deed, Purpose};
use lifeline_core::bindings::gathering::{Applied, Member};
use lifeline_core::bindings::{Role, Scope};
use lifeline_core::privacy::Erase;
use lifeline_core::privacy::erasure::COOLING_S;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::snapshot;

use crate::on_every_engine;
use crate::privacy::stepped_up;
use crate::sharing::{HOME, by_digits, holder, home_of, let_in, matched};
use crate::users::Fault;
use crate::world::{LI_MING, WANG_FANG, World};

on_every_engine! { "gathering":
    c4_nobody_is_told_of_without_a_consent_of_its_own,
    ln_49_registration_real_name_phone_and_homes_are_told_together,
    ln_49_a_link_made_shared_and_left_is_followed,
    ln_49_a_change_of_holder_is_followed,
    ln_49_a_consent_taken_back_withdraws_the_person,
    ln_49_after_faults_their_view_equals_ours,
    ln_49_a_step_that_arrives_late_changes_nothing,
    ln_49_what_they_lost_is_found_and_looked_at_sooner,
    ln_49_one_of_many_takes_a_persons_turn,
    ln_49_an_erased_person_without_homes_is_let_go_of_at_once,
}

const OTHER_HOME: &str = "1504010020025";

async fn agree(world: &World, who: &Caller) {
    let purpose = Purpose::UserSystem;
    let version = purpose.text().version;
    let given = world.accounts.give_consent(who, purpose, version).await;
    given.unwrap();
}

/// Delivers over the pauses between tries, however often the line fails.
async fn settle(world: &World) {
    for _ in 0..12 {
        world.deliver().await;
        world.clock.advance(900);
    }
}

/// What is true here, read by the rooms' own use cases.
async fn ours(world: &World, who: &Caller) -> Vec<(String, Role)> {
    let page = Page::new(None, None).unwrap();
    let homes = world.bindings.list(who, &page).await.unwrap();
    homes
        .items
        .into_iter()
        .map(|seen| (seen.binding.consumer_no.expose().to_owned(), seen.role))
        .collect()
}

fn homes(member: &Member) -> Vec<(String, Role)> {
    let ties = member.ties.values();
    ties.map(|tie| (tie.consumer_no.expose().to_owned(), tie.role))
        .collect()
}

/// Their view of a person equals ours, homes and all.
async fn agrees(world: &World, who: &Caller) {
    let member = world.users.member(&who.account_id).expect("a member");
    assert_eq!(homes(&member), ours(world, who).await);
    let me = world.accounts.me(who).await.unwrap();
    let real_name = me.real_name.expect("certified");
    assert_eq!(member.profile.name, Some(real_name.name));
    assert_eq!(member.profile.id_no, Some(real_name.id_no));
    let phone = me.phone.map(|phone| phone.number);
    assert_eq!(member.profile.phone, phone);
}

async fn c4_nobody_is_told_of_without_a_consent_of_its_own(world: World) {
    let (who, home) = holder(&world).await;
    world.bindings.unbind(&who, &home.binding_id).await.unwrap();
    settle(&world).await;
    assert!(world.users.calls().is_empty(), "nothing left us");
    assert_eq!(world.users.member(&who.account_id), None);
    agree(&world, &who).await;
    settle(&world).await;
    assert!(world.users.member(&who.account_id).is_some(), "the twin");
}

async fn ln_49_registration_real_name_phone_and_homes_are_told_together(world: World) {
    let (who, _) = holder(&world).await;
    agree(&world, &who).await;
    settle(&world).await;
    agrees(&world, &who).await;
    assert_eq!(world.users.calls(), ["register", "bind"]);
    let told = world.evidence().await;
    let told = told.iter().filter(|kind| *kind == "bindings.gathered");
    assert_eq!(told.count(), 1);
    settle(&world).await;
    assert!(world.users.calls().is_empty(), "nothing changed");
}

async fn ln_49_a_link_made_shared_and_left_is_followed(world: World) {
    let held = holder(&world).await;
    let (guest, link) = let_in(&world, &held, Scope::Authorised, 30).await;
    agree(&world, &guest).await;
    settle(&world).await;
    agrees(&world, &guest).await;
    let member = world.users.member(&guest.account_id).unwrap();
    assert_eq!(homes(&member), [(HOME.to_owned(), Role::Authorised)]);
    world.archive.put(OTHER_HOME, home_of(&WANG_FANG, 1));
    matched(&world, &WANG_FANG).await;
    settle(&world).await;
    agrees(&world, &guest).await;
    assert_eq!(ours(&world, &guest).await.len(), 2);
    world.bindings.unbind(&guest, &link).await.unwrap();
    settle(&world).await;
    agrees(&world, &guest).await;
    assert_eq!(ours(&world, &guest).await.len(), 1);
    assert_eq!(world.users.calls(), ["register", "bind", "bind", "unbind"]);
}

async fn ln_49_a_change_of_holder_is_followed(world: World) {
    let held = holder(&world).await;
    agree(&world, &held.0).await;
    settle(&world).await;
    world.archive.transfer(HOME, home_of(&WANG_FANG, 1));
    world.clock.advance(86_400);
    world.bindings.look_for_changes().await.unwrap();
    settle(&world).await;
    agrees(&world, &held.0).await;
    let member = world.users.member(&held.0.account_id).unwrap();
    assert_eq!(homes(&member), [(HOME.to_owned(), Role::PayerOnly)]);
}

async fn ln_49_a_consent_taken_back_withdraws_the_person(world: World) {
    let (who, _) = holder(&world).await;
    agree(&world, &who).await;
    settle(&world).await;
    let purpose = Purpose::UserSystem;
    let withdrawn = world.accounts.withdraw_consent(&who, purpose).await;
    withdrawn.unwrap();
    world.users.plan(&[Fault::Before, Fault::After]);
    settle(&world).await;
    assert_eq!(world.users.struck(), 2);
    assert_eq!(world.users.member(&who.account_id), None);
    agree(&world, &who).await;
    settle(&world).await;
    agrees(&world, &who).await;
}

async fn ln_49_after_faults_their_view_equals_ours(world: World) {
    use Fault::{After, Before, Late};
    let held = holder(&world).await;
    let (guest, link) = let_in(&world, &held, Scope::Authorised, 30).await;
    let people = [held.0.clone(), guest.clone()];
    world.users.plan(&[After, Late, Before]);
    for person in &people {
        agree(&world, person).await;
    }
    world.deliver().await;
    world.users.plan(&[Late, After, Before, Late]);
    world.bindings.unbind(&guest, &link).await.unwrap();
    world.deliver().await;
    by_digits(&world, &guest, "010014").await.unwrap();
    world.deliver().await;
    settle(&world).await;
    assert_eq!(world.users.struck(), 7, "every fault acted");
    for person in &people {
        agrees(&world, person).await;
    }
    let late = world.users.arrive();
    assert!(!late.is_empty());
    assert!(late.iter().all(|ended| *ended == Applied::Overtaken));
    for person in &people {
        agrees(&world, person).await;
    }
}

async fn ln_49_a_step_that_arrives_late_changes_nothing(world: World) {
    let (who, home) = holder(&world).await;
    agree(&world, &who).await;
    settle(&world).await;
    world.bindings.unbind(&who, &home.binding_id).await.unwrap();
    settle(&world).await;
    world.users.plan(&[Fault::Late]);
    matched(&world, &LI_MING).await;
    world.deliver().await;
    assert_eq!(world.users.struck(), 1);
    // It is left again before the answer's absence was made good.
    let page = Page::new(None, None).unwrap();
    let mut homes = world.bindings.list(&who, &page).await.unwrap().items;
    let again = homes.remove(0).binding.binding_id;
    world.bindings.unbind(&who, &again).await.unwrap();
    settle(&world).await;
    agrees(&world, &who).await;
    assert_eq!(world.users.arrive(), [Applied::Overtaken]);
    agrees(&world, &who).await;
}

async fn ln_49_what_they_lost_is_found_and_looked_at_sooner(world: World) {
    let (who, _) = holder(&world).await;
    agree(&world, &who).await;
    settle(&world).await;
    world.users.calls();
    world.users.lose(&who.account_id);
    assert_eq!(world.gathering.ask_for_checks().await.unwrap(), 0);
    world.clock.advance(86_400);
    assert_eq!(world.gathering.ask_for_checks().await.unwrap(), 1);
    assert_eq!(world.gathering.ask_for_checks().await.unwrap(), 0);
    world.deliver().await;
    agrees(&world, &who).await;
    assert_eq!(world.users.calls(), ["bind"]);
    let every = async || {
        let mut view = snapshot(&*world.store).await.unwrap();
        let row = view.bindings().gathered(&who.account_id).await;
        row.unwrap().expect("gathered").check_every_s
    };
    assert_eq!(every().await, 3_600);
    for expected in [7_200, 14_400] {
        world.clock.advance(86_400);
        assert_eq!(world.gathering.ask_for_checks().await.unwrap(), 1);
        world.deliver().await;
        assert_eq!(every().await, expected, "calm: ever more rarely");
    }
    assert!(world.users.calls().is_empty());
}

async fn ln_49_one_of_many_takes_a_persons_turn(world: World) {
    let (who, _) = holder(&world).await;
    agree(&world, &who).await;
    settle(&world).await;
    world.clock.advance(86_400);
    let now = world.clock.now();
    let take = async || {
        lifeline_core::store::atomically(&*world.store, async |tx| {
            tx.bindings().take_check(&who.account_id, now).await
        })
        .await
        .unwrap()
    };
    let (first, second) = (take().await, take().await);
    assert_eq!((first, second), (true, false));
}

async fn ln_49_an_erased_person_without_homes_is_let_go_of_at_once(world: World) {
    let who = world.sign_in(&LI_MING).await;
    agree(&world, &who).await;
    world.deliver().await;
    assert!(world.users.member(&who.account_id).is_some());
    let who = stepped_up(&world, &who, Deed::Erase).await;
    world.privacy.ask_erasure(&who).await.unwrap();
    world.clock.advance(COOLING_S);
    let erase = Erase(world.privacy.clone());
    assert_eq!(erase.run_due().await.unwrap(), 1);
    world.deliver().await;
    assert_eq!(world.users.member(&who.account_id), None);
}
