//! How often a person may type a name and an ID number.

use lifeline_core::accounts::AccountError;
use lifeline_core::accounts::certification::{
    CertificationKind, ID_NUMBERS_PER_YEAR_MAX, PER_ACCOUNT_DAY_MAX,
};

use crate::certifying::{NUMBERS, SILENT_LI_MING, WANG_FANG_SILENT, begin, own, typed};
use crate::on_every_engine;
use crate::world::World;

on_every_engine! { "certify_limits":
    m3_1_three_distinct_id_numbers_a_year_and_no_fourth,
    m3_1_ten_certifications_a_day_and_no_eleventh,
    m3_1_typing_many_numbers_at_once_counts_them_all,
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
        matches!(fourth, Err(AccountError::TooManyIdNumbers)),
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
        begin(&world, &who, CertificationKind::Face, &own())
            .await
            .unwrap();
    }
    let more = begin(&world, &who, CertificationKind::Face, &own()).await;
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
        begin(&world, &who, CertificationKind::Face, &own())
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
