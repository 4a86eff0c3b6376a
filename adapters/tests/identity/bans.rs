//! Shutting out who tries what is other people's, and what codes may cost.

use std::sync::Arc;

use lifeline_adapters::passwords::{Argon2id, Cost};
use lifeline_core::accounts::certification::{CertificationKind, CertificationState};
use lifeline_core::accounts::codes::Budget;
use lifeline_core::accounts::credential::Login;
use lifeline_core::accounts::passwords::Password;
use lifeline_core::accounts::{AccountError, Caller, Client, Errand, PasswordDoor, Shown};
use lifeline_core::bans::{Bans, Reason, Scope};
use lifeline_core::bindings::home_code::CodeFor;
use lifeline_core::bindings::{BindingError, Proof};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::personal::{ConsumerNo, IdNo, Phone};

use crate::archive::Home;
use crate::certifying::{begin, conclude, typed};
use crate::on_every_engine;
use crate::world::{CHEN_GANG, LI_MING, WANG_FANG, Wallet, World};

on_every_engine! { "bans":
    m3_1_an_account_that_tries_thirteen_homes_is_shut_out_of_proofs,
    m3_1_a_place_that_tries_forty_one_homes_is_shut_out_whoever_asks,
    a_home_that_was_theirs_does_not_count,
    m3_1_a_place_that_types_twenty_one_id_numbers_is_shut_out_of_certifying,
    m3_1_thirty_people_behind_one_address_who_are_certified_ban_nobody,
    c9_many_logins_from_one_place_shut_passwords_there,
    m3_7_codes_stop_at_their_budget_and_go_on_the_next_day,
    m3_7_the_last_quarter_of_the_budget_is_for_acts_of_ones_own,
    m3_7_the_last_fifty_of_a_places_two_hundred_codes_are_for_acts_of_ones_own,
}

fn number(n: i64) -> ConsumerNo {
    ConsumerNo::parse(&format!("{}", 1_504_011_000_000 + n)).unwrap()
}

async fn ask(world: &World, who: &Caller, n: i64) -> Result<(), BindingError> {
    let home = CodeFor::Number(number(n));
    world.bindings.ask_home_code(who, &home).await.map(drop)
}

/// The wait of somebody who is shut out.
fn shut_out(result: &Result<(), BindingError>) -> Option<i64> {
    match result {
        Err(BindingError::Account(AccountError::ShutOut { retry_after_s })) => Some(*retry_after_s),
        _ => None,
    }
}

fn bans(world: &World) -> Bans {
    Bans::new(world.store.clone(), world.clock.clone(), world.entropy())
}

async fn running(world: &World) -> Vec<(Scope, Reason, String)> {
    let running = bans(world).running().await.unwrap();
    let told = running
        .into_iter()
        .map(|ban| (ban.target.scope, ban.reason, ban.target.subject));
    told.collect()
}

async fn m3_1_an_account_that_tries_thirteen_homes_is_shut_out_of_proofs(world: World) {
    let who = world.sign_in(&LI_MING).await;
    for n in 0..12 {
        ask(&world, &who, n).await.unwrap();
    }
    let refused = ask(&world, &who, 12).await;
    assert_eq!(shut_out(&refused), Some(600), "{refused:?}");
    let account = who.account_id.as_str().to_owned();
    assert_eq!(
        running(&world).await,
        [(Scope::Account, Reason::Homes, account)]
    );
    // The store, not the session: digits are the same door.
    let proof = Proof::IdLast6(lifeline_core::accounts::Secret::new("150026".into()));
    let by_digits = world
        .bindings
        .bind_by_number(&who, &number(13), &proof)
        .await;
    assert!(shut_out(&by_digits.map(drop)).is_some());
    let other = world.sign_in(&WANG_FANG).await;
    ask(&world, &other, 900).await.unwrap();
    assert!(!world.lies_open("1504011000012").await, "digests only");
}

async fn m3_1_a_place_that_tries_forty_one_homes_is_shut_out_whoever_asks(world: World) {
    const OPEN_IDS: [&str; 4] = ["o-1", "o-2", "o-3", "o-4"];
    let mut tried = 0;
    for open_id in OPEN_IDS {
        let wallet = Wallet {
            open_id: Some(open_id),
            user_id: None,
            ..CHEN_GANG
        };
        let who = world.sign_in(&wallet).await;
        for _ in 0..12 {
            tried += 1;
            let asked = ask(&world, &who, tried).await;
            assert_eq!(shut_out(&asked).is_some(), tried > 40, "{tried}: {asked:?}");
        }
    }
    let place = (Scope::Address, Reason::Homes, "192.0.2.1".to_owned());
    assert!(running(&world).await.contains(&place));
    let elsewhere = Caller {
        source: "198.51.100.7".into(),
        ..world.sign_in(&LI_MING).await
    };
    ask(&world, &elsewhere, 900).await.unwrap();
}

async fn a_home_that_was_theirs_does_not_count(world: World) {
    let mut who = world.sign_in(&LI_MING).await;
    for n in 0..13 {
        let home = Home {
            holder: "王芳",
            id_no: Some(WANG_FANG.id_no),
            mobile: None,
            holder_version: 1,
            holder_since: None,
        };
        world
            .archive
            .put(number(n).expose().to_owned().leak(), home);
        let proof = Proof::IdLast6(lifeline_core::accounts::Secret::new("150026".into()));
        let linked = world
            .bindings
            .bind_by_number(&who, &number(n), &proof)
            .await;
        let seen = linked.unwrap();
        who = world.sign_in(&LI_MING).await;
        let id = &seen.binding.binding_id;
        world.bindings.unbind(&who, id).await.unwrap();
        who = world.sign_in(&LI_MING).await;
    }
    assert!(running(&world).await.is_empty());
}

/// Somebody whose wallet tells no ID number, which is the nth of its own.
fn silent(n: usize) -> Wallet {
    let first17 = format!("15049919900101{:03}", 300 + n);
    let mut whole = "0123456789X".chars().map(|last| format!("{first17}{last}"));
    let id_no = whole.find(|text| IdNo::parse(text).is_ok());
    let open_id: &'static str = format!("silent-{n}").leak();
    Wallet {
        open_id: Some(open_id),
        id_no: id_no.unwrap().leak(),
        phone: "",
        withholds_id: true,
        ..CHEN_GANG
    }
}

async fn m3_1_a_place_that_types_twenty_one_id_numbers_is_shut_out_of_certifying(world: World) {
    let kind = CertificationKind::CertVerify;
    // Each account may type three in a year; seven of them are behind one address.
    for n in 0..21 {
        assert!(running(&world).await.is_empty(), "after {n}");
        let who = world.sign_in(&silent(n / 3)).await;
        // Numbers of other people: none was found to be the asker's.
        let theirs = typed(CHEN_GANG.name, silent(100 + n).id_no);
        let begun = begin(&world, &who, kind, &theirs).await;
        let out = matches!(begun, Err(AccountError::ShutOut { retry_after_s: 600 }));
        assert_eq!((out, begun.is_ok()), (n == 20, n < 20), "{n}: {begun:?}");
    }
    let place = (Scope::Address, Reason::IdNumbers, "192.0.2.1".to_owned());
    assert_eq!(running(&world).await, [place]);
    assert_eq!(world.alipay.proposals(), 20, "the last did not leave");
    assert!(!world.lies_open(silent(100).id_no).await, "digests only");
}

async fn m3_1_thirty_people_behind_one_address_who_are_certified_ban_nobody(world: World) {
    let kind = CertificationKind::CertVerify;
    for n in 0..30 {
        let wallet = silent(n);
        let who = world.sign_in(&wallet).await;
        let own = typed(wallet.name, wallet.id_no);
        let begun = begin(&world, &who, kind, &own).await.unwrap();
        let ended = conclude(&world, &who, &begun, Some(&wallet)).await;
        assert_eq!(ended.unwrap(), CertificationState::Certified, "{n}");
    }
    assert!(running(&world).await.is_empty());
}

async fn c9_many_logins_from_one_place_shut_passwords_there(world: World) {
    let cheap = Cost {
        memory_kib: 8,
        passes: 1,
    };
    let passwords = Argon2id::new(cheap, 2, world.entropy()).unwrap();
    let door = PasswordDoor::new(world.accounts.clone(), Arc::new(passwords));
    for n in 0..16 {
        assert!(running(&world).await.is_empty(), "after {n}");
        let shown = Shown {
            login: Login::parse(&format!("somebody{n}")).unwrap(),
            password: Password::typed("canary-tr4x-9pq".into()).unwrap(),
            otp: None,
            client: Client::H5,
            earlier: None,
            place: "192.0.2.1".into(),
            visitor: world.visitor(),
        };
        // The answer is the same to the last: nobody learns from it which logins there are.
        door.enter(shown).await.unwrap();
    }
    let place = (Scope::Address, Reason::Logins, "192.0.2.1".to_owned());
    assert_eq!(running(&world).await, [place]);
    world.clock.advance(600);
    assert!(running(&world).await.is_empty(), "it ends by itself");
}

async fn m3_7_codes_stop_at_their_budget_and_go_on_the_next_day(world: World) {
    let budget = Budget::new(Fen::new(11), Fen::new(5)).unwrap();
    let accounts = world.accounts.clone().spending(budget);
    let who = world.sign_in(&LI_MING).await;
    let phone = |n: i64| Phone::parse(&format!("{}", 19_000_000_100 + n)).unwrap();
    for n in 0..2 {
        accounts.ask_phone_code(&who, &phone(n)).await.unwrap();
    }
    let third = accounts.ask_phone_code(&who, &phone(2)).await;
    // 10:00 in Shanghai: the day has fourteen hours left.
    let Err(AccountError::TooManyCodes { retry_after_s }) = third else {
        unreachable!("a third code for two codes' money: {third:?}");
    };
    assert_eq!(retry_after_s, 50_400);
    world.clock.advance(retry_after_s);
    accounts.ask_phone_code(&who, &phone(2)).await.unwrap();
}

/// Whether no code is left for this; nothing else stands in its way.
fn spent<T>(asked: &Result<T, AccountError>) -> bool {
    let too_many = matches!(asked, Err(AccountError::TooManyCodes { .. }));
    assert!(asked.is_ok() || too_many, "another answer");
    too_many
}

async fn m3_7_the_last_quarter_of_the_budget_is_for_acts_of_ones_own(world: World) {
    let budget = Budget::new(Fen::new(40), Fen::new(5)).unwrap();
    let accounts = world.accounts.clone().spending(budget);
    let who = world.sign_in(&LI_MING).await;
    let phone = |n: i64| Phone::parse(&format!("{}", 19_000_000_100 + n)).unwrap();
    for n in 1..=7 {
        let asked = accounts.ask_phone_code(&who, &phone(n)).await;
        assert_eq!(spent(&asked), n > 6, "to any phone: {n} of 8");
    }
    for n in 7..=9 {
        world.clock.advance(61);
        let asked = accounts.ask_step_up(&who, &Errand::export(&who)).await;
        assert_eq!(spent(&asked), n > 8, "to one's own: {n} of 8");
    }
}

async fn m3_7_the_last_fifty_of_a_places_two_hundred_codes_are_for_acts_of_ones_own(world: World) {
    const OPEN_IDS: [&str; 8] = ["p-1", "p-2", "p-3", "p-4", "p-5", "p-6", "p-7", "p-8"];
    let phone = |n: i64| Phone::parse(&format!("{}", 19_000_001_000 + n)).unwrap();
    let mut codes = 0;
    for open_id in OPEN_IDS {
        let neighbour = Wallet {
            open_id: Some(open_id),
            phone: "",
            ..CHEN_GANG
        };
        let who = world.sign_in(&neighbour).await;
        for _ in 0..20 {
            codes += 1;
            let asked = world.accounts.ask_phone_code(&who, &phone(codes)).await;
            assert_eq!(spent(&asked), codes > 150, "to any phone: {codes} of 200");
        }
    }
    let mut codes = 150;
    for owner in [LI_MING, WANG_FANG, CHEN_GANG] {
        let who = world.sign_in(&owner).await;
        for _ in 0..20 {
            world.clock.advance(61);
            codes += 1;
            let asked = world
                .accounts
                .ask_step_up(&who, &Errand::export(&who))
                .await;
            assert_eq!(spent(&asked), codes > 200, "to one's own: {codes} of 200");
        }
    }
}
