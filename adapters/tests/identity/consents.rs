//! Agreeing, each thing by itself, and taking it back.

use lifeline_core::accounts::{self, AccountError, Purpose};
use lifeline_core::bindings::BindingError;
use lifeline_core::store::snapshot;

use crate::archive::Home;
use crate::on_every_engine;
use crate::world::{LI_MING, World};

on_every_engine! { "consents":
    c4_nothing_is_agreed_to_until_it_is_and_each_by_itself,
    c4_other_words_than_those_shown_are_not_agreed_to,
    c4_no_match_without_consent_and_none_after_it_is_taken_back,
}

const VERSION: &str = Purpose::IdentityMatch.text().version;

async fn c4_nothing_is_agreed_to_until_it_is_and_each_by_itself(world: World) {
    let who = world.sign_in(&LI_MING).await;
    let given = async || -> Vec<Purpose> {
        let states = world.accounts.consents(&who).await.unwrap();
        assert_eq!(states.len(), 4);
        states
            .into_iter()
            .filter(|s| s.given_at.is_some())
            .map(|s| s.purpose)
            .collect()
    };
    assert!(given().await.is_empty());
    let consent = world
        .accounts
        .give_consent(&who, Purpose::IdentityMatch, VERSION)
        .await
        .unwrap();
    assert_eq!(given().await, [Purpose::IdentityMatch]);
    let again = world
        .accounts
        .give_consent(&who, Purpose::IdentityMatch, VERSION)
        .await
        .unwrap();
    assert_eq!(again, consent, "a repeat is the same consent");
    world
        .accounts
        .withdraw_consent(&who, Purpose::IdentityMatch)
        .await
        .unwrap();
    world
        .accounts
        .withdraw_consent(&who, Purpose::IdentityMatch)
        .await
        .unwrap();
    assert!(given().await.is_empty());
    let renewed = world
        .accounts
        .give_consent(&who, Purpose::IdentityMatch, VERSION)
        .await
        .unwrap();
    assert_ne!(renewed.consent_id, consent.consent_id);
    assert_eq!(
        world.evidence().await,
        [
            "accounts.consent_given",
            "accounts.consent_withdrawn",
            "accounts.consent_given"
        ]
    );
}

async fn c4_other_words_than_those_shown_are_not_agreed_to(world: World) {
    let who = world.sign_in(&LI_MING).await;
    let stale = world
        .accounts
        .give_consent(&who, Purpose::IdentityMatch, "2020-01")
        .await;
    assert!(matches!(stale, Err(AccountError::ConsentTextChanged)));
    let mut view = snapshot(&*world.store).await.unwrap();
    let good = accounts::good_consent(&mut view, &who.account_id, Purpose::IdentityMatch).await;
    assert!(good.unwrap().is_none());
}

async fn c4_no_match_without_consent_and_none_after_it_is_taken_back(world: World) {
    let home = Home {
        holder: "李明",
        id_no: Some(LI_MING.id_no),
        mobile: Some(LI_MING.phone),
        holder_version: 1,
        holder_since: None,
    };
    world.archive.put("1504010020017", home);
    let who = world.sign_in(&LI_MING).await;
    let refused = world.bindings.offer(&who).await;
    assert!(
        matches!(refused, Err(BindingError::ConsentRequired)),
        "{refused:?}"
    );
    assert!(world.archive.calls().is_empty(), "nothing left us");
    world
        .accounts
        .give_consent(&who, Purpose::IdentityMatch, VERSION)
        .await
        .unwrap();
    let offer = world.bindings.offer(&who).await.unwrap();
    world
        .accounts
        .withdraw_consent(&who, Purpose::IdentityMatch)
        .await
        .unwrap();
    world.archive.calls();
    let tokens = offer
        .homes
        .into_iter()
        .map(|home| home.match_token)
        .collect();
    let refused = world.bindings.confirm(&who, tokens, None).await;
    assert!(
        matches!(refused, Err(BindingError::ConsentRequired)),
        "{refused:?}"
    );
    assert!(world.archive.calls().is_empty(), "nothing left us");
}
