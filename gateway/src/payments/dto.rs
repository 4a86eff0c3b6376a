//! What clients send about payments and what they are shown.

use lifeline_core::payments::{Order, Purpose, Via};
use lifeline_core::shared::ids::{BindingId, SessionId};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::edge::{Code, Problem};

/// `POST /v1/payments`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateBody {
    /// From `GET /v1/bindings`.
    pub(super) binding_id: String,
    /// `arrears` or `top_up`
    #[schema(pattern = "^(arrears|top_up)$")]
    pub(super) purpose: String,
    /// All that is due, or the sum to top up.
    #[schema(minimum = 1)]
    pub(super) amount_fen: i64,
    /// The version shown with the arrears; needed for `arrears`.
    #[schema(max_length = 128)]
    pub(super) arrears_version: Option<String>,
    /// Arrears only: what is not due any more when the money comes is kept as prepayment instead of being given back.
    pub(super) keep_as_prepayment: Option<bool>,
    /// `mini` (default): answered with a `trade_no` for `my.tradePay`; `h5`: with a `pay_url`.
    #[schema(pattern = "^(mini|h5)$")]
    pub(super) via: Option<String>,
}

/// The parsed wish.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) binding_id: BindingId,
    pub(super) purpose: Purpose,
    pub(super) amount: Fen,
    pub(super) arrears_version: Option<String>,
    pub(super) keep_as_prepayment: bool,
    pub(super) via: Via,
}

/// Marketing's versions are short; anything longer is not one.
const VERSION_CHARACTERS_MAX: usize = 128;

impl CreateBody {
    pub(super) fn parse(self) -> Result<Wish, Problem> {
        let purpose = Purpose::parse(&self.purpose)
            .ok_or_else(|| refuse("purpose", "must be arrears or top_up"))?;
        let via = parse_via(self.via.as_deref())?;
        if self.amount_fen <= 0 {
            return Err(refuse("amount_fen", "must be above zero"));
        }
        let long = |version: &String| version.len() > VERSION_CHARACTERS_MAX;
        if self.arrears_version.as_ref().is_some_and(long) {
            return Err(refuse("arrears_version", "is not a version of arrears"));
        }
        let keep_as_prepayment = self.keep_as_prepayment.unwrap_or(false);
        if keep_as_prepayment && purpose == Purpose::TopUp {
            return Err(refuse("keep_as_prepayment", "is for arrears only"));
        }
        Ok(Wish {
            // A text that is no id names nothing, like an id of somebody else.
            binding_id: BindingId::parse(&self.binding_id)
                .map_err(|_| Problem::new(Code::NotFound))?,
            purpose,
            amount: Fen::new(self.amount_fen),
            arrears_version: self.arrears_version,
            keep_as_prepayment,
            via,
        })
    }
}

/// `POST /v1/checkouts`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckoutBody {
    /// The homes to pay, each at most once.
    #[schema(min_items = 1)]
    pub(super) items: Vec<CheckoutItem>,
    /// What is not due any more when the money comes is kept as that home's prepayment instead of being given back.
    pub(super) keep_as_prepayment: Option<bool>,
    /// `mini` (default): answered with a `trade_no` for `my.tradePay`; `h5`: with a `pay_url`.
    #[schema(pattern = "^(mini|h5)$")]
    pub(super) via: Option<String>,
}

/// One home of a checkout.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckoutItem {
    /// From `GET /v1/bindings`.
    pub(super) binding_id: String,
    /// All that is due for this home.
    #[schema(minimum = 1)]
    pub(super) amount_fen: i64,
    /// The version shown with the arrears.
    #[schema(max_length = 128)]
    pub(super) arrears_version: String,
}

/// The parsed wish to pay several homes at once.
#[derive(Debug)]
pub(super) struct CheckoutWish {
    pub(super) homes: Vec<HomeWish>,
    pub(super) keep_as_prepayment: bool,
    pub(super) via: Via,
}

#[derive(Debug)]
pub(super) struct HomeWish {
    pub(super) binding_id: BindingId,
    pub(super) amount: Fen,
    pub(super) arrears_version: String,
}

impl CheckoutBody {
    /// `max` homes at most. A home that is named twice is refused before anything is looked up.
    pub(super) fn parse(self, max: usize) -> Result<CheckoutWish, Problem> {
        if self.items.is_empty() {
            return Err(refuse("items", "must name at least one home"));
        }
        if self.items.len() > max {
            return Err(Problem::new(Code::TooManyHomes).with("homes_max", max));
        }
        let mut homes: Vec<HomeWish> = Vec::with_capacity(self.items.len());
        for (at, item) in self.items.into_iter().enumerate() {
            let home = item.parse(at)?;
            if homes.iter().any(|one| one.binding_id == home.binding_id) {
                let field = format!("items[{at}].binding_id");
                return Err(Problem::new(Code::HomeTwice).field(
                    &field,
                    "repeated",
                    "named before",
                ));
            }
            homes.push(home);
        }
        let via = parse_via(self.via.as_deref())?;
        Ok(CheckoutWish {
            homes,
            keep_as_prepayment: self.keep_as_prepayment.unwrap_or(false),
            via,
        })
    }
}

impl CheckoutItem {
    fn parse(self, at: usize) -> Result<HomeWish, Problem> {
        let field = |name: &str| format!("items[{at}].{name}");
        if self.amount_fen <= 0 {
            return Err(refuse(&field("amount_fen"), "must be above zero"));
        }
        if self.arrears_version.len() > VERSION_CHARACTERS_MAX {
            let field = field("arrears_version");
            return Err(refuse(&field, "is not a version of arrears"));
        }
        Ok(HomeWish {
            binding_id: BindingId::parse(&self.binding_id)
                .map_err(|_| Problem::new(Code::NotFound))?,
            amount: Fen::new(self.amount_fen),
            arrears_version: self.arrears_version,
        })
    }
}

fn refuse(field: &str, what: &str) -> Problem {
    Problem::new(Code::InvalidField).field(field, "invalid", what)
}

fn parse_via(text: Option<&str>) -> Result<Via, Problem> {
    match text {
        None => Ok(Via::Mini),
        Some(text) => Via::parse(text).ok_or_else(|| refuse("via", "must be mini or h5")),
    }
}

/// A refund as the payer sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RefundView {
    /// The home whose money goes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    binding_id: Option<String>,
    amount_fen: i64,
    /// `PENDING` or `DONE`
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    done_at: Option<String>,
}

/// What happens next, and by when.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NextView {
    code: &'static str,
    by: Option<String>,
}

/// One home of a payment: each is credited, refunded and shown by itself.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HomeView {
    binding_id: String,
    amount_fen: i64,
    /// As the `state` of a payment, of this home alone.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    posted_at: Option<String>,
    /// It was paid for arrears and credited as prepayment, as the payer chose.
    as_prepayment: bool,
}

/// A payment as its payer sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PaymentView {
    payment_id: String,
    /// The home, or the first of several.
    binding_id: String,
    /// Every home of the order with what becomes of its part.
    homes: Vec<HomeView>,
    /// `arrears` or `top_up`
    purpose: &'static str,
    /// `CREATED PAYING CLOSED PAID POSTING POSTED REFUNDING REFUNDED PARTLY_REFUNDED UNDER_REVIEW`
    state: &'static str,
    amount_fen: i64,
    /// What is not due any more when the money comes is kept as prepayment instead of being given back.
    keep_as_prepayment: bool,
    out_trade_no: String,
    /// For `my.tradePay`, while the order can be paid (via `mini`).
    #[serde(skip_serializing_if = "Option::is_none")]
    trade_no: Option<String>,
    /// Where this browser pays, while the order can be paid (via `h5`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pay_url: Option<String>,
    created_at: String,
    expire_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    posted_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_at: Option<String>,
    refunds: Vec<RefundView>,
    next: NextView,
}

impl PaymentView {
    pub(super) fn of(order: &Order, session: &SessionId, now: Time) -> Self {
        let payment = &order.payment;
        let next = order.next_step();
        let text = |time: Option<Time>| time.map(Time::rfc3339);
        let refunds = order.refund_views().into_iter().map(|refund| RefundView {
            binding_id: refund.binding_id.map(|id| id.as_str().to_owned()),
            amount_fen: refund.amount.get(),
            state: if refund.done_at.is_some() {
                "DONE"
            } else {
                "PENDING"
            },
            done_at: text(refund.done_at),
        });
        let homes = order.home_views().into_iter().map(|home| HomeView {
            binding_id: home.binding_id.as_str().to_owned(),
            amount_fen: home.amount.get(),
            state: home.standing.as_str(),
            posted_at: text(home.posted_at),
            as_prepayment: home.as_prepayment,
        });
        Self {
            payment_id: payment.payment_id.as_str().to_owned(),
            binding_id: payment.binding_id.as_str().to_owned(),
            homes: homes.collect(),
            purpose: payment.purpose.as_str(),
            state: order.standing().as_str(),
            amount_fen: payment.amount.get(),
            keep_as_prepayment: payment.keeps_as_prepayment(),
            out_trade_no: payment.out_trade_no.clone(),
            trade_no: (payment.via == Via::Mini)
                .then(|| payment.trade_no.clone())
                .flatten(),
            pay_url: order.pay_path(session, now),
            created_at: payment.created_at.rfc3339(),
            expire_at: payment.expire_at.rfc3339(),
            paid_at: text(payment.paid_at),
            posted_at: text(order.posted_at()),
            closed_at: text(payment.closed_at),
            refunds: refunds.collect(),
            next: NextView {
                code: next.code.as_str(),
                by: text(next.by),
            },
        }
    }
}

/// A page of payments.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PaymentsView {
    pub(super) items: Vec<PaymentView>,
    pub(super) next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn asked(purpose: &str, keep: &Value) -> Result<Wish, Problem> {
        let body = json!({
            "binding_id": "019aa2f0-0000-7000-8000-000000000001", "purpose": purpose, "amount_fen": 100,
            "arrears_version": "v1", "keep_as_prepayment": keep,
        });
        serde_json::from_value::<CreateBody>(body).unwrap().parse()
    }

    #[test]
    fn only_arrears_can_be_kept_as_prepayment_and_only_when_asked() {
        for (keep, kept) in [
            (Value::Null, false),
            (json!(false), false),
            (json!(true), true),
        ] {
            let wish = asked("arrears", &keep).unwrap();
            assert_eq!(wish.keep_as_prepayment, kept, "{keep}");
        }
        assert!(asked("top_up", &json!(false)).is_ok());
        let refused = asked("top_up", &json!(true)).unwrap_err();
        assert_eq!(refused.code(), Code::InvalidField);
        assert_eq!(refused.body().errors[0].field, "keep_as_prepayment");
    }

    #[test]
    fn a_checkout_keeps_for_all_its_homes_or_for_none() {
        let asked = |keep: Value| {
            let item = json!({
                "binding_id": "019aa2f0-0000-7000-8000-000000000001", "amount_fen": 100, "arrears_version": "v1",
            });
            let body = json!({"items": [item], "keep_as_prepayment": keep});
            let body: CheckoutBody = serde_json::from_value(body).unwrap();
            body.parse(3).unwrap().keep_as_prepayment
        };
        assert!(asked(json!(true)));
        assert!(!asked(json!(false)) && !asked(Value::Null));
    }
}
