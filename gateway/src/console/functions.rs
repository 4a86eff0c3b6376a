//! Opening and suspending what moves a customer's money (EC-21): proposed by one person on the
//! customer's page, decided by another.

use actix_web::{HttpResponse, web};
use lifeline_core::cases::four_eyes::Judgement;
use lifeline_core::customers::Customers;
use lifeline_core::customers::functions::{BankFunction, Functions, Wanted};
use lifeline_core::insight::Function;
use lifeline_core::operators::Right;
use lifeline_core::payments::Payments;
use lifeline_core::shared::ids::AccountId;
use serde::Deserialize;

use super::access::{Access, Pages};
use super::customers::account;
use super::fault::Fault;
use super::visitor::{Fields, Judged, Visitor, go_saying};
use super::who::{Oneself, Who};
use crate::edge::detached::detached;
use crate::insight::has_route;

pub(super) fn pages(pages: &mut Pages<'_>) {
    pages.post(
        "/console/customers/{account_id}/functions/{function}",
        Access::May(Right::ServeCustomers),
        "customers.propose_function",
        propose,
    );
    pages.post(
        "/console/customers/{account_id}/functions/{function}/approval",
        Access::May(Right::ApproveService),
        "customers.approve_function",
        agree,
    );
    pages.post(
        "/console/customers/{account_id}/functions/{function}/refusal",
        Access::May(Right::ApproveService),
        "customers.refuse_function",
        refuse,
    );
}

/// One proposal as it is shown.
pub(super) struct Past {
    pub(super) state: &'static str,
    pub(super) wanted: &'static str,
    pub(super) reason: String,
    pub(super) at: String,
    pub(super) by: String,
}

/// One function of a customer's.
pub(super) struct Standing {
    pub(super) name: &'static str,
    pub(super) word: String,
    /// Households can use it; what is decided about another holds from the day they can.
    pub(super) served: bool,
    pub(super) suspended: bool,
    pub(super) since: String,
    /// What may be proposed: the other way it can stand.
    pub(super) other: &'static str,
    pub(super) past: Vec<Past>,
    pub(super) may_propose: bool,
    pub(super) may_judge: bool,
    /// The proposal that is judged from here.
    pub(super) judged: String,
    /// What waits was proposed by whoever looks: another person decides about it.
    pub(super) own: bool,
}

/// A household can use it now.
fn is_served(function: BankFunction) -> bool {
    Function::named(function.as_str()).is_some_and(has_route)
}

/// Every one of them, whether households can use it yet or not.
pub(super) fn standing(
    functions: &Functions,
    visitor: &Visitor,
    (who, oneself): (&Who, &Oneself),
) -> Vec<Standing> {
    let one = |function: BankFunction| {
        let found = functions.suspended.iter().find(|(one, _)| *one == function);
        let own = functions
            .proposals
            .iter()
            .filter(|one| one.what.function == function);
        let waiting = own.clone().find(|one| one.waits());
        let mine = waiting.is_some_and(|one| oneself.is(&one.proposed_by));
        let past = own.map(|one| Past {
            state: one.state.as_str(),
            wanted: match one.what.wanted {
                Wanted::Open => "bank.open",
                Wanted::Suspended => "bank.suspended",
            },
            reason: one.reason.clone(),
            at: one.proposed_at.alipay_text(),
            by: who.called(&one.proposed_by),
        });
        Standing {
            name: function.as_str(),
            word: format!("bank.{}", function.as_str()),
            served: is_served(function),
            suspended: found.is_some(),
            since: found.map(|(_, at)| at.alipay_text()).unwrap_or_default(),
            other: if found.is_some() {
                Wanted::Open.as_str()
            } else {
                Wanted::Suspended.as_str()
            },
            past: past.collect(),
            may_propose: waiting.is_none() && visitor.acting.may(Right::ServeCustomers),
            judged: waiting.map_or(String::new(), |one| one.proposal_id.clone()),
            may_judge: waiting.is_some() && !mine && visitor.acting.may(Right::ApproveService),
            own: mine,
        }
    };
    BankFunction::ALL.map(one).into()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proposed {
    wanted: String,
    reason: String,
}

fn here(id: &str) -> String {
    format!("/console/customers/{id}")
}

fn named(text: &str) -> Result<BankFunction, Fault> {
    BankFunction::parse(text).ok_or(Fault::NotFound)
}

async fn propose(
    visitor: Visitor,
    customers: web::Data<Customers>,
    path: web::Path<(String, String)>,
    fields: Fields<Proposed>,
) -> Result<HttpResponse, Fault> {
    let (id, function) = (account(&path.0)?, named(&path.1)?);
    let Proposed { wanted, reason } = &fields.0;
    let wanted = Wanted::parse(wanted).ok_or(Fault::Unreadable)?;
    customers
        .propose_function(&visitor.acting, &id, function, wanted, reason)
        .await?;
    Ok(go_saying(&here(id.as_str()), "said.proposed"))
}

async fn judge(
    visitor: &Visitor,
    customers: &Customers,
    path: &(String, String),
    (judged, judgement): (&Judged, Judgement),
) -> Result<HttpResponse, Fault> {
    let (id, function) = (account(&path.0)?, named(&path.1)?);
    customers
        .judge_function(&visitor.acting, &id, function, (judged.shown(), judgement))
        .await?;
    let said = match judgement {
        Judgement::Agree => "said.function_moved",
        Judgement::Refuse => "said.refused",
    };
    Ok(go_saying(&here(id.as_str()), said))
}

/// Orders that are open do not stay payable for somebody who is not to pay any more.
async fn give_up_orders(payments: web::Data<Payments>, account: AccountId, actor: String) {
    let payments = payments.into_inner();
    // It sends, so it must not end with the request; what it leaves undone the sweeper does.
    let given_up = async move { payments.give_up_suspended(&account, &actor).await };
    match detached("orders_of_a_suspended_payer", given_up).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "console.functions.orders_left_open"),
        Err(error) => tracing::error!(%error, "console.functions.orders_left_open"),
    }
}

async fn agree(
    visitor: Visitor,
    customers: web::Data<Customers>,
    payments: web::Data<Payments>,
    path: web::Path<(String, String)>,
    fields: Fields<Judged>,
) -> Result<HttpResponse, Fault> {
    let answer = judge(&visitor, &customers, &path, (&fields.0, Judgement::Agree)).await?;
    if named(&path.1)? == BankFunction::Pay {
        give_up_orders(payments, account(&path.0)?, visitor.acting.actor()).await;
    }
    Ok(answer)
}

async fn refuse(
    visitor: Visitor,
    customers: web::Data<Customers>,
    path: web::Path<(String, String)>,
    fields: Fields<Judged>,
) -> Result<HttpResponse, Fault> {
    judge(&visitor, &customers, &path, (&fields.0, Judgement::Refuse)).await
}
