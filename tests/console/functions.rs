//! What moves a customer's money is opened and suspended by two persons (EC-21).

use lifeline_core::operators::{Role, Scope};
use lifeline_core::shared::ids::AccountId;

use crate::customers::household;
use crate::office::{Desk, Office};

async fn act(office: &Office, desk: &Desk, cookie: &str, path: &str, form: &[(&str, &str)]) -> u16 {
    let mark = office.mark(desk, cookie).await;
    let mut whole = vec![("mark", mark.as_str())];
    whole.extend_from_slice(form);
    desk.post(path, cookie, &whole).await.status.as_u16()
}

fn of(id: &AccountId, function: &str) -> String {
    format!("/console/customers/{id}/functions/{function}")
}

const SUSPEND: [(&str, &str); 2] = [("wanted", "suspended"), ("reason", "asked at the counter")];
const OPEN: [(&str, &str); 2] = [("wanted", "open"), ("reason", "asked again at the counter")];

/// Somebody proposes, another person decides, there and back again.
async fn is_moved_by_two(function: &str) {
    let office = Office::new().await;
    let (id, _) = household(&office).await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    let path = of(&id, function);
    let (yes, no) = (format!("{path}/approval"), format!("{path}/refusal"));
    assert_eq!(
        act(&office, &desk, &support, &path, &OPEN).await,
        409,
        "it is open"
    );
    assert_eq!(act(&office, &desk, &support, &path, &SUSPEND).await, 303);
    assert_eq!(act(&office, &desk, &support, &path, &SUSPEND).await, 409);
    // Nobody alone, not even to say no.
    assert_eq!(act(&office, &desk, &support, &yes, &[]).await, 409);
    assert_eq!(act(&office, &desk, &support, &no, &[]).await, 409);
    assert!(
        office
            .audited("customers.approve_function")
            .contains(&"same_person".to_owned())
    );
    assert!(office.customers().suspended().await.unwrap().is_empty());
    let card = format!("/console/customers/{id}");
    let own = desk.get(&card, &support).await.text;
    assert!(own.contains("您本人不能审定") && !own.contains(&yes));
    let reviewer = office.enter(&desk, "reviewer").await;
    let page = desk.get(&card, &reviewer).await.text;
    assert!(page.contains("asked at the counter") && page.contains(&yes));
    assert!(!page.contains("您本人不能审定"));
    // A page that showed another proposal decides nothing about this one.
    let other = [("proposal", "00000000-0000-7000-8000-000000000000")];
    assert_eq!(act(&office, &desk, &reviewer, &yes, &other).await, 409);
    assert!(page.contains("name=\"proposal\" value=\""));
    assert_eq!(act(&office, &desk, &reviewer, &yes, &[]).await, 303);
    assert_eq!(
        act(&office, &desk, &reviewer, &yes, &[]).await,
        409,
        "it is decided"
    );
    let suspended = office.customers().suspended().await.unwrap();
    let names = suspended.iter().map(|(_, one)| one.as_str());
    assert_eq!(names.collect::<Vec<_>>(), [function]);
    let told = "SELECT COUNT(*) FROM outbox WHERE kind = 'customers.function_moved'";
    assert_eq!(office.counted(told), 1);
    // And back again; a refusal leaves it as it is.
    assert_eq!(act(&office, &desk, &support, &path, &OPEN).await, 303);
    assert_eq!(act(&office, &desk, &reviewer, &no, &[]).await, 303);
    assert_eq!(office.customers().suspended().await.unwrap(), suspended);
    assert_eq!(office.counted(told), 1);
    assert_eq!(act(&office, &desk, &support, &path, &OPEN).await, 303);
    assert_eq!(act(&office, &desk, &reviewer, &yes, &[]).await, 303);
    assert!(office.customers().suspended().await.unwrap().is_empty());
    assert_eq!(office.counted(told), 2);
}

#[actix_web::test]
async fn ec_21_paying_is_suspended_and_opened_by_two_persons_and_the_household_is_told() {
    is_moved_by_two("pay").await;
}

#[actix_web::test]
async fn ec_21_auto_debit_is_suspended_and_opened_by_two_persons_before_it_is_served() {
    is_moved_by_two("auto_debit").await;
}

#[actix_web::test]
async fn m3_11_who_came_back_under_another_login_does_not_suspend_alone() {
    let office = Office::new().await;
    let (id, _) = household(&office).await;
    let desk = office.desk().await;
    office.hire_person("li.before", "P-17", Role::Support).await;
    let before = office.enter(&desk, "li.before").await;
    let path = of(&id, "pay");
    assert_eq!(act(&office, &desk, &before, &path, &SUSPEND).await, 303);
    office.end("li.before").await;
    office.hire_person("li.now", "P-17", Role::Support).await;
    let now = office.enter(&desk, "li.now").await;
    let yes = format!("{path}/approval");
    assert_eq!(act(&office, &desk, &now, &yes, &[]).await, 409);
    // Nor would the page offer it to them, if they may judge now.
    office.end("li.now").await;
    office.hire_person("li.next", "P-17", Role::Reviewer).await;
    let next = office.enter(&desk, "li.next").await;
    let own = desk.get(&format!("/console/customers/{id}"), &next).await;
    assert!(own.text.contains("您本人不能审定") && !own.text.contains(&yes));
    assert!(office.customers().suspended().await.unwrap().is_empty());
    let reviewer = office.enter(&desk, "reviewer").await;
    assert_eq!(act(&office, &desk, &reviewer, &yes, &[]).await, 303);
    assert_eq!(office.customers().suspended().await.unwrap().len(), 1);
}

#[actix_web::test]
async fn ec_21_what_is_unknown_short_or_elsewhere_is_refused() {
    let office = Office::new().await;
    let (id, _) = household(&office).await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    for (function, form, status) in [
        ("fly", SUSPEND, 404),
        ("bill", SUSPEND, 404),
        (
            "pay",
            [("wanted", "gone"), ("reason", "asked at the counter")],
            400,
        ),
        ("pay", [("wanted", "suspended"), ("reason", "abc")], 422),
    ] {
        let path = of(&id, function);
        assert_eq!(act(&office, &desk, &support, &path, &form).await, status);
    }
    let card = desk
        .get(&format!("/console/customers/{id}"), &support)
        .await;
    assert!(card.text.contains("/functions/pay") && card.text.contains("/functions/auto_debit"));
    let unserved = card.text.matches("客户目前还不能使用此功能").count();
    assert_eq!(unserved, 1, "beside auto-debit, and not beside paying");
    let elsewhere = Scope::parse("1505").unwrap();
    office.hire("north", Role::Support, elsewhere).await;
    let north = office.enter(&desk, "north").await;
    let path = of(&id, "pay");
    assert_eq!(act(&office, &desk, &north, &path, &SUSPEND).await, 403);
    assert_eq!(act(&office, &desk, &support, &path, &SUSPEND).await, 303);
    let yes = format!("{path}/approval");
    assert_eq!(act(&office, &desk, &north, &yes, &[]).await, 403);
    assert!(office.customers().suspended().await.unwrap().is_empty());
}
