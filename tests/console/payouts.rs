//! The brake of payouts on the console (money.md G7): one person wants payouts to go on, another lets them.

use lifeline_core::cases::{Case, CaseKind};
use lifeline_core::settlement::ids::TradeTaskId;
use lifeline_core::shared::ids::{CaseId, Maker};
use lifeline_core::store::{StoreError, Tx, atomically};

use crate::movement::post;
use crate::office::Office;

/// The brake is on, and its case is open.
async fn tripped(office: &Office) -> CaseId {
    let entropy = office.entropy();
    let maker = Maker {
        clock: &*office.clock,
        entropy: &*entropy,
    };
    let now = maker.now();
    let case = Case {
        case_id: maker.id(),
        kind: CaseKind::PayoutsBraked,
        cause: format!("settlement:payout_brake:{}", now.micros()),
        subject: "payouts".to_owned(),
        facts: r#"{"what":"payout_brake"}"#.to_owned(),
        opened_at: now,
        trace_id: "t".repeat(32),
        closed_at: None,
    };
    let (case, payout) = (&case, &maker.id::<TradeTaskId>());
    atomically(&*office.store, async |tx: &mut Tx| {
        assert!(tx.payout_brake().trip_brake(now, payout).await?);
        assert!(tx.cases().open(case).await?);
        Ok::<_, StoreError>(())
    })
    .await
    .unwrap();
    case.case_id.clone()
}

fn on(office: &Office) -> i64 {
    office.counted("SELECT COUNT(*) FROM payout_trip WHERE released_at IS NULL")
}

#[actix_web::test]
async fn ln_55_payouts_go_on_by_two_persons() {
    let office = Office::new().await;
    let case = format!("/console/cases/{}", tripped(&office).await);
    let desk = office.desk().await;
    let admin = office.enter(&desk, "admin").await;
    let stands = desk.get("/console/system", &admin).await.text;
    assert!(stands.contains("由两人在待处理事项中放行"));
    assert!(!stands.contains("lifeline brake release"), "refunds go out");
    let finance = office.enter(&desk, "finance").await;
    let page = desk.get(&case, &finance).await.text;
    for said in ["付款已刹停", "须两人同意后方可继续", "放行付款，重新计数"]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    let form = [("resolution", "release_brake"), ("reason", "they are due")];
    let proposals = format!("{case}/proposals");
    let proposed = post(&office, &desk, &finance, &proposals, &form).await;
    assert_eq!((proposed.status.as_u16(), on(&office)), (303, 1));
    let approval = format!("{case}/approval");
    let own = post(&office, &desk, &finance, &approval, &[]).await;
    assert_eq!((own.status.as_u16(), on(&office)), (409, 1));
    let reviewer = office.enter(&desk, "reviewer").await;
    let agreed = post(&office, &desk, &reviewer, &approval, &[]).await;
    assert!(agreed.goes_to().ends_with("said=said.carried_out"));
    assert_eq!(on(&office), 0);
    let stands = desk.get("/console/system", &admin).await.text;
    assert!(!stands.contains("由两人在待处理事项中放行"));
    assert_eq!(office.audited("settlement.release_brake"), ["ok"]);
    let open = "SELECT COUNT(*) FROM case_file WHERE closed_at IS NULL";
    assert_eq!(office.counted(open), 0);
}
