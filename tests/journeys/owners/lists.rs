//! Lists, and what else a person reads without naming it: each shows its owner their own, and a stranger nothing of it.

use lifeline_tests::Answer;
use reqwest::{Method, StatusCode};

use super::town::{Town, leaves};
use super::{Operation, ask};

/// Lists of things that somebody else than the home's owner has, by the parameter that names one.
const OF_OTHERS: [(&str, &str); 2] = [
    ("/v1/check-tasks", "check_task_id"),
    ("/v1/generation-accounts", "generation_account_id"),
];

/// Answers that hold nothing by which their owner could be told apart.
const PLAIN: [(&str, &str); 5] = [
    ("/v1/me", "a masked name and phone"),
    ("/v1/me/certifications", "the words of today"),
    (
        "/v1/me/consents",
        "purposes, and whether they are agreed to",
    ),
    ("/v1/me/erasure", "nobody wishes for it"),
    ("/v1/points", "none are earned yet"),
];

/// Opened by a ticket of its owner's, once; without one there is nothing to read.
const BY_TICKET: &str = "/v1/me/export";

/// Whether the path of a reading names no thing of anybody.
pub(super) fn is_list(operation: &Operation) -> bool {
    operation.method == Method::GET && operation.parameters().is_empty()
}

/// What of an answer is somebody's alone.
fn canaries(town: &Town, answer: &Answer) -> Vec<String> {
    let shown = leaves(&answer.json()).into_iter();
    shown.filter(|leaf| town.canaries.contains(leaf)).collect()
}

pub(super) async fn to_their_owner_only(town: &Town, operation: &Operation) {
    let (name, path) = (operation.name(), operation.path.as_str());
    let strangers = ask(&town.stranger, operation, path).await;
    let shown = canaries(town, &strangers);
    assert!(shown.is_empty(), "{name} shows {shown:?}");
    if path == BY_TICKET {
        let refused = strangers.status.is_client_error();
        assert!(refused, "{name}: {}", strangers.text);
        return;
    }
    // An answer that says nothing hides nothing.
    assert_eq!(
        strangers.status,
        StatusCode::OK,
        "{name}: {}",
        strangers.text
    );
    if operation.is_public {
        return;
    }
    let others = OF_OTHERS.iter().find(|(known, _)| *known == path);
    let thing = others.map_or("binding_id", |(_, thing)| *thing);
    let owner = town.owner_of(&format!("/{{{thing}}}"));
    let own = ask(owner, operation, path).await;
    assert_eq!(own.status, StatusCode::OK, "{name}: {}", own.text);
    let plain = PLAIN.iter().any(|(known, _)| *known == path);
    assert!(
        plain || !canaries(town, &own).is_empty(),
        "{name} shows its owner no canary: {}",
        own.text
    );
}
