//! A client that is gone before its answer: the order it asked for is not (money.md 2.10 d, G2).

use std::time::Duration;

use libtest_mimic::Failed;
use lifeline_tests::patience::PATIENCE;
use lifeline_tests::proxy::host_of;
use lifeline_tests::{Demo, Engine, Looks, Phone};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::fixtures::BOTH;
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "a_client_that_is_gone_ends_no_order",
        BOTH,
        a_client_that_is_gone_ends_no_order,
    )]
}

const KEY: &str = "asked-for-and-gone";
/// How long the channel thinks; less than we wait for it.
const THINKS_MS: u64 = 2_500;

fn a_client_that_is_gone_ends_no_order(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let phone = Phone::sign_in(&demo, "li-ming").await;
        let home = phone.link_all().await.remove(0);
        let order = phone.arrears_order(&home).await;
        let slow = json!({"target": "alipay", "route": "alipay.trade.create", "kind": "LATENCY",
            "count": 1, "ms": THINKS_MS});
        phone.sandbox("/sim/faults", &slow).await;
        asks_and_is_gone(&demo, &phone, &order.to_string()).await;
        // Nobody asks again: the answer is stored all the same.
        let mut looks = Looks::every(Duration::from_millis(50));
        while stored_answers(&demo).await == 0 {
            assert!(looks.again().await, "the order ended with its client");
        }
        let key = [("idempotency-key", KEY)];
        let again = phone
            .send(Method::POST, "/v1/payments", Some(&order), &key)
            .await;
        assert_eq!(again.status, StatusCode::CREATED, "{}", again.text);
        let payment = again.json();
        let trades = phone.sandbox_get("/sim/alipay/trades").await;
        assert_eq!(trades.as_array().map(Vec::len), Some(1), "{trades}");
        assert_eq!(trades[0]["trade_no"], payment["trade_no"]);
        phone.pay_and_rest(&payment, "POSTED").await;
    })
}

/// Sends the wish and breaks the connection as soon as the channel was asked. With a reset, not in
/// an orderly way: only that ends the work of a server that would let it end.
async fn asks_and_is_gone(demo: &Demo, phone: &Phone, body: &str) {
    let line = demo.address("line");
    let mut socket = TcpStream::connect(host_of(&line)).await.expect("the line");
    let request = format!(
        "POST /v1/payments HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
         idempotency-key: {KEY}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        phone.token().expect("a token"),
        body.len(),
    );
    let sent = socket.write_all(request.as_bytes()).await;
    sent.expect("a request that was sent");
    let mut looks = Looks::every(Duration::from_millis(5));
    while phone.sandbox_get("/sim/faults").await["items"][0]["hits"] != 1 {
        assert!(looks.again().await, "the channel was never asked");
    }
    assert_eq!(stored_answers(demo).await, 0, "answered already");
    socket.set_zero_linger().expect("a reset");
    drop(socket);
}

/// Keyed requests that came to their end.
async fn stored_answers(demo: &Demo) -> i64 {
    let sql = "SELECT COUNT(*) FROM idempotency WHERE state = 'done'";
    let Some(url) = demo.database_url() else {
        let file = demo.data().join("lifeline.db");
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let conn = rusqlite::Connection::open_with_flags(file, flags).expect("the store");
        conn.busy_timeout(PATIENCE).expect("a time to wait");
        let count = conn.query_row(sql, [], |row| row.get(0));
        return count.expect("a count");
    };
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .expect("the database");
    let carried = tokio::spawn(connection);
    let count = client.query_one(sql, &[]).await.expect("a count").get(0);
    drop(client);
    let _ = carried.await;
    count
}
