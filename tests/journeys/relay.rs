//! The dedicated line whole: a client, the relay, `lifeline serve`; the gateway lost and back again. And Alipay's
//! notices, which come by the relay to the callback listener.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use libtest_mimic::Failed;
use lifeline_tests::demo::binary;
use lifeline_tests::{Demo, Engine, Looks, Phone};
use reqwest::{Certificate, Method, StatusCode};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

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
        (
            "a_household_reads_and_pays_by_the_relay",
            &[Engine::Sqlite],
            household,
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

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
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
pub(crate) fn outside(dir: &Path) -> reqwest::Client {
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

/// What a demo lacks of a node: the end of the line's TLS. What the relay sent goes on as it came, its answer too.
async fn as_it_came(
    demo: web::Data<String>,
    incoming: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let target = incoming.uri().path_and_query();
    let target = target.map_or("/", |target| target.as_str());
    let method = Method::from_bytes(incoming.method().as_str().as_bytes());
    let method = method.expect("a method");
    let http = lifeline_tests::http::client().build().expect("a client");
    let mut outgoing = http.request(method, format!("{}{target}", demo.as_str()));
    let carried = incoming.headers().iter();
    for (name, value) in
        carried.filter(|(name, _)| !["host", "content-length"].contains(&name.as_str()))
    {
        outgoing = outgoing.header(name.as_str(), value.as_bytes());
    }
    let Ok(answer) = outgoing.body(body).send().await else {
        return HttpResponse::BadGateway().finish();
    };
    let status = answer.status().as_u16();
    let status = actix_web::http::StatusCode::from_u16(status).expect("a status");
    let mut returned = HttpResponse::build(status);
    if let Some(kind) = answer.headers().get("content-type") {
        returned.insert_header(("content-type", kind.as_bytes()));
    }
    returned.body(answer.bytes().await.expect("a body"))
}

/// The line of a demo by TLS, with the certificate in `dir`; answers with its port.
pub(crate) fn line_before(demo: &Demo, dir: &Path) -> u16 {
    let chain = CertificateDer::pem_file_iter(dir.join("server.pem"))
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .expect("the certificate");
    let key = PrivateKeyDer::from_pem_file(dir.join("server.key")).expect("the key");
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a certificate with its key");
    let (line, port) = (web::Data::new(demo.address("line")), free_port());
    std::thread::spawn(move || {
        let serving = async move {
            let server = HttpServer::new(move || {
                App::new()
                    .app_data(line.clone())
                    .default_service(web::to(as_it_came))
            });
            // As long as a node's: the relay lets a connection rest for less.
            let server = server.keep_alive(Duration::from_secs(30)).workers(1);
            let server = server.disable_signals();
            let server = server.bind_rustls_0_23(("127.0.0.1", port), tls);
            server.expect("a port").run().await
        };
        actix_web::rt::System::new().block_on(serving)
    });
    port
}

fn household(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let dir = tempfile::tempdir().expect("a folder");
        certificates(dir.path());
        let (line, public) = (line_before(&demo, dir.path()), free_port());
        let relay_file = relay_configuration(dir.path(), &[line], public);
        let _relay = Started::of("lifeline-relay", &["--config", &relay_file]);
        let (outside, base) = (outside(dir.path()), format!("https://127.0.0.1:{public}"));
        let nobody = async || outside.get(format!("{base}/v1/me")).send().await;
        let mut looks = Looks::every(Duration::from_millis(50));
        while !nobody()
            .await
            .is_ok_and(|answer| answer.status() == StatusCode::UNAUTHORIZED)
        {
            assert!(looks.again().await, "nothing comes by the relay");
        }
        let inside = Phone::sign_in(&demo, "li-ming").await;
        let home = inside.link_all().await.remove(0);
        let phone = inside.by_way_of(outside.clone(), base.clone());
        let me = phone.get("/v1/me").await;
        assert_eq!(me.status, StatusCode::OK, "{}", me.text);
        let body = phone.arrears_order(&home).await;
        let ordered = async || {
            let key = [("idempotency-key", "by-the-relay-once")];
            let made = phone.send(Method::POST, "/v1/payments", Some(&body), &key);
            made.await
        };
        let made = ordered().await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        // The key came there as well: the same order is answered, not a second one.
        assert_eq!(ordered().await.text, made.text);
        phone.pay_and_rest(&made.json(), "POSTED").await;
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
