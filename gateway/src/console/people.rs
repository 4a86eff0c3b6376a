//! Who works here: list, add, renew proofs, hand over the codes, change, end.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::operators::{
    By, Codes, Credentials, Login, PersonId, Right, Role, Scope, Staff,
};
use serde::Deserialize;

use super::access::{Access, Pages};
use super::fault::Fault;
use super::frame::{Frame, page, role_word};
use super::visitor::{Fields, Shown, Visitor, go_saying};
use super::who::{Oneself, Who};

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
        "/console/staff/{login}/confirmation",
        MANAGE,
        "operators.confirm",
        confirm,
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
    number: String,
    role: &'static str,
    role_word: &'static str,
    scope: String,
    since: String,
    state: &'static str,
    works: bool,
    /// Who made the password, and who handed over the codes; empty while nobody did.
    made_by: String,
    confirmed_by: String,
    /// Whether the visitor may hand over the codes.
    to_confirm: bool,
    /// The visitor made the password: another person hands over the codes.
    own_half: bool,
}

#[derive(Template)]
#[template(path = "console/staff.html")]
struct StaffPage {
    frame: Frame,
    people: Vec<Person>,
    roles: Vec<(&'static str, &'static str)>,
}

fn person(
    staff: &Staff,
    visitor: &Visitor,
    frame: &Frame,
    (who, oneself): (&Who, &Oneself),
) -> Person {
    let works = staff.ended_at.is_none();
    let state = if !works {
        "staff.ended"
    } else if !staff.is_confirmed() {
        "staff.waits"
    } else if staff.is_locked(visitor.operators.now()) {
        "staff.locked"
    } else {
        "staff.works"
    };
    let called = |actor: &str| match actor {
        "command_line" => frame.t("today.command_line").to_owned(),
        actor => who.called(actor),
    };
    let proofs = &staff.proofs;
    let mine = oneself.is(&proofs.made_by);
    Person {
        number: staff.person.as_str().to_owned(),
        made_by: called(&proofs.made_by),
        confirmed_by: proofs
            .confirmed_by
            .as_deref()
            .map(called)
            .unwrap_or_default(),
        to_confirm: works && !staff.is_confirmed() && !mine,
        own_half: works && !staff.is_confirmed() && mine,
        login: staff.login.as_str().to_owned(),
        role: staff.role.as_str(),
        role_word: role_word(staff.role),
        scope: staff.scope.text(),
        since: staff.created_at.shanghai_date(),
        state,
        works,
    }
}

async fn list(visitor: Visitor) -> Result<HttpResponse, Fault> {
    let people = visitor.operators.everybody().await?;
    let who = Who::all(&visitor.operators).await?;
    let oneself = Oneself::of(&visitor).await?;
    let frame = Frame::of(&visitor, "staff.title");
    let roles = Role::ALL.map(|role| (role.as_str(), role_word(role)));
    Ok(page(&StaffPage {
        people: people
            .iter()
            .map(|staff| person(staff, &visitor, &frame, (&who, &oneself)))
            .collect(),
        frame,
        roles: roles.to_vec(),
    }))
}

#[derive(Template)]
#[template(path = "console/staff_given.html")]
struct GivenPage {
    frame: Frame,
    /// What is still to be done, and by whom.
    words: &'static str,
    login: String,
    /// One half of the proofs; empty on the page of the other.
    password: String,
    secret: String,
    uri: String,
}

/// The half that was made, shown this once; it is kept nowhere in clear.
fn given(visitor: &Visitor, made: &Credentials) -> HttpResponse {
    page(&GivenPage {
        frame: Frame::of(visitor, "staff.given_title"),
        words: "staff.given_words",
        login: made.login.as_str().to_owned(),
        password: made.password.expose().to_owned(),
        secret: String::new(),
        uri: String::new(),
    })
}

/// The other half.
fn handed_over(visitor: &Visitor, Codes { login, totp }: &Codes) -> HttpResponse {
    page(&GivenPage {
        frame: Frame::of(visitor, "staff.given_title"),
        words: "staff.codes_words",
        login: login.as_str().to_owned(),
        password: String::new(),
        secret: totp.base32(),
        uri: totp.uri(login.as_str()),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    login: String,
    person: String,
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
    let person = PersonId::parse(fields.0.person.trim());
    let person = person.map_err(|_| Fault::Invalid("fault.person_shape"))?;
    let (role, scope) = standing(&fields.0.role, &fields.0.scope)?;
    let by = By::Shown(&visitor.acting, &fields.0.code);
    let made = visitor
        .operators
        .add(&name, person, role, scope, by)
        .await?;
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

async fn confirm(
    visitor: Visitor,
    name: web::Path<String>,
    fields: Fields<Shown>,
) -> Result<HttpResponse, Fault> {
    let (name, code) = (login(&name)?, &fields.0.code);
    let confirmed = visitor.operators.confirm(&name, &visitor.acting, code);
    Ok(handed_over(&visitor, &confirmed.await?))
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
