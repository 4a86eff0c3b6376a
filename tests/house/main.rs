//! The house rules, held against the source: floors, walls, sizes, purity of the domain, twin migrations, data
//! classes, the requirements register, plain hygiene.
//!
//! Each rule is a function from text to faults, tried on a planted fault first, then on the repository.

#![expect(
    clippy::expect_used,
    reason = "a test stops at the first thing it cannot read"
)]

#[expect(dead_code, reason = "what only a run of a mutant needs")]
#[path = "../mutants/recipe.rs"]
mod recipe;
#[path = "register.rs"]
mod register;
#[path = "source.rs"]
mod source;

#[expect(dead_code, reason = "a copy of the tree is only for a run")]
#[path = "../mutants/tree.rs"]
mod tree;

mod bench;
mod documents;
mod floors;
mod hygiene;
mod migrations;
mod mutants;
mod operations;
mod pages;
mod purity;
mod requirements;
mod seams;
mod security;
mod shape;
mod walls;

/// Fails with one fault per line.
#[track_caller]
fn assert_no_faults(rule: &str, faults: &[String]) {
    assert!(
        faults.is_empty(),
        "{rule}: {} fault(s)\n  {}",
        faults.len(),
        faults.join("\n  ")
    );
}
