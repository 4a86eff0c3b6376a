//! Sizes at their limits: what a page shows and a field takes at n, and what is said at n and one more.

use crate::customers::household;
use crate::office::{Desk, Office};

async fn post(office: &Office, desk: &Desk, who: &str, path: &str, form: &[(&str, &str)]) -> u16 {
    let mark = office.mark(desk, who).await;
    let mut whole = vec![("mark", mark.as_str())];
    whole.extend_from_slice(form);
    desk.post(path, who, &whole).await.status.as_u16()
}

#[actix_web::test]
async fn ln_31_two_hundred_refusals_are_shown_and_one_more_is_said_to_be_there() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let reader = office.enter(&desk, "statistics-reader").await;
    let path = "/console/statistics/refusals";
    let micros = lifeline_core::shared::time::Clock::now(&*office.clock).micros();
    let refuse = |n: i64, from: i64| {
        format!(
            "WITH RECURSIVE r(r) AS (SELECT {from} UNION ALL SELECT r + 1 FROM r WHERE r < {from} + {n} - 1) \
             INSERT INTO access_refusal (trace_id, at, function, channel, status, code, micros) \
             SELECT printf('%032x', r), {micros} - r, 12, 0, 409, 'PAYMENT_STATE', 900 FROM r"
        )
    };
    office.raw(&refuse(200, 1));
    let shown = desk.get(path, &reader).await.text;
    let rows = |text: &str| text.matches("PAYMENT_STATE").count();
    assert_eq!((rows(&shown), shown.contains("id=\"more\"")), (200, false));
    office.raw(&refuse(1, 201));
    let shown = desk.get(path, &reader).await.text;
    assert_eq!((rows(&shown), shown.contains("id=\"more\"")), (200, true));
    let oldest = format!("{:032x}", 201);
    assert!(!shown.contains(&oldest), "the oldest is left");
    let next = shown.split("id=\"more\"><a class=\"button quiet\" href=\"");
    let next = next.last().unwrap().split('"').next().unwrap();
    let next = next.replace("&#38;", "&").replace("&amp;", "&");
    let rest = desk.get(&next, &reader).await.text;
    assert_eq!((rows(&rest), rest.contains("id=\"more\"")), (1, false));
    assert!(rest.contains(&oldest), "and is behind: {rest}");
    let odd = desk.get(&format!("{path}?after=x"), &reader).await;
    assert!(odd.status.is_client_error());
    let odd = desk.get(&format!("{path}?after=1.x"), &reader).await;
    assert_eq!(odd.status, 404);
}

#[actix_web::test]
async fn ln_55_what_no_text_has_is_asked_of_no_store() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    let admin = office.enter(&desk, "admin").await;
    for (who, asked) in [
        (&admin, "/console/log?who=%00"),
        (&admin, "/console/log?after=1.%00"),
        (&support, "/console/statistics?region=%00"),
        (&support, "/console/statistics/refusals?why=%00"),
        (&support, "/console/cases?said=%00"),
    ] {
        assert_eq!(desk.get(asked, who).await.status, 404, "{asked}");
    }
    let limit = "/console/channels/h5/limit";
    let reason = [("per_minute", "2"), ("reason", "too \0 many at once")];
    assert_eq!(post(&office, &desk, &admin, limit, &reason).await, 400);
}

#[actix_web::test]
async fn ln_55_long_fields_are_taken_at_their_limit_and_refused_one_character_later() {
    let office = Office::new().await;
    let (id, _) = household(&office).await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    let admin = office.enter(&desk, "admin").await;
    let counter = format!("/console/customers/{id}/openings");
    let function = format!("/console/customers/{id}/functions/pay");
    let circuit = "/console/system/circuits/ask-again";
    let (place, text) = ("示例路 9 号 2 单元 301", "新房入住，需要单独立户");
    let marketing = [
        ("system", "marketing"),
        ("operation", "GET /consumers/{no}/arrears"),
    ];
    let fields = [
        (
            &support,
            counter.as_str(),
            "place",
            120,
            vec![("text", text)],
        ),
        (&support, &counter, "text", 1_000, vec![("place", place)]),
        (
            &support,
            &function,
            "reason",
            500,
            vec![("wanted", "suspended")],
        ),
        (&admin, circuit, "reason", 500, marketing.to_vec()),
    ];
    for (who, path, field, most, others) in fields {
        let value = |n: usize| "电".repeat(n);
        for (long, answer) in [(value(most + 1), 422), (value(most), 303)] {
            let mut form = others.clone();
            form.push((field, long.as_str()));
            let said = post(&office, &desk, who, path, &form).await;
            assert_eq!(
                said,
                answer,
                "{path} {field}: {} characters",
                long.len() / 3
            );
        }
    }
}
