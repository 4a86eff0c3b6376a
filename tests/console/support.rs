//! What carries the rest: a task is run now by whoever may, with a line of the audit.

use actix_web::http::StatusCode;
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::{StoreError, Tx, atomically, snapshot};

use crate::office::Office;

#[actix_web::test]
async fn ln_39_a_task_is_run_now_by_an_administrator_with_a_line_of_the_audit() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let later = office.clock.now().plus_seconds(86_400);
    atomically(&*office.store, async |tx: &mut Tx| {
        tx.jobs().ensure("jobs.retention", 86_400, later).await?;
        Ok::<_, StoreError>(())
    })
    .await
    .unwrap();
    let admin = office.enter(&desk, "admin").await;
    let page = desk.get("/console/system", &admin).await.text;
    assert!(page.contains("action=\"/console/system/jobs/jobs.retention/run\""));
    let mark = office.mark(&desk, &admin).await;
    let run = "/console/system/jobs/jobs.retention/run";
    let shown = desk.post(run, &admin, &[("mark", &mark)]).await;
    assert_eq!(shown.status, StatusCode::SEE_OTHER, "{}", shown.text);
    let mut view = snapshot(&*office.store).await.unwrap();
    let jobs = view.jobs().list().await.unwrap();
    assert!(jobs[0].next_at <= office.clock.now());
    assert_eq!(office.audited("jobs.run_now"), ["ok"]);
    let unknown = desk
        .post(
            "/console/system/jobs/no.such/run",
            &admin,
            &[("mark", &mark)],
        )
        .await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let auditor = office.enter(&desk, "auditor").await;
    let page = desk.get("/console/system", &auditor).await.text;
    assert!(!page.contains("/run\"") && page.contains("id=\"standing\""));
    let mark = office.mark(&desk, &auditor).await;
    let refused = desk.post(run, &auditor, &[("mark", &mark)]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(
        office.audited("jobs.run_now"),
        ["ok", "not_found", "forbidden"]
    );
}
