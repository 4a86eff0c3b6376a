//! Handlers of `publications`.

use actix_web::http::header::{CACHE_CONTROL, HeaderValue, IfNoneMatch};
use actix_web::{HttpResponse, web};
use lifeline_core::bindings::Bindings;
use lifeline_core::publications::Publications;
use lifeline_core::publications::kind::Kind;
use lifeline_core::publications::reading::Listed;
use lifeline_core::shared::ids::{BindingId, PictureId, PublicationId};
use lifeline_core::shared::page::Slice;
use serde::Serialize;

use super::dto::{
    AppView, AppsView, ArticleView, ArticlesQuery, ArticlesView, Asked, FindQuery, HomeOutagesView,
    ListedView, OutageView, OutagesView, OutletView, OutletsView,
};
use crate::accounts::Asker;
use crate::edge::cursor::{Cursors, PageQuery};
use crate::edge::{Code, Problem, Query, etag};
use crate::insight::Recorder;

/// Public information is the same for everybody: it may be kept for a minute.
const FOR_A_MINUTE: HeaderValue = HeaderValue::from_static("public, max-age=60");
/// A picture never changes under its id.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

type Known = Option<web::Header<IfNoneMatch>>;

/// Articles of one kind, newest first; with `q` those in which all of it is found.
#[utoipa::path(get, path = "/v1/articles", tag = "publications", params(ArticlesQuery),
    responses((status = 200, description = "A page", body = ArticlesView), (status = 304, description = "As before")))]
pub(super) async fn articles(
    publications: web::Data<Publications>,
    cursors: web::Data<Cursors>,
    recorder: Option<web::Data<Recorder>>,
    Query(query): Query<ArticlesQuery>,
    known: Known,
) -> Result<HttpResponse, Problem> {
    let asked = query.parse()?;
    let question = asked.question.clone();
    let (found, next_cursor) = listed(&publications, &cursors, asked).await?;
    if let (Some(recorder), Some(question)) = (recorder, question.filter(|_| found.is_empty())) {
        recorder.missed(&question);
    }
    let items = found.into_iter().map(ListedView::of).collect();
    shared(&ArticlesView { items, next_cursor }, known)
}

/// One text that is public now, of any kind.
#[utoipa::path(get, path = "/v1/articles/{publication_id}", tag = "publications",
    params(("publication_id" = String, Path, description = "From a list")),
    responses((status = 200, description = "The text", body = ArticleView), (status = 304, description = "As before")))]
pub(super) async fn article(
    publications: web::Data<Publications>,
    path: web::Path<String>,
    known: Known,
) -> Result<HttpResponse, Problem> {
    let id = PublicationId::parse(&path).map_err(|_| Problem::new(Code::NotFound))?;
    shared(&ArticleView::of(publications.read(&id).await?), known)
}

/// Business outlets.
#[utoipa::path(get, path = "/v1/outlets", tag = "publications", params(FindQuery),
    responses((status = 200, description = "A page", body = OutletsView), (status = 304, description = "As before")))]
pub(super) async fn outlets(
    publications: web::Data<Publications>,
    cursors: web::Data<Cursors>,
    Query(query): Query<FindQuery>,
    known: Known,
) -> Result<HttpResponse, Problem> {
    let asked = query.parse(Kind::Outlet)?;
    let (found, next_cursor) = listed(&publications, &cursors, asked).await?;
    let items = found.into_iter().filter_map(OutletView::of).collect();
    shared(&OutletsView { items, next_cursor }, known)
}

/// Outages that are going on or to come, the last announced first.
#[utoipa::path(get, path = "/v1/outages", tag = "publications", params(FindQuery),
    responses((status = 200, description = "A page", body = OutagesView), (status = 304, description = "As before")))]
pub(super) async fn outages(
    publications: web::Data<Publications>,
    cursors: web::Data<Cursors>,
    Query(query): Query<FindQuery>,
    known: Known,
) -> Result<HttpResponse, Problem> {
    let asked = query.parse(Kind::Outage)?;
    let (found, next_cursor) = listed(&publications, &cursors, asked).await?;
    let items = found.into_iter().filter_map(OutageView::of).collect();
    shared(&OutagesView { items, next_cursor }, known)
}

/// Other programs of the utility.
#[utoipa::path(get, path = "/v1/apps", tag = "publications", params(FindQuery),
    responses((status = 200, description = "A page", body = AppsView), (status = 304, description = "As before")))]
pub(super) async fn apps(
    publications: web::Data<Publications>,
    cursors: web::Data<Cursors>,
    Query(query): Query<FindQuery>,
    known: Known,
) -> Result<HttpResponse, Problem> {
    let asked = query.parse(Kind::App)?;
    let (found, next_cursor) = listed(&publications, &cursors, asked).await?;
    let items = found.into_iter().filter_map(AppView::of).collect();
    shared(&AppsView { items, next_cursor }, known)
}

/// A picture of a text.
#[utoipa::path(get, path = "/v1/pictures/{picture_id}", tag = "publications",
    params(("picture_id" = String, Path, description = "From a list or a text")),
    responses((status = 200, description = "The picture", content_type = "image/jpeg", body = Vec<u8>)))]
pub(super) async fn picture(
    publications: web::Data<Publications>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = PictureId::parse(&path).map_err(|_| Problem::new(Code::NotFound))?;
    let picture = publications.picture(&id).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, FOR_EVER))
        .insert_header(("x-content-type-options", "nosniff"))
        .content_type(picture.media_type)
        .body(picture.bytes))
}

/// Outages that concern the supply office of one's home, the first to end first.
#[utoipa::path(get, path = "/v1/bindings/{binding_id}/outages", tag = "publications", security(("bearer" = [])),
    params(("binding_id" = String, Path, description = "From `GET /v1/bindings`"), PageQuery),
    responses((status = 200, description = "Now and to come", body = HomeOutagesView)))]
pub(super) async fn home_outages(
    Asker(caller): Asker,
    bindings: web::Data<Bindings>,
    publications: web::Data<Publications>,
    cursors: web::Data<Cursors>,
    path: web::Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<web::Json<HomeOutagesView>, Problem> {
    let id = BindingId::parse(&path).map_err(|_| Problem::new(Code::NotFound))?;
    let scope = format!("outages:{}:{id}", caller.account_id);
    let page = cursors.open(&scope, query)?;
    let office = bindings.supply_office(&caller, &id).await?;
    let found = match &office {
        Some(org_no) => publications.outages_of(org_no).await?,
        None => Vec::new(),
    };
    let outages: Vec<OutageView> = found.into_iter().filter_map(OutageView::of).collect();
    let key = |outage: &OutageView| outage.publication_id.clone();
    let (items, next_cursor) = cursors.page_of(&scope, outages, &page, key);
    Ok(web::Json(HomeOutagesView {
        items,
        next_cursor,
        office_unknown: office.is_none(),
    }))
}

async fn listed(
    publications: &Publications,
    cursors: &Cursors,
    asked: Asked,
) -> Result<(Vec<Listed>, Option<String>), Problem> {
    let scope = asked.scope();
    let page = cursors.open(&scope, asked.page)?;
    let Slice { items, next } = publications
        .list(asked.kind, asked.question.as_deref(), &page)
        .await?;
    Ok((items, next.map(|key| cursors.close(&scope, &key))))
}

/// An answer that is everybody's: named by its bytes.
fn shared(view: &impl Serialize, known: Known) -> Result<HttpResponse, Problem> {
    let answered = etag::write(view)?;
    let mut answer = etag::answer(answered, known.map(web::Header::into_inner));
    answer.headers_mut().insert(CACHE_CONTROL, FOR_A_MINUTE);
    Ok(answer)
}
