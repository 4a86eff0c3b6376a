//! One failing fixture per line of money.md 3.10, and a good one that passes.

use lifeline_adapters::wire::BreakerRules;
use lifeline_core::payments::Policy;

use super::*;

fn good(dir: &Path) -> String {
    for name in [
        "cert.pem",
        "key.pem",
        "ca.pem",
        "app.pem",
        "platform.pem",
        "keyring.json",
        "relay.pem",
    ] {
        std::fs::write(dir.join(name), "x").unwrap();
    }
    let at = dir.display();
    let secret = "ab".repeat(32);
    format!(
        r#"
[listeners.line]
bind = "10.0.0.5:8443"
public_base = "https://power.example.cn"
trusted_hops = ["10.0.0.1"]
[listeners.line.tls]
certificate = "{at}/cert.pem"
private_key = "{at}/key.pem"
client_ca = "{at}/ca.pem"
[listeners.line.relay]
origin = "https://10.0.0.5:8443"
networks = ["10.0.0.0/29"]
floor = "{at}/line.floor"
[[listeners.line.relay.keys]]
id = "channel-relay-1"
relay = "relay-1.line.example.cn"
algorithm = "ed25519"
file = "{at}/relay.pem"
[listeners.callback]
bind = "10.0.0.5:8444"
public_base = "https://notify.example.cn"
[listeners.ops]
bind = "127.0.0.1:9090"
[store]
url = "postgres://lifeline@10.0.0.9/lifeline"
keyring = "{at}/keyring.json"
[alipay]
app_id = "2021000000000001"
seller_id = "2088000000000009"
gateway_url = "https://openapi.alipay.com/gateway.do"
authorize_url = "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm"
private_key = "{at}/app.pem"
platform_public_key = "{at}/platform.pem"
[marketing]
base_url = "https://mkt.intranet.example.cn"
channel_id = "lifeline"
secret_hex = "{secret}"
field_key_hex = "{secret}"
[sms]
base_url = "https://sms.intranet.example.cn"
channel_id = "lifeline"
secret_hex = "{secret}"
field_key_hex = "{secret}"
[user_system]
base_url = "https://users.intranet.example.cn"
channel_id = "lifeline"
secret_hex = "{secret}"
field_key_hex = "{secret}"
[vault]
kind = "software"
[generation]
base_url = "https://generation.intranet.example.cn"
channel_id = "lifeline"
secret_hex = "{secret}"
field_key_hex = "{secret}"
[exchange]
base_url = "https://exchange.intranet.example.cn"
channel_id = "lifeline"
secret_hex = "{secret}"
field_key_hex = "{secret}"
"#
    )
}

fn faults(text: &str, dir: &Path) -> Vec<String> {
    let file = dir.join("lifeline.toml");
    std::fs::write(&file, text).unwrap();
    match read(&file) {
        Ok(config) => config
            .faults_for_production()
            .iter()
            .map(|f| f.path.clone())
            .collect(),
        Err(faults) => faults.iter().map(|fault| fault.what.clone()).collect(),
    }
}

#[test]
fn a_production_file_passes() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(faults(&good(dir.path()), dir.path()), Vec::<String>::new());
}

#[test]
fn the_example_lacks_only_its_files_and_secrets() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/lifeline.example.toml");
    let config = read(&file).unwrap();
    let mut lacking: Vec<String> = config
        .faults_for_production()
        .into_iter()
        .map(|fault| fault.path)
        .collect();
    lacking.sort();
    let expected = [
        "alipay.platform_public_key",
        "alipay.private_key",
        "exchange.field_key_hex",
        "exchange.secret_hex",
        "generation.field_key_hex",
        "generation.secret_hex",
        "listeners.line.relay.floor",
        "listeners.line.relay.keys.file",
        "listeners.line.tls.certificate",
        "listeners.line.tls.client_ca",
        "listeners.line.tls.private_key",
        "marketing.field_key_hex",
        "marketing.secret_hex",
        "sms.field_key_hex",
        "sms.secret_hex",
        "store.keyring",
        "user_system.field_key_hex",
        "user_system.secret_hex",
    ];
    assert_eq!(lacking, expected);
    let (limits, defaults) = (&config.limits, Limits::default());
    assert_eq!(limits.per_address_minute, defaults.per_address_minute);
    assert_eq!(limits.per_account_minute, defaults.per_account_minute);
    assert_eq!(config.notices.sign_name, Notices::default().sign_name);
    assert_eq!(config.breaker.rules(), BreakerRules::default());
    assert_eq!(config.payment_policy(), Policy::default());
    let usual = Settlement::default().rules("L0");
    assert_eq!(config.settlement.rules("L0"), usual);
}

#[test]
fn each_bound_of_settlement_is_held() {
    for (section, key, within, beyond) in [
        ("watch", "every_s", ["60", "86400"], ["59", "86401"]),
        (
            "watch",
            "threshold_s",
            ["3601", "604800"],
            ["3600", "604801"],
        ),
        ("watch", "side_by_side", ["1", "64"], ["0", "65"]),
        (
            "countdown",
            "wait_s",
            ["86400", "2592000"],
            ["86399", "2592001"],
        ),
        (
            "countdown",
            "wait_min_s",
            ["3600", "259200"],
            ["3599", "259201"],
        ),
        ("countdown", "ahead_s", ["0", "864000"], ["-1", "864001"]),
        (
            "countdown",
            "reminders_percent",
            ["[1, 2]", "[98, 99]"],
            ["[0, 2]", "[99, 100]"],
        ),
        (
            "countdown",
            "reminders_percent",
            ["[50, 51]", "[1, 99]"],
            ["[50, 50]", "[90, 50]"],
        ),
        ("queue", "w_wait_per_s", ["0", "1000000"], ["-1", "1000001"]),
        (
            "queue",
            "w_amount_per_fen",
            ["0", "1000000"],
            ["-1", "1000001"],
        ),
    ] {
        let found = |value: &str| {
            let dir = tempfile::tempdir().unwrap();
            // A poll each day asks for a longer threshold.
            let longer = if (key, value) == ("every_s", "86400") {
                "threshold_s = 86401\n"
            } else {
                ""
            };
            let text = good(dir.path());
            let text = format!("{text}\n[settlement.{section}]\n{key} = {value}\n{longer}");
            let found = faults(&text, dir.path());
            let ours = found.iter().filter(|path| path.starts_with("settlement."));
            ours.count()
        };
        assert_eq!(within.map(found), [0, 0], "{section}.{key}");
        let beyond = beyond.map(found);
        assert!(beyond.iter().all(|count| *count > 0), "{section}.{key}");
    }
}

#[test]
fn each_bound_of_the_breaker_is_held() {
    for (key, within, beyond) in [
        ("window_s", ["6", "600"], ["5", "601"]),
        ("calls_min", ["1", "10000"], ["0", "10001"]),
        ("failed_percent", ["1", "100"], ["0", "101"]),
        ("slow_percent", ["1", "100"], ["0", "101"]),
        ("slow_ms", ["50", "20000"], ["49", "20001"]),
        ("open_s", ["1", "8"], ["0", "9"]),
        ("open_max_s", ["5", "300"], ["4", "301"]),
        ("probes", ["1", "100"], ["0", "101"]),
    ] {
        let found = |value: &str| {
            let dir = tempfile::tempdir().unwrap();
            let text = format!("{}\n[breaker]\n{key} = {value}\n", good(dir.path()));
            let found = faults(&text, dir.path());
            found
                .iter()
                .filter(|path| path.starts_with("breaker."))
                .count()
        };
        assert_eq!(within.map(found), [0, 0], "{key}");
        assert!(beyond.map(found).iter().all(|count| *count > 0), "{key}");
    }
}

#[test]
fn the_latest_bill_is_none_to_thirty_one_days_late() {
    let read_in = |value: &str| {
        let dir = tempfile::tempdir().unwrap();
        let text = format!(
            "{}\n[payments]\nbill_late_days = {value}\n",
            good(dir.path())
        );
        let found = faults(&text, dir.path());
        let read = read(&dir.path().join("lifeline.toml")).unwrap();
        (found, read.payment_policy().bill_late_days)
    };
    for (value, days) in [("0", 0), ("31", 31)] {
        assert_eq!(read_in(value), (Vec::new(), days));
    }
    for value in ["-1", "32"] {
        assert_eq!(read_in(value).0, ["payments.bill_late_days"], "{value}");
    }
}

#[test]
fn a_marketing_without_a_fence_is_said_in_the_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!(
        "{}\n[payments]\nmarketing_fences = false\n",
        good(dir.path())
    );
    assert_eq!(faults(&text, dir.path()), Vec::<String>::new());
    let read = read(&dir.path().join("lifeline.toml")).unwrap();
    assert!(!read.payment_policy().marketing_fences);
}

#[test]
fn a_node_is_called_by_one_to_thirty_two_plain_characters() {
    let found = |name: &str| {
        let dir = tempfile::tempdir().unwrap();
        let text = format!("{}\n[node]\nname = \"{name}\"\n", good(dir.path()));
        faults(&text, dir.path())
    };
    let (longest, too_long) = ("n".repeat(32), "n".repeat(33));
    for name in ["a", "north-1", longest.as_str()] {
        assert_eq!(found(name), Vec::<String>::new(), "{name}");
    }
    for name in ["", "North", "10.0.0.5", "n_1", too_long.as_str()] {
        assert_eq!(found(name), ["node.name"], "{name}");
    }
}

#[test]
fn each_unsafe_line_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let text = good(dir.path());
    for (from, to, path) in [
        (
            "https://openapi.alipay.com/gateway.do",
            "https://openapi-sandbox.dl.alipaydev.com/gateway.do",
            "alipay.gateway_url",
        ),
        (
            "https://openapi.alipay.com/gateway.do",
            "http://openapi.alipay.com/gateway.do",
            "alipay.gateway_url",
        ),
        (
            "https://mkt.intranet.example.cn",
            "https://127.0.0.1:8803",
            "marketing.base_url",
        ),
        (
            "https://sms.intranet.example.cn",
            "http://sms.intranet.example.cn",
            "sms.base_url",
        ),
        (
            "https://power.example.cn",
            "http://power.example.cn",
            "listeners.line.public_base",
        ),
        (
            "trusted_hops = [\"10.0.0.1\"]",
            "trusted_hops = []",
            "listeners.line.trusted_hops",
        ),
        (
            "https://10.0.0.5:8443",
            "http://10.0.0.5:8443",
            "listeners.line.relay.origin",
        ),
        ("[\"10.0.0.0/29\"]", "[]", "listeners.line.relay.networks"),
        (
            "10.0.0.0/29",
            "10.0.0.1/29",
            "listeners.line.relay.networks",
        ),
        ("10.0.0.0/29", "0.0.0.0/0", "listeners.line.relay.networks"),
        (
            "line.floor",
            "nowhere/line.floor",
            "listeners.line.relay.floor",
        ),
        ("relay.pem", "lost.pem", "listeners.line.relay.keys.file"),
        ("127.0.0.1:9090", "0.0.0.0:9090", "listeners.ops.bind"),
        ("postgres://lifeline", "mysql://lifeline", "store.url"),
        ("keyring.json", "lost.json", "store.keyring"),
        ("2021000000000001", "1", "alipay.app_id"),
        (
            "[vault]",
            "[logs]\nfolder = \"journal\"\n[vault]",
            "logs.folder",
        ),
    ] {
        let broken = text.replacen(from, to, 1);
        assert_eq!(faults(&broken, dir.path()), [path], "{to}");
    }
}

/// The good file, by certificates.
fn by_certificates(dir: &Path) -> String {
    let vectors = include_str!("../../tests/vectors/alipay/cert_sn.json");
    let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
    let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let key: aws_lc_rs::encoding::Pkcs8V1Der<'_> =
        aws_lc_rs::encoding::AsDer::as_der(&pair).unwrap();
    let key = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, key.as_ref());
    let text = good(dir).replace(
        &format!("platform_public_key = \"{}/platform.pem\"", dir.display()),
        &format!(
            "app_certificate = \"{at}/a.crt\"\nplatform_certificate = \"{at}/p.crt\"\nroot_certificates = \"{at}/r.crt\"",
            at = dir.display()
        ),
    );
    std::fs::write(dir.join("app.pem"), key).unwrap();
    for (name, case) in [("a.crt", 0), ("p.crt", 1), ("r.crt", 3)] {
        let pem = vectors["cases"][case]["pem"].as_str().unwrap();
        std::fs::write(dir.join(name), pem).unwrap();
    }
    text
}

#[test]
fn certificates_are_checked_against_each_other_and_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let text = by_certificates(dir.path());
    // The frozen certificate's private key was thrown away: any other is another's.
    assert_eq!(faults(&text, dir.path()), ["alipay.app_certificate"]);
    std::fs::write(dir.path().join("p.crt"), "x").unwrap();
    let found = faults(&text, dir.path());
    assert_eq!(
        found,
        ["alipay.app_certificate", "alipay.platform_certificate"]
    );
    let app = std::fs::read(dir.path().join("a.crt")).unwrap();
    std::fs::write(dir.path().join("p.crt"), app).unwrap();
    std::fs::write(dir.path().join("r.crt"), "x").unwrap();
    let found = faults(&text, dir.path());
    assert_eq!(
        found,
        ["alipay.app_certificate", "alipay.root_certificates"]
    );
    std::fs::write(dir.path().join("app.pem"), "x").unwrap();
    assert_eq!(faults(&text, dir.path()), ["alipay.private_key"]);
    std::fs::remove_file(dir.path().join("r.crt")).unwrap();
    std::fs::remove_file(dir.path().join("p.crt")).unwrap();
    let found = faults(&text, dir.path());
    assert_eq!(
        found,
        ["alipay.platform_certificate", "alipay.root_certificates"]
    );
}

#[test]
fn one_mode_is_chosen_and_whole() {
    let dir = tempfile::tempdir().unwrap();
    let (by_key, by_certificates) = (good(dir.path()), by_certificates(dir.path()));
    let key_line = by_key
        .lines()
        .find(|line| line.starts_with("platform_public_key"))
        .unwrap();
    let neither = by_key.replace(key_line, "");
    assert_eq!(faults(&neither, dir.path()), ["alipay.platform_public_key"]);
    let both = by_certificates.replace("app_certificate", &format!("{key_line}\napp_certificate"));
    assert_eq!(faults(&both, dir.path()), ["alipay.platform_public_key"]);
    let line = |name: &str| {
        let mut lines = by_certificates.lines();
        lines
            .find(|line| line.starts_with(name))
            .unwrap()
            .to_owned()
    };
    for name in ["platform_certificate", "root_certificates"] {
        let part = by_certificates.replace(&line(name), "");
        assert_eq!(faults(&part, dir.path()), [format!("alipay.{name}")]);
    }
}

#[test]
fn a_content_key_is_sixteen_bytes() {
    let dir = tempfile::tempdir().unwrap();
    for (key, found) in [
        ("MDEyMzQ1Njc4OWFiY2RlZg==", 0),
        ("MDEyMzQ1Njc4OWFiY2Rl", 1),
        ("MDEyMzQ1Njc4OWFiY2RlZmc=", 1),
        ("", 1),
    ] {
        let text = good(dir.path()).replace(
            "[marketing]",
            &format!("content_key_base64 = \"{key}\"\n[marketing]"),
        );
        assert_eq!(faults(&text, dir.path()).len(), found, "{key}");
    }
}

#[test]
fn all_faults_are_told_at_once_and_unknown_keys_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let text = good(dir.path()).replace("https://", "http://");
    assert!(faults(&text, dir.path()).len() >= 6);
    let unknown = format!("surprise = 1\n{}", good(dir.path()));
    assert!(faults(&unknown, dir.path()).concat().contains("surprise"));
}

#[test]
fn secrets_do_not_print() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("lifeline.toml");
    std::fs::write(&file, good(dir.path())).unwrap();
    let shown = format!("{:?}", read(&file).unwrap());
    assert!(!shown.contains(&"ab".repeat(32)) && !shown.contains("postgres://"));
}
