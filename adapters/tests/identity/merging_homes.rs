//! Homes of two accounts of one person: what was granted keeps its end, what was taken away stays so.

use lifeline_core::accounts::Caller;
use lifeline_core::bindings::{Role, Scope};
use lifeline_core::notices::Kind;
use lifeline_core::shared::ids::BindingId;
use lifeline_core::shared::page::Page;

use crate::archive::Home;
use crate::merging::{asked, merge as give};
use crate::on_every_engine;
use crate::sharing::{
    DAY_S, HOME, access, by_digits, cannot_confirm, day, holder, home_of, invite, matched, revoke,
    role, told,
};
use crate::world::{CHEN_GANG, LI_MING, WANG_FANG, Wallet, World};

on_every_engine! { "merging_homes":
    m3_6_a_bar_goes_along_with_its_account,
    m3_6_a_bar_goes_along_into_an_account_without_the_home,
    m3_6_a_home_does_not_come_back_past_a_bar,
    m3_6_a_grant_goes_along_and_ends_on_its_day,
    m3_6_of_two_grants_the_better_stays,
    m3_6_what_one_granted_oneself_is_over,
    m3_6_a_holder_stays_the_holder_in_the_account_they_had_let_in,
    m3_6_what_one_granted_to_others_stands,
    m3_6_a_home_bears_the_name_of_its_holder_of_today,
}

/// A second wallet of the holder.
const LI_AGAIN: Wallet = Wallet {
    open_id: Some("open-li-ming-2"),
    phone: "19000000021",
    ..LI_MING
};

/// A second wallet of the guest.
const WANG_AGAIN: Wallet = Wallet {
    open_id: Some("open-wang-fang-2"),
    user_id: None,
    phone: "19000000022",
    ..WANG_FANG
};

async fn merge(world: &World, from: &Caller, into: &Caller) {
    let code = asked(world, into).await;
    give(world, from, &code).await.unwrap();
}

async fn homes(world: &World, who: &Caller) -> Vec<(BindingId, Role)> {
    let page = Page::new(None, None).unwrap();
    let list = world.bindings.list(who, &page).await.unwrap();
    let seen = list.items.into_iter();
    seen.map(|seen| (seen.binding.binding_id, seen.role))
        .collect()
}

/// Somebody whom the holder shut out under one account has the home under another still; then one
/// of the two takes the other over.
async fn shut_out_and_merged(world: &World, barred: &Wallet, other: &Wallet, asks: &Wallet) {
    let held = holder(world).await;
    let shut_out = world.sign_in(barred).await;
    by_digits(world, &shut_out, "010014").await.unwrap();
    let shown = access(world, &held).await.remove(0);
    revoke(world, &held, &shown.access_id).await.unwrap();
    cannot_confirm(by_digits(world, &shut_out, "010014").await);
    let lets_in = world.sign_in(other).await;
    by_digits(world, &lets_in, "010014").await.unwrap();
    let (from, into) = if asks.open_id == barred.open_id {
        (&lets_in, &shut_out)
    } else {
        (&shut_out, &lets_in)
    };
    merge(world, from, into).await;
    assert_eq!(homes(world, into).await, []);
    assert!(access(world, &held).await.is_empty());
    cannot_confirm(by_digits(world, into, "010014").await);
    assert_eq!(told(world, into).await.last(), Some(&Kind::AccessTaken));
    // Only the holder lets the person in again.
    let invited = invite(world, &held, Scope::PayerOnly, 1).await.unwrap();
    assert!(world.bindings.accept(into, &invited.token).await.is_ok());
}

async fn m3_6_a_bar_goes_along_with_its_account(world: World) {
    shut_out_and_merged(&world, &WANG_FANG, &WANG_AGAIN, &WANG_AGAIN).await;
}

async fn m3_6_a_bar_goes_along_into_an_account_without_the_home(world: World) {
    let held = holder(&world).await;
    let shut_out = world.sign_in(&WANG_FANG).await;
    by_digits(&world, &shut_out, "010014").await.unwrap();
    let shown = access(&world, &held).await.remove(0);
    revoke(&world, &held, &shown.access_id).await.unwrap();
    let into = world.sign_in(&WANG_AGAIN).await;
    merge(&world, &shut_out, &into).await;
    cannot_confirm(by_digits(&world, &into, "010014").await);
}

async fn m3_6_a_home_does_not_come_back_past_a_bar(world: World) {
    shut_out_and_merged(&world, &WANG_FANG, &WANG_AGAIN, &WANG_FANG).await;
}

async fn m3_6_a_grant_goes_along_and_ends_on_its_day(world: World) {
    let held = holder(&world).await;
    let from = world.sign_in(&WANG_AGAIN).await;
    let invited = invite(&world, &held, Scope::Authorised, 30).await.unwrap();
    let seen = world.bindings.accept(&from, &invited.token).await.unwrap();
    let link = seen.binding.binding_id;
    let into = world.sign_in(&WANG_FANG).await;
    merge(&world, &from, &into).await;
    assert_eq!(
        homes(&world, &into).await,
        [(link.clone(), Role::Authorised)]
    );
    let again = world.bindings.accept(&into, &invited.token).await.unwrap();
    assert_eq!(again.binding.binding_id, link, "a repeat finds the link");
    let shown = access(&world, &held).await;
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].ends_at, Some(day(&world, 30).end()));
    world.clock.advance(31 * DAY_S);
    assert_eq!(role(&world, &into, &link).await, None);
}

async fn m3_6_of_two_grants_the_better_stays(world: World) {
    let held = holder(&world).await;
    let into = world.sign_in(&WANG_FANG).await;
    let from = world.sign_in(&WANG_AGAIN).await;
    for (guest, scope) in [(&into, Scope::PayerOnly), (&from, Scope::Authorised)] {
        let invited = invite(&world, &held, scope, 30).await.unwrap();
        world.bindings.accept(guest, &invited.token).await.unwrap();
    }
    assert_eq!(access(&world, &held).await.len(), 2);
    merge(&world, &from, &into).await;
    let left = homes(&world, &into).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].1, Role::Authorised);
    let shown = access(&world, &held).await;
    assert_eq!(shown.len(), 1, "the other gave its place back");
    assert!(!shown[0].self_linked, "nothing was shown by merging");
    revoke(&world, &held, &shown[0].access_id).await.unwrap();
    assert_eq!(homes(&world, &into).await, []);
}

/// A holder lets their own second account in; then one of the two takes the other over.
async fn granted_oneself(world: &World, holder_asks: bool) {
    let held = holder(world).await;
    let second = world.sign_in(&LI_AGAIN).await;
    let invited = invite(world, &held, Scope::Authorised, 30).await.unwrap();
    world
        .bindings
        .accept(&second, &invited.token)
        .await
        .unwrap();
    let (from, into) = if holder_asks {
        (&second, &held.0)
    } else {
        (&held.0, &second)
    };
    merge(world, from, into).await;
    let left = homes(world, into).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].1, Role::Holder);
    let detail = world.bindings.detail(into, &left[0].0).await.unwrap();
    assert_eq!(detail.seen.binding.grant_id, None);
    assert_eq!(detail.seen.ends_at, None);
    let page = Page::new(None, None).unwrap();
    let shown = world.bindings.access(into, &left[0].0, &page).await;
    assert!(shown.unwrap().items.is_empty());
}

async fn m3_6_what_one_granted_oneself_is_over(world: World) {
    granted_oneself(&world, true).await;
}

async fn m3_6_a_holder_stays_the_holder_in_the_account_they_had_let_in(world: World) {
    granted_oneself(&world, false).await;
}

async fn m3_6_what_one_granted_to_others_stands(world: World) {
    let held = holder(&world).await;
    world.archive.put(
        HOME,
        Home {
            mobile: Some(LI_AGAIN.phone),
            ..home_of(&LI_MING, 1)
        },
    );
    let second = matched(&world, &LI_AGAIN).await;
    let invited = invite(&world, &second, Scope::Authorised, 30)
        .await
        .unwrap();
    let guest = world.sign_in(&WANG_FANG).await;
    let seen = world.bindings.accept(&guest, &invited.token).await.unwrap();
    let link = seen.binding.binding_id;
    merge(&world, &second.0, &held.0).await;
    assert_eq!(role(&world, &guest, &link).await, Some(Role::Authorised));
    let shown = access(&world, &held).await;
    assert_eq!(shown.len(), 1);
    revoke(&world, &held, &shown[0].access_id).await.unwrap();
    assert_eq!(role(&world, &guest, &link).await, None);
}

async fn m3_6_a_home_bears_the_name_of_its_holder_of_today(world: World) {
    holder(&world).await;
    let into = world.sign_in(&WANG_FANG).await;
    let link = by_digits(&world, &into, "010014").await.unwrap();
    world.archive.transfer(HOME, home_of(&CHEN_GANG, 1));
    let from = world.sign_in(&WANG_AGAIN).await;
    by_digits(&world, &from, "070251").await.unwrap();
    merge(&world, &from, &into).await;
    let page = Page::new(None, None).unwrap();
    let list = world.bindings.list(&into, &page).await.unwrap();
    assert_eq!(list.items.len(), 1);
    let kept = &list.items[0].binding;
    assert_eq!(kept.binding_id, link);
    assert_eq!(
        kept.signboard.holder_masked, "*刚",
        "not who held it before"
    );
}
