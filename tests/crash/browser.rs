//! A browser: it keeps cookies, and goes nowhere by itself. And what a household does in one: sign in, and pay an order
//! in the cashier that its ticket leads to.

use std::collections::BTreeMap;
use std::time::Duration;

use lifeline_tests::patience::PATIENCE;
use lifeline_tests::{Looks, http};
use reqwest::header::{COOKIE, HeaderMap, HeaderName, LOCATION, SET_COOKIE};
use reqwest::{RequestBuilder, StatusCode, Url};
use serde_json::json;

use crate::household::{Answer, Household, is_later};

/// Between two tries.
pub(crate) const BREATH: Duration = Duration::from_millis(10);
/// The world's time goes on by so much where somebody is told "later".
const LATER_S: i64 = 5;

/// A page, and where it leads.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) answer: Answer,
    pub(crate) leads_to: String,
}

#[derive(Debug)]
pub(crate) struct Browser {
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new() -> Self {
        let http = http::client()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("an HTTP client");
        Self {
            http,
            cookies: BTreeMap::new(),
        }
    }

    pub(crate) fn get(&self, url: &str) -> RequestBuilder {
        self.http.get(url)
    }

    pub(crate) fn post(&self, url: &str) -> RequestBuilder {
        self.http.post(url)
    }

    /// Sends what `get` or `post` began; nothing when no whole answer came.
    pub(crate) async fn send(&mut self, request: RequestBuilder) -> Option<Page> {
        let kept = self.cookies.iter();
        let kept: Vec<String> = kept
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = if kept.is_empty() {
            request
        } else {
            request.header(COOKIE, kept.join("; "))
        };
        let answer = request.send().await.ok()?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = answer.text().await.ok()?;
        assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{text}");
        for pair in words(&headers, SET_COOKIE) {
            let pair = pair.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a cookie");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        Some(Page {
            answer: Answer { status, text },
            leads_to: words(&headers, LOCATION).concat(),
        })
    }
}

fn words(headers: &HeaderMap, name: HeaderName) -> Vec<String> {
    let all = headers.get_all(name).iter();
    all.filter_map(|value| value.to_str().ok().map(str::to_owned))
        .collect()
}

/// Signs somebody in. What a try began is good for one use: without an answer all of it is begun anew.
pub(crate) async fn signs_in(world: &mut Household, person: &str) -> Browser {
    let mut looks = Looks::every(BREATH);
    while looks.again().await {
        let mut browser = Browser::new();
        let start = format!("{}/v1/oauth-starts", world.stage.line());
        let start = browser.post(&start).json(&json!({}));
        let began = browser.send(start).await;
        let Some(began) = done(world, began, StatusCode::CREATED).await else {
            continue;
        };
        let led = began.answer.json();
        let led = led["authorize_url"].as_str().expect("where to go");
        let led = Url::parse(led).expect("an address");
        let mut pairs = led.query_pairs();
        let (_, state) = pairs.find(|(name, _)| name == "state").expect("a state");
        let tapped = json!({ "person": person });
        let allowed = world.stage.sandbox("/sim/alipay/authorize", &tapped).await;
        let body = json!({"grant": "alipay", "auth_code": allowed["auth_code"], "state": state});
        let sessions = format!("{}/v1/sessions", world.stage.line());
        let back = browser.post(&sessions).json(&body);
        let came = browser.send(back).await;
        if let Some(came) = done(world, came, StatusCode::CREATED).await {
            let session = came.answer.json();
            world.token = session["access_token"].as_str().map(str::to_owned);
            world.refresh = None;
            return browser;
        }
    }
    panic!("{person} could not sign in\n{}", world.stage.log());
}

/// Opens the ticket of an order in the browser that ordered it, is led to the cashier, and pays there.
pub(crate) async fn pays(world: &mut Household, browser: &mut Browser, id: &str, person: &str) {
    let mut looks = Looks::every(BREATH);
    let order = loop {
        assert!(looks.again().await, "never led to the cashier");
        let order = world.get(&format!("/v1/payments/{id}")).await;
        let ticket = order["pay_url"].as_str().expect("a ticket");
        let opened = format!("{}{ticket}", world.stage.line());
        let opened = browser.get(&opened);
        let opened = browser.send(opened).await;
        let Some(page) = done(world, opened, StatusCode::SEE_OTHER).await else {
            continue;
        };
        let cashier = world.stage.http.get(&page.leads_to).send().await;
        let cashier = cashier.expect("the cashier");
        assert!(cashier.status().is_success(), "{}", cashier.status());
        let shown = cashier.text().await.expect("the cashier's page");
        assert!(shown.contains("id=\"pay\""), "{shown}");
        break order;
    };
    let tap = json!({"out_trade_no": order["out_trade_no"], "person": person, "outcome": "paid"});
    let said = world.stage.sandbox("/sim/alipay/pay", &tap).await;
    assert_eq!(said["result_code"], "9000", "{said}");
}

/// The page that was wanted. Without an answer, or told "later", nothing: whoever is dead is started again.
async fn done(world: &mut Household, page: Option<Page>, wanted: StatusCode) -> Option<Page> {
    let Some(page) = page else {
        world.revive().await;
        return None;
    };
    if is_later(&page.answer) {
        world.advance(LATER_S).await;
        return None;
    }
    let answer = &page.answer;
    assert_eq!(answer.status, wanted, "{}", answer.text);
    Some(page)
}
