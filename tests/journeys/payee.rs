//! A seller who is paid at another account from now on, over HTTP against a demo: the reserve says so first, then the
//! owner, with a code (money.md 2.17).

use std::time::Duration;

use libtest_mimic::Failed;
use lifeline_tests::{Answer, Demo, Engine, Looks, Phone};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::fixtures::BOTH;
use crate::generation::{ALL, encrypt, inside, key_of, number, permit, registered, seller};
use crate::privacy::code_on;
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "m2_17_another_payee_is_shown_with_a_code_and_told",
        BOTH,
        another_payee,
    )]
}

const CARD: &str = "6217000000000000013";

async fn show(phone: &Phone, id: &str, identity: &Value, code: Option<&str>) -> Answer {
    let key = key_of(phone, id).await;
    let jwe = encrypt(&key["jwk"], &inside(id, &key, identity));
    let mut body = json!({ "jwe": jwe });
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    phone.post(&format!("{ALL}/{id}/access"), &body).await
}

async fn ask(phone: &Phone, id: &str) -> Answer {
    let body = json!({"purpose": "change_payee", "generation_account_id": id});
    phone.post("/v1/otps", &body).await
}

async fn payee(phone: &Phone, id: &str) -> Value {
    let table = phone.get(&format!("{ALL}/{id}/table")).await;
    assert_eq!(table.status, StatusCode::OK, "{}", table.text);
    table.json()["identity"].clone()
}

fn another_payee(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let (phone, person) = seller(&demo).await;
        let id = registered(&phone, &person).await;
        let permission = permit(&phone, &id, &person).await;
        let before = payee(&phone, &id).await;
        let mut identity = person["identity"].clone();
        identity["bank_card_no"] = json!(CARD);
        let typed = show(&phone, &id, &identity, None).await;
        assert_eq!(
            typed.code(),
            "PERMISSION_NOT_GRANTED",
            "the reserve decides"
        );
        let mut reserve = number(&person);
        reserve["trading_account"] = json!(CARD);
        phone.sandbox("/sim/marketing/change-payee", &reserve).await;
        let bare = show(&phone, &id, &identity, None).await;
        assert_eq!(bare.status, StatusCode::FORBIDDEN, "{}", bare.text);
        assert_eq!(bare.code(), "STEP_UP_REQUIRED");
        let neighbour = Phone::sign_in(&demo, "li-ming").await;
        assert_eq!(ask(&neighbour, &id).await.code(), "NOT_FOUND");
        let asked = ask(&phone, &id).await;
        assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text);
        let own = person["phone"].as_str().expect("a phone");
        let code = code_on(&phone, own, "更换光伏收款账号").await;
        for wrong in ["12345", "1234567", "12345x"] {
            let refused = show(&phone, &id, &identity, Some(wrong)).await;
            assert_eq!(refused.code(), "INVALID_FIELD", "{wrong}");
        }
        let other = if code == "135790" { "135791" } else { "135790" };
        let refused = show(&phone, &id, &identity, Some(other)).await;
        assert_eq!(refused.code(), "OTP_WRONG", "{}", refused.text);
        assert_eq!(payee(&phone, &id).await, before, "nothing was changed");
        let changed = show(&phone, &id, &identity, Some(&code)).await;
        assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
        assert_eq!(changed.json()["permission_id"], permission.as_str());
        let after = payee(&phone, &id).await;
        assert_eq!(after["trading_account_masked"], "****0013");
        let mut looks = Looks::every(Duration::from_millis(250));
        while looks.again().await {
            let inbox = phone.sandbox_get(&format!("/sim/sms?phone={own}")).await;
            let notices = phone.get("/v1/notices").await;
            if inbox.to_string().contains("光伏收款账号已更换")
                && notices.text.contains("payee_changed")
            {
                return;
            }
        }
        panic!("nobody was told");
    })
}
