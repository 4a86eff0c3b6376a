//! A thousand at once through two gateways, of which one is killed in the middle (money.md 4): one notice five hundred
//! times, two hundred and fifty ids of the same fact, and as many looks at the order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Failed;
use lifeline_tests::patience::PATIENCE;
use lifeline_tests::{Engine, Looks};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::fixtures::POSTGRES;
use crate::notice_shapes::{Fields, Scene, changed};
use crate::{Body, records, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "a_thousand_notices_while_a_gateway_is_killed_are_one_credit",
        POSTGRES,
        storm,
    )]
}

const FEN: i64 = 150;
const ALL: usize = 1_000;
/// So many at a time.
const CROWD: usize = 32;
/// After so many answers the second gateway is killed.
const KILLED_AFTER: usize = 400;
const ONE: &str = "one-id";

/// Whoever asks a gateway, and looks into the records beside it.
#[derive(Clone)]
struct Asker {
    http: reqwest::Client,
    records: Arc<tokio_postgres::Client>,
}

impl Asker {
    /// Tells a notice. True when it was acknowledged: everybody can read it in the records then.
    async fn tells(&self, zone: &str, id: &str, notice: &Fields) -> bool {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(notice)
            .finish();
        let sent = self
            .http
            .post(format!("{zone}/v1/callbacks/alipay"))
            .header(
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            )
            .timeout(PATIENCE)
            .body(body)
            .send()
            .await;
        // A gateway that is gone acknowledges nothing.
        let Ok(answer) = sent else {
            return false;
        };
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap_or_default();
        if (status, text.as_str()) != (200, "success") {
            return false;
        }
        let kept = "SELECT count(*) FROM inbox WHERE message_id = $1";
        let kept = self.records.query_one(kept, &[&id]).await;
        let kept: i64 = kept.expect("the records").get(0);
        assert_eq!(kept, 1, "{id} was acknowledged and is not on record");
        true
    }

    async fn looks(&self, url: &str, token: &str) {
        let asked = self.http.get(url).bearer_auth(token).timeout(PATIENCE);
        let _seen_or_gone = asked.send().await;
    }
}

fn storm(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let scene = Scene::new(engine).await;
        let second = scene.demo.second_gateway();
        let order = scene.order(FEN).await;
        let token = scene.phone.token().expect("signed in").to_owned();
        let url = scene.demo.database_url().expect("a server");
        let asker = Asker {
            http: scene.http.clone(),
            records: Arc::new(records::database(url).await),
        };
        let doors = [&scene.demo, &second]
            .map(|demo| (demo.address("callback"), demo.address("line") + &order.path));
        let fact = order.paid(ONE);
        let one = scene.sealed(&fact, false);
        let crowd = Arc::new(Semaphore::new(CROWD));
        let mut tasks = JoinSet::new();
        for n in 0..ALL {
            let (zone, look) = doors[n / 4 % 2].clone();
            let notice = match n % 4 {
                3 => None,
                1 => {
                    let id = format!("n-{n}");
                    let other = changed(fact.clone(), &[("notify_id", &id)]);
                    Some((id, scene.sealed(&other, false)))
                }
                _ => Some((ONE.to_owned(), one.clone())),
            };
            let (asker, crowd, token) = (asker.clone(), Arc::clone(&crowd), token.clone());
            tasks.spawn(async move {
                let _place = crowd.acquire().await.expect("the crowd");
                let Some((id, notice)) = notice else {
                    asker.looks(&look, &token).await;
                    return None;
                };
                let taken = asker.tells(&zone, &id, &notice).await;
                (!taken).then_some((id, notice))
            });
        }
        let left = while_one_is_killed(tasks, second).await;
        // Alipay repeats what was not acknowledged, to whoever is there.
        for (id, notice) in &left {
            let mut looks = Looks::every(Duration::from_millis(50));
            while looks.again().await && !asker.tells(scene.zone(), id, notice).await {}
        }
        scene.comes_to(&order, &["POSTED"]).await;
        let waiting = "SELECT count(*) FROM inbox WHERE state = 'received'";
        let mut looks = Looks::every(Duration::from_millis(100));
        while looks.again().await && records::count(&scene.demo, waiting).await > 0 {}
        assert_eq!(records::count(&scene.demo, waiting).await, 0);
        let kept = records::count(&scene.demo, "SELECT count(*) FROM inbox").await;
        assert_eq!(kept, 251, "each id once");
        let lines = records::count(&scene.demo, "SELECT count(*) FROM payment_line").await;
        assert_eq!((lines, scene.postings(FEN).await), (1, 1), "one credit");
    })
}

/// Signal 9 for the second gateway while the others are under way; what nobody acknowledged.
async fn while_one_is_killed(
    mut tasks: JoinSet<Option<(String, Fields)>>,
    second: lifeline_tests::Demo,
) -> BTreeMap<String, Fields> {
    let (mut left, mut second, mut done) = (BTreeMap::new(), Some(second), 0);
    while let Some(task) = tasks.join_next().await {
        left.extend(task.expect("the task"));
        done += 1;
        if done == KILLED_AFTER {
            drop(second.take());
        }
    }
    left
}
