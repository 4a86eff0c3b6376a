//! Naming the place of a generator by a home that is linked, over HTTP against a demo: its number is not typed again, and
//! stands in no answer.

use libtest_mimic::Failed;
use lifeline_tests::{Demo, Engine, Phone};
use reqwest::StatusCode;
use serde_json::json;

use crate::fixtures::BOTH;
use crate::generation::{ALL, seller};
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "ln_43_a_form_that_asks_for_a_number_takes_a_linked_home",
        BOTH,
        linked_home,
    )]
}

fn linked_home(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let (phone, person) = seller(&demo).await;
        let linked = phone.link_all().await;
        let registration = &person["registration"];
        let number = registration["grid_user_no"].as_str().expect("a number");
        let mut given = json!({
            "generation_no": registration["generation_no"],
            "address": registration["address"],
        });
        let neither = phone.post(ALL, &given).await;
        assert_eq!(neither.code(), "INVALID_FIELD", "{}", neither.text);
        given["binding_id"] = json!(linked[0]);
        let mut both = given.clone();
        both["grid_user_no"] = json!(number);
        assert_eq!(phone.post(ALL, &both).await.code(), "INVALID_FIELD");
        let neighbour = Phone::sign_in(&demo, "li-ming").await;
        let foreign = neighbour.post(ALL, &given).await;
        assert_eq!(foreign.code(), "NOT_FOUND", "{}", foreign.text);
        let made = phone.post(ALL, &given).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        assert!(!made.text.contains(number), "{}", made.text);
        let all = phone.get(ALL).await.json();
        assert_eq!(all["items"].as_array().map(Vec::len), Some(1), "{all}");
    })
}
