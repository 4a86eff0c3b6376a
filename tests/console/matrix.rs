//! Every page and act against every role, made from the registered table: nothing is left out, and
//! who may not is refused before anything is read.

use actix_web::http::{Method, StatusCode};
use lifeline_core::operators::Role;
use lifeline_gateway::console::access::Access;
use lifeline_gateway::console::table;

use crate::office::Office;

const NOBODY: &str = "019aa2f0-0000-7000-8000-000000000000";

/// A path with something in each of its places.
fn filled(path: &str) -> String {
    let parts = path
        .split('/')
        .map(|part| if part.starts_with('{') { NOBODY } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[actix_web::test]
async fn ln_55_each_role_opens_what_its_rights_say_and_nothing_else() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let pages = table();
    assert!(pages.len() >= 8, "{pages:?}");
    for role in Role::ALL {
        let cookie = office.enter(&desk, &role.as_str().replace('_', "-")).await;
        let mark = office.mark(&desk, &cookie).await;
        for page in &pages {
            if matches!(page.path, "/console/sign-out" | "/console/sign-in") {
                continue;
            }
            let path = filled(page.path);
            let shown = if page.method == Method::GET {
                desk.get(&path, &cookie).await
            } else {
                // A field that no form knows: whoever may is told so, and nothing is done.
                let form = [("mark", mark.as_str()), ("no_such_field", "x")];
                desk.post(&path, &cookie, &form).await
            };
            let may = match page.access {
                Access::Anyone | Access::SignedIn => true,
                Access::May(right) => role.may(right),
            };
            let said = format!("{role:?} {} {path}: {}", page.method, shown.status);
            assert_eq!(shown.status == StatusCode::FORBIDDEN, !may, "{said}");
            assert!(!shown.status.is_server_error(), "{said}: {}", shown.text);
            let policy = shown.headers.get("content-security-policy");
            assert!(policy.is_some_and(|p| p.to_str().unwrap().starts_with("default-src 'none'")));
        }
    }
}

#[actix_web::test]
async fn ln_55_nobody_unknown_opens_anything() {
    let office = Office::new().await;
    let desk = office.desk().await;
    for page in table() {
        if page.access == Access::Anyone {
            continue;
        }
        let path = filled(page.path);
        for cookie in ["", "__Host-lifeline_staff=guessed"] {
            let shown = if page.method == Method::GET {
                desk.get(&path, cookie).await
            } else {
                desk.post(&path, cookie, &[("mark", "x")]).await
            };
            assert_eq!(shown.status, StatusCode::SEE_OTHER, "{path}");
            let to = shown.goes_to().split('?').next();
            assert_eq!(to, Some("/console/sign-in"), "{path}");
        }
    }
}

#[actix_web::test]
async fn ln_55_a_form_without_the_mark_or_from_elsewhere_does_nothing_and_is_noted() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let cookie = office.enter(&desk, "admin").await;
    let other = office.enter(&desk, "auditor").await;
    let of_another = office.mark(&desk, &other).await;
    let mark = office.mark(&desk, &cookie).await;
    for page in table() {
        if page.method == Method::GET || page.access == Access::Anyone {
            continue;
        }
        if !matches!(page.access, Access::May(right) if Role::Admin.may(right)) {
            continue;
        }
        let path = filled(page.path);
        for wrong in ["", "0", of_another.as_str()] {
            let before = office.audited(page.act).len();
            let shown = desk.post(&path, &cookie, &[("mark", wrong)]).await;
            assert_eq!(shown.status, StatusCode::FORBIDDEN, "{path}");
            let after = office.audited(page.act);
            assert_eq!(after.len(), before + 1, "{path}");
            assert_eq!(after.last().map(String::as_str), Some("forged"), "{path}");
        }
        let elsewhere = actix_web::test::TestRequest::post()
            .uri(&path)
            .insert_header(("cookie", cookie.as_str()))
            .insert_header(("origin", "https://evil.example"))
            .set_form([("mark", mark.as_str())]);
        let shown = desk.send(elsewhere).await;
        assert_eq!(shown.status, StatusCode::FORBIDDEN, "{path}");
    }
}
