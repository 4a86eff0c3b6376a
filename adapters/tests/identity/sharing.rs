//! Sharing a home: letting somebody in, for how long, and how it ends on each way it can end.

use lifeline_core::accounts::{Caller, Secret};
use lifeline_core::bindings::{
    Access, Binding, BindingError, Invited, NoSuchEnd, Proof, Role, Scope,
};
use lifeline_core::notices::Kind;
use lifeline_core::shared::ids::{BindingId, GrantId};
use lifeline_core::shared::page::Page;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::{Clock as _, Day};

use crate::archive::Home;
use crate::on_every_engine;
use crate::world::{CHEN_GANG, LI_MING, WANG_FANG, Wallet, World};

on_every_engine! { "sharing":
    m3_2_an_invited_person_is_let_in_as_far_and_as_long_as_the_holder_said,
    m3_2_only_the_holder_invites_and_what_is_granted_cannot_be_granted_on,
    m3_2_an_invitation_works_once_and_every_other_way_is_one_answer,
    m3_2_a_repeat_by_the_one_who_accepted_finds_the_link,
    m3_2_one_of_many_gets_in,
    m3_2_an_invitation_is_over_after_a_day,
    m3_2_a_grant_lasts_a_year_at_most,
    m3_2_a_home_is_shared_with_eight_at_most,
    m3_2_two_invitations_at_once_do_not_pass_the_limit,
    m3_2_the_holder_sees_everybody_and_takes_access_from_anybody,
    m3_2_what_was_taken_away_does_not_come_back_by_the_digits_on_a_lease,
    m3_2_a_holders_code_lets_somebody_in_again,
    m3_2_a_tenancy_ends_by_itself_and_both_sides_are_told,
    m3_2_who_shows_a_right_of_their_own_keeps_it_when_the_tenancy_ends,
    m3_2_a_new_invitation_takes_the_place_of_the_old_one,
    m3_4_a_change_of_holder_ends_grants_and_leaves_paying_until_the_day,
    m3_4_an_invitation_of_a_former_holder_opens_nothing,
    m3_4_a_former_holder_let_in_by_the_new_one_is_a_tenant,
    m3_4_a_change_of_holder_is_found_when_nobody_looks,
    a_holder_who_leaves_takes_along_what_they_granted,
    a_disputed_home_opens_nothing_but_paying,
    c1_nothing_of_an_invitation_lies_open,
}

pub(crate) const HOME: &str = "1504010020017";
const DAY_S: i64 = 86_400;

fn home_of(wallet: &Wallet, version: i64) -> Home {
    Home {
        holder: wallet.name,
        id_no: Some(wallet.id_no),
        mobile: Some(wallet.phone),
        holder_version: version,
        holder_since: None,
    }
}

/// Somebody matched with a home of theirs.
async fn matched(world: &World, wallet: &Wallet) -> (Caller, Binding) {
    let who = world.agreeing(wallet).await;
    let offer = world.bindings.offer(&who).await.unwrap();
    let tokens = offer.homes.into_iter().map(|home| home.match_token);
    let linked = world.bindings.confirm(&who, tokens.collect(), None).await;
    (who, linked.unwrap().remove(0).binding)
}

async fn holder(world: &World) -> (Caller, Binding) {
    world.archive.put(HOME, home_of(&LI_MING, 1));
    matched(world, &LI_MING).await
}

fn today(world: &World) -> Day {
    Day::of(world.clock.now())
}

/// The day so many days from today.
fn day(world: &World, days: i64) -> Day {
    Day::of(world.clock.now().plus_seconds(days * DAY_S))
}

async fn invite(
    world: &World,
    held: &(Caller, Binding),
    scope: Scope,
    days: i64,
) -> Result<Invited, BindingError> {
    let (who, home) = held;
    world
        .bindings
        .invite(who, &home.binding_id, scope, day(world, days))
        .await
}

/// Somebody let in for so many days.
async fn let_in(
    world: &World,
    held: &(Caller, Binding),
    scope: Scope,
    days: i64,
) -> (Caller, BindingId) {
    let invited = invite(world, held, scope, days).await.unwrap();
    let guest = world.sign_in(&WANG_FANG).await;
    let seen = world.bindings.accept(&guest, &invited.token).await.unwrap();
    (guest, seen.binding.binding_id)
}

/// The role somebody has in a home now; none when there is no such home for them.
async fn role(world: &World, who: &Caller, id: &BindingId) -> Option<Role> {
    match world.bindings.detail(who, id).await {
        Ok(detail) => Some(detail.seen.role),
        Err(BindingError::NotFound) => None,
        Err(error) => panic!("{error:?}"),
    }
}

async fn access(world: &World, held: &(Caller, Binding)) -> Vec<Access> {
    let page = Page::new(None, None).unwrap();
    let (who, home) = held;
    let slice = world.bindings.access(who, &home.binding_id, &page).await;
    slice.unwrap().items
}

async fn revoke(world: &World, held: &(Caller, Binding), access: &str) -> Result<(), BindingError> {
    let (who, home) = held;
    let id = GrantId::parse(access).unwrap();
    world.bindings.revoke(who, &home.binding_id, &id).await
}

async fn by_digits(world: &World, who: &Caller, digits: &str) -> Result<BindingId, BindingError> {
    let proof = Proof::IdLast6(Secret::new(digits.into()));
    let number = ConsumerNo::parse(HOME).unwrap();
    let linked = world.bindings.bind_by_number(who, &number, &proof).await;
    linked.map(|seen| seen.binding.binding_id)
}

/// What an account was told, oldest first.
async fn told(world: &World, who: &Caller) -> Vec<Kind> {
    world.deliver().await;
    let page = Page::new(None, None).unwrap();
    let inbox = world.notices.inbox(&who.account_id, &page).await.unwrap();
    let kinds = inbox.notices.items.iter().rev();
    kinds.map(|notice| notice.told.kind()).collect()
}

fn cannot_confirm<T: std::fmt::Debug>(outcome: Result<T, BindingError>) {
    assert!(
        matches!(outcome, Err(BindingError::CannotConfirm)),
        "{outcome:?}"
    );
}

fn role_not_enough<T: std::fmt::Debug>(outcome: Result<T, BindingError>) {
    assert!(
        matches!(outcome, Err(BindingError::RoleNotEnough)),
        "{outcome:?}"
    );
}

async fn m3_2_an_invited_person_is_let_in_as_far_and_as_long_as_the_holder_said(world: World) {
    let held = holder(&world).await;
    for (scope, sees_figures) in [(Scope::Authorised, true), (Scope::PayerOnly, false)] {
        let invited = invite(&world, &held, scope, 30).await.unwrap();
        let guest = world.sign_in(&WANG_FANG).await;
        let offered = world.bindings.invitation(&guest, &invited.token).await;
        let offered = offered.unwrap();
        assert_eq!((offered.scope, offered.ends_on), (scope, day(&world, 30)));
        assert_eq!(offered.signboard, held.1.signboard, "what the holder sees");
        let seen = world.bindings.accept(&guest, &invited.token).await.unwrap();
        assert_eq!(seen.role, scope.role());
        assert_eq!(seen.ends_at, Some(day(&world, 30).end()));
        let id = &seen.binding.binding_id;
        assert_eq!(role(&world, &guest, id).await, Some(scope.role()));
        let figures = world.bindings.own_authorised(&guest, id).await;
        assert_eq!(figures.is_ok(), sees_figures);
        revoke(&world, &held, invited.grant.grant_id.as_str())
            .await
            .unwrap();
        assert_eq!(role(&world, &guest, id).await, None);
    }
    let kinds = world.evidence().await;
    for kind in ["bindings.invited", "bindings.accepted", "bindings.ended"] {
        assert_eq!(kinds.iter().filter(|k| *k == kind).count(), 2, "{kind}");
    }
}

async fn m3_2_only_the_holder_invites_and_what_is_granted_cannot_be_granted_on(world: World) {
    let held = holder(&world).await;
    let (guest, link) = let_in(&world, &held, Scope::Authorised, 30).await;
    let ends = day(&world, 5);
    let page = Page::new(None, None).unwrap();
    let bindings = &world.bindings;
    let on = bindings.invite(&guest, &link, Scope::PayerOnly, ends).await;
    role_not_enough(on);
    role_not_enough(bindings.access(&guest, &link, &page).await);
    let own = GrantId::parse(&access(&world, &held).await[0].access_id).unwrap();
    role_not_enough(bindings.revoke(&guest, &link, &own).await);
    let payer = world.sign_in(&CHEN_GANG).await;
    let paying = by_digits(&world, &payer, "010014").await.unwrap();
    role_not_enough(
        bindings
            .invite(&payer, &paying, Scope::PayerOnly, ends)
            .await,
    );
    // Another's home is not there at all.
    let foreign = bindings
        .invite(&payer, &held.1.binding_id, Scope::PayerOnly, ends)
        .await;
    assert!(
        matches!(foreign, Err(BindingError::NotFound)),
        "{foreign:?}"
    );
    let there = bindings.revoke(&payer, &held.1.binding_id, &own).await;
    assert!(matches!(there, Err(BindingError::NotFound)), "{there:?}");
    assert!(invite(&world, &held, Scope::PayerOnly, 5).await.is_ok());
}

async fn m3_2_an_invitation_works_once_and_every_other_way_is_one_answer(world: World) {
    let held = holder(&world).await;
    let (used, taken_back) = (
        invite(&world, &held, Scope::Authorised, 30).await.unwrap(),
        invite(&world, &held, Scope::Authorised, 30).await.unwrap(),
    );
    let guest = world.sign_in(&WANG_FANG).await;
    let accepted = world.bindings.accept(&guest, &used.token).await.unwrap();
    revoke(&world, &held, taken_back.grant.grant_id.as_str())
        .await
        .unwrap();
    let stranger = world.sign_in(&CHEN_GANG).await;
    let unknown = Secret::new("A".repeat(43));
    for token in [&used.token, &taken_back.token, &unknown] {
        cannot_confirm(world.bindings.invitation(&stranger, token).await);
        cannot_confirm(world.bindings.accept(&stranger, token).await);
    }
    let own = invite(&world, &held, Scope::Authorised, 30).await.unwrap();
    cannot_confirm(world.bindings.invitation(&held.0, &own.token).await);
    cannot_confirm(world.bindings.accept(&held.0, &own.token).await);
    // The one who was let in stays in.
    let id = &accepted.binding.binding_id;
    assert_eq!(role(&world, &guest, id).await, Some(Role::Authorised));
}

async fn m3_2_a_repeat_by_the_one_who_accepted_finds_the_link(world: World) {
    let held = holder(&world).await;
    let invited = invite(&world, &held, Scope::Authorised, 30).await.unwrap();
    let guest = world.sign_in(&WANG_FANG).await;
    let first = world.bindings.accept(&guest, &invited.token).await.unwrap();
    let again = world.bindings.accept(&guest, &invited.token).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(told(&world, &held.0).await, [Kind::SharingAccepted], "once");
}

async fn m3_2_one_of_many_gets_in(world: World) {
    let held = holder(&world).await;
    let invited = invite(&world, &held, Scope::Authorised, 30).await.unwrap();
    let mut guests = Vec::new();
    for wallet in [&WANG_FANG, &CHEN_GANG] {
        for _ in 0..4 {
            guests.push(world.sign_in(wallet).await);
        }
    }
    let world = std::sync::Arc::new(world);
    let mut taps = tokio::task::JoinSet::new();
    for guest in guests {
        let (world, token) = (world.clone(), invited.token.clone());
        taps.spawn(async move {
            let accepted = world.bindings.accept(&guest, &token).await;
            accepted.is_ok().then_some(guest.account_id)
        });
    }
    let mut let_in: Vec<_> = taps.join_all().await.into_iter().flatten().collect();
    let_in.dedup();
    assert_eq!(let_in.len(), 1, "one person, however often they tapped");
    assert_eq!(access(&world, &held).await.len(), 1);
}

async fn m3_2_an_invitation_is_over_after_a_day(world: World) {
    let held = holder(&world).await;
    let invited = invite(&world, &held, Scope::Authorised, 30).await.unwrap();
    let guest = world.sign_in(&WANG_FANG).await;
    world.clock.advance(DAY_S - 1);
    assert!(
        world
            .bindings
            .invitation(&guest, &invited.token)
            .await
            .is_ok()
    );
    world.clock.advance(1);
    cannot_confirm(world.bindings.invitation(&guest, &invited.token).await);
    cannot_confirm(world.bindings.accept(&guest, &invited.token).await);
    assert!(access(&world, &held).await.is_empty());
}

async fn m3_2_a_grant_lasts_a_year_at_most(world: World) {
    let held = holder(&world).await;
    assert!(invite(&world, &held, Scope::PayerOnly, 366).await.is_ok());
    let too_far = invite(&world, &held, Scope::PayerOnly, 367).await;
    assert!(
        matches!(too_far, Err(BindingError::NoSuchEnd(NoSuchEnd::TooFar))),
        "{too_far:?}"
    );
    let past = invite(&world, &held, Scope::PayerOnly, -1).await;
    assert!(
        matches!(past, Err(BindingError::NoSuchEnd(NoSuchEnd::Past))),
        "{past:?}"
    );
    let last = invite(&world, &held, Scope::PayerOnly, 0).await.unwrap();
    assert_eq!(last.grant.ends_at, today(&world).end());
}

async fn m3_2_a_home_is_shared_with_eight_at_most(world: World) {
    let held = holder(&world).await;
    let mut given = Vec::new();
    for _ in 0..8 {
        given.push(invite(&world, &held, Scope::PayerOnly, 30).await.unwrap());
    }
    let ninth = invite(&world, &held, Scope::PayerOnly, 30).await;
    assert!(
        matches!(ninth, Err(BindingError::TooManyGrants)),
        "{ninth:?}"
    );
    revoke(&world, &held, given[0].grant.grant_id.as_str())
        .await
        .unwrap();
    assert!(invite(&world, &held, Scope::PayerOnly, 30).await.is_ok());
    world.clock.advance(DAY_S);
    assert!(
        invite(&world, &held, Scope::PayerOnly, 30).await.is_ok(),
        "what nobody accepted takes up no place"
    );
}

async fn m3_2_two_invitations_at_once_do_not_pass_the_limit(world: World) {
    let held = holder(&world).await;
    let world = std::sync::Arc::new(world);
    let mut taps = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (world, held) = (world.clone(), held.clone());
        taps.spawn(async move { invite(&world, &held, Scope::PayerOnly, 30).await.is_ok() });
    }
    let given = taps.join_all().await.into_iter().filter(|given| *given);
    assert_eq!(given.count(), 8);
}

async fn m3_2_the_holder_sees_everybody_and_takes_access_from_anybody(world: World) {
    let held = holder(&world).await;
    let (tenant, rented) = let_in(&world, &held, Scope::Authorised, 30).await;
    let payer = world.sign_in(&CHEN_GANG).await;
    let paying = by_digits(&world, &payer, "010014").await.unwrap();
    let waiting = invite(&world, &held, Scope::PayerOnly, 5).await.unwrap();
    let seen = access(&world, &held).await;
    let shown: Vec<_> = seen
        .iter()
        .map(|one| {
            let person = one.person_masked.as_deref();
            (one.role, one.invited, person, one.self_linked)
        })
        .collect();
    assert_eq!(
        shown,
        [
            (Role::PayerOnly, true, None, false),
            (Role::Authorised, false, Some("*芳"), false),
            (Role::PayerOnly, false, Some("*刚"), true),
        ]
    );
    assert_eq!(seen[0].open_until, Some(waiting.grant.open_until));
    assert_eq!(seen[1].ends_at, Some(day(&world, 30).end()));
    assert_eq!(seen[2].ends_at, None);
    for one in &seen {
        revoke(&world, &held, &one.access_id).await.unwrap();
        let again = revoke(&world, &held, &one.access_id).await;
        assert!(matches!(again, Err(BindingError::NotFound)), "{again:?}");
    }
    assert!(access(&world, &held).await.is_empty());
    assert_eq!(role(&world, &tenant, &rented).await, None);
    assert_eq!(role(&world, &payer, &paying).await, None);
    assert_eq!(told(&world, &tenant).await, [Kind::AccessTaken]);
    assert_eq!(told(&world, &payer).await, [Kind::AccessTaken]);
    // One's own link is left, not taken away.
    let own = revoke(&world, &held, held.1.binding_id.as_str()).await;
    assert!(matches!(own, Err(BindingError::NotFound)), "{own:?}");
    let unknown: GrantId = world.maker().id();
    let none = revoke(&world, &held, unknown.as_str()).await;
    assert!(matches!(none, Err(BindingError::NotFound)), "{none:?}");
}

async fn m3_2_what_was_taken_away_does_not_come_back_by_the_digits_on_a_lease(world: World) {
    let held = holder(&world).await;
    let (tenant, _) = let_in(&world, &held, Scope::Authorised, 30).await;
    revoke(&world, &held, &access(&world, &held).await[0].access_id)
        .await
        .unwrap();
    cannot_confirm(by_digits(&world, &tenant, "010014").await);
    // Somebody else from whom nothing was taken still may pay.
    let payer = world.sign_in(&CHEN_GANG).await;
    assert!(by_digits(&world, &payer, "010014").await.is_ok());
    // The next holder has taken nothing from anybody.
    world.archive.transfer(HOME, home_of(&CHEN_GANG, 1));
    assert!(by_digits(&world, &tenant, "070251").await.is_ok());
}

async fn m3_2_a_holders_code_lets_somebody_in_again(world: World) {
    let held = holder(&world).await;
    let (tenant, _) = let_in(&world, &held, Scope::PayerOnly, 30).await;
    revoke(&world, &held, &access(&world, &held).await[0].access_id)
        .await
        .unwrap();
    let number = ConsumerNo::parse(HOME).unwrap();
    let asked = lifeline_core::bindings::home_code::CodeFor::Number(number.clone());
    world.bindings.ask_home_code(&tenant, &asked).await.unwrap();
    world.deliver().await;
    let code = Proof::ArchivedSms(world.code_on(LI_MING.phone));
    let back = world.bindings.bind_by_number(&tenant, &number, &code).await;
    assert_eq!(back.unwrap().role, Role::PayerOnly);
}

async fn m3_2_a_tenancy_ends_by_itself_and_both_sides_are_told(world: World) {
    let held = holder(&world).await;
    let (tenant, link) = let_in(&world, &held, Scope::Authorised, 30).await;
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

async fn c1_nothing_of_an_invitation_lies_open(world: World) {
    let held = holder(&world).await;
    let (tenant, _) = let_in(&world, &held, Scope::Authorised, 30).await;
    let waiting = invite(&world, &held, Scope::Authorised, 30).await.unwrap();
    assert!(!told(&world, &held.0).await.is_empty());
    revoke(&world, &held, &access(&world, &held).await[1].access_id)
        .await
        .unwrap();
    assert!(!told(&world, &tenant).await.is_empty());
    for canary in [HOME, waiting.token.expose(), "*芳", "consumer_tail"] {
        assert!(!world.lies_open(canary).await, "{canary} lies open");
    }
}
