//! What the company's systems tell of offices and are told: energy by day, linked homes without the few.

use actix_web::http::StatusCode;
use lifeline_core::insight::energy::OfficeEnergy;
use lifeline_core::insight::people::day_number;
use lifeline_core::operators::{Role, Scope};
use lifeline_core::shared::energy::Kwh;
use lifeline_core::shared::time::Clock as _;
use serde_json::{Value, json};

use crate::aggregate::carry;
use crate::followers::linked;
use crate::office::Office;

const DAY_S: i64 = 86_400;

fn energy(org_no: &str, supplied: &str, used: &str) -> OfficeEnergy {
    OfficeEnergy {
        org_no: org_no.to_owned(),
        supplied: Kwh::parse(supplied).unwrap(),
        used: Kwh::parse(used).unwrap(),
    }
}

/// An office's row on the page of reports.
fn row(page: &str, org_no: &str) -> Option<String> {
    let table = page.split("id=\"energy\"").nth(1).unwrap();
    let table = table.split("</table>").next().unwrap();
    let row = table
        .split(&format!("<th scope=\"row\">{org_no}</th>"))
        .nth(1)?;
    Some(row.split("</tr>").next().unwrap().to_owned())
}

#[actix_web::test]
async fn ec_09_what_an_office_was_supplied_and_used_is_told_within_the_scope() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let today = day_number(office.clock.now());
    office.company.heal();
    office.aggregates().learn_offices().await.unwrap();
    for day in [today - 3, today - 2] {
        let offices = vec![energy("1504", "1050.5", "1000"), energy("150512", "7", "8")];
        office.company.add_up(day, offices);
    }
    assert_eq!(office.aggregates().learn_energy().await.unwrap(), Some(2));
    let reader = office.enter(&desk, "statistics-reader").await;
    let page = desk.get("/console/reports", &reader).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    let of_1504 = row(&page.text, "1504").unwrap();
    for cell in [">2<", ">2101<", ">2000<", ">101<"] {
        assert!(of_1504.contains(cell), "{cell}: {of_1504}");
    }
    assert!(of_1504.contains("赤峰") && !of_1504.contains("<b>"));
    assert!(row(&page.text, "150512").unwrap().contains(">-2<"));
    let file = desk.get("/console/reports/export?form=csv", &reader).await;
    assert!(file.text.contains(",2,2101,2000\r"), "{}", file.text);
    let scope = Scope::parse("1505").unwrap();
    office.hire("of-1505", Role::Finance, scope).await;
    let other = office.enter(&desk, "of-1505").await;
    let page = desk.get("/console/reports", &other).await.text;
    assert!(row(&page, "150512").is_some() && row(&page, "1504").is_none());
    let file = desk.get("/console/reports/export?form=csv", &other).await;
    assert!(file.text.contains("150512,,2,14,16\r") && !file.text.contains(",2101,"));
}

#[actix_web::test]
async fn ln_41_what_the_data_centre_says_last_of_a_day_stands() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let day = day_number(office.clock.now()) - 2;
    office.company.add_up(day, vec![energy("1504", "5", "4")]);
    assert_eq!(office.aggregates().learn_energy().await.unwrap(), None);
    assert_eq!(office.counted("SELECT COUNT(*) FROM office_energy"), 0);
    office.company.heal();
    assert_eq!(office.aggregates().learn_energy().await.unwrap(), Some(1));
    let corrected = vec![energy("1504", "9.25", "4")];
    office.company.add_up(day, corrected);
    assert_eq!(office.aggregates().learn_energy().await.unwrap(), Some(1));
    // What it does not tell again is not taken back.
    office.company.add_up(day, Vec::new());
    assert_eq!(office.aggregates().learn_energy().await.unwrap(), Some(0));
    let reader = office.enter(&desk, "statistics-reader").await;
    let page = desk.get("/console/reports", &reader).await.text;
    let told = row(&page, "1504").unwrap();
    assert!(told.contains(">1<") && told.contains(">9.25<"), "{told}");
}

#[actix_web::test]
async fn ln_51_the_platform_is_told_the_linked_homes_of_the_last_day_without_the_few() {
    let office = Office::new().await;
    linked(&office, "1504", 5);
    linked(&office, "1505", 4);
    office.company.heal();
    office.pass(3 * DAY_S);
    assert_eq!(office.aggregates().make().await.unwrap(), 1, "no other day");
    carry(&office).await;
    let sent = office.company.sent();
    assert_eq!(sent.len(), 1);
    let words: Value = serde_json::from_str(&sent[0].body).unwrap();
    assert_eq!(words["kind"], "linked_homes");
    assert_eq!(words["day"], Value::from(sent[0].date()));
    let offices = json!([{"org_no": "1504", "homes": 5}, {"org_no": "1505", "homes": null}]);
    assert_eq!(words["offices"], offices);
    assert_eq!(office.aggregates().make().await.unwrap(), 0, "once");
    office.pass(DAY_S);
    assert_eq!(office.aggregates().make().await.unwrap(), 1, "the next day");
}
