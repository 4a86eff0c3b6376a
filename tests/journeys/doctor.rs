//! What `lifeline doctor` says of the store's server.

use libtest_mimic::Failed;
use lifeline_tests::Engine;

use crate::fixtures::POSTGRES;
use crate::production::{certificates, configuration, lifeline, text};
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "doctor_wants_a_standby_of_a_server_or_a_choice_that_somebody_made",
        POSTGRES,
        standby,
    )]
}

/// The server of the tests has no standby, and each session says itself whether it waits for the disk.
fn standby(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let dir = tempfile::tempdir().expect("a folder");
        certificates(dir.path());
        let (config, ..) = configuration(dir.path(), engine).await;
        let migrated = lifeline("migrate", &config);
        assert!(migrated.status.success(), "{}", text(&migrated));
        let plain = std::fs::read_to_string(&config).expect("the configuration");
        let url = plain.lines().find(|line| line.starts_with("url = "));
        let url = url.expect("a store").trim_end_matches('"');
        let joint = if url.contains('?') { '&' } else { '?' };
        let said = |commit: &str, more: &str| {
            let set = format!("{url}{joint}options=-c%20synchronous_commit%3D{commit}\"\n{more}");
            let written = plain.replace(&format!("{url}\"\n"), &set);
            assert_ne!(written, plain);
            std::fs::write(&config, written).expect("the configuration");
            let said = text(&lifeline("doctor", &config));
            let mut lines = said.lines();
            let line = lines.find(|line| line.contains("standby of the store"));
            assert!(line.is_some(), "{said}");
            line.unwrap_or_default().to_owned()
        };
        let alone = said("on", "");
        assert!(alone.starts_with("WRONG"), "{alone}");
        assert!(alone.contains("no synchronous standby is named"), "{alone}");
        let chosen = said("on", "standby = \"none\"\n");
        assert!(chosen.starts_with("ok"), "{chosen}");
        assert!(chosen.contains("none by choice"), "{chosen}");
        let nowhere = said("off", "standby = \"none\"\n");
        assert!(nowhere.starts_with("WRONG"), "{nowhere}");
        assert!(nowhere.contains("synchronous_commit is off"), "{nowhere}");
    })
}
