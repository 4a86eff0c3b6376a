//! The people of a demo's console: one for each role, made anew with each store.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use lifeline_core::operators::{By, Login, OperatorError, Operators, PersonId, Role, Scope};
use serde_json::Value;

use crate::failure::Failure;

const PEOPLE: [(&str, Role); 7] = [
    ("reader", Role::StatisticsReader),
    ("support", Role::Support),
    ("publisher", Role::Publisher),
    ("finance", Role::Finance),
    ("reviewer", Role::Reviewer),
    ("admin", Role::Admin),
    ("auditor", Role::Auditor),
];

/// Makes who is missing. What they sign in with stays in the demo's data folder, so that a demo
/// that is started again has the same people.
pub(super) async fn people(operators: &Operators, data: &Path) -> Result<Vec<Value>, Failure> {
    let file = data.join("staff.json");
    let kept = std::fs::read(&file).ok();
    let kept: Vec<Value> = kept
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default();
    let failed = |error: OperatorError| {
        Failure::failed(format!("the demo's staff could not be made: {error}"))
    };
    let there = operators.everybody().await.map_err(failed)?;
    let mut people = Vec::new();
    for (name, role) in PEOPLE {
        let login = Login::parse(name).map_err(|why| Failure::failed(why.to_string()))?;
        let known = kept.iter().find(|one| one["login"] == name);
        let given = match (there.iter().any(|staff| staff.login == login), known) {
            (true, Some(known)) => {
                people.push(known.clone());
                continue;
            }
            (true, None) => operators.reset(&login, By::CommandLine).await,
            (false, _) => {
                let (person, everywhere) = (PersonId::from(&login), Scope::Everywhere);
                operators
                    .add(&login, person, role, everywhere, By::CommandLine)
                    .await
            }
        };
        people.push(crate::staff::said_of(&given.map_err(failed)?));
    }
    let text = serde_json::to_vec_pretty(&people)
        .map_err(|_| Failure::failed("the demo's staff could not be written"))?;
    let mut options = std::fs::OpenOptions::new();
    let opened = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&file);
    opened
        .and_then(|mut file| file.write_all(&text))
        .map_err(|error| Failure::failed(format!("cannot write {}: {error}", file.display())))?;
    Ok(people)
}
