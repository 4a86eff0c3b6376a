//! `lifeline serve` as an operator runs it: checked configuration, migrated store, mutual TLS on the
//! line, an orderly end. The outside systems are not reached; nothing here needs them.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use lifeline_tests::demo::binary;
use lifeline_tests::{Demo, Engine, Phone, engine};
use reqwest::{Certificate, Identity, StatusCode};
use serde_json::json;

use crate::fixtures::BOTH;
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![
        (
            "serve_demands_the_relays_certificate_and_ends_orderly",
            BOTH,
            serve,
        ),
        ("serve_refuses_a_demo_store", BOTH, demo_store),
        ("a_stopping_gateway_finishes_what_it_began", BOTH, drain),
    ]
}

/// A CA, a server certificate for 127.0.0.1 and a client certificate, by openssl.
fn certificates(dir: &Path) {
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
        ("relay", "extendedKeyUsage=clientAuth"),
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

fn free_port() -> u16 {
    let probe = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    probe.local_addr().expect("its address").port()
}

/// A production configuration over the files in `dir`; answers it with the line's and ops' ports.
async fn configuration(dir: &Path, engine: Engine) -> (PathBuf, u16, u16) {
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
         [listeners.callback]\nbind = \"127.0.0.1:{callback}\"\npublic_base = \"https://notify.example.cn\"\n\
         [listeners.ops]\nbind = \"127.0.0.1:{ops}\"\n\
         [store]\nurl = \"{url}\"\nkeyring = \"{at}/keyring.json\"\n\
         [alipay]\napp_id = \"2021000000000001\"\nseller_id = \"2088000000000009\"\n\
         gateway_url = \"https://openapi.alipay.com/gateway.do\"\n\
         authorize_url = \"https://openauth.alipay.com/oauth2/publicAppAuthorize.htm\"\n\
         private_key = \"{at}/app.pem\"\nplatform_public_key = \"{at}/platform.pem\"\n"
    );
    for section in ["marketing", "sms", "user_system"] {
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

fn lifeline(command: &str, config: &Path) -> Output {
    let mut run = Command::new(binary());
    run.arg(command)
        .arg("--config")
        .arg(config)
        .output()
        .expect("lifeline")
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn serve(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let dir = tempfile::tempdir().expect("a folder");
        certificates(dir.path());
        let (config, line, ops) = configuration(dir.path(), engine).await;
        let early = lifeline("check-config", &config);
        assert_eq!(early.status.code(), Some(1), "{}", text(&early));
        assert!(text(&early).contains("store.keyring"), "{}", text(&early));
        let migrated = lifeline("migrate", &config);
        assert!(migrated.status.success(), "{}", text(&migrated));
        let again = lifeline("migrate", &config);
        assert!(text(&again).contains("nothing to do"), "{}", text(&again));
        assert!(lifeline("check-config", &config).status.success());

        let mut served = Command::new(binary());
        served
            .arg("serve")
            .arg("--config")
            .arg(&config)
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        let mut served = served.spawn().expect("lifeline serve");
        let ready = format!("http://127.0.0.1:{ops}/readyz");
        let began = Instant::now();
        while !reqwest::get(&ready)
            .await
            .is_ok_and(|answer| answer.status() == StatusCode::OK)
        {
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "serve did not become ready"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let read = |name: &str| std::fs::read(dir.path().join(name)).expect(name);
        let trusting = || {
            let ca = Certificate::from_pem(&read("ca.pem")).expect("the CA");
            reqwest::Client::builder().no_proxy().tls_certs_only([ca])
        };
        let url = format!("https://127.0.0.1:{line}/v1/me");
        let stranger = trusting().build().expect("a client");
        assert!(
            stranger.get(&url).send().await.is_err(),
            "a client without certificate got in"
        );
        let pem = [read("relay.pem"), read("relay.key")].concat();
        let relay = trusting()
            .identity(Identity::from_pem(&pem).expect("the relay"))
            .build();
        let answer = relay
            .expect("a client")
            .get(&url)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);

        terminate(served.id());
        let ended = served.wait().expect("the process");
        assert!(ended.success(), "serve ended with {ended}");
    })
}

fn terminate(pid: u32) {
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
        loop {
            let faults = watcher.sandbox_get("/sim/faults").await;
            if faults["items"][0]["hits"] == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        terminate(demo.pid());
        let answer = asking.await.expect("the task");
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    })
}
