//! Three times what a running listener can do: what it answers stays near its peak, what it puts off is told
//! when to come again, and orders, placed, looked at and given up, are still answered, quickly.
//!
//! A daily run takes a second for each part, on whatever machine and beside other tests, and says only that
//! nothing breaks. `OVERLOAD_SECONDS` (make test-long: 30, optimised programs and an optimised client) holds it to nine
//! tenths of the peak and 200 ms: those of a look, and those of a new order without what the gateway waited for the
//! channel, which is another's and told apart.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use lifeline_tests::patience::PATIENCE;
use lifeline_tests::{Answer, Demo, Engine, Looks, Phone};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

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
/// What a relay has under way at one node, and of it public information; what comes beyond is refused there
/// (`deploy/line/src/seats.rs`).
const UNDER_WAY: usize = 125;
const PUBLIC_UNDER_WAY: usize = 62;
const ORDER_TIME_MAX: Duration = Duration::from_millis(200);
/// Of so many requests of the flood one is a figure of a home, the others are public.
const FIGURE_OF: usize = 8;
/// Of so many turns of the one who orders one is a new order, the others look at one that stays.
const PLACED_OF: usize = 10;
const ORDER_FEN: i64 = 100;
/// What the gateway measures of its calls of the channel, and the one that a new order waits for.
const WAITED: &str = "lifeline_outside_call_seconds_sum{";
const CREATE: &str = "operation=\"alipay.trade.create\"";

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

/// Places an order under a key; under one that was answered it is the same again.
async fn place(phone: &Phone, wish: &Value, key: &str) -> Answer {
    let key = [("idempotency-key", key)];
    phone
        .send(Method::POST, "/v1/payments", Some(wish), &key)
        .await
}

/// A new order: how long it took, and how much of that the gateway waited for the channel.
#[derive(Debug)]
struct Placed {
    whole: Duration,
    channel: Duration,
}

/// What the one who orders was answered meanwhile.
#[derive(Debug, Default)]
struct Turns {
    /// An order that stays, looked at, and one that is asked for again under its key.
    looks: Vec<Duration>,
    placed: Vec<Placed>,
}

impl Turns {
    /// Tells the p99 of each kind and of all of them; answers that of looks, and that of new orders without the
    /// channel's part.
    fn told(&self) -> [Duration; 2] {
        let of = |part: fn(&Placed) -> Duration| self.placed.iter().map(part).collect::<Vec<_>>();
        let own = of(|one| one.whole.saturating_sub(one.channel));
        let all = p99([self.looks.clone(), own.clone()].concat());
        let [looks, own] = [self.looks.clone(), own].map(p99);
        println!(
            "p99 of {} looks at an order {} ms; of {} new orders {} ms, {} ms of them ours, {} ms the channel's; of all \
             of them {} ms",
            self.looks.len(),
            looks.as_millis(),
            self.placed.len(),
            p99(of(|one| one.whole)).as_millis(),
            own.as_millis(),
            p99(of(|one| one.channel)).as_millis(),
            all.as_millis()
        );
        [looks, own]
    }
}

/// The one who orders all the while.
struct Payer {
    phone: Phone,
    home: String,
    /// The order that stays.
    order: String,
    http: reqwest::Client,
    metrics: String,
}

fn path_of(order: &Answer) -> String {
    let told = order.json();
    let id = told["payment_id"].as_str().expect("an order");
    format!("/v1/payments/{id}")
}

impl Payer {
    async fn at(demo: &Demo, phone: &Phone, home: &str) -> Self {
        let wish = phone.arrears_order(home).await;
        let placed = place(phone, &wish, "the-overload-drill").await;
        assert_eq!(placed.status, StatusCode::CREATED, "{}", placed.text);
        Self {
            phone: phone.clone(),
            home: home.to_owned(),
            order: path_of(&placed),
            http: lifeline_tests::http::client().build().expect("a client"),
            metrics: format!("{}/metrics", demo.address("ops")),
        }
    }

    /// Orders in turns for so long, in a part of the drill with this name.
    async fn turns(&self, part: &str, time: Duration) -> Turns {
        let (mut turns, began) = (Turns::default(), Instant::now());
        let mut turn = 0_usize;
        while began.elapsed() < time {
            if turn % PLACED_OF == 1 {
                self.places(&format!("overload-{part}-{turn}"), &mut turns)
                    .await;
            } else {
                let asked = Instant::now();
                let answer = self.phone.get(&self.order).await;
                turns.looks.push(asked.elapsed());
                assert_eq!(answer.status, StatusCode::OK, "an order: {}", answer.text);
            }
            turn += 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        turns
    }

    /// A top-up by everything an order goes through, the same again, and given up: it is in no later one's way.
    async fn places(&self, key: &str, turns: &mut Turns) {
        let wish = json!({"binding_id": self.home, "purpose": "top_up", "amount_fen": ORDER_FEN, "via": "mini"});
        let (before, asked) = (self.channel_time().await, Instant::now());
        let made = place(&self.phone, &wish, key).await;
        let whole = asked.elapsed();
        assert_eq!(made.status, StatusCode::CREATED, "placed: {}", made.text);
        let channel = self.channel_time().await.saturating_sub(before);
        turns.placed.push(Placed { whole, channel });
        let asked = Instant::now();
        let again = place(&self.phone, &wish, key).await;
        turns.looks.push(asked.elapsed());
        assert_eq!(again.status, made.status, "placed again: {}", again.text);
        assert_eq!(again.text, made.text, "the same order");
        self.gives_up(&path_of(&made)).await;
    }

    /// How long the gateway has waited by now for the channel to take new orders: nobody else makes any.
    async fn channel_time(&self) -> Duration {
        let page = self.http.get(&self.metrics).send().await;
        let text = page.expect("metrics").text().await.expect("metrics");
        let of_create = |line: &&str| line.starts_with(WAITED) && line.contains(CREATE);
        let seconds = |line: &str| line.rsplit_once(' ')?.1.parse::<f64>().ok();
        let waited = text.lines().filter(of_create).filter_map(seconds);
        Duration::try_from_secs_f64(waited.sum::<f64>()).expect("a time")
    }

    async fn gives_up(&self, order: &str) {
        let closing = self.phone.post(&format!("{order}/close"), &json!({})).await;
        assert_eq!(closing.status, StatusCode::OK, "{}", closing.text);
        let mut told = closing.json();
        let mut looks = Looks::every(Duration::from_millis(50));
        while told["state"] != "CLOSED" {
            assert!(looks.again().await, "never given up: {told}");
            told = self.phone.get(order).await.json();
        }
    }
}

/// The time that one in a hundred is above; of none, none.
fn p99(mut taken: Vec<Duration>) -> Duration {
    taken.sort_unstable();
    let at = (taken.len() * 99).div_euclid(100);
    let last = taken.len().saturating_sub(1);
    taken.get(at.min(last)).copied().unwrap_or_default()
}

#[derive(Debug, Default)]
struct Count {
    good: AtomicUsize,
    put_off: AtomicUsize,
    refused_before: AtomicUsize,
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
    let all = Arc::new(Semaphore::new(UNDER_WAY));
    let public = Arc::new(Semaphore::new(PUBLIC_UNDER_WAY));
    while began.elapsed() < time {
        let due = offered * usize::try_from(began.elapsed().as_micros()).expect("a number")
            / usize::try_from(time.as_micros()).expect("a number");
        while sent < due {
            let count = Arc::clone(&count);
            let request = mix.request(&clients[sent % clients.len()], sent);
            let is_public = !sent.is_multiple_of(FIGURE_OF);
            sent += 1;
            let seat = Arc::clone(&all).try_acquire_owned();
            let part = is_public.then(|| Arc::clone(&public).try_acquire_owned());
            let (Ok(seat), Ok(part)) = (seat, part.transpose()) else {
                count.refused_before.fetch_add(1, Ordering::AcqRel);
                continue;
            };
            open.spawn(async move {
                count.ask(request).await;
                drop((seat, part));
            });
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
        let payer = Payer::at(&demo, &phone, &home).await;
        let line = demo.address("line").trim_end_matches('/').to_owned();
        let mix = Mix {
            public: format!("{line}/v1/articles"),
            figure: format!("{line}/v1/bindings/{home}/arrears"),
            token: phone.token().expect("signed in").to_owned(),
        };
        let clients = clients();
        peak(&clients, &mix, time / 4).await;
        // Somebody orders then too: what is kept to answer from is forgotten with each order.
        let (peak, _) = tokio::join!(peak(&clients, &mix, time), payer.turns("peak", time));
        let count = Arc::new(Count::default());
        let flood = flood(clients, mix, peak * 3, time, Arc::clone(&count));
        let flood = tokio::spawn(flood);
        let at_its_end = async {
            tokio::time::sleep(time).await;
            count.good()
        };
        let (turns, good) = tokio::join!(payer.turns("flood", time), at_its_end);
        flood.await.expect("the flood");
        let put_off = count.put_off.load(Ordering::Acquire);
        let wrong = count.wrong.lock().expect("the list");
        println!(
            "peak {peak}, offered {} in {} s: {good} answered, {put_off} put off, {} refused before as a relay does, {} wrong",
            peak * 3,
            time.as_secs(),
            count.refused_before.load(Ordering::Acquire),
            wrong.len()
        );
        assert!(wrong.is_empty(), "{:?}", &wrong[..wrong.len().min(3)]);
        assert!(!turns.looks.is_empty() && good > 0);
        let [looks, orders] = turns.told();
        if whole.is_some() {
            assert!(!turns.placed.is_empty(), "no order was placed");
            assert!(good * 10 >= peak * 9, "{good} of {peak}");
            assert!(looks <= ORDER_TIME_MAX, "looks: {} ms", looks.as_millis());
            assert!(
                orders <= ORDER_TIME_MAX,
                "orders: {} ms",
                orders.as_millis()
            );
        }
    })
}
