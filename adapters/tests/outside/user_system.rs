//! The on-line State Grid user system: signed and sealed writes, each answer of the contract.

use std::sync::Arc;
use std::time::Duration;

use lifeline_adapters::user_system::UserSystemLine;
use lifeline_adapters::wire::{Address, CallRules};
use lifeline_core::bindings::Role;
use lifeline_core::bindings::gathering::{Applied, Profile, Step, Tie, UserSystem as _};
use lifeline_core::shared::ids::{AccountId, BindingId};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::{ConsumerNo, IdNo, PersonName, Phone};
use serde_json::{Value, json};

use crate::marketing::{opened, refusal, sealed, signature_holds};
use crate::responder::{Act, Responder};
use crate::world::{Counting, Fixed, line_keys};

const ACCOUNT: &str = "019aa2f0-0000-7000-8000-000000000001";
const LINK: &str = "019aa2f0-0000-7000-8000-000000000002";
const CLEAR: [&str; 4] = ["李明", "150499199001010014", "19000000001", "1500000004321"];

fn system(responder: &Responder) -> UserSystemLine {
    let address =
        Address::parse(&format!("{}/sgapp/v1", responder.base), true).expect("an address");
    let rules = CallRules::within(Duration::from_millis(400));
    let entropy = Arc::new(Counting::default());
    UserSystemLine::new(address, line_keys(), rules, Arc::new(Fixed), entropy).expect("a client")
}

fn account() -> AccountId {
    AccountId::parse(ACCOUNT).expect("an id")
}

fn link() -> BindingId {
    BindingId::parse(LINK).expect("an id")
}

fn profile() -> Profile {
    Profile {
        name: PersonName::parse(CLEAR[0]).ok(),
        id_no: IdNo::parse(CLEAR[1]).ok(),
        phone: Phone::parse(CLEAR[2]).ok(),
    }
}

fn tie() -> Tie {
    Tie {
        binding_id: link(),
        consumer_no: ConsumerNo::parse(CLEAR[3]).expect("a number"),
        role: Role::Holder,
    }
}

#[tokio::test]
async fn ln_49_every_step_leaves_signed_and_sealed_and_a_repeat_has_the_same_bytes() {
    let responder = Responder::start(|_| Act::Answer(200, r#"{"epoch":7}"#.into()));
    let system = system(&responder);
    let steps = [
        (Step::Register(profile()), "registrations"),
        (Step::Bind(tie()), "bindings"),
        (Step::Unbind(link()), "unbindings"),
        (Step::Withdraw, "withdrawals"),
    ];
    for (step, what) in steps {
        let before = responder.seen().len();
        for _ in 0..2 {
            let applied = system.apply(&account(), &step, 7).await;
            assert_eq!(applied, Ok(Applied::Done));
        }
        let seen = &responder.seen()[before..];
        assert_eq!(seen[0].body, seen[1].body);
        assert_eq!(
            seen[0].header("idempotency-key"),
            seen[1].header("idempotency-key")
        );
        assert_ne!(seen[0].header("x-nonce"), seen[1].header("x-nonce"));
        for one in seen {
            assert!(signature_holds(one));
            assert_eq!(one.method, "POST");
            let path = format!("/sgapp/v1/channel-users/{ACCOUNT}/{what}");
            assert_eq!(one.target, path);
            let body: Value = serde_json::from_str(&one.body).expect("JSON");
            assert_eq!(body["epoch"], 7);
            for clear in CLEAR {
                assert!(!one.body.contains(clear), "{what}");
            }
        }
    }
    let seen = responder.seen();
    let body: Value = serde_json::from_str(&seen[0].body).expect("JSON");
    for (field, clear) in ["name_enc", "id_no_enc", "mobile_enc"]
        .into_iter()
        .zip(CLEAR)
    {
        let envelope = body[field].as_str().expect("sealed");
        assert_eq!(opened(field, envelope), clear);
    }
}

#[tokio::test]
async fn ln_49_a_write_ends_in_the_words_of_the_contract_and_no_others() {
    let apply = async |act: fn() -> Act| {
        let responder = Responder::start(move |_| act());
        system(&responder)
            .apply(&account(), &Step::Withdraw, 7)
            .await
    };
    let unknown = |word| Err(NoAnswer::Unknown(word));
    assert_eq!(
        apply(|| refusal(409, "STALE_EPOCH")).await,
        Ok(Applied::Overtaken)
    );
    assert_eq!(
        apply(|| refusal(500, "STALE_EPOCH")).await,
        unknown("upstream_fault")
    );
    assert_eq!(
        apply(|| refusal(409, "NOT_REGISTERED")).await,
        unknown("unnamed_code")
    );
    let alarm = apply(|| refusal(409, "IDEMPOTENCY_CONFLICT")).await;
    assert_eq!(alarm, Err(NoAnswer::Alarm("idempotency_conflict")));
    let alarm = apply(|| refusal(401, "BAD_SIGNATURE")).await;
    assert_eq!(alarm, Err(NoAnswer::Alarm("bad_signature")));
    assert_eq!(apply(|| Act::Hang).await, unknown("time_out"));
    assert_eq!(apply(|| Act::Drop).await, unknown("connection_lost"));
}

#[tokio::test]
async fn ln_49_what_is_held_is_opened_or_it_is_no_answer() {
    let held = async |body: Value| {
        let responder = Responder::start(move |_| Act::Answer(200, body.to_string()));
        system(&responder).held(&account()).await
    };
    let nobody = held(json!({"registered": false, "epoch": 9, "bindings": []})).await;
    let nobody = nobody.expect("an answer");
    assert_eq!((nobody.member, nobody.epoch), (None, 9));
    let whole = json!({"registered": true, "epoch": 9,
        "name_enc": sealed("name_enc", CLEAR[0]), "id_no_enc": sealed("id_no_enc", CLEAR[1]),
        "mobile_enc": sealed("mobile_enc", CLEAR[2]),
        "bindings": [{"binding_id": LINK, "consumer_no_enc": sealed("consumer_no_enc", CLEAR[3]), "role": "holder"}]});
    let member = held(whole.clone()).await.expect("an answer").member;
    let member = member.expect("a member");
    assert_eq!(member.profile, profile());
    assert_eq!(member.ties.get(&link()), Some(&tie()));
    let mut foreign = whole.clone();
    foreign["mobile_enc"] = json!(sealed("name_enc", CLEAR[2]));
    let mut odd = whole;
    odd["bindings"][0]["role"] = json!("owner");
    for broken in [foreign, odd, json!({"registered": true})] {
        let answer = held(broken).await;
        assert_eq!(answer, Err(NoAnswer::Unknown("unreadable_reply")));
    }
}
