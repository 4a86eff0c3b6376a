//! A customer's bill made again from its readings and prices, and flagged when it is wrong (EC-07,
//! EC-18).

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::billing::finding::Finding;
use lifeline_core::billing::{Billing, Comparison, Period};
use lifeline_core::customers::Customers;
use lifeline_core::customers::bills::{Checked, Looked};
use lifeline_core::operators::Right;
use lifeline_core::payments::Payments;
use lifeline_core::shared::ids::{AccountId, BindingId};
use lifeline_core::tariffs::{line_charge, line_formula};
use serde::Deserialize;

use super::access::{Access, Pages};
use super::case_facts;
use super::customers::account;
use super::fault::Fault;
use super::frame::{Frame, page};
use super::visitor::{Fields, Visitor, go_saying};
use crate::edge::detached::detached;

pub(super) fn pages(pages: &mut Pages<'_>) {
    pages.get(
        "/console/customers/{account_id}/homes/{binding_id}/bills",
        Access::May(Right::ReadCustomers),
        show,
    );
    pages.post(
        "/console/customers/{account_id}/homes/{binding_id}/bills/flags",
        Access::May(Right::ServeCustomers),
        "customers.flag_bill",
        flag,
    );
}

struct Meter {
    previous: String,
    current: String,
    multiplier: i64,
    energy: String,
}

struct Line {
    formula: String,
    amount: String,
    wrong: bool,
}

/// One month of the list.
struct Month {
    period: String,
    energy: String,
    total: String,
    paid: bool,
    /// It is the one that is shown.
    here: bool,
}

/// What differs from the month before.
struct Compared {
    period: String,
    energy: String,
    days: i64,
    charge: String,
    by_energy: String,
    by_price: String,
}

/// One bill made again.
struct Made {
    meters: Vec<Meter>,
    lines: Vec<Line>,
    total: String,
    /// Where, what is stated, what it comes to.
    findings: Vec<(String, String, String)>,
    held: bool,
    may_flag: bool,
}

#[derive(Template)]
#[template(path = "console/bill.html")]
struct BillPage {
    frame: Frame,
    account: String,
    home: String,
    /// Empty for a home without a bill.
    period: String,
    months: Vec<Month>,
    /// Marketing listed the months.
    listed: bool,
    made: Option<Made>,
    compared: Option<Compared>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Asked {
    period: String,
    said: String,
}

fn place(path: &(String, String)) -> Result<(AccountId, BindingId), Fault> {
    let link = BindingId::parse(&path.1).map_err(|_| Fault::NotFound)?;
    Ok((account(&path.0)?, link))
}

fn month(text: &str) -> Result<Period, Fault> {
    Period::parse(text).map_err(|_| Fault::Invalid("fault.period"))
}

fn made(visitor: &Visitor, checked: &Checked) -> Made {
    let bill = &checked.bill;
    let meters = bill.readings.iter().map(|one| Meter {
        previous: one.previous.to_string(),
        current: one.current.to_string(),
        multiplier: one.multiplier,
        energy: one.energy.to_string(),
    });
    let lines = bill.lines.iter().map(|line| {
        let charge = line_charge(line.quantity, line.price);
        Line {
            formula: line_formula(line.quantity, line.price, charge.unwrap_or(line.amount)),
            amount: line.amount.yuan(),
            wrong: charge != Ok(line.amount),
        }
    });
    let finding = |one: &Finding| {
        let at = case_facts::place(visitor.lang, &one.place());
        (at, one.stated(), one.recomputed())
    };
    Made {
        meters: meters.collect(),
        lines: lines.collect(),
        total: bill.total.yuan(),
        findings: checked.findings.iter().map(finding).collect(),
        held: checked.held,
        may_flag: !checked.held && visitor.acting.may(Right::ServeCustomers),
    }
}

fn compared(told: &Comparison) -> Compared {
    Compared {
        period: told.period.clone(),
        energy: told.energy_delta.to_string(),
        days: told.days_delta,
        charge: told.charge_delta.yuan(),
        by_energy: told.energy_effect.yuan(),
        by_price: told.price_effect.yuan(),
    }
}

fn filled(visitor: &Visitor, at: &(AccountId, BindingId), looked: &Looked) -> BillPage {
    let checked = looked.checked.as_ref();
    let period = checked.map_or(String::new(), |one| one.bill.period.clone());
    let months = looked.months.iter().map(|one| Month {
        here: one.period == period,
        period: one.period.clone(),
        energy: one.energy.to_string(),
        total: one.total.yuan(),
        paid: one.paid,
    });
    BillPage {
        frame: Frame::of(visitor, "bill.title"),
        account: at.0.to_string(),
        home: at.1.to_string(),
        months: months.collect(),
        listed: looked.listed,
        made: checked.map(|one| made(visitor, one)),
        compared: looked.comparison.as_ref().map(compared),
        period,
    }
}

async fn show(
    visitor: Visitor,
    customers: web::Data<Customers>,
    billing: web::Data<Billing>,
    path: web::Path<(String, String)>,
    query: web::Query<Asked>,
) -> Result<HttpResponse, Fault> {
    let at = place(&path)?;
    let period = match query.period.as_str() {
        "" => None,
        text => Some(month(text)?),
    };
    let looked = customers
        .look_at_bills(&visitor.acting, &billing, (&at.0, &at.1), period)
        .await?;
    Ok(page(&filled(&visitor, &at, &looked)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flag {
    period: String,
    reason: String,
}

async fn flag(
    visitor: Visitor,
    customers: web::Data<Customers>,
    billing: web::Data<Billing>,
    payments: web::Data<Payments>,
    path: web::Path<(String, String)>,
    fields: Fields<Flag>,
) -> Result<HttpResponse, Fault> {
    let at = place(&path)?;
    let period = month(&fields.0.period)?;
    let home = customers
        .flag_bill(
            &visitor.acting,
            &billing,
            (&at.0, &at.1),
            &period,
            &fields.0.reason,
        )
        .await?;
    let (payments, actor) = (payments.into_inner(), visitor.acting.actor());
    // It sends, so it must not end with the request; what it leaves undone the sweeper does.
    let given_up = async move { payments.give_up_doubted(&home, &actor).await };
    match detached("orders_of_a_doubted_bill", given_up).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "console.bills.order_left_open"),
        Err(error) => tracing::error!(%error, "console.bills.order_left_open"),
    }
    Ok(go_saying(
        &format!("/console/customers/{}", at.0),
        "said.bill_flagged",
    ))
}
