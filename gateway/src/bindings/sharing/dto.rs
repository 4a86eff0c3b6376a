//! What the routes of sharing read and say.

use lifeline_core::accounts::Secret;
use lifeline_core::bindings::{Access, Invitation, Invited, Scope};
use lifeline_core::shared::time::Day;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::dto::last_day;
use crate::accounts::token;
use crate::edge::{Code, Problem};

/// Longer than any token we make.
const TOKEN_CHARACTERS_MAX: usize = 128;

fn invalid(field: &str, must: &str) -> Problem {
    Problem::new(Code::InvalidField).field(field, "invalid", must)
}

/// Whom to let in, how far, and until when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::bindings) struct InviteBody {
    /// `authorised`: sees bills and usage. `payer_only`: sees the amount due, and pays.
    #[schema(example = "authorised", pattern = "^(authorised|payer_only)$")]
    pub role: String,
    /// The last day, in Shanghai; at most 366 days from today.
    #[schema(example = "2027-05-31", format = Date)]
    pub ends_on: String,
}

impl InviteBody {
    pub(super) fn parse(&self) -> Result<(Scope, Day), Problem> {
        let scope = Scope::parse(&self.role)
            .ok_or_else(|| invalid("role", "`authorised` or `payer_only`"))?;
        let ends_on = Day::parse(&self.ends_on)
            .map_err(|_| invalid("ends_on", "a day, written YYYY-MM-DD"))?;
        Ok((scope, ends_on))
    }
}

/// A fresh invitation. `invitation` is told this once: whoever accepts it first has the access.
#[derive(Serialize, ToSchema)]
pub(in crate::bindings) struct InvitedView {
    pub grant_id: String,
    pub role: &'static str,
    pub ends_on: String,
    /// `invited`
    #[schema(example = "invited")]
    pub state: &'static str,
    /// Goes into `POST /v1/invitation-acceptances`; works once.
    pub invitation: String,
    /// Until when it can be accepted: 24 hours.
    pub open_until: String,
}

impl InvitedView {
    pub(super) fn of(invited: &Invited) -> Self {
        let grant = &invited.grant;
        Self {
            grant_id: grant.grant_id.to_string(),
            role: grant.scope.as_str(),
            ends_on: grant.ends_on().to_string(),
            state: "invited",
            invitation: invited.token.expose().to_owned(),
            open_until: grant.open_until.rfc3339(),
        }
    }
}

/// Somebody who may use the home beside its holder, or is invited to.
#[derive(Serialize, ToSchema)]
pub(in crate::bindings) struct AccessView {
    /// Names this access for taking it away.
    pub grant_id: String,
    /// `authorised`, `payer_only`, or `holder` for the same certified person under another account.
    #[schema(example = "authorised")]
    pub role: &'static str,
    /// `invited` or `active`.
    #[schema(example = "active")]
    pub state: &'static str,
    /// The person's certified name, masked; absent for an invitation and without such a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "*芳")]
    pub person_masked: Option<String>,
    /// The person linked the home by a proof of their own.
    pub self_linked: bool,
    pub since: String,
    /// The last day; absent for an access that does not end by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_on: Option<String>,
    /// Until when an invitation can be accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_until: Option<String>,
}

impl AccessView {
    pub(super) fn of(access: Access) -> Self {
        Self {
            grant_id: access.access_id,
            role: access.role.as_str(),
            state: if access.invited { "invited" } else { "active" },
            person_masked: access.person_masked,
            self_linked: access.self_linked,
            since: access.since.rfc3339(),
            ends_on: access.ends_at.map(last_day),
            open_until: access.open_until.map(|until| until.rfc3339()),
        }
    }
}

/// Open invitations first (on the first page), then people in the order they were linked.
#[derive(Serialize, ToSchema)]
pub(in crate::bindings) struct AccessesView {
    pub items: Vec<AccessView>,
    pub next_cursor: Option<String>,
}

/// An invitation somebody was given.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::bindings) struct InvitationBody {
    #[schema(min_length = 1, max_length = 128, pattern = "^[!-~]+$")]
    pub invitation: String,
}

impl InvitationBody {
    pub(super) fn parse(self) -> Result<Secret, Problem> {
        token("invitation", &self.invitation, TOKEN_CHARACTERS_MAX)?;
        Ok(Secret::new(self.invitation))
    }
}

/// What accepting an invitation gives.
#[derive(Serialize, ToSchema)]
pub(in crate::bindings) struct InvitationView {
    #[schema(example = "*********0017")]
    pub consumer_no_masked: String,
    pub holder_masked: String,
    pub address_masked: String,
    #[schema(example = "authorised")]
    pub role: &'static str,
    #[schema(example = "2027-05-31")]
    pub ends_on: String,
    pub open_until: String,
}

impl InvitationView {
    pub(super) fn of(invitation: Invitation) -> Self {
        Self {
            consumer_no_masked: invitation.signboard.consumer_no_masked,
            holder_masked: invitation.signboard.holder_masked,
            address_masked: invitation.signboard.address_masked,
            role: invitation.scope.as_str(),
            ends_on: invitation.ends_on.to_string(),
            open_until: invitation.open_until.rfc3339(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_names_a_role_that_can_be_granted_and_a_day() {
        let body = |role: &str, ends_on: &str| InviteBody {
            role: role.into(),
            ends_on: ends_on.into(),
        };
        assert!(body("authorised", "2027-05-31").parse().is_ok());
        assert!(body("payer_only", "2027-05-31").parse().is_ok());
        for (role, ends_on) in [
            ("holder", "2027-05-31"),
            ("", "2027-05-31"),
            ("authorised", "2027-02-29"),
            ("authorised", "2027-05-31T00:00:00+08:00"),
            ("authorised", ""),
        ] {
            let refused = body(role, ends_on).parse().unwrap_err();
            assert_eq!(refused.code(), Code::InvalidField, "{role} {ends_on}");
        }
        let long = InvitationBody {
            invitation: "a".repeat(TOKEN_CHARACTERS_MAX + 1),
        };
        assert!(long.parse().is_err());
        let fits = InvitationBody {
            invitation: "a".repeat(TOKEN_CHARACTERS_MAX),
        };
        assert!(fits.parse().is_ok());
    }
}
