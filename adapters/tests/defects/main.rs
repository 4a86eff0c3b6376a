//! Money defects of other payment systems, each as a story that must end well here, on every engine. What the other
//! system did wrong is a mutant (`tests/mutants`): with it, its own story and no other turns red.
//!
//! Names are `defects.<story>.<engine>`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a broken story panics; this binary has no #[test] functions that clippy would know"
)]

mod money;
#[path = "../place/mod.rs"]
mod place;

#[expect(dead_code, reason = "these stories read no events")]
#[path = "../payments/books.rs"]
mod books;
#[path = "../payments/marketing.rs"]
mod marketing;
#[expect(dead_code, reason = "not every fault of the outside is needed here")]
#[path = "../payments/outside.rs"]
mod outside;
#[expect(dead_code, reason = "these stories lose no store")]
#[path = "../payments/pausing.rs"]
mod pausing;
#[expect(
    dead_code,
    reason = "these stories write no raw SQL and need no second process"
)]
#[path = "../payments/store.rs"]
mod store;
#[expect(dead_code, reason = "these stories are about one home and one payer")]
#[path = "../payments/story.rs"]
mod story;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::store::{EngineKind, Place, on_fresh_store};

/// One story.
pub(crate) struct Told {
    name: &'static str,
    run: fn(Place) -> store::Trial,
}

/// `stories! { a_story; }` names async functions that take a [`Place`].
macro_rules! stories {
    ($($name:ident;)*) => {
        pub(crate) fn stories() -> Vec<$crate::Told> {
            vec![$($crate::Told {
                name: stringify!($name),
                run: |place| Box::pin($name(place)),
            }),*]
        }
    };
}
pub(crate) use stories;

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    let engines = store::engines().unwrap_or_else(|why| {
        trials.push(Trial::test("defects.postgres.required", move || {
            Err(Failed::from(why))
        }));
        Vec::new()
    });
    for told in money::stories() {
        for kind in &engines {
            trials.push(trial(&told, kind.clone()));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial(told: &Told, kind: EngineKind) -> Trial {
    let run = told.run;
    Trial::test(
        format!("defects.{}.{}", told.name, kind.name()),
        move || {
            on_fresh_store(&kind, run);
            Ok(())
        },
    )
}
