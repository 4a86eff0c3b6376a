//! What carries the rest: a task is run now by whoever may, with a line of the audit.

use actix_web::http::StatusCode;
use lifeline_core::shared::ids::EvidenceId;
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::{StoreError, Tx, atomically, snapshot};

use crate::office::Office;

#[actix_web::test]
async fn ln_39_a_task_is_run_now_by_an_administrator_with_a_line_of_the_audit() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let later = office.clock.now().plus_seconds(86_400);
    let line = &EvidenceId::parse("019aa2f0-0000-7000-8000-00000000e71d").unwrap();
    atomically(&*office.store, async |tx: &mut Tx| {
        tx.jobs().ensure("jobs.retention", 86_400, later).await?;
        tx.jobs().prove("jobs.retention", line).await?;
        Ok::<_, StoreError>(())
    })
    .await
    .unwrap();
    let admin = office.enter(&desk, "admin").await;
    let page = desk.get("/console/system", &admin).await.text;
    assert!(page.contains("action=\"/console/system/jobs/jobs.retention/run\""));
    assert!(
        page.contains(line.as_str()),
        "what its last turn is proved by"
    );
    let mark = office.mark(&desk, &admin).await;
    let run = "/console/system/jobs/jobs.retention/run";
    // An open browser is not its owner (money.md 3.11).
    let wrong = [("mark", mark.as_str()), ("code", "000000")];
    let refused = desk.post(run, &admin, &wrong).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text);
    let next = snapshot(&*office.store)
        .await
        .unwrap()
        .jobs()
        .list()
        .await
        .unwrap();
    assert_eq!(next[0].next_at, later, "it has not moved");
    let code = office.fresh_code("admin");
    let right = [("mark", mark.as_str()), ("code", code.as_str())];
    let shown = desk.post(run, &admin, &right).await;
    assert_eq!(shown.status, StatusCode::SEE_OTHER, "{}", shown.text);
    let mut view = snapshot(&*office.store).await.unwrap();
    let jobs = view.jobs().list().await.unwrap();
    assert!(jobs[0].next_at <= office.clock.now());
    assert_eq!(office.audited("jobs.run_now"), ["fault.step_up", "ok"]);
    let code = office.fresh_code("admin");
    let right = [("mark", mark.as_str()), ("code", code.as_str())];
    let unknown = desk.post("/console/system/jobs/no.such/run", &admin, &right);
    let unknown = unknown.await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let auditor = office.enter(&desk, "auditor").await;
    let page = desk.get("/console/system", &auditor).await.text;
    assert!(!page.contains("/run\"") && page.contains("id=\"standing\""));
    let mark = office.mark(&desk, &auditor).await;
    let code = office.fresh_code("auditor");
    let right = [("mark", mark.as_str()), ("code", code.as_str())];
    let refused = desk.post(run, &auditor, &right).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(
        office.audited("jobs.run_now"),
        ["fault.step_up", "ok", "not_found", "forbidden"]
    );
}

#[actix_web::test]
async fn ln_39_what_is_left_alone_says_why_and_is_asked_again_for_a_reason() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let admin = office.enter(&desk, "admin").await;
    let page = desk.get("/console/system", &admin).await.text;
    assert!(page.contains("GET /consumers/{no}/arrears") && page.contains("失败过多"));
    assert!(page.contains("<th scope=\"row\">营销系统</th>"), "{page}");
    assert!(page.contains("<strong>数据库</strong>"), "{page}");
    let mark = office.mark(&desk, &admin).await;
    let path = "/console/system/circuits/ask-again";
    let ask = async |operation: &str, reason: &str| {
        let form = [
            ("mark", mark.as_str()),
            ("system", "marketing"),
            ("operation", operation),
            ("reason", reason),
        ];
        desk.post(path, &admin, &form).await.status.as_u16()
    };
    let operation = "GET /consumers/{no}/arrears";
    assert_eq!(ask("GET /nothing", "they mended it").await, 409);
    assert_eq!(ask(operation, "abc").await, 422);
    assert_eq!(ask(operation, "they mended it").await, 303);
    assert_eq!(
        ask(operation, "they mended it").await,
        409,
        "it is being probed"
    );
    assert_eq!(
        office.audited("system.ask_again"),
        [
            "fault.not_as_things_stand",
            "fault.reason",
            "they mended it",
            "fault.not_as_things_stand"
        ]
    );
    let auditor = office.enter(&desk, "auditor").await;
    let page = desk.get("/console/system", &auditor).await.text;
    assert!(page.contains("id=\"circuits\"") && !page.contains("ask-again"));
}

#[actix_web::test]
async fn ln_39_what_the_process_lives_on_is_shown_and_what_is_too_little_is_said() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let auditor = office.enter(&desk, "auditor").await;
    let page = desk.get("/console/system", &auditor).await.text;
    let rows: Vec<&str> = page
        .split("id=\"resources\"")
        .nth(1)
        .and_then(|rest| rest.split("</table>").next())
        .unwrap()
        .split("<tr>")
        .skip(2)
        .collect();
    let row = |word: &str| *rows.iter().find(|row| row.contains(word)).unwrap();
    for (word, figure, enough) in [
        ("数据库所在磁盘", "40.0 GiB / 100.0 GiB (40 %)", true),
        ("密钥环所在磁盘", "9.0 GiB / 100.0 GiB (9 %)", false),
        ("只读连接", "3 / 8 (+0)", true),
        ("专线服务端证书", "90 d", true),
        ("专线中继 CA", "12 d", false),
        ("支付宝应用证书", "20 d", false),
    ] {
        let row = row(word);
        assert!(row.contains(figure), "{row}");
        assert_eq!(row.contains("<strong>不足"), !enough, "{row}");
        let waits = row.contains("重启本节点后生效");
        assert_eq!(waits, word == "支付宝应用证书", "{row}");
    }
    assert!(page.contains("id=\"quotas\"") && page.contains("600"));
    let backup = page.split("id=\"backup\"").nth(1).unwrap();
    assert!(backup.contains("正常") && backup.contains("· 2 h") && backup.contains("3.0 GiB"));
    assert!(
        backup.contains("put &#60;b&#62;back&#60;/b&#62;"),
        "{backup}"
    );
    // A day later the same record is of the night before the last.
    office.pass(24 * 3_600);
    let auditor = office.enter(&desk, "auditor").await;
    let page = desk.get("/console/system", &auditor).await.text;
    assert!(page.contains("最近一次备份超过 26 小时"));
}
