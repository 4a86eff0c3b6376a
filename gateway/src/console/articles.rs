//! The publisher's desk: lists by state, one publication with its editions, the form, the acts.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::accounts::Actor;
use lifeline_core::operators::Right;
use lifeline_core::publications::Publications;
use lifeline_core::publications::content::Block;
use lifeline_core::publications::desk::{Folder, Hand, Manuscript};
use lifeline_core::publications::edition::{Edition, Publication, State};
use lifeline_core::publications::kind::Kind;
use lifeline_core::shared::ids::{PictureId, PublicationId};
use lifeline_core::shared::page::Page;
use serde::Deserialize;

use super::access::{Access, Pages};
use super::article_form::{Form, FormPage};
use super::fault::Fault;
use super::frame::{Frame, page};
use super::picture_form::file_of;
use super::visitor::{Body, Fields, Visitor, go, go_saying};

const READ: Access = Access::May(Right::ReadContent);
const WRITE: Access = Access::May(Right::WriteContent);
const PUBLISH: Access = Access::May(Right::PublishContent);
/// A picture's file, and what stands around it in the form.
const PICTURE_FORM_BYTES_MAX: usize = 4 * 1024 * 1024 + 4096;
/// The longest text there may be is twenty thousand characters: in Chinese nine bytes each as a form sends them.
const ARTICLE_FORM_BYTES_MAX: usize = 512 * 1024;

pub(super) fn pages(pages: &mut Pages<'_>) {
    pages.get("/console/articles", READ, list);
    pages.get("/console/articles/new", WRITE, blank);
    pages.upload(
        "/console/articles",
        WRITE,
        "publications.edit",
        ARTICLE_FORM_BYTES_MAX,
        draft,
    );
    pages.get("/console/articles/{id}", READ, folder);
    pages.get("/console/articles/{id}/edit", WRITE, filled);
    pages.upload(
        "/console/articles/{id}/edit",
        WRITE,
        "publications.edit",
        ARTICLE_FORM_BYTES_MAX,
        edit,
    );
    pages.post(
        "/console/articles/{id}/submit",
        WRITE,
        "publications.submit",
        submit,
    );
    pages.post(
        "/console/articles/{id}/publish",
        PUBLISH,
        "publications.publish",
        publish,
    );
    pages.post(
        "/console/articles/{id}/back",
        PUBLISH,
        "publications.send_back",
        send_back,
    );
    pages.post(
        "/console/articles/{id}/withdraw",
        PUBLISH,
        "publications.withdraw",
        withdraw,
    );
    pages.get("/console/pictures", WRITE, pictures);
    pages.get("/console/pictures/{id}", READ, picture);
    pages.upload(
        "/console/pictures",
        WRITE,
        "publications.picture",
        PICTURE_FORM_BYTES_MAX,
        take_picture,
    );
}

/// Who is at the desk, as the room knows them.
fn hand(visitor: &Visitor) -> Hand {
    let acting = &visitor.acting;
    let scope = match acting.staff.scope.text().as_str() {
        "*" => vec![String::new()],
        regions => regions.split(',').map(str::to_owned).collect(),
    };
    Hand {
        staff: acting.staff.staff_id.as_str().to_owned(),
        before: Vec::new(),
        actor: Actor {
            name: acting.actor(),
            source: acting.source.clone(),
            trace_id: acting.trace_id.clone(),
        },
        scope,
    }
}

/// The same, for whoever judges what others wrote.
async fn judge(visitor: &Visitor) -> Result<Hand, Fault> {
    let before = visitor.operators.ids_of(&visitor.acting).await?;
    Ok(Hand {
        before,
        ..hand(visitor)
    })
}

fn id(text: &str) -> Result<PublicationId, Fault> {
    PublicationId::parse(text).map_err(|_| Fault::NotFound)
}

struct Row {
    id: String,
    title: String,
    kind: String,
    region: String,
    number: i64,
    changed: String,
}

impl Row {
    fn of((publication, edition): &(Publication, Edition)) -> Self {
        Self {
            id: publication.publication_id.to_string(),
            title: edition.content.title.clone(),
            kind: kind_word(publication.kind),
            region: publication.region.clone(),
            number: edition.number,
            changed: publication.changed_at.alipay_text(),
        }
    }
}

pub(super) fn kind_word(kind: Kind) -> String {
    format!("article.kind.{}", kind.as_str())
}

#[derive(Template)]
#[template(path = "console/articles.html")]
struct ListPage {
    frame: Frame,
    states: Vec<(&'static str, String, bool)>,
    kinds: Vec<(&'static str, String)>,
    rows: Vec<Row>,
    next: Option<String>,
    may_write: bool,
}

/// What else stands in the address is the frame's.
#[derive(Deserialize)]
struct Asked {
    state: Option<String>,
    after: Option<String>,
}

async fn list(
    visitor: Visitor,
    publications: web::Data<Publications>,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, Fault> {
    let state = asked
        .state
        .as_deref()
        .and_then(State::parse)
        .unwrap_or(State::InReview);
    let bounds = Page::new(Some(50), asked.after.clone()).ok_or(Fault::NotFound)?;
    let found = publications
        .on_desk(&hand(&visitor), state, &bounds)
        .await?;
    let word = |each: State| format!("article.state.{}", each.as_str());
    let kinds = Kind::ALL.into_iter();
    Ok(page(&ListPage {
        states: State::ALL
            .into_iter()
            .map(|each| (each.as_str(), word(each), each == state))
            .collect(),
        kinds: kinds.map(|kind| (kind.as_str(), kind_word(kind))).collect(),
        rows: found.items.iter().map(Row::of).collect(),
        next: found
            .next
            .map(|after| format!("state={}&after={after}", state.as_str())),
        may_write: visitor.acting.may(Right::WriteContent),
        frame: Frame::of(&visitor, "article.desk"),
    }))
}

struct Version {
    number: i64,
    state: String,
    written: String,
    decided: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "console/article.html")]
struct FolderPage {
    frame: Frame,
    id: String,
    kind: String,
    region: String,
    seen: i64,
    title: String,
    summary: String,
    blocks: Vec<Block>,
    facts: Vec<(String, String)>,
    state: String,
    versions: Vec<Version>,
    may_edit: bool,
    may_submit: bool,
    may_review: bool,
    may_withdraw: bool,
    own_work: bool,
}

fn version(edition: &Edition) -> Version {
    let moment = |at: Option<lifeline_core::shared::time::Time>| at.map(|at| at.alipay_text());
    Version {
        number: edition.number,
        state: format!("article.state.{}", edition.state.as_str()),
        written: edition.written_at.alipay_text(),
        decided: moment(edition.decided_at).unwrap_or_default(),
        reason: edition.reason.clone().unwrap_or_default(),
    }
}

/// Each fact with the key of its label.
fn labelled(facts: Vec<(&'static str, String)>) -> Vec<(String, String)> {
    let label = |(name, value)| (format!("article.field.{name}"), value);
    facts.into_iter().map(label).collect()
}

async fn folder(
    visitor: Visitor,
    publications: web::Data<Publications>,
    path: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let hand = judge(&visitor).await?;
    let found = publications.folder(&hand, &id(&path)?).await?;
    let newest = found.newest().ok_or(Fault::NotFound)?;
    let Folder { publication, .. } = &found;
    let may = |right| visitor.acting.may(right);
    Ok(page(&FolderPage {
        id: publication.publication_id.to_string(),
        kind: kind_word(publication.kind),
        region: publication.region.clone(),
        seen: publication.version,
        title: newest.content.title.clone(),
        summary: newest.content.summary.clone(),
        blocks: newest.content.blocks.clone(),
        facts: labelled(Form::of(publication, newest).facts(publication.kind)),
        state: format!("article.state.{}", newest.state.as_str()),
        versions: found.editions.iter().map(version).collect(),
        may_edit: may(Right::WriteContent) && newest.state != State::InReview,
        may_submit: may(Right::WriteContent) && newest.state == State::Draft,
        may_review: may(Right::PublishContent) && newest.state == State::InReview,
        may_withdraw: may(Right::PublishContent) && publication.live.is_some(),
        own_work: hand.wrote(newest),
        frame: Frame::of(&visitor, "article.one"),
    }))
}

#[derive(Deserialize)]
struct Wanted {
    kind: Option<String>,
}

async fn blank(visitor: Visitor, wanted: web::Query<Wanted>) -> Result<HttpResponse, Fault> {
    let kind = wanted
        .kind
        .as_deref()
        .and_then(Kind::parse)
        .ok_or(Fault::NotFound)?;
    let frame = Frame::of(&visitor, "article.new");
    Ok(page(&FormPage::new(frame, kind, &Form::default(), None)))
}

async fn filled(
    visitor: Visitor,
    publications: web::Data<Publications>,
    path: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let found = publications.folder(&hand(&visitor), &id(&path)?).await?;
    let newest = found.newest().ok_or(Fault::NotFound)?;
    let form = Form::of(&found.publication, newest);
    let frame = Frame::of(&visitor, "article.edit");
    let publication = &found.publication;
    let at = Some((publication.publication_id.as_str(), publication.version));
    Ok(page(&FormPage::new(frame, publication.kind, &form, at)))
}

fn one(id: &PublicationId, said: &str) -> HttpResponse {
    go_saying(&format!("/console/articles/{id}"), said)
}

async fn draft(
    visitor: Visitor,
    publications: web::Data<Publications>,
    fields: Fields<Form>,
) -> Result<HttpResponse, Fault> {
    let form = fields.0;
    let kind = form.kind().ok_or(Fault::Invalid("fault.article_kind"))?;
    let manuscript = form.manuscript(kind, visitor.operators.now())?;
    let begun = publications
        .draft(&hand(&visitor), kind, &form.region, &manuscript)
        .await?;
    Ok(one(&begun, "said.article_kept"))
}

async fn edit(
    visitor: Visitor,
    publications: web::Data<Publications>,
    path: web::Path<String>,
    fields: Fields<Form>,
) -> Result<HttpResponse, Fault> {
    let (id, form, hand) = (id(&path)?, fields.0, hand(&visitor));
    let kind = publications.folder(&hand, &id).await?.publication.kind;
    let manuscript: Manuscript = form.manuscript(kind, visitor.operators.now())?;
    let seen = form.seen()?;
    publications.edit(&hand, &id, seen, &manuscript).await?;
    Ok(one(&id, "said.article_kept"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    seen: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reasoned {
    seen: i64,
    reason: String,
}

async fn submit(
    visitor: Visitor,
    publications: web::Data<Publications>,
    path: web::Path<String>,
    fields: Fields<Seen>,
) -> Result<HttpResponse, Fault> {
    let id = id(&path)?;
    publications
        .submit(&hand(&visitor), &id, fields.0.seen)
        .await?;
    Ok(one(&id, "said.article_submitted"))
}

async fn publish(
    visitor: Visitor,
    publications: web::Data<Publications>,
    path: web::Path<String>,
    fields: Fields<Seen>,
) -> Result<HttpResponse, Fault> {
    let (id, hand) = (id(&path)?, judge(&visitor).await?);
    publications.publish(&hand, &id, fields.0.seen).await?;
    Ok(one(&id, "said.article_published"))
}

async fn send_back(
    visitor: Visitor,
    publications: web::Data<Publications>,
    path: web::Path<String>,
    fields: Fields<Reasoned>,
) -> Result<HttpResponse, Fault> {
    let (id, hand, Reasoned { seen, reason }) = (id(&path)?, hand(&visitor), fields.0);
    publications.send_back(&hand, &id, seen, &reason).await?;
    Ok(one(&id, "said.article_sent_back"))
}

async fn withdraw(
    visitor: Visitor,
    publications: web::Data<Publications>,
    path: web::Path<String>,
    fields: Fields<Reasoned>,
) -> Result<HttpResponse, Fault> {
    let (id, hand, Reasoned { seen, reason }) = (id(&path)?, hand(&visitor), fields.0);
    publications.withdraw(&hand, &id, seen, &reason).await?;
    Ok(one(&id, "said.article_withdrawn"))
}

#[derive(Template)]
#[template(path = "console/pictures.html")]
struct PicturePage {
    frame: Frame,
    taken: Option<String>,
}

#[derive(Deserialize)]
struct Taken {
    taken: Option<String>,
}

async fn pictures(visitor: Visitor, taken: web::Query<Taken>) -> Result<HttpResponse, Fault> {
    let taken = taken.into_inner().taken;
    let taken = taken.filter(|id| PictureId::parse(id).is_ok());
    let frame = Frame::of(&visitor, "picture.title");
    Ok(page(&PicturePage { frame, taken }))
}

async fn take_picture(
    visitor: Visitor,
    publications: web::Data<Publications>,
    body: Body,
) -> Result<HttpResponse, Fault> {
    let file = file_of(&body.bytes).ok_or(Fault::Invalid("fault.picture_format"))?;
    let taken = publications.take_picture(&hand(&visitor), file).await?;
    Ok(go(&format!("/console/pictures?taken={}", taken.0)))
}

async fn picture(
    publications: web::Data<Publications>,
    path: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let id = PictureId::parse(&path).map_err(|_| Fault::NotFound)?;
    let picture = publications.picture(&id).await?;
    Ok(HttpResponse::Ok()
        .content_type(picture.media_type)
        .body(picture.bytes))
}
