//! What staff are called in lines and proposals, which keep their ids.

use std::collections::HashMap;

use lifeline_core::operators::Operators;

use super::fault::Fault;

/// Everybody's login by what stands in lines (`staff:{id}`).
pub(super) struct Who(HashMap<String, String>);

impl Who {
    pub(super) async fn all(operators: &Operators) -> Result<Self, Fault> {
        Ok(Self(operators.names().await?))
    }

    /// The login of somebody of the staff; whatever else acted is called as it stands there.
    pub(super) fn called(&self, actor: &str) -> String {
        let login = self.0.get(actor);
        login.cloned().unwrap_or_else(|| actor.to_owned())
    }

    /// What stands in lines for a login; whatever else is asked for is looked for as it is.
    pub(super) fn actor(&self, called: &str) -> String {
        let found = self.0.iter().find(|(_, login)| *login == called);
        found.map_or_else(|| called.to_owned(), |(actor, _)| actor.clone())
    }
}
