//! A relay's own certificates and configuration in a folder.

use std::path::Path;
use std::process::Command;

use lifeline_relay::config;

const KEY: [&str; 7] = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-days",
    "2",
];

fn openssl(dir: &Path, arguments: &[&str]) {
    let mut command = Command::new("openssl");
    let done = command.args(arguments).current_dir(dir).output();
    let done = done.expect("openssl");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
}

pub(crate) fn authority(dir: &Path) {
    let made = ["req", "-x509", "-subj", "/CN=ca", "-keyout", "ca.key"];
    openssl(dir, &[&made[..], &["-out", "ca.pem"], &KEY].concat());
}

/// A certificate of this machine, another one each time.
pub(crate) fn certificate(dir: &Path) {
    let signed = ["req", "-x509", "-CA", "ca.pem", "-CAkey", "ca.key"];
    let named = [
        "-subj",
        "/CN=relay",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ];
    let bounded = ["-addext", "basicConstraints=critical,CA:FALSE"];
    let files = ["-keyout", "server.key", "-out", "server.pem"];
    let all = [&signed[..], &named, &bounded, &files, &KEY].concat();
    openssl(dir, &all);
}

pub(crate) fn signing_key(dir: &Path) {
    openssl(
        dir,
        &["genpkey", "-algorithm", "ed25519", "-out", "signing.pem"],
    );
}

/// `public` is added to that section, `more` at the end.
pub(crate) fn configuration(dir: &Path, public: &str, more: &str) -> config::Config {
    let at = dir.display();
    let text = format!(
        "[public]\nbind = \"127.0.0.1:0\"\ncertificate = \"{at}/server.pem\"\nprivate_key = \"{at}/server.key\"\n{public}\n\
         [line]\nnodes = [\"https://127.0.0.1:1\"]\ncertificate = \"{at}/server.pem\"\nprivate_key = \"{at}/server.key\"\n\
         ca = \"{at}/ca.pem\"\nkey_id = \"relay-1\"\nsigning_key = \"{at}/signing.pem\"\n{more}\n"
    );
    let file = dir.join("relay.toml");
    std::fs::write(&file, text).expect("written");
    config::read(&file).expect("a configuration")
}
