//! Three times what a running listener can do: what it answers stays near its peak, what it puts off is told
//! when to come again, and how an order stands is still answered, quickly.
//!
//! A daily run takes a second for each part, on whatever machine and beside other tests, and says only that
//! nothing breaks. `OVERLOAD_SECONDS` (make test-long: 30) holds it to nine tenths of the peak and 200 ms.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use lifeline_tests::patience::PATIENCE;
use lifeline_tests::{Demo, Engine, Phone};
use reqwest::StatusCode;

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
const FLOOD: &str = "/v1/articles";

#[derive(Debug, Default)]
struct Count {
    good: AtomicUsize,
    put_off: AtomicUsize,
    wrong: std::sync::Mutex<Vec<String>>,
}

impl Count {
    async fn ask(&self, client: &reqwest::Client, url: &str) {
        // An open question nobody answered by then is lost.
        let asked = tokio::time::timeout(PATIENCE, client.get(url).send()).await;
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
async fn peak(clients: &[reqwest::Client], url: &str, time: Duration) -> usize {
    let count = Arc::new(Count::default());
    let until = Instant::now() + time;
    let busy = (0..BUSY).map(|n| {
        let (count, url) = (Arc::clone(&count), url.to_owned());
        let client = clients[n % clients.len()].clone();
        tokio::spawn(async move {
            while Instant::now() < until {
                count.ask(&client, &url).await;
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
    url: String,
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
            let (count, url) = (Arc::clone(&count), url.clone());
            let client = clients[sent % clients.len()].clone();
            open.spawn(async move { count.ask(&client, &url).await });
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
        let order = phone.arrears_order(&home).await;
        let payment = phone
            .send(
                reqwest::Method::POST,
                "/v1/payments",
                Some(&order),
                &[("idempotency-key", "the-overload-drill")],
            )
            .await
            .json();
        let order = format!(
            "/v1/payments/{}",
            payment["payment_id"].as_str().expect("an order")
        );
        let url = format!("{}{FLOOD}", demo.address("line").trim_end_matches('/'));
        let clients = clients();
        peak(&clients, &url, time / 4).await;
        let peak = peak(&clients, &url, time).await;
        let count = Arc::new(Count::default());
        let flood = flood(clients, url, peak * 3, time, Arc::clone(&count));
        let (mut taken, began) = (Vec::new(), Instant::now());
        let orders = async {
            while began.elapsed() < time {
                let asked = Instant::now();
                let answer = phone.get(&order).await;
                assert_eq!(answer.status, StatusCode::OK, "an order: {}", answer.text);
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
            "peak {peak}, offered {} in {} s: {good} answered, {put_off} put off, {} wrong; {} looks at an order, p99 {} ms",
            peak * 3,
            time.as_secs(),
            wrong.len(),
            taken.len(),
            p99.as_millis()
        );
        assert!(wrong.is_empty(), "{:?}", &wrong[..wrong.len().min(3)]);
        assert!(!taken.is_empty() && good > 0);
        if whole.is_some() {
            assert!(good * 10 >= peak * 9, "{good} of {peak}");
            assert!(p99 <= ORDER_TIME_MAX, "{} ms", p99.as_millis());
        }
    })
}
