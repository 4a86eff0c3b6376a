//! One failing fixture per line of money.md 3.10, and a good one that passes.

use lifeline_adapters::wire::BreakerRules;

use super::*;

fn good(dir: &Path) -> String {
    for name in [
        "cert.pem",
        "key.pem",
        "ca.pem",
        "app.pem",
        "platform.pem",
        "keyring.json",
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
        "listeners.line.tls.certificate",
        "listeners.line.tls.client_ca",
        "listeners.line.tls.private_key",
        "marketing.field_key_hex",
        "marketing.secret_hex",
        "sms.field_key_hex",
        "sms.secret_hex",
        "store.keyring",
    ];
    assert_eq!(lacking, expected);
    let (limits, defaults) = (&config.limits, Limits::default());
    assert_eq!(limits.per_address_minute, defaults.per_address_minute);
    assert_eq!(limits.per_account_minute, defaults.per_account_minute);
    assert_eq!(config.notices.sign_name, Notices::default().sign_name);
    assert_eq!(config.breaker.rules(), BreakerRules::default());
}

#[test]
fn each_bound_of_the_breaker_is_held() {
    for (key, within, beyond) in [
        ("window_s", ["6", "600"], ["5", "601"]),
        ("calls_min", ["1", "10000"], ["0", "10001"]),
        ("failed_percent", ["1", "100"], ["0", "101"]),
        ("slow_percent", ["1", "100"], ["0", "101"]),
        ("slow_ms", ["50", "20000"], ["49", "20001"]),
        ("open_s", ["1", "15"], ["0", "16"]),
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
        ("127.0.0.1:9090", "0.0.0.0:9090", "listeners.ops.bind"),
        ("postgres://lifeline", "mysql://lifeline", "store.url"),
        ("keyring.json", "lost.json", "store.keyring"),
        ("2021000000000001", "1", "alipay.app_id"),
    ] {
        let broken = text.replacen(from, to, 1);
        assert_eq!(faults(&broken, dir.path()), [path], "{to}");
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
