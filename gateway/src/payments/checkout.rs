//! Paying several homes at once: one order, one tap, one line per home.

use actix_web::{HttpResponse, web};
use lifeline_core::accounts::{Accounts, Caller};
use lifeline_core::bindings::{Bindings, Right};
use lifeline_core::payments::{Homes, Payments, Purpose, Start, Wanted};

use super::dto::{CheckoutBody, HomeWish, PaymentView};
use super::routes::{buyer, detached, render, replay};
use crate::accounts::Asker;
use crate::edge::{Checked, Fingerprint, IdempotencyKey, Problem};
use crate::listeners::outermost::Sources;
use crate::runner::Waker;

/// Orders one payment for what is due in several homes. Each home is credited, refunded and shown by
/// itself in `homes`; a refusal names the home it is about in `binding_id`.
#[utoipa::path(post, path = "/v1/checkouts", tag = "payments", security(("bearer" = [])),
    params(("idempotency-key" = String, Header, description = "16 to 64 of `0-9 A-Z a-z _ -`, one per wish to pay")),
    request_body = CheckoutBody,
    responses((status = 201, description = "The order", body = PaymentView)))]
pub(super) async fn checkout(
    Asker(caller): Asker,
    key: IdempotencyKey,
    accounts: web::Data<Accounts>,
    bindings: web::Data<Bindings>,
    payments: web::Data<Payments>,
    sources: web::Data<Sources>,
    waker: web::Data<Waker>,
    body: Checked<CheckoutBody>,
) -> Result<HttpResponse, Problem> {
    let print = Fingerprint::of(&body.fields)?;
    let max = payments.policy().homes_max;
    let wish = body.value.parse(max)?;
    let homes = Homes::several(owned(&bindings, &caller, wish.homes).await?, max)?;
    let request = Start {
        homes,
        buyer: buyer(&accounts.me(&caller).await?),
        purpose: Purpose::Arrears,
        via: wish.via,
        key: key.of(&caller.account_id, "POST /v1/checkouts"),
        fingerprint: print.whole,
        field_digests: print.fields,
        render: render(&caller, &sources),
        session_id: caller.family_id,
        trace_id: caller.trace_id,
        source: caller.source,
    };
    let answer = detached(payments.into_inner(), request).await?;
    waker.wake();
    Ok(replay(&answer))
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
