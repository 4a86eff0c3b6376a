//! docs/SECURITY.md names tests, and each of them exists; no line of its sheets is without a test or a
//! reason.

use crate::{assert_no_faults, register, source};

const PAGES: [&str; 2] = ["docs/SECURITY.md", ASVS];
const ASVS: &str = "docs/security/asvs.md";
/// How many requirements of levels 1 and 2 each section of each chapter of ASVS 5.0 has.
const ASVS_SECTIONS: [&[u8]; 17] = [
    &[2, 9, 11, 3, 2],
    &[3, 3, 4, 1],
    &[0, 2, 4, 6, 5, 0, 2],
    &[3, 1, 2, 4],
    &[1, 3, 2, 3],
    &[3, 12, 4, 4, 5, 3, 0, 4],
    &[3, 4, 2, 5, 2, 2],
    &[2, 3, 1, 1],
    &[3, 4],
    &[2, 2, 4, 11, 5, 2, 3],
    &[2, 3, 3, 4, 1, 1],
    &[3, 2, 4],
    &[1, 5, 2, 5],
    &[2, 4, 3],
    &[3, 3, 7],
    &[1, 5, 4, 3, 3],
    &[1, 4, 2],
];

/// The rules about accounts and personal data.
const RULES: usize = 15;

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

/// Rules of the table "by number" whose row names no test that bears the number (`m3_N_…`).
fn rules_without_their_number(text: &str) -> Vec<String> {
    (1..=RULES)
        .filter(|rule| {
            let (row, number) = (format!("| M{rule} | "), format!("m3_{rule}_"));
            let found = text.lines().find(|line| line.starts_with(&row));
            let named = tests_named(found.unwrap_or_default());
            !named.iter().any(|(_, name)| name.starts_with(&number))
        })
        .map(|rule| format!("M{rule} names no test m3_{rule}_…"))
        .collect()
}

#[test]
fn a_planted_line_without_a_test_or_a_reason_is_found() {
    let text = "| V1.1 | x | `a/b.rs::named` |\n| V1.2 | x | |\n| C1 | y | open: not begun |\n";
    assert_eq!(tests_named(text), [("a/b.rs", "named")]);
    assert_eq!(bare_rows(text), ["| V1.2 | x | |"]);
    // The number of another rule is not its own.
    let text = "| M1 | x | `a/b.rs::m3_1_named` |\n| M2 | y | `a/b.rs::m3_1_named` |\n";
    assert_eq!(rules_without_their_number(text).len(), RULES - 1);
}

#[test]
fn the_security_sheets_name_tests_that_exist() {
    let mut faults: Vec<String> = Vec::new();
    for page in PAGES {
        let text = source::read(page).expect("the page");
        let named = tests_named(&text);
        assert!(named.len() > 30, "only {} tests are named", named.len());
        let missing = named
            .into_iter()
            .filter(|(path, name)| !register::declares(path, name));
        faults
            .extend(missing.map(|(path, name)| format!("{page}: there is no test {path}::{name}")));
        faults.extend(bare_rows(&text).into_iter().map(str::to_owned));
    }
    assert_no_faults("security", &faults);
}

#[test]
fn each_rule_about_accounts_and_personal_data_is_a_test_by_its_number() {
    let text = source::read("docs/SECURITY.md").expect("the page");
    assert_no_faults("security", &rules_without_their_number(&text));
}

#[test]
fn every_requirement_of_the_standard_has_its_line_once_and_in_order() {
    let text = source::read(ASVS).expect("the sheet");
    let lines: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| V")?.split(' ').next())
        .collect();
    let mut wanted = Vec::new();
    for (chapter, sections) in ASVS_SECTIONS.iter().enumerate() {
        for (section, count) in sections.iter().enumerate() {
            for number in 1..=*count {
                wanted.push(format!("{}.{}.{number}", chapter + 1, section + 1));
            }
        }
    }
    assert_eq!(wanted.len(), 253);
    assert_eq!(lines, wanted);
}
