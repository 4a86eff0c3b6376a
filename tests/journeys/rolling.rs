//! Two relays before two gateways under load: each gateway is restarted, the certificate that all four show is renewed,
//! the keys of access tokens change, and no reading fails. Relays are not restarted. `ROLLING_REQUESTS` (make test-long: 1000000) says how many are asked meanwhile.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use libtest_mimic::Failed;
use lifeline_tests::demo::binary;
use lifeline_tests::{Engine, Looks};
use reqwest::{Certificate, StatusCode};

use crate::production::{
    certificates, configuration, free_port, lifeline, renew_server_certificate, text,
};
use crate::relay::{Started, relay_configuration};
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "ec_24_restarts_certificates_and_keys_change_at_load_and_no_request_fails",
        &[Engine::Postgres],
        rolling,
    )]
}

const ASKERS: usize = 4;

fn wanted() -> usize {
    let asked = std::env::var("ROLLING_REQUESTS").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(2_000)
}

/// One gateway's configuration and where its readiness is told.
struct Node {
    config: String,
    ready: String,
}

impl Node {
    fn of(config: &Path, ops: u16) -> Self {
        Self {
            config: config.display().to_string(),
            ready: format!("http://127.0.0.1:{ops}/readyz"),
        }
    }

    async fn start(&self) -> Started {
        let started = Started::of("lifeline", &["serve", "--config", &self.config]);
        let mut looks = Looks::every(Duration::from_millis(20));
        let answers = async || {
            reqwest::get(&self.ready)
                .await
                .map(|answer| answer.status())
        };
        while !answers().await.is_ok_and(|status| status == StatusCode::OK) {
            assert!(looks.again().await, "never ready");
        }
        started
    }
}

/// The same installation on other ports, with a floor of its own.
fn neighbour(dir: &Path, first: &Path, line: u16) -> (PathBuf, u16, u16) {
    let text = std::fs::read_to_string(first).expect("the configuration");
    let mut ports = Vec::new();
    let bound = |row: &str| {
        row.rsplit(':')
            .next()
            .map(|port| port.trim_matches('"').to_owned())
    };
    let mut moved = text.replace("line.floor", "second.floor");
    for row in text.lines().filter(|row| row.starts_with("bind = ")) {
        let (before, after) = (bound(row).expect("a port"), free_port());
        moved = moved.replace(&format!(":{before}\""), &format!(":{after}\""));
        ports.push(after);
    }
    assert!(!moved.contains(&format!(":{line}\"")), "{moved}");
    let file = dir.join("second.toml");
    std::fs::write(&file, &moved).expect("the second configuration");
    (file, ports[0], ports[2])
}

/// What is asked all the while, and what came of it.
struct Load {
    done: AtomicUsize,
    enough: AtomicBool,
    failed: std::sync::Mutex<Vec<String>>,
}

impl Load {
    async fn ask(&self, client: &reqwest::Client, url: &str) {
        while !self.enough.load(Ordering::Acquire) {
            let fault = match client.get(url).send().await {
                Ok(answer) if answer.status() == StatusCode::OK => {
                    answer.bytes().await.err().map(|error| format!("{error:?}"))
                }
                Ok(answer) => Some(answer.status().to_string()),
                Err(error) => Some(format!("{error:?}")),
            };
            if let Some(fault) = fault {
                self.failed.lock().expect("the list").push(fault);
            }
            self.done.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Goes on until so many more were asked.
    async fn more(&self, count: usize) {
        let until = self.done.load(Ordering::Acquire) + count;
        while self.done.load(Ordering::Acquire) < until {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn rotate_signing_keys(config: &str) {
    let done = Command::new(binary())
        .args(["keys", "rotate", "signing", "--config", config])
        .output()
        .expect("lifeline keys rotate");
    assert!(done.status.success(), "{}", text(&done));
}

fn rolling(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let dir = tempfile::tempdir().expect("a folder");
        certificates(dir.path());
        let (config, line, ops) = configuration(dir.path(), engine).await;
        let plenty = "[limits]\nper_address_minute = 1000000000\nper_network_minute = 1000000000\n\
                      functions_percent = 1000000\n";
        let written = std::fs::read_to_string(&config).expect("the configuration");
        std::fs::write(&config, format!("{written}{plenty}")).expect("more of it");
        let migrated = lifeline("migrate", &config);
        assert!(migrated.status.success(), "{}", text(&migrated));
        let (second, second_line, second_ops) = neighbour(dir.path(), &config, line);
        let nodes = [Node::of(&config, ops), Node::of(&second, second_ops)];
        let mut running = [nodes[0].start().await, nodes[1].start().await].map(Some);
        let publics = [free_port(), free_port()];
        let _relays = publics.map(|public| {
            let relay = relay_configuration(dir.path(), &[line, second_line], public);
            Started::of("lifeline-relay", &["--config", &relay])
        });
        let ca = std::fs::read(dir.path().join("ca.pem")).expect("the CA");
        // What a node answers by itself, and what it reads from the store that both share.
        let urls = ["/.well-known/jwks.json", "/v1/outlets"]
            .map(|path| publics.map(|port| format!("https://127.0.0.1:{port}{path}")))
            .concat();
        let client = || {
            let ca = Certificate::from_pem(&ca).expect("a CA");
            let client = lifeline_tests::http::client().tls_certs_only([ca]);
            client.build().expect("a client")
        };
        let mut looks = Looks::every(Duration::from_millis(20));
        for url in &urls {
            while client().get(url).send().await.is_err() {
                assert!(looks.again().await, "no relay");
            }
        }
        let load = Arc::new(Load {
            done: AtomicUsize::new(0),
            enough: AtomicBool::new(false),
            failed: std::sync::Mutex::default(),
        });
        let askers = (0..ASKERS).map(|n| {
            let (load, client) = (Arc::clone(&load), client());
            let url = urls[n % urls.len()].clone();
            tokio::spawn(async move { load.ask(&client, &url).await })
        });
        let askers: Vec<_> = askers.collect();
        let part = wanted().div_euclid(8);
        for (node, place) in nodes.iter().zip(&mut running) {
            load.more(part).await;
            let stopping = place.take().expect("it runs");
            tokio::task::spawn_blocking(move || stopping.stop())
                .await
                .expect("stopped");
            load.more(part).await;
            *place = Some(node.start().await);
            load.more(part).await;
            renew_server_certificate(dir.path());
            rotate_signing_keys(&node.config);
            load.more(part).await;
        }
        load.enough.store(true, Ordering::Release);
        for asker in askers {
            asker.await.expect("an asker");
        }
        let failed = load.failed.lock().expect("the list");
        let done = load.done.load(Ordering::Acquire);
        println!(
            "{done} requests over 2 restarts, 2 renewals and 2 rotations, {} failed",
            failed.len()
        );
        assert!(
            failed.is_empty(),
            "{} of {done}: {:?}",
            failed.len(),
            &failed[..failed.len().min(3)]
        );
    })
}
