//! What the SMS platform and marketing say of themselves to the callback zone (money.md 3.9): only signed, each
//! word once, and nothing of it elsewhere.

use aws_lc_rs::hmac;
use libtest_mimic::Failed;
use lifeline_core::shared::time::Clock as _;
use lifeline_tests::{Demo, Engine};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::fixtures::{BOTH, MachineClock};
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "m3_9_words_to_us_count_when_signed_and_once",
        BOTH,
        words_to_us,
    )]
}

const MARKETING: &str = "/v1/callbacks/marketing";
const SMS: &str = "/v1/callbacks/sms";
/// A word may be so old.
const SKEW_S_MAX: i64 = 300;
const BYTES_MAX: usize = 65_536;

/// The zone, and the secrets of those who call it.
struct Zone {
    demo: Demo,
    http: reqwest::Client,
}

/// What is said, and how it is signed.
#[derive(Clone, Copy)]
struct Word<'a> {
    path: &'a str,
    of: &'a str,
    nonce: &'a str,
    age_s: i64,
    body: &'a str,
}

impl Zone {
    fn secret(&self, of: &str) -> Vec<u8> {
        let file = self.demo.data().join("keys").join(format!("{of}.json"));
        let text = std::fs::read_to_string(file).expect("the demo's keys");
        let keys: Value = serde_json::from_str(&text).expect("JSON");
        hex::decode(keys["secret_hex"].as_str().expect("a secret")).expect("hex")
    }

    async fn say(&self, word: Word<'_>) -> u16 {
        let at = (MachineClock.now().unix_seconds() - word.age_s).to_string();
        let digest = hex::encode(Sha256::digest(word.body.as_bytes()));
        let lines = ["POST", word.path, &digest, &at, word.nonce, ""].join("\n");
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.secret(word.of));
        let signature = hex::encode(hmac::sign(&key, lines.as_bytes()));
        let sent = self
            .http
            .post(format!("{}{}", self.demo.address("callback"), word.path))
            .header("x-channel-id", "lifeline")
            .header("x-timestamp", at)
            .header("x-nonce", word.nonce)
            .header("x-signature", signature)
            .header("content-type", "application/json")
            .body(word.body.to_owned());
        sent.send().await.expect("an answer").status().as_u16()
    }
}

fn words_to_us(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let http = lifeline_tests::http::client().build();
        let zone = Zone {
            demo,
            http: http.expect("a client"),
        };
        let marketing = Word {
            path: MARKETING,
            of: "marketing",
            nonce: "journey-of-marketing-1",
            age_s: 0,
            body: "{\"moved\":true}",
        };
        assert_eq!(zone.say(marketing).await, 204);
        assert_eq!(zone.say(marketing).await, 401, "said again");
        let fresh = |nonce: &'static str| Word { nonce, ..marketing };
        let others = Word {
            of: "sms",
            ..fresh("journey-of-marketing-2")
        };
        assert_eq!(zone.say(others).await, 401, "signed by another");
        let old = |nonce, age_s| Word {
            age_s,
            ..fresh(nonce)
        };
        // Some seconds of slack for a slow machine; the exact bound has its own test.
        assert_eq!(
            zone.say(old("journey-of-marketing-3", SKEW_S_MAX - 30))
                .await,
            204
        );
        assert_eq!(
            zone.say(old("journey-of-marketing-4", SKEW_S_MAX + 1))
                .await,
            401
        );
        let (most, more) = ("a".repeat(BYTES_MAX), "a".repeat(BYTES_MAX + 1));
        let large = |nonce, body| Word {
            body,
            ..fresh(nonce)
        };
        assert_eq!(zone.say(large("journey-of-marketing-5", &most)).await, 204);
        assert_eq!(zone.say(large("journey-of-marketing-6", &more)).await, 413);

        let message =
            json!({"message_id": "019aa2f0-0000-7000-8000-000000000001", "state": "DELIVERED"});
        let message = message.to_string();
        let sms = Word {
            path: SMS,
            of: "sms",
            nonce: "journey-of-sms-00001",
            age_s: 0,
            body: &message,
        };
        assert_eq!(zone.say(sms).await, 204);
        assert_eq!(zone.say(sms).await, 401, "said again");
        for (nonce, body, status) in [
            ("journey-of-sms-00002", "{}", 422),
            ("journey-of-sms-00003", "[", 400),
            (
                "journey-of-sms-00004",
                "{\"message_id\":\"1\",\"state\":\"FAILED\"}",
                422,
            ),
            (
                "journey-of-sms-00005",
                "{\"message_id\":\"1\",\"state\":\"READ\"}",
                422,
            ),
        ] {
            let odd = Word { nonce, body, ..sms };
            assert_eq!(zone.say(odd).await, status, "{body}");
        }
        let bare = zone
            .http
            .post(format!("{}{SMS}", zone.demo.address("callback")));
        assert_eq!(
            bare.body("{}").send().await.expect("an answer").status(),
            401
        );
        let elsewhere = zone
            .http
            .post(format!("{}{SMS}", zone.demo.address("line")));
        let found = elsewhere.body("{}").send().await.expect("an answer");
        assert_eq!(found.status(), 404, "not where households come");
    })
}
