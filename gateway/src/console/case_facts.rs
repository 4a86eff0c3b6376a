//! The facts of a case, for whoever decides about it.

use lifeline_core::cases::Case;

use super::frame::Frame;

/// Flat, as they were written; never of a person. What happened is said in words where there are any.
pub(super) fn facts(frame: &Frame, case: &Case) -> Vec<(String, String)> {
    let read: Result<serde_json::Map<String, serde_json::Value>, _> =
        serde_json::from_str(&case.facts);
    let text = |key: &str, value: serde_json::Value| match value {
        serde_json::Value::String(word) if key == "what" => {
            frame.what(&word).map_or(word, str::to_owned)
        }
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    read.map_or(Vec::new(), |facts| {
        let told = facts.into_iter();
        told.map(|(key, value)| {
            let said = text(&key, value);
            (key, said)
        })
        .collect()
    })
}
