//! A system is reached when anything answers, whatever it says.

use std::sync::Arc;
use std::time::Duration;

use lifeline_adapters::wire::{Address, reached};
use lifeline_core::shared::outside::NoAnswer;

use crate::responder::{Act, Responder};
use crate::world::Fixed;

async fn asked(base: &str) -> Result<(), NoAnswer> {
    let address = Address::parse(&format!("{base}/mkt/v1"), true).expect("an address");
    let most = Duration::from_millis(400);
    reached("test", &address, None, most, Arc::new(Fixed)).await
}

#[tokio::test]
async fn any_answer_is_one_and_silence_or_a_closed_port_is_none() {
    for status in [200, 404, 503] {
        let responder = Responder::start(move |_| Act::Answer(status, String::new()));
        assert_eq!(asked(&responder.base).await, Ok(()), "{status}");
        let seen = responder.only();
        assert_eq!((seen.method.as_str(), seen.target.as_str()), ("HEAD", "/"));
        assert_eq!(seen.header("x-signature"), "", "nothing is signed for it");
    }
    let silent = Responder::start(|_| Act::Hang);
    assert!(asked(&silent.base).await.is_err());
    let closed = asked("http://127.0.0.1:1").await;
    assert_eq!(closed, Err(NoAnswer::NotSent("no_connection")));
}
