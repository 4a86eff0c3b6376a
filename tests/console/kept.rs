//! What was typed while the session ended comes back to whoever typed it, once, and to nobody else (LN-55).

use actix_web::http::header;
use actix_web::test::TestRequest;
use lifeline_core::accounts::Secret;
use lifeline_core::operators::kept::{KEPT_BYTES_MAX, KEPT_S, KeptForm};
use lifeline_core::operators::session::{ABSOLUTE_S, IDLE_S};
use lifeline_core::operators::{Role, Scope};

use crate::customers::household;
use crate::forms::escaped;
use crate::office::{Desk, Office};
use crate::publishing::base64_png;

const SAID: &str = "客户来电，要求 <b>暂停</b>\r\n\"今天\" & 100 %";

/// Signs in: the cookie, and where it leads.
async fn entered(office: &Office, desk: &Desk, login: &str) -> (String, String) {
    let code = office.fresh_code(login);
    let given = office.given(login);
    let form = [
        ("login", login),
        ("password", given.password.expose()),
        ("code", code.as_str()),
    ];
    let shown = desk.post("/console/sign-in", "", &form).await;
    assert_eq!(shown.status, 303, "{}", shown.text);
    (shown.cookie().unwrap(), shown.goes_to().to_owned())
}

async fn kept(office: &Office, login: &str) -> Option<KeptForm> {
    let everybody = office.operators.everybody().await.unwrap();
    let mut found = everybody
        .into_iter()
        .filter(|one| one.login.as_str() == login);
    let staff = found.next().unwrap();
    office.operators.kept_form(&staff.staff_id).await.unwrap()
}

/// A form that is sent when its session has been idle too long: where it leads.
async fn sent_late(office: &Office, desk: &Desk, who: &str, form: &[(&str, &str)]) -> String {
    let (login, path) = who.split_once(' ').unwrap();
    let cookie = office.enter(desk, login).await;
    let mark = office.mark(desk, &cookie).await;
    office.pass(IDLE_S);
    let mut whole = vec![("mark", mark.as_str())];
    whole.extend_from_slice(form);
    let shown = desk.post(path, &cookie, &whole).await;
    assert_eq!(shown.status, 303, "{}", shown.text);
    assert!(shown.cookie().is_none(), "nothing of it in a cookie");
    shown.goes_to().to_owned()
}

#[actix_web::test]
async fn ln_55_what_was_typed_when_the_session_ended_comes_back_to_whoever_typed_it_alone() {
    let office = Office::new().await;
    let (id, _) = household(&office).await;
    let desk = office.desk().await;
    office.hire("chen", Role::Support, Scope::Everywhere).await;
    let path = format!("/console/customers/{id}/functions/pay");
    let form = [("wanted", "suspended"), ("reason", SAID)];
    let to = sent_late(&office, &desk, &format!("support {path}"), &form).await;
    assert_eq!(to, "/console/sign-in?kept=1", "nothing of it in an address");
    assert!(desk.get(&to, "").await.text.contains("填写的内容已保留"));
    let proposed = || office.audited("customers.propose_function").len();
    assert_eq!(proposed(), 0);

    // A colleague who signs in there finds nothing of it.
    let (chen, led) = entered(&office, &desk, "chen").await;
    assert_eq!(led, "/console");
    let nothing = desk.get("/console/kept", &chen).await;
    assert_eq!(
        (nothing.status.as_u16(), nothing.goes_to()),
        (303, "/console")
    );

    let (support, led) = entered(&office, &desk, "support").await;
    assert_eq!(led, "/console/kept");
    let today = desk.get("/console", &support).await.text;
    assert!(today.contains("href=\"/console/kept\""), "{today}");
    // Looked at twice: a reload loses nothing, and nothing is carried out by itself.
    for _ in 0..2 {
        let page = desk.get(&led, &support).await.text;
        for told in [
            format!("action=\"{path}\""),
            "name=\"wanted\" value=\"suspended\"".to_owned(),
            "提出功能变更".to_owned(),
            escaped(SAID),
        ] {
            assert!(page.contains(&told), "{told}: {page}");
        }
        assert!(!page.contains("<b>暂停"));
    }
    assert_eq!(proposed(), 0);

    let mark = office.mark(&desk, &support).await;
    let again = [
        ("mark", mark.as_str()),
        ("wanted", "suspended"),
        ("reason", SAID),
        ("kept_form", "1"),
    ];
    let shown = desk.post(&path, &support, &again).await;
    assert_eq!(shown.status, 303, "{}", shown.text);
    assert_eq!(proposed(), 1);
    assert_eq!(desk.get(&led, &support).await.goes_to(), "/console");
    assert_eq!(entered(&office, &desk, "support").await.1, "/console");
}

#[actix_web::test]
async fn ln_55_a_kept_form_is_gone_in_an_hour_at_a_word_and_at_sign_out() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let gift = [("title", "折叠雨伞"), ("points", "8"), ("stock", "3")];
    let late = async || {
        let to = sent_late(&office, &desk, "admin /console/points", &gift).await;
        assert_eq!(to, "/console/sign-in?kept=1");
    };
    late().await;
    office.pass(KEPT_S - 1);
    assert!(kept(&office, "admin").await.is_some());
    office.pass(1);
    assert!(kept(&office, "admin").await.is_none(), "an hour");

    late().await;
    let (admin, led) = entered(&office, &desk, "admin").await;
    assert_eq!(led, "/console/kept");
    let mark = office.mark(&desk, &admin).await;
    let form = [("mark", mark.as_str())];
    let shown = desk.post("/console/kept", &admin, &form).await;
    assert_eq!(shown.goes_to(), "/console?said=said.form_dropped");
    assert!(kept(&office, "admin").await.is_none(), "thrown away");

    late().await;
    let (admin, _) = entered(&office, &desk, "admin").await;
    let mark = office.mark(&desk, &admin).await;
    let form = [("mark", mark.as_str())];
    desk.post("/console/sign-out", &admin, &form).await;
    assert!(kept(&office, "admin").await.is_none(), "signed out");
    // Whoever left keeps nothing by the cookie they had.
    let mut form = vec![("mark", mark.as_str())];
    form.extend_from_slice(&gift);
    let shown = desk.post("/console/points", &admin, &form).await;
    assert_eq!(shown.goes_to(), "/console/sign-in");
    assert!(kept(&office, "admin").await.is_none());
}

#[actix_web::test]
async fn ln_55_only_what_a_page_of_that_session_made_is_kept_and_never_a_code() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let new = [
        ("login", "somebody-new"),
        ("person", "P-17"),
        ("role", "support"),
        ("scope", "*"),
        ("code", "13579-of-a-phone"),
    ];
    let to = sent_late(&office, &desk, "admin /console/staff", &new).await;
    assert_eq!(to, "/console/sign-in?kept=1");
    let (admin, led) = entered(&office, &desk, "admin").await;
    let page = desk.get(&led, &admin).await.text;
    assert!(page.contains("value=\"somebody-new\"") && page.contains("name=\"code\""));
    assert!(!page.contains("13579-of-a-phone"));
    let form = kept(&office, "admin").await.unwrap();
    assert!(
        !form.fields.expose().contains("13579-of-a-phone")
            && !form.fields.expose().contains("mark")
    );
    office.operators.drop_form(&form.staff_id).await.unwrap();

    // Where nothing was typed but a code there is nothing to come back.
    let code = [("code", "13579-of-a-phone")];
    let to = sent_late(&office, &desk, "admin /console/staff/chen/end", &code).await;
    assert_eq!(to, "/console/sign-in");

    let cookie = office.enter(&desk, "admin").await;
    office.pass(IDLE_S);
    for mark in ["", "x"] {
        let form = [("mark", mark), ("title", "planted"), ("points", "8")];
        let shown = desk.post("/console/points", &cookie, &form).await;
        assert_eq!(shown.goes_to(), "/console/sign-in");
    }
    let token = Secret::new(cookie.split_once('=').unwrap().1.to_owned());
    for (bytes, fits) in [(KEPT_BYTES_MAX, true), (KEPT_BYTES_MAX + 1, false)] {
        let fields = Secret::new("x".repeat(bytes));
        let was = office
            .operators
            .keep_form(&token, "/console/points", fields);
        assert_eq!(was.await.unwrap(), fits, "{bytes}");
    }
}

#[actix_web::test]
async fn ln_55_a_browser_still_holds_the_cookie_of_a_session_that_is_over_and_a_form_is_kept_by_it()
{
    let office = Office::new().await;
    let desk = office.desk().await;
    let (code, given) = (office.fresh_code("admin"), office.given("admin"));
    let form = [
        ("login", "admin"),
        ("password", given.password.expose()),
        ("code", code.as_str()),
    ];
    let shown = desk.post("/console/sign-in", "", &form).await;
    let set = shown.headers.get("set-cookie").unwrap().to_str().unwrap();
    let life = set
        .split("; ")
        .find_map(|part| part.strip_prefix("Max-Age="));
    let life_s: i64 = life.unwrap().parse().unwrap();
    assert!(life_s > ABSOLUTE_S, "{life_s}");
    let cookie = shown.cookie().unwrap();
    let mark = office.mark(&desk, &cookie).await;
    let mut age = 0;
    while age + IDLE_S - 1 < ABSOLUTE_S {
        office.pass(IDLE_S - 1);
        age += IDLE_S - 1;
        assert_eq!(desk.get("/console", &cookie).await.status, 200, "{age}");
    }
    office.pass(ABSOLUTE_S - age);
    let gift = [
        ("mark", mark.as_str()),
        ("title", "折叠雨伞"),
        ("points", "8"),
        ("stock", "3"),
    ];
    let late = desk.post("/console/points", &cookie, &gift).await;
    assert_eq!(late.goes_to(), "/console/sign-in?kept=1");
    assert!(kept(&office, "admin").await.is_some());
    assert_eq!(desk.get("/console", &cookie).await.status, 303, "over");
}

/// A file that is sent to the pictures, `again` by the page of what was not kept.
fn upload(cookie: &str, mark: &str, file: (&str, &[u8]), again: bool) -> TestRequest {
    let field = |name: &str, value: &str| {
        format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let (name, bytes) = file;
    let head = format!(
        "--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: image/png\r\n\r\n"
    );
    let led = if again {
        field("kept_form", "1")
    } else {
        String::new()
    };
    let mut body = [field("mark", mark), led, head].concat().into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--cut--\r\n");
    TestRequest::post()
        .uri("/console/pictures")
        .insert_header((header::COOKIE, cookie))
        .insert_header((header::CONTENT_TYPE, "multipart/form-data; boundary=cut"))
        .set_payload(body)
}

#[actix_web::test]
async fn ln_55_a_file_that_was_not_kept_is_named_to_whoever_sent_it_and_chosen_again() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let large = vec![7_u8; 1_000_000];
    let late = async |mark: Option<&str>| {
        let cookie = office.enter(&desk, "publisher").await;
        let own = office.mark(&desk, &cookie).await;
        office.pass(IDLE_S);
        let file = ("检修 <b>.png", large.as_slice());
        let sent = upload(&cookie, mark.unwrap_or(&own), file, false);
        let shown = desk.send(sent).await;
        assert_eq!(shown.goes_to(), "/console/sign-in", "nothing is promised");
    };
    late(Some("x")).await;
    assert!(kept(&office, "publisher").await.is_none(), "of no page");
    late(None).await;
    let form = kept(&office, "publisher").await.unwrap();
    assert!(form.fields.expose().len() < 200, "its name alone");

    let (cookie, led) = entered(&office, &desk, "publisher").await;
    assert_eq!(led, "/console/kept");
    let page = desk.get(&led, &cookie).await.text;
    for told in [
        "没有保留",
        "检修 &#60;b&#62;.png",
        "action=\"/console/pictures\"",
        "type=\"file\"",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let mark = office.mark(&desk, &cookie).await;
    let png = base64_png();
    let again = upload(&cookie, &mark, ("a.png", &png), true);
    let taken = desk.send(again).await;
    assert!(taken.goes_to().starts_with("/console/pictures?taken="));
    assert!(kept(&office, "publisher").await.is_none());

    // What was typed does not give way to it.
    let gone = [("kind", "news"), ("title", "供暖季检修")];
    sent_late(&office, &desk, "publisher /console/articles", &gone).await;
    late(None).await;
    let form = kept(&office, "publisher").await.unwrap();
    assert_eq!(form.action, "/console/articles");
}
