//! Every command Redis was given while the household lived: what it holds runs out in moments, so
//! looking at the end would find nothing.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use lifeline_tests::Looks;

pub(super) struct RedisTap {
    client: redis::Client,
    said: Arc<Mutex<Vec<u8>>>,
}

impl RedisTap {
    /// Listens from now on.
    pub(super) async fn open() -> Self {
        let url = std::env::var("TEST_REDIS_URL").expect("TEST_REDIS_URL");
        let client = redis::Client::open(url).expect("a Redis address");
        let monitor = client.get_async_monitor().await.expect("Redis");
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&said);
        tokio::spawn(async move {
            let mut commands = monitor.into_on_message::<String>();
            while let Some(command) = commands.next().await {
                let mut said = heard.lock().expect("the lock");
                said.extend_from_slice(command.as_bytes());
                said.push(b'\n');
            }
        });
        Self { client, said }
    }

    async fn say(&self, word: &str) {
        let connection = self.client.get_multiplexed_async_connection().await;
        let mut connection = connection.expect("Redis");
        let echo = redis::cmd("ECHO").arg(word).to_owned();
        let echo = echo.query_async::<String>(&mut connection).await;
        assert_eq!(echo.expect("an echo"), word);
    }

    /// Says a word as a careless program would.
    pub(super) async fn plant(&self, word: &str) {
        self.say(word).await;
    }

    /// Everything said until now.
    pub(super) async fn heard(&self) -> Vec<u8> {
        let before = self.said.lock().expect("the lock").len();
        let mark = format!("heard-up-to-{before}");
        self.say(&mark).await;
        let mut looks = Looks::every(Duration::from_millis(10));
        while looks.again().await {
            let said = self.said.lock().expect("the lock").clone();
            if said[before..]
                .windows(mark.len())
                .any(|window| window == mark.as_bytes())
            {
                assert!(
                    said.len() > 1_000,
                    "hardly anything was shared through Redis"
                );
                return said;
            }
        }
        panic!("Redis did not repeat what it was told");
    }
}
