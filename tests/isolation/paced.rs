//! How often a home may be paid for: the body names it, so it is counted once the body was read.

use std::num::NonZeroU32;

use actix_web::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::canary::due_of;
use crate::line::{House, Reply};
use crate::walk::{Act, Walk};

#[test]
fn a_home_is_paid_for_five_times_a_minute_and_another_home_by_itself() {
    let blank = crate::blank();
    let (_folder, file) = blank.copy();
    actix_web::rt::System::new().block_on(async {
        let house = House::open(&file, &blank.keyring).await;
        let plenty = house.line().await;
        let mut walker = Walk::new(&house, &plenty);
        walker.settle().await;
        for person in 0..2 {
            walker.act(&Act::Match(person)).await;
        }
        let wish = |home: usize| {
            let link = walker.model.links.iter().find(|link| link.home == home);
            json!({"binding_id": link.expect("linked").id, "amount_fen": due_of(home),
                "arrears_version": "v1"})
        };
        let line = house.line_at(NonZeroU32::MIN.saturating_add(99)).await;
        // A listener has keys of its own: tokens of the other one are renewed first.
        house.advance(700);
        let post = async |person: usize, path: &str, body: Value| -> Reply {
            house
                .call(&line, person, Method::POST, path, Some(body))
                .await
        };
        // The same key each time: it makes one order, and a repeat is a request like any other.
        let one = async |person: usize| {
            let mut body = wish(person);
            body["purpose"] = json!("arrears");
            body["via"] = json!("h5");
            post(person, "/v1/payments", body).await
        };
        for left in (0..5).rev() {
            let reply = one(0).await;
            assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
            assert!(
                reply.limit.starts_with(&format!("\"home\";r={left};")),
                "{}",
                reply.limit
            );
        }
        let several = json!({"items": [wish(0)], "via": "h5"});
        for refused in [one(0).await, post(0, "/v1/checkouts", several).await] {
            assert_eq!(
                refused.status,
                StatusCode::TOO_MANY_REQUESTS,
                "{}",
                refused.text
            );
            assert_eq!(refused.code(), Some("RATE_LIMITED"));
            assert!(
                refused.limit.starts_with("\"home\";r=0;t="),
                "{}",
                refused.limit
            );
        }
        let other = one(1).await;
        assert_eq!(other.status, StatusCode::CREATED, "{}", other.text);
        house.close().await;
    });
}
