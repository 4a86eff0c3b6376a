//! The ways people come (EC-09, EC-15): what an administrator closes is refused to households within
//! the next look, and only there.

use std::sync::Arc;

use actix_web::http::{StatusCode, header};
use actix_web::middleware::from_fn;
use actix_web::test::TestRequest;
use actix_web::{App, test, web};
use lifeline_core::accounts::Terminal;
use lifeline_core::channels::{PER_MINUTE_MAX, ScoreMonths};
use lifeline_core::insight::batch::Batch;
use lifeline_core::insight::{Channel, Outcome, Sample};
use lifeline_core::jobs::runner::Task as _;
use lifeline_core::shared::time::{Clock as _, Time};
use lifeline_core::store::{StoreError, Tx, atomically};
use lifeline_gateway::edge::switchboard::{Switchboard, Switching};
use lifeline_gateway::listeners::line;
use lifeline_gateway::listeners::outermost::{addressed, traced};

use crate::office::{Desk, Office};

const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0)";
const MINI: &str = "Mozilla/5.0 AlipayClient/10.5";
/// Why a limit is changed.
const WHY: (&str, &str) = ("reason", "too many at once");

async fn post(office: &Office, desk: &Desk, cookie: &str, at: &str, form: &[(&str, &str)]) -> u16 {
    let mark = office.mark(desk, cookie).await;
    let mut whole = vec![("mark", mark.as_str())];
    whole.extend_from_slice(form);
    let path = format!("/console/channels/{at}");
    desk.post(&path, cookie, &whole).await.status.as_u16()
}

#[actix_web::test]
async fn ec_15_a_function_closed_in_a_channel_is_refused_there_and_nowhere_else() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let board = Arc::new(Switchboard::default());
    let switching = Switching::new(Arc::clone(&board), office.channels(), office.customers());
    let app = App::new()
        .configure(|cfg| office.furnish(cfg))
        .app_data(web::Data::from(Arc::clone(&board)))
        .wrap(from_fn(addressed))
        .wrap(from_fn(traced))
        .configure(line::routes);
    let app = test::init_service(app).await;
    let ask = async |path: &str, agent: &str| {
        switching.look().await;
        let request = TestRequest::get()
            .uri(path)
            .peer_addr("127.0.0.1:40000".parse().unwrap());
        let request = request.insert_header((header::USER_AGENT, agent));
        let answer = test::call_service(&app, request.to_request()).await;
        let status = answer.status();
        let text = test::read_body(answer).await;
        (status, String::from_utf8_lossy(&text).into_owned())
    };
    assert_eq!(ask("/v1/outlets", BROWSER).await.0, StatusCode::OK);
    let admin = office.enter(&desk, "admin").await;
    let closing = [
        ("function", "outlets"),
        ("reason", "the list is being renewed"),
    ];
    assert_eq!(
        post(&office, &desk, &admin, "h5/closings", &closing).await,
        303
    );
    assert_eq!(
        post(&office, &desk, &admin, "h5/closings", &closing).await,
        409
    );
    let (status, text) = ask("/v1/outlets", BROWSER).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(
        text.contains("FUNCTION_CLOSED") && !text.contains("renewed"),
        "{text}"
    );
    assert_eq!(ask("/v1/outlets", MINI).await.0, StatusCode::OK);
    assert_eq!(ask("/v1/outages", BROWSER).await.0, StatusCode::OK);
    let page = desk.get("/console/channels", &admin).await;
    assert!(page.text.contains("the list is being renewed"));
    let opening = [("function", "outlets")];
    assert_eq!(
        post(&office, &desk, &admin, "h5/openings", &opening).await,
        303
    );
    assert_eq!(
        post(&office, &desk, &admin, "h5/openings", &opening).await,
        409
    );
    assert_eq!(ask("/v1/outlets", BROWSER).await.0, StatusCode::OK);
    assert_eq!(
        post(
            &office,
            &desk,
            &admin,
            "h5/limit",
            &[("per_minute", "2"), WHY]
        )
        .await,
        303
    );
    assert_eq!(ask("/v1/outlets", BROWSER).await.0, StatusCode::OK);
    assert_eq!(ask("/v1/outlets", BROWSER).await.0, StatusCode::OK);
    let (status, text) = ask("/v1/outlets", BROWSER).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!(text.contains("CHANNEL_FULL"), "{text}");
    assert_eq!(
        office.audited("channels.close"),
        ["ok", "fault.not_as_things_stand"]
    );
    assert_eq!(
        office.audited("channels.limit"),
        ["2"],
        "codes only: what is typed may name somebody"
    );
    let page = desk.get("/console/channels", &admin).await.text;
    let changed = page.split("id=\"changes\"").nth(1).unwrap_or_default();
    assert!(
        changed.contains("网页（H5）") && changed.contains("不限 → "),
        "{changed}"
    );
    assert!(changed.contains("too many at once"), "{changed}");
}

#[actix_web::test]
async fn ec_15_what_cannot_be_closed_or_limited_so_is_refused() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let admin = office.enter(&desk, "admin").await;
    let why = ("reason", "a good reason");
    let (most, more) = (PER_MINUTE_MAX.to_string(), (PER_MINUTE_MAX + 1).to_string());
    for (at, form, status) in [
        ("h5/closings", vec![("function", "sign_in"), why], 422),
        ("h5/closings", vec![("function", "other"), why], 422),
        ("h5/closings", vec![("function", "no_such"), why], 422),
        ("h5/closings", vec![("function", "auto_debit"), why], 422),
        ("fax/closings", vec![("function", "pay"), why], 404),
        (
            "h5/closings",
            vec![("function", "pay"), ("reason", "abc")],
            422,
        ),
        ("h5/limit", vec![("per_minute", "0"), WHY], 422),
        ("h5/limit", vec![("per_minute", "-1"), WHY], 422),
        ("h5/limit", vec![("per_minute", "many"), WHY], 422),
        ("h5/limit", vec![("per_minute", more.as_str()), WHY], 422),
        ("h5/limit", vec![("per_minute", most.as_str()), WHY], 303),
        ("h5/limit", vec![("per_minute", ""), WHY], 303),
        (
            "h5/limit",
            vec![("per_minute", "2"), ("reason", "abc")],
            422,
        ),
        (
            "h5/limit",
            vec![("per_minute", "2"), ("reason", "      ")],
            422,
        ),
        (
            "h5/closings",
            vec![("function", "pay"), ("reason", "      ")],
            422,
        ),
    ] {
        assert_eq!(
            post(&office, &desk, &admin, at, &form).await,
            status,
            "{at} {form:?}"
        );
    }
    assert_eq!(office.counted("SELECT COUNT(*) FROM channel_closing"), 0);
    let offered = desk.get("/console/channels", &admin).await.text;
    assert!(offered.contains("<option value=\"pay\">"), "{offered}");
    for unserved in ["auto_debit", "green_power", "dunning"] {
        let option = format!("<option value=\"{unserved}\">");
        assert!(!offered.contains(&option), "{unserved}");
    }
    let auditor = office.enter(&desk, "auditor").await;
    let page = desk.get("/console/channels", &auditor).await;
    assert_eq!(page.status, 200);
    assert!(
        !page.text.contains("/closings") && !page.text.contains("/guard"),
        "who only reads has no form"
    );
    let refused = post(
        &office,
        &desk,
        &auditor,
        "h5/closings",
        &[("function", "pay"), why],
    )
    .await;
    assert_eq!(refused, 403);
}

#[actix_web::test]
async fn ec_09_channels_are_shown_and_closed_while_the_data_cannot_be_counted() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let admin = office.enter(&desk, "admin").await;
    office.raw("ALTER TABLE figure_hold RENAME TO figure_hold_away");
    let page = desk.get("/console/channels", &admin).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("目前无法统计用电数据"));
    assert!(!page.text.contains("data-standing") && page.text.contains("/closings"));
    office.raw("ALTER TABLE figure_hold_away RENAME TO figure_hold");
    let page = desk.get("/console/channels", &admin).await.text;
    assert!(page.contains("data-standing") && !page.contains("目前无法统计"));
}

/// Requests that came at a moment and ended so.
async fn came(office: &Office, at: Time, from: (Channel, Terminal), ended: &[(Outcome, i64)]) {
    let mut batch = Batch::default();
    for (outcome, n) in ended {
        let sample = Sample {
            at,
            function: 4,
            channel: from.0,
            terminal: from.1,
            outcome: *outcome,
            micros: 1,
            person: None,
            refusal: None,
        };
        for _ in 0..*n {
            batch.add(&sample, "1504");
        }
    }
    let batch = &batch;
    atomically(&*office.store, async |tx: &mut Tx| {
        tx.insight().add("r", batch).await?;
        Ok::<_, StoreError>(())
    })
    .await
    .unwrap();
}

/// The rows of the first table of a page that stands in a part of it, each as its cells.
fn rows(page: &str, from: &str) -> Vec<Vec<String>> {
    let part = page.split(from).nth(1).unwrap_or_default();
    let body = part.split("<tbody>").nth(1).unwrap_or_default();
    let body = body.split("</tbody>").next().unwrap();
    let cells = |row: &str| -> Vec<String> {
        let each = row.split("</t").filter_map(|cell| cell.rsplit_once('>'));
        let each = each.map(|(_, text)| text.trim().to_owned());
        each.filter(|text| !text.is_empty()).collect()
    };
    let each = body.split("<tr>").skip(1);
    each.map(cells).collect()
}

#[actix_web::test]
async fn ec_15_a_month_that_is_over_is_scored_once_and_terminals_by_the_same_rule() {
    const DAY_S: i64 = 86_400;
    let office = Office::new().await;
    let ended = [
        (Outcome::Done, 800),
        (Outcome::Refused, 100),
        (Outcome::Limited, 40),
        (Outcome::Failed, 60),
    ];
    let then = office.clock.now();
    let month = then.shanghai_date()[..7].to_owned();
    came(&office, then, (Channel::H5, Terminal::Desk), &ended).await;
    while office.clock.now().shanghai_date()[..7] == month {
        office.pass(DAY_S);
    }
    let score = ScoreMonths(office.channels());
    score.run(office.clock.now()).await.unwrap();
    // What is found of that month later does not change its score, nor does the task when it comes again.
    came(&office, then, (Channel::H5, Terminal::Phone), &ended[3..]).await;
    score.run(office.clock.now()).await.unwrap();
    let scores = "SELECT COUNT(*) FROM channel_score";
    assert_eq!(office.counted(scores), 1, "nobody came by another channel");
    let now = office.clock.now();
    came(
        &office,
        now,
        (Channel::H5, Terminal::Desk),
        &[(Outcome::Done, 9)],
    )
    .await;
    let desk = office.desk().await;
    let auditor = office.enter(&desk, "auditor").await;
    let page = desk.get("/console/channels", &auditor).await.text;
    let running = now.shanghai_date()[..7].to_owned();
    let (month, running) = (month.as_str(), running.as_str());
    let own =
        |cells: &[&str]| -> Vec<String> { cells.iter().map(|&cell| cell.to_owned()).collect() };
    assert_eq!(
        rows(&page, "id=\"way-h5\""),
        [
            own(&[running, "9", "100.0 %", "100.0 %", "100"]),
            own(&[month, "1000", "90.0 %", "88.8 %", "90"]),
        ]
    );
    let (desk_word, phone_word) = ("营业厅自助终端（登录 15 分钟后失效）", "手机浏览器");
    assert_eq!(
        rows(&page, "id=\"terminals-h5\""),
        [
            own(&[desk_word, running, "9", "100.0 %", "100.0 %", "100"]),
            own(&[desk_word, month, "1000", "90.0 %", "88.8 %", "90"]),
            own(&[phone_word, month, "60", "0.0 %", "0.0 %", "0"]),
        ]
    );
    assert!(!page.contains("id=\"terminals-mini\""), "nobody came by it");
}

#[actix_web::test]
async fn ec_15_the_data_of_electricity_use_is_monitored_and_assessed_on_the_page() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let auditor = office.enter(&desk, "auditor").await;
    let page = desk.get("/console/channels", &auditor).await.text;
    let told = |page: &str| -> Vec<String> {
        let each = rows(page, "id=\"data-standing\"").into_iter();
        each.map(|mut row| row.pop().unwrap()).collect()
    };
    assert_eq!(told(&page), ["0", "0", "0", "—", "0", "0 / 0", "0 / 0"]);
    let now = office.clock.now().micros();
    let day = 86_400_000_000;
    let link = |n: i64| {
        format!(
            "INSERT INTO binding (binding_id, account_id, home_index, consumer_no, role, holder_version, frozen, signboard, \
             created_at, version) VALUES ('b-{n}', 'a-{n}', 'h-{n}', '', 'payer_only', 0, 0, '', {now}, 1);"
        )
    };
    let copy = |n: i64, asked: i64| {
        format!(
            "INSERT INTO figure (home_index, holder_version, kind, period, body, asked_at) \
             VALUES ('f-{n}', 0, 'arrears', '', '', {asked});"
        )
    };
    let doubt = |n: i64, kind: &str, opened: i64, closed: &str| {
        format!(
            "INSERT INTO case_file (case_id, kind, cause, subject, facts, opened_at, trace_id, closed_at) \
             VALUES ('c-{n}', '{kind}', 'c-{n}', 's', '{{}}', {opened}, 't', {closed});"
        )
    };
    let mut text = "PRAGMA foreign_keys = OFF;".to_owned();
    text.extend((1..=4).map(link));
    text.push_str(&copy(1, now));
    text.push_str(&copy(2, now - 2 * day));
    text.push_str(&doubt(1, "bill_flagged", now - 40 * day, "NULL"));
    text.push_str(&doubt(2, "bill_flagged", now, "NULL"));
    text.push_str(&doubt(3, "reading_refused", now - day, &now.to_string()));
    text.push_str(&format!(
        "INSERT INTO figure_hold (home_digest, case_id, since) VALUES ('d', 'c-2', {now});"
    ));
    office.raw(&text);
    let page = desk.get("/console/channels", &auditor).await.text;
    assert_eq!(
        told(&page),
        ["1", "1", "2", "25.0 %", "1", "2 / 1", "0 / 1"]
    );
}
