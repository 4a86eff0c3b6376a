//! The house rules, held against the source: floors, walls, sizes, purity of the domain, twin migrations, data
//! classes, the requirements register, plain hygiene.
//!
//! Each rule is a function from text to faults, tried on a planted fault first, then on the repository.

#![expect(
    clippy::expect_used,
    reason = "a test stops at the first thing it cannot read"
)]

#[path = "register.rs"]
mod register;
#[path = "source.rs"]
mod source;

mod documents;
mod floors;
mod hygiene;
mod migrations;
mod purity;
mod requirements;
mod seams;
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
