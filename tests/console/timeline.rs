//! Lines of time and reports for decisions: by id, within the scope, each look in the audit.

use actix_web::http::StatusCode;
use lifeline_core::cases::CaseKind;
use lifeline_core::insight::Ledger;
use lifeline_core::operators::{Role, Scope};
use lifeline_core::shared::ids::{AccountId, BindingId};
use lifeline_core::shared::time::Clock as _;

use crate::customers::household;
use crate::office::Office;
use crate::opened::opened;

const PAYMENT: &str = "019aa2f0-0000-7000-8000-0000000000aa";
const ACCOUNT: &str = "019aa2f0-0000-7000-8000-0000000000bb";

/// One order in suspense with what was written about it.
fn order(office: &Office, region: &str) {
    order_of(office, region, 0, 0);
    let now = office.clock.now().micros();
    office.raw(&format!(
        "PRAGMA foreign_keys = OFF;
         INSERT INTO ledger_line (entry_id, line_no, account, debit_fen, credit_fen) VALUES ('e1', 1, 'a', 12840, 0), \
         ('e1', 2, 'b', 0, 12840);
         INSERT INTO ledger_entry (entry_id, fact, payment_id, trace_id, posted_at, line_count, total_fen) \
         VALUES ('e1', 'f1', '{PAYMENT}', '{trace}', {now}, 2, 12840);",
        trace = "ab".repeat(16),
    ));
}

/// Somebody's order in suspense, 128.40 each.
fn order_of(office: &Office, region: &str, nth: u8, person: u8) {
    let now = office.clock.now().micros();
    let id = |n: u8, kind: &str| format!("019aa2f0-0000-7000-8000-00000000{n:02x}{kind}");
    let (payment, account, home) = (id(nth, "aa"), id(person, "bb"), id(person, "cc"));
    office.raw(&format!(
        "PRAGMA foreign_keys = OFF;
         INSERT INTO payment (payment_id, account_id, binding_id, session_id, purpose, via, state, version, lease_epoch, \
         out_trade_no, amount_fen, subject, shares, sends, answers, trade_no, created_at, expire_at, paid_at, paid_fen, \
         refund_reserved_fen, refunded_fen, suspense_fen, foreign_fen, foreign_used_fen, has_lock, frozen, watched, entered_at, \
         turns, next_at, wake_at, trace_id) VALUES ('{payment}', '{account}', '{home}', 's', 'arrears', 'h5', 'SUSPENSE', 1, 0, \
         'L0AbCdEfGhIjKlMnOpQrSt{nth:02}', 12840, '', '', 1, 1, 't{nth}', {now}, {now}, {now}, 12840, 0, 0, 12840, 0, 0, 0, 0, 1, {now}, 1, {now}, {now}, '{trace}');
         INSERT OR IGNORE INTO binding_region (binding_id, region) VALUES ('{home}', '{region}');",
        trace = "ab".repeat(16),
    ));
}

fn line(of: &str, id: &str) -> String {
    format!("/console/timeline?of={of}&id={id}")
}

#[actix_web::test]
async fn ln_32_a_payment_is_one_line_of_time_and_each_look_is_audited() {
    let office = Office::new().await;
    let desk = office.desk().await;
    order(&office, "1504");
    let support = office.enter(&desk, "support").await;
    let empty = desk.get("/console/timeline", &support).await;
    assert_eq!(empty.status, StatusCode::OK);
    assert!(office.audited("insight.timeline").is_empty());
    let shown = desk.get(&line("payment", PAYMENT), &support).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
    for told in [
        "下单 · 电费 · 网页（H5）",
        "渠道已收款",
        "记账",
        "128.40",
        ACCOUNT,
        "/console/why?trace=abab",
    ] {
        assert!(shown.text.contains(told), "{told}: {}", shown.text);
    }
    assert_eq!(office.audited("insight.timeline"), ["ok"]);
    let again = desk.get(&line("payment", PAYMENT), &support).await;
    assert!(
        again.text.contains("查看时间线"),
        "the look is part of the line"
    );
    for (of, id, status) in [
        ("payment", ACCOUNT, StatusCode::NOT_FOUND),
        ("phone", PAYMENT, StatusCode::UNPROCESSABLE_ENTITY),
        ("payment", "1' OR '1'='1", StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let id = form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>();
        let shown = desk.get(&line(of, &id), &support).await;
        assert_eq!(shown.status, status, "{of} {id}");
    }
}

/// The order is this household's, for its home, and everything happened to it once.
fn all_happened(office: &Office, account: &AccountId, home: &BindingId) {
    order(office, "1504");
    let now = office.clock.now().micros();
    let trace = "ab".repeat(16);
    let mut text = format!(
        "UPDATE payment SET account_id = '{account}', binding_id = '{home}';
         INSERT INTO payment_home (binding_id, payment_id) VALUES ('{home}', '{PAYMENT}');
         INSERT INTO payment_sighting (payment_id, machine, row_id, state, input, next_state, applied, times, first_seen_at, \
         last_asked_at) VALUES ('{PAYMENT}', 'P', '{PAYMENT}', 'PAYING', 'wait_buyer_pay', 'PAYING', 1, 1, {now}, {now});
         INSERT INTO notice (notice_id, account_id, event_id, kind, params, payment_id, created_at, texted_at) \
         VALUES ('n1', '{account}', 'v1', 'credited', '', '{PAYMENT}', {now}, {now});
         INSERT INTO case_file (case_id, kind, cause, subject, facts, opened_at, trace_id) \
         VALUES ('019aa2f0-0000-7000-8000-0000000000dd', 'amount_mismatch', 'c1', '{PAYMENT}', '{{}}', {now}, '{trace}');"
    );
    for (n, subject) in [PAYMENT, account.as_str(), home.as_str()]
        .iter()
        .enumerate()
    {
        text.push_str(&format!(
            "INSERT INTO audit_line (audit_id, at, actor, act, subject, outcome, source, trace_id) \
             VALUES ('a{n}', {now}, 'system', 'insight.timeline', '{subject}', 'ok', 'x', '{trace}');"
        ));
    }
    office.raw(&format!("PRAGMA foreign_keys = OFF; {text}"));
}

#[actix_web::test]
async fn ln_32_each_line_of_time_has_taps_calls_the_ledger_notices_sms_cases_and_the_audit() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let (account, home) = household(&office).await;
    all_happened(&office, &account, &home);
    let support = office.enter(&desk, "support").await;
    for (of, id) in [
        ("payment", PAYMENT),
        ("account", account.as_str()),
        ("home", home.as_str()),
    ] {
        let shown = desk.get(&line(of, id), &support).await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
        for source in [
            "用户操作",
            "外部系统",
            "账本",
            "站内消息",
            "短信",
            "工单",
            "审计",
        ] {
            let cell = format!("<td class=\"word\">{source}</td>");
            assert!(shown.text.contains(&cell), "{of} {source}: {}", shown.text);
        }
        let paid = shown.text.matches("渠道已收款").count();
        assert_eq!(paid, 1, "{of}: {}", shown.text);
    }
}

#[actix_web::test]
async fn ln_32_a_long_line_of_time_goes_on_behind_its_newest_five_hundred() {
    let office = Office::new().await;
    let desk = office.desk().await;
    order(&office, "1504");
    let now = office.clock.now().micros();
    // Of one moment, older than all else.
    office.raw(&format!(
        "WITH RECURSIVE r(r) AS (SELECT 1 UNION ALL SELECT r + 1 FROM r WHERE r < 600) \
         INSERT INTO payment_sighting (payment_id, machine, row_id, state, input, next_state, applied, times, \
         first_seen_at, last_asked_at) SELECT '{PAYMENT}', 'P', 'p', printf('S%03d', r), 'i', 'n', 1, 1, {now} - 1, {now} FROM r;"
    ));
    let support = office.enter(&desk, "support").await;
    let page = desk.get(&line("payment", PAYMENT), &support).await.text;
    let seen = |text: &str| text.matches("<td>P S").count();
    let older = page.split("id=\"older\"><a class=\"button quiet\" href=\"");
    let older = older.last().unwrap().split('"').next().unwrap();
    let older = older.replace("&#38;", "&").replace("&amp;", "&");
    let before = desk.get(&older, &support).await.text;
    assert_eq!(seen(&page) + seen(&before), 600, "{before}");
    assert!(page.contains("P S600 i n") && before.contains("P S001 i n"));
    assert!(page.contains("渠道已收款") && !before.contains("渠道已收款"));
    assert!(!before.contains("id=\"older\""));
    let odd = format!("{}&before=x", line("payment", PAYMENT));
    assert!(desk.get(&odd, &support).await.status.is_client_error());
}

#[actix_web::test]
async fn ln_55_a_case_begins_with_the_newest_of_its_line_of_time() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let (account, home) = household(&office).await;
    all_happened(&office, &account, &home);
    let support = office.enter(&desk, "support").await;
    let about = [
        (CaseKind::AccountConflict, "account", account.as_str()),
        (CaseKind::HolderConflict, "home", home.as_str()),
    ];
    for (kind, of, subject) in about {
        let case = opened(&office, kind, subject, "{}").await;
        let path = format!("/console/cases/{case}");
        desk.get(&path, &support).await;
        let page = desk.get(&path, &support).await.text;
        let newest = page.split("id=\"newest\"").nth(1).unwrap();
        let newest = newest.split("</ol>").next().unwrap();
        for told in ["渠道已收款", "记账", "短信", "¥128.40"] {
            assert!(newest.contains(told), "{told}: {page}");
        }
        assert!(!newest.contains("查看时间线"), "looks are left out: {page}");
        assert!(page.find("id=\"newest\"") < page.find("id=\"facts\""));
        let whole = line(of, subject).replace('&', "&amp;");
        assert!(page.contains(&whole), "{page}");
        let looked = office.audited("insight.timeline");
        assert!(!looked.is_empty() && looked.iter().all(|came| came == "ok"));
    }
    // Three were there, and each page was opened twice.
    assert_eq!(office.audited("insight.timeline").len(), 7);
    let nobodys = opened(&office, CaseKind::SettlementReview, "of-nobody", "{}").await;
    let path = format!("/console/cases/{nobodys}");
    let page = desk.get(&path, &support).await.text;
    assert!(!page.contains("id=\"newest\"") && page.contains("id=\"facts\""));
}

#[actix_web::test]
async fn ln_55_of_a_long_line_of_time_a_case_has_the_newest_twenty() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let (account, home) = household(&office).await;
    all_happened(&office, &account, &home);
    let case = opened(&office, CaseKind::AccountConflict, account.as_str(), "{}").await;
    let path = format!("/console/cases/{case}");
    let support = office.enter(&desk, "support").await;
    let cut = "仅显示最近 20 条";
    assert!(!desk.get(&path, &support).await.text.contains(cut));
    let later = office.clock.now().micros() + 1;
    office.raw(&format!(
        "WITH RECURSIVE r(r) AS (SELECT 1 UNION ALL SELECT r + 1 FROM r WHERE r < 30) \
         INSERT INTO payment_sighting (payment_id, machine, row_id, state, input, next_state, applied, times, \
         first_seen_at, last_asked_at) SELECT '{PAYMENT}', 'P', 'p', 'S' || r, 'i', 'n', 1, 1, {later} + r, {later} FROM r; \
         WITH RECURSIVE r(r) AS (SELECT 1 UNION ALL SELECT r + 1 FROM r WHERE r < 500) \
         INSERT INTO audit_line (audit_id, at, actor, act, subject, outcome, source, trace_id) SELECT 'look-' || r, \
         {later} + 30 + r, 'staff:s', 'insight.timeline', '{account}', 'ok', 'x', '' FROM r;"
    ));
    let page = desk.get(&path, &support).await.text;
    let newest = page.split("id=\"newest\"").nth(1).unwrap();
    let newest = newest.split("</ol>").next().unwrap();
    assert_eq!(newest.matches("<li>").count(), 20, "{newest}");
    assert!(newest.contains("P S30 i n") && !newest.contains("P S10 i n"));
    assert!(
        !newest.contains("查看时间线"),
        "however many looked: {newest}"
    );
    assert!(page.contains(cut));
}

#[actix_web::test]
async fn ln_32_a_line_of_another_region_is_refused() {
    let office = Office::new().await;
    let desk = office.desk().await;
    order(&office, "1504");
    let scope = Scope::parse("1505").unwrap();
    office.hire("of-1505", Role::Support, scope).await;
    let cookie = office.enter(&desk, "of-1505").await;
    let shown = desk.get(&line("payment", PAYMENT), &cookie).await;
    assert_eq!(shown.status, StatusCode::FORBIDDEN);
    assert!(!shown.text.contains(ACCOUNT));
    assert_eq!(
        office.audited("console.open").last().map(String::as_str),
        Some("forbidden")
    );
}

#[actix_web::test]
async fn ln_33_arrears_stand_under_their_cause_with_their_rows_and_scope() {
    let office = Office::new().await;
    let desk = office.desk().await;
    order(&office, "1504");
    let finance = office.enter(&desk, "finance").await;
    let page = desk.get("/console/reports", &finance).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    let row = page.text.split("已支付，待人工处理").nth(1).unwrap();
    let row = row.split("</tr>").next().unwrap();
    assert!(row.contains(">1<") && row.contains("128.40"), "{row}");
    let rows = desk
        .get("/console/reports/arrears?cause=suspense", &finance)
        .await;
    assert!(
        rows.text.contains(PAYMENT)
            && rows
                .text
                .contains(&line("payment", PAYMENT).replace('&', "&amp;"))
    );
    let none = desk
        .get("/console/reports/arrears?cause=not_paid", &finance)
        .await;
    assert!(!none.text.contains(PAYMENT));
    let bad = desk.get("/console/reports/arrears?cause=x", &finance).await;
    assert!(bad.status.is_client_error());
    let file = desk.get("/console/reports/export?form=csv", &finance).await;
    assert!(file.text.contains("suspense,1,128.40"), "{}", file.text);
    assert_eq!(office.audited("insight.export_reports"), ["csv"]);
    let scope = Scope::parse("1505").unwrap();
    office.hire("of-1505", Role::Finance, scope).await;
    let other = office.enter(&desk, "of-1505").await;
    let page = desk.get("/console/reports", &other).await.text;
    assert!(!page.contains("128.40"), "another region's money");
    let rows = desk
        .get("/console/reports/arrears?cause=suspense", &other)
        .await;
    assert!(!rows.text.contains(PAYMENT));
    let mut ledger = Ledger::new(office.store.clone(), office.clock.clone(), office.entropy());
    for (words, n) in [("充电桩", 5), ("路灯", 4)] {
        ledger.note_misses([(words.to_owned(), n)].into());
        ledger.write(&[], 0).await.unwrap();
    }
    let page = desk.get("/console/reports", &finance).await.text;
    assert!(page.contains("充电桩") && !page.contains("路灯"));
    // Who reads statistics sees no rows, nor a sum that is one household's.
    let reader = office.enter(&desk, "statistics-reader").await;
    let page = desk.get("/console/reports", &reader).await.text;
    assert!(!page.contains("128.40") && !page.contains("/console/reports/arrears"));
}

#[actix_web::test]
async fn ln_33_the_orders_behind_a_cause_go_on_page_by_page() {
    let office = Office::new().await;
    let desk = office.desk().await;
    // All of one moment.
    for nth in 0..=200_u8 {
        order_of(&office, "1504", nth, 0);
    }
    let finance = office.enter(&desk, "finance").await;
    let path = "/console/reports/arrears?cause=suspense";
    let page = desk.get(path, &finance).await.text;
    let rows = |text: &str| text.matches("/console/timeline?of=payment").count();
    assert_eq!(rows(&page), 200);
    let next = page.split("id=\"more\"><a class=\"button quiet\" href=\"");
    let next = next.last().unwrap().split('"').next().unwrap();
    let next = next.replace("&#38;", "&").replace("&amp;", "&");
    let rest = desk.get(&next, &finance).await.text;
    assert_eq!((rows(&rest), rest.contains("id=\"more\"")), (1, false));
    assert!(rest.contains(PAYMENT) && !page.contains(PAYMENT), "{rest}");
    let odd = desk.get(&format!("{path}&after=x"), &finance).await;
    assert!(odd.status.is_client_error());
}

#[actix_web::test]
async fn c10_the_money_of_fewer_than_five_households_is_told_to_nobody_who_reads_sums() {
    let office = Office::new().await;
    let desk = office.desk().await;
    // Five orders of four people.
    for nth in 0..5_u8 {
        order_of(&office, "1504", nth, nth.min(3));
    }
    let finance = office.enter(&desk, "finance").await;
    let exact = desk.get("/console/reports", &finance).await.text;
    assert!(exact.contains("id=\"arrears-sum\">642.00<") && !exact.contains("不足 5 人"));
    let file = desk.get("/console/reports/export?form=csv", &finance).await;
    assert!(file.text.contains("suspense,5,642.00"), "{}", file.text);
    for who in ["statistics-reader", "admin"] {
        let reader = office.enter(&desk, who).await;
        let page = desk.get("/console/reports", &reader).await.text;
        assert!(
            !page.contains("642.00") && page.contains("不足 5 人"),
            "{who}"
        );
        assert!(page.contains("id=\"arrears-sum\">—<"), "{who}: {page}");
        let file = desk.get("/console/reports/export?form=csv", &reader).await;
        assert!(file.text.contains("suspense,,") && !file.text.contains("642.00"));
        // What nobody ordered is told: it is nobody's.
        assert!(file.text.contains("given_back,0,0.00"), "{}", file.text);
    }
    order_of(&office, "1504", 5, 4);
    let reader = office.enter(&desk, "statistics-reader").await;
    let page = desk.get("/console/reports", &reader).await.text;
    assert!(page.contains("id=\"arrears-sum\">770.40<") && !page.contains("不足 5 人"));
    let file = desk.get("/console/reports/export?form=csv", &reader).await;
    assert!(file.text.contains("suspense,6,770.40"), "{}", file.text);
}

#[actix_web::test]
async fn ln_32_a_payment_is_found_by_the_number_that_its_payer_and_marketing_have() {
    let office = Office::new().await;
    let desk = office.desk().await;
    order(&office, "1504");
    let support = office.enter(&desk, "support").await;
    let number = "L0AbCdEfGhIjKlMnOpQrSt00";
    for what in [
        number.to_owned(),
        format!("%20{number}%20"),
        format!("{number}_1_1"),
        format!("{number}_12_3_v"),
        format!("{number}_1_1_fz"),
    ] {
        let path = format!("/console/find?what={what}");
        let found = desk.get(&path, &support).await;
        assert_eq!(found.goes_to(), line("payment", PAYMENT), "{}", found.text);
        let shown = desk.get(found.goes_to(), &support).await;
        assert!(shown.text.contains("128.40"), "{}", shown.text);
    }
    // A number of other letters is another one's.
    for nobodys in [
        number.to_lowercase(),
        number.replace("00", "01"),
        format!("{}_1_1", number.to_uppercase()),
    ] {
        let path = format!("/console/find?what={nobodys}");
        let shown = desk.get(&path, &support).await;
        assert_eq!(shown.status, StatusCode::NOT_FOUND, "{nobodys}");
    }
    // Where it leads says who may see it.
    let scope = Scope::parse("1505").unwrap();
    office.hire("of-1505", Role::Support, scope).await;
    let other = office.enter(&desk, "of-1505").await;
    let led = desk
        .get(&format!("/console/find?what={number}"), &other)
        .await;
    let shown = desk.get(led.goes_to(), &other).await;
    assert_eq!(shown.status, StatusCode::FORBIDDEN);
}

#[actix_web::test]
async fn ln_32_a_trace_or_a_payment_is_found_from_every_page() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    let page = desk.get("/console/cases", &support).await.text;
    assert!(page.contains("action=\"/console/find\""));
    let trace = "ab".repeat(16);
    for (what, to) in [
        (trace.to_uppercase(), format!("/console/why?trace={trace}")),
        (
            format!("%20{PAYMENT}"),
            format!("/console/timeline?of=payment&id={PAYMENT}"),
        ),
    ] {
        let path = format!("/console/find?what={what}");
        let found = desk.get(&path, &support).await;
        assert_eq!(found.status, StatusCode::SEE_OTHER, "{}", found.text);
        assert_eq!(found.goes_to(), to);
    }
    for odd in ["", "abc", "%3Cb%3E", "//evil.example", &"a".repeat(33)] {
        let path = format!("/console/find?what={odd}");
        let shown = desk.get(&path, &support).await;
        assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY, "{odd}");
    }
    let publisher = office.enter(&desk, "publisher").await;
    let page = desk.get("/console/articles", &publisher).await.text;
    assert!(!page.contains("/console/find"));
    let path = format!("/console/find?what={trace}");
    assert_eq!(
        desk.get(&path, &publisher).await.status,
        StatusCode::FORBIDDEN
    );
}
