//! A session's id changes when a home is linked; what was begun before goes on.

use std::slice::from_ref;

use lifeline_core::accounts::{AccountError, Caller, Client, Door, Secret, SignedIn};
use lifeline_core::bindings::{BindingError, Proof};
use lifeline_core::shared::ids::SessionId;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::personal::{ConsumerNo, Phone};

use crate::archive::Home;
use crate::on_every_engine;
use crate::phones::giving_up;
use crate::world::{LI_MING, World, caller};

on_every_engine! { "rotation":
    m3_5_linking_changes_the_session_id_and_the_next_refresh_ends_the_old_one,
    m3_5_a_second_link_by_the_old_token_changes_the_id_once_more,
    m3_5_offers_and_codes_asked_for_before_still_serve_after,
    m3_5_the_browser_keeps_its_pay_cookie,
    m3_5_any_id_of_a_device_ends_the_whole_device,
    m3_8_reuse_ends_what_was_left_too,
    m3_5_a_refused_link_changes_no_id,
    m3_5_an_ended_session_links_nothing,
}

const ONE: &str = "1504010020017";
const TWO: &str = "1504010020025";

fn put_homes(world: &World) {
    for number in [ONE, TWO] {
        world.archive.put(
            number,
            Home {
                holder: "李明",
                id_no: Some(LI_MING.id_no),
                mobile: Some(LI_MING.phone),
                holder_version: 1,
                holder_since: None,
            },
        );
    }
}

fn number(text: &str) -> ConsumerNo {
    ConsumerNo::parse(text).unwrap()
}

async fn link(world: &World, who: &Caller, no: &str) -> Result<(), BindingError> {
    let proof = Proof::IdLast6(Secret::new("010014".into()));
    let no = number(no);
    let linked = world.bindings.bind_by_number(who, &no, &proof).await;
    linked.map(drop)
}

async fn alive(world: &World, who: &SignedIn, id: &SessionId) -> bool {
    world
        .accounts
        .session_alive(&who.account_id, id)
        .await
        .unwrap()
}

async fn refresh(world: &World, from: &SignedIn) -> Result<SignedIn, AccountError> {
    world
        .accounts
        .refresh(from.refresh_token.clone(), from.client, world.visitor())
        .await
}

/// The ids of the account's devices, as it sees them.
async fn devices(world: &World, who: &Caller) -> Vec<SessionId> {
    let seen = world.accounts.sessions(who).await.unwrap();
    seen.into_iter().map(|session| session.session_id).collect()
}

async fn m3_5_linking_changes_the_session_id_and_the_next_refresh_ends_the_old_one(world: World) {
    put_homes(&world);
    let first = world.try_sign_in(&LI_MING).await.unwrap();
    let who = caller(&first);
    assert_eq!(devices(&world, &who).await, from_ref(&first.session_id));
    link(&world, &who, ONE).await.unwrap();
    let after = devices(&world, &who).await;
    assert_eq!(after.len(), 1, "one device, one id");
    assert_ne!(after[0], first.session_id);
    assert!(
        alive(&world, &first, &first.session_id).await,
        "until the client comes"
    );
    let second = refresh(&world, &first).await.unwrap();
    assert_eq!(second.session_id, after[0]);
    assert_eq!(second.family_id, first.session_id);
    assert_eq!(second.ended, from_ref(&first.session_id));
    assert!(!alive(&world, &first, &first.session_id).await);
    assert!(alive(&world, &first, &second.session_id).await);
    assert_eq!(second.session_expires_at, first.session_expires_at);
}

async fn m3_5_a_second_link_by_the_old_token_changes_the_id_once_more(world: World) {
    put_homes(&world);
    let first = world.try_sign_in(&LI_MING).await.unwrap();
    let who = caller(&first);
    link(&world, &who, ONE).await.unwrap();
    let between = devices(&world, &who).await;
    link(&world, &who, TWO).await.unwrap();
    let after = devices(&world, &who).await;
    assert_eq!(after.len(), 1);
    assert_ne!(after, between);
    let second = refresh(&world, &first).await.unwrap();
    assert_eq!(second.session_id, after[0]);
    let mut ended = second.ended;
    ended.sort();
    let mut left = vec![first.session_id.clone(), between[0].clone()];
    left.sort();
    assert_eq!(ended, left, "both ids it left behind");
}

async fn m3_5_offers_and_codes_asked_for_before_still_serve_after(world: World) {
    put_homes(&world);
    let signed_in = world.try_sign_in(&LI_MING).await.unwrap();
    let who = caller(&signed_in);
    let purpose = lifeline_core::accounts::Purpose::IdentityMatch;
    world
        .accounts
        .give_consent(&who, purpose, purpose.text().version)
        .await
        .unwrap();
    let offer = world.bindings.offer(&who).await.unwrap();
    let phone = Phone::parse("19000000077").unwrap();
    world.accounts.ask_phone_code(&who, &phone).await.unwrap();
    world.deliver().await;
    assert_eq!(offer.homes.len(), 2);
    let first = vec![offer.homes[0].match_token.clone()];
    world.bindings.confirm(&who, first, None).await.unwrap();
    let now = caller(&refresh(&world, &signed_in).await.unwrap());
    assert_ne!(now.session_id, who.session_id);
    let second = vec![offer.homes[1].match_token.clone()];
    world.bindings.confirm(&now, second, None).await.unwrap();
    let code = world.code_on("19000000077");
    let now = giving_up(&world, &now, LI_MING.phone, &phone).await;
    world
        .accounts
        .verify_phone(&now, &phone, &code)
        .await
        .unwrap();
}

async fn m3_5_the_browser_keeps_its_pay_cookie(world: World) {
    put_homes(&world);
    let start = world.accounts.start_browser().await.unwrap();
    let state = start.authorize_url.rsplit_once("state=").unwrap().1;
    let door = Door::Browser {
        state: Some(Secret::new(state.into())),
        cookie: Some(start.cookie),
        earlier: None,
    };
    let code = world.alipay.allow(&LI_MING);
    let first = world
        .accounts
        .sign_in(&code, door, world.visitor())
        .await
        .unwrap();
    assert_eq!(first.client, Client::H5);
    let browser = first.browser_secret.clone().unwrap();
    link(&world, &caller(&first), ONE).await.unwrap();
    let found = world.accounts.session_of_browser(&browser).await.unwrap();
    let found = found.expect("the cookie leads nowhere");
    assert_ne!(found.session_id, first.session_id);
    assert_eq!(
        found.family_id, first.family_id,
        "tickets are bound to the family"
    );
}

async fn m3_5_any_id_of_a_device_ends_the_whole_device(world: World) {
    put_homes(&world);
    for by_old_id in [true, false] {
        let first = world.try_sign_in(&LI_MING).await.unwrap();
        let who = caller(&first);
        link(&world, &who, ONE).await.unwrap();
        let current = devices(&world, &who).await[0].clone();
        let named = if by_old_id {
            &first.session_id
        } else {
            &current
        };
        let ended = world.accounts.end_session(&who, named).await.unwrap();
        assert_eq!(ended.len(), 2);
        assert!(!alive(&world, &first, &first.session_id).await);
        assert!(!alive(&world, &first, &current).await);
        assert!(refresh(&world, &first).await.is_err());
    }
    let last = world.try_sign_in(&LI_MING).await.unwrap();
    link(&world, &caller(&last), ONE).await.unwrap();
    assert_eq!(
        world.accounts.sign_out(&caller(&last)).await.unwrap().len(),
        2
    );
    assert!(refresh(&world, &last).await.is_err());
}

async fn m3_8_reuse_ends_what_was_left_too(world: World) {
    put_homes(&world);
    let first = world.try_sign_in(&LI_MING).await.unwrap();
    refresh(&world, &first).await.unwrap();
    link(&world, &caller(&first), ONE).await.unwrap();
    let current = devices(&world, &caller(&first)).await[0].clone();
    world.clock.advance(31);
    assert!(refresh(&world, &first).await.is_err());
    assert!(!alive(&world, &first, &first.session_id).await);
    assert!(!alive(&world, &first, &current).await);
}

async fn m3_5_a_refused_link_changes_no_id(world: World) {
    put_homes(&world);
    let first = world.try_sign_in(&LI_MING).await.unwrap();
    let who = caller(&first);
    let wrong = Proof::IdLast6(Secret::new("999999".into()));
    let one = number(ONE);
    let refused = world.bindings.bind_by_number(&who, &one, &wrong).await;
    assert!(matches!(refused, Err(BindingError::CannotConfirm)));
    assert_eq!(devices(&world, &who).await, [first.session_id]);
}

async fn m3_5_an_ended_session_links_nothing(world: World) {
    put_homes(&world);
    let first = world.try_sign_in(&LI_MING).await.unwrap();
    let other = world.sign_in(&LI_MING).await;
    let who = caller(&first);
    world.accounts.sign_out(&who).await.unwrap();
    let late = link(&world, &who, ONE).await;
    assert!(
        matches!(late, Err(BindingError::Account(AccountError::SessionEnded))),
        "{late:?}"
    );
    let page = Page::new(None, None).unwrap();
    let homes = world.bindings.list(&other, &page).await.unwrap();
    assert!(homes.items.is_empty(), "the link went with the session");
}
