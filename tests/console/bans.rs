//! Bans are seen by those who look after the system and lifted by an administrator, with a reason.

use actix_web::http::StatusCode;
use lifeline_core::bans::{Bans, Reason, Target};

use crate::office::Office;

#[actix_web::test]
async fn ln_53_a_ban_is_shown_with_its_reason_and_lifted_by_an_administrator_once() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let admin = office.enter(&desk, "admin").await;
    let target = Target::place("203.0.113.9").unwrap();
    let bans = Bans::new(office.store.clone(), office.clock.clone(), office.entropy());
    let ban = bans
        .place(&target, Reason::Logins, "t")
        .await
        .unwrap()
        .unwrap();
    let page = desk.get("/console/system/bans", &admin).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert!(page.text.contains("203.0.113.9") && page.text.contains("对多个登录名试错"));
    let lift = format!("/console/system/bans/{}/lift", ban.ban_id);
    let mark = office.mark(&desk, &admin).await;
    for (reason, status) in [
        ("why", StatusCode::UNPROCESSABLE_ENTITY),
        ("a school behind one address <b>", StatusCode::SEE_OTHER),
        ("a school behind one address", StatusCode::CONFLICT),
    ] {
        let code = office.fresh_code("admin");
        let form = [
            ("mark", mark.as_str()),
            ("reason", reason),
            ("code", &*code),
        ];
        let shown = desk.post(&lift, &admin, &form).await;
        assert_eq!(shown.status, status, "{reason}: {}", shown.text);
    }
    assert!(bans.running().await.unwrap().is_empty());
    let page = desk.get("/console/system/bans", &admin).await.text;
    assert!(page.contains("已解除") && page.contains("a school") && !page.contains("address <b>"));
    let auditor = office.enter(&desk, "auditor").await;
    let page = desk.get("/console/system/bans", &auditor).await.text;
    assert!(page.contains("203.0.113.9") && !page.contains("/lift\""));
    let bad = desk.get("/console/system/bans?before=x", &auditor).await;
    assert_eq!(bad.status, StatusCode::NOT_FOUND);
}
