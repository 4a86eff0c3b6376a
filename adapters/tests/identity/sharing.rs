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
    c1_nothing_of_an_invitation_lies_open,
}

pub(crate) const HOME: &str = "1504010020017";
pub(crate) const DAY_S: i64 = 86_400;

pub(crate) fn home_of(wallet: &Wallet, version: i64) -> Home {
    Home {
        holder: wallet.name,
        id_no: Some(wallet.id_no),
        mobile: Some(wallet.phone),
        holder_version: version,
        holder_since: None,
    }
}

/// Somebody matched with a home of theirs.
pub(crate) async fn matched(world: &World, wallet: &Wallet) -> (Caller, Binding) {
    let who = world.agreeing(wallet).await;
    let offer = world.bindings.offer(&who).await.unwrap();
    let tokens = offer.homes.into_iter().map(|home| home.match_token);
    let linked = world.bindings.confirm(&who, tokens.collect(), None).await;
    (who, linked.unwrap().remove(0).binding)
}

pub(crate) async fn holder(world: &World) -> (Caller, Binding) {
    world.archive.put(HOME, home_of(&LI_MING, 1));
    matched(world, &LI_MING).await
}

fn today(world: &World) -> Day {
    Day::of(world.clock.now())
}

/// The day so many days from today.
pub(crate) fn day(world: &World, days: i64) -> Day {
    Day::of(world.clock.now().plus_seconds(days * DAY_S))
}

pub(crate) async fn invite(
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
pub(crate) async fn let_in(
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
pub(crate) async fn role(world: &World, who: &Caller, id: &BindingId) -> Option<Role> {
    let detail = world.bindings.detail(who, id).await;
    if matches!(detail, Err(BindingError::NotFound)) {
        return None;
    }
    Some(detail.unwrap().seen.role)
}

pub(crate) async fn access(world: &World, held: &(Caller, Binding)) -> Vec<Access> {
    let page = Page::new(None, None).unwrap();
    let (who, home) = held;
    let slice = world.bindings.access(who, &home.binding_id, &page).await;
    slice.unwrap().items
}

pub(crate) async fn revoke(
    world: &World,
    held: &(Caller, Binding),
    access: &str,
) -> Result<(), BindingError> {
    let (who, home) = held;
    let id = GrantId::parse(access).unwrap();
    world.bindings.revoke(who, &home.binding_id, &id).await
}

pub(crate) async fn by_digits(
    world: &World,
    who: &Caller,
    digits: &str,
) -> Result<BindingId, BindingError> {
    let proof = Proof::IdLast6(Secret::new(digits.into()));
    let number = ConsumerNo::parse(HOME).unwrap();
    let linked = world.bindings.bind_by_number(who, &number, &proof).await;
    linked.map(|seen| seen.binding.binding_id)
}

/// What an account was told, oldest first.
pub(crate) async fn told(world: &World, who: &Caller) -> Vec<Kind> {
    world.deliver().await;
    let page = Page::new(None, None).unwrap();
    let inbox = world.notices.inbox(&who.account_id, &page).await.unwrap();
    let kinds = inbox.notices.items.iter().rev();
    kinds.map(|notice| notice.told.kind()).collect()
}

pub(crate) fn cannot_confirm<T: std::fmt::Debug>(outcome: Result<T, BindingError>) {
    assert!(
        matches!(outcome, Err(BindingError::CannotConfirm)),
        "{outcome:?}"
    );
}

pub(crate) fn role_not_enough<T: std::fmt::Debug>(outcome: Result<T, BindingError>) {
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
    world.clock.advance(1);
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
