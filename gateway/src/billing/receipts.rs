//! What the route of what was paid says.

use lifeline_core::billing::Receipts;
use lifeline_core::billing::figures::Receipt;
use serde::Serialize;
use utoipa::ToSchema;

/// Money that the utility booked for the home.
#[derive(Serialize, ToSchema)]
pub(super) struct ReceiptView {
    /// The utility's own number of it.
    #[schema(example = "MK2026112000000042")]
    pub receipt_no: String,
    /// Of what was refunded in part, what stays.
    #[schema(example = 12_840)]
    pub amount_fen: i64,
    #[schema(example = "2026-11-20T10:00:00+08:00")]
    pub paid_at: String,
    /// `here` by whomever through Lifeline, `hall`, `bank`, or `elsewhere`.
    #[schema(example = "hall")]
    pub place: String,
}

impl From<Receipt> for ReceiptView {
    fn from(told: Receipt) -> Self {
        Self {
            receipt_no: told.number,
            amount_fen: told.amount.get(),
            paid_at: told.paid_at.rfc3339(),
            place: told.place.as_str().to_owned(),
        }
    }
}

/// What was paid for the home.
#[derive(Serialize, ToSchema)]
pub(super) struct ReceiptsView {
    /// Newest first, at most 200; what was taken back is not among them.
    pub items: Vec<ReceiptView>,
    /// The first day that they are of: of the last 24 months, and the present holder's.
    #[schema(example = "2024-11-01")]
    pub since: String,
    /// When the utility answered: payments made elsewhere are not kept here.
    #[schema(example = "2026-11-20T10:00:00+08:00")]
    pub as_of: String,
    /// Never: without an answer of the utility now there is none here.
    pub stale: bool,
}

impl From<Receipts> for ReceiptsView {
    fn from(told: Receipts) -> Self {
        Self {
            items: told.items.into_iter().map(Into::into).collect(),
            since: told.since.to_string(),
            as_of: told.asked_at.rfc3339(),
            stale: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use lifeline_core::billing::figures::PaidAt;
    use lifeline_core::shared::money::Fen;
    use lifeline_core::shared::time::{Day, Time};
    use serde_json::json;

    use super::*;

    #[test]
    fn ln_09_what_was_paid_says_when_how_much_and_where() {
        let at = Time::parse_rfc3339("2026-11-20T10:00:00+08:00").unwrap();
        let receipts = Receipts {
            items: vec![Receipt {
                number: "MK1".into(),
                paid_at: at,
                amount: Fen::new(12_840),
                place: PaidAt::Hall,
            }],
            since: Day::parse("2024-11-01").unwrap(),
            asked_at: at.plus_seconds(5),
        };
        assert_eq!(
            serde_json::to_value(ReceiptsView::from(receipts)).unwrap(),
            json!({
                "items": [{"receipt_no": "MK1", "amount_fen": 12840, "paid_at": "2026-11-20T10:00:00+08:00", "place": "hall"}],
                "since": "2024-11-01", "as_of": "2026-11-20T10:00:05+08:00", "stale": false,
            })
        );
        let words = [PaidAt::Here, PaidAt::Bank, PaidAt::Elsewhere].map(PaidAt::as_str);
        assert_eq!(words, ["here", "bank", "elsewhere"]);
    }
}
