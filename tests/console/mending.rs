//! What is refused is mended where it was typed: nothing typed is lost, and the way back is there (LN-55).

use actix_web::http::header;
use actix_web::test::TestRequest;
use lifeline_core::bans::{Bans, Reason, Target};

use crate::office::{Desk, Office, Shown};

/// A form sent from a page, as a browser sends it.
async fn sent(desk: &Desk, cookie: &str, from: &str, path: &str, form: &[(&str, &str)]) -> Shown {
    let request = TestRequest::post()
        .uri(path)
        .insert_header((header::HOST, "console.example"))
        .insert_header((header::REFERER, format!("https://console.example{from}")))
        .insert_header((header::COOKIE, cookie));
    desk.send(request.set_form(form)).await
}

#[actix_web::test]
async fn ln_14_the_longest_text_is_taken_and_one_character_more_comes_back_whole() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let writer = office.enter(&desk, "publisher").await;
    let mark = office.mark(&desk, &writer).await;
    let whole = vec!["电".repeat(2_000); 10].join("\n\n");
    let from = "/console/articles/new?kind=news";
    let write = async |text: &str| {
        let form = [
            ("mark", mark.as_str()),
            ("kind", "news"),
            ("title", "长文"),
            ("text", text),
        ];
        sent(&desk, &writer, from, "/console/articles", &form).await
    };
    let taken = write(&whole).await;
    assert_eq!(taken.status, 303);
    let longer = format!("{whole}\n\n电");
    let refused = write(&longer).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("20,000"), "it is said what is wrong");
    assert!(refused.text.contains(&longer), "and all of it is there");
    // From there it is sent again, shorter by what was too much.
    assert!(refused.text.contains("action=\"/console/articles\""));
    assert!(refused.text.contains("name=\"kind\" value=\"news\""));
    assert!(refused.text.contains(&format!("href=\"{from}\"")));
    let path = taken.goes_to().split('?').next().unwrap();
    let edited = desk.get(&format!("{path}/edit"), &writer).await;
    assert!(edited.text.contains(&whole), "what is kept is written on");
}

#[actix_web::test]
async fn ln_55_a_refusal_says_what_is_wrong_and_leads_back_to_the_page() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let admin = office.enter(&desk, "admin").await;
    let mark = office.mark(&desk, &admin).await;
    let gift = async |from: &str, points: &str, stock: &str| {
        let form = [
            ("mark", mark.as_str()),
            ("title", "雨伞"),
            ("points", points),
            ("stock", stock),
        ];
        sent(&desk, &admin, from, "/console/points", &form).await
    };
    let from = "/console/points?said=said.points_kept";
    let too_many = "99999999999999999999";
    for (points, stock) in [("", "1"), ("many", "1"), ("5", too_many), ("0", "1")] {
        let refused = gift(from, points, stock).await;
        assert_eq!(refused.status, 422, "{points} {stock}");
        assert!(refused.text.contains("积分须大于 0"), "{}", refused.text);
        assert!(refused.text.contains("value=\"雨伞\""));
        let back = "href=\"/console/points\">返回刚才的页面";
        assert!(refused.text.contains(back), "what was said once");
    }
    // Where there are acts alone nobody is led back to.
    let act = "/console/points/rule";
    let refused = gift(act, "0", "1").await;
    assert!(!refused.text.contains(&format!("href=\"{act}\"")));
}

#[actix_web::test]
async fn ln_55_the_other_language_is_that_of_the_same_page() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    let mark = office.mark(&desk, &support).await;
    let form = [("mark", mark.as_str())];
    let archive = "/console/cases?queue=archive";
    for (from, to) in [
        (archive, archive),
        ("/console/customers", "/console/customers"),
        ("/console/cases/019a/proposals", "/console"),
    ] {
        let chosen = sent(&desk, &support, from, "/console/language", &form).await;
        assert_eq!(chosen.status, 303);
        assert_eq!(chosen.goes_to(), to);
    }
}

#[actix_web::test]
async fn ln_53_who_lifts_a_ban_on_an_older_page_stays_on_it() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let admin = office.enter(&desk, "admin").await;
    let mark = office.mark(&desk, &admin).await;
    let bans = Bans::new(office.store.clone(), office.clock.clone(), office.entropy());
    for (place, from, to) in [
        ("203.0.113.8", "", "?said=said.ban_lifted"),
        ("203.0.113.9", "?before=x", "?before=x&said=said.ban_lifted"),
    ] {
        let target = Target::place(place).unwrap();
        let ban = bans.place(&target, Reason::Logins, "t").await.unwrap();
        let path = format!("/console/system/bans/{}/lift", ban.unwrap().ban_id);
        let code = office.fresh_code("admin");
        let form = [
            ("mark", mark.as_str()),
            ("reason", "one school, one address"),
            ("code", &*code),
        ];
        let from = format!("/console/system/bans{from}");
        let lifted = sent(&desk, &admin, &from, &path, &form).await;
        assert_eq!(lifted.status, 303, "{}", lifted.text);
        assert_eq!(lifted.goes_to(), format!("/console/system/bans{to}"));
    }
}
