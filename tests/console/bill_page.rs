//! The page of a bill, and the way there: while marketing lists none, and once its home was left (EC-07, EC-18).

use crate::bills::{FLAG, bill, bills, case_at, post};
use crate::customers::household;
use crate::office::Office;

#[actix_web::test]
async fn ec_18_the_bill_of_a_home_that_was_left_is_looked_at_elsewhere() {
    let office = Office::new().await;
    let (id, link) = household(&office).await;
    let desk = office.desk().await;
    office.bills([bill(5_393)]);
    let support = office.enter(&desk, "support").await;
    let at = format!("{}/flags", bills(&id, &link));
    assert_eq!(post(&office, &desk, &support, &at, &FLAG).await.status, 303);
    let case = case_at(&desk, &support).await;
    office.raw("UPDATE binding SET ended_at = 1");
    let page = desk.get(&case, &support).await.text;
    assert!(page.contains("当时的客户已不再关联这一户"), "{page}");
    assert!(!page.contains("id=\"bill\""), "{page}");
}

/// Only marketing's list of bills stays away: the page tries the month before, and is no dead end.
#[actix_web::test]
async fn ec_07_a_bill_is_found_while_marketing_lists_none() {
    let office = Office::new().await;
    let (id, link) = household(&office).await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    office.billed.no_list();
    office.bills([bill(5_393)]);
    let at = bills(&id, &link);
    let page = desk.get(&at, &support).await;
    assert_eq!(page.status, 200, "{}", page.text);
    for shown in ["明细行 2", "没有给出各期账单", "name=\"period\""] {
        assert!(page.text.contains(shown), "{shown}: {}", page.text);
    }
    let mut older = bill(5_393);
    older.period = "2026-07".into();
    office.bills([older]);
    let page = desk.get(&at, &support).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("没有给出各期账单"), "{}", page.text);
    assert!(!page.text.contains("该户还没有账单"), "nobody knows that");
    let typed = desk.get(&format!("{at}?period=2026-07"), &support).await;
    assert!(typed.text.contains("明细行 2"), "{}", typed.text);
    let none = desk.get(&format!("{at}?period=2026-06"), &support).await;
    assert_eq!(none.status, 404);
    office.no_bills();
    assert_eq!(desk.get(&at, &support).await.status, 503);
}
