//! How sharing ends: by its day, by another holder, by the holder leaving, by a dispute.

use lifeline_core::bindings::ports::Holding;
use lifeline_core::bindings::{Binding, BindingError, Role, Scope};
use lifeline_core::notices::Kind;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::personal::{ConsumerNo, IdNo};
use lifeline_core::shared::time::{Clock as _, Day};
use lifeline_core::store::{Tx, atomically};

use crate::on_every_engine;
use crate::sharing::{
    DAY_S, HOME, access, by_digits, cannot_confirm, day, holder, home_of, invite, let_in, matched,
    role, role_not_enough, told,
};
use crate::world::{CHEN_GANG, LI_MING, WANG_FANG, World};

on_every_engine! { "sharing_ends":
    m3_2_a_tenancy_ends_by_itself_and_both_sides_are_told,
    m3_2_who_shows_a_right_of_their_own_keeps_it_when_the_tenancy_ends,
    m3_2_a_new_invitation_takes_the_place_of_the_old_one,
    m3_4_a_change_of_holder_ends_grants_and_leaves_paying_until_the_day,
    m3_4_an_invitation_of_a_former_holder_opens_nothing,
    m3_4_a_former_holder_let_in_by_the_new_one_is_a_tenant,
    m3_4_a_change_of_holder_is_found_when_nobody_looks,
    m3_4_homes_behind_one_that_does_not_open_are_looked_at_in_the_same_turn,
    a_holder_who_leaves_takes_along_what_they_granted,
    a_disputed_home_opens_nothing_but_paying,
}

async fn m3_2_a_tenancy_ends_by_itself_and_both_sides_are_told(world: World) {
    let held = holder(&world).await;
    let (tenant, link) = let_in(&world, &held, Scope::Authorised, 30).await;
    assert_eq!(told(&world, &held.0).await, [Kind::SharingAccepted]);
    let last = day(&world, 30);
    let to_the_end = last.end().seconds_since(world.clock.now());
    world.clock.advance(to_the_end - 1);
    assert_eq!(
        role(&world, &tenant, &link).await,
        Some(Role::Authorised),
        "to the last second"
    );
    world.clock.advance(1);
    // Before any job ran.
    assert_eq!(role(&world, &tenant, &link).await, None);
    let page = Page::new(None, None).unwrap();
    let homes = world.bindings.list(&tenant, &page).await.unwrap();
    assert!(homes.items.is_empty());
    assert!(access(&world, &held).await.is_empty());
    let named = world.bindings.rename(&tenant, &link, None).await;
    assert!(matches!(named, Err(BindingError::NotFound)));
    let left = world.bindings.unbind(&tenant, &link).await;
    assert!(matches!(left, Err(BindingError::NotFound)));
    assert_eq!(world.bindings.end_what_is_over().await.unwrap(), 1);
    assert_eq!(world.bindings.end_what_is_over().await.unwrap(), 0, "once");
    assert_eq!(told(&world, &tenant).await, [Kind::AccessOver]);
    assert_eq!(
        told(&world, &held.0).await,
        [Kind::SharingAccepted, Kind::SharingOver]
    );
    let kinds = world.evidence().await;
    assert_eq!(kinds.last().map(String::as_str), Some("bindings.ended"));
    // The holder may let them in again, and so may the digits: nothing was taken from them.
    assert!(by_digits(&world, &tenant, "010014").await.is_ok());
}

async fn m3_2_who_shows_a_right_of_their_own_keeps_it_when_the_tenancy_ends(world: World) {
    let held = holder(&world).await;
    let payer = world.sign_in(&WANG_FANG).await;
    let link = by_digits(&world, &payer, "010014").await.unwrap();
    let invited = invite(&world, &held, Scope::Authorised, 30).await.unwrap();
    let seen = world.bindings.accept(&payer, &invited.token).await.unwrap();
    assert_eq!(seen.binding.binding_id, link, "one link per home");
    assert_eq!((seen.role, seen.ends_at), (Role::Authorised, None));
    world.clock.advance(31 * DAY_S);
    assert_eq!(role(&world, &payer, &link).await, Some(Role::PayerOnly));
    world.bindings.end_what_is_over().await.unwrap();
    assert_eq!(role(&world, &payer, &link).await, Some(Role::PayerOnly));
    assert_eq!(told(&world, &payer).await, [Kind::AccessOver]);
    assert_eq!(access(&world, &held).await[0].ends_at, None);
}

async fn m3_2_a_new_invitation_takes_the_place_of_the_old_one(world: World) {
    let held = holder(&world).await;
    let (tenant, link) = let_in(&world, &held, Scope::PayerOnly, 5).await;
    let longer = invite(&world, &held, Scope::Authorised, 60).await.unwrap();
    let seen = world.bindings.accept(&tenant, &longer.token).await.unwrap();
    assert_eq!(seen.binding.binding_id, link);
    assert_eq!(seen.role, Role::Authorised);
    assert_eq!(seen.ends_at, Some(day(&world, 60).end()));
    let people = access(&world, &held).await;
    assert_eq!(people.len(), 1);
    assert_eq!(people[0].access_id, longer.grant.grant_id.to_string());
    world.clock.advance(6 * DAY_S);
    world.bindings.end_what_is_over().await.unwrap();
    assert_eq!(role(&world, &tenant, &link).await, Some(Role::Authorised));
}

async fn m3_4_a_change_of_holder_ends_grants_and_leaves_paying_until_the_day(world: World) {
    let held = holder(&world).await;
    let (tenant, rented) = let_in(&world, &held, Scope::Authorised, 30).await;
    let waiting = invite(&world, &held, Scope::Authorised, 30).await.unwrap();
    let payer = world.sign_in(&CHEN_GANG).await;
    let paying = by_digits(&world, &payer, "010014").await.unwrap();
    told(&world, &held.0).await;
    world.archive.transfer(HOME, home_of(&WANG_FANG, 1));
    world.clock.advance(600);
    // Whoever reads first learns of it, and all links fall in that unit.
    let refused = world.bindings.own_authorised(&tenant, &rented).await;
    role_not_enough(refused);
    for (who, link) in [
        (&held.0, &held.1.binding_id),
        (&tenant, &rented),
        (&payer, &paying),
    ] {
        assert_eq!(role(&world, who, link).await, Some(Role::PayerOnly));
        let kinds = told(&world, who).await;
        assert_eq!(kinds.last(), Some(&Kind::HolderChanged), "{kinds:?}");
    }
    role_not_enough(invite(&world, &held, Scope::PayerOnly, 3).await);
    cannot_confirm(world.bindings.accept(&payer, &waiting.token).await);
    let before = world.evidence().await.len();
    role_not_enough(world.bindings.own_authorised(&tenant, &rented).await);
    assert_eq!(world.evidence().await.len(), before, "told once");
    world.clock.advance(31 * DAY_S);
    assert_eq!(role(&world, &tenant, &rented).await, None);
    world.bindings.end_what_is_over().await.unwrap();
    assert_eq!(
        told(&world, &tenant).await,
        [Kind::HolderChanged, Kind::AccessOver]
    );
    assert_eq!(role(&world, &payer, &paying).await, Some(Role::PayerOnly));
}

async fn m3_4_an_invitation_of_a_former_holder_opens_nothing(world: World) {
    let held = holder(&world).await;
    let invited = invite(&world, &held, Scope::Authorised, 30).await.unwrap();
    world.archive.transfer(HOME, home_of(&CHEN_GANG, 1));
    world.clock.advance(600);
    // Nobody has asked the archive since; accepting does.
    let guest = world.sign_in(&WANG_FANG).await;
    cannot_confirm(world.bindings.accept(&guest, &invited.token).await);
    let page = Page::new(None, None).unwrap();
    let homes = world.bindings.list(&guest, &page).await.unwrap();
    assert!(homes.items.is_empty());
}

async fn m3_4_a_former_holder_let_in_by_the_new_one_is_a_tenant(world: World) {
    let former = holder(&world).await;
    world.archive.transfer(HOME, home_of(&CHEN_GANG, 1));
    let new = matched(&world, &CHEN_GANG).await;
    let (who, link) = (&former.0, &former.1.binding_id);
    let seen = world.bindings.detail(who, link).await.unwrap().seen;
    assert_eq!(seen.role, Role::PayerOnly);
    assert_eq!(
        seen.binding.signboard.holder_masked, "*",
        "no holder is named"
    );
    let invited = invite(&world, &new, Scope::Authorised, 10).await.unwrap();
    let seen = world.bindings.accept(who, &invited.token).await.unwrap();
    assert_eq!(
        (&seen.binding.binding_id, seen.role),
        (link, Role::Authorised)
    );
    assert_eq!(seen.binding.signboard.holder_masked, "*刚");
    let home = world.bindings.own_authorised(who, link).await.unwrap();
    assert_eq!(home.owned().holder_version(), 2, "the new holder's figures");
    role_not_enough(invite(&world, &former, Scope::PayerOnly, 3).await);
    world.clock.advance(11 * DAY_S);
    assert_eq!(role(&world, who, link).await, Some(Role::PayerOnly));
}

async fn m3_4_a_change_of_holder_is_found_when_nobody_looks(world: World) {
    let held = holder(&world).await;
    world.archive.transfer(HOME, home_of(&WANG_FANG, 1));
    world.clock.advance(DAY_S - 1);
    assert_eq!(world.bindings.look_for_changes().await.unwrap(), 0);
    world.clock.advance(1);
    assert_eq!(world.bindings.look_for_changes().await.unwrap(), 1);
    assert_eq!(world.bindings.look_for_changes().await.unwrap(), 0, "once");
    assert_eq!(told(&world, &held.0).await, [Kind::HolderChanged]);
}

/// More homes than a page has, and in front of them one whose link nobody can read.
async fn m3_4_homes_behind_one_that_does_not_open_are_looked_at_in_the_same_turn(world: World) {
    const HOMES: usize = 21;
    let (_, first) = holder(&world).await;
    world.clock.advance(1);
    let (now, id_no) = (world.clock.now(), IdNo::parse(LI_MING.id_no).unwrap());
    for nth in 0..HOMES {
        let number: &'static str = format!("15040199{nth:05}").leak();
        world.archive.put(number, home_of(&LI_MING, 1));
        let other = Binding {
            binding_id: world.maker().id(),
            consumer_no: ConsumerNo::parse(number).unwrap(),
            ..first.clone()
        };
        atomically(&*world.store, async |tx: &mut Tx| {
            let holder = Holding {
                version: 1,
                since: None,
            };
            let number = &other.consumer_no;
            tx.bindings()
                .touch_home(number, holder, Day::of(now), now)
                .await?;
            tx.bindings().add(&other, Some(&id_no)).await
        })
        .await
        .unwrap();
    }
    let id = &first.binding_id;
    world
        .raw(&format!(
            "UPDATE binding SET consumer_no = 'unreadable' WHERE binding_id = '{id}'"
        ))
        .await;
    world.clock.advance(DAY_S);
    assert_eq!(world.bindings.look_for_changes().await.unwrap(), HOMES);
    assert_eq!(world.bindings.look_for_changes().await.unwrap(), 0, "once");
}

async fn a_holder_who_leaves_takes_along_what_they_granted(world: World) {
    let held = holder(&world).await;
    let (tenant, rented) = let_in(&world, &held, Scope::Authorised, 30).await;
    let waiting = invite(&world, &held, Scope::Authorised, 30).await.unwrap();
    let payer = world.sign_in(&CHEN_GANG).await;
    let paying = by_digits(&world, &payer, "010014").await.unwrap();
    world
        .bindings
        .unbind(&held.0, &held.1.binding_id)
        .await
        .unwrap();
    assert_eq!(role(&world, &tenant, &rented).await, None);
    assert_eq!(told(&world, &tenant).await, [Kind::AccessTaken]);
    cannot_confirm(world.bindings.accept(&payer, &waiting.token).await);
    assert_eq!(
        role(&world, &payer, &paying).await,
        Some(Role::PayerOnly),
        "who came by a proof of their own stays"
    );
    // Nothing was taken from the tenant by the holder's will, so the digits let them pay again.
    assert!(by_digits(&world, &tenant, "010014").await.is_ok());
    assert!(
        told(&world, &held.0)
            .await
            .ends_with(&[Kind::SharingAccepted])
    );
}

async fn a_disputed_home_opens_nothing_but_paying(world: World) {
    let held = holder(&world).await;
    let (tenant, rented) = let_in(&world, &held, Scope::Authorised, 30).await;
    let waiting = invite(&world, &held, Scope::Authorised, 30).await.unwrap();
    // The archive names another holder without having moved its version on.
    world.archive.put(HOME, home_of(&CHEN_GANG, 1));
    let rival = matched(&world, &CHEN_GANG).await;
    for (who, link) in [
        (&held.0, &held.1.binding_id),
        (&rival.0, &rival.1.binding_id),
        (&tenant, &rented),
    ] {
        assert_eq!(role(&world, who, link).await, Some(Role::PayerOnly));
    }
    let stranger = world.sign_in(&CHEN_GANG).await;
    cannot_confirm(world.bindings.accept(&stranger, &waiting.token).await);
    role_not_enough(invite(&world, &held, Scope::PayerOnly, 3).await);
    let kinds = told(&world, &held.0).await;
    assert_eq!(kinds, [Kind::SharingAccepted, Kind::HolderDisputed]);
}
