//! Values offered to the utility's archive that it has not answered, beside the cases where it holds something else.

use lifeline_core::bindings::filling::Unanswered;
use lifeline_core::customers::Customers;

use super::fault::Fault;
use super::visitor::Visitor;

/// Seconds of a day.
const DAY_S: i64 = 86_400;

/// One offer.
pub(super) struct Offered {
    /// The link to the home, which its line of time is asked by.
    pub(super) home: String,
    pub(super) region: String,
    pub(super) asked: String,
    pub(super) days: i64,
    /// The key of how it stands.
    pub(super) state: &'static str,
}

/// What is shown of them.
pub(super) struct Offers {
    /// The longest waiting first.
    pub(super) rows: Vec<Offered>,
    /// There are others, which wait less long.
    pub(super) more: bool,
}

/// The offers within the visitor's scope.
pub(super) async fn waiting(visitor: &Visitor, customers: &Customers) -> Result<Offers, Fault> {
    let found = customers.unanswered_offers(&visitor.acting).await?;
    let now = visitor.operators.now();
    let offered = |one: Unanswered| Offered {
        state: if one.is_given_up(now) {
            "offers.given_up"
        } else {
            "offers.under_way"
        },
        home: one.binding_id.to_string(),
        asked: one.asked_at.alipay_text(),
        days: now.seconds_since(one.asked_at).div_euclid(DAY_S),
        region: one.region,
    };
    Ok(Offers {
        rows: found.offers.into_iter().map(offered).collect(),
        more: found.more,
    })
}
