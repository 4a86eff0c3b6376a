//! A month of thousands of sellers: shards, threads and kills end with the same bytes, and the sums are those of
//! another program.

use std::process::Command;

#[test]
fn a_month_is_settled_alike_in_shards_in_threads_and_after_kills() {
    let output = Command::new(env!("CARGO_BIN_EXE_lifeline-lab"))
        .args(["settle", "prove", "--accounts", "4000", "--kills", "3"])
        .args(["--shapes", "1x1,4x2,16x2", "--folder"])
        .arg(env!("CARGO_TARGET_TMPDIR"))
        .output()
        .expect("the lab starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{why}");
    assert_eq!(said.matches("kill ").count(), 3, "{said}");
    let last = said.lines().last();
    assert_eq!(
        last,
        Some("4000 months, 1 digest: 1 passed, 0 failed"),
        "{why}"
    );
}
