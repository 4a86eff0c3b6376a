//! Which way packages point: `lifeline -> gateway -> core <- adapters`, read from cargo's own resolved graph.

use std::collections::BTreeSet;
use std::process::Command;

use crate::{assert_no_faults, source};

/// Crates that do I/O, speak to an outside thing or are a framework. None may be reachable from the domain.
const OUTSIDE: [&str; 14] = [
    "actix-http",
    "actix-web",
    "aws-lc-rs",
    "deadpool-postgres",
    "governor",
    "hyper",
    "jsonwebtoken",
    "mio",
    "redis",
    "reqwest",
    "rusqlite",
    "rustls",
    "tokio",
    "tokio-postgres",
];

/// What `cargo tree` answers for one package: everything linked into it, dev-dependencies left out.
///
/// `cargo metadata` is not asked: it lists optional crates that a weak feature mentions but nothing turns on.
fn tree(package: &str) -> String {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["tree", "--offline", "--locked", "--edges", "no-dev"])
        .args(["--prefix", "none", "--format", "{p}", "--package", package])
        .current_dir(source::root())
        .output()
        .expect("cargo tree starts");
    assert!(
        output.status.success(),
        "cargo tree: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The crates that `tree` names below its first line and `banned` forbids.
fn forbidden(tree: &str, banned: &[&str]) -> Vec<String> {
    let mut lines = tree
        .lines()
        .map(|line| line.split(' ').next().unwrap_or(""));
    let package = lines.next().unwrap_or("");
    let reached: BTreeSet<&str> = lines.collect();
    banned
        .iter()
        .filter(|name| reached.contains(**name))
        .map(|name| format!("{package} reaches {name}"))
        .collect()
}

#[test]
fn a_planted_dependency_is_found() {
    let tree = "lifeline-core v0.1.0 (core)\nserde v1.0.0\ntokio v1.0.0\ntokio v1.0.0 (*)\n";
    assert_eq!(forbidden(tree, &OUTSIDE), ["lifeline-core reaches tokio"]);
    assert!(forbidden(tree, &["redis", "lifeline-core"]).is_empty());
}

#[test]
fn the_domain_reaches_nothing_outside() {
    let tree = tree("lifeline-core");
    assert!(tree.contains("serde "), "an empty graph: {tree}");
    let mut faults = forbidden(&tree, &OUTSIDE);
    faults.extend(forbidden(&tree, &["lifeline-adapters", "lifeline-gateway"]));
    assert_no_faults("walls", &faults);
}

#[test]
fn gateway_and_adapters_do_not_know_each_other() {
    let gateway = tree("lifeline-gateway");
    let adapters = tree("lifeline-adapters");
    for tree in [&gateway, &adapters] {
        assert!(
            tree.contains("lifeline-core "),
            "does not use the domain: {tree}"
        );
    }
    let stores = [
        "lifeline-adapters",
        "rusqlite",
        "tokio-postgres",
        "redis",
        "reqwest",
    ];
    let mut faults = forbidden(&gateway, &stores);
    faults.extend(forbidden(&adapters, &["lifeline-gateway", "actix-web"]));
    assert_no_faults("walls", &faults);
}

#[test]
fn the_product_links_no_test_and_one_crypto_provider() {
    let tree = tree("lifeline");
    for part in ["lifeline-core ", "lifeline-adapters ", "lifeline-gateway "] {
        assert!(tree.contains(part), "the product lacks {part}");
    }
    let tests = [
        "lifeline-sandbox",
        "lifeline-lab",
        "lifeline-probe",
        "lifeline-tests",
    ];
    let providers = ["rsa", "ring", "openssl-sys", "native-tls"];
    let mut faults = forbidden(&tree, &tests);
    faults.extend(forbidden(&tree, &providers));
    assert_no_faults("walls", &faults);
}
