//! What is behind the first page is not forgotten: the soonest due stands first, and every end that waits is listed.

use lifeline_core::cases::CaseKind;

use crate::office::Office;
use crate::opened::opened;

/// More than one page of a list.
const MANY: usize = 60;

#[actix_web::test]
async fn ln_55_what_is_due_first_stands_first_however_many_were_opened_before_it() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let mut kinds = CaseKind::ALL;
    kinds.sort_by_key(|kind| kind.hours());
    let (soonest, latest) = (kinds[0], kinds[kinds.len() - 1]);
    assert!(soonest.hours() < latest.hours());
    for _ in 0..MANY {
        opened(&office, latest, "of-nobody", "{}").await;
    }
    let urgent = opened(&office, soonest, "of-nobody", "{}").await;
    let finance = office.enter(&desk, "finance").await;
    let page = desk.get("/console", &finance).await.text;
    let list = page.split("id=\"urgent\"").nth(1).unwrap();
    let first = list.split("/console/cases/").nth(1).unwrap();
    assert!(first.starts_with(urgent.as_str()), "{list}");
    let count = page.split("id=\"open-cases\">").nth(1).unwrap();
    assert!(count.starts_with(&format!("{}<", MANY + 1)), "{count}");
}

#[actix_web::test]
async fn pv_11_every_end_that_waits_is_listed_behind_a_long_queue() {
    let office = Office::new().await;
    let desk = office.desk().await;
    for _ in 0..MANY {
        opened(&office, CaseKind::SettlementReview, "of-nobody", "{}").await;
    }
    let end = opened(&office, CaseKind::TerminationAsked, "of-nobody", "{}").await;
    let support = office.enter(&desk, "support").await;
    let page = desk.get("/console/cooperations", &support).await.text;
    assert!(page.contains(&format!("/console/cases/{end}")), "{page}");
}

#[actix_web::test]
async fn ln_55_the_facts_of_a_case_are_said_in_words_and_sums_in_yuan() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let facts = r#"{"reason":"paid_other_sum","paid_fen":12840,"seen_by_nobody":"x"}"#;
    let case = opened(&office, CaseKind::AmountMismatch, "of-nobody", facts).await;
    let finance = office.enter(&desk, "finance").await;
    let path = format!("/console/cases/{case}");
    let page = desk.get(&path, &finance).await.text;
    for told in [
        "<dt>实付金额</dt><dd>¥128.40</dd>",
        "<dt>原因</dt><dd>实付金额与订单不符</dd>",
        "<dt>seen_by_nobody</dt><dd>x</dd>",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let back = "href=\"/console/cases?queue=money\"";
    let main = page.split("<main").nth(1).unwrap();
    assert!(main.contains(back), "and back to its queue");
}
