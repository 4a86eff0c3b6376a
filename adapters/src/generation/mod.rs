//! The four systems around settlement, over docs/contracts/generation.md: the meter head-end, the
//! publishing platform, the review terminal and the trade-execution platform. They stand behind one
//! signed line; a personal field travels sealed, and a generation number never in an address.

use std::sync::Arc;

use async_trait::async_trait;
use lifeline_core::settlement::ids::GenerationNo;
use lifeline_core::settlement::ports::{
    HeadEnd, Payout, PayoutAnswer, Published, PublishingPlatform, ReviewAnswer, ReviewRequest,
    ReviewTerminal, TradePlatform,
};
use lifeline_core::settlement::readings::{DayReading, Measured, MonthReading};
use lifeline_core::shared::energy::{Kwh, Price};
use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::period::Period;
use lifeline_core::shared::time::{Clock, Day, Time};
use lifeline_core::tariffs::{PriceKind, PriceRow, Slot, TaxRow};
use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::wire::address::{Address, AddressError};
use crate::wire::http::{CallRules, Reply};
use crate::wire::line::{Call, Line, LineKeys};
use crate::wire::operation;
use crate::wire::{Asked, LeftAlone, Operation};

const UNREADABLE: NoAnswer = NoAnswer::Unknown("unreadable_reply");

/// The systems of settlement as `settlement` sees them.
#[derive(Clone)]
pub struct GenerationLine {
    line: Line,
}

impl std::fmt::Debug for GenerationLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GenerationLine")
            .field("address", self.line.address())
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct MonthReply {
    read_at: String,
    days: Vec<DayReply>,
}

#[derive(Deserialize)]
struct DayReply {
    day: Day,
    parts: Vec<PartReply>,
}

#[derive(Deserialize)]
struct PartReply {
    slot: String,
    generated_kwh: Kwh,
    fed_in_kwh: Kwh,
}

#[derive(Deserialize)]
struct PricesReply {
    prices: Vec<PriceReply>,
    taxes: Vec<TaxReply>,
}

#[derive(Deserialize)]
struct PriceReply {
    kind: String,
    slot: String,
    from: Day,
    until: Option<Day>,
    price_yuan_per_kwh: Price,
}

#[derive(Deserialize)]
struct TaxReply {
    from: Day,
    until: Option<Day>,
    rate_ppm: i64,
    exempt_up_to_fen: Fen,
}

#[derive(Deserialize)]
struct StateReply {
    state: String,
    amount_fen: Option<Fen>,
}

impl GenerationLine {
    /// `address` ends in `/pv/v1`. Touches no network.
    ///
    /// # Errors
    /// [`AddressError::NoClient`] when this machine has no usable certificates.
    pub fn new(
        address: Address,
        keys: LineKeys,
        rules: CallRules,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, AddressError> {
        Line::new("generation", address, keys, rules, clock, entropy).map(|line| Self { line })
    }

    /// Whether some operation is left alone now because it kept failing.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.line.is_any_open()
    }

    /// The operations that are left alone or probed now, and why.
    #[must_use]
    pub fn left_alone(&self) -> Vec<LeftAlone> {
        self.line.left_alone()
    }

    /// Every operation that was asked since this process began.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.line.asked()
    }

    /// Lets an operation be asked again at once; false when it is not left alone.
    #[must_use]
    pub fn ask_again(&self, operation: &str) -> bool {
        self.line.ask_again(operation)
    }

    async fn post(
        &self,
        operation: Operation,
        path: &[&str],
        body: serde_json::Value,
        key: Option<&str>,
    ) -> Result<Reply, NoAnswer> {
        let call = Call {
            operation,
            method: Method::POST,
            path,
            query: &[],
            body: Some(body.to_string()),
            idempotency_key: key,
        };
        self.line.send(call).await
    }
}

/// The pair of status and code that the contract names as "there is none".
fn is_absent(reply: &Reply) -> bool {
    let (status, code) = reply.said();
    (status, &*code) == (404, "NOT_FOUND")
}

fn read<T: DeserializeOwned>(reply: &Reply) -> Result<T, NoAnswer> {
    if !(200..300).contains(&reply.status) {
        return Err(reply.no_answer());
    }
    serde_json::from_slice(&reply.body).map_err(|_| UNREADABLE)
}

/// A payout as the platform holds it; an unknown word is no answer.
fn payout(reply: &Reply) -> Result<PayoutAnswer, NoAnswer> {
    if is_absent(reply) {
        return Ok(PayoutAnswer::NotFound);
    }
    let state: StateReply = read(reply)?;
    match (state.state.as_str(), state.amount_fen) {
        ("accepted", _) => Ok(PayoutAnswer::Accepted),
        ("paid", Some(sum)) => Ok(PayoutAnswer::Paid(sum)),
        ("returned", Some(sum)) => Ok(PayoutAnswer::Returned(sum)),
        ("refused", _) => Ok(PayoutAnswer::Refused),
        ("fenced", _) => Ok(PayoutAnswer::Fenced),
        _ => Err(NoAnswer::Unknown("unnamed_state")),
    }
}

#[async_trait]
impl HeadEnd for GenerationLine {
    async fn month(
        &self,
        number: &GenerationNo,
        period: &Period,
    ) -> Result<Option<MonthReading>, NoAnswer> {
        let field = "generation_no_enc";
        let sealed = self.line.seal(field, period.as_str(), number.expose())?;
        let body = json!({"generation_no_enc": sealed, "period": period.as_str()});
        let operation = operation!("POST /meter/months");
        let reply = self
            .post(operation, &["meter", "months"], body, None)
            .await?;
        if is_absent(&reply) {
            return Ok(None);
        }
        let month: MonthReply = read(&reply)?;
        let read_at = Time::parse_rfc3339(&month.read_at).map_err(|_| UNREADABLE)?;
        let days = month.days.into_iter().map(|day| {
            let parts = day.parts.into_iter().map(|part| {
                let measured = Measured {
                    generated: part.generated_kwh,
                    fed_in: part.fed_in_kwh,
                };
                Some((Slot::parse(&part.slot)?, measured))
            });
            Some(DayReading {
                day: day.day,
                parts: parts.collect::<Option<_>>()?,
            })
        });
        let days = days.collect::<Option<_>>().ok_or(UNREADABLE)?;
        Ok(Some(MonthReading { read_at, days }))
    }
}

#[async_trait]
impl PublishingPlatform for GenerationLine {
    async fn feed_in_prices(&self, period: &Period) -> Result<Published, NoAnswer> {
        let query = [("period", period.as_str())];
        let reply = self
            .line
            .get(operation!("GET /prices"), &["prices"], &query)
            .await?;
        let rows: PricesReply = read(&reply)?;
        let prices = rows.prices.into_iter().map(|row| {
            Some(PriceRow {
                kind: PriceKind::parse(&row.kind)?,
                slot: Slot::parse(&row.slot)?,
                from: row.from,
                until: row.until,
                price: row.price_yuan_per_kwh,
            })
        });
        let taxes = rows.taxes.into_iter().map(|row| TaxRow {
            from: row.from,
            until: row.until,
            rate_ppm: row.rate_ppm,
            exempt_up_to: row.exempt_up_to_fen,
        });
        Ok(Published {
            prices: prices.collect::<Option<_>>().ok_or(UNREADABLE)?,
            taxes: taxes.collect(),
        })
    }
}

#[async_trait]
impl ReviewTerminal for GenerationLine {
    async fn hand_over(&self, request: &ReviewRequest) -> Result<(), NoAnswer> {
        let number = request.review_no.as_str();
        let mut body = json!({
            "review_no": number,
            "period": request.period.as_str(),
            "net_fen": request.net.get(),
            "energy": request.energy,
        });
        if let (Some(reason), Some(fields)) = (&request.reason, body.as_object_mut()) {
            let sealed = self.line.seal("reason_enc", number, reason.expose())?;
            fields.insert("reason_enc".to_owned(), sealed.into());
        }
        let key = Some(number);
        let reply = self
            .post(operation!("POST /reviews"), &["reviews"], body, key)
            .await?;
        read::<StateReply>(&reply).map(drop)
    }

    async fn ask(&self, review_no: &str) -> Result<ReviewAnswer, NoAnswer> {
        let path = ["reviews", review_no];
        let reply = self
            .line
            .get(operation!("GET /reviews/{no}"), &path, &[])
            .await?;
        if is_absent(&reply) {
            return Ok(ReviewAnswer::NotFound);
        }
        let state: StateReply = read(&reply)?;
        match (state.state.as_str(), state.amount_fen) {
            ("pending", _) => Ok(ReviewAnswer::Pending),
            ("upheld", _) => Ok(ReviewAnswer::Upheld),
            ("corrected", Some(net)) if net >= Fen::ZERO => Ok(ReviewAnswer::Corrected(net)),
            _ => Err(NoAnswer::Unknown("unnamed_state")),
        }
    }

    async fn recall(&self, review_no: &str) -> Result<(), NoAnswer> {
        let path = ["reviews", review_no, "recall"];
        let operation = operation!("POST /reviews/{no}/recall");
        let reply = self
            .post(operation, &path, json!({}), Some(review_no))
            .await?;
        read::<StateReply>(&reply).map(drop)
    }
}

#[async_trait]
impl TradePlatform for GenerationLine {
    async fn pay(&self, order: &Payout) -> Result<PayoutAnswer, NoAnswer> {
        let number = order.payout_no.as_str();
        let payee = &order.payee;
        let body = json!({
            "payout_no": number,
            "period": order.period.as_str(),
            "amount_fen": order.amount.get(),
            "name_enc": self.line.seal("name_enc", number, payee.name.expose())?,
            "id_no_enc": self.line.seal("id_no_enc", number, payee.id_no.expose())?,
            "trading_account_enc":
                self.line.seal("trading_account_enc", number, payee.trading_account.expose())?,
        });
        let operation = operation!("POST /payouts");
        payout(
            &self
                .post(operation, &["payouts"], body, Some(number))
                .await?,
        )
    }

    async fn ask(&self, payout_no: &str) -> Result<PayoutAnswer, NoAnswer> {
        let path = ["payouts", payout_no];
        payout(
            &self
                .line
                .get(operation!("GET /payouts/{no}"), &path, &[])
                .await?,
        )
    }

    async fn fence(&self, payout_no: &str) -> Result<PayoutAnswer, NoAnswer> {
        let path = ["payouts", payout_no, "fence"];
        let operation = operation!("POST /payouts/{no}/fence");
        payout(
            &self
                .post(operation, &path, json!({}), Some(payout_no))
                .await?,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            body: zeroize::Zeroizing::new(body.as_bytes().to_vec()),
        }
    }

    #[test]
    fn only_what_the_contract_names_is_an_answer() {
        let said = |status, body| payout(&reply(status, body));
        assert_eq!(
            said(200, r#"{"state":"paid","amount_fen":12400}"#),
            Ok(PayoutAnswer::Paid(Fen::new(12_400)))
        );
        assert_eq!(
            said(404, r#"{"code":"NOT_FOUND"}"#),
            Ok(PayoutAnswer::NotFound)
        );
        for (status, body) in [
            (200, r#"{"state":"paid"}"#),
            (200, r#"{"state":"done","amount_fen":1}"#),
            (200, "<html>"),
            (404, "<html>"),
            (400, r#"{"code":"NOT_FOUND"}"#),
            (500, r#"{"state":"paid","amount_fen":12400}"#),
        ] {
            assert!(said(status, body).is_err(), "{status} {body}");
        }
        assert_eq!(
            said(401, r#"{"code":"BAD_SIGNATURE"}"#),
            Err(NoAnswer::Alarm("bad_signature"))
        );
    }
}
