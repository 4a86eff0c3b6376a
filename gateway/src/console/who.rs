//! What staff are called in lines and proposals, which keep their ids.

use std::collections::HashMap;

use lifeline_core::operators::Operators;

use super::fault::Fault;
use super::visitor::Visitor;

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

/// Whoever looks, under this login and under every other they had: four eyes are two persons', so what the server
/// would refuse them is not offered.
pub(super) struct Oneself(Vec<String>);

impl Oneself {
    pub(super) async fn of(visitor: &Visitor) -> Result<Self, Fault> {
        Ok(Self(visitor.operators.ids_of(&visitor.acting).await?))
    }

    /// Whether this is what they are called in a line or a proposal (`staff:{id}`).
    pub(super) fn is(&self, actor: &str) -> bool {
        let id = actor.strip_prefix("staff:").unwrap_or(actor);
        self.0.iter().any(|theirs| theirs == id)
    }
}
