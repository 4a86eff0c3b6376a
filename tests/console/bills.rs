//! A wrong bill is found, held back from payment, and released by two persons (EC-07, EC-18).

use std::sync::Arc;
use std::time::Duration;

use lifeline_core::billing::figures::{Bill, BillLine, Reading, Tier};
use lifeline_core::billing::hold::is_held;
use lifeline_core::shared::energy::{Kwh, Price};
use lifeline_core::shared::ids::{AccountId, BindingId};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Time;
use lifeline_core::store::{Store, snapshot};
use lifeline_tests::Looks;

use crate::customers::{HOME, household};
use crate::office::{Desk, Office, Shown};
use crate::openings::merged;

pub(crate) fn bill(second_line_fen: i64) -> Bill {
    let kwh = |text| Kwh::parse(text).unwrap();
    let line = |quantity, price, amount| BillLine {
        kind: "energy".into(),
        tier: Some(1),
        quantity: kwh(quantity),
        price: Price::parse(price).unwrap(),
        amount: Fen::new(amount),
    };
    Bill {
        period: "2026-10".into(),
        issued_on: "2026-11-03".into(),
        due_date: "2026-11-25".into(),
        days: 31,
        readings: vec![Reading {
            meter_no: "M1234567".into(),
            previous: kwh("100"),
            current: kwh("250"),
            multiplier: 1,
            energy: kwh("150"),
        }],
        lines: vec![
            line("60", "0.538", 3_228),
            line("90", "0.588", second_line_fen),
        ],
        tiers: Vec::new(),
        energy: kwh("150"),
        year_to_date: kwh("150"),
        total: Fen::new(3_228 + second_line_fen),
        paid: false,
        as_of: Time::default(),
    }
}

async fn held(office: &Office) -> bool {
    let store: Arc<dyn Store> = office.store.clone();
    let mut view = snapshot(&*store).await.unwrap();
    let home = ConsumerNo::parse(HOME).unwrap();
    is_held(&mut view, &home).await.unwrap()
}

pub(crate) async fn post(
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

pub(crate) fn bills(id: &AccountId, link: &BindingId) -> String {
    format!("/console/customers/{id}/homes/{link}/bills")
}

/// The one case's address.
pub(crate) async fn case_at(desk: &Desk, cookie: &str) -> String {
    let page = desk.get("/console/cases?queue=all", cookie).await.text;
    let at = page.split("href=\"/console/cases/").nth(1).unwrap();
    format!("/console/cases/{}", at.split('"').next().unwrap())
}

pub(crate) const FLAG: [(&str, &str); 2] =
    [("period", "2026-10"), ("reason", "the second step is off")];

#[actix_web::test]
async fn ec_07_a_wrong_line_is_shown_and_a_right_bill_has_none() {
    let office = Office::new().await;
    let (id, link) = household(&office).await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    office.bills([bill(5_393)]);
    let page = desk
        .get(&format!("{}?period=2026-10", bills(&id, &link)), &support)
        .await;
    assert_eq!(page.status, 200, "{}", page.text);
    for shown in ["明细行 2", "53.93", "52.92", "90 kWh x 0.588"] {
        assert!(page.text.contains(shown), "{shown}: {}", page.text);
    }
    assert!(!page.text.contains("M1234567"), "the meter's number");
    office.bills([bill(5_292)]);
    let page = desk
        .get(&format!("{}?period=2026-10", bills(&id, &link)), &support)
        .await;
    assert!(page.text.contains("分毫不差") && !page.text.contains("明细行 2"));
    let odd = desk
        .get(&format!("{}?period=October", bills(&id, &link)), &support)
        .await;
    assert_eq!(odd.status, 422);
    office.no_bills();
    let away = desk.get(&bills(&id, &link), &support).await;
    assert_eq!(away.status, 503);
}

#[actix_web::test]
async fn ec_19_the_months_of_a_home_are_listed_and_the_newest_is_beside_the_one_before() {
    let office = Office::new().await;
    let (id, link) = household(&office).await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    let mut before = bill(5_292);
    before.period = "2026-09".into();
    before.lines.pop();
    before.readings[0].current = Kwh::parse("160").unwrap();
    before.readings[0].energy = Kwh::parse("60").unwrap();
    (before.energy, before.days) = (Kwh::parse("60").unwrap(), 30);
    before.total = Fen::new(3_228);
    office.bills([before, bill(5_292)]);
    let at = bills(&id, &link);
    let page = desk.get(&at, &support).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let newest = format!("{at}?period=2026-10\" aria-current=\"page\"");
    let earlier = format!("{at}?period=2026-09\"");
    for shown in [&*newest, &earlier, "¥85.20", "¥32.28", "90 kWh"] {
        assert!(page.text.contains(shown), "{shown}: {}", page.text);
    }
    // 52.92 more: 90 kWh at the 0.538 of the month before, and the rest by the second step.
    for shown in ["¥52.92", "¥48.42", "¥4.50"] {
        assert!(page.text.contains(shown), "{shown}: {}", page.text);
    }
    let page = desk.get(&format!("{at}?period=2026-09"), &support).await;
    assert!(!page.text.contains("id=\"compared\""), "{}", page.text);
    office.bills([]);
    let page = desk.get(&at, &support).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("该户还没有账单"), "{}", page.text);
    let none = desk.get(&format!("{at}?period=2026-10"), &support).await;
    assert_eq!(none.status, 404);
}

/// The lines and their sum are right for ten times the energy, at the second step's price: none of it was metered.
#[actix_web::test]
async fn ec_18_energy_never_metered_and_another_steps_price_are_shown() {
    let office = Office::new().await;
    let (id, link) = household(&office).await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    let step = |tier, price| Tier {
        tier,
        up_to: None,
        price: Price::parse(price).unwrap(),
    };
    let mut wrong = bill(5_292);
    wrong.tiers = vec![step(1, "0.538"), step(2, "0.588")];
    wrong.lines[1].tier = Some(1);
    wrong.lines[0].quantity = Kwh::parse("1410").unwrap();
    wrong.lines[0].amount = Fen::new(75_858);
    wrong.total = Fen::new(81_150);
    office.bills([wrong]);
    let at = format!("{}?period=2026-10", bills(&id, &link));
    let page = desk.get(&at, &support).await.text;
    for shown in [
        "计费电量",
        "1500 kWh",
        "150 kWh",
        "单价，明细行 2",
        "0.538 yuan/kWh",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert!(!page.contains("分毫不差"), "{page}");
}

#[actix_web::test]
async fn ec_18_a_flagged_bill_is_held_until_two_persons_release_it_and_it_is_right() {
    let office = Office::new().await;
    let (id, link) = household(&office).await;
    let desk = office.desk().await;
    office.bills([bill(5_393)]);
    let support = office.enter(&desk, "support").await;
    let at = format!("{}/flags", bills(&id, &link));
    assert!(!held(&office).await);
    assert_eq!(post(&office, &desk, &support, &at, &FLAG).await.status, 303);
    assert!(held(&office).await);
    let again = post(&office, &desk, &support, &at, &FLAG).await;
    assert_eq!(again.status, 409, "one at a time");
    let told = "SELECT COUNT(*) FROM outbox WHERE kind = 'customers.bill_moved'";
    assert_eq!(office.counted(told), 1);
    let case = case_at(&desk, &support).await;
    let page = desk.get(&case, &support).await.text;
    let bill_at = format!("{}?period=2026-10", bills(&id, &link));
    assert!(page.contains(&bill_at), "it leads to the bill: {page}");
    let offer = [
        ("resolution", "bill_corrected"),
        ("reason", "marketing has renewed it"),
    ];
    let offered = post(
        &office,
        &desk,
        &support,
        &format!("{case}/proposals"),
        &offer,
    )
    .await;
    assert_eq!(offered.status, 303);
    let reviewer = office.enter(&desk, "reviewer").await;
    let yes = format!("{case}/approval");
    let early = post(&office, &desk, &reviewer, &yes, &[]).await;
    assert!(
        early.goes_to().ends_with("said=said.still_wrong"),
        "{early:?}"
    );
    assert!(held(&office).await, "it is wrong still");
    office.bills([bill(5_292)]);
    let done = post(
        &office,
        &desk,
        &reviewer,
        &format!("{case}/carrying-out"),
        &[],
    )
    .await;
    assert!(
        done.goes_to().ends_with("said=said.carried_out"),
        "{done:?}"
    );
    assert!(!held(&office).await);
    assert_eq!(office.counted(told), 2);
    assert_eq!(office.audited("customers.release_bill"), ["corrected"]);
    // Another doubt is another case.
    assert_eq!(post(&office, &desk, &support, &at, &FLAG).await.status, 303);
    assert!(held(&office).await);
}

#[actix_web::test]
async fn ec_18_who_flagged_it_and_proposed_cannot_release_it_alone() {
    let office = Office::new().await;
    let (id, link) = household(&office).await;
    let desk = office.desk().await;
    office.bills([bill(5_393)]);
    let support = office.enter(&desk, "support").await;
    let at = format!("{}/flags", bills(&id, &link));
    let short = [("period", "2026-10"), ("reason", "abc")];
    assert_eq!(
        post(&office, &desk, &support, &at, &short).await.status,
        422
    );
    let finance = office.enter(&desk, "finance").await;
    assert_eq!(post(&office, &desk, &finance, &at, &FLAG).await.status, 403);
    assert_eq!(post(&office, &desk, &support, &at, &FLAG).await.status, 303);
    let case = case_at(&desk, &finance).await;
    let offer = [
        ("resolution", "bill_stands"),
        ("reason", "seen with the meter"),
    ];
    let offered = post(
        &office,
        &desk,
        &finance,
        &format!("{case}/proposals"),
        &offer,
    )
    .await;
    assert_eq!(offered.status, 303);
    let own = post(&office, &desk, &finance, &format!("{case}/approval"), &[]).await;
    assert_eq!(own.status, 409);
    assert!(held(&office).await);
    let reviewer = office.enter(&desk, "reviewer").await;
    let yes = post(&office, &desk, &reviewer, &format!("{case}/approval"), &[]).await;
    assert_eq!(yes.status, 303);
    assert!(!held(&office).await);
    assert_eq!(office.audited("customers.release_bill"), ["stands"]);
}

/// Two persons agreed that marketing had corrected it, and it has not: that is withdrawn, and the bill stands
/// by two persons' word.
#[actix_web::test]
async fn ec_18_what_is_still_wrong_is_withdrawn_and_ends_otherwise() {
    let office = Office::new().await;
    let (id, link) = household(&office).await;
    let desk = office.desk().await;
    office.bills([bill(5_393)]);
    let support = office.enter(&desk, "support").await;
    let reviewer = office.enter(&desk, "reviewer").await;
    let at = format!("{}/flags", bills(&id, &link));
    assert_eq!(post(&office, &desk, &support, &at, &FLAG).await.status, 303);
    let case = case_at(&desk, &support).await;
    let decide = async |resolution: &str| {
        let offer = [("resolution", resolution), ("reason", "looked into")];
        let way = format!("{case}/proposals");
        let offered = post(&office, &desk, &support, &way, &offer).await;
        assert_eq!(offered.status, 303, "{resolution}: {}", offered.text);
        let way = format!("{case}/approval");
        let agreed = post(&office, &desk, &reviewer, &way, &[]).await;
        agreed.goes_to().to_owned()
    };
    let to = decide("bill_corrected").await;
    assert!(to.ends_with("said=said.still_wrong"), "{to}");
    let refusal = format!("{case}/refusal");
    let page = desk.get(&case, &reviewer).await.text;
    assert!(page.contains(&refusal), "{page}");
    let withdrawn = post(&office, &desk, &reviewer, &refusal, &[]).await;
    assert_eq!(withdrawn.status, 303, "{}", withdrawn.text);
    assert_eq!(office.audited("cases.refuse"), ["bill_corrected"]);
    assert!(held(&office).await, "nothing is released by that");
    let to = decide("bill_stands").await;
    assert!(to.ends_with("said=said.carried_out"), "{to}");
    assert!(!held(&office).await);
    assert_eq!(office.audited("customers.release_bill"), ["stands"]);
}

/// The household's account became part of another meanwhile: the bill is still made again before it goes.
#[actix_web::test]
async fn ec_18_a_wrong_bill_of_a_merged_account_is_not_released_as_corrected() {
    let office = Office::new().await;
    let (id, link) = household(&office).await;
    let desk = office.desk().await;
    office.bills([bill(5_393)]);
    let support = office.enter(&desk, "support").await;
    let reviewer = office.enter(&desk, "reviewer").await;
    let at = format!("{}/flags", bills(&id, &link));
    assert_eq!(post(&office, &desk, &support, &at, &FLAG).await.status, 303);
    let into = merged(&office, &id).await;
    let case = case_at(&desk, &support).await;
    let page = desk.get(&case, &support).await.text;
    let bill_at = format!("{}?period=2026-10", bills(&into, &link));
    assert!(page.contains(&bill_at), "whose it is today: {page}");
    let there = desk.get(&bill_at, &support).await;
    assert_eq!(there.status, 200, "{}", there.text);
    let offer = [
        ("resolution", "bill_corrected"),
        ("reason", "marketing has renewed it"),
    ];
    let way = format!("{case}/proposals");
    let offered = post(&office, &desk, &support, &way, &offer).await;
    assert_eq!(offered.status, 303);
    let way = format!("{case}/approval");
    let early = post(&office, &desk, &reviewer, &way, &[]).await;
    let to = early.goes_to();
    assert!(to.ends_with("said=said.still_wrong"), "{to}");
    assert!(held(&office).await);
    office.bills([bill(5_292)]);
    let way = format!("{case}/carrying-out");
    let done = post(&office, &desk, &reviewer, &way, &[]).await;
    let to = done.goes_to();
    assert!(to.ends_with("said=said.carried_out"), "{to}");
    assert!(!held(&office).await);
    let told = "SELECT COUNT(*) FROM outbox WHERE kind = 'customers.bill_moved'";
    assert_eq!(office.counted(told), 2, "and the household hears of it");
}

/// The browser of whoever agreed is gone while marketing thinks: what was agreed to is done and closed all the same.
#[actix_web::test]
async fn ec_18_a_ruling_goes_on_when_the_request_for_it_is_dropped() {
    let office = Office::new().await;
    let (id, link) = household(&office).await;
    let desk = office.desk().await;
    office.bills([bill(5_393)]);
    let support = office.enter(&desk, "support").await;
    let reviewer = office.enter(&desk, "reviewer").await;
    let at = format!("{}/flags", bills(&id, &link));
    assert_eq!(post(&office, &desk, &support, &at, &FLAG).await.status, 303);
    let case = case_at(&desk, &support).await;
    let offer = [
        ("resolution", "bill_corrected"),
        ("reason", "marketing has renewed it"),
    ];
    let way = format!("{case}/proposals");
    let offered = post(&office, &desk, &support, &way, &offer).await;
    assert_eq!(offered.status, 303);
    office.bills([bill(5_292)]);
    let held_back = office.billed.hold_back().await;
    let before = office.billed.asked();
    let is_asked = async {
        let mut looks = Looks::every(Duration::from_millis(5));
        while office.billed.asked() == before {
            assert!(looks.again().await, "marketing was never asked");
        }
    };
    let way = format!("{case}/approval");
    let early = tokio::select! {
        early = post(&office, &desk, &reviewer, &way, &[]) => Some(early),
        () = is_asked => None,
    };
    assert!(early.is_none(), "answered already: {early:?}");
    drop(held_back);
    let mut looks = Looks::every(Duration::from_millis(10));
    while office.audited("cases.close").is_empty() {
        assert!(looks.again().await, "the ruling ended with its request");
    }
    assert!(!held(&office).await);
    assert_eq!(office.audited("customers.release_bill"), ["corrected"]);
    let open = "SELECT COUNT(*) FROM case_file WHERE closed_at IS NULL";
    assert_eq!(office.counted(open), 0);
}
