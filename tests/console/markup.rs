//! Markup in every field of text is text, on every page, for every role.

use actix_web::http::Method;
use lifeline_core::cases::CaseKind;
use lifeline_core::operators::Role;
use lifeline_gateway::console::table;

use crate::customers::household;
use crate::office::{Desk, Office};
use crate::opened::opened;

const HURT: &str = "<script>hurt()</script>\"'><b>x";
const ESCAPED: &str = "&#60;script&#62;hurt()";

async fn post(office: &Office, desk: &Desk, who: &str, path: &str, form: &[(&str, &str)]) -> u16 {
    let mark = office.mark(desk, who).await;
    let mut whole = vec![("mark", mark.as_str())];
    whole.extend_from_slice(form);
    let shown = desk.post(path, who, &whole).await;
    assert!(!shown.text.contains("<script>hurt"), "{path}");
    shown.status.as_u16()
}

/// A case about somebody's home, whose facts came from outside.
async fn doubted(office: &Office, subject: &str) -> String {
    let facts = serde_json::json!({ "said": HURT }).to_string();
    let case = opened(office, CaseKind::AccountConflict, subject, &facts).await;
    format!("/console/cases/{case}")
}

/// Opens every page as every role, with markup in what may be asked for: how often it was shown, always as text.
async fn shown_as_text(office: &Office, desk: &Desk, own: &[String]) -> usize {
    let query: String = form_urlencoded::byte_serialize(HURT.as_bytes()).collect();
    let asked = [
        "region", "function", "channel", "outcome", "from", "trace", "id", "of", "q", "queue",
        "period",
    ];
    let mut shown_as_text = 0;
    for role in Role::ALL {
        let cookie = office.enter(desk, &role.as_str().replace('_', "-")).await;
        let mut paths: Vec<String> = table()
            .iter()
            .filter(|page| page.method == Method::GET && !page.path.contains('{'))
            .flat_map(|page| {
                let with = |name: &&str| format!("{}?{name}={query}", page.path);
                let odd = asked.iter().map(with);
                odd.chain([page.path.to_owned()]).collect::<Vec<_>>()
            })
            .collect();
        paths.extend_from_slice(own);
        for path in paths {
            let shown = desk.get(&path, &cookie).await;
            assert!(
                !shown.status.is_server_error(),
                "{role:?} {path}: {}",
                shown.text
            );
            assert!(!shown.text.contains("<script>hurt"), "{role:?} {path}");
            shown_as_text += usize::from(shown.text.contains(ESCAPED));
        }
    }
    shown_as_text
}

#[actix_web::test]
async fn ln_55_markup_is_text_in_every_field_and_on_every_page() {
    let office = Office::new().await;
    let (id, _) = household(&office).await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    let admin = office.enter(&desk, "admin").await;
    let customer = format!("/console/customers/{id}");
    let case = doubted(&office, id.as_str()).await;
    let application = [("place", HURT), ("text", HURT)];
    let suspend = [("wanted", "suspended"), ("reason", HURT)];
    let settled = [("resolution", "settled"), ("reason", HURT)];
    let closed = [("function", "outlets"), ("reason", HURT)];
    let gift = [("title", HURT), ("points", "8"), ("stock", "1")];
    let again = [
        ("system", "marketing"),
        ("operation", "GET /consumers/{no}/arrears"),
        ("reason", HURT),
    ];
    for (who, path, form) in [
        (&support, format!("{customer}/openings"), &application[..]),
        (&support, format!("{customer}/functions/pay"), &suspend[..]),
        (&support, format!("{case}/proposals"), &settled[..]),
        (
            &admin,
            "/console/channels/h5/closings".to_owned(),
            &closed[..],
        ),
        (&admin, "/console/points".to_owned(), &gift[..]),
        (
            &admin,
            "/console/system/circuits/ask-again".to_owned(),
            &again[..],
        ),
    ] {
        assert_eq!(post(&office, &desk, who, &path, form).await, 303, "{path}");
    }
    // Names, codes and numbers are not free text: markup in them is refused.
    let person = [
        ("login", HURT),
        ("person", HURT),
        ("role", "support"),
        ("scope", HURT),
        ("code", HURT),
    ];
    for (who, path, form) in [
        (&admin, "/console/staff", &person[..]),
        (&support, "/console/customers", &[("asked", HURT)][..]),
        (&support, case.as_str(), &[("resolution", HURT)][..]),
    ] {
        let status = post(&office, &desk, who, path, form).await;
        assert!(
            (200..500).contains(&status) && status != 303,
            "{path}: {status}"
        );
    }
    let opening = desk.get("/console/openings", &support).await.text;
    let at = opening
        .split("<a href=\"/console/customers/")
        .nth(1)
        .unwrap();
    let opening = format!("/console/customers/{}", at.split('"').next().unwrap());
    let propose = [("verdict", "open"), ("reason", HURT)];
    let path = format!("{opening}/proposals");
    assert_eq!(post(&office, &desk, &support, &path, &propose).await, 303);

    let asked = opening.rsplit('/').next().unwrap();
    let asked = format!("/console/requests/{asked}");
    let own = [customer, case, opening, asked];
    let shown_as_text = shown_as_text(&office, &desk, &own).await;
    assert!(shown_as_text >= 8, "{shown_as_text} pages show it as text");
}
