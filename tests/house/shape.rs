//! Sizes and names: what fits on a screen, and words that say nothing.

use crate::{assert_no_faults, source};

const FILE_LINES_MAX: usize = 450;
const FUNCTION_LINES_MAX: usize = 90;
const HANDLER_LINES_MAX: usize = 40;
const CODE: [&str; 10] = [
    "rs", "ts", "tsx", "js", "mjs", "cjs", "css", "scss", "sh", "py",
];
const EMPTY_NAMES: [&str; 10] = [
    "utils", "util", "helpers", "helper", "common", "models", "services", "misc", "manager",
    "stuff",
];

/// Written by a program, or data in the clothes of code.
fn is_generated(path: &str) -> bool {
    path.ends_with(".d.ts") || path.starts_with("tests/vectors/")
}

fn code_files(extensions: &[&str]) -> Vec<String> {
    source::files()
        .expect("the repository's files")
        .into_iter()
        .filter(|path| {
            extensions
                .iter()
                .any(|extension| path.ends_with(&format!(".{extension}")))
        })
        .filter(|path| !is_generated(path))
        .collect()
}

fn too_long(path: &str, text: &str, max: usize) -> Option<String> {
    let lines = text.lines().count();
    (lines > max).then(|| format!("{path}: {lines} lines, at most {max}"))
}

fn long_functions(path: &str, text: &str, max: usize) -> Vec<String> {
    source::functions(&source::code(text))
        .into_iter()
        .filter(|function| function.lines > max)
        .map(|function| {
            format!(
                "{path}:{}: {} has {} lines, at most {max}",
                function.line, function.name, function.lines
            )
        })
        .collect()
}

fn says_nothing(path: &str) -> bool {
    path.split('/')
        .any(|part| EMPTY_NAMES.contains(&source::stem(part)))
}

/// The handlers: everything in a capability's `routes.rs`, or below its `routes/`.
fn holds_handlers(path: &str) -> bool {
    let mut parts = path.split('/').skip(2);
    path.starts_with("gateway/src/") && parts.any(|part| part == "routes" || part == "routes.rs")
}

#[test]
fn planted_faults_are_found() {
    assert!(too_long("a.rs", &"x\n".repeat(451), FILE_LINES_MAX).is_some());
    assert!(too_long("a.rs", &"x\n".repeat(450), FILE_LINES_MAX).is_none());
    let long = format!("fn a() {{\n{}}}\nfn b() {{}}\n", "x();\n".repeat(39));
    assert_eq!(long_functions("a.rs", &long, HANDLER_LINES_MAX).len(), 1);
    assert!(long_functions("a.rs", &long, FUNCTION_LINES_MAX).is_empty());
    assert!(says_nothing("core/src/utils.rs") && says_nothing("miniapp/src/common/x.ts"));
    assert!(
        !says_nothing("core/src/commons_tax.rs") && !says_nothing("deploy/dev/with-services.sh")
    );
    assert!(
        holds_handlers("gateway/src/payments/routes.rs")
            && holds_handlers("gateway/src/payments/routes/pay.rs")
    );
    assert!(!holds_handlers("gateway/src/routes_table.rs"));
}

#[test]
fn files_fit() {
    let files = code_files(&CODE);
    assert!(files.len() > 10, "hardly any code found");
    let faults: Vec<String> = files
        .iter()
        .filter_map(|path| too_long(path, &source::read(path)?, FILE_LINES_MAX))
        .collect();
    assert_no_faults("file length", &faults);
}

#[test]
fn functions_fit() {
    let faults: Vec<String> = code_files(&["rs"])
        .iter()
        .flat_map(|path| {
            let max = if holds_handlers(path) {
                HANDLER_LINES_MAX
            } else {
                FUNCTION_LINES_MAX
            };
            long_functions(path, &source::read(path).unwrap_or_default(), max)
        })
        .collect();
    assert_no_faults("function length", &faults);
}

#[test]
fn names_say_something() {
    let faults: Vec<String> = source::files()
        .expect("the repository's files")
        .into_iter()
        .filter(|path| says_nothing(path))
        .collect();
    assert_no_faults("a name says what is inside", &faults);
}
