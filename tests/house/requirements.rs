//! The register holds every requirement, what is done names a test that exists, and the page is the one made from it.

use crate::register::{self, Register, State};
use crate::{assert_no_faults, source};

fn register() -> Register {
    let text = source::read(register::REGISTER).expect("the register");
    register::parse(&text).expect("the register is well formed")
}

#[test]
fn planted_faults_are_found() {
    let whole: String = register::all_ids()
        .iter()
        .map(|id| format!("[{id}]\ntitle = \"t\"\nstate = \"open\"\n"))
        .collect();
    let faults = |text: &str| {
        register::faults(&register::parse(text).unwrap(), &|_, name| name == "exists").len()
    };
    assert_eq!(faults(&whole), 0);
    assert_eq!(faults(&whole.replace("[PV-01]", "[PV-99]")), 2);
    let done = |tests: &str, shown: &str| {
        let row = format!(
            "[DN-07]\ntitle = \"t\"\nstate = \"done\"\nshown = \"{shown}\"\ntests = [{tests}]\n"
        );
        faults(&whole.replace("[DN-07]\ntitle = \"t\"\nstate = \"open\"\n", &row))
    };
    assert_eq!(done("\"a.rs::exists\"", "GET /x"), 0);
    assert_eq!(done("\"a.rs::gone\"", "GET /x"), 1);
    assert_eq!(done("\"exists\"", "GET /x"), 1);
    assert_eq!(done("", "GET /x"), 1);
    assert_eq!(done("\"a.rs::exists\"", ""), 1);
    let packaged = |tests: &str| {
        let row =
            format!("[PV-07]\ntitle = \"t\"\nstate = \"done\"\nshown = \"s\"\ntests = [{tests}]\n");
        let row = whole.replace("[PV-07]\ntitle = \"t\"\nstate = \"open\"\n", &row);
        let register = register::parse(&row).unwrap();
        register::faults(&register, &|_, _| true).len()
    };
    assert_eq!(packaged("\"a.rs::pv_07_opens\""), 1);
    assert_eq!(packaged("\"tests/journeys/a.rs::opens\""), 1);
    assert_eq!(
        packaged("\"tests/journeys/a.rs::pv_08_opens\", \"a.rs::pv_07_opens\""),
        0
    );
    let lacking = |state: &str| {
        let row = format!("[DN-07]\ntitle = \"t\"\nstate = \"{state}\"\nmissing = \"m\"\n");
        faults(&whole.replace("[DN-07]\ntitle = \"t\"\nstate = \"open\"\n", &row))
    };
    assert_eq!(lacking("open"), 0);
    assert_eq!(lacking("done"), 2);
    assert!(register::parse(&format!("{whole}color = 1\n")).is_err());
}

#[test]
fn test_names_are_found_where_tests_are_declared() {
    let rust = "#[test]\nfn plain() {}\n\n#[tokio::test(flavor = \"x\")]\n#[ignore]\nasync fn later() {}\n\
                fn helper() {}\n// #[test]\n// fn ghost() {}\non_every_engine!(stale(store) { run(store) });\n\
                on_every_engine! {\n    one,\n    two(store) { three(store) }\n}\nstories! {\n    told;\n    retold;\n}\n\
                libtest_mimic::Trial::test(\"a named case\", f); let t = [(\"P\", \"PAYING\", \"paid_equal\")];\n";
    let has = |name: &str| register::declared("tests/a.rs", rust, name);
    for name in [
        "plain",
        "later",
        "stale",
        "one",
        "two",
        "told",
        "retold",
        "a named case",
        "P.PAYING.paid_equal",
    ] {
        assert!(has(name), "{name} is declared");
    }
    for name in [
        "helper",
        "ghost",
        "three",
        "gone",
        "",
        "a case",
        "P.PAYING.closed",
        "plai",
    ] {
        assert!(!has(name), "{name} is not declared");
    }
    let table = "# P\nPAYING | paid_equal | - | PAID | a3\n";
    let cell = |path: &str, name: &str| register::declared(path, table, name);
    assert!(cell("tests/cells/p.table", "P.PAYING.paid_equal"));
    assert!(!cell("tests/cells/l.table", "P.PAYING.paid_equal"));
    assert!(!cell("tests/cells/p.table", "P.PAYING.paid"));
    assert!(!cell("tests/cells/p.table", "P.PAYING"));
    let plain = "let t = [\"mentioned\"];";
    assert!(!register::declared("a.rs", plain, "mentioned"));
    assert!(register::declared(
        "a.mjs",
        "check('home shows the amount', ok)",
        "home shows the amount"
    ));
    assert!(!register::declared(
        "a.mjs",
        "// home shows the amount",
        "home shows the amount"
    ));
}

#[test]
fn every_requirement_is_listed_and_what_is_done_is_tested() {
    assert_no_faults(
        "requirements",
        &register::faults(&register(), &register::declares),
    );
}

#[test]
fn the_page_is_the_one_made_from_the_register() {
    let page = source::read(register::PAGE).unwrap_or_default();
    assert!(
        page == register::render(&register()),
        "{} is stale: run `make gen`",
        register::PAGE
    );
}

#[test]
fn the_page_counts_what_is_done() {
    let mut register = register();
    for requirement in register.values_mut() {
        requirement.state = State::Open;
    }
    register.get_mut("LN-04").unwrap().state = State::Done;
    let page = register::render(&register);
    assert!(page.contains("| all | 1 | 143 |") && page.contains("(source 002) | 1 | 59 |"));
}
