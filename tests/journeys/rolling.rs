//! Two relays before two gateways under load: each gateway is restarted, the certificate that all four show is renewed,
//! the keys of access tokens change, a relay signs by another key, and nothing fails. It is waited for until each change is
//! in force; a household is signed in all the while, by a token from before each change of keys. A relay is restarted out
//! of turn, as behind a balancer. `ROLLING_REQUESTS` (make test-long: 1000000) says how many are asked meanwhile.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Failed;
use lifeline_tests::demo::binary;
use lifeline_tests::{Engine, Looks};
use reqwest::{Certificate, Identity, Response, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

use crate::production::{
    certificates, configuration, free_port, leaf, lifeline, renew_server_certificate, signed, text,
};
use crate::relay::{Started, relay_configuration};
use crate::rolling_household::{Household, Signed};
use crate::rolling_load::{ASKERS, Load};
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "ec_24_restarts_certificates_and_keys_change_at_load_and_no_request_fails",
        &[Engine::Postgres],
        rolling,
    )]
}

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

/// In how many parts they are asked; a household has ten wishes a day.
const PARTS: usize = 10;
/// So long a token is shown at most while a part goes on: it lives fifteen minutes, and a million requests take longer.
const SHOWN_MAX: Duration = Duration::from_mins(5);

fn openssl(dir: &Path, arguments: &[&str]) {
    let done = Command::new("openssl")
        .args(arguments)
        .current_dir(dir)
        .output()
        .expect("openssl");
    assert!(done.status.success(), "{}", text(&done));
}

/// A second key of the relay, known to every node before any relay signs by it.
fn second_relay_key(dir: &Path, config: &Path) {
    openssl(
        dir,
        &["genpkey", "-algorithm", "ed25519", "-out", "signing-2.pem"],
    );
    let public = ["-pubout", "-out", "signing-2.pub"];
    openssl(
        dir,
        &[&["pkey", "-in", "signing-2.pem"][..], &public].concat(),
    );
    let written = std::fs::read_to_string(config).expect("the configuration");
    let first = format!("file = \"{}/signing.pub\"\n", dir.display());
    let both = format!(
        "{first}[[listeners.line.relay.keys]]\nid = \"channel-relay-2\"\nrelay = \"relay-1.line.example.cn\"\n\
         algorithm = \"ed25519\"\nfile = \"{}/signing-2.pub\"\n",
        dir.display()
    );
    assert!(written.contains(&first), "{written}");
    std::fs::write(config, written.replace(&first, &both)).expect("more of it");
}

fn rotate_signing_keys(config: &str, more: &[&str]) {
    let done = Command::new(binary())
        .args(["keys", "rotate", "signing", "--config", config])
        .args(more)
        .output()
        .expect("lifeline keys rotate");
    assert!(done.status.success(), "{}", text(&done));
}

/// Two gateways on one store, two relays before them, and who asks.
struct Scene {
    nodes: [Node; 2],
    lines: [u16; 2],
    running: [Option<Started>; 2],
    relay_file: String,
    relays: [Option<Started>; 2],
    publics: [String; 2],
    household: Household,
    load: Arc<Load>,
    /// The last to go.
    dir: TempDir,
}

impl Scene {
    async fn new(engine: Engine) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        certificates(dir.path());
        let (config, line, ops) = configuration(dir.path(), engine).await;
        second_relay_key(dir.path(), &config);
        let plenty = "[limits]\nper_address_minute = 1000000000\nper_network_minute = 1000000000\n\
                      per_account_minute = 1000000000\nfunctions_percent = 1000000\n";
        let written = std::fs::read_to_string(&config).expect("the configuration");
        std::fs::write(&config, format!("{written}{plenty}")).expect("more of it");
        let migrated = lifeline("migrate", &config);
        assert!(migrated.status.success(), "{}", text(&migrated));
        let household = Household::of(&config).await;
        let (second, second_line, second_ops) = neighbour(dir.path(), &config, line);
        let nodes = [Node::of(&config, ops), Node::of(&second, second_ops)];
        let running = [nodes[0].start().await, nodes[1].start().await].map(Some);
        let lines = [line, second_line];
        let ports = [free_port(), free_port()];
        let files = ports.map(|port| relay_configuration(dir.path(), &lines, port));
        let started = |file: &String| Started::of("lifeline-relay", &["--config", file]);
        let relays = [started(&files[0]), started(&files[1])].map(Some);
        let [relay_file, _] = files;
        let publics = ports.map(|port| format!("https://127.0.0.1:{port}"));
        let token = household.token().await.token;
        let load = Arc::new(Load::new(publics.clone(), token));
        let scene = Self {
            dir,
            nodes,
            lines,
            running,
            relay_file,
            relays,
            publics,
            household,
            load,
        };
        for relay in 0..scene.publics.len() {
            scene.relay_answers(relay).await;
        }
        scene
    }

    fn file(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.dir.path().join(name)).expect(name)
    }

    /// A client that trusts the CA; each is one of its own, with connections of its own.
    fn trusting(&self) -> reqwest::ClientBuilder {
        let ca = Certificate::from_pem(&self.file("ca.pem")).expect("a CA");
        let client = lifeline_tests::http::client().tls_certs_only([ca]);
        client.tls_info(true)
    }

    fn client(&self) -> reqwest::Client {
        self.trusting().build().expect("a client")
    }

    async fn relay_answers(&self, relay: usize) {
        let url = format!("{}/.well-known/jwks.json", self.publics[relay]);
        let mut looks = Looks::every(Duration::from_millis(20));
        while !self
            .client()
            .get(&url)
            .send()
            .await
            .is_ok_and(|answer| answer.status() == StatusCode::OK)
        {
            assert!(looks.again().await, "nothing comes by the relay");
        }
    }

    /// What a node answers a relay that asks it over a new connection.
    async fn node_answers(&self, line: u16) -> Response {
        let pem = [self.file("relay.pem"), self.file("relay.key")].concat();
        let identity = Identity::from_pem(&pem).expect("the relay's certificate");
        let relay = self.trusting().identity(identity);
        let origin = format!("https://127.0.0.1:{line}");
        let path = "/.well-known/jwks.json";
        let asked = relay
            .build()
            .expect("a client")
            .get(format!("{origin}{path}"));
        let answer = asked.headers(signed(&origin, path)).send().await;
        let answer = answer.expect("no connection is refused meanwhile");
        assert_eq!(answer.status(), StatusCode::OK);
        answer
    }

    /// The certificates that all four show now.
    async fn shown(&self) -> Vec<Vec<u8>> {
        let mut shown = Vec::new();
        for line in self.lines {
            shown.push(leaf(&self.node_answers(line).await));
        }
        for public in &self.publics {
            let asked = self.client().get(format!("{public}/.well-known/jwks.json"));
            let answer = asked.send().await;
            shown.push(leaf(&answer.expect("no connection is refused meanwhile")));
        }
        shown
    }

    /// Whether every node signs with this key, and says so.
    async fn all_sign_with(&self, kid: &str) -> bool {
        for line in self.lines {
            let told = self.node_answers(line).await.text().await;
            let told: Value = serde_json::from_str(&told.expect("a body")).expect("JSON");
            if told["keys"][0]["kid"].as_str() != Some(kid) {
                return false;
            }
        }
        true
    }

    /// One more part, however long it takes: who asks shows another token before theirs is over, as a page does.
    async fn more(&self, part: usize) {
        let mut asked = pin!(self.load.more(part));
        loop {
            let left = SHOWN_MAX.saturating_sub(self.load.shown_for());
            if tokio::time::timeout(left, asked.as_mut()).await.is_ok() {
                return;
            }
            self.load.show(self.household.token().await.token);
        }
    }

    async fn node_restarts(&mut self, at: usize, part: usize) {
        self.more(part).await;
        let stopping = self.running[at].take().expect("it runs");
        let stopped = tokio::task::spawn_blocking(move || stopping.stop());
        stopped.await.expect("stopped");
        self.more(part).await;
        self.running[at] = Some(self.nodes[at].start().await);
    }

    async fn certificates_are_renewed(&self) {
        let before = self.shown().await;
        renew_server_certificate(self.dir.path());
        let mut looks = Looks::every(Duration::from_millis(100));
        loop {
            let now = self.shown().await;
            if now.iter().zip(&before).all(|(new, old)| new != old) {
                return;
            }
            assert!(looks.again().await, "an old certificate stayed");
        }
    }

    /// The token from before is shown until the new key signs everywhere, and after that; then one by the new key.
    async fn keys_change(&self, at: usize) {
        let before = self.household.token().await;
        self.load.show(before.token);
        self.load.more_signed().await;
        rotate_signing_keys(&self.nodes[at].config, &[]);
        let Signed { kid, token } = self.household.token().await;
        assert_ne!(kid, before.kid, "no other key was made");
        let mut looks = Looks::every(Duration::from_millis(50));
        while !self.all_sign_with(&kid).await {
            assert!(looks.again().await, "the new key never came into force");
        }
        self.load.more_signed().await;
        self.load.show(token);
        self.load.more_signed().await;
    }

    /// The first relay signs by its second key from now on.
    async fn relay_signs_by_another_key(&mut self) {
        let written = std::fs::read_to_string(&self.relay_file).expect("its configuration");
        let other = written
            .replace("\"channel-relay-1\"", "\"channel-relay-2\"")
            .replace("/signing.pem\"", "/signing-2.pem\"");
        assert_ne!(other, written);
        std::fs::write(&self.relay_file, other).expect("its configuration");
        self.load.take_out(0).await;
        let stopping = self.relays[0].take().expect("it runs");
        let stopped = tokio::task::spawn_blocking(move || stopping.stop());
        stopped.await.expect("stopped");
        let started = Started::of("lifeline-relay", &["--config", &self.relay_file]);
        self.relays[0] = Some(started);
        self.relay_answers(0).await;
        self.load.put_back();
    }

    /// The fault that all this would show: a key that is gone at once refuses a token from before.
    async fn a_key_that_is_gone_at_once_refuses(&self) {
        let Signed { token, .. } = self.household.token().await;
        let client = self.client();
        let me = async || {
            let asked = client.get(format!("{}/v1/me", self.publics[0]));
            let answer = asked.bearer_auth(&token).send().await;
            answer.expect("an answer").status()
        };
        assert_eq!(me().await, StatusCode::OK);
        rotate_signing_keys(&self.nodes[0].config, &["--at-once"]);
        let mut looks = Looks::every(Duration::from_millis(50));
        while me().await != StatusCode::UNAUTHORIZED {
            assert!(looks.again().await, "a key that is gone still opens");
        }
    }
}

fn rolling(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let mut scene = Scene::new(engine).await;
        let load = Arc::clone(&scene.load);
        let askers = ASKERS.into_iter().enumerate().map(|(n, what)| {
            let (load, client) = (Arc::clone(&load), scene.client());
            tokio::spawn(async move { load.ask(&client, n.rem_euclid(2), what).await })
        });
        let askers: Vec<_> = askers.collect();
        let part = wanted().div_euclid(PARTS);
        for at in 0..scene.nodes.len() {
            scene.node_restarts(at, part).await;
            scene.more(part).await;
            scene.certificates_are_renewed().await;
            scene.keys_change(at).await;
            scene.more(part).await;
        }
        scene.relay_signs_by_another_key().await;
        scene.more(part).await;
        scene.more(part).await;
        load.stop();
        for asker in askers {
            asker.await.expect("an asker");
        }
        let done = load.done();
        {
            let failed = load.failed.lock().expect("the list");
            println!(
                "{done} requests, {} of them signed in, over 2 restarts, 2 renewals, 2 rotations and a relay's new key: {} failed",
                load.signed(),
                failed.len()
            );
            let few = &failed[..failed.len().min(3)];
            assert!(failed.is_empty(), "{} of {done}: {few:?}", failed.len());
        }
        assert_eq!(load.wished(), PARTS, "a wish of each part is on record");
        scene.a_key_that_is_gone_at_once_refuses().await;
    })
}
