//! Two accounts of one person become one, and nobody else's do.

use lifeline_core::accounts::{AccountError, Caller, Errand, Merged, Secret};
use lifeline_core::bindings::Proof;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::personal::ConsumerNo;

use crate::archive::Home;
use crate::on_every_engine;
use crate::phones::{phone_of, shown_for};
use crate::world::{LI_MING, WANG_FANG, Wallet, World};

on_every_engine! { "merging":
    m3_6_homes_consents_and_sign_in_go_to_the_account_that_asked,
    m3_6_another_persons_code_merges_nothing,
    m3_6_a_stale_sign_in_merges_nothing_on_either_side,
    m3_6_the_same_side_twice_merges_nothing,
    m3_6_five_wrong_codes_end_the_request,
    m3_6_two_merges_at_once_make_one_account,
    m3_6_a_session_alone_merges_on_neither_side_and_both_phones_are_told,
    m3_6_more_homes_than_one_account_may_have_stay_where_they_are,
}

/// A second wallet of the same person.
pub(crate) const SECOND: Wallet = Wallet {
    open_id: Some("open-li-ming-2"),
    phone: "19000000021",
    ..LI_MING
};

pub(crate) async fn link(world: &World, who: &Caller, number: &'static str) {
    let home = Home {
        holder: LI_MING.name,
        id_no: Some(LI_MING.id_no),
        mobile: None,
        holder_version: 1,
        holder_since: None,
    };
    world.archive.put(number, home);
    let proof = Proof::IdLast6(Secret::new("010014".into()));
    let number = ConsumerNo::parse(number).unwrap();
    let linked = world.bindings.bind_by_number(who, &number, &proof).await;
    linked.unwrap();
}

async fn homes(world: &World, who: &Caller) -> usize {
    let page = Page::new(None, None).unwrap();
    let list = world.bindings.list(who, &page).await.unwrap();
    list.items.len()
}

/// The caller under the id that may merge, by a code to the phone of the account.
pub(crate) async fn by_code(world: &World, who: &Caller) -> Caller {
    let phone = phone_of(world, who).await.unwrap();
    shown_for(world, who, &phone, &Errand::merge(who)).await
}

/// Asks, with a code to the phone of the account; what the other side is to type.
pub(crate) async fn asked(world: &World, into: &Caller) -> Secret {
    let into = by_code(world, into).await;
    world.accounts.begin_merge(&into).await.unwrap().code
}

/// Gives the account up; where that takes a code to its phone, with one.
pub(crate) async fn merge(
    world: &World,
    from: &Caller,
    code: &Secret,
) -> Result<Merged, AccountError> {
    let merged = world.accounts.confirm_merge(from, code).await;
    if !matches!(merged, Err(AccountError::StepUpRequired)) {
        return merged;
    }
    let from = by_code(world, from).await;
    world.accounts.confirm_merge(&from, code).await
}

fn refused<T>(outcome: &Result<T, AccountError>) -> bool {
    matches!(outcome, Err(AccountError::MergeRefused))
}

async fn m3_6_homes_consents_and_sign_in_go_to_the_account_that_asked(world: World) {
    let into = world.sign_in(&LI_MING).await;
    let from = world.agreeing(&SECOND).await;
    link(&world, &into, "1504010020017").await;
    link(&world, &from, "1504010020017").await;
    link(&world, &from, "1504010020025").await;
    let me = world.accounts.me(&into).await.unwrap();
    assert!(world.accounts.has_other_account(&me).await.unwrap());
    let code = asked(&world, &into).await;
    let merged = merge(&world, &from, &code).await.unwrap();
    assert_eq!(merged.homes, 2);
    assert!(!merged.ended.is_empty());
    assert_eq!(homes(&world, &into).await, 2, "one folded, one moved");
    assert_eq!(homes(&world, &from).await, 0);
    let alive = world
        .accounts
        .session_alive(&from.account_id, &from.session_id)
        .await;
    assert!(!alive.unwrap());
    let consents = world.accounts.consents(&into).await.unwrap();
    assert!(consents.iter().any(|consent| consent.given_at.is_some()));
    let me = world.accounts.me(&into).await.unwrap();
    assert!(!world.accounts.has_other_account(&me).await.unwrap());
    assert_eq!(me.phone.unwrap().number.expose(), LI_MING.phone);
    // The wallet that was taken over opens the other account, and still pays as itself.
    let again = world.sign_in(&SECOND).await;
    assert_eq!(again.account_id, into.account_id);
    let wallet = world.accounts.entered_as(&again).await.unwrap();
    assert_eq!(wallet.account_id, from.account_id);
    let kinds = world.evidence().await;
    assert!(kinds.iter().any(|kind| kind == "accounts.merged"));
    for (subject, act) in [
        (&from.account_id, "accounts.merged"),
        (&into.account_id, "accounts.took_over"),
    ] {
        let lines = world.audit(subject.as_str()).await;
        assert!(lines.contains(&(act.into(), "ok".into())), "{lines:?}");
    }
}

async fn m3_6_another_persons_code_merges_nothing(world: World) {
    let into = world.sign_in(&LI_MING).await;
    let stranger = world.sign_in(&WANG_FANG).await;
    let code = asked(&world, &into).await;
    assert!(refused(&merge(&world, &stranger, &code).await));
    let unnamed = Wallet {
        withholds_id: true,
        ..SECOND
    };
    let unnamed = world.sign_in(&unnamed).await;
    assert!(refused(&merge(&world, &unnamed, &code).await));
    let begun = world.accounts.begin_merge(&unnamed).await;
    assert!(matches!(begun, Err(AccountError::NotCertified)));
    assert_eq!(
        world.sign_in(&WANG_FANG).await.account_id,
        stranger.account_id
    );
}

async fn m3_6_a_stale_sign_in_merges_nothing_on_either_side(world: World) {
    let into = world.sign_in(&LI_MING).await;
    let from = world.sign_in(&SECOND).await;
    // The code takes a second more.
    world.clock.advance(598);
    let code = asked(&world, &into).await;
    world.clock.advance(1);
    let begun = world.accounts.begin_merge(&into).await;
    assert!(matches!(begun, Err(AccountError::SignInStale)));
    let stale = merge(&world, &from, &code).await;
    assert!(matches!(stale, Err(AccountError::SignInStale)), "{stale:?}");
    let from = world.sign_in(&SECOND).await;
    assert!(
        refused(&merge(&world, &from, &code).await),
        "the other side is stale"
    );
}

async fn m3_6_the_same_side_twice_merges_nothing(world: World) {
    let into = world.sign_in(&LI_MING).await;
    let elsewhere = world.sign_in(&LI_MING).await;
    let code = asked(&world, &into).await;
    for side in [&into, &elsewhere] {
        assert!(refused(&merge(&world, side, &code).await));
    }
    let from = world.sign_in(&SECOND).await;
    merge(&world, &from, &code).await.unwrap();
    let again = merge(&world, &world.sign_in(&SECOND).await, &code).await;
    assert!(refused(&again), "a code merges once");
}

async fn m3_6_five_wrong_codes_end_the_request(world: World) {
    let into = world.sign_in(&LI_MING).await;
    let from = world.sign_in(&SECOND).await;
    let code = asked(&world, &into).await;
    let wrong = if code.expose() == "000000" {
        "000001"
    } else {
        "000000"
    };
    let wrong = Secret::new(wrong.into());
    for _ in 0..5 {
        assert!(refused(&merge(&world, &from, &wrong).await));
    }
    assert!(refused(&merge(&world, &from, &code).await), "too late");
    assert_eq!(world.sign_in(&SECOND).await.account_id, from.account_id);
}

async fn m3_6_two_merges_at_once_make_one_account(world: World) {
    let world = std::sync::Arc::new(world);
    let one = world.sign_in(&LI_MING).await;
    let other = world.sign_in(&SECOND).await;
    let one_code = asked(&world, &one).await;
    let other_code = asked(&world, &other).await;
    world.clock.advance(61);
    let (one, other) = (by_code(&world, &one).await, by_code(&world, &other).await);
    let mut sides = tokio::task::JoinSet::new();
    for (side, code) in [(one.clone(), other_code), (other.clone(), one_code)] {
        let world = world.clone();
        sides.spawn(async move { world.accounts.confirm_merge(&side, &code).await.is_ok() });
    }
    let outcomes = sides.join_all().await;
    assert_eq!(outcomes.iter().filter(|merged| **merged).count(), 1);
    let one = world.sign_in(&LI_MING).await;
    let other = world.sign_in(&SECOND).await;
    assert_eq!(one.account_id, other.account_id);
}

async fn m3_6_a_session_alone_merges_on_neither_side_and_both_phones_are_told(world: World) {
    let into = world.sign_in(&LI_MING).await;
    let from = world.sign_in(&SECOND).await;
    let begun = world.accounts.begin_merge(&into).await;
    assert!(
        matches!(begun, Err(AccountError::StepUpRequired)),
        "{begun:?}"
    );
    let code = asked(&world, &into).await;
    let bare = world.accounts.confirm_merge(&from, &code).await;
    assert!(
        matches!(bare, Err(AccountError::StepUpRequired)),
        "{bare:?}"
    );
    let export = shown_for(&world, &from, SECOND.phone, &Errand::export(&from)).await;
    let other = world.accounts.confirm_merge(&export, &code).await;
    assert!(matches!(other, Err(AccountError::StepUpRequired)));
    world.deliver().await;
    for phone in [LI_MING.phone, SECOND.phone] {
        assert!(world.phones.texts_on(phone).is_empty(), "nothing happened");
    }
    let shown = by_code(&world, &from).await;
    world.accounts.confirm_merge(&shown, &code).await.unwrap();
    world.deliver().await;
    for phone in [LI_MING.phone, SECOND.phone] {
        assert_eq!(world.phones.texts_on(phone), ["LL_MERGED"]);
    }
    let me = world.accounts.me(&into).await.unwrap();
    assert_eq!(me.phone.unwrap().number.expose(), LI_MING.phone);
}

async fn m3_6_more_homes_than_one_account_may_have_stay_where_they_are(world: World) {
    const HOMES: [&str; 10] = [
        "1504010020017",
        "1504010020025",
        "1504010020033",
        "1504010020041",
        "1504010020058",
        "1504010020066",
        "1504010020074",
        "1504010020082",
        "1504010020090",
        "1504010020108",
    ];
    let into = world.sign_in(&LI_MING).await;
    let from = world.sign_in(&SECOND).await;
    for number in &HOMES[..9] {
        link(&world, &into, number).await;
    }
    link(&world, &from, HOMES[9]).await;
    let code = asked(&world, &into).await;
    let full = merge(&world, &from, &code).await;
    assert!(matches!(full, Err(AccountError::TooManyHomes)), "{full:?}");
    assert_eq!(homes(&world, &into).await, 9);
    assert_eq!(homes(&world, &from).await, 1, "nothing moved");
}
