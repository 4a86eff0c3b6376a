//! What people asked of the utility, as staff see it: by kind and state, within the scope, with their words on the page of
//! each alone, and an anonymous report without its person (LN-19, LN-20).

use lifeline_core::cases::CaseKind;
use lifeline_core::operators::{Role, Scope};
use lifeline_core::requests::request::{Kind, Letter, Request, State};
use lifeline_core::shared::ids::{AccountId, Maker, RequestId};
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::{StoreError, Tx, atomically};

use crate::customers::household;
use crate::office::Office;
use crate::opened::opened;

const WORDS: &str = "表箱被私拉电线";

async fn filed(office: &Office, account: &AccountId, kind: Kind, state: State) -> RequestId {
    let entropy = office.entropy();
    let maker = Maker {
        clock: &*office.clock,
        entropy: &*entropy,
    };
    let letter = serde_json::json!({ "text": WORDS, "place": "示例路 8 号" });
    let letter: Letter = serde_json::from_value(letter).unwrap();
    let request = Request {
        request_id: maker.id(),
        account_id: account.clone(),
        kind,
        state,
        letter,
        anonymous: kind == Kind::IllegalUse,
        binding_id: None,
        payment_id: None,
        order_no: (state != State::Filed).then(|| format!("WO-{}", kind.as_str())),
        check: None,
        client_key: maker.uuid(),
        fingerprint: "f".to_owned(),
        filed_at: maker.now(),
        moved_at: maker.now(),
        next_at: None,
        version: 1,
    };
    let request = &request;
    atomically(&*office.store, async |tx: &mut Tx| {
        tx.requests().add(request).await?;
        Ok::<_, StoreError>(())
    })
    .await
    .unwrap();
    request.request_id.clone()
}

/// How many rows a page shows.
fn rows(page: &str) -> usize {
    page.matches("<th scope=\"row\">").count()
}

#[actix_web::test]
async fn ln_19_staff_see_each_report_with_its_work_order_and_an_anonymous_one_without_its_person() {
    let office = Office::new().await;
    let (id, _) = household(&office).await;
    filed(&office, &id, Kind::IllegalUse, State::Accepted).await;
    filed(&office, &id, Kind::Feedback, State::Filed).await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    let all = desk.get("/console/requests", &support).await;
    assert_eq!(all.status, 200, "{}", all.text);
    assert_eq!(rows(&all.text), 2);
    assert!(!all.text.contains(WORDS), "their words are not shown");
    let report = desk.get("/console/requests?kind=illegal_use", &support);
    let report = report.await.text;
    assert_eq!(rows(&report), 1);
    assert!(report.contains("WO-illegal_use") && report.contains("营销已受理"));
    assert!(!report.contains(id.as_str()) && report.contains("<td>匿名或已注销</td>"));
    let feedback = desk
        .get("/console/requests?state=filed", &support)
        .await
        .text;
    assert_eq!(rows(&feedback), 1);
    assert!(feedback.contains(&format!("/console/customers/{id}")));
    let none = desk.get("/console/requests?kind=illegal_use&state=filed", &support);
    assert_eq!(rows(&none.await.text), 0);
    for odd in ["kind=x", "state=x", "behind=x"] {
        let shown = desk
            .get(&format!("/console/requests?{odd}"), &support)
            .await;
        assert!(shown.status.is_client_error(), "{odd}");
    }
}

#[actix_web::test]
async fn ln_20_requests_go_on_page_by_page_within_the_scope() {
    let office = Office::new().await;
    let (id, _) = household(&office).await;
    for _ in 0..51 {
        filed(&office, &id, Kind::Feedback, State::Filed).await;
    }
    for (login, region) in [("north", "1504"), ("south", "1505")] {
        let scope = Scope::parse(region).unwrap();
        office.hire(login, Role::Support, scope).await;
    }
    let desk = office.desk().await;
    let north = office.enter(&desk, "north").await;
    let first = desk
        .get("/console/requests?kind=feedback", &north)
        .await
        .text;
    assert_eq!(rows(&first), 50);
    let next = first.split("behind=").nth(1).expect("there is more");
    let next = next.split('"').next().unwrap();
    let path = format!("/console/requests?kind=feedback&state=&behind={next}");
    let second = desk.get(&path, &north).await.text;
    assert_eq!((rows(&second), second.contains("behind=")), (1, false));
    let south = office.enter(&desk, "south").await;
    let none = desk.get("/console/requests", &south).await.text;
    assert_eq!(rows(&none), 0);
}

#[actix_web::test]
async fn ln_19_who_reported_without_a_name_is_named_by_no_line_of_time_and_by_no_case() {
    let office = Office::new().await;
    let (id, _) = household(&office).await;
    let report = filed(&office, &id, Kind::IllegalUse, State::Accepted).await;
    let feedback = filed(&office, &id, Kind::Feedback, State::Accepted).await;
    let now = office.clock.now().micros();
    // A notice of the moment at which the report is seen to have moved on would be as good as a name.
    office.raw(&format!(
        "PRAGMA foreign_keys = OFF; \
         INSERT INTO notice (notice_id, account_id, event_id, kind, params, created_at, texted_at) \
         VALUES ('n1', '{id}', 'v1', 'request_moved', '', {now}, {now});"
    ));
    for (login, region) in [("north", "1504"), ("south", "1505")] {
        let scope = Scope::parse(region).unwrap();
        office.hire(login, Role::Support, scope).await;
    }
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    let path = format!("/console/timeline?of=account&id={id}");
    let line = desk.get(&path, &support).await.text;
    assert!(line.contains(feedback.as_str()), "{line}");
    for told in [report.as_str(), "窃电举报", "申请有进展"] {
        assert!(!line.contains(told), "{told}: {line}");
    }
    // What is not at marketing after a week is looked into where it is, by staff who are not told whose it is.
    let late = r#"{"kind":"illegal_use","what":"not_at_marketing"}"#;
    let named = r#"{"kind":"feedback","what":"not_at_marketing"}"#;
    let kind = CaseKind::ServiceRequest;
    let late = opened(&office, kind, report.as_str(), late).await;
    let named = opened(&office, kind, feedback.as_str(), named).await;
    let north = office.enter(&desk, "north").await;
    for cookie in [&support, &north] {
        let page = desk.get(&format!("/console/cases/{late}"), cookie).await;
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(page.text.contains("1504") && !page.text.contains(id.as_str()));
        let page = desk.get(&format!("/console/cases/{named}"), cookie).await;
        assert!(page.text.contains(&format!("/console/customers/{id}")));
    }
    let card = format!("/console/customers/{id}");
    let card = desk.get(&card, &support).await.text;
    assert!(card.contains(named.as_str()) && !card.contains(late.as_str()));
    let south = office.enter(&desk, "south").await;
    let refused = desk.get(&format!("/console/cases/{late}"), &south).await;
    assert_eq!(refused.status, 403);
}

#[actix_web::test]
async fn ln_19_the_system_log_says_of_a_report_without_a_name_neither_whose_it_is_nor_from_where() {
    let office = Office::new().await;
    let (id, _) = household(&office).await;
    let report = filed(&office, &id, Kind::IllegalUse, State::Filed).await;
    let feedback = filed(&office, &id, Kind::Feedback, State::Filed).await;
    let now = office.clock.now().micros();
    for (nth, subject) in [&report, &feedback].iter().enumerate() {
        office.raw(&format!(
            "INSERT INTO audit_line (audit_id, at, actor, act, subject, outcome, source, trace_id) \
             VALUES ('a{nth}', {now}, 'account:{id}', 'requests.file', '{subject}', 'ok', '192.0.2.7', 't');"
        ));
    }
    let desk = office.desk().await;
    let auditor = office.enter(&desk, "auditor").await;
    let path = format!("/console/log?subject={report}");
    let page = desk.get(&path, &auditor).await.text;
    assert!(page.contains("<td>anonymous</td>"), "{page}");
    assert!(!page.contains(id.as_str()) && !page.contains("192.0.2.7"));
    let path = format!("/console/log?who=account:{id}");
    let theirs = desk.get(&path, &auditor).await.text;
    assert!(theirs.contains(feedback.as_str()) && theirs.contains("192.0.2.7"));
    assert!(!theirs.contains(report.as_str()), "{theirs}");
}

#[actix_web::test]
async fn ln_20_a_request_is_read_with_what_it_is_about_and_each_look_is_audited() {
    let office = Office::new().await;
    let (id, link) = household(&office).await;
    let report = filed(&office, &id, Kind::IllegalUse, State::Accepted).await;
    let dispute = filed(&office, &id, Kind::BillDispute, State::Accepted).await;
    let wrong = filed(&office, &id, Kind::WrongPayment, State::Resolved).await;
    let payment = "019aa2f0-0000-7000-8000-0000000000aa";
    office.raw(&format!(
        "UPDATE service_request SET binding_id = '{link}' WHERE request_id = '{dispute}'; \
         UPDATE service_request SET payment_id = '{payment}' WHERE request_id = '{wrong}';"
    ));
    let facts = format!(r#"{{"binding_id":"{link}","kind":"bill_dispute"}}"#);
    let kind = CaseKind::ServiceRequest;
    let case = opened(&office, kind, dispute.as_str(), &facts).await;
    for (login, region) in [("north", "1504"), ("south", "1505")] {
        let scope = Scope::parse(region).unwrap();
        office.hire(login, Role::Support, scope).await;
    }
    let desk = office.desk().await;
    let north = office.enter(&desk, "north").await;
    let at = |id: &RequestId| format!("/console/requests/{id}");
    let read = desk.get(&at(&dispute), &north).await;
    assert_eq!(read.status, 200, "{}", read.text);
    for told in [
        WORDS.to_owned(),
        "示例路 8 号".to_owned(),
        "处理期限".to_owned(),
        format!("/console/customers/{id}/homes/{link}/bills"),
        format!("/console/cases/{case}"),
    ] {
        assert!(read.text.contains(&told), "{told}: {}", read.text);
    }
    let read = desk.get(&at(&wrong), &north).await.text;
    assert!(
        read.contains(payment) && !read.contains("处理期限"),
        "{read}"
    );
    let read = desk.get(&at(&report), &north).await.text;
    assert!(
        read.contains(WORDS) && !read.contains(id.as_str()),
        "{read}"
    );
    let looked = office.audited("customers.open_request");
    assert_eq!(looked, ["ok", "ok", "ok"]);
    let page = desk
        .get(&format!("/console/cases/{case}"), &north)
        .await
        .text;
    assert!(page.contains(&at(&dispute)), "{page}");
    let line = format!("/console/timeline?of=home&amp;id={link}");
    assert!(
        page.contains(&line),
        "its line of time is the home's: {page}"
    );
    let south = office.enter(&desk, "south").await;
    assert_eq!(desk.get(&at(&dispute), &south).await.status, 403);
    let nobodys = format!("/console/requests/{payment}");
    assert_eq!(desk.get(&nobodys, &north).await.status, 404);
}

#[actix_web::test]
async fn ln_20_what_has_not_come_to_its_end_says_by_when_it_is_to() {
    let office = Office::new().await;
    let (id, _) = household(&office).await;
    filed(&office, &id, Kind::Feedback, State::Accepted).await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    let late = "已超期";
    let page = desk.get("/console/requests", &support).await.text;
    assert!(!page.contains(late), "{page}");
    office.pass(5 * 86_400 + 1);
    let support = office.enter(&desk, "support").await;
    let page = desk.get("/console/requests", &support).await.text;
    assert!(page.contains(late), "{page}");
    office.raw("UPDATE service_request SET state = 'resolved';");
    let page = desk.get("/console/requests", &support).await.text;
    assert!(!page.contains(late), "{page}");
}
