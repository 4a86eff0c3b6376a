//! Linking by a typed number, and what it must never tell.

use lifeline_core::accounts::{Caller, Secret};
use lifeline_core::bindings::home_code::CodeFor;
use lifeline_core::bindings::{BindingError, Proof, Role, Seen};
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Clock as _;

use crate::archive::Home;
use crate::on_every_engine;
use crate::world::{LI_MING, WANG_FANG, World};

on_every_engine! { "by_number":
    ln_44_id_digits_make_a_payer_and_no_more,
    ln_44_unknown_foreign_and_wrong_are_one_answer_with_the_same_work,
    ln_44_asking_for_a_code_tells_nothing_and_an_unknown_home_accepts_none,
    m3_2_a_code_with_the_full_name_authorises_and_never_makes_a_holder,
    m3_2_the_name_is_not_sent_without_consent,
    m3_1_five_guesses_a_day_per_home_over_all_accounts_lock_only_that_proof,
    m3_1_an_unknown_home_locks_like_a_known_one,
    m3_1_three_distinct_wrong_numbers_per_account_and_year,
    nine_homes_per_account_and_a_place_is_free_again_after_unlinking,
}

const HOME: &str = "1504010020058";
const UNKNOWN: &str = "1504019999999";

fn landlords() -> Home {
    Home {
        holder: "王芳",
        id_no: Some(WANG_FANG.id_no),
        mobile: Some("19000000077"),
        holder_version: 4,
        holder_since: None,
    }
}

fn number(text: &str) -> ConsumerNo {
    ConsumerNo::parse(text).unwrap()
}

fn digits(text: &str) -> Proof {
    Proof::IdLast6(Secret::new(text.into()))
}

async fn bind(
    world: &World,
    who: &Caller,
    consumer_no: &str,
    proof: Proof,
) -> Result<Seen, BindingError> {
    world
        .bindings
        .bind_by_number(who, &number(consumer_no), &proof)
        .await
}

async fn ln_44_id_digits_make_a_payer_and_no_more(world: World) {
    world.archive.put(HOME, landlords());
    let who = world.sign_in(&LI_MING).await;
    let linked = bind(&world, &who, HOME, digits("150026")).await.unwrap();
    assert_eq!(linked.role, Role::PayerOnly);
    assert_eq!(linked.binding.holder_version, 4);
    assert_eq!(linked.binding.signboard.holder_masked, "*芳");
    let again = bind(&world, &who, HOME, digits("150026")).await.unwrap();
    assert_eq!(
        again.binding.binding_id, linked.binding.binding_id,
        "one link per home"
    );
}

async fn ln_44_unknown_foreign_and_wrong_are_one_answer_with_the_same_work(world: World) {
    world.archive.put(HOME, landlords());
    let who = world.sign_in(&LI_MING).await;
    let mut seen = Vec::new();
    for (consumer_no, proof) in [
        (UNKNOWN, digits("150026")),
        (HOME, digits("010014")),
        (UNKNOWN, Proof::ArchivedSms(Secret::new("123456".into()))),
        (HOME, Proof::ArchivedSms(Secret::new("123456".into()))),
    ] {
        let refused = bind(&world, &who, consumer_no, proof).await;
        assert!(
            matches!(refused, Err(BindingError::CannotConfirm)),
            "{refused:?}"
        );
        seen.push(world.archive.calls());
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[2], seen[3]);
    let lines = world.audit(who.account_id.as_str()).await;
    let refusals = lines
        .iter()
        .filter(|(act, _)| act == "bindings.by_number")
        .count();
    assert_eq!(refusals, 4);
}

async fn ln_44_asking_for_a_code_tells_nothing_and_an_unknown_home_accepts_none(world: World) {
    world.archive.put(HOME, landlords());
    let who = world.sign_in(&LI_MING).await;
    let ask = async |consumer_no: &str| {
        let home = CodeFor::Number(number(consumer_no));
        world.bindings.ask_home_code(&who, &home).await.unwrap()
    };
    assert_eq!(ask(UNKNOWN).await, ask(HOME).await);
    assert!(
        world.archive.calls().is_empty(),
        "the archive is asked later, not while we answer"
    );
    world.deliver().await;
    assert_eq!(world.phones.codes_on("19000000077").len(), 1);
    let code = world.code_on("19000000077");
    let cross = bind(&world, &who, UNKNOWN, Proof::ArchivedSms(code.clone())).await;
    assert!(
        matches!(cross, Err(BindingError::CannotConfirm)),
        "a code is for its home only"
    );
    assert!(
        bind(&world, &who, HOME, Proof::ArchivedSms(code))
            .await
            .is_ok()
    );
}

async fn m3_2_a_code_with_the_full_name_authorises_and_never_makes_a_holder(world: World) {
    world.archive.put(HOME, landlords());
    let holder = world.agreeing(&WANG_FANG).await;
    world
        .bindings
        .ask_home_code(&holder, &CodeFor::Number(number(HOME)))
        .await
        .unwrap();
    world.deliver().await;
    let code = Proof::ArchivedSms(world.code_on("19000000077"));
    assert_eq!(
        bind(&world, &holder, HOME, code).await.unwrap().role,
        Role::Authorised
    );

    // Somebody else who holds the archived phone pays, and sees no more.
    let tenant = world.agreeing(&LI_MING).await;
    world
        .bindings
        .ask_home_code(&tenant, &CodeFor::Number(number(HOME)))
        .await
        .unwrap();
    world.deliver().await;
    let code = Proof::ArchivedSms(world.code_on("19000000077"));
    assert_eq!(
        bind(&world, &tenant, HOME, code).await.unwrap().role,
        Role::PayerOnly
    );
}

async fn m3_2_the_name_is_not_sent_without_consent(world: World) {
    world.archive.put(HOME, landlords());
    let holder = world.sign_in(&WANG_FANG).await;
    world
        .bindings
        .ask_home_code(&holder, &CodeFor::Number(number(HOME)))
        .await
        .unwrap();
    world.deliver().await;
    let code = Proof::ArchivedSms(world.code_on("19000000077"));
    assert_eq!(
        bind(&world, &holder, HOME, code).await.unwrap().role,
        Role::PayerOnly
    );
}

async fn m3_1_five_guesses_a_day_per_home_over_all_accounts_lock_only_that_proof(world: World) {
    world.archive.put(HOME, landlords());
    let (one, two) = (
        world.sign_in(&LI_MING).await,
        world.sign_in(&WANG_FANG).await,
    );
    for guess in ["000001", "000002", "000003"] {
        assert!(matches!(
            bind(&world, &one, HOME, digits(guess)).await,
            Err(BindingError::CannotConfirm)
        ));
    }
    for guess in ["000004", "000005"] {
        assert!(matches!(
            bind(&world, &two, HOME, digits(guess)).await,
            Err(BindingError::CannotConfirm)
        ));
    }
    world.archive.calls();
    let right = bind(&world, &two, HOME, digits("150026")).await;
    assert!(
        matches!(
            right,
            Err(BindingError::ProofLocked {
                retry_after_s: 1..=86_400
            })
        ),
        "{right:?}"
    );
    assert!(world.archive.calls().is_empty());
    world
        .bindings
        .ask_home_code(&two, &CodeFor::Number(number(HOME)))
        .await
        .unwrap();
    world.deliver().await;
    let code = Proof::ArchivedSms(world.code_on("19000000077"));
    assert!(
        bind(&world, &two, HOME, code).await.is_ok(),
        "a code still works"
    );
    world.clock.advance(86_400);
    assert!(
        bind(&world, &two, HOME, digits("150026")).await.is_ok(),
        "a new day"
    );
}

async fn m3_1_an_unknown_home_locks_like_a_known_one(world: World) {
    world.archive.put(HOME, landlords());
    let mut answers = Vec::new();
    for consumer_no in [HOME, UNKNOWN] {
        let who = world.sign_in(&LI_MING).await;
        let mut told = Vec::new();
        for _ in 0..6 {
            told.push(format!(
                "{:?}",
                bind(&world, &who, consumer_no, digits("000001")).await
            ));
        }
        answers.push(told);
    }
    assert_eq!(answers[0], answers[1]);
}

async fn m3_1_three_distinct_wrong_numbers_per_account_and_year(world: World) {
    world.archive.put(HOME, landlords());
    let who = world.sign_in(&LI_MING).await;
    for day in 0..3 {
        let guess = format!("00000{day}");
        assert!(matches!(
            bind(&world, &who, HOME, digits(&guess)).await,
            Err(BindingError::CannotConfirm)
        ));
        world.clock.advance(86_400);
    }
    let fourth = bind(&world, &who, HOME, digits("000009")).await;
    assert!(
        matches!(fourth, Err(BindingError::ProofLocked { retry_after_s })
            if retry_after_s == world.clock.now().seconds_to_shanghai_year()),
        "{fourth:?}"
    );
    let known = bind(&world, &who, HOME, digits("000002")).await;
    assert!(
        matches!(known, Err(BindingError::CannotConfirm)),
        "a value tried before is no new one"
    );
    world.clock.advance(60 * 86_400);
    assert!(
        bind(&world, &who, HOME, digits("150026")).await.is_ok(),
        "another year"
    );
}

async fn nine_homes_per_account_and_a_place_is_free_again_after_unlinking(world: World) {
    let numbers: Vec<&'static str> = vec![
        "1504010000001",
        "1504010000002",
        "1504010000003",
        "1504010000004",
        "1504010000005",
        "1504010000006",
        "1504010000007",
        "1504010000008",
        "1504010000009",
        "1504010000010",
    ];
    for number in &numbers {
        world.archive.put(number, landlords());
    }
    let who = world.sign_in(&LI_MING).await;
    let mut linked = Vec::new();
    for number in &numbers[..9] {
        linked.push(bind(&world, &who, number, digits("150026")).await.unwrap());
    }
    let tenth = bind(&world, &who, numbers[9], digits("150026")).await;
    assert!(
        matches!(tenth, Err(BindingError::TooManyBindings)),
        "{tenth:?}"
    );
    world
        .bindings
        .unbind(&who, &linked[0].binding.binding_id)
        .await
        .unwrap();
    assert!(
        bind(&world, &who, numbers[9], digits("150026"))
            .await
            .is_ok()
    );
}
