//! Handlers of check tasks.

use actix_web::web;
use lifeline_core::settlement::Settlement;
use lifeline_core::settlement::ids::CheckTaskId;

use super::dto::{CheckTaskView, CheckTasksView, FeedbackBody, Said};
use crate::accounts::Asker;
use crate::edge::cursor::{Cursors, PageQuery};
use crate::edge::{Checked, Code, Problem, Query};
use crate::runner::Waker;

/// A text that is no id names nothing, like an id of somebody else.
fn id_of(path: &str) -> Result<CheckTaskId, Problem> {
    CheckTaskId::parse(path).map_err(|_| Problem::new(Code::NotFound))
}

/// This person's check tasks, newest first, without their lines.
#[utoipa::path(get, path = "/v1/check-tasks", tag = "check-tasks", security(("bearer" = [])),
    params(PageQuery),
    responses((status = 200, description = "A page of check tasks", body = CheckTasksView)))]
pub(super) async fn list(
    Asker(caller): Asker,
    settlement: web::Data<Settlement>,
    cursors: web::Data<Cursors>,
    Query(query): Query<PageQuery>,
) -> Result<web::Json<CheckTasksView>, Problem> {
    let scope = format!("check-tasks:{}", caller.account_id);
    let page = cursors.open(&scope, query)?;
    let slice = settlement.tasks(&caller.account_id, &page).await?;
    Ok(web::Json(CheckTasksView {
        items: slice.items.iter().map(CheckTaskView::listed).collect(),
        next_cursor: slice.next.map(|key| cursors.close(&scope, &key)),
    }))
}

/// One check task with the lines its amount is made of. Looking does not answer it, nor reset its time.
#[utoipa::path(get, path = "/v1/check-tasks/{check_task_id}", tag = "check-tasks", security(("bearer" = [])),
    params(("check_task_id" = String, Path, description = "From `GET /v1/check-tasks`")),
    responses((status = 200, description = "The check task", body = CheckTaskView)))]
pub(super) async fn detail(
    Asker(caller): Asker,
    settlement: web::Data<Settlement>,
    path: web::Path<String>,
) -> Result<web::Json<CheckTaskView>, Problem> {
    let own = settlement
        .own_task(&caller.account_id, &id_of(&path)?)
        .await?;
    let view = settlement.look(&own).await?;
    Ok(web::Json(CheckTaskView::whole(&view)))
}

/// Confirms, ignores, looks at or rejects a settlement. Confirming and ignoring settle it at once; a reject goes to an
/// independent reviewer. The same answer again is the same answer.
#[utoipa::path(post, path = "/v1/check-tasks/{check_task_id}/feedback", tag = "check-tasks", security(("bearer" = [])),
    params(("check_task_id" = String, Path, description = "From `GET /v1/check-tasks`")),
    request_body = FeedbackBody,
    responses((status = 200, description = "The check task", body = CheckTaskView)))]
pub(super) async fn feed_back(
    Asker(caller): Asker,
    settlement: web::Data<Settlement>,
    waker: web::Data<Waker>,
    path: web::Path<String>,
    body: Checked<FeedbackBody>,
) -> Result<web::Json<CheckTaskView>, Problem> {
    let said = body.value.parse()?;
    let own = settlement
        .own_task(&caller.account_id, &id_of(&path)?)
        .await?;
    let trace = &caller.trace_id;
    let view = match said {
        Said::Plain(feedback) => settlement.feed_back(&own, feedback, trace).await?,
        Said::Reject(reason) => settlement.reject(&own, reason, trace).await?,
    };
    waker.wake();
    Ok(web::Json(CheckTaskView::whole(&view)))
}

/// Takes the last answer back: once, and until the payout is on its way.
#[utoipa::path(post, path = "/v1/check-tasks/{check_task_id}/undo", tag = "check-tasks", security(("bearer" = [])),
    params(("check_task_id" = String, Path, description = "From `GET /v1/check-tasks`")),
    responses((status = 200, description = "The check task", body = CheckTaskView)))]
pub(super) async fn undo(
    Asker(caller): Asker,
    settlement: web::Data<Settlement>,
    path: web::Path<String>,
) -> Result<web::Json<CheckTaskView>, Problem> {
    let own = settlement
        .own_task(&caller.account_id, &id_of(&path)?)
        .await?;
    let view = settlement.undo(&own, &caller.trace_id).await?;
    Ok(web::Json(CheckTaskView::whole(&view)))
}

/// Says that the payee is right after the bank gave the money back: it is paid again, under a new number. The same
/// word again changes nothing.
#[utoipa::path(post, path = "/v1/check-tasks/{check_task_id}/payee-confirmation", tag = "check-tasks", security(("bearer" = [])),
    params(("check_task_id" = String, Path, description = "From `GET /v1/check-tasks`")),
    responses((status = 200, description = "The check task", body = CheckTaskView)))]
pub(super) async fn confirm_payee(
    Asker(caller): Asker,
    settlement: web::Data<Settlement>,
    waker: web::Data<Waker>,
    path: web::Path<String>,
) -> Result<web::Json<CheckTaskView>, Problem> {
    let own = settlement
        .own_task(&caller.account_id, &id_of(&path)?)
        .await?;
    let view = settlement.confirm_payee(&own, &caller.trace_id).await?;
    waker.wake();
    Ok(web::Json(CheckTaskView::whole(&view)))
}
