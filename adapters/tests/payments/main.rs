//! The stories of payments: the interleavings of the money rules, storms of notices, random walks,
//! and SQL as an attacker would write it. Every story runs on every engine.
//!
//! Names are `payments.<story>.<engine>`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a broken story panics; this binary has no #[test] functions that clippy would know"
)]

mod answers;
mod attacks;
mod books;
mod braked;
mod by_bank;
mod cashier;
mod channel_away;
mod checkout_claims;
mod checkouts;
mod copies;
mod crashes;
mod drills;
mod erased;
mod family;
mod filed;
mod given_back;
mod held_bills;
mod kept;
mod late;
mod marketing;
mod one_row;
mod orders;
mod outside;
mod parts;
mod pausing;
#[path = "../place/mod.rs"]
mod place;
mod postings;
mod refunds;
mod replayed;
mod restored;
mod restored_later;
mod restored_twice;
mod rulings;
mod store;
mod storms;
mod story;
mod sure;
mod thawing;
mod told_late;
mod unfenced;
mod versions;
mod walks;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::store::{EngineKind, Place, on_fresh_store};

/// One story.
pub(crate) struct Told {
    name: &'static str,
    run: fn(Place) -> store::Trial,
}

/// `stories! { interleaving_06_swallowed_notice; }` names async functions that take a [`Place`].
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
        trials.push(Trial::test("payments.postgres.required", move || {
            Err(Failed::from(why))
        }));
        Vec::new()
    });
    let all = [
        answers::stories(),
        attacks::stories(),
        cashier::stories(),
        channel_away::stories(),
        checkout_claims::stories(),
        checkouts::stories(),
        crashes::stories(),
        drills::stories(),
        braked::stories(),
        by_bank::stories(),
        erased::stories(),
        filed::stories(),
        given_back::stories(),
        held_bills::stories(),
        kept::stories(),
        late::stories(),
        one_row::stories(),
        orders::stories(),
        parts::stories(),
        sure::stories(),
        postings::stories(),
        refunds::stories(),
        replayed::stories(),
        restored::stories(),
        restored_later::stories(),
        restored_twice::stories(),
        rulings::stories(),
        storms::stories(),
        thawing::stories(),
        told_late::stories(),
        unfenced::stories(),
        versions::stories(),
        walks::stories(),
    ];
    for told in all.into_iter().flatten() {
        for kind in &engines {
            trials.push(trial(&told, kind.clone()));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial(told: &Told, kind: EngineKind) -> Trial {
    let run = told.run;
    Trial::test(
        format!("payments.{}.{}", told.name, kind.name()),
        move || {
            on_fresh_store(&kind, run);
            Ok(())
        },
    )
}
