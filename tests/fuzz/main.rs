//! Every fuzz target on its seeds, on every input that once failed (`tests/fuzz/found/<target>/`), and
//! on seeded mutations of both: several hundred, or as many as FUZZ_SECONDS per target allow (`make
//! fuzz`). An input that fails is written to that folder, so that every later run replays it.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a property that does not hold panics; that is the test"
)]

mod mutate;
mod targets;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use sha2::{Digest as _, Sha256};

use mutate::Mutations;
use targets::{ALL, Target};

/// Mutations of each target in an everyday run.
const MUTATIONS: u64 = 800;

fn main() {
    let arguments = Arguments::from_args();
    let trials = ALL.iter().flat_map(|target| {
        let name = target.name;
        [
            Trial::test(format!("fuzz.{name}.seeds"), move || replay(target)),
            Trial::test(format!("fuzz.{name}.mutated"), move || search(target)),
        ]
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn replay(target: &Target) -> Result<(), Failed> {
    let inputs = inputs(target);
    assert!(!inputs.is_empty(), "nothing to begin with");
    inputs.iter().for_each(|input| (target.run)(input));
    Ok(())
}

fn search(target: &Target) -> Result<(), Failed> {
    let seconds = std::env::var("FUZZ_SECONDS").ok();
    let seconds = seconds.and_then(|text| text.parse().ok());
    let until = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    // An everyday run repeats itself; a search with time begins elsewhere each time.
    let seed = until.map_or(2026, |_| RandomState::new().hash_one(target.name));
    let mut mutations = Mutations::of(inputs(target), seed);
    let mut tried: u64 = 0;
    while until.map_or(tried < MUTATIONS, |until| Instant::now() < until) {
        let input = mutations.next();
        tried += 1;
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (target.run)(input))) {
            keep(target, input);
            resume_unwind(panic);
        }
    }
    Ok(())
}

fn found(target: &Target) -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.join("fuzz/found").join(target.name)
}

fn keep(target: &Target, input: &[u8]) {
    let folder = found(target);
    std::fs::create_dir_all(&folder).expect("a folder for what was found");
    let name = hex::encode(&Sha256::digest(input)[..8]);
    std::fs::write(folder.join(name), input).expect("the input that failed");
}

fn inputs(target: &Target) -> Vec<Vec<u8>> {
    let mut inputs = (target.seeds)();
    let kept = std::fs::read_dir(found(target));
    let files = kept.into_iter().flatten().flatten();
    inputs.extend(files.map(|file| std::fs::read(file.path()).expect("a readable input")));
    inputs
}
