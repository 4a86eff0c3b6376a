//! Cases stand in queues, and within the region of whoever works on them: of another region they are
//! neither listed nor opened nor decided about, and the try is in the audit.

use lifeline_core::cases::CaseKind;
use lifeline_core::operators::{Role, Scope};
use lifeline_core::shared::ids::CaseId;

use crate::customers::household;
use crate::movement::ordered;
use crate::office::{Desk, Office};
use crate::opened::opened;

async fn act(office: &Office, desk: &Desk, cookie: &str, path: &str, form: &[(&str, &str)]) -> u16 {
    let mark = office.mark(desk, cookie).await;
    let mut whole = vec![("mark", mark.as_str())];
    whole.extend_from_slice(form);
    desk.post(path, cookie, &whole).await.status.as_u16()
}

#[actix_web::test]
async fn ln_55_a_case_of_another_region_is_nobodys_there_and_the_try_is_audited() {
    let office = Office::new().await;
    let (account, link) = household(&office).await;
    let of_home = opened(&office, CaseKind::HolderConflict, link.as_str(), "{}").await;
    let of_person = opened(&office, CaseKind::AccountConflict, account.as_str(), "{}").await;
    let of_nobody = opened(&office, CaseKind::DeadLetter, "outbox:1", "{}").await;
    for (login, region, role) in [
        ("south", "1504", Role::Support),
        ("north", "1505", Role::Support),
        ("north-reviewer", "1505", Role::Reviewer),
    ] {
        office
            .hire(login, role, Scope::parse(region).unwrap())
            .await;
    }
    let desk = office.desk().await;
    let south = office.enter(&desk, "south").await;
    let north = office.enter(&desk, "north").await;
    let all = "/console/cases?queue=all";
    let (seen, unseen) = (
        desk.get(all, &south).await.text,
        desk.get(all, &north).await.text,
    );
    for id in [&of_home, &of_person] {
        assert!(seen.contains(id.as_str()) && !unseen.contains(id.as_str()));
        let path = format!("/console/cases/{id}");
        assert_eq!(desk.get(&path, &south).await.status.as_u16(), 200);
        assert_eq!(desk.get(&path, &north).await.status.as_u16(), 403);
    }
    // The first page knows the same cases, and none of another region.
    let today = desk.get("/console", &south).await.text;
    let at = |id: &CaseId| today.find(&format!("/console/cases/{id}"));
    assert!(at(&of_home).is_some() && at(&of_person).is_some() && at(&of_nobody).is_none());
    let today = desk.get("/console", &north).await.text;
    assert!(!today.contains("/console/cases/") && today.contains("没有待决定的工单"));
    // What concerns no home is for whoever sees everything.
    let path = format!("/console/cases/{of_nobody}");
    assert!(!seen.contains(of_nobody.as_str()));
    assert_eq!(desk.get(&path, &south).await.status.as_u16(), 403);
    assert_eq!(office.audited("cases.open"), ["out_of_scope"; 3]);
    let path = format!("/console/cases/{of_home}");
    let (taking, proposals) = (format!("{path}/taking"), format!("{path}/proposals"));
    let offer = [("resolution", "settled"), ("reason", "seen at the counter")];
    assert_eq!(act(&office, &desk, &north, &taking, &[]).await, 403);
    assert_eq!(act(&office, &desk, &north, &proposals, &offer).await, 403);
    assert_eq!(office.audited("cases.take"), ["forbidden"]);
    assert_eq!(office.audited("cases.propose"), ["forbidden"]);
    assert_eq!(act(&office, &desk, &south, &taking, &[]).await, 303);
    assert_eq!(act(&office, &desk, &south, &proposals, &offer).await, 303);
    let reviewer = office.enter(&desk, "north-reviewer").await;
    let approval = format!("{path}/approval");
    assert_eq!(act(&office, &desk, &reviewer, &approval, &[]).await, 403);
    let everywhere = office.enter(&desk, "reviewer").await;
    assert_eq!(act(&office, &desk, &everywhere, &approval, &[]).await, 303);
}

#[actix_web::test]
async fn ln_55_each_kind_stands_in_its_queue_and_a_role_begins_with_its_own() {
    let office = Office::new().await;
    let mut all = Vec::new();
    for kind in CaseKind::ALL {
        all.push((kind, opened(&office, kind, "nothing", "{}").await));
    }
    let desk = office.desk().await;
    let reviewer = office.enter(&desk, "reviewer").await;
    for queue in lifeline_core::cases::Queue::ALL {
        let path = format!("/console/cases?queue={}", queue.as_str());
        let list = desk.get(&path, &reviewer).await.text;
        for (kind, id) in &all {
            let within = kind.queue() == queue;
            assert_eq!(list.contains(id.as_str()), within, "{queue:?} {kind:?}");
        }
    }
    let finance = office.enter(&desk, "finance").await;
    let own = desk.get("/console/cases", &finance).await.text;
    let money = desk.get("/console/cases?queue=money", &finance).await.text;
    for (kind, id) in &all {
        assert_eq!(
            own.contains(id.as_str()),
            money.contains(id.as_str()),
            "{kind:?}"
        );
    }
    let unknown = desk.get("/console/cases?queue=everything", &finance).await;
    assert_eq!(unknown.status.as_u16(), 404);
    // A seller's refused month: the head-end is not asked before somebody looks, and its silence is said.
    let reading = all
        .iter()
        .find(|(kind, _)| *kind == CaseKind::HolderConflict)
        .unwrap();
    let path = format!("/console/cases/{}/reading", reading.1);
    assert_eq!(desk.get(&path, &reviewer).await.status.as_u16(), 404);
}

#[actix_web::test]
async fn ln_55_a_payment_is_within_the_region_of_the_homes_it_is_for() {
    let office = Office::new().await;
    let id = ordered(&office).await.payment.payment_id;
    let case = opened(&office, CaseKind::AmountMismatch, id.as_str(), "{}").await;
    for (login, region) in [("south", "1504"), ("north", "1505")] {
        let scope = Scope::parse(region).unwrap();
        office.hire(login, Role::Support, scope).await;
    }
    let desk = office.desk().await;
    let south = office.enter(&desk, "south").await;
    let north = office.enter(&desk, "north").await;
    let page = format!("/console/cases/{case}");
    assert_eq!(desk.get(&page, &south).await.status.as_u16(), 200);
    assert_eq!(desk.get(&page, &north).await.status.as_u16(), 403);
    let form = [
        ("payment_id", id.as_str()),
        ("reason", "paid for the neighbour too"),
    ];
    let ask = "/console/cases";
    assert_eq!(act(&office, &desk, &north, ask, &form).await, 403);
    assert_eq!(office.audited("payments.ask_refund"), ["forbidden"]);
    // Nothing was paid yet: that is all that stands in the way of whoever may ask.
    assert_eq!(act(&office, &desk, &south, ask, &form).await, 409);
}

#[actix_web::test]
async fn c10_what_went_outside_of_every_region_is_read_by_whoever_sees_them_all() {
    let office = Office::new().await;
    let scope = Scope::parse("1504").unwrap();
    office.hire("south", Role::Support, scope).await;
    let desk = office.desk().await;
    let sent = "/console/system/sent";
    for (login, status, led) in [("south", 403, false), ("support", 200, true)] {
        let who = office.enter(&desk, login).await;
        assert_eq!(desk.get(sent, &who).await.status.as_u16(), status);
        let page = desk.get("/console/system", &who).await.text;
        let way = format!("href=\"{sent}\"");
        assert_eq!(page.contains(&way), led, "{login}");
    }
}
