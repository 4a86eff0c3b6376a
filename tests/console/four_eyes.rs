//! A clerk proposes, another person agrees, and what was agreed to happens; alone nobody can.

use lifeline_core::cases::CaseKind;
use lifeline_core::operators::Role;
use lifeline_core::shared::ids::CaseId;

use crate::office::{Desk, Office};
use crate::opened::opened;

/// A case of this kind about something nobody knows, whose facts came from outside.
async fn doubted(office: &Office, kind: CaseKind) -> CaseId {
    let facts = r#"{"reason":"<script>alert(1)</script>"}"#;
    opened(office, kind, "of-nobody", facts).await
}

async fn propose(office: &Office, desk: &Desk, cookie: &str, id: &CaseId, form: [&str; 2]) -> u16 {
    let mark = office.mark(desk, cookie).await;
    let [resolution, reason] = form;
    let form = [
        ("mark", mark.as_str()),
        ("resolution", resolution),
        ("reason", reason),
    ];
    let path = format!("/console/cases/{id}/proposals");
    desk.post(&path, cookie, &form).await.status.as_u16()
}

async fn agree(office: &Office, desk: &Desk, cookie: &str, id: &CaseId) -> (u16, String) {
    let mark = office.mark(desk, cookie).await;
    let path = format!("/console/cases/{id}/approval");
    let shown = desk.post(&path, cookie, &[("mark", &mark)]).await;
    (shown.status.as_u16(), shown.goes_to().to_owned())
}

#[actix_web::test]
async fn ln_55_a_case_ends_by_two_persons() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let id = doubted(&office, CaseKind::HolderConflict).await;
    let finance = office.enter(&desk, "finance").await;
    let shown = desk.get(&format!("/console/cases/{id}"), &finance).await;
    assert!(shown.text.contains("&#60;script&#62;") && !shown.text.contains("<script>alert"));
    let said = propose(
        &office,
        &desk,
        &finance,
        &id,
        ["settled", "seen at the counter"],
    )
    .await;
    assert_eq!(said, 303);
    // Finance may approve what others proposed, but not this: the page does not offer it and says why.
    let path = format!("/console/cases/{id}");
    let own = desk.get(&path, &finance).await.text;
    assert!(own.contains("id=\"own-proposal\"") && !own.contains(&format!("{path}/approval")));
    let (status, _) = agree(&office, &desk, &finance, &id).await;
    assert_eq!(status, 409);
    assert!(
        office
            .audited("cases.approve")
            .contains(&"same_person".to_owned())
    );
    let reviewer = office.enter(&desk, "reviewer").await;
    let offered = desk.get(&path, &reviewer).await.text;
    assert!(offered.contains(&format!("{path}/approval")) && !offered.contains("own-proposal"));
    let (status, to) = agree(&office, &desk, &reviewer, &id).await;
    assert_eq!(
        (status, to.ends_with("said=said.carried_out")),
        (303, true),
        "{to}"
    );
    assert_eq!(office.audited("cases.close"), ["ok"]);
    // It is over: neither again nor otherwise.
    assert_eq!(agree(&office, &desk, &reviewer, &id).await.0, 409);
    let late = propose(&office, &desk, &finance, &id, ["settled", "once more"]).await;
    assert_eq!(late, 409);
}

#[actix_web::test]
async fn m3_11_who_left_and_came_back_under_another_login_judges_nothing_of_their_own() {
    let office = Office::new().await;
    let desk = office.desk().await;
    office.hire_person("li.before", "P-17", Role::Finance).await;
    let id = doubted(&office, CaseKind::HolderConflict).await;
    let before = office.enter(&desk, "li.before").await;
    let reason = ["settled", "seen at the counter"];
    assert_eq!(propose(&office, &desk, &before, &id, reason).await, 303);
    office.end("li.before").await;
    office.hire_person("li.now", "P-17", Role::Finance).await;
    let now = office.enter(&desk, "li.now").await;
    // The page does not offer what would be refused, and says why.
    let path = format!("/console/cases/{id}");
    let own = desk.get(&path, &now).await.text;
    assert!(own.contains("id=\"own-proposal\"") && !own.contains(&format!("{path}/approval")));
    assert!(!own.contains(&format!("{path}/refusal")));
    assert_eq!(agree(&office, &desk, &now, &id).await.0, 409);
    assert_eq!(
        office.audited("cases.approve"),
        ["same_person", "fault.same_person"]
    );
    let reviewer = office.enter(&desk, "reviewer").await;
    assert_eq!(agree(&office, &desk, &reviewer, &id).await.0, 303);
}

/// The id of the proposal that the forms of a page are about.
fn shown_on(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"proposal\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// Between a page and the click on it somebody else may have refused what it showed, and another thing be
/// proposed: the click is about the first, and nothing happens.
#[actix_web::test]
async fn m3_11_what_is_agreed_to_is_the_proposal_that_the_page_showed() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let id = doubted(&office, CaseKind::HolderConflict).await;
    let path = format!("/console/cases/{id}");
    let support = office.enter(&desk, "support").await;
    let finance = office.enter(&desk, "finance").await;
    let reviewer = office.enter(&desk, "reviewer").await;
    let judge = async |cookie: &str, what: &str, proposal: &str| {
        let mark = office.mark(&desk, cookie).await;
        let form = [("mark", mark.as_str()), ("proposal", proposal)];
        let way = format!("{path}/{what}");
        desk.post(&way, cookie, &form).await.status.as_u16()
    };
    let seen = ["settled", "seen at the counter"];
    assert_eq!(propose(&office, &desk, &support, &id, seen).await, 303);
    let first = shown_on(&desk.get(&path, &reviewer).await.text);
    assert_eq!(judge(&finance, "refusal", &first).await, 303);
    let unseen = ["settled", "seen by nobody"];
    assert_eq!(propose(&office, &desk, &support, &id, unseen).await, 303);
    assert_eq!(judge(&reviewer, "approval", &first).await, 409);
    assert_eq!(judge(&reviewer, "refusal", &first).await, 409);
    assert!(office.audited("cases.close").is_empty());
    let second = shown_on(&desk.get(&path, &reviewer).await.text);
    assert_ne!(first, second);
    assert_eq!(judge(&reviewer, "approval", &second).await, 303);
    assert_eq!(office.audited("cases.close"), ["ok"]);
}

#[actix_web::test]
async fn ln_55_only_what_the_kind_permits_is_proposed_and_one_at_a_time() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let id = doubted(&office, CaseKind::HolderConflict).await;
    let support = office.enter(&desk, "support").await;
    for (resolution, reason, status) in [
        ("refund", "give it back", 409),
        ("everything", "no such way", 422),
        ("settled", "abc", 422),
        ("settled", &"x".repeat(501), 422),
        ("settled", &"x".repeat(500), 303),
        ("settled", "a second one", 409),
    ] {
        let said = propose(&office, &desk, &support, &id, [resolution, reason]).await;
        assert_eq!(said, status, "{resolution} {}", reason.len());
    }
    let reviewer = office.enter(&desk, "reviewer").await;
    let mark = office.mark(&desk, &reviewer).await;
    let path = format!("/console/cases/{id}/refusal");
    let refused = desk.post(&path, &reviewer, &[("mark", &mark)]).await;
    assert_eq!(refused.status, 303);
    let again = propose(&office, &desk, &support, &id, ["settled", "looked again"]).await;
    assert_eq!(again, 303, "after a refusal something else may be proposed");
}

/// A refund by bank names its transfer, which stands before the reason then; nothing else names one.
#[actix_web::test]
async fn ln_55_a_refund_by_bank_goes_with_the_number_of_its_transfer() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let id = doubted(&office, CaseKind::RefundBlocked).await;
    let finance = office.enter(&desk, "finance").await;
    let path = format!("/console/cases/{id}");
    let page = desk.get(&path, &finance).await.text;
    assert!(page.contains("name=\"proof\""), "{page}");
    for (resolution, proof, status) in [
        ("refunded_by_bank", "", 422),
        ("refunded_by_bank", "BT-12 34", 422),
        ("refunded_at_desk", "BT-1234", 422),
        ("refunded_by_hand", "", 409),
        ("refunded_by_bank", "BT-1234", 303),
    ] {
        let mark = office.mark(&desk, &finance).await;
        let form = [
            ("mark", mark.as_str()),
            ("resolution", resolution),
            ("proof", proof),
            ("reason", "paid on Friday"),
        ];
        let said = desk
            .post(&format!("{path}/proposals"), &finance, &form)
            .await;
        assert_eq!(said.status.as_u16(), status, "{resolution} {proof}");
    }
    let shown = desk.get(&path, &finance).await.text;
    assert!(shown.contains("BT-1234: paid on Friday"), "{shown}");
}

/// What two persons agreed to may turn out to be impossible: that does not keep the case from every other end.
#[actix_web::test]
async fn ln_55_what_cannot_be_carried_out_is_withdrawn_and_something_else_proposed() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let id = doubted(&office, CaseKind::Contradiction).await;
    let path = format!("/console/cases/{id}");
    let finance = office.enter(&desk, "finance").await;
    let reviewer = office.enter(&desk, "reviewer").await;
    let said = propose(&office, &desk, &finance, &id, ["go_on", "it may go on"]).await;
    assert_eq!(said, 303);
    assert_eq!(
        agree(&office, &desk, &reviewer, &id).await.0,
        409,
        "of nobody"
    );
    let other = ["settled", "nothing is left"];
    let early = propose(&office, &desk, &finance, &id, other).await;
    assert_eq!(early, 409, "something is agreed to");
    let refuse = async |cookie: &str| {
        let mark = office.mark(&desk, cookie).await;
        let way = format!("{path}/refusal");
        desk.post(&way, cookie, &[("mark", &mark)]).await.status
    };
    let way = format!("{path}/refusal");
    assert!(!desk.get(&path, &finance).await.text.contains(&way));
    assert_eq!(refuse(&finance).await, 409, "it was their own proposal");
    assert!(desk.get(&path, &reviewer).await.text.contains(&way));
    assert_eq!(refuse(&reviewer).await, 303);
    assert_eq!(
        propose(&office, &desk, &finance, &id, other).await,
        303,
        "withdrawn"
    );
    assert_eq!(agree(&office, &desk, &reviewer, &id).await.0, 303);
    assert_eq!(office.audited("cases.close"), ["ok"]);
    assert_eq!(refuse(&reviewer).await, 409, "it is over");
}

#[actix_web::test]
async fn ln_55_the_list_shows_what_is_open_and_what_is_late() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let id = doubted(&office, CaseKind::Contradiction).await;
    office.pass(4 * 3_600);
    let support = office.enter(&desk, "support").await;
    let shown = desk.get("/console/cases?queue=all", &support).await;
    assert!(
        shown.text.contains(id.as_str()) && shown.text.contains("已超期"),
        "{}",
        shown.text
    );
}

#[actix_web::test]
async fn ln_55_a_case_is_taken_up_by_one_and_still_anybodys_to_decide() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let id = doubted(&office, CaseKind::HolderConflict).await;
    let support = office.enter(&desk, "support").await;
    let finance = office.enter(&desk, "finance").await;
    let act = async |cookie: &str, what: &str| {
        let mark = office.mark(&desk, cookie).await;
        let path = format!("/console/cases/{id}/{what}");
        let shown = desk.post(&path, cookie, &[("mark", &mark)]).await;
        shown.status.as_u16()
    };
    assert_eq!(act(&support, "taking").await, 303);
    assert_eq!(act(&finance, "taking").await, 409);
    assert_eq!(act(&finance, "giving-back").await, 409);
    let list = desk.get("/console/cases?queue=all", &finance).await;
    assert!(list.text.contains("<td>support</td>"), "{}", list.text);
    let said = propose(
        &office,
        &desk,
        &finance,
        &id,
        ["settled", "seen at the counter"],
    )
    .await;
    assert_eq!(said, 303);
    assert_eq!(act(&support, "giving-back").await, 303);
    assert_eq!(act(&finance, "taking").await, 303);
    let auditor = office.enter(&desk, "auditor").await;
    assert_eq!(act(&auditor, "taking").await, 403);
    assert_eq!(
        office.audited("cases.take"),
        ["ok", "fault.not_as_things_stand", "ok", "forbidden"]
    );
}
