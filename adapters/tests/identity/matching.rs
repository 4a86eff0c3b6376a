//! Direct match: from the certified name to linked homes.

use lifeline_core::accounts::{Actor, Secret};
use lifeline_core::bindings::home_code::CodeFor;
use lifeline_core::bindings::{BindingError, Offer, OfferLevel, Proof, Role, Standing};
use lifeline_core::cases::CaseKind;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::snapshot;

use crate::archive::Home;
use crate::on_every_engine;
use crate::world::{LI_MING, WANG_FANG, Wallet, World};

on_every_engine! { "matching":
    ln_43_full_match_links_all_homes_in_one_tap,
    ln_43_a_match_needs_no_link_to_follow_and_leaves_none,
    m3_1_a_match_by_mobile_alone_offers_nothing,
    m3_1_a_token_is_bound_to_account_and_session_and_ten_minutes,
    m3_1_many_confirmations_at_once_make_one_link,
    ln_43_id_only_needs_a_code_to_the_archived_phone,
    ln_43_a_code_stands_only_for_homes_with_its_phone,
    ln_43_id_digits_serve_where_the_archive_has_no_phone,
    ln_43_a_silent_archive_changes_nothing_and_the_tap_may_be_repeated,
    ln_43_without_a_certified_name_there_is_nothing_to_match_with,
    m3_2_a_holder_whom_the_archive_no_longer_confirms_gets_less,
    m3_2_a_second_holder_freezes_both_and_opens_a_case,
    m3_4_a_new_holder_drops_the_old_links_in_the_same_unit,
}

const ONE: &str = "1504010020017";
const TWO: &str = "1504010020025";

fn home(mobile: Option<&'static str>) -> Home {
    Home {
        holder: "李明",
        id_no: Some(LI_MING.id_no),
        mobile,
        holder_version: 1,
        holder_since: None,
    }
}

fn tokens(offer: &Offer) -> Vec<Secret> {
    offer
        .homes
        .iter()
        .map(|home| home.match_token.clone())
        .collect()
}

fn digits(text: &str) -> Option<Proof> {
    Some(Proof::IdLast6(Secret::new(text.into())))
}

async fn ln_43_full_match_links_all_homes_in_one_tap(world: World) {
    world.archive.put(ONE, home(Some(LI_MING.phone)));
    world.archive.put(TWO, home(Some(LI_MING.phone)));
    let who = world.agreeing(&LI_MING).await;
    let offer = world.bindings.offer(&who).await.unwrap();
    assert_eq!((offer.level, offer.homes.len()), (OfferLevel::Full, 2));
    assert_eq!(offer.homes[0].signboard.consumer_no_masked, "*********0017");
    let linked = world
        .bindings
        .confirm(&who, tokens(&offer), None)
        .await
        .unwrap();
    assert_eq!(linked.len(), 2);
    assert!(linked.iter().all(|binding| binding.role == Role::Holder));
    let kinds = world.evidence().await;
    assert_eq!(
        kinds
            .iter()
            .filter(|kind| *kind == "bindings.linked")
            .count(),
        2
    );
    let again = world.bindings.confirm(&who, tokens(&offer), None).await;
    assert!(
        matches!(again, Err(BindingError::CannotConfirm)),
        "a token works once"
    );
}

async fn ln_43_a_match_needs_no_link_to_follow_and_leaves_none(world: World) {
    world.archive.put(ONE, home(Some(LI_MING.phone)));
    let who = world.agreeing(&LI_MING).await;
    for _ in 0..2 {
        assert_eq!(world.bindings.offer(&who).await.unwrap().homes.len(), 1);
    }
    let page = lifeline_core::shared::page::Page::new(None, None).unwrap();
    assert!(
        world
            .bindings
            .list(&who, &page)
            .await
            .unwrap()
            .items
            .is_empty()
    );
    assert_eq!(world.archive.calls(), ["match_identity", "match_identity"]);
}

async fn m3_1_a_match_by_mobile_alone_offers_nothing(world: World) {
    let strangers = Home {
        holder: "赵六",
        id_no: Some(WANG_FANG.id_no),
        ..home(Some(LI_MING.phone))
    };
    world.archive.put(ONE, strangers);
    let who = world.agreeing(&LI_MING).await;
    let offer = world.bindings.offer(&who).await.unwrap();
    assert_eq!(
        offer,
        Offer {
            level: OfferLevel::None,
            homes: Vec::new()
        }
    );
}

async fn m3_1_a_token_is_bound_to_account_and_session_and_ten_minutes(world: World) {
    world.archive.put(ONE, home(Some(LI_MING.phone)));
    let who = world.agreeing(&LI_MING).await;
    let elsewhere = world.sign_in(&LI_MING).await;
    let thief = world.agreeing(&WANG_FANG).await;
    let offer = world.bindings.offer(&who).await.unwrap();
    for other in [&elsewhere, &thief] {
        let refused = world.bindings.confirm(other, tokens(&offer), None).await;
        assert!(
            matches!(refused, Err(BindingError::CannotConfirm)),
            "{refused:?}"
        );
    }
    let made_up = vec![Secret::new("made-up".into())];
    let refused = world.bindings.confirm(&who, made_up, None).await;
    assert!(matches!(refused, Err(BindingError::CannotConfirm)));
    world.clock.advance(600);
    let late = world.bindings.confirm(&who, tokens(&offer), None).await;
    assert!(matches!(late, Err(BindingError::CannotConfirm)));
    let calls = world.archive.calls();
    assert_eq!(
        calls,
        ["match_identity"],
        "nothing of it reached the archive"
    );
}

async fn m3_1_many_confirmations_at_once_make_one_link(world: World) {
    let world = std::sync::Arc::new(world);
    world.archive.put(ONE, home(Some(LI_MING.phone)));
    let who = world.agreeing(&LI_MING).await;
    let offer = world.bindings.offer(&who).await.unwrap();
    let mut taps = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (world, who, tokens) = (world.clone(), who.clone(), tokens(&offer));
        taps.spawn(async move { world.bindings.confirm(&who, tokens, None).await.is_ok() });
    }
    let linked = taps
        .join_all()
        .await
        .into_iter()
        .filter(|linked| *linked)
        .count();
    assert_eq!(linked, 1);
    let page = lifeline_core::shared::page::Page::new(None, None).unwrap();
    assert_eq!(
        world.bindings.list(&who, &page).await.unwrap().items.len(),
        1
    );
}

async fn ln_43_id_only_needs_a_code_to_the_archived_phone(world: World) {
    world.archive.put(ONE, home(Some("19000000099")));
    world.archive.put(TWO, home(Some("19000000099")));
    let who = world.agreeing(&LI_MING).await;
    let offer = world.bindings.offer(&who).await.unwrap();
    assert_eq!((offer.level, offer.homes.len()), (OfferLevel::IdOnly, 2));
    let bare = world.bindings.confirm(&who, tokens(&offer), None).await;
    assert!(matches!(bare, Err(BindingError::ProofRequired)));
    let weak = world
        .bindings
        .confirm(&who, tokens(&offer), digits("010014"))
        .await;
    assert!(
        matches!(weak, Err(BindingError::CodeRequired)),
        "digits of one's own ID add nothing: {weak:?}"
    );
    let first = CodeFor::Offered(offer.homes[0].match_token.clone());
    world.bindings.ask_home_code(&who, &first).await.unwrap();
    assert_eq!(
        world.deliver().await,
        2,
        "the phone is found, then the code is sent"
    );
    let wrong = Some(Proof::ArchivedSms(Secret::new("not-it".into())));
    let refused = world.bindings.confirm(&who, tokens(&offer), wrong).await;
    assert!(matches!(refused, Err(BindingError::CannotConfirm)));
    let code = Some(Proof::ArchivedSms(world.code_on("19000000099")));
    let linked = world
        .bindings
        .confirm(&who, tokens(&offer), code)
        .await
        .unwrap();
    assert_eq!(
        linked.len(),
        2,
        "both homes share the phone the code went to"
    );
    assert!(linked.iter().all(|binding| binding.role == Role::Holder));
}

async fn ln_43_a_code_stands_only_for_homes_with_its_phone(world: World) {
    world.archive.put(ONE, home(Some("19000000099")));
    world.archive.put(TWO, home(Some("19000000088")));
    let who = world.agreeing(&LI_MING).await;
    let offer = world.bindings.offer(&who).await.unwrap();
    let by_number = CodeFor::Number(ConsumerNo::parse(TWO).unwrap());
    world
        .bindings
        .ask_home_code(&who, &by_number)
        .await
        .unwrap();
    world.deliver().await;
    let code = Some(Proof::ArchivedSms(world.code_on("19000000088")));
    let linked = world
        .bindings
        .confirm(&who, tokens(&offer), code)
        .await
        .unwrap();
    assert_eq!(linked.len(), 1);
    assert_eq!(linked[0].binding.consumer_no.expose(), TWO);
}

async fn ln_43_id_digits_serve_where_the_archive_has_no_phone(world: World) {
    world.archive.put(ONE, home(None));
    let who = world.agreeing(&LI_MING).await;
    let offer = world.bindings.offer(&who).await.unwrap();
    assert_eq!(offer.level, OfferLevel::IdOnly);
    let wrong = world
        .bindings
        .confirm(&who, tokens(&offer), digits("999999"))
        .await;
    assert!(matches!(wrong, Err(BindingError::CannotConfirm)));
    let linked = world
        .bindings
        .confirm(&who, tokens(&offer), digits("010014"))
        .await
        .unwrap();
    assert_eq!(
        linked[0].role,
        Role::Holder,
        "it is the certified ID number that carries the role"
    );
}

async fn ln_43_a_silent_archive_changes_nothing_and_the_tap_may_be_repeated(world: World) {
    world.archive.put(ONE, home(Some(LI_MING.phone)));
    let who = world.agreeing(&LI_MING).await;
    let offer = world.bindings.offer(&who).await.unwrap();
    world.archive.go_away(true);
    let silent = world.bindings.confirm(&who, tokens(&offer), None).await;
    assert!(
        matches!(silent, Err(BindingError::ArchiveUnavailable(_))),
        "{silent:?}"
    );
    world.archive.go_away(false);
    assert_eq!(
        world
            .bindings
            .confirm(&who, tokens(&offer), None)
            .await
            .unwrap()
            .len(),
        1
    );
}

async fn ln_43_without_a_certified_name_there_is_nothing_to_match_with(world: World) {
    let who = world
        .agreeing(&Wallet {
            certified: false,
            ..LI_MING
        })
        .await;
    let refused = world.bindings.offer(&who).await;
    assert!(matches!(refused, Err(BindingError::RealNameRequired)));
}

async fn m3_2_a_holder_whom_the_archive_no_longer_confirms_gets_less(world: World) {
    world.archive.put(ONE, home(Some(LI_MING.phone)));
    let who = world.agreeing(&LI_MING).await;
    let offer = world.bindings.offer(&who).await.unwrap();
    let heir = Home {
        holder: "王芳",
        id_no: Some(WANG_FANG.id_no),
        ..home(None)
    };
    world.archive.transfer(ONE, heir);
    let linked = world
        .bindings
        .confirm(&who, tokens(&offer), None)
        .await
        .unwrap();
    assert_eq!(
        linked[0].role,
        Role::Authorised,
        "never HOLDER without the certified ID equal now"
    );
}

async fn m3_2_a_second_holder_freezes_both_and_opens_a_case(world: World) {
    world.archive.put(ONE, home(Some(LI_MING.phone)));
    let first = world.agreeing(&LI_MING).await;
    let offer = world.bindings.offer(&first).await.unwrap();
    let held = world
        .bindings
        .confirm(&first, tokens(&offer), None)
        .await
        .unwrap()
        .remove(0);
    // The archive now calls another person the holder without having moved its holder version on.
    let other = Home {
        holder: "王芳",
        id_no: Some(WANG_FANG.id_no),
        ..home(Some(WANG_FANG.phone))
    };
    world.archive.put(ONE, other);
    let second = world.agreeing(&WANG_FANG).await;
    let offer = world.bindings.offer(&second).await.unwrap();
    let claimed = world
        .bindings
        .confirm(&second, tokens(&offer), None)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(
        (claimed.role, claimed.standing),
        (Role::PayerOnly, Standing::Disputed)
    );
    let mut view = snapshot(&*world.store).await.unwrap();
    let before = view
        .bindings()
        .find(&first.account_id, &held.binding.binding_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (before.role(world.clock.now()), before.binding.frozen),
        (Some(Role::PayerOnly), true)
    );
    let cases = view
        .cases()
        .about(held.binding.binding_id.as_str())
        .await
        .unwrap();
    assert_eq!(cases.len(), 1);
    assert_eq!(cases[0].kind, CaseKind::HolderConflict);
    assert!(!cases[0].facts.contains(ONE) && !cases[0].facts.contains("王芳"));
    let case = cases[0].clone();
    drop(view);
    // Claiming again thaws nothing.
    let offer = world.bindings.offer(&second).await.unwrap();
    let again = world
        .bindings
        .confirm(&second, tokens(&offer), None)
        .await
        .unwrap()
        .remove(0);
    assert_eq!((again.role, again.binding.frozen), (Role::PayerOnly, true));
    assert_eq!(again.binding.binding_id, claimed.binding.binding_id);
    // Two persons decide: each proves anew, and the archive says who holds it.
    let staff = Actor {
        name: "staff:a".into(),
        source: String::new(),
        trace_id: "trace".into(),
    };
    assert!(world.bindings.prove_again(&case, &staff).await.unwrap());
    assert!(
        !world.bindings.prove_again(&case, &staff).await.unwrap(),
        "there is nothing left to thaw"
    );
    let mut view = snapshot(&*world.store).await.unwrap();
    for (account, id) in [
        (&first.account_id, &held.binding.binding_id),
        (&second.account_id, &claimed.binding.binding_id),
    ] {
        let open = view.bindings().find(account, id).await.unwrap().unwrap();
        let role = open.role(world.clock.now());
        assert_eq!((role, open.binding.frozen), (Some(Role::PayerOnly), false));
    }
    drop(view);
    let offer = world.bindings.offer(&second).await.unwrap();
    let holds = world
        .bindings
        .confirm(&second, tokens(&offer), None)
        .await
        .unwrap()
        .remove(0);
    assert_eq!((holds.role, holds.binding.frozen), (Role::Holder, false));
}

async fn m3_4_a_new_holder_drops_the_old_links_in_the_same_unit(world: World) {
    world.archive.put(ONE, home(Some(LI_MING.phone)));
    let old = world.agreeing(&LI_MING).await;
    let offer = world.bindings.offer(&old).await.unwrap();
    let held = world
        .bindings
        .confirm(&old, tokens(&offer), None)
        .await
        .unwrap()
        .remove(0);
    let heir = Home {
        holder: "王芳",
        id_no: Some(WANG_FANG.id_no),
        ..home(Some(WANG_FANG.phone))
    };
    world.archive.transfer(ONE, heir);
    let new = world.agreeing(&WANG_FANG).await;
    let offer = world.bindings.offer(&new).await.unwrap();
    let linked = world
        .bindings
        .confirm(&new, tokens(&offer), None)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(
        (linked.role, linked.binding.frozen),
        (Role::Holder, false),
        "a transfer is no conflict"
    );
    let mut view = snapshot(&*world.store).await.unwrap();
    let fallen = view
        .bindings()
        .find(&old.account_id, &held.binding.binding_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (fallen.binding.role, fallen.role(world.clock.now())),
        (Role::PayerOnly, Some(Role::PayerOnly))
    );
    drop(view);
    assert!(
        world
            .evidence()
            .await
            .contains(&"bindings.holder_changed".to_owned())
    );
}
