//! People and their homes, told as stories: the use cases of `accounts` and `bindings` on a real
//! store, with doubles for Alipay, the archive and the SMS platform.
//!
//! Every story runs on SQLite, and on PostgreSQL when `TEST_POSTGRES_URL` is set; with
//! `REQUIRE_POSTGRES=1` its absence is a failure. Names are `identity.<file>.<story>.<engine>`; a
//! story's own name begins with the requirement (`ln_43_…`) or the rule of the money page
//! (`m3_1_…`) that it shows.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a broken story panics; this binary has no #[test] functions that clippy would know"
)]

mod alipay;
mod archive;
mod bans;
mod by_number;
mod certify_limits;
mod certifying;
mod codes;
mod consents;
mod filling;
mod gathering;
mod homes;
mod many_homes;
mod matching;
mod merging;
mod merging_functions;
mod merging_homes;
mod merging_points;
mod merging_rights;
mod passwords;
mod phones;
#[path = "../place/mod.rs"]
mod place;
mod privacy;
mod rotation;
mod sharing;
mod sharing_ends;
mod sign_in;
mod staying;
mod step_ups;
mod store;
mod users;
mod world;

use std::future::Future;
use std::pin::Pin;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::place::EngineKind;
use crate::world::World;

type Run = fn(World) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// One story.
pub(crate) struct Story {
    file: &'static str,
    name: &'static str,
    run: Run,
}

/// `on_every_engine! { "sign_in": a_story, another_story }`
macro_rules! on_every_engine {
    ($file:literal: $($name:ident),* $(,)?) => {
        pub(crate) fn stories() -> Vec<$crate::Story> {
            vec![$($crate::Story {
                file: $file,
                name: stringify!($name),
                run: |world| Box::pin($name(world)),
            }),*]
        }
    };
}
pub(crate) use on_every_engine;

fn main() {
    let arguments = Arguments::from_args();
    let files = [
        bans::stories,
        by_number::stories,
        certify_limits::stories,
        certifying::stories,
        codes::stories,
        consents::stories,
        filling::stories,
        gathering::stories,
        homes::stories,
        many_homes::stories,
        matching::stories,
        merging::stories,
        merging_functions::stories,
        merging_homes::stories,
        merging_points::stories,
        merging_rights::stories,
        passwords::stories,
        phones::stories,
        privacy::stories,
        step_ups::stories,
        rotation::stories,
        sharing::stories,
        sharing_ends::stories,
        sign_in::stories,
        staying::stories,
    ];
    let mut trials = Vec::new();
    let engines = place::engines().unwrap_or_else(|why| {
        trials.push(Trial::test("identity.postgres.required", move || {
            Err(Failed::from(why))
        }));
        Vec::new()
    });
    for story in files.iter().flat_map(|stories| stories()) {
        for kind in &engines {
            trials.push(trial(&story, kind.clone()));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial(story: &Story, kind: EngineKind) -> Trial {
    let name = format!("identity.{}.{}.{}", story.file, story.name, kind.name());
    let run = story.run;
    Trial::test(name, move || {
        store::with_fresh_store(&kind, run);
        Ok(())
    })
}
