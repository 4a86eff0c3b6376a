//! The dedicated line whole: a client, the relay, `lifeline serve`; the gateway lost and back again.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use libtest_mimic::Failed;
use lifeline_tests::demo::binary;
use lifeline_tests::{Engine, Looks};
use reqwest::{Certificate, StatusCode};

use crate::fixtures::BOTH;
use crate::production::{certificates, configuration, free_port, lifeline, terminate};
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "the_line_carries_signed_requests_and_comes_back_after_a_loss",
        BOTH,
        line,
    )]
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
        let ca = std::fs::read(dir.path().join("ca.pem")).expect("the CA");
        let household = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([Certificate::from_pem(&ca).expect("a CA")])
            .build()
            .expect("a client");
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
