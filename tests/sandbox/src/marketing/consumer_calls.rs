//! `/mkt/v1/consumers/…`: archive, arrears, balance, bills, usage.

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::rfc3339;

use super::account::{Account, View};
use super::archive::{Field, is_mobile, is_resident_id};
use super::billing::{Bill, estimated_since_fen};
use super::calendar::{Period, day};
use super::desk::{Books, Reply};
use super::gate::{Call, Nature, Route, answer};
use super::identity::RealName;
use super::metering::{daily_usage, days};
use super::refused::Refused;

/// The longest span of daily usage one call returns.
const USAGE_DAYS_MAX: i64 = 366;
const USAGE_DAYS_DEFAULT: i64 = 30;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/consumers/{no}", web::get().to(consumer))
        .route(
            "/consumers/{no}/archived-mobile",
            web::post().to(archived_mobile),
        )
        .route(
            "/consumers/{no}/real-name-checks",
            web::post().to(real_name_check),
        )
        .route("/consumers/{no}/archive", web::patch().to(patch_archive))
        .route("/consumers/{no}/arrears", web::get().to(arrears))
        .route("/consumers/{no}/balance", web::get().to(balance))
        .route("/consumers/{no}/bills", web::get().to(bills))
        .route("/consumers/{no}/bills/{period}", web::get().to(bill))
        .route("/consumers/{no}/usage/daily", web::get().to(usage));
}

const fn query(template: &'static str) -> Route {
    Route {
        template,
        nature: Nature::Query,
    }
}

async fn consumer(request: HttpRequest, body: web::Bytes, no: web::Path<String>) -> HttpResponse {
    answer(
        request,
        body,
        query("GET /consumers/{no}"),
        |books, call| {
            let account = books.ledger.account(&no)?;
            Ok(Reply::ok(consumer_view(books, account, call.view(account))))
        },
    )
    .await
}

fn consumer_view(books: &Books, account: &Account, view: View) -> Value {
    let archive = &account.archive;
    let row = books.tariffs.at(archive.tariff_code, Period::of(view.on));
    let meters = account.meters.iter();
    let meters = meters.map(|m| json!({ "meter_no": m.meter_no, "multiplier": m.multiplier }));
    json!({
        "consumer_no": archive.consumer_no,
        "holder_masked": archive.holder_masked(),
        "address_masked": archive.address_masked(),
        "org_no": archive.org_no,
        "region": archive.region,
        "category": archive.category.as_str(),
        "tariff_code": archive.tariff_code,
        "tariff_name": row.map_or("", |row| row.name),
        "pay_mode": archive.pay_mode.as_str(),
        "status": archive.status.as_str(),
        "meters": meters.collect::<Value>(),
        "holder_version": archive.holder_version,
        "holder_since": archive.holder_since,
        "real_name": archive.real_name(),
        "as_of": rfc3339(view.as_of),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

async fn archived_mobile(
    request: HttpRequest,
    body: web::Bytes,
    no: web::Path<String>,
) -> HttpResponse {
    let route = Route {
        template: "POST /consumers/{no}/archived-mobile",
        nature: Nature::Lookup,
    };
    answer(request, body, route, |books, call| {
        let Nothing {} = call.json()?;
        let holder = &books.ledger.account(&no)?.archive.holder;
        let mobile = holder
            .mobile
            .as_deref()
            .ok_or(Refused::ConsumerUnavailable)?;
        Ok(Reply::ok(
            json!({ "mobile_enc": call.seal("mobile_enc", mobile)? }),
        ))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RealNameCheck {
    id_no_enc: String,
    name_enc: String,
}

async fn real_name_check(
    request: HttpRequest,
    body: web::Bytes,
    no: web::Path<String>,
) -> HttpResponse {
    let route = Route {
        template: "POST /consumers/{no}/real-name-checks",
        nature: Nature::Lookup,
    };
    answer(request, body, route, |books, call| {
        let check: RealNameCheck = call.json()?;
        let id_no = call.open("id_no_enc", &check.id_no_enc)?;
        let name = call.open("name_enc", &check.name_enc)?;
        let archive = &books.ledger.account(&no)?.archive;
        Ok(Reply::ok(
            json!({ "state": RealName::of(archive, &id_no, &name) }),
        ))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArchivePatch {
    fields: Vec<OfferedField>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfferedField {
    name: Field,
    value_enc: String,
    source: String,
    consent_id: String,
    base_version: u32,
}

async fn patch_archive(
    request: HttpRequest,
    body: web::Bytes,
    no: web::Path<String>,
) -> HttpResponse {
    let route = Route {
        template: "PATCH /consumers/{no}/archive",
        nature: Nature::Write,
    };
    answer(request, body, route, |books, call| {
        let patch: ArchivePatch = call.json()?;
        let offers = patch.fields.iter().map(|field| checked_value(call, field));
        let values = offers.collect::<Result<Vec<_>, _>>()?;
        let archive = &mut books.ledger.account_mut(&no)?.archive;
        let results = patch.fields.iter().zip(values).map(|(field, value)| {
            let result = archive.offer(field.name, &value, field.base_version);
            json!({ "name": field.name, "result": result.as_str() })
        });
        Ok(Reply::ok(json!({ "fields": results.collect::<Value>() })))
    })
    .await
}

/// The decrypted value of an offered field, when it has the form such a field has.
fn checked_value(call: &Call<'_>, field: &OfferedField) -> Result<String, Refused> {
    if field.source != "ALIPAY_REALNAME" {
        return Err(Refused::Invalid("source"));
    }
    if !(1..=64).contains(&field.consent_id.len()) {
        return Err(Refused::Invalid("consent_id"));
    }
    let value = call.open("value_enc", &field.value_enc)?;
    let sound = match field.name {
        Field::IdNo => is_resident_id(&value),
        Field::Mobile => is_mobile(&value),
        Field::Name => (2..=50).contains(&value.chars().count()),
    };
    if sound {
        Ok(value)
    } else {
        Err(Refused::Invalid("value_enc"))
    }
}

async fn arrears(request: HttpRequest, body: web::Bytes, no: web::Path<String>) -> HttpResponse {
    answer(
        request,
        body,
        query("GET /consumers/{no}/arrears"),
        |books, call| {
            let account = books.ledger.account(&no)?;
            let view = call.view(account);
            let items = account.due(view).into_iter().map(|(receivable, standing)| {
                json!({
                    "receivable_id": receivable.receivable_id,
                    "bill_period": receivable.period,
                    "principal_fen": receivable.principal_fen,
                    "late_fee_fen": standing.late_fee_fen,
                    "paid_fen": standing.paid_fen,
                    "due_date": receivable.period.due_date(),
                    "version": receivable.version(view),
                })
            });
            Ok(Reply::ok(json!({
                "items": items.collect::<Value>(),
                "total_fen": account.due_total_fen(view),
                "arrears_version": account.arrears_version(view),
                "as_of": rfc3339(view.as_of),
            })))
        },
    )
    .await
}

async fn balance(request: HttpRequest, body: web::Bytes, no: web::Path<String>) -> HttpResponse {
    answer(
        request,
        body,
        query("GET /consumers/{no}/balance"),
        |books, call| {
            let account = books.ledger.account(&no)?;
            let view = call.view(account);
            let prepaid_fen = account.prepaid_fen(view.as_of);
            let code = account.archive.tariff_code;
            let estimated_fen = estimated_since_fen(
                &account.meters,
                code,
                &account.bills,
                view.on,
                &books.tariffs,
            );
            Ok(Reply::ok(json!({
                "prepaid_fen": prepaid_fen,
                "estimated_since_bill_fen": estimated_fen,
                "available_fen": prepaid_fen - estimated_fen,
                "as_of": rfc3339(view.as_of),
            })))
        },
    )
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PeriodRange {
    from: Option<String>,
    to: Option<String>,
}

impl PeriodRange {
    fn ends(&self) -> Result<(Option<Period>, Option<Period>), Refused> {
        let read = |end: &Option<String>, name| {
            let parsed = end.as_deref().map(str::parse::<Period>).transpose();
            parsed.map_err(|()| Refused::Invalid(name))
        };
        let (from, to) = (read(&self.from, "from")?, read(&self.to, "to")?);
        match (from, to) {
            (Some(from), Some(to)) if from > to => Err(Refused::Invalid("from")),
            ends => Ok(ends),
        }
    }
}

async fn bills(request: HttpRequest, body: web::Bytes, no: web::Path<String>) -> HttpResponse {
    answer(
        request,
        body,
        query("GET /consumers/{no}/bills"),
        |books, call| {
            let (from, to) = call.query::<PeriodRange>()?.ends()?;
            let account = books.ledger.account(&no)?;
            let view = call.view(account);
            let asked = account.bills.iter().rev().filter(|bill| {
                from.is_none_or(|from| from <= bill.period) && to.is_none_or(|to| bill.period <= to)
            });
            let items = asked.map(|bill| {
                json!({
                    "period": bill.period,
                    "energy_kwh": bill.energy_kwh,
                    "total_fen": bill.total_fen,
                    "issued_on": bill.period.issued_on(),
                    "due_date": bill.period.due_date(),
                    "paid": account.is_paid(bill.period, view),
                })
            });
            let items: Value = items.collect();
            Ok(Reply::ok(
                json!({ "items": items, "as_of": rfc3339(view.as_of) }),
            ))
        },
    )
    .await
}

async fn bill(
    request: HttpRequest,
    body: web::Bytes,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    let (no, period) = path.into_inner();
    answer(
        request,
        body,
        query("GET /consumers/{no}/bills/{period}"),
        |books, call| {
            let account = books.ledger.account(&no)?;
            let period: Period = period.parse().map_err(|()| Refused::Invalid("period"))?;
            let bill = account.bill(period).ok_or(Refused::Invalid("period"))?;
            let view = call.view(account);
            Ok(Reply::ok(bill_view(
                bill,
                account.is_paid(period, view),
                view,
            )))
        },
    )
    .await
}

fn bill_view(bill: &Bill, paid: bool, view: View) -> Value {
    json!({
        "period": bill.period,
        "issued_on": bill.period.issued_on(),
        "due_date": bill.period.due_date(),
        "days": bill.days,
        "readings": bill.readings,
        "lines": bill.lines,
        "total_fen": bill.total_fen,
        "energy_kwh": bill.energy_kwh,
        "year_to_date_kwh": bill.year_to_date_kwh,
        "tiers": bill.tariff.tiers,
        "tariff_code": bill.tariff.code,
        "paid": paid,
        "as_of": rfc3339(view.as_of),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DayRange {
    from: Option<Date>,
    to: Option<Date>,
}

impl DayRange {
    /// First day asked for and the day after the last; yesterday is the newest there can be.
    fn span(&self, today: Date) -> Result<(Date, Date), Refused> {
        let newest = today.saturating_sub(1.day());
        let last = self.to.map_or(newest, |to| to.min(newest));
        let default_first = last.saturating_sub((USAGE_DAYS_DEFAULT - 1).days());
        let first = self.from.unwrap_or(default_first);
        let end = last.saturating_add(1.day());
        let asked_backwards = self.from.zip(self.to).is_some_and(|(from, to)| from > to);
        if asked_backwards || end.duration_since(first).as_hours() > USAGE_DAYS_MAX * 24 {
            return Err(Refused::Invalid("from"));
        }
        Ok((first, end))
    }
}

async fn usage(request: HttpRequest, body: web::Bytes, no: web::Path<String>) -> HttpResponse {
    answer(
        request,
        body,
        query("GET /consumers/{no}/usage/daily"),
        |books, call| {
            let account = books.ledger.account(&no)?;
            let view = call.view(account);
            let (first, end) = call.query::<DayRange>()?.span(day(view.as_of))?;
            let start = account
                .bills
                .first()
                .map_or(first, |bill| bill.period.first_day());
            let metered = days(first.max(start), end);
            let items: Vec<_> = metered
                .filter_map(|on| daily_usage(&account.meters, on))
                .collect();
            Ok(Reply::ok(
                json!({ "items": items, "as_of": rfc3339(view.as_of) }),
            ))
        },
    )
    .await
}
