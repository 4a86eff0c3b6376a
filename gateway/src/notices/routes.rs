//! Handlers of `notices`.

use actix_web::web;
use lifeline_core::notices::Notices;
use lifeline_core::shared::ids::NoticeId;

use super::dto::{InboxView, NoticeView, ReadBody};
use crate::edge::cursor::{Cursors, PageQuery};
use crate::edge::{Checked, Code, Problem, Query, SignedIn};

/// This person's notices, newest first, and how many are unread in all.
#[utoipa::path(get, path = "/v1/notices", tag = "notices", security(("bearer" = [])),
    params(PageQuery),
    responses((status = 200, description = "A page of the inbox", body = InboxView)))]
pub(super) async fn list(
    who: SignedIn,
    notices: web::Data<Notices>,
    cursors: web::Data<Cursors>,
    Query(query): Query<PageQuery>,
) -> Result<web::Json<InboxView>, Problem> {
    let scope = format!("notices:{}", who.account_id());
    let page = cursors.open(&scope, query)?;
    let inbox = notices.inbox(who.account_id(), &page).await?;
    Ok(web::Json(InboxView {
        items: inbox.notices.items.iter().map(NoticeView::of).collect(),
        unread: inbox.unread,
        next_cursor: inbox.notices.next.map(|key| cursors.close(&scope, &key)),
    }))
}

/// Notes that this person has seen a notice; a repeat keeps the first moment.
#[utoipa::path(patch, path = "/v1/notices/{notice_id}", tag = "notices", security(("bearer" = [])),
    params(("notice_id" = String, Path, description = "From `GET /v1/notices`")),
    request_body = ReadBody,
    responses((status = 200, description = "The notice", body = NoticeView)))]
pub(super) async fn mark_read(
    who: SignedIn,
    notices: web::Data<Notices>,
    path: web::Path<String>,
    body: Checked<ReadBody>,
) -> Result<web::Json<NoticeView>, Problem> {
    body.value.parse()?;
    // A text that is no id names nothing, like an id of somebody else.
    let id = NoticeId::parse(&path).map_err(|_| Problem::new(Code::NotFound))?;
    let notice = notices.read(who.account_id(), &id).await?;
    Ok(web::Json(NoticeView::of(&notice)))
}
