//! What is asked of a kind of terminal (EC-14): whatever staff set holds for it within the next look, and for no other.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::middleware::from_fn;
use actix_web::test::TestRequest;
use actix_web::{App, test, web};
use lifeline_gateway::edge::switchboard::{Switchboard, Switching};
use lifeline_gateway::listeners::line;
use lifeline_gateway::listeners::outermost::{addressed, traced};

use crate::office::{Desk, Office};

const LIBRARY: &str = "Mozilla/5.0 (Windows NT 10.0)";
const MINI: &str = "Mozilla/5.0 AlipayClient/10.5";
const PHONE: &str = "Mozilla/5.0 (Linux; Android 14) Chrome/130 Mobile Safari/537";
/// Why a guard is changed.
const WHY: (&str, &str) = ("reason", "too many at once");

async fn guard(office: &Office, desk: &Desk, cookie: &str, at: &str, form: &[(&str, &str)]) -> u16 {
    let mark = office.mark(desk, cookie).await;
    let mut whole = vec![("mark", mark.as_str())];
    whole.extend_from_slice(form);
    if !form.iter().any(|(name, _)| *name == "reason") {
        whole.push(WHY);
    }
    let path = format!("/console/terminals/{at}/guard");
    desk.post(&path, cookie, &whole).await.status.as_u16()
}

async fn each_kind_has_its_form(desk: &Desk, admin: &str) {
    let page = desk.get("/console/channels", admin).await;
    for kind in ["mini", "phone", "computer", "desk", "program"] {
        let form = format!("action=\"/console/terminals/{kind}/guard\"");
        assert!(page.text.contains(&form), "{kind}");
    }
}

async fn what_is_not_taken(office: &Office, desk: &Desk, admin: &str, reads: &[(&str, &str)]) {
    for (at, form, status) in [
        ("fax", reads.to_vec(), 404),
        ("computer", vec![("takes", "all"), ("per_minute", "")], 422),
        (
            "computer",
            vec![("takes", "reads"), ("per_minute", ""), ("reason", "abc")],
            422,
        ),
        (
            "computer",
            vec![("takes", "reads"), ("per_minute", ""), ("reason", "     ")],
            422,
        ),
        (
            "computer",
            vec![("takes", "reads"), ("per_minute", "0")],
            422,
        ),
        (
            "computer",
            vec![("takes", "reads"), ("per_minute", "1000001")],
            422,
        ),
        (
            "computer",
            vec![("takes", "everything"), ("per_minute", "1000000")],
            303,
        ),
    ] {
        assert_eq!(
            guard(office, desk, admin, at, &form).await,
            status,
            "{form:?}"
        );
    }
}

#[actix_web::test]
async fn ec_14_a_kind_of_terminal_is_held_to_what_staff_ask_of_it_and_no_other_is() {
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
    let ask = async |agent: &str| {
        switching.look().await;
        let request = TestRequest::get()
            .uri("/v1/outlets")
            .peer_addr("127.0.0.1:40000".parse().unwrap());
        let request = request.insert_header((header::USER_AGENT, agent));
        test::call_service(&app, request.to_request())
            .await
            .status()
            .as_u16()
    };
    let admin = office.enter(&desk, "admin").await;
    each_kind_has_its_form(&desk, &admin).await;
    let nothing = [("takes", "nothing"), ("per_minute", "")];
    let reads = [("takes", "reads"), ("confirms", "yes"), ("per_minute", "2")];
    assert_eq!(ask(LIBRARY).await, 200);
    assert_eq!(
        guard(&office, &desk, &admin, "computer", &nothing).await,
        303
    );
    assert_eq!(ask(LIBRARY).await, 403);
    assert_eq!(
        ask(PHONE).await,
        200,
        "another kind through the same channel"
    );
    assert_eq!(ask(MINI).await, 200);
    assert_eq!(guard(&office, &desk, &admin, "computer", &reads).await, 303);
    assert_eq!(ask(LIBRARY).await, 200);
    assert_eq!(ask(LIBRARY).await, 200);
    assert_eq!(ask(LIBRARY).await, 429, "n + 1");
    assert_eq!(ask(PHONE).await, 200);
    assert_eq!(
        office.audited("channels.guard"),
        ["nothing/usual/unlimited", "reads/confirms/2"]
    );
    let kept = desk.get("/console/channels", &admin).await.text;
    assert!(kept.contains("value=\"reads\" selected"), "{kept}");
    let changed = kept.split("id=\"changes\"").nth(1).unwrap_or_default();
    let newest = changed.split("</li>").next().unwrap_or_default();
    assert!(
        newest.contains("不提供服务") && newest.contains("→ 仅查询 · 每笔缴费都须短信确认"),
        "{changed}"
    );
    assert_eq!(changed.matches("too many at once").count(), 2, "{changed}");
    what_is_not_taken(&office, &desk, &admin, &reads).await;
    let auditor = office.enter(&desk, "auditor").await;
    assert_eq!(
        guard(&office, &desk, &auditor, "computer", &reads).await,
        403
    );
}
