//! The time machine.

use std::sync::{Arc, Mutex};

use actix_web::{App, HttpResponse, HttpServer, web};
use serde_json::{Value, json};

use crate::merchant::Scene;

/// An ops listener that writes down how it was moved, answering with `status`.
fn ops(status: u16) -> (String, Arc<Mutex<Vec<Value>>>) {
    let moved: Arc<Mutex<Vec<Value>>> = Arc::default();
    let kept = web::Data::from(moved.clone());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let take = move |kept: web::Data<Mutex<Vec<Value>>>, body: web::Json<Value>| async move {
        kept.lock().unwrap().push(body.into_inner());
        let status = actix_web::http::StatusCode::from_u16(status).unwrap();
        HttpResponse::build(status).json(json!({}))
    };
    let server = HttpServer::new(move || {
        App::new()
            .app_data(kept.clone())
            .route("/demo/clock", web::post().to(take))
    })
    .workers(1)
    .disable_signals()
    .listen(listener)
    .unwrap()
    .run();
    tokio::spawn(server);
    (url, moved)
}

#[tokio::test]
async fn every_follower_is_moved_before_the_answer() {
    let (one, moved_one) = ops(200);
    let (two, moved_two) = ops(204);
    let scene = Scene::with(|o| o.ops = vec![one, format!("{two}/")]).await;
    let before: jiff::Timestamp = scene.get("/sim/clock").await["now"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let (status, answer) = scene.post("/sim/clock", json!({ "advance_s": 3600 })).await;
    assert_eq!(status, 200);
    let after: jiff::Timestamp = answer["now"].as_str().unwrap().parse().unwrap();
    assert!((3600..3660).contains(&after.duration_since(before).as_secs()));
    for moved in [moved_one, moved_two] {
        assert_eq!(*moved.lock().unwrap(), [json!({ "advance_s": 3600 })]);
    }
}

#[tokio::test]
async fn a_stopped_clock_stands_between_steps_and_its_followers_hear_of_it() {
    let (follower, moved) = ops(200);
    let scene = Scene::with(|o| o.ops = vec![follower]).await;
    let stop = json!({ "advance_s": 60, "stop": true });
    let (status, answer) = scene.post("/sim/clock", stop.clone()).await;
    assert_eq!(status, 200);
    assert_eq!(scene.get("/sim/clock").await["now"], answer["now"]);
    let (_, later) = scene.post("/sim/clock", json!({ "advance_s": 1 })).await;
    let at =
        |answer: &Value| -> jiff::Timestamp { answer["now"].as_str().unwrap().parse().unwrap() };
    assert_eq!(at(&later).duration_since(at(&answer)).as_secs(), 1);
    assert_eq!(*moved.lock().unwrap(), [stop, json!({ "advance_s": 1 })]);
}

#[tokio::test]
async fn a_follower_that_does_not_follow_is_reported() {
    let (broken, _) = ops(500);
    let scene = Scene::with(|o| o.ops = vec![broken]).await;
    let (status, answer) = scene.post("/sim/clock", json!({ "advance_s": 60 })).await;
    assert_eq!(
        (status, answer["code"].as_str()),
        (502, Some("CLOCK_NOT_FOLLOWED"))
    );
}

#[tokio::test]
async fn time_never_moves_back_or_absurdly_far() {
    let scene = Scene::new().await;
    for advance_s in [
        json!(0),
        json!(-1),
        json!(1_000_000_000_000_i64),
        json!("1"),
        json!(1.5),
    ] {
        let (status, _) = scene
            .post("/sim/clock", json!({ "advance_s": advance_s }))
            .await;
        assert_eq!(status, 422, "{advance_s}");
    }
}

#[tokio::test]
async fn one_step_goes_four_hundred_days_and_not_a_second_more() {
    let (follower, moved) = ops(200);
    let scene = Scene::with(|o| o.ops = vec![follower]).await;
    let most = lifeline_sandbox::clock::ADVANCE_S_MAX;
    let further = json!({ "advance_s": most + 1 });
    assert_eq!(scene.post("/sim/clock", further).await.0, 422);
    assert!(moved.lock().unwrap().is_empty(), "nobody moves alone");
    let step = json!({ "advance_s": most });
    assert_eq!(scene.post("/sim/clock", step.clone()).await.0, 200);
    assert_eq!(*moved.lock().unwrap(), [step]);
}

#[tokio::test]
async fn a_sandbox_may_start_in_another_time() {
    let scene = Scene::with(|o| o.clock_offset_s = -86_400).await;
    let now = scene.get("/sim/clock").await["now"]
        .as_str()
        .unwrap()
        .to_owned();
    let now: jiff::Timestamp = now.parse().unwrap();
    let real = lifeline_sandbox::clock::SimClock::new(0).now();
    assert!((86_340..=86_460).contains(&real.duration_since(now).as_secs()));
    assert_eq!(
        scene.create("LL1", "1.00").await["code"],
        "10000",
        "signed in its own time"
    );
}
