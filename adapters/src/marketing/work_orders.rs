//! Work orders: what people ask beside paying.

use async_trait::async_trait;
use lifeline_core::requests::ports::{OrderReport, WorkOrder, WorkOrders};
use lifeline_core::requests::request::State;
use lifeline_core::shared::outside::NoAnswer;
use serde::Deserialize;
use serde_json::json;

use super::{Marketing, UNREADABLE};
use crate::wire::operation;

#[derive(Deserialize)]
struct OrderReply {
    order_no: String,
    state: StateWord,
}

/// What else is in the reply, a clerk's words for one, is for nobody here.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum StateWord {
    Accepted,
    UnderWay,
    Resolved,
    Declined,
}

impl OrderReply {
    fn report(self) -> Result<OrderReport, NoAnswer> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if !(1..=40).contains(&self.order_no.len()) || !self.order_no.chars().all(plain) {
            return Err(UNREADABLE);
        }
        Ok(OrderReport {
            order_no: self.order_no,
            state: match self.state {
                StateWord::Accepted => State::Accepted,
                StateWord::UnderWay => State::UnderWay,
                StateWord::Resolved => State::Resolved,
                StateWord::Declined => State::Declined,
            },
        })
    }
}

#[async_trait]
impl WorkOrders for Marketing {
    async fn file(&self, order: &WorkOrder) -> Result<OrderReport, NoAnswer> {
        let key = &order.request_no;
        // What a person wrote may tell who they are: closed on the way, like all that does.
        let mut body = json!({
            "request_no": order.request_no,
            "kind": order.kind.order(),
            "text_enc": self.line.seal("text_enc", key, &order.text)?,
            "place_enc": match &order.place {
                Some(place) => Some(self.line.seal("place_enc", key, place)?),
                None => None,
            },
            "consumer_no": order.consumer_no.as_ref().map(|number| number.expose()),
            "payment_id": order.payment_id.as_ref().map(|id| id.as_str()),
            "anonymous": order.anonymous,
            "filed_at": order.filed_at.rfc3339(),
        });
        if let Some(applicant) = &order.applicant {
            let clear = [
                ("name_enc", applicant.name.expose()),
                ("id_no_enc", applicant.id_no.expose()),
                ("mobile_enc", applicant.phone.expose()),
            ];
            for (field, value) in clear {
                let sealed = self.line.seal(field, key, value)?;
                body.as_object_mut()
                    .and_then(|body| body.insert(field.to_owned(), sealed.into()));
            }
        }
        let operation = operation!("POST /work-orders");
        let path = ["work-orders"];
        let reply = self
            .write::<OrderReply>(operation, &path, body.to_string(), key)
            .await?;
        match reply {
            Ok(reply) => reply.report(),
            Err(refusal) => Err(refusal.unexpected()),
        }
    }

    async fn look(&self, order_no: &str) -> Result<OrderReport, NoAnswer> {
        let operation = operation!("GET /work-orders/{no}");
        let path = ["work-orders", order_no];
        match self.read::<OrderReply>(operation, &path, &[]).await? {
            Ok(reply) => reply.report(),
            Err(refusal) => Err(refusal.unexpected()),
        }
    }
}
