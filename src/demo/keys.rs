//! The keys of a demo: made once per data folder, mode 0600, never part of the source.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// A signed channel's secrets, as the sandbox reads them too.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ChannelKeys {
    pub(super) channel_id: String,
    pub(super) secret_hex: String,
    pub(super) field_key_hex: String,
}

/// The channels of a demo.
pub(super) struct Channels {
    /// Alipay's content encryption.
    pub(super) content_key: String,
    pub(super) marketing: ChannelKeys,
    pub(super) sms: ChannelKeys,
    pub(super) user_system: ChannelKeys,
    pub(super) generation: ChannelKeys,
    pub(super) exchange: ChannelKeys,
}

/// Makes whatever is missing in `dir` and reads the channels' secrets.
pub(super) fn make_missing(dir: &Path) -> Result<Channels, Failure> {
    std::fs::create_dir_all(dir).map_err(|error| trouble(dir, &error))?;
    let missing = |name: &str| !dir.join(format!("{name}_private.pem")).is_file();
    let (app, platform) = std::thread::scope(|scope| {
        // Two keys on two cores: key generation is the slowest part of a first start.
        let app = missing("app").then(|| scope.spawn(|| rsa_pair(dir, "app")));
        let platform = missing("platform").then(|| rsa_pair(dir, "platform"));
        let app = app.map(|thread| {
            thread
                .join()
                .unwrap_or_else(|_| Err(Failure::failed("key generation stopped")))
        });
        (app, platform)
    });
    app.transpose()?;
    platform.transpose()?;
    Ok(Channels {
        content_key: content_key(dir)?,
        marketing: channel(dir, "marketing")?,
        sms: channel(dir, "sms")?,
        user_system: channel(dir, "user_system")?,
        generation: channel(dir, "generation")?,
        exchange: channel(dir, "exchange")?,
    })
}

fn rsa_pair(dir: &Path, name: &str) -> Result<(), Failure> {
    let odd = |_| Failure::failed("the machine could not make an RSA key");
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(odd)?;
    let private: Pkcs8V1Der<'_> = pair.as_der().map_err(odd)?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(odd)?;
    write_private(
        &dir.join(format!("{name}_public.pem")),
        &pem("PUBLIC KEY", public.as_ref()),
    )?;
    // The private half last: its presence says the pair is complete.
    write_private(
        &dir.join(format!("{name}_private.pem")),
        &pem("PRIVATE KEY", private.as_ref()),
    )
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = tail;
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}

/// What Alipay encrypts for us with, as its console hands it out.
fn content_key(dir: &Path) -> Result<String, Failure> {
    let file = dir.join("content_key.txt");
    if file.is_file() {
        return std::fs::read_to_string(&file).map_err(|error| trouble(&file, &error));
    }
    let mut bytes = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| Failure::failed("the machine has no randomness"))?;
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    write_private(&file, &text)?;
    Ok(text)
}

fn channel(dir: &Path, name: &str) -> Result<ChannelKeys, Failure> {
    let file = dir.join(format!("{name}.json"));
    if !file.is_file() {
        let fresh = || -> Result<String, Failure> {
            let mut bytes = [0_u8; 32];
            aws_lc_rs::rand::fill(&mut bytes)
                .map_err(|_| Failure::failed("the machine has no randomness"))?;
            Ok(hex::encode(bytes))
        };
        let keys = ChannelKeys {
            channel_id: "lifeline".to_owned(),
            secret_hex: fresh()?,
            field_key_hex: fresh()?,
        };
        let text = serde_json::to_string_pretty(&keys)
            .map_err(|_| Failure::failed("the channel's secrets could not be written"))?;
        write_private(&file, &text)?;
    }
    let text = std::fs::read_to_string(&file).map_err(|error| trouble(&file, &error))?;
    serde_json::from_str(&text).map_err(|_| {
        Failure::failed(format!("{} is not a channel file", file.display()))
            .advice("remove it; the next start makes a new one")
    })
}

fn write_private(file: &Path, text: &str) -> Result<(), Failure> {
    let open = || -> std::io::Result<File> {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(file)
    };
    open()
        .and_then(|mut handle| handle.write_all(text.as_bytes()))
        .map_err(|error| trouble(file, &error))
}

fn trouble(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("cannot write {}: {error}", path.display()))
        .advice("choose another folder with --data-dir")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_kept_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let first = make_missing(dir.path()).unwrap();
        let pem = std::fs::read_to_string(dir.path().join("app_private.pem")).unwrap();
        let second = make_missing(dir.path()).unwrap();
        assert_eq!(first.marketing.secret_hex, second.marketing.secret_hex);
        assert_eq!(
            std::fs::read_to_string(dir.path().join("app_private.pem")).unwrap(),
            pem
        );
        assert_ne!(first.marketing.secret_hex, first.sms.secret_hex);
        let mode = std::fs::metadata(dir.path().join("app_private.pem"))
            .unwrap()
            .permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }
}
