//! Every operation of the document is sent the canaries where they do not belong: in its path, as names and values of
//! its query, and as every field of its body. No answer repeats one; the sinks are searched afterwards.

use std::collections::BTreeSet;

use lifeline_tests::{Answer, Demo, Phone};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::guises::Search;
use super::{Facts, PERSON};
use crate::owners::{document, fields};

pub(super) async fn is_asked(demo: &Demo, facts: &Facts, search: &Search) {
    let document = document();
    let mut phone = Phone::sign_in(demo, PERSON).await;
    let mut asked = 0_usize;
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, one) in methods.as_object().expect("operations") {
            let method: Method = method.to_uppercase().parse().expect("a method");
            let schema = &one["requestBody"]["content"]["application/json"]["schema"];
            let mut names = BTreeSet::new();
            fields(&document, schema, &mut names);
            let here = filled(path, &facts.phone);
            let query = format!("{here}?{}={}", facts.phone, facts.consumer_no);
            let values = names
                .into_iter()
                .map(|name| (name, Value::from(facts.consumer_no.clone())));
            let body = Value::Object(values.collect());
            let body = one["requestBody"].is_object().then_some(body);
            let key = format!("the-canaries-{asked:08}");
            let key = [("idempotency-key", key.as_str())];
            for (target, body) in [(&query, None), (&here, body.as_ref())] {
                let answer = phone.send(method.clone(), target, body, &key).await;
                clean(&format!("{method} {path}"), &answer, search);
                if answer.status == StatusCode::UNAUTHORIZED || path.starts_with("/v1/sessions") {
                    phone = Phone::sign_in(demo, PERSON).await;
                }
            }
            asked += 1;
        }
    }
    assert!(asked > 60, "only {asked} operations");
}

/// A path whose every parameter is this.
fn filled(path: &str, value: &str) -> String {
    let parts = path.split('/');
    let parts = parts.map(|part| if part.starts_with('{') { value } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn clean(what: &str, answer: &Answer, search: &Search) {
    let found = search.find(answer.text.as_bytes());
    assert_eq!(found, None, "the body of {what}: {}", answer.status);
    for (name, value) in &answer.headers {
        let found = search.find(value.as_bytes());
        assert_eq!(found, None, "the header {name} of {what}");
    }
}
