//! docs/SECURITY.md names tests, and each of them exists; no line of its sheets is without a test or a
//! reason.

use crate::{assert_no_faults, register, source};

const PAGE: &str = "docs/SECURITY.md";

/// `path::name` in backquotes.
fn tests_named(text: &str) -> Vec<(&str, &str)> {
    text.split('`')
        .filter_map(|quoted| quoted.split_once("::"))
        .filter(|(path, name)| path.contains(".rs") && !name.contains(' '))
        .collect()
}

/// Rows of the sheets (tables whose first column is an id) that say neither a test nor why there is none.
fn bare_rows(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| {
            ["| API", "| V", "| C", "| M"]
                .iter()
                .any(|sheet| line.starts_with(sheet))
        })
        .filter(|line| {
            !line.contains(".rs::") && !line.contains("because") && !line.contains("open:")
        })
        .collect()
}

#[test]
fn a_planted_line_without_a_test_or_a_reason_is_found() {
    let text = "| V1.1 | x | `a/b.rs::named` |\n| V1.2 | x | |\n| C1 | y | open: not begun |\n";
    assert_eq!(tests_named(text), [("a/b.rs", "named")]);
    assert_eq!(bare_rows(text), ["| V1.2 | x | |"]);
}

#[test]
fn the_security_sheets_name_tests_that_exist() {
    let text = source::read(PAGE).expect("the page");
    let named = tests_named(&text);
    assert!(named.len() > 30, "only {} tests are named", named.len());
    let mut faults: Vec<String> = named
        .into_iter()
        .filter(|(path, name)| !register::declares(path, name))
        .map(|(path, name)| format!("there is no test {path}::{name}"))
        .collect();
    faults.extend(bare_rows(&text).into_iter().map(str::to_owned));
    assert_no_faults("security", &faults);
}
