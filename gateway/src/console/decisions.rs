//! Reports that decisions rest on, each with its rule in words and the rows behind it.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::insight::decisions::{Cause, Decisions, ROWS_SHOWN, Reader};
use lifeline_core::insight::people::midnight;
use lifeline_core::insight::report::Statistics;
use lifeline_core::insight::{Ask, Function, Insight};
use lifeline_core::operators::Right;
use lifeline_core::shared::ids::PaymentId;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Time;
use serde::Deserialize;

use super::access::{Access, Pages};
use super::energy::{self, Energy};
use super::fault::Fault;
use super::frame::{Frame, page};
use super::sheet::{Form, Sheet};
use super::statistics::{NOT_KEPT, day, earlier, filter};
use super::visitor::Visitor;

pub(super) fn pages(pages: &mut Pages<'_>) {
    let read = Access::May(Right::ReadStatistics);
    pages.get("/console/reports", read, show);
    let export = Access::May(Right::ExportStatistics);
    pages.get("/console/reports/export", export, take_out);
    let payments = Access::May(Right::ReadPayments);
    pages.get("/console/reports/arrears", payments, behind);
}

/// The last thirty days when none are named.
const DAYS_SHOWN: i64 = 30;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Query {
    from: String,
    to: String,
    form: String,
    cause: String,
    /// Of the orders behind a cause, the last one that was seen.
    after: String,
}

/// What is asked: the days as numbers and as text, and the regions that may be seen.
struct Asked {
    days: (i64, i64),
    from: String,
    to: String,
    regions: Option<Vec<String>>,
}

fn asked(visitor: &Visitor, insight: &Insight, query: &Query) -> Result<Asked, Fault> {
    let to = day(&query.to, insight.today())?;
    let from = day(&query.from, to.saturating_sub(DAYS_SHOWN - 1))?;
    let regions = visitor.acting.staff.scope.narrowed(None);
    Ok(Asked {
        days: (from, to),
        from: midnight(from).shanghai_date(),
        to: midnight(to).shanghai_date(),
        regions: regions.map_err(|_| Fault::Forbidden)?,
    })
}

struct Share {
    name: String,
    n: i64,
    before: String,
    permille: i64,
}

struct Unmet {
    function: &'static str,
    code: String,
    n: i64,
}

struct Owed {
    cause: &'static str,
    word: &'static str,
    n: String,
    yuan: String,
}

#[derive(Template)]
#[template(path = "console/reports.html")]
struct ReportsPage {
    frame: Frame,
    from: String,
    to: String,
    channels: Vec<Share>,
    unmet: Option<Vec<Unmet>>,
    unfound: Vec<(String, i64)>,
    arrears: Vec<Owed>,
    /// All causes together.
    arrears_n: String,
    arrears_yuan: String,
    /// A cause is not told: too few people stand behind it.
    withheld: bool,
    energy: Vec<Energy>,
    may_export: bool,
    may_rows: bool,
}

/// Each channel with its part of a thousand requests; `not_kept` where the span before is not.
fn shares(figures: &Statistics, not_kept: &str) -> Vec<Share> {
    let all = figures.calls.max(1);
    let share = |one: &lifeline_core::insight::report::Figure| Share {
        name: one.name.clone(),
        n: one.n,
        before: earlier(one.before, not_kept),
        permille: one.n.saturating_mul(1000).div_euclid(all),
    };
    figures.channels.iter().map(share).collect()
}

fn unmet(found: &Decisions) -> Option<Vec<Unmet>> {
    let told = |one: &lifeline_core::insight::decisions::Unmet| Unmet {
        function: Function::numbered(one.function).name,
        code: one.code.clone(),
        n: one.n,
    };
    Some(found.unmet.as_ref()?.iter().map(told).collect())
}

const fn word(cause: Cause) -> &'static str {
    match cause {
        Cause::NotOpened => "reports.not_opened",
        Cause::NotPaid => "reports.not_paid",
        Cause::Waiting => "reports.waiting",
        Cause::Uncredited => "reports.uncredited",
        Cause::Suspense => "reports.suspense",
        Cause::GivenBack => "reports.given_back",
    }
}

/// Who may see the orders themselves is told every sum of them.
fn reader(visitor: &Visitor) -> Reader {
    if visitor.acting.may(Right::ReadPayments) {
        Reader::OfPayments
    } else {
        Reader::OfSums
    }
}

/// Orders and yuan; what is not told stands as `untold`.
fn worded(told: Option<(i64, Fen)>, untold: &str) -> (String, String) {
    told.map_or_else(
        || (untold.to_owned(), untold.to_owned()),
        |(n, sum)| (n.to_string(), sum.yuan()),
    )
}

fn owed(found: &Decisions, frame: &Frame) -> Vec<Owed> {
    let told = |one: &lifeline_core::insight::decisions::Arrears| {
        let (n, yuan) = worded(one.told, "—");
        Owed {
            cause: one.cause.as_str(),
            word: frame.t(word(one.cause)),
            n,
            yuan,
        }
    };
    found.arrears.iter().map(told).collect()
}

async fn figures(insight: &Insight, asked: &Asked) -> Result<Statistics, Fault> {
    let ask = Ask {
        from: asked.days.0,
        to: asked.days.1,
        function: None,
        channel: None,
        outcome: None,
        regions: asked.regions.clone(),
    };
    Ok(insight.statistics(&ask).await?)
}

async fn show(
    visitor: Visitor,
    insight: web::Data<Insight>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let asked = asked(&visitor, &insight, &query)?;
    let found = insight
        .decisions(asked.days, asked.regions.as_deref(), reader(&visitor))
        .await?;
    let figures = figures(&insight, &asked).await?;
    let energy = insight.energy(asked.days, asked.regions.as_deref()).await?;
    let frame = Frame::of(&visitor, "reports.title");
    let all = found.arrears_in_all();
    let (arrears_n, arrears_yuan) = worded(all, "—");
    Ok(page(&ReportsPage {
        arrears_n,
        arrears_yuan,
        withheld: all.is_none(),
        channels: shares(&figures, frame.t("statistics.not_kept")),
        unmet: unmet(&found),
        unfound: found.unfound.clone().unwrap_or_default(),
        arrears: owed(&found, &frame),
        energy: energy::rows(energy),
        may_export: visitor.acting.may(Right::ExportStatistics),
        may_rows: visitor.acting.may(Right::ReadPayments),
        from: asked.from,
        to: asked.to,
        frame,
    }))
}

/// The reports as a file; taking it out leaves a line in the audit.
async fn take_out(
    visitor: Visitor,
    insight: web::Data<Insight>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let form = filter(&query.form, Form::parse)?.unwrap_or(Form::Csv);
    let asked = asked(&visitor, &insight, &query)?;
    let found = insight
        .decisions(asked.days, asked.regions.as_deref(), reader(&visitor))
        .await?;
    let figures = figures(&insight, &asked).await?;
    let energy = insight.energy(asked.days, asked.regions.as_deref()).await?;
    let filters = format!("from={}&to={}", asked.from, asked.to);
    let mut sheet = Sheet::of(&visitor, &filters);
    sheet.row(&["channel", "calls", "calls_before", "permille"].map(str::to_owned));
    for one in shares(&figures, NOT_KEPT) {
        let (n, permille) = (one.n.to_string(), one.permille.to_string());
        sheet.row(&[one.name, n, one.before, permille]);
    }
    sheet.row(&["function", "code", "refused"].map(str::to_owned));
    for one in unmet(&found).unwrap_or_default() {
        sheet.row(&[one.function.to_owned(), one.code, one.n.to_string()]);
    }
    sheet.row(&["searched_in_vain", "times"].map(str::to_owned));
    for (words, n) in found.unfound.clone().unwrap_or_default() {
        sheet.row(&[words, n.to_string()]);
    }
    sheet.row(&["cause", "orders", "yuan"].map(str::to_owned));
    for one in &found.arrears {
        let (n, yuan) = worded(one.told, "");
        sheet.row(&[one.cause.as_str().to_owned(), n, yuan]);
    }
    energy::tell(&mut sheet, energy::rows(energy));
    let file = sheet.answer(form, "reports")?;
    let act = "insight.export_reports";
    let noted = visitor
        .operators
        .note(&visitor.acting, act, &filters, form.as_str());
    noted.await?;
    Ok(file)
}

struct Row {
    payment_id: String,
    at: String,
    region: String,
    yuan: String,
}

#[derive(Template)]
#[template(path = "console/reports_arrears.html")]
struct ArrearsPage {
    frame: Frame,
    cause: &'static str,
    from: String,
    to: String,
    rows: Vec<Row>,
    /// Of the rows that are shown.
    sum: String,
    /// Where it goes on, when there are more than are shown.
    next: Option<String>,
    may_follow: bool,
}

/// `{micros}.{payment}` of the last order that was seen.
fn last_seen(mark: &str) -> Result<Option<(Time, PaymentId)>, Fault> {
    if mark.is_empty() {
        return Ok(None);
    }
    let (micros, id) = mark.split_once('.').ok_or(Fault::NotFound)?;
    let micros = micros.parse().map_err(|_| Fault::NotFound)?;
    let id = PaymentId::parse(id).map_err(|_| Fault::NotFound)?;
    Ok(Some((Time::from_micros(micros), id)))
}

/// The orders behind a cause.
async fn behind(
    visitor: Visitor,
    insight: web::Data<Insight>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let cause = filter(&query.cause, Cause::parse)?.unwrap_or(Cause::NotPaid);
    let asked = asked(&visitor, &insight, &query)?;
    let regions = asked.regions.as_deref();
    let after = last_seen(&query.after)?;
    let found = insight
        .behind_arrears(asked.days, cause, regions, after.as_ref())
        .await?;
    let last = found
        .get(ROWS_SHOWN - 1)
        .filter(|_| found.len() > ROWS_SHOWN);
    let last = last.map(|one| format!("{}.{}", one.created_at.micros(), one.payment_id));
    let row = |one: lifeline_core::insight::decisions::UnpaidRow| Row {
        payment_id: one.payment_id.to_string(),
        at: one.created_at.alipay_text(),
        region: one.region,
        yuan: one.amount.yuan(),
    };
    let frame = Frame::of(&visitor, "reports.arrears");
    let sums = found.iter().take(ROWS_SHOWN).map(|one| one.amount.get());
    Ok(page(&ArrearsPage {
        cause: frame.t(word(cause)),
        sum: Fen::new(sums.sum()).yuan(),
        next: last.map(|last| {
            let (from, to, cause) = (&asked.from, &asked.to, cause.as_str());
            format!("cause={cause}&from={from}&to={to}&after={last}")
        }),
        from: asked.from,
        to: asked.to,
        rows: found.into_iter().take(ROWS_SHOWN).map(row).collect(),
        may_follow: visitor.acting.may(Right::ReadTimeline),
        frame,
    }))
}
