//! Which functions a household can use: those that a route of its listener is.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use lifeline_core::insight::Function;

use crate::edge::policy::Entry;
use crate::listeners::line;

/// Whether a route of the household listener is this function. What has none is not offered to staff for
/// closing: there is nothing to close.
#[must_use]
pub fn has_route(function: &Function) -> bool {
    static ROUTED: LazyLock<BTreeSet<i64>> = LazyLock::new(|| {
        let table = line::table();
        let number = |entry: &Entry| Function::of(entry.method.as_str(), entry.path).number;
        table.iter().map(number).collect()
    });
    ROUTED.contains(&function.number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every route of the household listener under the function it is counted, closed and suspended as.
    const LIST: &str = "
sign_in:
  POST /v1/oauth-starts
  POST /v1/sessions
match:
  POST /v1/binding-matches
bind:
  POST /v1/bindings
arrears:
  GET /v1/bindings/{binding_id}/arrears
balance:
  GET /v1/bindings/{binding_id}/balance
payment_records:
  GET /v1/bindings/{binding_id}/payments
  GET /v1/bindings/{binding_id}/receipts
bill:
  GET /v1/bindings/{binding_id}/bills
  GET /v1/bindings/{binding_id}/bills/{period}
usage:
  GET /v1/bindings/{binding_id}/usage
sharing:
  GET /v1/bindings/{binding_id}/grants
  POST /v1/bindings/{binding_id}/grants
  DELETE /v1/bindings/{binding_id}/grants/{grant_id}
  POST /v1/invitation-acceptances
  POST /v1/invitation-views
homes:
  GET /v1/bindings
  DELETE /v1/bindings/{binding_id}
  GET /v1/bindings/{binding_id}
  PATCH /v1/bindings/{binding_id}
  GET /v1/bindings/{binding_id}/archive-filling
  POST /v1/bindings/{binding_id}/archive-filling
pay:
  POST /v1/checkouts
  GET /v1/pay/{ticket}
  POST /v1/payments
track_payment:
  GET /v1/payments/{payment_id}
  POST /v1/payments/{payment_id}/close
real_name:
  GET /v1/me/certifications
  POST /v1/me/certifications
  GET /v1/me/certifications/{certification_id}
  POST /v1/me/certifications/{certification_id}/outcome
profile:
  DELETE /v1/me
  GET /v1/me
  PATCH /v1/me
  DELETE /v1/me/consents
  GET /v1/me/consents
  POST /v1/me/consents
  DELETE /v1/me/erasure
  GET /v1/me/erasure
  GET /v1/me/export
  POST /v1/me/export/document-links
  POST /v1/me/merge-confirmations
  POST /v1/me/merges
  GET /v1/me/merges/{merge_id}
  PUT /v1/me/password
  POST /v1/me/phone
  POST /v1/otps
  GET /v1/sessions
  DELETE /v1/sessions/current
  POST /v1/sessions/current/step-up
  DELETE /v1/sessions/{session_id}
messages:
  GET /v1/notices
  PATCH /v1/notices/{notice_id}
outlets:
  GET /v1/outlets
outages:
  GET /v1/bindings/{binding_id}/outages
  GET /v1/outages
articles:
  GET /v1/articles
  GET /v1/articles/{publication_id}
app_store:
  GET /v1/apps
requests:
  GET /v1/requests
  POST /v1/requests
points:
  GET /v1/points
  POST /v1/points/exchanges
generation:
  GET /v1/check-tasks
  GET /v1/check-tasks/{check_task_id}
  POST /v1/check-tasks/{check_task_id}/feedback
  POST /v1/check-tasks/{check_task_id}/payee-confirmation
  POST /v1/check-tasks/{check_task_id}/undo
  GET /v1/generation-accounts
  POST /v1/generation-accounts
  GET /v1/generation-accounts/{generation_account_id}
  POST /v1/generation-accounts/{generation_account_id}/access
  POST /v1/generation-accounts/{generation_account_id}/activation
  PUT /v1/generation-accounts/{generation_account_id}/password
  GET /v1/generation-accounts/{generation_account_id}/public-key
  GET /v1/generation-accounts/{generation_account_id}/table
  POST /v1/generation-accounts/{generation_account_id}/termination
other:
  GET /v1/pictures/{picture_id}
";

    fn listed() -> BTreeSet<String> {
        let mut function = "";
        let mut found = BTreeSet::new();
        for line in LIST.lines().filter(|line| !line.is_empty()) {
            if let Some(name) = line.strip_suffix(':') {
                function = name;
            } else {
                found.insert(format!("{function}: {}", line.trim()));
            }
        }
        found
    }

    #[test]
    fn ln_31_every_route_is_counted_as_what_it_is_to_a_person() {
        let told = line::table().into_iter().map(|entry| {
            let (method, path) = (entry.method.as_str(), entry.path);
            format!("{}: {method} {path}", Function::of(method, path).name)
        });
        let told: BTreeSet<String> = told.collect();
        let listed = listed();
        let unlisted: Vec<_> = told.difference(&listed).collect();
        let gone: Vec<_> = listed.difference(&told).collect();
        assert!(
            unlisted.is_empty() && gone.is_empty(),
            "say here what each new route is: {unlisted:#?}, and take out what is gone: {gone:#?}"
        );
    }

    #[test]
    fn ec_15_what_has_no_route_is_not_there_to_be_closed() {
        let named = |name: &str| Function::named(name).is_some_and(has_route);
        assert!(named("pay") && named("track_payment") && named("outages"));
        for name in ["auto_debit", "green_power", "dunning"] {
            assert!(!named(name), "{name}");
        }
    }
}
