//! Who somebody is, and that nobody else becomes them.

use lifeline_core::accounts::{AccountError, Door, Secret};
use lifeline_core::cases::CaseKind;
use lifeline_core::shared::personal::Phone;
use lifeline_core::store::snapshot;

use crate::on_every_engine;
use crate::world::{LI_MING, WANG_FANG, Wallet, World, caller};

on_every_engine! { "sign_in":
    ln_18_signing_in_takes_over_the_certified_name_and_phone,
    ln_18_without_a_certified_name_one_is_signed_in_all_the_same,
    nothing_happens_while_alipay_gives_no_answer,
    m3_5_a_code_is_good_once,
    m3_5_a_browser_signs_in_only_where_it_began_and_only_once,
    m3_5_signing_in_anew_ends_the_session_the_browser_had,
    m3_6_two_ids_of_two_accounts_are_refused_and_a_case_opens,
    m3_6_a_user_id_joins_through_a_reply_that_holds_both,
    m3_6_another_certified_person_on_the_same_open_id_is_refused,
    ln_48_one_account_per_phone_a_recycled_number_never_inherits,
    ln_48_many_sign_ins_at_once_make_one_account,
    c1_nothing_personal_lies_open,
}

async fn ln_18_signing_in_takes_over_the_certified_name_and_phone(world: World) {
    let who = world.sign_in(&LI_MING).await;
    let me = world.accounts.me(&who).await.unwrap();
    let real = me.real_name.unwrap();
    assert_eq!(
        (real.name.expose(), real.id_no.expose()),
        ("李明", "150499199001010014")
    );
    assert_eq!(me.phone.unwrap().number.expose(), "19000000001");
    let again = world.sign_in(&LI_MING).await;
    assert_eq!(again.account_id, who.account_id);
    assert_ne!(
        again.session_id, who.session_id,
        "every sign-in is a session of its own"
    );
}

async fn ln_18_without_a_certified_name_one_is_signed_in_all_the_same(world: World) {
    let uncertified = Wallet {
        certified: false,
        ..LI_MING
    };
    let who = world.sign_in(&uncertified).await;
    let me = world.accounts.me(&who).await.unwrap();
    assert!(me.real_name.is_none() && me.phone.is_none());
    *world.alipay.profile_refused.lock().unwrap() = true;
    assert_eq!(world.sign_in(&LI_MING).await.account_id, who.account_id);
}

async fn nothing_happens_while_alipay_gives_no_answer(world: World) {
    *world.alipay.profile_away.lock().unwrap() = true;
    let refused = world.try_sign_in(&LI_MING).await;
    assert!(
        matches!(refused, Err(AccountError::IdentityUnavailable(_))),
        "{refused:?}"
    );
}

async fn m3_5_a_code_is_good_once(world: World) {
    let code = world.alipay.allow(&LI_MING);
    let sign_in = || {
        world
            .accounts
            .sign_in(&code, Door::MiniProgram, world.visitor())
    };
    sign_in().await.unwrap();
    assert!(matches!(sign_in().await, Err(AccountError::CodeRefused)));
}

/// The state in the address Alipay was given.
pub(crate) fn state_of(authorize_url: &str) -> Secret {
    Secret::new(authorize_url.split_once("state=").unwrap().1.to_owned())
}

async fn m3_5_a_browser_signs_in_only_where_it_began_and_only_once(world: World) {
    let ours = world.accounts.start_browser().await.unwrap();
    assert!(
        ours.authorize_url
            .contains("redirect_uri=https://line.example/&")
    );
    let theirs = world.accounts.start_browser().await.unwrap();
    let door = |state: Option<Secret>, cookie: Option<Secret>| Door::Browser {
        state,
        cookie,
        earlier: None,
    };
    let try_door = async |door: Door| {
        let code = world.alipay.allow(&LI_MING);
        world.accounts.sign_in(&code, door, world.visitor()).await
    };
    let state = state_of(&ours.authorize_url);
    for wrong in [
        door(None, None),
        door(Some(state.clone()), None),
        door(None, Some(ours.cookie.clone())),
        door(Some(state.clone()), Some(theirs.cookie.clone())),
        door(
            Some(state_of(&theirs.authorize_url)),
            Some(ours.cookie.clone()),
        ),
    ] {
        assert!(matches!(
            try_door(wrong).await,
            Err(AccountError::StateMismatch)
        ));
    }
    let right = door(Some(state), Some(ours.cookie));
    let signed_in = try_door(right.clone()).await.unwrap();
    let browser = signed_in.browser_secret.unwrap();
    let found = world
        .accounts
        .session_of_browser(&browser)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.session_id, signed_in.session_id);
    assert!(
        matches!(try_door(right).await, Err(AccountError::StateMismatch)),
        "used up"
    );

    world.clock.advance(300);
    let late = door(Some(state_of(&theirs.authorize_url)), Some(theirs.cookie));
    assert!(
        matches!(try_door(late).await, Err(AccountError::StateMismatch)),
        "too late"
    );
}

async fn m3_5_signing_in_anew_ends_the_session_the_browser_had(world: World) {
    let mut earlier = None;
    let mut sessions = Vec::new();
    for wallet in [LI_MING, WANG_FANG] {
        let start = world.accounts.start_browser().await.unwrap();
        let door = Door::Browser {
            state: Some(state_of(&start.authorize_url)),
            cookie: Some(start.cookie),
            earlier: earlier.take(),
        };
        let code = world.alipay.allow(&wallet);
        let signed_in = world
            .accounts
            .sign_in(&code, door, world.visitor())
            .await
            .unwrap();
        earlier = Some(signed_in.refresh_token.clone());
        sessions.push(signed_in);
    }
    assert_eq!(sessions[1].ended, [sessions[0].session_id.clone()]);
    assert!(
        !world
            .accounts
            .session_alive(&sessions[0].account_id, &sessions[0].session_id)
            .await
            .unwrap()
    );
    assert!(
        world
            .accounts
            .session_alive(&sessions[1].account_id, &sessions[1].session_id)
            .await
            .unwrap()
    );
}

async fn open_cases(world: &World, subject: &str) -> Vec<CaseKind> {
    let mut view = snapshot(&*world.store).await.unwrap();
    view.cases()
        .about(subject)
        .await
        .unwrap()
        .into_iter()
        .map(|case| case.kind)
        .collect()
}

async fn m3_6_two_ids_of_two_accounts_are_refused_and_a_case_opens(world: World) {
    let by_open = world
        .sign_in(&Wallet {
            certified: false,
            ..LI_MING
        })
        .await;
    let by_user = Wallet {
        open_id: None,
        user_id: Some("2088"),
        certified: false,
        ..LI_MING
    };
    let by_user = world.sign_in(&by_user).await;
    assert_ne!(by_open.account_id, by_user.account_id);
    let both = Wallet {
        user_id: Some("2088"),
        certified: false,
        ..LI_MING
    };
    for _ in 0..2 {
        let met = world.try_sign_in(&both).await;
        assert!(
            matches!(met, Err(AccountError::IdentityConflict)),
            "{met:?}"
        );
    }
    let subject = by_open
        .account_id
        .as_str()
        .min(by_user.account_id.as_str())
        .to_owned();
    assert_eq!(
        open_cases(&world, &subject).await,
        [CaseKind::AccountConflict],
        "one case, once"
    );
}

async fn m3_6_a_user_id_joins_through_a_reply_that_holds_both(world: World) {
    let who = world.sign_in(&LI_MING).await;
    let both = Wallet {
        user_id: Some("2088"),
        ..LI_MING
    };
    assert_eq!(world.sign_in(&both).await.account_id, who.account_id);
    let by_user = Wallet {
        open_id: None,
        user_id: Some("2088"),
        ..LI_MING
    };
    assert_eq!(world.sign_in(&by_user).await.account_id, who.account_id);
}

async fn m3_6_another_certified_person_on_the_same_open_id_is_refused(world: World) {
    let who = world.sign_in(&LI_MING).await;
    let impostor = Wallet {
        open_id: LI_MING.open_id,
        ..WANG_FANG
    };
    let met = world.try_sign_in(&impostor).await;
    assert!(
        matches!(met, Err(AccountError::IdentityConflict)),
        "{met:?}"
    );
    let subject = who.account_id.as_str();
    assert_eq!(
        open_cases(&world, subject).await,
        [CaseKind::AccountConflict]
    );
    let me = world.accounts.me(&who).await.unwrap();
    assert_eq!(
        me.real_name.unwrap().name.expose(),
        "李明",
        "nothing was taken over"
    );
    assert_eq!(me.phone.unwrap().number.expose(), "19000000001");
}

async fn ln_48_one_account_per_phone_a_recycled_number_never_inherits(world: World) {
    let former = world.try_sign_in(&LI_MING).await.unwrap();
    let heir = Wallet {
        phone: LI_MING.phone,
        ..WANG_FANG
    };
    let heir = world.try_sign_in(&heir).await.unwrap();
    assert_ne!(heir.account_id, former.account_id, "a phone is no key");
    assert_eq!(heir.ended, std::slice::from_ref(&former.session_id));
    assert!(
        !world
            .accounts
            .session_alive(&former.account_id, &former.session_id)
            .await
            .unwrap()
    );
    assert!(
        world
            .accounts
            .me(&caller(&former))
            .await
            .unwrap()
            .phone
            .is_none()
    );
    let mine = world
        .accounts
        .me(&caller(&heir))
        .await
        .unwrap()
        .phone
        .unwrap();
    assert_eq!(mine.number, Phone::parse(LI_MING.phone).unwrap());
    assert_eq!(world.evidence().await, ["accounts.phone_moved"]);
    let refreshed = world
        .accounts
        .refresh(former.refresh_token, former.client, world.visitor())
        .await;
    assert!(matches!(refreshed, Err(AccountError::SessionEnded)));
}

async fn ln_48_many_sign_ins_at_once_make_one_account(world: World) {
    let world = std::sync::Arc::new(world);
    let mut arrivals = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let world = world.clone();
        arrivals.spawn(async move { world.sign_in(&LI_MING).await.account_id });
    }
    let mut accounts = arrivals.join_all().await;
    accounts.dedup();
    assert_eq!(accounts.len(), 1);
    let who = world.sign_in(&LI_MING).await;
    assert_eq!(world.accounts.sessions(&who).await.unwrap().len(), 17);
}

async fn c1_nothing_personal_lies_open(world: World) {
    let signed_in = world
        .try_sign_in(&Wallet {
            user_id: Some("2088-canary"),
            ..LI_MING
        })
        .await;
    let token = signed_in.unwrap().refresh_token;
    let canaries = [
        "李明",
        "150499199001010014",
        "19000000001",
        "open-li-ming",
        "2088-canary",
        token.expose(),
    ];
    for canary in canaries {
        assert!(!world.lies_open(canary).await, "{canary} lies open");
    }
}
