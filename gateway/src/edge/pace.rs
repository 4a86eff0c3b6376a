//! The limit of what only the body names: the homes that an order is for. All that is known before the
//! body is read was judged by then ([`super::policy`]).

use actix_web::{HttpRequest, web};

use super::limits::{Function, Judged, Limits};
use super::policy::strike;
use super::problem::Problem;

/// How often the homes of one request may be paid for.
pub(crate) struct Pace(HttpRequest);

impl std::fmt::Debug for Pace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pace")
    }
}

impl Pace {
    pub(crate) fn of(req: &HttpRequest) -> Self {
        Self(req.clone())
    }

    /// One order for these homes: one decision over all of them, and nothing is taken from any unless all
    /// pass. They are to be the caller's own, by the names their client knows them by: nobody uses up
    /// what another may pay.
    pub(crate) async fn order<'h>(
        &self,
        homes: impl Iterator<Item = &'h str>,
    ) -> Result<(), Problem> {
        let Some(limits) = self.0.app_data::<web::Data<Limits>>().cloned() else {
            return Ok(());
        };
        let decided = limits.homes(Function::Pay, homes).await;
        let refusal = decided.as_ref().err().map(|standing| {
            strike(&self.0, 1);
            standing.refusal()
        });
        let (Ok(standing) | Err(standing)) = decided;
        // Told with the rest when the answer leaves.
        Judged::of(&self.0).then(standing);
        refusal.map_or(Ok(()), Err)
    }
}
