//! What staff decided and proposed about somebody's functions goes along when two of their accounts become
//! one (EC-21): no merge opens what two persons suspended.

use std::slice;

use lifeline_core::accounts::Caller;
use lifeline_core::accounts::passwords::PasswordHash;
use lifeline_core::cases::four_eyes::Judgement;
use lifeline_core::customers::CustomerError;
use lifeline_core::customers::functions::{BankFunction, FunctionProposal, Wanted};
use lifeline_core::operators::{Acting, Login, PersonId, Proofs, Role, Scope, Staff, TotpSecret};
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::time::Time;
use lifeline_core::store::Retriable;

use crate::merging::{SECOND, asked, by_code, merge};
use crate::merging_points::gives;
use crate::on_every_engine;
use crate::world::{LI_MING, World};

on_every_engine! { "merging_functions":
    ec_21_what_two_persons_suspended_stays_so_for_the_account_that_stays,
    ec_21_of_two_suspensions_the_earlier_stays_and_no_wish_to_open_one_opens_both,
    ec_21_a_wish_to_suspend_goes_along_and_waits_for_the_second_person,
    ec_21_a_wish_to_open_ends_where_the_other_account_was_to_be_suspended,
    ec_21_what_is_decided_at_the_moment_of_a_merge_is_not_left_behind,
}

const WHY: &str = "asked for at the counter";

/// Somebody of the staff, signed in.
fn staff(world: &World, login: &str) -> Acting {
    let (make, entropy) = (world.maker(), world.entropy());
    let staff = Staff {
        staff_id: make.id(),
        login: Login::parse(login).unwrap(),
        person: PersonId::parse(login).unwrap(),
        role: Role::Support,
        scope: Scope::Everywhere,
        password: PasswordHash::from_store(String::new()),
        proofs: Proofs {
            made_by: "command_line".to_owned(),
            confirmed_by: Some("command_line".to_owned()),
        },
        totp: TotpSecret::made(&*entropy),
        totp_step: 0,
        failures: 0,
        locked_until: None,
        created_at: make.now(),
        ended_at: None,
        version: 1,
    };
    Acting {
        staff,
        session_id: make.id(),
        source: String::new(),
        trace_id: "trace-1".into(),
    }
}

/// One who proposes, and another who judges.
fn two(world: &World) -> [Acting; 2] {
    [staff(world, "ann"), staff(world, "bob")]
}

async fn wish(world: &World, by: &Acting, who: &Caller, wanted: Wanted) {
    let (account, pay) = (&who.account_id, BankFunction::Pay);
    let proposed = world
        .customers
        .propose_function(by, account, pay, wanted, WHY);
    proposed.await.unwrap();
}

async fn agree(world: &World, by: &Acting, who: &Caller) -> Result<(), CustomerError> {
    let (account, pay) = (&who.account_id, BankFunction::Pay);
    let judged = world
        .customers
        .judge_function(by, account, pay, (None, Judgement::Agree));
    judged.await
}

async fn suspend(world: &World, [ann, bob]: &[Acting; 2], who: &Caller) {
    wish(world, ann, who, Wanted::Suspended).await;
    agree(world, bob, who).await.unwrap();
}

/// Whose paying the line turns away.
async fn turned_away(world: &World) -> Vec<AccountId> {
    let suspended = world.customers.suspended().await.unwrap();
    let whose = suspended.into_iter().map(|(account, _)| account);
    whose.collect()
}

async fn since(world: &World, who: &Caller) -> Vec<(BankFunction, Time)> {
    let stand = world.customers.functions(&who.account_id).await.unwrap();
    stand.suspended
}

/// What waits for a second person about somebody.
async fn waiting(world: &World, who: &Caller) -> Vec<Wanted> {
    let stand = world.customers.functions(&who.account_id).await.unwrap();
    let waiting = stand.proposals.into_iter().filter(FunctionProposal::waits);
    waiting.map(|one| one.what.wanted).collect()
}

async fn noted(world: &World, who: &Caller, act: &str, outcome: &str) -> bool {
    let lines = world.audit(who.account_id.as_str()).await;
    lines.contains(&(act.to_owned(), outcome.to_owned()))
}

async fn both_accounts(world: &World) -> (Caller, Caller) {
    (world.sign_in(&LI_MING).await, world.sign_in(&SECOND).await)
}

/// The second becomes part of the first.
async fn merged(world: &World, into: &Caller, from: &Caller) {
    let code = asked(world, into).await;
    merge(world, from, &code).await.unwrap();
}

async fn ec_21_what_two_persons_suspended_stays_so_for_the_account_that_stays(world: World) {
    let (into, from) = both_accounts(&world).await;
    let both = two(&world);
    suspend(&world, &both, &from).await;
    assert_eq!(turned_away(&world).await, slice::from_ref(&from.account_id));
    world.deliver().await;
    merged(&world, &into, &from).await;
    assert_eq!(turned_away(&world).await, slice::from_ref(&into.account_id));
    assert!(noted(&world, &into, "customers.stop_moved", "ok").await);
    world.deliver().await;
    let page = Page::new(None, None).unwrap();
    let inbox = world.notices.inbox(&into.account_id, &page).await.unwrap();
    let told = inbox.notices.items.iter();
    let told = told.map(|notice| notice.told.kind().as_str());
    assert_eq!(told.filter(|kind| *kind == "function_moved").count(), 2);
    let [ann, _] = &both;
    let gone = world.customers.propose_function(
        ann,
        &from.account_id,
        BankFunction::Pay,
        Wanted::Suspended,
        WHY,
    );
    let gone = gone.await;
    assert!(matches!(gone, Err(CustomerError::NoSuch)), "{gone:?}");
    // It is opened as it was suspended: by two persons.
    wish(&world, ann, &into, Wanted::Open).await;
    agree(&world, &both[1], &into).await.unwrap();
    assert!(turned_away(&world).await.is_empty());
}

async fn ec_21_of_two_suspensions_the_earlier_stays_and_no_wish_to_open_one_opens_both(
    world: World,
) {
    let (into, from) = both_accounts(&world).await;
    let both = two(&world);
    suspend(&world, &both, &from).await;
    let first = since(&world, &from).await;
    world.clock.advance(60);
    suspend(&world, &both, &into).await;
    let [ann, bob] = &both;
    wish(&world, ann, &from, Wanted::Open).await;
    wish(&world, ann, &into, Wanted::Open).await;
    merged(&world, &into, &from).await;
    assert_eq!(since(&world, &into).await, first);
    assert_eq!(turned_away(&world).await, slice::from_ref(&into.account_id));
    for who in [&into, &from] {
        assert!(waiting(&world, who).await.is_empty());
        assert!(noted(&world, who, "customers.wish_ended", "pay_open").await);
    }
    let late = agree(&world, bob, &into).await;
    assert!(
        matches!(late, Err(CustomerError::NotAsThingsStand)),
        "{late:?}"
    );
    assert_eq!(turned_away(&world).await, [into.account_id]);
}

async fn ec_21_a_wish_to_suspend_goes_along_and_waits_for_the_second_person(world: World) {
    let (into, from) = both_accounts(&world).await;
    let [ann, bob] = two(&world);
    wish(&world, &ann, &from, Wanted::Suspended).await;
    merged(&world, &into, &from).await;
    assert_eq!(waiting(&world, &into).await, [Wanted::Suspended]);
    assert!(waiting(&world, &from).await.is_empty());
    assert!(noted(&world, &into, "customers.wish_moved", "pay_suspended").await);
    let own = agree(&world, &ann, &into).await;
    assert!(matches!(own, Err(CustomerError::SamePerson)), "{own:?}");
    assert!(turned_away(&world).await.is_empty());
    agree(&world, &bob, &into).await.unwrap();
    assert_eq!(turned_away(&world).await, [into.account_id]);
}

async fn ec_21_a_wish_to_open_ends_where_the_other_account_was_to_be_suspended(world: World) {
    let (into, from) = both_accounts(&world).await;
    let both = two(&world);
    suspend(&world, &both, &into).await;
    let [ann, bob] = &both;
    wish(&world, ann, &into, Wanted::Open).await;
    wish(&world, ann, &from, Wanted::Suspended).await;
    merged(&world, &into, &from).await;
    for who in [&into, &from] {
        assert!(waiting(&world, who).await.is_empty());
    }
    let late = agree(&world, bob, &into).await;
    assert!(
        matches!(late, Err(CustomerError::NotAsThingsStand)),
        "{late:?}"
    );
    assert_eq!(turned_away(&world).await, [into.account_id]);
}

/// Until it is not beaten by another any more.
async fn agrees(world: &World, by: &Acting, who: &Caller) -> Result<(), CustomerError> {
    let mut said = agree(world, by, who).await;
    for _ in 0..200 {
        if !said.as_ref().is_err_and(Retriable::is_conflict) {
            break;
        }
        said = agree(world, by, who).await;
    }
    said
}

async fn ec_21_what_is_decided_at_the_moment_of_a_merge_is_not_left_behind(world: World) {
    let (into, from) = both_accounts(&world).await;
    let [ann, bob] = two(&world);
    wish(&world, &ann, &from, Wanted::Suspended).await;
    let code = asked(&world, &into).await;
    let from = by_code(&world, &from).await;
    let (said, ()) = tokio::join!(agrees(&world, &bob, &from), gives(&world, &from, &code));
    match said {
        Ok(()) => assert!(waiting(&world, &into).await.is_empty()),
        Err(error) => {
            assert!(matches!(error, CustomerError::NoSuch), "{error:?}");
            assert_eq!(waiting(&world, &into).await, [Wanted::Suspended]);
            agree(&world, &bob, &into).await.unwrap();
        }
    }
    assert_eq!(turned_away(&world).await, [into.account_id]);
}
