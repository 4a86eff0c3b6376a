//! Today says whether all money that moved yesterday came to where it belongs, and leads to what did not.

use lifeline_core::operators::{Role, Scope};
use lifeline_core::shared::time::{Clock as _, Time};

use crate::office::Office;

const PAYMENT: &str = "019aa2f0-0000-7000-8000-0000000000aa";

/// An entry that was made at a moment: how much from one account to another.
fn booked(office: &Office, at: Time, (debit, credit): (&str, &str), fen: i64) {
    let millis = at.micros() / 1_000;
    let id = format!(
        "{:08x}-{:04x}-7000-8000-000000000001",
        millis >> 16,
        millis & 0xffff
    );
    office.raw(&format!(
        "INSERT INTO ledger_line (entry_id, line_no, account, debit_fen, credit_fen) \
         VALUES ('{id}', 1, '{debit}', {fen}, 0), ('{id}', 2, '{credit}', 0, {fen});
         INSERT INTO ledger_entry (entry_id, fact, payment_id, trace_id, posted_at, line_count, total_fen) \
         VALUES ('{id}', 'fact-{id}', '{PAYMENT}', 'trace', {}, 2, {fen})",
        at.micros()
    ));
}

#[actix_web::test]
async fn ln_55_today_says_whether_yesterday_is_closed_or_by_how_much_it_is_open() {
    let office = Office::new().await;
    let scope = Scope::parse("1504").unwrap();
    office.hire("north", Role::Support, scope).await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    let closed = "已闭合";
    let page = desk.get("/console", &support).await.text;
    assert!(page.contains(closed), "{page}");
    let now = office.clock.now();
    let yesterday = now.plus_seconds(-86_400);
    booked(&office, yesterday, ("channel", "clearing"), 12_840);
    let later = yesterday.plus_seconds(1);
    booked(&office, later, ("clearing", "marketing"), 12_440);
    let page = desk.get("/console", &support).await.text;
    assert!(page.contains(closed), "the answer of a minute: {page}");
    office.pass(60);
    let page = desk.get("/console", &support).await.text;
    assert!(!page.contains(closed) && page.contains("¥4.00"), "{page}");
    let way = page.split("/console/timeline?of=payment").nth(1).unwrap();
    assert!(way.contains(PAYMENT), "{way}");
    // Who reads no payments, or those of some regions, is told neither.
    for login in ["statistics-reader", "north"] {
        let cookie = office.enter(&desk, login).await;
        let page = desk.get("/console", &cookie).await.text;
        assert!(!page.contains("id=\"proof\"") && !page.contains(PAYMENT));
    }
    // What is booked today closes yesterday.
    booked(&office, now, ("clearing", "marketing"), 400);
    office.pass(60);
    let page = desk.get("/console", &support).await.text;
    assert!(page.contains(closed), "{page}");
}

#[actix_web::test]
async fn ln_55_a_ledger_that_cannot_be_added_up_takes_no_page_away() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    office.raw("ALTER TABLE ledger_line RENAME TO away");
    let shown = desk.get("/console", &support).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    assert!(shown.text.contains("尚无结果") && !shown.text.contains("已闭合"));
    office.raw("ALTER TABLE away RENAME TO ledger_line");
    office.pass(60);
    let page = desk.get("/console", &support).await.text;
    assert!(
        page.contains("已闭合") && !page.contains("尚无结果"),
        "{page}"
    );
}

#[actix_web::test]
async fn ln_55_the_left_side_leads_to_what_payments_and_sold_power_need() {
    let office = Office::new().await;
    let desk = office.desk().await;
    for (login, may) in [("finance", true), ("publisher", false)] {
        let cookie = office.enter(&desk, login).await;
        let page = desk.get("/console", &cookie).await.text;
        for queue in ["money", "solar"] {
            let way = format!("href=\"/console/cases?queue={queue}\"");
            assert_eq!(page.contains(&way), may, "{login} {queue}");
        }
    }
}

#[actix_web::test]
async fn ln_55_the_left_side_marks_the_list_one_is_at_and_no_other() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let finance = office.enter(&desk, "finance").await;
    for (at, marked) in [
        ("/console", "/console"),
        ("/console/cases?queue=all", "/console/cases"),
        ("/console/cases?queue=archive", "/console/cases"),
        ("/console/cases?queue=money", "/console/cases?queue=money"),
        (
            "/console/cases?said=said.case_taken&queue=solar",
            "/console/cases?queue=solar",
        ),
    ] {
        let page = desk.get(at, &finance).await;
        assert_eq!(page.status, 200, "{at}");
        let side = page.text.split("<nav ").nth(1).unwrap();
        let side = side.split("</nav>").next().unwrap();
        let here: Vec<_> = side
            .split("<a href=\"")
            .skip(1)
            .filter(|link| link.contains("aria-current=\"page\""))
            .map(|link| link.split('"').next().unwrap())
            .collect();
        assert_eq!(here, [marked], "{at}");
    }
}
