//! A user is opened on application, by two persons, and the household is told (EC-20).

use lifeline_core::accounts::account::{Account, ProviderId};
use lifeline_core::operators::{Role, Scope};
use lifeline_core::shared::ids::{AccountId, Maker};
use lifeline_core::shared::page::Page;
use lifeline_core::store::{StoreError, Tx, atomically};

use crate::customers::household;
use crate::office::{Desk, Office, Shown};

const COUNTER: [(&str, &str); 2] = [
    ("place", "示例路 9 号 2 单元 301"),
    ("text", "新房入住，需要单独立户"),
];

async fn act(
    office: &Office,
    desk: &Desk,
    cookie: &str,
    path: &str,
    form: &[(&str, &str)],
) -> Shown {
    let mark = office.mark(desk, cookie).await;
    let mut whole = vec![("mark", mark.as_str())];
    whole.extend_from_slice(form);
    desk.post(path, cookie, &whole).await
}

async fn status(office: &Office, desk: &Desk, who: &str, path: &str, form: &[(&str, &str)]) -> u16 {
    act(office, desk, who, path, form).await.status.as_u16()
}

/// Applies at the counter and answers the application's page.
async fn applied(office: &Office, desk: &Desk, cookie: &str, id: &AccountId) -> String {
    let path = format!("/console/customers/{id}/openings");
    let shown = act(office, desk, cookie, &path, &COUNTER).await;
    assert_eq!(shown.status.as_u16(), 303, "{}", shown.text);
    let page = shown.goes_to().split('?').next().unwrap().to_owned();
    assert!(page.starts_with(&path) && page.len() > path.len());
    page
}

const TO_MARKETING: &str = "SELECT COUNT(*) FROM outbox WHERE kind = 'requests.file'";
const TOLD: &str = "SELECT COUNT(*) FROM outbox WHERE kind = 'requests.moved'";

#[actix_web::test]
async fn ec_20_an_application_is_checked_by_one_person_and_opened_by_another() {
    let office = Office::new().await;
    let (id, _) = household(&office).await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    let page = applied(&office, &desk, &support, &id).await;
    let list = desk.get("/console/openings", &support).await.text;
    assert!(list.contains(&page) && list.contains("李*明") && !list.contains("李小明"));
    let shown = desk.get(&page, &support).await.text;
    assert!(shown.contains("示例路 9 号 2 单元 301") && !shown.contains("150499199001010014"));
    assert_eq!(office.audited("customers.apply_for"), ["ok"]);
    assert_eq!(office.audited("customers.open_application"), ["ok"]);
    let (propose, yes, no) = (
        format!("{page}/proposals"),
        format!("{page}/approval"),
        format!("{page}/refusal"),
    );
    // Nothing leaves before two persons have looked.
    assert_eq!(office.counted(TO_MARKETING), 0);
    assert_eq!(status(&office, &desk, &support, &yes, &[]).await, 409);
    let open = [("verdict", "open"), ("reason", "deed and ID card seen")];
    assert_eq!(status(&office, &desk, &support, &propose, &open).await, 303);
    assert_eq!(status(&office, &desk, &support, &propose, &open).await, 409);
    let own = desk.get(&page, &support).await.text;
    assert!(own.contains("id=\"own-proposal\"") && !own.contains(&yes));
    assert_eq!(status(&office, &desk, &support, &yes, &[]).await, 409);
    assert!(
        office
            .audited("customers.approve_opening")
            .contains(&"same_person".to_owned())
    );
    assert_eq!(office.counted(TO_MARKETING), 0);
    // Another person says no: it waits again, and can be proposed about anew.
    let reviewer = office.enter(&desk, "reviewer").await;
    assert_eq!(
        status(&office, &desk, &reviewer, &propose, &open).await,
        403
    );
    assert_eq!(status(&office, &desk, &reviewer, &no, &[]).await, 303);
    assert_eq!(status(&office, &desk, &support, &propose, &open).await, 303);
    assert_eq!(status(&office, &desk, &reviewer, &yes, &[]).await, 303);
    assert_eq!(status(&office, &desk, &reviewer, &yes, &[]).await, 409);
    assert_eq!(office.counted(TO_MARKETING), 1);
    let list = desk.get("/console/openings", &support).await.text;
    assert!(!list.contains(&page), "it waits no more");
    assert!(
        desk.get(&page, &reviewer)
            .await
            .text
            .contains("deed and ID card seen")
    );
}

/// Another account of the person took this one over, with its home.
pub(crate) async fn merged(office: &Office, from: &AccountId) -> AccountId {
    let entropy = office.entropy();
    let maker = Maker {
        clock: &*office.clock,
        entropy: &*entropy,
    };
    let (into, now): (AccountId, _) = (maker.id(), maker.now());
    let (whose, page) = (&into, &Page::new(None, None).unwrap());
    atomically(&*office.store, async |tx: &mut Tx| {
        let before = tx.accounts().find(from).await?.unwrap();
        let bare = Account {
            real_name: None,
            phone: None,
            ..before.clone()
        };
        tx.accounts().save(&bare).await?;
        let taker = Account {
            account_id: whose.clone(),
            open_id: ProviderId::parse("open-2"),
            version: 1,
            ..before.clone()
        };
        tx.accounts().add(&taker).await?;
        for linked in tx.bindings().list(from, page, now).await? {
            tx.bindings().hand_over(&linked.binding, whose).await?;
        }
        let gone = Account {
            merged: Some((whose.clone(), now)),
            version: before.version + 1,
            ..bare
        };
        tx.accounts().save(&gone).await?;
        Ok::<_, StoreError>(())
    })
    .await
    .unwrap();
    into
}

#[actix_web::test]
async fn ec_20_an_application_of_a_merged_account_is_decided_for_its_taker() {
    let office = Office::new().await;
    let (id, _) = household(&office).await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    let page = applied(&office, &desk, &support, &id).await;
    let into = merged(&office, &id).await;
    let page = page.replace(&id.to_string(), &into.to_string());
    let there = Scope::parse("1504").unwrap();
    office.hire("south", Role::Support, there).await;
    let south = office.enter(&desk, "south").await;
    for path in ["/console/openings", "/console/requests"] {
        let list = desk.get(path, &south).await.text;
        assert!(list.contains(&page) && list.contains("李*明"), "{path}");
    }
    let (propose, yes) = (format!("{page}/proposals"), format!("{page}/approval"));
    let open = [("verdict", "open"), ("reason", "deed and ID card seen")];
    assert_eq!(status(&office, &desk, &south, &propose, &open).await, 303);
    let reviewer = office.enter(&desk, "reviewer").await;
    assert_eq!(status(&office, &desk, &reviewer, &yes, &[]).await, 303);
    assert_eq!(office.counted(TO_MARKETING), 1);
}

#[actix_web::test]
async fn ec_20_a_refusal_tells_the_household_why_and_marketing_nothing() {
    let office = Office::new().await;
    let (id, _) = household(&office).await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    let page = applied(&office, &desk, &support, &id).await;
    let refuse = [
        ("verdict", "papers_missing"),
        ("reason", "no deed was brought"),
    ];
    let propose = format!("{page}/proposals");
    assert_eq!(
        status(&office, &desk, &support, &propose, &refuse).await,
        303
    );
    let reviewer = office.enter(&desk, "reviewer").await;
    let yes = format!("{page}/approval");
    assert_eq!(status(&office, &desk, &reviewer, &yes, &[]).await, 303);
    assert_eq!((office.counted(TO_MARKETING), office.counted(TOLD)), (0, 1));
    let ended = "SELECT COUNT(*) FROM service_request WHERE state = 'declined' AND staff_check = 'papers_missing'";
    assert_eq!(office.counted(ended), 1);
    assert_eq!(
        office.audited("customers.approve_opening"),
        ["papers_missing"]
    );
    assert_eq!(
        status(&office, &desk, &support, &propose, &refuse).await,
        409
    );
}

#[actix_web::test]
async fn ec_20_what_is_unknown_short_or_elsewhere_is_refused_and_audited() {
    let office = Office::new().await;
    let (id, _) = household(&office).await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    let counter = format!("/console/customers/{id}/openings");
    for (place, text, answer) in [
        ("x", "新房入住，需要单独立户", 422),
        ("示例路 9 号", "abc", 422),
        ("示例路 9 号", &"电".repeat(1_001), 422),
        (&"路".repeat(121), "新房入住，需要单独立户", 422),
    ] {
        let form = [("place", place), ("text", text)];
        assert_eq!(
            status(&office, &desk, &support, &counter, &form).await,
            answer
        );
    }
    assert_eq!(
        office.audited("customers.apply_for"),
        ["fault.application"; 4]
    );
    let page = applied(&office, &desk, &support, &id).await;
    let propose = format!("{page}/proposals");
    for (verdict, reason, answer) in [
        ("perhaps", "deed and ID card seen", 400),
        ("open", "abc", 422),
    ] {
        let form = [("verdict", verdict), ("reason", reason)];
        assert_eq!(
            status(&office, &desk, &support, &propose, &form).await,
            answer
        );
    }
    let north = Scope::parse("1505").unwrap();
    office.hire("north", Role::Support, north).await;
    let north = office.enter(&desk, "north").await;
    let open = [("verdict", "open"), ("reason", "deed and ID card seen")];
    assert_eq!(status(&office, &desk, &north, &propose, &open).await, 403);
    assert_eq!(
        status(&office, &desk, &north, &counter, &COUNTER).await,
        403
    );
    assert_eq!(desk.get(&page, &north).await.status.as_u16(), 403);
    assert!(
        office
            .audited("customers.propose_opening")
            .contains(&"forbidden".to_owned())
    );
    let list = desk.get("/console/openings", &north).await.text;
    assert!(!list.contains(&page));
    // Words of a household are text, whatever they look like.
    let html = [
        ("place", "<b>示例路</b> 9 号"),
        ("text", "<script>1</script>"),
    ];
    let shown = act(&office, &desk, &support, &counter, &html).await;
    let marked = shown.goes_to().split('?').next().unwrap().to_owned();
    let shown = desk.get(&marked, &support).await.text;
    assert!(!shown.contains("<script>1") && !shown.contains("<b>示例路"));
    // Nobody is opened who is not certified.
    office.raw("UPDATE account SET name = NULL, id_no = NULL, id_no_index = NULL, certified_at = NULL, certified_by = NULL");
    assert_eq!(
        status(&office, &desk, &support, &counter, &COUNTER).await,
        409
    );
}
