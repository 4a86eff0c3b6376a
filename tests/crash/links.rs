//! Drills on links (money.md 5): the link to the database is cut or hangs, Redis is killed and
//! emptied, the channel takes calls and answers none. Meanwhile people pay. Every answer is right or
//! an honest refusal, everything works again within ten seconds, and the queues drain.

use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use lifeline_tests::patience::PATIENCE;
use lifeline_tests::proxy::Weather;
use lifeline_tests::{Answer, Engine, Looks, Phone};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::load::Load;
use crate::neighbour::Redis;
use crate::run;
use crate::stage::Stage;
use crate::town::{Town, elsewhere};

/// The channel's one address; marketing and SMS have others.
const CHANNEL: &str = "POST /gateway.do";
/// Refusals while our records are out of reach. An order that is still being worked is in flight.
const WITHOUT_RECORDS: [&str; 3] = [
    "503 STORE_UNAVAILABLE",
    "503 REQUEST_TIMEOUT",
    "409 REQUEST_IN_FLIGHT",
];
/// People who try to sign in at once; enough of them to open a circuit.
const AT_THE_DOOR: usize = 5;
/// After a longer fault everything begun during it is looked for, one by one.
const A_WHILE: Duration = Duration::from_secs(30);
const A_MINUTE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

pub(crate) fn the_database_link_is_cut(engine: Engine) -> Result<(), Failed> {
    run(async move { without_records(engine, Weather::Cut, Duration::from_secs(5)).await })
}

/// Longer than the deadline of any request.
pub(crate) fn the_database_link_hangs(engine: Engine) -> Result<(), Failed> {
    run(async move { without_records(engine, Weather::Hung, Duration::from_secs(16)).await })
}

pub(crate) fn the_database_link_is_away_for_a_minute(engine: Engine) -> Result<(), Failed> {
    run(async move {
        for weather in [Weather::Cut, Weather::Hung] {
            without_records(engine, weather, A_MINUTE).await;
        }
    })
}

/// Two gateways, both cut off from their records: no notice is acknowledged, nothing is half done.
async fn without_records(engine: Engine, weather: Weather, lasts: Duration) {
    let mut stage = Stage::open(engine).await;
    let link = stage.database_behind_proxy().await;
    let mut town = Town::found(stage, &[]).await;
    let witness = town.residents.pop().expect("one more resident");
    let ordered = witness.orders("paid-while-the-records-are-away").await;
    assert_eq!(ordered.status, StatusCode::CREATED, "{}", ordered.text);
    let order = payable(&witness, &ordered.json()).await;
    let load = Load::begin(&town.residents);
    town.credits(town.residents.len()).await;
    link.set(weather.clone());
    assert!(witness.taps(&order).await, "the channel takes the money");
    tokio::time::sleep(lasts).await;
    let refused = || -> usize {
        let counts = WITHOUT_RECORDS.iter().map(|said| load.answers.count(said));
        counts.sum()
    };
    let mut looks = Looks::every(LOOK_AGAIN);
    let mut told = notice_attempts(&town, &order).await;
    // On a slow machine it is noticed later that the link is away.
    while told.is_empty() || refused() == 0 {
        let (tries, refused) = (told.len(), refused());
        let says = format!("{weather:?}: told {tries} times, {refused} refused");
        assert!(looks.again().await, "{says}");
        told = notice_attempts(&town, &order).await;
    }
    for attempt in &told {
        assert_ne!(attempt["answer"], "success", "{attempt}");
    }
    let begun = town.open_orders().await;
    assert!(!begun.is_empty(), "nothing was begun");
    let wishes = load.unanswered();
    link.set(Weather::Fair);
    let ended = Instant::now();
    town.recovers().await;
    town.answers(&load, &wishes, ended).await;
    if lasts > A_WHILE {
        town.settles(&begun, ended).await;
    }
    town.credits(town.residents.len()).await;
    let wrong = load.answers.dishonest(&WITHOUT_RECORDS);
    assert!(wrong.is_empty(), "{weather:?}: {wrong:?}");
    town.comes_to_rest(load).await;
    assert_eq!(town.state(&order).await, "DONE");
}

/// Orders once more and pays; the order's number.
async fn pays_again(resident: &crate::load::Resident) -> String {
    let ordered = resident.orders("paid-when-it-is-over").await;
    assert_eq!(ordered.status, StatusCode::CREATED, "{}", ordered.text);
    let order = payable(resident, &ordered.json()).await;
    assert!(resident.taps(&order).await, "the channel takes the money");
    order["out_trade_no"].as_str().expect("a number").to_owned()
}

/// Waits until an order can be paid.
async fn payable(resident: &crate::load::Resident, order: &Value) -> Value {
    let id = order["payment_id"].as_str().unwrap_or_default();
    let mut looks = Looks::every(LOOK_AGAIN);
    while looks.again().await {
        let now = resident.looks_at(id).await.json();
        if now["state"] == "PAYING" && now["trade_no"].is_string() {
            return now;
        }
    }
    panic!("an order that can never be paid: {order}");
}

/// How often the channel told us of an order's trade, and what it was answered.
async fn notice_attempts(town: &Town, order: &Value) -> Vec<Value> {
    let number = order["out_trade_no"].as_str().unwrap_or_default();
    let path = format!("/sim/alipay/trades?out_trade_no={number}");
    let trades = town.stage.sandbox_get(&path).await;
    let notices = trades[0]["notices"].as_array().cloned().unwrap_or_default();
    let attempts = notices
        .iter()
        .filter_map(|notice| notice["attempts"].as_array());
    attempts.flatten().cloned().collect()
}

/// Redis is killed, stays away, comes back empty, and is emptied again and again: nobody sees any of
/// it. A session that ends meanwhile ends at the other gateway, too.
pub(crate) fn redis_is_killed_and_emptied(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let stage = Stage::open(engine).await;
        let mut redis = Redis::start().await;
        let arguments = ["--redis-url".to_owned(), redis.url()];
        let mut town = Town::found(stage, &arguments).await;
        let leaver = town.residents.pop().expect("one more resident");
        let load = Load::begin(&town.residents);
        town.credits(town.residents.len()).await;
        assert!(redis.keys().await > 0, "the gateways do not use this Redis");
        assert_eq!(town.counted("lifeline_redis_away_total").await, 0);
        redis.kill();
        town.credits(town.residents.len()).await;
        assert!(town.counted("lifeline_redis_away_total").await > 0);
        assert_eq!(town.ready("redis").await, [false, false]);
        ends_everywhere(&town, &leaver).await;
        redis.again().await;
        town.recovers().await;
        let mut looks = Looks::every(LOOK_AGAIN);
        while town.ready("redis").await != [true, true] {
            assert!(looks.again().await, "Redis is back unnoticed");
        }
        for _ in 0..5 {
            redis.flush().await;
            town.credits(2).await;
            // What was leased before lasts a while, and nobody asks Redis until it is used up.
            let mut looks = Looks::every(LOOK_AGAIN);
            while redis.keys().await == 0 {
                assert!(looks.again().await, "an emptied Redis is not used again");
            }
        }
        let wrong = load.answers.dishonest(&[]);
        assert!(wrong.is_empty(), "{wrong:?}");
        town.comes_to_rest(load).await;
    })
}

/// Redis is killed and away for a minute: people go on paying and see nothing of it, and when it is back it is used again.
pub(crate) fn redis_is_away_for_a_minute(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let stage = Stage::open(engine).await;
        let mut redis = Redis::start().await;
        let arguments = ["--redis-url".to_owned(), redis.url()];
        let mut town = Town::found(stage, &arguments).await;
        let load = Load::begin(&town.residents);
        town.credits(town.residents.len()).await;
        redis.kill();
        let killed = Instant::now();
        while killed.elapsed() < A_MINUTE {
            town.credits(1).await;
        }
        assert!(town.counted("lifeline_redis_away_total").await > 0);
        assert_eq!(town.ready("redis").await, [false, false]);
        let begun = town.open_orders().await;
        redis.again().await;
        let ended = Instant::now();
        town.recovers().await;
        town.settles(&begun, ended).await;
        town.credits(town.residents.len()).await;
        let mut looks = Looks::every(LOOK_AGAIN);
        while town.ready("redis").await != [true, true] || redis.keys().await == 0 {
            assert!(looks.again().await, "Redis is back and not used");
        }
        let wrong = load.answers.dishonest(&[]);
        assert!(wrong.is_empty(), "{wrong:?}");
        town.comes_to_rest(load).await;
    })
}

/// Somebody guesses the code that went to a holder's phone, at both gateways, and Redis is emptied before every guess: there are five tries
/// for a code, as ever. Who read it off the phone gets in at once.
pub(crate) fn an_emptied_redis_gives_no_further_guess(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let stage = Stage::open(engine).await;
        let redis = Redis::start().await;
        let arguments = ["--redis-url".to_owned(), redis.url()];
        let town = Town::found(stage, &arguments).await;
        let lines = town.lines();
        let sandbox = town.stage.address(3);
        let [reader, guesser] = [&town.residents[2], &town.residents[3]];
        let read = code_for(&town, &reader.phone, "1504010020041", "19000000004").await;
        let linked = proves(&reader.phone, "1504010020041", &read).await;
        assert_eq!(linked.status, StatusCode::CREATED, "{}", linked.text);
        let right = code_for(&town, &guesser.phone, "1504010020017", "19000000001").await;
        let wrong = if right == "000000" {
            "000001"
        } else {
            "000000"
        };
        for guess in [wrong, wrong, wrong, wrong, wrong, &right] {
            for line in &lines {
                redis.flush().await;
                let phone = elsewhere(guesser, line, &sandbox);
                let refused = proves(&phone, "1504010020017", guess).await;
                let code = refused.code();
                let known = ["CANNOT_CONFIRM", "PROOF_LOCKED"].contains(&code.as_str());
                assert!(known, "{}: {}", refused.status, refused.text);
            }
        }
    })
}

/// Asks for a code for a home and reads it off its holder's phone.
async fn code_for(town: &Town, asker: &Phone, home: &str, phone: &str) -> String {
    let wish = json!({"purpose": "bind", "consumer_no": home});
    let asked = asker.post("/v1/otps", &wish).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text);
    let inbox = format!("/sim/sms?phone={phone}");
    let mut looks = Looks::every(LOOK_AGAIN);
    loop {
        let texts = town.stage.sandbox_get(&inbox).await;
        let texts = texts.as_array().into_iter().flatten();
        let mut codes = texts.filter_map(|text| six_digits(text["text"].as_str()?));
        if let Some(code) = codes.next() {
            return code;
        }
        assert!(looks.again().await, "the code never came");
    }
}

fn six_digits(text: &str) -> Option<String> {
    let mut runs = text.split(|c: char| !c.is_ascii_digit());
    runs.find(|run| run.len() == 6).map(str::to_owned)
}

async fn proves(phone: &Phone, home: &str, code: &str) -> Answer {
    let proof = json!({"kind": "archived_sms", "otp": code});
    let wish = json!({"consumer_no": home, "proof": proof});
    phone.post("/v1/bindings", &wish).await
}

/// Signs out at the one gateway; the other refuses the token soon after, by its own look at the records.
async fn ends_everywhere(town: &Town, leaver: &crate::load::Resident) {
    let lines = town.lines();
    let sandbox = town.stage.address(3);
    let [here, there] = [&lines[0], &lines[1]].map(|line| elsewhere(leaver, line, &sandbox));
    assert_eq!(there.get("/v1/me").await.status, StatusCode::OK);
    let path = "/v1/sessions/current";
    let ended = here.send(Method::DELETE, path, None, &[]).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT, "{}", ended.text);
    let began = Instant::now();
    while there.get("/v1/me").await.status == StatusCode::OK {
        assert!(began.elapsed().as_secs() < 10, "the token still opens");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

pub(crate) fn the_channel_hangs(engine: Engine) -> Result<(), Failed> {
    run(async move { without_channel(engine, Duration::from_secs(12)).await })
}

pub(crate) fn the_channel_hangs_for_a_minute(engine: Engine) -> Result<(), Failed> {
    run(async move { without_channel(engine, A_MINUTE).await })
}

/// The channel takes calls and answers none. What is due is shown all the while, an order placed
/// before is credited by its notice, a new one says that it cannot be paid yet.
async fn without_channel(engine: Engine, lasts: Duration) {
    let stage = Stage::open(engine).await;
    let link = stage.sandbox_behind_proxy().await;
    let mut town = Town::found(stage, &[]).await;
    let witness = town.residents.pop().expect("one more resident");
    let ordered = witness.orders("paid-while-the-channel-hangs").await;
    let order = payable(&witness, &ordered.json()).await;
    let load = Load::begin(&town.residents);
    town.credits(town.residents.len()).await;
    link.set(Weather::HungWhere(CHANNEL));
    let hung = Instant::now();
    let is_waited_for = |state: &Value| state != "POSTED" && hung.elapsed() < PATIENCE;
    assert!(witness.taps(&order).await, "the channel takes the money");
    let id = order["payment_id"].as_str().unwrap_or_default();
    let mut state = Value::Null;
    while hung.elapsed() < lasts || is_waited_for(&state) {
        let arrears = format!("/v1/bindings/{}/arrears", witness.home);
        let shown = witness.phone.get(&arrears).await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
        state = witness.looks_at(id).await.json()["state"].clone();
        let knocks = (0..AT_THE_DOOR).map(|_| witness.phone.knocks(witness.person));
        for refused in futures_util::future::join_all(knocks).await {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            assert_eq!(refused.status, status, "{}", refused.text);
            assert_eq!(refused.code(), "UPSTREAM_UNAVAILABLE", "{}", refused.text);
        }
        tokio::time::sleep(LOOK_AGAIN * 10).await;
    }
    let left_alone = town.counted("lifeline_breaker_refused_total").await;
    assert!(left_alone > 0, "the channel was never left alone");
    assert_eq!(state, "POSTED", "the notice alone must credit it");
    let mut begun = town.open_orders().await;
    link.set(Weather::Fair);
    let ended = Instant::now();
    town.recovers().await;
    if lasts > A_WHILE {
        begun.push(pays_again(&witness).await);
        town.settles(&begun, ended).await;
    } else {
        town.credits(town.residents.len()).await;
    }
    let wrong = load.answers.dishonest(&["503 UPSTREAM_UNAVAILABLE"]);
    assert!(wrong.is_empty(), "{wrong:?}");
    town.comes_to_rest(load).await;
}
