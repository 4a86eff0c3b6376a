//! An erasure that money holds up past the time the law gives: the person hears why, and staff find a case, once.

use std::sync::Arc;

use lifeline_core::cases::{Case, CaseKind};
use lifeline_core::privacy::erasure::late_at;
use lifeline_core::privacy::{Erase, Privacy};
use lifeline_core::shared::ids::AccountId;

use crate::bench::{Bench, Counting, Watch, at};
use crate::contracts;
use crate::household::household;
use crate::privacy::{ask, wish};

contracts! { "erasing_late":
    c5_after_15_working_days_the_person_and_staff_are_told_once => [];
    c6_who_goes_again_from_a_copy_is_a_case_and_hears_no_false_day => [];
}

const DAY: i64 = 86_400;
/// No money is on its way any more.
const SETTLE: &str = "UPDATE payment_refund SET state = 'WITHDRAWN', done_at = NULL, next_at = NULL; \
    UPDATE payment_line SET state = 'POSTED', next_at = NULL; DELETE FROM open_claim; \
    UPDATE payment SET state = 'DONE', next_at = NULL, wake_at = NULL";
const TOLD: &str = "SELECT CAST(COUNT(*) AS TEXT) FROM outbox WHERE kind = 'privacy.erasure_late'";

async fn cases(t: &Bench, account: &AccountId) -> Vec<Case> {
    let mut view = t.view().await;
    let about = view.cases().about(account.as_str()).await.unwrap();
    let late = about.into_iter();
    late.filter(|case| case.kind == CaseKind::ErasureLate)
        .collect()
}

async fn c5_after_15_working_days_the_person_and_staff_are_told_once(t: Bench) {
    let h = household(&t).await;
    let account = &h.person.account_id;
    let watch = Watch::new();
    let clock = Arc::new(watch.clone());
    let erase = Erase(Privacy::new(
        t.store.clone(),
        clock,
        Arc::new(Counting::default()),
    ));
    ask(&t, &wish(&t, account, 15 * DAY)).await.unwrap();
    // Of Friday, 20 November: Friday, 11 December is the fifteenth.
    let late = late_at(at(0)).seconds_since(at(0));
    assert_eq!(late, 21 * DAY + 16 * 3_600);
    for day in 15..=21 {
        watch.set(day * DAY);
        assert_eq!(erase.run_due().await.unwrap(), 0, "money is on its way");
    }
    assert!(cases(&t, account).await.is_empty() && t.text(TOLD).await == "0");
    for day in 22..=24 {
        watch.set(day * DAY);
        assert_eq!(erase.run_due().await.unwrap(), 0);
        assert_eq!(t.text(TOLD).await, "1", "once, day {day}");
        let open = cases(&t, account).await;
        assert_eq!(open.len(), 1);
        assert!(open[0].facts.contains(account.as_str()) && open[0].closed_at.is_none());
    }
    t.raw(SETTLE).await.unwrap();
    watch.set(25 * DAY);
    assert_eq!(erase.run_due().await.unwrap(), 1, "then it is done");
    assert_eq!(t.text(TOLD).await, "1");
}

/// The copy that was put back does not know when they had asked: the day of the recovery is not that day.
async fn c6_who_goes_again_from_a_copy_is_a_case_and_hears_no_false_day(t: Bench) {
    let h = household(&t).await;
    let account = &h.person.account_id;
    let watch = Watch::new();
    let privacy = Privacy::new(
        t.store.clone(),
        Arc::new(watch.clone()),
        Arc::new(Counting::default()),
    );
    watch.set(0);
    let again = privacy.erase_again(std::slice::from_ref(account)).await;
    assert_eq!(again.unwrap(), 1, "its money is on its way");
    watch.set(22 * DAY);
    assert_eq!(Erase(privacy).run_due().await.unwrap(), 0);
    assert_eq!(cases(&t, account).await.len(), 1);
    assert_eq!(t.text(TOLD).await, "0");
}
