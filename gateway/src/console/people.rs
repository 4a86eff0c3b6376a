//! Who works here: list, add, renew proofs, change, end.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::operators::{By, Credentials, Login, Right, Role, Scope, Staff};
use serde::Deserialize;

use super::access::{Access, Pages};
use super::fault::Fault;
use super::frame::{Frame, page, role_word};
use super::visitor::{Fields, Shown, Visitor, go_saying};

const MANAGE: Access = Access::May(Right::ManageStaff);

pub(super) fn pages(pages: &mut Pages<'_>) {
    pages.get("/console/staff", MANAGE, list);
    pages.post("/console/staff", MANAGE, "operators.add", add);
    pages.post(
        "/console/staff/{login}/reset",
        MANAGE,
        "operators.reset",
        reset,
    );
    pages.post(
        "/console/staff/{login}/change",
        MANAGE,
        "operators.change",
        change,
    );
    pages.post("/console/staff/{login}/end", MANAGE, "operators.end", end);
}

struct Person {
    login: String,
    role: &'static str,
    role_word: &'static str,
    scope: String,
    since: String,
    state: &'static str,
    works: bool,
}

#[derive(Template)]
#[template(path = "console/staff.html")]
struct StaffPage {
    frame: Frame,
    people: Vec<Person>,
    roles: Vec<(&'static str, &'static str)>,
}

fn person(staff: &Staff, visitor: &Visitor) -> Person {
    let state = if staff.ended_at.is_some() {
        "staff.ended"
    } else if staff.is_locked(visitor.operators.now()) {
        "staff.locked"
    } else {
        "staff.works"
    };
    Person {
        login: staff.login.as_str().to_owned(),
        role: staff.role.as_str(),
        role_word: role_word(staff.role),
        scope: staff.scope.text(),
        since: staff.created_at.shanghai_date(),
        state,
        works: staff.ended_at.is_none(),
    }
}

async fn list(visitor: Visitor) -> Result<HttpResponse, Fault> {
    let people = visitor.operators.everybody().await?;
    let roles = Role::ALL.map(|role| (role.as_str(), role_word(role)));
    Ok(page(&StaffPage {
        frame: Frame::of(&visitor, "staff.title"),
        people: people.iter().map(|staff| person(staff, &visitor)).collect(),
        roles: roles.to_vec(),
    }))
}

#[derive(Template)]
#[template(path = "console/staff_given.html")]
struct GivenPage {
    frame: Frame,
    login: String,
    password: String,
    secret: String,
    uri: String,
}

/// What was made, shown this once; it is kept nowhere in clear.
fn given(visitor: &Visitor, made: &Credentials) -> HttpResponse {
    page(&GivenPage {
        frame: Frame::of(visitor, "staff.given_title"),
        login: made.login.as_str().to_owned(),
        password: made.password.expose().to_owned(),
        secret: made.totp.base32(),
        uri: made.totp.uri(made.login.as_str()),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    login: String,
    role: String,
    scope: String,
    code: String,
}

fn login(text: &str) -> Result<Login, Fault> {
    Login::parse(text).map_err(|_| Fault::Invalid("fault.login_shape"))
}

fn standing(role: &str, scope: &str) -> Result<(Role, Scope), Fault> {
    let role = Role::parse(role).ok_or(Fault::Invalid("fault.role_shape"))?;
    let scope = Scope::parse(scope).map_err(|_| Fault::Invalid("fault.scope_shape"))?;
    Ok((role, scope))
}

async fn add(visitor: Visitor, fields: Fields<New>) -> Result<HttpResponse, Fault> {
    let name = login(&fields.0.login)?;
    let (role, scope) = standing(&fields.0.role, &fields.0.scope)?;
    let by = By::Shown(&visitor.acting, &fields.0.code);
    let made = visitor.operators.add(&name, role, scope, by).await?;
    Ok(given(&visitor, &made))
}

async fn reset(
    visitor: Visitor,
    name: web::Path<String>,
    fields: Fields<Shown>,
) -> Result<HttpResponse, Fault> {
    let by = By::Shown(&visitor.acting, &fields.0.code);
    let made = visitor.operators.reset(&login(&name)?, by).await?;
    Ok(given(&visitor, &made))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Standing {
    role: String,
    scope: String,
    code: String,
}

async fn change(
    visitor: Visitor,
    name: web::Path<String>,
    fields: Fields<Standing>,
) -> Result<HttpResponse, Fault> {
    let (role, scope) = standing(&fields.0.role, &fields.0.scope)?;
    let by = By::Shown(&visitor.acting, &fields.0.code);
    visitor
        .operators
        .change(&login(&name)?, role, &scope, by)
        .await?;
    Ok(go_saying("/console/staff", "said.staff_changed"))
}

async fn end(
    visitor: Visitor,
    name: web::Path<String>,
    fields: Fields<Shown>,
) -> Result<HttpResponse, Fault> {
    let by = By::Shown(&visitor.acting, &fields.0.code);
    visitor.operators.end(&login(&name)?, by).await?;
    Ok(go_saying("/console/staff", "said.staff_ended"))
}
