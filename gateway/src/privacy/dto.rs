//! What the routes of `privacy` read and say.

use lifeline_core::privacy::Erasure;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The code that was sent for the act.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StepUpBody {
    #[schema(example = "123456")]
    pub otp: String,
}

/// This session under its next id. The access token before goes on for everything else; the refresh
/// token stays as it is.
#[derive(Serialize, ToSchema)]
pub(super) struct StepUpView {
    pub access_token: String,
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds the access token lives.
    pub expires_in: i64,
    /// What the code was for: `export`, `erase`, `pay`, `unlink`, `change_phone`, `merge` or `certify`, once.
    #[schema(example = "export")]
    pub purpose: &'static str,
    /// Seconds in which it must be done.
    pub good_for: i64,
}

/// One way to the document.
#[derive(Serialize, ToSchema)]
pub(super) struct LinkView {
    /// Works once, from anywhere.
    #[schema(example = "/v1/me/export?ticket=Zk3…")]
    pub url: String,
    /// Seconds the link works.
    pub expires_in: i64,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct TicketQuery {
    /// From `POST /v1/me/export/document-links`.
    pub ticket: String,
}

/// A wish to be erased.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ErasureView {
    /// `none`, or `cooling` until it is done or taken back.
    #[schema(example = "cooling")]
    pub state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<String>,
    /// When it is done, unless money is still on its way or the person still sells power then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<String>,
}

impl ErasureView {
    pub(super) fn of(erasure: Option<&Erasure>) -> Self {
        Self {
            state: erasure.map_or("none", |erasure| erasure.state.as_str()),
            asked_at: erasure.map(|erasure| erasure.asked_at.rfc3339()),
            due_at: erasure.map(|erasure| erasure.due_at.rfc3339()),
        }
    }
}
