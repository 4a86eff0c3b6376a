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
        let post = async |person: usize, key: &str, path: &str, body: Value| -> Reply {
            house
                .call_by(&line, person, key, Method::POST, path, Some(body))
                .await
        };
        let one = async |person: usize, key: &str| {
            let mut body = wish(person);
            body["purpose"] = json!("arrears");
            body["via"] = json!("h5");
            post(person, key, "/v1/payments", body).await
        };
        let mut first = None;
        for left in (0..5).rev() {
            let reply = one(0, &format!("an-order-{left}")).await;
            assert_ne!(reply.status, StatusCode::TOO_MANY_REQUESTS);
            assert!(
                reply.limit.starts_with(&format!("\"home\";r={left};")),
                "{}",
                reply.limit
            );
            first.get_or_insert(reply);
        }
        let first = first.expect("five were asked for");
        assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
        let several = json!({"items": [wish(0)], "via": "h5"});
        let checkout = post(0, "a-checkout", "/v1/checkouts", several);
        for refused in [one(0, "one-order-more").await, checkout.await] {
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
        // A repeat is no further order of the home; its account may ask ten times a minute in all.
        for _ in 0..3 {
            let again = one(0, "an-order-4").await;
            assert_eq!((again.status, &again.text), (first.status, &first.text));
            assert!(!again.limit.contains("\"home\""), "{}", again.limit);
        }
        let other = one(1, "an-order-4").await;
        assert_eq!(other.status, StatusCode::CREATED, "{}", other.text);
        house.close().await;
    });
}
