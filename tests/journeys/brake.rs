//! What moves money by itself is stopped by one person at the machine, while nothing else runs.

use std::path::Path;
use std::process::Command;

use libtest_mimic::Failed;
use lifeline_tests::Engine;
use lifeline_tests::demo::binary;

use crate::fixtures::BOTH;
use crate::production::{certificates, configuration, lifeline, text};
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "one_command_stops_payouts_or_refunds_and_doctor_finds_the_store_well",
        BOTH,
        stops,
    )]
}

/// What `lifeline brake` says, and whether it did what it was asked.
fn brake(words: &[&str], config: &Path) -> (bool, String) {
    let mut command = Command::new(binary());
    command.arg("brake").args(words).arg("--config").arg(config);
    let said = command.output().expect("lifeline");
    (said.status.success(), text(&said))
}

fn stops(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let dir = tempfile::tempdir().expect("a folder");
        certificates(dir.path());
        let (config, ..) = configuration(dir.path(), engine).await;
        let migrated = lifeline("migrate", &config);
        assert!(migrated.status.success(), "{}", text(&migrated));
        let well = text(&lifeline("doctor", &config));
        let is_well = |check: &str| {
            let mut lines = well.lines().filter(|line| line.starts_with("ok"));
            lines.any(|line| line.contains(check))
        };
        assert!(is_well("commits of the store"), "{well}");
        assert_eq!(is_well("clock"), engine == Engine::Postgres, "{well}");
        for what in ["payouts", "refunds"] {
            let stop = ["stop", what, "--as", "li.ming"];
            let (done, said) = brake(&stop, &config);
            assert!(done && said.starts_with("stopped; no "), "{said}");
            let (done, said) = brake(&stop, &config);
            assert!(done && said.contains("on already"), "{said}");
            if what == "payouts" {
                let (done, said) = brake(&["release", "--as", "zhao.er"], &config);
                assert!(done && said.contains("refunds are not stopped"), "{said}");
                assert!(said.contains("sold power are stopped since"), "{said}");
            }
        }
        let (done, said) = brake(&["status"], &config);
        assert!(done, "{said}");
        assert!(said.contains("refunds are stopped since"), "{said}");
        assert!(said.contains("sold power are stopped since"), "{said}");
        let (done, said) = brake(&["status", "--json"], &config);
        let read: serde_json::Value = serde_json::from_str(&said).expect("one JSON object");
        assert!(done && read["refunds"]["stopped"] == true, "{read}");
        assert_eq!(read["payouts"]["stopped"], true, "{read}");
        let (done, _) = brake(&["stop", "everything", "--as", "li.ming"], &config);
        assert!(!done, "there is no such thing to stop");
    })
}
