//! What a person sees of a linked home, and leaving it.

use lifeline_core::accounts::{Caller, Purpose, Secret};
use lifeline_core::bindings::ports::RealNameState;
use lifeline_core::bindings::{
    Binding, BindingError, Label, NotOwned, Proof, RealNameCure, Right, Role, Standing, own,
};
use lifeline_core::shared::page::Page;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::snapshot;

use crate::archive::Home;
use crate::on_every_engine;
use crate::world::{LI_MING, WANG_FANG, World};

on_every_engine! { "homes":
    ln_46_the_holder_sees_the_archive_and_a_fresh_copy_is_not_asked_for_again,
    ln_46_while_the_archive_is_silent_the_last_good_copy_is_shown_as_old,
    ln_10_a_mismatch_names_its_cure,
    m3_4_a_payer_sees_neither_archive_nor_figures,
    m3_4_a_new_holder_seen_while_looking_takes_the_archive_away_at_once,
    m3_4_a_former_holder_reads_no_figures_ten_minutes_after_a_transfer,
    m3_4_a_copy_of_a_holder_before_is_shown_to_nobody_who_proves_the_home_anew,
    m3_4_while_the_archive_is_silent_the_last_known_holder_stands,
    another_accounts_home_is_not_found_whatever_is_asked,
    a_home_is_named_listed_and_left,
    c1_nothing_of_a_home_lies_open,
}

const HOME: &str = "1504010020017";

fn own_home() -> Home {
    Home {
        holder: "李明",
        id_no: Some(LI_MING.id_no),
        mobile: Some(LI_MING.phone),
        holder_version: 1,
        holder_since: None,
    }
}

/// A holder with one linked home.
async fn holder(world: &World) -> (Caller, Binding) {
    world.archive.put(HOME, own_home());
    let who = world.agreeing(&LI_MING).await;
    let offer = world.bindings.offer(&who).await.unwrap();
    let tokens = offer
        .homes
        .into_iter()
        .map(|home| home.match_token)
        .collect();
    let linked = world
        .bindings
        .confirm(&who, tokens, None)
        .await
        .unwrap()
        .remove(0)
        .binding;
    world.archive.calls();
    (who, linked)
}

async fn payer(world: &World) -> (Caller, Binding) {
    let who = world.agreeing(&WANG_FANG).await;
    let proof = Proof::IdLast6(Secret::new("010014".into()));
    let number = ConsumerNo::parse(HOME).unwrap();
    let linked = world
        .bindings
        .bind_by_number(&who, &number, &proof)
        .await
        .unwrap()
        .binding;
    (who, linked)
}

async fn ln_46_the_holder_sees_the_archive_and_a_fresh_copy_is_not_asked_for_again(world: World) {
    let (who, linked) = holder(&world).await;
    let detail = world
        .bindings
        .detail(&who, &linked.binding_id)
        .await
        .unwrap();
    let supply = detail.supply.unwrap();
    assert_eq!(supply.consumer.tariff_code, "RES-TIER-YEAR");
    assert_eq!(supply.consumer.meters.len(), 1);
    assert_eq!(supply.real_name.state, RealNameState::Verified);
    assert!(!supply.stale);
    assert_eq!(world.archive.calls(), ["consumer", "real_name"]);
    world.clock.advance(599);
    world
        .bindings
        .detail(&who, &linked.binding_id)
        .await
        .unwrap();
    assert!(world.archive.calls().is_empty());
    world.clock.advance(1);
    world
        .bindings
        .detail(&who, &linked.binding_id)
        .await
        .unwrap();
    assert_eq!(world.archive.calls(), ["consumer", "real_name"]);
}

async fn ln_46_while_the_archive_is_silent_the_last_good_copy_is_shown_as_old(world: World) {
    let (who, linked) = holder(&world).await;
    world.archive.go_away(true);
    let nothing = world.bindings.detail(&who, &linked.binding_id).await;
    assert!(
        matches!(nothing, Err(BindingError::ArchiveUnavailable(_))),
        "{nothing:?}"
    );
    world.archive.go_away(false);
    let fresh = world
        .bindings
        .detail(&who, &linked.binding_id)
        .await
        .unwrap()
        .supply
        .unwrap();
    world.archive.go_away(true);
    world.clock.advance(3600);
    let old = world
        .bindings
        .detail(&who, &linked.binding_id)
        .await
        .unwrap()
        .supply
        .unwrap();
    assert!(old.stale);
    assert_eq!(old.as_of, fresh.as_of);
}

async fn ln_10_a_mismatch_names_its_cure(world: World) {
    let (who, linked) = holder(&world).await;
    world.archive.put(
        HOME,
        Home {
            id_no: None,
            ..own_home()
        },
    );
    let missing = world
        .bindings
        .detail(&who, &linked.binding_id)
        .await
        .unwrap()
        .supply
        .unwrap();
    assert_eq!(missing.real_name.state, RealNameState::Missing);
    assert_eq!(missing.real_name.cure, Some(RealNameCure::AddAtOutlet));
    world.clock.advance(600);
    world.archive.put(
        HOME,
        Home {
            id_no: Some(WANG_FANG.id_no),
            ..own_home()
        },
    );
    let other = world
        .bindings
        .detail(&who, &linked.binding_id)
        .await
        .unwrap()
        .supply
        .unwrap();
    assert_eq!(other.real_name.state, RealNameState::Mismatch);
    world
        .accounts
        .withdraw_consent(&who, Purpose::IdentityMatch)
        .await
        .unwrap();
    world.clock.advance(600);
    world.archive.calls();
    let mute = world
        .bindings
        .detail(&who, &linked.binding_id)
        .await
        .unwrap()
        .supply
        .unwrap();
    assert_eq!(mute.real_name.cure, Some(RealNameCure::AgreeToMatch));
    assert_eq!(
        world.archive.calls(),
        ["consumer"],
        "the ID number stays with us"
    );
}

async fn m3_4_a_payer_sees_neither_archive_nor_figures(world: World) {
    holder(&world).await;
    let (who, linked) = payer(&world).await;
    world.archive.calls();
    let detail = world
        .bindings
        .detail(&who, &linked.binding_id)
        .await
        .unwrap();
    assert_eq!(detail.seen.standing, Standing::Active);
    assert_eq!((detail.seen.role, detail.supply), (Role::PayerOnly, None));
    assert!(world.archive.calls().is_empty());
    let mut view = snapshot(&*world.store).await.unwrap();
    let id = &linked.binding_id;
    for right in [
        Right::SeeDue,
        Right::Pay,
        Right::SeeOwnPayments,
        Right::Manage,
    ] {
        assert!(
            own(&mut view, &who.account_id, id, right, world.clock.now())
                .await
                .is_ok(),
            "{right:?}"
        );
    }
    for right in [Right::SeeFigures, Right::SeeArchive, Right::Share] {
        let refused = own(&mut view, &who.account_id, id, right, world.clock.now()).await;
        assert!(matches!(refused, Err(NotOwned::RoleNotEnough)), "{right:?}");
    }
}

async fn m3_4_a_new_holder_seen_while_looking_takes_the_archive_away_at_once(world: World) {
    let (who, linked) = holder(&world).await;
    let heir = Home {
        holder: "王芳",
        id_no: Some(WANG_FANG.id_no),
        ..own_home()
    };
    world.archive.transfer(HOME, heir);
    let detail = world
        .bindings
        .detail(&who, &linked.binding_id)
        .await
        .unwrap();
    assert_eq!(detail.seen.standing, Standing::HolderChanged);
    assert_eq!(
        (detail.seen.role, detail.supply),
        (Role::PayerOnly, None),
        "it is the new holder's now"
    );
    let mut view = snapshot(&*world.store).await.unwrap();
    let refused = own(
        &mut view,
        &who.account_id,
        &linked.binding_id,
        Right::SeeFigures,
        world.clock.now(),
    )
    .await;
    assert!(matches!(refused, Err(NotOwned::RoleNotEnough)));
}

async fn m3_4_a_former_holder_reads_no_figures_ten_minutes_after_a_transfer(world: World) {
    let (who, linked) = holder(&world).await;
    let figures = async || {
        let id = &linked.binding_id;
        world.bindings.own_authorised(&who, id).await
    };
    let heir = Home {
        holder: "王芳",
        id_no: Some(WANG_FANG.id_no),
        ..own_home()
    };
    world.archive.transfer(HOME, heir);
    assert!(figures().await.is_ok(), "looked at a moment ago");
    assert!(world.archive.calls().is_empty());
    world.clock.advance(600);
    let refused = figures().await;
    assert!(
        matches!(refused, Err(BindingError::RoleNotEnough)),
        "{refused:?}"
    );
    assert_eq!(world.archive.calls(), ["consumer"]);
    let id = &linked.binding_id;
    assert!(world.bindings.own(&who, id, Right::Pay).await.is_ok());
    assert!(
        world
            .evidence()
            .await
            .contains(&"bindings.holder_changed".to_owned())
    );
}

async fn m3_4_a_copy_of_a_holder_before_is_shown_to_nobody_who_proves_the_home_anew(world: World) {
    let (who, linked) = holder(&world).await;
    let before = world.bindings.detail(&who, &linked.binding_id).await;
    assert!(before.unwrap().supply.is_some());
    // Given away and taken back: the same person, under another contract.
    world.archive.transfer(HOME, own_home());
    let offer = world.bindings.offer(&who).await.unwrap();
    let tokens = offer.homes.into_iter().map(|home| home.match_token);
    let again = world.bindings.confirm(&who, tokens.collect(), None).await;
    let again = again.unwrap().remove(0);
    assert_eq!(again.binding.binding_id, linked.binding_id);
    assert_eq!(again.role, Role::Holder);
    world.archive.go_away(true);
    let silent = world.bindings.detail(&who, &linked.binding_id).await;
    assert!(
        matches!(silent, Err(BindingError::ArchiveUnavailable(_))),
        "{silent:?}"
    );
    world.archive.go_away(false);
    let now = world.bindings.detail(&who, &linked.binding_id).await;
    let now = now.unwrap().supply.unwrap();
    assert_eq!((now.consumer.holder_version, now.stale), (2, false));
}

async fn m3_4_while_the_archive_is_silent_the_last_known_holder_stands(world: World) {
    let (who, linked) = holder(&world).await;
    world.clock.advance(600);
    world.archive.go_away(true);
    let world = std::sync::Arc::new(world);
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (world, who, id) = (world.clone(), who.clone(), linked.binding_id.clone());
        readers.spawn(async move { world.bindings.own_authorised(&who, &id).await.is_ok() });
    }
    assert!(readers.join_all().await.into_iter().all(|ok| ok));
    assert_eq!(
        world.archive.calls(),
        ["consumer"],
        "one of them asked for all"
    );
}

async fn another_accounts_home_is_not_found_whatever_is_asked(world: World) {
    let (_, linked) = holder(&world).await;
    let stranger = world.sign_in(&WANG_FANG).await;
    let unknown = world.maker().id();
    for id in [&linked.binding_id, &unknown] {
        let mut view = snapshot(&*world.store).await.unwrap();
        for right in Right::ALL {
            let refused = own(
                &mut view,
                &stranger.account_id,
                id,
                right,
                world.clock.now(),
            )
            .await;
            assert!(matches!(refused, Err(NotOwned::NotFound)));
        }
        drop(view);
        let seen = world.bindings.detail(&stranger, id).await;
        assert!(matches!(seen, Err(BindingError::NotFound)));
        let named = world.bindings.rename(&stranger, id, None).await;
        assert!(matches!(named, Err(BindingError::NotFound)));
        let ended = world.bindings.unbind(&stranger, id).await;
        assert!(matches!(ended, Err(BindingError::NotFound)));
    }
}

async fn a_home_is_named_listed_and_left(world: World) {
    let (who, linked) = holder(&world).await;
    let id = &linked.binding_id;
    world.bindings.detail(&who, id).await.unwrap();
    let label = Label::parse("爸妈家").unwrap();
    world
        .bindings
        .rename(&who, id, Some(label.clone()))
        .await
        .unwrap();
    let page = Page::new(None, None).unwrap();
    let listed = world.bindings.list(&who, &page).await.unwrap();
    assert_eq!(listed.items.len(), 1);
    assert_eq!(listed.items[0].binding.label, Some(label));
    assert_eq!(listed.items[0].role, Role::Holder);
    world.bindings.rename(&who, id, None).await.unwrap();
    assert_eq!(
        world.bindings.list(&who, &page).await.unwrap().items[0]
            .binding
            .label,
        None
    );
    world.bindings.unbind(&who, id).await.unwrap();
    assert!(
        world
            .bindings
            .list(&who, &page)
            .await
            .unwrap()
            .items
            .is_empty()
    );
    assert!(matches!(
        world.bindings.unbind(&who, id).await,
        Err(BindingError::NotFound)
    ));
    let kinds = world.evidence().await;
    assert_eq!(kinds.last().map(String::as_str), Some("bindings.ended"));
    let offer = world.bindings.offer(&who).await.unwrap();
    let tokens = offer
        .homes
        .into_iter()
        .map(|home| home.match_token)
        .collect();
    let again = world
        .bindings
        .confirm(&who, tokens, None)
        .await
        .unwrap()
        .remove(0);
    assert_ne!(
        again.binding.binding_id, *id,
        "a new link, with a record of its own"
    );
}

async fn c1_nothing_of_a_home_lies_open(world: World) {
    let (who, linked) = holder(&world).await;
    world
        .bindings
        .rename(&who, &linked.binding_id, Label::parse("canary-label").ok())
        .await
        .unwrap();
    world
        .bindings
        .detail(&who, &linked.binding_id)
        .await
        .unwrap();
    for canary in [
        HOME,
        "canary-label",
        "红山区",
        "15000000001234",
        "*********0017",
    ] {
        assert!(!world.lies_open(canary).await, "{canary} lies open");
    }
}
