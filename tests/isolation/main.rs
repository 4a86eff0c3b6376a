//! No response ever mixes two numbers or two people: random people, roles, grants, revocations and
//! changes of holder against the household listener, each answer searched for the canaries of others.
//!
//! The verdict comes from a model of the rules that was written beside the program. Every reading of
//! another's has a twin in which the owner is answered with the canary. A store file of its own per
//! walk; `PROPTEST_CASES` sets how many walks each of the parts takes.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a broken walk panics, and a measurement says what it was; only some of its functions are marked as tests"
)]

mod canary;
mod device;
mod figures;
mod line;
mod merging;
mod model;
mod outages;
mod own;
mod paced;
mod past;
mod phones;
mod planted;
mod reads;
mod settling;
mod sharing;
mod timing;
mod town;
mod walk;

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use lifeline_adapters::keyring::{InstanceKind, Keyring};
use lifeline_adapters::sql;
use lifeline_core::shared::time::Time;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::line::House;
use crate::reads::{FOREIGN_READS, OWN_READS};
use crate::walk::{Act, Walk, acts};

/// Walks per part in a daily run, unless `PROPTEST_CASES` says otherwise; `make test-long` takes 45.
const WALKS: u32 = 5;

/// A migrated store, to be copied, and the keys it was made with.
struct Blank {
    folder: tempfile::TempDir,
    keyring: Arc<Keyring>,
}

impl Blank {
    /// A store of one's own, gone with its folder.
    fn copy(&self) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("store.db");
        std::fs::copy(self.folder.path().join("blank.db"), &file).expect("a copy");
        (folder, file)
    }
}

fn blank() -> &'static Blank {
    static BLANK: OnceLock<Blank> = OnceLock::new();
    BLANK.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let keyring = Arc::new(Keyring::generate(InstanceKind::Demo).expect("keys"));
        let file = folder.path().join("blank.db");
        let start = Time::parse_rfc3339(canary::START).expect("a time");
        actix_web::rt::System::new().block_on(async {
            let path = file.to_str().expect("a path");
            let migrated = sql::migrate(path, InstanceKind::Demo, start).await;
            migrated.expect("migrations apply");
        });
        Blank { folder, keyring }
    })
}

fn take(walk: &[Act]) {
    let blank = blank();
    let (_folder, file) = blank.copy();
    actix_web::rt::System::new().block_on(async {
        let house = House::open(&file, &blank.keyring).await;
        let line = house.line().await;
        let mut walker = Walk::new(&house, &line);
        walker.settle().await;
        walker.write().await;
        walker.sell().await;
        // Every home has its holder to begin with, so that there is something to share.
        for holder in 0..canary::HOMES {
            walker.act(&Act::Match(holder)).await;
        }
        for act in walk {
            walker.act(act).await;
        }
        walker.read_all().await;
        walker.merge().await;
        walker.export_all().await;
        walker.recycle().await;
        house.close().await;
    });
}

/// One part of the walks; parts differ by their seed, so that they can run beside one another.
fn part(seed: u8) {
    let cases = std::env::var("PROPTEST_CASES").ok();
    let cases = cases.and_then(|text| text.parse().ok()).unwrap_or(WALKS);
    let config = Config {
        cases,
        max_shrink_iters: 60,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let outcome = runner.run(&acts(), |walk| {
        take(&walk);
        Ok(())
    });
    if let Err(fault) = outcome {
        panic!("{fault}");
    }
    let (own, foreign) = (
        OWN_READS.load(Ordering::Relaxed),
        FOREIGN_READS.load(Ordering::Relaxed),
    );
    assert!(
        own > u64::from(cases) * 20,
        "owners read {own} answers only"
    );
    assert!(
        foreign > u64::from(cases) * 20,
        "strangers tried {foreign} only"
    );
}

macro_rules! cases {
    ($($name:ident: $seed:literal;)*) => {$(
        #[test]
        fn $name() {
            part($seed);
        }
    )*};
}

cases! {
    no_answer_mixes_two_numbers_or_two_people_part_1: 1;
    no_answer_mixes_two_numbers_or_two_people_part_2: 2;
    no_answer_mixes_two_numbers_or_two_people_part_3: 3;
    no_answer_mixes_two_numbers_or_two_people_part_4: 4;
    no_answer_mixes_two_numbers_or_two_people_part_5: 5;
    no_answer_mixes_two_numbers_or_two_people_part_6: 6;
    no_answer_mixes_two_numbers_or_two_people_part_7: 7;
    no_answer_mixes_two_numbers_or_two_people_part_8: 8;
}

proptest! {
    /// The search finds a canary wherever it is planted, and nothing in what has none.
    #[test]
    fn the_search_finds_what_is_planted(home in 0..canary::HOMES, person in 0..canary::PEOPLE) {
        use serde_json::json;
        use canary::{Canary, canaries_in, due_of, name_of, paid_of, used_of};
        use lifeline_core::shared::energy::Kwh;
        use lifeline_core::shared::time::Day;
        let id = "019aa2f0-7101-7000-8000-000000000001";
        let harmless = json!({"id": id, "at": canary::START, "n": 7101});
        prop_assert!(canaries_in(&harmless).is_empty());
        let name = name_of(person);
        let given: String = name.chars().skip(1).collect();
        let used = Kwh::from_scaled(used_of(home, Day::parse("2026-01-08").expect("a day")));
        let planted = json!({"a": [{"b": format!("*{given}")}, {"c": due_of(home)}],
            "d": {"e": used.to_string(), "f": paid_of(home, 24_321)}});
        let found: Vec<Canary> = canaries_in(&planted).into_iter().collect();
        let wanted = vec![Canary::Name(person), Canary::Due(home), Canary::Used(home, 7), Canary::Paid(home, 24_321)];
        prop_assert_eq!(found, wanted);
    }
}
