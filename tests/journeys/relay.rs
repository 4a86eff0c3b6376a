//! The dedicated line whole: a client, the relay, `lifeline serve`; the gateway lost and back again. And Alipay's
//! notices, which come by the relay to the callback listener.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use libtest_mimic::Failed;
use lifeline_tests::demo::binary;
use lifeline_tests::{Engine, Looks};
use reqwest::{Certificate, StatusCode};

use crate::fixtures::BOTH;
use crate::notice_shapes::Scene;
use crate::production::{certificates, configuration, free_port, lifeline, terminate};
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![
        (
            "the_line_carries_signed_requests_and_comes_back_after_a_loss",
            BOTH,
            line,
        ),
        ("alipays_notices_come_by_the_relay", BOTH, notices),
        (
            "who_floods_the_callback_zone_by_the_relay_keeps_nobody_else_out",
            &[Engine::Sqlite],
            floods,
        ),
    ]
}

/// A started program; killed when dropped.
pub(crate) struct Started(Child);

impl Started {
    pub(crate) fn of(name: &str, arguments: &[&str]) -> Self {
        let program = binary().with_file_name(name);
        let started = Command::new(&program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(started.unwrap_or_else(|error| panic!("{}: {error}", program.display())))
    }

    pub(crate) fn stop(mut self) {
        terminate(self.0.id());
        let ended = self.0.wait().expect("the process");
        assert!(ended.success(), "ended with {ended}");
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a relay listening at `public` is told of the gateways at `lines`.
pub(crate) fn relay_configuration(dir: &Path, lines: &[u16], public: u16) -> String {
    let at = dir.display();
    let node = |line: &u16| format!("\"https://127.0.0.1:{line}\"");
    let nodes = lines.iter().map(node).collect::<Vec<_>>().join(", ");
    let text = format!(
        "[public]\nbind = \"127.0.0.1:{public}\"\ncertificate = \"{at}/server.pem\"\nprivate_key = \"{at}/server.key\"\n\
         [line]\nnodes = [{nodes}]\ncertificate = \"{at}/relay.pem\"\nprivate_key = \"{at}/relay.key\"\n\
         ca = \"{at}/ca.pem\"\nkey_id = \"channel-relay-1\"\nsigning_key = \"{at}/signing.pem\"\n"
    );
    let file = dir.join(format!("relay-{public}.toml"));
    std::fs::write(&file, text).expect("the relay's configuration");
    file.display().to_string()
}

/// The same relay, told of the gateways' callback listeners as well.
fn and_callbacks(relay_file: &str, nodes: &[&str]) {
    let node = |node: &&str| format!("\"{node}\"");
    let nodes = nodes.iter().map(node).collect::<Vec<_>>().join(", ");
    let text = std::fs::read_to_string(relay_file).expect("the relay's configuration");
    let told = format!("{text}[callback]\nnodes = [{nodes}]\n");
    std::fs::write(relay_file, told).expect("the relay's configuration");
}

/// Somebody on the Internet, who trusts the relay's certificate.
fn outside(dir: &Path) -> reqwest::Client {
    let ca = std::fs::read(dir.join("ca.pem")).expect("the CA");
    lifeline_tests::http::client()
        .tls_certs_only([Certificate::from_pem(&ca).expect("a CA")])
        .build()
        .expect("a client")
}

fn line(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let dir = tempfile::tempdir().expect("a folder");
        certificates(dir.path());
        let (config, line, _) = configuration(dir.path(), engine).await;
        assert!(lifeline("migrate", &config).status.success());
        let public = free_port();
        let relay_file = relay_configuration(dir.path(), &[line], public);
        let _relay = Started::of("lifeline-relay", &["--config", &relay_file]);
        let config = config.display().to_string();
        let serve = || Started::of("lifeline", &["serve", "--config", &config]);
        let household = outside(dir.path());
        let url = format!("https://127.0.0.1:{public}/v1/me");
        let until = async |wanted: StatusCode| {
            let mut looks = Looks::every(Duration::from_millis(50));
            loop {
                let asked = household
                    .get(&url)
                    .header("authorization", "Bearer nobody's")
                    .header("x-forwarded-for", "203.0.113.9")
                    .header("signature", "relay=:AAAA:");
                if asked
                    .send()
                    .await
                    .is_ok_and(|answer| answer.status() == wanted)
                {
                    return;
                }
                assert!(looks.again().await, "never {wanted}");
            }
        };
        until(StatusCode::SERVICE_UNAVAILABLE).await;
        let first = serve();
        until(StatusCode::UNAUTHORIZED).await;
        first.stop();
        until(StatusCode::SERVICE_UNAVAILABLE).await;
        let _second = serve();
        until(StatusCode::UNAUTHORIZED).await;
    })
}

fn notices(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let mut scene = Scene::new(engine).await;
        let dir = tempfile::tempdir().expect("a folder");
        certificates(dir.path());
        let (public, nobody) = (free_port(), free_port());
        let relay_file = relay_configuration(dir.path(), &[nobody], public);
        and_callbacks(&relay_file, &[scene.zone()]);
        let _relay = Started::of("lifeline-relay", &["--config", &relay_file]);
        let (outside, base) = (outside(dir.path()), format!("https://127.0.0.1:{public}"));
        let told = async |who: &str| {
            let url = format!("{base}/v1/callbacks/{who}");
            outside.post(url).body("{}").send().await
        };
        let mut looks = Looks::every(Duration::from_millis(50));
        while told("marketing").await.is_err() {
            assert!(looks.again().await, "the relay does not listen");
        }
        // Directly they would be asked for their signature: from the Internet there is nothing.
        for who in ["marketing", "sms"] {
            let answer = told(who).await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{who}");
        }
        let forged = told("alipay").await.expect("an answer");
        assert_eq!(forged.status(), StatusCode::BAD_REQUEST);
        assert_eq!(forged.text().await.expect("a text"), "fail");

        scene.send_by(outside.clone(), base.clone());
        let order = scene.order(501).await;
        let answer = scene.send(&order.paid("n501"), false).await;
        assert_eq!(answer, (200, "success".to_owned()));
        scene.comes_to(&order, &["POSTED"]).await;
        assert_eq!(scene.postings(501).await, 1);
    })
}

fn floods(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let dir = tempfile::tempdir().expect("a folder");
        certificates(dir.path());
        let (config, _, ops) = configuration(dir.path(), engine).await;
        let text = std::fs::read_to_string(&config).expect("the configuration");
        let bound = text.split_once("[listeners.callback]\nbind = \"");
        let bound = bound.and_then(|(_, rest)| rest.split_once('"'));
        let (address, _) = bound.expect("the callback listener");
        let url = format!("http://{address}/v1/callbacks/alipay");
        // A channel's address has ten times what a household's has.
        let narrow = format!("{text}[limits]\nper_address_minute = 1\n");
        std::fs::write(&config, narrow).expect("the configuration");
        assert!(lifeline("migrate", &config).status.success());
        let config = config.display().to_string();
        let _gateway = Started::of("lifeline", &["serve", "--config", &config]);
        let ready = format!("http://127.0.0.1:{ops}/readyz");
        let mut looks = Looks::every(Duration::from_millis(20));
        while !reqwest::get(&ready)
            .await
            .is_ok_and(|answer| answer.status() == StatusCode::OK)
        {
            assert!(looks.again().await, "serve did not become ready");
        }
        // As the relay says it, at whose address this test is.
        let http = lifeline_tests::http::client().build();
        let http = http.expect("a client");
        let said_by = async |client: &str| {
            let said = http.post(&url).header("x-forwarded-for", client);
            let answer = said.body("nobody=s").send().await.expect("an answer");
            answer.status().as_u16()
        };
        let mut answered = 400;
        for _ in 0..100 {
            answered = said_by("198.51.100.7").await;
            if answered != 400 {
                break;
            }
        }
        assert_eq!(answered, 429, "the flood has no end");
        assert_eq!(said_by("203.0.113.9").await, 400, "another is kept out");
    })
}
