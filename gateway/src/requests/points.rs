//! Handlers and answers of points.

use actix_web::{HttpResponse, web};
use lifeline_core::requests::filing::Keyed;
use lifeline_core::requests::points::{Exchange, Purse};
use lifeline_core::requests::{PointsError, Requests};
use lifeline_core::shared::ids::GiftId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::Asker;
use crate::edge::{Checked, Code, Fingerprint, IdempotencyKey, Problem};

const ROUTE: &str = "POST /v1/points/exchanges";

impl From<PointsError> for Problem {
    fn from(error: PointsError) -> Self {
        match error {
            PointsError::NotFound => Self::new(Code::NotFound),
            PointsError::OutOfStock => Self::new(Code::GiftGone),
            PointsError::NotEnough => Self::new(Code::NotEnoughPoints),
            // The body has one field.
            PointsError::KeyReused => Self::new(Code::IdempotencyKeyReused).field(
                "gift_id",
                "differs",
                "this field was another one when the key was first used",
            ),
            PointsError::NotSound => Self::new(Code::InvalidField),
            PointsError::Record(error) => {
                tracing::error!(%error, "points.not_recorded");
                Self::new(Code::Internal)
            }
            PointsError::Store(error) => error.into(),
        }
    }
}

/// A line of the history: above zero what came, below what went.
#[derive(Serialize, ToSchema)]
pub(super) struct MovedView {
    #[schema(example = 128)]
    points: i64,
    at: String,
}

/// What points are exchanged for.
#[derive(Serialize, ToSchema)]
pub(super) struct GiftView {
    gift_id: String,
    title: String,
    points: i64,
    /// Some are left.
    available: bool,
}

/// What a credited payment gives.
#[derive(Serialize, ToSchema)]
pub(super) struct PointsRuleView {
    /// So many fen give one point; what is left over gives none.
    #[schema(example = 100)]
    fen_per_point: i64,
    /// One payment gives at most so many.
    #[schema(example = 500)]
    points_max: i64,
}

/// What a person has, where it came from, what it can be exchanged for, and what it was exchanged for.
#[derive(Serialize, ToSchema)]
pub(super) struct PurseView {
    balance: i64,
    /// How many of them cannot be exchanged yet: those of the last seven days.
    pending: i64,
    /// What is given now; of several, each gives its own.
    rules: Vec<PointsRuleView>,
    history: Vec<MovedView>,
    gifts: Vec<GiftView>,
    /// Newest first, at most 50.
    exchanges: Vec<ExchangeView>,
}

impl PurseView {
    fn of(purse: Purse) -> Self {
        let moved = purse.history.into_iter();
        let gifts = purse.gifts.into_iter();
        let rules = purse.rules.into_iter();
        let exchanges = purse.exchanges.into_iter();
        Self {
            balance: purse.balance,
            pending: purse.pending,
            rules: rules
                .map(|one| PointsRuleView {
                    fen_per_point: one.fen_per_point,
                    points_max: one.points_max,
                })
                .collect(),
            history: moved
                .map(|one| MovedView {
                    points: one.points,
                    at: one.at.rfc3339(),
                })
                .collect(),
            gifts: gifts
                .map(|one| GiftView {
                    gift_id: one.gift_id.to_string(),
                    title: one.title,
                    points: one.points,
                    available: one.stock > 0,
                })
                .collect(),
            exchanges: exchanges.map(ExchangeView::of).collect(),
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExchangeBody {
    /// From `GET /v1/points`.
    gift_id: String,
}

/// One exchange.
#[derive(Serialize, ToSchema)]
pub(super) struct ExchangeView {
    exchange_id: String,
    /// What is shown at the outlet.
    #[schema(example = "0A1B2C3D4E")]
    number: String,
    gift_id: String,
    title: String,
    points: i64,
    exchanged_at: String,
    /// When the gift was handed out; absent while it waits. Of an exchange from before this was noted: when it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    handed_at: Option<String>,
}

impl ExchangeView {
    fn of(exchange: Exchange) -> Self {
        Self {
            exchange_id: exchange.exchange_id.to_string(),
            number: exchange.number(),
            gift_id: exchange.gift_id.to_string(),
            title: exchange.title,
            points: exchange.points,
            exchanged_at: exchange.at.rfc3339(),
            handed_at: exchange.handed.map(|handed| handed.at.rfc3339()),
        }
    }
}

/// This person's points, where they came from, and what they can be exchanged for.
#[utoipa::path(get, path = "/v1/points", tag = "requests", security(("bearer" = [])),
    responses((status = 200, description = "Points and gifts", body = PurseView)))]
pub(super) async fn purse(
    Asker(caller): Asker,
    requests: web::Data<Requests>,
) -> Result<web::Json<PurseView>, Problem> {
    Ok(web::Json(PurseView::of(requests.purse(&caller).await?)))
}

/// Exchanges points for one gift. The same key and body again answers the exchange that is there.
#[utoipa::path(post, path = "/v1/points/exchanges", tag = "requests", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header, description = "8 to 64 characters of 0-9 A-Z a-z _ -, a letter among fewer than 16")),
    request_body = ExchangeBody,
    responses((status = 201, description = "Exchanged", body = ExchangeView)))]
pub(super) async fn exchange(
    Asker(caller): Asker,
    requests: web::Data<Requests>,
    key: IdempotencyKey,
    body: Checked<ExchangeBody>,
) -> Result<HttpResponse, Problem> {
    let print = Fingerprint::of(&body.fields)?;
    let gift = GiftId::parse(&body.value.gift_id).map_err(|_| Problem::new(Code::NotFound))?;
    let keyed = Keyed {
        key: key.of(&caller.account_id, ROUTE).key,
        fingerprint: print.whole,
    };
    let done = requests.exchange(&caller, &keyed, &gift).await?;
    Ok(HttpResponse::Created().json(ExchangeView::of(done)))
}
