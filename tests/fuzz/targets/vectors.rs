//! The committed vectors: made with the official SDK, so the best inputs to begin with.

use std::path::{Path, PathBuf};

use serde_json::Value;

fn folder() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.join("vectors/alipay")
}

/// One vector file.
pub(crate) fn file(name: &str) -> Value {
    let path = folder().join(format!("{name}.json"));
    let text = std::fs::read_to_string(path).expect("the vectors");
    serde_json::from_str(&text).expect("JSON")
}

/// One field of every case of a file.
pub(crate) fn texts(name: &str, field: &str) -> Vec<String> {
    let file = file(name);
    let cases = file["cases"].as_array().expect("cases");
    let texts = cases.iter().filter_map(|case| case[field].as_str());
    texts.map(str::to_owned).collect()
}

/// Alipay's public key of the vectors.
pub(crate) fn platform_key() -> String {
    let keys = file("keys");
    keys["alipay"]["spki"].as_str().expect("a key").to_owned()
}
