//! How often a person may type a name and an ID number, and what a first face takes.

use lifeline_core::accounts::certification::{
    CertificationKind, CertificationState, Finding, ID_NUMBERS_PER_YEAR_MAX, PER_ACCOUNT_DAY_MAX,
};
use lifeline_core::accounts::{AccountError, Errand};
use lifeline_core::shared::time::Clock as _;

use crate::certifying::{
    NUMBERS, SILENT_LI_MING, WANG_FANG_SILENT, bare, begin, conclude, own, typed,
};
use crate::on_every_engine;
use crate::phones::shown_for;
use crate::world::{LI_MING, WANG_FANG, World};

on_every_engine! { "certify_limits":
    m3_1_three_distinct_id_numbers_a_year_and_no_fourth,
    m3_1_ten_certifications_a_day_and_no_eleventh,
    m3_1_typing_many_numbers_at_once_counts_them_all,
    m3_6_a_first_face_takes_a_code_and_is_the_wallets_that_came,
    m3_6_the_code_for_a_first_face_outlives_a_silent_provider,
}

async fn m3_1_three_distinct_id_numbers_a_year_and_no_fourth(world: World) {
    let who = world.sign_in(&SILENT_LI_MING).await;
    let kind = CertificationKind::CertVerify;
    for number in &NUMBERS[..3] {
        begin(&world, &who, kind, &typed("李明", number))
            .await
            .unwrap();
    }
    assert_eq!(ID_NUMBERS_PER_YEAR_MAX, 3);
    let fourth = begin(&world, &who, kind, &typed("李明", NUMBERS[3])).await;
    assert!(
        matches!(fourth, Err(AccountError::TooManyIdNumbers { retry_after_s })
            if retry_after_s == world.clock.now().seconds_to_shanghai_year()),
        "{fourth:?}"
    );
    assert_eq!(world.alipay.proposals(), 3, "the fourth did not leave");
    let first = begin(&world, &who, kind, &typed("李明", NUMBERS[0])).await;
    assert!(
        first.is_ok(),
        "an earlier one may be tried again: {first:?}"
    );
    let stranger = world.sign_in(&WANG_FANG_SILENT).await;
    let theirs = begin(&world, &stranger, kind, &typed("王芳", NUMBERS[3])).await;
    assert!(theirs.is_ok(), "each account has its own: {theirs:?}");
    let lines = world.audit(who.account_id.as_str()).await;
    let refused = ("accounts.certify".into(), "TOO_MANY_ID_NUMBERS".into());
    assert!(lines.contains(&refused), "{lines:?}");
    // 2026-11-20 + 42 days is another year.
    world.clock.advance(42 * 86_400);
    let next_year = begin(&world, &who, kind, &typed("李明", NUMBERS[3])).await;
    assert!(next_year.is_ok(), "{next_year:?}");
}

async fn m3_1_ten_certifications_a_day_and_no_eleventh(world: World) {
    let who = world.sign_in(&SILENT_LI_MING).await;
    for _ in 0..PER_ACCOUNT_DAY_MAX {
        begin(&world, &who, CertificationKind::CertVerify, &own())
            .await
            .unwrap();
    }
    let more = begin(&world, &who, CertificationKind::CertVerify, &own()).await;
    // 10:00 in Shanghai: fourteen hours to midnight.
    let wait = matches!(
        more,
        Err(AccountError::TooManyCertifications {
            retry_after_s: 50_400
        })
    );
    assert!(wait, "{more:?}");
    assert_eq!(world.alipay.proposals(), 10);
    world.clock.advance(86_400);
    assert!(
        begin(&world, &who, CertificationKind::CertVerify, &own())
            .await
            .is_ok()
    );
}

async fn m3_1_typing_many_numbers_at_once_counts_them_all(world: World) {
    let world = std::sync::Arc::new(world);
    let who = world.sign_in(&SILENT_LI_MING).await;
    let mut tries = tokio::task::JoinSet::new();
    for number in NUMBERS {
        let (world, who) = (world.clone(), who.clone());
        tries.spawn(async move {
            let kind = CertificationKind::CertVerify;
            begin(&world, &who, kind, &typed("李明", number))
                .await
                .is_ok()
        });
    }
    let begun = tries.join_all().await;
    assert_eq!(begun.into_iter().filter(|begun| *begun).count(), 3);
    assert_eq!(world.alipay.proposals(), 3);
}

async fn m3_6_a_first_face_takes_a_code_and_is_the_wallets_that_came(world: World) {
    let who = world.sign_in(&SILENT_LI_MING).await;
    let face = CertificationKind::Face;
    // Whoever has the session would be certified into the account by a face of their own.
    let theirs = typed(WANG_FANG.name, WANG_FANG.id_no);
    let refused = bare(&world, &who, face, &theirs).await;
    assert!(
        matches!(refused, Err(AccountError::StepUpRequired)),
        "{refused:?}"
    );
    assert_eq!(world.alipay.proposals(), 0, "nothing left");
    let export = shown_for(&world, &who, LI_MING.phone, &Errand::export(&who)).await;
    let other = bare(&world, &export, face, &own()).await;
    assert!(matches!(other, Err(AccountError::StepUpRequired)));
    let shown = shown_for(&world, &export, LI_MING.phone, &Errand::certify(&who)).await;
    let begun = bare(&world, &shown, face, &own()).await.unwrap();
    assert_eq!(
        world.alipay.face_asked_of().as_deref(),
        SILENT_LI_MING.open_id,
        "the page is for the wallet that signed in"
    );
    let again = bare(&world, &shown, face, &own()).await;
    assert!(
        matches!(again, Err(AccountError::StepUpRequired)),
        "a code is for one face"
    );
    world.alipay.show_face(Finding::Passed);
    let ended = conclude(&world, &shown, &begun, None).await;
    assert_eq!(ended.unwrap(), CertificationState::Certified);
    world.deliver().await;
    assert_eq!(world.phones.texts_on(LI_MING.phone), ["LL_FACE_CERTIFIED"]);
    // Who is certified shows it again without: it certifies nobody else.
    let more = bare(&world, &shown, face, &own()).await;
    assert!(more.is_ok(), "{more:?}");
}

async fn m3_6_the_code_for_a_first_face_outlives_a_silent_provider(world: World) {
    let who = world.sign_in(&SILENT_LI_MING).await;
    let face = CertificationKind::Face;
    let shown = shown_for(&world, &who, LI_MING.phone, &Errand::certify(&who)).await;
    *world.alipay.certifier_away.lock().unwrap() = true;
    for _ in 0..2 {
        let unasked = bare(&world, &shown, face, &own()).await;
        assert!(
            matches!(unasked, Err(AccountError::IdentityUnavailable(_))),
            "{unasked:?}"
        );
    }
    *world.alipay.certifier_away.lock().unwrap() = false;
    bare(&world, &shown, face, &own()).await.unwrap();
    let again = bare(&world, &shown, face, &own()).await;
    assert!(
        matches!(again, Err(AccountError::StepUpRequired)),
        "{again:?}"
    );
    // Tries that came to nothing are counted all the same.
    for _ in 3..PER_ACCOUNT_DAY_MAX {
        let kind = CertificationKind::CertVerify;
        bare(&world, &shown, kind, &own()).await.unwrap();
    }
    let more = bare(&world, &shown, CertificationKind::CertVerify, &own()).await;
    assert!(
        matches!(more, Err(AccountError::TooManyCertifications { .. })),
        "{more:?}"
    );
}
