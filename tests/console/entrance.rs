//! Getting in, staying, being let go.

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use lifeline_core::accounts::passwords::Password;
use lifeline_core::operators::session::{ABSOLUTE_S, IDLE_S};
use lifeline_core::operators::staff::{FAILURES_MAX, LOCKED_S};
use lifeline_core::operators::{By, Role, Scope, Shown};

use crate::office::{Desk, Office};

async fn try_in(desk: &Desk, login: &str, password: &str, code: &str) -> StatusCode {
    let form = [("login", login), ("password", password), ("code", code)];
    desk.post("/console/sign-in", "", &form).await.status
}

#[actix_web::test]
async fn ln_55_a_code_is_taken_once() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let given = office.given("finance");
    let (password, code) = (given.password.expose().to_owned(), office.code(&given));
    let first = try_in(&desk, "finance", &password, &code).await;
    assert_eq!(first, StatusCode::SEE_OTHER);
    let again = try_in(&desk, "finance", &password, &code).await;
    assert_eq!(again, StatusCode::UNAUTHORIZED);
    assert_eq!(office.audited("operators.enter"), ["ok", "wrong_code"]);
}

#[actix_web::test]
async fn ln_55_five_wrong_tries_close_a_login_for_a_while() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let given = office.given("finance");
    let right = given.password.expose().to_owned();
    for _ in 1..FAILURES_MAX {
        let status = try_in(&desk, "finance", "not this one", &office.code(&given)).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    // At n - 1 it is open still; a right sign-in begins the count anew.
    let open = try_in(&desk, "finance", &right, &office.code(&given)).await;
    assert_eq!(open, StatusCode::SEE_OTHER);
    office.pass(60);
    for _ in 0..FAILURES_MAX {
        try_in(&desk, "finance", "not this one", &office.code(&given)).await;
    }
    let closed = try_in(&desk, "finance", &right, &office.code(&given)).await;
    assert_eq!(closed, StatusCode::UNAUTHORIZED);
    assert_eq!(
        office.audited("operators.enter").last().map(String::as_str),
        Some("locked")
    );
    office.pass(LOCKED_S);
    let after = try_in(&desk, "finance", &right, &office.code(&given)).await;
    assert_eq!(after, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn ln_55_wrong_passwords_close_a_login_where_they_are_tried_and_not_for_its_owner() {
    let office = Office::new().await;
    let given = office.given("finance");
    let right = given.password.expose();
    let enters = async |password: &str, code: &str, source: &str| {
        let shown = Shown {
            login: "finance",
            password: Password::typed(password.to_owned()).unwrap(),
            code,
        };
        let entered = office.operators.enter(shown, source, "trace").await;
        entered.is_ok()
    };
    let (there, here) = ("192.0.2.7", "198.51.100.7");
    for _ in 0..FAILURES_MAX {
        assert!(!enters("not this one", &office.code(&given), there).await);
    }
    assert!(!enters(right, &office.code(&given), there).await);
    assert!(
        enters(right, &office.code(&given), here).await,
        "its owner gets in from elsewhere"
    );
    // Who knows the password guesses codes: that closes it everywhere.
    office.pass(60);
    let code = office.code(&given);
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..FAILURES_MAX {
        assert!(!enters(right, wrong, there).await);
    }
    assert!(!enters(right, &code, here).await);
    office.pass(LOCKED_S);
    assert!(enters(right, &office.code(&given), here).await);
}

#[actix_web::test]
async fn ln_55_behind_a_trusted_proxy_each_pc_is_a_place_of_its_own_and_behind_another_none_is() {
    let office = Office::new().await;
    let given = office.given("finance");
    // Every request of a desk comes from 127.0.0.1.
    for (hop, believed) in [("127.0.0.1", true), ("10.0.0.9", false)] {
        let desk = office.desk_behind(&[hop.parse().unwrap()]).await;
        let from = async |client: &str, password: &str| {
            let code = office.code(&given);
            let form = [
                ("login", "finance"),
                ("password", password),
                ("code", code.as_str()),
            ];
            let request = TestRequest::post()
                .uri("/console/sign-in")
                .insert_header(("x-forwarded-for", client));
            desk.send(request.set_form(&form[..])).await.status
        };
        let (there, here) = ("192.0.2.7", "198.51.100.7");
        for _ in 0..FAILURES_MAX {
            let status = from(there, "not this one").await;
            assert_eq!(status, StatusCode::UNAUTHORIZED);
        }
        let right = given.password.expose();
        let closed = from(there, right).await;
        assert_eq!(closed, StatusCode::UNAUTHORIZED, "{hop}");
        let owner = from(here, right).await;
        let gets_in = owner == StatusCode::SEE_OTHER;
        assert_eq!(gets_in, believed, "{hop}: {owner}");
        let noted = "SELECT COUNT(*) FROM audit_line WHERE act = 'operators.enter' AND source = '192.0.2.7'";
        // What is written down is the PC that asked: of the first desk alone.
        assert_eq!(office.counted(noted), FAILURES_MAX + 1, "{hop}");
        office.pass(LOCKED_S);
    }
}

#[actix_web::test]
async fn ln_55_a_login_that_is_nobodys_costs_the_work_of_a_wrong_password() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let done = || {
        let noted = "SELECT COUNT(*) FROM attempt_value WHERE guard = 'staff_from_place'";
        let counted =
            "SELECT COALESCE(SUM(tally), 0) FROM attempt WHERE guard = 'staff_from_place'";
        (office.counted(noted), office.counted(counted))
    };
    let mut before = done();
    for login in ["finance", "nobody", "No Login"] {
        let status = try_in(&desk, login, "not this one", "000000").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        let after = done();
        assert_eq!(after, (before.0 + 1, before.1 + 1), "{login}");
        before = after;
    }
}

#[actix_web::test]
async fn ln_55_nobodys_login_is_refused_like_a_wrong_password() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let form = |login| [("login", login), ("password", "x"), ("code", "000000")];
    let nobody = desk.post("/console/sign-in", "", &form("nobody")).await;
    let somebody = desk.post("/console/sign-in", "", &form("finance")).await;
    let same = |text: &str| text.replace("nobody", "finance");
    assert_eq!(same(&nobody.text), somebody.text);
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn ln_55_a_session_ends_by_idleness_by_age_and_by_leaving() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let is_in = async |cookie: &str| desk.get("/console", cookie).await.status == StatusCode::OK;
    let idle = office.enter(&desk, "support").await;
    office.pass(IDLE_S - 1);
    assert!(is_in(&idle).await);
    office.pass(IDLE_S);
    assert!(!is_in(&idle).await);

    let old = office.enter(&desk, "support").await;
    let mut age = 0;
    while age + IDLE_S - 1 < ABSOLUTE_S {
        office.pass(IDLE_S - 1);
        age += IDLE_S - 1;
        assert!(is_in(&old).await, "{age}");
    }
    office.pass(ABSOLUTE_S - age);
    assert!(!is_in(&old).await);

    let cookie = office.enter(&desk, "support").await;
    let mark = office.mark(&desk, &cookie).await;
    desk.post("/console/sign-out", &cookie, &[("mark", &mark)])
        .await;
    assert!(!is_in(&cookie).await);
}

#[actix_web::test]
async fn ln_55_a_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let given = office.given("admin");
    let code = office.code(&given);
    let form = [
        ("login", "admin"),
        ("password", given.password.expose()),
        ("code", code.as_str()),
    ];
    let shown = desk.post("/console/sign-in", "", &form).await;
    let cookie = shown.headers.get("set-cookie").unwrap().to_str().unwrap();
    for word in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/;"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    // Another host of the domain could set the plain name: it opens nothing.
    let named = cookie.split(';').next().unwrap();
    let plain = named.strip_prefix("__Host-").unwrap();
    assert_eq!(desk.get("/console", named).await.status, 200);
    assert_ne!(desk.get("/console", plain).await.status, 200);
}

#[actix_web::test]
async fn ec_19_an_administrator_adds_changes_and_ends_people() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let cookie = office.enter(&desk, "admin").await;
    let mark = office.mark(&desk, &cookie).await;
    let new = |login: &'static str, role: &'static str, scope: &'static str| {
        [
            ("mark", mark.clone()),
            ("login", login.into()),
            ("person", "P-1504".into()),
            ("role", role.into()),
            ("scope", scope.into()),
            ("code", office.fresh_code("admin")),
        ]
    };
    let post = async |path: &str, form: &[(&str, String)]| {
        let form: Vec<(&str, &str)> = form.iter().map(|(k, v)| (*k, v.as_str())).collect();
        desk.post(path, &cookie, &form).await
    };
    let made = post("/console/staff", &new("zhao.lei", "support", "1504")).await;
    assert_eq!(made.status, StatusCode::OK);
    // One half: the codes are another administrator's to hand over (`two_halves`).
    assert!(made.text.contains("zhao.lei") && !made.text.contains("otpauth"));
    let taken = post("/console/staff", &new("zhao.lei", "support", "1504")).await;
    assert_eq!(taken.status, StatusCode::CONFLICT);
    for bad in [
        new("<b>x</b>", "support", "*"),
        new("qian", "emperor", "*"),
        new("qian", "support", "everywhere"),
    ] {
        let refused = post("/console/staff", &bad).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!refused.text.contains("<b>x"));
    }
    let standing = [
        ("mark", mark.clone()),
        ("role", "auditor".into()),
        ("scope", "*".into()),
        ("code", office.fresh_code("admin")),
    ];
    let changed = post("/console/staff/zhao.lei/change", &standing).await;
    assert!(changed.goes_to().starts_with("/console/staff?said="));
    let shown = || [("mark", mark.clone()), ("code", office.fresh_code("admin"))];
    let ended = post("/console/staff/zhao.lei/end", &shown()).await;
    assert_eq!(ended.status, StatusCode::SEE_OTHER);
    // Nobody lifts or ends themselves, and that is noted.
    let oneself = post("/console/staff/admin/end", &shown()).await;
    assert_eq!(oneself.status, StatusCode::CONFLICT);
    assert!(
        office
            .audited("operators.end")
            .contains(&"oneself".to_owned())
    );
}

#[actix_web::test]
async fn ec_19_who_is_reset_or_ended_is_out_at_once() {
    let office = Office::new().await;
    let desk = office.desk().await;
    office.hire("chen", Role::Admin, Scope::Everywhere).await;
    office.hire("second", Role::Admin, Scope::Everywhere).await;
    let chen = office.enter(&desk, "chen").await;
    let cookie = office.enter(&desk, "admin").await;
    let mark = office.mark(&desk, &cookie).await;
    let code = office.fresh_code("admin");
    let form = [("mark", mark.as_str()), ("code", code.as_str())];
    let reset = desk.post("/console/staff/chen/reset", &cookie, &form).await;
    assert_eq!(reset.status, StatusCode::OK);
    assert_eq!(
        desk.get("/console", &chen).await.status,
        StatusCode::SEE_OTHER
    );
    let old = office.given("chen");
    let status = try_in(&desk, "chen", old.password.expose(), &office.code(&old)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "the old proofs are over");
}

#[actix_web::test]
async fn m3_11_proofs_are_handed_out_for_a_code_of_ones_own_only() {
    let office = Office::new().await;
    let desk = office.desk().await;
    office.hire("chen", Role::Reviewer, Scope::Everywhere).await;
    let admin = office.enter(&desk, "admin").await;
    let mark = office.mark(&desk, &admin).await;
    // The one that was taken to sign in, one of another person, and none.
    let used = office.code(&office.given("admin"));
    let others = office.code(&office.given("finance"));
    for code in [used.as_str(), others.as_str()] {
        let new = [
            ("mark", mark.as_str()),
            ("login", "second.self"),
            ("person", "P-17"),
            ("role", "reviewer"),
            ("scope", "*"),
            ("code", code),
        ];
        let made = desk.post("/console/staff", &admin, &new).await;
        assert_eq!(made.status, StatusCode::CONFLICT);
        let reset = [("mark", mark.as_str()), ("code", code)];
        let reset = desk.post("/console/staff/chen/reset", &admin, &reset);
        assert_eq!(reset.await.status, StatusCode::CONFLICT);
    }
    let none = [("mark", mark.as_str())];
    let none = desk.post("/console/staff/chen/reset", &admin, &none);
    assert_eq!(none.await.status, StatusCode::BAD_REQUEST);
    office.enter(&desk, "chen").await;
    let people = office.operators.everybody().await.unwrap();
    let second = people
        .iter()
        .find(|one| one.login.as_str() == "second.self");
    assert!(second.is_none());
    let added = office.audited("operators.add");
    let refused = added.iter().filter(|said| *said == "fault.step_up");
    assert_eq!(refused.count(), 2);
}

#[actix_web::test]
async fn ln_55_who_is_changed_reset_or_ended_is_out_on_every_node_with_the_next_request() {
    let office = Office::new().await;
    // Two nodes of one installation: what they share is the store.
    let (here, there) = (office.desk().await, office.desk().await);
    office.hire("chen", Role::Support, Scope::Everywhere).await;
    office.hire("second", Role::Admin, Scope::Everywhere).await;
    let admin = office.enter(&here, "admin").await;
    let mark = office.mark(&here, &admin).await;
    let act = async |what: &str, more: &[(&str, &str)]| {
        let mut form = vec![("mark", mark.as_str())];
        form.extend_from_slice(more);
        let path = format!("/console/staff/chen/{what}");
        let status = here.post(&path, &admin, &form).await.status;
        assert!(
            status == StatusCode::SEE_OTHER || status == StatusCode::OK,
            "{what}: {status}"
        );
    };
    for what in ["change", "reset", "end"] {
        let chen = office.enter(&there, "chen").await;
        let code = office.fresh_code("admin");
        let more = [("code", &*code), ("role", "reviewer"), ("scope", "*")];
        let more = if what == "change" {
            &more[..]
        } else {
            &more[..1]
        };
        for node in [&here, &there] {
            let served = node.get("/console", &chen).await.status;
            assert_eq!(served, StatusCode::OK, "before: {what}");
        }
        act(what, more).await;
        for node in [&here, &there] {
            let out = node.get("/console", &chen).await.status;
            assert_eq!(out, StatusCode::SEE_OTHER, "{what}");
        }
        if what == "reset" {
            // The proofs that the administrator was shown are not known here: they are made anew.
            let login = office.given("chen").login.clone();
            let given = office.operators.reset(&login, By::CommandLine).await;
            office.know(given.unwrap());
        }
    }
}

#[actix_web::test]
async fn ln_55_a_login_that_is_closed_by_wrong_tries_opens_on_no_node_and_throws_nobody_out() {
    let office = Office::new().await;
    let (here, there) = (office.desk().await, office.desk().await);
    let working = office.enter(&here, "finance").await;
    office.pass(60);
    let given = office.given("finance");
    for _ in 0..FAILURES_MAX {
        try_in(&there, "finance", "not this one", &office.code(&given)).await;
    }
    for node in [&here, &there] {
        let right = given.password.expose();
        let closed = try_in(node, "finance", right, &office.code(&given)).await;
        assert_eq!(closed, StatusCode::UNAUTHORIZED);
        // Who tries a colleague's login must not be able to end their work.
        let served = node.get("/console", &working).await.status;
        assert_eq!(served, StatusCode::OK);
    }
}

#[actix_web::test]
async fn ln_55_signing_in_leads_on_to_the_page_that_was_asked_for_and_nowhere_else() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let asked = "/console/cases?queue=money";
    let shown = desk.get(asked, "").await;
    assert_eq!(
        shown.goes_to(),
        "/console/sign-in?to=%2Fconsole%2Fcases%3Fqueue%3Dmoney"
    );
    let page = desk.get(shown.goes_to(), "").await;
    assert!(
        page.text
            .contains(&format!("name=\"to\" value=\"{asked}\""))
    );
    for (to, led) in [
        (asked, asked),
        ("", "/console"),
        ("https://evil.example/console", "/console"),
        ("//evil.example/console/cases", "/console"),
        ("/console/sign-out", "/console"),
        ("/console/cases?x=\r\nset-cookie: a=b", "/console"),
    ] {
        let given = office.given("finance");
        let code = office.fresh_code("finance");
        let form = [
            ("login", "finance"),
            ("password", given.password.expose()),
            ("code", code.as_str()),
            ("to", to),
        ];
        let shown = desk.post("/console/sign-in", "", &form).await;
        assert_eq!((shown.status.as_u16(), shown.goes_to()), (303, led), "{to}");
    }
}
