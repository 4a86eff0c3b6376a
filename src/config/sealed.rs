//! Values of the configuration that lie sealed in the file (EC-28): `sealed:…`, opened by the keyring when
//! the file is read. A value opens under its own name only, so that none can be put in another's place.

use std::io::Read as _;
use std::path::Path;

use lifeline_adapters::keyring::{InstanceKind, Keyring, SEALED};
use serde_json::Value;
use zeroize::Zeroizing;

use super::Fault;
use crate::cli::SealSetting;
use crate::failure::Failure;
use crate::print;

const KEYRING: &str = "store.keyring";
/// What a value may weigh.
const VALUE_BYTES_MAX: usize = 4_096;

/// Every sealed value in clear, by its name.
pub(super) fn opened(
    built: &config::Config,
) -> Result<Vec<(String, Zeroizing<String>)>, Vec<Fault>> {
    let tree = built.clone().try_deserialize::<Value>();
    // What is no tree of values is told by whoever reads it for good.
    let Ok(tree) = tree else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    seek(&tree, "", &mut found);
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let keyring = keyring_of(built)?;
    let mut clear = Vec::new();
    let mut faults = Vec::new();
    for (name, text) in found {
        match keyring.open_setting(&name, &text) {
            Ok(value) => clear.push((name, value)),
            Err(_) => faults.push(Fault::new(
                &name,
                "the sealed value does not open: it was sealed for another name or by another keyring, or was altered",
            )),
        }
    }
    if faults.is_empty() {
        Ok(clear)
    } else {
        Err(faults)
    }
}

fn seek(value: &Value, name: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) if text.starts_with(SEALED) => {
            found.push((name.to_owned(), text.clone()));
        }
        Value::Object(fields) => {
            for (field, one) in fields {
                let dot = if name.is_empty() { "" } else { "." };
                seek(one, &format!("{name}{dot}{field}"), found);
            }
        }
        Value::Array(items) => {
            for (at, one) in items.iter().enumerate() {
                seek(one, &format!("{name}[{at}]"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn keyring_of(built: &config::Config) -> Result<Keyring, Vec<Fault>> {
    let fault = |what: String| vec![Fault::new(KEYRING, &what)];
    let file = built.get_string(KEYRING).map_err(|_| {
        fault("sealed values are opened by the keyring, and none is named".to_owned())
    })?;
    Keyring::load(Path::new(&file), InstanceKind::Live)
        .map_err(|error| fault(format!("sealed values are opened by the keyring: {error}")))
}

/// Whether something could be the name of a value.
fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.[]".contains(c);
    text.contains('.') && text.len() <= 100 && text.chars().all(plain)
}

/// Reads a value from standard input and prints what to write in its place.
pub(crate) fn seal(args: &SealSetting) -> Result<(), Failure> {
    if !is_name(&args.key) || args.key == KEYRING {
        return Err(Failure::usage(
            "--key takes the name of a value as faults show it, such as sms.secret_hex; the keyring's own place stays in clear",
        ));
    }
    let mut value = Zeroizing::new(String::new());
    let input = std::io::stdin().lock().take(4_097);
    std::io::BufReader::new(input)
        .read_to_string(&mut value)
        .map_err(|error| Failure::failed(format!("standard input: {error}")))?;
    let clear = value.strip_suffix('\n').unwrap_or(&value);
    if clear.is_empty() || clear.len() > VALUE_BYTES_MAX {
        return Err(Failure::usage(
            "standard input takes a value of 1 to 4096 bytes",
        ));
    }
    let file = &args.of.config;
    let built = config::Config::builder()
        .add_source(config::File::from(file.as_path()).format(config::FileFormat::Toml))
        .build()
        .map_err(|error| Failure::failed(format!("{}: {error}", file.display())))?;
    let keyring = keyring_of(&built).map_err(|faults| Failure::faults(&faults))?;
    let sealed = keyring
        .seal_setting(&args.key, clear)
        .map_err(|error| Failure::failed(error.to_string()))?;
    print(&format!("{sealed}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ec_28_sealed_values_are_found_wherever_they_are() {
        let tree = serde_json::json!({
            "a": {"b": "sealed:a1:x", "c": ["plain", {"d": "sealed:a1:y"}]}, "n": 1
        });
        let mut found = Vec::new();
        seek(&tree, "", &mut found);
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a.b", "a.c[1].d"]);
    }

    #[test]
    fn what_is_no_name_is_sealed_for_nobody() {
        for name in ["sms.secret_hex", "listeners.line.relay.keys[0].file"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "sms", "sms.Secret", "a.b c", "a.b\n"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
