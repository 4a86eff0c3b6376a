//! What was typed into a form while the session ended: kept for whoever typed it, and laid out again once they have
//! signed in. They look at it and send it themselves.

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::{HttpMessage as _, HttpResponse, web};
use askama::Template;
use lifeline_core::accounts::Secret;
use lifeline_core::operators::Operators;
use lifeline_core::operators::kept::KEPT_BYTES_MAX;
use lifeline_core::shared::ids::StaffId;

use super::access::{Access, Page, Pages, read_beginning};
use super::again::Again;
use super::fault::Fault;
use super::frame::{Frame, page};
use super::picture_form::{file_name_of, has_field};
use super::visitor::{
    Body, Fields, Nothing, Visitor, fits, forged, go, go_saying, mark_of, session_token,
};

const HERE: &str = "/console/kept";
/// What a form that was laid out again carries beside its own fields.
pub(super) const FIELD: &str = "kept_form";
/// Under which the name of a file is kept; no form of words has such a field.
const FILE: &str = "file";
const WORDS: &str = "application/x-www-form-urlencoded";
const UPLOAD: &str = "multipart/form-data";
/// As much of an upload as tells which it is: its mark and the file's name stand before the file.
const BEGINNING_BYTES: usize = 4_096;

pub(super) fn pages(pages: &mut Pages<'_>) {
    pages.get(HERE, Access::SignedIn, show);
    pages.post(HERE, Access::SignedIn, "operators.drop_form", throw_away);
}

/// Keeps what a form brought whose session is over, when a page of that very session made it. Whether it was kept.
pub(super) async fn keep(req: &mut ServiceRequest, page: &Page) -> bool {
    if page.method == Method::GET {
        return false;
    }
    let operators = req.app_data::<web::Data<Operators>>();
    let operators = operators.map(|operators| operators.get_ref().clone());
    let (Some(operators), Some(token)) = (operators, session_token(req.request())) else {
        return false;
    };
    let (most, held) = if req.content_type() == UPLOAD {
        (page.bytes_max, BEGINNING_BYTES)
    } else {
        let most = page.bytes_max.min(KEPT_BYTES_MAX);
        (most, most)
    };
    let Ok(body) = read_beginning(req, most, held).await else {
        return false;
    };
    if forged(&mark_of(&token), req.headers(), &body) {
        return false;
    }
    if body.kind == UPLOAD {
        name_file(&operators, &token, req.path(), &body).await;
        return false;
    }
    let Some(fields) = to_keep(req.path(), &body) else {
        return false;
    };
    let kept = operators.keep_form(&token, req.path(), fields).await;
    kept.unwrap_or_else(|error| {
        tracing::error!(%error, "console.form.not_kept");
        false
    })
}

/// Of a file that was sent late only its name comes back, so that whoever sent it learns that it has to be chosen again.
/// The way in promises nothing.
async fn name_file(operators: &Operators, token: &Secret, action: &str, body: &Body) {
    let Some(name) = file_name_of(&body.bytes) else {
        return;
    };
    let mut field = form_urlencoded::Serializer::new(String::new());
    field.append_pair(FILE, &name);
    let field = Secret::new(field.finish());
    if let Err(error) = operators.keep_file_name(token, action, field).await {
        tracing::error!(%error, "console.form.not_kept");
    }
}

/// The fields of a form into which something was typed: without the mark, and without a code, which is asked for anew.
fn to_keep(action: &str, body: &Body) -> Option<Secret> {
    if body.kind != WORDS {
        return None;
    }
    let again = Again::read(action, &body.bytes)?;
    let words = |one: &super::again::Typed| one.sort != "code" && !one.value.trim().is_empty();
    if !again.typed.iter().any(words) {
        return None;
    }
    let mut kept = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(&body.bytes) {
        match &*name {
            "mark" | FIELD => {}
            "code" => {
                kept.append_pair("code", "");
            }
            name => {
                kept.append_pair(name, &value);
            }
        }
    }
    Some(Secret::new(kept.finish()))
}

/// A form that was laid out again is sent: from here on its own page shows what was typed, and nobody keeps it.
pub(super) async fn sent(visitor: &Visitor, body: &Body) {
    let was_kept = match body.kind.as_str() {
        WORDS => form_urlencoded::parse(&body.bytes).any(|(name, _)| name == FIELD),
        UPLOAD => {
            let beginning = body.bytes.get(..BEGINNING_BYTES);
            has_field(beginning.unwrap_or(&body.bytes), FIELD)
        }
        _ => false,
    };
    if !was_kept {
        return;
    }
    let staff = &visitor.acting.staff.staff_id;
    if let Err(error) = visitor.operators.drop_form(staff).await {
        tracing::error!(%error, "console.form.not_dropped");
    }
}

/// Where somebody who signed in is led: to what is kept of theirs, else to where they wanted to go.
pub(super) async fn led(operators: &Operators, staff: &StaffId, to: &str) -> HttpResponse {
    let kept = operators.kept_form(staff).await;
    let kept = kept.unwrap_or_else(|error| {
        tracing::error!(%error, "console.form.unread");
        None
    });
    go(if kept.is_some() { HERE } else { to })
}

#[derive(Template)]
#[template(path = "console/kept.html")]
struct KeptPage {
    frame: Frame,
    /// What sending it does.
    act: &'static str,
    at: String,
    again: Again,
}

/// A file was chosen and is not kept: it is chosen anew.
#[derive(Template)]
#[template(path = "console/kept_file.html")]
struct FilePage {
    frame: Frame,
    act: &'static str,
    at: String,
    action: String,
    file: String,
}

/// What sending a form there does.
fn act_of(frame: &Frame, action: &str) -> &'static str {
    let all = super::table();
    let known = |page: &&Page| page.method == Method::POST && fits(page.path, action);
    let found = all.iter().find(known);
    found.map_or("", |page| frame.act(page.act))
}

async fn show(visitor: Visitor) -> Result<HttpResponse, Fault> {
    let staff = &visitor.acting.staff.staff_id;
    let Some(kept) = visitor.operators.kept_form(staff).await? else {
        return Ok(go("/console"));
    };
    let fields = kept.fields.expose().as_bytes();
    let file = form_urlencoded::parse(fields).find(|(name, _)| name == FILE);
    if let Some((_, file)) = file {
        let frame = Frame::of(&visitor, "kept.file_title");
        return Ok(page(&FilePage {
            act: act_of(&frame, &kept.action),
            at: kept.kept_at.alipay_text(),
            action: kept.action.clone(),
            file: file.into_owned(),
            frame,
        }));
    }
    let read = Again::read(&kept.action, fields);
    let mut again = read.ok_or(Fault::NotFound)?;
    again.hidden.push((FIELD.to_owned(), "1".to_owned()));
    let frame = Frame::of(&visitor, "kept.title");
    Ok(page(&KeptPage {
        act: act_of(&frame, &kept.action),
        at: kept.kept_at.alipay_text(),
        again,
        frame,
    }))
}

async fn throw_away(visitor: Visitor, _fields: Fields<Nothing>) -> Result<HttpResponse, Fault> {
    let staff = &visitor.acting.staff.staff_id;
    visitor.operators.drop_form(staff).await?;
    Ok(go_saying("/console", "said.form_dropped"))
}
