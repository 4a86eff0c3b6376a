//! A service hall's terminal: whoever walks away from it is signed out a quarter of an hour after they came, whatever
//! was asked meanwhile.

use libtest_mimic::Failed;
use lifeline_tests::{Answer, Demo, Engine, Phone};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::fixtures::BOTH;
use crate::settling::advance;
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "nobody_reads_at_a_service_hall_after_their_quarter_of_an_hour",
        BOTH,
        walks_away,
    )]
}

const DESK: (&str, &str) = (
    "user-agent",
    "Mozilla/5.0 (X11; Linux) Chrome/130 LifelineDesk/1",
);
const SITE: (&str, &str) = ("sec-fetch-site", "same-origin");

/// The cookies an answer sets, as a browser sends them.
fn cookies(answer: &Answer) -> String {
    let set = answer.headers.get_all("set-cookie").iter();
    let pairs = set.filter_map(|value| value.to_str().ok()?.split(';').next());
    let kept: Vec<&str> = pairs.filter(|pair| !pair.ends_with('=')).collect();
    kept.join("; ")
}

async fn sessions(phone: &Phone, body: &Value, cookies: &str) -> Answer {
    let headers = [DESK, SITE, ("cookie", cookies)];
    phone
        .send(Method::POST, "/v1/sessions", Some(body), &headers)
        .await
}

/// Signs in at the terminal; what the gateway answered.
async fn comes(phone: &Phone, person: &str) -> Answer {
    let body = json!({});
    let start = phone
        .send(Method::POST, "/v1/oauth-starts", Some(&body), &[DESK, SITE])
        .await;
    assert_eq!(start.status, StatusCode::CREATED, "{}", start.text);
    let start_json = start.json();
    let url = start_json["authorize_url"].as_str().expect("an address");
    let (_, query) = url.split_once('?').expect("a query");
    let state = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "state")
        .map(|(_, value)| value.into_owned())
        .expect("a state");
    let person = json!({ "person": person });
    let allowed = phone.sandbox("/sim/alipay/authorize", &person).await;
    let body = json!({"grant": "alipay", "auth_code": allowed["auth_code"], "state": state});
    let came = sessions(phone, &body, &cookies(&start)).await;
    assert_eq!(came.status, StatusCode::CREATED, "{}", came.text);
    came
}

fn walks_away(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let phone = Phone::new(&demo);
        let came = comes(&phone, "li-ming").await;
        advance(&phone, 840).await;
        let renewed = sessions(&phone, &json!({"grant": "refresh"}), &cookies(&came)).await;
        assert_eq!(renewed.status, StatusCode::CREATED, "{}", renewed.text);
        let opened = renewed.json();
        let lives = opened["expires_in"].as_i64().expect("seconds");
        assert!((1..=60).contains(&lives), "{lives}");
        let here = phone.clone().with_token(opened["access_token"].as_str());
        let me = here.send(Method::GET, "/v1/me", None, &[DESK, SITE]).await;
        assert_eq!(me.status, StatusCode::OK, "{}", me.text);
        advance(&phone, 60).await;
        let late = here.send(Method::GET, "/v1/me", None, &[DESK, SITE]).await;
        assert_eq!(late.status, StatusCode::UNAUTHORIZED, "{}", late.text);
        let over = sessions(&phone, &json!({"grant": "refresh"}), &cookies(&renewed)).await;
        assert_eq!(over.status, StatusCode::UNAUTHORIZED, "{}", over.text);
    })
}
