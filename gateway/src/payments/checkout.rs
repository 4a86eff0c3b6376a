//! Paying several homes at once: one order, one tap, one line per home.

use actix_web::{HttpResponse, web};
use lifeline_core::accounts::Caller;
use lifeline_core::bindings::{Bindings, Right};
use lifeline_core::payments::{Homes, Purpose, Wanted};

use super::desk::{Desk, Wished};
use super::dto::{CheckoutBody, HomeWish, PaymentView};
use crate::accounts::Asker;
use crate::edge::{Checked, Fingerprint, IdempotencyKey, Problem};

/// Orders one payment for what is due in several homes. Each home is credited, refunded and shown by
/// itself in `homes`; a refusal names the home it is about in `binding_id`.
#[utoipa::path(post, path = "/v1/checkouts", tag = "payments", security(("bearer" = [])),
    params(("idempotency-key" = String, Header, min_length = 8, max_length = 64, pattern = "^[0-9A-Za-z_-]+$", description = "8 to 64 of `0-9 A-Z a-z _ -`, a letter among fewer than 16, one per wish to pay")),
    request_body = CheckoutBody,
    responses((status = 201, description = "The order", body = PaymentView)))]
pub(super) async fn checkout(
    Asker(caller): Asker,
    key: IdempotencyKey,
    desk: Desk,
    bindings: web::Data<Bindings>,
    body: Checked<CheckoutBody>,
) -> Result<HttpResponse, Problem> {
    let print = Fingerprint::of(&body.fields)?;
    let max = desk.payments.policy().homes_max;
    let wish = body.value.parse(max)?;
    let wished = Wished {
        homes: Homes::several(owned(&bindings, &caller, wish.homes).await?, max)?,
        purpose: Purpose::Arrears,
        keep_as_prepayment: wish.keep_as_prepayment,
        via: wish.via,
        key: key.of(&caller.account_id, "POST /v1/checkouts"),
        print,
    };
    desk.order(caller, wished).await
}

/// Every home must be the caller's to pay; one that is not makes the whole wish somebody else's.
async fn owned(
    bindings: &Bindings,
    caller: &Caller,
    homes: Vec<HomeWish>,
) -> Result<Vec<Wanted>, Problem> {
    let mut wanted = Vec::with_capacity(homes.len());
    for home in homes {
        wanted.push(Wanted {
            owned: bindings.own(caller, &home.binding_id, Right::Pay).await?,
            amount: home.amount,
            arrears_version: Some(home.arrears_version),
        });
    }
    Ok(wanted)
}
