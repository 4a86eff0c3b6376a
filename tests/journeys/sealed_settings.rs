//! A secret of the configuration that lies sealed in its file (EC-28); `production.rs` goes on with it.

use std::path::Path;
use std::process::{Command, Stdio};

use lifeline_tests::demo::binary;

use crate::production::{lifeline, text};

/// Takes a secret's clear text out of the file (EC-28); everything after this runs on the sealed one.
pub(crate) fn seal_a_secret(config: &Path) {
    let secret = "5a".repeat(32);
    let seal = |key: &str| {
        let mut sealing = Command::new(binary())
            .args(["config", "seal", "--key", key, "--config"])
            .arg(config)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("lifeline config seal");
        let mut input = sealing.stdin.take().expect("its input");
        std::io::Write::write_all(&mut input, secret.as_bytes()).expect("the secret");
        drop(input);
        let done = sealing.wait_with_output().expect("sealed");
        assert!(done.status.success(), "{}", text(&done));
        String::from_utf8(done.stdout)
            .expect("text")
            .trim()
            .to_owned()
    };
    let (sms, other) = (seal("sms.secret_hex"), seal("exchange.secret_hex"));
    assert!(sms.starts_with("sealed:a1:") && !sms.contains(&secret));
    let clear = std::fs::read_to_string(config).expect("the configuration");
    let (before, after) = clear.split_once("[sms]").expect("the section");
    let put = |value: &str| {
        let after = after.replacen(
            &format!("secret_hex = \"{secret}\""),
            &format!("secret_hex = \"{value}\""),
            1,
        );
        std::fs::write(config, format!("{before}[sms]{after}")).expect("written");
        lifeline("check-config", config)
    };
    // Sealed for another name, or altered by a letter, it opens nothing; the fault names it and not what it holds.
    let mut altered = sms.clone();
    let at = altered.len() - 8;
    let letter = if altered.as_bytes()[at] == b'A' {
        "B"
    } else {
        "A"
    };
    altered.replace_range(at..=at, letter);
    for wrong in [&other, &altered] {
        let refused = put(wrong);
        assert_eq!(refused.status.code(), Some(1));
        assert!(
            text(&refused).contains("sms.secret_hex"),
            "{}",
            text(&refused)
        );
        assert!(
            !text(&refused).contains(wrong.as_str()),
            "{}",
            text(&refused)
        );
    }
    let right = put(&sms);
    assert!(right.status.success(), "{}", text(&right));
}
