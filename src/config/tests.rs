//! One failing fixture per line of money.md 3.10, and a good one that passes.

use lifeline_adapters::wire::BreakerRules;
use lifeline_core::payments::Policy;

use super::*;

mod bounds;

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
[listeners.console]
bind = "10.0.0.5:8445"
public_base = "https://console.intranet.example.cn"
trusted_hops = ["10.0.0.20"]
[listeners.ops]
bind = "127.0.0.1:9090"
[store]
url = "postgres://lifeline@10.0.0.9/lifeline?sslmode=require"
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
        "store.seen",
        "user_system.field_key_hex",
        "user_system.secret_hex",
    ];
    assert_eq!(lacking, expected);
    let same = |shown: &dyn std::fmt::Debug, default: &dyn std::fmt::Debug| {
        assert_eq!(format!("{shown:?}"), format!("{default:?}"));
    };
    same(&config.limits, &Limits::default());
    same(&config.logs, &Logs::default());
    same(&config.node, &Node::default());
    same(&config.vault, &Vault::default());
    let usual_ms = channels::deadline_ms();
    for deadline_ms in [
        config.alipay.deadline_ms,
        config.marketing.deadline_ms,
        config.sms.deadline_ms,
        config.user_system.deadline_ms,
        config.generation.deadline_ms,
        config.exchange.deadline_ms,
    ] {
        assert_eq!(deadline_ms, usual_ms);
    }
    assert_eq!(config.notices.sign_name, Notices::default().sign_name);
    assert_eq!(config.breaker.rules(), BreakerRules::default());
    assert_eq!(config.payment_policy(), Policy::default());
    let usual = Settlement::default().rules("L0");
    assert_eq!(config.settlement.rules("L0"), usual);
}

/// What stands in the good file, what in its place, and which setting is named for it.
const UNSAFE: &[(&str, &str, &str)] = &[
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
    ("[\"10.0.0.1", "[\"10.9.0.1", "listeners.line.trusted_hops"),
    ("\"10.0.0.20\"", "", "listeners.console.trusted_hops"),
    (
        "https://console.intranet.example.cn",
        "http://console.intranet.example.cn",
        "listeners.console.public_base",
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
        "bind = \"10.0.0.5:8444\"",
        "bind = \"10.0.0.5:8444\"\nnetworks = [\"10.0.0.1/29\"]",
        "listeners.callback.networks",
    ),
    (
        "line.floor",
        "nowhere/line.floor",
        "listeners.line.relay.floor",
    ),
    ("relay.pem", "lost.pem", "listeners.line.relay.keys.file"),
    ("127.0.0.1:9090", "0.0.0.0:9090", "listeners.ops.bind"),
    ("postgres://lifeline", "mysql://lifeline", "store.url"),
    ("?sslmode=require", "", "store.url"),
    ("?sslmode=require", "?sslmode=prefer", "store.url"),
    (
        "[alipay]",
        "[redis]\nurl = \"redis://10.0.0.8:6379/0\"\n[alipay]",
        "redis.url",
    ),
    ("keyring.json", "lost.json", "store.keyring"),
    (
        "[alipay]",
        "seen = \"/nowhere/at/all/seen.json\"\n[alipay]",
        "store.seen",
    ),
    ("2021000000000001", "1", "alipay.app_id"),
    (
        "[vault]",
        "[logs]\nfolder = \"journal\"\n[vault]",
        "logs.folder",
    ),
];

#[test]
fn each_unsafe_line_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let text = good(dir.path());
    for (from, to, path) in UNSAFE {
        let broken = text.replacen(from, to, 1);
        assert_eq!(faults(&broken, dir.path()), [*path], "{to}");
    }
}

#[test]
fn store_and_redis_are_reached_by_tls_or_on_this_machine() {
    let dir = tempfile::tempdir().unwrap();
    let text = good(dir.path());
    for (from, to) in [
        ("sslmode=require", "sslmode=verify-full"),
        ("10.0.0.9/lifeline?sslmode=require", "127.0.0.1/lifeline"),
        ("10.0.0.9/lifeline?sslmode=require", "localhost/lifeline"),
        (
            "[alipay]",
            "[redis]\nurl = \"rediss://10.0.0.8/0\"\n[alipay]",
        ),
        (
            "[alipay]",
            "[redis]\nurl = \"redis://127.0.0.1/0\"\n[alipay]",
        ),
        ("[alipay]", "[redis]\nurl = \"redis://[::1]:1/0\"\n[alipay]"),
    ] {
        let kept = text.replacen(from, to, 1);
        assert_ne!(kept, text);
        assert_eq!(faults(&kept, dir.path()), Vec::<String>::new(), "{to}");
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
fn alipay_is_called_by_a_proxy_and_shows_its_pages_at_an_address_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("lifeline.toml");
    for (line, found) in [
        ("page_url = \"https://openapi.alipay.com/gateway.do\"", None),
        (
            "page_url = \"http://openapi.alipay.com/gateway.do\"",
            Some("alipay.page_url"),
        ),
        ("proxy = \"http://lifeline:pa55word@10.0.0.7:3128\"", None),
        ("proxy = \"https://proxy.intranet.example.cn\"", None),
        (
            "proxy = \"socks5://lifeline:pa55word@10.0.0.7:1080\"",
            Some("alipay.proxy"),
        ),
        (
            "proxy = \"http://lifeline:pa55word@10.0.0.7/way\"",
            Some("alipay.proxy"),
        ),
    ] {
        let text = good(dir.path()).replace("[marketing]", &format!("{line}\n[marketing]"));
        let expected: Vec<&str> = found.into_iter().collect();
        assert_eq!(faults(&text, dir.path()), expected, "{line}");
        let config = read(&file).unwrap();
        let shown = format!("{config:?} {:?}", config.faults_for_production());
        assert!(!shown.contains("pa55word"), "{line}");
    }
}

#[test]
fn a_servers_standby_is_wanted_unless_there_is_none_on_purpose() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("lifeline.toml");
    let wanted = |line: &str| {
        let text = good(dir.path()).replace("[store]", &format!("[store]\n{line}"));
        std::fs::write(&file, text).unwrap();
        read(&file).map(|config| config.store.standby)
    };
    assert_eq!(wanted(""), Ok(Standby::Synchronous));
    assert_eq!(
        wanted("standby = \"synchronous\""),
        Ok(Standby::Synchronous)
    );
    assert_eq!(wanted("standby = \"none\""), Ok(Standby::None));
    assert!(wanted("standby = \"yes\"").is_err());
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
