//! Months of sold power that a reviewer has, beside the cases of those whose review lasts too long.

use lifeline_core::settlement::Settlement;
use lifeline_core::settlement::standing::InReview;

use super::fault::Fault;
use super::visitor::Visitor;

/// So many are shown, those that have lasted longest; one more is read, to know whether there is one.
const SHOWN: usize = 200;
const READ: i64 = 201;

/// One review.
pub(super) struct Review {
    pub(super) task: String,
    /// Whose line of time tells what came before it.
    pub(super) owner: String,
    pub(super) period: String,
    pub(super) began: String,
    pub(super) due: String,
    pub(super) late: bool,
    pub(super) round: i64,
}

/// What is shown of them.
pub(super) struct Reviews {
    /// The longest first.
    pub(super) rows: Vec<Review>,
    /// There are others, which have not lasted as long.
    pub(super) more: bool,
}

/// The reviews within the visitor's scope.
pub(super) async fn lasting(visitor: &Visitor, settlement: &Settlement) -> Result<Reviews, Fault> {
    let own = visitor.acting.staff.scope.narrowed(None);
    let own = own.map_err(|_| Fault::Forbidden)?;
    let found = settlement.in_review(own.as_deref(), READ).await?;
    let now = visitor.operators.now();
    let review = |one: &InReview| {
        let due = settlement.review_due(one.began_at);
        Review {
            task: one.check_task_id.to_string(),
            owner: one.owner.to_string(),
            period: one.period.to_string(),
            began: one.began_at.alipay_text(),
            due: due.alipay_text(),
            late: now >= due,
            round: one.round,
        }
    };
    Ok(Reviews {
        rows: found.iter().take(SHOWN).map(review).collect(),
        more: found.len() > SHOWN,
    })
}
