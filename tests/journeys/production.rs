//! `lifeline serve` as an operator runs it: checked configuration, migrated store, mutual TLS on the
//! line, an orderly end. The outside systems are not reached; nothing here needs them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use libtest_mimic::Failed;
use lifeline_core::shared::time::Clock as _;
use lifeline_tests::demo::binary;
use lifeline_tests::ports::Row;
use lifeline_tests::{Demo, Engine, Looks, Phone, engine};
use reqwest::header::HeaderMap;
use reqwest::{Certificate, Identity, StatusCode};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::fixtures::{BOTH, MachineClock};
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![
        (
            "serve_demands_the_relays_certificate_and_ends_orderly",
            BOTH,
            serve,
        ),
        ("m3_10_serve_refuses_a_demo_store", BOTH, demo_store),
        ("a_stopping_gateway_finishes_what_it_began", BOTH, drain),
    ]
}

/// A CA, a server certificate for 127.0.0.1 and a client certificate, by openssl.
pub(crate) fn certificates(dir: &Path) {
    let openssl = |arguments: &[&str]| {
        let done = Command::new("openssl")
            .args(arguments)
            .current_dir(dir)
            .output()
            .expect("openssl");
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    };
    let key = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ];
    let ca = [
        &[
            "req",
            "-x509",
            "-subj",
            "/CN=test ca",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
        ][..],
        &key,
    ]
    .concat();
    openssl(&ca);
    for (name, extension) in [
        ("server", "subjectAltName=IP:127.0.0.1"),
        ("relay", "subjectAltName=DNS:relay-1.line.example.cn"),
        ("other", "subjectAltName=DNS:other.line.example.cn"),
    ] {
        let (key_file, certificate, subject) = (
            format!("{name}.key"),
            format!("{name}.pem"),
            format!("/CN={name}"),
        );
        let signed = [
            &[
                "req", "-x509", "-CA", "ca.pem", "-CAkey", "ca.key", "-subj", &subject, "-addext",
                extension,
            ][..],
            &[
                "-addext",
                "basicConstraints=critical,CA:FALSE",
                "-keyout",
                &key_file,
                "-out",
                &certificate,
            ],
            &key,
        ]
        .concat();
        openssl(&signed);
    }
    openssl(&["genpkey", "-algorithm", "ed25519", "-out", "signing.pem"]);
    openssl(&[
        "pkey",
        "-in",
        "signing.pem",
        "-pubout",
        "-out",
        "signing.pub",
    ]);
    openssl(&["genrsa", "-out", "app.pem", "2048"]);
    openssl(&["genrsa", "-out", "platform.key", "2048"]);
    openssl(&[
        "rsa",
        "-in",
        "platform.key",
        "-pubout",
        "-out",
        "platform.pem",
    ]);
}

/// Nobody else's until this process ends, and never the same one twice.
pub(crate) fn free_port() -> u16 {
    static TAKEN: Mutex<Vec<Row>> = Mutex::new(Vec::new());
    let row = Row::take();
    let port = row.first();
    TAKEN.lock().expect("the rows").push(row);
    port
}

/// A production configuration over the files in `dir`; answers it with the line's and ops' ports.
pub(crate) async fn configuration(dir: &Path, engine: Engine) -> (PathBuf, u16, u16) {
    let (line, callback, ops) = (free_port(), free_port(), free_port());
    let url = match engine {
        Engine::Sqlite => format!("sqlite:{}", dir.join("live.db").display()),
        Engine::Postgres => engine::new_database().await,
    };
    let (at, secret) = (dir.display(), "5a".repeat(32));
    let mut text = format!(
        "[listeners.line]\nbind = \"127.0.0.1:{line}\"\npublic_base = \"https://power.example.cn\"\n\
         trusted_hops = [\"127.0.0.1\"]\n[listeners.line.tls]\ncertificate = \"{at}/server.pem\"\n\
         private_key = \"{at}/server.key\"\nclient_ca = \"{at}/ca.pem\"\n\
         [listeners.line.relay]\norigin = \"https://127.0.0.1:{line}\"\nnetworks = [\"127.0.0.0/8\"]\n\
         floor = \"{at}/line.floor\"\n[[listeners.line.relay.keys]]\nid = \"relay-1\"\n\
         relay = \"relay-1.line.example.cn\"\nalgorithm = \"hmac-sha256\"\nfile = \"{at}/relay.secret\"\n\
         [[listeners.line.relay.keys]]\nid = \"channel-relay-1\"\nrelay = \"relay-1.line.example.cn\"\n\
         algorithm = \"ed25519\"\nfile = \"{at}/signing.pub\"\n\
         [listeners.callback]\nbind = \"127.0.0.1:{callback}\"\npublic_base = \"https://notify.example.cn\"\n\
         [listeners.ops]\nbind = \"127.0.0.1:{ops}\"\n\
         [store]\nurl = \"{url}\"\nkeyring = \"{at}/keyring.json\"\n\
         [alipay]\napp_id = \"2021000000000001\"\nseller_id = \"2088000000000009\"\n\
         gateway_url = \"https://openapi.alipay.com/gateway.do\"\n\
         authorize_url = \"https://openauth.alipay.com/oauth2/publicAppAuthorize.htm\"\n\
         private_key = \"{at}/app.pem\"\nplatform_public_key = \"{at}/platform.pem\"\n"
    );
    std::fs::write(dir.join("relay.secret"), secret.as_bytes()).expect("the relay's secret");
    for section in ["marketing", "sms", "user_system", "generation", "exchange"] {
        let _ = write!(
            text,
            "[{section}]\nbase_url = \"https://{section}.intranet.example.cn/v1\"\nchannel_id = \"lifeline\"\n\
             secret_hex = \"{secret}\"\nfield_key_hex = \"{secret}\"\n"
        );
    }
    let file = dir.join("lifeline.toml");
    std::fs::write(&file, text).expect("the configuration");
    (file, line, ops)
}

pub(crate) fn lifeline(command: &str, config: &Path) -> Output {
    let mut run = Command::new(binary());
    run.arg(command)
        .arg("--config")
        .arg(config)
        .output()
        .expect("lifeline")
}

pub(crate) fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Tables and keyring of a new store. A second node, which nobody gave the keyring yet, makes none of its own: the store
/// knows that there is one, before anybody served.
fn migrates_for_every_node(dir: &Path, config: &Path) {
    let migrated = lifeline("migrate", config);
    assert!(migrated.status.success(), "{}", text(&migrated));
    assert!(
        text(&migrated).contains("made the keyring"),
        "{}",
        text(&migrated)
    );
    let (keyring, elsewhere) = (dir.join("keyring.json"), dir.join("kept"));
    std::fs::rename(&keyring, &elsewhere).expect("the keyring");
    let second = lifeline("migrate", config);
    assert_eq!(second.status.code(), Some(1), "{}", text(&second));
    assert!(text(&second).contains("is missing"), "{}", text(&second));
    assert!(!keyring.exists(), "no second one is made");
    std::fs::rename(&elsewhere, &keyring).expect("the keyring");
    let again = lifeline("migrate", config);
    assert!(again.status.success(), "{}", text(&again));
    assert!(text(&again).contains("nothing to do"), "{}", text(&again));
}

fn serve(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let dir = tempfile::tempdir().expect("a folder");
        certificates(dir.path());
        let (config, line, ops) = configuration(dir.path(), engine).await;
        let early = lifeline("check-config", &config);
        assert_eq!(early.status.code(), Some(1), "{}", text(&early));
        assert!(text(&early).contains("store.keyring"), "{}", text(&early));
        migrates_for_every_node(dir.path(), &config);
        assert!(lifeline("check-config", &config).status.success());
        crate::sealed_settings::seal_a_secret(&config);
        let mut served = Command::new(binary());
        served
            .arg("serve")
            .arg("--config")
            .arg(&config)
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        let mut served = served.spawn().expect("lifeline serve");
        let ready = format!("http://127.0.0.1:{ops}/readyz");
        let mut looks = Looks::every(Duration::from_millis(20));
        while !reqwest::get(&ready)
            .await
            .is_ok_and(|answer| answer.status() == StatusCode::OK)
        {
            assert!(looks.again().await, "serve did not become ready");
        }
        let read = |name: &str| std::fs::read(dir.path().join(name)).expect(name);
        let trusting = || {
            let ca = Certificate::from_pem(&read("ca.pem")).expect("the CA");
            lifeline_tests::http::client().tls_certs_only([ca])
        };
        let origin = format!("https://127.0.0.1:{line}");
        let url = format!("{origin}/v1/me");
        let stranger = trusting().build().expect("a client");
        assert!(
            stranger.get(&url).send().await.is_err(),
            "a client without certificate got in"
        );
        let with = |name: &str| {
            let pem = [read(&format!("{name}.pem")), read(&format!("{name}.key"))].concat();
            let identity = Identity::from_pem(&pem).expect("the certificate");
            trusting().identity(identity).tls_info(true).build()
        };
        let relay = with("relay").expect("a client");
        let unsigned = relay.get(&url).send().await.expect("an answer");
        assert_eq!(unsigned.status(), StatusCode::FORBIDDEN);
        assert_eq!(unsigned.text().await.expect("a body"), "", "tells nothing");
        let signed = signed(&origin, "/v1/me");
        let send = |client: &reqwest::Client| client.get(&url).headers(signed.clone()).send();
        let other = with("other").expect("a client");
        let answer = send(&other).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "another's name");
        let answer = send(&relay).await.expect("an answer");
        assert_eq!(
            answer.status(),
            StatusCode::UNAUTHORIZED,
            "let in, not signed in"
        );
        let first = leaf(&answer);
        let answer = send(&relay).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "the same again");

        renew_server_certificate(dir.path());
        let mut looks = Looks::every(Duration::from_millis(50));
        loop {
            let fresh = with("relay").expect("a client").get(&url);
            let answer = fresh.headers(self::signed(&origin, "/v1/me")).send().await;
            if shows_another(answer, &first) {
                break;
            }
            assert!(looks.again().await, "the old one stayed");
        }

        terminate(served.id());
        let ended = served.wait().expect("the process");
        assert!(ended.success(), "serve ended with {ended}");
    })
}

/// What a relay puts on a GET: its signature, once.
pub(crate) fn signed(origin: &str, target: &str) -> HeaderMap {
    let mut nonce = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut nonce).expect("chance");
    let created = MachineClock.now().unix_seconds();
    let digest = format!("sha-256=:{}:", BASE64.encode(Sha256::digest(b"")));
    let params = format!(
        "(\"@method\" \"@target-uri\" \"content-digest\" \"x-forwarded-for\");created={created};keyid=\"relay-1\";nonce=\"{}\"",
        hex::encode(nonce)
    );
    let base = format!(
        "\"@method\": GET\n\"@target-uri\": {origin}{target}\n\"content-digest\": {digest}\n\
         \"x-forwarded-for\": 198.51.100.7\n\"@signature-params\": {params}"
    );
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[0x5a; 32]);
    let signature = BASE64.encode(hmac::sign(&key, base.as_bytes()));
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-digest", digest),
        ("x-forwarded-for", "198.51.100.7".to_owned()),
        ("signature-input", format!("relay={params}")),
        ("signature", format!("relay=:{signature}:")),
    ] {
        headers.insert(name, value.parse().expect("a header"));
    }
    headers
}

/// Whether a server let the relay in, and showed another certificate than before.
fn shows_another(answer: Result<reqwest::Response, reqwest::Error>, first: &[u8]) -> bool {
    let answer = answer.expect("no connection is refused while certificates are renewed");
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    leaf(&answer) != first
}

/// The certificate a server showed.
pub(crate) fn leaf(answer: &reqwest::Response) -> Vec<u8> {
    let info = answer.extensions().get::<reqwest::tls::TlsInfo>();
    let shown = info.and_then(reqwest::tls::TlsInfo::peer_certificate);
    shown.expect("a certificate").to_vec()
}

/// The same CA signs another one for the same name; key and certificate are put in place one after
/// the other, as anything but an atomic swap of both would.
pub(crate) fn renew_server_certificate(dir: &Path) {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-subj",
            "/CN=renewed",
        ])
        .args([
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .args([
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-keyout", "renewed.key", "-out", "renewed.pem"])
        .current_dir(dir)
        .output()
        .expect("openssl");
    assert!(made.status.success(), "{}", text(&made));
    for name in ["key", "pem"] {
        let (from, to) = (format!("renewed.{name}"), format!("server.{name}"));
        std::fs::rename(dir.join(from), dir.join(to)).expect("renewed");
    }
}

pub(crate) fn terminate(pid: u32) {
    let sent = Command::new("kill")
        .args(["-TERM", &pid.to_string()])
        .status()
        .expect("kill");
    assert!(sent.success());
}

fn demo_store(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let dir = tempfile::tempdir().expect("a folder");
        certificates(dir.path());
        let (config, ..) = configuration(dir.path(), engine).await;
        let theirs = match demo.database_url() {
            Some(url) => url.to_owned(),
            None => format!("sqlite:{}", demo.data().join("lifeline.db").display()),
        };
        let text_of = std::fs::read_to_string(&config).expect("the configuration");
        let own = text_of
            .lines()
            .find(|line| line.starts_with("url = "))
            .expect("a store");
        let pointed = text_of.replace(own, &format!("url = \"{theirs}\""));
        std::fs::write(&config, pointed).expect("the configuration");
        let refused = lifeline("migrate", &config);
        assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
        assert!(text(&refused).contains("demo"), "{}", text(&refused));
    })
}

fn drain(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let phone = Phone::sign_in(&demo, "li-ming").await;
        let home = phone.link_all().await.remove(0);
        let slow = json!({"target": "marketing", "kind": "LATENCY", "count": 1, "seed": 1, "ms": 700,
            "route": "GET /consumers/{no}/balance"});
        phone.sandbox("/sim/faults", &slow).await;
        let path = format!("/v1/bindings/{home}/balance");
        let asking = tokio::spawn(async move { phone.get(&path).await });
        let watcher = Phone::new(&demo);
        // The question is on its way once the sandbox has counted the fault.
        let mut looks = Looks::every(Duration::from_millis(10));
        while watcher.sandbox_get("/sim/faults").await["items"][0]["hits"] != 1 {
            assert!(looks.again().await, "the question never came there");
        }
        terminate(demo.pid());
        let answer = asking.await.expect("the task");
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    })
}
