//! The publisher's desk: from a draft to the public and back, by two people; and what is refused there.

use actix_web::http::{StatusCode, header};
use actix_web::test::TestRequest;
use lifeline_core::operators::{Role, Scope};

use crate::office::{Desk, Office, Shown};

const MARKUP: &str = "<script>alert(1)</script>";

/// Somebody at the desk, with the mark of their forms.
struct Person {
    cookie: String,
    mark: String,
}

impl Person {
    async fn enter(office: &Office, desk: &Desk, login: &str) -> Self {
        let cookie = office.enter(desk, login).await;
        let mark = office.mark(desk, &cookie).await;
        Self { cookie, mark }
    }

    async fn post(&self, desk: &Desk, path: &str, form: &[(&str, &str)]) -> Shown {
        let mut whole = vec![("mark", self.mark.as_str())];
        whole.extend_from_slice(form);
        desk.post(path, &self.cookie, &whole).await
    }

    async fn get(&self, desk: &Desk, path: &str) -> Shown {
        desk.get(path, &self.cookie).await
    }

    /// The address of a draft of theirs.
    async fn draft(&self, desk: &Desk, region: &str, title: &str) -> Shown {
        let form = [
            ("kind", "news"),
            ("region", region),
            ("title", title),
            ("summary", MARKUP),
            ("text", "# 标题\n<b>正文</b>\n- 要点"),
            ("source", MARKUP),
        ];
        self.post(desk, "/console/articles", &form).await
    }
}

/// Where an act led, without what it says there.
fn place(shown: &Shown) -> String {
    assert_eq!(shown.status, StatusCode::SEE_OTHER, "{}", shown.text);
    shown.goes_to().split('?').next().unwrap().to_owned()
}

/// The version of the publication that a page's forms carry.
fn seen(shown: &Shown) -> String {
    let at = shown.text.split("name=\"seen\" value=\"").nth(1);
    at.expect("a form").split('"').next().unwrap().to_owned()
}

async fn act(person: &Person, desk: &Desk, at: &str, act: &str, reason: Option<&str>) -> Shown {
    let seen = seen(&person.get(desk, at).await);
    let mut form = vec![("seen", seen.as_str())];
    form.extend(reason.map(|why| ("reason", why)));
    person.post(desk, &format!("{at}/{act}"), &form).await
}

#[actix_web::test]
async fn ln_14_a_draft_goes_by_two_people_to_the_public_and_is_withdrawn() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let writer = Person::enter(&office, &desk, "publisher").await;
    let reviewer = Person::enter(&office, &desk, "reviewer").await;
    let at = place(&writer.draft(&desk, "", "供暖季检修").await);
    place(&act(&writer, &desk, &at, "submit", None).await);
    place(&act(&reviewer, &desk, &at, "back", Some("缺少时间")).await);
    assert!(writer.get(&desk, &at).await.text.contains("缺少时间"));
    place(&act(&writer, &desk, &at, "submit", None).await);
    place(&act(&reviewer, &desk, &at, "publish", None).await);
    let live = reviewer.get(&desk, "/console/articles?state=live").await;
    assert!(live.text.contains("供暖季检修"));
    place(&act(&reviewer, &desk, &at, "withdraw", Some("内容有误")).await);
    let live = reviewer.get(&desk, "/console/articles?state=live").await;
    assert!(!live.text.contains("供暖季检修"));
    assert_eq!(office.audited("publications.publish"), ["ok"]);
    assert_eq!(office.audited("publications.withdraw"), ["ok"]);
}

#[actix_web::test]
async fn ln_14_who_wrote_on_it_does_not_publish_it() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let writer = Person::enter(&office, &desk, "publisher").await;
    let at = place(&writer.draft(&desk, "", "自己发布").await);
    place(&act(&writer, &desk, &at, "submit", None).await);
    let refused = act(&writer, &desk, &at, "publish", None).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(
        office
            .audited("publications.publish")
            .contains(&"OWN_WORK".to_owned())
    );
    let still = writer.get(&desk, "/console/articles?state=in_review").await;
    assert!(still.text.contains("自己发布"));
}

#[actix_web::test]
async fn m3_11_who_wrote_on_it_does_not_publish_it_under_another_login() {
    let office = Office::new().await;
    let desk = office.desk().await;
    office
        .hire_person("li.before", "P-17", Role::Publisher)
        .await;
    let writer = Person::enter(&office, &desk, "li.before").await;
    let at = place(&writer.draft(&desk, "", "自己发布").await);
    place(&act(&writer, &desk, &at, "submit", None).await);
    let form = seen(&desk.get(&at, &writer.cookie).await);
    office.end("li.before").await;
    office.hire_person("li.now", "P-17", Role::Reviewer).await;
    let now = Person::enter(&office, &desk, "li.now").await;
    let page = desk.get(&at, &now.cookie).await.text;
    assert!(page.contains("id=\"own-work\"") && !page.contains("/publish\""));
    assert!(page.contains("/back\""), "it may go back to its writers");
    let publish = [("seen", form.as_str())];
    let refused = now.post(&desk, &format!("{at}/publish"), &publish).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let reviewer = Person::enter(&office, &desk, "reviewer").await;
    place(&act(&reviewer, &desk, &at, "publish", None).await);
}

#[actix_web::test]
async fn ln_14_what_is_outside_the_scope_is_refused_and_noted() {
    let office = Office::new().await;
    let scope = Scope::parse("1504").unwrap();
    office.hire("chifeng", Role::Publisher, scope).await;
    let desk = office.desk().await;
    let everywhere = Person::enter(&office, &desk, "publisher").await;
    let chifeng = Person::enter(&office, &desk, "chifeng").await;
    place(&chifeng.draft(&desk, "1504", "赤峰").await);
    place(&chifeng.draft(&desk, "1504010", "松山").await);
    for region in ["", "15", "1507", "1"] {
        let refused = chifeng.draft(&desk, region, "别处").await;
        assert!(refused.status.is_client_error(), "{region}");
    }
    assert!(
        office
            .audited("publications.edit")
            .contains(&"OUT_OF_SCOPE".to_owned())
    );
    let other = place(&everywhere.draft(&desk, "1507", "别处").await);
    assert_eq!(
        chifeng.get(&desk, &other).await.status,
        StatusCode::FORBIDDEN
    );
    let drafts = chifeng.get(&desk, "/console/articles?state=draft").await;
    assert!(drafts.text.contains("赤峰") && !drafts.text.contains("别处"));
}

#[actix_web::test]
async fn ln_14_markup_is_text_in_every_field() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let writer = Person::enter(&office, &desk, "publisher").await;
    let at = place(&writer.draft(&desk, "", MARKUP).await);
    for page in [
        at.clone(),
        format!("{at}/edit"),
        "/console/articles?state=draft".to_owned(),
    ] {
        let shown = writer.get(&desk, &page).await;
        assert_eq!(shown.status, StatusCode::OK, "{page}");
        assert!(
            !shown.text.contains(MARKUP) && !shown.text.contains("<b>正文"),
            "{page}"
        );
    }
    let unseen = writer.draft(&desk, "", "看不见\u{202e}的字").await;
    assert_eq!(unseen.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[actix_web::test]
async fn ln_14_an_older_page_does_not_write_over_a_newer_edition() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let writer = Person::enter(&office, &desk, "publisher").await;
    let at = place(&writer.draft(&desk, "", "第一稿").await);
    let form = [
        ("kind", "news"),
        ("seen", "1"),
        ("title", "第二稿"),
        ("text", "正文"),
    ];
    place(&writer.post(&desk, &format!("{at}/edit"), &form).await);
    let late = writer.post(&desk, &format!("{at}/edit"), &form).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
}

/// Under `no-referrer` a browser sends every form with `Origin: null`, and nobody could sign in.
#[actix_web::test]
async fn ln_55_a_browser_is_let_say_where_a_form_comes_from() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let shown = desk.get("/console/sign-in", "").await;
    let policy = shown.headers.get(header::REFERRER_POLICY).unwrap();
    assert_eq!(policy.to_str().unwrap(), "same-origin");
}

fn upload(person: &Person, file: &[u8]) -> TestRequest {
    let mut body = format!(
        "--cut\r\nContent-Disposition: form-data; name=\"mark\"\r\n\r\n{}\r\n--cut\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n",
        person.mark
    )
    .into_bytes();
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--cut--\r\n");
    TestRequest::post()
        .uri("/console/pictures")
        .insert_header((header::COOKIE, person.cookie.as_str()))
        .insert_header((header::CONTENT_TYPE, "multipart/form-data; boundary=cut"))
        .set_payload(body)
}

#[actix_web::test]
async fn ln_14_a_fake_or_oversized_picture_is_refused_and_noted() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let writer = Person::enter(&office, &desk, "publisher").await;
    for fake in [
        b"<svg onload='alert(1)'/>".as_slice(),
        b"\x89PNG\r\n\x1a\nnothing",
        b"",
    ] {
        let shown = desk.send(upload(&writer, fake)).await;
        assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let noted = office.audited("publications.picture");
    assert!(noted.contains(&"NOT_A_PICTURE".to_owned()), "{noted:?}");
    let before = noted.len();
    let large = vec![b'x'; 5 * 1024 * 1024];
    let shown = desk.send(upload(&writer, &large)).await;
    assert_eq!(shown.status, StatusCode::PAYLOAD_TOO_LARGE);
    let noted = office.audited("publications.picture");
    assert_eq!(noted[before..], ["too_large"], "{noted:?}");
    // One pixel.
    let png = base64_png();
    let taken = desk.send(upload(&writer, &png)).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text);
    let page = writer.get(&desk, taken.goes_to()).await;
    let id = page
        .text
        .split("!! ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    let picture = writer.get(&desk, &format!("/console/pictures/{id}")).await;
    let kind = picture.headers.get(header::CONTENT_TYPE).unwrap();
    assert_eq!(kind.to_str().unwrap(), "image/jpeg");
}

pub(crate) fn base64_png() -> Vec<u8> {
    use base64::Engine as _;
    const ONE_PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
    base64::engine::general_purpose::STANDARD
        .decode(ONE_PIXEL)
        .unwrap()
}
