//! A store in which nobody works yet: the operator adds the first administrator on the command line, who signs in at the
//! console with what was printed, once.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use libtest_mimic::Failed;
use lifeline_core::operators::TotpSecret;
use lifeline_core::operators::totp::step_at;
use lifeline_core::shared::time::Clock as _;
use lifeline_tests::demo::binary;
use lifeline_tests::{Engine, Looks};
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::fixtures::{BOTH, MachineClock};
use crate::production::{certificates, configuration, free_port, lifeline, terminate, text};
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "the_first_administrator_is_added_by_command_and_signs_in",
        BOTH,
        first,
    )]
}

fn staff(config: &Path, arguments: &[&str]) -> Output {
    let mut run = Command::new(binary());
    run.arg("staff").args(arguments).arg("--config").arg(config);
    run.output().expect("lifeline staff")
}

/// The configuration with a console behind a proxy of this machine; its port.
fn with_console(config: &Path) -> u16 {
    let port = free_port();
    let known = std::fs::read_to_string(config).expect("the configuration");
    let console = format!(
        "[listeners.console]\nbind = \"127.0.0.1:{port}\"\npublic_base = \"https://console.intranet.example.cn\"\n\
         trusted_hops = [\"127.0.0.1\"]\n"
    );
    std::fs::write(config, format!("{known}{console}")).expect("the configuration");
    port
}

/// What the proxy in front of the console sends on of a sign-in.
async fn enters(console: &str, given: &Value, code: &str) -> Response {
    let word = |key: &str| given[key].as_str().expect(key);
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("login", word("login"))
        .append_pair("password", word("password"))
        .append_pair("code", code)
        .finish();
    let client = lifeline_tests::http::client().redirect(reqwest::redirect::Policy::none());
    let client = client.build().expect("a client");
    client
        .post(format!("{console}/console/sign-in"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-forwarded-for", "10.30.0.5")
        .body(form)
        .send()
        .await
        .expect("an answer")
}

fn first(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let dir = tempfile::tempdir().expect("a folder");
        certificates(dir.path());
        let (config, _, ops) = configuration(dir.path(), engine).await;
        let console = format!("http://127.0.0.1:{}", with_console(&config));
        let migrated = lifeline("migrate", &config);
        assert!(migrated.status.success(), "{}", text(&migrated));
        let nobody = staff(&config, &["list"]);
        assert!(text(&nobody).contains("nobody yet"), "{}", text(&nobody));
        let wrong = staff(&config, &["add", "zhao.min", "--role", "king"]);
        assert_eq!(wrong.status.code(), Some(2), "{}", text(&wrong));
        let added = staff(&config, &["add", "zhao.min", "--role", "admin", "--json"]);
        assert!(added.status.success(), "{}", text(&added));
        let given: Value = serde_json::from_slice(&added.stdout).expect("what was given");
        let again = staff(&config, &["add", "zhao.min", "--role", "admin"]);
        assert!(text(&again).contains("taken"), "{}", text(&again));

        let mut served = Command::new(binary());
        served.arg("serve").arg("--config").arg(&config);
        served.stdin(Stdio::null()).stderr(Stdio::null());
        let mut served = served.spawn().expect("lifeline serve");
        let ready = format!("http://127.0.0.1:{ops}/readyz");
        let mut looks = Looks::every(Duration::from_millis(20));
        while !reqwest::get(&ready)
            .await
            .is_ok_and(|answer| answer.status() == StatusCode::OK)
        {
            assert!(looks.again().await, "serve did not become ready");
        }

        let secret = given["totp_secret"].as_str().and_then(TotpSecret::parse);
        let secret = secret.expect("a secret for codes");
        let code = secret.code(step_at(MachineClock.now()));
        let other = if code == "000000" { "000001" } else { "000000" };
        let refused = enters(&console, &given, other).await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
        let entered = enters(&console, &given, &code).await;
        assert_eq!(entered.status(), StatusCode::SEE_OTHER);
        let set = entered.headers().get("set-cookie").expect("a cookie");
        let cookie = set.to_str().expect("text").split(';').next().expect("it");
        let page = lifeline_tests::http::client().build().expect("a client");
        let page = page
            .get(format!("{console}/console/staff"))
            .header("cookie", cookie)
            .header("x-forwarded-for", "10.30.0.5");
        let page = page.send().await.expect("an answer");
        assert_eq!(page.status(), StatusCode::OK);
        let shown = page.text().await.expect("a page");
        assert!(shown.contains("zhao.min"), "they administer the staff");

        terminate(served.id());
        let ended = served.wait().expect("the process");
        assert!(ended.success(), "serve ended with {ended}");
    })
}
