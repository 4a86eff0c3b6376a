//! What operators rely on: the pages, the examples and the program say the same.

use crate::source;

/// The text of every source file of the product, with its path.
fn product() -> Vec<(String, String)> {
    let rooms = ["src/", "core/src/", "gateway/src/", "adapters/src/"];
    source::files()
        .expect("the repository's files")
        .into_iter()
        .filter(|path| path.ends_with(".rs") && rooms.iter().any(|room| path.starts_with(room)))
        .map(|path| {
            let text = source::read(&path).unwrap_or_default();
            (path, text)
        })
        .collect()
}

/// Samples are kept one by one until somebody reads them or adds them up: a node that nobody reads would grow.
#[test]
fn who_takes_samples_adds_them_up_unasked() {
    let product = product();
    let says = |what: &str| {
        let mut texts = product.iter().map(|(_, text)| text);
        texts.any(|text| text.contains(what) && source::code(text).contains(what))
    };
    assert!(says(".install_recorder("), "nothing takes metrics any more");
    assert!(says(".run_upkeep("), "nobody adds up what was measured");
}
