//! What people asked of the utility, as staff see it: by kind and state, within the scope, without their words, and an
//! anonymous report without its person (LN-19, LN-20).

use lifeline_core::operators::{Role, Scope};
use lifeline_core::requests::request::{Kind, Letter, Request, State};
use lifeline_core::shared::ids::{AccountId, Maker};
use lifeline_core::store::{StoreError, Tx, atomically};

use crate::customers::household;
use crate::office::Office;

const WORDS: &str = "表箱被私拉电线";

async fn filed(office: &Office, account: &AccountId, kind: Kind, state: State) {
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
