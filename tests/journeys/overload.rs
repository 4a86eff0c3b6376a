//! Three times what a running listener can do: what it answers stays near its peak, what it puts off is told
//! when to come again, and orders, placed and looked at, are still answered, quickly.
//!
//! A daily run takes a second for each part, on whatever machine and beside other tests, and says only that
//! nothing breaks. `OVERLOAD_SECONDS` (make test-long: 30) holds it to nine tenths of the peak and 200 ms.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use lifeline_tests::patience::PATIENCE;
use lifeline_tests::{Answer, Demo, Engine, Phone};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "ec_14_three_times_the_peak_leaves_goodput_and_orders_alone",
        &[Engine::Sqlite],
        overload,
    )]
}

/// Who asks as fast as they are answered, to find the peak.
const BUSY: usize = 16;
/// Each from an address of its own: one place is bounded by itself.
const PLACES: u8 = 32;
const ORDER_TIME_MAX: Duration = Duration::from_millis(200);
/// Of so many requests of the flood one is a figure of a home, the others are public.
const FIGURE_OF: usize = 8;
/// Of so many turns of the one who orders one is an order, the others look at it.
const PLACED_OF: usize = 10;

/// What everybody asks for.
#[derive(Debug, Clone)]
struct Mix {
    public: String,
    figure: String,
    token: String,
}

impl Mix {
    fn request(&self, client: &reqwest::Client, turn: usize) -> reqwest::RequestBuilder {
        if turn.is_multiple_of(FIGURE_OF) {
            client.get(&self.figure).bearer_auth(&self.token)
        } else {
            client.get(&self.public)
        }
    }
}

/// The order of the drill: whoever sends it again is answered the same, by everything an order goes through.
async fn place(phone: &Phone, wish: &Value) -> Answer {
    let key = [("idempotency-key", "the-overload-drill")];
    phone
        .send(Method::POST, "/v1/payments", Some(wish), &key)
        .await
}

#[derive(Debug, Default)]
struct Count {
    good: AtomicUsize,
    put_off: AtomicUsize,
    wrong: std::sync::Mutex<Vec<String>>,
}

impl Count {
    async fn ask(&self, request: reqwest::RequestBuilder) {
        // An open question nobody answered by then is lost.
        let asked = tokio::time::timeout(PATIENCE, request.send()).await;
        let Ok(Ok(answer)) = asked else {
            return self.is_wrong(format!("{asked:?}"));
        };
        let waits = answer.headers().contains_key("retry-after");
        match answer.status() {
            StatusCode::OK => self.good.fetch_add(1, Ordering::AcqRel),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS if waits => {
                self.put_off.fetch_add(1, Ordering::AcqRel)
            }
            other => {
                self.is_wrong(other.to_string());
                0
            }
        };
    }

    fn is_wrong(&self, what: String) {
        self.wrong.lock().expect("the list").push(what);
    }

    fn good(&self) -> usize {
        self.good.load(Ordering::Acquire)
    }
}

fn clients() -> Vec<reqwest::Client> {
    let place = |n: u8| {
        lifeline_tests::http::client()
            .local_address(IpAddr::V4(Ipv4Addr::new(127, 0, 7, n)))
            .build()
            .expect("a client")
    };
    (1..=PLACES).map(place).collect()
}

/// As many as are answered: each asks again at once.
async fn peak(clients: &[reqwest::Client], mix: &Mix, time: Duration) -> usize {
    let count = Arc::new(Count::default());
    let until = Instant::now() + time;
    let busy = (0..BUSY).map(|n| {
        let (count, mix) = (Arc::clone(&count), mix.clone());
        let client = clients[n % clients.len()].clone();
        tokio::spawn(async move {
            let mut turn = n;
            while Instant::now() < until {
                count.ask(mix.request(&client, turn)).await;
                turn += 1;
            }
        })
    });
    for one in busy.collect::<Vec<_>>() {
        one.await.expect("an asker");
    }
    count.good()
}

/// So many in the time, whether answered or not.
async fn flood(
    clients: Vec<reqwest::Client>,
    mix: Mix,
    offered: usize,
    time: Duration,
    count: Arc<Count>,
) {
    let began = Instant::now();
    let mut sent = 0;
    let mut open = tokio::task::JoinSet::new();
    while began.elapsed() < time {
        let due = offered * usize::try_from(began.elapsed().as_micros()).expect("a number")
            / usize::try_from(time.as_micros()).expect("a number");
        while sent < due {
            let count = Arc::clone(&count);
            let request = mix.request(&clients[sent % clients.len()], sent);
            open.spawn(async move { count.ask(request).await });
            sent += 1;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    while open.join_next().await.is_some() {}
}

fn overload(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let asked = std::env::var("OVERLOAD_SECONDS").ok();
        let whole: Option<u64> = asked.and_then(|text| text.parse().ok());
        let time = Duration::from_secs(whole.unwrap_or(1));
        let plenty = [
            "PER_ADDRESS_MINUTE",
            "PER_NETWORK_MINUTE",
            "PER_ACCOUNT_MINUTE",
            "FUNCTIONS_PERCENT",
        ]
        .map(|limit| (format!("LIFELINE__LIMITS__{limit}"), "1000000000"));
        let plenty: Vec<(&str, &str)> = plenty.iter().map(|(name, n)| (&**name, *n)).collect();
        let demo = Demo::start_with(engine, &plenty).await;
        let phone = Phone::sign_in(&demo, "li-ming").await;
        let home = phone.link_all().await.remove(0);
        let wish = phone.arrears_order(&home).await;
        let placed = place(&phone, &wish).await;
        let payment = placed.json();
        let order = format!(
            "/v1/payments/{}",
            payment["payment_id"].as_str().expect("an order")
        );
        let line = demo.address("line").trim_end_matches('/').to_owned();
        let mix = Mix {
            public: format!("{line}/v1/articles"),
            figure: format!("{line}/v1/bindings/{home}/arrears"),
            token: phone.token().expect("signed in").to_owned(),
        };
        let clients = clients();
        peak(&clients, &mix, time / 4).await;
        let peak = peak(&clients, &mix, time).await;
        let count = Arc::new(Count::default());
        let flood = flood(clients, mix, peak * 3, time, Arc::clone(&count));
        let (mut taken, mut again, began) = (Vec::new(), 0_usize, Instant::now());
        let orders = async {
            while began.elapsed() < time {
                let asked = Instant::now();
                if taken.len() % PLACED_OF == 1 {
                    let answer = place(&phone, &wish).await;
                    assert_eq!(answer.status, placed.status, "placed: {}", answer.text);
                    assert_eq!(answer.text, placed.text, "the same order");
                    again += 1;
                } else {
                    let answer = phone.get(&order).await;
                    assert_eq!(answer.status, StatusCode::OK, "an order: {}", answer.text);
                }
                taken.push(asked.elapsed());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            count.good()
        };
        let flood = tokio::spawn(flood);
        let good = orders.await;
        flood.await.expect("the flood");
        taken.sort_unstable();
        let p99 = taken[(taken.len() * 99).div_euclid(100).min(taken.len() - 1)];
        let put_off = count.put_off.load(Ordering::Acquire);
        let wrong = count.wrong.lock().expect("the list");
        println!(
            "peak {peak}, offered {} in {} s: {good} answered, {put_off} put off, {} wrong; {} turns of an order, {again} of them placed, p99 {} ms",
            peak * 3,
            time.as_secs(),
            wrong.len(),
            taken.len(),
            p99.as_millis()
        );
        assert!(wrong.is_empty(), "{:?}", &wrong[..wrong.len().min(3)]);
        assert!(!taken.is_empty() && good > 0);
        if whole.is_some() {
            assert!(again > 0, "no order was placed");
            assert!(good * 10 >= peak * 9, "{good} of {peak}");
            assert!(p99 <= ORDER_TIME_MAX, "{} ms", p99.as_millis());
        }
    })
}
