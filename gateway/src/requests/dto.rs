//! What the routes of `requests` read and say.

use lifeline_core::requests::request::{Check, Kind, Request};
use lifeline_core::shared::ids::{BindingId, PaymentId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::edge::{Code, Problem};

/// What a person asks for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileBody {
    /// `illegal_use`, `feedback`, `bill_dispute`, `wrong_payment` or `new_user` (to be supplied at a place).
    #[schema(example = "feedback")]
    pub kind: String,
    /// 5 to 1000 characters.
    #[schema(min_length = 5, max_length = 1000)]
    pub text: String,
    /// Where it is; needed for `illegal_use` and `new_user`.
    #[schema(min_length = 2, max_length = 120)]
    pub place: Option<String>,
    /// The work order does not say whose it is; for `illegal_use` only.
    #[serde(default)]
    pub anonymous: bool,
    /// The home of a `bill_dispute`.
    pub binding_id: Option<String>,
    /// The payment of a `wrong_payment`.
    pub payment_id: Option<String>,
}

impl FileBody {
    pub(super) fn kind(&self) -> Result<Kind, Problem> {
        let refused = || Problem::new(Code::InvalidField).field("kind", "invalid", "one of five");
        Kind::parse(&self.kind).ok_or_else(refused)
    }

    /// A text that is no id names nothing, like an id of somebody else.
    pub(super) fn home(&self) -> Result<Option<BindingId>, Problem> {
        let named = self.binding_id.as_deref().map(BindingId::parse).transpose();
        named.map_err(|_| Problem::new(Code::NotFound))
    }

    pub(super) fn payment(&self) -> Result<Option<PaymentId>, Problem> {
        let named = self.payment_id.as_deref().map(PaymentId::parse).transpose();
        named.map_err(|_| Problem::new(Code::NotFound))
    }
}

/// One request, to the one who filed it.
#[derive(Serialize, ToSchema)]
pub(super) struct RequestView {
    pub request_id: String,
    pub kind: &'static str,
    /// `filed`, `accepted`, `under_way`, `resolved` or `declined`.
    #[schema(example = "filed")]
    pub state: &'static str,
    pub text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    pub anonymous: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binding_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<String>,
    /// The utility's number for it, to be quoted at the hotline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_no: Option<String>,
    /// Of a `new_user`: `waiting`, `admitted`, or why staff refused it: `place_unknown`, `supplied_already`, `papers_missing`, `not_served`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<&'static str>,
    pub filed_at: String,
    pub moved_at: String,
}

impl RequestView {
    pub(super) fn of(request: Request) -> Self {
        Self {
            request_id: request.request_id.to_string(),
            kind: request.kind.as_str(),
            state: request.state.as_str(),
            text: request.letter.text,
            place: request.letter.place,
            anonymous: request.anonymous,
            binding_id: request.binding_id.map(|id| id.to_string()),
            payment_id: request.payment_id.map(|id| id.to_string()),
            order_no: request.order_no,
            check: request.check.map(Check::as_str),
            filed_at: request.filed_at.rfc3339(),
            moved_at: request.moved_at.rfc3339(),
        }
    }
}

/// A page of one's own requests.
#[derive(Serialize, ToSchema)]
pub(super) struct RequestsView {
    pub items: Vec<RequestView>,
    pub next_cursor: Option<String>,
}
