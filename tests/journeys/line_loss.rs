//! The dedicated line lost with something under way, cut or silent: who waits is told in time, a wish under a key is
//! done once, and the line is back soon after it can be.

use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use lifeline_tests::proxy::Weather;
use lifeline_tests::{Answer, Demo, Engine, Looks, Phone, Proxy};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::production::{certificates, free_port};
use crate::relay::{Started, line_before, outside, relay_configuration};
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "a_line_lost_under_way_is_told_in_time_and_every_wish_is_done_once",
        &[Engine::Sqlite],
        lost,
    )]
}

/// The mini-program waits for no longer; the relay gives up at 15 s.
const HOUSEHOLD_WAITS: Duration = Duration::from_secs(20);
/// How long a line stays silent: longer than the relay waits.
const SILENT: Duration = Duration::from_secs(16);
const BACK_WITHIN: Duration = Duration::from_secs(10);
/// How long the channel thinks about an order; meanwhile the line is lost.
const THINKS_MS: u64 = 2_500;

/// A household, the relay, the line, and a gateway behind it.
struct Scene {
    demo: Demo,
    line: Proxy,
    household: Phone,
    _relay: Started,
    _dir: TempDir,
}

async fn ordered(phone: &Phone, wish: &Value, key: &str) -> Answer {
    let key = [("idempotency-key", key)];
    phone
        .send(Method::POST, "/v1/payments", Some(wish), &key)
        .await
}

/// What is said of a line that is not there.
fn is_told(answer: &Answer) {
    assert_eq!(
        answer.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "{}",
        answer.text
    );
    let wait = answer.headers.get("retry-after");
    assert!(wait.is_some(), "without a time to come again");
}

impl Scene {
    async fn new(engine: Engine) -> Self {
        let demo = Demo::start(engine).await;
        let dir = tempfile::tempdir().expect("a folder");
        certificates(dir.path());
        let behind = line_before(&demo, dir.path());
        let line = Proxy::before(&format!("127.0.0.1:{behind}")).await;
        let public = free_port();
        let relay_file = relay_configuration(dir.path(), &[line.address().port()], public);
        let relay = Started::of("lifeline-relay", &["--config", &relay_file]);
        let (outside, base) = (outside(dir.path()), format!("https://127.0.0.1:{public}"));
        let mut looks = Looks::every(Duration::from_millis(50));
        while !outside
            .get(format!("{base}/v1/me"))
            .send()
            .await
            .is_ok_and(|answer| answer.status() == StatusCode::UNAUTHORIZED)
        {
            assert!(looks.again().await, "nothing comes by the relay");
        }
        let inside = Phone::sign_in(&demo, "li-ming").await;
        Self {
            household: inside.by_way_of(outside, base),
            demo,
            line,
            _relay: relay,
            _dir: dir,
        }
    }

    /// Loses the line for so long while the channel thinks about this wish, and answers with the order that came of it.
    async fn lost_under(&self, wish: &Value, key: &str, how: Weather, lasts: Duration) -> Value {
        let slow = json!({"target": "alipay", "route": "alipay.trade.create", "kind": "LATENCY",
            "count": 1, "ms": THINKS_MS});
        self.household.sandbox("/sim/faults", &slow).await;
        let began = Instant::now();
        let losing = async {
            let mut looks = Looks::every(Duration::from_millis(20));
            while self.household.sandbox_get("/sim/faults").await["items"][0]["hits"] != 1 {
                assert!(looks.again().await, "the channel was never asked");
            }
            self.line.set(how.clone());
            Instant::now()
        };
        let (told, since) = tokio::join!(ordered(&self.household, wish, key), losing);
        is_told(&told);
        let waited = began.elapsed();
        assert!(waited < HOUSEHOLD_WAITS, "{how:?}: {waited:?}");

        // Whoever comes meanwhile is told the same.
        let began = Instant::now();
        is_told(&self.household.get("/v1/me").await);
        let waited = began.elapsed();
        assert!(waited < HOUSEHOLD_WAITS, "{how:?}, another: {waited:?}");
        tokio::time::sleep(lasts.saturating_sub(since.elapsed())).await;

        self.line.set(Weather::Fair);
        let began = Instant::now();
        while self.household.get("/v1/me").await.status != StatusCode::OK {
            assert!(began.elapsed() < BACK_WITHIN, "{how:?}: it is not back");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // The wish is asked for again as it was; while the first is still thought about, it is not answered.
        let mut looks = Looks::every(Duration::from_millis(100));
        loop {
            let again = ordered(&self.household, wish, key).await;
            if again.status == StatusCode::CREATED {
                self.household.heal().await;
                return again.json();
            }
            assert!(looks.again().await, "{how:?}: {}", again.text);
        }
    }

    async fn trades(&self) -> Vec<Value> {
        let trades = self.household.sandbox_get("/sim/alipay/trades").await;
        let numbers = trades.as_array().expect("the trades").iter();
        numbers.map(|trade| trade["trade_no"].clone()).collect()
    }
}

fn lost(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let scene = Scene::new(engine).await;
        let inside = scene.household.at(&scene.demo);
        let home = inside.link_all().await.remove(0);

        let wish = inside.arrears_order(&home).await;
        let none = Duration::ZERO;
        let first = scene
            .lost_under(&wish, "the-line-was-cut", Weather::Cut, none)
            .await;
        assert_eq!(scene.trades().await, [first["trade_no"].clone()]);
        scene.household.pay_and_rest(&first, "POSTED").await;

        let wish =
            json!({"binding_id": home, "purpose": "top_up", "amount_fen": 100, "via": "mini"});
        let second = scene
            .lost_under(&wish, "the-line-was-silent", Weather::Hung, SILENT)
            .await;
        let trades = scene.trades().await;
        assert_eq!(trades.len(), 2, "{trades:?}");
        assert!(trades.contains(&second["trade_no"]), "{trades:?}");
    })
}
